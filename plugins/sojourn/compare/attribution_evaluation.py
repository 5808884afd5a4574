"""How far is each attribution model from what channels truly caused? Needs the simulator's truth.

Bias is credited minus incremental, in conversions, in revenue, and as shares over the channels that
can be switched off (an effect below zero counts as none in a share). A model's `misplaced_share` is
half the sum of the absolute biases in shares: the part of its credit that is on the wrong channel.
"""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sojourn.compare.sheet import Bar, Block, Chart, Grid, Heading, Text, number, percent
from sojourn.compare.theirs import check_is_there
from sojourn.compare.truth import EvaluationError, find_truth
from sojourn.settings import Settings
from sojourn.warehouse import Warehouse, open_warehouse, relation_name, reporting_currency

_FILE = Path("truth") / "channel_effects.csv"
_COLUMNS = (
    "channel", "campaign", "incremental_conversions", "incremental_revenue", "standard_error",
)  # fmt: skip
_LEVEL = 1.96
_DRAWS = 2000
DIMENSIONS = ("channel", "campaign")


@dataclass(frozen=True)
class Effect:
    """What a channel or campaign truly caused; ``standard_error`` is that of conversions."""

    conversions: float
    revenue: float
    standard_error: float
    shapley_conversions: float | None = None


@dataclass
class Truth:
    """The simulator's truth: effects by channel and by campaign, and what came of itself."""

    effects: dict[str, dict[str, Effect]] = field(
        default_factory=lambda: {dimension: {} for dimension in DIMENSIONS}
    )
    baseline: Effect | None = None


def read_truth(file: Path) -> Truth:
    """Read the simulator's effects.

    Raises:
        EvaluationError: the file lacks a column or a number.
    """
    truth = Truth()
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise EvaluationError(f"{file} is no file of effects: no column {', '.join(missing)}.")
        for row in reader:
            try:
                shapley = row.get("shapley_conversions")
                effect = Effect(
                    conversions=float(row["incremental_conversions"]),
                    revenue=float(row["incremental_revenue"]),
                    standard_error=float(row["standard_error"]),
                    shapley_conversions=float(shapley) if shapley else None,
                )
            except ValueError:
                raise EvaluationError(
                    f"{file}, line {reader.line_num}: a figure is no number."
                ) from None
            if row["channel"] == "baseline":
                truth.baseline = effect
            elif row["campaign"]:
                truth.effects["campaign"][row["campaign"]] = effect
            else:
                truth.effects["channel"][row["channel"]] = effect
    if not truth.effects["channel"]:
        raise EvaluationError(f"{file} names no channel.")
    return truth


@dataclass(frozen=True)
class Credited:
    """What a model credits: sums, and their standard errors by the chance of which persons came."""

    conversions: float = 0.0
    revenue: float = 0.0
    conversions_error: float = 0.0
    revenue_error: float = 0.0


@dataclass(frozen=True)
class _Credits:
    """What the warehouse holds; of each dimension by model and value, or by value."""

    models: list[str]
    by_value: dict[str, dict[tuple[str, str], Credited]]
    touched: dict[str, dict[str, int]]
    spend: dict[str, dict[str, float]]
    weights: dict[str, dict[tuple[str, str], tuple[float | None, ...]]]
    conversions: int
    currency: str


def _types_of_orders(warehouse: Warehouse, prefix: str, asked: Sequence[str]) -> list[str]:
    """Return the conversion types to compare: those asked for, or those that are all orders.

    Raises:
        EvaluationError: one is not credited, or an order would count twice.
    """
    schema = f"{prefix}attribution"
    if not warehouse.relation_exists(schema, "credits"):
        raise EvaluationError("Nothing is credited yet: run `sojourn run` (or `make demo`) first.")
    credited = [
        str(name)
        for (name,) in warehouse.fetch(
            f"select distinct conversion_type from {relation_name(schema, 'credits')} order by 1"
        )
    ]
    there_are = f"there are: {', '.join(credited) or 'none at all'}"
    missing = [name for name in asked if name not in credited]
    if missing:
        raise EvaluationError(
            f"No conversion of the type {' or '.join(missing)} is credited; {there_are}."
        )
    if asked:
        chosen = list(dict.fromkeys(asked))
    elif "order" in credited:
        return ["order"]
    else:
        conversions = relation_name(f"{prefix}events", "conversions")
        rows = warehouse.fetch(
            f"select distinct conversion_type from {conversions} where order_id is not null"
        )
        chosen = sorted({str(name) for (name,) in rows} & set(credited))
    if not chosen:
        raise EvaluationError(
            f"No conversion type is of orders, which the truth is about; {there_are}."
        )
    if len(chosen) > 1 and warehouse.fetch(
        f"select order_id from {relation_name(f'{prefix}events', 'conversions')} "
        f"where order_id is not null and conversion_type in ({_marks(chosen)}) "
        "group by order_id having count(*) > 1 limit 1",
        tuple(chosen),
    ):
        raise EvaluationError(
            f"The conversion types {', '.join(chosen)} have orders in common, which would count "
            "twice: name types that together have each order once (--conversion-type, repeatable)."
        )
    return chosen


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))


