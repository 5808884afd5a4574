"""Sessions become web and app events: the shop's to the Segment spec, the journal's as Snowplow.

Numbers are drawn for all events of a chunk at once; text is put together by one f-string an
event from pieces that a session shares.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, quote_plus

import numpy as np

from sojourn.simulation.behaviour import (
    FIRST_CAMPAIGN,
    ORGANIC_SEARCH,
    ORGANIC_SOCIAL,
    REFERRAL,
)
from sojourn.simulation.chance import Bits, Chance, Integers, hex_ids, mix, short_ids
from sojourn.simulation.parameters import (
    BRAND,
    CAMPAIGNS,
    JOURNAL_HOST,
    PRODUCTS,
    SHOP_HOST,
    Parameters,
)
from sojourn.simulation.people import (
    APP,
    DAY_MS,
    FAMILY,
    KIOSK,
    LAPTOP,
    NEVER,
    People,
    draws,
    mistyped_email,
    spelled_email,
)
from sojourn.simulation.sessions import REMEMBERED, SIGNS_IN, Sessions
from sojourn.simulation.shop import Sales
from sojourn.simulation.spill import Run
from sojourn.simulation.truth import Owners
from sojourn.sources.snowplow import ATOMIC_COLUMNS

USER_AGENTS = (
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/142.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/18.3 Safari/605.1.15",
        "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
        "Gecko) Version/18.3 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/142.0.0.0 Mobile Safari/537.36",
    ),
    ("LumenTrail/4.2.0 (iOS 18.3; iPhone16,2)", "LumenTrail/4.2.0 (Android 15; Pixel 9)"),
    (
        "Mozilla/5.0 (iPad; CPU OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/17.7 Mobile/15E148 Safari/604.1",
    ),
    (
        "Mozilla/5.0 (X11; CrOS x86_64 16093.68.0) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/141.0.0.0 Safari/537.36 LumenKiosk/2",
    ),
)
"""By device, then by a person's choice."""

BOT_AGENTS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "HeadlessChrome/139.0.0.0 Safari/537.36",
    "python-requests/2.32.3",
)
STAFF_NETWORK = "10.20.0."
"""Everything from this network is the brand's own staff."""

_SEARCH = (
    "https://www.google.com/",
    "https://www.google.com/",
    "https://www.google.com/",
    "https://www.bing.com/",
    "https://duckduckgo.com/",
)
_SOCIAL = (
    "https://l.facebook.com/",
    "https://l.instagram.com/",
    "https://t.co/",
    "https://www.pinterest.com/",
)
_REFERRERS = (
    "https://www.trailmag.example/best-boots-of-the-year",
    "https://hikersforum.example/t/4711",
    "https://blog.norrsken.example/packlista",
)
_GATEWAYS = (
    "https://www.paypal.com/",
    "https://checkout.stripe.com/",
    "https://pay.klarna.com/",
)
_CATEGORIES = tuple(dict.fromkeys(product.category for product in PRODUCTS))
_SEARCH_TERMS = ("hiking boots", "rain jacket", "zelt 2 personen", "sac à dos 50l", "botas montaña")

# Kinds of events, in the order in which a session may have them.
LANDING, ALIAS, IDENTIFY, SIGNED, GROUP, NEWSLETTER, PAGE, PRODUCT_PAGE, VIEWED = range(9)
ADDED, CHECKOUT, PAY_PAGE, ORDERED, SIGNED_OUT, OPENED = range(9, 15)
_VIEWS = (LANDING, PAGE, PRODUCT_PAGE, PAY_PAGE)


@dataclass
class Events:
    """Events of sessions, sorted by session and time; arrays of shape (m,)."""

    session: Integers
    kind: Integers
    item: Integers
    """Counter of the event within its kind and session."""
    time: Integers
    """Milliseconds since 1970."""
    first_key: Bits
    second_key: Bits


def click_ids(people: People, person: Integers, day: Integers, campaign: Integers) -> list[str]:
    """Return the ad platform's click id of each click; empty where a campaign has none."""
    ids = short_ids(people.chance.bits("click_id", day, campaign, person))
    prefixes = {"gclid": "Cj0KCQiA", "fbclid": "IwAR", "dclid": "CMvX", "": ""}
    return [
        prefixes[p] + i if (p := CAMPAIGNS[c].click_parameter) else ""
        for i, c in zip(ids, campaign.tolist(), strict=True)
    ]


