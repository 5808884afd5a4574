"""Put the simulation together: chunks of persons in parallel, then one merge a day and stream."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import reduce
from pathlib import Path
from typing import TypeVar

import numpy as np

from sojourn.simulation import SimulationSummary
from sojourn.simulation.advertising import Delivered, no_delivery, write_advertising, write_cost
from sojourn.simulation.behaviour import ALL_ON, Outcome, Record, draw_traits, run
from sojourn.simulation.chance import Chance
from sojourn.simulation.parameters import Parameters
from sojourn.simulation.people import NEVER, People, milliseconds
from sojourn.simulation.relations import (
    write_consents,
    write_emails,
    write_hubspot_contacts,
    write_salesforce,
    write_salesforce_campaigns,
)
from sojourn.simulation.sessions import build_sessions
from sojourn.simulation.shop import Sales, write_calls, write_sales
from sojourn.simulation.spill import STREAMS, Run, day_of, make_folders, merge_day
from sojourn.simulation.truth import (
    CUSTOMERS_HEADER,
    EFFECTS_HEADER,
    IDENTIFIERS_HEADER,
    OWNERS_HEADER,
    Owners,
    Sums,
    concatenate,
    effect_lines,
    person_name,
    sample_persons,
    sample_sums,
)
from sojourn.simulation.web import order_events, write_events, write_noise

_BLOCK = 256
"""Persons whose worlds are run together: small enough for the processor's cache."""

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Brand:
    """What every worker needs to know."""

    folder: Path
    """Where runs are spilled."""
    out: Path
    people: int
    days: int
    seed: int
    start: date
    parameters: Parameters


@dataclass
class ChunkResult:
    """What a chunk of persons has to say beside its files."""

    counts: dict[str, int]
    delivered: Delivered
    orders: int
    revenue: float
    identifiers: int
    event_owners: int


def simulate_chunk(task: tuple[Brand, int, int, int]) -> ChunkResult:
    """Simulate persons [begin, end) and spill their exports; `number` names the files."""
    brand, number, begin, end = task
    chance = Chance(brand.seed, np.arange(begin, end, dtype=np.int64))
    traits = draw_traits(chance, brand.parameters)
    record = Record()
    outcome = run(
        chance,
        traits,
        brand.parameters,
        on=ALL_ON,
        start=brand.start,
        days=brand.days,
        future_days=brand.parameters.future_days,
        record=record,
    )
    people = People(chance, traits, record, brand.start, brand.days)
    output = Run(brand.folder, number, brand.days)
    owners = Owners(people.numbers)
    event_owners: list[str] = []
    sales = Sales(people, chance, traits, brand.parameters)
    sessions = build_sessions(people, record, brand.parameters)
    made = sessions.order >= 0
    sales.is_signed_in[sessions.order[made]] = sessions.sign_in[made] > 0
    events = order_events(people, sessions, sales)
    write_events(people, sessions, events, sales, brand.parameters, output, owners, event_owners)
    delivered = write_advertising(people, sessions, record, brand.parameters, output, owners)
    write_sales(people, sales, output, owners, event_owners)
    write_calls(people, sales, record, output, owners, event_owners)
    write_emails(people, record, output, owners, event_owners)
    write_hubspot_contacts(people, output, owners)
    write_consents(people, record, output, owners)
    write_salesforce(people, output, owners)
    output.flush_all()

    identifiers = owners.lines()
    _spill(brand, "identifiers", number, identifiers)
    event_owners.sort(key=lambda line: (line[-9:], line))
    _spill(brand, "event_owners", number, event_owners)
    _spill(brand, "customers", number, _customers(people, record, outcome))
    return ChunkResult(
        counts=dict(output.counts),
        delivered=delivered,
        orders=int(outcome.orders.sum()),
        revenue=float(np.rint(outcome.revenue * 10_000).sum()),
        identifiers=len(identifiers),
        event_owners=len(event_owners),
    )


def _spill(brand: Brand, name: str, number: int, lines: list[str]) -> None:
    path = brand.folder / f"truth-{name}-{number:06d}.csv"
    path.write_text("".join(lines), encoding="utf-8")


def _customers(people: People, record: Record, outcome: Outcome) -> list[str]:
    before = -people.traits.days_since_purchase.astype(np.int64)
    left = np.where(people.traits.is_gone, before, NEVER)
    for at, day in reversed(record.left):
        left[at] = day
    lines = []
    rows = zip(
        people.numbers,
        outcome.is_customer[0].tolist(),
        outcome.is_alive[0].tolist(),
        left.tolist(),
        outcome.future_revenue[0].tolist(),
        strict=True,
    )
    for number, customer, alive, day, revenue in rows:
        state = ("alive" if alive else "churned") if customer else "prospect"
        gone = "" if day == NEVER else day_of(people.start, day).isoformat()
        lines.append(f"{person_name(number)},{state},{gone},{revenue:.2f}\n")
    return lines


