"""What the brand's people and mail tools keep: HubSpot, consent changes, Salesforce."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np

from sojourn.simulation.behaviour import Record
from sojourn.simulation.chance import hex_ids, mix
from sojourn.simulation.names import INDUSTRIES, TITLES
from sojourn.simulation.parameters import CAMPAIGNS, SHOP_HOST
from sojourn.simulation.people import (
    DAY_MS,
    NEVER,
    People,
    broken_email,
    csv_line,
    draws,
    mistyped_email,
    scrambled,
    spelled_country,
    spelled_email,
    spelled_name,
    spelled_phone,
)
from sojourn.simulation.sessions import email_delays, email_times
from sojourn.simulation.spill import Run
from sojourn.simulation.truth import Owners

PORTAL = 8_412_077
_PIXEL_AGENT = "Mozilla/5.0 (via ggpht.com GoogleImageProxy)"
_SUBJECTS = {
    "newsletter": "This week outdoors ⛰",
    "abandoned_cart": "You left something behind",
    "win_back": "We miss you – 10 % off",
}


def _minute(time: int) -> str:
    return datetime.fromtimestamp(time // 1000, tz=UTC).strftime("%Y-%m-%d %H:%M")


def _salesforce_time(time: int) -> str:
    moment = datetime.fromtimestamp(time // 1000, tz=UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


# -- HubSpot --------------------------------------------------------------------------------------


def write_hubspot_contacts(people: People, run: Run, owners: Owners) -> None:
    """Write contacts when they are made and whenever they change, with some made twice."""
    chance = people.chance
    drawn = draws(chance.bits("hubspot"))
    spelling = draws(chance.bits("hubspot_spelling"))
    keys = chance.bits("hubspot_key").tolist()
    edit_day = chance.below("hubspot_edit", max(people.days, 1)).tolist()
    ids = (10_000 + scrambled(chance.persons * 2 + 1)).tolist()
    twins = (10_000 + scrambled(chance.persons * 2 + 2)).tolist()
    end = people.start_ms + people.days * DAY_MS - 1
    times: list[int] = []
    row_keys: list[int] = []
    lines: list[str] = []
    for who in np.flatnonzero(people.email_day < NEVER).tolist():
        draw, spell = drawn[who], spelling[who]
        if draw % 100 < 4:
            # The sync to HubSpot missed a few.
            continue
        day = int(people.email_day[who])
        if day < 0:
            created = people.start_ms - (30 + draw % 700) * DAY_MS + spell % DAY_MS
        else:
            created = people.start_ms + day * DAY_MS + 82_000_000 + spell % 4_000_000
        email = people.email[who]
        if draw % 211 == 0:
            email = mistyped_email(email)
        owners.add("email", [email], [who])
        has_phone = spell % 100 < 42
        if has_phone:
            owners.add("phone", [people.phone[who]], [who])
        bought = int(people.first_order_day[who])
        customer_from = -1 if people.traits.is_customer[who] else bought
        versions = [(max(created, 0), "subscriber")]
        if customer_from < 0:
            versions = [(created, "customer")]
        elif customer_from < NEVER:
            versions.append((people.start_ms + customer_from * DAY_MS + 86_100_000, "customer"))
        elif draw % 3 == 0:
            versions[0] = (created, "lead")
        if draw % 10 == 0 and edit_day[who] > day:
            at = people.start_ms + edit_day[who] * DAY_MS + 30_000_000 + spell % 40_000_000
            versions.append((at, versions[-1][1]))
        versions.sort()

        def line(
            record: int,
            address: str,
            stage: str,
            modified: int,
            *,
            who: int = who,
            spell: int = spell,
            created: int = created,
            has_phone: bool = has_phone,
        ) -> str:
            country = people.country[who]
            region = spelled_country(country.code, spell >> 10)
            typed = spelled_phone(people.phone[who], country.dial, spell >> 7, region)
            is_b2b = bool(people.is_b2b[who])
            return csv_line(
                [
                    str(record),
                    spelled_name(people.first[who], spell),
                    spelled_name(people.last[who], spell >> 4),
                    address,
                    typed if has_phone else "",
                    region,
                    country.timezone if spell % 3 else "",
                    stage,
                    ("ORGANIC_SEARCH", "PAID_SEARCH", "SOCIAL_MEDIA", "OFFLINE", "")[spell % 5],
                    "owner@lumentrail.example" if is_b2b else "",
                    people.company[who] if is_b2b else "",
                    _minute(created),
                    _minute(modified),
                ]
            )

        shown = spelled_email(email, spell >> 13)
        for number, (at, stage) in enumerate(versions):
            at = min(at, end)
            times.append(at)
            row_keys.append((keys[who] + number) & 0x7FFFFFFFFFFFFFFF)
            lines.append(line(ids[who], shown, stage, at))
        owners.add("hubspot_contact_id", [str(ids[who])], [who])
        if draw % 100 >= 95:
            # The same person once more, under the other address; one in six is unusable.
            at = min(max(created, people.start_ms) + (draw % 20) * DAY_MS + 3_600_000, end)
            other = people.second_email[who]
            if draw % 6 == 0:
                other = broken_email(other, spell)
            else:
                owners.add("email", [other], [who])
            times.append(at)
            row_keys.append(keys[who] >> 2)
            lines.append(line(twins[who], other, "subscriber", at))
            owners.add("hubspot_contact_id", [str(twins[who])], [who])
    if not lines:
        return
    when = np.array(times, dtype=np.int64)
    key = np.array(row_keys, dtype=np.uint64)
    day_of = (when - people.start_ms) // DAY_MS
    run.add("hubspot_contacts", day_of, when, key, lines)
    # An export that was repeated the next day.
    again = np.flatnonzero(key % np.uint64(90) == 0)
    run.add(
        *("hubspot_contacts", np.maximum(day_of[again], 0) + 1, when[again] + DAY_MS, key[again]),
        [lines[i] for i in again.tolist()],
    )
    run.flush("hubspot_contacts")


def write_emails(
    people: People, record: Record, run: Run, owners: Owners, event_owners: list[str]
) -> None:
    """Write what became of each e-mail, among it opens that a machine made."""
    if not record.sends:
        return
    chance = people.chance
    person = np.concatenate([s[0] for s in record.sends])
    day = np.concatenate([np.full(len(s[0]), s[1]) for s in record.sends])
    campaign = np.concatenate([np.full(len(s[0]), s[2]) for s in record.sends])
    opened = np.concatenate([s[3] for s in record.sends])
    clicked = np.concatenate([s[4] for s in record.sends])
    left = np.concatenate([s[5] for s in record.sends])
    if not len(person):
        return
    sent = people.start_ms + day * DAY_MS + email_times(people, person, day, campaign)
    opening, clicking = email_delays(people, person, day, campaign)
    fate = chance.below("email_fate", 1000, day, campaign, person)
    bounced = (fate < 9) & ~opened & ~left
    uses_proxy = (chance.uniform("mail_proxy") < np.float32(0.3))[person]
    proxy = uses_proxy & ~bounced
    recipients = [people.email[p] for p in person.tolist()]
    known = np.unique(person).tolist()
    owners.add("email", [people.email[p] for p in known], known)
    base = chance.bits("email_event", day, campaign, person)
    steps = (
        ("SENT", np.ones(len(person), dtype=np.bool_), sent, 1),
        ("DELIVERED", ~bounced, sent + 1_800, 2),
        ("BOUNCE", bounced, sent + 2_400, 3),
        ("MACHINE", proxy, sent + 9_000, 4),
        ("OPEN", opened, sent + opening, 5),
        ("CLICK", clicked, sent + opening + clicking, 6),
        ("STATUSCHANGE", left, sent + opening + clicking + 45_000, 7),
    )
    end = people.start_ms + people.days * DAY_MS - 1
    for kind, chosen, time, step in steps:
        at = np.flatnonzero(chosen)
        if not len(at):
            continue
        key = mix(base[at] ^ np.uint64(step))
        identifiers = hex_ids(key, mix(key))
        moments = np.minimum(time[at], end)
        lines = []
        for row, identifier, moment in zip(at.tolist(), identifiers, moments.tolist(), strict=True):
            ad = CAMPAIGNS[int(campaign[row])]
            extra = ""
            shown = "OPEN" if kind == "MACHINE" else kind
            agent = _PIXEL_AGENT if kind == "MACHINE" else "Mozilla/5.0 (iPhone)"
            if kind in ("OPEN", "MACHINE", "CLICK"):
                machine = "true" if kind == "MACHINE" else "false"
                extra = (
                    f',"userAgent":"{agent}","browser":{{"family":"Mail","type":"Email"}},'
                    f'"location":{{"country":"{people.country[int(person[row])].code}"}},'
                    f'"filteredEvent":{machine}'
                )
            if kind == "CLICK":
                extra += (
                    f',"url":"https://{SHOP_HOST}/?utm_source=hubspot&utm_medium=email'
                    f'&utm_campaign={ad.key}"'
                )
            if kind == "STATUSCHANGE":
                extra = (
                    ',"source":"SOURCE_RECIPIENT","requestedBy":"RECIPIENT",'
                    '"portalSubscriptionStatus":"UNSUBSCRIBED","subscriptions":'
                    '[{"id":701,"status":"UNSUBSCRIBED"}]'
                )
            if kind == "BOUNCE":
                extra = ',"category":"MAILBOX_FULL","response":"452 4.2.2 mailbox full"'
            sent_by = ""
            if kind not in ("SENT", "STATUSCHANGE"):
                sent_by = f',"sentBy":{{"created":{int(sent[row])}}}'
            address = recipients[row]
            lines.append(
                f'{{"id":"{identifier}","type":"{shown}","recipient":"{address}",'
                f'"created":{moment},"emailCampaignId":{ad.campaign_id},"emailCampaignName":'
                f'"{ad.key}","portalId":{PORTAL},"appId":113,"appName":"Batch",'
                f'"subject":{json.dumps(_SUBJECTS[ad.key], ensure_ascii=False)}{extra}{sent_by}}}\n'
            )
            event_owners.append(f"hubspot,{identifier},P{people.numbers[int(person[row])]:07d}\n")
        days = (moments - people.start_ms) // DAY_MS
        late = np.where(key % np.uint64(70) == 0, 1 + (key % np.uint64(3)).astype(np.int64), 0)
        run.add("hubspot_emails", days + late, moments + late * DAY_MS, key, lines)
        again = np.flatnonzero(key % np.uint64(180) == 1)
        run.add(
            *("hubspot_emails", days[again] + 1, moments[again] + DAY_MS, key[again]),
            [lines[i] for i in again.tolist()],
        )
    run.flush("hubspot_emails")


# -- consents -------------------------------------------------------------------------------------


def write_consents(people: People, record: Record, run: Run, owners: Owners) -> None:
    """Write who allowed or refused what, for which address, and when."""
    chance = people.chance
    traits = people.traits
    drawn = draws(chance.bits("consent"))
    keys = chance.bits("consent_key").tolist()
    times: list[int] = []
    row_keys: list[int] = []
    days: list[int] = []
    lines: list[str] = []

    def emit(
        who: int, kind: str, channel: str, status: str, source: str, at: int, purpose: str
    ) -> None:
        value = people.email[who] if kind == "email" else people.phone[who]
        owners.add(kind, [value], [who])
        draw = drawn[who]
        shown = spelled_email(value, draw >> 9) if kind == "email" else value
        if kind == "phone" and draw % 5 == 0:
            shown = f"{value[:3]} {value[3:6]} {value[6:]}"
        key = (keys[who] ^ (at * 2_654_435_761) ^ hash_of(channel, status)) & 0x7FFFFFFFFFFFFFFF
        zone = chance_zone(people, who, at)
        lines.append(
            csv_line([f"k{key:016x}", kind, shown, channel, purpose, status, source, zone])
        )
        times.append(at)
        row_keys.append(key)
        late = draw % 3 + 1 if key % 61 == 0 and at >= people.start_ms else 0
        days.append(max((at - people.start_ms) // DAY_MS, 0) + late)

    for who in range(people.count):
        draw = drawn[who]
        before = people.start_ms - (1 + draw % 500) * DAY_MS + draw % DAY_MS
        if traits.is_subscribed[who]:
            emit(who, "email", "email", "granted", "signup_form", before, "marketing")
            if draw % 9 == 0:
                emit(who, "email", "email", "granted", "privacy_center", before, "service")
        elif traits.is_customer[who] and draw % 4 == 0:
            emit(who, "email", "email", "denied", "checkout", before, "marketing")
        if traits.takes_sms[who]:
            emit(who, "phone", "sms", "granted", "checkout", before, "marketing")
        if traits.is_customer[who] and draw % 23 == 0:
            at = people.start_ms + (draw >> 7) % people.days * DAY_MS + draw % DAY_MS
            channel = ("ads", "mail", "call")[draw % 3]
            kind = "phone" if channel == "call" else "email"
            status = "denied" if (draw >> 3) % 4 else "granted"
            emit(who, kind, channel, status, "privacy_center", at, "marketing")
    for joined, day in record.sign_ups:
        for who in joined.tolist():
            moment = people.start_ms + day * DAY_MS + 82_000_000 + drawn[who] % 3_000_000
            emit(who, "email", "email", "granted", "signup_form", moment, "marketing")
    for person, day, campaign, _, _, left in record.sends:
        leaving = person[left]
        if len(leaving):
            rows = (np.full(len(leaving), day), np.full(len(leaving), campaign))
            sent = email_times(people, leaving, *rows)
            opening, clicking = email_delays(people, leaving, *rows)
            moments = people.start_ms + day * DAY_MS + sent + opening + clicking + 45_000
            for who, moment in zip(leaving.tolist(), moments.tolist(), strict=True):
                emit(who, "email", "email", "denied", "hubspot_unsubscribe", moment, "marketing")
    for person, day, refused in record.texts:
        for who in person[refused].tolist():
            moment = people.start_ms + day * DAY_MS + 60_000_000 + drawn[who] % 20_000_000
            emit(who, "phone", "sms", "denied", "sms_stop", moment, "marketing")
    if not lines:
        return
    when = np.array(times, dtype=np.int64)
    file_days, key = np.array(days, dtype=np.int64), np.array(row_keys, dtype=np.uint64)
    run.add("consents", file_days, when, key, lines)
    again = np.flatnonzero(key % np.uint64(75) == 0)
    run.add(
        *("consents", file_days[again] + 1, when[again], key[again]),
        [lines[i] for i in again.tolist()],
    )
    run.flush("consents")


def hash_of(*words: str) -> int:
    """Return a small number that stands for words, the same in every process."""
    result = 17
    for word in words:
        for letter in word:
            result = (result * 31 + ord(letter)) & 0xFFFFFFFFFFFF
    return result


def chance_zone(people: People, who: int, at: int) -> str:
    """Return a moment as ISO text with the offset of the person's zone (or as UTC)."""
    if people.numbers[who] % 3 == 0:
        moment = datetime.fromtimestamp(at // 1000, tz=UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    day = min(max((at - people.start_ms) // DAY_MS, 0), people.days - 1)
    seconds = int(people.offsets(np.array([who]), np.array([day]))[0])
    local = datetime.fromtimestamp(at // 1000 + seconds, tz=UTC)
    sign = "-" if seconds < 0 else "+"
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return f"{local.strftime('%Y-%m-%dT%H:%M:%S')}{sign}{hours:02d}:{minutes:02d}"


# -- Salesforce -----------------------------------------------------------------------------------

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def salesforce_id(prefix: str, number: int) -> str:
    """Return an 18-character record id: key prefix, instance, number, and the case checksum."""
    text = ""
    for _ in range(7):
        number, digit = divmod(number, 62)
        text = _DIGITS[digit] + text
    body = f"{prefix}Qs000{text}"[:15]
    suffix = ""
    for part in range(3):
        value = sum(1 << i for i in range(5) if body[part * 5 + i].isupper())
        suffix += "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[value]
    return body + suffix


_STAGES = ("Prospecting", "Qualification", "Proposal/Price Quote", "Negotiation/Review")
_SF_CAMPAIGNS = (
    ("Trade Fair Spring", "Trade Show", 18000),
    ("Guide Webinar", "Webinar", 2500),
    ("Partner Newsletter", "Email", 900),
)


def write_salesforce_campaigns(run: Run, start_ms: int, days: int) -> None:
    """Write the campaigns of the business team, once, and one of them again when it ends."""
    start = datetime.fromtimestamp(start_ms // 1000, tz=UTC).date()
    for number, (name, kind, cost) in enumerate(_SF_CAMPAIGNS):
        identifier = salesforce_id("701", number + 1)
        created = start_ms - 20 * DAY_MS
        begins, ends = start + timedelta(days=3), start + timedelta(days=max(days - 5, 4))
        versions = [(created, "In Progress", "true", "")]
        if number == 1:
            versions.append((start_ms + max(days - 5, 0) * DAY_MS, "Completed", "false", str(cost)))
        for modified, status, active, actual in versions:
            line = csv_line(
                [
                    *(identifier, name, kind, status, begins.isoformat(), ends.isoformat()),
                    *(active, str(cost), actual, _salesforce_time(created)),
                    *(_salesforce_time(modified), "false"),
                ]
            )
            when = np.array([modified])
            run.add(
                "salesforce_Campaign",
                np.maximum((when - start_ms) // DAY_MS, 0),
                when,
                np.array([number], dtype=np.uint64),
                [line],
            )


class _Salesforce:
    """Collects rows by object, with the time of modification that decides their file."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.end = people.start_ms + people.days * DAY_MS - 1
        self.rows: dict[str, list[tuple[int, int, str]]] = {}

    def emit(self, name: str, modified: int, key: int, cells: list[str]) -> None:
        modified = min(modified, self.end)
        self.rows.setdefault(name, []).append((modified, key, csv_line(cells)))

    def write(self, run: Run) -> None:
        for name, rows in self.rows.items():
            when = np.array([row[0] for row in rows], dtype=np.int64)
            key = np.array([row[1] & 0x7FFFFFFFFFFFFFFF for row in rows], dtype=np.uint64)
            lines = [row[2] for row in rows]
            days = np.maximum((when - self.people.start_ms) // DAY_MS, 0)
            stream = f"salesforce_{name}"
            run.add(stream, days, when, key, lines)
            # Extracts overlap: some records come again in the next one.
            again = np.flatnonzero(key % np.uint64(40) == 3)
            run.add(
                *(stream, days[again] + 1, when[again], key[again]),
                [lines[i] for i in again.tolist()],
            )
            run.flush(stream)


def write_salesforce(people: People, run: Run, owners: Owners) -> None:
    """Write accounts, contacts, leads, opportunities and responses of business buyers.

    No channel moves these: business sales are outside the truth about channels.
    """
    chance = people.chance
    drawn = draws(chance.bits("salesforce"))
    spelling = draws(chance.bits("salesforce_spelling"))
    keys = chance.bits("salesforce_key").tolist()
    event_day = chance.below("salesforce_day", people.days).tolist()
    objects = _Salesforce(people)
    consumer = ~people.is_b2b & (people.email_day < 0)
    consumer &= chance.uniform("consumer_lead") < np.float32(0.02)
    contacts_of: dict[int, list[str]] = {}
    for who in np.flatnonzero(people.is_b2b | consumer).tolist():
        draws_of = (drawn[who], spelling[who], keys[who], event_day[who])
        _write_buyer(objects, people, owners, who, *draws_of, contacts_of)
    members = people.account_number.tolist()
    start = people.start_ms
    for account_number in sorted(contacts_of):
        at = members.index(account_number)
        draw = hash_of("account", str(account_number))
        created = start - (100 + draw % 900) * DAY_MS
        country = people.company_country[at]
        name = people.company[at]
        objects.emit(
            "Account",
            created,
            draw,
            [
                *(
                    salesforce_id("001", account_number + 1),
                    name.upper() if draw % 9 == 0 else name,
                ),
                f"https://{people.company_host[at]}",
                INDUSTRIES[draw % len(INDUSTRIES)] if draw % 5 else "",
                *(spelled_country(country.code, draw), _salesforce_time(created)),
                *(_salesforce_time(created), "false"),
            ],
        )
    objects.write(run)


def _write_buyer(
    objects: _Salesforce,
    people: People,
    owners: Owners,
    who: int,
    draw: int,
    spell: int,
    key: int,
    event_day: int,
    contacts_of: dict[int, list[str]],
) -> None:
    """Write a person's lead, contacts, deal and response; note the contact of the account."""
    start = people.start_ms
    number = people.numbers[who]
    country = people.country[who]
    account_number = int(people.account_number[who])
    account = salesforce_id("001", account_number + 1)
    company = people.company[who]
    contact, twin = salesforce_id("003", number * 2 + 1), salesforce_id("003", number * 2 + 2)
    lead = salesforce_id("00Q", number + 1)
    opportunity = salesforce_id("006", number + 1)
    email = people.work_email[who] if people.is_b2b[who] and spell % 10 < 6 else people.email[who]
    shown = spelled_email(email, spell >> 3)
    phone = people.phone[who]
    has_phone = spell % 100 < 70
    first = spelled_name(people.first[who], spell >> 5)
    last = people.last[who].upper() if spell % 17 == 0 else people.last[who]
    title = TITLES[draw % len(TITLES)]
    region = spelled_country(country.code, spell >> 8)
    typed = spelled_phone(phone, country.dial, spell >> 6, region) if has_phone else ""
    source = ("Web", "Trade Show", "Partner Referral", "Other", "")[draw % 5]
    fate = draw % 100 if people.is_b2b[who] else 0
    has_lead, converts, has_contact = fate < 65, 45 <= fate < 65, fate >= 45
    old = start - (20 + draw % 400) * DAY_MS + spell % DAY_MS
    begin = (
        old
        if (draw >> 4) % 10 < 3
        else start + event_day * DAY_MS + 30_000_000 + spell % 36_000_000
    )
    converted_at = max(begin, start) + (4 + draw % 12) * DAY_MS
    converts = converts and converted_at < objects.end
    if has_lead:
        owners.add("salesforce_lead_id", [lead], [who])
        owners.add("email", [email], [who])
        if has_phone:
            owners.add("phone", [phone], [who])

        def lead_cells(status: str, at: int, *ids: str) -> list[str]:
            made = [_salesforce_time(at), *ids] if ids else ["", "", "", ""]
            return [
                *(lead, first, last, company if people.is_b2b[who] else "[not provided]"),
                *(shown, typed, region, source, status, "true" if ids else "false"),
                *made,
                *(_salesforce_time(begin), _salesforce_time(at), "false"),
            ]

        objects.emit("Lead", begin, key, lead_cells("Open - Not Contacted", begin))
        if draw % 3 == 0 and not converts:
            later = max(begin, start) + 3 * DAY_MS
            if later < objects.end:
                objects.emit("Lead", later, key, lead_cells("Working - Contacted", later))
    opened_at = 0
    has_deal = False
    if has_contact and (converts or fate >= 65):
        has_deal = converts or (draw >> 6) % 10 < 5
        opened_at = (
            converted_at
            if converts
            else start + event_day * DAY_MS + 30_000_000 + draw % 36_000_000
        )
        created = converted_at if converts else old
        owners.add("salesforce_contact_id", [contact], [who])
        owners.add("email", [email], [who])
        if has_phone:
            owners.add("phone", [phone], [who])
        opted_out = "true" if draw % 13 == 0 else "false"

        def contact_cells(
            record: str, address: str, at: int, deleted: bool, master: str
        ) -> list[str]:
            mobile = typed if spell % 2 else ""
            return [
                *(record, account, first, last, address, "" if spell % 2 else typed, mobile),
                *(region, source, title, opted_out, _salesforce_time(created)),
                *(_salesforce_time(at), "true" if deleted else "false", master),
            ]

        objects.emit("Contact", created, key, contact_cells(contact, shown, created, False, ""))
        contacts_of.setdefault(account_number, []).append(contact)
        if converts:
            ids = (account, contact, opportunity if has_deal else "")
            objects.emit(
                "Lead", converted_at, key, lead_cells("Closed - Converted", converted_at, *ids)
            )
        if draw % 100 < 14:
            # Somebody made the person a second time, with the private address.
            other = people.email[who] if email != people.email[who] else people.second_email[who]
            made = min(max(created, start) + 2 * DAY_MS, objects.end)
            objects.emit("Contact", made, key + 1, contact_cells(twin, other, made, False, ""))
            owners.add("salesforce_contact_id", [twin], [who])
            owners.add("email", [other], [who])
            merged = made + 6 * DAY_MS
            if draw % 2 and merged < objects.end:
                cells = contact_cells(twin, other, merged, True, contact)
                objects.emit("Contact", merged, key + 1, cells)
    if has_deal and opened_at < objects.end:
        colleagues = contacts_of[account_number]
        _write_deal(objects, people, who, draw, key, opened_at, opportunity, account, colleagues)
    if draw % 10 < 4:
        # A response to a campaign of the business team.
        campaign = salesforce_id("701", 1 + draw % len(_SF_CAMPAIGNS))
        at = (
            max(begin if has_lead else start, start)
            + (draw >> 9) % 9 * DAY_MS
            + (draw >> 4) % 36_000_000
        )
        responded = (draw >> 5) % 3 != 0
        record_is_contact = has_contact and (converts or fate >= 65) and not has_lead
        if at < objects.end and (has_lead or record_is_contact):
            objects.emit(
                "CampaignMember",
                at,
                key,
                [
                    *(salesforce_id("00v", number + 1), campaign),
                    *("" if record_is_contact else lead, contact if record_is_contact else ""),
                    "Responded" if responded else "Sent",
                    "true" if responded else "false",
                    _salesforce_time(at)[:10] if responded else "",
                    *(_salesforce_time(at), _salesforce_time(at), "false"),
                ],
            )


def _write_deal(
    objects: _Salesforce,
    people: People,
    who: int,
    draw: int,
    key: int,
    opened_at: int,
    opportunity: str,
    account: str,
    colleagues: list[str],
) -> None:
    """Write an opportunity from stage to stage, and the contacts who take part in it."""
    amount = 80_000 + draw % 1_900_000
    steps = 1 + (draw >> 3) % 4
    currency = people.country[who].currency
    close_at = opened_at + (steps * 6 + 4) * DAY_MS
    close = datetime.fromtimestamp(close_at // 1000, tz=UTC).date()

    def cells(stage: str, at: int, closed: bool, won: bool, when: date) -> list[str]:
        value = f"{amount / 100:.2f}"
        return [
            *(opportunity, account, f"{people.company[who]} - {1 + draw % 40} sets", stage),
            *(value if at > opened_at or draw % 5 else "", currency, when.isoformat()),
            *("true" if closed else "false", "true" if won else "false"),
            *(
                "New Business" if draw % 3 else "Existing Business",
                ("Web", "Partner Referral")[draw % 2],
            ),
            salesforce_id("701", 1) if draw % 6 == 0 else "",
            *(_salesforce_time(opened_at), _salesforce_time(at), "false"),
        ]

    for step in range(steps):
        at = opened_at + step * 6 * DAY_MS
        if at < objects.end:
            objects.emit("Opportunity", at, key, cells(_STAGES[step], at, False, False, close))
    if close_at < objects.end:
        won = (draw >> 7) % 100 < 42
        stage = "Closed Won" if won else "Closed Lost"
        objects.emit("Opportunity", close_at, key, cells(stage, close_at, True, won, close))
    number = people.numbers[who]
    for place, contact in enumerate(colleagues[-2:][::-1]):
        objects.emit(
            "OpportunityContactRole",
            opened_at + 60_000 * (place + 1),
            key + place,
            [
                *(salesforce_id("00K", number * 2 + place + 1), opportunity, contact),
                *(
                    "Decision Maker" if place == 0 else "Influencer",
                    "true" if place == 0 else "false",
                ),
                *(_salesforce_time(opened_at), _salesforce_time(opened_at + 60_000), "false"),
            ],
        )
