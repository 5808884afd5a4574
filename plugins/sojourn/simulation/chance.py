"""Chance without order: every draw is a hash of (seed, person, purpose, day, slot).

Two worlds that differ in one channel therefore share every other draw, and a person's draws do
not depend on who else is simulated, on the size of a chunk or on the number of processes.

The mixing function is the finalizer of SplitMix64 (Steele, Lea and Flood 2014, "Fast Splittable
Pseudorandom Number Generators"), applied once more for each counter. Nothing transcendental
touches a draw: skewed distributions are read from tables of rounded quantiles, so that the same
seed gives the same bytes on processors whose `exp` differs in the last digit.
"""

from __future__ import annotations

import hashlib
import math
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint64]
Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_DAY = np.uint64(0xD6E8FEB86659FD93)
_SLOT = np.uint64(0xA0761D6478BD642F)
_TO_UNIT = np.float32(2.0**-24)
_WORD = 0xFFFFFFFFFFFFFFFF


def mix(values: Bits) -> Bits:
    """Return SplitMix64's finalizer of each value."""
    mixed = values + _GAMMA
    mixed ^= mixed >> np.uint64(30)
    mixed *= _FIRST
    mixed ^= mixed >> np.uint64(27)
    mixed *= _SECOND
    mixed ^= mixed >> np.uint64(31)
    return mixed


@cache
def purpose_key(purpose: str) -> int:
    """Return the 64-bit constant that stands for a purpose, the same in every process."""
    return int.from_bytes(hashlib.blake2b(purpose.encode(), digest_size=8).digest(), "little")


def _counter(purpose: str, day: int, slot: int) -> int:
    """Return what `mix` makes of one counter, in Python's integers: no array for one number."""
    start = day * int(_DAY) + slot * int(_SLOT) + purpose_key(purpose) + int(_GAMMA)
    mixed = start & _WORD
    mixed = ((mixed ^ (mixed >> 30)) * int(_FIRST)) & _WORD
    mixed = ((mixed ^ (mixed >> 27)) * int(_SECOND)) & _WORD
    return mixed ^ (mixed >> 31)


class Chance:
    """The draws of some persons.

    Args:
        seed: The simulation's seed.
        persons: Person numbers, shape (n,).
    """

    def __init__(self, seed: int, persons: Integers) -> None:
        """Derive one key a person."""
        start = mix(np.array([seed & 0xFFFFFFFFFFFFFFFF], dtype=np.uint64))
        self.seed = seed
        self.persons = persons
        self.keys: Bits = mix(start + persons.astype(np.uint64) * _DAY)

    def bits(
        self,
        purpose: str,
        day: int | Integers = 0,
        slot: int | Integers = 0,
        at: Integers | None = None,
    ) -> Bits:
        """Return 64 hashed bits a person, or a row of `at` (positions of persons, shape (m,))."""
        keys = self.keys if at is None else self.keys[at]
        if isinstance(day, int) and isinstance(slot, int):
            return mix(keys ^ np.uint64(_counter(purpose, day, slot)))
        days = np.atleast_1d(np.asarray(day)).astype(np.uint64)
        slots = np.atleast_1d(np.asarray(slot)).astype(np.uint64)
        counter = mix(days * _DAY + slots * _SLOT + np.uint64(purpose_key(purpose)))
        return mix(keys ^ counter)

    def uniform(
        self,
        purpose: str,
        day: int | Integers = 0,
        slot: int | Integers = 0,
        at: Integers | None = None,
    ) -> Floats:
        """Return draws in [0, 1), multiples of 2**-24."""
        return to_unit(self.bits(purpose, day, slot, at))

    def pair(self, purpose: str, day: int = 0, slot: int = 0) -> tuple[Floats, Floats]:
        """Return two independent draws in [0, 1) of one hash."""
        drawn = self.bits(purpose, day, slot)
        low = (drawn & np.uint64(0xFFFFFF)).astype(np.float32) * _TO_UNIT
        return to_unit(drawn), low

    def below(
        self,
        purpose: str,
        limit: int,
        day: int | Integers = 0,
        slot: int | Integers = 0,
        at: Integers | None = None,
    ) -> Integers:
        """Return integers in [0, limit)."""
        drawn = self.bits(purpose, day, slot, at) >> np.uint64(32)
        return ((drawn * np.uint64(limit)) >> np.uint64(32)).astype(np.int64)


def to_unit(drawn: Bits) -> Floats:
    """Return the upper 24 bits of each value as a number in [0, 1)."""
    return (drawn >> np.uint64(40)).astype(np.float32) * _TO_UNIT


def hex_ids(first: Bits, second: Bits) -> list[str]:
    """Return UUID-shaped ids (version 4 layout) made of two hashes a row."""
    joined = np.empty((len(first), 2), dtype=">u8")
    joined[:, 0] = (first & np.uint64(0xFFFFFFFFFFFF0FFF)) | np.uint64(0x4000)
    joined[:, 1] = (second & np.uint64(0x3FFFFFFFFFFFFFFF)) | np.uint64(0x8000000000000000)
    text = joined.tobytes().hex()
    return [
        f"{text[i : i + 8]}-{text[i + 8 : i + 12]}-{text[i + 12 : i + 16]}"
        f"-{text[i + 16 : i + 20]}-{text[i + 20 : i + 32]}"
        for i in range(0, len(text), 32)
    ]


def short_ids(drawn: Bits) -> list[str]:
    """Return ids of 16 hexadecimal digits."""
    text = drawn.astype(">u8").tobytes().hex()
    return [text[i : i + 16] for i in range(0, len(text), 16)]


_STEPS = 1024


@cache
def _lognormal_table(median: float, sigma: float) -> Floats:
    normal = NormalDist()
    quantiles = [
        float(f"{median * math.exp(sigma * normal.inv_cdf((i + 0.5) / _STEPS)):.4g}")
        for i in range(_STEPS)
    ]
    return np.array(quantiles, dtype=np.float32)


def lognormal(draws: Floats, median: float, sigma: float) -> Floats:
    """Return log-normal values for uniform draws, by a table of 1,024 rounded quantiles."""
    return _lognormal_table(median, sigma)[(draws * np.float32(_STEPS)).astype(np.int64)]


@cache
def _geometric_table(mean: float) -> Integers:
    success = 1.0 / mean
    cumulative, probability, table = 0.0, success, []
    count = 1
    for i in range(_STEPS):
        while cumulative + probability <= (i + 0.5) / _STEPS:
            cumulative += probability
            probability *= 1.0 - success
            count += 1
        table.append(count)
    return np.array(table, dtype=np.int64)


def geometric(draws: Floats, mean: float) -> Integers:
    """Return geometric counts from 1 on with the given mean, by a table of quantiles."""
    return _geometric_table(mean)[(draws * np.float32(_STEPS)).astype(np.int64)]
