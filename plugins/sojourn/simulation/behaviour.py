"""How persons behave: the stated causal process, run in any number of worlds at once.

Arrays have the shape (worlds, persons). A world is a row of `on`: which campaigns deliver.
Draws are made once a person and shared by all worlds, so that worlds differ by their cause alone.
Only additions, products, quotients and comparisons of 32-bit floats decide anything, so the
same person behaves the same in a run of one world and in a run of two hundred.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from sojourn.simulation.chance import Chance, Floats, Integers, geometric, lognormal
from sojourn.simulation.parameters import (
    CAMPAIGN_NUMBER,
    CAMPAIGNS,
    COUNTRIES,
    DOLLARS,
    PRICE_PERCENT,
    PRODUCTS,
    Parameters,
)

Flags = NDArray[np.bool_]

WEB, STORE, PHONE = 0, 1, 2
ORDER_KINDS = ("web", "store", "phone")

DIRECT, ORGANIC_SEARCH, ORGANIC_SOCIAL, REFERRAL, JOURNAL = 0, 1, 2, 3, 4
FIRST_CAMPAIGN = 5
"""A visit's origin is one of the constants above or `FIRST_CAMPAIGN` + the campaign's number."""

_CURRENCIES = tuple(DOLLARS)
_PRICES = np.array(
    [[product.cents * PRICE_PERCENT[c] // 100 for product in PRODUCTS] for c in _CURRENCIES],
    dtype=np.int64,
)
MAX_LINES = 4


@dataclass(frozen=True)
class Traits:
    """What stays with a person; arrays of shape (n,)."""

    country: Integers
    currency: Integers
    need_rate: Floats
    social_reach: Floats
    display_reach: Floats
    opens: Floats
    store_share: Floats
    churn: Floats
    spend_level: Floats
    is_customer: Flags
    """Bought before the first day."""
    is_coupon_user: Flags
    is_subscribed: Flags
    takes_sms: Flags
    takes_mail: Flags
    days_since_purchase: Floats
    """At day 0, for those who bought before."""
    is_gone: Flags
    """Bought before and left for good before the first day."""


def household_heads(chance: Chance) -> Integers:
    """Return the number of the person who heads each person's household (often themselves).

    Four neighbouring numbers are a block; in a third of the blocks the first two share a home,
    in a sixth the first three.
    """
    place = chance.persons % 4
    first = chance.persons - place
    draw = Chance(chance.seed, first).uniform("household")
    members = np.where(draw < np.float32(0.33), 2, np.where(draw < np.float32(0.5), 3, 1))
    return np.where(place < members, first, chance.persons)


def draw_traits(chance: Chance, parameters: Parameters) -> Traits:
    """Return the traits of the persons of `chance`."""
    shares = np.cumsum([country.share for country in COUNTRIES])
    heads = Chance(chance.seed, household_heads(chance))
    country = np.searchsorted(shares, heads.below("country", 100), side="right").astype(np.int64)
    currencies = np.array([_CURRENCIES.index(c.currency) for c in COUNTRIES])
    is_customer = chance.uniform("is_customer") < np.float32(0.36)
    low, high = parameters.churn_after_purchase
    days_since = np.floor(chance.uniform("last_purchase") * np.float32(160.0)) + np.float32(1.0)
    return Traits(
        country=country,
        currency=currencies[country],
        need_rate=lognormal(
            chance.uniform("need_rate"), parameters.need_median, parameters.need_sigma
        )
        * np.where(is_customer, np.float32(1.25), np.float32(0.9)),
        social_reach=chance.uniform("social_reach") * np.float32(2.0),
        display_reach=chance.uniform("display_reach") * np.float32(2.0),
        opens=np.float32(0.4) + chance.uniform("opens") * np.float32(1.2),
        store_share=np.where(
            chance.uniform("near_store") < np.float32(0.45),
            np.float32(0.5) + chance.uniform("store_share") * np.float32(1.5),
            np.float32(0.05),
        ),
        churn=np.float32(low) + chance.uniform("churn") * np.float32(high - low),
        spend_level=lognormal(chance.uniform("spend_level"), 1.0, 0.45),
        is_customer=is_customer,
        is_coupon_user=chance.uniform("coupon_user") < np.float32(parameters.coupon_user),
        is_subscribed=chance.uniform("is_subscribed")
        < np.where(is_customer, np.float32(0.62), np.float32(0.10)),
        takes_sms=is_customer & (chance.uniform("takes_sms") < np.float32(0.28)),
        takes_mail=is_customer & (chance.uniform("takes_mail") < np.float32(0.55)),
        days_since_purchase=days_since,
        is_gone=is_customer
        & (chance.uniform("is_gone") < days_since * np.float32(parameters.gone_before / 160.0)),
    )


@dataclass
class Baskets:
    """Order lines; arrays of shape (m, 4) with quantity 0 where a line is absent, money in cents.

    An order's content hangs on (person, day, kind) alone: the same in every world that has it.
    """

    product: Integers
    quantity: Integers
    price: Integers
    line_discount: Integers
    discount: Integers
    """Of the whole order, shape (m,)."""
    net: Integers
    """Value before tax and shipping, after discounts, shape (m,)."""
    refund: Integers
    """Part of `net` that is given back at some time, shape (m,)."""
    refund_day: Integers
    """Day of the refund, shape (m,); meaningless where `refund` is 0."""


def baskets(
    chance: Chance,
    traits: Traits,
    parameters: Parameters,
    at: Integers,
    day: Integers,
    kind: Integers,
) -> Baskets:
    """Return the content of the orders of persons `at` (positions), each of shape (m,)."""
    lines = 1 + np.searchsorted(
        np.array([0.52, 0.81, 0.94], dtype=np.float32), chance.uniform("lines", day, kind, at)
    )
    product = np.empty((len(at), MAX_LINES), dtype=np.int64)
    quantity = np.zeros((len(at), MAX_LINES), dtype=np.int64)
    line_discount = np.zeros((len(at), MAX_LINES), dtype=np.int64)
    level = np.clip(traits.spend_level[at], np.float32(0.4), np.float32(2.4))
    for line in range(MAX_LINES):
        slot = kind * MAX_LINES + line
        # People who spend more look at the dearer half of the catalogue.
        drawn = chance.uniform("product", day, slot, at) / np.maximum(level, np.float32(1.0))
        product[:, line] = _BY_PRICE[(drawn * np.float32(len(PRODUCTS))).astype(np.int64)]
        count = np.minimum(geometric(chance.uniform("quantity", day, slot, at), 1.25), 5)
        quantity[:, line] = np.where(line < lines, count, 0)
    price = _PRICES[traits.currency[at][:, None], product]
    for line in range(MAX_LINES):
        reduced = chance.uniform("reduced", day, kind * MAX_LINES + line, at) < np.float32(0.08)
        line_discount[:, line] = np.where(
            reduced, price[:, line] * quantity[:, line] * 15 // 100, 0
        )
    after_lines = (price * quantity - line_discount).sum(axis=1)
    percent = np.where(
        traits.is_coupon_user[at] & (chance.uniform("discount", day, kind, at) < np.float32(0.35)),
        10,
        0,
    )
    discount = np.where(kind == WEB, after_lines * percent // 100, 0)
    net = after_lines - discount
    refund_draw = chance.uniform("refund", day, kind, at)
    whole = refund_draw < np.float32(parameters.refund * 0.6)
    part = (~whole) & (refund_draw < np.float32(parameters.refund))
    first_line = price[:, 0] * quantity[:, 0] - line_discount[:, 0]
    refund = np.where(whole, net, np.where(part, np.minimum(first_line, net), 0))
    return Baskets(
        product=product,
        quantity=quantity,
        price=price,
        line_discount=line_discount,
        discount=discount,
        net=net,
        refund=refund,
        refund_day=day + 2 + chance.below("refund_delay", 18, day, kind, at),
    )


_BY_PRICE = np.argsort([-product.cents for product in PRODUCTS], kind="stable")
_RATES = np.array([DOLLARS[c] for c in _CURRENCIES], dtype=np.float64)


def dollars(traits: Traits, at: Integers, cents: Integers) -> NDArray[np.float64]:
    """Return amounts of the persons' currencies in US dollars."""
    return _RATES[traits.currency[at]] * cents / 100.0


