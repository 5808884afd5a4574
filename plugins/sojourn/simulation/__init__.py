"""A simulated brand whose truth is known: who is who, and what each channel really caused.

`simulate` writes an omnichannel retailer's exports, as the real tools write them and as dirty,
and beside them in `truth/` what no brand ever knows. The pipeline never reads `truth/`.

**The causal process** (`behaviour`; every number is a field of `parameters.Parameters`). A person
has traits that stay (country, how often needs arise, reach by ads, distance to a store, spending
level, risk of leaving) and a state that moves by the day:

- *Intent* fades by 13 % a day. Needs arise by themselves, more often in season, and bring most of
  it. `ready` = intent / (1 + intent) is what other causes look at. *Awareness* fades slowly.
- *Baseline visits*: direct (awareness and ready), organic search, social posts, referrals, the
  journal. They come with every channel off.
- *Paid Search*: intent makes people search for the brand. Most of those who click the ad would
  have come through the result below it (94 %): it harvests. Generic ads win visits, awareness
  and some intent from people who search for the category.
- *Paid Social* and *Display* prospecting reach anybody, raise awareness a little and rarely earn a
  click. Retargeting follows people who came by themselves: many touches, little cause.
- *Email*: a weekly newsletter, abandoned carts, a win-back 45 days after the last purchase.
  Opening raises intent. Delivered mail makes some unsubscribe, which ends all of it.
- *Affiliates*: coupon sites are visited by people who were about to buy (almost no cause);
  review sites bring new interest. *SMS* is weekly and short. *Direct Mail* is a catalogue every
  four weeks that works for weeks and seldom leaves a trace.
- *Purchases*: on the web with a visit (0.34 x ready^2), in a store or by telephone without one.
  A purchase takes most of the intent with it, makes the customer known, raises awareness, and
  with the person's own probability was the last one ever (alive -> churned); a few leave without
  a purchase. Who left looks now and then and never buys again; the brand sends on unknowingly.
  Some orders are given back, wholly or in part. What an order holds depends on (person, day,
  kind) alone, so worlds that share an order share its value.
- Business sales (Salesforce) run beside all this and no channel moves them: they are no part of
  the truth about channels, whose conversions are orders.

**Truth.** Every draw is a hash of (seed, person, purpose, day, slot) (`chance`), so worlds share
all chance. `channel_effects.csv` compares worlds re-run from day 0: a channel's (or campaign's)
incremental outcome is that of the exported world less that of the world without it; Shapley
values average over all 2^7 worlds and, with the row `baseline` (the empty world), sum to the
exported world. They are run for everybody up to `Parameters.truth_persons`, beyond that for that
many persons spread evenly over the population and scaled up. Revenue is in US dollars at the
rates of `parameters.DOLLARS`, net of tax, shipping and the refunds made within the period.
`identifiers.csv` has a row for each identifier in the exports and person it belongs to (more than
one when shared: a family's tablet, telephone or address, a store's kiosk). Bots, staff and
placeholders such as noreply@ belong to nobody and are absent. `event_owners.csv` covers segment,
snowplow, hubspot, and shopify (order name), pos (receipt) and calls. `customers.csv` has every
person: `prospect` never bought; revenue of the 365 days after the end is in US dollars, as if all
channels ran on.

**Time.** What happens on day D lies within D in UTC. A file of day D holds what was delivered by
its end; late records come up to three days later, at the latest in the last file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True)
class SimulationSummary:
    """What a simulation wrote.

    `rows` counts lines by stream (repeated deliveries included), `byte_size` the files as they
    are on disk, `revenue` is in US dollars, net of tax, shipping and refunds within the period.
    """

    out: Path
    people: int
    days: int
    seed: int
    start: date
    orders: int
    revenue: float
    rows: dict[str, int]
    byte_size: int
    identifiers: int
    event_owners: int
    truth: Path


def simulate(
    out: Path,
    *,
    people: int,
    days: int,
    seed: int,
    start: date = date(2026, 1, 1),
    processes: int | None = None,
    progress: Callable[[str], None] | None = None,
) -> SimulationSummary:
    """Write a brand's exports and their truth below `out`, and return what was written."""
    from sojourn.simulation.world import simulate_brand

    return simulate_brand(
        out,
        people=people,
        days=days,
        seed=seed,
        start=start,
        processes=processes,
        progress=progress,
    )
