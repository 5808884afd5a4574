"""A shadow run beside an existing id graph: what differs, and why, difference by difference.

Their graph is any table of identifiers and ids. Identifiers are standardised as the loader does
before they are compared. Pairs are counted from the contingency table of their ids and our persons
(Hubert and Arabie, 1985), never listed. Where an id and a person divide the identifiers in
different ways, the largest part stays, and each other part is a difference with one reason.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sojourn.compare.sheet import Bar, Block, Chart, Grid, Heading, Text, number
from sojourn.compare.theirs import CompareError, Scratch, Theirs, side_by_side
from sojourn.identity.explain import Explanation, Reader, Subject, best_path
from sojourn.identity.identifier import Identifier, mask
from sojourn.settings import Settings
from sojourn.warehouse import Warehouse, literal, relation_name, text_type

if TYPE_CHECKING:
    import pyarrow as pa

# Made by matching to join records: an identifier of nobody else's graph.
_OWN_TYPE = "match"
_JOINED_HERE, _JOINED_THERE = "joined here, apart there", "joined there, apart here"
_NOT_THERE = "through identifiers that are not there"
_NOTHING = "nothing that was observed here joins them"


@dataclass(frozen=True)
class IdColumns:
    """The columns of their table. With ``only_type``, identifiers are of that type alone."""

    value: str = "identifier_value"
    id: str = "person_id"
    type: str = "identifier_type"
    only_type: str | None = None


@dataclass
class Standardised:
    """Makes identifiers comparable, and counts what that changed."""

    types: Mapping[str, str]
    only_type: str | None = None
    region: str | None = None
    changed: dict[str, int] = field(default_factory=dict)
    unreadable: dict[str, int] = field(default_factory=dict)
    incomplete: int = 0
    """Different rows without a type, a value or an id."""

    def one(self, kind: str, value: str) -> tuple[str, str | None]:
        """Return our name of the type, and the value as the loader writes it or None."""
        from sojourn.sources.standardise import identifier

        kind = self.types.get(kind, kind)
        standard = identifier(kind, value, self.region)
        if standard is None:
            self.unreadable[kind] = self.unreadable.get(kind, 0) + 1
        elif standard != value:
            self.changed[kind] = self.changed.get(kind, 0) + 1
        return kind, standard

    def table(self, batch: pa.RecordBatch) -> pa.Table:
        """Return type, value and id as they are compared, without rows that lack one."""
        import pyarrow as pa

        columns = [column.to_pylist() for column in batch.columns]
        if self.only_type is not None:
            columns = [[self.only_type] * batch.num_rows, *columns]
        rows = [
            (*self.one(kind.strip(), value), value, their_id.strip())
            for kind, value, their_id, _ in zip(*columns, strict=True)
            if kind and kind.strip() and value and value.strip() and their_id and their_id.strip()
        ]
        self.incomplete += batch.num_rows - len(rows)
        names = ("identifier_type", "identifier_value", "written", "their_id")
        values = list(zip(*rows, strict=True)) or [()] * len(names)
        return pa.table(
            {name: pa.array(each, pa.string()) for name, each in zip(names, values, strict=True)}
        )


def compare_identity(
    settings: Settings,
    theirs: Theirs,
    columns: IdColumns | None = None,
    *,
    types: Mapping[str, str] | None = None,
    region: str | None = None,
    limit: int = 20,
    reveal: bool = False,
    out: Path | None = None,
) -> dict[str, Any]:
    """Compare identity as it was last built with another id graph.

    Args:
        settings: the warehouse, in which nothing is changed.
        theirs: their table or file, and ``columns`` of it.
        columns: see `IdColumns`.
        types: their names of identifier types and ours, where they differ.
        region: the country (ISO alpha-2) of phone numbers without a country code.
        limit: so many of the largest differences are explained one by one.
        reveal: show identifiers and their ids unmasked.
        out: a CSV file to write every difference to, unmasked; only its owner can read it.

    Raises:
        CompareError: their rows cannot be read, or nothing is in common.
        RuntimeError: nothing has been built yet.
    """
    columns = columns or IdColumns()
    standard = Standardised(types or {}, columns.only_type, region and region.upper())
    wanted = [columns.value, columns.id]
    if columns.only_type is None:
        wanted.insert(0, columns.type)
    with side_by_side(settings) as (warehouse, scratch):
        reader = Reader(warehouse, settings.schema_prefix)
        text = text_type(warehouse.dialect)
        names = ("identifier_type", "identifier_value", "written", "their_id")
        scratch.fill(
            "rows_read", dict.fromkeys(names, text), theirs.batches(warehouse, wanted),
            standard.table,
        )  # fmt: skip
        comparison = _Comparison(warehouse, scratch, f"{settings.schema_prefix}identity")
        comparison.prepare(str(theirs))
        answer: dict[str, Any] = {
            "theirs": str(theirs),
            "standardised": {
                "changed": standard.changed,
                "unreadable": standard.unreadable,
                "incomplete": standard.incomplete,
            },
            **comparison.answer(),
        }
        largest = comparison.largest(limit)
        subjects = [subject for one in largest for subject in one["subjects"]]
        explanation = Explanation(reader.graph(subjects), reveal=reveal) if subjects else None
        if out is not None:
            answer["out"] = str(out)
            answer["written"] = comparison.write(out)
    answer["largest"] = [_explained(one, explanation, reveal=reveal) for one in largest]
    return answer


class _Comparison:
    """Two divisions of the same identifiers, in tables of one warehouse."""

    def __init__(self, warehouse: Warehouse, scratch: Scratch, schema: str) -> None:
        self._warehouse = warehouse
        self._scratch = scratch
        self._schema = schema

    def _sql(self, sql: str) -> str:
        for name, relation in self._scratch.names.items():
            sql = sql.replace(f"{{{name}}}", relation)
        for name in ("identifiers", "edges", "steward_rules", "identifier_ledger"):
            sql = sql.replace(f"{{identity.{name}}}", relation_name(self._schema, name))
        return sql

    def _fetch(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._warehouse.fetch(self._sql(sql), params)

    def _create(self, name: str, sql: str) -> None:
        self._scratch.create(name, self._sql(sql))

    def prepare(self, name: str) -> None:
        """Bring both sides together.

        Raises:
            CompareError: they have no type, or no identifier, in common.
        """
        self._create(
            "theirs",
            """
            select identifier_type, identifier_value, min(their_id) as their_id,
                count(distinct their_id) as id_count
            from {rows_read} where identifier_value is not null
            group by identifier_type, identifier_value
            """,
        )
        self._create(
            "ours",
            f"""
            select identifier_type, identifier_value, person_id, status, status_reason, tier
            from {{identity.identifiers}} where identifier_type <> {literal(_OWN_TYPE)}
            """,
        )
        self._check_common(name)
        # Whose each identifier is, there and here.
        self._create(
            "members",
            """
            select ours.identifier_type, ours.identifier_value, ours.tier, theirs.their_id,
                ours.person_id
            from {theirs} as theirs inner join {ours} as ours
                on theirs.identifier_type = ours.identifier_type
                and theirs.identifier_value = ours.identifier_value
            where theirs.id_count = 1 and ours.person_id is not null
            """,
        )
        # The contingency table, with the place of each cell among those of its id and its person.
        self._create(
            "cells",
            """
            select their_id, person_id, n,
                sum(n) over (partition by their_id) as their_size,
                count(*) over (partition by their_id) as their_parts,
                row_number() over (partition by their_id order by n desc, person_id)
                    as their_place,
                first_value(person_id) over (partition by their_id order by n desc, person_id)
                    as their_main_person,
                sum(n) over (partition by person_id) as our_size,
                count(*) over (partition by person_id) as our_parts,
                row_number() over (partition by person_id order by n desc, their_id) as our_place,
                first_value(their_id) over (partition by person_id order by n desc, their_id)
                    as our_main_id
            from (
                select their_id, person_id, count(*) as n from {members}
                group by their_id, person_id
            ) as counted
            """,
        )
        self._create("links", _LINKS)
        self._reasons()

    def _check_common(self, name: str) -> None:
        there = [row[0] for row in self._fetch("select distinct identifier_type from {theirs}")]
        here = [row[0] for row in self._fetch("select distinct identifier_type from {ours}")]
        if not there:
            raise CompareError(
                f"{name} holds no row with a type, a value that can be read and an id."
            )
        if not set(there) & set(here):
            raise CompareError(
                f"No type of identifier is known on both sides. There: {', '.join(sorted(there))}. "
                f"Here: {', '.join(sorted(here))}. Map the names with --map THEIRS=OURS."
            )
        [(common,)] = self._fetch(
            "select count(*) from {theirs} as theirs inner join {ours} as ours "
            "on theirs.identifier_type = ours.identifier_type "
            "and theirs.identifier_value = ours.identifier_value"
        )
        if not common:
            raise CompareError(
                f"None of the identifiers of {name} has been seen here: is it another brand's, or "
                "are they hashed there?"
            )

    def _reasons(self) -> None:
        """Find why each part that is not the largest stands apart on one side."""
        self._create(
            "reasons_joined",
            """
            select person_id, their_id, reason from (
                select person_id, their_id, reason,
                    row_number() over (
                        partition by person_id, their_id
                        order by strength, score desc, tier, reason
                    ) as place
                from (
                    select left_person as person_id, left_id as their_id, 0 as strength, score,
                        tier, source || ', ' || replace(rule, '_', ' ') as reason
                    from {links}
                    where status = 'active' and left_person = right_person and left_id <> right_id
                    union all
                    select right_person, right_id, 0, score, tier,
                        source || ', ' || replace(rule, '_', ' ')
                    from {links}
                    where status = 'active' and left_person = right_person and left_id <> right_id
                    union all
                    select coalesce(left_person, right_person), coalesce(left_id, right_id), 1,
                        score, tier, 'matching, records that are alike'
                    from {links}
                    where status = 'active' and source = 'matching'
                ) as found
            ) as ranked
            where place = 1
            """,
        )
        self._create("apart", _APART)
        self._create(
            "differences",
            f"""
            select {literal(_JOINED_HERE)} as difference, cells.their_id, cells.person_id,
                cells.our_main_id as main_id, cells.person_id as main_person, cells.n,
                cells.n * (cells.our_size - cells.n) as pairs,
                coalesce(reasons.reason, {literal(_NOT_THERE)}) as reason
            from {{cells}} as cells left join {{reasons_joined}} as reasons
                on cells.person_id = reasons.person_id and cells.their_id = reasons.their_id
            where cells.our_place > 1
            union all
            select {literal(_JOINED_THERE)}, cells.their_id, cells.person_id, cells.their_id,
                cells.their_main_person, cells.n, cells.n * (cells.their_size - cells.n),
                coalesce(apart.reason, {literal(_NOTHING)})
            from {{cells}} as cells left join {{apart}} as apart
                on cells.person_id = apart.person_id and cells.their_id = apart.their_id
            where cells.their_place > 1
            """,
        )

    def answer(self) -> dict[str, Any]:
        """Return all counts."""
        [(there, several)] = self._fetch(
            "select count(*), count(case when id_count > 1 then 1 end) from {theirs}"
        )
        [(here,)] = self._fetch("select count(*) from {ours}")
        [(both,)] = self._fetch("select count(*) from {members}")
        return {
            "identifiers": {
                "there": int(there),
                "here": int(here),
                "compared": int(both),
                "several_ids_there": int(several),
            },
            "only_there": self._counted(
                ("identifier_type", "reason", "identifiers"),
                f"select identifier_type, reason, count(*) from ({_ONLY_THERE}) as missing "
                "group by identifier_type, reason order by 3 desc, 1, 2",
            ),
            "only_here": self._counted(
                ("identifier_type", "reason", "identifiers"),
                f"select identifier_type, reason, count(*) from ({_ONLY_HERE}) as missing "
                "group by identifier_type, reason order by 3 desc, 1, 2",
            ),
            "groups": self._groups(),
            "pairs": self._pairs(),
            "sizes": self._sizes(),
            **{
                key: self._counted(
                    ("reason", "parts", "identifiers"),
                    "select reason, count(*), sum(n) from {differences} where difference = ? "
                    "group by reason order by 2 desc, 1",
                    (difference,),
                )
                for key, difference in (
                    ("joined_here", _JOINED_HERE),
                    ("joined_there", _JOINED_THERE),
                )
            },
        }

    def _counted(
        self, names: Sequence[str], sql: str, params: Sequence[Any] = ()
    ) -> list[dict[str, Any]]:
        return [
            {
                name: value if isinstance(value, str) else int(value)
                for name, value in zip(names, row, strict=True)
            }
            for row in self._fetch(sql, params)
        ]

    def _groups(self) -> dict[str, int]:
        return self._counted(
            ("there", "here", "same", "split_here", "split_into", "merged_here", "merged_into"),
            """
            select
                count(case when their_place = 1 then 1 end),
                count(case when our_place = 1 then 1 end),
                count(case when their_parts = 1 and our_parts = 1 then 1 end),
                count(case when their_parts > 1 and their_place = 1 then 1 end),
                count(case when their_parts > 1 then 1 end),
                count(case when our_parts > 1 then 1 end),
                count(case when our_parts > 1 and our_place = 1 then 1 end)
            from {cells}
            """,
        )[0]

    def _pairs(self) -> dict[str, Any]:
        """Pairs of identifiers joined there and here: twice their number is n (n - 1), summed."""
        [(in_both, there, here)] = self._fetch(
            """
            select coalesce(sum(n * (n - 1)), 0),
                coalesce(sum(case when their_place = 1 then their_size * (their_size - 1) end), 0),
                coalesce(sum(case when our_place = 1 then our_size * (our_size - 1) end), 0)
            from {cells}
            """
        )
        joined, there, here = int(in_both) // 2, int(there) // 2, int(here) // 2
        return {
            "both": joined,
            "there": there,
            "here": here,
            "only_there": there - joined,
            "only_here": here - joined,
            "precision": joined / here if here else None,
            "recall": joined / there if there else None,
        }

    def _sizes(self) -> list[dict[str, Any]]:
        bucket = (
            "case when size = 1 then '1' when size = 2 then '2' when size <= 5 then '3 to 5' "
            "when size <= 10 then '6 to 10' when size <= 100 then '11 to 100' "
            "else 'over 100' end"
        )
        return self._counted(
            ("size", "there", "here"),
            f"""
            select {bucket}, count(case when side = 'there' then 1 end),
                count(case when side = 'here' then 1 end)
            from (
                select 'there' as side, their_size as size from {{cells}} where their_place = 1
                union all
                select 'here' as side, our_size as size from {{cells}} where our_place = 1
            ) as sizes
            group by {bucket} order by min(size)
            """,
        )

    def largest(self, limit: int) -> list[dict[str, Any]]:
        """Return the differences that concern most pairs, with an identifier of either part."""
        self._create(
            "listed",
            "select * from (select differences.*, row_number() over ("
            "order by pairs desc, difference, their_id, person_id) as place from {differences} "
            f"as differences) as ranked where place <= {int(limit)}",
        )
        strongest = """
            select listed.place, members.identifier_type, members.identifier_value,
                members.person_id,
                row_number() over (
                    partition by listed.place
                    order by members.tier, members.identifier_type, members.identifier_value
                ) as strength
            from {{listed}} as listed inner join {{members}} as members
                on members.their_id = listed.{id} and members.person_id = listed.{person}
        """
        names = ("difference", "their_id", "main_id", "person_id", "main_person", "identifiers",
                 "pairs", "reason")  # fmt: skip
        found = []
        for row in self._fetch(
            f"""
            select listed.difference, listed.their_id, listed.main_id, listed.person_id,
                listed.main_person, listed.n, listed.pairs, listed.reason,
                parts.identifier_type, parts.identifier_value, parts.person_id,
                mains.identifier_type, mains.identifier_value, mains.person_id
            from {{listed}} as listed
            inner join ({strongest.format(id="their_id", person="person_id")}) as parts
                on listed.place = parts.place and parts.strength = 1
            inner join ({strongest.format(id="main_id", person="main_person")}) as mains
                on listed.place = mains.place and mains.strength = 1
            order by listed.place
            """
        ):
            one = dict(zip(names, row[:8], strict=True))
            one["identifiers"], one["pairs"] = int(one["identifiers"]), int(one["pairs"])
            one["subjects"] = [
                Subject(f"{kind}:{value}", Identifier(kind, value), person, is_person=False)
                for kind, value, person in (row[8:11], row[11:14])
            ]
            found.append(one)
        return found

    def write(self, out: Path) -> int:
        """Write every difference to a CSV file, an identifier a line; return how many lines.

        Raises:
            CompareError: the file is there already.
        """
        rows = self._fetch(
            f"""
            select differences.difference, members.identifier_type, members.identifier_value,
                members.their_id, members.person_id, differences.main_id, differences.main_person,
                differences.reason
            from {{differences}} as differences inner join {{members}} as members
                on differences.their_id = members.their_id
                and differences.person_id = members.person_id
            union all
            select 'only there', identifier_type, identifier_value, their_id, null, null, null,
                reason
            from ({_ONLY_THERE}) as missing
            union all
            select 'only here', identifier_type, identifier_value, null, person_id, null, null,
                reason
            from ({_ONLY_HERE}) as missing
            order by 1, 4, 5, 2, 3
            """
        )
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise CompareError(f"{out} is there already: give another name with --out.") from None
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(
                ("difference", "identifier_type", "identifier_value", "their_id", "person_id",
                 "rest_of_their_id", "rest_of_person", "reason")
            )  # fmt: skip
            writer.writerows(rows)
        return len(rows)


# Edges that explain something: those that join nothing here, those that join two of their ids, and
# those of matching, which no other graph has.
_LINKS = """
    select edges.left_type, edges.left_value, edges.right_type, edges.right_value, edges.rule,
        edges.source, edges.score, edges.status, edges.status_reason,
        lefts.their_id as left_id, lefts.person_id as left_person,
        rights.their_id as right_id, rights.person_id as right_person,
        greatest(lefts.tier, rights.tier) as tier
    from {identity.edges} as edges
    left join {members} as lefts
        on edges.left_type = lefts.identifier_type and edges.left_value = lefts.identifier_value
    left join {members} as rights
        on edges.right_type = rights.identifier_type
        and edges.right_value = rights.identifier_value
    where
        (lefts.person_id is not null or rights.person_id is not null)
        and (
            edges.status <> 'active'
            or lefts.their_id <> rights.their_id
            or edges.source = 'matching'
        )
