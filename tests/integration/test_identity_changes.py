"""What people correct, decide and take back: identity follows, and equals a build from nothing."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

import pytest
from sojourn.build import run_dbt
from sojourn.settings import Settings
from sojourn.sources import load
from sojourn.warehouse import Row, open_warehouse

from tests.conftest import PROJECT_DIR

FIRST = (
    "path:seeds",
    "path:models/staging",
    "events_collected",
    "people_collected",
    "people_stated",
    "path:models/identity",
)
LATER = (
    "steward_decisions",
    "blocked_identifiers",
    "events_collected",
    "people_collected",
    "people_stated",
    "path:models/identity",
)
DECISIONS = "rule_id,action,left_type,left_value,right_type,right_value,author,reason,"
STATE = {
    "identity.identifiers": "identifier_type, identifier_value, person_id, status, status_reason, "
    "observation_count, first_seen_at, last_seen_at",
    "identity.edges": "left_type, left_value, right_type, right_value, rule, source, status, "
    "status_reason, observation_count, first_seen_at, last_seen_at",
    "identity.record_owners": "source, record_id, person_id",
}


@pytest.fixture
def settings(engine_settings: Settings, tmp_path: Path) -> Settings:
    """A project of its own, whose seeds a test may edit, and a table of people."""
    project = tmp_path / "project"
    for folder in ("models", "macros", "seeds", "dbt_project"):
        shutil.copytree(PROJECT_DIR / folder, project / folder)
    for file in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(PROJECT_DIR / file, project)
    sources = tmp_path / "sources.yml"
    sources.write_text(
        "sources:\n  - name: crm\n    connector: table\n    relation: shop.people\n"
        "    entity: people\n    identifiers: {mail: email, tel: phone}\n"
        "    columns: {id: id, updated_at: seen}\n"
    )
    with open_warehouse(engine_settings) as warehouse:
        warehouse.execute("create schema shop")
        warehouse.execute(
            "create table shop.people (id varchar, mail varchar, tel varchar, seen timestamp)"
        )
    return engine_settings.model_copy(update={"sources": sources, "project_dir": project})


def write(settings: Settings, *statements: str) -> None:
    with open_warehouse(settings) as warehouse:
        for statement in statements:
            warehouse.execute(statement)


def decide(settings: Settings, *lines: str) -> None:
    seed = settings.project_dir / "seeds" / "steward_decisions.csv"
    seed.write_text("\n".join([DECISIONS + "recorded_at,revoked_at", *lines]) + "\n")


def build(settings: Settings, day: int, select: tuple[str, ...], *options: str) -> None:
    command = ["build", "--exclude-resource-type", "unit_test", *options, "--select", *select]
    run_dbt(settings, command, as_of=datetime(2026, 1, day), quiet=True)


def read(settings: Settings) -> dict[str, list[Row]]:
    with open_warehouse(settings, read_only=True) as warehouse:
        return {
            table: sorted(warehouse.fetch(f"select {columns} from {table}"), key=str)
            for table, columns in STATE.items()
        }


def from_nothing(settings: Settings, day: int, folder: Path) -> dict[str, list[Row]]:
    """What a full refresh makes of the same data; of DuckDB's file, in a copy."""
    if settings.target == "duckdb":
        folder.mkdir()
        copy = folder / "sojourn.duckdb"
        original = settings.path(settings.duckdb_path)
        shutil.copy(original, copy)
        # What has not been put into the file yet.
        log = original.with_name(original.name + ".wal")
        if log.exists():
            shutil.copy(log, copy.with_name(copy.name + ".wal"))
        settings = settings.model_copy(update={"duckdb_path": copy})
    build(settings, day, LATER, "--full-refresh")
    return read(settings)


def persons(settings: Settings) -> dict[str, str | None]:
    return {value: person for _, value, person, *_ in read(settings)["identity.identifiers"]}