def _read_credits(warehouse: Warehouse, prefix: str, types: Sequence[str]) -> _Credits:
    schema = f"{prefix}attribution"
    relation = relation_name(schema, "credits")
    of_types = f"conversion_type in ({_marks(types)})"
    found = warehouse.fetch(
        f"select count(distinct conversion_id) from {relation} where {of_types}", tuple(types)
    )
    by_value: dict[str, dict[tuple[str, str], Credited]] = {}
    touched: dict[str, dict[str, int]] = {}
    spend: dict[str, dict[str, float]] = {}
    weights: dict[str, dict[tuple[str, str], tuple[float | None, ...]]] = {}
    for dimension in DIMENSIONS:
        # Parts that are independent, each counted as often as a Poisson(1) draw says, have the
        # variance of the sum of their squares. 1e0 makes a floating number of money.
        rows = warehouse.fetch(
            f"""
            select model, value, sum(credit), sum(revenue), sqrt(sum(credit * credit)),
                sqrt(sum(revenue * revenue))
            from (
                select model, {dimension} as value,
                    coalesce(person_id, conversion_id) as person_key,
                    sum(credit) as credit, sum(coalesce(attributed_revenue, 0) * 1e0) as revenue
                from {relation} where {of_types}
                group by model, {dimension}, coalesce(person_id, conversion_id)
            ) as of_persons
            group by model, value
            """,
            tuple(types),
        )
        by_value[dimension] = {
            (row[0], row[1]): Credited(*(float(each) for each in row[2:])) for row in rows
        }
        touched[dimension] = {
            name: int(count)
            for name, count in warehouse.fetch(
                f"select {dimension}, count(distinct conversion_id) from {relation} "
                f"where {of_types} and credit > 0 group by {dimension}",
                tuple(types),
            )
        }
        spend[dimension] = {}
        if warehouse.relation_exists(schema, "ad_spend"):
            spend[dimension] = {
                name: float(amount)
                for name, amount in warehouse.fetch(
                    f"select {dimension}, sum(spend) from {relation_name(schema, 'ad_spend')} "
                    f"where spend > 0 group by {dimension}"
                )
            }
        weights[dimension] = {}
        # Several types have several fits.
        if warehouse.relation_exists(schema, "channel_weights") and len(types) == 1:
            weights[dimension] = {
                (row[0], row[1]): row[2:]
                for row in warehouse.fetch(
                    f"""
                    select fits.model, fits.value, fits.weight, fits.ci_low, fits.ci_high
                    from {relation_name(schema, "channel_weights")} as fits
                    inner join (
                        select distinct model, fit_version from {relation}
                        where conversion_type = ?
                    ) as used on fits.model = used.model and fits.fit_version = used.fit_version
                    where fits.conversion_type = ? and fits.dimension = ?
                    """,
                    (*types, *types, dimension),
                )
            }
    return _Credits(
        models=sorted({model for model, _ in by_value["channel"]}),
        by_value=by_value,
        touched=touched,
        spend=spend,
        weights=weights,
        conversions=int(found[0][0]),
        currency=reporting_currency(warehouse, prefix),
    )


def shares(values: Mapping[str, float]) -> dict[str, float] | None:
    """Return each value's part of the sum, those below zero as none; None if nothing is left."""
    total = sum(max(value, 0.0) for value in values.values())
    if total <= 0:
        return None
    return {name: max(value, 0.0) / total for name, value in values.items()}


def rank_correlation(left: Sequence[float], right: Sequence[float]) -> float | None:
    """Return Spearman's rank correlation, equal values sharing their mean rank.

    None for fewer than three pairs, or where one side is all equal.
    """

    def ranks(values: Sequence[float]) -> list[float]:
        ordered = sorted(values)
        first = {value: place for place, value in reversed(list(enumerate(ordered)))}
        return [first[value] + (ordered.count(value) - 1) / 2 for value in values]

    if len(left) < 3:
        return None
    one, other = ranks(left), ranks(right)
    mean = (len(left) - 1) / 2
    spread = math.sqrt(
        sum((rank - mean) ** 2 for rank in one) * sum((rank - mean) ** 2 for rank in other)
    )
    if spread == 0:
        return None
    return sum((a - mean) * (b - mean) for a, b in zip(one, other, strict=True)) / spread


