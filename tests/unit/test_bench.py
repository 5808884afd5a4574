"""What `make bench` says of exactness is found by references that can fail."""

from __future__ import annotations

import pytest

from bench.attribution import check_peer, dense_effects


def test_removal_effects_of_a_chain_that_is_solved_by_hand() -> None:
    """Start leads to A or B alike; half of A's journeys go on to B, a quarter of B's convert."""
    moves = [("start", "A", 2), ("start", "B", 2), ("A", "B", 1), ("A", "conversion", 1),
             ("B", "conversion", 1), ("B", "nothing", 3)]  # fmt: skip
    # By A: 1/2 (1/2 + 1/2 x 1/4); by B: 1/2 x 1/4.
    whole = 0.5 * (0.5 + 0.125) + 0.125
    assert dense_effects(moves) == pytest.approx({"A": 1 - 0.125 / whole, "B": 1 - 0.25 / whole})


def test_what_simulation_does_not_explain_is_wrong() -> None:
    simulated = [{"A": 0.5 + place / 1000, "B": 0.25 + place / 1000} for place in range(-5, 6)]
    assert check_peer({"A": 0.5, "B": 0.25}, simulated) == []
    [wrong] = check_peer({"A": 0.51, "B": 0.25}, simulated)
    assert "removal effect of A is 0.51000" in wrong