def _truth_block(task: tuple[Brand, int, int]) -> Sums:
    brand, begin, end = task
    persons = sample_persons(brand.people, brand.parameters)[begin:end]
    return sample_sums(brand.seed, persons, brand.parameters, brand.start, brand.days)


def _merge(task: tuple[Brand, str, int, int]) -> int:
    brand, stream, begin, end = task
    return sum(
        merge_day(brand.folder, brand.out, stream, day, day_of(brand.start, day), brand.seed)
        for day in range(begin, end)
    )


@contextmanager
def _workers(
    processes: int,
) -> Iterator[Callable[[Callable[[Task], Result], Iterable[Task]], Iterator[Result]]]:
    if processes <= 1:
        yield map
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        yield pool.map


def simulate_brand(
    out: Path,
    *,
    people: int,
    days: int,
    seed: int,
    start: date,
    processes: int | None,
    progress: Callable[[str], None] | None,
    chunk: int | None = None,
    parameters: Parameters | None = None,
) -> SimulationSummary:
    """Write exports and truth below `out`; see `sojourn.simulation.simulate`.

    `chunk` (persons simulated together, a multiple of 64) and `processes` change speed and
    memory, never the files.
    """
    if people < 1 or days < 1:
        raise ValueError("A simulation needs at least one person and one day.")
    parameters = parameters or Parameters()
    tell = progress or (lambda message: None)
    # Half the population, in whole companies of 64, but never so much that memory suffers.
    size = chunk or min(4096, -(-people // 128) * 64)
    if size % 64:
        raise ValueError(f"A chunk is a multiple of 64 persons, not {size}: homes and companies.")
    workers = processes if processes is not None else min(2, os.cpu_count() or 1)
    if people <= 512:
        workers = 1
    make_folders(out)
    for stream in STREAMS.values():
        under, file = stream.path.split("/")
        for stale in (out / under).glob(file.replace("{day}", "*")):
            stale.unlink()
    folder = Path(tempfile.mkdtemp(prefix=".spill-", dir=out))
    try:
        brand = Brand(folder, out, people, days, seed, start, parameters)
        chunks = [
            (brand, number, begin, min(begin + size, people))
            for number, begin in enumerate(range(0, people, size))
        ]
        sample = len(sample_persons(people, parameters))
        blocks = [(brand, begin, min(begin + _BLOCK, sample)) for begin in range(0, sample, _BLOCK)]
        with _workers(workers) as spread:
            counts: dict[str, int] = dict.fromkeys(STREAMS, 0)
            orders = identifiers = event_owners = 0
            revenue = 0.0
            delivered = no_delivery(days)
            sums_of = spread(_truth_block, blocks)
            for done, result in enumerate(spread(simulate_chunk, chunks), start=1):
                for name, count in result.counts.items():
                    counts[name] += count
                orders += result.orders
                revenue += result.revenue
                identifiers += result.identifiers
                event_owners += result.event_owners
                delivered.impressions += result.delivered.impressions
                delivered.clicks += result.delivered.clicks
                tell(f"{min(done * size, people):,} of {people:,} persons")
            extra = Run(folder, 999_999, days)
            start_ms = milliseconds(start)
            write_noise(seed, people, start_ms, days, parameters, extra)
            write_salesforce_campaigns(extra, start_ms, days)
            extra.flush_all()
            for name, count in extra.counts.items():
                counts[name] += count
            counts.update(write_cost(out, delivered, start, days))
            tell("comparing worlds")
            effects = effect_lines(reduce(Sums.merge, sums_of), people)
            tell("writing files")
            merged = [s for s in STREAMS if s not in ("google_ads", "meta_ads")]
            step = max(1, days // 6)
            pieces = [
                (brand, name, begin, min(begin + step, days))
                for name in merged
                for begin in range(0, days, step)
            ]
            total = sum(spread(_merge, pieces))
        for name, header in (
            ("identifiers", IDENTIFIERS_HEADER),
            ("event_owners", OWNERS_HEADER),
            ("customers", CUSTOMERS_HEADER),
        ):
            parts = sorted(folder.glob(f"truth-{name}-*.csv"))
            concatenate(parts, out / "truth" / f"{name}.csv", header)
        (out / "truth" / "channel_effects.csv").write_text(
            EFFECTS_HEADER + "".join(effects), encoding="utf-8"
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return SimulationSummary(
        out=out,
        people=people,
        days=days,
        seed=seed,
        start=start,
        orders=orders,
        revenue=revenue / 10_000,
        rows=counts,
        byte_size=total,
        identifiers=identifiers,
        event_owners=event_owners,
        truth=out / "truth",
    )
