"""Lines on their way to files: sorted runs on disk, then one merge a day.

A chunk of persons writes one run a stream, a record batch a day. The merge of a day reads that
day's batches alone, so memory holds a day of one stream and never the whole.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sojourn.simulation.chance import Bits, Chance, Integers

_SCHEMA = pa.schema(
    [
        pa.field("time", pa.int64()),
        pa.field("key", pa.uint64()),
        pa.field("place", pa.int32()),
        pa.field("line", pa.large_string()),
    ]
)
_COMPRESSION_LEVEL = 4


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
        table = pa.table(
            [
                pa.array(time[order].astype(np.int64)),
                pa.array(key[order].astype(np.uint64)),
                pa.array(place[order].astype(np.int32)),
                pa.array(lines, pa.large_string()).take(pa.array(order)),
            ],
            schema=_SCHEMA,
        )
        ends = np.searchsorted(day[order], np.arange(self.days + 1))
        options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
        path = self.folder / f"{stream}-{self.chunk:06d}.arrow"
        with pa.OSFile(str(path), "wb") as sink:
            with pa.ipc.new_file(sink, _SCHEMA, options=options) as writer:
                for begin, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
                    rows = table.slice(begin, end - begin).combine_chunks()
                    batches = rows.to_batches()
                    writer.write_batch(
                        batches[0] if batches else pa.RecordBatch.from_pylist([], _SCHEMA)
                    )

    def flush_all(self) -> None:
        """Write whatever is left."""
        for stream in list(self._parts):
            self.flush(stream)


@cache
def _reader(path: Path) -> pa.RecordBatchFileReader:
    return pa.ipc.open_file(pa.memory_map(str(path)))


def _bytes_of(lines: pa.LargeStringArray) -> memoryview:
    """Return the text of all lines as it lies in memory, one after the other."""
    _, offsets, text = lines.buffers()
    if text is None:
        return memoryview(b"")
    ends = np.frombuffer(offsets, dtype=np.int64)[lines.offset : lines.offset + len(lines) + 1]
    return memoryview(text)[int(ends[0]) : int(ends[-1])]


def merge_day(folder: Path, out: Path, stream: str, day: int, when: date, seed: int) -> int:
    """Write the file of one stream and day from all runs; return its size in bytes."""
    kind = STREAMS[stream]
    tables = [
        pa.Table.from_batches([_reader(path).get_batch(day)])
        for path in sorted(folder.glob(f"{stream}-*.arrow"))
    ]
    rows = pa.concat_tables(tables).combine_chunks() if tables else _SCHEMA.empty_table()
    columns = [rows.column(name).to_numpy() for name in ("place", "key", "time")]
    lines = pa.concat_arrays(rows.column("line").chunks or [pa.array([], pa.large_string())])
    if len(tables) > 1:
        lines = lines.take(pa.array(np.lexsort(columns)))
    pieces: list[memoryview | bytes] = [_bytes_of(lines)]
    if kind.breaks and len(lines):
        pieces = _broken(lines, stream, day, seed)
    path = out / kind.path.format(day=when.isoformat())
    if kind.header:
        pieces.insert(0, (kind.header + "\n").encode())
    _write(path, pieces, kind.is_compressed)
    return path.stat().st_size


def _broken(lines: pa.LargeStringArray, stream: str, day: int, seed: int) -> list[memoryview | bytes]:
    """Return the lines, on one day in six with a torn copy of one of them in between."""
    draw = int(Chance(seed, np.array([day])).bits(f"torn:{stream}")[0])
    if draw % 6:
        return [_bytes_of(lines)]
    at = (draw >> 8) % len(lines)
    whole = str(lines[at]).rstrip("\n").replace('"', "" if stream in ("pos", "calls") else '"')
    torn = whole[: max(1, len(whole) * 3 // 5)] + "\n"
    return [_bytes_of(lines[: at + 1]), torn.encode(), _bytes_of(lines[at + 1 :])]


def _write(path: Path, pieces: Iterable[memoryview | bytes], is_compressed: bool) -> None:
    with path.open("wb") as file:
        if not is_compressed:
            for piece in pieces:
                file.write(piece)
            return
        # Window bits 31 write a gzip header without name or time: same content, same bytes.
        packer = zlib.compressobj(_COMPRESSION_LEVEL, zlib.DEFLATED, 31)
        for piece in pieces:
            file.write(packer.compress(piece))
        file.write(packer.flush())


def make_folders(out: Path) -> None:
    """Create the folders of all streams and of the truth."""
    for stream in STREAMS.values():
        (out / stream.path).parent.mkdir(parents=True, exist_ok=True)
    (out / "truth").mkdir(parents=True, exist_ok=True)


def day_of(start: date, day: int) -> date:
    """Return the date of a day number."""
    return start + timedelta(days=day)


Progress = Callable[[str], None]
Numbers = NDArray[np.float64]
