"""What is learned from made-up customers is what made them; SQL predicts what Python does."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sojourn.build import build
from sojourn.settings import Settings
from sojourn.value.fit import AlreadyFitted, ValueFit, fit_value
from sojourn.value.optimum import FitError
from sojourn.value.purchases import PurchaseModel
from sojourn.value.spending import SpendingModel
from sojourn.warehouse import Warehouse, open_warehouse, text_type

from tests.conftest import PROJECT_DIR

NOW = datetime(2026, 1, 1)
TRUTH = PurchaseModel("mbg_nbd", r=0.7, alpha=5.0, a=0.8, b=2.0)
VALUES = SpendingModel(p=6.0, q=4.0, gamma=15.0)
CUSTOMERS = 5000
MODELS = (
    "purchase_history",
    "predictions",
    *("value_parameters", "value_backtests", "value_calibration"),
)
Order = tuple[str, date, float]
INPUTS = {
    "orders": "person_id varchar, status varchar, gross_revenue decimal(18,2), "
    "refunded_revenue decimal(18,2), revenue decimal(18,2), ordered_at timestamp, "
    "refunded_at timestamp",
    "touchpoints": "person_id varchar, kind varchar, is_machine boolean, touched_at timestamp",
    "events": "person_id varchar, event_name varchar, is_bot boolean, occurred_at timestamp",
}


def made_up_orders(customers: int) -> list[Order]:
    """Customers who buy, and stop, as MBG/NBD and Gamma-Gamma have it, at most once a day."""
    chance = np.random.default_rng(5)
    orders: dict[tuple[str, date], float] = {}
    for number in range(customers):
        first = date(2024, 1, 1) + timedelta(int(chance.integers(0, 600)))
        rate = chance.gamma(TRUTH.r, 1 / TRUTH.alpha) / 7
        stops = chance.beta(TRUTH.a, TRUTH.b)
        worth = VALUES.gamma / chance.gamma(VALUES.q)
        after = 0.0
        while after < (NOW.date() - first).days - 0.5:
            day = first + timedelta(round(after))
            orders.setdefault((f"p{number:05}", day), float(chance.gamma(VALUES.p) * worth))
            if chance.random() < stops:
                break
            after += chance.exponential(1 / rate)
    return [(*key, value) for key, value in orders.items()]


def write(warehouse: Warehouse, orders: list[Order]) -> None:
    """Put orders where models look for them, and some visits before one in two orders."""
    warehouse.execute("create schema if not exists events")
    text = text_type(warehouse.dialect)
    for table, columns in INPUTS.items():
        warehouse.execute(f"drop table if exists events.{table}")
        warehouse.execute(f"create table events.{table} ({columns.replace('varchar', text)})")
    times = [
        datetime.combine(day, datetime.min.time()) + timedelta(hours=9) for _, day, _ in orders
    ]
    money = pa.array([f"{value:.2f}" for *_, value in orders]).cast(pa.decimal128(18, 2))
    nothing = pa.array(["0.00"] * len(orders)).cast(pa.decimal128(18, 2))
    columns = {
        "person_id": [person for person, *_ in orders],
        "gross_revenue": money,
        "refunded_revenue": nothing,
        "revenue": money,
        "ordered_at": times,
    }
    warehouse.append("events", "orders", pa.table(columns))
    visited = [
        (order[0], at) for n, (order, at) in enumerate(zip(orders, times, strict=True)) if n % 2
    ]
    warehouse.append(
        "events",
        "touchpoints",
        pa.table(
            {
                "person_id": [person for person, _ in visited],
                "kind": ["session" if n % 3 else "email_click" for n in range(len(visited))],
                "is_machine": [False] * len(visited),
                "touched_at": [at - timedelta(days=n % 9) for n, (_, at) in enumerate(visited)],
            }
        ),
    )
    warehouse.append(
        "events",
        "events",
        pa.table(
            {
                "person_id": [person for person, _ in visited[::3]],
                "event_name": ["Product Added"] * len(visited[::3]),
                "is_bot": [False] * len(visited[::3]),
                "occurred_at": [at - timedelta(hours=1) for _, at in visited[::3]],
            }
        ),
    )


def closed_form(fit: ValueFit, history: dict[str, Any]) -> dict[str, float]:
    """What one customer is expected to do, by the published formulas."""
    model, spending = fit.learned.purchases[fit.model], fit.learned.spending
    assert spending is not None

    def array(name: str) -> np.ndarray:
        return np.array([float(history[name] or 0)])

    x, t_x, tenure = array("repeat_purchases"), array("recency_days") / 7, array("tenure_days") / 7
    alive = model.alive(x, t_x, tenure)
    order = spending.expected(array("valued_purchases"), array("average_value"))

    def orders(days: int) -> np.ndarray:
        return alive * (model.expected_if_alive(days / 7, x, tenure) if days else 0)

    steps = [0, 30, 90, 180, 270, 365]
    found = {"probability_alive": alive, "churn_risk": 1 - alive, "expected_order_value": order}
    for horizon in (30, 90, 365):
        found[f"expected_orders_{horizon}_days"] = orders(horizon)
        found[f"expected_value_{horizon}_days"] = sum(
            (orders(b) - orders(a)) * order * 1.1 ** (-(a + b) / 730)
            for a, b in pairwise(steps)
            if b <= horizon
        )
    return {name: float(value[0]) for name, value in found.items()}


def propensity(fit: ValueFit, history: dict[str, Any]) -> float:
    """What a customer's propensity is by the fit, from what happened in the last 30 days."""
    model, learned = fit.learned.purchases[fit.model], fit.learned.propensity
    assert learned is not None

    def array(value: float | None) -> np.ndarray:
        return np.array([float(value or 0)])

    x, t_x, tenure = (
        array(history[name]) for name in ("repeat_purchases", "recency_days", "tenure_days")
    )
    chance = model.buys(30 / 7, x, t_x / 7, tenure / 7)
    features = {
        "orders": x,
        "days_since_order": tenure - t_x,
        "days_since_first_order": tenure,
        "sessions_in_30_days": array(history["sessions"]),
        "clicks_in_30_days": array(history["clicks"]),
        "opens_in_30_days": array(0),
        "other_touches_in_30_days": array(0),
        "carts_in_30_days": array(history["carts"]),
    }
    known = {name: np.log1p(value) for name, value in features.items()}
    found = learned.probability({"buys_by_model": np.log(chance / (1 - chance)), **known})
    return float(found[0])


