"""BG/NBD and MBG/NBD: how often a customer buys, and when they stop, by maximum likelihood.

A customer's orders follow a Poisson process until they drop out. Rates differ by a gamma
distribution (r, alpha), the chance to drop out, p, by a beta distribution (a, b). In BG/NBD
customers may drop out after each repeat purchase (Fader, Hardie and Lee 2005, "Counting your
customers the easy way"), in MBG/NBD after the first one too (Batislam, Denizel and Filiztekin 2007;
Hoppe and Wagner 2007). A customer who is alive after x repeat purchases has survived k chances to
drop out: k is x in BG/NBD, x + 1 in MBG/NBD, and nothing else differs.

Times are in weeks since the first purchase. What is known of a customer is (x, t_x, T): the repeat
purchases, when the last one was (0 if none), and how long ago the first one was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, digamma, gammaln, hyp2f1, roots_jacobi

from sojourn.value.optimum import FitError, maximise

Array = NDArray[np.float64]
ModelName = Literal["bg_nbd", "mbg_nbd"]

MIN_CUSTOMERS = 200
MIN_REPEAT_CUSTOMERS = 50
HORIZONS = (30, 90, 365)
NODES = (48, 64, 96, 128)
ACCURACY = 1e-9
# Where the likelihood alone has no summit: ln(a) and ln(b) are normal around 0 with this deviation.
PRIOR_DEVIATION = 2.0
# Beyond e to this power of odds nothing is certain: keeps every engine from under- and overflow.
MOST_LOG_ODDS = 300.0


@dataclass(frozen=True)
class Purchases:
    """Customers in groups of equal histories: arrays of one length, times in weeks."""

    repeats: Array
    recency: Array
    tenure: Array
    customers: Array

    def __post_init__(self) -> None:
        """Check that nobody bought before their first purchase or after they were looked at."""
        if np.any(self.recency > self.tenure) or np.any(self.recency < 0):
            raise ValueError("A last purchase is not between the first one and the cut-off.")

    @property
    def count(self) -> int:
        """How many customers there are."""
        return int(self.customers.sum())


@dataclass(frozen=True)
class PurchaseModel:
    """A fitted BG/NBD or MBG/NBD."""

    name: ModelName
    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float = field(default=float("nan"), compare=False)
    has_prior: bool = field(default=False, compare=False)
    """Whether the data say too little of dropouts, so that a prior says the rest."""

    @property
    def parameters(self) -> Mapping[str, float]:
        """The four parameters by name."""
        return {"r": self.r, "alpha": self.alpha, "a": self.a, "b": self.b}

    def survived(self, repeats: Array) -> Array:
        """Return how many chances to drop out a living customer has survived."""
        return repeats + (self.name == "mbg_nbd")

    def alive(self, repeats: Array, recency: Array, tenure: Array) -> Array:
        """Return the probability that a customer will ever buy again."""
        survived = self.survived(repeats)
        log_odds_dead = (
            np.log(self.a)
            - np.log(self.b + np.maximum(survived, 1) - 1)
            + (self.r + repeats) * np.log((self.alpha + tenure) / (self.alpha + recency))
        )
        # Who has not had a chance to drop out is alive.
        dead = np.exp(np.minimum(log_odds_dead, MOST_LOG_ODDS))
        return np.where(survived > 0, 1 / (1 + dead), 1.0)

    def expected_if_alive(self, weeks: float, repeats: Array, tenure: Array) -> Array:
        """Return the expected orders of the next weeks of a customer who is alive, in closed form.

        Equation 10 of Fader, Hardie and Lee (2005) without its denominator, which is `alive`.
        """
        rate, elapsed = self.r + repeats, self.alpha + tenure
        survived = self.survived(repeats)
        shape = self.a + self.b + survived - 1
        tail = hyp2f1(rate, self.b + survived, shape, weeks / (elapsed + weeks))
        kept = 1 - (elapsed / (elapsed + weeks)) ** rate * tail
        expected: Array = shape / (self.a - 1) * kept
        return expected

    def expected(self, weeks: float, repeats: Array, recency: Array, tenure: Array) -> Array:
        """Return the expected orders of the next weeks."""
        kinds, kind = np.unique(np.stack([repeats, tenure]), axis=1, return_inverse=True)
        if_alive = self.by_nodes(weeks, kinds[0], kinds[1], *self.nodes())
        expected: Array = self.alive(repeats, recency, tenure) * if_alive[kind.ravel()]
        return expected

    def buys(self, weeks: float, repeats: Array, recency: Array, tenure: Array) -> Array:
        """Return the probability of at least one order in the next weeks.

        Who is alive orders next after a time that the chance to drop out has no part in.
        """
        elapsed = self.alpha + tenure
        none = np.exp(-(self.r + repeats) * np.log1p(weeks / elapsed))
        chance: Array = self.alive(repeats, recency, tenure) * (1 - none)
        return chance

    def nodes(self, count: int = NODES[0]) -> tuple[Array, Array]:
        """Return nodes and weights that average over the chance to drop out, Beta(a, b).

        Gauss-Jacobi: exact for polynomials up to degree 2 n - 1.
        """
        nodes, weights = roots_jacobi(count, self.b - 1, self.a - 1)
        chance, weight = np.maximum((1 + nodes) / 2, 1e-12), weights / weights.sum()
        kept = weight > 1e-40
        return chance[kept], weight[kept]

    def by_nodes(
        self, weeks: float, repeats: Array, tenure: Array, chance: Array, weight: Array
    ) -> Array:
        """Return `expected_if_alive` as SQL computes it, averaging over nodes."""
        chances = chance[:, None]
        likely = weight[:, None] * np.exp(self.survived(repeats) * np.log1p(-chances))
        lost = (self.r + repeats) * np.log1p(chances * weeks / (self.alpha + tenure))
        averaged: Array = (likely * -np.expm1(-lost) / chances).sum(axis=0) / likely.sum(axis=0)
        return averaged

    def exact_nodes(self, most_repeats: float, most_tenure: float) -> tuple[Array, Array]:
        """Return nodes with which `by_nodes` is right to 1e-9 for customers up to these.

        Raises:
            FitError: no number of nodes that SQL could bear is enough.
        """
        repeats, tenure = np.meshgrid(
            np.unique(np.floor(np.geomspace(1, most_repeats + 1, 12))) - 1,
            np.linspace(0, most_tenure, 9),
        )
        # Nobody bought on more days than there were.
        possible = repeats <= 7 * tenure
        customers = repeats[possible], tenure[possible]
        # Of parameters beyond all reason the nodes are no numbers, and nothing is close to them.
        with np.errstate(all="ignore"):
            finest = self.nodes(NODES[-1])
            wanted = [self.by_nodes(days / 7, *customers, *finest) for days in HORIZONS]
            for count in NODES[:-1]:
                nodes = self.nodes(count)
                found = [self.by_nodes(days / 7, *customers, *nodes) for days in HORIZONS]
                if np.allclose(found, wanted, rtol=ACCURACY, atol=0):
                    return nodes
        raise FitError(
            f"{self.name}: with r {self.r:.4g}, alpha {self.alpha:.4g}, a {self.a:.4g}, b "
            f"{self.b:.4g} expected orders cannot be computed to {ACCURACY:g}, up to "
            f"{most_repeats:.0f} repeat purchases. Leave out customers who are not like the "
            "others, such as resellers."
        )


def log_likelihood(name: ModelName, parameters: Array, purchases: Purchases) -> tuple[float, Array]:
    """Return the log-likelihood of (r, alpha, a, b), and its gradient.

    Equation 6 of Fader, Hardie and Lee (2005); Hoppe and Wagner (2007) for MBG/NBD.
    """
    r, alpha, a, b = parameters
    x, t_x, tenure = purchases.repeats, purchases.recency, purchases.tenure
    survived = x + (name == "mbg_nbd")
    alive_log = betaln(a, b + survived) - (r + x) * np.log(alpha + tenure)
    # Who has had no chance to drop out is alive; the number there only must not be NaN.
    before = np.maximum(b + survived - 1, 1e-12)
    dead_log = np.where(
        survived > 0, betaln(a + 1, before) - (r + x) * np.log(alpha + t_x), -np.inf
    )
    total = np.logaddexp(alive_log, dead_log)
    found = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - betaln(a, b) + total
    alive = np.exp(alive_log - total)
    dead = np.where(survived > 0, 1 - alive, 0.0)
    all_chances = digamma(a + b + survived)
    gradient = (
        digamma(r + x) - digamma(r) + np.log(alpha)
        - alive * np.log(alpha + tenure) - dead * np.log(alpha + t_x),
        r / alpha - (r + x) * (alive / (alpha + tenure) + dead / (alpha + t_x)),
        digamma(a + b) - digamma(a) + alive * digamma(a) + dead * digamma(a + 1) - all_chances,
        digamma(a + b) - digamma(b)
        + alive * digamma(b + survived) + dead * digamma(before) - all_chances,
    )  # fmt: skip
    n = purchases.customers
    return float(n @ found), np.array([n @ part for part in gradient])


def fit_purchases(name: ModelName, purchases: Purchases) -> PurchaseModel:
    """Return the model that makes these purchases most likely.

    Where customers hardly stop, so that the likelihood has no summit, a weak prior holds the chance
    to drop out.

    Raises:
        FitError: there are too few customers, or no parameters are best.
    """
    repeated = int(purchases.customers[purchases.repeats > 0].sum())
    if purchases.count < MIN_CUSTOMERS or repeated < MIN_REPEAT_CUSTOMERS:
        raise FitError(
            f"Too little to learn from: {purchases.count} customers, {repeated} of whom bought on "
            f"a second day. It takes {MIN_CUSTOMERS} and {MIN_REPEAT_CUSTOMERS}: fit later, or "
            "over more days (var customer_value.training_days)."
        )
    scale = float(purchases.customers @ purchases.tenure) / purchases.count or 1.0
    starts = [(0.5, scale / 3, 0.8, 2.5), (1.0, scale, 0.3, 3.0), (0.2, scale / 10, 2.0, 2.0)]

    def likelihood(parameters: Array) -> tuple[float, Array]:
        return log_likelihood(name, parameters, purchases)

    def with_prior(parameters: Array) -> tuple[float, Array]:
        value, gradient = likelihood(parameters)
        logs = np.log(parameters) * np.array([0, 0, 1, 1]) / PRIOR_DEVIATION
        return value - float(logs @ logs) / 2, gradient - logs / PRIOR_DEVIATION / parameters

    names = ("r", "alpha", "a", "b")
    has_prior = False
    try:
        best, value = maximise(name, likelihood, names, starts, purchases.count)
    except FitError:
        # In a young shop nobody can be seen to have stopped: a to 0 and b to infinity look best.
        has_prior = True
        best, _ = maximise(name, with_prior, names, starts, purchases.count)
        value, _ = likelihood(np.array(best))
    r, alpha, a, b = best
    return PurchaseModel(name, r, alpha, a, b, value, has_prior)
