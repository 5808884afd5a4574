"""Loading: new files and rows of each source, through dlt, into ``raw_<source>``."""

from __future__ import annotations

import glob
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from sojourn.errors import describe
from sojourn.sources import lake
from sojourn.sources.config import Source, Sources, SourcesError, read_sources
from sojourn.sources.connector import Stream
from sojourn.sources.mapping import resolve
from sojourn.sources.names import snake_case, unique_names
from sojourn.sources.readers import (
    BATCH_BYTES,
    BATCH_ROWS,
    CONTENT_LIMIT,
    READERS,
    Batch,
    JsonParser,
    Layout,
    Rejected,
    UnreadableError,
    connect_engine,
    text_kind,
)
from sojourn.sources.rows import (
    OccurrenceCounter,
    add_standards,
    map_batch,
    raw_table,
    row_hashes,
    row_ids,
)
from sojourn.warehouse import (
    BusyError,
    DuckDBWarehouse,
    SparkWarehouse,
    Warehouse,
    WarehouseError,
    open_warehouse,
    relation_name,
    text_type,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sojourn.settings import Settings

Progress = Callable[[str], None]

_DATE_IN_NAME = re.compile(r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})(?!\d)")
_FLUSH_ROWS = 10_000


class LoadError(RuntimeError):
    """One or more sources could not be loaded; the others were."""


@dataclass
class TableResult:
    """What a load did to one table."""

    table: str
    files: int = 0
    files_unchanged: int = 0
    rows: int = 0
    quarantined: int = 0
    drift: list[str] = field(default_factory=list)


@dataclass
class SourceResult:
    """What a load did for one source. ``load_id`` is None when nothing was new."""

    source: str
    connector: str
    load_id: str | None = None
    tables: list[TableResult] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    error: str | None = None

    @property
    def rows(self) -> int:
        """Rows loaded, all tables together."""
        return sum(table.rows for table in self.tables)


@dataclass
class LoadResult:
    """What a load did; ``as_of`` (naive UTC) is the moment that the rows carry.

    ``warnings`` are about the list of sources as a whole. ``awaits_gate``: something came in that
    models read only once the raw gate has judged it.
    """

    as_of: datetime
    sources: list[SourceResult] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    awaits_gate: bool = False

    @property
    def rows(self) -> int:
        """Rows loaded, all sources together."""
        return sum(source.rows for source in self.sources)

    def summary(self) -> str:
        """Return a line for each source, and one for each thing to look at."""
        lines = []
        for source in self.sources:
            quarantined = sum(table.quarantined for table in source.tables)
            files = sum(table.files for table in source.tables)
            text = f"{source.source}: {source.rows:,} rows from {files:,} files"
            if source.load_id is None and source.error is None:
                text = f"{source.source}: nothing new"
            if quarantined:
                text += f", {quarantined:,} unreadable rows set aside"
            lines.append(text)
            lines += [f"  warning: {warning}" for warning in source.warnings]
            lines += [
                f"  drift in {table.table}: {change}"
                for table in source.tables
                for change in table.drift
            ]
            if source.error:
                lines.append(f"  error: {source.error}")
        lines += [f"warning: {warning}" for warning in self.warnings]
        return "\n".join(lines)


@dataclass(frozen=True)
class KnownFile:
    """What the warehouse knows of a file that it has loaded."""

    byte_size: int
    sha256: str
    modified_at: int
    line_count: int
    load_id: str
    is_rejected: bool


@dataclass
class TableState:
    """What the warehouse knows of a table: its files, the last header, what its columns held."""

    files: dict[str, KnownFile] = field(default_factory=dict)
    header: list[str] | None = None
    seen: set[str] = field(default_factory=set)
    kinds: dict[str, str | None] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        """Whether a file with columns has been loaded before."""
        return self.header is not None


@dataclass(frozen=True)
class Feed:
    """A table to fill and the files for it, from a named connector or a generic source."""

    table: str
    layout: Layout
    stream: Stream | None
    patterns: tuple[str, ...]


@dataclass(frozen=True)
class Candidate:
    """A file to read, and the last line that is already in the warehouse."""

    path: Path
    name: str
    byte_size: int
    sha256: str
    modified_at: int
    skip_lines: int = 0


def date_of(name: str) -> date | None:
    """Return the first date (YYYY-MM-DD or YYYYMMDD) in a file's name, or None."""
    for found in _DATE_IN_NAME.finditer(name):
        try:
            return date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            continue
    return None


