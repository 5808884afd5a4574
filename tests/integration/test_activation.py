"""Activation against a real receiver over HTTP, on both engines."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sojourn.activation import ActivationError, ActivationResult, SyncResult, activate
from sojourn.activation.receiver import Fault, Receiver
from sojourn.settings import Settings
from sojourn.warehouse import open_warehouse

from tests.integration.activation_tables import (
    AS_OF,
    broken_sums,
    contacts_sync,
    create_activation_tables,
    people,
    put_contacts,
    write_syncs,
)

SECRET = "a secret of the test"


@pytest.fixture
def receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with Receiver(tmp_path / "received.jsonl", secret=SECRET) as receiver:
        monkeypatch.setenv("SOJOURN_WEBHOOK_URL", receiver.url)
        monkeypatch.setenv("SOJOURN_WEBHOOK_SECRET", SECRET)
        yield receiver


@pytest.fixture
def settings(engine_settings: Settings) -> Settings:
    create_activation_tables(engine_settings)
    return write_syncs(engine_settings, contacts_sync())


def run(settings: Settings, **values: Any) -> SyncResult:
    """Activate, check that everything adds up, and return the one sync's result."""
    result = activate(settings, as_of=AS_OF, **values)
    assert all(sync.adds_up for sync in result.syncs)
    with open_warehouse(settings) as warehouse:
        assert broken_sums(warehouse) == []
    return result.syncs[0]


def fetch(settings: Settings, sql: str) -> list[tuple[Any, ...]]:
    with open_warehouse(settings) as warehouse:
        return warehouse.fetch(sql)


def test_the_difference_is_sent_and_nothing_else(settings: Settings, receiver: Receiver) -> None:
    put_contacts(settings, people(*range(10)))
    first = run(settings)
    assert (first.status, first.planned, first.acknowledged) == ("succeeded", 10, 10)
    assert first.operations == {"add": 10}
    assert receiver.state("contacts") == people(*range(10))

    again = run(settings)
    assert (again.status, again.planned, again.unchanged) == ("succeeded", 0, 10)
    assert len(receiver.requests) == 3  # batches of 4, 4 and 2, all from the first run

    wanted = people(*range(2, 10)) | people(5, score=None) | people(20, 21)
    put_contacts(settings, wanted)
    third = run(settings)
    assert third.operations == {"add": 2, "change": 1, "remove": 2}
    assert third.unchanged == 7
    assert receiver.state("contacts") == wanted


def test_a_change_to_and_from_null_is_a_change(settings: Settings, receiver: Receiver) -> None:
    for score in (1, None, 1, None):
        put_contacts(settings, people(1, score=score))
        assert run(settings).planned == 1
        assert receiver.state("contacts")["p001"]["score"] == score


def test_content_that_returns_is_sent_again(settings: Settings, receiver: Receiver) -> None:
    """Idempotency keys tell a repetition from a return to earlier content."""
    for score in (1, 2, 1):
        put_contacts(settings, people(1, 2, score=score))
        assert run(settings).acknowledged == 2
        assert receiver.state("contacts") == people(1, 2, score=score)
    assert len({request["request_id"] for request in receiver.requests}) == 3


def test_the_log_tells_what_was_planned_and_what_became_of_it(
    settings: Settings, receiver: Receiver
) -> None:
    put_contacts(settings, people(1, 2))
    before = datetime.now(UTC).replace(tzinfo=None)
    result = run(settings)
    rows = fetch(
        settings,
        "select run_id, row_key, operation, status, recorded_at, attempted_at, external_id "
        "from activation.sync_log order by row_key, status",
    )
    assert [row[:5] for row in rows] == [
        (result.run_id, key, "add", status, AS_OF)
        for key in ("p001", "p002")
        for status in ("acknowledged", "planned")
    ]
    assert all(before <= attempted for *_, status, _, attempted, _ in rows if status != "planned")
    assert rows[0][6]
    state = fetch(
        settings,
        "select status, attempts, is_uncertain, next_attempt_at, acknowledged_at is not null, "
        "external_id is not null from activation.sync_state",
    )
    assert state == [("acknowledged", 0, False, None, True, True)] * 2
    runs = fetch(
        settings,
        "select sync, status, planned, acknowledged, unchanged, finished_at >= started_at "
        "from activation.sync_runs",
    )
    assert runs == [("contacts", "succeeded", 2, 2, 0, True)]


