"""What several commands share of their options."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import typer


def as_of_option(meaning: str) -> Any:
    """Return the option ``--as-of``, a day or a time in UTC."""
    return typer.Option("--as-of", help=meaning, formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])


def moment(as_of: datetime | None) -> datetime:
    """Return the time that was asked for, or the present one, UTC without zone, to the second."""
    return (as_of or datetime.now(UTC)).replace(tzinfo=None, microsecond=0)
