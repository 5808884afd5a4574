"""The simulated brand: same seed same bytes, formats, dirt, and a truth that fits the exports."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import phonenumbers
import pytest
from email_validator import EmailNotValidError, validate_email
from sojourn.simulation import SimulationSummary, simulate
from sojourn.simulation.parameters import CAMPAIGNS, CHANNELS, DOLLARS, Parameters
from sojourn.simulation.shop import JUNK_EMAILS
from sojourn.simulation.spill import STREAMS
from sojourn.simulation.web import BOT_AGENTS, STAFF_NETWORK
from sojourn.simulation.world import simulate_brand
from sojourn.sources.snowplow import ATOMIC_COLUMNS

PEOPLE, DAYS, SEED = 576, 35, 7


@pytest.fixture(scope="module")
def brand(tmp_path_factory: pytest.TempPathFactory) -> SimulationSummary:
    out = tmp_path_factory.mktemp("brand")
    return simulate(out, people=PEOPLE, days=DAYS, seed=SEED, processes=1)


def fingerprints(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def texts(folder: Path, pattern: str) -> Iterator[str]:
    for path in sorted(folder.glob(pattern)):
        if path.suffix == ".gz":
            yield gzip.decompress(path.read_bytes()).decode()
        else:
            yield path.read_text(encoding="utf-8")


def objects(folder: Path, pattern: str) -> Iterator[dict[str, object]]:
    for text in texts(folder, pattern):
        for line in text.splitlines():
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                continue


def records(folder: Path, pattern: str) -> Iterator[dict[str, str]]:
    for text in texts(folder, pattern):
        reader = csv.DictReader(text.splitlines(keepends=True))
        for row in reader:
            if None not in row and None not in row.values():
                yield row


def snowplow(folder: Path) -> Iterator[dict[str, str]]:
    for text in texts(folder, "snowplow/*.gz"):
        for line in text.splitlines():
            cells = line.split("\t")
            if len(cells) == len(ATOMIC_COLUMNS):
                yield dict(zip(ATOMIC_COLUMNS, cells, strict=True))


def is_customer_event(event: dict) -> bool:
    context = event["context"]
    return context["userAgent"] not in BOT_AGENTS and not context["ip"].startswith(STAFF_NETWORK)


def shop_orders(folder: Path) -> dict[str, dict[str, str]]:
    """The last version of each order, without its further lines."""
    return {r["Name"]: r for r in records(folder, "shopify/*.csv") if r["Total"]}


# -- the same bytes ------------------------------------------------------------------------------


def test_same_seed_same_bytes_whatever_the_chunks_and_processes(tmp_path: Path) -> None:
    def write(folder: str, processes: int, chunk: int) -> dict[str, str]:
        simulate_brand(
            tmp_path / folder,
            people=576,
            days=20,
            seed=SEED,
            start=date(2026, 3, 20),
            processes=processes,
            progress=None,
            chunk=chunk,
            parameters=Parameters(future_days=20),
        )
        return fingerprints(tmp_path / folder)

    first = write("a", 1, 576)
    assert write("b", 2, 192) == first
    assert len(first) == len(STREAMS) * 20 + 4


def test_another_seed_gives_another_world(brand: SimulationSummary, tmp_path: Path) -> None:
    simulate(tmp_path, people=64, days=5, seed=8, processes=1)
    simulate(tmp_path / "b", people=64, days=5, seed=9, processes=1)
    name = "truth/identifiers.csv"
    assert (tmp_path / name).read_bytes() != (tmp_path / "b" / name).read_bytes()


def test_writing_again_replaces_what_was_there(tmp_path: Path) -> None:
    simulate(tmp_path, people=64, days=6, seed=1, processes=1)
    simulate(tmp_path, people=64, days=4, seed=1, processes=1)
    assert len(list((tmp_path / "segment").iterdir())) == 4
    assert not list(tmp_path.glob(".spill-*"))


def test_impossible_sizes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one person"):
        simulate(tmp_path, people=0, days=3, seed=1)


# -- formats -------------------------------------------------------------------------------------


def test_csv_headers_are_as_declared(brand: SimulationSummary) -> None:
    for stream in STREAMS.values():
        if stream.header:
            for text in texts(brand.out, stream.path.format(day="*")):
                assert text.splitlines()[0] == stream.header


def test_csv_lines_have_their_columns(brand: SimulationSummary) -> None:
    for name, stream in STREAMS.items():
        if not stream.header:
            continue
        width = len(stream.header.split(","))
        bad = sum(
            len(row) != width
            for text in texts(brand.out, stream.path.format(day="*"))
            for row in csv.reader(text.splitlines(keepends=True))
        )
        # Torn lines exist on purpose, and only where the stream says so.
        assert bad <= DAYS // 2 if stream.breaks else bad == 0, name


def test_segment_events_keep_to_the_specification(brand: SimulationSummary) -> None:
    types: Counter[str] = Counter()
    for event in objects(brand.out, "segment/*.gz"):
        types[str(event["type"])] += 1
        assert event["messageId"]
        assert event["anonymousId"]
        assert str(event["timestamp"]).endswith("Z")
        if event["type"] == "track":
            assert event["event"]
        if event["type"] == "alias":
            assert event["previousId"]
            assert event["userId"]
        if event["type"] == "group":
            assert event["groupId"]
    assert set(types) == {"page", "track", "identify", "screen", "alias", "group"}


def test_snowplow_rows_have_the_atomic_columns(brand: SimulationSummary) -> None:
    rows = list(snowplow(brand.out))
    segment = sum(1 for _ in objects(brand.out, "segment/*.gz"))
    assert 0.07 < len(rows) / (len(rows) + segment) < 0.25
    for row in rows:
        assert row["app_id"] == "journal"
        assert re.fullmatch(r"2026-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", row["collector_tstamp"])
        assert row["page_url"].startswith("https://journal.lumentrail.example/")
        assert re.fullmatch(r"[0-9a-f-]{36}", row["domain_userid"])
        assert re.fullmatch(r"[0-9a-f-]{36}", row["domain_sessionid"])
        assert int(row["domain_sessionidx"]) >= 1
        assert row["event_name"] in {"page_view", "page_ping", "event", "newsletter_signup"}
        assert row["event_version"] == "1-0-0"
        assert row["geo_country"] in {"US", "GB", "DE", "FR", "ES", "IE", "FI"}
    assert {row["event"] for row in rows} == {"page_view", "page_ping", "struct", "unstruct"}


def test_files_hold_what_was_delivered_on_their_day(brand: SimulationSummary) -> None:
    for path in sorted((brand.out / "segment").glob("*.gz")):
        day = path.name[7:17]
        name = f"segment/{path.name}"
        received = [str(event["receivedAt"]) for event in objects(brand.out, name)]
        # A repeated delivery may be a day old.
        assert all(value[:10] <= day for value in received)
        assert sum(value[:10] == day for value in received) > 0.95 * len(received)


# -- dirt ----------------------------------------------------------------------------------------


def test_exports_are_dirty(brand: SimulationSummary) -> None:
    out = brand.out
    events = list(objects(out, "segment/*.gz"))
    messages = Counter(str(event["messageId"]) for event in events)
    assert sum(n > 1 for n in messages.values()) > 0, "repeated messages"
    late = sum(str(e["receivedAt"])[:10] > str(e["timestamp"])[:10] for e in events)
    assert 0.004 < late / len(events) < 0.04, "late events"
    times = [str(e["timestamp"]) for e in events]
    assert times != sorted(times), "out of order"
    assert any(e["originalTimestamp"] != e["timestamp"] for e in events), "wrong clocks"
    assert any(e["context"]["userAgent"] in BOT_AGENTS for e in events), "bots"
    assert any(e["context"]["ip"].startswith(STAFF_NETWORK) for e in events), "staff"
    referrers = {str(e["context"].get("page", {}).get("referrer")) for e in events}
    assert "https://www.paypal.com/" in referrers, "gateways"
    broken = sum(
        not line.endswith("}") for text in texts(out, "segment/*.gz") for line in text.splitlines()
    )
    assert 0 < broken <= DAYS // 2

    assert {"version" in event for event in events} == {True, False}, "a new key halfway"

    contacts = list(records(out, "hubspot/contacts_*.csv"))
    emails = [row["Email"] for row in contacts]
    assert any(e != e.lower() for e in emails)
    assert any(e != e.strip() for e in emails)
    assert any(not row["First Name"] for row in contacts)
    assert any(not row["First Name"].isascii() for row in contacts)
    assert len({row["Country/Region"] for row in contacts}) > 7
    assert Counter(row["Record ID"] for row in contacts).most_common(1)[0][1] > 1
    assert any(
        row["filteredEvent"] for row in objects(out, "hubspot/email*") if "filteredEvent" in row
    )

    zones = {row["store_timezone"] for row in records(out, "pos/*.csv")}
    assert len(zones) >= 3
    assert len({row["Currency"] for row in shop_orders(out).values()}) == 3
    shared = [r for r in records(out, "truth/identifiers.csv") if r["is_shared"] == "true"]
    assert {"anonymous_id"} <= {r["identifier_type"] for r in shared}


def test_machines_open_and_people_unsubscribe(brand: SimulationSummary) -> None:
    kinds = Counter(str(e["type"]) for e in objects(brand.out, "hubspot/email*.jsonl"))
    assert {"SENT", "DELIVERED", "OPEN", "CLICK", "BOUNCE", "STATUSCHANGE"} <= set(kinds)
    left: dict[str, int] = {}
    for event in objects(brand.out, "hubspot/email*.jsonl"):
        if event["type"] == "STATUSCHANGE":
            left[str(event["recipient"])] = int(str(event["created"]))
    for event in objects(brand.out, "hubspot/email*.jsonl"):
        if event["type"] == "SENT" and event["recipient"] in left:
            assert int(str(event["created"])) <= left[str(event["recipient"])], "sent after refusal"


# -- touches and orders fit each other -----------------------------------------------------------


def test_click_ids_of_landings_are_in_the_ad_servers_log(brand: SimulationSummary) -> None:
    clicks = {
        row["click_id"]: row["campaign_name"]
        for row in records(brand.out, "ad_server/*.gz")
        if row["event_type"] == "click"
    }
    landed = 0
    for event in objects(brand.out, "segment/*.gz"):
        url = str(event["context"].get("page", {}).get("url", ""))
        found = re.search(r"[?&](gclid|fbclid|dclid)=([^&]+)", url)
        if not found:
            continue
        landed += 1
        campaign = re.search(r"utm_campaign=([^&]+)", url)
        assert found[2] in clicks
        if campaign:
            assert clicks[found[2]] == campaign[1]
            assert event["context"]["campaign"]["name"] == campaign[1]
    assert landed > 50


def test_orders_in_the_stream_are_the_shops(brand: SimulationSummary) -> None:
    shop = shop_orders(brand.out)
    completed = {
        str(e["properties"]["order_id"]): e["properties"]
        for e in objects(brand.out, "segment/*.gz")
        if e.get("event") == "Order Completed"
    }
    web = {name for name, row in shop.items() if row["Source"] == "web"}
    assert completed
    assert {f"#{number}" for number in completed} < web
    for number, properties in completed.items():
        row = shop[f"#{number}"]
        assert float(row["Subtotal"]) == pytest.approx(properties["revenue"])
        assert float(row["Total"]) == pytest.approx(properties["total"])
        assert row["Currency"] == properties["currency"]


def test_shop_money_adds_up(brand: SimulationSummary) -> None:
    lines: dict[str, list[dict[str, str]]] = {}
    first: dict[str, dict[str, str]] = {}
    for text in texts(brand.out, "shopify/*.csv"):
        for row in csv.DictReader(text.splitlines(keepends=True)):
            name = row["Name"]
            if row["Total"]:
                lines[name] = []
                first[name] = row
            lines[name].append(row)
    for name, rows in lines.items():
        head = first[name]
        value = sum(
            float(r["Lineitem price"]) * int(r["Lineitem quantity"]) - float(r["Lineitem discount"])
            for r in rows
        )
        assert value - float(head["Discount Amount"]) == pytest.approx(float(head["Subtotal"]))
        parts = sum(float(head[c]) for c in ("Subtotal", "Shipping", "Taxes"))
        assert parts == pytest.approx(float(head["Total"]))
        assert 0 <= float(head["Refunded Amount"]) <= float(head["Total"]) + 0.001


def test_exported_orders_are_those_of_the_truth(brand: SimulationSummary) -> None:
    """Everybody is in the sample, so the world with every channel on is the exported one."""
    effects = list(records(brand.out, "truth/channel_effects.csv"))
    shapley = sum(float(r["shapley_conversions"]) for r in effects if r["shapley_conversions"])
    revenue = sum(float(r["shapley_revenue"]) for r in effects if r["shapley_revenue"])

    shop = shop_orders(brand.out)
    receipts = {}
    for row in records(brand.out, "pos/*.csv"):
        receipts[row["receipt_id"], row["line_number"]] = row
    sold = {receipt for (receipt, _), row in receipts.items() if not row["returned_receipt_id"]}
    assert len(shop) + len(sold) == brand.orders
    assert shapley == pytest.approx(brand.orders, abs=0.01)

    exported = 0.0
    for row in shop.values():
        subtotal, taxes = float(row["Subtotal"]), float(row["Taxes"])
        refund = float(row["Refunded Amount"]) * subtotal / (subtotal + taxes)
        exported += DOLLARS[row["Currency"]] * (subtotal - refund)
    for row in receipts.values():
        net = float(row["unit_price"]) * int(row["quantity"]) - float(row["discount"])
        exported += DOLLARS[row["currency"]] * net
    assert brand.revenue == pytest.approx(revenue, abs=0.05)
    # Refunds carry tax rounded to the cent.
    assert exported == pytest.approx(brand.revenue, abs=0.02 * len(shop) + 0.01)


def test_effects_name_every_channel_and_campaign(brand: SimulationSummary) -> None:
    rows = list(records(brand.out, "truth/channel_effects.csv"))
    assert [r["channel"] for r in rows if not r["campaign"]] == [*CHANNELS, "baseline"]
    assert [(r["channel"], r["campaign"]) for r in rows if r["campaign"]] == [
        (c.channel, c.key) for c in CAMPAIGNS
    ]
    assert all(not r["shapley_conversions"] for r in rows if r["campaign"])
    assert all(float(r["standard_error"]) >= 0 for r in rows)


def test_customers_have_a_state_and_a_future(brand: SimulationSummary) -> None:
    rows = list(records(brand.out, "truth/customers.csv"))
    assert len(rows) == PEOPLE
    assert {r["state"] for r in rows} == {"alive", "churned", "prospect"}
    assert all((r["state"] == "churned") == bool(r["churned_at"]) for r in rows)
    assert all(float(r["future_revenue_365d"]) == 0 for r in rows if r["state"] == "churned")
    assert any(float(r["future_revenue_365d"]) > 0 for r in rows if r["state"] == "alive")


# -- identities ----------------------------------------------------------------------------------


def standard_email(text: str) -> str | None:
    try:
        return validate_email(text.strip().lower(), check_deliverability=False).normalized
    except EmailNotValidError:
        return None


def standard_phone(text: str, region: str) -> str | None:
    known = {"united states": "US", "united kingdom": "GB", "germany": "DE", "france": "FR"}
    known |= {"spain": "ES", "ireland": "IE", "finland": "FI"}
    code = known.get(region.strip().lower(), region.strip().upper())
    try:
        number = phonenumbers.parse(text, code if len(code) == 2 else None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def exported_identifiers(out: Path) -> set[tuple[str, str]]:
    seen: set[tuple[str, str]] = set()

    def add(kind: str, value: str | None) -> None:
        if value:
            seen.add((kind, value))

    def email(value: str) -> None:
        standard = standard_email(value) if value else None
        if standard not in JUNK_EMAILS:
            add("email", standard)

    def phone(value: str, region: str) -> None:
        add("phone", standard_phone(value, region) if value else None)

    for event in filter(is_customer_event, objects(out, "segment/*.gz")):
        add("anonymous_id", event["anonymousId"])
        add("user_id", event["userId"])
        traits = event.get("traits", {})
        email(traits.get("email", ""))
        phone(traits.get("phone", ""), "")
    for row in snowplow(out):
        add("domain_userid", row["domain_userid"])
        add("user_id", row["user_id"])
        if row["unstruct_event"]:
            email(json.loads(row["unstruct_event"])["data"]["data"]["email"])
    for row in records(out, "salesforce/Contact_*.csv"):
        add("salesforce_contact_id", row["Id"])
        email(row["Email"])
        phone(row["Phone"], row["MailingCountry"])
        phone(row["MobilePhone"], row["MailingCountry"])
    for row in records(out, "salesforce/Lead_*.csv"):
        add("salesforce_lead_id", row["Id"])
        email(row["Email"])
        phone(row["Phone"], row["Country"])
    for row in records(out, "hubspot/contacts_*.csv"):
        add("hubspot_contact_id", row["Record ID"])
        email(row["Email"])
        phone(row["Phone Number"], row["Country/Region"])
    for event in objects(out, "hubspot/email*.jsonl"):
        email(str(event["recipient"]))
    for row in shop_orders(out).values():
        email(row["Email"])
        phone(row["Phone"], row["Billing Country"])
        phone(row["Billing Phone"], row["Billing Country"])
        found = re.search(r"user_id: (\S+)", row["Note Attributes"])
        add("user_id", found[1] if found else None)
    for row in records(out, "pos/*.csv"):
        add("loyalty_number", row["loyalty_number"].strip())
        email(row["e_receipt_email"])
    for row in records(out, "calls/*.csv"):
        add("loyalty_number", row["loyalty_number"].strip())
        phone(row["caller_number"], row["caller_country"])
    for row in records(out, "ad_server/*.gz"):
        add("anonymous_id", row["first_party_id"])
    for row in records(out, "consents/*.csv"):
        if row["identifier_type"] == "email":
            email(row["identifier_value"])
        else:
            phone(row["identifier_value"], "")
    return seen


def test_truth_names_exactly_the_identifiers_of_the_exports(brand: SimulationSummary) -> None:
    rows = list(records(brand.out, "truth/identifiers.csv"))
    truth = {(r["identifier_type"], r["identifier_value"]) for r in rows}
    exported = exported_identifiers(brand.out)
    assert truth - exported == set()
    assert exported - truth == set()
    kinds = {kind for kind, _ in truth}
    assert kinds == {
        *("user_id", "email", "phone", "anonymous_id", "domain_userid", "salesforce_contact_id"),
        *("salesforce_lead_id", "hubspot_contact_id", "loyalty_number"),
    }
    owners = Counter((r["identifier_type"], r["identifier_value"]) for r in rows)
    shared = {
        (r["identifier_type"], r["identifier_value"]) for r in rows if r["is_shared"] == "true"
    }
    assert {key for key, count in owners.items() if count > 1} <= shared


def test_every_event_has_its_owner(brand: SimulationSummary) -> None:
    owners = {
        (r["source"], r["event_id"]): r["true_person_id"]
        for r in records(brand.out, "truth/event_owners.csv")
    }
    events = {
        ("segment", str(e["messageId"]))
        for e in filter(is_customer_event, objects(brand.out, "segment/*.gz"))
    }
    events |= {("snowplow", row["event_id"]) for row in snowplow(brand.out)}
    events |= {("hubspot", str(e["id"])) for e in objects(brand.out, "hubspot/email*.jsonl")}
    web = {key for key in owners if key[0] in ("segment", "snowplow", "hubspot")}
    assert web == events
    assert {key[1] for key in owners if key[0] == "shopify"} == set(shop_orders(brand.out))


def test_a_million_persons_have_their_own_addresses() -> None:
    from sojourn.simulation.parameters import COUNTRIES
    from sojourn.simulation.people import phone_number

    for country in COUNTRIES:
        numbers = [*range(0, 1_000_000, 97), *range(4_000_000, 4_000_500)]
        phones = {phone_number(country.dial, country.mobile, n) for n in numbers}
        assert len(phones) == len(numbers)
        for phone in sorted(phones)[::50]:
            assert phonenumbers.is_valid_number(phonenumbers.parse(phone)), (country.name, phone)