def order_events(people: People, sessions: Sessions, sales: Sales) -> Events:
    """Return the events of all sessions; times lie within the hour after the session's start."""
    count = len(sessions.person)
    everything = np.arange(count)
    parts: list[tuple[Integers, int, Integers, int]] = []  # sessions, kind, item, rank

    def some(mask: object, kind: int, rank: int) -> None:
        at = everything[np.asarray(mask, dtype=np.bool_)]
        parts.append((at, kind, np.zeros(len(at), dtype=np.int64), rank))

    shop = ~sessions.on_journal
    is_app = sessions.device == APP
    some(is_app, OPENED, 0)
    some(~is_app, LANDING, 0)
    signs_in = shop & (sessions.sign_in == SIGNS_IN)
    some(signs_in & is_app, ALIAS, 2)
    some(signs_in, IDENTIFY, 3)
    some(signs_in, SIGNED, 4)
    some(signs_in & people.is_b2b[sessions.person], GROUP, 5)
    some(sessions.signs_up & ~signs_in, NEWSLETTER, 6)
    repeats = np.repeat(everything, sessions.browse)
    item = np.arange(len(repeats)) - np.repeat(
        np.cumsum(sessions.browse) - sessions.browse, sessions.browse
    )
    style = people.chance.below(
        "page_kind",
        100,
        sessions.day[repeats],
        sessions.origin[repeats] * 64 + item,
        sessions.person[repeats],
    )
    is_product = (style < 45) & shop[repeats]
    parts.append((repeats[~is_product], PAGE, item[~is_product], 10))
    parts.append((repeats[is_product], PRODUCT_PAGE, item[is_product], 10))
    parts.append((repeats[is_product], VIEWED, item[is_product], 10))
    some(sessions.has_cart & shop, ADDED, 80)
    orders = sessions.order >= 0
    some(orders, CHECKOUT, 82)
    some(orders & ~is_app, PAY_PAGE, 83)
    some(orders, ORDERED, 84)
    some(signs_in & sessions.signs_out, SIGNED_OUT, 90)

    session = np.concatenate([p[0] for p in parts])
    kind = np.concatenate([np.full(len(p[0]), p[1]) for p in parts])
    item = np.concatenate([p[2] for p in parts])
    rank = np.concatenate([np.full(len(p[0]), p[3]) for p in parts]) + np.where(
        (kind >= PAGE) & (kind <= VIEWED), item, 0
    )
    order = np.lexsort((kind, rank, session))
    session, kind, item, rank = session[order], kind[order], item[order], rank[order]
    person, day = sessions.person[session], sessions.day[session]
    first = people.chance.bits(
        "event", day, (sessions.origin[session] * 128 + rank) * 32 + kind, person
    )
    second = mix(first ^ np.uint64(0x1F83D9ABFB41BD6B))
    gap = 2_000 + (second >> np.uint64(20)).astype(np.int64) % 58_000
    # The track call of a page follows the page at once, and a session begins with its start.
    at_once = (kind == VIEWED) | (kind == SIGNED) | (kind == GROUP) | (kind == ALIAS)
    gap = np.where(at_once, 40 + gap % 400, gap)
    starts = np.searchsorted(session, np.arange(count))
    gap[starts] = 0
    running = np.cumsum(gap)
    elapsed = running - np.repeat(running[starts], np.diff(np.append(starts, len(session))))
    time = sessions.start[session] + elapsed
    sales.place_web_orders(sessions.order[session[kind == ORDERED]], time[kind == ORDERED])
    return Events(session, kind, item, time, first, second)


@dataclass
class _Landing:
    """How sessions arrive: query, referrer and the campaign object of the landing page."""

    query: list[str]
    referrer: list[str]
    campaign: list[str]
    number: list[int]
    """Campaign number, or -1 where it left no trace."""


