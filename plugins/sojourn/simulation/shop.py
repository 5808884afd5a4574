"""Orders become documents: the shop's export, store receipts, telephone calls and refunds."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np

from sojourn.simulation.behaviour import MAX_LINES, PHONE, STORE, WEB, Record, Traits, baskets
from sojourn.simulation.chance import Chance, Integers
from sojourn.simulation.parameters import PRODUCTS, STORES, Parameters, Store
from sojourn.simulation.people import (
    DAY_MS,
    People,
    broken_email,
    csv_field,
    csv_line,
    draws,
    mistyped_email,
    spelled_country,
    spelled_email,
    spelled_name,
    spelled_phone,
    zone_offsets,
)
from sojourn.simulation.spill import Run
from sojourn.simulation.truth import Owners

SHOP_ZONE = "America/New_York"
JUNK_EMAILS = ("noreply@lumentrail.example", "test@test.com", "noemail@none.com")
"""What staff type when somebody must have an address; identifiers of nobody."""


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local_time(time: int, zone: str, pattern: str) -> str:
    """Return milliseconds since 1970 as the local time of a zone."""
    moment = datetime.fromtimestamp(time // 1000, tz=UTC)
    return moment.astimezone(_zone(zone)).strftime(pattern)


def _iso(time: int, zone: str) -> str:
    moment = datetime.fromtimestamp(time // 1000, tz=UTC)
    return moment.astimezone(_zone(zone)).isoformat()


def money(cents: int) -> str:
    """Return cents as a decimal with two places."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


class Sales:
    """The orders of a chunk with their content, money (in cents) and times."""

    def __init__(
        self, people: People, chance: Chance, traits: Traits, parameters: Parameters
    ) -> None:
        """Price the orders; web orders get their times from the sessions later."""
        self.people = people
        orders = people.orders
        self.person, self.day, self.kind = orders.person, orders.day, orders.kind
        self.number: list[int] = orders.number.tolist()
        self.basket = baskets(chance, traits, parameters, self.person, self.day, self.kind)
        self.net: list[int] = self.basket.net.tolist()
        tax = np.array([c.tax_percent for c in people.country], dtype=np.int64)
        self.tax_percent = tax[self.person] if len(self.person) else self.person
        self.tax = self.basket.net * self.tax_percent // 100
        web = self.kind == WEB
        self.shipping = np.where(web & (self.basket.net < 6_000), 490, 0)
        self.total = self.basket.net + self.tax + self.shipping
        self.currency = [people.country[p].currency for p in self.person.tolist()]
        opening = np.where(self.kind == STORE, 10 * 3600, 9 * 3600)
        local = opening + chance.below("order_hour", 33_000, self.day, self.kind, self.person)
        second = people.utc_second(self.person, self.day, local, limit=86_300)
        self.time: Integers = people.start_ms + self.day * DAY_MS + second * 1000
        self.is_signed_in = np.zeros(len(self.person), dtype=np.bool_)

    def place_web_orders(self, order: Integers, time: Integers) -> None:
        """Set when web orders were completed (milliseconds since 1970)."""
        self.time[order] = time

    def completed(self, order: int) -> str:
        """Return the properties of Segment's 'Order Completed' for an order."""
        currency = self.currency[order]
        products = []
        for line in range(MAX_LINES):
            quantity = int(self.basket.quantity[order, line])
            if not quantity:
                continue
            item = PRODUCTS[int(self.basket.product[order, line])]
            name = item.name.replace('"', '\\"')
            products.append(
                f'{{"product_id":"{item.sku}","sku":"{item.sku}","name":"{name}","category":'
                f'"{item.category}","price":{money(int(self.basket.price[order, line]))},'
                f'"quantity":{quantity},"position":{line + 1}}}'
            )
        discount = int(self.basket.discount[order])
        coupon = '"coupon":"TRAIL10",' if discount else ""
        return (
            f'{{"order_id":"{self.number[order]}","checkout_id":"k{self.number[order]}",'
            f'"total":{money(int(self.total[order]))},"revenue":{money(self.net[order])},'
            f'"shipping":{money(int(self.shipping[order]))},"tax":{money(int(self.tax[order]))},'
            f'"discount":{money(discount)},{coupon}"currency":"{currency}",'
            f'"products":[{",".join(products)}]}}'
        )


