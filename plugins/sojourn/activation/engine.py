"""The engine: plan the difference, log it, send it, log what became of it.

Everything that matters is in the warehouse before and after each request, in tables that are only
added to, so that a run may be killed at any point: the next one closes it and carries on.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sojourn.activation import plan
from sojourn.activation.config import Sync, SyncConfigError, load_syncs
from sojourn.activation.destinations import open_destination
from sojourn.activation.destinations.base import (
    Batch,
    Capability,
    Destination,
    DestinationNotConfigured,
    Operation,
    Outcome,
    RowOutcome,
    require_capabilities,
)
from sojourn.activation.redaction import redact
from sojourn.activation.result import ActivationError, ActivationResult, Status, SyncResult
from sojourn.warehouse import BusyError, open_warehouse, relation_name

if TYPE_CHECKING:
    from sojourn.settings import Settings
    from sojourn.warehouse import Warehouse

DestinationFactory = Callable[[Sync], Destination]
Progress = Callable[[str], None]

_TABLES = ("sync_log", "sync_events", "sync_rows", "sync_state", "sync_runs")
_KINDS: dict[str, Capability] = {
    "add": "upsert",
    "change": "upsert",
    "remove": "remove",
    "send": "send",
}
_SAMPLE_SIZE = 5
_ROWS_READ_AT_ONCE = 10_000

_running: set[tuple[str, str]] = set()
_running_guard = threading.Lock()


def _now() -> datetime:
    """Return the present time, UTC without zone: attempts happen when they happen."""
    return datetime.now(UTC).replace(tzinfo=None)


def _say_nothing(_: str) -> None:
    pass


def activate(
    settings: Settings,
    *,
    as_of: datetime,
    syncs: Sequence[str] | None = None,
    destination_factory: DestinationFactory | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> ActivationResult:
    """Bring the destinations of ``syncs.yml`` to the state of their models.

    Args:
        settings: which warehouse and which ``syncs.yml``.
        as_of: the time as of which the models were built (UTC, naive); recorded in the logs.
        syncs: names of the syncs to run; all of them when None.
        destination_factory: makes the destination of a sync; by default the one that it names.
        dry_run: only count what would be sent, with a few keys as examples; writes nothing.
        progress: called with a line of text now and then; the lines hold no personal data.

    Returns:
        A result for each sync. One that fails does not keep the others from running: see
        ``ActivationResult.raise_for_status``.

    Raises:
        SyncConfigError: when ``syncs.yml`` is wrong or a named sync is not in it.
        ActivationError: when the audit tables do not exist.
    """
    if as_of.tzinfo is not None:
        as_of = as_of.astimezone(UTC).replace(tzinfo=None)
    selected = load_syncs(settings, syncs)
    say = progress or _say_nothing
    results = []
    with open_warehouse(settings, read_only=dry_run) as warehouse:
        if selected:
            _require_tables(warehouse, settings)
        if warehouse.dialect == "postgres":
            # Every join here is of whole sets. Without fresh statistics on a log that just grew,
            # PostgreSQL would compare each row with each.
            warehouse.execute("set enable_nestloop = off")
        for sync in selected:
            try:
                if dry_run:
                    result = _preview(warehouse, settings, sync)
                else:
                    factory = destination_factory or open_destination
                    result = _run_sync(warehouse, settings, sync, as_of, factory, say)
            except DestinationNotConfigured as error:
                result = SyncResult(sync.name, "not_configured", message=str(error))
            except (ActivationError, SyncConfigError) as error:
                result = SyncResult(sync.name, "failed", message=str(error))
            results.append(result)
    return ActivationResult(as_of=as_of, syncs=tuple(results), dry_run=dry_run)


def _require_tables(warehouse: Warehouse, settings: Settings) -> None:
    schema = settings.schema_prefix + "activation"
    missing = [name for name in _TABLES if not warehouse.relation_exists(schema, name)]
    if missing:
        raise ActivationError(
            f"The audit table {schema}.{missing[0]} does not exist. "
            "Build the models first: `dbt build`, or at least `dbt run --select activation`."
        )


def _diff_source(warehouse: Warehouse, settings: Settings, sync: Sync) -> plan.DiffSource:
    """Return where the difference comes from, after checking that the models can be used."""
    model = sync.relation(settings, sync.model)
    columns = warehouse.columns(*model)
    if not columns:
        raise ActivationError(
            f"Its model {'.'.join(model)} does not exist in the warehouse. "
            "Build it with dbt, or correct `model:` in syncs.yml."
        )
    payload = sync.columns or tuple(name for name in columns if name != sync.key)
    for name in (sync.key, *payload):
        if name not in columns:
            raise ActivationError(
                f"Its model {'.'.join(model)} has no column {name!r}; "
                f"it has: {', '.join(columns)}. Correct syncs.yml."
            )
    suppressions = None
    if sync.suppressions is not None:
        suppressions = sync.relation(settings, sync.suppressions)
        suppression_columns = warehouse.columns(*suppressions)
        for name in (sync.key, "reason"):
            if name not in suppression_columns:
                raise ActivationError(
                    f"Its suppressions {'.'.join(suppressions)} "
                    + (f"have no column {name!r}." if suppression_columns else "do not exist.")
                )
    source = plan.DiffSource(
        dialect=warehouse.dialect,
        sync=sync.name,
        mode=sync.mode,
        rejected=sync.rejected,
        model=model,
        key=sync.key,
        columns=payload,
        suppressions=suppressions,
        activation_schema=settings.schema_prefix + "activation",
    )
    rows, keys, different_keys = warehouse.fetch(plan.check_keys(source))[0]
    if keys < rows or different_keys < keys:
        raise ActivationError(
            f"Its model {'.'.join(model)} has {rows - keys} rows without {sync.key!r} and "
            f"{keys - different_keys} rows with a key that another row has. Nothing was sent: "
            "make the key unique and not null, and test it in dbt."
        )
    return source


def _count_suppressed(warehouse: Warehouse, source: plan.DiffSource) -> int:
    if source.suppressions is None:
        return 0
    query = f"select count(*) from {relation_name(*source.suppressions)}"
    return int(warehouse.fetch(query)[0][0])


def _preview(warehouse: Warehouse, settings: Settings, sync: Sync) -> SyncResult:
    source = _diff_source(warehouse, settings, sync)
    verdicts: dict[str, int] = dict(warehouse.fetch(plan.count_operations(source)))
    operations = {name: count for name, count in verdicts.items() if name in _KINDS}
    samples = {
        name: [
            redact(str(key))
            for (key,) in warehouse.fetch(plan.sample_keys(source, name, _SAMPLE_SIZE))
        ]
        for name in operations
    }
    return SyncResult(
        sync.name,
        "preview",
        planned=sum(operations.values()),
        unchanged=verdicts.get("unchanged", 0),
        still_rejected=verdicts.get("still_rejected", 0),
        suppressed=_count_suppressed(warehouse, source),
        operations=operations,
        samples=samples,
        message="A preview: nothing was sent or recorded.",
    )


@contextmanager
def _exclusive(warehouse: Warehouse, settings: Settings, sync: Sync) -> Iterator[None]:
    """Let one process at a time run a sync, and in it one thread."""
    database = {
        "duckdb": str(settings.path(settings.duckdb_path)),
        "postgres": f"{settings.postgres_host}/{settings.postgres_database}",
        "spark": str(settings.spark_warehouse_dir),
    }[warehouse.dialect]
    mark = (database, settings.schema_prefix + sync.name)
    busy = ActivationError("It is being run by another process; wait until that has ended.")
    with _running_guard:
        if mark in _running:
            raise busy
        _running.add(mark)
    try:
        with ExitStack() as held:
            try:
                held.enter_context(warehouse.exclusive(f"sojourn activation {mark[1]}"))
            except BusyError:
                raise busy from None
            yield
    finally:
        with _running_guard:
            _running.discard(mark)


@dataclass
class _Run:
    """One run of one sync, and what it writes to the logs."""

    warehouse: Warehouse
    schema: str
    sync: Sync
    source: plan.DiffSource
    as_of: datetime
    number: int
    run_id: str
    failed_batches: int = 0
    stop_reason: str | None = None
    next_attempt_at: datetime | None = None
    error: str | None = None
    operations: dict[str, int] = field(default_factory=dict)

    def append_event(self, event: str, **values: Any) -> None:
        _append_event(
            self.warehouse,
            self.schema,
            run_id=self.run_id,
            sync=self.sync.name,
            event=event,
            run_number=self.number,
            recorded_at=self.as_of,
            **values,
        )


_EVENT_TYPES = {
    "run_id": "string",
    "sync": "string",
    "event": "string",
    "status": "string",
    "reason": "string",
    "request_id": "string",
    "run_number": "int64",
    "unchanged": "int64",
    "still_rejected": "int64",
    "suppressed": "int64",
    "happened_at": "timestamp[us]",
    "recorded_at": "timestamp[us]",
}
_LOG_TYPES = {
    name: "timestamp[us]"
    if name.endswith("_at")
    else "int64"
    if name in ("run_number", "operation_version", "batch_number")
    else "string"
    for name in plan.LOG_COLUMNS
}


def _arrow(types: dict[str, str], rows: list[dict[str, Any]]) -> Any:
    """Return rows as an Arrow table of the given types."""
    import pyarrow as pa

    names = {
        "string": pa.string(),
        "int64": pa.int64(),
        "timestamp[us]": pa.timestamp("us"),
    }
    return pa.table(
        {
            name: pa.array([row.get(name) for row in rows], names[kind])
            for name, kind in types.items()
        }
    )


def _append_event(warehouse: Warehouse, schema: str, **values: Any) -> None:
    values.setdefault("happened_at", _now())
    warehouse.append(schema, "sync_events", _arrow(_EVENT_TYPES, [values]))


def _close_killed_runs(warehouse: Warehouse, schema: str, sync: Sync, as_of: datetime) -> int:
    """Give each unfinished run its missing outcomes, and its end. Returns how many there were."""
    runs = warehouse.fetch(plan.open_runs(schema, sync.name))
    for run_id, run_number in runs:
        with warehouse.transaction():
            warehouse.execute(
                plan.close_run(
                    schema,
                    run_id=run_id,
                    reason="not attempted: the run ended before",
                    recorded_at=as_of.isoformat(sep=" "),
                )
            )
            _append_event(
                warehouse,
                schema,
                run_id=run_id,
                sync=sync.name,
                event="closed",
                status="killed",
                run_number=run_number,
                recorded_at=as_of,
            )
    return len(runs)


def _run_sync(
    warehouse: Warehouse,
    settings: Settings,
    sync: Sync,
    as_of: datetime,
    factory: DestinationFactory,
    say: Progress,
) -> SyncResult:
    schema = settings.schema_prefix + "activation"
    destination = factory(sync)
    try:
        require_capabilities(destination, sync)
        with _exclusive(warehouse, settings, sync):
            closed = _close_killed_runs(warehouse, schema, sync, as_of)
            if closed:
                say(f"{sync.name}: closed {closed} earlier run(s) that did not end by themselves")
            source = _diff_source(warehouse, settings, sync)
            run, verdicts, suppressed = _plan_run(warehouse, schema, sync, source, as_of)
            _send_all(run, destination, say)
            return _finish(run, verdicts, suppressed)
    finally:
        destination.close()


def _plan_run(
    warehouse: Warehouse, schema: str, sync: Sync, source: plan.DiffSource, as_of: datetime
) -> tuple[_Run, dict[str, int], int]:
    """Log the run's start, its suppressions and all that it plans, or nothing at all."""
    started_at = _now()
    # A number that grows with time even if the log were lost or the clock went back: operations
    # carry it as their version.
    number = max(
        int(warehouse.fetch(plan.latest_run_number(schema, sync.name))[0][0]) + 1,
        (started_at - datetime(1970, 1, 1)) // timedelta(microseconds=1),
    )
    run = _Run(
        warehouse=warehouse,
        schema=schema,
        sync=sync,
        source=source,
        as_of=as_of,
        number=number,
        run_id=f"{number:016d}-{secrets.token_hex(4)}",
    )
    recorded_at = as_of.isoformat(sep=" ")
    with warehouse.transaction():
        verdicts: dict[str, int] = dict(warehouse.fetch(plan.count_operations(source)))
        suppressed = _count_suppressed(warehouse, source)
        run.operations = {name: count for name, count in verdicts.items() if name in _KINDS}
        run.append_event(
            "started",
            happened_at=started_at,
            unchanged=verdicts.get("unchanged", 0),
            still_rejected=verdicts.get("still_rejected", 0),
            suppressed=suppressed,
        )
        if source.suppressions is not None:
            warehouse.execute(
                plan.insert_suppressions(
                    source, run_id=run.run_id, run_number=number, recorded_at=recorded_at
                )
            )
        if run.operations:
            warehouse.execute(
                plan.insert_plan(
                    source,
                    run_id=run.run_id,
                    run_number=number,
                    batch_size=sync.batch_size,
                    recorded_at=recorded_at,
                )
            )
    return run, verdicts, suppressed


