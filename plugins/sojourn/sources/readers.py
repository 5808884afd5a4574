"""Readers: from a file to bounded batches of text, and the rows that could not be read.

Every reader yields `Batch`es whose rows stand in the file's order. Nothing in a row is judged
here beyond its form: the values are text as the file has them, empty ones NULL. What has no form
(wrong number of fields, broken JSON, bytes that are not text) becomes a `Rejected` with the line
where it starts, a reason that quotes no value, and its content.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from sojourn.sources.names import unique_names

if TYPE_CHECKING:
    from numpy.typing import NDArray

BATCH_ROWS = 50_000
BATCH_BYTES = 16 << 20
MAX_RECORD_BYTES = 64 << 20
"""A longer record is taken for a quote that nobody closed, or for no text at all."""
MAX_RECORD_LINES = 10_000
CONTENT_LIMIT = 1 << 20
"""A rejected row's content is kept up to this many characters."""
REPLACEMENT = "�"

csv.field_size_limit(MAX_RECORD_BYTES)


@dataclass(frozen=True)
class Rejected:
    """A row that could not be read. Line 0: the file as a whole."""

    line: int
    reason: str
    content: str | None


@dataclass
class Batch:
    """Rows of a file, in order.

    Attributes:
        lines: the 1-based line on which each row starts (for Parquet the row's number).
        record: each row's text as it stands in the file: what the row's id is made of.
        columns: values by raw column name, all text; for JSON lines still to be parsed, empty.
        rejected: rows that could not be read.
        last_line: the last line that this batch has seen.
    """

    lines: NDArray[np.int64]
    record: pa.Array
    columns: dict[str, pa.Array]
    rejected: list[Rejected]
    last_line: int


@dataclass(frozen=True)
class Layout:
    """How a text file is written.

    Attributes:
        format: csv, tsv, jsonl, parquet or fixed_width.
        columns: original names, in order, of a file without a header, or for JSON the known keys.
        header: whether the first line (after ``skip_lines``) names the columns.
        positions: fixed width: raw column name -> (first, last), 1-based; last 0 is open.
        json_columns: raw names whose values are nested data.
    """

    format: str
    columns: tuple[str, ...] = ()
    header: bool = True
    delimiter: str = ","
    encoding: str = "utf-8"
    skip_lines: int = 0
    positions: tuple[tuple[str, int, int], ...] = ()
    json_columns: frozenset[str] = frozenset()


class UnreadableError(Exception):
    """The file ends, or turns into something else, before its end; the message says where."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.line = line


def connect_engine(threads: int = 2) -> duckdb.DuckDBPyConnection:
    """Return the in-memory DuckDB in which text is parsed."""
    engine = duckdb.connect(
        ":memory:",
        config={
            "threads": threads,
            "memory_limit": "1GB",
            "autoinstall_known_extensions": False,
        },
    )
    engine.execute("set TimeZone = 'UTC'")
    return engine


def arrow(
    engine: duckdb.DuckDBPyConnection, sql: str, params: dict[str, Any] | None = None
) -> pa.Table:
    """Return a query's rows as Arrow."""
    return engine.sql(sql, params=params).to_arrow_table()


def _open(path: Path) -> IO[bytes]:
    """Open a file, unpacking it when it is gzip by content, whatever its name says."""
    handle = path.open("rb")
    magic = handle.read(2)
    handle.seek(0)
    return cast(IO[bytes], gzip.open(handle)) if magic == b"\x1f\x8b" else handle


def _blocks(path: Path, encoding: str) -> Iterator[bytes]:
    """Yield a file's content as UTF-8 in blocks, without byte order mark and NUL characters.

    Raises:
        UnreadableError: the compression is broken, or the file is in another encoding.
    """
    import codecs

    decoder = None if encoding == "utf-8" else codecs.getincrementaldecoder(encoding)("strict")
    first = True
    with _open(path) as handle:
        while True:
            try:
                block = handle.read(BATCH_BYTES)
            except (EOFError, OSError, zlib.error):
                raise UnreadableError("the gzip stream is damaged or ends early") from None
            if decoder is not None:
                try:
                    block_text = decoder.decode(block, final=not block)
                except UnicodeDecodeError:
                    raise UnreadableError(f"the file is not {encoding}") from None
                at_end, block = not block, block_text.encode()
            else:
                at_end = not block
            if first and block:
                first = False
                if decoder is None and block[:2] in (b"\xff\xfe", b"\xfe\xff"):
                    raise UnreadableError("the file is UTF-16: export UTF-8, or say `encoding:`")
                if block[:4] == b"PK\x03\x04":
                    raise UnreadableError("the file is a ZIP archive: unpack it first")
                block = block.removeprefix(b"\xef\xbb\xbf")
            if b"\x00" in block:
                block = block.replace(b"\x00", REPLACEMENT.encode())
            if block:
                yield block
            if at_end:
                return


