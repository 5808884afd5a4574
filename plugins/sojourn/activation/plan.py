"""The SQL of activation: small functions that return statements, the engine runs them.

All of it is one dialect but for the aggregate in ``_joined``. Names come from ``syncs.yml``, where
their form is checked, and from run ids made here; they are quoted all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sojourn.activation.config import Mode, Rejected
from sojourn.warehouse import literal, quote_identifier, relation_name, text_type

LOG_COLUMNS = (
    "run_id",
    "sync",
    "row_key",
    "row_hash",
    "operation",
    "status",
    "reason",
    "request_id",
    "operation_id",
    "external_id",
    "run_number",
    "operation_version",
    "batch_number",
    "attempted_at",
    "answered_at",
    "next_attempt_at",
    "recorded_at",
)


def _joined(dialect: str, expression: str) -> str:
    """Return an aggregate: the texts of a group, in order, with commas between."""
    if dialect == "spark":
        return f"array_join(array_sort(collect_list({expression})), ',')"
    return f"string_agg({expression}, ',' order by {expression})"


def row_hash(dialect: str, columns: Sequence[str], table: str) -> str:
    """Return an expression for the hash of a row's payload.

    NULL-safe and unambiguous: each value stands beside its column's name and its own length, and
    NULL is neither an empty text nor a dash. The order of the columns does not matter.
    """
    text = text_type(dialect)
    parts = []
    for column in sorted(columns):
        value = f"cast({table}.{quote_identifier(column)} as {text})"
        parts.append(
            f"{literal(column + '=')} || "
            f"coalesce(cast(length({value}) as {text}) || ':' || {value}, '-')"
        )
    return "md5(" + " || '|' || ".join(parts) + ")" if parts else "md5('')"


@dataclass(frozen=True)
class DiffSource:
    """Where one sync's difference is computed from: relations as (schema, table)."""

    dialect: str
    sync: str
    mode: Mode
    rejected: Rejected
    model: tuple[str, str]
    key: str
    columns: tuple[str, ...]
    suppressions: tuple[str, str] | None
    activation_schema: str

    @property
    def log(self) -> str:
        """The log's quoted name."""
        return relation_name(self.activation_schema, "sync_log")

    @property
    def rows(self) -> str:
        """The quoted name of the fold over the log."""
        return relation_name(self.activation_schema, "sync_rows")

    @property
    def key_text(self) -> str:
        """The key of a row of the model, as text."""
        return f"cast(model.{quote_identifier(self.key)} as {text_type(self.dialect)})"


def check_keys(source: DiffSource) -> str:
    """Return a query for the number of rows, of rows with a key, and of different keys."""
    key = source.key_text
    return (
        f"select count(*), count({key}), count(distinct {key}) "
        f"from {relation_name(*source.model)} as model"
    )


def _operation(mode: Mode) -> str:
    """Return the case expression that says what has to be done with a compared row.

    A row with an uncertain outcome is sent again even where the destination seems to have it as
    it should be: the attempt that nobody answered may have changed it.
    """
    if mode == "send":
        return "case when is_wanted and acknowledged_hash is null then 'send' end"
    remove = (
        "when not is_wanted and (acknowledged_hash is not null or is_uncertain) then 'remove'"
        if mode == "mirror"
        else ""
    )
    return f"""case
            when is_wanted and acknowledged_hash is null then 'add'
            when is_wanted and (wanted_hash is distinct from acknowledged_hash or is_uncertain)
                then 'change'
            {remove}
        end"""


def _judged(source: DiffSource) -> str:
    """Return CTEs that end in ``judged``: a row for each key that is wanted or known."""
    unsuppressed = ""
    if source.suppressions is not None:
        suppressed_key = (
            f"cast(suppressed.{quote_identifier(source.key)} as {text_type(source.dialect)})"
        )
        unsuppressed = f"""where not exists (
            select 1 from {relation_name(*source.suppressions)} as suppressed
            where {suppressed_key} = {source.key_text}
        )"""
    still_rejected = (
        "operation is not null and operation <> 'remove' and last_status = 'rejected' "
        "and last_hash is not distinct from row_hash"
        if source.rejected == "retry_on_change"
        else "1 = 0"
    )
    return f"""wanted_rows as (
        select
            {source.key_text} as row_key,
            {row_hash(source.dialect, source.columns, "model")} as row_hash
        from {relation_name(*source.model)} as model
        {unsuppressed}
    ),
    known_rows as (
        select * from {source.rows} where sync = {literal(source.sync)}
    ),
    compared as (
        select
            coalesce(wanted_rows.row_key, known_rows.row_key) as row_key,
            wanted_rows.row_hash as wanted_hash,
            known_rows.acknowledged_hash,
            known_rows.last_status,
            known_rows.last_operation,
            known_rows.last_hash,
            known_rows.last_request_id,
            known_rows.last_version,
            wanted_rows.row_key is not null as is_wanted,
            coalesce(known_rows.is_uncertain, false) as is_uncertain
        from wanted_rows
        full outer join known_rows on wanted_rows.row_key = known_rows.row_key
    ),
    compared_operations as (
        select
            compared.*,
            {_operation(source.mode)} as operation,
            case when is_wanted then wanted_hash end as row_hash
        from compared
    ),
    judged as (
        select
            compared_operations.*,
            ({still_rejected}) as is_still_rejected
        from compared_operations
    )"""


