"""Sojourn beside something else: the simulator's truth, another id graph, another attribution."""