"""

# Why a part of their id is another person here, the best reason first: a steward keeps them apart;
# an edge between them was demoted; both touch a value that joins nobody.
_APART = """
    with touches as (
        select distinct links.left_id as their_id, links.left_person as person_id,
            links.right_type as shared_type, links.right_value as shared_value
        from {links} as links
        where links.status <> 'active' and links.left_person is not null
        union
        select distinct links.right_id, links.right_person, links.left_type, links.left_value
        from {links} as links
        where links.status <> 'active' and links.right_person is not null
    ),
    shared as (
        select their_id, shared_type, shared_value from touches
        group by their_id, shared_type, shared_value having count(*) > 1
    ),
    found as (
        select lefts.their_id, lefts.person_id, rights.person_id as other_person, 0 as strength,
            'a steward keeps them apart' as reason
        from {identity.steward_rules} as rules
        inner join {members} as lefts
            on rules.left_type = lefts.identifier_type
            and rules.left_value = lefts.identifier_value
        inner join {members} as rights
            on rules.right_type = rights.identifier_type
            and rules.right_value = rights.identifier_value
        where rules.action = 'never_link' and lefts.their_id = rights.their_id
            and lefts.person_id <> rights.person_id
            and (
                rules.revoked_at is null
                or rules.revoked_at > (select max(recorded_at) from {identity.identifier_ledger})
            )
        union all
        select left_id, left_person, right_person, 1, status_reason
        from {links}
        where status <> 'active' and left_id = right_id and left_person <> right_person
        union all
        select touches.their_id, touches.person_id, null, 2,
            'share only a ' || touches.shared_type || ' that is ' || ours.status
            || coalesce(' (' || ours.status_reason || ')', '')
        from touches
        inner join shared
            on touches.their_id = shared.their_id and touches.shared_type = shared.shared_type
            and touches.shared_value = shared.shared_value
        inner join {ours} as ours
            on touches.shared_type = ours.identifier_type
            and touches.shared_value = ours.identifier_value
        where ours.status <> 'active'
    ),
    either_side as (
        select their_id, person_id, strength, reason from found
        union all
        select their_id, other_person, strength, reason from found where other_person is not null
    )
    select their_id, person_id, reason from (
        select either_side.*,
            row_number() over (partition by their_id, person_id order by strength, reason) as place
        from either_side
    ) as ranked
    where place = 1
