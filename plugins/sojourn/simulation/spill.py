"""Lines on their way to files: sorted runs on disk, then one merge a day.

A chunk of persons writes one run a stream, a record batch a day. The merge of a day reads that
day's batches alone, so memory holds a day of one stream and never the whole.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sojourn.simulation.chance import Bits, Chance, Integers

_INDEX = np.dtype([("time", "<i8"), ("key", "<u8"), ("place", "<i4"), ("size", "<i4")])
"""A line's place in the order of its file, and its length in bytes."""
_CODEC = "lz4_raw"
_COMPRESSION_LEVEL = 2


@dataclass(frozen=True)
class Stream:
    """A kind of export file: its path with `{day}`, its header, and whether lines may be broken."""

    path: str
    header: str = ""
    breaks: bool = False

    @property
    def is_compressed(self) -> bool:
        """Whether the file is gzip."""
        return self.path.endswith(".gz")


_SALESFORCE = {
    "Account": "Id,Name,Website,Industry,BillingCountry,CreatedDate,LastModifiedDate,IsDeleted",
    "Contact": "Id,AccountId,FirstName,LastName,Email,Phone,MobilePhone,MailingCountry,LeadSource,"
    "Title,HasOptedOutOfEmail,CreatedDate,LastModifiedDate,IsDeleted,MasterRecordId",
    "Lead": "Id,FirstName,LastName,Company,Email,Phone,Country,LeadSource,Status,IsConverted,"
    "ConvertedDate,ConvertedAccountId,ConvertedContactId,ConvertedOpportunityId,CreatedDate,"
    "LastModifiedDate,IsDeleted",
    "Opportunity": "Id,AccountId,Name,StageName,Amount,CurrencyIsoCode,CloseDate,IsClosed,IsWon,"
    "Type,LeadSource,CampaignId,CreatedDate,LastModifiedDate,IsDeleted",
    "OpportunityContactRole": "Id,OpportunityId,ContactId,Role,IsPrimary,CreatedDate,"
    "LastModifiedDate,IsDeleted",
    "Campaign": "Id,Name,Type,Status,StartDate,EndDate,IsActive,BudgetedCost,ActualCost,"
    "CreatedDate,LastModifiedDate,IsDeleted",
    "CampaignMember": "Id,CampaignId,LeadId,ContactId,Status,HasResponded,FirstRespondedDate,"
    "CreatedDate,LastModifiedDate,IsDeleted",
}

STREAMS: dict[str, Stream] = {
    "segment": Stream("segment/events_{day}.jsonl.gz", breaks=True),
    "snowplow": Stream("snowplow/enriched_{day}.tsv.gz", breaks=True),
    **{
        f"salesforce_{name}": Stream(f"salesforce/{name}_{{day}}.csv", header)
        for name, header in _SALESFORCE.items()
    },
    "hubspot_contacts": Stream(
        "hubspot/contacts_{day}.csv",
        "Record ID,First Name,Last Name,Email,Phone Number,Country/Region,Time Zone,"
        "Lifecycle Stage,Original Source,Contact owner,Company Name,Create Date,Last Modified Date",
    ),
    "hubspot_emails": Stream("hubspot/email_events_{day}.jsonl", breaks=True),
    "shopify": Stream(
        "shopify/orders_{day}.csv",
        "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,"
        "Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,"
        "Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Lineitem discount,"
        "Billing Name,Billing City,Billing Country,Billing Phone,Shipping Name,Shipping Country,"
        "Notes,Note Attributes,Cancelled at,Payment Method,Refunded Amount,Vendor,Id,Tags,"
        "Risk Level,Source,Phone,Tax 1 Name",
    ),
    "pos": Stream(
        "pos/receipts_{day}.csv",
        "receipt_id,store_id,store_timezone,register_id,sold_at,line_number,sku,description,"
        "quantity,unit_price,discount,tax,currency,loyalty_number,e_receipt_email,"
        "returned_receipt_id",
        breaks=True,
    ),
    "calls": Stream(
        "calls/calls_{day}.csv",
        "call_id,started_at,direction,caller_number,caller_country,agent_id,duration_seconds,"
        "topic,outcome,loyalty_number,order_number,campaign_code",
        breaks=True,
    ),
    "google_ads": Stream(
        "google_ads/campaign_performance_{day}.csv",
        "segments.date,customer.id,customer.currency_code,customer.time_zone,campaign.id,"
        "campaign.name,campaign.advertising_channel_type,metrics.impressions,metrics.clicks,"
        "metrics.cost_micros",
    ),
    "meta_ads": Stream(
        "meta_ads/insights_{day}.csv",
        "date_start,date_stop,account_id,account_currency,account_timezone_name,campaign_id,"
        "campaign_name,impressions,clicks,spend",
    ),
    "ad_server": Stream(
        "ad_server/log_{day}.csv.gz",
        "event_time,event_type,event_id,impression_id,click_id,campaign_id,campaign_name,platform,"
        "placement,first_party_id,country,user_agent",
    ),
    "consents": Stream(
        "consents/changes_{day}.csv",
        "consent_id,identifier_type,identifier_value,channel,purpose,status,source,changed_at",
    ),
}


