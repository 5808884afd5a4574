"""How good predictions were: scores of probabilities, and buckets of predictions and outcomes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BUCKETS = 10


@dataclass(frozen=True)
class Bucket:
    """Customers with predictions of like size; ``predicted`` and ``actual`` are means."""

    number: int
    customers: int
    predicted: float
    actual: float
    lowest: float
    highest: float


def brier(chance: Array, happened: Array, counts: Array) -> float:
    """Return the mean squared error of probabilities."""
    return float(np.average((chance - happened) ** 2, weights=counts))


def log_loss(chance: Array, happened: Array, counts: Array) -> float:
    """Return the mean of minus the logarithm of the probability of what happened."""
    sure = np.clip(chance, 1e-12, 1 - 1e-12)
    return float(
        -np.average(happened * np.log(sure) + (1 - happened) * np.log1p(-sure), weights=counts)
    )


def auc(chance: Array, happened: Array, counts: Array) -> float | None:
    """Return how often the one to whom it happened had the higher chance; equal ones count half.

    None where it happened to all or to nobody.
    """
    values, place = np.unique(chance, return_inverse=True)
    hits = np.bincount(place, weights=counts * happened, minlength=len(values))
    misses = np.bincount(place, weights=counts * (1 - happened), minlength=len(values))
    pairs = hits.sum() * misses.sum()
    if pairs == 0:
        return None
    below = np.cumsum(misses) - misses
    return float((hits * (below + misses / 2)).sum() / pairs)


def buckets(predicted: Array, actual: Array, counts: Array) -> list[Bucket]:
    """Return customers in ten parts by prediction; who has the same one is in the same part."""
    values, place = np.unique(predicted, return_inverse=True)
    sizes = np.bincount(place, weights=counts, minlength=len(values))
    below = np.cumsum(sizes) - sizes
    # The part in which the middle of those with one prediction lies.
    part = np.floor(BUCKETS * (below + sizes / 2) / sizes.sum()).astype(int)[place]
    found = []
    for number, value in enumerate(np.unique(part), 1):
        chosen = part == value
        weights = counts[chosen]
        found.append(
            Bucket(
                number,
                int(weights.sum()),
                float(np.average(predicted[chosen], weights=weights)),
                float(np.average(actual[chosen], weights=weights)),
                float(predicted[chosen].min()),
                float(predicted[chosen].max()),
            )
        )
    return found
