"""Visits become sessions: on which device, when, how long, signed in or not, and what is done."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sojourn.simulation.behaviour import (
    DIRECT,
    FIRST_CAMPAIGN,
    JOURNAL,
    WEB,
    Flags,
    Record,
)
from sojourn.simulation.chance import Integers, geometric
from sojourn.simulation.parameters import CAMPAIGN_NUMBER, CAMPAIGNS, Parameters
from sojourn.simulation.people import (
    APP,
    DAY_MS,
    FAMILY,
    KIOSK,
    LAPTOP,
    PHONE_WEB,
    People,
)

_COUPON = FIRST_CAMPAIGN + CAMPAIGN_NUMBER["coupon_partners"]
_JOURNAL_CAMPAIGNS = (FIRST_CAMPAIGN + CAMPAIGN_NUMBER["social_prospecting"],)

NOT_SIGNED_IN, SIGNS_IN, REMEMBERED = 0, 1, 2


@dataclass
class Sessions:
    """Sessions of a chunk, sorted by person and start; arrays of shape (m,)."""

    person: Integers
    day: Integers
    origin: Integers
    device: Integers
    store: Integers
    """The store whose kiosk it is; 0 elsewhere."""
    start: Integers
    """Milliseconds since 1970, UTC."""
    sign_in: Integers
    order: Integers
    """Index of the order made, or -1."""
    browse: Integers
    """Pages after the first."""
    has_cart: Flags
    signs_up: Flags
    signs_out: Flags
    on_journal: Flags
    is_untracked: Flags
    is_stripped: Flags


def email_times(people: People, person: Integers, day: Integers, campaign: Integers) -> Integers:
    """Return when an e-mail of the day is sent, in milliseconds of the UTC day."""
    jitter = people.chance.below("send_jitter", 1_200_000, day, campaign, person)
    second = people.utc_second(person, day, np.full(len(person), 8 * 3600))
    return np.minimum(second, 72_000) * 1000 + jitter


def email_delays(
    people: People, person: Integers, day: Integers, campaign: Integers
) -> tuple[Integers, Integers]:
    """Return the milliseconds from sending to opening, and from opening to clicking."""
    opening = people.chance.below("open_delay", 6_000, day, campaign, person) + 90
    clicking = people.chance.below("click_delay", 240, day, campaign, person) + 5
    return opening * 1000, clicking * 1000


def build_sessions(people: People, record: Record, parameters: Parameters) -> Sessions:
    """Return the sessions of all recorded visits."""
    chance = people.chance
    empty = np.zeros(0, dtype=np.int64)
    person = np.concatenate([empty, *(at for at, _, _ in record.visits)])
    day = np.concatenate([empty, *(np.full(len(at), d) for at, d, _ in record.visits)])
    origin = np.concatenate([empty, *(np.full(len(at), o) for at, _, o in record.visits)])

    def below(purpose: str, limit: int) -> Integers:
        return chance.below(purpose, limit, day, origin, person)

    # Two draws make afternoons and evenings busier than mornings.
    local = 7 * 3600 + np.maximum(below("hour_a", 59_000), below("hour_b", 59_000))
    start = people.utc_second(person, day, local, limit=86_400 - 3_900) * 1000
    start = np.minimum(start + below("start_ms", 1000), DAY_MS - 3_900_000)
    campaign = origin - FIRST_CAMPAIGN
    email = np.isin(campaign, [n for n, c in enumerate(CAMPAIGNS) if c.channel == "Email"])
    if email.any():
        rows = (person[email], day[email], campaign[email])
        opening, clicking = email_delays(people, *rows)
        clicked = email_times(people, *rows) + opening + clicking + 1_500
        start[email] = np.minimum(clicked, DAY_MS - 3_900_000)
    # Who looks for a coupon does so at the end of the day's last visit.
    is_coupon = origin == _COUPON
    order = np.lexsort((start, is_coupon, day, person))
    person, day, origin, start = person[order], day[order], origin[order], start[order]
    is_coupon = is_coupon[order]
    shop_rank = np.arange(len(person))
    before = np.concatenate([[0], start[:-1]]) if len(start) else start
    start = np.where(
        is_coupon,
        np.minimum(before + 600_000 + below("coupon_pause", 600_000), DAY_MS - 2_600_000),
        start,
    )

    device = np.where(people.has_laptop[person] & (below("device", 100) < 48), LAPTOP, PHONE_WEB)
    is_shop = origin != JOURNAL
    direct = origin == DIRECT
    device = np.where(direct & people.has_app[person] & (below("app", 100) < 60), APP, device)
    family = people.has_family_device[person] & (below("family", 100) < 16) & (device != APP)
    device = np.where(family, FAMILY, device)
    kiosk = direct & (below("kiosk", 100) < 5) & (people.traits.store_share[person] > 0.4)
    device = np.where(kiosk, KIOSK, device)
    store = np.where(device == KIOSK, people.stores_of(person, day), 0)

    # The last visit of the shop on a day is where a web order is placed and an address left.
    group = person * 100_000 + day
    last = np.zeros(len(person), dtype=np.bool_)
    shop_rows = shop_rank[is_shop]
    if len(shop_rows):
        groups = group[shop_rows]
        last[shop_rows[np.append(groups[1:] != groups[:-1], True)]] = True
    web = people.orders.kind == WEB
    order_group = people.orders.person[web] * 100_000 + people.orders.day[web]
    ordered = np.full(len(person), -1, dtype=np.int64)
    if len(order_group):
        place = np.minimum(np.searchsorted(order_group, group), len(order_group) - 1)
        found = last & (order_group[place] == group)
        ordered[found] = np.flatnonzero(web)[place[found]]
    carts = np.concatenate([empty, *(at * 100_000 + d for at, d in record.carts)])
    has_cart = (last & np.isin(group, carts)) | (ordered >= 0)
    ups = np.concatenate([empty, *(at * 100_000 + d for at, d in record.sign_ups)])
    signs_up = last & np.isin(group, ups)

    has_account = people.account_day[person] < np.where(ordered >= 0, day + 1, day)
    wish = below("sign_in", 100)
    signs_in = has_account & (wish < np.where(ordered >= 0, 82, 34))
    shared = (device == FAMILY) | (device == KIOSK)
    remembered = (below("remembered", 100) < 60) | (device == APP)
    sign_in = np.where(
        signs_in | (has_account & (device == APP)),
        np.where(remembered & ~shared, REMEMBERED, SIGNS_IN),
        NOT_SIGNED_IN,
    )
    # The first visit with an app is always a sign-in: it makes the alias.
    sign_in = np.where((device == APP) & (sign_in > 0) & (below("app_login", 100) < 25), 1, sign_in)
    sign_in = np.where(signs_up & (people.account_day[person] == day), SIGNS_IN, sign_in)
    signs_out = (sign_in == SIGNS_IN) & (
        shared & (below("sign_out", 100) < np.where(device == KIOSK, 100, 85))
        | ~shared & (below("sign_out", 100) < 12)
    )
    pages = geometric(chance.uniform("pages", day, origin, person), 3.4)
    return Sessions(
        person=person,
        day=day,
        origin=origin,
        device=device,
        store=store,
        start=people.start_ms + day * DAY_MS + start,
        sign_in=sign_in,
        order=ordered,
        browse=np.minimum(pages - 1 + (ordered >= 0), 14),
        has_cart=has_cart,
        signs_up=signs_up & (people.email_day[person] >= 0),
        signs_out=signs_out,
        on_journal=~is_shop
        | (np.isin(origin, _JOURNAL_CAMPAIGNS) & ~last & (below("content_ad", 100) < 30)),
        is_untracked=chance.uniform("untracked", day, origin, person)
        < np.float32(parameters.untracked),
        is_stripped=chance.uniform("stripped", day, origin, person)
        < np.float32(parameters.stripped),
    )