class Run:
    """The lines of one chunk, by stream; `flush` writes them sorted."""

    def __init__(self, folder: Path, chunk: int, days: int) -> None:
        """Write below `folder`; `chunk` names the files."""
        self.folder = folder
        self.chunk = chunk
        self.days = days
        self.counts: dict[str, int] = defaultdict(int)
        self._parts: dict[str, list[tuple[Integers, Integers, Bits, Integers, Sequence[str]]]] = (
            defaultdict(list)
        )

    def add(
        self,
        stream: str,
        day: Integers,
        time: Integers,
        key: Bits,
        lines: Sequence[str],
        place: Integers | int = 0,
    ) -> None:
        """Add lines (each ends with a line feed); files are sorted by time, key and place.

        Args:
            stream: A key of `STREAMS`.
            day: The day in whose file each line is; days past the end go to the last file.
            time: Delivery time, any unit that is the same within the stream.
            key: A hash that orders lines of the same time.
            lines: The lines.
            place: Orders lines of the same time and key.
        """
        if len(lines):
            places = np.broadcast_to(np.asarray(place, dtype=np.int64), (len(lines),))
            day = np.clip(day, 0, self.days - 1)
            self._parts[stream].append((day, time, key, places, lines))
            self.counts[stream] += len(lines)

    def flush(self, stream: str) -> None:
        """Write the stream's lines and forget them."""
        parts = self._parts.pop(stream, [])
        if not parts:
            return
        day, time, key, place = (
            np.concatenate([part[column] for part in parts]) for column in range(4)
        )
        lines: list[str] = []
        for part in parts:
            lines.extend(part[4])
        order = np.lexsort((place, key, time, day))
        encoded = [lines[i].encode() for i in order.tolist()]
        index = np.empty(len(encoded), dtype=_INDEX)
        index["time"], index["key"], index["place"] = time[order], key[order], place[order]
        index["size"] = [len(line) for line in encoded]
        ends = np.searchsorted(day[order], np.arange(self.days + 1))
        table = np.zeros((self.days + 1, 3), dtype=np.int64)
        name = f"{stream}-{self.chunk:06d}"
        with (self.folder / f"{name}.text").open("wb") as sink:
            for at in range(self.days):
                block = b"".join(encoded[ends[at] : ends[at + 1]])
                packed = pa.compress(block, codec=_CODEC, asbytes=True) if block else b""
                table[at] = ends[at], sink.tell(), len(block)
                sink.write(packed)
            table[self.days] = len(encoded), sink.tell(), 0
        np.save(self.folder / f"{name}.index.npy", index)
        np.save(self.folder / f"{name}.days.npy", table)

    def flush_all(self) -> None:
        """Write whatever is left."""
        for stream in list(self._parts):
            self.flush(stream)


