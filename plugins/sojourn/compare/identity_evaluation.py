"""How right is identity? Pairs of identifiers against the simulator's truth.

Pairs are counted from the contingency table of true persons and ours, never listed. Much of a
person is known by nothing to be theirs: cookies on which nobody signed in. There is evidence for a
pair if rules join it, or would but for protection, or if either side stands, by rules, with a
record that says something of a person, so that matching could join it. Recall is counted of all
pairs, and of those with evidence.
Identifiers that several people share have no owner: their events have, and are judged one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sojourn.compare.sheet import Bar, Block, Chart, Grid, Heading, Text, number
from sojourn.compare.theirs import CompareError, Scratch, Theirs, side_by_side
from sojourn.compare.truth import EvaluationError, find_truth
from sojourn.identity.preview import is_built
from sojourn.settings import Settings
from sojourn.warehouse import Warehouse, relation_name, text_type

if TYPE_CHECKING:
    import pyarrow as pa

_IDENTIFIERS = Path("truth") / "identifiers.csv"
_OWNERS = "event_owners.csv"
_BATCH = 50_000
BANDS = (0.3, 0.5, 0.8, 0.9, 0.99)
"""Where bands of match probability begin; the last one ends at 1."""


def evaluate_identity(settings: Settings, truth: Path | None = None) -> dict[str, Any]:
    """Compare identity as it was last built with who is who in a simulated brand.

    Args:
        settings: the warehouse, in which nothing is changed.
        truth: ``identifiers.csv`` or a folder of simulated exports; the settings' own by default.

    Returns:
        ``true_pairs``, all and ``with_evidence``; ``pairs``: those joined and how many rightly, by
        ``deterministic`` rules alone and in ``all``, with precision and recall. ``types``: how
        many identifiers of each type stand with their person. ``shared_events``: events on
        identifiers that several people share. ``matching``: pairs of records by their probability,
        and how many are one person's.

    Raises:
        EvaluationError: there is no truth, or it is of another brand.
        CompareError: nothing is built, or the truth cannot be read.
    """
    file = find_truth(settings, truth, _IDENTIFIERS)
    with side_by_side(settings) as (warehouse, scratch):
        if not is_built(warehouse, settings.schema_prefix):
            raise CompareError("Nothing is built yet: run `sojourn run` (or `make demo`) first.")
        return _Evaluation(warehouse, scratch, settings.schema_prefix).answer(file)


class _Evaluation:
    """Truth and identity in tables of one warehouse."""

    def __init__(self, warehouse: Warehouse, scratch: Scratch, prefix: str) -> None:
        self._warehouse = warehouse
        self._scratch = scratch
        self._prefix = prefix
        self._text = text_type(warehouse.dialect)

    def _table(self, schema: str, name: str) -> str:
        return relation_name(f"{self._prefix}{schema}", name)

    def _fetch(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._warehouse.fetch(sql.format(**self._scratch.names), params)

    def _create(self, name: str, sql: str) -> None:
        self._scratch.create(name, sql.format(**self._scratch.names))

    def _read(self, name: str, file: Path, columns: Sequence[str]) -> None:
        """Keep columns of a CSV file, as text."""

        def renamed(batch: pa.RecordBatch) -> pa.Table:
            import pyarrow

            return pyarrow.table(dict(zip(columns, batch.columns[: len(columns)], strict=True)))

        self._scratch.fill(
            name,
            dict.fromkeys(columns, self._text),
            Theirs(file=file, advice="is it the simulator's?").batches(self._warehouse, columns),
            renamed,
        )

    def answer(self, file: Path) -> dict[str, Any]:
        """Return all figures."""
        self._prepare(file)
        found: dict[str, Any] = {
            "truth": str(file),
            "persons": self._fetch("select count(distinct truth) from {known}")[0][0],
            "identifiers": int(self._fetch("select count(*) from {known}")[0][0]),
            "true_pairs": {
                "all": self._twice("truth") // 2,
                "with_evidence": self._twice("truth, reach") // 2,
            },
            "types": self._types(),
        }
        found["pairs"] = {
            joined: self._pairs(column, found["true_pairs"])
            for joined, column in (("deterministic", "alone_id"), ("all", "person_id"))
        }
        owners = file.with_name(_OWNERS)
        if owners.is_file() and self._warehouse.relation_exists(f"{self._prefix}events", "events"):
            self._read("owners", owners, ("source", "event_id", "true_person_id"))
            found["shared_events"] = self._shared_events()
        if self._warehouse.relation_exists(f"{self._prefix}identity", "match_pairs"):
            found["matching"] = self._matching()
        return found

    def _prepare(self, file: Path) -> None:
        names = ("identifier_type", "identifier_value", "true_person_id", "is_shared")
        self._read("truth", file, names)
        self._create(
            "owned",
            """
            select identifier_type, identifier_value, min(true_person_id) as truth
            from {truth}
            group by identifier_type, identifier_value
            having count(distinct true_person_id) = 1
                and max(case when lower(is_shared) = 'true' then 1 else 0 end) = 0
            """,
        )
        identifiers = self._table("identity", "identifiers")
        edges = self._table("identity", "edges")
        by_rules = (
            "select distinct left_type, left_value, right_type, right_value "
            f"from {edges} where source <> 'matching' and status = 'active'"
        )
        self._components("alone", by_rules)
        # What was seen together of one person counts, whether protection let it join or not.
        self._components(
            "seen_together",
            f"""
            {by_rules}
            union
            select edges.left_type, edges.left_value, edges.right_type, edges.right_value
            from {edges} as edges
            inner join {{owned}} as lefts
                on edges.left_type = lefts.identifier_type
                and edges.left_value = lefts.identifier_value
            inner join {{owned}} as rights
                on edges.right_type = rights.identifier_type
                and edges.right_value = rights.identifier_value
            where edges.source <> 'matching' and lefts.truth = rights.truth
            """,
        )
        records = self._table("identity", "match_people")
        # Who is nobody's stands alone. `reach`: what evidence joins to it, with names or without.
        self._create(
            "standing",
            f"""
            select ours.identifier_type, ours.identifier_value, owned.truth,
                coalesce(ours.person_id, ours.identifier_type || ':' || ours.identifier_value)
                    as person_id,
                coalesce(alone.component, ours.identifier_type || ':' || ours.identifier_value)
                    as alone_id,
                coalesce(
                    seen_together.component, ours.identifier_type || ':' || ours.identifier_value
                ) as seen_id
            from {identifiers} as ours
            inner join {{owned}} as owned
                on ours.identifier_type = owned.identifier_type
                and ours.identifier_value = owned.identifier_value
            left join {{alone}} as alone
                on ours.identifier_type = alone.identifier_type
                and ours.identifier_value = alone.identifier_value
            left join {{seen_together}} as seen_together
                on ours.identifier_type = seen_together.identifier_type
                and ours.identifier_value = seen_together.identifier_value
            """,
        )
        self._create(
            "known",
            f"""
            select standing.*, coalesce(stated.reach, standing.seen_id) as reach
            from {{standing}} as standing
            left join (
                select distinct standing.seen_id, 'a record' as reach
                from {{standing}} as standing inner join {records} as records
                    on standing.identifier_type = records.identifier_type
                    and standing.identifier_value = records.identifier_value
            ) as stated on standing.seen_id = stated.seen_id
            """,
        )
        if not self._fetch("select count(*) from {known}")[0][0]:
            raise EvaluationError(
                f"None of the identifiers of {file} has been seen here: is it another brand's?"
            )

    def _components(self, name: str, edges: str) -> None:
        """Keep the components that a query of edges joins: type and value of either end."""
        import pyarrow

        parents: dict[tuple[str, str], tuple[str, str]] = {}

        def root(node: tuple[str, str]) -> tuple[str, str]:
            top = node
            while (parent := parents.setdefault(top, top)) != top:
                top = parent
            while (parent := parents[node]) != top:
                parents[node], node = top, parent
            return top

        for left_type, left, right_type, right in self._fetch(edges):
            parents[root((left_type, left))] = root((right_type, right))
        rows = [(*node, ":".join(root(node))) for node in list(parents)]
        names = ("identifier_type", "identifier_value", "component")
        table = pyarrow.table(
            {
                name: pyarrow.array([row[place] for row in rows], pyarrow.string())
                for place, name in enumerate(names)
            }
        )
        self._scratch.fill(
            name,
            dict.fromkeys(names, self._text),
            iter(table.to_batches(_BATCH)),
            lambda batch: pyarrow.Table.from_batches([batch]),
        )

    def _twice(self, by: str) -> int:
        """Return twice the number of pairs that agree in columns: n (n - 1), summed over groups."""
        sizes = f"select count(*) as n from {{known}} group by {by}"
        [(found,)] = self._fetch(f"select sum(n * (n - 1)) from ({sizes}) as sizes")
        return int(found or 0)

    def _pairs(self, group: str, true: Mapping[str, int]) -> dict[str, Any]:
        joined, right = self._twice(group) // 2, self._twice(f"truth, {group}") // 2
        return {
            "joined": joined,
            "right": right,
            "precision": right / joined if joined else None,
            "recall": right / true["all"] if true["all"] else None,
            "recall_with_evidence": (
                right / true["with_evidence"] if true["with_evidence"] else None
            ),
        }

    def _types(self) -> list[dict[str, Any]]:
        """Of each type: with the largest part of their person, apart from it, with another."""
        self._create(
            "mains",
            """
            select truth, person_id, stated,
                row_number() over (partition by truth order by n desc, person_id) as place,
                row_number() over (partition by person_id order by n desc, truth) as claim,
                first_value(stated) over (partition by truth order by n desc, person_id)
                    as main_stated
            from (
                select truth, person_id, count(*) as n,
                    max(case when reach = 'a record' then 1 else 0 end) as stated
                from {known} group by truth, person_id
            ) as cells
            """,
        )
        rows = self._fetch(
            """
            select known.identifier_type, count(*),
                count(case when mains.claim = 1 and mains.place = 1 then 1 end),
                count(case when mains.claim = 1 and mains.place > 1
                    and mains.stated = 1 and mains.main_stated = 1 then 1 end),
                count(case when mains.claim = 1 and mains.place > 1
                    and mains.stated * mains.main_stated = 0 then 1 end),
                count(case when mains.claim > 1 then 1 end)
            from {known} as known inner join {mains} as mains
                on known.truth = mains.truth and known.person_id = mains.person_id
            group by known.identifier_type order by 2 desc, 1
            """
        )
        names = ("identifiers", "with_person", "apart", "apart_without_evidence", "with_another")
        return [
            {"identifier_type": row[0], **dict(zip(names, map(int, row[1:]), strict=True))}
            for row in rows
        ]

    def _shared_events(self) -> dict[str, int]:
        """Events on identifiers of several people, by whether they went to the right person."""
        events = self._table("events", "events")
        rows = self._fetch(
            f"""
            with shared as (
                select identifier_value from {{truth}}
                group by identifier_type, identifier_value
                having count(distinct true_person_id) > 1
                    or max(case when lower(is_shared) = 'true' then 1 else 0 end) = 1
            ),
            claims as (select person_id, truth from {{mains}} where claim = 1)
            select count(*),
                count(case when claims.truth = owners.true_person_id then 1 end),
                count(case when claims.truth <> owners.true_person_id then 1 end)
            from {events} as events
            inner join (select distinct identifier_value from shared) as shared
                on events.anonymous_id = shared.identifier_value
            inner join {{owners}} as owners
                on events.source = owners.source and events.event_id = owners.event_id
            left join claims on events.person_id = claims.person_id
            """
        )
        total, right, wrong = (int(each) for each in rows[0])
        return {"events": total, "right": right, "wrong": wrong, "device": total - right - wrong}

    def _matching(self) -> list[dict[str, Any]]:
        """Pairs of records that rules alone leave apart, in bands of probability."""
        band = " ".join(f"when score >= {low} then {low}" for low in reversed(BANDS))
        rows = self._fetch(
            f"""
            select case {band} else 0 end, count(*),
                count(case when lefts.truth = rights.truth then 1 end), avg(score)
            from {self._table("identity", "match_pairs")} as pairs
            inner join {{known}} as lefts
                on pairs.left_type = lefts.identifier_type
                and pairs.left_value = lefts.identifier_value
            inner join {{known}} as rights
                on pairs.right_type = rights.identifier_type
                and pairs.right_value = rights.identifier_value
            where not pairs.is_removed and lefts.alone_id <> rights.alone_id
            group by 1 order by 1 desc
            """
        )
        return [
            {
                "from": float(low),
                "pairs": int(count),
                "one_person": int(right),
                "probability": float(mean),
            }
            for low, count, right, mean in rows
        ]


def sheet(answer: Mapping[str, Any]) -> list[Block]:
    """Return an evaluation as a sheet."""
    true = answer["true_pairs"]
    blocks: list[Block] = [
        Text(
            f"{answer['identifiers']:,} identifiers of {answer['persons']:,} people, against "
            f"{answer['truth']}. Of {true['all']:,} pairs of identifiers of one person, there is "
            f"evidence for {true['with_evidence']:,}: rules join them, or each stands with a "
            "record that says something of a person."
        ),
        Grid(
            ("", "pairs joined", "rightly", "precision", "recall", "of those with evidence"),
            [
                (
                    how,
                    f"{found['joined']:,}",
                    f"{found['right']:,}",
                    number(found["precision"], 4),
                    number(found["recall"], 4),
                    number(found["recall_with_evidence"], 4),
                )
                for how, found in (
                    ("by rules alone", answer["pairs"]["deterministic"]),
                    ("with matching", answer["pairs"]["all"]),
                )
            ],
        ),
        Heading("Where each type of identifier stands"),
        Grid(
            (
                "type",
                "identifiers",
                "with their person",
                "apart",
                "apart, no evidence",
                "with another person",
            ),
            [
                (
                    one["identifier_type"],
                    f"{one['identifiers']:,}",
                    f"{one['with_person']:,}",
                    f"{one['apart']:,}",
                    f"{one['apart_without_evidence']:,}",
                    f"{one['with_another']:,}",
                )
                for one in answer["types"]
            ],
        ),
    ]
    if events := answer.get("shared_events"):
        blocks += [
            Heading("Events on identifiers that several people share"),
            Text(
                f"{events['events']:,} events: {events['right']:,} went to the right person, "
                f"{events['wrong']:,} to another; {events['device']:,} stayed with the device."
            ),
        ]
    if bands := answer.get("matching"):
        blocks += [
            Heading("Matching: pairs of records that rules leave apart"),
            Grid(
                ("probability", "pairs", "one person's", "in part", "as said"),
                [
                    (
                        f"from {one['from']:g}",
                        f"{one['pairs']:,}",
                        f"{one['one_person']:,}",
                        number(one["one_person"] / one["pairs"], 2),
                        number(one["probability"], 2),
                    )
                    for one in bands
                ],
            ),
        ]
    blocks += [
        Text("`sojourn compare identity --id-column true_person_id --file ...` explains each."),
        Chart(
            "Identifiers that stand with their person",
            "Bars: the part of each type that stands with the largest part of its person.",
            [
                (
                    "Part of all",
                    [
                        Bar(one["identifier_type"], one["with_person"] / one["identifiers"])
                        for one in answer["types"]
                    ],
                )
            ],
        ),
    ]
    return blocks