def guide_queries() -> list[str]:
    """Return the SQL of the guide."""
    text = (PROJECT_DIR / "docs" / "customer-value.md").read_text(encoding="utf-8")
    return re.findall(r"```sql\n(.*?)```", text, flags=re.DOTALL)


def fetch_named(warehouse: Warehouse, sql: str) -> list[dict[str, Any]]:
    return warehouse.fetch_arrow(sql).to_pylist()


def test_learns_what_made_the_customers_and_predicts_as_defined(
    any_engine_settings: Settings,
) -> None:
    settings = any_engine_settings
    with open_warehouse(settings) as warehouse:
        write(warehouse, made_up_orders(CUSTOMERS))
    build(settings, as_of=NOW, select=MODELS, quiet=True)
    with open_warehouse(settings) as warehouse:
        assert warehouse.fetch(
            "select count(*), count(expected_orders_30_days), count(propensity_30_days), "
            "min(reason) from profiles.predictions"
        ) == [(CUSTOMERS, 0, 0, "Nothing is fitted yet: sojourn value fit")]
    fit = fit_value(settings, NOW)
    print(fit.summary())
    with pytest.raises(AlreadyFitted, match="later --as-of"):
        fit_value(settings, NOW)
    with pytest.raises(FitError, match="later --as-of") as refused:
        fit_value(settings, NOW - timedelta(1))
    assert not isinstance(refused.value, AlreadyFitted)
    build(settings, as_of=NOW, select=MODELS, quiet=True)
    with open_warehouse(settings) as warehouse:
        assert not warehouse.relation_exists("profiles", "value_training")
        histories = fetch_named(
            warehouse,
            "select histories.*, predictions.*, sessions, clicks, carts "
            "from profiles.purchase_history as histories "
            "inner join profiles.predictions as predictions "
            "on predictions.person_id = histories.person_id "
            "left join (select person_id, "
            "count(case when kind = 'session' then 1 end) as sessions, "
            "count(case when kind = 'email_click' then 1 end) as clicks from events.touchpoints "
            "where touched_at >= timestamp '2025-12-02' "
            "group by person_id) as touches on touches.person_id = histories.person_id "
            "left join (select person_id, count(*) as carts from events.events "
            "where occurred_at >= timestamp '2025-12-02' "
            "group by person_id) as carts on carts.person_id = histories.person_id "
            # Those who did something lately come first.
            "order by case when sessions > 0 or clicks > 0 then 0 else 1 end, histories.person_id "
            "limit 400",
        )
        total = warehouse.fetch(
            "select score from profiles.value_backtests where metric = 'bias' and model = 'mbg_nbd'"
        )
        queries = guide_queries()
        assert len(queries) == 5
        for query in queries:
            assert warehouse.fetch(query), query
    assert len(histories) == 400
    for name in ("sessions", "clicks", "carts"):
        assert sum(bool(history[name]) for history in histories) > 20
    for history in histories:
        assert history["reason"] is None
        for name, wanted in closed_form(fit, history).items():
            assert history[name] == pytest.approx(wanted, rel=1e-9, abs=1e-12), (name, history)
        assert history["propensity_30_days"] == pytest.approx(propensity(fit, history), rel=1e-9)
    # What made them, within the error of so many customers.
    learned = fit.learned.purchases["mbg_nbd"]
    for name, value in learned.parameters.items():
        assert value == pytest.approx(TRUTH.parameters[name], rel=0.25), learned
    spending = fit.learned.spending
    assert spending is not None
    assert spending.parameters == pytest.approx(VALUES.parameters, rel=0.35)
    mean = np.array([0.0]), np.array([0.0])
    assert spending.expected(*mean) == pytest.approx(VALUES.expected(*mean), rel=0.1)
    assert abs(total[0][0]) < 0.12


