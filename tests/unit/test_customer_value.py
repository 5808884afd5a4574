"""Likelihoods and expectations are what the models say, by integration and by simulation."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import betaln, expit
from scipy.stats import gamma
from sojourn.value.optimum import FitError
from sojourn.value.propensity import fit_propensity
from sojourn.value.purchases import (
    HORIZONS,
    ModelName,
    PurchaseModel,
    Purchases,
    fit_purchases,
    log_likelihood,
)
from sojourn.value.scores import auc, brier, buckets, log_loss
from sojourn.value.spending import Spending, fit_spending
from sojourn.value.spending import log_likelihood as spending_likelihood

from bench.customer_value import CALIBRATED, by_week, cdnow

CUSTOMERS = ((0, 0.0, 20.0), (0, 0.0, 0.0), (1, 3.0, 20.0), (4, 19.0, 20.0), (12, 7.0, 40.0))
PARAMETERS = ((0.243, 4.414, 0.793, 2.426), (1.5, 6.0, 2.2, 3.1), (0.7, 12.0, 0.4, 0.9))


def one(customer: tuple[int, float, float]) -> Purchases:
    return Purchases(*(np.array([float(value)]) for value in (*customer, 1)))


def by_the_story(
    name: str, parameters: tuple[float, ...], customer: tuple[int, float, float]
) -> float:
    """The likelihood of a history: buy at a rate, maybe drop out, over all rates and chances.

    The trapezoidal rule in the logarithm of rates and of odds, where it converges fastest.
    """
    r, alpha, a, b = parameters
    repeats, recency, tenure = customer
    survived = repeats + (name == "mbg_nbd")
    logs, step = np.linspace(-150, 10, 1601, retstep=True)
    rate = np.exp(logs)
    rates = gamma.logpdf(rate, r, scale=1 / alpha) + logs + repeats * logs
    odds, odds_step = np.linspace(-100, 100, 2001, retstep=True)
    chance, stays = expit(odds), expit(-odds)
    chances = (a * np.log(chance) + b * np.log(stays)) - betaln(a, b)

    def mean(logarithms: np.ndarray, step: float) -> float:
        return float(np.exp(logarithms).sum() * step)

    stayed = mean(chances + survived * np.log(stays), odds_step)
    found = stayed * mean(rates - rate * tenure, step)
    if survived:
        left = mean(chances + np.log(chance) + (survived - 1) * np.log(stays), odds_step)
        found += left * mean(rates - rate * recency, step)
    return found


@pytest.mark.parametrize("name", ["bg_nbd", "mbg_nbd"])
@pytest.mark.parametrize("parameters", PARAMETERS)
@pytest.mark.parametrize("customer", CUSTOMERS)
def test_likelihood_is_the_integral_over_rates_and_chances(
    name: ModelName, parameters: tuple[float, ...], customer: tuple[int, float, float]
) -> None:
    found, _ = log_likelihood(name, np.array(parameters), one(customer))
    assert math.exp(found) == pytest.approx(by_the_story(name, parameters, customer), rel=1e-9)


@pytest.mark.parametrize("name", ["bg_nbd", "mbg_nbd"])
@pytest.mark.parametrize("parameters", PARAMETERS)
def test_gradients_are_the_slopes(name: ModelName, parameters: tuple[float, ...]) -> None:
    purchases = Purchases(*(np.array(column, float) for column in zip(*CUSTOMERS, strict=True)),
                          np.array([5.0, 1, 3, 2, 1]))  # fmt: skip
    spending = Spending(np.array([1.0, 3, 7]), np.array([12.0, 80, 33]), np.array([4.0, 2, 1]))
    likelihoods = (
        (lambda at: log_likelihood(name, at, purchases), np.array(parameters)),
        (lambda at: spending_likelihood(at, spending), np.array(parameters[:3]) + 1),
    )
    for likelihood, at in likelihoods:
        step = 1e-6
        slopes = [
            (likelihood(at + step * unit)[0] - likelihood(at - step * unit)[0]) / (2 * step)
            for unit in np.eye(len(at))
        ]
        assert likelihood(at)[1] == pytest.approx(slopes, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("parameters", PARAMETERS)
def test_spending_likelihood_is_the_integral_over_rates(parameters: tuple[float, ...]) -> None:
    p, q, scale = 2 + parameters[0], 1 + parameters[2], parameters[1]
    for orders, mean in ((1.0, 3.0), (4.0, 11.0)):

        def density(part: float, n: float = orders, m: float = mean) -> float:
            rate = gamma.ppf(part, q, scale=1 / scale)
            return float(gamma.pdf(m, p * n, scale=1 / (n * rate)))

        expected, _ = quad(density, 0, 1, epsrel=1e-9, limit=300)
        spending = Spending(np.array([orders]), np.array([mean]), np.array([1.0]))
        found, _ = spending_likelihood(np.array([p, q, scale]), spending)
        assert math.exp(found) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", ["bg_nbd", "mbg_nbd"])
@pytest.mark.parametrize("parameters", [*PARAMETERS, (0.5, 8.0, 0.05, 0.4), (0.3, 2.0, 3.0, 60.0)])
def test_nodes_give_the_closed_form(name: ModelName, parameters: tuple[float, ...]) -> None:
    model = PurchaseModel(name, *parameters)
    repeats, tenure = np.meshgrid([0.0, 1, 2, 7, 30, 100, 200], [0.0, 1, 20, 60, 150, 400])
    possible = repeats <= 7 * tenure
    customers = repeats[possible], tenure[possible]
    nodes = model.exact_nodes(200, 400)
    for days in HORIZONS:
        found = model.by_nodes(days / 7, *customers, *nodes)
        assert found == pytest.approx(model.expected_if_alive(days / 7, *customers), rel=1e-9)


@pytest.mark.parametrize("name", ["bg_nbd", "mbg_nbd"])
def test_expectations_are_what_a_simulation_does(name: ModelName) -> None:
    """Of simulated customers with one history, how many are alive, buy, and how often."""
    model = PurchaseModel(name, 0.9, 6.0, 0.8, 2.0)
    chance = np.random.default_rng(3)
    tenure, ahead, seen = 10.0, 13.0, defaultdict(list)
    for _ in range(150_000):
        rate, drop = chance.gamma(model.r, 1 / model.alpha), chance.beta(model.a, model.b)
        at, bought, later, alive_then = 0.0, [], 0, False
        alive = name == "bg_nbd" or chance.random() >= drop
        while alive and at < tenure + ahead:
            at += chance.exponential(1 / rate)
            alive_then |= at >= tenure
            if at < tenure:
                bought.append(at)
            elif at < tenure + ahead:
                later += 1
            alive = at < tenure + ahead and chance.random() >= drop
        if len(bought) < 4:
            band = int(bought[-1] // 5) if bought else 0
            seen[len(bought), band].append((bought[-1] if bought else 0.0, alive_then, later))
    for (repeats, _), customers in seen.items():
        recency, alive_then, later = (
            np.array(column, float) for column in zip(*customers, strict=True)
        )
        history = np.full(len(recency), float(repeats)), recency, np.full(len(recency), tenure)
        error = 4 / math.sqrt(len(recency))
        assert alive_then.mean() == pytest.approx(model.alive(*history).mean(), abs=error / 2)
        assert later.mean() == pytest.approx(
            model.expected(ahead, *history).mean(), abs=error * later.std()
        )
        assert (later > 0).mean() == pytest.approx(
            model.buys(ahead, *history).mean(), abs=error / 2
        )


def test_the_published_fits_of_cdnow(shared_data: Path) -> None:
    """BG/NBD and Gamma-Gamma: Fader, Hardie and Lee (2005); MBG/NBD: BTYDplus in R."""
    purchases, spending, later = cdnow(shared_data / "cdnow", CALIBRATED)
    assert (purchases.count, spending.count) == (2357, 946)
    bg = fit_purchases("bg_nbd", purchases)
    assert [round(value, 3) for value in bg.parameters.values()] == [0.243, 4.414, 0.793, 2.426]
    assert bg.log_likelihood == pytest.approx(-9582.429, abs=0.001)
    mbg = fit_purchases("mbg_nbd", purchases)
    assert [round(value, 3) for value in mbg.parameters.values()] == [0.525, 6.183, 0.891, 1.614]
    assert not mbg.has_prior
    assert mbg.log_likelihood == pytest.approx(-9582.136, abs=0.001)
    values = fit_spending(spending)
    assert [round(value, 2) for value in values.parameters.values()] == [6.25, 3.74, 15.44]
    weeks = by_week([bg, mbg], purchases, later)
    assert weeks[-1] == (78, [pytest.approx(1653.4, abs=0.1), pytest.approx(1576.7, abs=0.1)], 1882)


def test_too_little_is_said(shared_data: Path) -> None:
    few = Purchases(*(np.array([float(v)]) for v in (1, 2, 5, 199)))
    with pytest.raises(FitError, match="199 customers, 199 of whom"):
        fit_purchases("bg_nbd", few)
    with pytest.raises(FitError, match="It takes 50"):
        fit_spending(Spending(np.array([1.0]), np.array([9.0]), np.array([49.0])))
    with pytest.raises(FitError, match="10 bought within 30 days and 90 did not"):
        fit_propensity(
            ["x"], np.array([[1.0], [2.0]]), np.array([0.0, 1.0]), np.array([90.0, 10.0])
        )


def test_nothing_is_kept_of_a_likelihood_without_a_summit() -> None:
    """Everybody buys each week and nobody stops."""
    tenure = np.arange(10.0, 60)
    regular = Purchases(tenure, tenure, tenure, np.full(50, 20.0))
    with pytest.raises(FitError, match="bg_nbd does not converge on 1000 customers"):
        fit_purchases("bg_nbd", regular)


def test_a_weak_prior_holds_the_chance_to_drop_out_where_nobody_stops() -> None:
    chance = np.random.default_rng(4)
    tenure = chance.integers(1, 120, 2000) / 7
    rates = chance.gamma(1.8, 1 / 40, 2000)
    bought = [
        np.sort(chance.random(chance.poisson(r * t)) * t)
        for r, t in zip(rates, tenure, strict=True)
    ]
    repeats = np.array([float(len(times)) for times in bought])
    recency = np.array([times[-1] if len(times) else 0.0 for times in bought])
    model = fit_purchases("mbg_nbd", Purchases(repeats, recency, tenure, np.ones(2000)))
    assert model.has_prior
    assert model.exact_nodes(repeats.max(), tenure.max())
    expected = model.expected(4, repeats, recency, tenure).sum()
    assert expected == pytest.approx(4 * rates.sum(), rel=0.2)


def test_propensity_finds_the_regression() -> None:
    chance = np.random.default_rng(2)
    features = np.column_stack(
        [chance.normal(5, 3, 40_000), chance.poisson(1, 40_000), np.ones(40_000)]
    )
    odds = -3 + 0.4 * features[:, 0] - 0.7 * features[:, 1]
    outcome = (chance.random(40_000) < 1 / (1 + np.exp(-odds))).astype(float)
    model = fit_propensity(["a", "b", "same"], features, outcome, np.ones(40_000))
    assert model.intercept == pytest.approx(-3, abs=0.1)
    assert model.coefficients["a"] == pytest.approx(0.4, abs=0.02)
    assert model.coefficients["b"] == pytest.approx(-0.7, abs=0.03)
    assert model.coefficients["same"] == 0
    named = {"a": features[:, 0], "b": features[:, 1], "same": features[:, 2]}
    assert model.probability(named).mean() == pytest.approx(outcome.mean(), abs=1e-3)


def test_scores_by_hand() -> None:
    chance, happened = np.array([0.1, 0.4, 0.4, 0.8]), np.array([0.0, 0.0, 1.0, 1.0])
    counts = np.array([2.0, 1.0, 1.0, 1.0])
    # Of 2 x 3 pairs one is a tie, and the others are in order.
    assert auc(chance, happened, counts) == pytest.approx(5.5 / 6)
    assert auc(chance, np.ones(4), counts) is None
    assert brier(chance, happened, counts) == pytest.approx((0.02 + 0.16 + 0.36 + 0.04) / 5)
    assert log_loss(chance, happened, counts) == pytest.approx(
        -(2 * math.log(0.9) + math.log(0.6) + math.log(0.4) + math.log(0.8)) / 5
    )
    parts = buckets(np.arange(100.0), np.ones(100), np.ones(100))
    assert [part.customers for part in parts] == [10] * 10
    assert [part.customers for part in buckets(np.zeros(9), np.ones(9), np.ones(9))] == [9]
