"""Two warehouses hold the same, in the sense of the design: compared table by table, row by row.

State tables are compared as they are; logs after folding them to the state that they lead to.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from sojourn.settings import Settings
from sojourn.warehouse import open_warehouse

# Folded views of the public tables: what a log leads to. None: the table as it is.
PUBLIC_TABLES: dict[str, str | None] = {
    "identity.identifiers": None,
    "identity.edges": None,
    "identity.id_mapping": "select * from identity.id_mapping where person_id = current_person_id",
    "identity.person_history": "select * from identity.person_history where is_current",
    "profiles.profiles": None,
    "profiles.profile_lineage": None,
    "profiles.consents": None,
    "profiles.consent_log": """
        select identifier_type, identifier_value, channel, purpose, status, source, effective_at
        from (
            select *, row_number() over (
                partition by identifier_type, identifier_value, channel, purpose
                order by effective_at desc, case status when 'denied' then 0 else 1 end, source
            ) as recency
            from profiles.consent_log
        ) as ranked
        where recency = 1
    """,
    "profiles.purchase_history": None,
    "profiles.predictions": None,
    "profiles.lifecycle_log": """
        select person_id, attribute, to_value
        from (
            select *, row_number() over (
                partition by person_id, attribute order by change_number desc
            ) as recency
            from profiles.lifecycle_log
        ) as ranked
        where recency = 1 and to_value is not null
    """,
    "profiles.accounts": None,
    "profiles.account_members": None,
    "events.events": None,
    "events.sessions": None,
    "events.touchpoints": None,
    "events.orders": None,
    "events.order_items": None,
    "events.conversions": None,
    "events.refund_log": """
        select order_id, refunded_revenue
        from (
            select order_id, sum(refunded_revenue) as refunded_revenue
            from events.refund_log group by order_id
        ) as totals
        where refunded_revenue <> 0
    """,
    "audiences.members": None,
    "audiences.membership_log": """
        select audience, person_id
        from (
            select *, row_number() over (
                partition by audience, person_id order by recorded_at desc, change
            ) as recency
            from audiences.membership_log
        ) as ranked
        where recency = 1 and change = 'enter'
    """,
    "attribution.ad_spend": None,
    "attribution.paths": None,
    "attribution.channel_weights": None,
    "attribution.credits": None,
    "attribution.performance": None,
    "staging.quarantined_rows": None,
}

# What tells of how it came about, or is a view of the above: the same where the same came in the
# same runs.
SAME_RUNS_TABLES: dict[str, str | None] = dict.fromkeys(
    [
        "identity.id_changes", "identity.steward_rules", "identity.graph_health",
        "profiles.value_parameters", "attribution.performance_history", "attribution.top_paths",
        "attribution.path_lengths", "attribution.time_lags", "attribution.assists",
        "attribution.channel_overlap",
        "attribution.model_comparison", "attribution.marginal_returns",
        "attribution.acquisition_cohorts",
    ]
)  # fmt: skip

# When we learned or acted, ids of runs, loads and changes, what each engine hashes its own way, and
# Spark's partitions.
NOT_COMPARED = {
    "loaded_at", "known_from", "known_to", "recorded_at", "changed_at", "entered_at",
    "attempted_at", "acknowledged_at", "attempts", "changed_in", "load_id", "_dlt_load_id",
    "_loaded_at", "fingerprint", "bucket", "change_id",
}  # fmt: skip

PERSON_COLUMNS = {"person_id", "current_person_id", "other_person_id"}

# Tables that the small brand must fill, so that equality means something.
MUST_HAVE_ROWS = {
    "identity.identifiers", "identity.edges", "profiles.profiles", "profiles.profile_lineage",
    "profiles.consents", "events.events", "events.sessions", "events.touchpoints", "events.orders",
    "events.order_items", "events.conversions", "profiles.purchase_history", "profiles.predictions",
    "profiles.lifecycle_log", "attribution.ad_spend", "attribution.paths",
    "attribution.credits", "attribution.performance", "audiences.members",
    "identity.id_changes", "identity.graph_health", "attribution.performance_history",
    "attribution.top_paths", "attribution.path_lengths", "attribution.time_lags",
    "attribution.assists", "attribution.channel_overlap", "attribution.model_comparison",
    "attribution.acquisition_cohorts",
}  # fmt: skip

State = dict[str, tuple[list[str], list[tuple[Any, ...]]]]


def read_state(settings: Settings, tables: dict[str, str | None]) -> State:
    """Return each table's compared columns and rows."""
    state: State = {}
    with open_warehouse(settings, read_only=True) as warehouse:
        for table, folded in tables.items():
            query = folded or f"select * from {table}"
            schema, name = table.split(".")
            columns = list(warehouse.columns(schema, name))
            if folded and "select *" not in folded.split("from")[0]:
                head = folded.strip().removeprefix("select").split("from")[0]
                columns = [column.strip() for column in head.split(",")]
            kept = sorted(column for column in columns if column not in NOT_COMPARED)
            rows = warehouse.fetch(f"select {', '.join(kept)} from ({query}) as compared")
            state[table] = (kept, rows)
    return state


