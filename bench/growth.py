"""How cost grows with the number of events: exponents and a picture."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path
from typing import Any

Results = list[dict[str, Any]]


def exponents(results: Results) -> dict[tuple[str, str], float]:
    """Return each engine's and stage's exponent: time grows as events ** exponent.

    The slope of the least squares line through the logarithms; 1.0 is linear, and n log n gives
    1.07 between one and ten million. Stages measured at one size have none.
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
    """Write a picture (SVG): the seconds of each stage by events, both axes logarithmic.

    Stages of ``load`` to ``activate`` stand above those of the day after.
    """
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams |= {"svg.hashsalt": "sojourn", "svg.fonttype": "none"}
    from matplotlib import pyplot

    stages = ("load", "gate", "build", "activate")
    colours = {"duckdb": "#2f7d5b", "postgres": "#33658a", "spark": "#c8553d"}
    figure, axes = pyplot.subplots(2, 4, figsize=(11, 5), sharex=True, sharey=True)
    for row, prefix in enumerate(("", "day after: ")):
        for column, stage in enumerate(stages):
            panel = axes[row][column]
            for engine, colour in colours.items():
                points = sorted(
                    (figures["events"], found["seconds"])
                    for figures in results
                    for found in figures["stages"]
                    if (figures["engine"], found["name"]) == (engine, prefix + stage)
                )
                if points:
                    panel.loglog(*zip(*points, strict=True), "o-", color=colour, label=engine)
            panel.set_title(prefix + stage, fontsize=10)
            panel.grid(visible=True, which="major", alpha=0.3)
    figure.supxlabel("web and app events", fontsize=10)
    figure.supylabel("seconds", fontsize=10)
    axes[0][0].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
