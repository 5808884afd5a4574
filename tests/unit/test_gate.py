"""The gate's suites and report, without a warehouse."""

from __future__ import annotations

from pathlib import Path

import pytest
from sojourn.gate.gate import find_suites
from sojourn.gate.report import render
from sojourn.settings import Settings
from sojourn.sources.config import NAMED_CONNECTORS, Source
from sojourn.sources.entities import CANONICAL_COLUMNS, ENTITIES
from sojourn.sources.names import unique_names
from sojourn.sources.registry import CONNECTORS

PROJECT_DIR = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", NAMED_CONNECTORS)
def test_every_stream_has_a_suite_about_its_own_columns(name: str) -> None:
    suites = find_suites(Settings(project_dir=PROJECT_DIR), Source(name=name, connector=name))
    assert set(suites) == {stream.table for stream in CONNECTORS[name].streams}
    for stream in CONNECTORS[name].streams:
        standards = {rule.column for rule in stream.standards}
        for rule in suites[stream.table]:
            if rule.column.endswith("__is_valid"):
                base = rule.column.removesuffix("__is_valid")
                assert f"{base}__standard" in standards
            else:
                assert rule.column in unique_names(stream.columns)
            assert rule.severity.value in ("critical", "warning")
            assert rule.meta["says"]
        assert {rule.column for rule in suites[stream.table]} & set(stream.required)


@pytest.mark.parametrize("entity", ENTITIES)
def test_every_entity_has_a_suite(entity: str) -> None:
    source = Source.model_validate(
        {"name": "own", "connector": "file", "path": "a.csv", "entity": entity}
    )
    suites = find_suites(Settings(project_dir=PROJECT_DIR), source)
    known = (*CANONICAL_COLUMNS[entity], "identifiers")
    assert suites[entity]
    assert all(rule.column in known for rule in suites[entity])


def test_the_report_puts_the_worst_first_and_escapes() -> None:
    rows = [
        ("shop", "1", "2026-01-06", "orders", "<b> holds", "warning", True, "fine"),
        ("shop", "1", "2026-01-06", "orders", "warns", "warning", False, "1 of 2"),
        ("shop", "1", "2026-01-06", "orders", "stops", "critical", False, "2 of 2"),
    ]
    page = render(rows)
    assert page.index("stops</td>") < page.index("warns</td>") < page.index("&lt;b&gt; holds")
    assert ">rejected<" in page
    assert "No load has been judged yet" in render([])
