"""DuckDB and PostgreSQL give the same rows, in a full build and in an incremental one."""

from __future__ import annotations

from pathlib import Path

from sojourn.build import build
from sojourn.gate import run_gate
from sojourn.settings import Settings
from sojourn.sources import load

from tests.integration.conftest import DAYS, day_end
from tests.integration.sameness import assert_same


def test_engines_agree(
    small_brand: Path, duckdb_settings: Settings, postgres_settings: Settings
) -> None:
    engines = [
        settings.model_copy(update={"exports": small_brand, "var_dir": settings.var_dir / name})
        for settings, name in [(duckdb_settings, "duckdb"), (postgres_settings, "postgres")]
    ]
    for settings in engines:
        for day in (6, DAYS):
            load(settings, as_of=day_end(day))
            run_gate(settings)
            build(settings, as_of=day_end(day), tests=day == DAYS, quiet=True)
    assert_same(*engines)
