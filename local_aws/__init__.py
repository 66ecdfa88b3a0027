"""The embedded AWS: MiniStack, plus the services and behaviours that it lacks.

Only this package (and tests) knows the emulator; `seam/` is the only part that knows its
private names. Nothing here is deployed to AWS.
"""
