"""The webhook destination and its receiver, without a warehouse."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sojourn.activation import (
    Batch,
    DestinationNotConfigured,
    Operation,
    Sync,
    SyncConfigError,
)
from sojourn.activation.destinations import open_destination
from sojourn.activation.destinations.webhook import (
    WebhookDestination,
    encode,
    read_answer,
    retry_after,
    secret_bytes,
    sign,
)
from sojourn.activation.receiver import Fault, Receiver


def make_sync(**options: Any) -> Sync:
    return Sync(
        name="people",
        destination="webhook",
        model="people",
        options={"attempts": 3, "timeout_seconds": 0.5, **options},
    )


def batch(request_id: str = "request-1", *keys: str, version: int = 1) -> Batch:
    return Batch(
        "people",
        request_id,
        tuple(
            Operation(key, "upsert", f"operation-{key}", version, {"email": f"{key}@example.org"})
            for key in keys or ("ann", "bob")
        ),
    )


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver(secret="secret") as receiver:
        yield receiver


@pytest.fixture
def sleeps() -> list[float]:
    return []


@pytest.fixture
def destination(receiver: Receiver, sleeps: list[float]) -> Iterator[WebhookDestination]:
    destination = WebhookDestination(
        make_sync(), url=receiver.url, secret="secret", sleep=sleeps.append
    )
    yield destination
    destination.close()


def test_a_batch_arrives(destination: WebhookDestination, receiver: Receiver) -> None:
    outcome = destination.send(batch())
    assert outcome.of("ann").status == "acknowledged"
    assert outcome.of("ann").external_id
    assert receiver.state("people") == {
        "ann": {"email": "ann@example.org"},
        "bob": {"email": "bob@example.org"},
    }


def test_the_same_request_has_one_effect(
    destination: WebhookDestination, receiver: Receiver
) -> None:
    receiver.faults.append(Fault("reject_half"))
    first = destination.send(batch())
    assert destination.send(batch()) == first
    assert first.of("bob").status == "rejected"
    assert receiver.memory.effects == 1


def test_one_key_cannot_stand_for_two_contents(destination: WebhookDestination) -> None:
    destination.send(batch("request-1", "ann"))
    outcome = destination.send(batch("request-1", "bob"))
    assert outcome.default.status == "rejected"
    assert "used for other content" in (outcome.default.reason or "")


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504])
def test_refused_for_now_is_tried_again(
    destination: WebhookDestination, receiver: Receiver, sleeps: list[float], status: int
) -> None:
    receiver.faults.extend([Fault("answer", status=status), Fault("answer", status=status)])
    assert destination.send(batch()).default.status == "acknowledged"
    assert len(sleeps) == 2
    receiver.faults.extend([Fault("answer", status=status)] * 3)
    outcome = destination.send(batch("request-2"))
    assert (outcome.default.status, outcome.default.reason) == ("failed", f"HTTP {status}")
    assert not outcome.stop


def test_retry_after_is_obeyed_within_the_bound(
    destination: WebhookDestination, receiver: Receiver, sleeps: list[float]
) -> None:
    receiver.faults.append(Fault("answer", status=503, retry_after=7))
    assert destination.send(batch()).default.status == "acknowledged"
    assert sleeps == [7]
    receiver.faults.append(Fault("answer", status=429, retry_after=600))
    outcome = destination.send(batch("request-2"))
    assert (outcome.default.status, outcome.stop, sleeps) == ("failed", True, [7])
    due = outcome.next_attempt_at
    assert due is not None
    assert abs(due - datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=10)).seconds < 60


@pytest.mark.parametrize("status", [301, 302, 401, 403, 404, 405, 410, 413, 415])
def test_a_refused_request_fails_and_stops(
    destination: WebhookDestination, receiver: Receiver, sleeps: list[float], status: int
) -> None:
    receiver.faults.append(Fault("answer", status=status))
    outcome = destination.send(batch())
    assert (outcome.default.status, outcome.stop, sleeps) == ("failed", True, [])
    assert str(status) in (outcome.default.reason or "")


@pytest.mark.parametrize("status", [400, 422, 451])
def test_other_4xx_reject(destination: WebhookDestination, receiver: Receiver, status: int) -> None:
    receiver.faults.append(Fault("answer", status=status, body=b'{"message": "not so"}'))
    outcome = destination.send(batch())
    assert outcome.default.status == "rejected"
    assert outcome.default.reason == f"HTTP {status}: not so"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault("time_out", seconds=1), "no answer in time"),
        (Fault("drop_answer"), "the answer was lost"),
        (Fault("drop_request"), "the answer was lost"),
    ],
)
def test_a_lost_answer_is_unknown(
    destination: WebhookDestination, receiver: Receiver, fault: Fault, reason: str
) -> None:
    receiver.faults.append(fault)
    outcome = destination.send(batch())
    assert outcome.default.status == "unknown"
    assert reason in (outcome.default.reason or "")
    assert destination.send(batch()).default.status == "acknowledged"
    assert receiver.memory.effects == 2


def test_no_connection_fails(
    destination: WebhookDestination, receiver: Receiver, sleeps: list[float]
) -> None:
    receiver.close()
    outcome = destination.send(batch())
    assert outcome.default.status == "failed"
    assert "no connection" in (outcome.default.reason or "")
    assert len(sleeps) == 2


def test_an_old_version_changes_nothing(
    destination: WebhookDestination, receiver: Receiver
) -> None:
    newer = Batch("people", "new", (Operation("ann", "upsert", "o2", 2, {"email": "new"}),))
    older = Batch("people", "old", (Operation("ann", "upsert", "o1", 1, {"email": "old"}),))
    removal = Batch("people", "removal", (Operation("ann", "remove", "o3", 3),))
    destination.send(newer)
    destination.send(older)
    assert receiver.state("people") == {"ann": {"email": "new"}}
    destination.send(removal)
    destination.send(Batch("people", "again", older.operations))
    assert receiver.state("people") == {}


def test_the_signature_is_that_of_standard_webhooks() -> None:
    expected = hmac.new(b"key", b'id.1700000000.{"a":1}', hashlib.sha256).digest()
    assert sign(b"key", "id", 1700000000, b'{"a":1}') == (
        "v1," + base64.b64encode(expected).decode()
    )
    assert secret_bytes("whsec_a2V5") == b"key"
    assert secret_bytes("key") == b"key"
    with pytest.raises(SyncConfigError, match="not base64"):
        secret_bytes("whsec_!")


def test_bodies_are_stable_and_not_escaped() -> None:
    operation = Operation("zoë", "upsert", "o", 1, {"b": None, "a": "é"})
    body = encode(Batch("people", "request", (operation,)))
    assert body == encode(Batch("people", "request", (operation,)))
    assert "zoë".encode() in body
    assert json.loads(body)["rows"] == [
        {
            "operation": "upsert",
            "key": "zoë",
            "operation_id": "o",
            "version": 1,
            "fields": {"a": "é", "b": None},
        }
    ]


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"", "", "acknowledged"),
        (b"ok", "text/plain", "acknowledged"),
        (b"<html>", "text/html", "acknowledged"),
        (b"{}", "application/json", "acknowledged"),
        (b'{"results": null}', "application/json", "acknowledged"),
        (b'{"results": []}', "application/json", "acknowledged"),
        (b'{"results": [{"key": "ann"}]}', "application/json", "acknowledged"),
        (b'{"results": [{"key": "ann", "status": "rejected"}]}', "", "rejected"),
        (b'{"results": [{"key": "ann", "status": "maybe"}]}', "", "unknown"),
        (b'{"results": [{"key": "eve"}]}', "application/json", "unknown"),
        (b'{"results": "all"}', "application/json", "unknown"),
        (b'{"results": [', "application/json", "unknown"),
    ],
)
def test_answers(content: bytes, content_type: str, status: str) -> None:
    assert read_answer(content, content_type, frozenset({"ann"})).of("ann").status == status


def test_retry_after_reads_seconds_and_dates() -> None:
    now = datetime(2026, 1, 5, tzinfo=UTC)
    assert retry_after("12", now) == 12
    assert retry_after("Mon, 05 Jan 2026 00:01:00 GMT", now) == 60
    assert retry_after("Mon, 05 Jan 2025 00:01:00 GMT", now) == 0
    assert retry_after("soon", now) is None
    assert retry_after("nan", now) is None
    assert retry_after("inf", now) is None
    assert retry_after(None, now) is None


@pytest.mark.parametrize(
    ("url", "options", "message"),
    [
        ("ftp://example.org", {}, "https://host/path"),
        ("example.org", {}, "https://host/path"),
        ("http://example.org", {}, "unencrypted"),
        ("https://example.org", {"timeout": 3}, "timeout: .*options of webhook are"),
        ("https://example.org", {"attempts": 0}, "attempts"),
    ],
)
def test_wrong_configuration_is_explained(url: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(SyncConfigError, match=message):
        WebhookDestination(make_sync(**options), url=url)


def test_http_is_for_this_machine_or_on_request() -> None:
    WebhookDestination(make_sync(), url="http://localhost:1/").close()
    WebhookDestination(make_sync(allow_http=True), url="http://crm.internal/").close()


def test_addresses_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOJOURN_CRM_URL", raising=False)
    monkeypatch.delenv("AIRFLOW_CTX_DAG_ID", raising=False)
    with pytest.raises(DestinationNotConfigured, match=r"SOJOURN_CRM_URL.*sojourn_crm"):
        open_destination(make_sync(connection="crm"))
    monkeypatch.setenv("SOJOURN_CRM_URL", "https://crm.example.org/hook")
    open_destination(make_sync(connection="crm")).close()