def _sha256(path: Path, length: int | None = None) -> str:
    """Return the SHA-256 of a file's first ``length`` bytes, or of all."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        left = length
        while left is None or left > 0:
            block = handle.read(1 << 20 if left is None else min(1 << 20, left))
            if not block:
                break
            digest.update(block)
            left = None if left is None else left - len(block)
    return digest.hexdigest()


def _ends_a_line(path: Path, length: int) -> bool:
    """Tell whether the byte before ``length`` ends a line (compressed files end in members)."""
    with path.open("rb") as handle:
        if handle.read(2) == b"\x1f\x8b":
            return True
        handle.seek(length - 1)
        return handle.read(1) == b"\n"


# --- What is there --------------------------------------------------------------------------


def feeds(source: Source) -> list[Feed]:
    """Return the tables that a source fills and the patterns of their files.

    A named connector's ``path`` is a folder (default: its own name), or a pattern where it has
    one stream.
    """
    if source.connector == "file":
        pattern = source.path or ""
        return [Feed(source.entity or "", _generic_layout(source), None, (pattern,))]
    from sojourn.sources.registry import CONNECTORS

    connector = CONNECTORS[source.connector]
    path = source.path or connector.name
    found = []
    for stream in connector.streams:
        is_pattern = len(connector.streams) == 1 and ("*" in path or Path(path).suffix != "")
        pattern = path if is_pattern else f"{path.rstrip('/')}/{stream.stem}*"
        layout = Layout(
            format=stream.format,
            columns=stream.columns,
            header=stream.format not in ("tsv",),
            encoding=source.encoding,
            json_columns=frozenset(stream.json_columns),
        )
        found.append(Feed(stream.table, layout, stream, (pattern,)))
    return found


def _generic_layout(source: Source) -> Layout:
    positions: list[tuple[str, int, int]] = []
    if source.positions:
        positions = [(name, first, last) for name, (first, last) in source.positions.items()]
    elif source.widths:
        start = 1
        for name, width in source.widths.items():
            positions.append((name, start, start + width - 1))
            start += width
    form = source.file_format
    return Layout(
        format=form,
        columns=source.column_names,
        header=source.header,
        delimiter=source.delimiter or ",",
        encoding=source.encoding,
        skip_lines=source.skip_lines,
        positions=tuple(positions),
    )


def find_files(
    feed: Feed, root: Path, as_of: datetime | None, *, name_is_free: bool
) -> list[tuple[Path, str]]:
    """Return the feed's files as (path, name relative to the root), in the order of their dates."""
    found: dict[str, Path] = {}
    for pattern in feed.patterns:
        for text in glob.glob(str(root / pattern), recursive=True):  # noqa: PTH207  (patterns may be absolute)
            path = Path(text)
            if not path.is_file():
                continue
            if not name_is_free and feed.stream is not None and not feed.stream.matches(path.name):
                continue
            day = date_of(path.name)
            if as_of is not None and day is not None and day >= as_of.date():
                continue
            name = path.relative_to(root) if path.is_relative_to(root) else path
            found[name.as_posix()] = path
    ordered = sorted(found.items(), key=lambda item: (str(date_of(item[1].name) or ""), item[0]))
    return [(path, name) for name, path in ordered]


def _warn_of_strays(source: Source, sources: Sources) -> list[str]:
    """Return a warning if the source's folder holds files that no source reads."""
    found = feeds(source)
    folder = sources.root / (source.path or source.connector)
    if any(_name_is_free(feed) for feed in found) or not folder.is_dir():
        return []
    streams = [feed.stream for feed in found if feed.stream is not None]
    try:
        strays = {
            path
            for path in folder.iterdir()
            if not path.name.startswith((".", "_"))
            and path.suffix not in (".yml", ".yaml", ".md")
            and not any(stream.matches(path.name) for stream in streams)
            and path.is_file()
        }
        others = (each for each in sources.sources if each is not source)
        for other in others if strays else ():
            for feed in feeds(other) if other.connector != "table" else ():
                files = find_files(feed, sources.root, None, name_is_free=_name_is_free(feed))
                strays -= {path for path, _ in files}
    except OSError:
        # It is advice: what another source cannot read is for that source to say.
        return []
    if not strays:
        return []
    names = sorted(path.name for path in strays)
    shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    wanted = ", ".join(
        f"{stream.stem}.{stream.format} or {stream.stem}_*.{stream.format}" for stream in streams
    )
    return [
        f"unread in {folder.name}/: {shown} ({len(names):,} in all), since files for "
        f"{source.connector} are named {wanted} (or .gz of it)"
    ]


def _name_is_free(feed: Feed) -> bool:
    """Whether ``sources.yml`` names the feed's files, and so any name will do."""
    return feed.stream is None or not feed.patterns[0].endswith(f"{feed.stream.stem}*")


def _plan(
    path: Path, name: str, known: KnownFile | None, *, retry_rejected: bool
) -> Candidate | None:
    """Return what to read of a file, or None when the warehouse has all of it."""
    stat = path.stat()
    if known is not None and known.is_rejected and retry_rejected:
        known = None
    if (
        known is not None
        and known.byte_size == stat.st_size
        and known.modified_at == stat.st_mtime_ns
    ):
        return None
    digest = _sha256(path)
    if known is not None and known.sha256 == digest:
        return None
    skip = 0
    if (
        known is not None
        and not known.is_rejected
        and 0 < known.byte_size < stat.st_size
        and _sha256(path, known.byte_size) == known.sha256
        and _ends_a_line(path, known.byte_size)
    ):
        skip = known.line_count
    return Candidate(path, name, stat.st_size, digest, stat.st_mtime_ns, skip)


