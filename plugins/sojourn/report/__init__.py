"""The report page: one self-contained HTML file about what the last run made."""

from __future__ import annotations

from pathlib import Path

from sojourn.settings import Settings


def write_report(settings: Settings, path: Path) -> Path:
    """Write the page to ``path`` and return it. It shows e-mail addresses and phones masked.

    Raises:
        RuntimeError: when the warehouse has not been built yet.
    """
    from sojourn.report.page import render

    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(render(settings), encoding="utf-8")
    fresh.replace(path)
    return path