def write_sales(
    people: People, sales: Sales, run: Run, owners: Owners, event_owners: list[str]
) -> None:
    """Write the shop's export and the stores' receipts."""
    _write_shopify(people, sales, run, owners, event_owners)
    run.flush("shopify")
    _write_receipts(people, sales, run, owners, event_owners)
    run.flush("pos")


def _write_shopify(
    people: People, sales: Sales, run: Run, owners: Owners, event_owners: list[str]
) -> None:
    chance = people.chance
    rows = np.flatnonzero(sales.kind != STORE)
    if not len(rows):
        return
    person, day, kind = sales.person[rows], sales.day[rows], sales.kind[rows]
    drawn = draws(chance.bits("shopify", day, kind, person))
    spelling = draws(chance.bits("shopify_spelling", day, kind, person))
    keys = chance.bits("shopify_key", day, kind, person)
    refund_delay = 40_000_000 + chance.below("refund_hour", 40_000_000, day, kind, person)
    times: list[int] = []
    places: list[int] = []
    key_rows: list[int] = []
    lines: list[str] = []

    def emit(row: int, at: int, text: list[str]) -> None:
        for place, line in enumerate(text):
            times.append(at)
            places.append(place)
            key_rows.append(row)
            lines.append(line)

    for row, (order, who, draw, spell) in enumerate(
        zip(rows.tolist(), person.tolist(), drawn, spelling, strict=True)
    ):
        created = int(sales.time[order]) + 1_400
        phoned = int(sales.kind[order]) == PHONE
        end = people.start_ms + people.days * DAY_MS - 1
        event_owners.append(f"shopify,#{sales.number[order]},P{people.numbers[who]:07d}\n")
        email = people.email[who]
        if draw % 100 < 9:
            email = people.second_email[who]
        elif draw % 100 == 10:
            email = mistyped_email(email)
        elif phoned and draw % 10 < 3:
            email = ""
        if email:
            owners.add("email", [email], [who])
        phone = people.phone[who] if (draw >> 8) % 100 < 45 else ""
        if phone:
            owners.add("phone", [phone], [who])
        signed = bool(sales.is_signed_in[order])
        if signed:
            owners.add("user_id", [people.user_id[who]], [who])
        fulfilled = created + (20 + (draw >> 5) % 40) * 3_600_000
        refund = int(sales.basket.refund[order])
        fields = (order, who, created, spelled_email(email, spell), phone, signed, spell, phoned)
        first = _shopify_lines(people, sales, *fields, fulfilled=0, refunded=0)
        emit(row, created, first)
        if (draw >> 16) % 100 < 2:
            # The same rows again in the next export.
            emit(row, created + DAY_MS, first)
        refund_day = int(sales.basket.refund_day[order])
        is_refunded = bool(refund) and refund_day < people.days
        at = people.start_ms + refund_day * DAY_MS + int(refund_delay[row])
        if (draw >> 12) % 100 < 35 and fulfilled <= (min(at, end) if is_refunded else end):
            emit(
                row,
                fulfilled,
                _shopify_lines(people, sales, *fields, fulfilled=fulfilled, refunded=0),
            )
        if is_refunded:
            # Shipping is not given back; tax is, on what is.
            given = refund + refund * int(sales.tax_percent[order]) // 100
            given = min(given, int(sales.basket.net[order] + sales.tax[order]))
            emit(
                row,
                at,
                _shopify_lines(
                    people, sales, *fields, fulfilled=min(fulfilled, at), refunded=given
                ),
            )
    when = np.array(times, dtype=np.int64)
    run.add(
        "shopify",
        (when - people.start_ms) // DAY_MS,
        when,
        keys[np.array(key_rows, dtype=np.int64)],
        lines,
        place=np.array(places, dtype=np.int64),
    )


