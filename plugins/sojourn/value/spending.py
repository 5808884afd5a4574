"""Gamma-Gamma: what an order of a customer is worth, by maximum likelihood.

The values of a customer's orders scatter around a mean of their own by a gamma distribution of
shape p; the means differ by an inverse gamma distribution (q, gamma). Fader, Hardie and Lee (2005),
"RFM and CLV: using iso-value curves for customer base analysis"; Fader and Hardie (2013), "The
gamma-gamma model of monetary value". It takes what orders are worth to have nothing to do with how
often somebody buys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, gammaln

from sojourn.value.optimum import FitError, maximise

Array = NDArray[np.float64]

MIN_CUSTOMERS = 50


@dataclass(frozen=True)
class Spending:
    """Customers in groups of equal means: arrays of one length. All values are above zero."""

    orders: Array
    mean: Array
    customers: Array

    @property
    def count(self) -> int:
        """How many customers there are."""
        return int(self.customers.sum())


@dataclass(frozen=True)
class SpendingModel:
    """A fitted Gamma-Gamma."""

    p: float
    q: float
    gamma: float
    log_likelihood: float = field(default=float("nan"), compare=False)

    @property
    def parameters(self) -> Mapping[str, float]:
        """The three parameters by name."""
        return {"p": self.p, "q": self.q, "gamma": self.gamma}

    def expected(self, orders: Array, mean: Array) -> Array:
        """Return what an order of customers will be worth on average.

        Equation 5 of Fader and Hardie (2013): between the mean of all and a customer's own.

        Args:
            orders: the repeat orders that a customer's mean is of; 0 for none.
            mean: their mean; any number where there is none.
        """
        total = np.where(orders > 0, orders * mean, 0.0)
        expected: Array = self.p * (self.gamma + total) / (self.p * orders + self.q - 1)
        return expected


def log_likelihood(parameters: Array, spending: Spending) -> tuple[float, Array]:
    """Return the log-likelihood of (p, q, gamma), and its gradient.

    Equation 1a of Fader and Hardie (2013).
    """
    p, q, gamma = parameters
    x, mean, n = spending.orders, spending.mean, spending.customers
    shape, scale = p * x, gamma + mean * x
    found = (
        gammaln(shape + q) - gammaln(shape) - gammaln(q)
        + q * np.log(gamma) + (shape - 1) * np.log(mean) + shape * np.log(x)
        - (shape + q) * np.log(scale)
    )  # fmt: skip
    gradient = (
        x * (digamma(shape + q) - digamma(shape) + np.log(mean) + np.log(x) - np.log(scale)),
        digamma(shape + q) - digamma(q) + np.log(gamma) - np.log(scale),
        q / gamma - (shape + q) / scale,
    )
    return float(n @ found), np.array([n @ part for part in gradient])


def fit_spending(spending: Spending) -> SpendingModel:
    """Return the model that makes these values most likely.

    Raises:
        FitError: there are too few customers, or no parameters are best, or they have no mean.
    """
    if spending.count < MIN_CUSTOMERS:
        raise FitError(
            f"Too little to learn values from: {spending.count} customers bought for something on "
            f"a second day. It takes {MIN_CUSTOMERS}."
        )
    scale = float(spending.customers @ spending.mean) / spending.count
    best, value = maximise(
        "gamma_gamma",
        lambda parameters: log_likelihood(parameters, spending),
        ("p", "q", "gamma"),
        [(2.0, 3.0, scale), (6.0, 4.0, scale / 2), (1.0, 10.0, 10 * scale)],
        spending.count,
    )
    p, q, scale = best
    model = SpendingModel(p, q, scale, value)
    if model.q <= 1:
        raise FitError(
            f"gamma_gamma ended at q {model.q:.3g}, where the values of customers have no mean: a "
            "few are worth so much more than all others that no average can be foretold. Leave out "
            "wholesale customers."
        )
    return model