def test_identity_follows_what_changed(settings: Settings, tmp_path: Path) -> None:
    write(
        settings,
        "insert into shop.people values "
        "('1', 'ann@x.example', '+436601111112', timestamp '2026-01-01 08:00:00'), "
        "('2', 'bob@x.example', '+436602222223', timestamp '2026-01-01 09:00:00'), "
        "('3', 'cat@x.example', '+436601111112', timestamp '2026-01-01 10:00:00'), "
        "('4', 'dan@x.example', '+436604444445', timestamp '2026-01-01 11:00:00')",
    )
    load(settings, as_of=datetime(2026, 1, 2))
    build(settings, 2, FIRST)
    one = persons(settings)
    assert one["ann@x.example"] == one["cat@x.example"]
    assert one["ann@x.example"] != one["bob@x.example"]

    # A record is corrected, one goes, one comes; a steward links two and detaches one.
    write(
        settings,
        "update shop.people set mail = 'dora@x.example', seen = timestamp '2026-01-02 08:00:00' "
        "where id = '4'",
        "delete from shop.people where id = '3'",
        "insert into shop.people values "
        "('5', 'eve@x.example', '+436602222223', timestamp '2026-01-02 09:00:00')",
    )
    decide(
        settings,
        "r1,link,email,ann@x.example,email,dora@x.example,me,same,2026-01-02 10:00:00,",
        "r2,detach,phone,+436602222223,,,me,office,2026-01-02 10:00:00,",
    )
    build(settings, 3, LATER)
    two = persons(settings)
    assert "cat@x.example" not in two
    assert "dan@x.example" not in two
    assert two["ann@x.example"] == two["dora@x.example"] == two["+436604444445"]
    assert len({two["bob@x.example"], two["eve@x.example"], two["+436602222223"]}) == 3

    # Both decisions are revoked: who was split is one, and who was linked is two again.
    decide(
        settings,
        "r1,link,email,ann@x.example,email,dora@x.example,me,same,"
        "2026-01-02 10:00:00,2026-01-03 10:00:00",
        "r2,detach,phone,+436602222223,,,me,office,2026-01-02 10:00:00,2026-01-03 10:00:00",
    )
    build(settings, 4, LATER)
    three = persons(settings)
    assert three["ann@x.example"] == one["ann@x.example"]
    assert three["ann@x.example"] != three["dora@x.example"]
    assert three["bob@x.example"] == three["eve@x.example"] == one["bob@x.example"]

    # A value is blocked by the seed: nothing new came, and all is judged by the new rules.
    with (settings.project_dir / "seeds" / "blocked_identifiers.csv").open("a") as file:
        file.write("phone,^[+]436602222223$,a switchboard\n")
    build(settings, 5, LATER)
    four = persons(settings)
    assert four["+436602222223"] is None
    assert four["bob@x.example"] != four["eve@x.example"]
    assert read(settings) == from_nothing(settings, 5, tmp_path / "four")
    with open_warehouse(settings, read_only=True) as warehouse:
        gone = warehouse.fetch(
            "select is_current from identity.person_history "
            "where identifier_value = 'cat@x.example'"
        )
    assert gone == [(False,)]


def test_a_pair_that_a_steward_keeps_apart_stays_two(settings: Settings, tmp_path: Path) -> None:
    """Never-link holds against later evidence and from nothing, and revoking it undoes it."""
    write(
        settings,
        "insert into shop.people values "
        "('1', 'ann@x.example', '+436601111112', timestamp '2026-01-01 08:00:00'), "
        "('2', 'bob@x.example', '+436602222223', timestamp '2026-01-01 09:00:00'), "
        "('3', 'cat@x.example', '+436601111112', timestamp '2026-01-01 10:00:00')",
    )
    load(settings, as_of=datetime(2026, 1, 2))
    build(settings, 2, FIRST)
    one = persons(settings)
    assert one["ann@x.example"] == one["cat@x.example"]

    # What joined two goes to neither; a pair that nothing joins yet is as it was.
    apart = (
        "r1,never_link,email,ann@x.example,email,cat@x.example,me,mother and daughter,"
        "2026-01-02 10:00:00,",
        "r2,never_link,email,bob@x.example,email,ann@x.example,me,strangers,2026-01-02 10:00:00,",
    )
    decide(settings, *apart)
    build(settings, 3, LATER)
    two = persons(settings)
    assert two["ann@x.example"] == one["ann@x.example"]
    assert len({two["ann@x.example"], two["cat@x.example"], two["+436601111112"]}) == 3
    assert two["bob@x.example"] == two["+436602222223"] == one["bob@x.example"]
    with open_warehouse(settings, read_only=True) as warehouse:
        why = warehouse.fetch(
            "select status_reason from identity.identifiers where tier = 4 and status = 'demoted'"
        )
        edges = warehouse.fetch(
            "select distinct status_reason from identity.edges where status = 'demoted'"
        )
    assert why == edges == [("would join what a steward keeps apart",)]
    assert read(settings) == from_nothing(settings, 3, tmp_path / "two")

    # Evidence that would join the second pair comes a day later.
    write(
        settings,
        "insert into shop.people values "
        "('5', 'bob@x.example', '+436603333334', timestamp '2026-01-03 09:00:00'), "
        "('6', 'ann@x.example', '+436603333334', timestamp '2026-01-03 09:00:00')",
    )
    build(settings, 4, LATER)
    three = persons(settings)
    assert len({three[name] for name in ("ann@x.example", "bob@x.example", "+436603333334")}) == 3
    assert {name: three[name] for name in two} == two

    # Revoked, all is as if nobody had decided.
    decide(settings, *(f"{line}2026-01-04 10:00:00" for line in apart))
    build(settings, 5, LATER)
    four = persons(settings)
    assert len(set(four.values())) == 1
    assert four["ann@x.example"] == one["ann@x.example"]
    assert read(settings) == from_nothing(settings, 5, tmp_path / "four")
