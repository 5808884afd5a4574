"""Who the persons are: names, addresses, devices, memberships, and how records spell them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np

from sojourn.simulation.behaviour import (
    PHONE,
    WEB,
    Flags,
    Record,
    Traits,
    household_heads,
)
from sojourn.simulation.chance import Bits, Chance, Floats, Integers, hex_ids
from sojourn.simulation.names import COMPANIES, COMPANY_FORMS, FIRST_NAMES, LAST_NAMES, latin
from sojourn.simulation.parameters import COUNTRIES, STORES

NEVER = 1_000_000
"""A day number for what does not happen."""

LAPTOP, PHONE_WEB, APP, FAMILY, KIOSK = 0, 1, 2, 3, 4
DAY_MS = 86_400_000

_MAIL_HOSTS = ("mail.example.com", "post.example.net", "web.example.org", "inbox.example.com")
_AREA_CODES = ("212", "617", "215", "404", "718", "508", "310", "213", "503", "206", "415", "619")
_MODULUS = 2_147_483_647


def scrambled(numbers: Integers) -> Integers:
    """Return numbers below 2**31 - 1 in another order, one to one."""
    return (numbers * 48_271 + 40_692) % _MODULUS


def milliseconds(day: date) -> int:
    """Return the first moment of a day in UTC as milliseconds since 1970."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


@cache
def zone_offsets(zone: str, start: date, days: int) -> Integers:
    """Return the seconds that a zone is ahead of UTC at noon of each day, shape (days,)."""
    info = ZoneInfo(zone)
    noons = (
        datetime(start.year, start.month, start.day, 12, tzinfo=UTC) + timedelta(days=day)
        for day in range(days)
    )
    offsets = [noon.astimezone(info).utcoffset() for noon in noons]
    return np.array([int(o.total_seconds()) for o in offsets if o is not None], dtype=np.int64)


@dataclass
class Orders:
    """The orders of a chunk, sorted by person, day and kind; arrays of shape (m,)."""

    person: Integers
    """Position in the chunk."""
    day: Integers
    kind: Integers
    number: Integers
    """Order number of the shop, unique in the whole population."""