def misplaced(
    credited: Mapping[str, float], true: Mapping[str, float], budget: float = 1.0
) -> float | None:
    """Return how much of a budget lies wrong if it goes by ``credited`` and not by ``true``.

    Half the sum of absolute differences between the two ways of dividing it in proportion. None
    where one of them is nothing.
    """
    by_credit, by_truth = shares(credited), shares(true)
    if by_credit is None or by_truth is None:
        return None
    return budget * sum(abs(by_credit[name] - by_truth[name]) for name in by_truth) / 2


def misplaced_by_chance(effects: Mapping[str, Effect]) -> float | None:
    """Return the mean misplaced share of a model that is right, for the truth is uncertain.

    By simulation: effects drawn with the truth's standard errors, beside the truth.
    """
    import numpy as np

    drawn = np.random.default_rng(0).normal(
        [effect.conversions for effect in effects.values()],
        [effect.standard_error for effect in effects.values()],
        (_DRAWS, len(effects)),
    )
    true = {name: effect.conversions for name, effect in effects.items()}
    found = [misplaced(dict(zip(effects, row.tolist(), strict=True)), true) for row in drawn]
    known = [share for share in found if share is not None]
    return sum(known) / len(known) if known else None


def _measured(
    dimension: str, model: str, effects: Mapping[str, Effect], credits: _Credits
) -> dict[str, Any]:
    """Return a model's biases over the values of a dimension that have a truth."""
    credited = {
        name: credits.by_value[dimension].get((model, name), Credited()) for name in effects
    }
    conversions = {name: one.conversions for name, one in credited.items()}
    true = {name: effect.conversions for name, effect in effects.items()}
    by_credit, by_truth = shares(conversions), shares(true)
    by_shapley = shares({name: one.shapley_conversions or 0 for name, one in effects.items()})
    rows = []
    for name, effect in effects.items():
        one = credited[name]
        bias = one.conversions - effect.conversions
        # As if the two were independent. They rise and fall together: this is on the safe side.
        error = math.hypot(effect.standard_error, one.conversions_error)
        weight = credits.weights[dimension].get((model, name))
        rows.append(
            {
                dimension: name,
                "incremental_conversions": effect.conversions,
                "incremental_standard_error": effect.standard_error,
                "credited_conversions": one.conversions,
                "credited_ci_low": max(one.conversions - _LEVEL * one.conversions_error, 0.0),
                "credited_ci_high": one.conversions + _LEVEL * one.conversions_error,
                "bias_conversions": bias,
                "bias_ci_low": bias - _LEVEL * error,
                "bias_ci_high": bias + _LEVEL * error,
                "is_clear": abs(bias) > _LEVEL * error,
                "incremental_revenue": effect.revenue,
                "credited_revenue": one.revenue,
                "bias_revenue": one.revenue - effect.revenue,
                "credited_revenue_ci_low": one.revenue - _LEVEL * one.revenue_error,
                "credited_revenue_ci_high": one.revenue + _LEVEL * one.revenue_error,
                "credited_share": by_credit[name] if by_credit else None,
                "incremental_share": by_truth[name] if by_truth else None,
                "bias_share": by_credit[name] - by_truth[name] if by_credit and by_truth else None,
                "shapley_share": by_shapley[name] if by_shapley else None,
                "touched_conversions": credits.touched[dimension].get(name, 0),
                "fitted_weight": None if weight is None else dict(
                    zip(("weight", "ci_low", "ci_high"), weight, strict=True)
                ),
            }
        )  # fmt: skip
    paid = {name: amount for name in effects if (amount := credits.spend[dimension].get(name))}
    budget = sum(paid.values())
    return {
        "values": rows,
        "rank_correlation": rank_correlation(list(conversions.values()), list(true.values())),
        "misplaced_share": misplaced(conversions, true),
        "budget": budget or None,
        "misspent": misplaced(
            {name: conversions[name] for name in paid}, {name: true[name] for name in paid}, budget
        )
        if paid
        else None,
    }


