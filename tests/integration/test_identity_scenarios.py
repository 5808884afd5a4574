"""The scenarios of identity in SCENARIOS.md, each over five daily batches, on each engine.

All are played side by side: one run of dbt a day. A record is written `+r1 e1 p1`: record r1 has
the identifiers e1 and p1 now (u: user_id, l: loyalty_number, e: email, p: phone, c: anonymous_id).
`-r1` removes it; `never k1 e1 p1`, `link k1 e1 e2` and `detach k1 p1` are a steward's decisions,
`revoke k1` ends one. Expected after a day are persons of more than one identifier; all others are
on their own. On a sixth day nothing comes but a rule that blocks a phone, and at last all is built
from nothing.
"""

from __future__ import annotations

import itertools
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest
import yaml
from sojourn.build import run_dbt
from sojourn.identity.audit import draw
from sojourn.identity.decisions import new_decision
from sojourn.identity.explain import explain_pair
from sojourn.identity.identifier import Identifier
from sojourn.identity.preview import preview
from sojourn.settings import Settings
from sojourn.sources import load
from sojourn.warehouse import Row, open_warehouse, text_type

from tests.conftest import PROJECT_DIR, empty_postgres, empty_spark_server, make_settings

DAYS = 5
KINDS = {
    "u": ("user_id", 1),
    "l": ("loyalty_number", 2),
    "e": ("email", 3),
    "p": ("phone", 4),
    "c": ("anonymous_id", 5),
}
SWAPPED = "identifiers swapped between people"
SWITCHBOARD = "a switchboard, which a rule blocks at last"
CHAIN = [f"{'ep'[number % 2]}{number:02}" for number in range(30)]
LINKS = [f"+r{number} {CHAIN[number]} {CHAIN[number + 1]}" for number in range(29)]