def _landings(people: People, sessions: Sessions) -> _Landing:
    person, day, origin = sessions.person, sessions.day, sessions.origin
    drawn = draws(people.chance.bits("landing", day, origin, person))
    campaign = np.maximum(origin - FIRST_CAMPAIGN, 0)
    clicks = click_ids(people, person, day, campaign)
    result = _Landing([], [], [], [])
    rows = zip(
        origin.tolist(), sessions.is_stripped.tolist(), drawn, clicks, person.tolist(), strict=True
    )
    for source, stripped, draw, click, who in rows:
        query, referrer, context, number = "", "", "", -1
        if source == ORGANIC_SEARCH:
            referrer = _SEARCH[draw % len(_SEARCH)]
            if people.country[who].code != "US" and referrer.startswith("https://www.google"):
                suffix = {"GB": "co.uk"}.get(
                    people.country[who].code, people.country[who].code.lower()
                )
                referrer = f"https://www.google.{suffix}/"
        elif source == ORGANIC_SOCIAL:
            referrer = _SOCIAL[draw % len(_SOCIAL)]
        elif source == REFERRAL:
            referrer = _REFERRERS[draw % len(_REFERRERS)]
        elif source >= FIRST_CAMPAIGN:
            number = source - FIRST_CAMPAIGN
            ad = CAMPAIGNS[number]
            referrer = {
                "google": "https://www.google.com/",
                "facebook": "https://l.facebook.com/",
                "instagram": "https://l.instagram.com/",
                "dv360": "https://ad.doubleclick.net/",
                "coupondeck": "https://coupondeck.example/lumen-trail",
                "gearjudge": "https://www.gearjudge.example/tests/boots",
            }.get(ad.source, "")
            if stripped:
                # Parameters and referrer are lost: the visit looks direct.
                referrer, number = "", -1
            elif ad.click_parameter == "gclid" and draw % 10 < 3:
                # Auto-tagging alone: the campaign is known to the click log only.
                query = f"?gclid={click}"
            else:
                term = ""
                if ad.key == "generic_search":
                    term = _SEARCH_TERMS[draw % len(_SEARCH_TERMS)]
                elif ad.key == "brand_search":
                    term = BRAND.lower()
                content = f"variant-{'ab'[draw % 2]}" if ad.platform else ""
                # Somebody at the agency writes the medium in capitals now and then.
                medium = ad.medium.upper() if draw % 41 == 0 else ad.medium
                query = f"?utm_source={ad.source}&utm_medium={medium}&utm_campaign={ad.key}"
                context = f'"source":"{ad.source}","medium":"{medium}","name":"{ad.key}"'
                if term:
                    query += f"&utm_term={quote_plus(term)}"
                    context += f',"term":"{term}"'
                if content:
                    query += f"&utm_content={content}&utm_id={ad.campaign_id}"
                    context += f',"content":"{content}"'
                if click:
                    query += f"&{ad.click_parameter}={click}"
        result.query.append(query)
        result.referrer.append(referrer)
        result.campaign.append(f'"campaign":{{{context}}},' if context else "")
        result.number.append(number)
    return result


def _times(values: Integers) -> list[str]:
    text = np.datetime_as_string(values.astype("datetime64[ms]"), unit="ms")
    return text.tolist()  # type: ignore[no-any-return]


@dataclass
class _Delivery:
    """When events reach the collector, and in which day's file they are."""

    received: Integers
    file_day: Integers


