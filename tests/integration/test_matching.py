"""Records without a common identifier are matched by a model that was learned without labels."""

from __future__ import annotations

import csv
import json
import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from hashlib import md5
from itertools import combinations, product
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from sojourn.build import BuildError, build, run_dbt
from sojourn.identity.decisions import DecisionFile, new_decision, revoked
from sojourn.identity.identifier import Identifier
from sojourn.identity.matching import (
    MatchingError,
    Model,
    keep,
    level_sql,
    m_and_u,
    matching_settings,
    sample,
    train,
)
from sojourn.settings import Settings
from sojourn.sources import load
from sojourn.warehouse import Row, open_warehouse, text_type

from tests.conftest import make_settings
from tests.integration.test_steward import own_project

MATCHED = ("+identifiers", "+edges", "match_reviews")
NOW = datetime(2026, 1, 2)


def test_real_records_with_typing_errors(tmp_path: Path, shared_data: Path) -> None:
    """Pairs of the same person by the file's own column `cluster`, which nothing here reads."""
    pytest.importorskip("splink")
    sources = tmp_path / "sources.yml"
    sources.write_text(
        f"root: {shared_data}\nsources:\n  - name: crm\n    connector: file\n"
        "    path: fake_1000/fake_1000.csv\n    entity: people\n"
        "    identifiers: {unique_id: crm_id}\n"
        "    columns: {unique_id: id, surname: last_name, dob: birth_date}\n"
    )
    settings = make_settings(tmp_path / "var", sources=sources)
    load(settings, as_of=NOW)
    build(settings, as_of=NOW, select=("+match_people",), tests=False, quiet=True)
    model = train(settings, NOW)
    assert {comparison for comparison, *_ in model.levels} == {
        *("first_name", "last_name", "birth_date", "city", "email")
    }
    with pytest.raises(MatchingError, match="later --as-of"):
        train(settings, NOW)
    build(settings, as_of=NOW, select=MATCHED, tests=False, quiet=True)
    persons = defaultdict(list)
    with open_warehouse(settings) as warehouse:
        for record, person in warehouse.fetch(
            "select identifier_value, person_id from identity.identifiers "
            "where identifier_type = 'crm_id'"
        ):
            persons[person].append(record)
    with (shared_data / "fake_1000" / "fake_1000.csv").open(encoding="utf-8") as file:
        truth = {row["unique_id"]: row["cluster"] for row in csv.DictReader(file)}
    joined = [pair for records in persons.values() for pair in combinations(records, 2)]
    right = sum(truth[left] == truth[right] for left, right in joined)
    wanted = sum(math.comb(size, 2) for size in Counter(truth.values()).values())
    print(f"precision {right / len(joined):.4f}, recall {right / wanted:.4f}")
    assert 2 * right / (len(joined) + wanted) >= 0.94


COLUMNS = ("first_name", "last_name", "birth_date", "city", "postal_code", "email", "phone")
FIRST = ("Anna", "Ana", "Anne", "Jose", "José", "Bob", "Rob", "李")
LAST = ("Kelley", "Kelly", "Müller", "Muller", "Moller", "Ng", "O'Neil")
DAYS = ("1971-06-24", "1971-05-24", "1980-01-01", "1980-01-02")
CITIES = ("London", "Lonon", "Hull", "York")

EMAILS = (
    *("kelly@a.example", "kelly@b.example", "kely@a.example", "kelly7@a.example"),
    *("kelly71@a.example", "kelly72@a.example", "kely71@a.example", "m.kelley_71@b2.example"),
)

Record = dict[str, str | None]


def draw_record(chance: random.Random) -> Record:
    def one_of(values: tuple[str, ...], missing: float = 0.2) -> str | None:
        return None if chance.random() < missing else chance.choice(values)

    first, last = one_of(FIRST), one_of(LAST)
    return {
        "first_name": first,
        "last_name": last,
        "birth_date": one_of(DAYS),
        "city": one_of(CITIES),
        "postal_code": one_of(("SW1 1AA", "sw11aa", "SW1 1AB"), 0.5),
        "email": one_of(EMAILS, 0.6),
        "phone": one_of(("+4930123456", "+4930123457"), 0.6),
    }


