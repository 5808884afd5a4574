"""How often does identity join what is one person? Pairs for people to judge, and what they found.

A pair is two identifiers that an edge joins in one person, or two records that matching joined.
Each way of joining is a stratum: a rule, and the two types, or the probability that matching gave.
Rare ways are drawn as often as common ones, and count by how many pairs they joined. A pair that is
joined in several ways stands once, with the first.
"""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sojourn.settings import Settings
from sojourn.warehouse import Warehouse, open_warehouse, relation_name, text_type

VERDICTS = ("same", "different", "unsure")
COLUMNS = ("pair", "stratum", "stratum_size", "left", "right", "left_about", "right_about",
           "joined_by", "verdict")  # fmt: skip
_DRAWS = 50_000
_LEVEL = 0.95


class AuditError(RuntimeError):
    """There is nothing to judge, or a file of verdicts cannot be read; the message says why."""


@dataclass(frozen=True)
class Stratum:
    """A way of joining: how many pairs it joined, and what people said of those that they saw."""

    name: str
    size: int
    same: int = 0
    different: int = 0
    unsure: int = 0
    interval: tuple[float, float] = (0.0, 1.0)

    @property
    def judged(self) -> int:
        """How many pairs were found to be one person or two."""
        return self.same + self.different

    @property
    def precision(self) -> float | None:
        """The share of the judged pairs that are one person."""
        return self.same / self.judged if self.judged else None


@dataclass(frozen=True)
class Precision:
    """What the verdicts say of all joined pairs; see `estimate`. ``interval`` is that of 95 %."""

    strata: list[Stratum]
    estimate: float | None
    interval: tuple[float, float]
    unjudged: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """Return it as text."""
        width = max(len(stratum.name) for stratum in self.strata)
        lines = [f"{'joined by':<{width}}    pairs  judged  same  precision"]
        for stratum in self.strata:
            shown = "not judged"
            if stratum.precision is not None:
                shown = f"{stratum.precision:.3f} ({_interval(stratum.interval)})"
            lines.append(
                f"{stratum.name:<{width}} {stratum.size:>8,} {stratum.judged:>7} "
                f"{stratum.same:>5}  {shown}"
            )
        if self.estimate is None:
            lines.append("No pair was judged: write same, different or unsure in `verdict`.")
        else:
            lines.append(
                f"Precision {self.estimate:.4f}, with 95 % probability {_interval(self.interval)}."
            )
        if self.unjudged:
            lines.append(
                f"Without {', '.join(self.unjudged)}: no pair of these was judged, and the figure "
                "says nothing of them."
            )
        return "\n".join(lines)


def _interval(interval: tuple[float, float]) -> str:
    return f"{interval[0]:.4f} to {interval[1]:.4f}"


def draw(settings: Settings, out: Path, *, pairs: int = 200, seed: int = 1) -> Counter[str]:
    """Write pairs to judge to a CSV file that only its owner can read; return how many by stratum.

    The same warehouse and seed give the same pairs. The file shows what is known of each side:
    nobody can judge masked values.

    Raises:
        AuditError: nothing is joined yet, or the file is there already.
    """
    with open_warehouse(settings, read_only=True) as warehouse:
        rows = _drawn(warehouse, settings.schema_prefix + "identity", pairs, seed)
    if not rows:
        raise AuditError("No two identifiers are joined yet: run `sojourn build` first.")
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise AuditError(f"{out} is there already: give another name with --out.") from None
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        file.write(text.getvalue())
    return Counter(str(row["stratum"]) for row in rows)


def _drawn(warehouse: Warehouse, schema: str, pairs: int, seed: int) -> list[dict[str, Any]]:
    identifiers = relation_name(schema, "identifiers")
    score = f"cast(cast(pairs.score as decimal(5, 4)) as {text_type(warehouse.dialect)})"
    ways = f"""
        select
            edges.rule || ': ' || edges.left_type || ' and ' || edges.right_type as stratum,
            edges.left_type, edges.left_value, edges.right_type, edges.right_value,
            edges.rule || ' in ' || edges.source || ', record ' || edges.first_record_id
                as joined_by,
            0 as weakness, edges.first_seen_at
        from {relation_name(schema, "edges")} as edges
        where edges.status = 'active' and edges.source <> 'matching'
        union all
        select
            case
                when pairs.score < 0.9 then 'matching: below 0.9'
                when pairs.score < 0.99 then 'matching: 0.9 to 0.99'
                else 'matching: 0.99 and above'
            end as stratum,
            pairs.left_type, pairs.left_value, pairs.right_type, pairs.right_value,
            'matching, probability ' || {score} as joined_by,
            1 as weakness, edges.first_seen_at
        from {relation_name(schema, "match_pairs")} as pairs
        inner join {relation_name(schema, "edges")} as edges
            on edges.source = 'matching' and edges.first_record_id = pairs.pair_id
            and edges.left_type = pairs.left_type and edges.left_value = pairs.left_value
        inner join {identifiers} as lefts
            on pairs.left_type = lefts.identifier_type and pairs.left_value = lefts.identifier_value
        inner join {identifiers} as rights
            on pairs.right_type = rights.identifier_type
            and pairs.right_value = rights.identifier_value
        where not pairs.is_removed and edges.status = 'active'
            and lefts.person_id = rights.person_id
    """
    left, right = (f"{side}_type || ':' || {side}_value" for side in ("left", "right"))
    joined = f"""
        select * from (
            select
                ways.*,
                row_number() over (
                    partition by least({left}, {right}), greatest({left}, {right})
                    order by weakness, first_seen_at, stratum, joined_by
                ) as way
            from ({ways}) as ways
        ) as ranked
        where way = 1
    """
    numbered = f"""
        select
            joined.*,
            md5(left_type || left_value || ' ' || right_type || right_value) as pair,
            count(*) over (partition by stratum) as stratum_size,
            row_number() over (
                partition by stratum
                order by
                    md5(? || left_type || left_value || ' ' || right_type || right_value), joined_by
            ) as place
        from ({joined}) as joined
    """
    [(strata,)] = warehouse.fetch(f"select count(distinct stratum) from ({joined}) as joined")
    each = max(1, round(pairs / strata)) if strata else 0
    found = warehouse.fetch(
        "select pair, stratum, stratum_size, left_type, left_value, right_type, right_value, "
        f"joined_by from ({numbered}) as numbered where place <= {each} order by stratum, place",
        (str(seed),),
    )
    about = _about(warehouse, schema)
    return [
        {
            "pair": pair,
            "stratum": stratum,
            "stratum_size": size,
            "left": f"{left_type}:{left}",
            "right": f"{right_type}:{right}",
            "left_about": about.get((left_type, left), ""),
            "right_about": about.get((right_type, right), ""),
            "joined_by": joined_by,
            "verdict": "",
        }
        for pair, stratum, size, left_type, left, right_type, right, joined_by in found
    ]


