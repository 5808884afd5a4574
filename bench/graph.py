"""Identity at the size of a web shop, beside what computes bare components of the same edges.

The graph is like one of the web: mostly small, some long chains, some hubs. Measured are

- components from raw identifiers: ours (dbt, in SQL), pandas' encoding with SciPy's, and Splink's
  clustering, which is given numbers instead of identifiers;
- all of `models/identity`: protection, person ids, history; then one percent more of edges.

Each is a process of its own. dbt's start and parse are not counted.
"""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import duckdb
import typer

from bench.engines import running
from bench.measure import NO_TESTS, ROOT, dbt, peer

START = datetime(2026, 1, 1)
CHAIN = 1_000
HUB = 5_000

COMPONENTS = """
{{ config(materialized='components') }}
select 1 as nothing
"""
# What `identity_components` does first and for each tier, without tiers and limits.
MATERIALIZATION = """
{% materialization components, default %}
    {%- do sojourn.number_values('given.edges') -%}
    {%- do sojourn.connected_components('numbered_edges', 'numbered_labels') -%}
    {%- call statement('main') -%}
        create or replace table {{ this }} as
        select numbers.identifier, labels.component
        from numbers
        inner join numbered_labels as labels on numbers.identifier_id = labels.node
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}

{% macro number_values(edges) %}
    {%- call sojourn.scratch('numbers') -%}
        select {{ sojourn.scattered('number') }} as identifier_id, identifier
        from (
            select identifier, {{ sojourn.any_number() }} as number
            from (
                select left_identifier as identifier from {{ edges }}
                union
                select right_identifier from {{ edges }}
            ) as identifiers
        ) as numbered
    {%- endcall -%}
    {%- call sojourn.scratch('numbered_edges') -%}
        select lefts.identifier_id as left_node, rights.identifier_id as right_node
        from {{ edges }} as edges
        inner join numbers as lefts on edges.left_identifier = lefts.identifier
        inner join numbers as rights on edges.right_identifier = rights.identifier
    {%- endcall -%}
{% endmacro %}
"""
PROJECT = """
name: sojourn
profile: sojourn
config-version: 2
macro-paths: [macros]
model-paths: [models]
vars: {as_of: '', schema_prefix: '', inputs: {}}
flags: {send_anonymous_usage_stats: false}
"""

SCIPY = """
import duckdb, json, sys, time
import numpy, pandas
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
connection = duckdb.connect(sys.argv[1], read_only=True)
connection.execute("set threads = 2")
began = time.monotonic()
edges = connection.execute("select left_identifier, right_identifier from given.edges").df()
codes, values = pandas.factorize(
    pandas.concat([edges.left_identifier, edges.right_identifier], ignore_index=True)
)
left, right = codes[:len(edges)], codes[len(edges):]
matrix = coo_matrix((numpy.ones(len(edges), dtype=numpy.int8), (left, right)), [len(values)] * 2)
count, labels = connected_components(matrix, directed=False)
with open(sys.argv[2], "w") as file:
    json.dump([time.monotonic() - began, len(values), int(count)], file)
"""

SPLINK = """
import duckdb, json, sys, time
from splink import DuckDBAPI
from splink.clustering import cluster_pairwise_predictions_at_threshold
connection = duckdb.connect(sys.argv[1])
connection.execute("set threads = 2")
connection.execute(
    "create or replace temp table encoded as with identifiers as ("
    " select left_identifier as identifier from given.edges"
    " union select right_identifier from given.edges"
    ") select identifier, row_number() over () as unique_id from identifiers"
)
connection.execute("create or replace temp table nodes as select unique_id from encoded")
connection.execute(
    "create or replace temp table pairs as select lefts.unique_id as unique_id_l,"
    " rights.unique_id as unique_id_r, 1.0 as match_probability from given.edges as edges"
    " inner join encoded as lefts on edges.left_identifier = lefts.identifier"
    " inner join encoded as rights on edges.right_identifier = rights.identifier"
)
api = DuckDBAPI(connection)
nodes, pairs = api.register("nodes"), api.register("pairs")
began = time.monotonic()
clusters = cluster_pairwise_predictions_at_threshold(
    nodes, pairs, api, node_id_column_name="unique_id", threshold_match_probability=0.5
)
seconds = time.monotonic() - began
relation = clusters.as_duckdbpyrelation()
[found] = relation.aggregate("count(*), count(distinct cluster_id)").fetchall()
with open(sys.argv[2], "w") as file:
    json.dump([seconds, *found], file)
"""

