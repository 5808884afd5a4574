"""The fits of customer value on CDNOW beside the published ones, and what they foretell by week.

    python -m bench.customer_value ../shared/data/cdnow

BG/NBD: Fader, Hardie and Lee (2005), "Counting your customers" the easy way. MBG/NBD: what others
report of the R package BTYDplus. Gamma-Gamma: Fader and Hardie (2013), The gamma-gamma model of
monetary value.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from time import perf_counter

import numpy as np
from sojourn.value.fit import MODELS
from sojourn.value.purchases import PurchaseModel, Purchases, fit_purchases
from sojourn.value.spending import Spending, SpendingModel, fit_spending

CALIBRATED = date(1997, 9, 30)
PUBLISHED = {
    "bg_nbd": "r 0.243, alpha 4.414, a 0.793, b 2.426, log-likelihood -9582.4",
    "mbg_nbd": "log-likelihood -9582.136",
    "gamma_gamma": "p 6.25, q 3.74, gamma 15.44",
}


def cdnow(folder: Path, end: date) -> tuple[Purchases, Spending, list[tuple[int, ...]]]:
    """The sample of Fader, Hardie and Lee (2005), and the days after the end of what came."""
    bought: dict[str, dict[date, float]] = defaultdict(lambda: defaultdict(float))
    for line in (folder / "CDNOW_sample.txt").read_text().splitlines():
        fields = line.split()
        if fields:
            day = datetime.strptime(fields[2], "%Y%m%d").date()
            bought[fields[1]][day] += float(fields[4])
    histories, values, later = [], [], []
    for days in bought.values():
        known = sorted(day for day in days if day <= end)
        histories.append((len(known) - 1, (known[-1] - known[0]).days, (end - known[0]).days))
        worth = [days[day] for day in known[1:] if days[day] > 0]
        if worth:
            values.append((len(worth), sum(worth) / len(worth)))
        later.append(tuple((day - end).days for day in days if day > end))
    x, t_x, tenure = np.array(histories, float).T
    orders, means = np.array(values, float).T
    purchases = Purchases(x, t_x / 7, tenure / 7, np.ones(len(x)))
    return purchases, Spending(orders, means, np.ones(len(orders))), later


def by_week(
    models: Sequence[PurchaseModel], purchases: Purchases, later: Sequence[tuple[int, ...]]
) -> list[tuple[int, list[float], int]]:
    """Return weeks 40 to 78 with repeat purchases since week 39, as foretold by each and actual."""
    history = purchases.repeats, purchases.recency, purchases.tenure
    return [
        (
            39 + weeks,
            [float(model.expected(weeks, *history).sum()) for model in models],
            sum(day <= 7 * weeks for days in later for day in days),
        )
        for weeks in range(1, 40)
    ]


def main() -> None:
    """Fit, and print both."""
    purchases, spending, later = cdnow(Path(sys.argv[1]), CALIBRATED)
    models = []
    for name in MODELS:
        begin = perf_counter()
        models.append(fit_purchases(name, purchases))
        _show(name, models[-1], perf_counter() - begin)
    begin = perf_counter()
    _show("gamma_gamma", fit_spending(spending), perf_counter() - begin)
    print("\nRepeat purchases since week 39, cumulated\nweek   bg_nbd  mbg_nbd   actual")
    for week, expected, actual in by_week(models, purchases, later):
        print(f"{week:>4}  {expected[0]:>7.0f}  {expected[1]:>7.0f}  {actual:>7}")


def _show(name: str, model: PurchaseModel | SpendingModel, seconds: float) -> None:
    found = ", ".join(f"{key} {value:.3f}" for key, value in model.parameters.items())
    print(f"{name}: {found}, log-likelihood {model.log_likelihood:.1f} ({seconds:.2f} s)")
    print(f"{'published':>{len(name)}}: {PUBLISHED[name]}")


if __name__ == "__main__":
    main()