def edits(left: str, right: str) -> float:
    """The Levenshtein distance, by its definition; none is small between texts beyond ASCII."""
    if not (left + right).isascii():
        return math.inf
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        above, row = row, [i]
        for j, b in enumerate(right, 1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b)))
    return row[-1]


def compared(record: Record) -> Record:
    """The values as they are compared."""
    plain = str.maketrans("éü", "eu")
    names = {
        column: value.lower().translate(plain) if (value := record[column]) else None
        for column in ("first_name", "last_name", "city")
    }
    code = record["postal_code"]
    return {**record, **names, "postal_code": code and code.lower().replace(" ", "")}


def is_level(level: str, left: str, right: str) -> bool:
    if level.startswith("exact"):
        return left == right
    if level == "same user":
        return left.split("@")[0] == right.split("@")[0]
    if level == "same number":
        one, other = (re.sub("[^0-9]", "", each.split("@")[0]) for each in (left, right))
        return len(one) >= 2 and one == other
    kind, most = level.split()
    has_equal_digits = re.sub("[^0-9]", "", left) == re.sub("[^0-9]", "", right)
    return edits(left, right) <= int(most) and (kind == "levenshtein" or has_equal_digits)


def test_training_sees_levels_as_they_are_defined() -> None:
    levels = ("same user", "same number", "letters 2", "letters 4", "levenshtein 2")
    pairs = pa.Table.from_pylist(
        [{"email_l": left, "email_r": right} for left, right in product(EMAILS, EMAILS)]
    )
    with duckdb.connect() as connection:
        connection.register("pairs", pairs)
        for level in levels:
            found = connection.execute(
                f"select email_l, email_r, {level_sql(level, 'email')} from pairs"
            ).fetchall()
            assert {(left, right): is_so for left, right, is_so in found} == {
                (left, right): is_level(level, left, right)
                for left, right in product(EMAILS, EMAILS)
            }
    with pytest.raises(MatchingError, match="the level 'letters 5'"):
        level_sql("letters 5", "email")


@pytest.mark.parametrize(
    ("m", "u", "bits"),
    [
        (0.5, 0.25, 1.0),
        (None, None, 0.0),
        (1e-8, None, 0.0),
        (0.5, 0.0, math.log2(0.5 / 1e-6)),
        (None, 0.5, math.log2(1e-6 / 0.5)),
    ],
)
def test_what_no_record_showed_says_nothing(m: float | None, u: float | None, bits: float) -> None:
    """Of a million pairs; what only one person's or only two persons' records showed does."""
    level = {"m_probability": m, "u_probability": u}
    found_m, found_u = m_and_u(level, 1_000_000)
    assert math.log2(found_m / found_u) == pytest.approx(bits)


def reference(
    records: dict[str, Record], model: Model, matching: dict[str, Any]
) -> dict[tuple[str, str], float]:
    """The probability of every pair that agrees in a block that is not too large."""
    values = {key: compared(record) for key, record in records.items()}
    for value in values.values():
        value["email_user"] = value["email"] and value["email"].split("@")[0]
    known = {
        key for key in values if sum(values[key][column] is not None for column in COLUMNS) > 1
    }
    blocks = defaultdict(list)
    for rule in matching["blocking"]:
        for key in known:
            block = tuple(values[key][column] for column in rule)
            if None not in block:
                blocks[tuple(rule), block].append(key)
    candidates = {
        tuple(sorted(pair))
        for members in blocks.values()
        if len(members) <= matching["largest_block"]
        for pair in combinations(members, 2)
    }
    weights = {(column, level): math.log2(m / u) for column, level, m, u in model.levels}
    found = {}
    for left, right in candidates:
        weight = model.prior
        for column, levels in matching["comparisons"].items():
            a, b = values[left][column], values[right][column]
            if a is None or b is None:
                continue
            level = next((level for level in levels if is_level(level, a, b)), "else")
            weight += weights[column, level]
            if level == "exact weighted":
                u = next(u for c, name, _, u in model.levels if (c, name) == (column, level))
                frequency = model.frequencies[column].get(a, model.rarest[column])
                weight += math.log2(u / frequency)
        found[left, right] = 1 / (1 + 2**-weight)
    return {pair: score for pair, score in found.items() if score >= matching["review_at"]}


