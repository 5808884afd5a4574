"""The guide to `sources.yml`: every key stands in an example, and the examples load."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from sojourn.gate import run_gate
from sojourn.settings import Settings
from sojourn.sources import load
from sojourn.sources.config import NAMED_CONNECTORS, Mapped, Source, Sources
from sojourn.sources.entities import CANONICAL_COLUMNS, ENTITIES
from sojourn.warehouse import open_warehouse

from tests.conftest import PROJECT_DIR

GUIDE = (PROJECT_DIR / "docs" / "sources.md").read_text(encoding="utf-8")
BLOCKS: list[tuple[str, str, str]] = re.findall(
    r"^```(\w+)(?: (\S+))?\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL
)
ENTRIES: list[dict[str, Any]] = [
    entry
    for language, _, text in BLOCKS
    if language == "yaml"
    for entry in yaml.safe_load(text)["sources"]
]
SAMPLES = {name: text for _, name, text in BLOCKS if name}


def test_every_key_column_and_connector_is_told_of() -> None:
    sources = Sources.model_validate({"root": ".", "sources": ENTRIES}).sources
    assert {key for entry in ENTRIES for key in entry} == set(Source.model_fields)
    mapped = [
        value
        for source in sources
        for value in source.columns.values()
        if isinstance(value, Mapped)
    ]
    said = {key for value in mapped for key in value.model_fields_set}
    assert said == set(Mapped.model_fields)
    assert {source.entity for source in sources if source.path in patterns()} == set(ENTITIES)
    for columns in CANONICAL_COLUMNS.values():
        assert all(f"`{column}`" in GUIDE for column in columns)
    assert all(f"| `{name}` | `" in GUIDE for name in NAMED_CONNECTORS)


def patterns() -> set[str]:
    """Return the patterns of the examples that come with rows."""
    found = {entry["path"] for entry in ENTRIES if "path" in entry}
    return {pattern for pattern in found if any(Path(name).match(pattern) for name in SAMPLES)}


def test_the_examples_load(duckdb_settings: Settings, tmp_path: Path) -> None:
    entries = [entry for entry in ENTRIES if entry.get("path") in patterns()]
    tables = [entry for entry in ENTRIES if entry["connector"] == "table"]
    for name, text in SAMPLES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with open_warehouse(duckdb_settings) as warehouse:
        for entry in tables:
            named = {*entry["columns"].values(), *entry.get("identifiers", {})}
            if "loaded_at" in entry:
                named.add(entry["loaded_at"])
            columns = ", ".join(f'"{name}" varchar' for name in sorted(named))
            warehouse.execute(f"create schema {entry['relation'].partition('.')[0]}")
            warehouse.execute(f"create table {entry['relation']} ({columns})")
    (tmp_path / "sources.yml").write_text(
        yaml.safe_dump({"sources": [*entries, *tables]}, sort_keys=False)
    )
    settings = duckdb_settings.model_copy(
        update={"sources": tmp_path / "sources.yml", "exports": tmp_path}
    )
    result = load(settings)
    assert result.warnings == []
    for source in result.sources:
        assert source.warnings == []
        assert sum(table.quarantined for table in source.tables) == 0
        assert (source.rows > 0) == (source.connector == "file")
    assert run_gate(settings).rejected == {}
    with open_warehouse(settings) as warehouse:
        assert warehouse.fetch(
            "select email, phone, country, cast(created_at as timestamp)::varchar "
            "from raw_club.people"
        ) == [("ann@example.com", "+491711234567", "DE", "2026-01-05 17:30:00")]
        assert warehouse.fetch("select id, revenue, identifiers from raw_till.orders") == [
            ("00017", "12.5", '{"loyalty_number":"L-2231"}'),
            ("00018", "3", '{"loyalty_number":"L-0440"}'),
        ]
