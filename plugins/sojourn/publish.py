"""A read-only copy of the warehouse for BI tools, swapped in atomically."""

from __future__ import annotations

import shutil
from pathlib import Path

from sojourn.settings import Settings


def publish(settings: Settings) -> Path | None:
    """Copy the DuckDB file to ``<var_dir>/published/`` and return the copy's path.

    DuckDB lets nobody read a file while another process writes it. Readers open the copy; it is
    replaced in one step, so that they see the last finished run or the one before, never a half.
    Returns None elsewhere: on a server readers and writers do not disturb each other, and Spark's
    tables are files that any reader of Parquet can open.
    """
    if settings.target != "duckdb":
        return None
    source = settings.path(settings.duckdb_path)
    target = settings.path(settings.var_dir) / "published" / source.name
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_suffix(".new")
    shutil.copyfile(source, fresh)
    fresh.replace(target)
    return target
