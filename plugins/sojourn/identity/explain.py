"""Why two identifiers are one person, or are not, and what is known of one person's identity."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sojourn.identity.identifier import (
    Identifier,
    is_person_id,
    mask,
    mask_record,
    parse_identifier,
)
from sojourn.identity.judge import join
from sojourn.identity.preview import is_built
from sojourn.settings import Settings
from sojourn.warehouse import Warehouse, open_warehouse, text_type

_STATUSES = {"active": 0, "demoted": 1, "blocked": 2}


class UnknownSubjectError(ValueError):
    """Nobody has this id, or nobody has seen this identifier."""


@dataclass(frozen=True)
class Evidence:
    """What one rule saw of a pair in one source."""

    rule: str
    source: str
    score: float
    first_record_id: str
    last_record_id: str
    observation_count: int
    first_seen_at: datetime
    last_seen_at: datetime


@dataclass
class Edge:
    """A pair of identifiers with all that shows it."""

    left: Identifier
    right: Identifier
    status: str
    reason: str | None
    evidence: list[Evidence] = field(default_factory=list)

    @property
    def score(self) -> float:
        """The best probability that any evidence gives it."""
        return max(one.score for one in self.evidence)


@dataclass(frozen=True)
class Standing:
    """An identifier as it is judged now. ``person_id`` is None where it is blocked."""

    person_id: str | None
    tier: int
    status: str
    reason: str | None
    observation_count: int
    first_seen_at: datetime | None
    last_seen_at: datetime | None


@dataclass
class Graph:
    """Identifiers and pairs around what was asked about."""

    nodes: dict[Identifier, Standing] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)

    def owned_by(self, person_id: str | None) -> list[Identifier]:
        """Return a person's identifiers, strongest first."""
        owned = [one for one, its in self.nodes.items() if its.person_id == person_id is not None]
        return sorted(owned, key=lambda one: (self.nodes[one].tier, one))


@dataclass(frozen=True)
class Subject:
    """What somebody asks about: an identifier, or a person by any id that it ever had."""

    text: str
    identifier: Identifier
    person_id: str | None
    is_person: bool


def best_path(
    graph: Graph, starts: Collection[Identifier], ends: Collection[Identifier], *, active_only: bool
) -> list[tuple[Identifier, Identifier, Edge]] | None:
    """Return the strongest path, and of equally strong ones the shortest; None where there is none.

    A path is as strong as its weakest pair, and a pair by its status, its score and the tier of its
    weaker identifier. Among paths over pairs that do not join, the fewest of these come first.
    """

    def weakness(edge: Edge) -> tuple[float, ...]:
        if not active_only:
            return (_STATUSES[edge.status],)
        return 1 - edge.score, max(graph.nodes[edge.left].tier, graph.nodes[edge.right].tier)

    usable = [edge for edge in graph.edges if edge.status == "active" or not active_only]
    for bound in sorted({weakness(edge) for edge in usable}):
        allowed = [edge for edge in usable if weakness(edge) <= bound]
        joined = join(graph.nodes, ((edge.left, edge.right) for edge in allowed))
        if {joined[one] for one in starts} & {joined[one] for one in ends}:
            return _shortest(graph, allowed, starts, ends)
    return None


def _shortest(
    graph: Graph,
    edges: Iterable[Edge],
    starts: Collection[Identifier],
    ends: Collection[Identifier],
) -> list[tuple[Identifier, Identifier, Edge]] | None:
    near: dict[Identifier, list[tuple[Identifier, Edge]]] = defaultdict(list)
    for edge in edges:
        near[edge.left].append((edge.right, edge))
        near[edge.right].append((edge.left, edge))
    came: dict[Identifier, tuple[Identifier, Edge] | None] = {}
    heap: list[tuple[tuple[int, int, int], Identifier, int]] = [
        ((0, 0, 0), one, 0) for one in sorted(starts)
    ]
    ways: list[tuple[Identifier, Edge] | None] = [None]
    while heap:
        cost, one, way = heapq.heappop(heap)
        if one in came:
            continue
        came[one] = ways[way]
        if one in ends:
            steps = []
            step = came[one]
            while step is not None:
                former, edge = step
                steps.append((former, one, edge))
                one, step = former, came[former]
            return steps[::-1]
        for other, edge in sorted(near[one], key=lambda pair: pair[0]):
            if other not in came:
                ways.append((one, edge))
                step_cost = (
                    cost[0] + (edge.status != "active"),
                    cost[1] + 1,
                    cost[2] + graph.nodes[other].tier,
                )
                heapq.heappush(heap, (step_cost, other, len(ways) - 1))
    return None


