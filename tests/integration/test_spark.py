"""Loading, gate and activation on Spark, where there is nothing but appending."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sojourn import spark
from sojourn.activation.receiver import Receiver
from sojourn.gate import run_gate
from sojourn.settings import Settings
from sojourn.warehouse import SparkWarehouse, open_warehouse

from tests.integration import test_activation, test_loading
from tests.integration.activation_tables import (
    contacts_sync,
    create_activation_tables,
    people,
    put_contacts,
    write_syncs,
)
from tests.integration.test_activation import receiver  # noqa: F401 -- a fixture
from tests.integration.test_loading import CALLS, Brand, call, event


@pytest.fixture
def brand(spark_server_settings: Settings, tmp_path: Path) -> Iterator[Brand]:
    with spark.kept_session():
        yield Brand(spark_server_settings, tmp_path / "exports")


class Killed(BaseException):
    """Stands for the end of the process: nobody catches it."""


def kill_at(patch: pytest.MonkeyPatch, method: str, what: str) -> None:
    """End at a call of the warehouse's method that has to do with ``what``, before it is done."""
    original = getattr(SparkWarehouse, method)

    def deadly(self: SparkWarehouse, *arguments: Any) -> Any:
        if any(what in str(argument) for argument in arguments):
            raise Killed
        return original(self, *arguments)

    patch.setattr(SparkWarehouse, method, deadly)


def test_new_rows_new_columns_and_verdicts(brand: Brand) -> None:
    brand.sources("{name: segment, connector: segment}", "{name: calls, connector: calls}")
    brand.write("segment/events_2026-01-05.jsonl", event(1) + '{"type":"tra\n' * 2)
    brand.write("calls/calls_2026-01-05.csv", CALLS + call(1) + call(2))
    assert brand.load(as_of=datetime(2026, 1, 6)).rows == 3
    assert brand.load(as_of=datetime(2026, 1, 6)).rows == 0
    brand.write("segment/events_2026-01-06.jsonl", event(2, userId="U1", extra=1))
    with (brand.root / "calls/calls_2026-01-05.csv").open("a") as handle:
        handle.write(call(3))
    assert brand.load(as_of=datetime(2026, 1, 7)).rows == 2

    rows = brand.fetch(
        "select message_id, user_id, extra, phone__standard, _file, _line, _loaded_at "
        "from raw_segment.events order by message_id"
    )
    file, phone = "segment/events_2026-01-0{}.jsonl", "+14155552671"
    assert rows == [
        ("m1", None, None, phone, file.format(5), 1, datetime(2026, 1, 6)),
        ("m2", "U1", "1", phone, file.format(6), 1, datetime(2026, 1, 7)),
    ]
    assert brand.fetch("select call_id from raw_calls.calls order by _line") == [
        ("C1",),
        ("C2",),
        ("C3",),
    ]
    unreadable = [("the row is not valid JSON",)] * 2
    assert brand.fetch("select reason from raw_segment.quarantine") == unreadable
    assert brand.fetch("select column_name, change from raw_segment.schema_drift") == [
        ("extra", "new_column")
    ]
    assert brand.fetch(
        "select count(*) from raw_segment.events as events "
        "inner join raw_segment._dlt_loads as loads on events._dlt_load_id = loads.load_id "
        "where loads.status = 0 and loads.inserted_at is not null"
    ) == [(2,)]

    with open_warehouse(brand.settings) as warehouse:
        kinds = warehouse.columns("raw_segment", "events")
    assert (kinds.pop("_line"), kinds.pop("_loaded_at")) == ("bigint", "timestamp")
    assert set(kinds.values()) == {"string"}

    first = run_gate(brand.settings)
    assert first.checks
    assert set(first.rejected) == {"segment"}
    assert run_gate(brand.settings).checks == []
    assert brand.fetch(
        "select count(*) from raw_segment.rejected_loads as rejected where rejected.load_id in ("
        "select load_id from raw_gate.results where severity = 'critical' and not success)"
    ) == [(1,)]


