"""Readers: every form that a file can have, and every way in which it can be broken."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sojourn.sources import readers
from sojourn.sources.names import snake_case, unique_names
from sojourn.sources.readers import READERS, Batch, JsonParser, Layout, UnreadableError
from sojourn.sources.rows import OccurrenceCounter


def read(path: Path, layout: Layout) -> list[Batch]:
    return list(READERS[layout.format](path, layout))


def rows(batches: Iterable[Batch]) -> list[tuple[int, dict[str, str | None]]]:
    found = []
    for batch in batches:
        for index, line in enumerate(batch.lines):
            values = {name: column[index].as_py() for name, column in batch.columns.items()}
            found.append((int(line), values))
    return found


def rejected(batches: Iterable[Batch]) -> list[tuple[int, str, str | None]]:
    return [(row.line, row.reason, row.content) for batch in batches for row in batch.rejected]


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


CSV = Layout("csv")


def test_csv_fields_hold_line_ends_quotes_and_delimiters(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", '\ufeffId,Full Name\r\n1,"Ann\r\nLee, ""A"""\r\n2,Bo\r\n')
    batches = read(path, CSV)
    assert rows(batches) == [
        (2, {"id": "1", "full_name": 'Ann\nLee, "A"'}),
        (4, {"id": "2", "full_name": "Bo"}),
    ]
    assert rejected(batches) == []


def test_csv_row_with_another_number_of_fields_is_rejected_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,name\n1,a\n2\n3,c,d\n\n4,d\n")
    batches = read(path, CSV)
    assert [line for line, _ in rows(batches)] == [2, 6]
    assert rejected(batches) == [
        (3, "the row has 1 field, the header has 2", "2"),
        (4, "the row has 3 fields, the header has 2", "3,c,d"),
    ]


def test_csv_stray_quote_costs_its_own_line_only(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'id,name\n1,"oops\n2,b\n3,"c\nc"\n4,d\n')
    batches = read(path, CSV)
    assert [values["id"] for _, values in rows(batches)] == ["2", "3", "4"]
    assert rejected(batches) == [(2, "a quote opens a field and is never closed", '1,"oops')]


def test_csv_quote_within_a_field_is_text(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'id,name,n\n1,5" nail,2\n2,b,3\n')
    batches = read(path, CSV)
    assert rows(batches)[0][1]["name"] == '5" nail'
    assert rejected(batches) == []


def test_csv_never_closed_at_the_end_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'id,name\n1,a\n2,"b\n')
    batches = read(path, CSV)
    assert [values["id"] for _, values in rows(batches)] == ["1"]
    assert [line for line, _, _ in rejected(batches)] == [3]


def test_csv_with_duplicate_and_strange_headers(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "Id,id,Größe (cm),,2nd\n1,2,3,4,5\n")
    assert rows(read(path, CSV)) == [
        (2, {"id": "1", "id_2": "2", "groe_cm": "3", "column": "4", "_2nd": "5"})
    ]


@pytest.mark.parametrize("content", ["", "id,name\n", "id,name", "\n\n"])
def test_csv_without_rows(tmp_path: Path, content: str) -> None:
    assert rows(read(write(tmp_path / "a.csv", content), CSV)) == []


