"""The simulation's process and its truth: shared chance, paired worlds, Shapley values."""

from __future__ import annotations

import csv
from datetime import date
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from sojourn.simulation.behaviour import ALL_ON, Outcome, Record, draw_traits, run
from sojourn.simulation.chance import Chance, geometric, hex_ids, lognormal
from sojourn.simulation.parameters import (
    CAMPAIGN_NUMBER,
    CAMPAIGNS,
    CHANNELS,
    COUNTRIES,
    DOLLARS,
    Parameters,
)
from sojourn.simulation.truth import (
    Sums,
    all_worlds,
    effect_lines,
    sample_persons,
    sample_sums,
    shapley,
)

START = date(2026, 1, 1)
PARAMETERS = Parameters()


def simulate_worlds(on: np.ndarray, people: int = 200, days: int = 40, seed: int = 3) -> Outcome:
    chance = Chance(seed, np.arange(people))
    return run(chance, draw_traits(chance, PARAMETERS), PARAMETERS, on=on, start=START, days=days)


# -- chance --------------------------------------------------------------------------------------


def test_a_draw_depends_on_its_counter_alone() -> None:
    everybody = Chance(1, np.arange(1000))
    some = Chance(1, np.arange(400, 420))
    assert (everybody.bits("need", 5)[400:420] == some.bits("need", 5)).all()
    days = np.full(20, 5)
    at = np.arange(20)
    assert (some.bits("need", days, 0, at) == some.bits("need", 5)).all()
    assert (some.bits("need", 6) != some.bits("need", 5)).all()
    assert (some.bits("need", 5, 1) != some.bits("need", 5)).all()
    assert (some.bits("other", 5) != some.bits("need", 5)).all()
    assert (Chance(2, np.arange(1000)).bits("need", 5) != everybody.bits("need", 5)).all()


def test_draws_are_even_and_unrelated() -> None:
    chance = Chance(9, np.arange(50_000))
    first, second = chance.pair("need", 3)
    next_day = chance.uniform("need", 4)
    for draws in (first, second, next_day):
        assert draws.min() >= 0
        assert draws.max() < 1
        assert draws.mean() == pytest.approx(0.5, abs=0.006)
        counts = np.bincount((draws * 20).astype(int), minlength=20)
        assert ((counts - 2500) ** 2 / 2500).sum() < 50  # chi-square, 19 degrees of freedom
    correlation = np.corrcoef(np.stack([first, second, next_day]))
    assert np.abs(correlation - np.eye(3)).max() < 0.02


def test_tables_have_their_median_and_mean() -> None:
    draws = Chance(9, np.arange(50_000)).uniform("x")
    assert float(np.median(lognormal(draws, 3.0, 0.5))) == pytest.approx(3.0, rel=0.02)
    assert geometric(draws, 3.4).min() == 1
    assert geometric(draws, 3.4).mean() == pytest.approx(3.4, rel=0.02)


def test_ids_look_like_uuids_and_differ() -> None:
    chance = Chance(9, np.arange(10_000))
    ids = hex_ids(chance.bits("a"), chance.bits("b"))
    assert len(set(ids)) == 10_000
    assert all(i[14] == "4" and i[19] in "89ab" for i in ids)


# -- worlds --------------------------------------------------------------------------------------


def test_worlds_run_together_are_worlds_run_alone() -> None:
    worlds = all_worlds().on[[0, 5, 77, 127, 130]]
    together = simulate_worlds(worlds)
    for number, world in enumerate(worlds):
        alone = simulate_worlds(world[None, :])
        assert (alone.orders[0] == together.orders[number]).all()
        assert (alone.revenue[0] == together.revenue[number]).all()
        assert (alone.is_alive[0] == together.is_alive[number]).all()


def test_persons_do_not_touch_each_other() -> None:
    chance = Chance(3, np.arange(64, 96))
    some = run(chance, draw_traits(chance, PARAMETERS), PARAMETERS, on=ALL_ON, start=START, days=40)
    everybody = simulate_worlds(ALL_ON)
    assert (everybody.orders[0, 64:96] == some.orders[0]).all()
    assert (everybody.revenue[0, 64:96] == some.revenue[0]).all()


def test_a_channel_that_is_off_delivers_nothing() -> None:
    chance = Chance(3, np.arange(300))
    record = Record()
    off = np.ones((1, len(CAMPAIGNS)), dtype=np.bool_)
    off[0, [CAMPAIGN_NUMBER[c.key] for c in CAMPAIGNS if c.channel in ("Email", "Display")]] = False
    run(
        *(chance, draw_traits(chance, PARAMETERS), PARAMETERS),
        **{"on": off, "start": START, "days": 30, "record": record},
    )
    assert not any(len(send[0]) for send in record.sends)
    shown = {number for at, _, number in record.impressions if len(at)}
    assert {CAMPAIGNS[n].channel for n in shown} == {"Paid Search", "Paid Social"}


def test_only_a_single_world_can_be_recorded() -> None:
    chance = Chance(3, np.arange(4))
    with pytest.raises(ValueError, match="single world"):
        run(
            *(chance, draw_traits(chance, PARAMETERS), PARAMETERS),
            **{"on": np.ones((2, len(CAMPAIGNS)), dtype=np.bool_), "start": START, "days": 2},
            record=Record(),
        )