"""

_ONLY_THERE = """
    select theirs.identifier_type, theirs.identifier_value, theirs.their_id,
        case
            when theirs.id_count > 1 then 'stands under several ids there'
            when ours.status = 'blocked' then 'blocked here: ' || coalesce(ours.status_reason, '')
            when known.identifier_type is null then 'no identifier of this type here'
            else 'never seen here'
        end as reason
    from {theirs} as theirs
    left join {ours} as ours
        on theirs.identifier_type = ours.identifier_type
        and theirs.identifier_value = ours.identifier_value
    left join (select distinct identifier_type from {ours}) as known
        on theirs.identifier_type = known.identifier_type
    where ours.person_id is null or theirs.id_count > 1
    union all
    select identifier_type, written, min(their_id),
        'cannot be read as ' || identifier_type
    from {rows_read} where identifier_value is null
    group by identifier_type, written
"""

_ONLY_HERE = """
    select ours.identifier_type, ours.identifier_value, ours.person_id,
        case
            when ours.status = 'active' then 'not in their graph'
            else ours.status || ' here: ' || coalesce(ours.status_reason, '')
        end as reason
    from {ours} as ours
    left join {theirs} as theirs
        on ours.identifier_type = theirs.identifier_type
        and ours.identifier_value = theirs.identifier_value
    where theirs.identifier_type is null