def _shopify_lines(
    people: People,
    sales: Sales,
    order: int,
    who: int,
    created: int,
    email: str,
    phone: str,
    signed: bool,
    spell: int,
    phoned: bool,
    *,
    fulfilled: int,
    refunded: int,
) -> list[str]:
    pattern = "%Y-%m-%d %H:%M:%S %z"
    country = people.country[who]
    at = local_time(created, SHOP_ZONE, pattern)
    basket = sales.basket
    name = f"{spelled_name(people.first[who], spell)} {people.last[who]}"
    total = int(sales.total[order])
    status = "paid"
    if refunded:
        whole = refunded >= int(basket.net[order] + sales.tax[order])
        status = "refunded" if whole else "partially_refunded"
    discount = int(basket.discount[order])
    number = sales.number[order]
    attributes = ""
    if signed:
        attributes = f"user_id: {people.user_id[who]}"
        if spell % 31 == 0:
            attributes = f"gift_wrap: yes\n{attributes}"
    subtotal = int(basket.net[order])
    result = []
    for line in range(MAX_LINES):
        quantity = int(basket.quantity[order, line])
        if not quantity:
            continue
        item = PRODUCTS[int(basket.product[order, line])]
        cells = [
            str(quantity),
            csv_field(item.name),
            money(int(basket.price[order, line])),
            item.sku,
            money(int(basket.line_discount[order, line])),
        ]
        if line:
            result.append(
                f"#{number},{csv_field(email)}"
                + "," * 14
                + f",{','.join(cells)}"
                + "," * 12
                + "Lumen Trail,,,,,,\n"
            )
            continue
        head = [
            f"#{number}",
            email,
            status,
            at,
            "fulfilled" if fulfilled else "unfulfilled",
            local_time(fulfilled, SHOP_ZONE, pattern) if fulfilled else "",
            "yes" if int(people.email_day[who]) <= int(sales.day[order]) else "no",
            sales.currency[order],
            money(subtotal),
            money(int(sales.shipping[order])),
            money(int(sales.tax[order])),
            money(total),
            "TRAIL10" if discount else "",
            money(discount),
            "Standard" if not phoned else "Express",
            at,
        ]
        region = country.code if spell % 3 else spelled_country(country.code, spell >> 5)
        tail = [
            name,
            country.cities[people.numbers[who] % len(country.cities)],
            region,
            spelled_phone(phone, country.dial, spell >> 9, region) if phone else "",
            name,
            country.code,
            "",
            attributes,
            "",
            ("Shopify Payments", "PayPal Express Checkout", "Klarna")[spell % 3],
            money(refunded),
            "Lumen Trail",
            str(5_000_000_000_000 + number),
            "phone" if phoned else "",
            "Low",
            "shopify_draft_order" if phoned else "web",
            phone if spell % 4 == 0 else "",
            f"{country.code} Tax {country.tax_percent}%",
        ]
        result.append(",".join(map(csv_field, head)) + f",{','.join(cells)}," + csv_line(tail))
    return result


