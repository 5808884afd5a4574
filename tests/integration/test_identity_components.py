"""Components with merge protection agree with a brute-force reference, on every engine."""

from __future__ import annotations

import random
import shutil
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sojourn.build import run_dbt
from sojourn.settings import Settings
from sojourn.warehouse import open_warehouse, text_type

from tests.conftest import PROJECT_DIR

TYPES = {1: "user_id", 2: "contact_id", 3: "email", 4: "phone", 5: "anonymous_id"}


START = datetime(2026, 1, 1)


@dataclass
class Graph:
    """Nodes by number: tier, limit of values a person, limit of components a value may touch.

    An edge may have been seen within days (first and last); otherwise on the first. ``apart`` are
    pairs that a steward keeps apart; ``person_limit_days`` limits the window, by tier.
    """

    tiers: dict[int, int] = field(default_factory=dict)
    edges: set[tuple[int, int]] = field(default_factory=set)
    person_limit: int = 3
    most: dict[int, int] = field(default_factory=lambda: {1: 1})
    apart: set[tuple[int, int]] = field(default_factory=set)
    person_limit_days: dict[int, int] = field(default_factory=dict)
    seen: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)

    def is_broken(self, members: set[int]) -> set[int | tuple[int, int]]:
        """Return the tiers and pairs whose limit these members of one person break."""
        counts = Counter(self.tiers[node] for node in members)
        broken: set[int | tuple[int, int]] = {
            tier for tier, most in self.most.items() if counts[tier] > most
        }
        return broken | {pair for pair in self.apart if members.issuperset(pair)}

    def is_crowded(self, value: int, touches: list[tuple[int, tuple[int, int]]]) -> bool:
        """Tell whether a value meets too many components, ever or within its window of days."""
        days = self.person_limit_days.get(self.tiers[value])
        if days is None:
            return len({component for component, _ in touches}) > self.person_limit
        # A window of so many days, not counting its end, that begins when a touch ends.
        return any(
            len(
                {
                    component
                    for component, (first, last) in touches
                    if last >= start and first < start + days
                }
            )
            > self.person_limit
            for _, (_, start) in touches
        )


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
            seen = [
                (component[other], graph.seen.get((min(pair), max(pair)), (0, 0)))
                for pair in graph.edges
                if value in pair and (other := sum(pair) - value) in component
                if other not in demoted
            ]
            if graph.is_broken(touched) or graph.is_crowded(value, seen):
                demoted.add(value)
        within = {pair for pair in graph.edges if pair[0] in values and pair[1] in values}
        for attempt in range(4):
            alive = values - demoted
            pairs = [(value, c) for value in alive for c in touches[value]]
            pairs += [pair for pair in within if pair[0] in alive and pair[1] in alive]
            joined = join(alive | set(component.values()), pairs)
            groups: dict[int, set[int]] = defaultdict(set)
            for c, its_members in members.items():
                groups[joined[c]] |= its_members
            for value in alive:
                groups[joined[value]].add(value)
            broken = {
                name: limits
                for name, its_members in groups.items()
                if (limits := graph.is_broken(its_members))
            }
            if attempt == 0:
                within = {pair for pair in within if joined.get(pair[0]) not in broken}
            elif attempt == 1:
                demoted |= {
                    value for value in alive if joined[value] in broken and len(touches[value]) > 1
                }
            elif attempt == 2:
                demoted |= {
                    value
                    for value in alive
                    for limit in broken.get(joined[value], ())
                    if (value in limit if isinstance(limit, tuple) else limit == tier)
                }
        component = {node: joined.get(c, c) for node, c in component.items()}
        component |= {value: joined.get(value, value) for value in values}
    return component, demoted


def prepare(folder: Path) -> None:
    """A project with this one's macros, whose inputs are three plain tables."""
    shutil.copytree(PROJECT_DIR / "macros", folder / "macros")
    shutil.copy(PROJECT_DIR / "profiles.yml", folder)
    (folder / "models").mkdir()
    for name in ("identifiers_observed", "edge_observations", "identifier_ledger"):
        (folder / "models" / f"{name}.sql").write_text(
            f"{{{{ config(materialized='view') }}}} select * from given.{name}"
        )
    shutil.copy(PROJECT_DIR / "models/identity/identifier_components.sql", folder / "models")
    (folder / "dbt_project.yml").write_text(
        "{name: sojourn, profile: sojourn, config-version: 2, macro-paths: [macros],"
        " model-paths: [models],"
        " vars: {as_of: '', schema_prefix: '', inputs: {}, spark_buckets: 1},"
        " models: {sojourn: {+pre-hook: '{{ sojourn.before_model() }}',"
        " +post-hook: '{{ sojourn.after_model() }}'}},"
        " flags: {send_anonymous_usage_stats: false}}"
    )


