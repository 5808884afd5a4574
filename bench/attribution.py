"""Credits from touches in the warehouse, beside ChannelAttribution on the same journeys.

The peer works on paths: building them in the warehouse counts on its side, and so does counting
equal ones. It gives totals by channel; ours are credits of each touch, in cents that add up.
Removal effects of the two must agree within the peer's simulation error. All of our models are
measured beside a bare scan and sort of the touches, and again after one percent more conversions.
"""

from __future__ import annotations

import importlib.util
import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import duckdb
import typer
import yaml

from bench.engines import running
from bench.measure import NO_TESTS, ROOT, dbt, peer

END = datetime(2026, 3, 1)
CHANNELS = [
    ("Paid Search", 0.05),
    ("Organic Search", 0.03),
    ("Paid Social", 0.01),
    ("Display", 0.002),
    ("Email", 0.06),
    ("Affiliates", 0.04),
    ("Referral", 0.02),
    ("Organic Social", 0.008),
    ("Paid Video", 0.004),
    ("SMS", 0.05),
]
"""With the probability that a person buys upon a touch of it."""

# Journeys of one person each: after a touch comes another in six cases of ten. The first touches
# of a journey that converts lie up to 20 days before it, and all lie in one window.
DRAW = """
create or replace temp table drawn as
with numbered as (select range + {first} as journey from range({journeys})),
steps as (
    select journey, step, hash(journey * 64 + step + 1) as chance
    from numbered cross join (select range as step from range(12)) as steps
),
chosen as (
    select
        *,
        {channels}[1 + (chance % 10)::bigint] as channel,
        chance // 10 % 1000000 / 1000000.0 as luck,
        (chance // 10000000 % 1000000) / 1000000.0 as patience
    from steps
),
weighed as (
    select *, luck < map_extract({rates}, channel)[1] as buys, patience >= 0.6 as leaves
    from chosen
)
select
    *,
    max(buys or leaves) over (
        partition by journey order by step rows between unbounded preceding and 1 preceding
    ) as is_over
from weighed;

create or replace temp table taken as
select
    'p' || journey as person_id,
    journey || '-' || step as touchpoint_id,
    channel,
    buys,
    timestamp '{end}' - interval 40 day + to_hours(step * 24) + to_seconds(journey % 80000)
        as touched_at
from drawn
where not coalesce(is_over, false);

insert into events.touchpoints by name
select
    touchpoint_id,
    person_id,
    person_id as device_key,
    channel,
    'session' as kind,
    'web' as source,
    false as is_direct,
    false as is_machine,
    touched_at,
    (hash(touchpoint_id, person_id, channel, touched_at) >> 1)::hugeint as fingerprint,
    current_timestamp::timestamp as changed_in
from taken;

insert into events.conversions by name
select
    touchpoint_id as conversion_id,
    person_id,
    'order' as conversion_type,
    touchpoint_id as order_id,
    'shop' as source,
    'EUR' as currency,
    20 + hash(touchpoint_id) % 10000 / 100 as revenue,
    revenue as gross_revenue,
    0 as refunded_revenue,
    true as is_first,
    touched_at + interval 10 minute as converted_at
from taken where buys;
"""

PATHS = """
paths = connection.execute(\"\"\"
    with journeys as (
        select
            string_agg(channel, '>' order by touched_at, touchpoint_id) as path,
            any_value(conversions.revenue) as revenue
        from events.touchpoints as touchpoints
        left join events.conversions as conversions using (person_id)
        group by touchpoints.person_id
    )
    select
        path,
        count(revenue) as conversions,
        coalesce(sum(revenue), 0)::double as revenue,
        count(*) - count(revenue) as nulls
    from journeys
    group by path
\"\"\").df()
"""
PEER = """
import duckdb, json, sys, time
from ChannelAttribution import heuristic_models, markov_model
connection = duckdb.connect(sys.argv[1], read_only=True)
connection.execute("set threads = 2")
began = time.monotonic()
{paths}
{model}
seconds = time.monotonic() - began
with open(sys.argv[2], "w") as file:
    json.dump([seconds, found], file)
"""
HEURISTICS = """
found = heuristic_models(paths, "path", "conversions", "revenue", flg_pro=False).to_dict("list")
"""
MARKOV = """
found = markov_model(
    paths, "path", "conversions", "revenue", "nulls", order=1, out_more=True, ncore=2,
    verbose=False, flg_pro=False,
)["removal_effects"].to_dict("list")
"""
BARE = """
import duckdb, json, sys, time
connection = duckdb.connect(sys.argv[1], read_only=True)
connection.execute("set threads = 2")
began = time.monotonic()
connection.execute("select sum(hash(columns(*))) from events.touchpoints").fetchall()
connection.execute(
    "create temp table sorted as from events.touchpoints order by person_id, touched_at"
)
with open(sys.argv[2], "w") as file:
    json.dump([time.monotonic() - began], file)
"""