def evaluate(
    settings: Settings, truth_path: Path | None = None, *, conversion_types: Sequence[str] = ()
) -> dict[str, Any]:
    """Compare every model's credits with what channels and campaigns truly caused.

    The truth is about orders: `conversion_types` together have each order once. If none is named,
    that is the type `order`, or all types of orders.

    Returns models from the one that misled most: by the misplaced share of channels.

    Raises:
        EvaluationError: there is no truth, nothing is credited, or they are of different brands.
        CompareError: nothing has been built yet.
    """
    file = find_truth(settings, truth_path, _FILE)
    truth = read_truth(file)
    check_is_there(settings)
    with open_warehouse(settings, read_only=True) as warehouse:
        types = _types_of_orders(warehouse, settings.schema_prefix, conversion_types)
        credits = _read_credits(warehouse, settings.schema_prefix, types)
    named = {value for _, value in credits.by_value["channel"]} - {"Unattributed", None}
    if not named & truth.effects["channel"].keys():
        raise EvaluationError(
            f"{file} is the truth of another brand: none of its channels "
            f"({', '.join(truth.effects['channel'])}) earned credit in this warehouse "
            f"({', '.join(sorted(named)) or 'no channel did'})."
        )
    models = []
    for model in credits.models:
        measured = {
            dimension: _measured(dimension, model, truth.effects[dimension], credits)
            for dimension in DIMENSIONS
        }
        models.append(
            {
                "model": model,
                "credited_to_switchable": sum(
                    row["credited_conversions"] for row in measured["channel"]["values"]
                ),
                "total_conversions": sum(
                    one.conversions
                    for (its, _), one in credits.by_value["channel"].items()
                    if its == model
                ),
                **measured,
            }
        )
    models.sort(key=lambda one: (-(one["channel"]["misplaced_share"] or 0), one["model"]))
    caused = sum(effect.shapley_conversions or 0 for effect in truth.effects["channel"].values())
    for one in models:
        one["why"] = _why(one)
    return {
        "truth": str(file),
        "conversion_types": types,
        "conversions": credits.conversions,
        "currency": credits.currency,
        "channel_count": len(truth.effects["channel"]),
        "campaign_count": len(truth.effects["campaign"]),
        "truly_caused": caused or None,
        "baseline_conversions": None if truth.baseline is None else truth.baseline.conversions,
        "misplaced_by_chance": misplaced_by_chance(truth.effects["channel"]),
        "misled_most": models[0]["model"],
        "models": models,
    }


def _why(model: Mapping[str, Any]) -> list[str]:
    """Say in words, from its figures, where a model's credit goes wrong."""
    said = []
    for dimension in DIMENSIONS:
        rows = [row for row in model[dimension]["values"] if row["bias_share"] is not None]
        if not rows:
            continue
        most = max(rows, key=lambda row: row["bias_share"])
        if most["bias_share"] > 0.005:
            said.append(_overrated(most, most[dimension]))
        least = min(rows, key=lambda row: row["bias_share"])
        if least["bias_share"] < -0.005:
            said.append(_underrated(least, least[dimension]))
    return said


def _overrated(row: Mapping[str, Any], name: str) -> str:
    text = (
        f"It credits {percent(row['credited_share'])} to {name}, which truly caused "
        f"{percent(row['incremental_share'])}"
    )
    anyway = row["bias_conversions"]
    if anyway <= 0:
        return f"{text}, though still fewer conversions than it caused."
    text += (
        f": of {number(row['credited_conversions'])} conversions that it credits there, "
        f"{number(anyway)} would have come without it"
    )
    if not row["is_clear"]:
        return f"{text} (which may be chance)."
    if row["incremental_conversions"] < row["credited_conversions"] / 2:
        return f"{text}. It harvests demand that was there anyway."
    return f"{text}."


def _underrated(row: Mapping[str, Any], name: str) -> str:
    text = (
        f"It credits {percent(row['credited_share'])} to {name}, which truly caused "
        f"{percent(row['incremental_share'])}"
    )
    touched, caused = row["touched_conversions"], row["incremental_conversions"]
    if touched < caused:
        return (
            f"{text}: only {touched} conversions have a touch of it that can earn credit, fewer "
            f"than the {number(caused)} that it caused. No model can credit what left no trace."
        )
    return (
        f"{text}: {touched} conversions have a touch of it, but "
        f"{number(touched - row['credited_conversions'])} of them went to others."
    )


def _label(model: str) -> str:
    return model.replace("_", " ")


