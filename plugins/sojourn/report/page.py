"""Turn the facts into a page."""

from __future__ import annotations

import math
from pathlib import Path

from sojourn.report.facts import MODELS, Facts, Merge, read_facts
from sojourn.settings import Settings

MODEL_NAMES = {
    "first_touch": "First touch",
    "last_non_direct": "Last non-direct",
    "linear": "Linear",
    "markov_channel": "Markov",
}


def _graph(merge: Merge) -> dict[str, object]:
    """Place the identifiers of a person on an ellipse around the middle."""
    count = len(merge.nodes)
    nodes = []
    for index, node in enumerate(merge.nodes):
        angle = 2 * math.pi * index / count - math.pi / 2
        nodes.append({**node, "x": 400 + 290 * math.cos(angle), "y": 190 + 140 * math.sin(angle)})
    edges = [
        {
            "x1": nodes[edge["left"]]["x"],
            "y1": nodes[edge["left"]]["y"],
            "x2": nodes[edge["right"]]["x"],
            "y2": nodes[edge["right"]]["y"],
            "label": edge["label"],
        }
        for edge in merge.edges
    ]
    return {"nodes": nodes, "edges": edges}


def _line(facts: Facts, key: str, width: int = 1000, height: int = 160) -> str:
    """Return the points of a line chart over the days."""
    days = facts.days
    step = width / max(len(days) - 1, 1)
    return " ".join(
        f"{index * step:.1f},{height - day[key] * (height - 10):.1f}"
        for index, day in enumerate(days)
    )


def render(settings: Settings) -> str:
    """Return the page's HTML."""
    import jinja2

    facts = read_facts(settings)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("page.html.j2").render(
        facts=facts,
        models=[(model, MODEL_NAMES[model]) for model in MODELS],
        graph=_graph(facts.merge) if facts.merge else None,
        sessions_line=_line(facts, "sessions_share"),
        orders_line=_line(facts, "orders_share"),
    )