def _send_all(run: _Run, destination: Destination, say: Progress) -> None:
    """Send the planned batches in order until they end or there is no point in going on."""
    if not run.operations:
        return
    waits_until = run.warehouse.fetch(plan.destination_waits_until(run.schema, run.sync.name))[0][0]
    if waits_until is not None and waits_until > _now():
        run.next_attempt_at = waits_until
        run.stop_reason = "the destination asked to wait"
        return
    planned, sent = sum(run.operations.values()), 0
    for rows in _planned_batches(run):
        _send_batch(run, destination, rows)
        if run.stop_reason is not None:
            say(f"{run.sync.name}: stopped: {run.stop_reason}; the rest is held")
            return
        sent += len(rows)
        say(f"{run.sync.name}: {sent} of {planned} rows sent")


_Planned = dict[str, Any]


def _planned_batches(run: _Run) -> Iterator[list[_Planned]]:
    """Yield the planned rows of each batch, reading a bounded number of rows at once."""

    def rows() -> Iterator[_Planned]:
        query = plan.planned_rows(run.source, run.run_id)
        for batch in run.warehouse.fetch_batches(query, rows=_ROWS_READ_AT_ONCE):
            yield from batch.to_pylist()

    for _, batch in groupby(rows(), key=lambda row: row["batch_number"]):
        yield list(batch)