def test_nul_characters_and_bytes_that_are_not_text(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", b"id,name\n1,a\x00b\n2,caf\xe9\n3,c\n")
    batches = read(path, CSV)
    assert [values["name"] for _, values in rows(batches)] == ["a\ufffdb", "c"]
    assert rejected(batches) == [(3, "the row is not UTF-8 text", "2,caf\ufffd")]


def test_field_of_ten_megabytes(tmp_path: Path) -> None:
    big = "x" * (10 << 20)
    path = write(tmp_path / "a.csv", f'id,name\n1,"{big}\n{big}"\n2,b\n')
    found = rows(read(path, CSV))
    assert [len(values["name"] or "") for _, values in found] == [2 * len(big) + 1, 1]


def test_damaged_gzip_keeps_the_rows_before_the_damage(tmp_path: Path) -> None:
    whole = gzip.compress(b"id,name\n" + b"".join(b"%d,a\n" % n for n in range(200_000)))
    path = write(tmp_path / "a.csv.gz", whole[: len(whole) // 2])
    with pytest.raises(UnreadableError, match="gzip stream is damaged"):
        read(path, CSV)


def test_utf16_needs_its_encoding_said(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,name\n1,ä\n".encode("utf-16"))
    with pytest.raises(UnreadableError, match="UTF-16"):
        read(path, CSV)
    found = rows(read(path, Layout("csv", encoding="utf-16")))
    assert found == [(2, {"id": "1", "name": "ä"})]


def test_batches_are_bounded_and_lines_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "BATCH_ROWS", 10)
    monkeypatch.setattr(readers, "BATCH_BYTES", 64)
    body = "".join(f'{n},"line\nend {n}"\n' for n in range(50))
    batches = read(write(tmp_path / "a.csv", "id,name\n" + body), CSV)
    assert max(len(batch.lines) for batch in batches) <= 10
    assert [(line, values["id"]) for line, values in rows(batches)] == [
        (2 + 2 * n, str(n)) for n in range(50)
    ]


text = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=8)


@given(st.lists(st.tuples(text, text), min_size=1, max_size=20), st.integers(16, 80))
def test_what_the_csv_module_writes_is_read_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, values: list[tuple[str, str]], block: int
) -> None:
    import csv

    path = tmp_path_factory.mktemp("csv") / "a.csv"
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(("a", "b"))
        writer.writerows(values)
    before = readers.BATCH_BYTES
    readers.BATCH_BYTES = block
    try:
        batches = read(path, CSV)
    finally:
        readers.BATCH_BYTES = before
    found = [(row["a"] or "", row["b"] or "") for _, row in rows(batches)]
    assert found == values
    assert rejected(batches) == []


def test_tsv_without_header_and_wrong_field_counts(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", 'a\t"b\tc\nshort\tx\n\t\tz\n')
    batches = read(path, Layout("tsv", columns=("one", "two", "three"), header=False))
    assert rows(batches) == [
        (1, {"one": "a", "two": '"b', "three": "c"}),
        (3, {"one": None, "two": None, "three": "z"}),
    ]
    assert rejected(batches) == [(2, "the row has 2 fields, 3 are expected", "short\tx")]


def test_fixed_width_trims_and_rejects_longer_lines(tmp_path: Path) -> None:
    layout = Layout("fixed_width", positions=(("id", 1, 3), ("name", 4, 8)))
    path = write(tmp_path / "a.txt", "id name\r\n001Ännie\r\n002\r\n003toolong!\r\n\x1a")
    batches = read(path, layout)
    assert rows(batches) == [(2, {"id": "001", "name": "Ännie"}), (3, {"id": "002", "name": None})]
    assert [(line, reason) for line, reason, _ in rejected(batches)] == [
        (4, "the row is 11 characters long, not 8")
    ]


def test_parquet_becomes_text(tmp_path: Path) -> None:
    table = pa.table(
        {
            "Id": pa.array([1, 2]),
            "price": pa.array([1.5, None]),
            "tags": pa.array([["a"], []]),
            "at": pa.array([0, None], pa.timestamp("us", "UTC")),
            "note": pa.array(["x\x00y", ""]),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    found = rows(read(tmp_path / "a.parquet", Layout("parquet")))
    assert found[0][1] == {
        "id": "1",
        "price": "1.5",
        "tags": '["a"]',
        "at": "1970-01-01T00:00:00.000000Z",
        "note": "x\ufffdy",
    }
    assert found[1][1]["note"] is None
    write(tmp_path / "b.parquet", b"no parquet")
    with pytest.raises(UnreadableError, match="not Parquet"):
        read(tmp_path / "b.parquet", Layout("parquet"))


def parse(lines: list[str], layout: Layout) -> tuple[dict[str, list[str | None]], dict[int, str]]:
    parser = JsonParser(layout, readers.connect_engine(1))
    files = np.zeros(len(lines), dtype=np.int32)
    parsed = parser.parse(pa.array(lines, pa.string()), files)
    return {name: column.to_pylist() for name, column in parsed.columns.items()}, parsed.reasons


def test_json_values_keep_their_text() -> None:
    layout = Layout("jsonl", columns=("userId", "context"), json_columns=frozenset(("context",)))
    columns, reasons = parse(
        [
            r'{"userId":"q\"\u00e9\\n","context":{"a":[1,{"b":null}]},"newKey":true}',
            '{"userId":12345678901234567890123,"context":"plain"}',
            '{"userId":null,"context":null,"newKey":""}',
            '{"userId":"a\\u0000b","context":{"x":"\\u0000"}}',
        ],
        layout,
    )
    assert columns["user_id"] == ['q"é\\n', "12345678901234567890123", None, "a\ufffdb"]
    assert columns["context"] == [
        '{"a":[1,{"b":null}]}',
        '"plain"',
        None,
        '{"x":"\ufffd"}',
    ]
    assert columns["new_key"] == ["true", None, None, None]
    assert reasons == {}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"a":1', "the row is not valid JSON"),
        ("nonsense", "the row is not valid JSON"),
        ('{"a":NaN}', "the row is not valid JSON"),
        ('{"a":{"b":-inf}}', "the row is not valid JSON"),
        ("[1]", "the row is JSON, but not an object"),
        ("12", "the row is JSON, but not an object"),
    ],
)
def test_json_that_is_no_object_is_rejected(line: str, reason: str) -> None:
    columns, reasons = parse(['{"a":1}', line, '{"a":"finance"}'], Layout("jsonl", columns=("a",)))
    assert columns == {"a": ["1", "finance"]}
    assert reasons == {1: reason}


def test_occurrence_numbers_count_equal_rows_over_batches() -> None:
    counter = OccurrenceCounter()
    first = counter.number(np.array([5, 7, 5, 9], dtype=np.uint64))
    second = counter.number(np.array([9, 5, 1, 5], dtype=np.uint64))
    assert first.tolist() == [1, 1, 2, 1]
    assert second.tolist() == [2, 3, 1, 4]
    assert counter.number(np.array([], dtype=np.uint64)).tolist() == []


@given(st.lists(st.lists(st.integers(0, 5), max_size=10), max_size=8))
def test_occurrence_numbers_equal_a_plain_count(batches: list[list[int]]) -> None:
    counter = OccurrenceCounter()
    seen: dict[int, int] = {}
    for batch in batches:
        expected = []
        for value in batch:
            seen[value] = seen.get(value, 0) + 1
            expected.append(seen[value])
        assert counter.number(np.array(batch, dtype=np.uint64)).tolist() == expected


def test_names() -> None:
    assert snake_case("MasterRecordId") == "master_record_id"
    assert snake_case("Country/Region") == "country_region"
    assert snake_case("HTTPStatus") == "http_status"
    assert snake_case("segments.date") == "segments_date"
    long = unique_names(["x" * 100, "x" * 99 + "y"])
    assert len(set(long)) == 2
    assert all(len(name) <= 63 - len("__standard") for name in long)