class Reader:
    """Reads identity of one warehouse; writes nothing."""

    def __init__(self, warehouse: Warehouse, prefix: str) -> None:
        if not is_built(warehouse, prefix):
            raise RuntimeError("Nothing is built yet: run `sojourn run` (or `make demo`) first.")
        self._warehouse = warehouse
        self._schema = f"{prefix}identity"

    def _fetch(self, sql: str, params: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        return self._warehouse.fetch(sql.replace("{identity}", self._schema), tuple(params))

    def subject(self, text: str) -> Subject:
        """Return what a text names.

        Raises:
            UnknownSubjectError: no person had such an id, or the identifier has not been seen.
            ValueError: the text is neither.
        """
        if is_person_id(text.strip().lower()):
            person_id = text.strip().lower()
            found = self._fetch(
                "select ledger.identifier_type, ledger.identifier_value, mapping.current_person_id "
                "from {identity}.id_mapping as mapping inner join {identity}.identifier_ledger "
                "as ledger on ledger.anchored_person_id = mapping.person_id "
                "where mapping.person_id = ?",
                [person_id],
            )
            if not found:
                raise UnknownSubjectError(f"No person ever had the id {person_id}.")
            kind, value, current = found[0]
            return Subject(person_id, Identifier(kind, value), current, is_person=True)
        one = parse_identifier(text)
        found = self._fetch(
            "select person_id from {identity}.identifiers "
            "where identifier_type = ? and identifier_value = ?",
            one,
        )
        if not found:
            raise UnknownSubjectError(
                f"{one.shown(reveal=False)} has not been seen: check the type and the spelling. "
                "What was loaded after the last build is not known yet."
            )
        return Subject(str(one), one, found[0][0], is_person=False)

    def graph(self, subjects: Iterable[Subject]) -> Graph:
        """Return the clusters of the subjects and of their persons, with all pairs at them."""
        text = text_type(self._warehouse.dialect)
        seeds = list(subjects)
        ones = " union all ".join(
            f"select cast(? as {text}) as identifier_type, cast(? as {text}) as identifier_value"
            for _ in seeds
        )
        persons = ", ".join("?" for _ in seeds)
        near = f"""
            with members as (
                select identifier_type, identifier_value from {{identity}}.identifier_components
                where cluster_id in (
                    select components.cluster_id
                    from {{identity}}.identifier_components as components
                    left join ({ones}) as named
                        on components.identifier_type = named.identifier_type
                        and components.identifier_value = named.identifier_value
                    where components.person_id in ({persons}) or named.identifier_type is not null
                )
                union
                select identifier_type, identifier_value from ({ones}) as asked
            ),
            near as (
                select edges.* from {{identity}}.edges as edges
                left join members as lefts
                    on edges.left_type = lefts.identifier_type
                    and edges.left_value = lefts.identifier_value
                left join members as rights
                    on edges.right_type = rights.identifier_type
                    and edges.right_value = rights.identifier_value
                where lefts.identifier_type is not null or rights.identifier_type is not null
            )
        """
        named = [part for seed in seeds for part in seed.identifier]
        params = [*named, *(seed.person_id for seed in seeds), *named]
        found = Graph()
        pairs: dict[tuple[Identifier, Identifier], Edge] = {}
        for row in self._fetch(
            near + "select left_type, left_value, right_type, right_value, status, status_reason, "
            "rule, source, score, first_record_id, last_record_id, observation_count, "
            "first_seen_at, last_seen_at from near",
            params,
        ):
            left, right = Identifier(row[0], row[1]), Identifier(row[2], row[3])
            pair = (min(left, right), max(left, right))
            edge = pairs.setdefault(pair, Edge(left, right, row[4], row[5]))
            edge.evidence.append(Evidence(*row[6:]))
        found.edges = [pairs[pair] for pair in sorted(pairs)]
        for edge in found.edges:
            edge.evidence.sort(
                key=lambda one: (-one.score, one.first_seen_at, one.source, one.rule)
            )
        for row in self._fetch(
            near
            + """
            select
                identifiers.identifier_type, identifiers.identifier_value, identifiers.person_id,
                identifiers.tier, identifiers.status, identifiers.status_reason,
                identifiers.observation_count, identifiers.first_seen_at, identifiers.last_seen_at
            from {identity}.identifiers as identifiers
            inner join (
                select identifier_type, identifier_value from members
                union select left_type, left_value from near
                union select right_type, right_value from near
            ) as asked
                on identifiers.identifier_type = asked.identifier_type
                and identifiers.identifier_value = asked.identifier_value
            """,
            params,
        ):
            found.nodes[Identifier(row[0], row[1])] = Standing(*row[2:])
        return found

    def decisions(self) -> list[dict[str, Any]]:
        """Return stewards' decisions that are in force."""
        columns = (
            "rule_id", "action", "left_type", "left_value", "right_type", "right_value", "author",
            "reason", "recorded_at",
        )  # fmt: skip
        # An engine's clock says nothing about the time as of which identity was built.
        built_at = "(select max(recorded_at) from {identity}.identifier_ledger)"
        rows = self._fetch(
            f"select {', '.join(columns)} from {{identity}}.steward_rules "
            f"where revoked_at is null or revoked_at > {built_at} order by recorded_at, rule_id"
        )
        return [dict(zip(columns, row, strict=True)) for row in rows]

    def former_ids(self, person_id: str) -> list[str]:
        """Return the ids that lead to this person, its own left out."""
        rows = self._fetch(
            "select person_id from {identity}.id_mapping "
            "where current_person_id = ? and person_id <> ? order by person_id",
            [person_id, person_id],
        )
        return [row[0] for row in rows]

    def changes(self, ids: list[str]) -> list[dict[str, Any]]:
        """Return what happened to these ids."""
        marks = ", ".join("?" for _ in ids)
        rows = self._fetch(
            "select change_type, person_id, other_person_id, reason, effective_at, changed_at "
            f"from {{identity}}.id_changes where person_id in ({marks}) "
            f"or other_person_id in ({marks}) order by changed_at, change_type, person_id",
            [*ids, *ids],
        )
        names = (
            "change_type", "person_id", "other_person_id", "reason", "effective_at", "changed_at",
        )  # fmt: skip
        return [dict(zip(names, row, strict=True)) for row in rows]

    def owners(self, person_id: str) -> list[tuple[Any, ...]]:
        """Return who owned this person's identifiers, where that has changed."""
        return self._fetch(
            """
            select
                history.identifier_type, history.identifier_value, history.person_id,
                history.status, history.valid_from, history.known_from, history.known_to
            from {identity}.person_history as history
            inner join (
                select entries.identifier_type, entries.identifier_value
                from {identity}.person_history as entries
                inner join {identity}.identifiers as identifiers
                    on entries.identifier_type = identifiers.identifier_type
                    and entries.identifier_value = identifiers.identifier_value
                where identifiers.person_id = ?
                group by entries.identifier_type, entries.identifier_value
                having count(distinct coalesce(entries.person_id, '')) > 1
                    or count(distinct entries.status) > 1
            ) as moved
                on history.identifier_type = moved.identifier_type
                and history.identifier_value = moved.identifier_value
            order by history.identifier_type, history.identifier_value, history.known_from
            """,
            [person_id],
        )


class Explanation:
    """An answer with identifiers as they may be shown; see ``as_dict`` for its parts."""

    def __init__(self, graph: Graph, *, reveal: bool) -> None:
        self.graph = graph
        self.reveal = reveal
        self.path: list[tuple[Identifier, Identifier, Edge]] | None = None
        self.subjects: list[Subject] = []
        self._parts: dict[str, Any] = {}
        self._hidden = {one.value: mask(*one) for one in graph.nodes}

    def show(self, one: Identifier) -> str:
        """Return an identifier as it may be shown."""
        return one.shown(reveal=self.reveal)

    def subject(self, subject: Subject) -> dict[str, Any]:
        """Return a subject as it may be shown."""
        standing = self.graph.nodes.get(subject.identifier)
        asked = subject.text if subject.is_person else self.show(subject.identifier)
        return {
            "asked": asked,
            "identifier": self.show(subject.identifier),
            "person_id": subject.person_id,
            "status": standing.status if standing else "gone",
            "status_reason": standing.reason if standing else None,
        }

    def record(self, record_id: str | None) -> str | None:
        """Return a record's id, without what names somebody."""
        return record_id if self.reveal else mask_record(record_id, self._hidden)

    def edge(self, left: Identifier, right: Identifier, edge: Edge) -> dict[str, Any]:
        """Return a pair as it may be shown, read from ``left`` to ``right``."""
        return {
            "left": self.show(left),
            "right": self.show(right),
            "status": edge.status,
            "status_reason": edge.reason,
            "evidence": [
                {
                    "rule": one.rule,
                    "source": one.source,
                    "score": one.score,
                    "first_record_id": self.record(one.first_record_id),
                    "last_record_id": self.record(one.last_record_id),
                    "observation_count": int(one.observation_count),
                    "first_seen_at": one.first_seen_at,
                    "last_seen_at": one.last_seen_at,
                }
                for one in edge.evidence
            ],
        }

    def decision(self, decision: dict[str, Any]) -> dict[str, Any]:
        """Return a steward's decision as it may be shown."""
        right = decision["right_type"] and Identifier(
            decision["right_type"], decision["right_value"]
        )
        return {
            "rule_id": decision["rule_id"],
            "action": decision["action"],
            "left": self.show(Identifier(decision["left_type"], decision["left_value"])),
            "right": self.show(right) if right else None,
            "author": decision["author"],
            "reason": decision["reason"],
            "recorded_at": decision["recorded_at"],
        }

    def add(self, **parts: Any) -> None:
        """Add parts of the answer."""
        self._parts |= parts

    def as_dict(self) -> dict[str, Any]:
        """Return the answer: texts, numbers, times, lists and dictionaries."""
        return self._parts


def _touching(
    decisions: list[dict[str, Any]], ones: Collection[Identifier]
) -> list[dict[str, Any]]:
    return [
        decision
        for decision in decisions
        if (decision["left_type"], decision["left_value"]) in ones
        or (decision["right_type"], decision["right_value"]) in ones
    ]


def explain_pair(settings: Settings, left: str, right: str, *, reveal: bool = False) -> Explanation:
    """Say why two identifiers or person ids are one person, or why they are not.

    Raises:
        UnknownSubjectError: one of them is not known.
        ValueError: one of them is no identifier and no person's id.
        RuntimeError: nothing has been built yet.
    """
    with open_warehouse(settings, read_only=True) as warehouse:
        reader = Reader(warehouse, settings.schema_prefix)
        subjects = [reader.subject(left), reader.subject(right)]
        graph = reader.graph(subjects)
        decisions = reader.decisions()
    answer = Explanation(graph, reveal=reveal)
    answer.subjects = subjects
    one, other = subjects
    same = one.person_id is not None and one.person_id == other.person_id
    ends = [
        {subject.identifier}
        if same or not subject.is_person or subject.person_id is None
        else set(graph.owned_by(subject.person_id))
        for subject in subjects
    ]
    if all(end <= graph.nodes.keys() for end in ends):
        answer.path = best_path(graph, *ends, active_only=same)
    on_path = {one for step in answer.path or [] for one in step[:2]}
    concerned = on_path | {subject.identifier for subject in subjects}
    if not same:
        for subject in subjects:
            concerned |= set(graph.owned_by(subject.person_id))
    answer.add(
        is_one_person=same,
        subjects=[answer.subject(subject) for subject in subjects],
        path=None if answer.path is None else [answer.edge(*step) for step in answer.path],
        demotions=[
            {"identifier": answer.show(one), "reason": graph.nodes[one].reason}
            for one in sorted(on_path)
            if graph.nodes[one].status != "active"
        ],
        decisions=[answer.decision(one) for one in _touching(decisions, concerned)],
    )
    return answer


def explain_one(settings: Settings, text: str, *, reveal: bool = False) -> Explanation:
    """Say what is known of a person's identity, named by an id or by one of its identifiers.

    Raises:
        UnknownSubjectError: it is not known.
        ValueError: it is no identifier and no person's id.
        RuntimeError: nothing has been built yet.
    """
    with open_warehouse(settings, read_only=True) as warehouse:
        reader = Reader(warehouse, settings.schema_prefix)
        subject = reader.subject(text)
        graph = reader.graph([subject])
        person = subject.person_id
        former = reader.former_ids(person) if person else []
        changes = reader.changes([person, *former]) if person else []
        owners = reader.owners(person) if person else []
        decisions = reader.decisions()
    answer = Explanation(graph, reveal=reveal)
    answer.subjects = [subject]
    owned = graph.owned_by(person) or [subject.identifier]
    answer.add(
        subject=answer.subject(subject),
        person_id=person,
        former_ids=former,
        identifiers=[
            {
                "identifier": answer.show(one),
                "tier": int(its.tier),
                "status": its.status,
                "status_reason": its.reason,
                "observation_count": int(its.observation_count),
                "first_seen_at": its.first_seen_at,
                "last_seen_at": its.last_seen_at,
            }
            for one in owned
            if (its := graph.nodes.get(one)) is not None
        ],
        changes=changes,
        owners=[
            {
                "identifier": answer.show(Identifier(row[0], row[1])),
                **dict(
                    zip(
                        ("person_id", "status", "valid_from", "known_from", "known_to"),
                        row[2:],
                        strict=True,
                    )
                ),
            }
            for row in owners
        ],
        demotions=[
            answer.edge(edge.left, edge.right, edge)
            for edge in graph.edges
            if edge.status != "active" and ({edge.left, edge.right} & set(owned))
        ],
        decisions=[answer.decision(one) for one in _touching(decisions, set(owned))],
    )
    return answer
