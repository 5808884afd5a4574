"""Benchmarks beside limits and peers: ``python -m bench``."""
