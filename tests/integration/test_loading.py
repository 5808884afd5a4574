"""Loading into a real warehouse: what is new, what has changed, what is broken, what was killed."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sojourn.build import run_dbt
from sojourn.settings import Settings
from sojourn.sources import load
from sojourn.sources.config import SourcesError
from sojourn.sources.loader import LoadError, LoadResult
from sojourn.warehouse import WarehouseError, open_warehouse, text_type

HUBSPOT = (
    "Record ID,First Name,Last Name,Email,Phone Number,Country/Region,Time Zone,Lifecycle Stage,"
    "Original Source,Contact owner,Company Name,Create Date,Last Modified Date\n"
)
CALLS = (
    "call_id,started_at,direction,caller_number,caller_country,agent_id,duration_seconds,topic,"
    "outcome,loyalty_number,order_number,campaign_code\n"
)


@pytest.fixture
def brand(engine_settings: Settings, tmp_path: Path) -> Brand:
    return Brand(engine_settings, tmp_path / "exports")


class Brand:
    """A folder of exports, the `sources.yml` for them, and a warehouse to load them into."""

    def __init__(self, settings: Settings, root: Path) -> None:
        self.root = root
        root.mkdir()
        self.settings = settings.model_copy(
            update={"sources": root / "sources.yml", "exports": root}
        )

    def sources(self, *entries: str) -> None:
        lines = "".join(f"  - {entry}\n" for entry in entries)
        (self.root / "sources.yml").write_text(f"sources:\n{lines}")

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
        return path

    def load(self, **options: Any) -> LoadResult:
        return load(self.settings, **options)

    def fetch(self, sql: str) -> list[tuple[Any, ...]]:
        with open_warehouse(self.settings) as warehouse:
            return warehouse.fetch(sql)

    def execute(self, sql: str) -> None:
        with open_warehouse(self.settings) as warehouse:
            warehouse.execute(sql)


def call(number: int, **values: str) -> str:
    fields = {
        "call_id": f"C{number}",
        "started_at": "2026-01-05T10:00:00+01:00",
        "direction": "inbound",
        "caller_number": "030 1234567",
        "caller_country": "Germany",
        **values,
    }
    names = CALLS.strip().split(",")
    return ",".join(fields.get(name, "") for name in names) + "\n"


def event(number: int, **values: object) -> str:
    fields = {
        "type": "identify",
        "messageId": f"m{number}",
        "anonymousId": "a1",
        "timestamp": "2026-01-05T10:00:00.000Z",
        "context": {"page": {"url": "https://shop.example/"}},
        "traits": {"email": " Ann@Example.COM", "phone": "+1 415 555 2671"},
        **values,
    }
    return json.dumps(fields) + "\n"


def test_named_connectors_load_text_standards_and_metadata(brand: Brand) -> None:
    brand.sources(
        "{name: segment, connector: segment}",
        "{name: hubspot, connector: hubspot}",
        "{name: calls, connector: calls}",
    )
    brand.write("segment/events_2026-01-05.jsonl.gz", event(1) + event(2, userId="U1", extra=1))
    brand.write(
        "hubspot/contacts_2026-01-05.csv",
        HUBSPOT
        + "1,ANNA,van der berg,a@b.example,030 1234567,Deutschland,,,,,,2026-01-05 10:00,\n",
    )
    brand.write(
        "hubspot/email_events_2026-01-05.jsonl",
        json.dumps({"id": "e1", "type": "OPEN", "recipient": "A@B.example", "created": 17, "x": 1})
        + "\n",
    )
    brand.write("calls/calls_2026-01-05.csv", CALLS + call(1))
    result = brand.load(as_of=datetime(2026, 1, 6))

    assert [(found.source, found.rows) for found in result.sources] == [
        ("segment", 2),
        ("hubspot", 2),
        ("calls", 1),
    ]
    rows = brand.fetch(
        "select message_id, user_id, extra, context, properties, email__standard, phone__standard, "
        "_file, _line, _loaded_at from raw_segment.events order by message_id"
    )
    context = '{"page":{"url":"https://shop.example/"}}'
    standard = ("ann@example.com", "+14155552671", "segment/events_2026-01-05.jsonl.gz")
    assert rows == [
        ("m1", None, None, context, None, *standard, 1, datetime(2026, 1, 6)),
        ("m2", "U1", "1", context, None, *standard, 2, datetime(2026, 1, 6)),
    ]
    assert brand.fetch(
        "select first_name, first_name__standard, last_name__standard, phone_number__standard, "
        "country_region__standard from raw_hubspot.contacts"
    ) == [("ANNA", "Anna", "van der Berg", "+49301234567", "DE")]
    assert brand.fetch("select recipient__standard, created from raw_hubspot.email_events") == [
        ("a@b.example", "17")
    ]
    assert brand.fetch("select caller_number__standard from raw_calls.calls") == [("+49301234567",)]
    assert brand.fetch("select column_name, change from raw_segment.schema_drift order by 1") == [
        ("extra", "new_column")
    ]
    assert brand.fetch("select count(*) from raw_registry.sources") == [(4,)]
    types = brand.fetch(
        "select distinct lower(data_type) from information_schema.columns where table_schema = "
        "'raw_segment' and table_name = 'events' and column_name not like '\\_%' escape '\\'"
    )
    assert [kind for (kind,) in types] in (["varchar"], ["character varying"])


def test_only_what_is_new_is_loaded(brand: Brand) -> None:
    brand.sources("{name: calls, connector: calls}")
    first = brand.write("calls/calls_2026-01-05.csv", CALLS + call(1) + call(2))
    assert brand.load(as_of=datetime(2026, 1, 6)).rows == 2
    again = brand.load(as_of=datetime(2026, 1, 6))
    assert (again.rows, again.sources[0].load_id) == (0, None)

    # A touched file is the same file; one that grew has two rows more, one of them seen before.
    os.utime(first)
    assert brand.load().rows == 0
    with first.open("a") as handle:
        handle.write(call(3) + call(2))
    assert brand.load(as_of=datetime(2026, 1, 7)).rows == 2
    assert brand.fetch(
        "select call_id, _line, substring(_row_id from length(_row_id)) from raw_calls.calls "
        "order by _line"
    ) == [("C1", 2, "1"), ("C2", 3, "1"), ("C3", 4, "1"), ("C2", 5, "2")]

    # A changed file is read again as a whole; equal rows have equal ids.
    brand.write("calls/calls_2026-01-05.csv", CALLS + call(1) + call(9))
    assert brand.load(as_of=datetime(2026, 1, 8)).rows == 2
    assert brand.fetch(
        "select count(*), count(distinct _row_id) from raw_calls.calls where call_id = 'C1'"
    ) == [(2, 1)]


def test_as_of_takes_complete_days_and_the_clock_never_goes_back(brand: Brand) -> None:
    brand.sources("{name: calls, connector: calls}")
    brand.write("calls/calls_2026-01-05.csv", CALLS + call(5))
    brand.write("calls/calls_20260106.csv", CALLS + call(6))
    brand.write("calls/calls.csv", CALLS + call(0))
    first = brand.load(as_of=datetime(2026, 1, 6, 0, 0))
    assert (first.rows, first.as_of) == (2, datetime(2026, 1, 6))
    second = brand.load(as_of=datetime(2026, 1, 7))
    assert second.rows == 1
    brand.write("calls/calls_2026-01-01.csv", CALLS + call(1))
    late = brand.load(as_of=datetime(2026, 1, 2))
    assert (late.rows, late.as_of) == (1, datetime(2026, 1, 7))


def test_broken_rows_and_files_are_quarantined_and_the_rest_goes_on(brand: Brand) -> None:
    brand.sources("{name: segment, connector: segment}", "{name: calls, connector: calls}")
    brand.write("segment/events_2026-01-05.jsonl", event(1) + '{"type":"tra\n' + event(2))
    brand.write("calls/calls_2026-01-04.csv", CALLS + call(1) + "C2,secret@example.com\n")
    brand.write("calls/calls_2026-01-05.csv", b"\x1f\x8b\x08damaged")
    brand.write("calls/calls_2026-01-06.csv", "")
    brand.write("calls/calls_2026-01-07.csv", CALLS)
    brand.write("calls/calls_2026-01-08.csv", CALLS + call(3))
    result = brand.load()
    assert [found.rows for found in result.sources] == [2, 2]
    assert brand.fetch(
        "select table_name, _file, _line, reason, content from raw_segment.quarantine"
    ) == [
        (
            "events",
            "segment/events_2026-01-05.jsonl",
            2,
            "the row is not valid JSON",
            '{"type":"tra',
        )
    ]
    found = brand.fetch(
        "select _file, _line, reason, content from raw_calls.quarantine order by _file"
    )
    assert found[0] == (
        "calls/calls_2026-01-04.csv",
        3,
        "the row has 2 fields, the header has 12",
        "C2,secret@example.com",
    )
    assert found[1][0] == "calls/calls_2026-01-05.csv"
    assert "gzip stream is damaged" in found[1][2]
    assert len(found) == 2
    assert any("2026-01-06.csv: the file is empty" in text for text in result.sources[1].warnings)
    assert brand.load().rows == 0


def test_drift_is_reported_and_values_are_kept(brand: Brand) -> None:
    brand.sources("{name: calls, connector: calls}")
    brand.write("calls/calls_2026-01-05.csv", CALLS + call(1, duration_seconds="61"))
    brand.load(as_of=datetime(2026, 1, 6))
    changed = CALLS.strip().replace(",topic", "") + ",mood\n"
    row = call(2, duration_seconds="1 min").strip().split(",")
    row.pop(7)
    brand.write("calls/calls_2026-01-06.csv", changed + ",".join([*row, "good"]) + "\n")
    result = brand.load(as_of=datetime(2026, 1, 7))
    assert result.sources[0].tables[0].drift
    assert brand.fetch(
        "select column_name, change, detail from raw_calls.schema_drift order by 1"
    ) == [
        ("duration_seconds", "changed_type", "number, now text, 1 value"),
        ("mood", "new_column", "first seen in this file"),
        ("topic", "missing_column", "this file's header lacks it"),
    ]
    assert brand.fetch(
        "select duration_seconds, mood, topic from raw_calls.calls where call_id = 'C2'"
    ) == [("1 min", "good", None)]


def test_json_type_change_is_reported(brand: Brand) -> None:
    brand.sources("{name: segment, connector: segment}")
    brand.write("segment/events_2026-01-05.jsonl", event(1, userId="7"))
    brand.write("segment/events_2026-01-06.jsonl", event(2, userId=7, context="gone"))
    brand.load()
    assert brand.fetch(
        "select column_name, change, detail, _file from raw_segment.schema_drift order by 1"
    ) == [
        ("context", "changed_type", "object, now text", "segment/events_2026-01-06.jsonl"),
        ("user_id", "changed_type", "text, now number", "segment/events_2026-01-06.jsonl"),
    ]
    assert brand.fetch(
        "select context, user_id from raw_segment.events where _file like '%06%'"
    ) == [('"gone"', "7")]


def test_empty_values_and_addresses_are_no_change_of_type(brand: Brand) -> None:
    brand.sources(
        "{name: c, connector: file, path: c_*.csv, entity: orders}",
        "{name: j, connector: file, path: j_*.jsonl, entity: orders}",
        "{name: calls, connector: calls}",
    )
    # A phone number is text, however it is written.
    for day, number in enumerate(("+49301234567", "030 1234567"), start=1):
        brand.write(f"calls/calls_{day}.csv", CALLS + call(day, caller_number=number))
    for day, value in enumerate(("", "5", "", " ", "7"), start=1):
        brand.write(f"c_{day}.csv", f"id,ordered_at,revenue,note\n1,2026-01-05,2,{value}\n")
    order = {"id": "1", "ordered_at": "2026-01-05", "revenue": 2}
    for day, found in enumerate(({"note": 5}, {"note": None}, {"note": ""}, {}, {"note": 7})):
        brand.write(f"j_{day}.jsonl", json.dumps({**order, **found}) + "\n")
    result = brand.load()
    assert [table.drift for source in result.sources for table in source.tables] == [[], [], []]
    brand.write("c_9.csv", "id,ordered_at,revenue,note\n1,2026-01-05,2,x\n")
    brand.write("j_9.jsonl", json.dumps({**order, "note": "x"}) + "\n")
    result = brand.load()
    assert [table.drift for source in result.sources for table in source.tables] == [
        ["note: changed_type (number, now text, 1 value)"],
        ["note: changed_type (number, now text)"],
        [],
    ]


def test_rejected_files_wait_until_they_change_or_are_asked_for(brand: Brand) -> None:
    brand.sources("{name: calls, connector: calls}")
    path = brand.write("calls/calls_2026-01-05.csv", CALLS + call(1))
    load_id = brand.load().sources[0].load_id
    brand.execute(
        "create table raw_calls.rejected_loads (load_id varchar, reason varchar, "
        "rejected_at timestamp)"
    )
    brand.execute(f"insert into raw_calls.rejected_loads values ('{load_id}', 'test', null)")
    assert brand.load().rows == 0
    assert brand.load(retry_rejected=True).rows == 1
    assert brand.load(retry_rejected=True).rows == 0
    brand.execute(
        "insert into raw_calls.rejected_loads select load_id, 'b', null from raw_calls._dlt_loads"
    )
    with path.open("a") as handle:
        handle.write(call(2))
    # It grew, but none of its rows is readable: all of them come again.
    assert brand.load().rows == 2


def test_a_failure_quotes_no_value(brand: Brand, capfd: pytest.CaptureFixture[str]) -> None:
    brand.sources("{name: calls, connector: calls}")
    brand.write("calls/calls_2026-01-05.csv", CALLS + call(1, topic="7"))
    brand.load()
    brand.execute("alter table raw_calls.calls drop column topic")
    brand.execute("alter table raw_calls.calls add column topic integer")
    brand.write("calls/calls_2026-01-06.csv", CALLS + call(2, topic="ann@b.example"))
    with pytest.raises(LoadError, match=r"calls: loading broke off: .*loader\.py, line") as caught:
        brand.load()
    shown = "".join(traceback.format_exception(caught.value))
    assert "ann@b.example" not in shown + "".join(capfd.readouterr())
    with pytest.raises(WarehouseError, match="cannot take a value") as refused:
        brand.fetch("select cast(caller_number || '@b.example' as integer) from raw_calls.calls")
    assert "@b.example" not in str(refused.value)
    assert refused.value.__suppress_context__


def test_one_failing_source_does_not_stop_the_others(brand: Brand) -> None:
    brand.sources(
        "{name: bad, connector: file, path: bad.csv, entity: orders, columns: {revenue: nothing}}",
        "{name: calls, connector: calls}",
    )
    brand.write("bad.csv", "a,ordered_at\n1,2026-01-05\n")
    brand.write("calls/calls_2026-01-05.csv", CALLS + call(1))
    with pytest.raises(
        LoadError, match=r"bad: .*no column 'nothing'; the source has a, ordered_at"
    ):
        brand.load()
    assert brand.fetch("select count(*) from raw_calls.calls") == [(1,)]


def test_a_path_that_matches_nothing_is_a_warning(brand: Brand) -> None:
    brand.sources("{name: pos, connector: pos}")
    result = brand.load()
    assert result.sources[0].warnings == ["no file matches pos/receipts* for table receipts"]


def test_a_file_that_nobody_reads_is_a_warning(brand: Brand) -> None:
    """Unless another source reads it, or its name says that it is no export."""
    brand.sources(
        "{name: calls, connector: calls}",
        "{name: notes, connector: file, path: calls/notes.csv, entity: orders, "
        "columns: {ordered_at: ordered_at}}",
    )
    brand.write("calls/calls_2026-01-05.csv", CALLS + call(1))
    brand.write("calls/notes.csv", "id,ordered_at\n1,2026-01-05\n")
    brand.write("calls/_SUCCESS", "")
    assert brand.load().sources[0].warnings == []
    brand.write("calls/late_2026-01-04.csv", CALLS + call(2))
    assert brand.load().sources[0].warnings == [
        "unread in calls/: late_2026-01-04.csv (1 in all), since files for calls are named "
        "calls.csv or calls_*.csv (or .gz of it)"
    ]


KILLED = """
import os, sys, json
from pathlib import Path
from sojourn.settings import Settings
from sojourn.sources import loader
settings = Settings(**json.loads(sys.argv[1]))
stage, count = sys.argv[2], int(sys.argv[3])
import dlt.destinations.insert_job_client, dlt.destinations.impl.duckdb.duck as duck
import dlt.destinations.impl.postgres.postgres as postgres
import dlt.destinations.job_client_impl as base
seen = 0
def dying(original):
    def run(*args, **kwargs):
        global seen
        result = original(*args, **kwargs)
        seen += 1
        if seen == count:
            os.kill(os.getpid(), 9)
        return result
    return run
