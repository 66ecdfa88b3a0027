"""The training job beside diffusers' own DreamBooth script: speed, quality, time, ablations.

`python -m benchmarks.training --help`; raw results are kept, and the page in docs/ is made of them.
"""
