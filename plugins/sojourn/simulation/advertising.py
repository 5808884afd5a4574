"""What the advertising platforms report: the ad server's log, and cost by day and campaign."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sojourn.simulation.behaviour import FIRST_CAMPAIGN, Record
from sojourn.simulation.chance import Integers, short_ids
from sojourn.simulation.parameters import CAMPAIGNS, Parameters
from sojourn.simulation.people import DAY_MS, LAPTOP, PHONE_WEB, People, draws, zone_offsets
from sojourn.simulation.sessions import Sessions
from sojourn.simulation.spill import STREAMS, Run
from sojourn.simulation.truth import Owners
from sojourn.simulation.web import USER_AGENTS, click_ids

GOOGLE_ACCOUNT = ("4402218877", "USD", "America/New_York")
META_ACCOUNT = ("act_778120044", "USD", "America/Los_Angeles")
_ACCOUNTS = {"google_ads": GOOGLE_ACCOUNT, "meta_ads": META_ACCOUNT}
_PLATFORM_NAMES = {"gclid": "google_ads", "fbclid": "meta_ads", "dclid": "dv360"}
_REPORTED = (92, 98, 100)
"""Percent of the final figures that a day has in its own file and in the two after it."""


@dataclass
class Delivered:
    """Impressions and clicks by campaign and day of the account's zone, shape (campaigns, days)."""

    impressions: NDArray[np.int64]
    clicks: NDArray[np.int64]


def no_delivery(days: int) -> Delivered:
    """Return zeros to add to."""
    shape = (len(CAMPAIGNS), days)
    return Delivered(np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64))


def _rows(record: Record) -> tuple[Integers, Integers, Integers]:
    empty = np.zeros(0, dtype=np.int64)
    parts = record.impressions
    return (
        np.concatenate([empty, *(at for at, _, _ in parts)]),
        np.concatenate([empty, *(np.full(len(at), day) for at, day, _ in parts)]),
        np.concatenate([empty, *(np.full(len(at), number) for at, _, number in parts)]),
    )