if stage == "job":
    duck.DuckDbCopyJob.run = dying(duck.DuckDbCopyJob.run)
    postgres.PostgresCsvCopyJob.run = dying(postgres.PostgresCsvCopyJob.run)
elif stage == "read":
    loader._SourceReader._flush = dying(loader._SourceReader._flush)
elif stage == "complete":
    base.SqlJobClientBase.complete_load = dying(base.SqlJobClientBase.complete_load)
loader.load(settings)
"""


@pytest.mark.parametrize(("stage", "count"), [("read", 1), ("job", 1), ("job", 2), ("complete", 1)])
def test_a_killed_load_leaves_nothing_that_counts(brand: Brand, stage: str, count: int) -> None:
    brand.sources("{name: hubspot, connector: hubspot}")
    brand.write("hubspot/contacts_2026-01-05.csv", HUBSPOT + "1,A,B,a@b.example,,,,,,,,,\n")
    brand.write(
        "hubspot/email_events_2026-01-05.jsonl",
        json.dumps({"id": "e1", "type": "OPEN", "recipient": "a@b.example", "created": 1})
        + "\nx\n",
    )
    values = json.loads(brand.settings.model_dump_json())
    values["postgres_password"] = brand.settings.postgres_password.get_secret_value()
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, json.dumps(values), stage, str(count)], capture_output=True
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()[-2000:]

    read_again = brand.load().rows
    assert read_again == (0 if stage == "complete" else 2)
    for table in ("contacts", "email_events", "quarantine"):
        assert brand.fetch(
            f"select count(*) from raw_hubspot.{table} where _dlt_load_id in "
            "(select load_id from raw_hubspot._dlt_loads where status = 0)"
        ) == [(1,)]
        assert brand.fetch(f"select count(*) from raw_hubspot.{table}") == [(1,)]
    assert brand.fetch("select count(*) from raw_hubspot.loaded_files") == [(2,)]
    assert not list((brand.settings.var_dir / "loading").iterdir())


def test_a_load_counts_without_its_index(postgres_settings: Settings, tmp_path: Path) -> None:
    """What may not be indexed is a warning, and the next load makes it good."""
    brand = Brand(postgres_settings, tmp_path / "exports")
    brand.sources("{name: calls, connector: calls}")
    brand.execute(
        "create function refuse() returns event_trigger language plpgsql as "
        "$$ begin raise exception 'no'; end $$"
    )
    brand.execute(
        "create event trigger refusing on ddl_command_start when tag in ('CREATE INDEX') "
        "execute function refuse()"
    )
    brand.write("calls/calls_2026-01-05.csv", CALLS + call(1))
    [first] = brand.load(as_of=datetime(2026, 1, 6)).sources
    assert first.load_id is not None
    assert any("calls could not be indexed" in warning for warning in first.warnings)
    assert brand.load(as_of=datetime(2026, 1, 6)).rows == 0

    brand.execute("drop event trigger refusing")
    brand.write("calls/calls_2026-01-06.csv", CALLS + call(2))
    [second] = brand.load(as_of=datetime(2026, 1, 7)).sources
    assert second.warnings == []
    assert brand.fetch(
        "select count(*) from pg_indexes where schemaname = 'raw_calls' and tablename = 'calls'"
    ) == [(1,)]


def test_generic_files_of_all_entities(brand: Brand) -> None:
    brand.sources(
        "{name: shop, connector: file, path: 'orders_*.csv', entity: orders, default_country: DE, "
        "identifiers: {customer_id: user_id, E-Mail: email, tel: phone, mail2: email}, "
        "columns: {order_id: id, ordered_at: {from: date, format: '%Y%m%d', timezone: "
        "Europe/Berlin}, revenue: dollars, currency: {value: USD}}}",
        "{name: crm, connector: file, path: people.jsonl, entity: people, "
        "identifiers: {mail: email}, columns: {pid: id, mail: email, last_name: surname, "
        "created_at: {from: made, format: epoch_s}}}",
        "{name: app, connector: file, path: app.csv, entity: events, delimiter: ';', "
        "identifiers: {user: user_id}, columns: {name: what, occurred_at: ts}}",
        "{name: touches, connector: file, path: t.csv, entity: touchpoints, "
        "columns: {touched_at: ts}}",
        "{name: costs, connector: file, path: s.csv, entity: spend, "
        "columns: {spend: {from: amount, decimal: ','}}}",
        "{name: optins, connector: file, path: c.csv, entity: consents, "
        "identifiers: {mail: email}, columns: {changed_at: at}}",
        "{name: mails, connector: file, path: d.csv, entity: deliveries, "
        "identifiers: {mail: email}, columns: {delivered_at: at}}",
    )
    head = "order_id,customer_id,E-Mail,tel,mail2,date,dollars\n"
    brand.write(
        "orders_1.csv",
        head
        + '1,U1, Ann@Example.com ,030 1234567,,20260705,"$1,234.50"\n'
        + ",U2,broken,,b@c.example,20260105,10\n"
        + ",U2,broken,,b@c.example,20260105,10\n"
        + "3,U3,,,,2026-01-05,10\n"
        + "4,U4,,,,20260105,ten\n",
    )
    brand.write(
        "people.jsonl",
        '{"pid":1,"mail":"A@B.example","surname":"MÜLLER","made":0,"country":"Germany"}\n',
    )
    brand.write("app.csv", "what;ts;user\nopened;2026-01-05T10:00:00+02:00;U1\nclosed;;U1\n")
    brand.write("t.csv", "ts,channel\n2026-01-05 10:00,Display\n")
    brand.write("s.csv", 'date_day,amount,clicks,platform\n2026-01-05,"1.234,50",3,tv\n')
    brand.write("c.csv", "mail,status,at\nA@b.example,granted,2026-01-05\n")
    brand.write("d.csv", "mail,kind,at\na@b.example,open,2026-01-05\n")
    brand.load()

    orders = brand.fetch(
        "select id, ordered_at, revenue, currency, identifiers, original__dollars "
        "from raw_shop.orders order by _line"
    )
    assert orders[0] == (
        "1",
        "2026-07-04T22:00:00.000000",
        "1234.5",
        "USD",
        '{"user_id":"U1","email":"ann@example.com","phone":"+49301234567"}',
        "$1,234.50",
    )
    assert orders[1][4] == '{"user_id":"U2","email":"b@c.example"}'
    assert [row[0][-2:] for row in orders[1:]] == ["-1", "-2"]
    assert len(orders) == 3
    assert brand.fetch("select _line, reason from raw_shop.quarantine order by 1") == [
        (5, "ordered_at is not a time in the stated format"),
        (6, "revenue is not a number"),
    ]
    assert brand.fetch(
        "select id, email, last_name, country, created_at, identifiers from raw_crm.people"
    ) == [
        (
            "1",
            "a@b.example",
            "Müller",
            "DE",
            "1970-01-01T00:00:00.000000",
            '{"email":"a@b.example"}',
        )
    ]
    assert brand.fetch("select name, occurred_at from raw_app.events") == [
        ("opened", "2026-01-05T08:00:00.000000")
    ]
    assert brand.fetch("select reason from raw_app.quarantine") == [("occurred_at is missing",)]
    assert brand.fetch("select touched_at, channel, campaign from raw_touches.touchpoints") == [
        ("2026-01-05T10:00:00.000000", "Display", None)
    ]
    assert brand.fetch("select date_day, spend, clicks from raw_costs.spend") == [
        ("2026-01-05", "1234.5", "3")
    ]
    assert brand.fetch("select identifier_type, identifier_value from raw_optins.consents") == [
        ("email", "a@b.example")
    ]
    assert brand.fetch("select kind, identifiers from raw_mails.deliveries") == [
        ("open", '{"email":"a@b.example"}')
    ]
    registered = brand.fetch(
        "select source, entity, raw_schema, raw_table from raw_registry.sources order by source"
    )
    assert registered[0] == ("app", "events", "raw_app", "events")
    assert len(registered) == 7


def test_table_is_read_in_place(brand: Brand) -> None:
    brand.execute("create schema shop")
    brand.execute(
        "create table shop.orders (order_id bigint, bought timestamp, day varchar, "
        "amount decimal(9,2), email varchar, seen timestamp)"
    )
    brand.execute(
        "insert into shop.orders values (1, '2026-01-05 10:00:00', '20260105', 12.5, "
        "' A@B.example', '2026-01-06 00:00:00'), (2, '2026-01-05 11:00:00', 'bad', 1, 'none', null)"
    )
    brand.sources(
        "{name: own, connector: table, relation: shop.orders, entity: orders, loaded_at: seen, "
        "identifiers: {email: email, order_id: till}, columns: {id: order_id, revenue: amount, "
        "ordered_at: {from: bought, timezone: Europe/Berlin}}}"
    )
    brand.load()
    rows = brand.fetch(
        "select id, ordered_at, cast(revenue as decimal(9,2)), identifiers, original__day, _file, "
        "_dlt_load_id, _loaded_at from raw_own.orders order by id"
    )
    assert [(*row[:3], json.loads(row[3]), *row[4:]) for row in rows] == [
        (
            "1",
            "2026-01-05T09:00:00.000000",
            rows[0][2],
            {"email": "a@b.example", "till": "1"},
            "20260105",
            None,
            None,
            datetime(2026, 1, 6),
        ),
        (
            "2",
            "2026-01-05T10:00:00.000000",
            rows[1][2],
            {"till": "2"},
            "bad",
            None,
            None,
            None,
        ),
    ]
    assert float(rows[0][2]) == 12.5
    brand.execute("insert into shop.orders values (3, null, null, null, null, null)")
    brand.load()
    assert brand.fetch("select count(*) from raw_own.orders") == [(3,)]
    brand.sources("{name: own, connector: table, relation: shop.nothing, entity: orders}")
    with pytest.raises(LoadError, match=r"no relation shop\.nothing"):
        brand.load()


def test_addresses_of_a_table_are_standardised_as_those_of_a_file(brand: Brand) -> None:
    rows = [
        ("1", "email", " Ann@B.example", "", ""),
        ("2", "Email", "nobody", "Bob@B.example", ""),
        ("3", "phone", "+49 (0)30 1234567", "", ""),
        ("4", "phone", "0049 30/1234567", "", ""),
        ("5", "phone", "030 1234567", "", ""),
        ("6", "loyalty", " L1 ", "c@b.example", ""),
        ("7", "", "", "", "+1 415 555 2671"),
        ("8", "", "", "", ""),
    ]
    names = "id,identifier_type,identifier_value,mail,mobile,status,changed_at"
    lines = ["".join(f"{value}," for value in row) + "granted,2026-01-05" for row in rows]
    brand.write("optins.csv", "\n".join([names, *lines]) + "\n")
    brand.execute("create schema crm")
    kind = text_type(brand.settings.target)
    brand.execute(f"create table crm.optins ({names.replace(',', f' {kind}, ')} {kind})")
    for line in lines:
        values = ", ".join(f"'{value}'" for value in line.split(","))
        brand.execute(f"insert into crm.optins values ({values})")
    identifiers = "entity: consents, identifiers: {mail: email, mobile: phone}}"
    brand.sources(
        f"{{name: f, connector: file, path: optins.csv, {identifiers}",
        f"{{name: t, connector: table, relation: crm.optins, {identifiers}",
        "{name: p, connector: table, relation: crm.optins, entity: people, "
        "columns: {email: mail, phone: mobile}}",
    )
    brand.load()
    wanted = "select id, identifier_type, identifier_value from raw_{}.consents order by id"
    found = brand.fetch(wanted.format("t"))
    assert found == brand.fetch(wanted.format("f"))
    assert found == [
        ("1", "email", "ann@b.example"),
        ("2", "email", "bob@b.example"),
        ("3", "phone", "+49301234567"),
        ("4", "phone", "+49301234567"),
        ("5", "phone", None),
        ("6", "loyalty", "L1"),
        ("7", "phone", "+14155552671"),
        ("8", None, None),
    ]
    assert brand.fetch(
        "select email, phone from raw_p.people where id in ('2', '7') order by id"
    ) == [("bob@b.example", None), (None, "+14155552671")]


def test_what_was_loaded_of_a_dropped_source_stays(brand: Brand) -> None:
    orders = "connector: file, entity: orders}"
    brand.sources(f"{{name: old, path: old.csv, {orders}", f"{{name: new, path: new.csv, {orders}")
    for name in ("old", "new"):
        brand.write(f"{name}.csv", "id,ordered_at,revenue\n1,2026-01-05,2\n")
    assert brand.load().warnings == []
    brand.sources(f"{{name: new, path: new.csv, {orders}")
    dropped = brand.load()
    assert "'old' is no longer in the list of sources" in dropped.summary()
    assert brand.fetch("select source from raw_registry.sources order by 1") == [("new",), ("old",)]
    assert brand.load(sources=["new"]).warnings == []
    run_dbt(brand.settings, ["run", "--select", "stg_generic__orders"], quiet=True)
    read = "select source_name from staging.stg_generic__orders order by 1"
    assert brand.fetch(read) == [("new",), ("old",)]

    # Its tables gone, it is forgotten.
    brand.execute("drop schema raw_old cascade")
    assert brand.load().warnings == []
    assert brand.fetch("select source from raw_registry.sources") == [("new",)]


def test_cdnow(engine_settings: Settings, shared_data: Path) -> None:
    folder = shared_data / "cdnow"
    if not (folder / "CDNOW_master.txt").is_file():
        pytest.skip("CDNOW is not at hand")
    settings = engine_settings.model_copy(
        update={"sources": Path("examples/cdnow/sources.yml"), "exports": folder}
    )
    assert load(settings).rows == 69_659
    with open_warehouse(settings) as warehouse:
        found = warehouse.fetch(
            "select count(*), count(distinct id), count(distinct identifiers), "
            "sum(cast(revenue as decimal(18, 2))), "
            "sum(case when cast(revenue as decimal(18, 2)) = 0 then 1 else 0 end), "
            "sum(case when id not like '%-1' then 1 else 0 end) from raw_cdnow.orders"
        )[0]
    assert [float(value) for value in found] == [69_659, 69_659, 23_570, 2_500_315.63, 80, 255]


def test_unknown_source_names_the_known(brand: Brand) -> None:
    brand.sources("{name: pos, connector: pos}")
    with pytest.raises(SourcesError, match="No source 'x'; known are pos"):
        brand.load(sources=["x"])


def test_no_configuration_of_airflow_is_asked(brand: Brand) -> None:
    brand.sources("{name: calls, connector: calls}")
    brand.write("calls/calls_2026-01-05.csv", CALLS + call(1))
    started = time.monotonic()
    brand.load()
    assert time.monotonic() - started < 60
    assert "airflow.models.variable" not in sys.modules
