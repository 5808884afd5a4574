"""What the report says, read from the warehouse with a handful of aggregate queries."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sojourn.compare.attribution_evaluation import evaluate
from sojourn.compare.theirs import CompareError
from sojourn.compare.truth import EvaluationError
from sojourn.identity.identifier import mask
from sojourn.settings import Settings
from sojourn.warehouse import Warehouse, open_warehouse, reporting_currency

MODELS = ("first_touch", "last_non_direct", "linear", "markov_channel")
_ENGINES = {"duckdb": "DuckDB", "postgres": "PostgreSQL", "spark": "Apache Spark"}

# What counts under several conversion types (an order, and a first order) is one here.
_COUNTED_ONCE = (
    "select conversion_id from (select conversion_id, row_number() over (partition by "
    "coalesce(order_id, conversion_key) order by coalesce(revenue, 0) desc, conversion_id) as "
    "place from {events}.conversions) as ranked where place = 1"
)


@dataclass
class Bar:
    """A bar of a chart: ``share`` is its length between 0 and 1."""

    label: str
    value: Any
    share: float
    note: str = ""


@dataclass
class Merge:
    """One person as an example of a merge: the identifiers (masked) and the edges between them."""

    person_id: str
    nodes: list[dict[str, Any]] = field(default_factory=list)
    edges: list[dict[str, Any]] = field(default_factory=list)
    event_count: int = 0
    order_count: int = 0


@dataclass
class Facts:
    """All that the page shows."""

    as_of: datetime
    engine: str
    flow: list[tuple[str, str, int, str]]
    sources: list[dict[str, Any]]
    persons_by_size: list[Bar]
    demoted: list[Bar]
    merge: Merge | None
    stages: list[Bar]
    audiences: list[dict[str, Any]]
    channels: list[dict[str, Any]]
    spend: list[dict[str, Any]]
    days: list[dict[str, Any]]
    syncs: list[dict[str, Any]]
    revenue: Decimal
    currency: str
    truth: dict[str, Any] | None


def bars(rows: list[tuple[Any, ...]]) -> list[Bar]:
    """Turn (label, value, note) rows into bars, the longest as long as the chart is wide."""
    longest = max((float(row[1]) for row in rows), default=0.0) or 1.0
    return [
        Bar(str(row[0]), row[1], float(row[1]) / longest, str(row[2]) if len(row) > 2 else "")
        for row in rows
    ]


class _Reader:
    """Reads from the schemas that carry the settings' prefix."""

    def __init__(self, warehouse: Warehouse, prefix: str) -> None:
        self.warehouse = warehouse
        self.prefix = prefix

    def rows(self, sql: str, params: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        for schema in ("identity", "events", "profiles", "audiences", "attribution", "activation"):
            sql = sql.replace(f"{{{schema}}}", f"{self.prefix}{schema}")
        return self.warehouse.fetch(sql, params)

    def one(self, sql: str) -> Any:
        return self.rows(sql)[0][0]


def read_facts(settings: Settings) -> Facts:
    """Read the facts of the last build.

    Raises:
        RuntimeError: when there is no built warehouse.
    """
    truth = _truth(settings)
    with open_warehouse(settings, read_only=True) as warehouse:
        if not warehouse.relation_exists(f"{settings.schema_prefix}attribution", "performance"):
            raise RuntimeError("Nothing is built yet: run `sojourn run` (or `make demo`) first.")
        read = _Reader(warehouse, settings.schema_prefix)
        sources = _sources(warehouse)
        return Facts(
            as_of=read.one("select max(recorded_at) from {identity}.identifier_ledger"),
            engine=_ENGINES[warehouse.dialect],
            flow=_flow(read, sources),
            sources=sources,
            persons_by_size=_persons_by_size(read),
            demoted=bars(
                read.rows(
                    "select identifier_type || ': ' || coalesce(status_reason, status), count(*) "
                    "from {identity}.identifiers where status <> 'active' "
                    "group by 1 order by 2 desc, 1 limit 6"
                )
            ),
            merge=_merge(read),
            stages=_stages(read),
            audiences=_audiences(read),
            channels=_channels(read),
            spend=_spend(read),
            days=_days(read),
            syncs=_syncs(read),
            revenue=read.one(
                "select coalesce(sum(revenue), 0) from {events}.conversions "
                f"where conversion_id in ({_COUNTED_ONCE})"
            ),
            currency=reporting_currency(warehouse, settings.schema_prefix),
            truth=truth,
        )


def _truth(settings: Settings) -> dict[str, Any] | None:
    """Return how models compare with the truth, where the exports are a simulated brand's."""
    if settings.exports is None:
        return None
    try:
        return evaluate(settings)
    except (EvaluationError, CompareError):
        return None


def _sources(warehouse: Warehouse) -> list[dict[str, Any]]:
    found = []
    for schema in warehouse.schemas_with("loaded_files", "raw_"):
        files, rows, quarantined = warehouse.fetch(
            "select count(distinct path), coalesce(sum(row_count), 0), "
            f'coalesce(sum(quarantined_count), 0) from "{schema}".loaded_files'
        )[0]
        drift = 0
        if warehouse.relation_exists(schema, "schema_drift"):
            drift = warehouse.fetch(f'select count(*) from "{schema}".schema_drift')[0][0]
        rejected = 0
        if warehouse.relation_exists(schema, "rejected_loads"):
            rejected = warehouse.fetch(f'select count(*) from "{schema}".rejected_loads')[0][0]
        found.append(
            {
                "name": schema.removeprefix("raw_"),
                "files": int(files),
                "rows": int(rows),
                "quarantined": int(quarantined),
                "drift": int(drift),
                "rejected": int(rejected),
            }
        )
    return found


def _flow(read: _Reader, sources: list[dict[str, Any]]) -> list[tuple[str, str, int, str]]:
    quarantined = sum(source["quarantined"] for source in sources)
    return [
        ("Raw rows", "load", sum(s["rows"] for s in sources), f"{quarantined:,} set aside"),
        (
            "Events",
            "events",
            read.one("select count(*) from {events}.events"),
            "sessions and touches",
        ),
        (
            "Identifiers",
            "identity",
            read.one("select count(*) from {identity}.identifiers"),
            "cookies, e-mails, phones, ids",
        ),
        (
            "Persons",
            "profiles",
            read.one("select count(*) from {profiles}.profiles"),
            f"{read.one('select count(email) from {profiles}.profiles'):,} with e-mail",
        ),
        (
            "Conversions",
            "attribution",
            read.one(f"select count(*) from ({_COUNTED_ONCE}) as conversions"),
            f"{read.one('select count(*) from {events}.touchpoints'):,} touches",
        ),
        (
            "In audiences",
            "audiences",
            read.one("select count(*) from {audiences}.members"),
            f"{read.one('select count(distinct audience) from {audiences}.members')} audiences",
        ),
        (
            "Delivered",
            "activation",
            read.one(
                "select count(*) from {activation}.sync_state where acknowledged_hash is not null"
            ),
            "acknowledged rows",
        ),
    ]


def _persons_by_size(read: _Reader) -> list[Bar]:
    return bars(
        read.rows(
            "select case when n = 1 then '1 identifier' when n <= 3 then '2 to 3' "
            "when n <= 6 then '4 to 6' when n <= 10 then '7 to 10' else 'over 10' end, count(*) "
            "from (select person_id, count(*) as n from {identity}.identifiers "
            "where person_id is not null group by person_id) as sizes group by 1 order by min(n)"
        )
    )


def _merge(read: _Reader) -> Merge | None:
    """The person who is known to the most sources, with six to nine identifiers."""
    person = read.rows(
        "select person_id from (select identifiers.person_id, "
        "count(distinct edges.source) as sources, count(distinct edges.right_type) as types, "
        "count(distinct edges.right_value) as right_values "
        "from {identity}.identifiers as identifiers "
        "inner join {identity}.edges as edges on edges.left_type = identifiers.identifier_type "
        "and edges.left_value = identifiers.identifier_value and edges.status = 'active' "
        "group by identifiers.person_id) as persons where right_values between 4 and 9 "
        "order by sources desc, types desc, right_values desc, person_id limit 1"
    )
    if not person:
        return None
    person_id = person[0][0]
    nodes = read.rows(
        "select identifier_type, identifier_value, observation_count, tier "
        "from {identity}.identifiers where person_id = ? order by tier, 1, 2 limit 14",
        (person_id,),
    )
    positions = {(kind, value): index for index, (kind, value, _, _) in enumerate(nodes)}
    edges = read.rows(
        "select edges.left_type, edges.left_value, edges.right_type, edges.right_value, "
        "min(edges.rule), min(edges.source), sum(edges.observation_count) "
        "from {identity}.edges as edges inner join {identity}.identifiers as identifiers "
        "on edges.left_type = identifiers.identifier_type "
        "and edges.left_value = identifiers.identifier_value "
        "where identifiers.person_id = ? and edges.status = 'active' group by 1, 2, 3, 4",
        (person_id,),
    )
    return Merge(
        person_id=person_id,
        nodes=[
            {"kind": kind.replace("_", " "), "value": mask(kind, value), "seen": int(seen)}
            for kind, value, seen, _ in nodes
        ],
        edges=[
            {
                "left": positions[(edge[0], edge[1])],
                "right": positions[(edge[2], edge[3])],
                "label": f"{edge[5]}: {edge[4].replace('_', ' ')}",
            }
            for edge in edges
            if (edge[0], edge[1]) in positions and (edge[2], edge[3]) in positions
        ],
        event_count=int(
            read.rows("select count(*) from {events}.events where person_id = ?", (person_id,))[0][
                0
            ]
        ),
        order_count=int(
            read.rows("select count(*) from {events}.orders where person_id = ?", (person_id,))[0][
                0
            ]
        ),
    )


STAGES = (
    "unaware", "visitor", "lead", "first_purchase", "repeat", "loyal", "advocate", "lapsing",
    "lost",
)  # fmt: skip


def _stages(read: _Reader) -> list[Bar]:
    found = dict(read.rows("select lifecycle_stage, count(*) from {profiles}.profiles group by 1"))
    return bars([(stage.replace("_", " "), found.get(stage, 0)) for stage in STAGES])


def _audiences(read: _Reader) -> list[dict[str, Any]]:
    rows = read.rows(
        "select log.audience, log.entered, log.gone, coalesce(members.present, 0) from ("
        "select audience, count(case when change = 'enter' then 1 end) as entered, "
        "count(case when change = 'exit' then 1 end) as gone "
        "from {audiences}.membership_log group by audience) as log "
        "left join (select audience, count(*) as present from {audiences}.members "
        "group by audience) as members on members.audience = log.audience order by log.audience"
    )
    return [
        {"name": name.replace("_", " "), "entered": entered, "left": left, "members": members}
        for name, entered, left, members in rows
    ]


def _channels(read: _Reader) -> list[dict[str, Any]]:
    rows = read.rows(
        "select channel, model, sum(credit), sum(attributed_revenue) from {attribution}.credits "
        f"where conversion_id in ({_COUNTED_ONCE}) group by channel, model"
    )
    by_channel: dict[str, dict[str, tuple[float, float]]] = {}
    for channel, model, credit, revenue in rows:
        by_channel.setdefault(channel, {})[model] = (float(credit), float(revenue))
    longest = max(
        (
            pair[1]
            for name, found in by_channel.items()
            for pair in found.values()
            if name != "Unattributed"
        ),
        default=1.0,
    )
    order = sorted(by_channel, key=lambda name: -max(pair[1] for pair in by_channel[name].values()))
    order = [name for name in order if name != "Unattributed"] + [
        name for name in order if name == "Unattributed"
    ]
    return [
        {
            "name": name,
            "models": [
                {
                    "model": model,
                    "credit": by_channel[name].get(model, (0.0, 0.0))[0],
                    "revenue": by_channel[name].get(model, (0.0, 0.0))[1],
                    "share": min(
                        1.0, by_channel[name].get(model, (0.0, 0.0))[1] / (longest or 1.0)
                    ),
                }
                for model in MODELS
            ],
        }
        for name in order
    ]


def _spend(read: _Reader) -> list[dict[str, Any]]:
    rows = read.rows(
        "select platform, campaign, max(channel), sum(spend), sum(attributed_revenue), "
        "sum(conversions) from {attribution}.performance "
        "where model = 'last_non_direct' and date_basis = 'touch' and conversion_type = ("
        "select conversion_type from {attribution}.performance group by conversion_type "
        "order by case when conversion_type = 'order' then 0 else 1 end, "
        "sum(attributed_revenue) desc limit 1) "
        "and platform is not null group by platform, campaign having sum(spend) > 0 "
        "order by sum(spend) desc limit 12"
    )
    return [
        {
            "platform": platform.replace("_", " "),
            "campaign": campaign,
            "channel": channel,
            "spend": float(spend),
            "revenue": float(revenue or 0),
            "conversions": float(conversions or 0),
            "roas": float(revenue or 0) / float(spend),
        }
        for platform, campaign, channel, spend, revenue, conversions in rows
    ]


def _days(read: _Reader) -> list[dict[str, Any]]:
    sessions = dict(
        read.rows("select cast(started_at as date), count(*) from {events}.sessions group by 1")
    )
    orders = dict(
        read.rows("select cast(ordered_at as date), count(*) from {events}.orders group by 1")
    )
    if not sessions and not orders:
        return []
    every = sorted({*sessions, *orders})[-120:]
    top_sessions = max((sessions.get(day, 0) for day in every), default=0) or 1
    top_orders = max((orders.get(day, 0) for day in every), default=0) or 1
    return [
        {
            "day": day.isoformat(),
            "sessions": sessions.get(day, 0),
            "orders": orders.get(day, 0),
            "sessions_share": sessions.get(day, 0) / top_sessions,
            "orders_share": orders.get(day, 0) / top_orders,
        }
        for day in every
    ]


def _syncs(read: _Reader) -> list[dict[str, Any]]:
    rows = read.rows(
        "select sync, status, planned, acknowledged, rejected, failed, unknown, held, unchanged, "
        "suppressed, started_at from {activation}.sync_runs order by started_at desc limit 8"
    )
    names = (
        "sync", "status", "planned", "acknowledged", "rejected", "failed", "unknown", "held",
        "unchanged", "suppressed", "started_at",
    )  # fmt: skip
    return [dict(zip(names, row, strict=True)) for row in rows]