SCENARIOS: dict[str, list[tuple[str, str]]] = {
    "chain": [
        ("+r1 e1 p1", "e1 p1"),
        ("+r2 p1 e2", "e1 p1 e2"),
        ("+r3 e2 p2", "e1 p1 e2 p2"),
        ("+r4 p2 e3", "e1 p1 e2 p2 e3"),
        ("", "e1 p1 e2 p2 e3"),
    ],
    "fan-in": [
        ("+r1 c1; +r2 c2", ""),
        ("+r3 c3 e3", "c3 e3"),
        ("+r4 u1 c1", "u1 c1 | c3 e3"),
        ("+r5 u1 c2", "u1 c1 c2 | c3 e3"),
        ("+r6 u1 c3", "u1 c1 c2 c3 e3"),
    ],
    "fan-out": [
        ("+r1 u1 e1", "u1 e1"),
        ("+r2 u1 e2", "u1 e1 e2"),
        ("+r3 u1 e3; +r4 u1 p1", "u1 e1 e2 e3 p1"),
        ("+r5 u1 c1; +r6 u1 c2", "u1 e1 e2 e3 p1 c1 c2"),
        ("-r2", "u1 e1 e3 p1 c1 c2"),
    ],
    "diamond": [
        ("+r1 u1 e1", "u1 e1"),
        ("+r2 u1 p1", "u1 e1 p1"),
        ("+r3 e1 c1", "u1 e1 p1 c1"),
        ("+r4 p1 c1", "u1 e1 p1 c1"),
        # One way is enough.
        ("-r3", "u1 e1 p1 c1"),
    ],
    "long chain": [
        ("; ".join(LINKS[:7]), " ".join(CHAIN[:8])),
        ("; ".join(LINKS[22:]), " ".join(CHAIN[:8]) + " | " + " ".join(CHAIN[22:])),
        (
            "; ".join(LINKS[15:22]),
            " ".join(CHAIN[:8]) + " | " + " ".join(CHAIN[15:]),
        ),
        ("; ".join(LINKS[7:15]), " ".join(CHAIN)),
        ("-r15", " ".join(CHAIN[:16]) + " | " + " ".join(CHAIN[16:])),
    ],
    "late merge": [
        ("+r1 u1 e1; +r2 p1 c1", "u1 e1 | p1 c1"),
        ("+r3 p1 c2", "u1 e1 | p1 c1 c2"),
        ("", "u1 e1 | p1 c1 c2"),
        ("+r4 u1 p1", "u1 e1 p1 c1 c2"),
        ("", "u1 e1 p1 c1 c2"),
    ],
    "re-merge of an absorbed person": [
        ("+r1 e1 p1", "e1 p1"),
        ("+r2 e2 p2", "e1 p1 | e2 p2"),
        ("+r3 e1 p2", "e1 p1 e2 p2"),
        ("-r3", "e1 p1 | e2 p2"),
        ("+r3 e1 p2", "e1 p1 e2 p2"),
    ],
    "unique-id conflict": [
        ("+r1 u1 e1", "u1 e1"),
        ("+r2 u2 p1", "u1 e1 | u2 p1"),
        # The phone would make two accounts one person: it joins neither.
        ("+r3 e1 p1", "u1 e1"),
        ("+r4 u2 e2", "u1 e1 | u2 e2"),
        ("-r2", "u1 e1 p1 | u2 e2"),
    ],
    "shared device": [
        ("+r1 u1 c1", "u1 c1"),
        ("+r2 u2 c1", ""),
        ("+r3 u2 e2; +r4 u1 e1", "u1 e1 | u2 e2"),
        ("+r5 u3 c1", "u1 e1 | u2 e2"),
        ("-r2; -r5", "u1 e1 c1 | u2 e2"),
    ],
    "split and repair": [
        ("+r1 u1 e1; +r2 p1 c1", "u1 e1 | p1 c1"),
        ("+r3 e1 p1", "u1 e1 p1 c1"),
        ("never k1 u1 c1", "u1 e1 p1"),
        # The record that was wrong is corrected: those who were split have their own id again.
        ("-r3", "u1 e1 | p1 c1"),
        ("revoke k1", "u1 e1 | p1 c1"),
    ],
    "detached and taken back": [
        ("+r1 e1 p1; +r2 e2 p1", "e1 p1 e2"),
        ("detach k2 p1", ""),
        ("+r3 e1 l1", "e1 l1"),
        ("revoke k2", "e1 l1 p1 e2"),
        ("", "e1 l1 p1 e2"),
    ],
    "linked and taken back": [
        ("+r1 e1 p1; +r2 e2 p2; +r3 e2 c1", "e1 p1 | e2 p2 c1"),
        ("link k3 e1 e2", "e1 p1 e2 p2 c1"),
        # A record that is corrected says no more what it said.
        ("+r2 e3 p2", "e1 p1 e2 c1 | e3 p2"),
        ("+r2 e2 p2", "e1 p1 e2 p2 c1"),
        ("revoke k3", "e1 p1 | e2 p2 c1"),
    ],
    "kept apart before anything joins them": [
        ("+r1 e1 p1; +r2 e2 p2", "e1 p1 | e2 p2"),
        ("never k4 e1 e2", "e1 p1 | e2 p2"),
        ("+r3 e1 p3; +r4 e2 p3", "e1 p1 | e2 p2"),
        ("", "e1 p1 | e2 p2"),
        ("revoke k4", "e1 p1 p3 e2 p2"),
    ],
    SWITCHBOARD: [
        ("+r1 e1 p1", "e1 p1"),
        ("+r2 e2 p1", "e1 p1 e2"),
        ("+r3 e2 c1", "e1 p1 e2 c1"),
        ("", "e1 p1 e2 c1"),
        ("", "e1 p1 e2 c1"),
    ],
    "re-observed old cookie": [
        ("+r1 u1 c1", "u1 c1"),
        ("+r2 u1 c2", "u1 c1 c2"),
        ("", "u1 c1 c2"),
        ("+r3 c1 e1", "u1 c1 c2 e1"),
        ("+r1 u1 c1", "u1 c1 c2 e1"),
    ],
    SWAPPED: [
        ("+r1 u1 p1; +r2 u2 p2", "u1 p1 | u2 p2"),
        ("+r1 u1 p2; +r2 u2 p1", "u1 p2 | u2 p1"),
        ("+r1 u1 p1; +r2 u2 p2", "u1 p1 | u2 p2"),
        ("+r3 u1 e1", "u1 p1 e1 | u2 p2"),
        ("+r1 u1 p2; +r2 u2 p1", "u1 p2 e1 | u2 p1"),
    ],
}