def read_state(warehouse: Warehouse, schema: str) -> dict[str, TableState]:
    """Return what completed loads have left in a source's raw schema, by table."""
    states: dict[str, TableState] = {}
    if not (
        warehouse.relation_exists(schema, "loaded_files")
        and warehouse.relation_exists(schema, "_dlt_loads")
    ):
        return states
    rejected: set[str] = set()
    if warehouse.relation_exists(schema, "rejected_loads"):
        rejected = {
            row[0]
            for row in warehouse.fetch(
                f"select load_id from {relation_name(schema, 'rejected_loads')}"
            )
        }
    rows = warehouse.fetch(
        "select files.table_name, files.path, files.byte_size, files.sha256, files.modified_at, "
        "files.line_count, files._dlt_load_id, files.columns "
        f"from {relation_name(schema, 'loaded_files')} as files "
        f"inner join {relation_name(schema, '_dlt_loads')} as loads "
        "on files._dlt_load_id = loads.load_id and loads.status = 0 "
        "order by files._loaded_at, loads.inserted_at, files.file_number"
    )
    for table, path, size, digest, modified, lines, load_id, columns in rows:
        state = states.setdefault(table, TableState())
        is_rejected = load_id in rejected
        state.files[path] = KnownFile(size, digest, modified, lines, load_id, is_rejected)
        described = json.loads(columns or "{}")
        if described.get("header") and not is_rejected:
            state.header = described["header"]
            state.kinds = described.get("kinds", {})
            state.seen.update(described["header"])
    return states


def latest_loaded_at(warehouse: Warehouse) -> datetime | None:
    """Return the latest ``_loaded_at`` of any source in the warehouse: its clock."""
    queries = [
        f"select max(_loaded_at) as moment from {relation_name(schema, 'loaded_files')}"
        for schema in warehouse.schemas_with("loaded_files", "raw_")
    ]
    if not queries:
        return None
    moments = " union all ".join(queries)
    moment: datetime | None = warehouse.fetch(f"select max(moment) from ({moments}) as moments")[0][
        0
    ]
    return moment


# --- Reading a source -----------------------------------------------------------------------


@dataclass
class _File:
    """A file being read, and what has been found in it."""

    feed: Feed
    candidate: Candidate
    is_first: bool
    counter: OccurrenceCounter = field(default_factory=OccurrenceCounter)
    header: list[str] = field(default_factory=list)
    filled: set[str] = field(default_factory=set)
    last_line: int = 0
    row_count: int = 0
    quarantined: int = 0