def read_lines(path: Path, encoding: str = "utf-8") -> Iterator[tuple[int, list[bytes]]]:
    """Yield (number of the first line, lines without their ends) in bounded groups.

    Raises:
        UnreadableError: after the lines that could be read.
    """
    number, rest = 1, b""
    try:
        for block in _blocks(path, encoding):
            if b"\n" not in block:
                rest += block
                if len(rest) > MAX_RECORD_BYTES:
                    raise UnreadableError(f"a line is longer than {MAX_RECORD_BYTES >> 20} MiB")
                continue
            lines = (rest + block).split(b"\n")
            rest = lines.pop()
            if b"\r" in block or b"\r" in lines[0]:
                lines = [line[:-1] if line.endswith(b"\r") else line for line in lines]
            for start in range(0, len(lines), BATCH_ROWS):
                yield number + start, lines[start : start + BATCH_ROWS]
            number += len(lines)
    except UnreadableError as error:
        error.line = number
        raise
    if rest:
        yield number, [rest.removesuffix(b"\r")]


def _content(line: bytes) -> str:
    return line[: CONTENT_LIMIT * 4].decode("utf-8", "replace")[:CONTENT_LIMIT]


def _text_array(
    lines: list[bytes], numbers: NDArray[np.int64], rejected: list[Rejected]
) -> tuple[pa.Array, NDArray[np.int64]]:
    """Return the lines that are UTF-8 text, as Arrow, with their numbers; reject the others."""
    try:
        return pa.array(lines, pa.binary()).cast(pa.string()), numbers
    except pa.ArrowInvalid:
        keep = []
        for index, line in enumerate(lines):
            try:
                line.decode()
                keep.append(index)
            except UnicodeDecodeError:
                reason = "the row is not UTF-8 text"
                rejected.append(Rejected(int(numbers[index]), reason, _content(line)))
        return pa.array([lines[index] for index in keep], pa.binary()).cast(pa.string()), numbers[
            keep
        ]


# --- JSON lines -----------------------------------------------------------------------------

_ODD_JSON = re.compile(r"[:\[,]\s*-?(?:nan|inf)|\\u0000", re.IGNORECASE)
"""What DuckDB's parser lets through and PostgreSQL does not: checked, and mended, one by one."""

_ODD_JSON_HINTS = ("NaN", "Infinity", "nan", "inf", "\\u0000")

_KIND_BY_FIRST = {'"': "text", "{": "object", "[": "array", "t": "boolean", "f": "boolean"}


def _path(key: str) -> str:
    return '$."' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _no_constant(_: str) -> Any:
    raise ValueError("not a number")


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", REPLACEMENT)
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(item) for key, item in value.items()}
    return value


def _rewrite_json(text: str) -> str | None:
    """Return a line as strict JSON without NUL characters, or None."""
    try:
        parsed = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    return json.dumps(_without_nul(parsed), ensure_ascii=False, separators=(",", ":"))


def _text_of(name: str, position: int, json_columns: frozenset[str]) -> str:
    """Return SQL: the value at a place of ``found`` as JSON text, or as the text that it means.

    Taking the quotes off is a fifth of the work of asking the parser again.
    """
    value = f"found[{position}]"
    quoted = '"' + name.replace('"', '""') + '"'
    if name in json_columns:
        return f"nullif({value}, 'null') as {quoted}"
    bare = f"substr({value}, 2, length({value}) - 2)"
    unescaped = f"json_extract_string({value}, '$')"
    text = (
        f"case when not starts_with({value}, '\"') then nullif({value}, 'null') "
        f"when contains({value}, '\\') then {unescaped} else {bare} end"
    )
    return f"nullif({text}, '') as {quoted}"