def value(scenario: str, name: str) -> str:
    """The value that a scenario's identifier has in the warehouse."""
    number = list(SCENARIOS).index(scenario) * 100 + int(name[1:])
    if name[0] == "p":
        return f"+43660{2340000 + number}"
    return f"{name}.{number}@people.example" if name[0] == "e" else f"{name}-{number}"


# What is the same however it came to be.
STATE = {
    "identity.identifiers": "identifier_type, identifier_value, person_id, status, status_reason, "
    "observation_count, first_seen_at, last_seen_at",
    "identity.edges": "left_type, left_value, right_type, right_value, rule, source, status, "
    "status_reason, observation_count, first_seen_at, last_seen_at",
    "identity.record_owners": "source, record_id, person_id",
}


@dataclass
class Day:
    """What was known after a day: owners and standing by value."""

    owners: dict[str, str | None]
    status: dict[str, str]


@dataclass
class Played:
    """All scenarios, played on one engine."""

    days: list[Day] = field(default_factory=list)
    anchors: dict[str, str] = field(default_factory=dict)
    changes: list[Row] = field(default_factory=list)
    history: list[Row] = field(default_factory=list)
    mapping: dict[str, str] = field(default_factory=dict)
    guide: dict[str, list[Row]] = field(default_factory=dict)
    drawn: int = 0
    active_pairs: int = 0
    blocked: Day | None = None
    state: dict[str, list[Row]] = field(default_factory=dict)
    refreshed: dict[str, list[Row]] = field(default_factory=dict)


def columns_of_people() -> list[str]:
    return [kind for kind, _ in KINDS.values()]


def own_project(settings: Settings, folder: Path) -> Settings:
    """This project with seeds that can be written, and one source: a table of people."""
    project = folder / "project"
    project.mkdir()
    for name in ("models", "macros", "dbt_project"):
        (project / name).symlink_to(PROJECT_DIR / name)
    shutil.copytree(PROJECT_DIR / "seeds", project / "seeds")
    shutil.copy(PROJECT_DIR / "profiles.yml", project)
    described = yaml.safe_load((PROJECT_DIR / "dbt_project.yml").read_text(encoding="utf-8"))
    inputs = described["vars"]["inputs"]
    inputs.update({entity: ["generic"] for entity in inputs if "generic" in inputs[entity]})
    (project / "dbt_project.yml").write_text(yaml.safe_dump(described, sort_keys=False))
    sources = folder / "sources.yml"
    columns = ", ".join(f"{kind}: {kind}" for kind in columns_of_people())
    sources.write_text(
        "sources:\n  - name: crm\n    connector: table\n    relation: shop.people\n"
        f"    entity: people\n    identifiers: {{{columns}}}\n"
        "    columns: {id: id, updated_at: seen}\n"
    )
    with open_warehouse(settings) as warehouse:
        warehouse.execute("create schema shop")
        text = text_type(warehouse.dialect)
        listed = ", ".join(f"{name} {text}" for name in ("id", *columns_of_people()))
        warehouse.execute(f"create table shop.people ({listed}, seen timestamp)")
    return settings.model_copy(update={"project_dir": project, "sources": sources})


def write_day(settings: Settings, day: int, people: dict[str, dict[str, object]]) -> None:
    """Write a day's records and decisions of all scenarios; ``people`` are the records so far."""
    seed = settings.project_dir / "seeds" / "steward_decisions.csv"
    lines = seed.read_text().splitlines()
    at = datetime(2026, 1, day, 12)
    for scenario, days in SCENARIOS.items():
        for change in filter(None, days[day - 1][0].split("; ")):
            action, *names = change.split()
            if action in ("never", "link", "detach"):
                given = [f"{KINDS[name[0]][0]},{value(scenario, name)}" for name in names[1:]]
                pair = ",".join(given if len(given) == 2 else [*given, "", ""])
                decision = {"never": "never_link"}.get(action, action)
                lines.append(f"{names[0]},{decision},{pair},me,known to us,{at},")
            elif action == "revoke":
                lines = [f"{x}{at}" if x.startswith(f"{names[0]},") else x for x in lines]
            elif action.startswith("+"):
                record = f"{scenario} {action[1:]}"
                given = {KINDS[name[0]][0]: value(scenario, name) for name in names}
                people[record] = {"id": record, "seen": at, **given}
            else:
                del people[f"{scenario} {action[1:]}"]
    seed.write_text("\n".join(lines) + "\n")
    columns = ("id", "seen", *columns_of_people())
    rows = [{name: record.get(name) for name in columns} for record in people.values()]
    with open_warehouse(settings) as warehouse:
        warehouse.execute("truncate table shop.people")
        warehouse.append("shop", "people", pa.Table.from_pylist(rows))


