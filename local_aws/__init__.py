"""The embedded AWS: MiniStack, plus the services and behaviours that it lacks.

Only this package (and tests) knows the emulator, and only `seam/` (what is added to it) and
`patches/` (what is corrected in it) know its private names. Nothing here is deployed to AWS.
"""
