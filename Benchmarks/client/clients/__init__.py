"""Compares `pontoon upload` with its alternatives."""
