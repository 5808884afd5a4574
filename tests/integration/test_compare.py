"""Comparisons with the truth, another id graph and another attribution table, and references."""

from __future__ import annotations

import csv
import json
import random
import stat
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from sojourn.cli import app
from sojourn.compare.attribution import REASONS, CreditColumns, compare_attribution, sheet
from sojourn.compare.attribution_evaluation import evaluate
from sojourn.compare.identity import IdColumns, compare_identity
from sojourn.compare.identity_evaluation import evaluate_identity
from sojourn.compare.theirs import CompareError, Theirs
from sojourn.compare.truth import EvaluationError
from sojourn.output import as_json
from sojourn.settings import Settings
from sojourn.warehouse import Warehouse, literal, open_warehouse
from typer.testing import CliRunner

DAY = datetime(2026, 1, 10)
TABLES = {
    "identity.identifiers": "identifier_type varchar, identifier_value varchar, person_id varchar, "
    "status varchar, status_reason varchar, tier bigint, observation_count bigint, "
    "first_seen_at timestamp, last_seen_at timestamp",
    "identity.identifier_components": "identifier_type varchar, identifier_value varchar, "
    "person_id varchar, cluster_id varchar",
    "identity.edges": "left_type varchar, left_value varchar, right_type varchar, "
    "right_value varchar, rule varchar, source varchar, status varchar, status_reason varchar, "
    "score double precision, first_record_id varchar, last_record_id varchar, "
    "observation_count bigint, first_seen_at timestamp, last_seen_at timestamp",
    "identity.match_people": "identifier_type varchar, identifier_value varchar",
    "identity.match_pairs": "left_type varchar, left_value varchar, right_type varchar, "
    "right_value varchar, score double precision, is_removed boolean",
    "identity.steward_rules": "rule_id varchar, action varchar, left_type varchar, "
    "left_value varchar, right_type varchar, right_value varchar, author varchar, "
    "reason varchar, recorded_at timestamp, revoked_at timestamp",
    "identity.identifier_ledger": "recorded_at timestamp",
    "events.events": "source varchar, event_id varchar, anonymous_id varchar, person_id varchar",
    "events.conversions": "conversion_id varchar, order_id varchar, person_id varchar, "
    "conversion_type varchar, revenue decimal(18, 2), converted_at timestamp",
    "events.touchpoints": "touchpoint_id varchar, person_id varchar, channel varchar, "
    "kind varchar, is_machine boolean, touched_at timestamp",
    "attribution.conversion_touches": "conversion_id varchar, touchpoint_id varchar",
    "attribution.creditable_kinds": "kind varchar, model varchar",
    "attribution.credits": "conversion_id varchar, touchpoint_id varchar, person_id varchar, "
    "conversion_type varchar, channel varchar, campaign varchar, model varchar, "
    "fit_version varchar, credit double precision, attributed_revenue decimal(18, 2)",
    "attribution.ad_spend": "channel varchar, campaign varchar, spend decimal(18, 2)",
    "attribution.channel_weights": "conversion_type varchar, model varchar, dimension varchar, "
    "value varchar, fit_version varchar, weight double precision, ci_low double precision, "
    "ci_high double precision",
    "theirs.graph": "identifier_type varchar, identifier_value varchar, person_id varchar",
    "theirs.credits": "conversion_id varchar, channel varchar, credit varchar",
}


def written(value: Any) -> str:
    if value is None or isinstance(value, str):
        return literal(value)
    if isinstance(value, datetime):
        return f"timestamp '{value}'"
    return str(value).lower()


def put(warehouse: Warehouse, **rows: Sequence[tuple[Any, ...]]) -> None:
    """Make all tables of a hand-made warehouse, and put rows into some."""
    for schema in dict.fromkeys(name.partition(".")[0] for name in TABLES):
        warehouse.execute(f"create schema {schema}")
    for name, columns in TABLES.items():
        warehouse.execute(f"create table {name} ({columns})")
        lines = [
            f"({', '.join(map(written, row))})" for row in rows.get(name.replace(".", "_"), ())
        ]
        if lines:
            warehouse.execute(f"insert into {name} values {', '.join(lines)}")


def pairs_of(groups: dict[Any, Any]) -> set[tuple[Any, Any]]:
    """Return the pairs of keys that one value holds together."""
    members = defaultdict(list)
    for one, group in groups.items():
        members[group].append(one)
    return {pair for ones in members.values() for pair in combinations(sorted(ones), 2)}