class People:
    """The persons of a chunk with everything that stays with them during the simulation."""

    def __init__(
        self, chance: Chance, traits: Traits, record: Record, start: date, days: int
    ) -> None:
        """Derive identities, memberships and devices from draws and from what was recorded."""
        self.chance = chance
        self.traits = traits
        self.start = start
        self.days = days
        self.start_ms = milliseconds(start)
        self.count = len(chance.persons)
        self.numbers: list[int] = chance.persons.tolist()
        self.heads = household_heads(chance)
        self.country = [COUNTRIES[c] for c in traits.country.tolist()]
        self.is_b2b: Flags = chance.uniform("is_b2b") < np.float32(0.05)
        self._name_people()
        self._give_addresses()
        self._set_memberships(record)
        self._give_devices()
        self.orders = self._number_orders(record)

    # -- who ------------------------------------------------------------------------------------

    def _name_people(self) -> None:
        heads = Chance(self.chance.seed, self.heads)
        first = self.chance.bits("first_name") >> np.uint64(8)
        last = heads.bits("last_name") >> np.uint64(8)
        own = self.chance.bits("own_last_name")
        # A quarter of those who share a home keep their own name.
        last = np.where(own % np.uint64(4) == 0, own >> np.uint64(8), last)
        self.first: list[str] = []
        self.last: list[str] = []
        pairs = zip(self.country, first.tolist(), last.tolist(), strict=True)
        for country, first_draw, last_draw in pairs:
            firsts, lasts = FIRST_NAMES[country.names], LAST_NAMES[country.names]
            self.first.append(firsts[first_draw % len(firsts)])
            self.last.append(lasts[last_draw % len(lasts)])

    def _give_addresses(self) -> None:
        hosts = self.chance.below("mail_host", len(_MAIL_HOSTS)).tolist()
        people = list(zip(self.first, self.last, self.numbers, hosts, strict=True))
        self.email = [
            f"{latin(first)}.{latin(last)}{number}@{_MAIL_HOSTS[host]}"
            for first, last, number, host in people
        ]
        self.second_email = [
            f"{latin(first)[0]}{latin(last)}_{number}@{_MAIL_HOSTS[(host + 1) % len(_MAIL_HOSTS)]}"
            for first, last, number, host in people
        ]
        self.account_number = self.chance.persons // 64
        companies = Chance(self.chance.seed, self.account_number)
        self.company = []
        self.company_host = []
        names = companies.below("company", len(COMPANIES)).tolist()
        home = Chance(self.chance.seed, self.account_number * 64).below("country", 100)
        shares = np.cumsum([country.share for country in COUNTRIES])
        self.company_country = [
            COUNTRIES[c] for c in np.searchsorted(shares, home, side="right").tolist()
        ]
        for name, number, country in zip(
            names, self.account_number.tolist(), self.company_country, strict=True
        ):
            form = COMPANY_FORMS.get(country.code, "Oy")
            self.company.append(f"{COMPANIES[name]} {number + 1} {form}")
            self.company_host.append(f"{latin(COMPANIES[name])}{number + 1}.example.com")
        self.work_email = [
            f"{latin(first)}.{latin(last)}.{number}@{host}"
            for (first, last, number, _), host in zip(people, self.company_host, strict=True)
        ]
        self.phone = [
            phone_number(country.dial, country.mobile, number)
            for country, number in zip(self.country, self.numbers, strict=True)
        ]
        self.landline = [
            phone_number(country.dial, country.mobile, number + 4_000_000)
            for country, number in zip(self.country, self.heads.tolist(), strict=True)
        ]
        self.user_id = [f"U{n}" for n in scrambled(self.chance.persons).tolist()]
        self.loyalty = [f"LT{n:010d}" for n in scrambled(self.chance.persons + 7).tolist()]

    def _set_memberships(self, record: Record) -> None:
        traits, chance = self.traits, self.chance
        first_order = np.full(self.count, NEVER, dtype=np.int64)
        for at, day, kind in reversed(record.orders):
            if kind in (WEB, PHONE):
                first_order[at] = day
        signed_up = np.full(self.count, NEVER, dtype=np.int64)
        for at, day in reversed(record.sign_ups):
            signed_up[at] = day
        known_before = traits.is_customer | traits.is_subscribed
        known = np.minimum(first_order, signed_up)
        self.first_order_day = first_order
        self.sign_up_day = signed_up
        self.email_day = np.where(known_before, -1, known)
        """Day from which the brand has the e-mail address."""
        wants = chance.uniform("wants_account")
        self.account_day = np.where(
            traits.is_customer,
            np.where(wants < np.float32(0.78), -1, first_order),
            np.where(wants < np.float32(0.62), known, NEVER),
        )
        """Day from which the person has a user id."""
        self.is_member: Flags = chance.uniform("is_member") < np.where(
            traits.is_customer, np.float32(0.55), np.float32(0.12)
        )

    # -- devices --------------------------------------------------------------------------------

    def _give_devices(self) -> None:
        chance = self.chance
        self.has_laptop: Flags = chance.uniform("has_laptop") < np.float32(0.72)
        self.has_app: Flags = (
            chance.uniform("has_app")
            < np.where(self.traits.is_customer, np.float32(0.35), np.float32(0.08))
        ) & (self.account_day < NEVER)
        self.has_family_device: Flags = (self.heads != chance.persons) | np.isin(
            chance.persons, self.heads[self.heads != chance.persons]
        )
        self.cookie_days: Integers = np.stack(
            [
                np.where(chance.uniform("cookie", 0, 0) < np.float32(0.2), 60, NEVER),
                np.where(chance.uniform("cookie", 0, 1) < np.float32(0.4), 30, NEVER),
                np.full(self.count, NEVER),
                np.full(self.count, NEVER),
                np.full(self.count, NEVER),
            ]
        )
        """Days after which a browser forgets its cookie, shape (devices, n)."""
        self.cookie_phase = chance.below("cookie_phase", 30)

    def device_owner(self, person: Integers, device: Integers, store: Integers) -> Integers:
        """Return a number that stands for the device's owner (a home, a store, or the person)."""
        return np.where(
            device == FAMILY,
            self.heads[person],
            np.where(device == KIOSK, 10_000_000_000 + store, self.chance.persons[person]),
        )

    def device_keys(
        self, person: Integers, device: Integers, day: Integers, store: Integers
    ) -> tuple[Bits, Bits]:
        """Return two hashes that name the cookie of a device on a day."""
        period = self.cookie_days[device, person]
        version = np.where(period == NEVER, 0, (day + self.cookie_phase[person]) // period)
        owner = Chance(self.chance.seed, self.device_owner(person, device, store))
        slot = device * 1000
        return owner.bits("cookie_a", version, slot), owner.bits("cookie_b", version, slot)

    def anonymous_ids(
        self, person: Integers, device: Integers, day: Integers, store: Integers
    ) -> list[str]:
        """Return the Segment cookie of each row, shape (m,)."""
        return hex_ids(*self.device_keys(person, device, day, store))

    def domain_userids(
        self, person: Integers, device: Integers, day: Integers, store: Integers
    ) -> list[str]:
        """Return the Snowplow cookie of each row, shape (m,)."""
        first, second = self.device_keys(person, device, day, store)
        return hex_ids(second ^ np.uint64(0x5DEECE66D), first ^ np.uint64(0xB5026F5AA96619E9))

    # -- orders ---------------------------------------------------------------------------------

    def _number_orders(self, record: Record) -> Orders:
        empty = np.zeros(0, dtype=np.int64)
        person = np.concatenate([empty, *(at for at, _, _ in record.orders)])
        day = np.concatenate([empty, *(np.full(len(at), d) for at, d, _ in record.orders)])
        kind = np.concatenate([empty, *(np.full(len(at), k) for at, _, k in record.orders)])
        order = np.lexsort((kind, day, person))
        person, day, kind = person[order], day[order], kind[order]
        starts = np.searchsorted(person, person, side="left")
        rank = np.arange(len(person)) - starts
        number = 100_000 + scrambled(self.chance.persons[person] * 256 + rank)
        return Orders(person, day, kind, number)

    # -- times ----------------------------------------------------------------------------------

    def offsets(self, person: Integers, day: Integers) -> Integers:
        """Return seconds ahead of UTC of each person's zone on a day, shape (m,)."""
        tables = np.stack([zone_offsets(c.timezone, self.start, self.days) for c in COUNTRIES])
        result: Integers = tables[self.traits.country[person], np.clip(day, 0, self.days - 1)]
        return result

    def utc_second(
        self, person: Integers, day: Integers, local_second: Integers, limit: int = 86_399
    ) -> Integers:
        """Return the second of the UTC day at which it is `local_second` for the person.

        The result wraps around midnight, so that everything of day D lies within D in UTC.
        """
        second: Integers = (local_second - self.offsets(person, day)) % 86_400
        return np.minimum(second, limit)

    def stores_of(self, person: Integers, day: Integers) -> Integers:
        """Return a store of the person's country and zone for each row."""
        choices = [
            [i for i, s in enumerate(STORES) if s.timezone == country.timezone]
            for country in COUNTRIES
        ]
        counts = np.array([len(choice) for choice in choices])
        first = np.array([choice[0] for choice in choices])
        country = self.traits.country[person]
        drawn = self.chance.bits("store", 0, 0, person) + (
            self.chance.bits("other_store", day, 0, person) % np.uint64(10) == 0
        ).astype(np.uint64)
        chosen: Integers = first[country] + (drawn % counts[country].astype(np.uint64)).astype(
            np.int64
        )
        return chosen


def phone_number(dial: str, mobile: tuple[str, int], number: int) -> str:
    """Return an E.164 number that no other person of the simulation has."""
    prefix, digits = mobile
    if dial == "1":
        code = _AREA_CODES[number % len(_AREA_CODES)]
        return f"+1{code}{2_000_000 + (number * 7_919 + 13) % 7_999_993}"
    size = 10**digits
    return f"+{dial}{prefix}{(number * 7_919 + 1_234_567) % (size - 9):0{digits}d}"


_NATIONAL: dict[str, Callable[[str], str]] = {
    "1": lambda n: f"({n[:3]}) {n[3:6]}-{n[6:]}",
    "44": lambda n: f"0{n[:4]} {n[4:]}",
    "49": lambda n: f"0{n[:3]}/{n[3:]}",
    "33": lambda n: "0" + n[:1] + "".join(f" {n[i : i + 2]}" for i in range(1, len(n), 2)),
    "34": lambda n: f"{n[:3]} {n[3:6]} {n[6:]}",
    "353": lambda n: f"0{n[:2]} {n[2:5]} {n[5:]}",
    "358": lambda n: f"0{n[:2]} {n[2:]}",
}


def spelled_phone(phone: str, dial: str, draw: int, region: str) -> str:
    """Return a number as people type it.

    National forms need a country to be read: where the record's `region` names none that every
    reader knows, the number is international.
    """
    rest = phone[1 + len(dial) :]
    style = draw % 8
    if style in (3, 4, 7) and region.strip().upper() in _PLAIN_COUNTRIES:
        if style == 7:
            return f"1-{rest[:3]}-{rest[3:]}" if dial == "1" else f"00{dial}{rest}"
        return _NATIONAL[dial](rest)
    if style == 5:
        return f"+{dial} {rest[:3]} {rest[3:]}"
    if style == 6:
        return f" {phone} "
    return phone


_PLAIN_COUNTRIES = frozenset(
    name.upper() for country in COUNTRIES for name in (country.code, country.name)
)


def spelled_email(email: str, draw: int) -> str:
    """Return an address as people type it: case and spaces change, the address does not."""
    style = draw % 12
    if style == 0:
        return email.upper()
    if style == 1:
        return email.title()
    if style == 2:
        return f" {email}"
    if style == 3:
        return f"{email} "
    return email


def mistyped_email(email: str) -> str:
    """Return another, valid address that a slip of the finger makes of it."""
    local, host = email.split("@")
    return f"{local}@{host[:1]}{host[2:3]}{host[1:2]}{host[3:]}"


def broken_email(email: str, draw: int) -> str:
    """Return something that is no address."""
    return (email.replace("@", " at "), email.replace("@", "@@"), "n/a", "none")[draw % 4]


def spelled_name(name: str, draw: int) -> str:
    """Return a name as people and forms write it."""
    style = draw % 14
    if style == 0:
        return name.upper()
    if style == 1:
        return name.lower()
    if style == 2:
        return f" {name}"
    if style == 3:
        return f"{name}  "
    if style == 4:
        return ""
    return name


_COUNTRY_SPELLINGS = {
    "US": ("United States", "USA", "US", "us", "U.S.", "United States of America"),
    "GB": ("United Kingdom", "UK", "GB", "Great Britain", "England", "gb"),
    "DE": ("Germany", "Deutschland", "DE", "de", "GERMANY", "Germany "),
    "FR": ("France", "FR", "fr", "FRANCE", "France ", "France"),
    "ES": ("Spain", "España", "ES", "es", "Spain", "SPAIN"),
    "IE": ("Ireland", "IE", "Éire", "ie", "IRELAND", "Ireland"),
    "FI": ("Finland", "Suomi", "FI", "fi", "Finland", "FINLAND"),
}


def spelled_country(code: str, draw: int) -> str:
    """Return a country's name or code as records have it, now and then nothing."""
    spellings = _COUNTRY_SPELLINGS[code]
    style = draw % 16
    return "" if style == 15 else spellings[style if style < len(spellings) else 0]


def csv_field(text: str) -> str:
    """Return a CSV field, quoted where it has to be."""
    if any(letter in text for letter in ',"\n\r'):
        return '"' + text.replace('"', '""') + '"'
    return text


def csv_line(fields: Sequence[str]) -> str:
    """Return a CSV line with its line feed."""
    return ",".join(map(csv_field, fields)) + "\n"


def draws(bits: Bits) -> list[int]:
    """Return hashes as Python integers, small enough for cheap arithmetic."""
    return (bits >> np.uint64(24)).astype(np.int64).tolist()  # type: ignore[no-any-return]


def flags(values: Floats, limit: float) -> list[bool]:
    """Return whether each draw is below a limit."""
    return (values < np.float32(limit)).tolist()  # type: ignore[no-any-return]