class Judge:
    """The materialization, fed with graphs: what differs from the last one is what changed."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self.project = settings.model_copy(update={"project_dir": folder})
        self.known = Graph()
        self.nodes: dict[int, dict[str, Any]] = {}
        self.edges: dict[tuple[int, ...], dict[str, Any]] = {}
        self.first_seen: dict[int, datetime] = {}
        schema = {"duckdb": "main", "postgres": "public"}.get(settings.target, "default")
        self.table = f"{schema}.identifier_components"
        with open_warehouse(settings) as warehouse:
            warehouse.execute(f"drop table if exists {self.table}")
            warehouse.execute("create schema if not exists given")

    def judge(self, graph: Graph) -> tuple[dict[int, str], set[int], int]:
        """Return each node's person, the demoted nodes, and how many were judged in this run."""
        now = datetime.now(UTC).replace(tzinfo=None)
        for node in graph.tiers.keys() | self.nodes.keys():
            is_removed = node not in graph.tiers
            if node not in self.nodes or self.nodes[node]["is_removed"] != is_removed:
                tier = (self.known if is_removed else graph).tiers[node]
                self.first_seen.setdefault(node, now)
                self.nodes[node] = {
                    "identifier_type": TYPES[tier],
                    "identifier_value": str(node),
                    "tier": tier,
                    "values_per_person": graph.most.get(tier),
                    "person_limit": graph.person_limit,
                    "person_limit_days": graph.person_limit_days.get(tier),
                    "is_removed": is_removed,
                    "changed_in": now,
                }
        present = graph.edges | {(0, *pair) for pair in graph.apart}
        for edge in present | self.edges.keys():
            is_removed = edge not in present
            first, last = (
                START + timedelta(day) for day in graph.seen.get((min(edge), max(edge)), (0, 0))
            )
            if edge not in self.edges or (
                self.edges[edge]["is_removed"] != is_removed
                or (not is_removed and self.edges[edge]["first_seen_at"] != first)
                or (not is_removed and self.edges[edge]["last_seen_at"] != last)
            ):
                left, right = edge[-2:]
                self.edges[edge] = {
                    "left_type": self.nodes[left]["identifier_type"],
                    "left_value": str(left),
                    "right_type": self.nodes[right]["identifier_type"],
                    "right_value": str(right),
                    "is_detached": False,
                    "is_apart": len(edge) == 3,
                    "first_seen_at": first,
                    "last_seen_at": last,
                    "is_removed": is_removed,
                    "linked_in": now,
                }
        self.known = graph
        with open_warehouse(self.settings) as warehouse:
            for name, columns, rows in [
                (
                    "identifiers_observed",
                    "identifier_type varchar, identifier_value varchar, tier integer,"
                    " values_per_person bigint, person_limit bigint, person_limit_days bigint,"
                    " is_removed boolean,"
                    " changed_in timestamp, blocked_reason varchar, rules varchar",
                    [
                        {**node, "blocked_reason": None, "rules": "r"}
                        for node in self.nodes.values()
                    ],
                ),
                (
                    "edge_observations",
                    "left_type varchar, left_value varchar, right_type varchar,"
                    " right_value varchar, is_detached boolean, is_apart boolean,"
                    " first_seen_at timestamp, last_seen_at timestamp, is_removed boolean,"
                    " linked_in timestamp",
                    list(self.edges.values()),
                ),
                (
                    "identifier_ledger",
                    "identifier_type varchar, identifier_value varchar,"
                    " anchored_person_id varchar, first_loaded_at timestamp,"
                    " recorded_at timestamp",
                    [
                        {
                            "identifier_type": self.nodes[node]["identifier_type"],
                            "identifier_value": str(node),
                            "anchored_person_id": f"person {node}",
                            "first_loaded_at": seen,
                            "recorded_at": seen,
                        }
                        for node, seen in self.first_seen.items()
                    ],
                ),
            ]:
                cascade = "" if warehouse.dialect == "spark" else "cascade"
                typed = columns.replace("varchar", text_type(warehouse.dialect))
                warehouse.execute(f"drop table if exists given.{name} {cascade}")
                warehouse.execute(f"create table given.{name} ({typed})")
                names = [column.split()[0] for column in columns.split(",")]
                warehouse.append(
                    "given", name, pa.table({key: [row[key] for row in rows] for key in names})
                )
        run_dbt(self.project, ["run"], quiet=True)
        with open_warehouse(self.settings) as warehouse:
            rows = warehouse.fetch(
                f"select identifier_value, person_id, is_demoted, changed_in from {self.table}"
            )
        assert sorted(int(node) for node, *_ in rows) == sorted(graph.tiers)
        latest = max(changed for *_, changed in rows)
        return (
            {int(node): person for node, person, *_ in rows},
            {int(node) for node, _, is_demoted, _ in rows if is_demoted},
            sum(changed == latest for *_, changed in rows),
        )


def same_partition(left: dict[int, str], right: dict[int, int]) -> bool:
    pairs = {(left[node], right[node]) for node in left}
    return len(pairs) == len(set(left.values())) == len(set(right.values()))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    prepare(folder)
    return folder