"""


def _explained(
    one: Mapping[str, Any], explanation: Explanation | None, *, reveal: bool
) -> dict[str, Any]:
    """Return a difference as it may be shown, with the path of edges between its two parts."""

    def shown(their_id: str) -> str:
        return their_id if reveal else mask("email" if "@" in their_id else "id", their_id)

    subjects: list[Subject] = one["subjects"]
    is_joined_here = one["difference"] == _JOINED_HERE
    path = None
    if explanation is not None:
        path = best_path(
            explanation.graph,
            {subjects[0].identifier},
            {subjects[1].identifier},
            active_only=is_joined_here,
        )
    steps = [] if path is None or explanation is None else [explanation.edge(*s) for s in path]
    return {
        "difference": one["difference"],
        "identifiers": one["identifiers"],
        "pairs": one["pairs"],
        "reason": one["reason"],
        "their_ids": [shown(each) for each in dict.fromkeys((one["their_id"], one["main_id"]))],
        "person_ids": list(dict.fromkeys((one["person_id"], one["main_person"]))),
        "examples": [subject.identifier.shown(reveal=reveal) for subject in subjects],
        "path": steps or None,
        "weakest": _weakest(steps),
    }


def _weakest(steps: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the pair of a path that holds least: one that joins nothing, or the least probable."""
    if not steps:
        return None
    step = min(
        steps,
        key=lambda each: (
            each["status"] == "active",
            each["evidence"][0]["score"],
            sum(one["observation_count"] for one in each["evidence"]),
        ),
    )
    best = step["evidence"][0]
    return {
        "left": step["left"],
        "right": step["right"],
        "status": step["status"],
        "status_reason": step["status_reason"],
        "source": best["source"],
        "rule": best["rule"],
        "score": best["score"],
    }