def write_advertising(
    people: People,
    sessions: Sessions,
    record: Record,
    parameters: Parameters,
    run: Run,
    owners: Owners,
) -> Delivered:
    """Write the ad server's log of a chunk; return what the platforms will bill.

    The server logs impressions of display campaigns, and clicks of every platform with click ids.
    """
    chance = people.chance
    person, day, campaign = _rows(record)
    is_ad = np.array([bool(c.click_parameter) for c in CAMPAIGNS])
    is_display = np.array([c.click_parameter == "dclid" for c in CAMPAIGNS])

    number = sessions.origin - FIRST_CAMPAIGN
    clicked = np.flatnonzero((number >= 0) & is_ad[np.maximum(number, 0)])
    click_person, click_day = sessions.person[clicked], sessions.day[clicked]
    click_campaign = number[clicked]
    click_time = (
        sessions.start[clicked]
        - 900
        - chance.below("click_lag", 2_500, click_day, click_campaign, click_person)
    )
    click_time = np.maximum(click_time, people.start_ms + click_day * DAY_MS)

    def identity(p: Integers, d: Integers, c: Integers) -> Integers:
        return (p * 4096 + d) * 64 + c

    # An impression that was clicked came some seconds before the click.
    seen = chance.below("impression_time", DAY_MS - 1, day, campaign, person)
    time = people.start_ms + day * DAY_MS + seen
    if len(clicked) and len(person):
        click_keys = identity(click_person, click_day, click_campaign)
        order = np.argsort(click_keys, kind="stable")
        keys = identity(person, day, campaign)
        place = np.minimum(np.searchsorted(click_keys[order], keys), len(order) - 1)
        hit = click_keys[order][place] == keys
        earlier = click_time[order][place] - 4_000 - seen % 20_000
        time = np.where(hit, np.maximum(earlier, people.start_ms + day * DAY_MS), time)

    delivered = _count(people, person, campaign, time, click_campaign, click_time, day)

    shown = is_display[campaign] if len(campaign) else np.zeros(0, dtype=np.bool_)
    person, day, campaign, time = person[shown], day[shown], campaign[shown], time[shown]
    ids = short_ids(chance.bits("impression_id", day, campaign, person))
    keys_i = chance.bits("impression_key", day, campaign, person)
    device = np.where(people.has_laptop[person] & (keys_i % np.uint64(2) == 0), LAPTOP, PHONE_WEB)
    matched = chance.uniform("cookie_match", day, campaign, person) < np.float32(
        parameters.cookie_matched
    )
    zero = np.zeros(len(person), dtype=np.int64)
    # A cookie can only be matched once the shop has set it.
    tracked = ~sessions.is_untracked & ~sessions.on_journal
    cookies = people.device_keys(
        sessions.person[tracked],
        sessions.device[tracked],
        sessions.day[tracked],
        sessions.store[tracked],
    )[0]
    set_at = sessions.start[tracked]
    order = np.lexsort((set_at, cookies))
    cookies, set_at = cookies[order], set_at[order]
    mine = people.device_keys(person, device, day, zero)[0]
    if len(cookies):
        place = np.minimum(np.searchsorted(cookies, mine), len(cookies) - 1)
        matched &= (cookies[place] == mine) & (set_at[place] < time)
    else:
        matched[:] = False
    first_party = [""] * len(person)
    at = np.flatnonzero(matched)
    found = people.anonymous_ids(person[at], device[at], day[at], zero[at])
    for i, value in zip(at.tolist(), found, strict=True):
        first_party[i] = value
    owners.add("anonymous_id", found, person[at].tolist())
    agents = draws(chance.bits("user_agent", 0, device, person))
    stamps = _stamps(time)
    lines = []
    for i, (who, number_, stamp, identifier, party) in enumerate(
        zip(person.tolist(), campaign.tolist(), stamps, ids, first_party, strict=True)
    ):
        ad = CAMPAIGNS[number_]
        choices = USER_AGENTS[int(device[i])]
        lines.append(
            f"{stamp}Z,impression,e{identifier},i{identifier},,{ad.campaign_id},{ad.key},"
            f"{_PLATFORM_NAMES[ad.click_parameter]},{_PLACEMENTS[agents[i] % 4]},{party},"
            f"{people.country[who].code},{_quoted(choices[agents[i] % len(choices)])}\n"
        )
    run.add("ad_server", (time - people.start_ms) // DAY_MS, time, keys_i, lines)

    # Clicks: the platform's click id, our cookie where the landing page set one.
    sids = clicked
    ids = short_ids(chance.bits("impression_id", click_day, click_campaign, click_person))
    keys_c = chance.bits("click_key", click_day, click_campaign, click_person)
    clicks = click_ids(people, click_person, click_day, click_campaign)
    devices = sessions.device[sids]
    with_cookie = (
        ~sessions.is_untracked[sids]
        & ~sessions.on_journal[sids]
        & (
            chance.uniform("cookie_match", click_day, click_campaign + 500, click_person)
            < np.float32(parameters.cookie_matched)
        )
    )
    parties = people.anonymous_ids(click_person, devices, click_day, sessions.store[sids])
    agents = draws(chance.bits("user_agent", 0, devices, click_person))
    stamps = _stamps(click_time)
    lines = []
    for i, (who, number_, stamp, identifier, click) in enumerate(
        zip(click_person.tolist(), click_campaign.tolist(), stamps, ids, clicks, strict=True)
    ):
        ad = CAMPAIGNS[number_]
        choices = USER_AGENTS[int(devices[i])]
        impression = f"i{identifier}" if ad.click_parameter == "dclid" else ""
        lines.append(
            f"{stamp}Z,click,c{identifier},{impression},{click},{ad.campaign_id},{ad.key},"
            f"{_PLATFORM_NAMES[ad.click_parameter]},{_PLACEMENTS[agents[i] % 4]},"
            f"{parties[i] if with_cookie[i] else ''},{people.country[who].code},"
            f"{_quoted(choices[agents[i] % len(choices)])}\n"
        )
    file_day = (click_time - people.start_ms) // DAY_MS
    run.add("ad_server", file_day, click_time, keys_c, lines)
    # The server repeats a click now and then.
    again = np.flatnonzero(keys_c % np.uint64(160) == 0)
    run.add(
        *("ad_server", file_day[again], click_time[again], keys_c[again]),
        [lines[i] for i in again.tolist()],
    )
    run.flush("ad_server")
    return delivered


_PLACEMENTS = ("news", "weather", "video", "recipes")


def _quoted(agent: str) -> str:
    return f'"{agent}"' if "," in agent else agent


def _stamps(time: Integers) -> list[str]:
    text = np.datetime_as_string(time.astype("datetime64[ms]"), unit="ms")
    return text.tolist()  # type: ignore[no-any-return]


def _count(
    people: People,
    person: Integers,
    campaign: Integers,
    time: Integers,
    click_campaign: Integers,
    click_time: Integers,
    day: Integers,
) -> Delivered:
    result = no_delivery(people.days)
    # Social feeds show an ad several times where the log of a person-day has it once.
    times = 1 + people.chance.below("repeats", 4, day, campaign, person)
    for number, ad in enumerate(CAMPAIGNS):
        if not ad.platform:
            continue
        zone = _ACCOUNTS[ad.platform][2]
        for target, chosen, at, weight in (
            (
                result.impressions,
                campaign == number,
                time,
                times if ad.platform == "meta_ads" else np.ones_like(times),
            ),
            (result.clicks, click_campaign == number, click_time, np.ones_like(click_time)),
        ):
            moments = at[chosen] - people.start_ms
            offsets = zone_offsets(zone, people.start, people.days)
            utc_day = np.clip(moments // DAY_MS, 0, people.days - 1)
            local = np.clip((moments + offsets[utc_day] * 1000) // DAY_MS, 0, people.days - 1)
            np.add.at(target[number], local, weight[chosen])
    return result


def write_cost(out: Path, delivered: Delivered, start: date, days: int) -> dict[str, int]:
    """Write the cost exports of both platforms; return their row counts.

    A file holds its own day and restates the two before it, as the platforms do.
    """
    counts = {"google_ads": 0, "meta_ads": 0}
    for platform, (account, currency, zone) in _ACCOUNTS.items():
        for file_day in range(days):
            lines = []
            for age in range(min(3, file_day + 1)):
                day = file_day - age
                for number, ad in enumerate(CAMPAIGNS):
                    if ad.platform != platform:
                        continue
                    impressions = int(delivered.impressions[number, day]) * _REPORTED[age] // 100
                    clicks = int(delivered.clicks[number, day]) * _REPORTED[age] // 100
                    impressions = max(impressions, clicks)
                    micros = impressions * ad.micros_per_thousand // 1000
                    micros += clicks * ad.micros_per_click
                    when = (start + timedelta(days=day)).isoformat()
                    if platform == "google_ads":
                        lines.append(
                            f"{when},{account},{currency},{zone},{ad.campaign_id},{ad.key},"
                            f"{ad.advertising_type},{impressions},{clicks},{micros}\n"
                        )
                    else:
                        cents = micros // 10_000
                        lines.append(
                            f"{when},{when},{account},{currency},{zone},{ad.campaign_id},{ad.key},"
                            f"{impressions},{clicks},{cents // 100}.{cents % 100:02d}\n"
                        )
            stream = STREAMS[platform]
            name = stream.path.format(day=(start + timedelta(days=file_day)).isoformat())
            (out / name).write_text(stream.header + "\n" + "".join(lines), encoding="utf-8")
            counts[platform] += len(lines)
    return counts
