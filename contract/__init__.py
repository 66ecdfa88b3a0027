"""The documents that the API's functions, the training job and the endpoint hand to each other.

Only the standard library: this package travels in every bundle. It holds formats and their
validation; it does not talk to AWS, and it holds no business rules.
"""
