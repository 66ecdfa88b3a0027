"""Measurements and attacks, each one command: `python -m benchmarks.NAME`."""