def sheet(answer: Mapping[str, Any], model: str | None = None) -> list[Block]:
    """Return an evaluation as a sheet, one model's channels and campaigns in detail.

    Raises:
        EvaluationError: there is no such model.
    """
    models = {one["model"]: one for one in answer["models"]}
    if model is not None and model not in models:
        raise EvaluationError(f"No model {model}; there are: {', '.join(sorted(models))}.")
    shown = models[model or answer["misled_most"]]
    currency = answer["currency"]
    worst = models[answer["misled_most"]]
    blocks: list[Block] = [
        Text(
            f"{len(models)} models of {answer['conversions']:,} conversions of the type "
            f"{' and '.join(answer['conversion_types'])}, against what "
            f"{answer['channel_count']} channels truly caused, "
            f"of all that can be switched off ({number(answer['truly_caused'], 0)} "
            f"conversions; {number(answer['baseline_conversions'], 0)} would have come without "
            "any)."
        ),
        Heading("From the model that misled most"),
        Grid(
            ("model", "misplaced", "rank correlation", f"misspent {currency}".strip(),
             "misplaced by campaign", f"misspent {currency} by campaign", "credited to channels"),
            [
                (
                    _label(name),
                    percent(one["channel"]["misplaced_share"]),
                    number(one["channel"]["rank_correlation"], 2),
                    number(one["channel"]["misspent"], 2),
                    percent(one["campaign"]["misplaced_share"]),
                    number(one["campaign"]["misspent"], 2),
                    number(one["credited_to_switchable"]),
                )
                for name, one in models.items()
            ],
        ),
        Text(
            "Misplaced: the part of a model's credit, over these channels, that lies on the wrong "
            f"one. A right model would show about {percent(answer['misplaced_by_chance'])}, since "
            "the truth of a brand of this size is uncertain. Rank correlation is Spearman's, over "
            f"{answer['channel_count']} channels."
        ),
        Text(
            "Misspent: if the money spent on the channels that have spend "
            f"({number(worst['channel']['budget'], 2)} {currency}) were divided in proportion to "
            "the model's credit rather than to the true effect, so much would lie on the wrong "
            "one. Credit and effect are counted in conversions."
        )
        if worst["channel"]["budget"]
        else Text("No spend is known, so that no money can be misspent."),
        Heading(
            f"{_label(shown['model'])}: why it misled most"
            if shown is worst
            else _label(shown["model"])
        ),
        *(Text(sentence) for sentence in shown["why"]),
    ]  # fmt: skip
    for dimension in DIMENSIONS:
        blocks += _detail(shown, dimension)
    blocks += [
        Chart(
            "Every model beside the truth",
            "Conversions by channel. Bars: credited. Red: truly caused, with its 95 % interval.",
            [
                (
                    _label(name),
                    [
                        Bar(
                            row["channel"],
                            row["credited_conversions"],
                            row["incremental_conversions"],
                            row["incremental_conversions"]
                            - _LEVEL * row["incremental_standard_error"],
                            row["incremental_conversions"]
                            + _LEVEL * row["incremental_standard_error"],
                        )
                        for row in one["channel"]["values"]
                    ],
                )
                for name, one in models.items()
            ],
        ),
    ]
    return blocks


def _detail(model: Mapping[str, Any], dimension: str) -> list[Block]:
    rows = model[dimension]["values"]
    if not rows:
        return []
    fitted = any(row["fitted_weight"] for row in rows)
    columns = [dimension, "credited", "95 %", "truly caused", "±", "bias", "95 %", "share",
               "true share", "revenue credited", "revenue caused"]  # fmt: skip
    cells = []
    for row in sorted(rows, key=lambda row: -(row["bias_share"] or 0)):
        bias = number(row["bias_conversions"])
        line = [
            row[dimension],
            number(row["credited_conversions"]),
            _interval(row["credited_ci_low"], row["credited_ci_high"]),
            number(row["incremental_conversions"]),
            number(_LEVEL * row["incremental_standard_error"]),
            f"{bias}{' *' if row['is_clear'] else '  '}",
            _interval(row["bias_ci_low"], row["bias_ci_high"]),
            percent(row["credited_share"]),
            percent(row["incremental_share"]),
            number(row["credited_revenue"], 2),
            number(row["incremental_revenue"], 2),
        ]
        if fitted:
            weight = row["fitted_weight"] or defaultdict(lambda: None)
            line.append(percent(weight["weight"]))
            line.append(
                ""
                if weight["ci_low"] is None
                else f"{percent(weight['ci_low'])} to {percent(weight['ci_high'])}"
            )
        cells.append(line)
    blocks: list[Block] = [Grid([*columns, *(("weight", "95 %") if fitted else ())], cells)]
    if dimension == "channel":
        blocks.append(Text("* a bias that chance does not explain (95 %)."))
    return blocks


def _interval(low: float, high: float) -> str:
    return f"{number(low)} to {number(high)}"
