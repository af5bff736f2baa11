"""Benchmarks: what the product does, as a ratio of the raw limit measured in the same run."""