HEURISTIC = [
    "person_fingerprints",
    "creditable_kinds",
    "conversion_touches",
    "conversion_fingerprints",
    "credits",
]
FITTED = [*HEURISTIC, "journeys", "paths", "channel_weights"]


def given(models: list[str] | None = None, **fit_settings: object) -> list[str]:
    """Return the variables that name the models to credit by; all, if none are named."""
    usual = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]["attribution_fit"]
    fit = {**usual, "training_to": END.date().isoformat(), **fit_settings}
    variables = {"attribution_fit": fit, **({"attribution_models": models} if models else {})}
    return ["--vars", json.dumps(variables)]


def draw(database: Path, journeys: int, first: int, buying: float) -> tuple[int, int]:
    """Add so many journeys, with ``buying`` times the usual probabilities that a person buys.

    Return how many touches and conversions there are then.
    """
    names = [name for name, _ in CHANNELS]
    rates = ", ".join(f"'{name}': {rate * buying}" for name, rate in CHANNELS)
    with duckdb.connect(str(database)) as connection:
        connection.execute("set threads = 2")
        connection.execute(
            DRAW.format(
                first=first,
                journeys=journeys,
                channels=names,
                rates=f"map {{{rates}}}",
                end=END.isoformat(),
            )
        )
        [(touches, conversions)] = connection.execute(
            "select (select count(*) from events.touchpoints),"
            " (select count(*) from events.conversions)"
        ).fetchall()
    return touches, conversions


def main(
    journeys: Annotated[int, typer.Option(help="Journeys, one a person.")] = 1_000_000,
    buying: Annotated[float, typer.Option(help="Times the usual rates of buying.")] = 1.0,
    memory_gb: Annotated[int, typer.Option(help="What DuckDB may take.")] = 4,
    all_models: Annotated[bool, typer.Option(help="All models, and 1% more conversions.")] = True,
    out: Path = ROOT / "var" / "bench" / "attribution",
) -> None:
    """Measure attribution on DuckDB."""
    with running("duckdb", out, out, memory_gb) as engine:
        engine.clear()
        engine.environment["SOJOURN_AS_OF"] = END.isoformat()
        database = out / "sojourn.duckdb"
        dbt(engine, "empty warehouse", ["build", *NO_TESTS, "--select", "+path:models/attribution"])
        touches, conversions = draw(database, journeys, first=0, buying=buying)
        print(f"{journeys:,} journeys, {touches:,} touches, {conversions:,} conversions")

        run = ["run", "--full-refresh", "--select"]
        heuristic = given(["first_touch", "last_touch", "linear"])
        ours = dbt(engine, "heuristics: Sojourn", [*run, *HEURISTIC, *heuristic])
        # The peer gives no intervals.
        markov = given(["markov_channel"], replicates=0)
        ours_markov = dbt(engine, "Markov: Sojourn", [*run, *FITTED, *markov])
        if importlib.util.find_spec("ChannelAttribution"):
            theirs, _ = peer(engine, "heuristics: peer", PEER.format(paths=PATHS, model=HEURISTICS))
            theirs_markov, [effects] = peer(
                engine, "Markov: peer", PEER.format(paths=PATHS, model=MARKOV)
            )
            for name, mine, other in (
                ("heuristics", ours, theirs),
                ("Markov", ours_markov, theirs_markov),
            ):
                print(
                    f"  {name}: {mine.seconds:.1f} s, the peer {other.seconds:.1f} s:"
                    f" {other.seconds / mine.seconds:.2f} times as fast"
                )
            with duckdb.connect(str(database)) as connection:
                weights = dict(
                    connection.execute(
                        "select value, removal_effect from attribution.channel_weights"
                        " where model = 'markov_channel' and dimension = 'channel'"
                    ).fetchall()
                )
            apart = max(
                abs(weights[name] - effect)
                for name, effect in zip(
                    effects["channel_name"], effects["removal_effects_conversion"], strict=True
                )
            )
            print(f"  removal effects: at most {apart:.4f} apart from the peer's simulation")
        else:
            print("  ChannelAttribution is not installed: uv pip install --group bench")

        if all_models:
            bare, _ = peer(engine, "limit: scan and sort", BARE)
            everything = ["path:models/attribution"]
            full = dbt(engine, "all models", [*run, *everything, *given(version="with_intervals")])
            draw(database, journeys // 100, first=journeys, buying=buying)
            later = dbt(
                engine,
                "1% more",
                ["run", "--select", *everything, *given(version="with_intervals")],
            )
            print(f"  all models: {full.seconds / bare.seconds:.1f} times scan and sort")
            print(f"  1% more conversions: {later.seconds / full.seconds:.1%}")


if __name__ == "__main__":
    typer.run(main)
