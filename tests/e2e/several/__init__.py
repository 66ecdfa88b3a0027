"""A deployment of several models, of which one has two endpoints: `make test-models`, minutes.

The second base is `tiny-sdxl`, which draws no likeness of anybody: what is shown here is that each
request reaches the model that it means, with the rights that were granted, and leaves nothing.
"""
