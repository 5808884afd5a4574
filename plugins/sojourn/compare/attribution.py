"""An existing attribution table beside ours: conversion by conversion, and why they differ.

Their table has a row for each conversion and touch or channel, with a credit. A conversion is
known by our conversion id or by the order's id. Of conversions on both sides, what `moves` is half
the sum of absolute differences in credit by channel, times revenue.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from sojourn.compare.sheet import Bar, Block, Chart, Grid, Heading, Text, number
from sojourn.compare.theirs import CompareError, Scratch, Theirs, side_by_side
from sojourn.settings import Settings
from sojourn.warehouse import Warehouse, literal, relation_name, reporting_currency, text_type

if TYPE_CHECKING:
    import pyarrow as pa

_TOLERANCE = 0.001
_UNATTRIBUTED, _DIRECT = "Unattributed", "Direct"
REASONS = (
    "credits there do not sum to 1",
    "a channel there whose name is not known here",
    "nobody is known here for the conversion",
    "their touch comes after the conversion",
    "their touch lies before our window, or settings leave its channel out",
    "their touch is of a kind that earns nothing here",
    "no such touch of this person was seen here",
    "direct visits are treated otherwise",
    "our model gives their touch nothing: another rule",
    "a channel here without credit there: another rule, or a touch that they lack",
    "the same channels, shared out otherwise",
)
"""Why a conversion is credited in another way; of several, the first counts."""
(
    _SUM, _NAME, _NOBODY, _AFTER, _BEFORE, _KIND, _UNSEEN, _DIRECTLY, _RULE, _ONLY_HERE, _SHARED,
) = range(len(REASONS))  # fmt: skip


@dataclass(frozen=True)
class CreditColumns:
    """The columns of their table; without a revenue column ours is shared out by their credit."""

    conversion: str = "conversion_id"
    channel: str = "channel"
    credit: str = "credit"
    revenue: str | None = None


@dataclass
class _Rows:
    """Reads numbers of their rows, and counts those that are none."""

    unreadable: int = 0

    def table(self, batch: pa.RecordBatch) -> pa.Table:
        """Return conversion, channel, credit and revenue, equal rows added up."""
        import pyarrow as pa

        values = [column.to_pylist() for column in batch.columns]
        if len(values) == 4:
            values.insert(3, [None] * batch.num_rows)
        rows = []
        for conversion, channel, credit, revenue, count in zip(*values, strict=True):
            try:
                numbers = [None if one is None else float(one) * count for one in (credit, revenue)]
            except ValueError:
                self.unreadable += 1
                continue
            if numbers[0] is None or not all(isfinite(one or 0) for one in numbers):
                self.unreadable += 1
                continue
            rows.append(((conversion or "").strip(), (channel or "").strip(), *numbers))
        kinds = (pa.string(), pa.string(), pa.float64(), pa.float64())
        listed = list(zip(*rows, strict=True)) or [()] * 4
        return pa.table(
            {
                name: pa.array(each, kind)
                for name, each, kind in zip(
                    ("conversion", "channel", "credit", "revenue"), listed, kinds, strict=True
                )
            }
        )


def plain_name(channel: str) -> str:
    """Return a channel's name without what is only spelling: case, ``_``, ``-``, blanks."""
    return re.sub(r"[\s_-]+", " ", channel).strip().casefold()


