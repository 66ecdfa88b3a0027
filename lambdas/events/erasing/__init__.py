"""The steps of an erasure: what is found of a thing, store by store, and how it goes.

Which steps a photo, an adapter, a generation, a subject or an account takes, `erasure` says.
"""