def test_pairs_and_groups_equal_brute_force(engine_settings: Settings) -> None:
    chance = random.Random(11)
    names = [f"u{number:03d}" for number in range(90)]
    ours = {name: f"p{chance.randrange(25)}" for name in names[:80]}
    theirs = {
        name: ours[name] if name in ours and chance.random() < 0.7 else f"p{chance.randrange(30)}"
        for name in names[10:]
    }
    with open_warehouse(engine_settings) as warehouse:
        put(
            warehouse,
            identity_identifiers=[
                ("user_id", name, person, "active", None, 1, 1, DAY, DAY)
                for name, person in ours.items()
            ],
            theirs_graph=[("user_id", name, group) for name, group in theirs.items()],
        )
    found = compare_identity(engine_settings, Theirs("theirs.graph"), limit=200)
    common = ours.keys() & theirs.keys()
    here = pairs_of({name: ours[name] for name in common})
    there = pairs_of({name: theirs[name] for name in common})
    assert found["pairs"] == {
        "both": len(here & there),
        "here": len(here),
        "there": len(there),
        "only_here": len(here - there),
        "only_there": len(there - here),
        "precision": len(here & there) / len(here),
        "recall": len(here & there) / len(there),
    }
    cells = {(theirs[name], ours[name]) for name in common}
    split = {group for group, _ in cells if sum(each == group for each, _ in cells) > 1}
    merged = {person for _, person in cells if sum(each == person for _, each in cells) > 1}
    assert found["groups"] == {
        "there": len({group for group, _ in cells}),
        "here": len({person for _, person in cells}),
        "same": sum(group not in split and person not in merged for group, person in cells),
        "split_here": len(split),
        "split_into": sum(group in split for group, _ in cells),
        "merged_here": sum(person in merged for _, person in cells),
        "merged_into": len(merged),
    }
    assert split
    assert merged
    parts = {
        key: sum(one["parts"] for one in found[key]) for key in ("joined_here", "joined_there")
    }
    assert parts == {
        "joined_here": found["groups"]["merged_here"] - len(merged),
        "joined_there": found["groups"]["split_into"] - len(split),
    }
    assert len(found["largest"]) == sum(parts.values())
    largest = [one["pairs"] for one in found["largest"]]
    assert largest == sorted(largest, reverse=True)
    one_type = compare_identity(
        engine_settings, Theirs("theirs.graph"), IdColumns(only_type="user_id"), limit=0
    )
    assert one_type["pairs"] == found["pairs"]
    assert found["only_here"] == [
        {"identifier_type": "user_id", "reason": "not in their graph", "identifiers": 10}
    ]