def _about(warehouse: Warehouse, schema: str) -> dict[tuple[str, str], str]:
    """What sources say of the people whom they know by an identifier."""
    columns = [
        name
        for name in warehouse.columns(schema, "match_people")
        if name
        in ("first_name", "last_name", "birth_date", "city", "postal_code", "email", "phone")
    ]
    found: dict[tuple[str, str], str] = {}
    for source, kind, value, *said in warehouse.fetch(
        f"select source, identifier_type, identifier_value, {', '.join(columns)} "
        f"from {relation_name(schema, 'match_people')} order by source"
    ):
        text = f"{source}: {', '.join(str(each) for each in said if each)}"
        key = (kind, value)
        found[key] = f"{found[key]}; {text}" if key in found else text
    return found


def read_verdicts(file: Path) -> list[Stratum]:
    """Return what people wrote into a file that `draw` made, by stratum.

    Raises:
        AuditError: the file lacks a column, or a verdict is none of the three.
    """
    sizes: dict[str, int] = {}
    counts: Counter[tuple[str, str]] = Counter()
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        missing = {"stratum", "stratum_size", "verdict"} - set(reader.fieldnames or ())
        if missing:
            raise AuditError(
                f"{file} has no column {', '.join(sorted(missing))}: keep the columns of the file "
                "that `sojourn identity audit` wrote, separated by commas."
            )
        for row in reader:
            verdict = (row["verdict"] or "").strip().lower()
            if verdict and verdict not in VERDICTS:
                raise AuditError(
                    f"{file}, line {reader.line_num}: the verdict is none of "
                    f"{', '.join(VERDICTS)}, or empty."
                )
            if not (row["stratum_size"] or "").isdigit():
                raise AuditError(f"{file}, line {reader.line_num}: stratum_size is no number.")
            sizes[row["stratum"]] = int(row["stratum_size"])
            counts[row["stratum"], verdict] += 1
    if not sizes:
        raise AuditError(f"{file} holds no pairs.")
    return [
        Stratum(
            name,
            size,
            same=counts[name, "same"],
            different=counts[name, "different"],
            unsure=counts[name, "unsure"],
        )
        for name, size in sorted(sizes.items())
    ]


def estimate(strata: list[Stratum]) -> Precision:
    """Return the precision of all joined pairs, each stratum weighted by its size.

    Of a stratum, what was judged is known, and what was not follows from a beta distribution given
    the verdicts. Its prior is Jeffreys' for a stratum by itself; for the whole, the strata share
    one such prior, or else many small strata without a mistake would look like many mistakes.
    Intervals are by simulation.
    """
    import numpy as np

    generator = np.random.default_rng(0)
    tails = [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2]
    judged = [stratum for stratum in strata if stratum.judged]
    total = sum(stratum.size for stratum in judged)

    def draws_of(stratum: Stratum, prior: float) -> Any:
        rate = generator.beta(stratum.same + prior, stratum.different + prior, _DRAWS)
        unseen = max(stratum.size - stratum.judged, 0)
        return (stratum.same + generator.binomial(unseen, rate)) / (stratum.judged + unseen)

    whole = np.zeros(_DRAWS)
    shown: dict[str, Stratum] = {}
    for stratum in judged:
        whole += draws_of(stratum, 0.5 / len(judged)) * stratum.size / total
        low, high = (float(bound) for bound in np.quantile(draws_of(stratum, 0.5), tails))
        shown[stratum.name] = replace(stratum, interval=(low, high))
    low, high = (float(bound) for bound in np.quantile(whole, tails)) if judged else (0.0, 1.0)
    return Precision(
        strata=[shown.get(stratum.name, stratum) for stratum in strata],
        estimate=sum((each.precision or 0) * each.size for each in judged) / total
        if judged
        else None,
        interval=(low, high),
        unjudged=[stratum.name for stratum in strata if not stratum.judged],
    )
