"""What the reconciler does for each kind of thing: find it where it has been too long, move it on.

Nothing is decided here that another handler decides: what got lost is mostly sent once more.
"""