def test_identity_against_the_truth_equals_brute_force(
    engine_settings: Settings, tmp_path: Path
) -> None:
    """Rules join the parts of people, matching some of these; some have nothing to go by."""
    chance = random.Random(5)
    names = [f"u{number:03d}" for number in range(120)]
    truth = {name: f"P{chance.randrange(25)}" for name in names}
    alone = {name: f"{truth[name]}/{chance.randrange(3)}" for name in names}
    # Matching joins parts, one of four wrongly.
    parts = sorted(set(alone.values()))
    stated = {part for part in parts if chance.random() < 0.6}
    person = {part: part for part in parts}
    pairs = []
    for left, right in combinations(sorted(stated), 2):
        is_one = left.split("/")[0] == right.split("/")[0]
        if chance.random() < (0.7 if is_one else 0.004):
            person |= {part: person[left] for part in parts if person[part] == person[right]}
            pairs.append((left, right, is_one))
    ours = {name: person[alone[name]] for name in names}
    scored = [(pair, (0.95, 0.4)[place % 2]) for place, pair in enumerate(pairs)]
    members = {part: [name for name in names if alone[name] == part] for part in parts}

    def joined(name: str, other: str, source: str) -> tuple[Any, ...]:
        return ("user_id", name, "user_id", other, "r", source, "active", None, None, "1", "1", 1,
                DAY, DAY)  # fmt: skip

    edges = [
        joined(name, other, "crm") for its in members.values() for name, other in pairwise(its)
    ]
    edges += [joined(members[left][0], members[right][0], "matching") for left, right, _ in pairs]
    exports = tmp_path / "truth"
    exports.mkdir()
    shared = [("cookie", "family", each, "true") for each in ("P1", "P2")]
    with (exports / "identifiers.csv").open("w", newline="") as file:
        header = ("identifier_type", "identifier_value", "true_person_id", "is_shared")
        rows = [("user_id", name, its, "false") for name, its in truth.items()]
        csv.writer(file).writerows([header, *rows, *shared, ("user_id", "unseen", "P1", "false")])
    together = next(its for its in members.values() if len(its) > 1)
    mains: dict[str, Counter[str]] = defaultdict(Counter)
    for name in names:
        mains[ours[name]][truth[name]] += 1
    [clear, *_] = (
        its.most_common(1)[0][0] for its in mains.values() if len(its) == 1 and its.total() > 3
    )
    mine = next(
        ours[name] for name in names if truth[name] == clear and len(mains[ours[name]]) == 1
    )
    with (exports / "event_owners.csv").open("w", newline="") as file:
        header = ("source", "event_id", "true_person_id")
        owners = [("web", "1", clear), ("web", "2", "nobody"), ("web", "3", clear)]
        csv.writer(file).writerows([header, *owners, ("web", "4", clear)])
    with open_warehouse(engine_settings) as warehouse:
        put(
            warehouse,
            identity_identifiers=[
                ("user_id", name, its, "active", None, 1, 1, DAY, DAY) for name, its in ours.items()
            ],
            identity_edges=edges,
            identity_match_people=[("user_id", members[part][0]) for part in stated],
            identity_match_pairs=[
                ("user_id", members[left][0], "user_id", members[right][0], score, False)
                for (left, right, _), score in scored
            ]
            # A pair that is no more, and one that rules join anyway.
            + [("user_id", names[0], "user_id", names[1], 0.95, True)]
            + [("user_id", its[0], "user_id", its[1], 0.95, False) for its in [together]],
            events_events=[
                ("web", "1", "family", mine), ("web", "2", "family", mine),
                ("web", "3", "family", "the device"), ("web", "4", "own", mine),
            ],
        )  # fmt: skip
    found = evaluate_identity(engine_settings, tmp_path)
    true = pairs_of(truth)
    evident = {
        (left, right)
        for left, right in true
        if alone[left] == alone[right] or {alone[left], alone[right]} <= stated
    }
    assert found["identifiers"] == len(names)
    assert found["true_pairs"] == {"all": len(true), "with_evidence": len(evident)}
    for key, groups in (("deterministic", alone), ("all", ours)):
        here = pairs_of(groups)
        assert found["pairs"][key] == {
            "joined": len(here),
            "right": len(here & true),
            "precision": len(here & true) / len(here),
            "recall": len(here & true) / len(true),
            "recall_with_evidence": len(here & true) / len(evident),
        }
    assert 0 < found["pairs"]["all"]["precision"] < 1
    assert len(evident) < len(true)
    # A person stands where most of them do, and what is left stands with them, apart or elsewhere.
    places: Counter[str] = Counter()
    for name in names:
        claims = sorted(mains[ours[name]].items(), key=lambda claim: (-claim[1], claim[0]))
        parts = Counter(ours[each] for each in names if truth[each] == truth[name])
        main = min(parts, key=lambda part: (-parts[part], part))
        has_record = {
            part: any(
                alone[each] in stated
                for each in names
                if (truth[each], ours[each]) == (truth[name], part)
            )
            for part in (main, ours[name])
        }
        if claims[0][0] != truth[name]:
            places["with_another"] += 1
        elif main == ours[name]:
            places["with_person"] += 1
        else:
            places["apart" if all(has_record.values()) else "apart_without_evidence"] += 1
    assert len(places) == 4
    assert found["types"] == [{"identifier_type": "user_id", "identifiers": len(names), **places}]
    assert found["shared_events"] == {"events": 3, "right": 1, "wrong": 1, "device": 1}
    assert found["matching"] == [
        {
            "from": low,
            "pairs": sum(each == score for _, each in scored),
            "one_person": sum(pair[2] for pair, each in scored if each == score),
            "probability": pytest.approx(score),
        }
        for low, score in ((0.9, 0.95), (0.3, 0.4))
    ]
    (exports / "identifiers.csv").write_text(",".join(header) + "\n")
    with pytest.raises(CompareError, match=r"no column identifier_type.* is it the simulator's"):
        evaluate_identity(engine_settings, tmp_path)
    with open_warehouse(engine_settings) as warehouse:
        warehouse.execute("drop table identity.identifier_components")
    with pytest.raises(CompareError, match="Nothing is built yet"):
        evaluate_identity(engine_settings, tmp_path)
    with pytest.raises(EvaluationError, match="No truth at"):
        evaluate_identity(engine_settings, tmp_path / "elsewhere")


def edge(
    left: str, right: str, status: str = "active", reason: str | None = None, **values: Any
) -> tuple[Any, ...]:
    return (
        *left.split(":"), *right.split(":"), values.get("rule", "same_event"),
        values.get("source", "segment"), status, reason, 1, "r1", "r2", 2, DAY, DAY,
    )  # fmt: skip


