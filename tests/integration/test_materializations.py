"""Materializations of our own on DuckDB: what stands in the warehouse when a model fails."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sojourn.build import BuildError, run_dbt
from sojourn.settings import Settings
from sojourn.warehouse import open_warehouse

from tests.conftest import PROJECT_DIR

PROJECT = """
name: sojourn
version: 1.0.0
profile: sojourn
vars: {schema_prefix: "", as_of: ""}
models:
  sojourn:
    +pre-hook: "{{ sojourn.before_model() }}"
    +post-hook: "{{ sojourn.after_model() }}"
"""


@pytest.mark.parametrize("was", ["table", "view"])
def test_a_model_that_fails_leaves_what_was_there(
    duckdb_settings: Settings, tmp_path: Path, was: str
) -> None:
    project = tmp_path / "project"
    (project / "models").mkdir(parents=True)
    shutil.copytree(PROJECT_DIR / "macros", project / "macros")
    shutil.copy(PROJECT_DIR / "profiles.yml", project)
    (project / "dbt_project.yml").write_text(PROJECT)
    settings = duckdb_settings.model_copy(update={"project_dir": project})

    def run(kind: str, number: str) -> None:
        (project / "models" / "found.sql").write_text(
            f"{{{{ config(materialized='{kind}') }}}} select cast({number} as integer) as number"
        )
        run_dbt(settings, ["run"], quiet=True)

    def found() -> list[tuple[int]]:
        with open_warehouse(settings, read_only=True) as warehouse:
            return warehouse.fetch("select number from main.found")

    run(was, "1")
    # It fails when its rows are made, or when its text is read.
    for kind, number in (("table", "'x' || random()"), ("view", "nothing")):
        with pytest.raises(BuildError, match="found"):
            run(kind, number)
        assert found() == [(1,)]
    for number, kind in enumerate(("table", "view"), start=2):
        run(kind, str(number))
        assert found() == [(number,)]