def _mend_odd(engine: duckdb.DuckDBPyConnection, text: pa.Array) -> pa.Array:
    """Return the lines with NUL escapes replaced; a line with NaN or Infinity becomes invalid."""
    hints = " or ".join(f"contains(text, '{hint}')" for hint in _ODD_JSON_HINTS)
    suspects = engine.execute(f"select place from chunk where {hints}").fetchall()
    values: list[str] | None = None
    for (index,) in suspects:
        if _ODD_JSON.search(text[index].as_py()):
            values = text.to_pylist() if values is None else values
            values[index] = _rewrite_json(values[index]) or ""
    return text if values is None else pa.array(values, pa.string())


def _register(engine: duckdb.DuckDBPyConnection, text: pa.Array, files: NDArray[np.int32]) -> None:
    """Offer the lines to DuckDB as ``chunk``, in pieces that its threads can share."""
    table = pa.table({"text": text, "file": files, "place": np.arange(len(text))})
    pieces = [table.slice(start, 4096) for start in range(0, table.num_rows, 4096)]
    engine.register("chunk", pa.concat_tables(pieces) if pieces else table)


def read_jsonl(path: Path, layout: Layout) -> Iterator[Batch]:
    """Read lines of text; `JsonParser` makes columns of them, for several files at a time."""
    for first, lines in read_lines(path, layout.encoding):
        rejected: list[Rejected] = []
        last_line = first + len(lines) - 1
        numbers = np.arange(first, first + len(lines), dtype=np.int64)
        filled = [index for index, line in enumerate(lines) if line and not line.isspace()]
        if len(filled) < len(lines):
            lines, numbers = [lines[index] for index in filled], numbers[filled]
        text, numbers = _text_array(lines, numbers, rejected)
        yield Batch(numbers, text, {}, rejected, last_line)


@dataclass
class Parsed:
    """Lines of JSON as columns.

    Attributes:
        good: which lines are objects; the columns hold those only.
        reasons: why the others are not, by place.
        columns: values by raw column name.
        kinds: by file and column, what the values are: ``text``, ``number``, ``object`` ...
        names: by file, the raw names of the keys that it has.
    """

    good: NDArray[np.bool_]
    reasons: dict[int, str]
    columns: dict[str, pa.Array]
    kinds: dict[int, dict[str, set[str]]]
    names: dict[int, set[str]]