def _path_text(one: Mapping[str, Any]) -> str:
    """Return a path in one line."""
    if one["path"] is None:
        return f"Nothing that was observed leads from {' to '.join(one['examples'])}"
    text: str = one["path"][0]["left"]
    for step in one["path"]:
        best = step["evidence"][0]
        state = "" if step["status"] == "active" else f"; {step['status']}: {step['status_reason']}"
        text += f" - ({best['source']}, {best['rule'].replace('_', ' ')}{state}) - {step['right']}"
    return text


def sheet(answer: Mapping[str, Any]) -> list[Block]:
    """Return a comparison as a sheet."""
    counts, groups, pairs = answer["identifiers"], answer["groups"], answer["pairs"]
    standard = answer["standardised"]
    blocks: list[Block] = [
        Text(
            f"{answer['theirs']} holds {counts['there']:,} identifiers, Sojourn "
            f"{counts['here']:,}; {counts['compared']:,} have an owner on both sides and are "
            "compared."
        ),
        Text(
            "Identifiers were standardised as the loader does (e-mail in lower case, phone as "
            f"+43...): {sum(standard['changed'].values()):,} values changed, "
            f"{sum(standard['unreadable'].values()):,} could not be read. Different rows without a "
            f"type, a value or an id, which are left out: {standard['incomplete']:,}."
        ),
        Text(
            f"{groups['there']:,} ids there are {groups['here']:,} persons here; "
            f"{groups['same']:,} are the same. {groups['split_here']:,} ids fall into "
            f"{groups['split_into']:,} parts here; {groups['merged_into']:,} persons hold "
            f"{groups['merged_here']:,} parts of ids."
        ),
        Text(
            f"Of the {pairs['here']:,} pairs of identifiers joined here, {pairs['both']:,} are "
            f"joined there too ({number(pairs['precision'], 4) or 'none'}); of the "
            f"{pairs['there']:,} joined there, {number(pairs['recall'], 4) or 'none'} are joined "
            f"here. {pairs['only_here']:,} are joined only here, {pairs['only_there']:,} only "
            "there."
        ),
    ]
    for title, key in (
        ("Joined here, apart there: what joins them here", "joined_here"),
        ("Joined there, apart here: what keeps them apart", "joined_there"),
    ):
        if answer[key]:
            blocks += [
                Heading(title),
                Grid(
                    ("reason", "parts", "identifiers"),
                    [
                        (one["reason"], f"{one['parts']:,}", f"{one['identifiers']:,}")
                        for one in answer[key]
                    ],
                ),
            ]
    for title, key in (("Only there", "only_there"), ("Only here", "only_here")):
        if answer[key]:
            blocks += [
                Heading(title),
                Grid(
                    ("type", "why", "identifiers"),
                    [
                        (one["identifier_type"], one["reason"], f"{one['identifiers']:,}")
                        for one in answer[key]
                    ],
                    left=2,
                ),
            ]
    if answer["largest"]:
        blocks.append(Heading("The largest differences"))
    for place, one in enumerate(answer["largest"], 1):
        blocks.append(
            Text(
                f"{place}. {one['difference']}, {one['pairs']:,} pairs: {one['reason']}.\n"
                f"   there {', '.join(one['their_ids'])}; here {', '.join(one['person_ids'])}\n"
                f"   {_path_text(one)}{_weakest_text(one)}"
            )
        )
    blocks += [
        Heading("Groups by the number of their identifiers"),
        Grid(
            ("identifiers", "there", "here"),
            [(one["size"], f"{one['there']:,}", f"{one['here']:,}") for one in answer["sizes"]],
        ),
        Chart(
            "Groups by size",
            "Bars: persons here. Red: ids there.",
            [("Identifiers in a group", [
                Bar(one["size"], one["here"], one["there"]) for one in answer["sizes"]
            ])],
        ),
    ]  # fmt: skip
    if "out" in answer:
        blocks.append(
            Text(
                f"{answer['written']:,} differences are in {answer['out']}, which holds personal "
                "data."
            )
        )
    return blocks


def _weakest_text(one: Mapping[str, Any]) -> str:
    if one["weakest"] is None or len(one["path"]) < 2:
        return ""
    weakest = one["weakest"]
    return (
        f"\n   weakest: {weakest['left']} - {weakest['right']}, {weakest['source']}, "
        f"{weakest['rule'].replace('_', ' ')}"
    )