class _SourceReader:
    """Reads the new files of one source and yields (table, rows) for dlt.

    Small files are gathered, so that parsing, hashing and standardising run once for many.
    """

    def __init__(
        self,
        source: Source,
        planned: list[tuple[Feed, list[Candidate]]],
        states: dict[str, TableState],
        result: SourceResult,
        loaded_at: datetime,
        settings: Settings,
        progress: Progress,
    ) -> None:
        self.source = source
        self.planned = planned
        self.states = states
        self.result = result
        self.loaded_at = loaded_at
        self.progress = progress
        self.engine = connect_engine(settings.threads)
        self._quarantine: list[tuple[str, str, int | None, str, str | None]] = []
        self._drift: list[tuple[str, str, str, str, str]] = []
        self._files: list[dict[str, Any]] = []

    def __iter__(self) -> Iterator[tuple[str, pa.Table]]:
        for feed, candidates in self.planned:
            for rows in self._read_feed(feed, candidates):
                if rows.num_rows:
                    yield feed.table, rows
                if len(self._quarantine) >= _FLUSH_ROWS:
                    yield "quarantine", self._quarantine_rows()
        if self._quarantine:
            yield "quarantine", self._quarantine_rows()
        if self._drift:
            names = ("table_name", "column_name", "change", "detail", "_file")
            yield "schema_drift", self._rows(names, self._drift)
        if self._files:
            yield "loaded_files", self._file_rows()

    # --- The tables beside the data ---------------------------------------------------------

    def _rows(self, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> pa.Table:
        columns = {
            name: pa.array([row[index] for row in rows], pa.string())
            for index, name in enumerate(names)
        }
        return pa.table({**columns, "_loaded_at": self._stamp(len(rows))})

    def _stamp(self, length: int) -> pa.Array:
        return pa.array(np.full(length, np.datetime64(self.loaded_at, "us")))

    def _quarantine_rows(self) -> pa.Table:
        rows, self._quarantine = self._quarantine, []
        table = self._rows(
            ("table_name", "_file", "reason", "content"),
            [(name, file, reason, content) for name, file, _, reason, content in rows],
        )
        lines = pa.array([line for _, _, line, _, _ in rows], pa.int64())
        return table.add_column(2, "_line", lines)

    def _file_rows(self) -> pa.Table:
        texts = ("path", "table_name", "sha256", "columns")
        names = (
            *("path", "table_name", "byte_size", "sha256", "modified_at", "line_count"),
            *("row_count", "quarantined_count", "file_number", "columns"),
        )
        columns = {
            name: pa.array(
                [file[name] for file in self._files], pa.string() if name in texts else pa.int64()
            )
            for name in names
        }
        return pa.table({**columns, "_loaded_at": self._stamp(len(self._files))})

    # --- Reading ----------------------------------------------------------------------------

    def _read_feed(self, feed: Feed, candidates: list[Candidate]) -> Iterator[pa.Table]:
        """Yield the new rows of a feed's files; problems go to quarantine, changes to drift."""
        state = self.states.setdefault(feed.table, TableState())
        report = next(table for table in self.result.tables if table.table == feed.table)
        parser = JsonParser(feed.layout, self.engine) if feed.layout.format == "jsonl" else None
        gathered: list[tuple[_File, Batch]] = []
        read: list[_File] = []
        rows = size = 0
        for candidate in candidates:
            self.progress(f"{self.source.name}: {candidate.name}")
            file = _File(feed, candidate, is_first=not state.is_known and not read)
            try:
                for batch in READERS[feed.layout.format](candidate.path, feed.layout):
                    file.last_line = max(file.last_line, batch.last_line)
                    file.header += [name for name in batch.columns if name not in file.header]
                    if gathered and list(gathered[-1][1].columns) != list(batch.columns):
                        yield self._flush(feed, gathered, parser, state, report)
                        gathered, rows, size = [], 0, 0
                    gathered.append((file, batch))
                    rows += len(batch.lines)
                    size += batch.record.nbytes
                    if rows >= BATCH_ROWS or size >= BATCH_BYTES:
                        yield self._flush(feed, gathered, parser, state, report)
                        gathered, rows, size = [], 0, 0
            except UnreadableError as error:
                self._reject(file, [Rejected(error.line, str(error), None)])
                self.result.warnings.append(f"{candidate.name}: {error}")
            except OSError as error:
                reason = f"the file cannot be read ({type(error).__name__}); it is tried again"
                self._reject(file, [Rejected(0, reason, None)])
                self.result.warnings.append(f"{candidate.name}: {reason}")
                report.quarantined += file.quarantined
                continue
            if not candidate.byte_size:
                self.result.warnings.append(f"{candidate.name}: the file is empty")
            read.append(file)
        if gathered:
            yield self._flush(feed, gathered, parser, state, report)
        for file in read:
            self._finish(file, state, report, is_last=file is read[-1])

    def _finish(
        self, file: _File, state: TableState, report: TableResult, *, is_last: bool
    ) -> None:
        feed = file.feed
        if feed.stream is None and file.header and not file.row_count and state.header is None:
            resolve(self.source, file.header)
        self._watch_header(file, state, report)
        report.files += 1
        report.rows += file.row_count
        report.quarantined += file.quarantined
        known = {"header": state.header, "kinds": state.kinds} if is_last else {}
        self._files.append(
            {
                "path": file.candidate.name,
                "table_name": feed.table,
                "byte_size": file.candidate.byte_size,
                "sha256": file.candidate.sha256,
                "modified_at": file.candidate.modified_at,
                "line_count": file.last_line,
                "row_count": file.row_count,
                "quarantined_count": file.quarantined,
                "file_number": len(self._files) + 1,
                "columns": json.dumps(known),
            }
        )

    def _flush(
        self,
        feed: Feed,
        gathered: list[tuple[_File, Batch]],
        parser: JsonParser | None,
        state: TableState,
        report: TableResult,
    ) -> pa.Table:
        """Return the rows of gathered batches, ready for the warehouse."""
        files = [file for file, _ in gathered]
        batches = [batch for _, batch in gathered]
        for file, batch in gathered:
            kept = [found for found in batch.rejected if found.line > file.candidate.skip_lines]
            self._reject(file, kept)
        lengths = [len(batch.lines) for batch in batches]
        places = np.repeat(np.arange(len(gathered), dtype=np.int32), lengths)
        lines = np.concatenate([batch.lines for batch in batches])
        record = pa.concat_arrays([batch.record for batch in batches])
        if parser is not None:
            columns, lines, record, places = self._parse(
                parser, files, lines, record, places, state, report
            )
        else:
            columns = {
                name: pa.concat_arrays([batch.columns[name] for batch in batches])
                for name in batches[0].columns
            }
            for file, batch in gathered:
                self._watch_texts(file, batch, state, report)
        if not len(lines) or not columns:
            return pa.table({})
        hashes, numbers = row_hashes(record, self.engine)
        occurrences = np.empty(len(lines), dtype=np.int64)
        for place, file in enumerate(files):
            of_file = places == place
            occurrences[of_file] = file.counter.number(numbers[of_file])
        ids = row_ids(hashes, occurrences)
        skips = np.array([file.candidate.skip_lines for file in files])
        fresh = lines > skips[places]
        if not fresh.all():
            mask = pa.array(fresh)
            columns = {name: values.filter(mask) for name, values in columns.items()}
            lines, places, record = lines[fresh], places[fresh], record.filter(mask)
            ids = ids.filter(mask)
        rows = self._table(feed, files, columns, lines, places, record, ids, state)
        counts = np.bincount(rows.column("_place").to_numpy(), minlength=len(files))
        for file, count in zip(files, counts, strict=True):
            file.row_count += int(count)
        return rows.drop_columns("_place")

    def _parse(
        self,
        parser: JsonParser,
        files: list[_File],
        lines: NDArray[np.int64],
        record: pa.Array,
        places: NDArray[np.int32],
        state: TableState,
        report: TableResult,
    ) -> tuple[dict[str, pa.Array], NDArray[np.int64], pa.Array, NDArray[np.int32]]:
        """Return columns, lines, texts and files of the rows that are JSON objects."""
        parsed = parser.parse(record, places)
        for place, reason in sorted(parsed.reasons.items()):
            file, line = files[places[place]], int(lines[place])
            if line > file.candidate.skip_lines:
                content = record[place].as_py()[:CONTENT_LIMIT]
                self._reject(file, [Rejected(line, reason, content)])
        for place, names in sorted(parsed.names.items()):
            header = files[place].header
            header += sorted(names - set(header))
        for place, kinds in sorted(parsed.kinds.items()):
            self._watch_json(files[place], kinds, state, report)
        if parsed.reasons:
            good = parsed.good
            lines, record, places = lines[good], record.filter(pa.array(good)), places[good]
        return parsed.columns, lines, record, places

    def _table(
        self,
        feed: Feed,
        files: list[_File],
        columns: dict[str, pa.Array],
        lines: NDArray[np.int64],
        places: NDArray[np.int32],
        record: pa.Array,
        ids: pa.Array,
        state: TableState,
    ) -> pa.Table:
        """Return the rows with their standardised or mapped columns, and ``_place``."""
        length = len(lines)
        country = self.source.default_country
        reasons: dict[int, str] = {}
        if feed.stream is None:
            mapping = resolve(self.source, list(columns), known_before=state.header or ())
            data, reasons = map_batch(columns, mapping, ids, self.engine, country)
        else:
            absent = pa.nulls(length, pa.string())
            declared = unique_names(feed.stream.columns)
            data = {column: columns.get(column, absent) for column in declared}
            data.update((name, values) for name, values in columns.items() if name not in data)
            add_standards(data, feed.stream.standards, self.engine, length, country)
        names = pa.array([file.candidate.name for file in files], pa.string())
        rows = raw_table(
            data, lines, ids, files=names.take(pa.array(places)), loaded_at=self.loaded_at
        ).append_column("_place", pa.array(places))
        if not reasons:
            return rows
        for place, reason in sorted(reasons.items()):
            content = record[place].as_py()[:CONTENT_LIMIT]
            self._reject(files[places[place]], [Rejected(int(lines[place]), reason, content)])
        stays = np.ones(length, dtype=bool)
        stays[list(reasons)] = False
        return rows.filter(pa.array(stays))

    def _reject(self, file: _File, rejected: Sequence[Rejected]) -> None:
        file.quarantined += len(rejected)
        self._quarantine += [
            (file.feed.table, file.candidate.name, found.line or None, found.reason, found.content)
            for found in rejected
        ]

    # --- Drift ------------------------------------------------------------------------------

    def _report(
        self, report: TableResult, column: str, change: str, detail: str, file: _File
    ) -> None:
        self._drift.append((report.table, column, change, detail, file.candidate.name))
        report.drift.append(f"{column}: {change} ({detail})")

    def _watch_header(self, file: _File, state: TableState, report: TableResult) -> None:
        """Report columns that appear or go, and remember the header."""
        if not file.header:
            return
        stream, header = file.feed.stream, file.header
        declared = unique_names(stream.columns) if stream is not None else []
        expected = state.header if state.header is not None else declared
        optional = set(stream.optional) if stream is not None else set()
        known = {*declared, *(state.header or ()), *state.seen, *optional}
        if stream is not None or state.header is not None:
            for column in header:
                if column not in known:
                    self._report(report, column, "new_column", "first seen in this file", file)
        if file.feed.layout.format == "jsonl":
            for column in stream.required if stream is not None and file.row_count else ():
                if column not in file.filled:
                    detail = "no row of this file has it"
                    self._report(report, column, "missing_column", detail, file)
            header = list(dict.fromkeys([*(state.header or ()), *header]))
        else:
            for column in expected:
                if column not in header and column not in optional:
                    detail = "this file's header lacks it"
                    self._report(report, column, "missing_column", detail, file)
        state.seen.update(header)
        state.header = header

    def _watch_texts(
        self, file: _File, batch: Batch, state: TableState, report: TableResult
    ) -> None:
        """Report a column whose text is no longer what it has been.

        Addresses and ids are text, also where the first ones look like numbers.
        """
        stream = file.feed.stream
        texts = (
            {snake_case(said) for said in self.source.identifiers}
            if stream is None
            else {rule.source for rule in stream.standards}
        )
        for column, values in batch.columns.items():
            before = state.kinds.get(column)
            if before == "text" or column in texts or values.null_count == len(values):
                continue
            after, count = text_kind(values, before)
            if before is not None and after != before and not file.is_first:
                detail = f"{before}, now {after}, {count} value{'' if count == 1 else 's'}"
                self._report(report, column, "changed_type", detail, file)
            state.kinds[column] = after

    def _watch_json(
        self, file: _File, kinds: dict[str, set[str]], state: TableState, report: TableResult
    ) -> None:
        """Report a key whose values are no longer of the JSON type that they have been."""
        for column, found in kinds.items():
            if not found:
                continue
            file.filled.add(column)
            before = state.kinds.get(column)
            if before == "mixed":
                continue
            after = next(iter(found)) if len(found) == 1 else "mixed"
            if before is not None and before != after:
                if not file.is_first:
                    names = " and ".join(sorted(found))
                    self._report(report, column, "changed_type", f"{before}, now {names}", file)
                after = "mixed"
            state.kinds[column] = after


# --- Writing --------------------------------------------------------------------------------

_DLT_SETTINGS = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    # At the level of errors dlt logs the messages of databases, which quote values.
    "RUNTIME__LOG_LEVEL": "CRITICAL",
    "NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID": "true",
    "RESTORE_FROM_DESTINATION": "false",
    "SCHEMA__NAMING": "direct",
    "EXTRACT__WORKERS": "1",
    "NORMALIZE__WORKERS": "1",
    "LOAD__WORKERS": "2",
    # Otherwise dlt asks the variables of Airflow, which is installed beside it, for each setting.
    "PROVIDERS__ENABLE_AIRFLOW_SECRETS": "false",
    "PROVIDERS__ENABLE_GOOGLE_SECRETS": "false",
}


