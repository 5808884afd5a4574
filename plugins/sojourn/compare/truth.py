"""Where the truth of a simulated brand is."""

from __future__ import annotations

from pathlib import Path

from sojourn.settings import Settings


class EvaluationError(ValueError):
    """There is nothing to evaluate by, or nothing to evaluate; the message says what to do."""


def find_truth(settings: Settings, path: Path | None, wanted: Path) -> Path:
    """Return a file of the truth: the one named, in the folder named, or beside the exports.

    Raises:
        EvaluationError: there is none.
    """
    place = path or settings.path(settings.exports or Path("var/demo"))
    for file in (place, place / wanted, place / wanted.name):
        if file.is_file():
            return file
    raise EvaluationError(
        f"No truth at {place}: only a simulated brand has one, as {wanted} beside its exports "
        "(`make demo` or `sojourn simulate`). Name the file, or the folder of the exports, with "
        "--truth."
    )
