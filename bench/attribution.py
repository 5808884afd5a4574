"""Credits from touches in the warehouse, beside ChannelAttribution on the same journeys.

The peer works on paths: building them in the warehouse counts on its side, and so does counting
equal ones. It gives totals by channel; ours are credits of each touch, in cents that add up.
It fails where our removal effects differ from those of a dense solve by more than 1e-9, or from
the peer's by more than the error of its simulation. All of our models are measured on ten million
touches and a million conversions, beside a bare scan and sort of the touches, and again after one
percent more conversions.
"""

from __future__ import annotations

import importlib.util
import json
import math
import statistics
from datetime import datetime
from pathlib import Path
from typing import Annotated

import duckdb
import numpy as np
import typer
import yaml

from bench.engines import Engine, running
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

# Journeys of one person each: after a touch comes another in six cases of ten, a day later, twelve
# at most. All lie in one window, and ended one before the end.
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
    timestamp '{end}' - interval 45 day + to_hours(step * 24) + to_seconds(journey % 80000)
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
{again}
with open(sys.argv[2], "w") as file:
    json.dump([seconds, found], file)
"""
HEURISTICS = """
found = heuristic_models(paths, "path", "conversions", "revenue", flg_pro=False).to_dict("list")
"""
MARKOV = """
def simulate(seed):
    return markov_model(
        paths, "path", "conversions", "revenue", "nulls", order=1, out_more=True, ncore=2,
        verbose=False, flg_pro=False, seed=seed,
    )["removal_effects"]

found = simulate(1)
"""
AGAIN = """
found = [
    dict(zip(effects["channel_name"], effects["removal_effects_conversion"]))
    for effects in [found, *(simulate(1 + 1_000_003 * n) for n in range(1, {simulations}))]
]
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

# How often which step follows which in journeys, from touches alone.
MOVES = """
with steps as (
    select
        touchpoints.channel,
        conversions.person_id is not null as is_converted,
        lag(touchpoints.channel) over journey as before,
        lead(touchpoints.channel) over journey as after
    from events.touchpoints as touchpoints
    left join events.conversions as conversions using (person_id)
    window journey as (
        partition by touchpoints.person_id order by touched_at, touchpoint_id
    )
),
moves as (
    select coalesce(before, 'start') as origin, channel as target from steps
    union all
    select channel, case when is_converted then 'conversion' else 'nothing' end
    from steps where after is null
)
select origin, target, count(*) from moves group by origin, target
"""
EXACT = 1e-9
# The peer simulates so often: the mean of its effects has the standard error of these. Seeds lie
# far apart, since those beside each other draw the same.
SIMULATIONS = 10
# By chance, a mean of ten lies so many of its standard errors off once in ten thousand times.
STANDARD_ERRORS = 6

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


def dense_effects(moves: list[tuple[str, str, int]]) -> dict[str, float]:
    """Return each channel's removal effect, by a dense solve with it and one without it."""
    states = sorted({origin for origin, _, _ in moves})
    number = {state: index for index, state in enumerate(states)}
    leaving = dict.fromkeys(states, 0)
    for origin, _, count in moves:
        leaving[origin] += count

    def converting(removed: str | None) -> float:
        matrix, ends = np.eye(len(states)), np.zeros(len(states))
        for origin, target, count in moves:
            chance = count / leaving[origin]
            if target == "conversion":
                ends[number[origin]] += chance
            elif target != "nothing" and target != removed:
                matrix[number[origin], number[target]] -= chance
        return float(np.linalg.solve(matrix, ends)[number["start"]])

    whole = converting(None)
    channels = [state for state in states if state != "start"]
    return {name: 1 - converting(name) / whole for name in channels}


def check_exact(database: Path) -> tuple[dict[str, float], list[str]]:
    """Compare our removal effects with a dense solve; return them, and what is wrong."""
    with duckdb.connect(str(database), read_only=True) as connection:
        ours = dict(
            connection.execute(
                "select value, removal_effect from attribution.channel_weights"
                " where model = 'markov_channel'"
            ).fetchall()
        )
        expected = dense_effects(connection.execute(MOVES).fetchall())
    if ours.keys() != expected.keys():
        return ours, [f"our channels are {sorted(ours)}, those of a dense solve {sorted(expected)}"]
    apart = max(abs(ours[name] - effect) for name, effect in expected.items())
    print(f"  removal effects: at most {apart:.1e} apart from a dense solve")
    return ours, [f"removal effects are {apart:.1e} off a dense solve"] if apart > EXACT else []


