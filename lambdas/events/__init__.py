"""What happens without a caller: queues, training steps, the schedule.

Every message comes at least once, in any order: each handler can be repeated at any point.
"""