def test_everything_on_is_a_world_and_so_is_nothing() -> None:
    worlds = all_worlds()
    assert worlds.on.shape == (2 ** len(CHANNELS) + len(CAMPAIGNS), len(CAMPAIGNS))
    assert worlds.on[worlds.everything].all()
    assert not worlds.on[0].any()
    assert len(CHANNELS) <= 8


# -- truth ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sums() -> Sums:
    return sample_sums(3, np.arange(300), PARAMETERS, START, 40)


def cells(lines: list[str]) -> dict[tuple[str, str], list[float | None]]:
    rows = [line.rstrip("\n").split(",") for line in lines]
    return {
        (row[0], row[1]): [float(value) if value else None for value in row[2:]] for row in rows
    }


def test_shapley_is_the_average_over_orders() -> None:
    worth = np.array([0.0, 2.0, 3.0, 9.0, 1.0, 2.0, 8.0, 20.0])
    expected = np.zeros(3)
    for order in permutations(range(3)):
        mask = 0
        for player in order:
            expected[player] += worth[mask | 1 << player] - worth[mask]
            mask |= 1 << player
    assert shapley(worth, 3) == pytest.approx(expected / 6)


def test_shapley_sums_to_all_less_none(sums: Sums) -> None:
    everything = all_worlds().everything
    values = shapley(sums.orders[: everything + 1], len(CHANNELS))
    assert values.sum() == pytest.approx(sums.orders[everything] - sums.orders[0])
    assert sums.orders[everything] > sums.orders[0] > 0


def test_increments_are_those_of_worlds_run_one_by_one(sums: Sums) -> None:
    truth = cells(effect_lines(sums, 300))
    full = simulate_worlds(ALL_ON, people=300)
    assert (
        truth["baseline", ""][0]
        == simulate_worlds(np.zeros((1, len(CAMPAIGNS)), dtype=np.bool_), people=300).orders.sum()
    )
    for channel in CHANNELS:
        off = np.array([[c.channel != channel for c in CAMPAIGNS]])
        without = simulate_worlds(off, people=300)
        assert truth[channel, ""][0] == full.orders.sum() - without.orders.sum()
        difference = (full.orders - without.orders)[0]
        error = difference.std() * np.sqrt(300)
        assert truth[channel, ""][2] == pytest.approx(error, abs=1e-4)
        revenue = full.revenue.sum() - without.revenue.sum()
        assert truth[channel, ""][1] == pytest.approx(revenue, abs=1e-3)
    for campaign in CAMPAIGNS:
        off = np.array([[c.key != campaign.key for c in CAMPAIGNS]])
        without = simulate_worlds(off, people=300)
        assert truth[campaign.channel, campaign.key][0] == full.orders.sum() - without.orders.sum()


def test_a_sample_is_scaled_to_the_population(sums: Sums) -> None:
    own, scaled = cells(effect_lines(sums, 300)), cells(effect_lines(sums, 3000))
    for key, values in own.items():
        for value, bigger in zip(values, scaled[key], strict=True):
            assert (value is None) == (bigger is None)
            if value is not None:
                assert bigger == pytest.approx(value * 10, abs=1e-3)
    persons = sample_persons(1_000_000, Parameters(truth_persons=500))
    assert len(np.unique(persons)) == 500
    assert persons.max() < 1_000_000
    assert (sample_persons(40, PARAMETERS) == np.arange(40)).all()


def test_blocks_of_persons_add_up(sums: Sums) -> None:
    halves = [
        sample_sums(3, persons, PARAMETERS, START, 40)
        for persons in (np.arange(130), np.arange(130, 300))
    ]
    merged = halves[0].merge(halves[1])
    assert merged.persons == sums.persons
    assert (merged.orders == sums.orders).all()
    assert (merged.revenue == sums.revenue).all()
    assert (merged.squares == sums.squares).all()


def test_harvesting_campaigns_cause_less_than_they_touch() -> None:
    """Brand search brings many visits to buyers and few orders: the bias that models must show."""
    people, days = 3000, 60
    chance = Chance(5, np.arange(people))
    traits = draw_traits(chance, PARAMETERS)
    record = Record()
    full = run(chance, traits, PARAMETERS, on=ALL_ON, start=START, days=days, record=record)
    off = np.ones((1, len(CAMPAIGNS)), dtype=np.bool_)
    off[0, CAMPAIGN_NUMBER["brand_search"]] = False
    without = run(chance, traits, PARAMETERS, on=off, start=START, days=days)
    caused = full.orders.sum() - without.orders.sum()
    origin = 5 + CAMPAIGN_NUMBER["brand_search"]
    touched = np.unique(np.concatenate([at for at, _, o in record.visits if o == origin]))
    assert caused < 0.15 * full.orders[0, touched].sum()


def test_seeded_rates_are_those_of_the_truth() -> None:
    seeds = Path(__file__).parents[2] / "seeds" / "exchange_rates.csv"
    with seeds.open(encoding="utf-8") as file:
        rates = {
            row["currency"]: float(row["rate"])
            for row in csv.DictReader(file)
            if row["valid_from"] <= "2026-01-01" < row["valid_to"]
        }
    assert rates == DOLLARS
    assert {country.currency for country in COUNTRIES} == set(DOLLARS)
    assert sum(country.share for country in COUNTRIES) == 100