def test_the_published_fit_of_cdnow_comes_out_of_the_warehouse(
    duckdb_settings: Settings, shared_data: Path
) -> None:
    """Though all orders are there, the back-test learns from those up to week 39."""
    lines = (shared_data / "cdnow" / "CDNOW_sample.txt").read_text().splitlines()
    orders = [
        (fields[1], datetime.strptime(fields[2], "%Y%m%d").date(), float(fields[4]))
        for fields in map(str.split, lines)
        if fields
    ]
    with open_warehouse(duckdb_settings) as warehouse:
        write(warehouse, orders)
    now = datetime(1998, 7, 1)
    build(duckdb_settings, as_of=now, select=MODELS, tests=False, quiet=True)
    fit = fit_value(duckdb_settings, now, holdout_days=273)
    print(fit.summary())
    assert fit.backtest is not None
    learned = fit.backtest.learned
    assert (learned.cut_off, learned.customers) == (datetime(1997, 10, 1), 2357)
    found = learned.purchases["bg_nbd"]
    assert [round(value, 3) for value in found.parameters.values()] == [0.243, 4.414, 0.793, 2.426]
    assert found.log_likelihood == pytest.approx(-9582.4, abs=0.05)
    assert learned.spending is not None
    assert [round(v, 2) for v in learned.spending.parameters.values()] == [6.25, 3.74, 15.44]
    with open_warehouse(duckdb_settings) as warehouse:
        weeks = warehouse.fetch(
            "select day_number, predicted, actual from profiles.value_backtests "
            "where metric = 'orders' and model = 'bg_nbd' order by day_number"
        )
    assert len(weeks) == 39
    assert weeks[-1] == (273, pytest.approx(1653.4, abs=0.1), 1882)
