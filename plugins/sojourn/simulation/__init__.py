"""A simulated brand whose truth is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True)
class SimulationSummary:
    """What a simulation wrote.

    `rows` counts lines by stream (repeated deliveries included), `byte_size` the files as they
    are on disk, `revenue` is in US dollars, net of tax, shipping and refunds within the period.
    """

    out: Path
    people: int
    days: int
    seed: int
    start: date
    orders: int
    revenue: float
    rows: dict[str, int]
    byte_size: int
    identifiers: int
    event_owners: int
    truth: Path


def simulate(
    out: Path,
    *,
    people: int,
    days: int,
    seed: int,
    start: date = date(2026, 1, 1),
    processes: int | None = None,
    progress: Callable[[str], None] | None = None,
) -> SimulationSummary:
    """Write a brand's exports and their truth below `out`, and return what was written."""
    from sojourn.simulation.world import simulate_brand

    return simulate_brand(
        out,
        people=people,
        days=days,
        seed=seed,
        start=start,
        processes=processes,
        progress=progress,
    )
