"""Stewards' commands on a built brand: what they show, write and say, and what follows."""

from __future__ import annotations

import json
import multiprocessing
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sojourn.activation import activate
from sojourn.activation.receiver import Receiver
from sojourn.build import BuildError, build, run_dbt
from sojourn.cli import app
from sojourn.identity.decisions import DecisionError, DecisionFile, new_decision, revoked
from sojourn.identity.explain import explain_one, explain_pair
from sojourn.identity.identifier import Identifier
from sojourn.identity.preview import preview
from sojourn.identity.what_if import what_if
from sojourn.settings import Settings
from sojourn.sources import load
from sojourn.warehouse import open_warehouse
from typer.testing import CliRunner

from tests.conftest import PROJECT_DIR
from tests.integration.conftest import DAYS, day_end
from tests.integration.sameness import assert_same

AT = datetime(2026, 1, 10, 12)


def own_project(settings: Settings, folder: Path) -> Settings:
    """The same project with seeds that a test may write."""
    project = folder / "project"
    project.mkdir()
    for name in ("models", "macros", "dbt_project"):
        (project / name).symlink_to(PROJECT_DIR / name)
    (project / "tests").mkdir()
    (project / "tests" / "dbt").symlink_to(PROJECT_DIR / "tests" / "dbt")
    shutil.copytree(PROJECT_DIR / "seeds", project / "seeds")
    for file in ("dbt_project.yml", "profiles.yml", "sources.yml", "syncs.yml"):
        shutil.copy(PROJECT_DIR / file, project)
    return settings.model_copy(update={"project_dir": project})


@pytest.fixture
def brand(engine_settings: Settings, small_brand: Path, tmp_path: Path) -> Settings:
    """Ten days of the small brand, built at once."""
    settings = own_project(engine_settings, tmp_path).model_copy(update={"exports": small_brand})
    load(settings, as_of=day_end(DAYS))
    build(settings, as_of=day_end(DAYS), tests=False, quiet=True)
    return settings


@pytest.fixture
def received() -> Iterator[Receiver]:
    """What a destination was sent."""
    with Receiver() as receiver:
        yield receiver