class JsonParser:
    """Makes columns of JSON objects: one for each top-level key, nested values as JSON text.

    The keys of the layout are always there; others from the call on in which they are first seen.
    A NUL character becomes U+FFFD.
    """

    def __init__(self, layout: Layout, engine: duckdb.DuckDBPyConnection) -> None:
        self._engine = engine
        self._json_columns = layout.json_columns
        self._keys = list(layout.columns)
        self._names = unique_names(self._keys)

    def parse(self, record: pa.Array, files: NDArray[np.int32]) -> Parsed:
        """Parse lines; ``files`` says for each from which file it is."""
        engine = self._engine
        _register(engine, record, files)
        text = _mend_odd(engine, record)
        if text is not record:
            _register(engine, text, files)
        # An object has keys; what is no JSON has NULL for them, and other JSON begins otherwise.
        engine.execute(
            "create or replace temp table parsed as select place, file, "
            "case when keys is not null and starts_with(ltrim(text), '{') "
            "then json_extract(text, $paths)::varchar[] end as found, keys "
            "from (select text, file, place, try(json_keys(text)) as keys from chunk)",
            {"paths": [_path(key) for key in self._keys]},
        )
        good = np.ones(len(text), dtype=bool)
        reasons: dict[int, str] = {}
        bad = engine.execute("select place, keys is null from parsed where found is null")
        for place, is_broken in bad.fetchall():
            good[place] = False
            reasons[place] = (
                "the row is not valid JSON" if is_broken else "the row is JSON, but not an object"
            )
        names, new_keys = self._find_keys()
        if new_keys:
            self._names += unique_names(new_keys, taken=self._names)
            self._keys += new_keys
            kept = text.filter(pa.array(good))
            _register(engine, kept, files[good])
            engine.execute(
                "create or replace temp table parsed as select place, file, "
                "json_extract(text, $paths)::varchar[] as found from chunk",
                {"paths": [_path(key) for key in self._keys]},
            )
        by_key = dict(zip(self._keys, self._names, strict=True))
        selected = ", ".join(
            _text_of(name, position, self._json_columns)
            for position, name in enumerate(self._names, start=1)
        )
        table = arrow(engine, f"select {selected} from parsed where found is not null")
        return Parsed(
            good,
            reasons,
            {name: table.column(name).combine_chunks() for name in table.column_names},
            self._kinds(),
            {file: {by_key[key] for key in keys} for file, keys in names.items()},
        )

    def _find_keys(self) -> tuple[dict[int, set[str]], list[str]]:
        """Return the keys by file, and those that are new."""
        rows = self._engine.execute(
            "select file, key from (select distinct file, unnest(keys) as key from parsed "
            "where found is not null) order by file, key"
        ).fetchall()
        names: dict[int, set[str]] = {}
        for file, key in rows:
            names.setdefault(file, set()).add(key)
        known = set(self._keys)
        return names, list(dict.fromkeys(key for _, key in rows if key not in known))

    def _kinds(self) -> dict[int, dict[str, set[str]]]:
        """Return what the values are: most columns are all text or all objects, and counted.

        Empty text is no value, as it is none in the warehouse.
        """
        counts = ", ".join(
            f"count(*) filter (found[{place}] not in ('null', '\"\"')), "
            f"count(*) filter (starts_with(found[{place}], '\"') and found[{place}] <> '\"\"'), "
            f"count(*) filter (starts_with(found[{place}], '{{'))"
            for place in range(1, len(self._names) + 1)
        )
        kinds: dict[int, dict[str, set[str]]] = {}
        unclear: set[int] = set()
        rows = self._engine.execute(
            f"select file, {counts} from parsed where found is not null group by file order by file"
        ).fetchall()
        for file, *row in rows:
            of_file = kinds.setdefault(file, {})
            for index, name in enumerate(self._names):
                filled, texts, objects = row[3 * index : 3 * index + 3]
                if not filled:
                    of_file[name] = set()
                elif filled in (texts, objects):
                    of_file[name] = {"text" if texts else "object"}
                else:
                    of_file[name] = set()
                    unclear.add(index)
        for index in sorted(unclear):
            letters = self._engine.execute(
                f"select distinct file, left(found[{index + 1}], 1) from parsed "
                f"where found[{index + 1}] not in ('null', '\"\"')"
            ).fetchall()
            for file, letter in letters:
                kinds[file][self._names[index]].add(_KIND_BY_FIRST.get(letter, "number"))
        return kinds


# --- CSV ------------------------------------------------------------------------------------


class _CsvRecords:
    """Groups lines into records by the parity of quotes, so that a field may hold line ends."""

    def __init__(self, delimiter: str, width: Callable[[], int | None]) -> None:
        self._delimiter = delimiter
        self._width = width
        self._open: list[tuple[int, bytes]] = []
        self._open_bytes = 0

    def feed(
        self, first: int, lines: list[bytes], rejected: list[Rejected], *, last: bool = False
    ) -> tuple[list[bytes], list[int]]:
        """Return the records that end within ``lines``, and the line on which each starts."""
        pending = self._open
        self._open = []
        todo = pending + [(first + index, line) for index, line in enumerate(lines)]
        records: list[bytes] = []
        numbers: list[int] = []
        position = 0
        while position < len(todo):
            number, line = todo[position]
            if line.count(b'"') % 2 == 0:
                if line:
                    records.append(line)
                    numbers.append(number)
                position += 1
                continue
            end = self._end_of_record(todo, position)
            if end is None and not last and self._may_go_on(todo, position):
                self._open = todo[position:]
                break
            if end is not None:
                text = b"\n".join(piece for _, piece in todo[position : end + 1])
                if self._fits(text, strict=True):
                    records.append(text)
                    numbers.append(number)
                    position = end + 1
                    continue
            # A quote that belongs to no field: the line alone may still be a row.
            if self._fits(line):
                records.append(line)
                numbers.append(number)
            else:
                reason = "a quote opens a field and is never closed"
                rejected.append(Rejected(number, reason, _content(line)))
            position += 1
        return records, numbers

    @staticmethod
    def _end_of_record(todo: list[tuple[int, bytes]], start: int) -> int | None:
        for end in range(start + 1, min(len(todo), start + MAX_RECORD_LINES)):
            if todo[end][1].count(b'"') % 2 == 1:
                return end
        return None

    @staticmethod
    def _may_go_on(todo: list[tuple[int, bytes]], start: int) -> bool:
        return (
            len(todo) - start < MAX_RECORD_LINES
            and sum(len(line) for _, line in todo[start:]) < MAX_RECORD_BYTES
        )

    def _fits(self, text: bytes, *, strict: bool = False) -> bool:
        """Tell whether the text is one record of the right number of fields.

        Over several lines a closing quote must end its field: else a stray quote would swallow
        the lines up to the next one.
        """
        row = parse_csv_record(text.decode("utf-8", "replace"), self._delimiter, strict=strict)
        width = self._width()
        return row is not None and (width is None or len(row) == width)


