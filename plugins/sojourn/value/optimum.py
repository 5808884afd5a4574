"""The parameters, all above zero, that make a likelihood greatest."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Array = NDArray[np.float64]
Likelihood = Callable[[Array], tuple[float, Array]]

_LEAST, _MOST = 1e-5, 1e7


class FitError(RuntimeError):
    """Nothing can be learned from these customers; the message says why and what to do."""


def maximise(
    name: str,
    likelihood: Likelihood,
    parameters: Sequence[str],
    starts: Sequence[Sequence[float]],
    customers: int,
) -> tuple[list[float], float]:
    """Return the best parameters and their log-likelihood.

    Args:
        name: the model, for messages.
        likelihood: gives the log-likelihood of the parameters, and its gradient.
        parameters: their names.
        starts: where to begin; the best end counts.
        customers: how many the likelihood is of.

    Raises:
        FitError: the likelihood grows towards the edge, or has no single summit.
    """

    def loss(logs: Array) -> tuple[float, Array]:
        values = np.exp(logs)
        value, gradient = likelihood(values)
        return -value / customers, -gradient * values / customers

    bounds = [(np.log(_LEAST), np.log(_MOST))] * len(parameters)
    found = min(
        (
            minimize(
                loss,
                np.log(start),
                jac=True,
                method="L-BFGS-B",
                bounds=bounds,
                options={"maxiter": 2000, "maxfun": 5000, "ftol": 1e-15, "gtol": 1e-9},
            )
            for start in starts
        ),
        key=lambda result: float(result.fun),
    )
    best = np.asarray(found.x, dtype=float)
    values = [float(value) for value in np.exp(best)]
    shown = ", ".join(f"{one} {value:.4g}" for one, value in zip(parameters, values, strict=True))
    curvature = _curvature(loss, best)
    if (
        not np.all(np.isfinite(best))
        or np.max(np.abs(loss(best)[1])) > 1e-5
        or np.linalg.eigvalsh(curvature)[0] <= 1e-9
    ):
        raise FitError(
            f"{name} does not converge on {customers} customers: it ended at {shown}, and the "
            "likelihood is flat or still growing there. Give it a longer history (var "
            "customer_value.training_days), or leave out customers who are not like the others, "
            "such as resellers."
        )
    return values, -float(found.fun) * customers


def _curvature(loss: Likelihood, at: Array) -> Array:
    step = 1e-4
    rows = [
        (loss(at + step * unit)[1] - loss(at - step * unit)[1]) / (2 * step)
        for unit in np.eye(len(at))
    ]
    curvature = np.array(rows)
    return (curvature + curvature.T) / 2