def count_operations(source: DiffSource) -> str:
    """Return a query: verdict (an operation, ``unchanged`` or ``still_rejected``) and count."""
    return f"""with {_judged(source)}
    select
        case when is_still_rejected then 'still_rejected' else coalesce(operation, 'unchanged') end
            as verdict,
        count(*) as row_count
    from judged
    where operation is not null or is_wanted
    group by 1
    order by 1"""


def sample_keys(source: DiffSource, operation: str, limit: int) -> str:
    """Return a query for the first few keys of an operation."""
    return f"""with {_judged(source)}
    select row_key from judged
    where operation = {literal(operation)} and not is_still_rejected
    order by row_key
    limit {limit}"""


def insert_plan(
    source: DiffSource, *, run_id: str, run_number: int, batch_size: int, recorded_at: str
) -> str:
    """Return the statement that logs all planned operations of a run, in their batches.

    An operation that was tried before without success keeps its version and so its id. A batch
    whose outcome is uncertain is planned again as it was, if all its operations are still wanted:
    its request id is the hash of theirs, and the destination can tell the repetition. All others
    are pooled: removals first, then by key.
    """
    dialect = source.dialect
    text = text_type(dialect)
    same_again = (
        "last_status in ('failed', 'unknown', 'held') and last_operation = operation "
        "and last_hash is not distinct from row_hash"
    )
    return f"""insert into {source.log} ({", ".join(LOG_COLUMNS)})
    with {_judged(source)},
    versioned as (
        select
            row_key,
            row_hash,
            operation,
            case when {same_again} then last_version else {run_number} end as operation_version,
            case when {same_again} and is_uncertain then last_request_id end as former_request_id
        from judged
        where operation is not null and not is_still_rejected
    ),
    identified as (
        select
            versioned.*,
            md5(
                {literal(source.sync)} || '|' || operation || '|' || coalesce(row_hash, '-')
                || '|' || cast(operation_version as {text}) || '|' || row_key
            ) as operation_id
        from versioned
    ),
    repeated_batches as (
        select former_request_id as request_id
        from identified
        where former_request_id is not null
        group by former_request_id
        having md5({_joined(dialect, "operation_id")}) = former_request_id
    ),
    placed as (
        select
            identified.*,
            repeated_batches.request_id as repeated_request_id,
            row_number() over (
                partition by repeated_batches.request_id
                order by
                    case when identified.operation = 'remove' then 0 else 1 end,
                    identified.row_key
            ) - 1 as place
        from identified
        left join repeated_batches
            on identified.former_request_id = repeated_batches.request_id
    ),
    batched as (
        select
            placed.*,
            case
                when repeated_request_id is null then place - mod(place, {batch_size})
                else 0
            end as first_place
        from placed
    ),
    numbered as (
        select
            batched.*,
            dense_rank() over (
                order by
                    case when repeated_request_id is null then 1 else 0 end,
                    repeated_request_id,
                    first_place
            ) as batch_number
        from batched
    ),
    requests as (
        select batch_number, md5({_joined(dialect, "operation_id")}) as request_id
        from numbered
        group by batch_number
    )
    select
        {literal(run_id)},
        {literal(source.sync)},
        numbered.row_key,
        numbered.row_hash,
        numbered.operation,
        'planned',
        cast(null as {text}),
        requests.request_id,
        numbered.operation_id,
        cast(null as {text}),
        {run_number},
        numbered.operation_version,
        numbered.batch_number,
        cast(null as timestamp),
        cast(null as timestamp),
        cast(null as timestamp),
        cast({literal(recorded_at)} as timestamp)
    from numbered
    inner join requests on numbered.batch_number = requests.batch_number"""