def some_model(matching: dict[str, Any]) -> Model:
    """Weights that nobody learned: each level says two bits less than the one before."""
    levels = [
        (column, level, 0.5 / 2**n, 0.5 / 2 ** (n + weight))
        for column, weight in zip(COLUMNS, (5, 6, 7, 3, 5, 9, 9), strict=True)
        for n, (level, weight) in enumerate(
            (level, weight - 2 * place)
            for place, level in enumerate([*matching["comparisons"][column], "else"])
        )
    ]
    names = ("first_name", "last_name", "city")
    common = {"first_name": {"anna": 0.1}, "last_name": {"kelly": 0.05}, "city": {"london": 0.4}}
    return Model("2026-01-01", 0, -9.0, levels, common, dict.fromkeys(names, 0.01))


def write(settings: Settings, records: dict[str, Record]) -> None:
    rows = [{"id": key, **record, "seen": datetime(2026, 1, 1)} for key, record in records.items()]
    with open_warehouse(settings) as warehouse:
        warehouse.execute("truncate table shop.people")
        warehouse.append("shop", "people", pa.Table.from_pylist(rows))


def fetch(settings: Settings, sql: str) -> list[Row]:
    with open_warehouse(settings) as warehouse:
        return warehouse.fetch(sql)


def build_at(settings: Settings, as_of: datetime) -> None:
    build(settings, as_of=as_of, select=MATCHED, tests=False, quiet=True)


def persons_of(settings: Settings) -> dict[str, str]:
    return dict(
        fetch(
            settings,
            "select identifier_value, person_id from identity.identifiers "
            "where identifier_type = 'crm_id'",
        )
    )