def parse_csv_record(text: str, delimiter: str = ",", *, strict: bool = False) -> list[str] | None:
    """Return a record's fields, or None where its quotes do not close.

    A quote within a field that is not quoted is text; ``strict`` also refuses text after a closing
    quote.
    """

    def parse(*, strict: bool) -> list[list[str]]:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict))

    try:
        rows = parse(strict=strict)
    except csv.Error:
        return None
    if len(rows) != 1:
        return None
    if not strict:
        try:
            parse(strict=True)
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                return None
    return rows[0]


def _parse_with_arrow(
    records: pa.Array, names: list[str], delimiter: str, quote: str | bool
) -> pa.Table | None:
    """Return the records' fields, or None when one of them has another number of fields."""
    body = "\n".join(records.to_pylist()).encode() + b"\n"
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(body),
            read_options=pa_csv.ReadOptions(
                column_names=names, use_threads=False, block_size=len(body) + 1
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=delimiter,
                quote_char=quote,
                double_quote=bool(quote),
                newlines_in_values=bool(quote),
                ignore_empty_lines=False,
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types={name: pa.string() for name in names},
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except pa.ArrowInvalid:
        return None
    return table if table.num_rows == len(records) else None


def _columns_from_rows(rows: list[list[str]], names: list[str]) -> dict[str, pa.Array]:
    by_column = zip(*rows, strict=True) if rows else ([] for _ in names)
    return {
        name: pa.array([value or None for value in values], pa.string())
        for name, values in zip(names, by_column, strict=True)
    }


def _fields_reason(found: int, expected: int) -> str:
    return f"the row has {found} field{'' if found == 1 else 's'}, the header has {expected}"


def _parse_records(
    text: pa.Array,
    numbers: NDArray[np.int64],
    names: list[str],
    delimiter: str,
    rejected: list[Rejected],
) -> tuple[pa.Array, NDArray[np.int64], dict[str, pa.Array]]:
    """Return the well-formed records, their lines and fields; reject the others."""
    table = _parse_with_arrow(text, names, delimiter, '"') if len(text) else None
    if table is not None:
        return text, numbers, {name: table.column(name).combine_chunks() for name in names}
    rows, keep = [], []
    for index, record in enumerate(text.to_pylist()):
        row = parse_csv_record(record, delimiter)
        if row is not None and len(row) == len(names):
            rows.append(row)
            keep.append(index)
            continue
        reason = (
            "a quote opens a field and is never closed"
            if row is None
            else _fields_reason(len(row), len(names))
        )
        rejected.append(Rejected(int(numbers[index]), reason, record[:CONTENT_LIMIT]))
    return text.take(pa.array(keep, pa.int64())), numbers[keep], _columns_from_rows(rows, names)


def read_csv(path: Path, layout: Layout) -> Iterator[Batch]:
    """Read CSV with quoted fields that may hold delimiters, doubled quotes and line ends."""
    names: list[str] = [] if layout.header else unique_names(layout.columns)
    skip = layout.skip_lines
    grouper = _CsvRecords(layout.delimiter, lambda: len(names) or None)
    last_line = 0

    def take_header(lines: list[bytes]) -> int:
        """Take the names from the first line that is not empty; return how many lines that was."""
        nonlocal names
        for index, line in enumerate(lines):
            if line and not line.isspace():
                header = parse_csv_record(line.decode("utf-8", "replace"), layout.delimiter)
                if header is None:
                    raise UnreadableError("the header has a quote that is never closed", first)
                names = unique_names([column.strip() for column in header])
                return index + 1
        return len(lines)

    def batch(first: int, lines: list[bytes], *, last: bool) -> Batch | None:
        rejected: list[Rejected] = []
        if not names:
            taken = take_header(lines)
            first, lines = first + taken, lines[taken:]
            if not names:
                return None
        records, starts = grouper.feed(first, lines, rejected, last=last)
        numbers = np.array(starts, dtype=np.int64)
        text, numbers = _text_array(records, numbers, rejected)
        text, numbers, columns = _parse_records(text, numbers, names, layout.delimiter, rejected)
        return Batch(numbers, text, columns, rejected, last_line)

    for first, lines in read_lines(path, layout.encoding):
        last_line = first + len(lines) - 1
        if first <= skip:
            cut = min(skip - first + 1, len(lines))
            first, lines = first + cut, lines[cut:]
        found = batch(first, lines, last=False)
        if found is not None:
            yield found
    found = batch(last_line + 1, [], last=True)
    if found is not None:
        yield found


# --- TSV and fixed width --------------------------------------------------------------------


def read_tsv(path: Path, layout: Layout) -> Iterator[Batch]:
    """Read tab-separated values without quoting: a tab or line end cannot be in a value."""
    names: list[str] = [] if layout.header else unique_names(layout.columns)
    for first, lines in read_lines(path, layout.encoding):
        rejected: list[Rejected] = []
        last_line = first + len(lines) - 1
        filled = [
            index for index, line in enumerate(lines) if line and first + index > layout.skip_lines
        ]
        numbers = np.array([first + index for index in filled], dtype=np.int64)
        text, numbers = _text_array([lines[index] for index in filled], numbers, rejected)
        if not names and len(text):
            names = unique_names([column.strip() for column in text[0].as_py().split("\t")])
            text, numbers = text.slice(1), numbers[1:]
        if not names:
            continue
        tabs = pc.count_substring(text, "\t").to_numpy(zero_copy_only=False)
        right = tabs == len(names) - 1
        if not right.all():
            for index in np.flatnonzero(~right):
                reason = f"the row has {int(tabs[index]) + 1} fields, {len(names)} are expected"
                content = text[int(index)].as_py()[:CONTENT_LIMIT]
                rejected.append(Rejected(int(numbers[index]), reason, content))
            text, numbers = text.filter(pa.array(right)), numbers[right]
        table = _parse_with_arrow(text, names, "\t", quote=False) if len(text) else None
        if table is not None:
            columns = {name: table.column(name).combine_chunks() for name in names}
        else:
            columns = _columns_from_rows([line.split("\t") for line in text.to_pylist()], names)
        yield Batch(numbers, text, columns, rejected, last_line)


def read_fixed_width(path: Path, layout: Layout) -> Iterator[Batch]:
    """Read columns by their character positions; values are trimmed, short lines end in NULLs."""
    names = unique_names([column for column, _, _ in layout.positions])
    ends = [last for _, _, last in layout.positions]
    limit = 0 if 0 in ends else max(ends)
    skip = layout.skip_lines + (1 if layout.header else 0)
    for first, lines in read_lines(path, layout.encoding):
        rejected: list[Rejected] = []
        last_line = first + len(lines) - 1
        filled = [
            index
            for index, line in enumerate(lines)
            if first + index > skip and line and not line.isspace() and line != b"\x1a"
        ]
        numbers = np.array([first + index for index in filled], dtype=np.int64)
        text, numbers = _text_array([lines[index] for index in filled], numbers, rejected)
        if limit:
            lengths = pc.utf8_length(pc.utf8_rtrim_whitespace(text))
            right = pc.less_equal(lengths, limit).to_numpy(zero_copy_only=False)
            if not right.all():
                for index in np.flatnonzero(~right):
                    reason = (
                        f"the row is {lengths[int(index)].as_py()} characters long, not {limit}"
                    )
                    content = text[int(index)].as_py()[:CONTENT_LIMIT]
                    rejected.append(Rejected(int(numbers[index]), reason, content))
                text, numbers = text.filter(pa.array(right)), numbers[right]
        columns = {}
        for name, (_, start, end) in zip(names, layout.positions, strict=True):
            piece = pc.utf8_slice_codeunits(text, start - 1, end or None)
            piece = pc.utf8_trim_whitespace(piece)
            columns[name] = pc.if_else(pc.equal(piece, ""), None, piece)
        yield Batch(numbers, text, columns, rejected, last_line)


# --- Parquet --------------------------------------------------------------------------------


def _text_expression(name: str, kind: pa.DataType) -> str:
    """Return the SQL that turns a Parquet column into text: ISO times, JSON for nested values."""
    quoted = '"' + name.replace('"', '""') + '"'
    if pa.types.is_nested(kind):
        return f"to_json({quoted})::varchar"
    if pa.types.is_timestamp(kind):
        suffix = "Z" if kind.tz is not None else ""
        return f"strftime({quoted}::timestamp, '%Y-%m-%dT%H:%M:%S.%f{suffix}')"
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return f"to_base64({quoted})"
    return f"{quoted}::varchar"


def read_parquet(path: Path, layout: Layout) -> Iterator[Batch]:
    """Read Parquet as text. A row's line is its number in the file."""
    del layout
    engine = connect_engine(1)
    try:
        parquet = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError):
        raise UnreadableError("the file is not Parquet, or is damaged") from None
    fields = list(parquet.schema_arrow)
    names = unique_names([column.name for column in fields])
    # Columns are addressed by place, since names may repeat in a Parquet file.
    places = [f"c{index}" for index in range(len(fields))]
    expressions = ", ".join(
        f"nullif(replace({_text_expression(place, column.type)}, chr(0), '{REPLACEMENT}'), '') "
        f'as "{name}"'
        for place, column, name in zip(places, fields, names, strict=True)
    )
    listed = ", ".join(f'"{name}"' for name in names)
    number = 1
    try:
        for found in parquet.iter_batches(batch_size=BATCH_ROWS):
            chunk = pa.Table.from_arrays(list(found.columns), names=places)
            engine.register("chunk", chunk)
            table = arrow(
                engine,
                f"select {listed}, to_json([{listed}])::varchar as record_text "
                f"from (select {expressions} from chunk)",
            )
            numbers = np.arange(number, number + table.num_rows, dtype=np.int64)
            number += table.num_rows
            yield Batch(
                numbers,
                table.column("record_text").combine_chunks(),
                {name: table.column(name).combine_chunks() for name in names},
                [],
                number - 1,
            )
    except (pa.ArrowInvalid, OSError):
        raise UnreadableError("the Parquet file is damaged", number) from None


