"""The raw gate: Great Expectations judges each load before anything is built on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sojourn.gate.gate import GateResult
    from sojourn.settings import Settings


def run_gate(
    settings: Settings,
    *,
    sources: Sequence[str] | None = None,
    as_of: datetime | None = None,
) -> GateResult:
    """Judge the loads that were not judged yet (see ``sojourn.gate.gate.run_gate``)."""
    from sojourn.gate.gate import run_gate as run_now

    return run_now(settings, sources=sources, as_of=as_of)
