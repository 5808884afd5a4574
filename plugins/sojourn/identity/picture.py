"""A picture of the identifiers around a person or a pair: one SVG or HTML file, nothing fetched.

Each person is a band. In it the strongest types stand on the left and the weakest on the right, so
that pairs lead from left to right.
"""

from __future__ import annotations

from collections import defaultdict, deque
from html import escape
from itertools import pairwise
from pathlib import Path

from sojourn.identity.explain import Edge, Explanation
from sojourn.identity.identifier import Identifier

_MOST_NODES = 80
_MOST_NUMBERED = 15
_BOX_WIDTH, _BOX_HEIGHT = 190, 40
_COLUMN, _ROW, _PASSAGE = 300, 58, 26
_MARGIN, _BAND_HEAD, _BAND_GAP = 24, 30, 34
_INK, _PALE, _LINE, _BAD, _GOOD = "#1f2933", "#52606d", "#9aa5b1", "#b42318", "#0b6e4f"


# A box, or the place at which a pair that skips a column passes through it: its number, the column.
_Slot = Identifier | tuple[int, int]
_Point = tuple[float, float]


def write_picture(answer: Explanation, path: Path) -> None:
    """Draw an answer's graph to an .svg or .html file."""
    svg, title = draw(answer)
    if path.suffix.lower() == ".html":
        svg = (
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            f"<style>body{{margin:0;background:#fff}}svg{{max-width:100%;height:auto}}</style></head>"
            f"<body>{svg}</body></html>\n"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(svg, encoding="utf-8")


def chosen_nodes(answer: Explanation) -> list[Identifier]:
    """Return what is drawn: the path, the persons asked about, and who is next to them."""
    graph = answer.graph
    path = [one for step in answer.path or [] for one in step[:2]]
    near: dict[Identifier, list[Identifier]] = defaultdict(list)
    for edge in graph.edges:
        near[edge.left].append(edge.right)
        near[edge.right].append(edge.left)
    persons = {subject.person_id for subject in answer.subjects if subject.person_id}
    found = dict.fromkeys([*path, *(subject.identifier for subject in answer.subjects)])
    reached = {one for one in found if one in graph.nodes}
    waiting = deque(
        one for one in found if one in reached and graph.nodes[one].person_id in persons
    )
    while waiting:
        one = waiting.popleft()
        found[one] = None
        for other in sorted(near[one]):
            if other not in reached:
                reached.add(other)
                # Strangers are drawn only where they touch one of these persons.
                if graph.nodes[other].person_id in persons:
                    waiting.append(other)
                else:
                    found[other] = None
    return [one for one in found if one in graph.nodes][:_MOST_NODES]


def _bands(answer: Explanation, nodes: list[Identifier]) -> list[tuple[str, list[Identifier]]]:
    """Return the drawn identifiers by owner: who was asked about first on top, the other below."""
    owned: dict[str, list[Identifier]] = {}
    for one in nodes:
        standing = answer.graph.nodes[one]
        owned.setdefault(standing.person_id or f"{standing.status}", []).append(one)
    first = answer.subjects[0].person_id or "blocked"
    last = answer.subjects[-1].person_id or "blocked"
    place = dict.fromkeys(owned, 1) | {last: 2} | {first: 0}
    return sorted(owned.items(), key=lambda band: (place[band[0]], min(band[1])))


def _ordered(layers: dict[int, list[_Slot]], near: dict[_Slot, list[_Slot]]) -> None:
    """Bring a band's columns into an order in which few pairs cross."""
    for _ in range(6):
        for layer in layers.values():
            rows = {
                slot: (number + 0.5) / len(others)
                for others in layers.values()
                for number, slot in enumerate(others)
            }
            heights = {
                slot: sum(seen) / len(seen)
                if (seen := [rows[other] for other in near[slot] if other in rows])
                else rows[slot]
                for slot in layer
            }
            layer.sort(key=lambda slot: (heights[slot], str(slot)))


class _Layout:
    """Where boxes stand and which way pairs take."""

    def __init__(self, answer: Explanation, nodes: list[Identifier], edges: list[Edge]) -> None:
        tiers = sorted({answer.graph.nodes[one].tier for one in nodes})
        self.columns = {one: tiers.index(answer.graph.nodes[one].tier) for one in nodes}
        self.width = 2 * _MARGIN + (len(tiers) - 1) * _COLUMN + _BOX_WIDTH + 100
        self.middles: dict[_Slot, _Point] = {}
        self.bands: list[tuple[str, float, float]] = []
        self._ways: list[list[_Slot]] = []
        near: dict[_Slot, list[_Slot]] = defaultdict(list)
        passing: dict[Identifier, list[tuple[int, int]]] = defaultdict(list)
        for number, edge in enumerate(edges):
            left, right = sorted((edge.left, edge.right), key=lambda one: self.columns[one])
            between = range(self.columns[left] + 1, self.columns[right])
            slots = [(number, column) for column in between]
            passing[right] += slots
            way: list[_Slot] = [left, *slots, right]
            self._ways.append(way)
            for former, later in pairwise(way):
                near[former].append(later)
                near[later].append(former)
        self.bottom = _MARGIN + 44.0
        for name, members in _bands(answer, nodes):
            layers: dict[int, list[_Slot]] = defaultdict(list)
            for one in sorted(members):
                layers[self.columns[one]].append(one)
                for slot in passing[one]:
                    layers[slot[1]].append(slot)
            _ordered(layers, near)
            self._place(name, layers)

    def _place(self, name: str, layers: dict[int, list[_Slot]]) -> None:
        heights = {column: sum(_height(slot) for slot in layer) for column, layer in layers.items()}
        tallest = max(heights.values())
        for column, layer in layers.items():
            y = self.bottom + _BAND_HEAD + (tallest - heights[column]) / 2
            for slot in layer:
                self.middles[slot] = (self._x(column), y + _height(slot) / 2)
                y += _height(slot)
        self.bands.append((name, self.bottom, _BAND_HEAD + tallest + 8))
        self.bottom += _BAND_HEAD + tallest + 8 + _BAND_GAP

    @staticmethod
    def _x(column: int) -> float:
        return _MARGIN + 8 + column * _COLUMN

    def line(self, number: int) -> tuple[str, _Point]:
        """Return a pair's way as an SVG path, and where its number stands."""
        way = [self.middles[slot] for slot in self._ways[number]]
        (x1, y1), (x2, y2) = way[0], way[-1]
        if x1 == x2:
            # An arc beside the column.
            x1 += _BOX_WIDTH
            bulge = x1 + min(50 + abs(y1 - y2) * 0.12, 95)
            path = (
                f"M{x1:.0f},{y1:.0f} C{bulge:.0f},{y1:.0f} {bulge:.0f},{y2:.0f} {x1:.0f},{y2:.0f}"
            )
            return path, (x1 + 0.75 * (bulge - x1), (y1 + y2) / 2)
        x, y = x1 + _BOX_WIDTH, y1
        path = f"M{x:.0f},{y:.0f}"
        for place, (to_x, to_y) in enumerate(way[1:], 1):
            bend = (to_x - x) / 2
            path += f" C{x + bend:.0f},{y:.0f} {to_x - bend:.0f},{to_y:.0f} {to_x:.0f},{to_y:.0f}"
            x, y = to_x, to_y
            if place < len(way) - 1:
                x += _BOX_WIDTH
                path += f" L{x:.0f},{y:.0f}"
        if len(way) > 2:
            return path, (way[1][0] + _BOX_WIDTH / 2, way[1][1])
        return path, ((x1 + _BOX_WIDTH + x2) / 2, (y1 + y2) / 2)


def _height(slot: _Slot) -> int:
    return _ROW if isinstance(slot, Identifier) else _PASSAGE


def draw(answer: Explanation) -> tuple[str, str]:
    """Return the SVG and its title."""
    graph = answer.graph
    nodes = chosen_nodes(answer)
    drawn = set(nodes)
    edges = [edge for edge in graph.edges if edge.left in drawn and edge.right in drawn]
    layout = _Layout(answer, nodes, edges)
    on_path = {id(edge) for _, _, edge in answer.path or []}
    numbered = [edge for _, _, edge in answer.path or []]
    if not numbered and len(edges) <= _MOST_NUMBERED:
        numbered = edges
    numbers = {id(edge): number for number, edge in enumerate(numbered, 1)}
    footer = [f"{number}  {_described(answer, edge)}" for number, edge in enumerate(numbered, 1)]
    if len(nodes) < len(graph.nodes):
        footer.append(f"{len(graph.nodes) - len(nodes)} identifiers farther away are left out.")
    longest = max((len(line) for line in footer), default=0)
    width = max(layout.width, int(2 * _MARGIN + 6.8 * longest), 620)
    height = layout.bottom + 19 * len(footer) + 8

    parts = [
        _text(_MARGIN - 8, 30, _title(answer), size=17, weight=600),
        _text(
            _MARGIN - 8,
            50,
            "solid: joins; dashed: joins nothing; boxes in red: demoted or blocked",
            size=12,
            colour=_PALE,
        ),
    ]
    for name, top, tall in layout.bands:
        label = "Blocked: joins nobody" if name == "blocked" else f"Person {name}"
        parts.append(
            f'<rect x="{_MARGIN - 12}" y="{top:.0f}" width="{width - 2 * _MARGIN + 24}" '
            f'height="{tall:.0f}" rx="10" fill="#f5f7fa" stroke="#d9e0e7"/>'
        )
        parts.append(_text(_MARGIN + 4, top + 19, label, size=12, colour=_PALE))
    badges: list[str] = []
    for number in sorted(range(len(edges)), key=lambda number: id(edges[number]) in on_path):
        edge = edges[number]
        line, middle = layout.line(number)
        is_active = edge.status == "active"
        colour = _BAD if not is_active else _GOOD if id(edge) in on_path else _LINE
        weight = 3 if id(edge) in on_path else 1.6
        dash = "" if is_active else ' stroke-dasharray="6 5"'
        parts.append(
            f'<path d="{line}" fill="none" stroke="{colour}" stroke-width="{weight}"{dash}>'
            f"<title>{escape(_described(answer, edge))}</title></path>"
        )
        if id(edge) in numbers:
            badges.append(_badge(middle, numbers[id(edge)], _PALE if colour == _LINE else colour))
    asked = {subject.identifier for subject in answer.subjects}
    parts += [_box(answer, one, layout.middles[one], is_asked=one in asked) for one in nodes]
    parts += badges
    for row, text in enumerate(footer):
        parts.append(_text(_MARGIN, layout.bottom + 19 * row, text, size=12))
    title = _title(answer)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height:.0f}" '
        f'viewBox="0 0 {width} {height:.0f}" font-family="system-ui, sans-serif">'
        f"<title>{escape(title)}</title>"
        '<rect width="100%" height="100%" fill="#fff"/>' + "".join(parts) + "</svg>\n"
    )
    return svg, escape(title)