# By number of the edge: of ten, six join a device and an account, three an e-mail address and an
# account, one a phone and an account. Chains and hubs come on top of them.
EDGES = """
create schema if not exists given;
create or replace table given.drawn as
with numbered as (
    select
        range + {first} as n,
        (hash(range + {first}) % {persons})::bigint as person,
        hash((range + {first}) * 31 + 7) as chance
    from range({count})
)
select
    case when n % 10 < 6 then 'device-' || md5(person || '-' || chance % 3) end as anonymous_id,
    'u' || person as user_id,
    case when n % 10 in (6, 7, 8) then 'p' || person || '-' || chance % 2 || '@mail.example' end
        as email,
    case when n % 10 = 9 then '+49' || 1000000000 + person end as phone
from numbered
union all
-- An e-mail address and a phone in turn: no link of a chain touches more than two others.
select
    null,
    null,
    'c' || range // {chain} || '-' || (range % {chain} + 1) // 2 || '@mail.example',
    '+49' || 3000000000 + range // {chain} * 100000 + range % {chain} // 2
from range({chains} * {chain})
union all
select
    'hub-' || md5(({first} + range)::varchar),
    null,
    'desk' || range // {hub} || '@shop.example', null
from range({hubs} * {hub});
"""
RAW = """
create or replace table given.edges as
select
    coalesce('device:' || anonymous_id, 'email:' || email, 'phone:' || phone) as left_identifier,
    case
        when user_id is not null then 'user:' || user_id
        when anonymous_id is not null then 'email:' || email
        else 'phone:' || phone
    end as right_identifier
from given.drawn;
"""
# What `event_identifiers` keeps of events on which these identifiers were seen together.
OBSERVED = """
insert into identity.event_identifiers by name
select
    md5(concat_ws('|', anonymous_id, user_id, email, phone)) as group_id,
    'web' as source,
    coalesce(anonymous_id, md5(concat_ws('|', user_id, email, phone))) as device_key,
    'anonymous_id' as device_id_type,
    anonymous_id,
    user_id,
    email,
    phone,
    min('e' || seen) as first_record_id,
    max('e' || seen) as last_record_id,
    count(*) as observation_count,
    false as is_removed,
    timestamp '{at}' as first_seen_at,
    timestamp '{at}' as last_seen_at,
    timestamp '{at}' as first_loaded_at,
    current_timestamp::timestamp as changed_in
from (select *, row_number() over () as seen from given.drawn)
group by anonymous_id, user_id, email, phone;
"""
MODELS = [
    "identifier_observations",
    "identifiers_observed",
    "edge_observations",
    "identifier_ledger",
    "identifier_components",
    "identifiers",
    "owner_log",
    "id_changes",
    "id_mapping",
    "person_history",
]


def draw(database: Path, persons: int, edges: int, first: int) -> None:
    """Write ``edges`` edges numbered from ``first`` to ``given.drawn`` and ``given.edges``."""
    chains, hubs = edges // 30 // CHAIN, edges // 30 // HUB
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            EDGES.format(
                first=first,
                count=edges - chains * CHAIN - hubs * HUB,
                persons=persons,
                chains=chains,
                chain=CHAIN,
                hubs=hubs,
                hub=HUB,
            )
        )
        connection.execute(RAW)


def observe(database: Path, at: datetime) -> None:
    """Add what was drawn to what identity reads."""
    with duckdb.connect(str(database)) as connection:
        connection.execute(OBSERVED.format(at=at.isoformat()))


def bare_project(folder: Path) -> Path:
    """Return a dbt project that only finds components, with this one's macros."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "macros", folder / "macros")
    shutil.copy(ROOT / "profiles.yml", folder)
    (folder / "models").mkdir()
    (folder / "macros" / "components.sql").write_text(MATERIALIZATION)
    (folder / "models" / "components.sql").write_text(COMPONENTS)
    (folder / "dbt_project.yml").write_text(PROJECT)
    return folder


def main(
    persons: Annotated[int, typer.Option(help="Persons of the graph.")] = 1_000_000,
    edges: Annotated[int, typer.Option(help="Pairs of identifiers.")] = 3_000_000,
    memory_gb: Annotated[int, typer.Option(help="What DuckDB may take.")] = 4,
    out: Path = ROOT / "var" / "bench" / "graph",
) -> None:
    """Measure identity on DuckDB beside SciPy and Splink."""
    with running("duckdb", out, out, memory_gb) as engine:
        engine.clear()
        database = out / "sojourn.duckdb"
        print(f"{persons:,} persons, {edges:,} edges")
        draw(database, persons, edges, first=0)
        project = bare_project(out / "project")
        ours = dbt(engine, "components: Sojourn", ["run"], project)
        scipy, counts = peer(engine, "components: SciPy", SCIPY)
        splink, splink_counts = peer(engine, "components: Splink", SPLINK)
        with duckdb.connect(str(database)) as connection:
            found = connection.execute(
                "select count(*), count(distinct component) from main.components"
            ).fetchone()
        if not list(found or ()) == counts == splink_counts:
            raise SystemExit(f"They differ: {found}, {counts}, {splink_counts}")
        print(f"  {counts[0]:,} identifiers in {counts[1]:,} components")

        dbt(engine, "empty warehouse", ["build", *NO_TESTS, "--select", "+path:models/identity"])
        observe(database, START)
        full = dbt(engine, "identity: all", ["run", "--full-refresh", "--select", *MODELS])
        draw(database, persons, edges // 100, first=edges)
        observe(database, START + timedelta(days=1))
        later = dbt(engine, "identity: 1% more", ["run", "--select", *MODELS])
    print("  seconds, without dbt's start:")
    for stage in (scipy, splink, ours, full, later):
        print(
            f"  {stage.name:<22} {stage.seconds:7.1f} s {stage.peak_mb:8.0f} MB"
            f"  {stage.seconds / scipy.seconds:5.2f} of SciPy"
        )
    print(f"  Sojourn's components / Splink's: {ours.seconds / splink.seconds:.2f}")
    print(f"  1% more edges / all: {later.seconds / full.seconds:.1%}")


if __name__ == "__main__":
    typer.run(main)
