"""Code that all benchmarks share: starting `pontoond` and other programs."""
