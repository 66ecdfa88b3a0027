"""The endpoint's server beside stock diffusers, and against itself: swaps, images, tenants, memory.

`python -m benchmarks.serving --help`; raw results are kept, and the page in docs/ is made of them.
"""