def _write_receipts(
    people: People, sales: Sales, run: Run, owners: Owners, event_owners: list[str]
) -> None:
    chance = people.chance
    rows = np.flatnonzero(sales.kind == STORE)
    if not len(rows):
        return
    person, day = sales.person[rows], sales.day[rows]
    stores = people.stores_of(person, day).tolist()
    drawn = draws(chance.bits("receipt", day, 0, person))
    keys = chance.bits("receipt_key", day, 0, person)
    heads = (people.heads - people.chance.persons)[person].tolist()
    zones = [zone_offsets(s.timezone, people.start, people.days) for s in STORES]
    times: list[int] = []
    places: list[int] = []
    key_rows: list[int] = []
    file_days: list[int] = []
    lines: list[str] = []
    for row, (order, who, store_number, draw, head) in enumerate(
        zip(rows.tolist(), person.tolist(), stores, drawn, heads, strict=True)
    ):
        store = STORES[store_number]
        time = int(sales.time[order])
        receipt = f"{store.store_id}-{sales.number[order]}"
        register = f"R{1 + draw % 4}"
        loyalty = ""
        if people.is_member[who] and draw % 100 < 68:
            loyalty = people.loyalty[who]
            owners.add("loyalty_number", [loyalty], [who])
            if draw % 23 == 0:
                loyalty = f" {loyalty}"
        email = ""
        choice = (draw >> 8) % 100
        if choice < 24:
            address, owner_shared = people.email[who], False
            if choice < 3 and head and -head <= who:
                # The family's one address, of the person who heads the household.
                address, owner_shared = people.email[who + head], True
                owners.add("email", [address], [who + head], True)
            elif choice == 4:
                address = mistyped_email(address)
            elif choice == 5:
                address = people.second_email[who]
            email = spelled_email(address, draw >> 13)
            if choice == 6:
                email = broken_email(address, draw)
            else:
                owners.add("email", [address], [who], owner_shared)
        elif choice < 26:
            email = JUNK_EMAILS[draw % len(JUNK_EMAILS)]
        event_owners.append(f"pos,{receipt},P{people.numbers[who]:07d}\n")
        # Tills of a store without a connection deliver the next day or the day after.
        late = 1 + draw % 2 if (draw >> 20) % 100 < 2 else 0
        shared = (store, register, sales.currency[order], loyalty, email)
        text = _receipt_lines(sales, order, receipt, time, *shared, returned="", lines=MAX_LINES)
        copies = 2 if (draw >> 3) % 150 == 0 else 1
        for copy in range(copies):
            for place, line in enumerate(text):
                times.append(time + copy)
                places.append(place)
                key_rows.append(row)
                file_days.append((time - people.start_ms) // DAY_MS + late + copy)
                lines.append(line)
        refund = int(sales.basket.refund[order])
        refund_day = int(sales.basket.refund_day[order])
        if refund and refund_day < people.days:
            whole = refund >= sales.net[order]
            # The same local time of day as the purchase, so within opening hours.
            moved = int(
                zones[store_number][refund_day] - zones[store_number][int(sales.day[order])]
            )
            at = (time - people.start_ms) % DAY_MS - moved * 1000
            at = people.start_ms + refund_day * DAY_MS + min(max(at, 0), DAY_MS - 1)
            text = _receipt_lines(
                sales,
                order,
                f"{receipt}R",
                at,
                *shared,
                returned=receipt,
                lines=MAX_LINES if whole else 1,
            )
            event_owners.append(f"pos,{receipt}R,P{people.numbers[who]:07d}\n")
            for place, line in enumerate(text):
                times.append(at)
                places.append(place)
                key_rows.append(row)
                file_days.append(refund_day)
                lines.append(line)
    when = np.array(times, dtype=np.int64)
    run.add(
        "pos",
        np.array(file_days, dtype=np.int64),
        when,
        keys[np.array(key_rows, dtype=np.int64)],
        lines,
        place=np.array(places, dtype=np.int64),
    )


def _receipt_lines(
    sales: Sales,
    order: int,
    receipt: str,
    time: int,
    store: Store,
    register: str,
    currency: str,
    loyalty: str,
    email: str,
    *,
    returned: str,
    lines: int,
) -> list[str]:
    basket = sales.basket
    sold = local_time(time, store.timezone, "%Y-%m-%d %H:%M:%S")
    sign = -1 if returned else 1
    result = []
    for line in range(lines):
        quantity = int(basket.quantity[order, line])
        if not quantity:
            continue
        item = PRODUCTS[int(basket.product[order, line])]
        price = int(basket.price[order, line])
        discount = int(basket.line_discount[order, line])
        tax = (price * quantity - discount) * int(sales.tax_percent[order]) // 100
        result.append(
            f"{receipt},{store.store_id},{store.timezone},{register},{sold},{line + 1},{item.sku},"
            f"{csv_field(item.name)},{sign * quantity},{money(price)},{money(sign * discount)},"
            f"{money(sign * tax)},{currency},{loyalty},{csv_field(email)},{returned}\n"
        )
    return result


_TOPICS = ("delivery", "return", "size advice", "loyalty card", "complaint")


def write_calls(
    people: People, sales: Sales, record: Record, run: Run, owners: Owners, event_owners: list[str]
) -> None:
    """Write telephone orders and the calls that customers make besides."""
    chance = people.chance
    phoned = np.flatnonzero(sales.kind == PHONE)
    # Customers call the service line now and then; it changes nothing they do.
    wish = chance.uniform("calls_service")
    callers = np.flatnonzero(
        (wish < np.float32(0.09)) & (people.traits.is_customer | (people.email_day < 9_999))
    )
    service_day = chance.below("call_day", people.days, 0, 0, callers)
    person = np.concatenate([sales.person[phoned], callers])
    if not len(person):
        return
    day = np.concatenate([sales.day[phoned], service_day])
    slot = np.concatenate([np.full(len(phoned), 1), np.zeros(len(callers), dtype=np.int64)])
    local = 9 * 3600 + chance.below("call_hour", 32_000, day, slot, person)
    second = people.utc_second(person, day, local, limit=86_000)
    time = people.start_ms + day * DAY_MS + second * 1000
    # A telephone order is in the shop a few minutes after the call began.
    time[: len(phoned)] = sales.time[phoned] - 240_000
    time = np.maximum(time, people.start_ms + day * DAY_MS)
    drawn = draws(chance.bits("call", day, slot, person))
    keys = chance.bits("call_key", day, slot, person)
    orders = [*phoned.tolist(), *([-1] * len(callers))]
    heads = (people.heads - people.chance.persons)[person].tolist()
    lines = []
    file_days = (time - people.start_ms) // DAY_MS
    for who, order, at, draw, key, head in zip(
        person.tolist(), orders, time.tolist(), drawn, keys.tolist(), heads, strict=True
    ):
        country = people.country[who]
        call = f"C{key % 10**15:015d}"
        number = ""
        choice = draw % 100
        if choice < 72:
            owners.add("phone", [people.phone[who]], [who])
            number = spelled_phone(people.phone[who], country.dial, draw >> 8, country.code)
        elif choice < 82 and head:
            owners.add("phone", [people.landline[who]], [who], True)
            number = spelled_phone(people.landline[who], country.dial, draw >> 8, country.code)
        elif choice < 92:
            number = ("anonymous", "", "+1")[draw % 3]
        else:
            owners.add("phone", [people.phone[who]], [who])
            number = people.phone[who]
        loyalty = ""
        if people.is_member[who] and (draw >> 5) % 10 < 4:
            loyalty = people.loyalty[who]
            owners.add("loyalty_number", [loyalty], [who])
        code = ""
        if order >= 0 and people.traits.takes_mail[who] and (draw >> 9) % 10 < 6:
            code = "dm-26"
        lines.append(
            csv_line(
                [
                    call,
                    _iso(at, country.timezone),
                    "inbound" if order >= 0 or draw % 7 else "outbound",
                    number,
                    country.code,
                    f"agent-{draw % 17:02d}",
                    str(60 + draw % 900),
                    "order" if order >= 0 else _TOPICS[draw % len(_TOPICS)],
                    "order_placed"
                    if order >= 0
                    else ("resolved", "callback", "voicemail")[draw % 3],
                    loyalty,
                    f"#{sales.number[order]}" if order >= 0 else "",
                    code,
                ]
            )
        )
        event_owners.append(f"calls,{call},P{people.numbers[who]:07d}\n")
    run.add("calls", file_days, time, keys, lines)
    again = np.flatnonzero(keys % np.uint64(120) == 0)
    run.add(
        "calls", file_days[again] + 1, time[again], keys[again], [lines[i] for i in again.tolist()]
    )
    run.flush("calls")