@dataclass
class Record:
    """What happened in a single world; each list holds one entry a day.

    Persons are positions within the chunk.
    """

    visits: list[tuple[Integers, int, int]] = field(default_factory=list)
    """(persons, day, origin)"""
    orders: list[tuple[Integers, int, int]] = field(default_factory=list)
    """(persons, day, kind)"""
    sends: list[tuple[Integers, int, int, Flags, Flags, Flags]] = field(default_factory=list)
    """(persons, day, campaign, opened, clicked, unsubscribed)"""
    texts: list[tuple[Integers, int, Flags]] = field(default_factory=list)
    """(persons, day, refused further ones)"""
    mails: list[tuple[Integers, int]] = field(default_factory=list)
    impressions: list[tuple[Integers, int, int]] = field(default_factory=list)
    """(persons, day, campaign)"""
    sign_ups: list[tuple[Integers, int]] = field(default_factory=list)
    carts: list[tuple[Integers, int]] = field(default_factory=list)
    left: list[tuple[Integers, int]] = field(default_factory=list)
    """(persons, day): stopped being a customer for good"""


@dataclass
class Outcome:
    """What came of it, shape (worlds, persons)."""

    orders: NDArray[np.float64]
    revenue: NDArray[np.float64]
    """US dollars, net of tax, shipping and the refunds made by the last day."""
    future_revenue: NDArray[np.float64]
    """The same over the days after `days`, for orders of those days."""
    is_customer: Flags
    is_alive: Flags
    """At the end of day `days` - 1."""


