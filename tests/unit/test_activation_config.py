"""syncs.yml, capabilities, redaction and the row hash."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from sojourn.activation import Sync, SyncConfigError, load_syncs
from sojourn.activation.destinations import open_destination
from sojourn.activation.destinations.base import Batch, Capability, Outcome, require_capabilities
from sojourn.activation.plan import row_hash
from sojourn.activation.redaction import redact

from tests.conftest import PROJECT_DIR, make_settings


def load(tmp_path: Path, text: str, names: list[str] | None = None) -> list[Sync]:
    (tmp_path / "syncs.yml").write_text(text)
    return load_syncs(make_settings(tmp_path, syncs=tmp_path / "syncs.yml"), names)


SYNC = "- {name: crm, destination: webhook, model: people}"


def test_the_projects_own_syncs_are_valid() -> None:
    syncs = load_syncs(make_settings(PROJECT_DIR / "var"))
    assert [sync.name for sync in syncs] == ["webhook_audience_members"]
    assert (PROJECT_DIR / "models/activation/webhook" / f"{syncs[0].model}.sql").is_file()
    assert (PROJECT_DIR / "models/activation/webhook" / f"{syncs[0].suppressions}.sql").is_file()


def test_defaults(tmp_path: Path) -> None:
    (sync,) = load(tmp_path, f"syncs:\n{SYNC}")
    assert (sync.mode, sync.key, sync.batch_size) == ("mirror", "row_key", 500)
    settings = make_settings(tmp_path, schema_prefix="dev_")
    assert sync.relation(settings, sync.model) == ("dev_activation", "people")
    assert sync.relation(settings, "audiences.members") == ("dev_audiences", "members")
    assert load(tmp_path, "syncs: []") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must hold a list `syncs:`"),
        ("syncs: [", "not valid YAML"),
        ("syncs:\n- {name: crm, destination: webhook}", "sync 'crm': model: is missing; add it"),
        (
            "syncs:\n- {name: crm, destination: webhook, model: people, mode: mirrored}",
            "sync 'crm': mode: Input should be 'mirror', 'upsert' or 'send'",
        ),
        (
            "syncs:\n- {name: crm, destination: webhook, model: people, batchsize: 3}",
            "sync 'crm': batchsize: is not known here",
        ),
        ("syncs:\n- {name: My CRM, destination: x, model: y}", "lower-case letters"),
        (f"syncs:\n{SYNC}\n{SYNC}", "the name 'crm' occurs twice"),
        ("syncs:\n- just text", "sync number 1"),
        (
            "syncs:\n- {name: crm, destination: webhook, model: people, columns: [a, a]}",
            "names a column twice",
        ),
    ],
)
def test_mistakes_are_explained(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SyncConfigError) as caught:
        load(tmp_path, text)
    assert message in str(caught.value)


def test_unknown_names_are_explained(tmp_path: Path) -> None:
    with pytest.raises(SyncConfigError, match="no sync 'erp'; it has: crm"):
        load(tmp_path, f"syncs:\n{SYNC}", ["erp"])
    with pytest.raises(SyncConfigError, match=r"There is no absent\.yml"):
        load_syncs(make_settings(tmp_path, syncs=tmp_path / "absent.yml"))
    with pytest.raises(SyncConfigError, match="no destination 'fax'; use one of: webhook"):
        open_destination(Sync(name="crm", destination="fax", model="people"))


class Mailbox:
    name = "mailbox"
    capabilities: frozenset[Capability] = frozenset({"upsert", "send"})

    def send(self, batch: Batch) -> Outcome:
        raise NotImplementedError

    def close(self) -> None:
        pass


def test_a_lacking_capability_is_named() -> None:
    sync = Sync(name="crm", destination="mailbox", model="people", mode="mirror")
    with pytest.raises(
        SyncConfigError, match="'mailbox' cannot remove rows; use mode: upsert or send"
    ):
        require_capabilities(Mailbox(), sync)
    require_capabilities(Mailbox(), sync.model_copy(update={"mode": "upsert"}))


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("Zoë is on the list", ["zoë"], "[redacted] is on the list"),
        ("bad: a.b+c@example.co.uk!", [], "bad: [redacted]"),
        ("call +44 20 7946-0018 now", [], "call [redacted] now"),
        ("HTTP 429, row 17", [], "HTTP 429, row 17"),
        ("two\nlines\x00", [], "two lines"),
        ("field US too short", ["US", None, 5], "field US too short"),
        ("x " * 300, [], ("x " * 300)[:199] + "…"),
    ],
)
def test_redaction(text: str, values: list[object], expected: str) -> None:
    assert redact(text, values) == expected


def test_the_row_hash_tells_all_contents_apart() -> None:
    values = ["null", "''", "'-'", "'a'", "'a|b=1:c'", "'1:a'", "'A'"]
    rows = ", ".join(f"({left}, {right})" for left in values for right in values)
    relation = f"(values {rows}) as model(a, b)"
    count, hashes = duckdb.sql(
        f"select count(*), count(distinct {row_hash('duckdb', ['a', 'b'], 'model')}) "
        f"from {relation}"
    ).fetchall()[0]
    assert hashes == count == len(values) ** 2
    assert row_hash("duckdb", ["b", "a"], "model") == row_hash("duckdb", ["a", "b"], "model")