Reader = Callable[[Path, Layout], Iterator[Batch]]

READERS: dict[str, Reader] = {
    "csv": read_csv,
    "tsv": read_tsv,
    "jsonl": read_jsonl,
    "fixed_width": read_fixed_width,
    "parquet": read_parquet,
}


# --- What a column's text is ----------------------------------------------------------------

_NUMBER = r"^\s*[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?\s*$"
_TIME = r"^\s*\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s*(Z|UTC|[-+]\d{2}:?\d{2})?)?\s*$"
_BOOLEAN = r"^(?i:true|false)$"
_OBJECT = r"^\s*\{"

TEXT_KINDS: tuple[tuple[str, str], ...] = (
    ("number", _NUMBER),
    ("time", _TIME),
    ("boolean", _BOOLEAN),
    ("object", _OBJECT),
)


def text_kind(values: pa.Array, before: str | None) -> tuple[str | None, int]:
    """Return what all values of a column are, and how many contradict ``before``.

    Kinds are number, time, boolean, object and text; a column that was text stays text, an empty
    one has none. Blanks say nothing.
    """
    filled = values.drop_null()
    filled = filled.filter(pc.not_equal(pc.utf8_trim_whitespace(filled), ""))
    if before == "text" or len(filled) == 0:
        return before, 0
    if before is not None:
        pattern = dict(TEXT_KINDS).get(before)
        if pattern is None:
            return before, 0
        matched = int(pc.sum(pc.match_substring_regex(filled, pattern)).as_py() or 0)
        return ("text", len(filled) - matched) if matched < len(filled) else (before, 0)
    for kind, pattern in TEXT_KINDS:
        if (
            re.match(pattern, filled[0].as_py())
            and pc.all(pc.match_substring_regex(filled, pattern)).as_py()
        ):
            return kind, 0
    return "text", 0
