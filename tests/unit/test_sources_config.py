"""`sources.yml`: what is accepted, and what the errors say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sojourn.settings import Settings
from sojourn.sources.config import NAMED_CONNECTORS, Source, SourcesError, read_sources
from sojourn.sources.mapping import resolve
from sojourn.sources.registry import CONNECTORS
from sojourn.sources.snowplow import ATOMIC_COLUMNS


def settings_for(tmp_path: Path, text: str) -> Settings:
    (tmp_path / "sources.yml").write_text(text)
    return Settings(project_dir=tmp_path)


def test_named_connectors_of_the_light_module_are_those_registered() -> None:
    assert tuple(CONNECTORS) == NAMED_CONNECTORS
    assert len(ATOMIC_COLUMNS) == len(set(ATOMIC_COLUMNS)) == 131


def test_reading_sources_imports_nothing_heavy() -> None:
    code = (
        "import sys, sojourn.sources.config, sojourn.sources, sojourn.gate; "
        "print([name for name in ('dlt', 'duckdb', 'pyarrow', 'pandas', 'numpy', "
        "'great_expectations', 'airflow') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_root_is_beside_the_file_and_exports_overrides_it(tmp_path: Path) -> None:
    settings = settings_for(
        tmp_path, "root: data\nsources:\n  - {name: segment, connector: segment}\n"
    )
    assert read_sources(settings).root == tmp_path / "data"
    other = settings.model_copy(update={"exports": tmp_path / "other"})
    assert read_sources(other).root == tmp_path / "other"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{name: x, connector: sgment}", "unknown connector 'sgment': use one of segment"),
        ("{name: X-1, connector: segment}", "names a schema"),
        ("{name: gate, connector: segment}", "choose another"),
        ("{name: segment, connector: segment, entity: orders}", "remove entity"),
        ("{name: web_eu, connector: segment}", "is named 'segment' too"),
        ("{name: x, connector: file, path: a.csv}", "needs `entity:`"),
        ("{name: x, connector: file, entity: orders}", "needs `path:`"),
        ("{name: x, connector: table, entity: orders}", "needs `relation:"),
        (
            "{name: x, connector: table, relation: a.b, entity: orders, header: false, widths: {}}",
            "header, widths: connector 'table' reads the relation as it is",
        ),
        (
            "{name: x, connector: file, path: a, entity: orders, loaded_at: b}",
            "`loaded_at:` belongs to connector 'table'",
        ),
        ("{name: x, connector: file, path: a, entity: oders}", "orders"),
        ("{name: x, connector: file, path: a, entity: orders, columns: {a: b}}", "neither 'a' nor"),
        (
            "{name: x, connector: file, path: a, entity: orders, "
            "columns: {id: {value: 1, from: b}}}",
            "say either",
        ),
        (
            "{name: x, connector: file, path: a, entity: orders, "
            "columns: {ordered_at: {from: b, timezone: Mars}}}",
            "unknown time zone",
        ),
        ("{name: x, connector: file, path: a, entity: orders, format: fixed_width}", "widths"),
        ("{name: x, connector: file, path: a, entity: orders, header: false}", "column_names"),
        ("{name: x, connector: file, path: a, entity: orders, colums: {}}", "colums"),
    ],
)
def test_errors_say_how_to_mend(tmp_path: Path, entry: str, message: str) -> None:
    settings = settings_for(tmp_path, f"sources:\n  - {entry}\n")
    with pytest.raises(SourcesError) as raised:
        read_sources(settings)
    assert message in str(raised.value)
    assert "source '" in str(raised.value) or "source number" in str(raised.value)


def test_other_errors(tmp_path: Path) -> None:
    with pytest.raises(SourcesError, match="No file"):
        read_sources(Settings(project_dir=tmp_path))
    with pytest.raises(SourcesError, match="not valid YAML, line"):
        read_sources(settings_for(tmp_path, "sources: [\n"))
    twice = "sources:\n  - {name: pos, connector: pos}\n  - {name: pos, connector: pos}\n"
    with pytest.raises(SourcesError, match="names must differ"):
        read_sources(settings_for(tmp_path, twice))
    one = settings_for(tmp_path, "sources:\n  - {name: pos, connector: pos}\n")
    with pytest.raises(SourcesError, match="No source 'b'; known are pos"):
        read_sources(one).select(["b"])


def shop(columns: dict[str, object], **fields: object) -> Source:
    return Source.model_validate(
        {
            "name": "shop",
            "connector": "file",
            "path": "orders_*.csv",
            "entity": "orders",
            "columns": columns,
            **fields,
        }
    )


def test_the_designs_example_resolves_in_both_directions() -> None:
    source = shop(
        {
            "order_id": "id",
            "ordered_at": {"from": "date", "format": "%Y%m%d"},
            "revenue": "dollars",
            "currency": {"value": "USD"},
        },
        identifiers={"customer_id": "user_id", "e_mail": "email"},
    )
    mapping = resolve(source, ["order_id", "date", "dollars", "customer_id", "e_mail"])
    origins = {name: origin.column or origin.constant for name, origin in mapping.origins.items()}
    assert origins == {
        "id": "order_id",
        "ordered_at": "date",
        "revenue": "dollars",
        "currency": "USD",
    }
    assert mapping.identifiers == (("customer_id", "user_id"), ("e_mail", "email"))


def test_a_pair_of_canonical_names_is_read_by_what_the_file_has() -> None:
    source = shop({"status": "id"})
    assert resolve(source, ["status", "ordered_at"]).origins["id"].column == "status"
    assert resolve(source, ["id", "ordered_at"]).origins["status"].column == "id"
    with pytest.raises(SourcesError, match="ambiguous"):
        resolve(source, ["id", "status", "ordered_at"])


def test_columns_of_canonical_names_are_taken_as_they_are() -> None:
    mapping = resolve(shop({"id": {"from": "Order No"}}), ["order_no", "ordered_at", "currency"])
    assert set(mapping.origins) == {"id", "ordered_at", "currency"}


def test_unknown_column_lists_the_files() -> None:
    with pytest.raises(SourcesError, match="no column 'dollars'; the source has a, ordered_at"):
        resolve(shop({"revenue": "dollars"}), ["a", "ordered_at"])
    with pytest.raises(SourcesError, match="need 'ordered_at'"):
        resolve(shop({"id": "a"}), ["a"])
    mapping = resolve(shop({"revenue": "dollars"}), ["ordered_at"], known_before=["dollars"])
    assert mapping.missing == ("dollars",)