# Each of their ids is a case; persons here are named after it.
OURS = {
    "user_id:kept1": "kept", "email:kept@x.org": "kept",
    "user_id:apart1": "apart1", "email:apart@x.org": "apart2",
    "user_id:limit1": "limit1", "phone:+4312345678": "limit2",
    "user_id:share1": "share1", "user_id:share2": "share2", "anonymous_id:kiosk": "kiosk",
    "user_id:block1": "block1", "user_id:block2": "block2", "email:info@x.org": None,
    "user_id:none1": "none1", "user_id:none2": "none2",
    "user_id:joined1": "joined", "email:joined@x.org": "joined",
    "user_id:via1": "via", "email:via@x.org": "via", "phone:+4398765432": "via",
    "match:m1": "via",
}  # fmt: skip
EDGES = [
    edge("user_id:kept1", "email:kept@x.org"),
    edge("user_id:limit1", "phone:+4312345678", "demoted", "would join persons that break a limit"),
    edge("user_id:share1", "anonymous_id:kiosk", "demoted", "touches too many persons"),
    edge("user_id:share2", "anonymous_id:kiosk", "demoted", "touches too many persons"),
    edge("user_id:block1", "email:info@x.org", "blocked", "role mailbox"),
    edge("user_id:block2", "email:info@x.org", "blocked", "role mailbox"),
    edge("user_id:joined1", "email:joined@x.org", source="shopify", rule="order"),
    edge("user_id:via1", "phone:+4398765432"),
    edge("phone:+4398765432", "email:via@x.org", source="hubspot", rule="contact"),
]
GRAPH = [
    ("user", "kept1", "kept"), ("email", "Kept@X.org ", "kept"),
    ("user", "apart1", "apart"), ("email", "apart@x.org", "apart"),
    ("user", "limit1", "limit"), ("phone", "0043 12345678", "limit"),
    ("user", "share1", "share"), ("user", "share2", "share"),
    ("user", "block1", "block"), ("user", "block2", "block"), ("email", "info@x.org", "block"),
    ("user", "none1", "none"), ("user", "none2", "none"),
    ("user", "joined1", "joined1"), ("email", "joined@x.org", "joined2"),
    ("user", "via1", "via1"), ("email", "via@x.org", "via2"),
    ("email", "new@x.org", "new"), ("email", "twice@x.org", "a"), ("email", "TWICE@x.org", "b"),
    ("idfa", "1-2", "new"), ("email", "nonsense", "new"), ("email", "lost@x.org", ""),
]  # fmt: skip