def test_half_a_batch_rejected(settings: Settings, receiver: Receiver) -> None:
    put_contacts(settings, people(1, 2, 3, 4))
    receiver.faults.append(Fault("reject_half"))
    result = run(settings)
    assert (result.status, result.acknowledged, result.rejected) == ("partial", 2, 2)
    assert len(receiver.state("contacts")) == 2

    again = run(settings)
    assert (again.planned, again.unchanged, again.still_rejected) == (0, 2, 2)

    put_contacts(settings, people(1, 2, 3, 4, score=5))
    assert run(settings).acknowledged == 4
    assert receiver.state("contacts") == people(1, 2, 3, 4, score=5)


def test_rejected_rows_can_be_sent_in_each_run(settings: Settings, receiver: Receiver) -> None:
    settings = write_syncs(settings, contacts_sync(rejected="retry_always"))
    put_contacts(settings, people(1, 2))
    receiver.faults.append(Fault("reject"))
    assert run(settings).rejected == 2
    assert run(settings).acknowledged == 2
    assert receiver.state("contacts") == people(1, 2)


def test_a_rejected_removal_is_tried_again(settings: Settings, receiver: Receiver) -> None:
    put_contacts(settings, people(1, 2))
    run(settings)
    put_contacts(settings, people(2))
    receiver.faults.append(Fault("reject"))
    assert run(settings).rejected == 1
    assert run(settings).acknowledged == 1
    assert receiver.state("contacts") == people(2)
    assert fetch(settings, "select row_key from activation.sync_state") == [("p002",)]


@pytest.mark.parametrize("kind", ["time_out", "drop_answer", "drop_request"])
def test_a_lost_answer_is_unknown_and_repeated_under_its_key(
    settings: Settings, receiver: Receiver, kind: Any
) -> None:
    settings = write_syncs(settings, contacts_sync(options={"timeout_seconds": 0.3}))
    put_contacts(settings, people(1, 2, 3))
    receiver.faults.append(Fault(kind, seconds=0.8))
    result = run(settings)
    assert (result.status, result.unknown) == ("failed", 3)
    state = fetch(settings, "select distinct status, is_uncertain from activation.sync_state")
    assert state == [("unknown", True)]

    # Rows that came in between do not change the batch whose answer was lost.
    put_contacts(settings, people(0, 1, 2, 3, 4))
    assert run(settings).acknowledged == 5
    assert receiver.state("contacts") == people(0, 1, 2, 3, 4)
    assert receiver.memory.effects == 5
    requests = fetch(
        settings,
        "select count(distinct request_id), count(distinct run_id) from activation.sync_log "
        "where row_key in ('p001', 'p002', 'p003')",
    )
    assert requests == [(1, 2)]


def test_rows_sent_once_are_not_repeated_after_a_lost_answer(
    settings: Settings, receiver: Receiver
) -> None:
    settings = write_syncs(settings, contacts_sync(mode="send"))
    put_contacts(settings, people(*range(6)))
    receiver.faults.extend([Fault("drop_answer"), Fault("drop_answer")])
    assert run(settings).unknown == 6
    put_contacts(settings, people(*range(7)))
    assert run(settings).acknowledged == 7
    assert [row["key"] for row in receiver.memory.sent_rows("contacts")] == sorted(
        (row["key"] for row in receiver.memory.sent_rows("contacts")), key=lambda key: key == "p006"
    )
    assert len(receiver.memory.sent_rows("contacts")) == 7
    # Neither a change nor a row that goes away is sent.
    put_contacts(settings, people(1, 2, score=9))
    assert run(settings).planned == 0


def test_a_request_that_arrives_late_undoes_nothing(settings: Settings, receiver: Receiver) -> None:
    put_contacts(settings, people(1, score=1))
    receiver.faults.append(Fault("late"))
    assert run(settings).unknown == 1
    put_contacts(settings, people(1, score=2))
    assert run(settings).acknowledged == 1
    receiver.apply_late()
    assert receiver.state("contacts") == people(1, score=2)


