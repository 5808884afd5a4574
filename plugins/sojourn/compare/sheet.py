"""An answer as a sheet: headings, sentences, tables and charts, for a terminal and as a page.

A page is one HTML file that fetches nothing; as .svg it is the charts alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from rich.console import Console
from rich.markup import escape as plain

from sojourn.output import table

_INK, _PALE, _BAR, _MARK, _GRID = "#1f2933", "#52606d", "#9fb8ad", "#b42318", "#d9e0e7"
_LABELS, _BARS, _ROW, _PANEL_HEAD, _GAP, _ACROSS = 150, 300, 24, 34, 26, 2
_STYLE = """
body { margin: 2rem auto; max-width: 84rem; padding: 0 1rem; color: #1f2933;
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; } .wide { overflow-x: auto; }
th, td { padding: .2rem .8rem .2rem 0; text-align: left; white-space: nowrap; }
th { border-bottom: 1px solid #d9e0e7; font-weight: 600; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
svg { max-width: 100%; height: auto; }
"""


@dataclass(frozen=True)
class Heading:
    """A line above what follows."""

    text: str


@dataclass(frozen=True)
class Text:
    """A sentence or more."""

    text: str


@dataclass(frozen=True)
class Grid:
    """A table of texts; its first ``left`` columns are words, the others numbers."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: int = 1


@dataclass(frozen=True)
class Bar:
    """A row of a panel: a bar and, where there is one, a mark with the interval around it."""

    label: str
    value: float
    mark: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Chart:
    """Panels of horizontal bars on one scale, each with its title; ``legend`` says what is what."""

    title: str
    legend: str
    panels: Sequence[tuple[str, Sequence[Bar]]]


Block = Heading | Text | Grid | Chart


def number(value: float | None, digits: int = 1) -> str:
    """Return a number as people read it; nothing where there is none."""
    if value is None:
        return ""
    text = f"{value:,.{digits}f}"
    return text.removeprefix("-") if not text.strip("-0.,") else text


def percent(value: float | None) -> str:
    """Return a share as per cent."""
    return "" if value is None else f"{number(100 * value, 0)} %"


def show(console: Console, blocks: Sequence[Block]) -> None:
    """Print a sheet; charts are for pages."""
    for block in blocks:
        if isinstance(block, Heading):
            console.print(f"\n[bold]{plain(block.text)}[/bold]")
        elif isinstance(block, Text):
            console.print(plain(block.text))
        elif isinstance(block, Grid):
            cells = table(*block.columns, left=block.left)
            for row in block.rows:
                cells.add_row(*(plain(cell) for cell in row))
            console.print(cells)


def write_page(path: Path, title: str, blocks: Sequence[Block]) -> None:
    """Write a sheet to an .html file, or its charts to an .svg file."""
    charts = [block for block in blocks if isinstance(block, Chart)]
    if path.suffix.lower() == ".svg":
        text = _svg(title, charts)
    else:
        body = "\n".join(_html(block) for block in blocks)
        text = (
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
            f"<body><h1>{escape(title)}</h1>\n{body}\n</body></html>\n"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _html(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h2>{escape(block.text)}</h2>"
    if isinstance(block, Text):
        return f"<p>{escape(block.text)}</p>".replace("\n", "<br>\n")
    if isinstance(block, Chart):
        return f"<h2>{escape(block.title)}</h2>" + _svg(block.title, [block])

    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(
            f"<{tag}{' class=n' if place >= block.left else ''}>{escape(cell)}</{tag}>"
            for place, cell in enumerate(row)
        )

    rows = "".join(f"<tr>{cells('td', row)}</tr>\n" for row in block.rows)
    return f'<div class="wide"><table><tr>{cells("th", block.columns)}</tr>\n{rows}</table></div>'


def _svg(title: str, charts: Sequence[Chart]) -> str:
    """Return the charts below each other."""
    panel_width = _LABELS + _BARS + 60
    parts: list[str] = []
    top = 8.0
    for chart in charts:
        parts.append(_text(0, top + 14, chart.legend, colour=_PALE))
        top += _PANEL_HEAD
        largest = max(
            (abs(end) for _, bars in chart.panels for bar in bars for end in _ends(bar)), default=0
        )
        scale = _BARS / (largest or 1)
        for first in range(0, len(chart.panels), _ACROSS):
            row = chart.panels[first : first + _ACROSS]
            for place, (name, bars) in enumerate(row):
                parts += _panel(place * panel_width, top, name, bars, scale)
            top += _PANEL_HEAD + _ROW * max(len(bars) for _, bars in row) + _GAP
    width = panel_width * min(_ACROSS, max((len(chart.panels) for chart in charts), default=1))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{top:.0f}" '
        f'viewBox="0 0 {width} {top:.0f}" font-family="system-ui, sans-serif">'
        f'<title>{escape(title)}</title><rect width="100%" height="100%" fill="#fff"/>'
        + "".join(parts)
        + "</svg>\n"
    )


def _ends(bar: Bar) -> list[float]:
    return [end for end in (bar.value, bar.mark, bar.low, bar.high) if end is not None]


def _panel(left: float, top: float, name: str, bars: Sequence[Bar], scale: float) -> list[str]:
    parts = [_text(left, top + 14, name, size=14, weight=600)]
    axis = left + _LABELS
    for number_of_row, bar in enumerate(bars):
        y = top + _PANEL_HEAD + _ROW * number_of_row
        shown = f"{bar.label}: {number(bar.value)}"
        if bar.mark is not None:
            shown += f" against {number(bar.mark)}"
        length = max(bar.value, 0) * scale
        parts.append(f"<g><title>{escape(shown)}</title>")
        parts.append(_text(axis - 8, y + 12, bar.label, anchor="end"))
        parts.append(
            f'<rect x="{axis:.1f}" y="{y:.1f}" width="{length:.1f}" height="16" fill="{_BAR}"/>'
        )
        if bar.low is not None and bar.high is not None:
            low, high = axis + max(bar.low, 0) * scale, axis + max(bar.high, 0) * scale
            parts.append(
                f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y + 8:.1f}" y2="{y + 8:.1f}" '
                f'stroke="{_MARK}" stroke-width="1.5"/>'
            )
        if bar.mark is not None:
            x = axis + max(bar.mark, 0) * scale
            parts.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y - 1:.1f}" y2="{y + 17:.1f}" '
                f'stroke="{_MARK}" stroke-width="3"/>'
            )
        end = axis + max(0.0, *_ends(bar)) * scale
        parts.append(_text(end + 6, y + 12, number(bar.value), colour=_PALE) + "</g>")
    bottom = top + _PANEL_HEAD + _ROW * len(bars)
    parts.append(
        f'<line x1="{axis:.1f}" x2="{axis:.1f}" y1="{top + _PANEL_HEAD - 4:.1f}" '
        f'y2="{bottom:.1f}" stroke="{_GRID}"/>'
    )
    return parts


def _text(
    x: float,
    y: float,
    text: str,
    *,
    size: int = 12,
    colour: str = _INK,
    weight: int = 400,
    anchor: str = "start",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" '
        f'font-weight="{weight}" text-anchor="{anchor}">{escape(text)}</text>'
    )