def _deliver(people: People, time: Integers, key: Bits, parameters: Parameters) -> _Delivery:
    draw = mix(key ^ np.uint64(0x6A09E667F3BCC909))
    share = (draw >> np.uint64(40)).astype(np.int64)
    late = share < int(parameters.late * (1 << 24))
    delay = 150 + (draw & np.uint64(0x7FFF)).astype(np.int64)
    # Telephones without a network send up to three days later.
    long = 3_600_000 + (draw & np.uint64(0xFFFFFFF)).astype(np.int64) % (3 * DAY_MS - 7_200_000)
    received = time + np.where(late, long, delay)
    # No export says that it received something after it was written.
    end = people.start_ms + people.days * DAY_MS - 1
    received = np.minimum(received, end)
    return _Delivery(received, (received - people.start_ms) // DAY_MS)


def write_events(
    people: People,
    sessions: Sessions,
    events: Events,
    sales: Sales,
    parameters: Parameters,
    run: Run,
    owners: Owners,
    event_owners: list[str],
) -> None:
    """Render the events of all tracked sessions of a chunk."""
    landings = _landings(people, sessions)
    tracked = ~sessions.is_untracked[events.session]
    on_journal = sessions.on_journal[events.session]
    _write_segment(
        *(people, sessions, events, landings, sales, parameters, run, owners, event_owners),
        np.flatnonzero(tracked & ~on_journal),
    )
    run.flush("segment")
    _write_snowplow(
        *(people, sessions, events, landings, parameters, run, owners, event_owners),
        np.flatnonzero(tracked & on_journal),
    )
    run.flush("snowplow")


def _ip(person: int, device: int, draw: int) -> str:
    # 10.x for homes would look internal; 203.0.113.x (TEST-NET-3) and 192.0.2.x are reserved.
    base = "203.0.113." if device in (LAPTOP, FAMILY) else "192.0.2."
    return f"{base}{1 + (person * 7 + draw) % 253}"


def _contexts(people: People, sessions: Sessions) -> list[str]:
    """Return the part of Segment's context that a session's events share."""
    result = []
    agents = draws(people.chance.bits("user_agent", 0, sessions.device, sessions.person))
    rows = zip(sessions.person.tolist(), sessions.device.tolist(), agents, strict=True)
    for person, device, draw in rows:
        choices = USER_AGENTS[device]
        country = people.country[person]
        library = (
            '{"name":"analytics-swift","version":"1.7.1"}'
            if device == APP
            else '{"name":"analytics.js","version":"next-1.81.0"}'
        )
        extra = (
            ',"device":{"type":"ios","manufacturer":"Apple","model":"iPhone16,2"},'
            '"app":{"name":"Lumen Trail","version":"4.2.0"}'
            if device == APP
            else ""
        )
        result.append(
            f'"library":{library},"userAgent":"{choices[draw % len(choices)]}",'
            f'"ip":"{_ip(people.numbers[person], device, draw)}","locale":"{country.locale}",'
            f'"timezone":"{country.timezone}"{extra}'
        )
    return result


def _write_segment(
    people: People,
    sessions: Sessions,
    events: Events,
    landings: _Landing,
    sales: Sales,
    parameters: Parameters,
    run: Run,
    owners: Owners,
    event_owners: list[str],
    rows: Integers,
) -> None:
    session = events.session[rows]
    # Orders that the browser failed to report: the shop has them, the event stream has not.
    kind = events.kind[rows]
    first, second = events.first_key[rows], events.second_key[rows]
    keep = (kind != ORDERED) | (second % np.uint64(100) >= np.uint64(7))
    rows, session, kind = rows[keep], session[keep], kind[keep]
    first, second = first[keep], second[keep]
    if not len(rows):
        return
    time = events.time[rows]
    delivery = _deliver(people, time, first, parameters)
    used = np.unique(session)
    place = np.searchsorted(used, session)
    person_of = sessions.person[used]
    rows_used = Sessions(**{name: value[used] for name, value in vars(sessions).items()})
    anonymous = people.anonymous_ids(person_of, rows_used.device, rows_used.day, rows_used.store)
    contexts = _contexts(people, rows_used)
    is_shared = ((rows_used.device == FAMILY) | (rows_used.device == KIOSK)).tolist()
    for shared in (False, True):
        chosen = [i for i, flag in enumerate(is_shared) if flag is shared]
        owners.add(
            "anonymous_id", [anonymous[i] for i in chosen], person_of[chosen].tolist(), shared
        )

    # From the sign-in on (all along when remembered) events carry the user id, up to sign-out.
    signed_at = np.full(len(used), 1 << 62, dtype=np.int64)
    in_rows = kind == IDENTIFY
    signed_at[place[in_rows]] = time[in_rows]
    signed_at[rows_used.sign_in == REMEMBERED] = 0
    knows_user = time >= signed_at[place]
    known_users = np.unique(person_of[place[knows_user]]).tolist()
    owners.add("user_id", [people.user_id[p] for p in known_users], known_users)

    skew_draw = people.chance.below("clock_skew", 1000, 0, rows_used.device, person_of)
    skew = np.where(skew_draw < 30, (skew_draw - 15) * 247_000, 0)[place]
    sent_lag = np.maximum(delivery.received - time - 120, 0)
    messages = hex_ids(first, second)
    stamps = _times(time)
    originals = _times(time + skew)
    sents = _times(time + skew + sent_lag)
    receiveds = _times(delivery.received)

    names = [people.user_id[p] for p in person_of.tolist()]
    heads = [f'"anonymousId":"{a}"' for a in anonymous]
    landing_of = [
        (landings.query[s], landings.referrer[s], landings.campaign[s]) for s in used.tolist()
    ]
    products = ((second >> np.uint64(8)) % np.uint64(len(PRODUCTS))).astype(np.int64).tolist()
    person_list = person_of.tolist()
    order_list = rows_used.order.tolist()
    device_list = rows_used.device.tolist()
    sign_up_list = rows_used.signs_up.tolist()
    email_draw = draws(second)
    emails_seen: set[tuple[str, int]] = set()
    phones_seen: set[int] = set()

    lines: list[str] = []
    table = zip(
        kind.tolist(),
        place.tolist(),
        messages,
        stamps,
        originals,
        sents,
        receiveds,
        knows_user.tolist(),
        products,
        email_draw,
        (delivery.file_day >= max(people.days // 2, 1)).tolist(),
        strict=True,
    )
    for what, at, message, stamp, original, sent, received, known, product, draw, is_new in table:
        campaign = page = traits = extra = ""
        properties = "{}"
        event = ""
        if what in _VIEWS:
            call = "page"
            if what == LANDING:
                query, referrer, campaign = landing_of[at]
                path, title = (
                    ("/", BRAND) if draw % 3 else (_product_path(product), PRODUCTS[product].name)
                )
            elif what == PAGE:
                query, referrer = "", f"https://{SHOP_HOST}/"
                category = _CATEGORIES[product % len(_CATEGORIES)]
                path, title = f"/c/{category}", category.title()
            elif what == PRODUCT_PAGE:
                query, referrer = "", f"https://{SHOP_HOST}/c/{PRODUCTS[product].category}"
                path, title = _product_path(product), PRODUCTS[product].name
            else:
                query, referrer = (
                    "",
                    _GATEWAYS[draw % 3] if draw % 10 < 6 else f"https://{SHOP_HOST}/checkout",
                )
                path, title = "/checkout/thank-you", "Thank you"
            title = title.replace('"', '\\"')
            if device_list[at] == APP:
                call = "screen"
                properties = f'{{"name":"{title}"}}'
                extra = f'"name":"{title}",'
            else:
                search = query
                page = (
                    f'"page":{{"url":"https://{SHOP_HOST}{path}{search}","referrer":"{referrer}",'
                    f'"title":"{title}","path":"{path}","search":"{search}"}},'
                )
                properties = (
                    f'{{"url":"https://{SHOP_HOST}{path}{search}","path":"{path}",'
                    f'"title":"{title}","referrer":"{referrer}"}}'
                )
                extra = '"name":null,'
        elif what in (IDENTIFY, NEWSLETTER):
            call = "identify"
            who = person_list[at]
            email = people.email[who]
            if draw % 50 == 0 and what == NEWSLETTER:
                email = mistyped_email(email)
            emails_seen.add((email, who))
            shown = spelled_email(email, draw >> 6)
            if what == NEWSLETTER:
                traits = f'"traits":{{"email":"{shown}","newsletter":true}},'
            else:
                phone = ""
                if draw % 4 == 0:
                    phone = f',"phone":"{people.phone[who]}"'
                    phones_seen.add(who)
                first_name = people.first[who].replace('"', "")
                traits = (
                    f'"traits":{{"email":"{shown}","firstName":"{first_name}",'
                    f'"lastName":"{people.last[who]}"{phone}}},'
                )
        elif what == ALIAS:
            call = "alias"
            extra = f'"previousId":"{anonymous[at]}",'
        elif what == GROUP:
            call = "group"
            who = person_list[at]
            company = people.company[who]
            extra = f'"groupId":"A{people.account_number[who]}",'
            traits = f'"traits":{{"name":"{company}"}},'
        else:
            call = "track"
            event, properties = _track(
                what,
                product,
                draw,
                sign_up_list[at],
                order_list[at],
                people,
                person_list[at],
                sales,
            )
            event = f'"event":"{event}",'
        user = f'"userId":"{names[at]}"' if known or what == ALIAS else '"userId":null'
        if is_new:
            # Halfway, the libraries begin to send a key that no export had before.
            extra += '"version":2,'
        lines.append(
            f'{{"type":"{call}",{event}{extra}"messageId":"{message}",{heads[at]},{user},'
            f'"timestamp":"{stamp}Z","originalTimestamp":"{original}Z","sentAt":"{sent}Z",'
            f'"receivedAt":"{received}Z","channel":"client","context":{{{campaign}{page}'
            f'{contexts[at]}}},"properties":{properties},{traits}"integrations":{{}}}}\n'
        )
    for email, who in emails_seen:
        owners.add("email", [email], [who])
    owners.add("phone", [people.phone[p] for p in phones_seen], phones_seen)
    aliased = np.unique(person_of[place[kind == ALIAS]]).tolist()
    owners.add("user_id", [people.user_id[p] for p in aliased], aliased)

    run.add("segment", delivery.file_day, delivery.received, first, lines)
    numbers = [people.numbers[p] for p in person_list]
    event_owners.extend(
        f"segment,{message},P{numbers[at]:07d}\n"
        for message, at in zip(messages, place.tolist(), strict=True)
    )
    # A retry delivers the same message again, at once or with the next day's file.
    share = mix(second ^ np.uint64(0x3C6EF372FE94F82B))
    again = np.flatnonzero(
        (share >> np.uint64(40)).astype(np.int64) < int(parameters.duplicated * (1 << 24))
    )
    later = np.where((share[again] & np.uint64(1)) == 0, 0, 1)
    run.add(
        "segment",
        delivery.file_day[again] + later,
        delivery.received[again] + later * DAY_MS,
        first[again],
        [lines[i] for i in again.tolist()],
        place=1,
    )


def _product_path(product: int) -> str:
    return f"/p/{PRODUCTS[product].sku.lower()}"


def _product_json(product: int) -> str:
    item = PRODUCTS[product]
    name = item.name.replace('"', '\\"')
    return (
        f'"product_id":"{item.sku}","sku":"{item.sku}","name":"{name}","category":"{item.category}"'
    )


def _track(
    what: int,
    product: int,
    draw: int,
    signs_up: bool,
    order: int,
    people: People,
    person: int,
    sales: Sales,
) -> tuple[str, str]:
    """Return the name and properties of a track call."""
    currency = people.country[person].currency
    if what == VIEWED:
        price = PRODUCTS[product].cents / 100
        return (
            "Product Viewed",
            f'{{{_product_json(product)},"price":{price:.2f},"currency":"{currency}"}}',
        )
    if what == ADDED:
        price = PRODUCTS[product].cents / 100
        return (
            "Product Added",
            f'{{"cart_id":"c{draw % 1_000_000_007}",{_product_json(product)},"price":{price:.2f},'
            f'"quantity":1,"currency":"{currency}"}}',
        )
    if what == SIGNED:
        return ("Signed Up" if signs_up and draw % 2 else "Signed In"), '{"method":"email"}'
    if what == SIGNED_OUT:
        return "Signed Out", "{}"
    if what == OPENED:
        return "Application Opened", '{"version":"4.2.0","from_background":false}'
    if what == CHECKOUT:
        return (
            "Checkout Started",
            f'{{"order_id":"{sales.number[order]}","value":{sales.net[order] / 100:.2f},'
            f'"currency":"{currency}"}}',
        )
    return "Order Completed", sales.completed(order)


def _write_snowplow(
    people: People,
    sessions: Sessions,
    events: Events,
    landings: _Landing,
    parameters: Parameters,
    run: Run,
    owners: Owners,
    event_owners: list[str],
    rows: Integers,
) -> None:
    if not len(rows):
        return
    session = events.session[rows]
    used = np.unique(session)
    place = np.searchsorted(used, session)
    chosen = Sessions(**{name: value[used] for name, value in vars(sessions).items()})
    person, day, device = chosen.person, chosen.day, chosen.device
    cookie = people.domain_userids(person, device, day, chosen.store)
    cookie_key = people.device_keys(person, device, day, chosen.store)[0]
    network = hex_ids(mix(cookie_key), mix(cookie_key ^ np.uint64(77)))
    # The tracker counts sessions of a cookie in the order of time.
    order = np.lexsort((chosen.start, cookie_key))
    sorted_keys = cookie_key[order]
    index = np.empty(len(used), dtype=np.int64)
    index[order] = np.arange(len(used)) - np.searchsorted(sorted_keys, sorted_keys) + 1
    session_key = people.chance.bits("domain_session", day, chosen.origin, person)
    session_ids = hex_ids(session_key, mix(session_key))
    wish = people.chance.below("journal_sign_in", 100, day, chosen.origin, person)
    signed = (people.account_day[person] < day) & (wish < 22)
    subscribes = (
        (people.email_day[person] < NEVER) & (wish >= 92) & (people.email_day[person] <= day)
    )
    agents = draws(people.chance.bits("user_agent", 0, device, person))

    kind, time = events.kind[rows], events.time[rows]
    first, second = events.first_key[rows], events.second_key[rows]
    delivery = _deliver(people, time, first, parameters)
    ids = hex_ids(first, second)
    created = [t.replace("T", " ") for t in _times(time)]
    collected = [t.replace("T", " ") for t in _times(delivery.received)]
    etl = [t.replace("T", " ") for t in _times(delivery.received + 61_000)]
    draw = draws(second)

    person_list, signed_list = person.tolist(), signed.tolist()
    shared = (device == FAMILY) | (device == KIOSK)
    for flag in (False, True):
        at = np.flatnonzero(shared == flag).tolist()
        owners.add("domain_userid", [cookie[i] for i in at], [person_list[i] for i in at], flag)
    users = sorted({p for p, s in zip(person_list, signed_list, strict=True) if s})
    owners.add("user_id", [people.user_id[p] for p in users], users)

    bases: list[list[str]] = []
    subscribe_list = subscribes.tolist()
    for i, who in enumerate(person_list):
        country = people.country[who]
        agent = USER_AGENTS[device[i]][agents[i] % len(USER_AGENTS[device[i]])]
        mobile = device[i] != LAPTOP
        bases.append(
            _atomic(
                user_id=people.user_id[who] if signed_list[i] else "",
                user_ipaddress=_ip(people.numbers[who], int(device[i]), agents[i]),
                domain_userid=cookie[i],
                domain_sessionidx=str(index[i]),
                domain_sessionid=session_ids[i],
                network_userid=network[i],
                geo_country=country.code,
                geo_city=country.cities[people.numbers[who] % len(country.cities)],
                geo_timezone=country.timezone,
                os_timezone=country.timezone,
                useragent=agent,
                br_lang=country.locale,
                br_viewwidth="390" if mobile else "1440",
                br_viewheight="844" if mobile else "900",
                dvce_type="Mobile" if mobile else "Computer",
                dvce_ismobile="1" if mobile else "0",
            )
        )
    numbers = used.tolist()
    campaigns = [landings.number[s] for s in numbers]
    clicks = click_ids(people, person, day, np.maximum(np.array(campaigns), 0))
    emails_seen: set[tuple[str, int]] = set()
    lines: list[str] = []
    table = zip(kind.tolist(), place.tolist(), ids, created, collected, etl, draw, strict=True)
    subscribed: set[int] = set()
    for what, at, identifier, stamp, collector, loaded, drawn in table:
        row = bases[at].copy()
        query, referrer, refr = "", f"https://{JOURNAL_HOST}/", ("internal", "")
        slug = f"/{('stories', 'guides', 'recipes', 'routes')[drawn % 4]}/{drawn % 37 + 1}"
        event = name = "page_view"
        vendor = "com.snowplowanalytics.snowplow"
        if what == LANDING:
            session_number = numbers[at]
            query, referrer = landings.query[session_number], landings.referrer[session_number]
            number = campaigns[at]
            if drawn % 3 == 0 and not referrer and not query:
                referrer = f"https://{SHOP_HOST}/"
            refr = _refr(referrer)
            if number >= 0 and query:
                ad = CAMPAIGNS[number]
                parameters_of = dict(parse_qsl(query[1:]))
                row[_MARKETING : _MARKETING + 5] = [
                    parameters_of.get(f"utm_{part}", "")
                    for part in ("medium", "source", "term", "content", "campaign")
                ]
                network_name = _NETWORKS[ad.click_parameter]
                if network_name:
                    # Enrichment knows the click ids of these networks alone.
                    row[_CLICK : _CLICK + 2] = [clicks[at], network_name]
        elif drawn % 5 == 0:
            event = name = "page_ping"
            row[_PING : _PING + 4] = ["0", "0", "120", "2400"]
        elif drawn % 11 == 0:
            event, name = "struct", "event"
            row[_STRUCT : _STRUCT + 3] = ["video", "play", slug[1:]]
            vendor = "com.google.analytics"
        elif subscribe_list[at] and at not in subscribed:
            subscribed.add(at)
            who = person_list[at]
            email = people.second_email[who] if drawn % 3 == 0 else people.email[who]
            emails_seen.add((email, who))
            event, name, vendor = "unstruct", "newsletter_signup", "example.lumentrail"
            row[_UNSTRUCT] = (
                '{"schema":"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0",'
                '"data":{"schema":"iglu:example.lumentrail/newsletter_signup/jsonschema/1-0-0",'
                f'"data":{{"email":"{spelled_email(email, drawn >> 4)}"}}}}}}'
            )
        row[_ETL : _ETL + 5] = [loaded, collector, stamp, event, identifier]
        row[_URL] = f"https://{JOURNAL_HOST}{slug}{query}"
        row[_URL + 2] = referrer
        row[_PATH : _PATH + 2] = [slug, query[1:]]
        if referrer:
            host, _, path = referrer.removeprefix("https://").partition("/")
            row[_REFERRER : _REFERRER + 4] = ["https", host, "443", f"/{path}"]
        row[_REFERRER + 6 : _REFERRER + 8] = refr
        row[_SENT] = row[_DERIVED] = stamp
        row[_DERIVED + 1 : _DERIVED + 3] = [vendor, name]
        lines.append("\t".join(row) + "\n")
    for email, who in emails_seen:
        owners.add("email", [email], [who])
    run.add("snowplow", delivery.file_day, delivery.received, first, lines)
    event_owners.extend(
        f"snowplow,{i},P{people.numbers[person_list[at]]:07d}\n"
        for i, at in zip(ids, place.tolist(), strict=True)
    )
    share = mix(second ^ np.uint64(0x3C6EF372FE94F82B))
    again = np.flatnonzero(
        (share >> np.uint64(40)).astype(np.int64) < int(parameters.duplicated * (1 << 24))
    )
    run.add(
        "snowplow",
        delivery.file_day[again],
        delivery.received[again],
        first[again],
        [lines[i] for i in again.tolist()],
        place=1,
    )


_CONSTANT = {
    "app_id": "journal",
    "platform": "web",
    "name_tracker": "sp",
    "v_tracker": "js-3.24.2",
    "v_collector": "ssc-3.2.0-kinesis",
    "v_etl": "snowplow-enrich-5.1.0",
    "page_title": f"{BRAND} Journal",
    "page_urlscheme": "https",
    "page_urlhost": JOURNAL_HOST,
    "page_urlport": "443",
    "br_cookies": "1",
    "br_colordepth": "24",
    "doc_charset": "UTF-8",
    "event_format": "jsonschema",
    "event_version": "1-0-0",
}
_PLACES = {name: place for place, name in enumerate(ATOMIC_COLUMNS)}
_TEMPLATE = [_CONSTANT.get(name, "") for name in ATOMIC_COLUMNS]
_NETWORKS = {"gclid": "Google", "dclid": "DoubleClick", "fbclid": "", "": ""}
_ETL = ATOMIC_COLUMNS.index("etl_tstamp")
_URL = ATOMIC_COLUMNS.index("page_url")
_PATH = ATOMIC_COLUMNS.index("page_urlpath")
_REFERRER = ATOMIC_COLUMNS.index("refr_urlscheme")
_MARKETING = ATOMIC_COLUMNS.index("mkt_medium")
_STRUCT = ATOMIC_COLUMNS.index("se_category")
_UNSTRUCT = ATOMIC_COLUMNS.index("unstruct_event")
_PING = ATOMIC_COLUMNS.index("pp_xoffset_min")
_CLICK = ATOMIC_COLUMNS.index("mkt_clickid")
_SENT = ATOMIC_COLUMNS.index("dvce_sent_tstamp")
_DERIVED = ATOMIC_COLUMNS.index("derived_tstamp")


def _atomic(**values: str) -> list[str]:
    """Return a row of atomic columns with the given ones and those that never change."""
    row = _TEMPLATE.copy()
    for name, value in values.items():
        row[_PLACES[name]] = value
    return row


def _refr(referrer: str) -> tuple[str, str]:
    if not referrer:
        return "", ""
    if "google" in referrer:
        return "search", "Google"
    if "bing" in referrer:
        return "search", "Bing"
    if "duckduckgo" in referrer:
        return "search", "DuckDuckGo"
    if "facebook" in referrer:
        return "social", "Facebook"
    if "instagram" in referrer:
        return "social", "Instagram"
    if "t.co" in referrer:
        return "social", "Twitter"
    if "pinterest" in referrer:
        return "social", "Pinterest"
    if SHOP_HOST in referrer:
        return "internal", ""
    return "unknown", ""


def write_noise(
    seed: int, people: int, start_ms: int, days: int, parameters: Parameters, run: Run
) -> None:
    """Write what bots and the brand's own staff do: events that belong to no customer."""
    for kind, percent, prefix in (
        ("bot", parameters.bot_sessions_percent, "bot"),
        ("staff", parameters.staff_sessions_percent, "staff"),
    ):
        sessions = max(1, people * percent // 10_000)
        number = np.repeat(np.arange(days), sessions)
        visitor = np.tile(np.arange(sessions), days)
        chance = Chance(seed ^ 0x5BD1E995, visitor)
        at = np.arange(len(visitor))
        size = 3 + chance.below(f"{prefix}_size", 8, number, 0, at)
        rows = np.repeat(at, size)
        item = np.arange(len(rows)) - np.repeat(np.cumsum(size) - size, size)
        begin = chance.below(f"{prefix}_start", 85_000_000, number, 0, at)
        time = start_ms + number[rows] * DAY_MS + begin[rows] + item * 900
        key = chance.bits(f"{prefix}_event", number[rows], item, rows)
        other = mix(key)
        devices = hex_ids(
            chance.bits(f"{prefix}_device", 0, 0, at), chance.bits(f"{prefix}_other", 0, 0, at)
        )
        messages, stamps = hex_ids(key, other), _times(time)
        lines = []
        product = (other % np.uint64(len(PRODUCTS))).astype(np.int64).tolist()
        for row, message, stamp, viewed in zip(
            rows.tolist(), messages, stamps, product, strict=True
        ):
            who = int(visitor[row])
            agent = BOT_AGENTS[who % len(BOT_AGENTS)] if kind == "bot" else USER_AGENTS[0][0]
            ip = f"192.0.2.{1 + who % 250}" if kind == "bot" else f"{STAFF_NETWORK}{1 + who % 250}"
            path = _product_path(viewed)
            lines.append(
                f'{{"type":"page","name":null,"messageId":"{message}","anonymousId":"{devices[row]}",'
                f'"userId":null,"timestamp":"{stamp}Z","originalTimestamp":"{stamp}Z",'
                f'"sentAt":"{stamp}Z","receivedAt":"{stamp}Z","channel":"client","context":{{"page":'
                f'{{"url":"https://{SHOP_HOST}{path}","referrer":"","title":"","path":"{path}",'
                f'"search":""}},"userAgent":"{agent}","ip":"{ip}","locale":"en-US"}},'
                f'"properties":{{"path":"{path}"}},"integrations":{{}}}}\n'
            )
        run.add("segment", number[rows], time, key, lines)
