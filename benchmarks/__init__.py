"""Side-by-side measurements, each one command: `python -m benchmarks.NAME`. No test needs them."""
