"""Components with merge protection agree with a brute-force reference, on every engine."""

from __future__ import annotations

import random
import shutil
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from sojourn.build import run_dbt
from sojourn.settings import Settings
from sojourn.warehouse import open_warehouse

from tests.conftest import PROJECT_DIR

TYPES = {1: "user_id", 2: "contact_id", 3: "email", 4: "phone", 5: "anonymous_id"}


@dataclass
class Graph:
    """Nodes by number: tier, limit of values a person, limit of components a value may touch."""

    tiers: dict[int, int] = field(default_factory=dict)
    edges: set[tuple[int, int]] = field(default_factory=set)
    person_limit: int = 3

    def values_per_person(self, node: int) -> int | None:
        return 1 if self.tiers[node] == 1 else None


def join(nodes: set[int], pairs: list[tuple[int, int]]) -> dict[int, int]:
    """Union-find: the smallest node of each node's component."""
    parent = {node: node for node in nodes}

    def find(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for left, right in pairs:
        low, high = sorted((find(left), find(right)))
        parent[high] = low
    return {node: find(node) for node in nodes}


def reference(graph: Graph) -> tuple[dict[int, int], set[int]]:
    """The rules of SEMANTICS, tier by tier, one value at a time."""
    component: dict[int, int] = {}
    demoted: set[int] = set()
    neighbours: dict[int, set[int]] = defaultdict(set)
    for left, right in graph.edges:
        neighbours[left].add(right)
        neighbours[right].add(left)

    def limited(members: set[int]) -> bool:
        return sum(graph.tiers[node] == 1 for node in members) > 1

    for tier in sorted(set(graph.tiers.values())):
        values = {node for node, its_tier in graph.tiers.items() if its_tier == tier}
        touches = {
            value: {
                component[other]
                for other in neighbours[value]
                if other in component and other not in demoted
            }
            for value in values
        }
        members: dict[int, set[int]] = defaultdict(set)
        for node, its_component in component.items():
            if node not in demoted:
                members[its_component].add(node)
        for value in values:
            touched = set().union(*(members[c] for c in touches[value])) | {value}
            if limited(touched) or len(touches[value]) > graph.person_limit:
                demoted.add(value)
        within = {pair for pair in graph.edges if pair[0] in values and pair[1] in values}
        for attempt in range(3):
            alive = values - demoted
            pairs = [(value, c) for value in alive for c in touches[value]]
            pairs += [pair for pair in within if pair[0] in alive and pair[1] in alive]
            joined = join(alive | set(component.values()), pairs)
            groups: dict[int, set[int]] = defaultdict(set)
            for c, its_members in members.items():
                groups[joined[c]] |= its_members
            for value in alive:
                groups[joined[value]].add(value)
            broken = {name for name, its_members in groups.items() if limited(its_members)}
            if attempt == 0:
                within = {pair for pair in within if joined.get(pair[0]) not in broken}
            elif attempt == 1:
                demoted |= {
                    value for value in alive if joined[value] in broken and len(touches[value]) > 1
                }
        component = {node: joined.get(c, c) for node, c in component.items()}
        component |= {value: joined.get(value, value) for value in values}
    return component, demoted


def prepare(folder: Path) -> None:
    """A project with this one's macros, whose inputs are two plain tables."""
    shutil.copytree(PROJECT_DIR / "macros", folder / "macros")
    shutil.copy(PROJECT_DIR / "profiles.yml", folder)
    (folder / "models").mkdir()
    for name, table in [("identifier_nodes", "nodes"), ("edge_observations", "edges")]:
        (folder / "models" / f"{name}.sql").write_text(
            f"{{{{ config(materialized='view') }}}} select * from given.{table}"
        )
    shutil.copy(PROJECT_DIR / "models/identity/identifier_components.sql", folder / "models")
    (folder / "dbt_project.yml").write_text(
        "{name: sojourn, profile: sojourn, config-version: 2, macro-paths: [macros],"
        " model-paths: [models], vars: {as_of: '', schema_prefix: '', inputs: {}},"
        " flags: {send_anonymous_usage_stats: false}}"
    )


def components(settings: Settings, folder: Path, graph: Graph) -> tuple[dict[int, int], set[int]]:
    """What the materialization makes of the graph."""
    nodes = sorted(graph.tiers)
    with open_warehouse(settings) as warehouse:
        warehouse.execute("create schema if not exists given")
        warehouse.execute("drop table if exists given.nodes cascade")
        warehouse.execute("drop table if exists given.edges cascade")
        warehouse.execute(
            "create table given.nodes (identifier_id bigint, identifier_type varchar, "
            "tier integer, values_per_person integer, person_limit integer)"
        )
        warehouse.execute("create table given.edges (left_id bigint, right_id bigint)")
        warehouse.append(
            "given",
            "nodes",
            pa.table(
                {
                    "identifier_id": nodes,
                    "identifier_type": [TYPES[graph.tiers[node]] for node in nodes],
                    "tier": [graph.tiers[node] for node in nodes],
                    "values_per_person": [graph.values_per_person(node) for node in nodes],
                    "person_limit": [graph.person_limit] * len(nodes),
                }
            ),
        )
        edges = sorted(graph.edges)
        warehouse.append(
            "given",
            "edges",
            pa.table({"left_id": [a for a, _ in edges], "right_id": [b for _, b in edges]}),
        )
    child = settings.model_copy(update={"project_dir": folder})
    run_dbt(child, ["run"], quiet=True)
    schema = "main" if settings.target == "duckdb" else "public"
    with open_warehouse(settings) as warehouse:
        rows = warehouse.fetch(
            f"select identifier_id, component_id, is_demoted from {schema}.identifier_components"
        )
    assert len(rows) == len(nodes)
    return {node: component for node, component, _ in rows}, {n for n, _, d in rows if d}


def same_partition(left: dict[int, int], right: dict[int, int]) -> bool:
    pairs = {(left[node], right[node]) for node in left}
    return len(pairs) == len(set(left.values())) == len(set(right.values()))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    prepare(folder)
    return folder


def random_graphs(count: int, seed: int) -> Graph:
    """Many small random graphs side by side: one run of dbt judges them all."""
    draw = random.Random(seed)
    graph = Graph()
    numbers = list(range(1, 40 * count))
    draw.shuffle(numbers)
    for _ in range(count):
        size = draw.randint(2, 14)
        own = [numbers.pop() for _ in range(size)]
        for node in own:
            graph.tiers[node] = draw.choice([1, 1, 2, 3, 3, 4, 5, 5])
        for _ in range(draw.randint(1, 2 * size)):
            left, right = draw.sample(own, 2)
            if graph.tiers[left] > graph.tiers[right]:
                left, right = right, left
            graph.edges.add((left, right))
    return graph


def test_random_graphs_agree_with_the_reference(engine_settings: Settings, project: Path) -> None:
    graph = random_graphs(400, seed=11)
    expected, expected_demoted = reference(graph)
    found, demoted = components(engine_settings, project, graph)
    assert len(expected_demoted) > 50
    assert demoted == expected_demoted
    assert same_partition(found, expected)
    users = defaultdict(set)
    for node, component in found.items():
        if graph.tiers[node] == 1:
            users[component].add(node)
    assert all(len(values) == 1 for values in users.values())


def test_a_long_chain_is_one_component(engine_settings: Settings, project: Path) -> None:
    numbers = list(range(10_000))
    random.Random(3).shuffle(numbers)
    graph = Graph(person_limit=3)
    graph.tiers = dict.fromkeys(numbers, 3)
    graph.edges = set(pairwise(numbers))
    found, demoted = components(engine_settings, project, graph)
    assert not demoted
    assert len(set(found.values())) == 1
