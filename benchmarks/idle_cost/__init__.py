"""What an environment costs in a month in which nobody uses it, line by line from its templates.

Prices and what they are for stand in ``prices``; every type of resource has one or a reason to cost
nothing, and a type that has neither is an error, not a zero.
"""
