"""Logistic regression with a small ridge, by iteratively reweighted least squares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from sojourn.value.optimum import FitError

Array = NDArray[np.float64]

MIN_OF_EACH = 50
RIDGE = 1.0
MOST_LOG_ODDS = 30.0
_ROUNDS = 50


@dataclass(frozen=True)
class PropensityModel:
    """What each feature adds to the log of the odds; features are not standardised."""

    intercept: float
    coefficients: Mapping[str, float]
    customers: int = field(default=0, compare=False)
    log_likelihood: float = field(default=float("nan"), compare=False)

    @property
    def parameters(self) -> Mapping[str, float]:
        """The intercept and the coefficients by name."""
        return {"intercept": self.intercept, **self.coefficients}

    def probability(self, features: Mapping[str, Array]) -> Array:
        """Return the probability for each row."""
        odds = self.intercept + sum(
            (value * features[name] for name, value in self.coefficients.items()), np.float64(0)
        )
        probability: Array = 1 / (1 + np.exp(-np.clip(odds, -MOST_LOG_ODDS, MOST_LOG_ODDS)))
        return probability


def fit_propensity(
    names: Sequence[str], features: Array, outcome: Array, counts: Array
) -> PropensityModel:
    """Return the regression of the outcome (0 or 1) on the features, one column each.

    The ridge holds standardised coefficients together, not the intercept. The coefficient of a
    feature that is the same for all is 0.

    Args:
        names: of the features.
        features: a row for each group of customers who are alike.
        outcome: whether these bought.
        counts: how many customers there are in each group.

    Raises:
        FitError: too few bought, or too few did not.
    """
    bought = int(counts @ outcome)
    others = int(counts.sum()) - bought
    if min(bought, others) < MIN_OF_EACH:
        raise FitError(
            f"Too little to learn a propensity from: {bought} bought within 30 days and {others} "
            f"did not. It takes {MIN_OF_EACH} of each."
        )
    mean = np.average(features, axis=0, weights=counts)
    spread = np.sqrt(np.average((features - mean) ** 2, axis=0, weights=counts))
    varies = spread > 1e-9
    design = np.column_stack(
        [np.ones(len(outcome)), (features[:, varies] - mean[varies]) / spread[varies]]
    )
    penalty = np.diag([0.0, *([RIDGE] * int(varies.sum()))])

    def loss(values: Array) -> float:
        odds = design @ values
        missed = np.logaddexp(0, odds) - outcome * odds
        return float(counts @ missed + values @ penalty @ values / 2)

    values = np.zeros(design.shape[1])
    values[0] = np.log(bought / others)
    for _ in range(_ROUNDS):
        chance = expit(design @ values)
        gradient = design.T @ (counts * (outcome - chance)) - penalty @ values
        curvature = (design * (counts * chance * (1 - chance))[:, None]).T @ design + penalty
        step = np.linalg.solve(curvature, gradient)
        # The loss is convex: what is still to be gained is about half of this.
        if gradient @ step < 1e-9:
            break
        here = loss(values)
        while loss(values + step) > here and np.max(np.abs(step)) > 1e-9:
            step = step / 2
        values = values + step
    else:
        raise FitError("The propensity does not converge: is there a feature that tells all?")
    slopes = np.zeros(len(names))
    slopes[varies] = values[1:] / spread[varies]
    likelihood = values @ penalty @ values / 2 - loss(values)
    return PropensityModel(
        float(values[0] - slopes @ mean),
        {name: float(slope) for name, slope in zip(names, slopes, strict=True)},
        int(counts.sum()),
        float(likelihood),
    )