def build(settings: Settings, day: int, *options: str, select: Sequence[str] = ()) -> None:
    if not select:
        select = ["+path:models/identity"]
        if day > 1:
            select = ["events_collected", "people_collected", "people_stated"]
            select += ["path:models/identity", "steward_decisions", "blocked_identifiers"]
    # The data is tested at the end, as it came to be and as it is made from nothing.
    left_out = ["unit_test"] if day > DAYS else ["unit_test", "test"]
    without = [option for kind in left_out for option in ("--exclude-resource-type", kind)]
    run_dbt(
        settings,
        ["build", *without, *options, "--select", *select],
        as_of=datetime(2026, 1, day + 1),
        quiet=True,
    )


def read_day(settings: Settings) -> Day:
    with open_warehouse(settings, read_only=True) as warehouse:
        rows = warehouse.fetch(
            "select identifier_value, person_id, status from identity.identifiers"
        )
    return Day({row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows})


def read_anchors(settings: Settings) -> dict[str, str]:
    with open_warehouse(settings, read_only=True) as warehouse:
        return dict(
            warehouse.fetch(
                "select identifier_value, anchored_person_id from identity.identifier_ledger"
            )
        )


def read_state(settings: Settings) -> dict[str, list[Row]]:
    with open_warehouse(settings, read_only=True) as warehouse:
        return {
            table: sorted(warehouse.fetch(f"select {columns} from {table}"), key=str)
            for table, columns in STATE.items()
        }


@pytest.fixture(
    scope="module",
    params=["duckdb", "postgres", pytest.param("spark_server", marks=pytest.mark.long)],
)
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("scenarios")
    settings = make_settings(folder)
    if request.param == "postgres":
        settings = empty_postgres(folder, request.getfixturevalue("postgres_socket"))
    if request.param == "spark_server":
        settings = empty_spark_server(folder, request.getfixturevalue("spark_server"))
    settings = own_project(settings, folder)
    found = Played()
    people: dict[str, dict[str, object]] = {}
    for day in range(1, DAYS + 1):
        write_day(settings, day, people)
        load(settings, as_of=datetime(2026, 1, day + 1))
        build(settings, day)
        found.days.append(read_day(settings))
    found.anchors = read_anchors(settings)
    with open_warehouse(settings, read_only=True) as warehouse:
        found.changes = warehouse.fetch(
            "select change_type, person_id, other_person_id, changed_at, effective_at "
            "from identity.id_changes"
        )
        found.history = warehouse.fetch(
            "select identifier_value, person_id, known_from, known_to from identity.person_history "
            "order by identifier_value, known_from"
        )
        found.mapping = dict(
            warehouse.fetch("select person_id, current_person_id from identity.id_mapping")
        )
        who_was, health = guide_queries()
        for known in ("2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05", "2026-01-06"):
            query = (
                who_was.replace("'email'", "'phone'")
                .replace("ana@example.org", value(SWAPPED, "p1"))
                .replace("2026-02-03 00:00:00", "2026-01-05 18:00:00")
                .replace("2026-03-05 00:00:00", f"{known} 18:00:00")
            )
            found.guide[known] = warehouse.fetch(query)
        found.guide["health"] = warehouse.fetch(health)
        found.active_pairs = warehouse.fetch(
            "select count(distinct left_value || ' ' || right_value) from identity.edges "
            "where status = 'active'"
        )[0][0]
    found.drawn = sum(draw(settings, folder / "pairs.csv", pairs=10_000).values())
    with (settings.project_dir / "seeds" / "blocked_identifiers.csv").open("a") as file:
        file.write(f"phone,^[+]{value(SWITCHBOARD, 'p1')[1:]}$,a switchboard\n")
    build(settings, DAYS + 1)
    found.blocked = read_day(settings)
    found.state = read_state(settings)
    build(settings, DAYS + 1, "--full-refresh")
    found.refreshed = read_state(settings)
    return found


