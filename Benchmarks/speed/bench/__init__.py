"""Compares Pontoon with its alternatives; see `../run`."""
