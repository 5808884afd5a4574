"""Who is who, and what each channel really caused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from math import factorial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sojourn.simulation.behaviour import Flags, draw_traits, run
from sojourn.simulation.chance import Chance, Integers
from sojourn.simulation.parameters import CAMPAIGNS, CHANNELS, Parameters

IDENTIFIERS_HEADER = "identifier_type,identifier_value,true_person_id,is_shared\n"
OWNERS_HEADER = "source,event_id,true_person_id\n"
CUSTOMERS_HEADER = "true_person_id,state,churned_at,future_revenue_365d\n"
EFFECTS_HEADER = (
    "channel,campaign,incremental_conversions,incremental_revenue,standard_error,"
    "shapley_conversions,shapley_revenue\n"
)


def person_name(number: int) -> str:
    """Return the true person id of a person number."""
    return f"P{number:07d}"


class Owners:
    """The identifiers that a chunk's exports show, and whose they are."""

    def __init__(self, numbers: Sequence[int]) -> None:
        """Remember the person numbers of the chunk."""
        self.numbers = numbers
        self._seen: dict[tuple[int, str, str], bool] = {}

    def add(
        self, kind: str, values: Iterable[str], persons: Iterable[int], shared: bool = False
    ) -> None:
        """Note that identifiers of one kind appear for persons (positions in the chunk)."""
        numbers = self.numbers
        for value, person in zip(values, persons, strict=True):
            key = (numbers[person], kind, value)
            self._seen[key] = self._seen.get(key, False) or shared

    def lines(self) -> list[str]:
        """Return CSV lines sorted by person, type and value."""
        return [
            f"{kind},{value},P{number:07d},{'true' if shared else 'false'}\n"
            for (number, kind, value), shared in sorted(self._seen.items())
        ]


@dataclass(frozen=True)
class Worlds:
    """The worlds that are compared: all subsets of channels, then each campaign off alone.

    World number m below 2^k has channel i on where bit i of m is set.
    """

    on: Flags
    """Shape (worlds, campaigns)."""

    @property
    def everything(self) -> int:
        """Number of the world with every channel on."""
        return (1 << len(CHANNELS)) - 1


def all_worlds() -> Worlds:
    """Return the 2^k worlds of channels and one world a campaign of a channel with several."""
    number = {channel: i for i, channel in enumerate(CHANNELS)}
    bits = np.array([number[campaign.channel] for campaign in CAMPAIGNS])
    masks = np.arange(1 << len(CHANNELS))[:, None]
    channels = (masks >> bits[None, :]) & 1 == 1
    single = ~np.eye(len(CAMPAIGNS), dtype=np.bool_)
    return Worlds(on=np.concatenate([channels, single]))


@dataclass
class Sums:
    """Outcome added up over persons of the sample; `merge` adds blocks of persons."""

    persons: int
    orders: NDArray[np.float64]
    """Shape (worlds,)."""
    revenue: NDArray[np.float64]
    squares: NDArray[np.float64]
    """Squared difference of orders between the full world and each world, shape (worlds,)."""

    def merge(self, other: Sums) -> Sums:
        """Return the sums over both."""
        return Sums(
            self.persons + other.persons,
            self.orders + other.orders,
            self.revenue + other.revenue,
            self.squares + other.squares,
        )


def sample_sums(
    seed: int, persons: Integers, parameters: Parameters, start: date, days: int
) -> Sums:
    """Run persons in every world and add up what came of it.

    Revenue is added in whole cents, so that the sum does not depend on the order of persons.
    """
    worlds = all_worlds()
    chance = Chance(seed, persons)
    outcome = run(
        chance,
        draw_traits(chance, parameters),
        parameters,
        on=worlds.on,
        start=start,
        days=days,
    )
    difference = outcome.orders[worlds.everything][None, :] - outcome.orders
    return Sums(
        persons=len(persons),
        orders=outcome.orders.sum(axis=1),
        revenue=np.rint(outcome.revenue * 10_000).sum(axis=1),
        squares=(difference * difference).sum(axis=1),
    )


def shapley(values: NDArray[np.float64], players: int) -> NDArray[np.float64]:
    """Return the Shapley value of each player.

    Args:
        values: Worth of each coalition, indexed by bit mask, shape (2^players,).
        players: Number of players.

    The formula is Shapley's (1953): the average over all orders of a player's marginal worth,
    written as a weighted sum over coalitions. It sums to the worth of all less that of none.
    """
    result = np.zeros(players)
    for player in range(players):
        others = [p for p in range(players) if p != player]
        for size in range(players):
            weight = factorial(size) * factorial(players - size - 1) / factorial(players)
            for members in combinations(others, size):
                mask = sum(1 << member for member in members)
                result[player] += weight * (values[mask | 1 << player] - values[mask])
    return result


def effect_lines(sums: Sums, people: int) -> list[str]:
    """Return the lines of `channel_effects.csv`, scaled from the sample to the population.

    The standard error is that of incremental conversions: of a sum of paired differences over
    the sample, scaled with it. It is about chance among persons; when the sample is the whole
    population, it is what another population of the same size would differ by.
    """
    worlds = all_worlds()
    scale = people / sums.persons
    full = worlds.everything
    revenue = sums.revenue / 10_000
    coalitions = full + 1
    by_orders = shapley(sums.orders[:coalitions], len(CHANNELS))
    by_revenue = shapley(revenue[:coalitions], len(CHANNELS))

    def error(world: int) -> float:
        mean = (sums.orders[full] - sums.orders[world]) / sums.persons
        variance = max(sums.squares[world] / sums.persons - mean * mean, 0.0)
        return float(np.sqrt(variance * sums.persons)) * scale

    def line(channel: str, campaign: str, values: Sequence[float | None]) -> str:
        cells = ["" if value is None else f"{value:.4f}" for value in values]
        return ",".join([channel, campaign, *cells]) + "\n"

    lines = []
    for number, channel in enumerate(CHANNELS):
        without = full & ~(1 << number)
        lines.append(
            line(
                channel,
                "",
                (
                    (sums.orders[full] - sums.orders[without]) * scale,
                    (revenue[full] - revenue[without]) * scale,
                    error(without),
                    by_orders[number] * scale,
                    by_revenue[number] * scale,
                ),
            )
        )
    for number, campaign in enumerate(CAMPAIGNS):
        world = coalitions + number
        lines.append(
            line(
                campaign.channel,
                campaign.key,
                (
                    (sums.orders[full] - sums.orders[world]) * scale,
                    (revenue[full] - revenue[world]) * scale,
                    error(world),
                    None,
                    None,
                ),
            )
        )
    # The baseline is the outcome of the empty world itself; its error is of the difference.
    lines.append(
        line(
            "baseline",
            "",
            (
                sums.orders[0] * scale,
                revenue[0] * scale,
                error(0),
                sums.orders[0] * scale,
                revenue[0] * scale,
            ),
        )
    )
    return lines


def sample_persons(people: int, parameters: Parameters) -> Integers:
    """Return the numbers of the persons whose worlds are compared: everybody, or evenly spread."""
    size = min(people, parameters.truth_persons)
    return np.arange(size, dtype=np.int64) * people // size


def concatenate(parts: Sequence[Path], target: Path, header: str) -> None:
    """Write the header and all parts to the target, a block at a time."""
    with target.open("wb") as out:
        out.write(header.encode())
        for part in parts:
            with part.open("rb") as source:
                while block := source.read(1 << 20):
                    out.write(block)