def hashed(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


Pair = tuple[str, ...]


def reviews(settings: Settings) -> set[Pair]:
    rows = fetch(settings, "select left_value, right_value from identity.match_reviews")
    return {tuple(sorted(row)) for row in rows}


def doubtful(pairs: Iterable[Pair], joined: set[Pair], persons: dict[str, str]) -> set[Pair]:
    """What must wait for somebody, unless it is decided: neither joined nor one person anyhow."""
    return {pair for pair in pairs if pair not in joined and len({persons[x] for x in pair}) > 1}


def test_every_engine_scores_as_defined_and_follows_changes(
    every_engine_settings: Settings, tmp_path: Path
) -> None:
    sources = tmp_path / "sources.yml"
    mapped = ", ".join(f"{column}: {column}" for column in COLUMNS)
    sources.write_text(
        "sources:\n  - name: crm\n    connector: table\n    relation: shop.people\n"
        "    entity: people\n    identifiers: {id: crm_id}\n"
        f"    columns: {{id: id, updated_at: seen, {mapped}}}\n"
    )
    settings = own_project(every_engine_settings, tmp_path).model_copy(update={"sources": sources})
    with (settings.project_dir / "seeds" / "identifier_types.csv").open("a") as file:
        file.write("crm_id,2,,,,false,\n")
    matching = matching_settings(settings)
    model = some_model(matching)
    with open_warehouse(settings) as warehouse:
        for schema in ("shop", "identity"):
            warehouse.execute(f"create schema {schema}")
        text = text_type(warehouse.dialect)
        texts = ", ".join(f"{column} {text}" for column in ("id", *COLUMNS))
        warehouse.execute(f"create table shop.people ({texts}, seen timestamp)")
        keep(warehouse, "identity", model)
        later = replace(model, version="2026-02-01", prior=9.0)
        keep(warehouse, "identity", later)  # of a later time than the builds: it does not count yet
    chance = random.Random(7)
    records = {f"p{n:03}": draw_record(chance) for n in range(150)}
    for day in (2, 3):
        write(settings, records)
        load(settings, as_of=datetime(2026, 1, day))
        build_at(settings, datetime(2026, 1, day))
        wanted = reference(records, model, matching)
        assert 50 < len(wanted) < 3000
        found = {
            tuple(sorted((left, right))): score
            for left, right, score in fetch(
                settings,
                "select left_value, right_value, score from identity.match_pairs "
                "where not is_removed",
            )
        }
        assert found == pytest.approx(wanted, rel=1e-9)
        link = matching["link_at"]
        joined = {pair for pair, score in wanted.items() if score >= link}
        edges = fetch(
            settings,
            "select left_value, score from identity.edges where source = 'matching' order by 2",
        )
        assert sorted(score for _, score in edges) == pytest.approx(
            sorted(wanted[pair] for pair in joined for _ in pair)
        )
        persons = persons_of(settings)
        assert all(persons[left] == persons[right] for left, right in joined)
        waiting = reviews(settings)
        assert waiting == doubtful(wanted, joined, persons)
        with open_warehouse(settings) as warehouse:
            drawn = sample(warehouse, "identity", 20).column("record_key").to_pylist()
            known = warehouse.fetch("select record_key from identity.match_people")
        assert drawn == sorted((key for (key,) in known), key=lambda key: hashed(f"1 {key}"))[:20]
        # The next day some are changed, some are gone, and some are new.
        for n in range(0, 150, 10):
            records[f"p{n:03}"] = draw_record(chance)
            del records[f"p{n + day:03}"]
            records[f"q{n:03}"] = draw_record(chance)
    # What a steward has decided leaves the queue, and stays out of it.
    linked = min(waiting)
    apart = next(pair for pair in sorted(waiting) if not set(pair) & set(linked))
    file = DecisionFile(settings)
    for action, (left, right) in (("link", linked), ("never_link", apart)):
        one, other = Identifier("crm_id", left), Identifier("crm_id", right)
        said = new_decision(action, one, other, author="a", reason="b", at=datetime(2026, 1, 3))
        file.add(said, ["crm_id"])
    for hour in (1, 2):
        build_at(settings, datetime(2026, 1, 3, hour))
        persons = persons_of(settings)
        assert persons[linked[0]] == persons[linked[1]]
        assert persons[apart[0]] != persons[apart[1]]
        assert reviews(settings) == doubtful(wanted, joined, persons) - {apart}
    file.revoke(
        revoked(file.read(), said.rule_id, author="a", reason="b", at=datetime(2026, 1, 3, 3))
    )
    build_at(settings, datetime(2026, 1, 3, 4))
    assert reviews(settings) == doubtful(wanted, joined, persons_of(settings)) >= {apart}

    if settings.target == "duckdb":
        # Of a source that has nobody twice, no two records are one person's.
        variables = {"matching": {**matching, "duplicate_free": ["crm"]}}
        names = ["match_blocks", "match_pairs"]
        run_dbt(
            settings,
            ["run", "--select", *names, "--vars", json.dumps(variables)],
            as_of=datetime(2026, 1, 3),
            quiet=True,
        )
        pairs = fetch(settings, "select count(*) from identity.match_pairs where not is_removed")
        assert pairs == [(0,)]
        # A model that was trained for other levels says nothing of these.
        comparisons = {**matching["comparisons"], "email": ["letters 1"]}
        variables = {"matching": {**matching, "comparisons": comparisons}}
        with pytest.raises(BuildError, match="does not know the level 'letters 1' of email"):
            run_dbt(
                settings,
                ["run", "--select", "match_pairs", "--vars", json.dumps(variables)],
                as_of=datetime(2026, 1, 3),
                quiet=True,
            )
