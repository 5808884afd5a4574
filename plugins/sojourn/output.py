"""How commands answer: lines and tables on a terminal, JSON, and files with pictures."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


class Lines(Console):
    """A console that wraps nothing: a line that is too long goes on, as in other tools."""

    def __init__(self) -> None:
        super().__init__(highlight=False, soft_wrap=True)
        if not self.is_terminal:
            self.width = 200


def table(*names: str, left: int | None = None) -> Table:
    """Return an empty table without lines; columns after the first ``left`` ones are numbers."""
    found = Table(box=None, padding=(0, 2, 0, 0))
    for place, name in enumerate(names):
        is_number = left is not None and place >= left
        found.add_column(name, no_wrap=True, justify="right" if is_number else "left")
    return found


def as_json(answer: Any) -> str:
    """Return an answer as JSON; times as ISO 8601, UTC."""

    def readable(value: Any) -> Any:
        return value.isoformat() if isinstance(value, datetime) else str(value)

    return json.dumps(answer, indent=2, ensure_ascii=False, default=readable)


def check_picture(path: Path) -> None:
    """Check the name of a picture's file.

    Raises:
        ValueError: it ends neither in .svg nor in .html.
    """
    if path.suffix.lower() not in (".svg", ".html"):
        raise ValueError(f"A picture is an .svg or an .html file: rename {path.name}.")