def sojourn(settings: Settings, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    """Run the command line as a user would, and return what it prints."""
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def owners(settings: Settings) -> dict[Identifier, str | None]:
    with open_warehouse(settings, read_only=True) as warehouse:
        rows = warehouse.fetch(
            "select identifier_type, identifier_value, person_id from identity.identifiers"
        )
    return {Identifier(kind, value): person for kind, value, person in rows}


def persons_of(settings: Settings) -> dict[str, set[Identifier]]:
    persons = defaultdict(set)
    for one, person in owners(settings).items():
        if person is not None:
            persons[person].add(one)
    return dict(persons)


def busy_person(settings: Settings) -> tuple[Identifier, Identifier]:
    """A user id and a device of somebody who has orders, no e-mail between them."""
    with open_warehouse(settings, read_only=True) as warehouse:
        found = warehouse.fetch(
            "select users.identifier_value, devices.identifier_value "
            "from identity.identifiers as users inner join identity.identifiers as devices "
            "on users.person_id = devices.person_id "
            "where users.identifier_type = 'user_id' and devices.identifier_type = 'anonymous_id' "
            "and users.person_id in (select person_id from events.orders) "
            "order by users.identifier_value, devices.identifier_value limit 1"
        )
    return Identifier("user_id", found[0][0]), Identifier("anonymous_id", found[0][1])


def counted(settings: Settings) -> dict[str, Any]:
    """What hangs on persons: members, revenue by model and channel, rows to send."""
    revenue: dict[str, dict[str, float]] = defaultdict(dict)
    with open_warehouse(settings, read_only=True) as warehouse:
        members = warehouse.fetch("select audience, count(*) from audiences.members group by 1")
        rows = warehouse.fetch("select count(*) from activation.webhook__audience_members")
        for model, channel, amount in warehouse.fetch(
            "select model, channel, sum(attributed_revenue) from attribution.credits group by 1, 2"
        ):
            revenue[model][channel] = float(amount)
    return {"audiences": dict(members), "revenue": dict(revenue), "rows": rows[0][0]}


def acknowledged_member(settings: Settings, received: Receiver) -> tuple[str, str, str]:
    """A row's key, person and address; the destination must have just what it should."""
    with open_warehouse(settings, read_only=True) as warehouse:
        rows = warehouse.fetch(
            "select row_key, person_id, email from activation.webhook__audience_members "
            "where email is not null order by row_key"
        )
        wanted = warehouse.fetch("select row_key from activation.webhook__audience_members")
    assert received.state("webhook_audience_members").keys() == {key for (key,) in wanted}
    return rows[0]


def check_previews(brand: Settings) -> None:
    """Without a decision nothing moves, wherever the clusters are; a link joins what it says."""
    persons = sorted(persons_of(brand).items(), key=lambda person: (-len(person[1]), person[0]))
    for _, members in persons[:8]:
        result = preview(brand, [], [min(members)])
        assert result is not None
        assert result[1].moved == []
    one, other = (min(members) for _, members in persons[:2])
    if one.type == other.type == "user_id":
        one = max(persons[0][1])
    link = new_decision("link", one, other, author="a", reason="b", at=AT)
    result = preview(brand, [link], [one, other])
    assert result is not None
    detach = new_decision("detach", one, None, author="a", reason="b", at=AT)
    result = preview(brand, [detach], [one])
    assert result is not None
    after = result[1].after
    assert [its for its, person in after.persons.items() if person == after.persons[one]] == [one]


def test_decisions_hold_and_everything_downstream_follows(
    brand: Settings, received: Receiver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Preview, decide, build: persons are the preview's, and all equals a full refresh."""
    check_previews(brand)
    user, device = busy_person(brand)
    before = owners(brand)
    why = explain_pair(brand, str(user), str(device)).as_dict()
    assert why["is_one_person"] is True
    assert all(edge["status"] == "active" for edge in why["path"])
    who = ("--author", "Ann", "--reason", "a kiosk", "--as-of", AT.isoformat())

    # A preview writes nothing and hides what names somebody.
    seed = brand.project_dir / "seeds" / "steward_decisions.csv"
    text = seed.read_text()
    told = sojourn(brand, monkeypatch, "identity", "never-link", str(user), str(device), *who,
                   "--preview")  # fmt: skip
    assert seed.read_text() == text
    assert "Nothing was written." in told
    assert "would join what a steward keeps apart" in told
    assert device.value not in told

    # What if: the same on a copy, with all that follows, and nothing is touched.
    rules = tmp_path / "rules"
    rules.mkdir()
    shutil.copy(seed, rules)
    trial = DecisionFile(brand)
    trial.path = rules / seed.name
    trial.add(
        new_decision("never_link", user, device, author="Ann", reason="a kiosk", at=AT),
        ["user_id", "anonymous_id"],
    )
    facts = counted(brand)
    answer = what_if(brand, rules)
    assert counted(brand) == facts
    assert seed.read_text() == text
    assert not list(brand.path(brand.var_dir).glob("what_if_*"))
    with open_warehouse(brand, read_only=True) as warehouse:
        assert warehouse.schemas_with("identifiers", "what_if") == []
    assert answer["persons"]["split"] == 1
    assert answer["persons"]["merged"] == 0

    told = sojourn(brand, monkeypatch, "identity", "never-link", str(user), str(device), *who)
    rule = re.search(r"(s[0-9a-f]{11}) is written", told)
    assert rule
    assert "sojourn build" in told
    decisions = DecisionFile(brand).read()
    result = preview(brand, decisions, [user, device])
    assert result is not None
    expected = result[1].after
    assert expected.persons[user] != expected.persons[device]

    build(brand, as_of=day_end(DAYS), quiet=True)
    after = owners(brand)
    assert {one: after[one] for one in expected.persons} == expected.persons
    assert {one: after[one] for one in after if one not in expected.persons} == {
        one: before[one] for one in before if one not in expected.persons
    }
    assert answer["moved_identifiers"] == sum(after[one] != before[one] for one in before)
    assert answer["persons"]["after"] == len(set(after.values()) - {None})
    then = counted(brand)
    assert {one["audience"]: one["after"] for one in answer["audiences"]} == then["audiences"]
    for one in answer["attributed_revenue"]:
        was, now = facts["revenue"][one["model"]], then["revenue"][one["model"]]
        channels = {entry["channel"]: entry["after"] for entry in one["channels"]}
        assert channels == {
            channel: pytest.approx(now[channel])
            for channel in was.keys() | now.keys()
            if was.get(channel) != now.get(channel)
        }
        assert one["moved"] >= sum(abs(now.get(c, 0) - was.get(c, 0)) for c in channels) / 2 - 0.01
    sent = {one["sync"]: one for one in answer["sends"]}["webhook_audience_members"]
    assert sent["rows"] + sent["add"] - sent["remove"] == then["rows"]
    why = explain_pair(brand, str(user), str(device)).as_dict()
    assert why["is_one_person"] is False
    assert why["decisions"][0]["rule_id"] == rule[1]
    assert "would join what a steward keeps apart" in {
        one["reason"] for one in why["demotions"]
    } | {edge["status_reason"] for edge in why["path"]}
    told = sojourn(brand, monkeypatch, "explain", str(device))
    assert "Pairs that join nothing" in told
    assert "a kiosk" in told

    # Alarms of the graph's health: silent, and heard where their threshold is passed.
    alarms = "{identity_alarms: {person_identifiers: 1}}"
    with pytest.raises(BuildError, match="no_person_explodes"):
        run_dbt(brand, ["test", "--select", "no_person_explodes", "--vars", alarms], quiet=True)

    # Everything that was built on the persons equals a build from nothing.
    refreshed = brand
    if brand.target == "duckdb":
        # Views know the database by its file's name.
        copy = tmp_path / "copy" / "sojourn.duckdb"
        copy.parent.mkdir()
        for suffix in ("", ".wal"):
            original = Path(f"{brand.path(brand.duckdb_path)}{suffix}")
            if original.exists():
                shutil.copy(original, f"{copy}{suffix}")
        refreshed = brand.model_copy(update={"duckdb_path": copy})
        build(refreshed, as_of=day_end(DAYS), full_refresh=True, quiet=True, tests=False)
        assert_same(brand, refreshed)

    # The destination knows the persons of now, of whom one is about to lose an address.
    monkeypatch.setenv("SOJOURN_WEBHOOK_URL", received.url)
    activate(brand, as_of=day_end(DAYS))
    row_key, member, address = acknowledged_member(brand, received)
    sojourn(brand, monkeypatch, "identity", "detach", f"email:{address}", *who)

    # Taken back, everybody else is who they were.
    sojourn(brand, monkeypatch, "identity", "revoke", rule[1], "--author", "Bob", "--reason",
            "it was one", "--as-of", "2026-01-10T18:00:00")  # fmt: skip
    listed = json.loads(sojourn(brand, monkeypatch, "identity", "decisions", "--all", "--json"))
    [revoked_rule] = [one for one in listed if one["rule_id"] == rule[1]]
    assert revoked_rule["revoked_at"] == "2026-01-10 18:00:00"
    assert revoked_rule["reason"] == "a kiosk [revoked by Bob: it was one]"
    assert rule[1] not in sojourn(brand, monkeypatch, "identity", "decisions")
    build(brand, as_of=day_end(DAYS), quiet=True, tests=False)
    detached = Identifier("email", address)
    again = owners(brand)
    assert [one for one in again if again[one] == again[detached]] == [detached]
    others = {one for one, person in before.items() if person != before[detached]}
    assert {one: again[one] for one in others} == {one: before[one] for one in others}

    # What it had acknowledged of the address is taken back from the destination.
    assert received.state("webhook_audience_members")[row_key]["email"] == address
    sent_again = activate(brand, as_of=day_end(DAYS))
    assert all(sync.adds_up for sync in sent_again.syncs)
    kept = received.state("webhook_audience_members").values()
    assert (member, address) not in {(row["person_id"], row["email"]) for row in kept}
    acknowledged_member(brand, received)
    history = explain_one(brand, str(device), reveal=True).as_dict()
    assert {"merged", "split"} <= {change["change_type"] for change in history["changes"]}
    assert len([one for one in history["owners"] if one["identifier"] == str(device)]) >= 3


@pytest.fixture
def seeds(duckdb_settings: Settings, tmp_path: Path) -> Settings:
    """A project with seeds alone."""
    (tmp_path / "project").mkdir()
    shutil.copytree(PROJECT_DIR / "seeds", tmp_path / "project" / "seeds")
    return duckdb_settings.model_copy(update={"project_dir": tmp_path / "project"})


def test_the_file_keeps_its_header_its_order_and_its_lines(seeds: Settings) -> None:
    """Columns of the user's own, quotes and line ends stay; only what was decided is written."""
    path = seeds.project_dir / "seeds" / "steward_decisions.csv"
    header = (
        "rule_id,author,action,left_type,left_value,right_type,right_value,reason,recorded_at,"
        "revoked_at,ticket"
    )
    first = 'r1,"Ann",link,email,a@b.example,email,c@d.example,"same, says\nshe",2026-01-01,,T-1'
    path.write_bytes(f"{header}\r\n{first}".encode())
    file = DecisionFile(seeds)
    left, right = Identifier("email", "a@b.example"), Identifier("phone", "+436601111112")
    new = new_decision("never_link", left, right, author="Bob", reason='he said "no"', at=AT)
    file.add(new, ["email", "phone"])
    assert path.read_bytes().decode().startswith(f"{header}\r\n{first}")
    assert file.read()[1] == new
    with pytest.raises(DecisionError, match="says so already"):
        file.add(
            new_decision("never_link", right, left, author="B", reason="c", at=AT),
            ["email", "phone"],
        )
    with pytest.raises(DecisionError, match=r"says the opposite .* revoke"):
        file.add(
            new_decision("link", right, left, author="B", reason="c", at=AT), ["email", "phone"]
        )
    with pytest.raises(DecisionError, match="type loyalty is unknown"):
        file.add(
            new_decision("detach", Identifier("loyalty", "1"), None, author="B", reason="c", at=AT),
            ["email"],
        )
    file.revoke(revoked(file.read(), "r1", author="Cy", reason="wrong", at=AT))
    lines = path.read_bytes().decode().split("\r\n")
    assert lines[0] == header
    assert lines[1].endswith(",2026-01-01,2026-01-10 12:00:00,T-1")
    assert lines[2].startswith(f"{new.rule_id},Bob,never_link,")
    assert [one.is_in_force for one in file.read()] == [False, True]
    with pytest.raises(DecisionError, match="revoked at"):
        revoked(file.read(), "r1", author="Cy", reason="wrong", at=AT)
    with pytest.raises(DecisionError, match="No decision is called r9"):
        revoked(file.read(), "r9", author="Cy", reason="wrong", at=AT)
    with pytest.raises(DecisionError, match="--author and --reason"):
        new_decision("detach", left, None, author=" ", reason="x", at=AT)


def _add(settings: Settings, worker: int) -> None:
    for number in range(10):
        one = Identifier("email", f"p{worker}-{number}@b.example")
        new = new_decision("detach", one, None, author="a", reason="b", at=AT)
        DecisionFile(settings).add(new, ["email"])


def test_many_stewards_may_write_at_once(seeds: Settings) -> None:
    workers = [
        multiprocessing.get_context("spawn").Process(target=_add, args=(seeds, worker))
        for worker in range(3)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len({one.rule_id for one in DecisionFile(seeds).read()}) == 30
    assert not list((seeds.project_dir / "seeds").glob(".*"))


def test_a_decision_about_what_nobody_has_seen_is_asked_back(
    seeds: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = ("--author", "Ann", "--reason", "announced")
    with pytest.raises(DecisionError, match="check the spelling, or add --unseen"):
        sojourn(seeds, monkeypatch, "identity", "detach", "email:Ana@Shop.example.com", *who)
    told = sojourn(
        seeds, monkeypatch, "identity", "detach", "email:Ana@shop.example.com", *who, "--unseen"
    )
    assert "is written" in told
    assert DecisionFile(seeds).read()[0].left == Identifier("email", "ana@shop.example.com")
    with pytest.raises(ValueError, match="TYPE:VALUE"):
        sojourn(seeds, monkeypatch, "identity", "detach", "ana@shop.example.com", *who)
