"""What all benchmarks share: how programs are started, and how `pontoond` is."""
