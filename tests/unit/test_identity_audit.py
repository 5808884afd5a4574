"""Precision from people's verdicts on pairs: weights, intervals, and files with mistakes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import beta
from sojourn.identity.audit import COLUMNS, AuditError, Stratum, estimate, read_verdicts


def test_one_stratum_has_the_interval_of_its_beta_distribution() -> None:
    found = estimate([Stratum("people: email and phone", 10**7, same=97, different=3, unsure=5)])
    assert found.estimate == pytest.approx(0.97)
    assert found.interval == pytest.approx(beta(97.5, 3.5).ppf([0.025, 0.975]), abs=2e-3)


def test_strata_count_by_their_size() -> None:
    common = Stratum("people: email and phone", 9_900, same=50, different=0)
    rare = Stratum("matching: below 0.9", 100, same=25, different=25)
    found = estimate([common, rare, Stratum("steward: email and email", 7)])
    assert found.estimate == pytest.approx(0.995)
    assert found.interval[1] < 1
    assert found.unjudged == ["steward: email and email"]
    assert "says nothing of them" in found.summary()


def test_what_was_all_judged_is_known_and_small_strata_say_no_mistakes() -> None:
    known = estimate([Stratum("a", 40, same=39, different=1)])
    assert known.interval == pytest.approx((0.975, 0.975))
    many = [Stratum(str(n), 19 + n, same=19) for n in range(20)]
    found = estimate(many)
    assert found.interval[1] == pytest.approx(1)
    assert found.interval[0] > 0.97


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    chance = np.random.default_rng(5)
    sizes, truth, judged = (5000, 800, 50), (0.99, 0.9, 0.6), 60
    wanted = sum(s * t for s, t in zip(sizes, truth, strict=True)) / sum(sizes)
    held = 0
    for _ in range(100):
        same = chance.binomial(judged, truth)
        low, high = estimate(
            [
                Stratum(str(n), sizes[n], same=int(count), different=judged - int(count))
                for n, count in enumerate(same)
            ]
        ).interval
        held += low <= wanted <= high
    assert held >= 90


def test_nothing_judged_is_said() -> None:
    assert "No pair was judged" in estimate([Stratum("people: email and phone", 10)]).summary()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["pair,stratum", "1,x"], "no column stratum_size, verdict"),
        ([",".join(COLUMNS), "1,x,5,a,b,,,,perhaps"], "line 2: the verdict is none of same"),
        ([",".join(COLUMNS), "1,x,five,a,b,,,,same"], "line 2: stratum_size is no number"),
        ([",".join(COLUMNS)], "holds no pairs"),
    ],
)
def test_mistakes_in_a_file_are_named(tmp_path: Path, lines: list[str], message: str) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(AuditError, match=message):
        read_verdicts(file)