def test_every_difference_of_graphs_has_its_reason(
    engine_settings: Settings, tmp_path: Path
) -> None:
    standing = {
        "anonymous_id:kiosk": ("demoted", "touches too many persons"),
        "email:info@x.org": ("blocked", "role mailbox"),
    }
    tiers = {"user_id": 1, "email": 3, "phone": 4, "anonymous_id": 5, "match": 9}
    with open_warehouse(engine_settings) as warehouse:
        put(
            warehouse,
            identity_identifiers=[
                (*one.split(":"), person, *standing.get(one, ("active", None)),
                 tiers[one.split(":")[0]], 1, DAY, DAY)
                for one, person in OURS.items()
            ],
            identity_identifier_components=[
                (*one.split(":"), person, f"cluster {person}") for one, person in OURS.items()
            ],
            identity_edges=EDGES,
            identity_steward_rules=[
                ("s1", "never_link", "user_id", "apart1", "email", "apart@x.org", "Ann", "two",
                 DAY, None),
                ("s2", "never_link", "user_id", "none1", "user_id", "none2", "Ann", "two",
                 DAY, DAY + timedelta(1)),
            ],
            identity_identifier_ledger=[(DAY + timedelta(2),)],
            theirs_graph=GRAPH,
        )  # fmt: skip
    out = tmp_path / "differences.csv"
    found = compare_identity(
        engine_settings, Theirs("theirs.graph"), types={"user": "user_id"}, out=out
    )
    assert found["standardised"] == {
        "changed": {"email": 2, "phone": 1}, "unreadable": {"email": 1}, "incomplete": 1,
    }  # fmt: skip
    apart = {one["their_ids"][0]: one["reason"] for one in found["largest"][:20]
             if one["difference"] == "joined there, apart here"}  # fmt: skip
    assert apart == {
        "apart": "a steward keeps them apart",
        "limit": "would join persons that break a limit",
        "share": "share only a anonymous_id that is demoted (touches too many persons)",
        "block": "share only a email that is blocked (role mailbox)",
        "none": "nothing that was observed here joins them",
    }
    joined = {one["person_ids"][0]: one for one in found["largest"]
              if one["difference"] == "joined here, apart there"}  # fmt: skip
    assert joined["joined"]["reason"] == "shopify, order"
    assert joined["via"]["reason"] == "through identifiers that are not there"
    assert [step["right"] for step in joined["via"]["path"]] == ["phone:+43…32", "user_id:via1"]
    assert joined["via"]["weakest"]["left"] == "email:v…@x.org"
    assert {(one["identifier_type"], one["reason"]) for one in found["only_there"]} == {
        ("email", "blocked here: role mailbox"),
        ("email", "never seen here"),
        ("email", "stands under several ids there"),
        ("email", "cannot be read as email"),
        ("idfa", "no identifier of this type here"),
    }
    assert found["only_here"] == [
        {"identifier_type": "anonymous_id", "reason": "demoted here: touches too many persons",
         "identifiers": 1},
        {"identifier_type": "phone", "reason": "not in their graph", "identifiers": 1},
    ]  # fmt: skip
    told = as_json(found)
    assert "apart@x.org" not in told
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == found["written"] == 7 + 5 + 2
    assert {row["identifier_value"] for row in rows} >= {"apart@x.org", "nonsense", "kiosk"}
    with pytest.raises(CompareError, match="is there already"):
        compare_identity(
            engine_settings, Theirs("theirs.graph"), types={"user": "user_id"}, out=out
        )
    with open_warehouse(engine_settings) as warehouse:
        warehouse.execute("delete from theirs.graph where identifier_type <> 'idfa'")
    with pytest.raises(CompareError, match=r"There: idfa\. Here: anonymous_id, email"):
        compare_identity(engine_settings, Theirs("theirs.graph"))
    with pytest.raises(CompareError, match="None of the identifiers"):
        compare_identity(engine_settings, Theirs("theirs.graph"), types={"idfa": "user_id"})
    with pytest.raises(CompareError, match=r"has no column id\. It has identifier_type"):
        compare_identity(engine_settings, Theirs("theirs.graph"), IdColumns(id="id"))
    with pytest.raises(CompareError, match=r"no table theirs\.nothing"):
        compare_identity(engine_settings, Theirs("theirs.nothing"))
    broken = tmp_path / "graph.parquet"
    with pytest.raises(CompareError, match="There is no file"):
        compare_identity(engine_settings, Theirs(file=broken))
    broken.write_text("ana@example.org", encoding="utf-8")
    empty = tmp_path / "empty.csv"
    empty.touch()
    with pytest.raises(CompareError, match="is empty"):
        compare_identity(engine_settings, Theirs(file=empty))
    with pytest.raises(CompareError, match="cannot be read") as error:
        compare_identity(engine_settings, Theirs(file=broken))
    assert "ana@" not in str(error.value)


# Their credits, ours, the person's touches (channel, kind, days before, in our window), the reason.
CONVERSIONS: dict[str, tuple[dict[str, Any], dict[str, Any], list[tuple[Any, ...]], int | None]] = {
    "same": ({"paid search": 1}, {"Paid Search": 1}, [("Paid Search", "click", 1, True)], None),
    "sum": ({"Email": 0.5}, {"Email": 1}, [("Email", "click", 1, True)], 0),
    "name": ({"tiktok": 1}, {"Email": 1}, [("Email", "click", 1, True)], 1),
    "nobody": ({"Email": 1}, {"Unattributed": 1}, [], 2),
    "after": ({"Email": 1}, {"Unattributed": 1}, [("Email", "click", -1, False)], 3),
    "before": ({"Email": 1}, {"Unattributed": 1}, [("Email", "click", 40, False)], 4),
    "kind": ({"Display": 1}, {"Unattributed": 1}, [("Display", "view", 1, False)], 5),
    "unseen": ({"Email": 1}, {"Display": 1}, [("Display", "click", 1, True)], 6),
    "direct": ({"Direct": 1}, {"Email": 1}, [("Email", "click", 2, True)], 7),
    "rule": (
        {"Email": 1},
        {"Display": 1},
        [("Email", "click", 2, True), ("Display", "click", 1, True)],
        8,
    ),
    "lacking": ({"Unattributed": 1}, {"Email": 1}, [("Email", "click", 2, True)], 9),
    "shared": (
        {"Email": 0.5, "Display": 0.5},
        {"Email": 0.25, "Display": 0.75},
        [("Email", "click", 2, True), ("Display", "click", 1, True)],
        10,
    ),
    "only here": ({}, {"Unattributed": 1}, [], None),
}


