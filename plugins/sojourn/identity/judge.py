"""Judge a few clusters of identifiers in memory, as ``identity_components.sql`` does in SQL.

For previews: what would a decision change? The warehouse's own answer comes from the SQL; a test
holds the two against each other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sojourn.identity.identifier import Identifier

Pair = tuple[Identifier, Identifier]
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Node:
    """An identifier that may join: its type's limits, and the person whose anchor it would be."""

    tier: int
    known_at: datetime
    first_loaded_at: datetime
    anchored_person_id: str
    values_per_person: int | None = None
    person_limit: int | None = None
    person_limit_days: int | None = None


@dataclass(frozen=True)
class Verdict:
    """Each identifier's person, and of those that were demoted the reason."""

    persons: dict[Identifier, str]
    demoted: dict[Identifier, str]


def join(members: Iterable[Identifier], pairs: Iterable[Pair]) -> dict[Identifier, Identifier]:
    """Return the name of each member's component: its smallest member."""
    parent = {member: member for member in members}

    def find(member: Identifier) -> Identifier:
        while parent[member] != member:
            parent[member] = parent[parent[member]]
            member = parent[member]
        return member

    for left, right in pairs:
        low, high = sorted((find(left), find(right)))
        parent[high] = low
    return {member: find(member) for member in parent}


class _Limits:
    """What one person may have only so many of: values of a type, and of a pair kept apart."""

    def __init__(self, nodes: Mapping[Identifier, Node], apart: Collection[Pair]) -> None:
        self._of: dict[Identifier, list[tuple[str, int, str]]] = defaultdict(list)
        for one, node in nodes.items():
            if node.values_per_person is not None:
                reason = f"joins too many values of {one.type}"
                self._of[one].append((one.type, node.values_per_person, reason))
        for number, pair in enumerate(sorted({(min(pair), max(pair)) for pair in apart})):
            for one in pair:
                reason = "would join what a steward keeps apart"
                self._of[one].append((f"apart {number}", 1, reason))

    def broken(self, members: Iterable[Identifier]) -> dict[str, str]:
        """Return the limits that these members of one person break, with the reason."""
        found = [limit for one in set(members) for limit in self._of.get(one, ())]
        counts = Counter(found)
        return {name: reason for (name, most, reason), n in counts.items() if n > most}

    def reason(self, one: Identifier, broken: Mapping[str, str]) -> str | None:
        """Return why one of its values breaks a limit, or None where it counts in none of them."""
        reasons = [reason for name, _, reason in self._of.get(one, ()) if name in broken]
        return min(reasons, default=None)


def _is_crowded(node: Node, touches: list[tuple[Identifier, Span]]) -> bool:
    if node.person_limit is None:
        return False
    if node.person_limit_days is None:
        return len({component for component, _ in touches}) > node.person_limit
    window = timedelta(days=node.person_limit_days)
    return any(
        len({one for one, (first, last) in touches if last >= start and first < start + window})
        > node.person_limit
        for _, (_, start) in touches
    )


def judge(
    nodes: Mapping[Identifier, Node], edges: Mapping[Pair, Span], apart: Collection[Pair]
) -> Verdict:
    """Judge identifiers tier by tier.

    Args:
        nodes: whole clusters of identifiers that may join.
        edges: what joins them, and from when to when both were seen together.
        apart: pairs that a steward keeps apart.
    """
    limits = _Limits(nodes, apart)
    component: dict[Identifier, Identifier] = {}
    demoted: dict[Identifier, str] = {}
    near: dict[Identifier, list[tuple[Identifier, Span]]] = defaultdict(list)
    for (left, right), span in edges.items():
        near[left].append((right, span))
        near[right].append((left, span))

    for tier in sorted({node.tier for node in nodes.values()}):
        values = {one for one, node in nodes.items() if node.tier == tier}
        members: dict[Identifier, set[Identifier]] = defaultdict(set)
        for one, its_component in component.items():
            if one not in demoted:
                members[its_component].add(one)
        touches = {
            value: [
                (component[other], span)
                for other, span in near[value]
                if other in component and other not in demoted
            ]
            for value in values
        }
        for value in values:
            touched = {value}.union(*(members[name] for name, _ in touches[value]))
            reasons = list(limits.broken(touched).values())
            if _is_crowded(nodes[value], touches[value]):
                reasons.append("touches too many persons")
            if reasons:
                demoted[value] = min(reasons)
        within = {pair for pair in edges if pair[0] in values and pair[1] in values}
        joined: dict[Identifier, Identifier] = {}
        for attempt in range(4):
            alive = values - demoted.keys()
            pairs = [(value, name) for value in alive for name, _ in touches[value]]
            pairs += [pair for pair in within if pair[0] in alive and pair[1] in alive]
            joined = join(alive | set(component.values()), pairs)
            groups: dict[Identifier, set[Identifier]] = defaultdict(set)
            for name, its_members in members.items():
                groups[joined[name]] |= its_members
            for value in alive:
                groups[joined[value]].add(value)
            broken = {name: found for name, its in groups.items() if (found := limits.broken(its))}
            if not broken:
                break
            if attempt == 0:
                within = {pair for pair in within if joined.get(pair[0]) not in broken}
            for value in alive:
                if joined[value] not in broken:
                    continue
                if attempt == 1 and len({name for name, _ in touches[value]}) > 1:
                    demoted[value] = "would join persons that break a limit"
                elif attempt == 2 and (reason := limits.reason(value, broken[joined[value]])):
                    demoted[value] = reason
        component = {one: joined.get(name, name) for one, name in component.items()}
        component |= {value: joined.get(value, value) for value in values}

    anchors: dict[Identifier, Identifier] = {}
    for one, name in component.items():
        anchor = anchors.setdefault(name, one)
        if _age(one, nodes[one]) < _age(anchor, nodes[anchor]):
            anchors[name] = one
    persons = {one: nodes[anchors[name]].anchored_person_id for one, name in component.items()}
    return Verdict(persons, demoted)


def _age(one: Identifier, node: Node) -> tuple[datetime, datetime, int, Identifier]:
    return node.known_at, node.first_loaded_at, node.tier, one
