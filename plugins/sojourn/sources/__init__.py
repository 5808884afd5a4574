"""What Sojourn reads: connectors, readers of their files, and the loader.

This module is light, so that a DAG file may import ``sojourn.sources.config`` below it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sojourn.settings import Settings
    from sojourn.sources.loader import LoadResult


def load(
    settings: Settings,
    *,
    as_of: datetime | None = None,
    sources: Sequence[str] | None = None,
    retry_rejected: bool = False,
    gated: bool = False,
    progress: Callable[[str], None] | None = None,
) -> LoadResult:
    """Load what is new in the sources' files (see ``sojourn.sources.loader.load``)."""
    from sojourn.sources.loader import load as load_now

    return load_now(
        settings,
        as_of=as_of,
        sources=sources,
        retry_rejected=retry_rejected,
        gated=gated,
        progress=progress,
    )
