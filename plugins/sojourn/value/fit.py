"""Fit the models of customer value to the warehouse's orders, test them, and keep both there.

What a customer's history is at a cut-off, and what they did afterwards, SQL says: the macro
`make_value_training`, with the same definitions as the models that predict. Only counts of
customers with equal histories leave the warehouse.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sojourn.build import run_dbt
from sojourn.project import variables
from sojourn.settings import Settings
from sojourn.value.optimum import FitError
from sojourn.value.propensity import PropensityModel, fit_propensity
from sojourn.value.purchases import ModelName, PurchaseModel, Purchases, fit_purchases
from sojourn.value.scores import auc, brier, buckets, log_loss
from sojourn.value.spending import Spending, SpendingModel, fit_spending
from sojourn.warehouse import Warehouse, open_warehouse, relation_name

Array = NDArray[np.float64]

MODELS: tuple[ModelName, ...] = ("bg_nbd", "mbg_nbd")
PARAMETERS, BACKTESTS, CALIBRATION = "value_parameters", "value_backtests", "value_calibration"
TRAINING, OUTCOMES = "value_training", "value_outcomes"

# The propensity is learned from what followed these cut-offs, days before the fit's own.
_PROPENSITY_DAYS = 30
_PROPENSITY_CUT_OFFS = (30, 60, 90)
MIN_HOLDOUT_DAYS = 60
# More rows than this are sampled for the propensity, by a hash of the person.
_MOST_ROWS = 300_000
_NOTHING_BUILT = "There are no customers to learn from yet: run `sojourn build` first."
# Beyond this q, what a customer spent says next to nothing of what they will.
_ALIKE = 1000
# A model by which everybody is alike, to compare others with.
_CONSTANT = "constant"


class AlreadyFitted(FitError):
    """The very fit that is to be made is there: a run before this one kept it."""


@dataclass(frozen=True)
class ValueSettings:
    """What the project says of customer value."""

    model: ModelName
    training_days: int
    zone: ZoneInfo

    @classmethod
    def read(cls, settings: Settings) -> ValueSettings:
        """Return the vars of dbt_project.yml."""
        said = variables(settings)
        found = said.get("customer_value")
        if not isinstance(found, dict) or found.get("model") not in MODELS:
            raise FitError(
                "dbt_project.yml has no var `customer_value` with a model (bg_nbd or mbg_nbd): "
                "take it from Sojourn's."
            )
        return cls(
            found["model"], int(found["training_days"]), ZoneInfo(said["reporting_timezone"])
        )

    def midnight(self, day: date) -> datetime:
        """Return when a day of the reporting zone begins, UTC without zone."""
        local = datetime.combine(day, time(), self.zone)
        return local.astimezone(UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class Learned:
    """The models of one cut-off; ``missing`` says what could not be learned, and why."""

    cut_off: datetime
    training_from: datetime
    purchases: dict[ModelName, PurchaseModel]
    spending: SpendingModel | None
    propensity: PropensityModel | None
    customers: int
    spenders: int
    most_repeats: float
    most_tenure: float
    missing: list[str]


Score = tuple[str, str, int, int, float | None, float | None, float | None]
Calibration = tuple[str, str, int, int, float, float, float, float]


@dataclass
class Backtest:
    """How the models of an earlier cut-off foretold what came after it."""

    learned: Learned
    tested_to: datetime
    scores: list[Score] = field(default_factory=list)
    """Model, metric, days after the cut-off, customers, predicted, actual, score."""
    calibration: list[Calibration] = field(default_factory=list)
    """Model, target, bucket, customers, predicted, actual, lowest, highest."""


@dataclass(frozen=True)
class ValueFit:
    """A fit as it is kept."""

    version: str
    as_of: datetime
    model: ModelName
    learned: Learned
    backtest: Backtest | None
    no_backtest: str = ""

    def summary(self) -> str:
        """Return what was learned, and how the back-test went, as text."""
        learned = self.learned
        lines = [
            f"Learned from {learned.customers:,} customers up to {learned.cut_off:%Y-%m-%d %H:%M} "
            f"UTC, as fit {self.version}."
        ]
        for name, purchases in learned.purchases.items():
            used = "  (in use)" if name == self.model else ""
            lines.append(_shown(name, purchases.parameters, purchases.log_likelihood) + used)
            if purchases.has_prior:
                lines.append("    Customers hardly stop yet: a and b are held by a weak prior.")
        if learned.spending is not None:
            spending = learned.spending
            lines.append(_shown("gamma_gamma", spending.parameters, spending.log_likelihood))
            if spending.q > _ALIKE:
                anybody = float(spending.expected(np.zeros(1), np.zeros(1))[0])
                lines.append(
                    "    Customers hardly differ in what they spend: an order of any of them is "
                    f"worth about {anybody:,.2f}."
                )
        if learned.propensity is not None:
            lines.append(
                "  propensity   what each adds to the log of the odds of an order within 30 days:"
            )
            lines += [f"    {k:<24} {v:+.3f}" for k, v in learned.propensity.parameters.items()]
        lines += [f"  without {reason}" for reason in learned.missing]
        lines += _shown_backtest(self.backtest, self.model) if self.backtest else [self.no_backtest]
        lines.append("The next build predicts by it.")
        return "\n".join(lines)


def _shown(name: str, parameters: Any, likelihood: float) -> str:
    values = "  ".join(f"{one} {value:.4g}" for one, value in parameters.items())
    return f"  {name:<12} {values}  log-likelihood {likelihood:,.1f}"


def _shown_backtest(backtest: Backtest, model: str) -> list[str]:
    lines = [
        f"Back-test: learned up to {backtest.learned.cut_off:%Y-%m-%d}, compared with what came up "
        f"to {backtest.tested_to:%Y-%m-%d}.",
        f"  {model}: repeat orders, cumulated",
        f"  {'day':>6} {'predicted':>12} {'actual':>12}",
    ]
    curve = [row for row in backtest.scores if row[0] == model and row[1] == "orders"]
    for _, _, day, _, predicted, actual, _ in curve:
        lines.append(f"  {day:>6} {predicted:>12,.1f} {actual:>12,.0f}")
    lines.append(f"  {'model':<12} {'days':>5} " + " ".join(f"{m:>15}" for m in _METRICS))
    scored: dict[tuple[str, int], dict[str, str]] = {}
    for name, metric, day, *_, score in backtest.scores:
        if score is not None:
            scored.setdefault((name, day), {})[metric] = f"{score:.4f}"
    for (name, day), found in scored.items():
        cells = " ".join(f"{found.get(metric, ''):>15}" for metric in _METRICS)
        lines.append(f"  {name:<12} {day:>5} {cells}")
    lines.append(
        f"  {'bucket':>6} {'customers':>10} {'predicted':>10} {'actual':>10}  (orders, {model})"
    )
    for name, target, number, customers, predicted, actual, *_ in backtest.calibration:
        if (name, target) == (model, "orders"):
            lines.append(f"  {number:>6} {customers:>10,} {predicted:>10.4f} {actual:>10.4f}")
    return lines


_METRICS = ("absolute_error", "bias", "auc", "churn_auc", "brier", "log_loss")


def fit_value(settings: Settings, as_of: datetime, *, holdout_days: int = 90) -> ValueFit:
    """Learn from the orders up to the last midnight, test, and keep both in the warehouse.

    Args:
        settings: where the project and the warehouse are; the models must be built.
        as_of: when this is, UTC without zone; it names the fit, and builds as of an earlier time
            ignore it.
        holdout_days: how long before the last midnight the back-test's cut-off is.

    Raises:
        AlreadyFitted: the fit of this time is there, and stays.
        FitError: there is too little to learn from, or no parameters are best; nothing is kept.
    """
    if holdout_days < MIN_HOLDOUT_DAYS:
        raise FitError(f"A back-test takes {MIN_HOLDOUT_DAYS} days or more.")
    if settings.target == "duckdb" and not settings.path(settings.duckdb_path).is_file():
        raise FitError(_NOTHING_BUILT)
    said = ValueSettings.read(settings)
    schema = f"{settings.schema_prefix}profiles"
    version = as_of.isoformat(timespec="seconds")
    with open_warehouse(settings) as warehouse:
        _refuse(warehouse, schema, version)
    today = as_of.replace(tzinfo=UTC).astimezone(said.zone).date()
    tested = today - timedelta(holdout_days)
    looks = {said.midnight(today): 0, said.midnight(tested): holdout_days}
    for day in (today, tested):
        for before in _PROPENSITY_CUT_OFFS:
            looks.setdefault(said.midnight(day - timedelta(before)), _PROPENSITY_DAYS)
    arguments = {"looks": {str(cut_off): days for cut_off, days in looks.items()}}
    try:
        run_dbt(
            settings,
            ["run-operation", "make_value_training", "--args", json.dumps(arguments)],
            as_of=as_of,
            quiet=True,
        )
        with open_warehouse(settings) as warehouse:
            reader = Reader(warehouse, schema, said)
            learned = learn(reader, today, said.model)
            backtest, reason = None, ""
            try:
                backtest = test(reader, learn(reader, tested, said.model), holdout_days)
            except FitError as error:
                reason = f"No back-test {holdout_days} days ago: {error}"
            fit = ValueFit(version, as_of, said.model, learned, backtest, reason)
            keep(warehouse, schema, fit)
    finally:
        with open_warehouse(settings) as warehouse:
            for table in (TRAINING, OUTCOMES):
                warehouse.execute(f"drop table if exists {relation_name(schema, table)}")
    return fit


def _refuse(warehouse: Warehouse, schema: str, version: str) -> None:
    if not warehouse.relation_exists(schema, PARAMETERS):
        raise FitError(_NOTHING_BUILT)
    [(latest,)] = warehouse.fetch(
        f"select max(fit_version) from {relation_name(schema, PARAMETERS)}"
    )
    if latest is not None and latest >= version:
        kind = AlreadyFitted if latest == version else FitError
        raise kind(
            f"The fit of {latest} is there already, and the latest counts: give a later --as-of."
        )


class Reader:
    """Reads counts of customers who are alike from the tables that `make_value_training` made."""

    def __init__(self, warehouse: Warehouse, schema: str, said: ValueSettings) -> None:
        self._warehouse = warehouse
        self._training = relation_name(schema, TRAINING)
        self._outcomes = relation_name(schema, OUTCOMES)
        self.said = said
        self.features = [
            name.removeprefix("feature_")
            for name in warehouse.columns(schema, TRAINING)
            if name.startswith("feature_")
        ]

    def _arrays(self, sql: str, *params: object) -> list[Array]:
        table = self._warehouse.fetch_arrow(sql, params)
        return [column.cast(pa.float64()).to_numpy() for column in table.columns]

    def since(self, cut_off: datetime) -> datetime:
        """Return the day from which first orders count for models of a cut-off."""
        return cut_off - timedelta(self.said.training_days)

    def purchases(self, cut_off: datetime) -> Purchases:
        """Return the histories of customers at a cut-off."""
        repeats, recency, tenure, customers = self._arrays(
            f"select repeat_purchases, recency_days, tenure_days, count(*) from {self._training} "
            "where cut_off = ? and first_ordered_on >= ? "
            "group by repeat_purchases, recency_days, tenure_days order by 1, 2, 3",
            cut_off,
            self.since(cut_off),
        )
        return Purchases(repeats, recency / 7, tenure / 7, customers)

    def spending(self, cut_off: datetime) -> Spending:
        """Return what the repeat orders of customers at a cut-off were worth."""
        return Spending(
            *self._arrays(
                f"select valued_purchases, average_value, count(*) from {self._training} "
                "where cut_off = ? and first_ordered_on >= ? and valued_purchases > 0 "
                "group by valued_purchases, average_value order by 1, 2",
                cut_off,
                self.since(cut_off),
            )
        )

    def outcomes(self, cut_off: datetime, days: int) -> tuple[Purchases, list[Array]]:
        """Return customers at a cut-off with what they did in the days after it.

        Beside their histories: purchases with a value, the sum of that value over the customers of
        the group, purchases afterwards, and their value over the customers of the group.
        """
        repeats, recency, tenure, customers, valued, value, later, revenue = self._arrays(
            "select repeat_purchases, recency_days, tenure_days, count(*), valued_purchases, "
            "sum(valued_purchases * coalesce(average_value, 0)), later, sum(revenue) from ("
            "select training.repeat_purchases, training.recency_days, training.tenure_days, "
            "training.valued_purchases, training.average_value, "
            "coalesce(outcomes.later, 0) as later, coalesce(outcomes.revenue, 0) as revenue "
            f"from {self._training} as training left join ("
            f"select person_id, count(*) as later, sum(revenue) as revenue from {self._outcomes} "
            "where cut_off = ? and days_after <= ? group by person_id) as outcomes "
            "on training.person_id = outcomes.person_id "
            "where training.cut_off = ? and training.first_ordered_on >= ?) as customers "
            "group by repeat_purchases, recency_days, tenure_days, valued_purchases, later "
            "order by 1, 2, 3, 5, 7",
            cut_off,
            days,
            cut_off,
            self.since(cut_off),
        )
        return (
            Purchases(repeats, recency / 7, tenure / 7, customers),
            [valued, value, later, revenue],
        )

    def later_purchases(self, cut_off: datetime) -> tuple[Array, Array]:
        """Return days after a cut-off, and the purchases of its customers on each."""
        days, purchases = self._arrays(
            f"select outcomes.days_after, count(*) from {self._outcomes} as outcomes "
            f"inner join {self._training} as training on outcomes.person_id = training.person_id "
            "and outcomes.cut_off = training.cut_off "
            "where training.cut_off = ? and training.first_ordered_on >= ? "
            "group by outcomes.days_after order by 1",
            cut_off,
            self.since(cut_off),
        )
        return days, purchases

    def behaviour(self, cut_offs: Sequence[datetime], most: int) -> tuple[Purchases, Array, Array]:
        """Return customers at cut-offs, their features, and whether they bought in 30 days."""
        marks = ", ".join("?" * len(cut_offs))
        ((rows,),) = self._warehouse.fetch(
            f"select count(*) from {self._training} where cut_off in ({marks})", tuple(cut_offs)
        )
        share = int(16**4 * most / max(rows, 1))
        sampled = f"and sample_key < '{share:04x}' " if share < 16**4 else ""
        columns = ["repeat_purchases", "recency_days", "tenure_days"]
        columns += [f"feature_{name}" for name in self.features]
        repeats, recency, tenure, *features, bought, customers = self._arrays(
            f"select {', '.join(f'training.{column}' for column in columns)}, "
            "case when outcomes.person_id is null then 0 else 1 end as bought, count(*) "
            f"from {self._training} as training left join ("
            f"select distinct cut_off, person_id from {self._outcomes} where days_after <= "
            f"{_PROPENSITY_DAYS}) as outcomes on training.person_id = outcomes.person_id "
            f"and training.cut_off = outcomes.cut_off where training.cut_off in ({marks}) {sampled}"
            f"group by {', '.join(f'training.{column}' for column in columns)}, "
            "case when outcomes.person_id is null then 0 else 1 end",
            *cut_offs,
        )
        known = Purchases(repeats, recency / 7, tenure / 7, customers)
        return known, np.column_stack(features), bought


def learn(reader: Reader, day: date, model: ModelName) -> Learned:
    """Return the models of the cut-off at the beginning of a day, from nothing that came later.

    Raises:
        FitError: the model in use cannot be learned.
    """
    cut_off = reader.said.midnight(day)
    purchases = reader.purchases(cut_off)
    found: dict[ModelName, PurchaseModel] = {}
    missing = []
    reach = 0.0, 0.0
    if purchases.count:
        reach = 2 * float(purchases.repeats.max()) + 10, 2 * float(purchases.tenure.max()) + 52
    for name in MODELS:
        try:
            fitted = fit_purchases(name, purchases)
            fitted.exact_nodes(*reach)
            found[name] = fitted
        except FitError as error:
            if name == model:
                raise
            missing.append(str(error))
    spending = reader.spending(cut_off)
    values = propensity = None
    with _noting(missing, "the value of orders"):
        values = fit_spending(spending)
    with _noting(missing, "a propensity"):
        cut_offs = [reader.said.midnight(day - timedelta(n)) for n in _PROPENSITY_CUT_OFFS]
        known, features, bought = reader.behaviour(cut_offs, _MOST_ROWS)
        propensity = fit_propensity(
            ["buys_by_model", *reader.features],
            np.column_stack([by_model(found[model], known), features]),
            bought,
            known.customers,
        )
    return Learned(
        cut_off, reader.since(cut_off), found, values, propensity,
        purchases.count, spending.count, *reach, missing,
    )  # fmt: skip


@contextmanager
def _noting(missing: list[str], what: str) -> Iterator[None]:
    try:
        yield
    except FitError as error:
        missing.append(f"{what}: {error}")


def by_model(model: PurchaseModel, known: Purchases) -> Array:
    """Return the log of the odds of an order within 30 days by a model of purchases."""
    chance = model.buys(_PROPENSITY_DAYS / 7, known.repeats, known.recency, known.tenure)
    sure = np.clip(chance, 1e-6, 1 - 1e-6)
    odds: Array = np.log(sure / (1 - sure))
    return odds


def test(reader: Reader, learned: Learned, days: int) -> Backtest:
    """Return how models foretold the days after their cut-off."""
    tested_to = learned.cut_off + timedelta(days)
    backtest = Backtest(learned, tested_to)
    known, (valued, value, later, revenue) = reader.outcomes(learned.cut_off, days)
    history = known.repeats, known.recency, known.tenure
    on_day, came = reader.later_purchases(learned.cut_off)
    counts, number = known.customers, known.count
    bought = (later > 0).astype(float)

    def score(model: str, metric: str, day: int, value: float | None) -> None:
        backtest.scores.append((model, metric, day, number, None, None, value))

    for name, model in learned.purchases.items():
        for day in sorted({*range(7, days + 1, 7), days}):
            backtest.scores.append(
                (name, "orders", day, number, float(counts @ model.expected(day / 7, *history)),
                 float(came[on_day <= day].sum()), None)
            )  # fmt: skip
        expected = model.expected(days / 7, *history)
        if learned.spending is not None:
            spending = learned.spending
            order_value = (
                spending.p * (counts * spending.gamma + value)
                / (spending.p * valued + spending.q - 1)
            )  # fmt: skip
            backtest.scores.append(
                (name, "revenue", days, number, float(expected @ order_value),
                 float(revenue.sum()), None)
            )  # fmt: skip
        chance = model.buys(days / 7, *history)
        score(
            name, "absolute_error", days, float(np.average(abs(expected - later), weights=counts))
        )
        actual = float(counts @ later)
        score(name, "bias", days, float(counts @ expected) / actual - 1 if actual else None)
        score(name, "churn_auc", days, auc(1 - model.alive(*history), 1 - bought, counts))
        _score_chances(score, name, days, chance, bought, counts)
        _calibrate(backtest, name, "orders", expected, later, counts)
        _calibrate(backtest, name, "buys", chance, bought, counts)
    if learned.propensity is not None:
        _test_propensity(reader, backtest, learned.propensity, score)
    return backtest


def _test_propensity(
    reader: Reader, backtest: Backtest, propensity: PropensityModel, score: Any
) -> None:
    learned = backtest.learned
    known, features, bought = reader.behaviour([learned.cut_off], _MOST_ROWS)
    counts = known.customers
    model = learned.purchases[reader.said.model]
    named = dict(zip(reader.features, features.T, strict=True))
    chances = {
        "propensity": propensity.probability({"buys_by_model": by_model(model, known), **named}),
        model.name: model.buys(_PROPENSITY_DAYS / 7, known.repeats, known.recency, known.tenure),
        _CONSTANT: np.full(len(counts), np.average(bought, weights=counts)),
    }
    for name, chance in chances.items():
        _score_chances(score, name, _PROPENSITY_DAYS, chance, bought, counts)
        if name != _CONSTANT:
            _calibrate(backtest, name, "buys_in_30_days", chance, bought, counts)


def _score_chances(
    score: Any, model: str, days: int, chance: Array, bought: Array, counts: Array
) -> None:
    score(model, "auc", days, auc(chance, bought, counts))
    score(model, "brier", days, brier(chance, bought, counts))
    score(model, "log_loss", days, log_loss(chance, bought, counts))


def _calibrate(
    backtest: Backtest, model: str, target: str, predicted: Array, actual: Array, counts: Array
) -> None:
    for one in buckets(predicted, actual, counts):
        backtest.calibration.append(
            (model, target, one.number, one.customers, one.predicted, one.actual,
             one.lowest, one.highest)
        )  # fmt: skip


def _parameter_rows(learned: Learned) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for name, model in learned.purchases.items():
        about = learned.customers, model.log_likelihood
        rows += [(name, k, 0, v, *about) for k, v in model.parameters.items()]
        rows.append((name, "has_prior", 0, float(model.has_prior), *about))
        chances, weights = model.exact_nodes(learned.most_repeats, learned.most_tenure)
        for position, (chance, weight) in enumerate(zip(chances, weights, strict=True), 1):
            rows.append((name, "chance", position, float(chance), *about))
            rows.append((name, "weight", position, float(weight), *about))
    if learned.spending is not None:
        about = learned.spenders, learned.spending.log_likelihood
        rows += [("gamma_gamma", k, 0, v, *about) for k, v in learned.spending.parameters.items()]
    if learned.propensity is not None:
        about = learned.propensity.customers, learned.propensity.log_likelihood
        rows += [("propensity", k, 0, v, *about) for k, v in learned.propensity.parameters.items()]
    return rows


def keep(warehouse: Warehouse, schema: str, fit: ValueFit) -> None:
    """Write a fit and its back-test to the logs of the schema of profiles."""

    def append(
        table: str, names: Sequence[str], rows: Sequence[tuple[Any, ...]], **same: object
    ) -> None:
        if not rows:
            return
        columns = dict(zip(names, zip(*rows, strict=True), strict=True))
        columns |= {name: (value,) * len(rows) for name, value in same.items()}
        kinds = {"customers": pa.int64(), "position_number": pa.int64(), "bucket": pa.int64()}
        kinds |= {"day_number": pa.int64()}
        texts = {"fit_version", "model", "parameter", "metric", "target"}
        times = {"training_from", "training_to", "tested_to", "recorded_at"}
        warehouse.append(
            schema,
            table,
            pa.table(
                {
                    name: pa.array(
                        values,
                        pa.string()
                        if name in texts
                        else pa.timestamp("us")
                        if name in times
                        else kinds.get(name, pa.float64()),
                    )
                    for name, values in columns.items()
                }
            ),
        )

    named = {"fit_version": fit.version, "recorded_at": fit.as_of}
    with warehouse.transaction():
        if fit.backtest is not None:
            tested = {
                "training_to": fit.backtest.learned.cut_off,
                "tested_to": fit.backtest.tested_to,
            }
            append(
                CALIBRATION,
                (
                    "model",
                    "target",
                    "bucket",
                    "customers",
                    "predicted",
                    "actual",
                    "lowest",
                    "highest",
                ),
                fit.backtest.calibration,
                **named,
                **tested,
            )
            append(
                BACKTESTS,
                ("model", "metric", "day_number", "customers", "predicted", "actual", "score"),
                fit.backtest.scores,
                **named,
                **tested,
            )
        # A fit counts once its parameters are there: they come last.
        append(
            PARAMETERS,
            ("model", "parameter", "position_number", "value", "customers", "log_likelihood"),
            _parameter_rows(fit.learned),
            training_from=fit.learned.training_from,
            training_to=fit.learned.cut_off,
            **named,
        )
