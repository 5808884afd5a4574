"""Every query of the guide for BI users runs on a built warehouse and has something to show."""

from __future__ import annotations

import re
import shutil

import pytest
from sojourn.attribution.refit import refit
from sojourn.settings import Settings, find_project_dir
from sojourn.warehouse import open_warehouse


@pytest.fixture(scope="module")
def refitted(demo_warehouse: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A copy of the demo's warehouse in which attribution has been fitted anew."""
    copy = tmp_path_factory.mktemp("refitted") / "sojourn.duckdb"
    shutil.copy(demo_warehouse.path(demo_warehouse.duckdb_path), copy)
    settings = demo_warehouse.model_copy(update={"duckdb_path": copy})
    with open_warehouse(settings, read_only=True) as warehouse:
        ((as_of,),) = warehouse.fetch("select max(recorded_at) from attribution.channel_weights")
    refit(settings, as_of)
    return settings


def guide_queries() -> list[str]:
    """Return the indented blocks of the guide that are SQL."""
    text = (find_project_dir() / "docs" / "bi-users.md").read_text(encoding="utf-8")
    blocks = re.findall(r"(?:^(?:    .*)?\n)+", text, flags=re.MULTILINE)
    dedented = ["\n".join(line[4:] for line in block.splitlines()).strip() for block in blocks]
    return [block for block in dedented if block.startswith("select")]


def test_guide_has_queries() -> None:
    assert len(guide_queries()) >= 8


@pytest.mark.parametrize("query", guide_queries(), ids=lambda query: " ".join(query.split())[:60])
def test_query_of_the_guide_runs(query: str, refitted: Settings) -> None:
    with open_warehouse(refitted, read_only=True) as warehouse:
        rows = warehouse.fetch(query)
    assert rows, f"This query of docs/bi-users.md finds nothing:\n{query}"