def check_peer(ours: dict[str, float], theirs: list[dict[str, float]]) -> list[str]:
    """Compare our removal effects with the peer's; return what its simulation does not explain."""
    wrong = []
    worst = 0.0
    for name, effect in ours.items():
        simulated = [effects[name] for effects in theirs]
        error = statistics.stdev(simulated) / math.sqrt(len(simulated))
        apart = abs(statistics.mean(simulated) - effect)
        worst = max(worst, apart / error)
        if apart > STANDARD_ERRORS * error:
            wrong.append(
                f"the removal effect of {name} is {effect:.5f}, the peer's"
                f" {statistics.mean(simulated):.5f} with a standard error of {error:.5f}"
            )
    print(
        f"  removal effects: at most {worst:.1f} standard errors apart from the mean of"
        f" {len(theirs)} simulations of the peer"
    )
    return wrong


def beside_peer(engine: Engine, database: Path) -> list[str]:
    """Measure heuristics and a Markov chain on both sides; return what is wrong with effects."""
    run = ["run", "--full-refresh", "--select"]
    heuristic = given(["first_touch", "last_touch", "linear"])
    ours = dbt(engine, "heuristics: Sojourn", [*run, *HEURISTIC, *heuristic])
    # The peer gives no intervals.
    markov = given(["markov_channel"], replicates=0)
    ours_markov = dbt(engine, "Markov: Sojourn", [*run, *FITTED, *markov])
    effects, wrong = check_exact(database)
    if not importlib.util.find_spec("ChannelAttribution"):
        print("  ChannelAttribution is not installed: uv pip install --group bench")
        return wrong
    heuristics = PEER.format(paths=PATHS, model=HEURISTICS, again="")
    theirs, _ = peer(engine, "heuristics: peer", heuristics)
    simulated = PEER.format(paths=PATHS, model=MARKOV, again=AGAIN.format(simulations=SIMULATIONS))
    theirs_markov, [found] = peer(engine, "Markov: peer", simulated)
    for name, mine, other in (
        ("heuristics", ours, theirs),
        ("Markov", ours_markov, theirs_markov),
    ):
        print(
            f"  {name}: {mine.seconds:.1f} s, the peer {other.seconds:.1f} s:"
            f" {other.seconds / mine.seconds:.2f} times as fast"
        )
    return wrong + check_peer(effects, found)


def all_models(engine: Engine, journeys: int, buying: float) -> None:
    """Measure all models with their intervals, beside the limit, and after 1% more conversions."""
    everything = ["path:models/attribution"]
    bare, _ = peer(engine, "limit: scan and sort", BARE)
    settings = given(version="with_intervals")
    full = dbt(engine, "all models", ["run", "--full-refresh", "--select", *everything, *settings])
    draw(engine.folder / "sojourn.duckdb", journeys // 100, first=journeys, buying=buying)
    later = dbt(engine, "1% more", ["run", "--select", *everything, *settings])
    print(f"  all models: {full.seconds / bare.seconds:.1f} times scan and sort")
    print(f"  1% more conversions: {later.seconds / full.seconds:.1%} of that; asked: 10% or less")


def start(engine: Engine, database: Path, journeys: int, buying: float) -> None:
    """Make an empty warehouse and draw journeys into it."""
    engine.clear()
    dbt(engine, "empty warehouse", ["build", *NO_TESTS, "--select", "+path:models/attribution"])
    touches, conversions = draw(database, journeys, first=0, buying=buying)
    print(f"{journeys:,} journeys, {touches:,} touches, {conversions:,} conversions")


def main(
    journeys: Annotated[int, typer.Option(help="Beside the peer; 0: not at all.")] = 1_000_000,
    all_journeys: Annotated[
        int, typer.Option(help="For all models: ten million touches; 0: not at all.")
    ] = 4_450_000,
    all_buying: Annotated[
        float, typer.Option(help="There people buy so many times as often: a million do.")
    ] = 3.5,
    memory_gb: Annotated[int, typer.Option(help="What DuckDB may take.")] = 4,
    out: Path = ROOT / "var" / "bench" / "attribution",
) -> None:
    """Measure attribution on DuckDB."""
    wrong: list[str] = []
    with running("duckdb", out, out, memory_gb) as engine:
        engine.environment["SOJOURN_AS_OF"] = END.isoformat()
        database = out / "sojourn.duckdb"
        if journeys:
            start(engine, database, journeys, buying=1.0)
            wrong = beside_peer(engine, database)
        if all_journeys:
            start(engine, database, all_journeys, all_buying)
            all_models(engine, all_journeys, all_buying)
    if wrong:
        raise SystemExit("Wrong: " + "; ".join(wrong) + ".")


if __name__ == "__main__":
    typer.run(main)
