"""What exists in the cloud: one module per stack, small constructs, typed settings per environment.

It names code by folder and imports none of it, so a template never depends on how a handler works.
"""