class _Spilled:
    """A run on disk, read a day at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        stem = path.name.removesuffix(".text")
        self.index = np.load(path.with_name(f"{stem}.index.npy"), mmap_mode="r")
        self.days = np.load(path.with_name(f"{stem}.days.npy"))

    def day(self, day: int) -> tuple[NDArray[np.void], bytes]:
        """Return the index of the day's lines and their text."""
        first, begin, size = (int(value) for value in self.days[day])
        last, end, _ = (int(value) for value in self.days[day + 1])
        if not size:
            return np.zeros(0, dtype=_INDEX), b""
        with self.path.open("rb") as file:
            file.seek(begin)
            packed = file.read(end - begin)
        text = pa.decompress(packed, decompressed_size=size, codec=_CODEC, asbytes=True)
        return np.array(self.index[first:last]), text


@cache
def _runs(folder: Path, stream: str) -> list[_Spilled]:
    return [_Spilled(path) for path in sorted(folder.glob(f"{stream}-*.text"))]


def merge_day(folder: Path, out: Path, stream: str, day: int, when: date, seed: int) -> int:
    """Write the file of one stream and day from all runs; return its size in bytes."""
    kind = STREAMS[stream]
    parts = [part for part in (run.day(day) for run in _runs(folder, stream)) if len(part[0])]
    pieces = [parts[0][1]] if len(parts) == 1 and not kind.breaks else _merged(parts)
    if kind.breaks and pieces:
        _break(pieces, stream, day, seed)
    path = out / kind.path.format(day=when.isoformat())
    if kind.header:
        pieces.insert(0, (kind.header + "\n").encode())
    _write(path, b"".join(pieces), kind.is_compressed)
    return path.stat().st_size


def _merged(parts: Sequence[tuple[NDArray[np.void], bytes]]) -> list[bytes]:
    """Return the lines of all parts in the order of time, key and place."""
    lines: list[bytes] = []
    for index, text in parts:
        ends = np.cumsum(index["size"]).tolist()
        lines.extend(text[a:b] for a, b in zip([0, *ends[:-1]], ends, strict=True))
    if len(parts) < 2:
        return lines
    index = np.concatenate([part[0] for part in parts])
    order = np.lexsort((index["place"], index["key"], index["time"]))
    return [lines[i] for i in order.tolist()]


def _break(lines: list[bytes], stream: str, day: int, seed: int) -> None:
    """On one day in six put a torn copy of a line behind it."""
    draw = int(Chance(seed, np.array([day])).bits(f"torn:{stream}")[0])
    if draw % 6 == 0:
        at = (draw >> 8) % len(lines)
        whole = lines[at].decode().rstrip("\n")
        if stream in ("pos", "calls"):
            # An open quote would swallow the lines that follow.
            whole = whole.replace('"', "").replace("\n", " ")
        lines.insert(at + 1, whole[: max(1, len(whole) * 3 // 5)].encode() + b"\n")


def _write(path: Path, content: bytes, is_compressed: bool) -> None:
    if is_compressed:
        # Window bits 31 write a gzip header without name or time: same content, same bytes.
        packer = zlib.compressobj(_COMPRESSION_LEVEL, zlib.DEFLATED, 31)
        content = packer.compress(content) + packer.flush()
    path.write_bytes(content)


def make_folders(out: Path) -> None:
    """Create the folders of all streams and of the truth."""
    for stream in STREAMS.values():
        (out / stream.path).parent.mkdir(parents=True, exist_ok=True)
    (out / "truth").mkdir(parents=True, exist_ok=True)


def day_of(start: date, day: int) -> date:
    """Return the date of a day number."""
    return start + timedelta(days=day)
