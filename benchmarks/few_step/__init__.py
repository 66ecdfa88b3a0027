"""What drawing in a few steps costs in likeness and what it saves: `python -m benchmarks.few_step`.

Subjects are trained by the fast preset and drawn by the endpoint's own code, with and without the
base's few-step adapter. The judges are those of `benchmarks.training`.
"""