def insert_suppressions(
    source: DiffSource, *, run_id: str, run_number: int, recorded_at: str
) -> str:
    """Return the statement that logs the suppressed rows that are news.

    A row is news when it was not suppressed before for this reason, or has been sent since.
    """
    if source.suppressions is None:
        raise ValueError("The sync has no suppressions.")
    text = text_type(source.dialect)
    key = f"cast(suppressed.{quote_identifier(source.key)} as {text})"
    columns = ", ".join(LOG_COLUMNS)
    return f"""insert into {source.log} ({columns})
    with suppressed_rows as (
        select {key} as row_key, min(cast(suppressed.reason as {text})) as reason
        from {relation_name(*source.suppressions)} as suppressed
        where {key} is not null
        group by {key}
    ),
    logged as (
        select
            row_key,
            status,
            reason,
            row_number() over (
                partition by row_key order by run_number desc, status desc
            ) as recency
        from {source.log}
        where
            sync = {literal(source.sync)}
            and (status = 'suppressed' or (status = 'planned' and operation <> 'remove'))
    ),
    news as (
        select suppressed_rows.row_key, suppressed_rows.reason
        from suppressed_rows
        left join logged
            on suppressed_rows.row_key = logged.row_key and logged.recency = 1
        where
            logged.status is distinct from 'suppressed'
            or logged.reason is distinct from suppressed_rows.reason
    )
    select
        {literal(run_id)},
        {literal(source.sync)},
        row_key,
        cast(null as {text}),
        {"'send'" if source.mode == "send" else "'add'"},
        'suppressed',
        reason,
        cast(null as {text}),
        cast(null as {text}),
        cast(null as {text}),
        {run_number},
        cast(null as bigint),
        cast(null as bigint),
        cast(null as timestamp),
        cast(null as timestamp),
        cast(null as timestamp),
        cast({literal(recorded_at)} as timestamp)
    from news"""


def planned_rows(source: DiffSource, run_id: str) -> str:
    """Return a query for a run's planned operations with their payload, batch by batch.

    ``present_hash`` is the hash of the payload as it is read now: where it differs from what was
    planned, someone rebuilt the model meanwhile.
    """
    payload = "".join(
        f",\n        model.{quote_identifier(column)} as {quote_identifier('field_' + str(index))}"
        for index, column in enumerate(source.columns)
    )
    return f"""select
        planned.batch_number,
        planned.request_id,
        planned.row_key,
        planned.row_hash,
        planned.operation,
        planned.operation_id,
        planned.operation_version,
        {row_hash(source.dialect, source.columns, "model")} as present_hash,
        model.{quote_identifier(source.key)} is not null as is_present{payload}
    from {source.log} as planned
    left join {relation_name(*source.model)} as model
        on planned.row_key = {source.key_text} and planned.operation <> 'remove'
    where planned.run_id = {literal(run_id)} and planned.status = 'planned'
    order by planned.batch_number, planned.operation_id"""


def close_run(
    schema: str, *, run_id: str, reason: str, recorded_at: str, next_attempt_at: str | None = None
) -> str:
    """Return the statement that gives an outcome to each planned operation that has none.

    ``unknown`` where the request had been announced, ``held`` where it was never attempted.
    ``next_attempt_at`` is when the destination wants to be asked again, if it said so.
    """
    log = relation_name(schema, "sync_log")
    events = relation_name(schema, "sync_events")
    run = literal(run_id)
    return f"""insert into {log} ({", ".join(LOG_COLUMNS)})
    with attempts as (
        select request_id, max(happened_at) as attempted_at
        from {events}
        where run_id = {run} and event = 'attempted'
        group by request_id
    ),
    marked as (
        select
            steps.*,
            max(case when status in ('planned', 'suppressed') then 0 else 1 end) over (
                partition by row_key
            ) as outcomes
        from {log} as steps
        where run_id = {run}
    )
    select
        planned.run_id,
        planned.sync,
        planned.row_key,
        planned.row_hash,
        planned.operation,
        case when attempts.request_id is null then 'held' else 'unknown' end,
        case
            when attempts.request_id is null then {literal(reason)}
            else 'no outcome was recorded: the run ended while waiting for it'
        end,
        planned.request_id,
        planned.operation_id,
        planned.external_id,
        planned.run_number,
        planned.operation_version,
        planned.batch_number,
        attempts.attempted_at,
        cast(null as timestamp),
        cast({literal(next_attempt_at)} as timestamp),
        cast({literal(recorded_at)} as timestamp)
    from marked as planned
    left join attempts on planned.request_id = attempts.request_id
    where planned.status = 'planned' and planned.outcomes = 0"""


def open_runs(schema: str, sync: str) -> str:
    """Return a query for the runs (id, number) of a sync that started and never finished."""
    events = relation_name(schema, "sync_events")
    return f"""select started.run_id, started.run_number
    from {events} as started
    where
        started.sync = {literal(sync)}
        and started.event = 'started'
        and not exists (
            select 1 from {events} as ended
            where ended.run_id = started.run_id and ended.event in ('finished', 'closed')
        )
    order by started.run_number"""


def count_outcomes(schema: str, run_id: str) -> str:
    """Return a query for a run's rows by status."""
    return (
        f"select status, count(*) from {relation_name(schema, 'sync_log')} "
        f"where run_id = {literal(run_id)} group by status order by status"
    )


def latest_run_number(schema: str, sync: str) -> str:
    """Return a query for the greatest run number of a sync, 0 where there is none."""
    return (
        f"select coalesce(max(run_number), 0) from {relation_name(schema, 'sync_events')} "
        f"where sync = {literal(sync)}"
    )


def destination_waits_until(schema: str, sync: str) -> str:
    """Return a query for the time before which the destination wants no requests, or NULL."""
    return (
        f"select max(next_attempt_at) from {relation_name(schema, 'sync_rows')} "
        f"where sync = {literal(sync)}"
    )
