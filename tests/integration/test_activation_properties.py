"""Whatever happens on the way, the destination ends up as it should be, and all adds up."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies
from sojourn.activation import Batch, Operation, Outcome, activate
from sojourn.activation.destinations.base import Capability, RowOutcome
from sojourn.activation.receiver import Memory
from sojourn.settings import Settings
from sojourn.warehouse import open_warehouse

from tests.integration.activation_tables import (
    AS_OF,
    broken_sums,
    contact,
    contacts_sync,
    create_activation_tables,
    put_contacts,
    write_syncs,
)


class Killed(BaseException):
    """Ends a run as SIGKILL would: nothing in the engine may catch it."""


@dataclass
class Line:
    """A destination that applies requests as a receiver does, and fails as it is told to."""

    memory: Memory
    faults: list[str]
    late: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    name: str = "line"
    capabilities: frozenset[Capability] = frozenset({"upsert", "remove", "send"})

    def send(self, batch: Batch) -> Outcome:
        fault = self.faults.pop(0) if self.faults else "none"
        content = {"sync": batch.sync, "rows": [_row(row) for row in batch.operations]}
        keys = [row.key for row in batch.operations]
        if fault == "killed before":
            raise Killed
        if fault == "refused":
            return Outcome(RowOutcome("failed", "refused"))
        if fault == "refused and stopped":
            return Outcome(RowOutcome("failed", "refused"), stop=True)
        if fault == "lost":
            return Outcome(RowOutcome("unknown", "lost"))
        if fault == "late":
            self.late.append((batch.request_id, content))
            return Outcome(RowOutcome("unknown", "late"))
        rejected = frozenset(keys[::2] if fault == "half rejected" else ())
        answer = self.memory.apply(batch.request_id, content, rejected)
        if fault == "late arrivals":
            for request_id, late_content in self.late:
                self.memory.apply(request_id, late_content)
            self.late.clear()
        if fault == "killed after":
            raise Killed
        if fault == "answer lost":
            return Outcome(RowOutcome("unknown", "answer lost"))
        if fault == "broken":
            raise RuntimeError("a bug in the destination")
        refused = {row["key"] for row in answer["results"] if row["status"] == "rejected"}
        return Outcome(
            RowOutcome("acknowledged"), {key: RowOutcome("rejected", "no") for key in refused}
        )

    def close(self) -> None:
        pass


def _row(row: Operation) -> dict[str, Any]:
    return {
        "key": row.key,
        "operation": row.kind,
        "operation_id": row.operation_id,
        "version": row.version,
        "fields": dict(row.fields),
    }


FAULTS = (
    "none",
    "killed before",
    "killed after",
    "refused",
    "refused and stopped",
    "lost",
    "late",
    "late arrivals",
    "answer lost",
    "half rejected",
    "broken",
)

KEYS = [f"p{number:03}" for number in range(6)]

contents = strategies.dictionaries(
    strategies.sampled_from(KEYS),
    strategies.sampled_from([None, 1, 2]).map(lambda score: contact(0, score)),
    max_size=6,
)
state_steps = strategies.lists(
    strategies.tuples(contents, strategies.lists(strategies.sampled_from(FAULTS), max_size=4)),
    min_size=1,
    max_size=5,
)
# Without "late": a receiver that rejects an operation and takes an earlier copy of it afterwards
# contradicts itself.
sending_steps = strategies.lists(
    strategies.tuples(
        strategies.sets(strategies.sampled_from(KEYS)),
        strategies.lists(
            strategies.sampled_from([fault for fault in FAULTS if fault != "late"]), max_size=4
        ),
    ),
    min_size=1,
    max_size=5,
)


def cases(few: int) -> settings:
    """Return hypothesis' settings; each case costs several runs on a warehouse on disk."""
    return settings(
        max_examples=few,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@pytest.fixture
def warehouse_settings(engine_settings: Settings) -> Settings:
    create_activation_tables(engine_settings)
    return engine_settings


def attempt(prepared: Settings, line: Line, faults: Sequence[str] = ()) -> None:
    line.faults = list(faults)
    with contextlib.suppress(Killed):
        result = activate(prepared, as_of=AS_OF, destination_factory=lambda _: line).syncs[0]
        assert result.adds_up


def check_sums(prepared: Settings, name: str) -> None:
    with open_warehouse(prepared) as warehouse:
        assert broken_sums(warehouse) == []
        running = warehouse.fetch(
            "select count(*) from activation.sync_runs where sync = ? and status = 'running'",
            (name,),
        )
        assert running == [(0,)]


def check_states(
    warehouse_settings: Settings, mode: str, steps: Sequence[tuple[dict[str, Any], list[str]]]
) -> None:
    """Run through the steps, then once without faults: the destination has the last content."""
    # Each case is a sync of its own in the one warehouse: a sync's name is its memory.
    name = f"sync_{uuid.uuid4().hex}"
    prepared = write_syncs(
        warehouse_settings,
        contacts_sync(name=name, mode=mode, batch_size=2, rejected="retry_always"),
    )
    memory = Memory()
    line = Line(memory, [])
    for wanted, faults in steps:
        put_contacts(prepared, wanted)
        attempt(prepared, line, faults)
    attempt(prepared, line)
    for request_id, content in line.late:
        memory.apply(request_id, content)
    expected = dict(steps[-1][0])
    received = memory.state(name)
    if mode == "mirror":
        assert received == expected
    else:
        assert {key: received[key] for key in expected} == expected

    effects = memory.effects
    result = activate(prepared, as_of=AS_OF, destination_factory=lambda _: line).syncs[0]
    assert (result.planned, result.unchanged) == (0, len(expected))
    assert memory.effects == effects
    check_sums(prepared, name)


def check_sending(
    warehouse_settings: Settings, steps: Sequence[tuple[set[str], list[str]]]
) -> None:
    """Run through the steps, then once without faults: each row took effect exactly once."""
    name = f"sync_{uuid.uuid4().hex}"
    prepared = write_syncs(
        warehouse_settings,
        contacts_sync(name=name, mode="send", batch_size=2, rejected="retry_always"),
    )
    memory = Memory()
    line = Line(memory, [])
    seen: set[str] = set()
    for keys, faults in steps:
        seen |= keys
        put_contacts(prepared, {key: contact(0) for key in seen})
        attempt(prepared, line, faults)
    attempt(prepared, line)
    assert sorted(row["key"] for row in memory.sent_rows(name)) == sorted(seen)
    check_sums(prepared, name)


@cases(10)
@given(steps=state_steps)
def test_the_destination_ends_as_desired(
    warehouse_settings: Settings, steps: list[tuple[dict[str, Any], list[str]]]
) -> None:
    check_states(warehouse_settings, "mirror", steps)


@cases(5)
@given(steps=sending_steps)
def test_each_row_is_sent_exactly_once(
    warehouse_settings: Settings, steps: list[tuple[set[str], list[str]]]
) -> None:
    check_sending(warehouse_settings, steps)


@pytest.mark.long
@pytest.mark.parametrize("mode", ["mirror", "upsert"])
@cases(150)
@given(steps=state_steps)
def test_the_destination_ends_as_desired_in_many_cases(
    warehouse_settings: Settings, mode: str, steps: list[tuple[dict[str, Any], list[str]]]
) -> None:
    check_states(warehouse_settings, mode, steps)


@pytest.mark.long
@cases(100)
@given(steps=sending_steps)
def test_each_row_is_sent_exactly_once_in_many_cases(
    warehouse_settings: Settings, steps: list[tuple[set[str], list[str]]]
) -> None:
    check_sending(warehouse_settings, steps)