def test_content_restored_after_a_lost_answer_is_sent(
    settings: Settings, receiver: Receiver
) -> None:
    """Desired equals acknowledged, yet the destination may have something else."""
    put_contacts(settings, people(1, score=1))
    run(settings)
    put_contacts(settings, people(1, score=2))
    receiver.faults.append(Fault("drop_answer"))
    assert run(settings).unknown == 1
    put_contacts(settings, people(1, score=1))
    assert run(settings).operations == {"change": 1}
    assert receiver.state("contacts") == people(1, score=1)


def test_an_addition_of_unknown_outcome_is_removed(settings: Settings, receiver: Receiver) -> None:
    put_contacts(settings, people(1, 2))
    receiver.faults.append(Fault("drop_answer"))
    run(settings)
    put_contacts(settings, {})
    assert run(settings).operations == {"remove": 2}
    assert receiver.state("contacts") == {}
    assert fetch(settings, "select count(*) from activation.sync_state") == [(0,)]


def test_refused_for_now_is_tried_again_in_the_run(settings: Settings, receiver: Receiver) -> None:
    settings = write_syncs(settings, contacts_sync(options={"attempts": 3}))
    put_contacts(settings, people(1))
    receiver.faults.extend([Fault("answer", status=429, retry_after=0.01)] * 2)
    assert run(settings).acknowledged == 1


def test_refused_for_too_long_fails_and_is_sent_by_the_next_run(
    settings: Settings, receiver: Receiver
) -> None:
    put_contacts(settings, people(*range(6)))
    receiver.faults.append(Fault("answer", status=500))
    result = run(settings)
    assert (result.status, result.failed, result.acknowledged) == ("partial", 4, 2)
    state = fetch(
        settings,
        "select status, attempts, reason from activation.sync_state where status <> 'acknowledged'",
    )
    assert state == [("failed", 1, "HTTP 500")] * 4
    assert run(settings).acknowledged == 4
    assert receiver.state("contacts") == people(*range(6))


def test_a_destination_that_asks_for_a_pause_gets_it(
    settings: Settings, receiver: Receiver
) -> None:
    put_contacts(settings, people(*range(6)))
    receiver.faults.append(Fault("answer", status=429, retry_after=3600))
    result = run(settings)
    assert (result.failed, result.held) == (4, 2)
    for _ in range(2):
        result = run(settings)
        assert (result.status, result.held) == ("failed", 6)
        assert "asked to wait" in result.message
    assert receiver.requests == []