def map_channels(
    theirs: Sequence[str], ours: Sequence[str], named: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """Return their channels' names in ours, and those that none of ours is called.

    Raises:
        CompareError: a name in ``named`` is no channel of its side.
    """
    strange = [name for name in named if name not in theirs]
    if strange:
        raise CompareError(
            f"--map names {', '.join(strange)}, which is no channel there. There are: "
            f"{', '.join(sorted(theirs))}."
        )
    wrong = sorted(set(named.values()) - set(ours))
    if wrong:
        raise CompareError(
            f"--map leads to {', '.join(wrong)}, which is no channel here. There are: "
            f"{', '.join(sorted(ours))}."
        )
    by_plain_name = {plain_name(channel): channel for channel in ours}
    found, unmatched = {}, []
    for name in theirs:
        channel = named.get(name) or by_plain_name.get(plain_name(name))
        if channel is None:
            unmatched.append(name)
        found[name] = channel or name
    return found, sorted(unmatched)


def compare_attribution(
    settings: Settings,
    theirs: Theirs,
    columns: CreditColumns | None = None,
    *,
    model: str = "last_non_direct",
    channels: Mapping[str, str] | None = None,
    conversion_type: str = "order",
    examples: int = 3,
) -> dict[str, Any]:
    """Compare the credits of one of our models with another attribution table.

    Args:
        settings: the warehouse, in which nothing is changed.
        theirs: their table or file, and ``columns`` of it.
        columns: see `CreditColumns`.
        model: ours to compare with.
        channels: their names of channels and ours, where they are not spelled alike.
        conversion_type: the conversions that are compared.
        examples: so many conversions are shown for each reason, those first of which most moves.

    Raises:
        CompareError: their rows cannot be read, a name is not known, or nothing is in common.
    """
    columns = columns or CreditColumns()
    wanted = [columns.conversion, columns.channel, columns.credit]
    if columns.revenue:
        wanted.append(columns.revenue)
    with side_by_side(settings) as (warehouse, scratch):
        comparison = _Comparison(warehouse, scratch, settings.schema_prefix)
        comparison.check_model(model)
        rows = _Rows()
        text, double = text_type(warehouse.dialect), _double(warehouse)
        scratch.fill(
            "rows_read",
            {"conversion": text, "channel": text, "credit": double, "revenue": double},
            theirs.batches(warehouse, wanted),
            rows.table,
        )
        if rows.unreadable:
            raise CompareError(
                f"{theirs} holds rows ({rows.unreadable:,} different ones) whose credit or revenue "
                "is no number: leave them out with a view, or correct them."
            )
        unmatched = comparison.prepare(
            str(theirs), model, conversion_type, channels or {}, has_revenue=bool(columns.revenue)
        )
        return {
            "theirs": str(theirs),
            "model": model,
            "conversion_type": conversion_type,
            "currency": reporting_currency(warehouse, settings.schema_prefix),
            "unmatched_channels": unmatched,
            **comparison.answer(examples),
        }


def _double(warehouse: Warehouse) -> str:
    return "double precision" if warehouse.dialect == "postgres" else "double"


class _Comparison:
    """Their credits and ours, in tables of one warehouse."""

    def __init__(self, warehouse: Warehouse, scratch: Scratch, prefix: str) -> None:
        self._warehouse = warehouse
        self._scratch = scratch
        self._prefix = prefix

    def _sql(self, sql: str) -> str:
        for name, relation in self._scratch.names.items():
            sql = sql.replace(f"{{{name}}}", relation)
        for schema, tables in (
            ("attribution", ("credits", "conversion_touches", "creditable_kinds")),
            ("events", ("conversions", "touchpoints")),
        ):
            for table in tables:
                sql = sql.replace(
                    f"{{{schema}.{table}}}", relation_name(self._prefix + schema, table)
                )
        return sql

    def _fetch(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._warehouse.fetch(self._sql(sql), params)

    def _create(self, name: str, sql: str) -> None:
        self._scratch.create(name, self._sql(sql))

    def check_model(self, model: str) -> None:
        """Check that the model's credits are there.

        Raises:
            CompareError: nothing is credited yet, or not by this model.
        """
        if not self._warehouse.relation_exists(f"{self._prefix}attribution", "credits"):
            raise CompareError("Nothing is credited yet: run `sojourn run` (or `make demo`) first.")
        models = [row[0] for row in self._fetch("select distinct model from {attribution.credits}")]
        if model not in models:
            raise CompareError(
                f"There is no model {model}. There are: {', '.join(sorted(models)) or 'none'}."
            )

    def prepare(
        self,
        name: str,
        model: str,
        conversion_type: str,
        named: Mapping[str, str],
        *,
        has_revenue: bool,
    ) -> list[dict[str, Any]]:
        """Bring both sides together; return their channels that are not known here.

        Raises:
            CompareError: a name of ``named`` is not known, or no conversion is in common.
        """
        # 1e0 makes a floating number of money.
        self._create(
            "conversions",
            f"""
            select conversion_id, order_id, person_id, converted_at,
                coalesce(revenue, 0) * 1e0 as revenue
            from {{events.conversions}} where conversion_type = {literal(conversion_type)}
            """,
        )
        self._create(
            "ours",
            f"""
            select conversion_id, coalesce(channel, 'Unassigned') as channel,
                sum(credit) as credit, sum(coalesce(attributed_revenue, 0) * 1e0) as revenue
            from {{attribution.credits}}
            where model = {literal(model)} and conversion_type = {literal(conversion_type)}
            group by conversion_id, coalesce(channel, 'Unassigned')
            """,
        )
        unmatched = self._map_channels(named)
        self._create(
            "known",
            """
            select keys.conversion as conversion_key, conversions.conversion_id,
                conversions.revenue
            from (select distinct conversion from {rows_read}) as keys
            inner join {conversions} as conversions
                on keys.conversion = conversions.conversion_id
            union
            select keys.conversion, conversions.conversion_id, conversions.revenue
            from (select distinct conversion from {rows_read}) as keys
            inner join {conversions} as conversions on keys.conversion = conversions.order_id
            """,
        )
        if not self._fetch("select 1 from {known} limit 1"):
            here = self._fetch("select min(conversion_id), min(order_id) from {conversions}")[0]
            raise CompareError(
                f"None of the conversions of {name} is known here. Ours have ids such as "
                f"{here[0]} and orders such as {here[1]}: name the column that has one of them "
                "with --conversion-column, and the --conversion-type."
            )
        revenue = (
            "sum(rows_read.revenue)" if has_revenue else "sum(rows_read.credit * known.revenue)"
        )
        self._create(
            "theirs",
            f"""
            select known.conversion_id, names.ours as channel, max(names.is_known) as is_known,
                sum(rows_read.credit) as credit, {revenue} as revenue
            from {{rows_read}} as rows_read
            inner join {{names}} as names on rows_read.channel = names.theirs
            inner join {{known}} as known on rows_read.conversion = known.conversion_key
            group by known.conversion_id, names.ours
            """,
        )
        self._create("sides", _SIDES)
        self._create("touched", _TOUCHED.replace("{model_name}", literal(model)))
        self._create("compared", _COMPARED)
        return unmatched

    def _map_channels(self, named: Mapping[str, str]) -> list[dict[str, Any]]:
        import pyarrow as pa

        credit = {
            name: float(total)
            for name, total in self._fetch(
                "select channel, sum(credit) from {rows_read} group by 1"
            )
        }
        ours = [
            name
            for (name,) in self._fetch(
                "select distinct channel from {ours} union "
                "select distinct channel from {events.touchpoints} where channel is not null"
            )
        ]
        found, unmatched = map_channels(list(credit), [*ours, _UNATTRIBUTED, _DIRECT], named)
        text = text_type(self._warehouse.dialect)
        rows = pa.table(
            {
                "theirs": pa.array(found, pa.string()),
                "ours": pa.array(found.values(), pa.string()),
                "is_known": pa.array([int(name not in unmatched) for name in found], pa.int32()),
            }
        )
        self._scratch.fill(
            "names",
            {"theirs": text, "ours": text, "is_known": "int"},
            iter(rows.to_batches()),
            lambda batch: pa.Table.from_batches([batch]),
        )
        return [{"channel": name, "credit": credit[name]} for name in unmatched]

    def answer(self, examples: int) -> dict[str, Any]:
        """Return what differs."""
        return {
            **self._totals(),
            "channels": [
                {
                    "channel": row[0],
                    **dict(
                        zip(
                            ("their_credit", "our_credit", "their_revenue", "our_revenue"),
                            map(float, row[1:]),
                            strict=True,
                        )
                    ),
                }
                for row in self._fetch(
                    "select channel, sum(their_credit), sum(our_credit), sum(their_revenue), "
                    "sum(our_revenue) from {sides} group by channel "
                    "order by abs(sum(their_credit) - sum(our_credit)) desc, channel"
                )
            ],
            "reasons": self._reasons(examples),
        }

    def _totals(self) -> dict[str, Any]:
        [(there, only_there, their_lost_credit)] = self._fetch(
            """
            select count(distinct rows_read.conversion),
                count(distinct case when known.conversion_id is null then rows_read.conversion end),
                coalesce(sum(case when known.conversion_id is null then rows_read.credit end), 0)
            from {rows_read} as rows_read
            left join {known} as known on rows_read.conversion = known.conversion_key
            """
        )
        [(here, here_revenue, only_here, only_here_revenue, unattributed)] = self._fetch(
            f"""
            select count(*), coalesce(sum(revenue), 0),
                count(case when is_there = 0 then 1 end),
                coalesce(sum(case when is_there = 0 then revenue end), 0),
                count(case when is_there = 0 and is_unattributed = 1 then 1 end)
            from (
                select ours.conversion_id, sum(ours.revenue) as revenue,
                    max(case when ours.channel = {literal(_UNATTRIBUTED)} then 1 else 0 end)
                        as is_unattributed,
                    max(case when known.conversion_id is null then 0 else 1 end) as is_there
                from {{ours}} as ours
                left join (select distinct conversion_id from {{known}}) as known
                    on ours.conversion_id = known.conversion_id
                group by ours.conversion_id
            ) as our_conversions
            """
        )
        [(both, same, their_revenue, our_revenue, other_revenue, mean)] = self._fetch(
            """
            select count(*), count(case when reason is null then 1 end),
                coalesce(sum(their_revenue), 0), coalesce(sum(revenue), 0),
                count(case when abs(their_revenue - revenue) >= 0.01 then 1 end),
                coalesce(avg(their_credit), 0)
            from {compared}
            """
        )
        return {
            "conversions": {
                "there": int(there),
                "here": int(here),
                "both": int(both),
                "same": int(same),
                "different": int(both) - int(same),
                "only_there": int(only_there),
                "only_here": int(only_here),
                "only_here_unattributed": int(unattributed),
            },
            "revenue": {
                "here": float(here_revenue),
                "only_here": float(only_here_revenue),
                "both_there": float(their_revenue),
                "both_here": float(our_revenue),
                "conversions_that_differ": int(other_revenue),
            },
            "credit_of_unknown_conversions": float(their_lost_credit),
            "mean_sum_of_credits": float(mean),
        }

    def _reasons(self, examples: int) -> list[dict[str, Any]]:
        shown: dict[int, dict[str, dict[str, Any]]] = {}
        for reason, conversion, revenue, moves, channel, their_credit, our_credit in self._fetch(
            f"""
            select ranked.reason, ranked.conversion_id, ranked.revenue, ranked.moves,
                sides.channel, sides.their_credit, sides.our_credit
            from (
                select compared.*, row_number() over (
                    partition by reason order by moves desc, conversion_id
                ) as place
                from {{compared}} as compared where reason is not null
            ) as ranked
            inner join {{sides}} as sides on ranked.conversion_id = sides.conversion_id
            where ranked.place <= {int(examples)}
            order by ranked.reason, ranked.place, sides.channel
            """
        ):
            one = shown.setdefault(int(reason), {}).setdefault(
                conversion,
                {
                    "conversion_id": conversion,
                    "revenue": float(revenue),
                    "moves": float(moves),
                    "there": {},
                    "here": {},
                },
            )
            for side, credit in (("there", their_credit), ("here", our_credit)):
                if credit:
                    one[side][channel] = float(credit)
        return [
            {
                "reason": REASONS[int(reason)],
                "conversions": int(count),
                "unattributed_here": int(unattributed),
                "revenue": float(revenue),
                "moves": float(moves),
                "examples": list(shown.get(int(reason), {}).values()),
            }
            for reason, count, unattributed, revenue, moves in self._fetch(
                "select reason, count(*), sum(is_unattributed_here), sum(revenue), sum(moves) "
                "from {compared} where reason is not null group by reason "
                "order by sum(moves) desc, count(*) desc, reason"
            )
        ]


# A conversion of both sides and a channel of either.
_SIDES = """
    with both_sides as (
        select conversion_id, channel, is_known, credit as their_credit, 0e0 as our_credit,
            revenue as their_revenue, 0e0 as our_revenue
        from {theirs}
        union all
        select ours.conversion_id, ours.channel, 1 as is_known, 0e0, ours.credit, 0e0, ours.revenue
        from {ours} as ours
        inner join (select distinct conversion_id from {known}) as known
            on ours.conversion_id = known.conversion_id
    )
    select conversion_id, channel, min(is_known) as is_known,
        sum(their_credit) as their_credit, sum(our_credit) as our_credit,
        sum(coalesce(their_revenue, 0)) as their_revenue, sum(our_revenue) as our_revenue
    from both_sides
    group by conversion_id, channel
"""

# Of channels that they credit more: what the person's touches of the channel are to us.
_TOUCHED = f"""
    select sides.conversion_id, sides.channel,
        max(case when touchpoints.touched_at <= conversions.converted_at then 1 else 0 end)
            as is_before,
        max(
            case
                when touchpoints.touched_at <= conversions.converted_at and kinds.kind is not null
                    and not coalesce(touchpoints.is_machine, false) then 1
                else 0
            end
        ) as can_earn,
        max(
            case
                when eligible.touchpoint_id is not null and kinds.kind is not null then 1
                else 0
            end
        ) as is_eligible
    from {{sides}} as sides
    inner join {{conversions}} as conversions
        on sides.conversion_id = conversions.conversion_id
    inner join {{events.touchpoints}} as touchpoints
        on conversions.person_id = touchpoints.person_id
        and sides.channel = coalesce(touchpoints.channel, 'Unassigned')
    left join {{attribution.creditable_kinds}} as kinds
        on touchpoints.kind = kinds.kind and kinds.model = {{model_name}}
    left join {{attribution.conversion_touches}} as eligible
        on conversions.conversion_id = eligible.conversion_id
        and touchpoints.touchpoint_id = eligible.touchpoint_id
    where sides.their_credit > sides.our_credit + {_TOLERANCE}
    group by sides.conversion_id, sides.channel
"""

# A conversion with what moves, and why: the first reason that any of its channels gives.
_COMPARED = f"""
    with reasoned as (
        select sides.*,
            case
                when abs(sides.their_credit - sides.our_credit) <= {_TOLERANCE} then null
                when sides.channel = {literal(_DIRECT)} then {_DIRECTLY}
                when sides.channel = {literal(_UNATTRIBUTED)} then
                    case when sides.their_credit > sides.our_credit then {_ONLY_HERE} end
                when sides.their_credit < sides.our_credit then
                    case
                        when sides.their_credit <= {_TOLERANCE} then {_ONLY_HERE} else {_SHARED}
                    end
                when sides.is_known = 0 then {_NAME}
                when conversions.person_id is null then {_NOBODY}
                when touched.channel is null then {_UNSEEN}
                when touched.is_eligible = 1 and sides.our_credit <= {_TOLERANCE} then {_RULE}
                when touched.is_eligible = 1 then {_SHARED}
                when touched.is_before = 0 then {_AFTER}
                when touched.can_earn = 1 then {_BEFORE}
                else {_KIND}
            end as reason,
            conversions.revenue
        from {{sides}} as sides
        inner join {{conversions}} as conversions
            on sides.conversion_id = conversions.conversion_id
        left join {{touched}} as touched
            on sides.conversion_id = touched.conversion_id and sides.channel = touched.channel
    ),
    summed as (
        select conversion_id, max(revenue) as revenue, sum(their_credit) as their_credit,
            sum(their_revenue) as their_revenue,
            sum(abs(their_credit - our_credit)) / 2 as misplaced,
            max(
                case when channel = {literal(_UNATTRIBUTED)} and our_credit > 0 then 1 else 0 end
            ) as is_unattributed_here,
            min(reason) as reason
        from reasoned
        group by conversion_id
    )
    select conversion_id, revenue, their_credit, their_revenue, is_unattributed_here,
        misplaced * revenue as moves,
        case
            when abs(their_credit - 1) > {_TOLERANCE} then {_SUM}
            when misplaced <= {_TOLERANCE} then null
            else coalesce(reason, {_SHARED})
        end as reason
    from summed
"""


def sheet(answer: Mapping[str, Any]) -> list[Block]:
    """Return a comparison as a sheet."""
    counts, revenue, currency = answer["conversions"], answer["revenue"], answer["currency"]
    blocks: list[Block] = [
        Text(
            f"{answer['theirs']} credits {counts['there']:,} conversions; Sojourn's "
            f"{answer['model']} {counts['here']:,} of the type {answer['conversion_type']}. "
            f"{counts['both']:,} are on both sides: {counts['same']:,} credited alike, "
            f"{counts['different']:,} in another way."
        ),
        Text(
            f"Only there: {counts['only_there']:,}, which are not known here (credit "
            f"{number(answer['credit_of_unknown_conversions'])}). Only here: "
            f"{counts['only_here']:,}, worth {number(revenue['only_here'], 2)} {currency}; "
            f"{counts['only_here_unattributed']:,} of them are unattributed here."
        ),
        Text(
            f"Revenue of those on both sides: {number(revenue['both_there'], 2)} there, "
            f"{number(revenue['both_here'], 2)} {currency} here; it differs for "
            f"{revenue['conversions_that_differ']:,} conversions."
        ),
    ]
    if answer["unmatched_channels"]:
        names = ", ".join(
            f"{one['channel'] or '(blank)'} ({number(one['credit'])})"
            for one in answer["unmatched_channels"]
        )
        blocks.append(
            Text(
                f"No channel here is called as these there, with their credit: {names}. Map each "
                'with --map "THEIRS=OURS".'
            )
        )
    if abs(answer["mean_sum_of_credits"] - 1) > 0.1:
        blocks.append(
            Text(
                f"Credits there sum to {number(answer['mean_sum_of_credits'], 2)} a conversion on "
                "average: if they are per cent, divide them in a view; if the table holds several "
                "models, compare with a view of one."
            )
        )
    blocks += [
        Heading("Credit by channel, of conversions on both sides"),
        Grid(
            ("channel", "there", "here", "difference", f"{currency} there", f"{currency} here"),
            [
                (
                    one["channel"],
                    number(one["their_credit"]),
                    number(one["our_credit"]),
                    number(one["our_credit"] - one["their_credit"]),
                    number(one["their_revenue"], 2),
                    number(one["our_revenue"], 2),
                )
                for one in answer["channels"]
            ],
        ),
    ]
    if answer["reasons"]:
        blocks += [
            Heading("Why conversions are credited in another way"),
            Grid(
                ("reason", "conversions", "unattributed here", "revenue", f"moves {currency}"),
                [
                    (
                        one["reason"],
                        f"{one['conversions']:,}",
                        f"{one['unattributed_here']:,}",
                        number(one["revenue"], 2),
                        number(one["moves"], 2),
                    )
                    for one in answer["reasons"]
                ],
            ),
            Heading("For example"),
        ]
    for one in answer["reasons"]:
        lines = [
            f"  {example['conversion_id']} ({number(example['revenue'], 2)}): there "
            f"{_credits(example['there'])}; here {_credits(example['here'])}"
            for example in one["examples"]
        ]
        blocks.append(Text("\n".join([f"{one['reason']}:", *lines])))
    blocks.append(
        Chart(
            "Credit by channel",
            "Conversions on both sides. Bars: credited here. Red: credited there.",
            [
                (
                    answer["model"].replace("_", " "),
                    [
                        Bar(one["channel"], one["our_credit"], one["their_credit"])
                        for one in answer["channels"]
                    ],
                )
            ],
        )
    )
    return blocks


def _credits(credits: Mapping[str, float]) -> str:
    found = ", ".join(f"{channel} {number(credit, 2)}" for channel, credit in credits.items())
    return found or "nothing"
