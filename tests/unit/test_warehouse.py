"""The warehouse interface behaves the same on every engine."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pytest
from sojourn.settings import Settings
from sojourn.warehouse import open_warehouse, spark_sql, text_type

ROWS = [("a", 1), ("tab\tquote\"back\\slash\nline 'one'", 2), (None, None), ("%s ? ü", 3)]


def test_append_and_read_back(any_engine_settings: Settings) -> None:
    engine_settings = any_engine_settings
    data = pa.table({"name": [row[0] for row in ROWS], "number": [row[1] for row in ROWS]})
    with open_warehouse(engine_settings) as warehouse:
        warehouse.execute("create schema things")
        text = text_type(warehouse.dialect)
        warehouse.execute(f"create table things.words (number bigint, name {text})")
        warehouse.append("things", "words", data)
        found = warehouse.fetch("select name, number from things.words")
        assert sorted(found, key=str) == sorted(ROWS, key=str)
        assert warehouse.fetch(
            "select name from things.words where number = ? and '?' = '?'", (2,)
        ) == [(ROWS[1][0],)]
        batches = list(warehouse.fetch_batches("select number from things.words", rows=3))
        assert sum(batch.num_rows for batch in batches) == 4
        assert warehouse.fetch_arrow("select number from things.words").num_rows == 4
        assert warehouse.relation_exists("things", "words")
        assert not warehouse.relation_exists("things", "missing")
        assert list(warehouse.columns("things", "words")) == ["number", "name"]
        assert warehouse.columns("things", "missing") == {}
        assert warehouse.schemas_with("words", "thi") == ["things"]

        moment = datetime(2026, 1, 5, 10, 30, 0, 123456)
        warehouse.execute("create table things.moments (moment timestamp, day date)")
        warehouse.execute("insert into things.moments values (?, ?)", (moment, moment.date()))
        warehouse.append("things", "moments", pa.table({"moment": pa.array([moment])}))
        found = warehouse.fetch("select moment, day from things.moments order by day desc")
        assert sorted(found, key=str) == [(moment, None), (moment, moment.date())]
        assert warehouse.fetch(
            "select cast(moment as date) from things.moments where moment = ? and day is null",
            (moment,),
        ) == [(moment.date(),)]
        (batch,) = warehouse.fetch_batches("select moment from things.moments", rows=5)
        assert batch.column(0).to_pylist() == [moment, moment]
        assert warehouse.fetch("select 'it''s', 'a\\b', 1 as \"a \"\"b\"") == [("it's", "a\\b", 1)]

        kinds = {"name": text, "part": "bigint", "number": "bigint"}
        for _ in range(2):
            warehouse.create_keyed("things", "counts", kinds, key=("name", "part"))
        first = pa.table({"name": ["a", "a"], "part": pa.array([None, None], pa.int64())})
        numbers = pa.array([1, 2])
        warehouse.replace(
            *("things", "counts", {"name": "a", "part": None}),
            first.append_column("number", numbers),
        )
        other = pa.table({"name": ["a"], "part": [7], "number": [3]})
        warehouse.replace("things", "counts", {"name": "a", "part": 7}, other)
        counts = "select name, part, number from things.counts order by number"
        assert warehouse.fetch(counts) == [("a", None, 1), ("a", None, 2), ("a", 7, 3)]
        warehouse.replace("things", "counts", {"name": "a", "part": None}, other.slice(0, 0))
        again = pa.table({"name": ["a"], "part": [7], "number": [4]})
        warehouse.replace("things", "counts", {"name": "a", "part": 7}, again)
        assert warehouse.fetch(counts) == [("a", 7, 4)]
        with warehouse.exclusive("the counts"), warehouse.transaction():
            warehouse.fetch(counts)


def test_spark_reads_quotes_as_the_standard_has_them() -> None:
    assert spark_sql("""select "a""b" || 'it''s "q" \\d' from "x`y".z""") == (
        """select `a"b` || 'it''s "q" \\\\d' from `x``y`.z"""
    )


def test_a_failed_transaction_leaves_nothing(engine_settings: Settings) -> None:
    with open_warehouse(engine_settings) as warehouse:
        warehouse.execute("create table numbers (number bigint)")
        with pytest.raises(RuntimeError), warehouse.transaction():
            warehouse.execute("insert into numbers values (1)")
            raise RuntimeError
        assert warehouse.fetch("select count(*) from numbers") == [(0,)]
