"""How well the invisible watermark survives, how often it is seen where it is not, what it costs.

    python -m benchmarks.watermark            all of it; --quick: a tenth, written nowhere

Every reading is a line of benchmarks/results/watermark.jsonl; docs/watermark-measured.md is made
of them.
"""