def run(
    chance: Chance,
    traits: Traits,
    parameters: Parameters,
    *,
    on: Flags,
    start: date,
    days: int,
    future_days: int = 0,
    record: Record | None = None,
) -> Outcome:
    """Run the persons of `chance` through `days` days in every world of `on`.

    Args:
        chance: The persons' draws.
        traits: Their traits.
        parameters: Strength of the causes.
        on: Whether each campaign delivers, shape (worlds, campaigns).
        start: Date of day 0.
        days: Days that count as outcome.
        future_days: Days to run on after those, for future revenue.
        record: Filled with what happened; needs a single world.

    Raises:
        ValueError: when a record is asked of several worlds.
    """
    if record is not None and len(on) != 1:
        raise ValueError("Only a run of a single world can be recorded.")
    return _Run(chance, traits, parameters, on, start, days, record).go(future_days)


def _f(value: float) -> np.float32:
    return np.float32(value)


class _Run:
    """The state of persons in worlds, and the rules that move it on by a day."""

    def __init__(
        self,
        chance: Chance,
        traits: Traits,
        parameters: Parameters,
        on: Flags,
        start: date,
        days: int,
        record: Record | None,
    ) -> None:
        self.chance = chance
        self.traits = traits
        self.p = parameters
        self.start = start
        self.days = days
        self.record = record
        worlds, persons = len(on), len(chance.persons)
        shape = (worlds, persons)
        self.on = {key: on[:, number, None] for key, number in CAMPAIGN_NUMBER.items()}
        self.channel_runs = {key: bool(flags.any()) for key, flags in self.on.items()}
        self.intent = np.zeros(shape, dtype=np.float32)
        self.awareness = np.empty(shape, dtype=np.float32)
        self.awareness[:] = np.where(
            traits.is_customer,
            _f(parameters.awareness_start_customer),
            _f(parameters.awareness_start_prospect),
        )
        self.catalogue = np.zeros(shape, dtype=np.float32)
        self.since_visit = np.full(shape, 99, dtype=np.float32)
        self.since_purchase = np.empty(shape, dtype=np.float32)
        self.since_purchase[:] = np.where(traits.is_customer, traits.days_since_purchase, _f(9999))
        self.customer = np.broadcast_to(traits.is_customer, shape).copy()
        self.alive = np.broadcast_to(~traits.is_gone, shape).copy()
        self.subscribed = np.broadcast_to(traits.is_subscribed, shape).copy()
        self.sms = np.broadcast_to(traits.takes_sms, shape).copy()
        self.refused = np.zeros(shape, dtype=np.bool_)
        self.cart = np.zeros(shape, dtype=np.bool_)
        self.visit = np.zeros(shape, dtype=np.bool_)
        self.taken: list[tuple[Integers, int, int, Flags]] = []
        self.orders = np.zeros(shape, dtype=np.float64)
        self.revenue = np.zeros(shape, dtype=np.float64)
        self.future_revenue = np.zeros(shape, dtype=np.float64)

    def go(self, future_days: int) -> Outcome:
        """Run all days and return the outcome."""
        ends: tuple[Flags, Flags] | None = None
        for day in range(self.days + future_days):
            if day == self.days:
                self.record = None
                ends = (self.customer.copy(), self.alive.copy())
            self.step(day)
        self.price_orders()
        customer, alive = ends if ends is not None else (self.customer, self.alive)
        return Outcome(self.orders, self.revenue, self.future_revenue, customer, alive)

    def step(self, day: int) -> None:
        """Move every person in every world on by a day."""
        self.needs_arise(day)
        self.ready = self.intent / (_f(1) + self.intent)
        self.visit[:] = False
        self.lift = np.zeros_like(self.intent)
        self.gain = np.zeros_like(self.intent)
        self.retargetable = self.since_visit <= _f(self.p.retargeting_days)
        self.deliver_mail(day)
        self.deliver_texts(day)
        self.deliver_emails(day)
        self.deliver_ads(day)
        self.search(day)
        self.visit_unprompted(day)
        # Who has left hardly listens any more; the brand does not know and sends on.
        self.intent += self.lift * np.where(self.alive, _f(1), _f(self.p.after_churn))
        self.awareness += (_f(1) - self.awareness) * np.minimum(self.gain, _f(1))
        np.divide(self.intent, _f(1) + self.intent, out=self.ready)
        self.buy(day)
        self.awareness *= _f(self.p.awareness_kept)
        self.since_visit += _f(1)
        self.since_visit[self.visit] = 0
        self.since_purchase += _f(1)

    # -- causes ---------------------------------------------------------------------------------

    def needs_arise(self, day: int) -> None:
        """Intent fades, and now and then a need arises that no channel has caused."""
        when = self.start + timedelta(days=day)
        season = self.p.season[when.month - 1] * self.p.weekday[when.weekday()]
        draw, size = self.chance.pair("need", day)
        self.intent *= _f(self.p.intent_kept)
        at = np.flatnonzero(draw < self.traits.need_rate * _f(season))
        low, width = self.p.need_intent
        shock = _f(low) + _f(width) * size[at]
        self.intent[:, at] += np.where(self.alive[:, at], shock, shock * _f(self.p.after_churn))

    def deliver_mail(self, day: int) -> None:
        """Catalogues go to customers with a postal address and work for weeks."""
        self.catalogue *= _f(self.p.mail_kept)
        since = day - self.p.mail_first_day
        if since >= 0 and since % self.p.mail_every_days == 0:
            sent = self.on["catalogue"] & self.traits.takes_mail
            self.catalogue += sent * _f(1)
            if self.record is not None:
                self.record.mails.append((np.flatnonzero(sent[0]), day))
        if self.channel_runs["catalogue"]:
            self.lift += self.catalogue * _f(self.p.mail_strength)
            draw = self.chance.uniform("mail_click", day)
            at = np.flatnonzero(draw < _f(self.p.mail_click))
            clicked = draw[at] < self.catalogue[:, at] * _f(self.p.mail_click)
            self.note_clicks("catalogue", day, at, clicked)

    def deliver_texts(self, day: int) -> None:
        """A text message a week to those who agreed; the effect is short."""
        if (self.start + timedelta(days=day)).weekday() != self.p.sms_weekday:
            return
        at = np.flatnonzero(self.traits.takes_sms)
        sent = self.on["flash_sale"] & self.sms[:, at]
        self.lift[:, at] += sent * _f(self.p.sms_intent)
        draw = self.chance.uniform("sms_click", day, 0, at)
        base, slope = self.p.sms_click
        clicked = sent & (draw < _f(base) + _f(slope) * self.ready[:, at])
        self.note_clicks("flash_sale", day, at, clicked)
        refusal = self.chance.uniform("sms_refused", day, 0, at) < _f(self.p.unsubscribe * 2.5)
        refused = sent & refusal
        self.sms[:, at] &= ~refused
        if self.record is not None:
            self.record.texts.append((at[sent[0]], day, refused[0][sent[0]]))

    def deliver_emails(self, day: int) -> None:
        """Newsletter, abandoned cart and win-back, to subscribers only."""
        weekday = (self.start + timedelta(days=day)).weekday()
        reachable = self.subscribed
        if weekday == self.p.newsletter_weekday:
            self.email("newsletter", day, reachable, self.p.newsletter_intent)
        self.email("abandoned_cart", day, reachable & self.cart, self.p.cart_intent)
        due = self.since_purchase == _f(self.p.win_back_after_days)
        self.email("win_back", day, reachable & due, self.p.win_back_intent)

    def email(self, key: str, day: int, wanted: Flags, intent: float) -> None:
        """Send a campaign's e-mail to persons, who may open, click and unsubscribe."""
        if not self.channel_runs[key]:
            return
        wanted = wanted & self.on[key]
        at = np.flatnonzero(wanted.any(axis=0))
        if not len(at):
            return
        sent = wanted[:, at]
        open_draw = self.chance.uniform(f"open:{key}", day, 0, at)
        click_draw = self.chance.uniform(f"click:{key}", day, 0, at)
        ready = self.ready[:, at]
        base, slope = self.p.email_open
        opened = sent & (open_draw < (_f(base) + _f(slope) * ready) * self.traits.opens[at])
        base, slope = self.p.email_click
        clicked = opened & (click_draw < _f(base) + _f(slope) * ready)
        leaving = self.chance.uniform(f"leave:{key}", day, 0, at) < _f(self.p.unsubscribe)
        left = sent & leaving
        self.lift[:, at] += opened * _f(intent)
        self.subscribed[:, at] &= ~left
        self.refused[:, at] |= left
        self.note_clicks(key, day, at, clicked)
        if self.record is not None:
            self.record.sends.append(
                (
                    at[sent[0]],
                    day,
                    CAMPAIGN_NUMBER[key],
                    opened[0][sent[0]],
                    clicked[0][sent[0]],
                    left[0][sent[0]],
                )
            )

    def deliver_ads(self, day: int) -> None:
        """Prospecting reaches anybody; retargeting follows those who came by themselves."""
        p, traits = self.p, self.traits
        self.ad(
            *("social_prospecting", day, traits.social_reach * _f(p.social_impression), False),
            *(p.social_intent, p.social_awareness, p.social_click),
        )
        self.ad(
            *("display_awareness", day, traits.display_reach * _f(p.display_impression), False),
            *(0.0, p.display_awareness, p.display_click),
        )
        self.ad(
            "social_retargeting",
            day,
            traits.social_reach * _f(p.social_retargeting_impression),
            True,
            *(p.social_retargeting_intent, 0.0, p.social_retargeting_click),
        )
        self.ad(
            "display_retargeting",
            day,
            traits.display_reach * _f(p.display_retargeting_impression),
            True,
            *(p.display_retargeting_intent, 0.0, p.display_retargeting_click),
        )
        draw, share = self.chance.pair("review_partners", day)
        at = np.flatnonzero(draw < _f(p.review_click * 2))
        clicked = self.on["review_partners"] & (
            draw[at] < _f(p.review_click) * (_f(0.6) + self.ready[:, at])
        )
        self.lift[:, at] += clicked * (_f(p.review_intent) * share[at])
        self.gain[:, at] += clicked * _f(p.review_awareness)
        self.note_clicks("review_partners", day, at, clicked)

    def ad(
        self,
        key: str,
        day: int,
        reach: Floats,
        retargets: bool,
        intent: float,
        awareness: float,
        click: tuple[float, float],
    ) -> None:
        """Show an ad to the persons whom it reaches today, some of whom click."""
        if not self.channel_runs[key]:
            return
        draw, click_draw = self.chance.pair(key, day)
        at = np.flatnonzero(draw < reach)
        shown = np.broadcast_to(self.on[key], (len(self.on[key]), len(at)))
        if retargets:
            shown = shown & self.retargetable[:, at]
        base, slope = click
        clicked = shown & (click_draw[at] < _f(base) + _f(slope) * self.ready[:, at])
        if intent:
            self.lift[:, at] += shown * _f(intent)
        if awareness:
            self.gain[:, at] += shown * _f(awareness)
        self.note_clicks(key, day, at, clicked)
        if self.record is not None:
            self.record.impressions.append((at[shown[0]], day, CAMPAIGN_NUMBER[key]))

    def search(self, day: int) -> None:
        """Intent makes people search; ads harvest brand searches and win generic ones."""
        p = self.p
        draw, outcome = self.chance.pair("brand_search", day)
        at = np.flatnonzero(draw < _f(p.brand_searches))
        ready = self.ready[:, at]
        searches = draw[at] < _f(p.brand_searches) * self.awareness[:, at] * ready
        takes_ad = self.on["brand_search"] & (outcome[at] < _f(p.brand_click))
        self.note_clicks("brand_search", day, at, searches & takes_ad)
        found = (outcome[at] >= _f(p.brand_lost)) & (outcome[at] < _f(p.brand_organic))
        organic = searches & ~takes_ad & found
        self.note_visits(ORGANIC_SEARCH, day, at, organic)
        if self.record is not None:
            shown = searches & self.on["brand_search"]
            self.record.impressions.append((at[shown[0]], day, CAMPAIGN_NUMBER["brand_search"]))

        draw, outcome = self.chance.pair("generic_search", day)
        at = np.flatnonzero(draw < _f(p.generic_searches))
        searches = draw[at] < _f(p.generic_searches) * self.ready[:, at]
        shown = searches & self.on["generic_search"]
        clicked = shown & (outcome[at] < _f(p.generic_click))
        self.note_clicks("generic_search", day, at, clicked)
        self.gain[:, at] += clicked * _f(p.generic_awareness)
        self.lift[:, at] += clicked * _f(p.generic_intent)
        found = searches & ~clicked & (outcome[at] > _f(1.0 - p.generic_organic))
        self.note_visits(ORGANIC_SEARCH, day, at, found)
        if self.record is not None:
            self.record.impressions.append((at[shown[0]], day, CAMPAIGN_NUMBER["generic_search"]))

    def visit_unprompted(self, day: int) -> None:
        """Direct visits, social posts, referrals and the journal: the baseline."""
        p = self.p
        draw, other = self.chance.pair("unprompted", day)
        base, slope = p.direct
        at = np.flatnonzero(draw < _f(base + slope))
        habit = np.where(self.alive[:, at], _f(1), _f(p.habit_after_churn))
        wish = (_f(base) + _f(slope) * self.ready[:, at]) * habit
        direct = draw[at] < self.awareness[:, at] * wish
        self.note_visits(DIRECT, day, at, direct)
        at = np.flatnonzero(other < _f(p.organic_social))
        social = other[at] < _f(p.organic_social) * self.awareness[:, at]
        self.note_visits(ORGANIC_SOCIAL, day, at, social)
        at = np.flatnonzero(other > _f(1.0 - p.referral))
        referral = np.ones((len(self.intent), len(at)), dtype=np.bool_) & self.alive[:, at]
        self.note_visits(REFERRAL, day, at, referral)

        base, slope = p.journal
        draw = self.chance.uniform("journal", day)
        at = np.flatnonzero(draw < _f(base + slope))
        reads = draw[at] < _f(base) * self.awareness[:, at] + _f(slope) * self.ready[:, at]
        self.gain[:, at] += reads * _f(p.journal_awareness)
        if self.record is not None:
            self.record.visits.append((at[reads[0]], day, JOURNAL))

    def note_visits(self, origin: int, day: int, at: Integers, visits: Flags) -> None:
        """Mark visits of the shop."""
        self.visit[:, at] |= visits
        if self.record is not None:
            self.record.visits.append((at[visits[0]], day, origin))

    def note_clicks(self, key: str, day: int, at: Integers, clicked: Flags) -> None:
        """Mark visits that a campaign brought."""
        self.note_visits(FIRST_CAMPAIGN + CAMPAIGN_NUMBER[key], day, at, clicked)

    # -- consequences ---------------------------------------------------------------------------

    def buy(self, day: int) -> None:
        """Purchases, and what they change: intent, satisfaction, membership, departure."""
        p, traits, chance = self.p, self.traits, self.chance
        squared = self.ready * self.ready
        web_draw, coupon_draw = chance.pair("web_purchase", day)
        chance_to_buy = squared * _f(p.web_purchase)
        possible = self.visit & self.alive
        looks = traits.is_coupon_user & (coupon_draw < _f(0.6))
        at = np.flatnonzero(looks & (web_draw < _f(p.web_purchase * p.coupon_window)))
        coupon = (
            self.on["coupon_partners"]
            & possible[:, at]
            & (web_draw[at] < chance_to_buy[:, at] * _f(p.coupon_window))
        )
        chance_to_buy[:, at] *= np.where(coupon, _f(1.0 + p.coupon_lift), _f(1))
        self.note_clicks("coupon_partners", day, at, coupon)
        bought = possible & (web_draw < chance_to_buy)

        store_draw, phone_draw = chance.pair("store_purchase", day)
        in_store = self.alive & (store_draw < squared * traits.store_share * _f(p.store_purchase))
        by_phone = self.alive & (phone_draw < squared * _f(p.phone_purchase))
        anything = bought | in_store | by_phone

        self.cart[:] = self.visit & ~anything
        self.cart &= chance.uniform("cart", day) < self.ready * _f(p.cart)
        if self.record is not None:
            self.record.carts.append((np.flatnonzero(self.cart[0]), day))
        self.sign_up(day, bought)

        at = np.flatnonzero(anything.any(axis=0))
        if len(at):
            for kind, flags in ((WEB, bought), (STORE, in_store), (PHONE, by_phone)):
                self.take_orders(day, kind, flags)
            buyers = anything[:, at]
            self.intent[:, at] *= np.where(buyers, _f(p.intent_after_purchase), _f(1))
            self.customer[:, at] |= buyers
            self.awareness[:, at] += np.where(
                buyers, (_f(1) - self.awareness[:, at]) * _f(0.5), _f(0)
            )
            self.since_purchase[:, at] = np.where(buyers, _f(0), self.since_purchase[:, at])
            goes = chance.uniform("last_purchase_ever", day, 0, at) < traits.churn[at]
            self.leave(day, at, buyers & goes)
        at = np.flatnonzero(chance.uniform("attrition", day) < _f(p.attrition))
        self.leave(day, at, self.customer[:, at] & self.alive[:, at])

    def leave(self, day: int, at: Integers, gone: Flags) -> None:
        """End the relation for good; the person may still look, but buys no more."""
        self.alive[:, at] &= ~gone
        if self.record is not None:
            self.record.left.append((at[gone[0]], day))

    def sign_up(self, day: int, bought: Flags) -> None:
        """Visitors and buyers leave their address and agree to e-mail."""
        draw = self.chance.uniform("sign_up", day)
        at = np.flatnonzero(draw < _f(self.p.buyer_joins))
        candidates = ~self.subscribed[:, at] & ~self.refused[:, at]
        joins = candidates & (
            (self.visit[:, at] & (draw[at] < _f(self.p.sign_up)))
            | (bought[:, at] & (draw[at] < _f(self.p.buyer_joins)))
        )
        self.subscribed[:, at] |= joins
        if self.record is not None:
            self.record.sign_ups.append((at[joins[0]], day))

    def take_orders(self, day: int, kind: int, flags: Flags) -> None:
        """Note who orders in which world."""
        at = np.flatnonzero(flags.any(axis=0))
        if len(at):
            self.taken.append((at, day, kind, flags[:, at]))
            if self.record is not None:
                self.record.orders.append((at, day, kind))

    def price_orders(self) -> None:
        """Add up all orders; priced together, since an order's content needs no other state."""
        if not self.taken:
            return
        at = np.concatenate([taken[0] for taken in self.taken])
        day = np.concatenate([np.full(len(taken[0]), taken[1]) for taken in self.taken])
        kind = np.concatenate([np.full(len(taken[0]), taken[2]) for taken in self.taken])
        content = baskets(self.chance, self.traits, self.p, at, day, kind)
        is_given_back = (content.refund_day < self.days) | (day >= self.days)
        kept = content.net - np.where(is_given_back, content.refund, 0)
        value = dollars(self.traits, at, kept)
        begin = 0
        for persons, when, _, made in self.taken:
            worth = made * value[begin : begin + len(persons)]
            begin += len(persons)
            if when < self.days:
                self.orders[:, persons] += made
                self.revenue[:, persons] += worth
            else:
                self.future_revenue[:, persons] += worth


ALL_ON = np.ones((1, len(CAMPAIGNS)), dtype=np.bool_)