_FILE_FORMATS = {"postgres": "csv", "spark": "parquet"}
"""What dlt writes before it loads, where that is not its own choice."""


def _destination(settings: Settings, warehouse: Warehouse) -> Any:
    """Return dlt's destination: on DuckDB our own connection, since opening the file costs most."""
    import dlt

    if isinstance(warehouse, DuckDBWarehouse):
        return dlt.destinations.duckdb(warehouse._connection)
    if isinstance(warehouse, SparkWarehouse):
        return lake.destination(settings)
    from urllib.parse import quote

    user = quote(settings.postgres_user, safe="")
    password = quote(settings.postgres_password.get_secret_value(), safe="")
    database = quote(settings.postgres_database, safe="")
    host = settings.postgres_host
    place = (
        f"localhost:{settings.postgres_port}/{database}?host={quote(host, safe='')}"
        if host.startswith("/")
        else f"{host}:{settings.postgres_port}/{database}"
    )
    return dlt.destinations.postgres(f"postgresql://{user}:{password}@{place}")


def _write(
    settings: Settings, warehouse: Warehouse, source: Source, rows: _SourceReader, folder: Path
) -> str:
    """Write a source's new rows as one load package; return its load id."""
    import dlt

    def items() -> Iterator[Any]:
        hinted: set[str] = set()
        stamp = {"_loaded_at": {"data_type": "timestamp", "timezone": False}}
        for table, data in rows:
            if table in hinted:
                yield dlt.mark.with_table_name(data, table)
            else:
                hinted.add(table)
                hints = dlt.mark.make_hints(table_name=table, columns=stamp)
                yield dlt.mark.with_hints(data, hints, create_table_variant=True)

    resource = dlt.resource(items, name="files", write_disposition="append")
    pipeline = dlt.pipeline(
        f"sojourn_{source.name}",
        pipelines_dir=str(folder),
        destination=_destination(settings, warehouse),
        dataset_name=source.raw_schema,
        progress=None,
    )
    info = pipeline.run(
        dlt.source(lambda: resource, name=source.raw_schema)(),
        loader_file_format=_FILE_FORMATS.get(settings.target),
    )
    info.raise_on_failed_jobs()
    load_id = str(info.loads_ids[-1])
    if isinstance(warehouse, SparkWarehouse):
        lake.publish(settings, warehouse, source.raw_schema, pipeline.default_schema, load_id)
    return load_id