def _plain(value: Any) -> Any:
    """Return a warehouse value as JSON can hold it, without losing digits: decimals as text."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat() + ("Z" if value.tzinfo is None else "")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value)


def _operation(run: _Run, row: _Planned) -> Operation:
    kind = _KINDS[row["operation"]]
    fields = {}
    if kind != "remove":
        fields = {
            name: _plain(row[f"field_{index}"]) for index, name in enumerate(run.source.columns)
        }
    return Operation(
        key=row["row_key"],
        kind=kind,
        operation_id=row["operation_id"],
        version=row["operation_version"],
        fields=fields,
    )


def _send_batch(run: _Run, destination: Destination, rows: list[_Planned]) -> None:
    """Announce one batch, send it, and log the outcome of each of its rows."""
    for row in rows:
        if row["operation"] != "remove" and (
            not row["is_present"] or row["present_hash"] != row["row_hash"]
        ):
            run.stop_reason = "the model was rebuilt while the run was under way"
            return
    request_id = rows[0]["request_id"]
    batch = Batch(run.sync.name, request_id, tuple(_operation(run, row) for row in rows))
    attempted_at = _now()
    run.append_event("attempted", request_id=request_id, happened_at=attempted_at)
    try:
        outcome = destination.send(batch)
    except Exception as error:
        # Its text may quote the payload; the type says enough to find it.
        run.error = f"The destination {destination.name!r} broke off with {type(error).__name__}."
        outcome = Outcome(
            RowOutcome("unknown", f"the destination broke off: {type(error).__name__}"), stop=True
        )
    logged = _outcome_rows(run, batch, rows, outcome, attempted_at, answered_at=_now())
    run.warehouse.append(run.schema, "sync_log", logged)
    answered = outcome.default.status in ("acknowledged", "rejected")
    run.failed_batches = 0 if answered else run.failed_batches + 1
    if outcome.stop or run.failed_batches >= run.sync.max_failed_batches:
        run.stop_reason = outcome.default.reason or "the destination cannot be reached"
        run.next_attempt_at = outcome.next_attempt_at


def _outcome_rows(
    run: _Run,
    batch: Batch,
    rows: list[_Planned],
    outcome: Outcome,
    attempted_at: datetime,
    answered_at: datetime,
) -> Any:
    logged = []
    for operation, row in zip(batch.operations, rows, strict=True):
        result = outcome.of(operation.key)
        reason = result.reason
        if reason is not None:
            reason = redact(reason, (operation.key, *operation.fields.values()))
        logged.append(
            {
                "run_id": run.run_id,
                "sync": run.sync.name,
                "row_key": operation.key,
                "row_hash": row["row_hash"],
                "operation": row["operation"],
                "status": result.status,
                "reason": reason,
                "request_id": batch.request_id,
                "operation_id": operation.operation_id,
                "external_id": result.external_id,
                "run_number": run.number,
                "operation_version": operation.version,
                "batch_number": row["batch_number"],
                "attempted_at": attempted_at,
                "answered_at": answered_at
                if result.status in ("acknowledged", "rejected")
                else None,
                "next_attempt_at": outcome.next_attempt_at or attempted_at
                if result.status in ("failed", "unknown")
                else None,
                "recorded_at": run.as_of,
            }
        )
    return _arrow(_LOG_TYPES, logged)


def _finish(run: _Run, verdicts: dict[str, int], suppressed: int) -> SyncResult:
    """Hold what was not attempted, log the run's end and return its result."""
    with run.warehouse.transaction():
        run.warehouse.execute(
            plan.close_run(
                run.schema,
                run_id=run.run_id,
                reason="not attempted: " + (run.stop_reason or "the run ended before"),
                recorded_at=run.as_of.isoformat(sep=" "),
                next_attempt_at=run.next_attempt_at.isoformat(sep=" ")
                if run.next_attempt_at
                else None,
            )
        )
        counts: dict[str, int] = dict(
            run.warehouse.fetch(plan.count_outcomes(run.schema, run.run_id))
        )
        planned, acknowledged = counts.get("planned", 0), counts.get("acknowledged", 0)
        status: Status
        if acknowledged == planned:
            status = "succeeded"
        else:
            status = "partial" if acknowledged and run.error is None else "failed"
        reason = run.error or run.stop_reason
        if status == "failed" and reason is None:
            reason = "the destination took none of the planned rows"
        run.append_event("finished", status=status, reason=reason)
    return SyncResult(
        run.sync.name,
        status,
        run_id=run.run_id,
        planned=planned,
        acknowledged=acknowledged,
        rejected=counts.get("rejected", 0),
        failed=counts.get("failed", 0),
        unknown=counts.get("unknown", 0),
        held=counts.get("held", 0),
        unchanged=verdicts.get("unchanged", 0),
        still_rejected=verdicts.get("still_rejected", 0),
        suppressed=suppressed,
        operations=run.operations,
        message=f"{reason[0].upper()}{reason[1:].rstrip('.')}." if reason else "",
    )