def _badge(middle: _Point, number: int, colour: str) -> str:
    return (
        f'<circle cx="{middle[0]:.0f}" cy="{middle[1]:.0f}" r="10" fill="#fff" '
        f'stroke="{colour}" stroke-width="1.5"/>'
        + _text(middle[0], middle[1] + 4, str(number), size=11, colour=colour, anchor="middle")
    )


def _title(answer: Explanation) -> str:
    shown = [
        subject.text if subject.is_person else answer.show(subject.identifier)
        for subject in answer.subjects
    ]
    if len(shown) == 1:
        return f"Identity of {shown[0]}"
    ids = {subject.person_id for subject in answer.subjects}
    verdict = "one person" if len(ids) == 1 and None not in ids else "not one person"
    return f"{shown[0]} and {shown[1]}: {verdict}"


def _text(
    x: float,
    y: float,
    text: str,
    *,
    size: int,
    colour: str = _INK,
    weight: int = 400,
    anchor: str = "start",
) -> str:
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" fill="{colour}" '
        f'font-weight="{weight}" text-anchor="{anchor}">{escape(text)}</text>'
    )


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _box(answer: Explanation, one: Identifier, middle: _Point, *, is_asked: bool) -> str:
    standing = answer.graph.nodes[one]
    colour = _LINE if standing.status == "active" else _BAD
    fill = "#e6f4ee" if is_asked else "#fff"
    value = answer.show(one).removeprefix(f"{one.type}:")
    why = f": {standing.reason}" if standing.reason else ""
    x, y = middle[0], middle[1] - _BOX_HEIGHT / 2
    return (
        f"<g><title>{escape(f'{answer.show(one)}, {standing.status}{why}')}</title>"
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" '
        f'rx="7" fill="{fill}" stroke="{colour}" stroke-width="{2 if is_asked else 1.3}"/>'
        + _text(x + 10, y + 16, one.type.replace("_", " "), size=11, colour=_PALE)
        + _text(x + 10, y + 32, _shortened(value, 25), size=13, weight=500)
        + "</g>"
    )


def _described(answer: Explanation, edge: Edge) -> str:
    """Return a pair in one line: who, by what, when, and why it joins nothing."""
    best = edge.evidence[0]
    more = f" and {len(edge.evidence) - 1} more" if len(edge.evidence) > 1 else ""
    why = "" if edge.status == "active" else f" ({edge.status}: {edge.reason})"
    return (
        f"{answer.show(edge.left)} - {answer.show(edge.right)}: {best.source}, "
        f"{best.rule.replace('_', ' ')}, from {best.first_seen_at:%Y-%m-%d}{more}{why}"
    )