def _index_loads(warehouse: Warehouse, schema: str) -> list[str]:
    """Index our raw tables by load where they are not: models ask for what loads are new to them.

    Other engines know from a table's pieces which of them a load can be in. The load counts
    already: return a warning for each table that cannot be indexed.
    """
    from psycopg2 import Error

    unindexed = warehouse.fetch(
        "select c.relname from pg_class as c "
        "inner join pg_namespace as n on c.relnamespace = n.oid "
        "inner join pg_attribute as a on c.oid = a.attrelid "
        "where n.nspname = ? and c.relkind = 'r' and a.attname = '_dlt_load_id' "
        "and pg_has_role(c.relowner, 'USAGE') "
        "and not exists (select 1 from pg_index as i "
        "where i.indrelid = c.oid and i.indkey[0] = a.attnum) "
        "order by c.relname",
        (schema,),
    )
    warnings = []
    for (table,) in unindexed:
        try:
            warehouse.execute(f"create index on {relation_name(schema, table)} (_dlt_load_id)")
        except (Error, WarehouseError) as error:
            warnings.append(
                f"{schema}.{table} could not be indexed ({describe(error)}); until a load of "
                f"{schema.removeprefix('raw_')} can, each run reads all of it"
            )
    return warnings


# --- The whole ------------------------------------------------------------------------------