def guide_queries() -> list[str]:
    """The SQL of the guide to identity."""
    text = (PROJECT_DIR / "docs" / "identity.md").read_text(encoding="utf-8")
    return re.findall(r"```sql\n(.*?)```", text, flags=re.DOTALL)


def groups(scenario: str, day: int) -> list[list[str]]:
    """The persons that are expected after a day, names of identifiers each."""
    text = SCENARIOS[scenario][day - 1][1]
    return [group.split() for group in text.split(" | ")] if text else []


def first_days(scenario: str, batches: Sequence[int] = range(1, DAYS + 1)) -> dict[str, int]:
    """The day on which each identifier was first loaded, where the last record of a day counts."""
    found: dict[str, int] = {}
    records: dict[str, list[str]] = {}
    for day, (changes, _) in enumerate(SCENARIOS[scenario], 1):
        for change in filter(None, changes.split("; ")):
            record, *names = change.split()
            if record.startswith("+"):
                records[record[1:]] = names
            elif record.startswith("-"):
                del records[record[1:]]
        if day in batches:
            for name in itertools.chain(*records.values()):
                found.setdefault(name, day)
    return found


def check_persons(
    scenario: str, anchors: dict[str, str], days: dict[int, Day], seen: dict[str, int]
) -> None:
    """After each day the persons are as expected, and named after who was loaded first."""
    for day, known in days.items():
        expected = groups(scenario, day)
        together = {name for group in expected for name in group}
        alone = [
            [name]
            for name in seen
            if name not in together and value(scenario, name) in known.owners
        ]
        persons = []
        for group in [*expected, *alone]:
            owners = {known.owners[value(scenario, name)] for name in group}
            oldest = min(
                group,
                key=lambda name: (
                    seen[name],
                    KINDS[name[0]][1],
                    KINDS[name[0]][0],
                    value(scenario, name),
                ),
            )
            assert owners == {anchors[value(scenario, oldest)]}, (day, group)
            persons.append(owners.pop())
        assert len(set(persons)) == len(persons), day


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(played: Played, scenario: str) -> None:
    days = dict(enumerate(played.days, 1))
    check_persons(scenario, played.anchors, days, first_days(scenario))


@pytest.mark.long
def test_two_batches_on_a_spark_server(spark_server_settings: Settings, tmp_path: Path) -> None:
    """Three days at once, and two: the same persons."""
    settings = own_project(spark_server_settings, tmp_path)
    batches = (3, 5)
    people: dict[str, dict[str, object]] = {}
    days = {}
    for day in range(1, DAYS + 1):
        write_day(settings, day, people)
        if day in batches:
            load(settings, as_of=datetime(2026, 1, day + 1))
            build(settings, day, select=["+identifiers", "+id_changes", "+person_history", "edges"])
            days[day] = read_day(settings)
    anchors = read_anchors(settings)
    for scenario in SCENARIOS:
        check_persons(scenario, anchors, days, first_days(scenario, batches))
    with open_warehouse(settings, read_only=True) as warehouse:
        merged = warehouse.fetch(
            "select person_id, other_person_id, effective_at from identity.id_changes "
            "where change_type = 'merged'"
        )
    one, other = (anchors[value("late merge", name)] for name in ("u1", "p1"))
    assert (one, other, datetime(2026, 1, 4, 12)) in merged
    # What a steward is shown, here as elsewhere.
    assert sum(draw(settings, tmp_path / "pairs.csv", pairs=10_000).values()) > 60
    e1, p1, p2 = (
        Identifier(KINDS[name[0]][0], value("chain", name)) for name in ("e1", "p1", "p2")
    )
    why = explain_pair(settings, str(e1), str(p2)).as_dict()
    assert why["is_one_person"] is True
    assert len(why["path"]) == 3
    at = datetime(2026, 1, 6)
    detach = new_decision("detach", p1, None, author="a", reason="b", at=at)
    result = preview(settings, [detach], [p1])
    assert result is not None
    after = result[1].after.persons
    assert after[p2] != after[p1] != after[e1] != after[p2]