def put_conversions(settings: Settings) -> None:
    touches, eligible = [], []
    for name, (_, _, seen, _) in CONVERSIONS.items():
        for place, (channel, kind, days, is_eligible) in enumerate(seen):
            touch = f"{name} {place}"
            touches.append((touch, f"p {name}", channel, kind, False, DAY - timedelta(days)))
            if is_eligible:
                eligible.append((f"order:{name}", touch))
    with open_warehouse(settings) as warehouse:
        put(
            warehouse,
            events_conversions=[
                (f"order:{name}", name, None if name == "nobody" else f"p {name}", "order", 100,
                 DAY)
                for name in CONVERSIONS
            ],
            events_touchpoints=touches,
            attribution_conversion_touches=eligible,
            attribution_creditable_kinds=[("click", "linear")],
            attribution_credits=[
                (f"order:{name}", channel, f"p {name}", "order", channel, None, "linear", None,
                 credit, 100 * credit)
                for name, (_, ours, _, _) in CONVERSIONS.items()
                for channel, credit in ours.items()
            ],
            theirs_credits=[
                (name, channel, str(credit / 2))
                for name, (theirs, _, _, _) in CONVERSIONS.items()
                for channel, credit in theirs.items()
                for _ in range(2)
            ] + [("unknown", "Email", "1")],
        )  # fmt: skip


def test_every_conversion_credited_otherwise_has_its_reason(
    engine_settings: Settings, tmp_path: Path
) -> None:
    put_conversions(engine_settings)
    theirs = Theirs("theirs.credits")
    found = compare_attribution(engine_settings, theirs, model="linear")
    different = {
        name: (there, here, reason)
        for name, (there, here, _, reason) in CONVERSIONS.items()
        if reason is not None
    }
    assert {
        example["conversion_id"]: one["reason"]
        for one in found["reasons"]
        for example in one["examples"]
    } == {f"order:{name}": REASONS[reason] for name, (_, _, reason) in different.items()}
    for one in found["reasons"]:
        (example,) = one["examples"]
        there, here, _ = different[example["conversion_id"].removeprefix("order:")]
        assert example["there"] == there
        assert example["here"] == here
        moved = 50 * sum(
            abs(there.get(name, 0) - here.get(name, 0)) for name in there.keys() | here.keys()
        )
        assert one["moves"] == pytest.approx(moved)
        assert one["unattributed_here"] == int("Unattributed" in here)
    assert found["conversions"] == {
        "there": 13, "here": 13, "both": 12, "same": 1, "different": 11, "only_there": 1,
        "only_here": 1, "only_here_unattributed": 1,
    }  # fmt: skip
    assert found["unmatched_channels"] == [{"channel": "tiktok", "credit": 1.0}]
    assert sum(one["their_credit"] for one in found["channels"]) == pytest.approx(11.5)
    assert sum(one["our_revenue"] for one in found["channels"]) == pytest.approx(1200)
    assert found["revenue"]["conversions_that_differ"] == 1
    mapped = compare_attribution(
        engine_settings, theirs, model="linear", channels={"tiktok": "Email"}
    )
    assert mapped["unmatched_channels"] == []
    assert mapped["conversions"]["same"] == 2

    with pytest.raises(CompareError, match=r"no model first\. There are: linear"):
        compare_attribution(engine_settings, theirs, model="first")
    with pytest.raises(CompareError, match="None of the conversions"):
        compare_attribution(
            engine_settings, theirs, CreditColumns(conversion="channel"), model="linear"
        )
    with pytest.raises(CompareError, match="credit or revenue is no number"):
        compare_attribution(
            engine_settings, theirs, CreditColumns(credit="channel"), model="linear"
        )
    for number, credit in enumerate(("nan", "inf", "")):
        file = tmp_path / f"credits_{number}.csv"
        file.write_text(f"conversion_id,channel,credit\nX,Email,{credit}\n", encoding="utf-8")
        with pytest.raises(CompareError, match="credit or revenue is no number"):
            compare_attribution(engine_settings, Theirs(file=file), model="linear")