def random_graphs(count: int, seed: int, **rules: Any) -> Graph:
    """Many small random graphs side by side: one run of dbt judges them all."""
    draw = random.Random(seed)
    graph = Graph(**rules)
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
            first = draw.randint(0, 30)
            graph.seen[min(left, right), max(left, right)] = (first, first + draw.choice([0, 0, 9]))
    return graph


def test_random_graphs_agree_with_the_reference(
    every_engine_settings: Settings, project: Path
) -> None:
    graph = random_graphs(400, seed=11)
    expected, expected_demoted = reference(graph)
    found, demoted, _ = Judge(every_engine_settings, project).judge(graph)
    assert len(expected_demoted) > 50
    assert demoted == expected_demoted
    assert same_partition(found, expected)
    users = defaultdict(set)
    for node, component in found.items():
        if graph.tiers[node] == 1:
            users[component].add(node)
    assert all(len(values) == 1 for values in users.values())


def keep_apart(graph: Graph, share: float, seed: int) -> None:
    """Let a steward keep some pairs apart that have an edge or a neighbour in common."""
    draw = random.Random(seed)
    near = defaultdict(set)
    for left, right in graph.edges:
        near[left] |= {right}
        near[right] |= {left}
    for node in sorted(near):
        if draw.random() < share:
            other = draw.choice(sorted(near[node] | near[draw.choice(sorted(near[node]))] - {node}))
            graph.apart |= {(min(node, other), max(node, other))}


def test_limits_of_any_tier_in_windows_and_pairs_kept_apart_agree_with_the_reference(
    every_engine_settings: Settings, project: Path
) -> None:
    """Pairs come, and go again; edges are seen again later: what was built equals the reference."""
    graph = random_graphs(
        400, seed=31, most={1: 1, 3: 2}, person_limit=1, person_limit_days={4: 5, 5: 10}
    )
    plain, _ = reference(graph)
    keep_apart(graph, 0.2, seed=32)
    expected, expected_demoted = reference(graph)
    forever, _ = reference(replace(graph, person_limit_days={}))
    assert len(graph.apart) > 100
    assert plain != expected != forever
    judge = Judge(every_engine_settings, project)
    found, demoted, _ = judge.judge(graph)
    assert demoted == expected_demoted
    assert same_partition(found, expected)
    persons = defaultdict(set)
    for node, person in found.items():
        persons[person].add(node)
    assert not any(graph.is_broken(members) for members in persons.values())

    draw = random.Random(33)
    later = replace(
        graph,
        apart={pair for pair in sorted(graph.apart) if draw.random() < 0.5},
        seen={
            edge: (first, last + 20) if draw.random() < 0.3 else (first, last)
            for edge, (first, last) in sorted(graph.seen.items())
        },
    )
    found, demoted, _ = judge.judge(later)
    expected, expected_demoted = reference(later)
    assert demoted == expected_demoted
    assert same_partition(found, expected)


def test_batches_in_any_order_end_in_the_same_persons(
    every_engine_settings: Settings, project: Path
) -> None:
    """Identifiers and edges come in batches; some go again, and split what they joined."""
    whole = random_graphs(300, seed=23)
    draw = random.Random(5)
    arrives = {edge: draw.randint(0, 2) for edge in sorted(whole.edges)}
    leaves = {edge: draw.randint(1, 2) for edge in sorted(whole.edges) if draw.random() < 0.15}
    judge = Judge(every_engine_settings, project)
    for batch in range(3):
        edges = {edge for edge, number in arrives.items() if number <= batch < leaves.get(edge, 99)}
        # Those without an edge are there from the second batch on; what lost its edges goes.
        linked = {node for edge in edges for node in edge}
        late = {node for edge in arrives for node in edge}
        nodes = linked | (set() if batch == 0 else set(whole.tiers) - late)
        graph = Graph({node: whole.tiers[node] for node in sorted(nodes)}, edges)
        found, demoted, _ = judge.judge(graph)
        expected, expected_demoted = reference(graph)
        assert demoted == expected_demoted
        assert same_partition(found, expected)
    # A new pair touches nothing else, and nothing else is judged.
    new = max(whole.tiers) + 1
    graph.tiers |= {new: 1, new + 1: 3}
    graph.edges |= {(new, new + 1)}
    again, _, judged = judge.judge(graph)
    assert judged == 2
    assert {node: again[node] for node in found} == found


def test_a_long_chain_is_one_component(every_engine_settings: Settings, project: Path) -> None:
    numbers = list(range(10_000))
    random.Random(3).shuffle(numbers)
    graph = Graph(person_limit=3)
    graph.tiers = dict.fromkeys(numbers, 3)
    graph.edges = set(pairwise(numbers))
    found, demoted, _ = Judge(every_engine_settings, project).judge(graph)
    assert not demoted
    assert len(set(found.values())) == 1
