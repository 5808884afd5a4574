"""What somebody else's table or file says, in tables that last as long as a comparison."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sojourn.settings import Settings
from sojourn.warehouse import (
    Warehouse,
    open_warehouse,
    quote_identifier,
    relation_name,
    text_type,
)

if TYPE_CHECKING:
    import pyarrow as pa

_READERS = {
    ".csv": "read_csv(?, all_varchar = true, header = true)",
    ".tsv": "read_csv(?, all_varchar = true, header = true)",
    ".parquet": "read_parquet(?)",
}
_BATCH = 50_000
_SCHEMAS = {"duckdb": "temp", "postgres": "pg_temp"}


class CompareError(ValueError):
    """What is to be compared cannot be read, or has nothing in common; the message mends it."""


@dataclass(frozen=True)
class Theirs:
    """Where the other side's rows are: a table of this warehouse, or a CSV or Parquet file.

    Raises:
        CompareError: neither or both are named, or the name cannot be one.
    """

    table: str | None = None
    file: Path | None = None
    advice: str = "name the right ones with --...-column."
    """What to do where a column is missing."""

    def __post_init__(self) -> None:
        """Check that there is one of them."""
        if (self.table is None) == (self.file is None):
            raise CompareError(
                "Name what to compare with: --table schema.table of this warehouse, or --file with "
                "a CSV or Parquet file."
            )
        if self.table is not None and not all(self._schema_and_table()):
            raise CompareError(f"A table is written schema.table: {self.table} is not.")
        if self.file is not None and self._reader() is None:
            raise CompareError(f"{self.file} is none of: {', '.join(_READERS)} (.gz of the first).")

    def __str__(self) -> str:
        """Return its name."""
        return str(self.table or self.file)

    def _schema_and_table(self) -> tuple[str, str]:
        schema, _, table = (self.table or "").partition(".")
        return schema, table

    def _reader(self) -> str | None:
        name = (self.file or Path()).name.lower().removesuffix(".gz")
        return _READERS.get(Path(name).suffix)

    def batches(self, warehouse: Warehouse, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the distinct rows of some columns, as text, and how often each is there.

        Raises:
            CompareError: there is no such table, file or column.
        """
        text = text_type(warehouse.dialect if self.table else "duckdb")
        listed = ", ".join(f"cast({quote_identifier(name)} as {text})" for name in columns)
        places = ", ".join(str(place) for place in range(1, len(columns) + 1))
        query = f"select {listed}, count(*) from {{}} group by {places}"
        if self.table:
            relation = self._schema_and_table()
            present = list(warehouse.columns(*relation))
            if not present:
                raise CompareError(f"There is no table {self.table} in this warehouse.")
            self._check_columns(columns, present)
            yield from warehouse.fetch_batches(query.format(relation_name(*relation)), rows=_BATCH)
            return
        import duckdb

        if self.file is None or not self.file.is_file():
            raise CompareError(f"There is no file {self.file}.")
        if self.file.stat().st_size == 0:
            raise CompareError(f"{self.file} is empty: its first line must name its columns.")
        reader = str(self._reader())
        with duckdb.connect() as connection:
            connection.execute("set enable_progress_bar = false")
            try:
                params = [str(self.file)]
                head = connection.sql(f"select * from {reader} limit 0", params=params)
                self._check_columns(columns, head.columns)
                yield from connection.sql(query.format(reader), params=params).to_arrow_reader(
                    _BATCH
                )
            except duckdb.Error as error:
                # Its message quotes lines of the file.
                raise CompareError(
                    f"{self.file} cannot be read ({type(error).__name__}): is every line as its "
                    "first one says?"
                ) from None

    def _check_columns(self, columns: Sequence[str], present: Sequence[str]) -> None:
        missing = [name for name in columns if name not in present]
        if missing:
            raise CompareError(
                f"{self} has no column {', '.join(missing)}. It has {', '.join(present)}: "
                f"{self.advice}"
            )


class Scratch:
    """Tables that are gone when the comparison ends: temporary ones, on Spark a schema's."""

    def __init__(self, warehouse: Warehouse, schema: str) -> None:
        self._warehouse = warehouse
        self._schema = schema
        spark = warehouse.dialect == "spark"
        self._create = "create table" if spark else "create temporary table"
        self._stored = " using parquet" if spark else ""
        self.names: dict[str, str] = {}

    def create(self, name: str, select: str, params: Sequence[object] = ()) -> None:
        """Keep the rows of a query."""
        relation = self._named(name)
        self._warehouse.execute(f"{self._create} {relation}{self._stored} as {select}", params)
        if self._warehouse.dialect == "postgres":
            self._warehouse.execute(f"analyze {relation}")

    def fill(
        self,
        name: str,
        columns: Mapping[str, str],
        batches: Iterator[pa.RecordBatch],
        transform: Callable[[pa.RecordBatch], pa.Table],
    ) -> None:
        """Keep batches of rows, each as ``transform`` makes it."""
        relation = self._named(name)
        described = ", ".join(
            f"{quote_identifier(column)} {kind}" for column, kind in columns.items()
        )
        self._warehouse.execute(f"{self._create} {relation} ({described}){self._stored}")
        for batch in batches:
            self._warehouse.append(self._schema, name, transform(batch))
        if self._warehouse.dialect == "postgres":
            self._warehouse.execute(f"analyze {relation}")

    def _named(self, name: str) -> str:
        self.names[name] = relation_name(self._schema, name)
        return self.names[name]


def check_is_there(settings: Settings) -> None:
    """Check that there is a warehouse.

    Raises:
        CompareError: nothing has been built yet.
    """
    if settings.target == "duckdb" and not settings.path(settings.duckdb_path).is_file():
        raise CompareError("Nothing is built yet: run `sojourn run` (or `make demo`) first.")


@contextmanager
def side_by_side(settings: Settings) -> Iterator[tuple[Warehouse, Scratch]]:
    """Open the warehouse with room for a comparison's tables; nothing of it stays."""
    check_is_there(settings)
    # Temporary tables of DuckDB are no part of its file; PostgreSQL's reader may make none.
    with open_warehouse(settings, read_only=settings.target == "duckdb") as warehouse:
        schema = _SCHEMAS.get(
            warehouse.dialect, f"{settings.schema_prefix}compare_{secrets.token_hex(4)}"
        )
        temporary = warehouse.dialect in _SCHEMAS
        if not temporary:
            warehouse.execute(f"create schema {quote_identifier(schema)}")
        try:
            yield warehouse, Scratch(warehouse, schema)
        finally:
            if not temporary:
                warehouse.execute(f"drop schema {quote_identifier(schema)} cascade")


def parse_map(pairs: Sequence[str] | None) -> dict[str, str]:
    """Read names given as ``theirs=ours``.

    Raises:
        CompareError: one is not written so.
    """
    found = {}
    for pair in pairs or ():
        theirs, equals, ours = pair.partition("=")
        if not equals or not theirs.strip() or not ours.strip():
            raise CompareError(f"--map takes THEIRS=OURS, not {pair}.")
        found[theirs.strip()] = ours.strip()
    return found
