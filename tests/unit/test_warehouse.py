"""The warehouse interface behaves the same on every engine."""

from __future__ import annotations

import pyarrow as pa
import pytest
from sojourn.settings import Settings
from sojourn.warehouse import open_warehouse

ROWS = [("a", 1), ("tab\tquote\"back\\slash\nline 'one'", 2), (None, None), ("%s ? ü", 3)]


def test_append_and_read_back(engine_settings: Settings) -> None:
    data = pa.table({"name": [row[0] for row in ROWS], "number": [row[1] for row in ROWS]})
    with open_warehouse(engine_settings) as warehouse:
        warehouse.execute("create schema things")
        warehouse.execute("create table things.words (number bigint, name text)")
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


def test_a_failed_transaction_leaves_nothing(engine_settings: Settings) -> None:
    with open_warehouse(engine_settings) as warehouse:
        warehouse.execute("create table numbers (number bigint)")
        with pytest.raises(RuntimeError), warehouse.transaction():
            warehouse.execute("insert into numbers values (1)")
            raise RuntimeError
        assert warehouse.fetch("select count(*) from numbers") == [(0,)]
