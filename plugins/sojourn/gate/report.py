"""The gate's report: one self-contained page that says what was found, worst first."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sojourn.warehouse import relation_name

if TYPE_CHECKING:
    from sojourn.settings import Settings
    from sojourn.warehouse import Warehouse

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --good: #1a7f4b; --warn: #b45309; --bad: #b91c1c; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); }
th { font-weight: 600; } td.number { text-align: right; font-variant-numeric: tabular-nums; }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); }
.verdict { font-weight: 600; } summary { cursor: pointer; } .quiet { opacity: .7; }
"""


def advice(source: str, load_id: str | None) -> str:
    """Return how to let in what was rejected: a load, or (no id) a relation that is read in place.

    A load is rejected as a whole, its good files with the bad one.
    """
    if load_id is None:
        return (
            "Nothing of it is read until it passes: mend what is wrong there, then run "
            f"`sojourn gate --source {source}`."
        )
    return (
        "None of this load's files is read. Mend, replace or remove what is wrong, then run "
        f"`sojourn load --source {source} --retry-rejected` and `sojourn gate --source {source}`: "
        "the load's good files come in with it. (A mended file alone comes with the next load.)"
    )


def _verdict(success: bool, severity: str) -> tuple[str, str]:
    """Return a word and a class for an outcome."""
    if success:
        return "holds", "good"
    return ("stops the load", "bad") if severity == "critical" else ("warns", "warn")


def _rows(found: list[tuple[Any, ...]]) -> str:
    lines = []
    for table, expectation, severity, success, observed in found:
        word, kind = _verdict(success, severity)
        lines.append(
            f"<tr><td>{escape(table)}</td><td>{escape(expectation)}</td>"
            f'<td class="{kind} verdict">{word}</td><td>{escape(observed or "")}</td></tr>'
        )
    head = "<tr><th>Table</th><th>Expectation</th><th>Outcome</th><th>Observed</th></tr>"
    return f"<table><thead>{head}</thead><tbody>{''.join(lines)}</tbody></table>"


def render(results: list[tuple[Any, ...]]) -> str:
    """Return the page for rows of the latest verdict on each source.

    A row is (source, load id, checked at, table, expectation, severity, success, observed).
    """
    sources: dict[str, list[tuple[Any, ...]]] = {}
    for row in results:
        sources.setdefault(row[0], []).append(row)
    sections = []
    overview = []
    for source, rows in sources.items():
        failed = [row for row in rows if not row[6]]
        critical = [row for row in failed if row[5] == "critical"]
        word, kind = (
            ("rejected", "bad")
            if critical
            else ("accepted, with warnings", "warn")
            if failed
            else ("accepted", "good")
        )
        checked = rows[0][2]
        overview.append(
            f'<tr><td><a href="#{escape(source)}">{escape(source)}</a></td>'
            f'<td class="{kind} verdict">{word}</td>'
            f'<td class="number">{len(rows) - len(failed)} of {len(rows)}</td>'
            f"<td>{escape(str(checked))}</td></tr>"
        )
        order = sorted(rows, key=lambda row: (row[6], row[5] != "critical", row[3], row[4]))
        shown = [row[3:] for row in order if not row[6]]
        held = [row[3:] for row in order if row[6]]
        body = _rows(shown) if shown else "<p>Every expectation holds.</p>"
        if held:
            body += (
                f'<details><summary class="quiet">{len(held)} that hold</summary>'
                f"{_rows(held)}</details>"
            )
        load = f"load {escape(str(rows[0][1]))}" if rows[0][1] else "read in place"
        if critical:
            body = f"<p>{escape(advice(source, rows[0][1]))}</p>{body}"
        sections.append(
            f'<h2 id="{escape(source)}">{escape(source)} <span class="{kind}">{word}</span></h2>'
            f'<p class="quiet">{load}</p>{body}'
        )
    head = (
        "<tr><th>Source</th><th>Verdict</th><th>Expectations held</th><th>Checked (UTC)</th></tr>"
    )
    summary = (
        f"<table><thead>{head}</thead><tbody>{''.join(overview)}</tbody></table>"
        if overview
        else "<p>No load has been judged yet.</p>"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Raw gate</title><style>{_STYLE}</style></head><body>"
        "<h1>Raw gate</h1><p>The latest load of each source, judged before anything is built on "
        "it. A rejected load is not read; what was loaded before it stays. Of a relation that is "
        "read in place, nothing is read while it is rejected.</p>"
        f"{summary}{''.join(sections)}</body></html>\n"
    )


def write_report(settings: Settings, warehouse: Warehouse) -> Path:
    """Write ``var/gate/index.html`` from the warehouse's results; return its path."""
    results = relation_name("raw_gate", "results")
    rows = warehouse.fetch(
        "select source, load_id, checked_at, table_name, expectation, severity, success, observed "
        f"from {results} as r where coalesce(load_id, '') = ("
        f"select max(coalesce(load_id, '')) from {results} as latest "
        "where latest.source = r.source) order by source, table_name, expectation"
    )
    path = settings.path(settings.var_dir) / "gate" / "index.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(rows), encoding="utf-8")
    return path
