"""How cost grows with the number of events: exponents and a plot."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path
from typing import Any

Results = list[dict[str, Any]]


def exponents(results: Results) -> dict[tuple[str, str], float]:
    """Return each engine's and stage's exponent: time grows as events ** exponent.

    The slope of the least squares line through the logarithms; 1.0 is linear, and n log n gives
    1.06 between one and ten million. Stages measured at one size have none.
    """
    points: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for figures in results:
        for stage in figures["stages"]:
            points[figures["engine"], stage["name"]].append(
                (math.log(figures["events"]), math.log(max(stage["seconds"], 0.01)))
            )
    return {key: _slope(found) for key, found in points.items() if len(set(found)) > 1}


def _slope(points: list[tuple[float, float]]) -> float:
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    across = sum((x - middle_x) ** 2 for x, _ in points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / across


def plot(results: Results, path: Path) -> None:
    """Write a page with the seconds of each stage by events, both axes logarithmic."""
    import altair

    rows = [
        {
            "engine": figures["engine"],
            "events": figures["events"],
            "stage": stage["name"],
            "seconds": stage["seconds"],
        }
        for figures in results
        for stage in figures["stages"]
        if not stage["name"].startswith("limit")
    ]
    lines = (
        altair.Chart(altair.Data(values=rows))
        .mark_line(point=True)
        .encode(
            x=altair.X("events:Q", scale=altair.Scale(type="log"), title="web and app events"),
            y=altair.Y("seconds:Q", scale=altair.Scale(type="log"), title="seconds"),
            color=altair.Color("engine:N"),
            tooltip=["engine:N", "stage:N", "events:Q", "seconds:Q"],
        )
        .properties(width=220, height=180)
        .facet(altair.Facet("stage:N", title=None), columns=4)
    )
    lines.save(path)