def test_biases_equal_a_reference(engine_settings: Settings, tmp_path: Path) -> None:
    chance = random.Random(2)
    effects = {"Email": (4.0, 400.0, 2.0), "Display": (9.0, 800.0, 1.0), "SMS": (-1.0, -9.0, 1.0)}
    campaigns = {"news": (3.0, 300.0, 1.0), "banner": (9.0, 800.0, 1.0)}
    file = tmp_path / "channel_effects.csv"
    file.write_text(
        "channel,campaign,incremental_conversions,incremental_revenue,standard_error,"
        "shapley_conversions\n"
        + "".join(f"{one},,{a},{b},{c},{a}\n" for one, (a, b, c) in effects.items())
        + "".join(f"Email,{one},{a},{b},{c},\n" for one, (a, b, c) in campaigns.items())
        + "baseline,,50,5000,7,50\n",
        encoding="utf-8",
    )
    rows = []
    for number in range(40):
        for model in ("first", "fair"):
            for place in range(2):
                channel = chance.choice(["Email", "Display", "Direct"])
                campaign = {"Email": "news", "Display": "banner"}.get(channel)
                rows.append(
                    (f"o{number}", f"t{place}", f"p{number % 13}" if number % 5 else None, "order",
                     channel, campaign, model, "1" if model == "fair" else None, 0.5, 10 + number)
                )  # fmt: skip
    with open_warehouse(engine_settings) as warehouse:
        put(
            warehouse,
            attribution_credits=rows,
            attribution_ad_spend=[("Email", "news", 40), ("Display", "banner", 60),
                                  ("Podcast", "x", 900)],
            attribution_channel_weights=[
                ("order", "fair", "channel", "Email", "1", 0.25, 0.125, 0.5),
                ("order", "fair", "channel", "Email", "2", 0.75, 0.125, 0.5),
            ],
        )  # fmt: skip
    found = evaluate(engine_settings, file)
    assert {one["model"] for one in found["models"]} == {"first", "fair"}
    for one in found["models"]:
        credited = dict.fromkeys(effects, 0.0)
        of_persons: dict[tuple[str, str], float] = defaultdict(float)
        for order, _, person, _, channel, _, model, _, credit, _ in rows:
            if model == one["model"] and channel in effects:
                credited[channel] += credit
                of_persons[channel, person or order] += credit
        total, true_total = sum(credited.values()), 4.0 + 9.0
        wrong = 0.0
        for row in one["channel"]["values"]:
            name = row["channel"]
            true, revenue, error = effects[name]
            assert row["bias_conversions"] == pytest.approx(credited[name] - true)
            assert row["bias_revenue"] == pytest.approx(
                sum(r[9] for r in rows if r[6] == one["model"] and r[4] == name) - revenue
            )
            squares = sum(part**2 for (channel, _), part in of_persons.items() if channel == name)
            half = 1.96 * (error**2 + squares) ** 0.5
            assert row["bias_ci_high"] == pytest.approx(credited[name] - true + half)
            share = credited[name] / total - max(true, 0) / true_total
            assert row["bias_share"] == pytest.approx(share)
            wrong += abs(share) / 2
        assert one["channel"]["misplaced_share"] == pytest.approx(wrong)
        # Money goes to the two channels that have a truth and spend: 100 between Email and Display.
        by_credit = credited["Email"] / (credited["Email"] + credited["Display"])
        assert one["channel"]["budget"] == 100
        assert one["channel"]["misspent"] == pytest.approx(100 * abs(by_credit - 4 / 13))
        email = one["channel"]["values"][0]["fitted_weight"]
        wanted = {"weight": 0.25, "ci_low": 0.125, "ci_high": 0.5}
        assert email == (wanted if one["model"] == "fair" else None)
    first, second = (one["channel"]["misplaced_share"] for one in found["models"])
    assert first >= second
    assert found["misled_most"] == found["models"][0]["model"]
    with pytest.raises(EvaluationError, match="No conversion of the type lead"):
        evaluate(engine_settings, file, conversion_types=["lead"])
    # Orders under two types that have each once, and then one under both.
    with open_warehouse(engine_settings) as warehouse:
        warehouse.execute(
            "update attribution.credits set conversion_type = case when conversion_id < 'o4' "
            "then 'first_order' else 'repeat_order' end"
        )
        add = "insert into events.conversions (conversion_id, order_id, conversion_type) values "
        warehouse.execute(add + "('o1', 'o1', 'first_order'), ('o9', 'o9', 'repeat_order')")
    again = evaluate(engine_settings, file)
    assert again["conversion_types"] == ["first_order", "repeat_order"]
    assert again["conversions"] == found["conversions"]
    assert [one["channel"]["misplaced_share"] for one in again["models"]] == pytest.approx(
        [one["channel"]["misplaced_share"] for one in found["models"]]
    )
    alone = evaluate(engine_settings, file, conversion_types=["first_order"])
    assert 0 < alone["conversions"] < found["conversions"]
    with open_warehouse(engine_settings) as warehouse:
        warehouse.execute(add + "('x', 'o1', 'repeat_order')")
    with pytest.raises(EvaluationError, match="orders in common"):
        evaluate(engine_settings, file)
    file.write_text(file.read_text().replace("Email", "Radio").replace("Display", "TV"))
    with pytest.raises(EvaluationError, match=r"truth of another brand.*Radio, TV, SMS"):
        evaluate(engine_settings, file, conversion_types=["first_order"])