def person_names(settings: Settings) -> dict[str, str]:
    """Name each person after its smallest identifier, for warehouses that loaded otherwise."""
    with open_warehouse(settings, read_only=True) as warehouse:
        rows = warehouse.fetch(
            "select person_id, identifier_type, identifier_value from identity.identifiers "
            "where person_id is not null"
        )
    names: dict[str, str] = {}
    for person, kind, value in rows:
        label = f"{kind}:{value}"
        names[person] = min(names.get(person, label), label)
    return names


def rename(state: State, names: dict[str, str]) -> State:
    """Return the state with person ids replaced by names."""
    renamed: State = {}
    for table, (columns, rows) in state.items():
        positions = {i for i, column in enumerate(columns) if column in PERSON_COLUMNS}
        renamed[table] = (
            columns,
            [
                tuple(
                    names.get(value, value) if index in positions else value
                    for index, value in enumerate(row)
                )
                for row in rows
            ],
        )
    return renamed


def _sortable(row: Iterable[Any]) -> tuple[str, ...]:
    return tuple(
        "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
        for value in row
    )


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, float) or isinstance(right, float):
        if left is None or right is None:
            return left is right
        if math.isnan(left) or math.isnan(right):
            return math.isnan(left) and math.isnan(right)
        return math.isclose(float(left), float(right), rel_tol=1e-9, abs_tol=1e-12)
    return bool(left == right)


def differences(left: State, right: State, limit: int = 3) -> list[str]:
    """Return a line for each difference, at most ``limit`` a table; none when they are the same."""
    found: list[str] = []
    for table, (columns, left_rows) in left.items():
        right_columns, right_rows = right[table]
        if columns != right_columns:
            found.append(f"{table}: columns {columns} and {right_columns}")
            continue
        if len(left_rows) != len(right_rows):
            found.append(f"{table}: {len(left_rows)} and {len(right_rows)} rows")
        only_left, only_right = _unmatched(left_rows, right_rows)
        for a, b in list(zip(only_left, only_right, strict=False))[:limit]:
            pairs = [
                f"{column}: {x!r} <> {y!r}"
                for column, x, y in zip(columns, a, b, strict=True)
                if not _equal(x, y)
            ]
            found.append(f"{table}: {dict(zip(columns, a, strict=True))} differs in {pairs}")
        if len(only_left) != len(only_right) or only_left:
            found.append(f"{table}: {len(only_left)} rows here and {len(only_right)} there only")
            longer = only_left if len(only_left) > len(only_right) else only_right
            found += [f"{table}: only once: {row}" for row in longer[: limit - 1]]
    return found


def _unmatched(
    left: list[tuple[Any, ...]], right: list[tuple[Any, ...]]
) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Walk both sides in order; rows without a partner on the other side."""
    lefts, rights = sorted(left, key=_sortable), sorted(right, key=_sortable)
    only_left, only_right = [], []
    i = j = 0
    while i < len(lefts) and j < len(rights):
        if all(_equal(x, y) for x, y in zip(lefts[i], rights[j], strict=True)):
            i, j = i + 1, j + 1
        elif _sortable(lefts[i]) <= _sortable(rights[j]):
            only_left.append(lefts[i])
            i += 1
        else:
            only_right.append(rights[j])
            j += 1
    return only_left + lefts[i:], only_right + rights[j:]


def assert_same(
    left: Settings,
    right: Settings,
    *,
    up_to_renaming: bool = False,
    same_runs: bool = False,
    only: Sequence[str] = (),
) -> dict[str, int]:
    """Fail with the first differences unless both warehouses hold the same (``only``: there).

    Returns:
        How many rows each table has.
    """
    tables = PUBLIC_TABLES | (SAME_RUNS_TABLES if same_runs else {})
    if only:
        tables = {table: tables.get(table) for table in only}
    states = [read_state(settings, tables) for settings in (left, right)]
    if up_to_renaming:
        states = [
            rename(state, person_names(settings))
            for state, settings in zip(states, (left, right), strict=True)
        ]
    counts = {table: len(rows) for table, (_, rows) in states[0].items()}
    empty = [table for table in set(only) or MUST_HAVE_ROWS & set(tables) if not counts[table]]
    assert not empty, f"nothing to compare in {empty}"
    found = differences(*states)
    assert not found, "\n".join(found[:40])
    return counts
