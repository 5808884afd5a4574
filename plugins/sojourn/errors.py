"""What may be told of another library's error: logs are read by many, rows by few.

Messages of databases and parsers quote the values that they stumble over, and Python prints the
error that caused another one. So our own errors are raised ``from None`` where the cause may quote
a row, and say what is safe: the kinds of error, the place, the line, table and column.
"""

from __future__ import annotations

import re
from pathlib import Path

_LINE_OF_COPY = re.compile(r"^COPY \S+, line (\d+)", re.MULTILINE)
_OURS = (Path(__file__).resolve().parent, "expectations")


def _causes(error: BaseException) -> list[BaseException]:
    """Return an error and what led to it, outermost first."""
    found: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in found:
        found.append(cause)
        cause = cause.__cause__ or cause.__context__
    return found


def _place(error: BaseException) -> str | None:
    """Return the last line of ours (or of a suite) that the error came through."""
    place = None
    trace = error.__traceback__
    while trace is not None:
        path = Path(trace.tb_frame.f_code.co_filename)
        if _OURS[0] in path.parents or path.parent.name == _OURS[1]:
            place = f"{path.name}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return place


def describe(error: BaseException) -> str:
    """Return the kinds of an error and of its causes, and where it arose, without any value."""
    causes = _causes(error)
    text = " from ".join(dict.fromkeys(type(cause).__name__ for cause in causes))
    details = []
    for cause in causes:
        diagnosis = getattr(cause, "diag", None)
        for label, name in (
            ("SQLSTATE", "sqlstate"),
            ("table", "table_name"),
            ("column", "column_name"),
        ):
            if value := getattr(diagnosis, name, None):
                details.append(f"{label} {value}")
        if line := _LINE_OF_COPY.search(getattr(diagnosis, "context", None) or ""):
            details.append(f"line {line[1]} of what was copied")
    if place := _place(error):
        details.append(place)
    return f"{text} ({'; '.join(dict.fromkeys(details))})" if details else text