def _begin(warehouse: Warehouse, schema: str) -> None:
    """Mark that a load begins; first remove the rows that a killed load has left.

    Those rows lie under a load id that is not in ``_dlt_loads``, so that nobody reads them: the
    cleaning is hygiene, and the mark spares a scan of every table where there is nothing to clean.
    """
    warehouse.execute(f"create schema if not exists {schema}")
    mark = relation_name(schema, "load_under_way")
    warehouse.execute(f"create table if not exists {mark} (started_at timestamp)")
    if warehouse.fetch(f"select count(*) from {mark}")[0][0]:
        loads = relation_name(schema, "_dlt_loads")
        has_loads = warehouse.relation_exists(schema, "_dlt_loads")
        tables = warehouse.fetch(
            "select c.table_name from information_schema.columns as c "
            "inner join information_schema.tables as t "
            "on c.table_schema = t.table_schema and c.table_name = t.table_name "
            "where c.table_schema = ? and c.column_name = '_dlt_load_id' "
            "and t.table_type = 'BASE TABLE'",
            (schema,),
        )
        for (table,) in tables:
            complete = f"_dlt_load_id in (select load_id from {loads})" if has_loads else "false"
            warehouse.execute(f"delete from {relation_name(schema, table)} where not {complete}")
        warehouse.execute(f"delete from {mark}")
    warehouse.execute(f"insert into {mark} values (?)", (datetime.now(UTC).replace(tzinfo=None),))


def _end(warehouse: Warehouse, schema: str) -> None:
    warehouse.execute(f"delete from {relation_name(schema, 'load_under_way')}")


def _register(warehouse: Warehouse, sources: Sequence[Source], loaded_at: datetime) -> None:
    """Keep ``raw_registry.sources``: every source and table, so that dbt finds the generic ones."""
    text = text_type(warehouse.dialect)
    names = ("source", "connector", "entity", "raw_schema", "raw_table")
    warehouse.execute("create schema if not exists raw_registry")
    warehouse.create_keyed(
        "raw_registry",
        "sources",
        {**dict.fromkeys(names, text), "registered_at": "timestamp"},
        key=("source",),
    )
    before = {
        tuple(row)
        for row in warehouse.fetch(
            "select source, connector, coalesce(entity, ''), raw_table from raw_registry.sources"
        )
    }
    for source in sources:
        tables: list[str] = (
            [source.entity or ""]
            if source.connector in ("file", "table")
            else [feed.table for feed in feeds(source)]
        )
        wanted = {(source.name, source.connector, source.entity or "", name) for name in tables}
        found = {row for row in before if row[0] == source.name}
        if wanted != found:
            rows = [
                (source.name, source.connector, source.entity, source.raw_schema, table)
                for table in sorted(tables)
            ]
            warehouse.replace(
                "raw_registry", "sources", {"source": source.name}, _registry_rows(rows, loaded_at)
            )


def _registry_rows(rows: Sequence[tuple[str | None, ...]], moment: datetime) -> pa.Table:
    names = ("source", "connector", "entity", "raw_schema", "raw_table")
    columns = {
        name: pa.array([row[place] for row in rows], pa.string())
        for place, name in enumerate(names)
    }
    return pa.table(
        {**columns, "registered_at": pa.array([moment] * len(rows), pa.timestamp("us"))}
    )


def _dropped(warehouse: Warehouse, sources: Sequence[Source]) -> list[str]:
    """Return a warning for each registered source that `sources.yml` no longer lists.

    What was loaded of it was known, and stays: models go on reading it. The registry forgets a
    source whose raw tables are gone.
    """
    listed = {source.name for source in sources}
    warnings = []
    rows = warehouse.fetch("select source, raw_schema, raw_table from raw_registry.sources")
    tables: dict[tuple[str, str], list[str]] = {}
    for name, schema, table in rows:
        tables.setdefault((name, schema), []).append(table)
    for (name, schema), names in sorted(tables.items()):
        if name in listed:
            continue
        if any(warehouse.relation_exists(schema, table) for table in names):
            warnings.append(
                f"source {name!r} is no longer in the list of sources: what is in {schema} stays "
                "and models go on reading it, but nothing new comes in; to take it out of the "
                f"models, too, drop the schema {schema} and build with --full-refresh"
            )
        else:
            nothing = _registry_rows([], datetime.min)
            warehouse.replace("raw_registry", "sources", {"source": name}, nothing)
    return warnings


@contextmanager
def _only_loader(warehouse: Warehouse, source: Source) -> Iterator[None]:
    """Keep a second process from loading the same source, and from clearing our rows away."""
    with ExitStack() as held:
        try:
            held.enter_context(warehouse.exclusive(f"sojourn load {source.name}"))
        except BusyError:
            raise LoadError(
                f"source {source.name!r} is being loaded by another process: wait for it"
            ) from None
        yield


def _remove_leftovers(settings: Settings) -> None:
    """Remove the working folders of processes that are gone."""
    parent = settings.path(settings.var_dir) / "loading"
    for old in parent.iterdir() if parent.is_dir() else ():
        try:
            os.kill(int(old.name.partition("-")[0]), 0)
        except (ProcessLookupError, ValueError):
            shutil.rmtree(old, ignore_errors=True)
        except PermissionError:
            continue


def _working_folder(settings: Settings) -> Path:
    """Return a fresh folder for dlt's packages, named after this process."""
    parent = settings.path(settings.var_dir) / "loading"
    parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=parent))


