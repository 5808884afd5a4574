"""What a steward's decision would change: judged in memory on the clusters that it can touch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sojourn.identity.decisions import Decision
from sojourn.identity.identifier import Identifier
from sojourn.identity.judge import Node, Pair, Span, Verdict, judge
from sojourn.settings import Settings
from sojourn.warehouse import Warehouse, open_warehouse, text_type


@dataclass
class Known:
    """What the warehouse knows of the clusters that a decision can touch."""

    nodes: dict[Identifier, Node] = field(default_factory=dict)
    persons: dict[Identifier, str] = field(default_factory=dict)
    demoted: dict[Identifier, str] = field(default_factory=dict)
    groups: dict[str, dict[Identifier, Span]] = field(default_factory=dict)
    unseen: list[Identifier] = field(default_factory=list)
    blocked: dict[Identifier, str] = field(default_factory=dict)


@dataclass
class Preview:
    """Identifiers whose person or standing changes, and how much hangs on the persons concerned."""

    before: dict[Identifier, str]
    after: Verdict
    demoted_before: dict[Identifier, str]
    counts: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def moved(self) -> list[Identifier]:
        """Identifiers that change owner or standing, strongest person first."""
        return sorted(
            one
            for one in self.after.persons
            if self.after.persons[one] != self.before.get(one)
            or self.after.demoted.get(one) != self.demoted_before.get(one)
        )

    @property
    def persons(self) -> list[str]:
        """Ids of the persons that lose or gain something, and of those that come to be."""
        found = {self.before[one] for one in self.moved if one in self.before}
        return sorted(found | {self.after.persons[one] for one in self.moved})


def is_built(warehouse: Warehouse, prefix: str) -> bool:
    """Tell whether identity has been built here."""
    return warehouse.relation_exists(f"{prefix}identity", "identifier_components")


def read_known(warehouse: Warehouse, prefix: str, concerned: Sequence[Identifier]) -> Known:
    """Read the clusters of some identifiers and of all that were seen together with them."""
    known = Known()
    text = text_type(warehouse.dialect)
    listed = " union all ".join(
        f"select cast(? as {text}) as identifier_type, cast(? as {text}) as identifier_value"
        for _ in concerned
    )
    params: list[Any] = [part for one in concerned for part in one]
    same = (
        "{0}.identifier_type = {1}.identifier_type and {0}.identifier_value = {1}.identifier_value"
    )
    schema = f"{prefix}identity"
    clusters = f"""
        with concerned as ({listed}),
        together as (
            select others.identifier_type, others.identifier_value
            from {schema}.identifier_observations as others
            inner join {schema}.identifier_observations as named on named.group_id = others.group_id
            inner join concerned on {same.format("concerned", "named")}
            where not others.is_removed and not named.is_removed
            union
            select identifier_type, identifier_value from concerned
        ),
        members as (
            select * from {schema}.identifier_components where cluster_id in (
                select components.cluster_id from {schema}.identifier_components as components
                inner join together on {same.format("together", "components")}
            )
        )
    """
    for row in warehouse.fetch(
        clusters
        + f"""
        select
            members.identifier_type, members.identifier_value, members.person_id,
            case when members.is_demoted then members.status_reason end,
            observed.tier, observed.values_per_person, observed.person_limit,
            observed.person_limit_days, ledger.recorded_at, ledger.first_loaded_at,
            ledger.anchored_person_id
        from members
        inner join {schema}.identifiers_observed as observed on {same.format("observed", "members")}
        inner join {schema}.identifier_ledger as ledger on {same.format("ledger", "members")}
        """,
        params,
    ):
        one = Identifier(row[0], row[1])
        known.persons[one] = row[2]
        if row[3] is not None:
            known.demoted[one] = row[3]
        known.nodes[one] = Node(
            tier=int(row[4]),
            values_per_person=row[5],
            person_limit=row[6],
            person_limit_days=row[7],
            known_at=row[8],
            first_loaded_at=row[9],
            anchored_person_id=row[10],
        )
    for group, kind, value, first, last in warehouse.fetch(
        clusters
        + f"""
        select
            observations.group_id, observations.identifier_type, observations.identifier_value,
            min(observations.first_seen_at), max(observations.last_seen_at)
        from {schema}.identifier_observations as observations
        inner join members on {same.format("members", "observations")}
        where not observations.is_removed
        group by 1, 2, 3
        """,
        params,
    ):
        known.groups.setdefault(group, {})[Identifier(kind, value)] = (first, last)
    for one in concerned:
        if one not in known.nodes:
            found = warehouse.fetch(
                f"select status_reason from {schema}.identifiers "
                "where identifier_type = ? and identifier_value = ?",
                one,
            )
            if found:
                known.blocked[one] = found[0][0]
            else:
                known.unseen.append(one)
    return known


def judge_known(known: Known, decisions: Sequence[Decision]) -> Verdict:
    """Judge what is known under these decisions, as the models would."""
    in_force = [decision for decision in decisions if decision.is_in_force]
    detached = {decision.left for decision in in_force if decision.action == "detach"}
    edges: dict[Pair, Span] = {}

    def add(left: Identifier, right: Identifier, span: Span) -> None:
        pair = (min(left, right), max(left, right))
        former = edges.get(pair, span)
        edges[pair] = min(former[0], span[0]), max(former[1], span[1])

    for group in known.groups.values():
        # The strongest identifier of a group holds it together.
        strongest = min(group, key=lambda one: (one in detached, known.nodes[one].tier, one))
        for other, span in group.items():
            if other != strongest and other not in detached and strongest not in detached:
                add(strongest, other, span)
    apart: set[Pair] = set()
    for decision in in_force:
        if decision.right is None or not known.nodes.keys() >= set(decision.identifiers):
            continue
        if decision.action == "link":
            at = datetime.fromisoformat(decision.recorded_at)
            add(decision.left, decision.right, (at, at))
        elif decision.action == "never_link":
            apart.add((decision.left, decision.right))
    return judge(known.nodes, edges, apart)


_COUNTED = (
    ("events", "events", "events"),
    ("orders", "events", "orders"),
    ("audiences", "audiences", "members"),
)


def preview(
    settings: Settings, decisions: Sequence[Decision], concerned: Sequence[Identifier]
) -> tuple[Known, Preview] | None:
    """Return what would change if these decisions were all; None where nothing has been built.

    Args:
        settings: where the warehouse is. It is only read.
        decisions: the whole file as it would be.
        concerned: the identifiers that the decision in question is about.
    """
    prefix = settings.schema_prefix
    if settings.target == "duckdb" and not settings.path(settings.duckdb_path).is_file():
        return None
    with open_warehouse(settings, read_only=True) as warehouse:
        if not is_built(warehouse, prefix):
            return None
        known = read_known(warehouse, prefix, concerned)
        found = Preview(known.persons, judge_known(known, decisions), known.demoted)
        counts: dict[str, dict[str, int]] = defaultdict(dict)
        for name, schema, table in _COUNTED:
            persons = found.persons
            if persons and warehouse.relation_exists(f"{prefix}{schema}", table):
                marks = ", ".join("?" for _ in persons)
                for person, count in warehouse.fetch(
                    f"select person_id, count(*) from {prefix}{schema}.{table} "
                    f"where person_id in ({marks}) group by person_id",
                    persons,
                ):
                    counts[person][name] = int(count)
        found.counts = dict(counts)
    return known, found