def test_refused_connections_fail_and_stop_the_run(
    settings: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_contacts(settings, people(*range(20)))
    receiver.close()
    result = run(settings)
    assert (result.status, result.failed, result.held) == ("failed", 12, 8)
    with Receiver(receiver.path, secret=SECRET) as second:
        monkeypatch.setenv("SOJOURN_WEBHOOK_URL", second.url)
        assert run(settings).acknowledged == 20
        assert second.state("contacts") == people(*range(20))


def test_a_refusal_of_the_request_does_not_give_up_its_rows(
    settings: Settings, receiver: Receiver
) -> None:
    put_contacts(settings, people(*range(6)))
    receiver.faults.append(Fault("answer", status=404))
    result = run(settings)
    assert (result.failed, result.held) == (4, 2)
    assert "404" in result.message
    assert run(settings).acknowledged == 6


def test_a_wrong_secret_is_refused(
    settings: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_contacts(settings, people(1))
    monkeypatch.setenv("SOJOURN_WEBHOOK_SECRET", "another secret")
    result = run(settings)
    assert (result.status, result.failed) == ("failed", 1)
    assert "401" in result.message
    assert "secret" not in result.message


def test_other_4xx_reject_with_the_reason_but_without_personal_data(
    settings: Settings, receiver: Receiver
) -> None:
    put_contacts(settings, people(1))
    body = b'{"reason": "person1@example.org (+44 20 7946 0018, p001) is not valid"}'
    receiver.faults.append(Fault("answer", status=422, body=body))
    assert run(settings).rejected == 1
    reasons = fetch(settings, "select reason from activation.sync_state")
    assert reasons == [("HTTP 422: [redacted] ([redacted], [redacted]) is not valid",)]


def test_suppressed_rows_are_logged_once_and_never_sent(
    settings: Settings, receiver: Receiver
) -> None:
    settings = write_syncs(settings, contacts_sync(suppressions="contacts_suppressed"))
    count = (
        "select row_key, reason, count(*) from activation.sync_log "
        "where status = 'suppressed' group by row_key, reason order by row_key, reason"
    )
    # p002 is in both models: the suppression wins.
    put_contacts(settings, people(1, 2), {"p002": "consent denied", "p003": "no address"})
    result = run(settings)
    assert (result.planned, result.suppressed) == (1, 2)
    run(settings)
    assert receiver.state("contacts") == people(1)
    assert fetch(settings, count) == [("p002", "consent denied", 1), ("p003", "no address", 1)]

    # A grant, and its withdrawal: the row leaves again, and the suppression is news.
    put_contacts(settings, people(1, 2), {"p003": "no address"})
    run(settings)
    put_contacts(settings, people(1), {"p002": "consent denied", "p003": "consent denied"})
    assert run(settings).operations == {"remove": 1}
    assert run(settings).planned == 0
    assert receiver.state("contacts") == people(1)
    assert fetch(settings, count) == [
        ("p002", "consent denied", 2),
        ("p003", "consent denied", 1),
        ("p003", "no address", 1),
    ]


def test_upsert_removes_nothing(settings: Settings, receiver: Receiver) -> None:
    settings = write_syncs(settings, contacts_sync(mode="upsert"))
    put_contacts(settings, people(1, 2))
    run(settings)
    put_contacts(settings, people(2, score=3))
    assert run(settings).operations == {"change": 1}
    assert receiver.state("contacts") == people(1) | people(2, score=3)


def test_mirror_leaves_alone_what_others_wrote(settings: Settings, receiver: Receiver) -> None:
    receiver.memory.rows[("contacts", "theirs")] = {"email": "x@example.org", "score": 0}
    put_contacts(settings, people(1))
    run(settings)
    put_contacts(settings, {})
    run(settings)
    assert set(receiver.state("contacts")) == {"theirs"}


def test_only_the_chosen_columns_leave(settings: Settings, receiver: Receiver) -> None:
    settings = write_syncs(settings, contacts_sync(columns=["score"]))
    put_contacts(settings, people(1, score=3))
    run(settings)
    assert receiver.state("contacts") == {"p001": {"score": 3}}


def test_a_preview_counts_and_changes_nothing(settings: Settings, receiver: Receiver) -> None:
    put_contacts(settings, people(*range(8)))
    run(settings)
    put_contacts(settings, people(*range(1, 8)) | people(3, score=4))
    log = fetch(settings, "select count(*) from activation.sync_log")
    result = run(settings, dry_run=True)
    assert result.status == "preview"
    assert result.operations == {"change": 1, "remove": 1}
    assert result.samples == {"change": ["p003"], "remove": ["p000"]}
    assert result.summary() == (
        "contacts: 2 planned (1 change, 1 remove, 6 unchanged). "
        "A preview: nothing was sent or recorded.\n  change: p003\n  remove: p000"
    )
    assert (result.planned, result.unchanged) == (2, 6)
    assert fetch(settings, "select count(*) from activation.sync_log") == log
    assert len(receiver.state("contacts")) == 8


def test_without_an_address_nothing_is_recorded(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOJOURN_WEBHOOK_URL", raising=False)
    put_contacts(settings, people(1))
    result = run(settings)
    assert result.status == "not_configured"
    assert "SOJOURN_WEBHOOK_URL" in result.message
    assert fetch(settings, "select count(*) from activation.sync_events") == [(0,)]


def test_missing_audit_tables_are_explained(engine_settings: Settings) -> None:
    settings = write_syncs(engine_settings, contacts_sync())
    with open_warehouse(settings):
        pass
    with pytest.raises(ActivationError, match=r"activation\.sync_log does not exist.*dbt build"):
        activate(settings, as_of=AS_OF)


def test_keys_must_be_unique_and_not_null(settings: Settings, receiver: Receiver) -> None:
    put_contacts(settings, people(1, 2))
    with open_warehouse(settings) as warehouse:
        warehouse.execute("insert into activation.contacts values ('p001', 'x', 1), (null, 'y', 2)")
    result = run(settings)
    assert result.status == "failed"
    assert "1 rows without 'row_key' and 1 rows with a key that another row has" in result.message
    assert receiver.requests == []


def test_one_broken_sync_does_not_stop_the_others(settings: Settings, receiver: Receiver) -> None:
    settings = write_syncs(
        settings, contacts_sync(name="broken", model="no_such_model"), contacts_sync()
    )
    put_contacts(settings, people(1))
    result = activate(settings, as_of=AS_OF)
    assert result["contacts"].acknowledged == 1
    assert "no_such_model does not exist" in result["broken"].message
    with pytest.raises(ActivationError, match="'broken' failed"):
        result.raise_for_status()


def test_progress_and_results_hold_no_personal_data(
    settings: Settings, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    put_contacts(settings, people(*range(6)))
    receiver.faults.extend([Fault("reject_half"), Fault("drop_answer")])
    said: list[str] = []
    result = activate(settings, as_of=AS_OF, progress=said.append)
    assert said
    everything = "\n".join([*said, repr(result), result.summary(), caplog.text])
    assert "@" not in everything
    assert SECRET not in everything


def test_many_batches_stream(settings: Settings, receiver: Receiver) -> None:
    settings = write_syncs(settings, contacts_sync(batch_size=2500))
    put_contacts(settings, people(*range(12_000)))
    assert run(settings).acknowledged == 12_000
    assert receiver.state("contacts") == people(*range(12_000))
    assert [len(request["rows"]) for request in receiver.requests] == [2500] * 4 + [2000]
    assert run(settings).unchanged == 12_000


def test_two_runs_of_a_sync_do_not_overlap(settings: Settings, receiver: Receiver) -> None:
    put_contacts(settings, people(1))
    entered, leave = threading.Event(), threading.Event()

    def wait() -> None:
        entered.set()
        leave.wait(10)

    receiver.faults.append(Fault("call", action=wait))
    results: list[ActivationResult] = []
    first = threading.Thread(target=lambda: results.append(activate(settings, as_of=AS_OF)))
    first.start()
    assert entered.wait(10)
    second = activate(settings, as_of=AS_OF).syncs[0]
    leave.set()
    first.join()
    assert second.status == "failed"
    assert "another process" in second.message
    assert results[0].syncs[0].acknowledged == 1


CHILD = textwrap.dedent(
    """
    import sys
    from datetime import UTC, datetime
    from sojourn.activation import activate
    from sojourn.settings import get_settings

    result = activate(get_settings(), as_of=datetime.fromisoformat(sys.argv[1]))
    print(result.syncs[0])
    """
)


@pytest.mark.parametrize("moment", ["before the effect", "after the effect"])
def test_a_killed_run_is_closed_and_repaired_by_the_next(
    settings: Settings, receiver: Receiver, moment: str
) -> None:
    put_contacts(settings, people(*range(12)))
    environment = {**os.environ, **settings.environment()}
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, AS_OF.isoformat()],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )

    def kill() -> None:
        child.send_signal(signal.SIGKILL)
        child.wait()

    kind: Any = "drop_request" if moment == "before the effect" else "call"
    receiver.faults.extend([Fault("call"), Fault(kind, action=kill)])
    child.wait(timeout=60)
    assert child.returncode == -signal.SIGKILL
    receiver.faults.clear()
    assert fetch(settings, "select status from activation.sync_runs") == [("running",)]

    result = run(settings)
    assert (result.planned, result.acknowledged, result.unchanged) == (8, 8, 4)
    assert receiver.state("contacts") == people(*range(12))
    assert receiver.memory.effects == 12
    killed, finished = fetch(
        settings,
        "select status, planned, acknowledged, unknown, held from activation.sync_runs "
        "order by started_at",
    )
    assert killed == ("killed", 12, 4, 4, 4)
    assert finished == ("succeeded", 8, 8, 0, 0)
    assert run(settings).planned == 0


def test_the_receiver_remembers_across_restarts(settings: Settings, receiver: Receiver) -> None:
    put_contacts(settings, people(*range(6)))
    receiver.faults.append(Fault("reject_half"))
    run(settings)
    with Receiver(receiver.path, secret=SECRET) as second:
        assert second.state("contacts") == receiver.state("contacts")
        assert second.memory.answers == receiver.memory.answers