def _load_source(
    settings: Settings,
    warehouse: Warehouse,
    sources: Sources,
    source: Source,
    as_of: datetime | None,
    loaded_at: datetime,
    retry_rejected: bool,
    progress: Progress,
) -> SourceResult:
    result = SourceResult(source.name, source.connector)
    found = feeds(source)
    states = read_state(warehouse, source.raw_schema)
    planned: list[tuple[Feed, list[Candidate]]] = []
    for feed in found:
        files = find_files(feed, sources.root, as_of, name_is_free=_name_is_free(feed))
        state = states.setdefault(feed.table, TableState())
        candidates = []
        for path, name in files:
            try:
                candidate = _plan(path, name, state.files.get(name), retry_rejected=retry_rejected)
            except OSError as error:
                result.warnings.append(f"{name}: cannot be read ({type(error).__name__})")
                continue
            if candidate is not None:
                candidates.append(candidate)
        result.tables.append(TableResult(feed.table, files_unchanged=len(files) - len(candidates)))
        again = {candidate.name for candidate in candidates}
        stranded = sum(
            name in state.files and state.files[name].is_rejected and name not in again
            for _, name in files
        )
        if stranded:
            result.warnings.append(
                f"{stranded} {'file' if stranded == 1 else 'files'} of table {feed.table}, loaded "
                "before, stay unread, since the raw gate rejected their load: mend what it found, "
                f"then `sojourn load --source {source.name} --retry-rejected`"
            )
        if not files:
            looked = feed.patterns[0]
            result.warnings.append(f"no file matches {looked} for table {feed.table}")
        planned.append((feed, candidates))
    result.warnings += _warn_of_strays(source, sources)
    if not any(candidates for _, candidates in planned):
        return result
    reader = _SourceReader(source, planned, states, result, loaded_at, settings, progress)
    with _only_loader(warehouse, source):
        if isinstance(warehouse, SparkWarehouse):
            lake.remove_unfinished(settings, warehouse, source.raw_schema)
        else:
            _begin(warehouse, source.raw_schema)
        folder = _working_folder(settings)
        try:
            result.load_id = _write(settings, warehouse, source, reader, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        if not isinstance(warehouse, SparkWarehouse):
            _end(warehouse, source.raw_schema)
        if warehouse.dialect == "postgres":
            result.warnings += _index_loads(warehouse, source.raw_schema)
    return result


def load(
    settings: Settings,
    *,
    as_of: datetime | None = None,
    sources: Sequence[str] | None = None,
    retry_rejected: bool = False,
    gated: bool = False,
    progress: Progress | None = None,
) -> LoadResult:
    """Load what is new in the sources' files; return what was done.

    With ``as_of`` (naive UTC) only files of days before it are taken (a file of day D is complete
    at D+1 00:00); a file without a date in its name always. The warehouse's clock never goes back:
    rows carry the later of ``as_of`` and the warehouse's last ``_loaded_at``, and
    ``LoadResult.as_of`` says which it was. ``sources`` are names from `sources.yml`; files of loads
    that the raw gate rejected are read again only when they change or ``retry_rejected`` is set.
    ``gated`` says that the raw gate follows: should it not come to that, nothing unjudged is read.
    Without it, this holds from the gate's first run in the warehouse on.

    Raises:
        SourcesError: `sources.yml` is wrong.
        LoadError: a source failed; the others are loaded.
    """
    report = progress or (lambda _: None)
    os.environ.update(_DLT_SETTINGS)
    listed = read_sources(settings)
    chosen = listed.select(sources)
    _remove_leftovers(settings)
    moment = (as_of or datetime.now(UTC).replace(tzinfo=None)).replace(microsecond=0)
    failed: set[str] = set()
    with open_warehouse(settings) as warehouse:
        last = latest_loaded_at(warehouse)
        loaded_at = moment if last is None else max(moment, last)
        result = LoadResult(loaded_at)
        if gated:
            from sojourn.gate.gate import prepare_gate

            prepare_gate(warehouse)
        for source in chosen:
            report(source.name)
            try:
                if source.connector == "table":
                    from sojourn.sources.table import create_view

                    found = create_view(warehouse, source)
                else:
                    found = _load_source(
                        *(settings, warehouse, listed, source, as_of, loaded_at),
                        *(retry_rejected, report),
                    )
            except Exception as error:
                failed.add(source.name)
                found = SourceResult(source.name, source.connector, error=_explain(error))
            result.sources.append(found)
        _register(warehouse, [source for source in chosen if source.name not in failed], loaded_at)
        if sources is None:
            result.warnings += _dropped(warehouse, listed.sources)
        result.awaits_gate = warehouse.relation_exists("raw_gate", "results") and any(
            found.load_id is not None for found in result.sources
        )
    if failed:
        lines = [f"{found.source}: {found.error}" for found in result.sources if found.error]
        raise LoadError("\n".join(lines))
    return result


def _explain(error: Exception) -> str:
    """Return what to tell about a failure: our own messages whole, others by their kind.

    Messages of other libraries may quote values, which are personal data.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, SourcesError | LoadError):
            return str(cause)
        cause = cause.__cause__ or cause.__context__
    return f"loading broke off: {describe(error)}"