def changes_of(played: Played, scenario: str, day: int) -> set[tuple[str, str, str | None, int]]:
    """What happened to a scenario's persons on a day, by the names of their anchors, since when."""
    names = {
        played.anchors[value(scenario, name)]: name
        for name in first_days(scenario)
        if value(scenario, name) in played.anchors
    }
    return {
        (kind, names[person], names.get(other), effective.day)
        for kind, person, other, at, effective in played.changes
        if person in names and at == datetime(2026, 1, day + 1)
    }


def test_changes_are_logged(played: Played) -> None:
    """A merge holds since its two were seen together, a split since what parts was first seen."""
    assert changes_of(played, "late merge", 1) == {
        ("created", "u1", None, 1),
        ("created", "p1", None, 1),
    }
    assert changes_of(played, "late merge", 4) == {("merged", "u1", "p1", 4)}
    assert changes_of(played, "fan-in", 5) == {("merged", "c1", "e3", 5)}
    assert changes_of(played, "long chain", 4) == {("merged", CHAIN[0], CHAIN[22], 4)}
    again = "re-merge of an absorbed person"
    assert changes_of(played, again, 3) == {("merged", "e1", "e2", 3)}
    assert changes_of(played, again, 4) == {("split", "e2", "e1", 2)}
    assert changes_of(played, again, 5) == {("merged", "e1", "e2", 5)}
    absorbed = played.anchors[value(again, "e2")]
    assert played.mapping[absorbed] == played.anchors[value(again, "e1")]


def test_swapped_identifiers_keep_their_history(played: Played) -> None:
    owners = [
        (owner, known_from.day)
        for name, owner, known_from, _ in played.history
        if name == value(SWAPPED, "p1")
    ]
    one, other = (played.anchors[value(SWAPPED, name)] for name in ("u1", "u2"))
    assert owners == [(one, 2), (other, 3), (one, 4), (other, 6)]


def test_the_guides_queries_answer(played: Played) -> None:
    """Who was this at a time, as known on a day: each day's knowledge, not today's."""
    assert len(guide_queries()) == 2
    one, other = (played.anchors[value(SWAPPED, name)] for name in ("u1", "u2"))
    known = {day: rows for day, rows in played.guide.items() if day != "health"}
    assert known == {
        "2026-01-02": [(one, "active")],
        "2026-01-03": [(other, "active")],
        "2026-01-04": [(one, "active")],
        "2026-01-05": [(one, "active")],
        "2026-01-06": [(other, "active")],
    }
    sizes = {
        label: n for measure, label, n in played.guide["health"] if measure == "persons_by_size"
    }
    assert sum(sizes.values()) == len(set(played.days[-1].owners.values()) - {None})


def test_an_audit_draws_every_pair_once(played: Played) -> None:
    assert played.drawn == played.active_pairs > 60


def test_what_was_demoted_joins_when_the_conflict_is_gone(played: Played) -> None:
    conflict = value("unique-id conflict", "p1")
    device = value("shared device", "c1")
    assert [day.status.get(conflict) for day in played.days[1:]] == [
        "active", "demoted", "demoted", "active",
    ]  # fmt: skip
    assert [day.status[device] for day in played.days] == [
        "active", "demoted", "demoted", "demoted", "active",
    ]  # fmt: skip


def test_what_a_rule_blocks_joins_no_more(played: Played) -> None:
    assert played.blocked is not None
    owners = {
        name: played.blocked.owners[value(SWITCHBOARD, name)] for name in first_days(SWITCHBOARD)
    }
    assert owners["p1"] is None
    assert owners["e2"] == owners["c1"] == played.anchors[value(SWITCHBOARD, "e2")]
    assert owners["e1"] == played.anchors[value(SWITCHBOARD, "e1")]
    last = played.days[-1].owners
    others = {
        value(scenario, name)
        for scenario in SCENARIOS
        if scenario != SWITCHBOARD
        for name in first_days(scenario)
    }
    assert {name: played.blocked.owners.get(name) for name in others} == {
        name: last.get(name) for name in others
    }


def test_a_full_refresh_finds_the_same(played: Played) -> None:
    assert played.refreshed == played.state
    assert len(played.state["identity.edges"]) > 60