def sojourn(settings: Settings, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_models_of_the_demo_are_evaluated(
    demo_warehouse: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    picture = tmp_path / "models.svg"
    told = sojourn(
        demo_warehouse, monkeypatch, "evaluate", "attribution", "--picture", str(picture)
    )
    assert "From the model that misled most" in told
    assert "why it misled most" in told
    drawn = ElementTree.parse(picture).getroot()  # noqa: S314 -- our own file
    texts = [one.text for one in drawn.iter("{http://www.w3.org/2000/svg}text")]
    found = json.loads(sojourn(demo_warehouse, monkeypatch, "evaluate", "attribution", "--json"))
    assert len(found["models"]) == 14
    assert texts.count("Direct Mail") == 14
    assert found["channel_count"] == 7
    assert found["campaign_count"] == 13
    with open_warehouse(demo_warehouse, read_only=True) as warehouse:
        credited = dict(
            warehouse.fetch(
                "select channel, sum(credit) from attribution.credits "
                "where model = 'linear' and conversion_type = 'order' group by channel"
            )
        )
    assert demo_warehouse.exports is not None
    file = demo_warehouse.exports / "truth" / "channel_effects.csv"
    with file.open(encoding="utf-8") as lines:
        true = {
            row["channel"]: float(row["incremental_conversions"])
            for row in csv.DictReader(lines)
            if not row["campaign"] and row["channel"] != "baseline"
        }
    (linear,) = (one for one in found["models"] if one["model"] == "linear")
    assert {row["channel"]: row["bias_conversions"] for row in linear["channel"]["values"]} == {
        channel: pytest.approx(credited.get(channel, 0) - caused)
        for channel, caused in true.items()
    }
    # All sales are credited; what is not on these channels is on the others.
    assert linear["total_conversions"] == pytest.approx(found["conversions"])
    assert all(one["why"] for one in found["models"])


def test_the_demo_compared_with_its_truth_and_with_itself(
    demo_warehouse: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with open_warehouse(demo_warehouse, read_only=True) as warehouse:
        identifiers = warehouse.fetch(
            "select identifier_type, identifier_value, person_id from identity.identifiers "
            "where person_id is not null and identifier_type <> 'match'"
        )
        credits = warehouse.fetch(
            "select conversions.order_id, credits.channel, credits.credit, "
            "credits.attributed_revenue from attribution.credits as credits "
            "inner join events.conversions as conversions "
            "on credits.conversion_id = conversions.conversion_id "
            "where credits.model = 'linear' and credits.conversion_type = 'order'"
        )
    graph, attribution = tmp_path / "graph.csv", tmp_path / "credits.csv"
    for file, header, rows in (
        (graph, ("kind", "identifier", "canonical"), identifiers),
        (attribution, ("order_id", "channel", "credit", "revenue"), credits),
    ):
        with file.open("w", encoding="utf-8", newline="") as lines:
            csv.writer(lines).writerows([header, *rows])
    found = json.loads(
        sojourn(demo_warehouse, monkeypatch, "compare", "identity", "--file", str(graph),
                "--type-column", "kind", "--value-column", "identifier", "--id-column",
                "canonical", "--json")
    )  # fmt: skip
    assert found["identifiers"]["compared"] == len(identifiers)
    assert found["pairs"]["precision"] == found["pairs"]["recall"] == 1
    assert found["largest"] == found["only_there"] == []

    found = json.loads(
        sojourn(demo_warehouse, monkeypatch, "compare", "attribution", "--file", str(attribution),
                "--conversion-column", "order_id", "--revenue-column", "revenue",
                "--model", "linear", "--json")
    )  # fmt: skip
    assert found["conversions"]["same"] == found["conversions"]["here"] > 50
    assert found["reasons"] == found["unmatched_channels"] == []
    assert found["revenue"]["both_there"] == pytest.approx(found["revenue"]["here"])
    other = compare_attribution(
        demo_warehouse,
        Theirs(file=attribution),
        CreditColumns(conversion="order_id"),
        model="last_touch",
    )
    assert other["conversions"]["different"] > 0
    assert any(getattr(block, "text", "") == "For example" for block in sheet(other))

    # The simulator's truth is an id graph like another: precision is how often identity is right.
    assert demo_warehouse.exports is not None
    truth = compare_identity(
        demo_warehouse,
        Theirs(file=demo_warehouse.exports / "truth" / "identifiers.csv"),
        IdColumns(id="true_person_id"),
        limit=3,
    )
    assert truth["pairs"]["precision"] > 0.98
    assert len(truth["largest"]) == 3
    by_truth = json.loads(sojourn(demo_warehouse, monkeypatch, "evaluate", "identity", "--json"))
    assert by_truth["pairs"]["deterministic"]["precision"] > 0.99
    assert by_truth["pairs"]["all"]["recall_with_evidence"] > 0.9
    assert by_truth["shared_events"]["right"] > by_truth["shared_events"]["wrong"]