@pytest.mark.parametrize(
    ("method", "what"),
    [("execute", "add if not exists partition"), ("append", "_dlt_loads")],
    ids=["before its files are known", "before it counts"],
)
def test_a_killed_load_leaves_nothing_that_counts(
    brand: Brand, monkeypatch: pytest.MonkeyPatch, method: str, what: str
) -> None:
    brand.sources("{name: calls, connector: calls}")
    brand.write("calls/calls_2026-01-05.csv", CALLS + call(1) + call(2))
    with monkeypatch.context() as patch, pytest.raises(Killed):
        kill_at(patch, method, what)
        brand.load(as_of=datetime(2026, 1, 6))
    left = list(Path(brand.settings.spark_raw_url).glob("raw_calls/calls/*/*.parquet"))
    assert len(left) == 1

    assert brand.load(as_of=datetime(2026, 1, 6)).rows == 2
    assert brand.fetch("select call_id from raw_calls.calls order by 1") == [("C1",), ("C2",)]
    files = list(Path(brand.settings.spark_raw_url).glob("raw_calls/calls/*/*.parquet"))
    assert len(files) == 1
    assert files != left


def test_table_is_read_in_place(brand: Brand) -> None:
    brand.execute("create schema shop")
    brand.execute(
        "create table shop.orders (order_id bigint, bought timestamp, day string, made string, "
        "amount decimal(9,2), email string, seen timestamp)"
    )
    brand.execute(
        "insert into shop.orders values "
        "(1, timestamp '2026-01-05 10:00:00', '20260105', '05.01.2026 10:30', 12.5, "
        "' A@B.example', timestamp '2026-01-06 00:00:00'), "
        "(2, timestamp '2026-01-05 11:00:00', 'bad', 'never', 1, 'none', null)"
    )
    shared = (
        "connector: table, relation: shop.orders, entity: orders, "
        "identifiers: {email: email, order_id: till}"
    )
    brand.sources(
        f"{{name: own, {shared}, loaded_at: seen, columns: {{id: order_id, revenue: amount, "
        "ordered_at: {from: bought, timezone: Europe/Berlin}}}",
        f"{{name: texts, {shared}, columns: {{id: order_id, revenue: amount, "
        "ordered_at: {from: made, format: '%d.%m.%Y %H:%M', timezone: Europe/Berlin}}}",
        f"{{name: days, {shared}, columns: {{id: order_id, revenue: amount, "
        "ordered_at: {from: day, format: '%Y%m%d'}}}",
    )
    brand.load()
    rows = brand.fetch(
        "select id, ordered_at, revenue, identifiers, original__day, _file, _line, _dlt_load_id, "
        "_loaded_at from raw_own.orders order by id"
    )
    nothing = (None, None, None)
    own, till = '{"email":"a@b.example","till":"1"}', '{"till":"2"}'
    nine = "2026-01-05T09:00:00.000000"
    ten = "2026-01-05T10:00:00.000000"
    assert rows == [
        ("1", nine, "12.500000000", own, "20260105", *nothing, datetime(2026, 1, 6)),
        ("2", ten, "1.000000000", till, "bad", *nothing, None),
    ]
    moments = "select ordered_at from raw_{}.orders order by id"
    assert brand.fetch(moments.format("texts")) == [("2026-01-05T09:30:00.000000",), (None,)]
    assert brand.fetch(moments.format("days")) == [("2026-01-05T00:00:00.000000",), (None,)]
    for _ in range(2):
        assert not run_gate(brand.settings, sources=["own"]).rejected
    verdicts = "select count(*) from raw_gate.results where source = 'own' and expectation = "
    assert brand.fetch(f"{verdicts}'the relation can be read'") == [(1,)]


def test_addresses_of_a_table_are_standardised_as_those_of_a_file(brand: Brand) -> None:
    test_loading.test_addresses_of_a_table_are_standardised_as_those_of_a_file(brand)


def test_the_difference_is_sent_and_runs_that_were_killed_are_closed(
    spark_server_settings: Settings,
    receiver: Receiver,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with spark.kept_session():
        create_activation_tables(spark_server_settings)
        settings = write_syncs(spark_server_settings, contacts_sync())
        test_activation.test_the_difference_is_sent_and_nothing_else(settings, receiver)
        wanted = people(*range(5), score=9)
        put_contacts(settings, wanted)
        for method, what in (
            ("execute", "versioned as"),  # started, nothing planned
            ("append", "attempted"),  # planned, nothing announced
            ("append", "acknowledged"),  # sent, no outcome known
            ("append", "finished"),
        ):
            with monkeypatch.context() as patch, pytest.raises(Killed):
                kill_at(patch, method, what)
                test_activation.run(settings)
        closed = test_activation.run(settings)
        assert closed.status == "succeeded"
        assert receiver.state("contacts") == wanted
        assert test_activation.run(settings).planned == 0
        runs = test_activation.fetch(
            settings, "select status, count(*) from activation.sync_runs group by status"
        )
        assert dict(runs)["killed"] == 4
