"""One small interface over the engines: run SQL, read and append Arrow, in transactions."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from sojourn.errors import describe

if TYPE_CHECKING:
    import pyarrow as pa

    from sojourn.settings import Settings

Row = tuple[Any, ...]


_QUOTE_VALUES = frozenset(("DataError", "IntegrityError", "InternalError", "InvalidInputException"))
"""Errors of both engines' libraries whose messages quote the values that they stumbled over."""


class WarehouseError(RuntimeError):
    """A statement met values that it cannot take; the message says where, and quotes none."""


@contextmanager
def _quoting_no_values() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if _QUOTE_VALUES.isdisjoint(kind.__name__ for kind in type(error).__mro__):
            raise
        raise WarehouseError(f"The warehouse cannot take a value: {describe(error)}.") from None


def quote_identifier(name: str) -> str:
    """Return ``name`` quoted as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def relation_name(schema: str, table: str) -> str:
    """Return ``schema.table``, both quoted."""
    return f"{quote_identifier(schema)}.{quote_identifier(table)}"


class Warehouse(Protocol):
    """A connection to a warehouse. Placeholders are ``?`` on every engine."""

    dialect: str

    def execute(self, sql: str, params: Sequence[Any] = ()) -> None:
        """Run one statement."""

    def fetch(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """Return all rows of a query."""

    def fetch_arrow(self, sql: str, params: Sequence[Any] = ()) -> pa.Table:
        """Return all rows of a query as an Arrow table."""

    def fetch_batches(
        self, sql: str, params: Sequence[Any] = (), rows: int = 50_000
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a query in batches of at most ``rows``."""

    def append(self, schema: str, table: str, data: pa.Table) -> None:
        """Append ``data`` to an existing table, column by column name."""

    def transaction(self) -> Any:
        """Return a context manager: commit at its end, roll back when it raises."""

    def relation_exists(self, schema: str, table: str) -> bool:
        """Tell whether a table or view of that name exists."""

    def columns(self, schema: str, table: str) -> dict[str, str]:
        """Return the relation's columns and their types as the engine names them."""

    def close(self) -> None:
        """Close the connection."""


class _Common:
    """What both engines share, by way of the information schema."""

    def fetch(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        raise NotImplementedError

    def relation_exists(self, schema: str, table: str) -> bool:
        return bool(
            self.fetch(
                "select 1 from information_schema.tables where table_schema = ? and table_name = ?",
                (schema, table),
            )
        )

    def columns(self, schema: str, table: str) -> dict[str, str]:
        return dict(
            self.fetch(
                "select column_name, data_type from information_schema.columns "
                "where table_schema = ? and table_name = ? order by ordinal_position",
                (schema, table),
            )
        )


class DuckDBWarehouse(_Common):
    """DuckDB, in this process. One writer at a time: keep connections short."""

    dialect = "duckdb"

    def __init__(self, settings: Settings, *, read_only: bool = False) -> None:
        import duckdb

        path = settings.path(settings.duckdb_path)
        if not read_only:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = duckdb.connect(
            str(path),
            read_only=read_only,
            config={
                "memory_limit": settings.duckdb_memory_limit,
                "threads": settings.threads,
                "autoinstall_known_extensions": False,
            },
        )
        self._connection.execute("set TimeZone = 'UTC'")

    def execute(self, sql: str, params: Sequence[Any] = ()) -> None:
        with _quoting_no_values():
            self._connection.execute(sql, list(params))

    def fetch(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        with _quoting_no_values():
            rows: list[Row] = self._connection.execute(sql, list(params)).fetchall()
        return rows

    def fetch_arrow(self, sql: str, params: Sequence[Any] = ()) -> pa.Table:
        with _quoting_no_values():
            return self._connection.sql(sql, params=list(params)).to_arrow_table()

    def fetch_batches(
        self, sql: str, params: Sequence[Any] = (), rows: int = 50_000
    ) -> Iterator[pa.RecordBatch]:
        with _quoting_no_values():
            yield from self._connection.cursor().execute(sql, list(params)).to_arrow_reader(rows)

    def append(self, schema: str, table: str, data: pa.Table) -> None:
        if data.num_rows == 0:
            return
        columns = ", ".join(quote_identifier(name) for name in data.column_names)
        self._connection.register("appended_rows", data)
        try:
            self.execute(
                f"insert into {relation_name(schema, table)} ({columns}) "
                f"select {columns} from appended_rows"
            )
        finally:
            self._connection.unregister("appended_rows")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._connection.begin()
        try:
            yield
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.commit()

    def close(self) -> None:
        self._connection.close()


_COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _copy_text(value: Any) -> str:
    """Return a value in the text format of PostgreSQL's COPY."""
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.translate(_COPY_ESCAPES)
    return str(value)


class PostgresWarehouse(_Common):
    """PostgreSQL 16 or newer, over psycopg2, in UTC."""

    dialect = "postgres"

    def __init__(self, settings: Settings, *, read_only: bool = False) -> None:
        import psycopg2

        self._connection = psycopg2.connect(
            host=settings.postgres_host,
            port=settings.postgres_port,
            user=settings.postgres_user,
            password=settings.postgres_password.get_secret_value(),
            dbname=settings.postgres_database,
            options="-c timezone=UTC",
        )
        self._connection.set_session(readonly=read_only, autocommit=True)
        self._in_transaction = False

    @staticmethod
    def _bind(sql: str, params: Sequence[Any]) -> str:
        """Turn ``?`` into psycopg2's ``%s`` outside of quoted text."""
        if not params:
            return sql
        parts = sql.split("'")
        for index in range(0, len(parts), 2):
            parts[index] = parts[index].replace("%", "%%").replace("?", "%s")
        for index in range(1, len(parts), 2):
            parts[index] = parts[index].replace("%", "%%")
        return "'".join(parts)

    def execute(self, sql: str, params: Sequence[Any] = ()) -> None:
        with _quoting_no_values(), self._connection.cursor() as cursor:
            cursor.execute(self._bind(sql, params), tuple(params) or None)

    def fetch(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        with _quoting_no_values(), self._connection.cursor() as cursor:
            cursor.execute(self._bind(sql, params), tuple(params) or None)
            rows: list[Row] = cursor.fetchall()
            return rows

    @staticmethod
    def _arrow(names: list[str], rows: list[Row]) -> pa.Table:
        import pyarrow as pa

        columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
        return pa.table([pa.array(column) for column in columns], names=names)

    def fetch_arrow(self, sql: str, params: Sequence[Any] = ()) -> pa.Table:
        with _quoting_no_values(), self._connection.cursor() as cursor:
            cursor.execute(self._bind(sql, params), tuple(params) or None)
            return self._arrow(
                [column.name for column in cursor.description or ()], cursor.fetchall()
            )

    def fetch_batches(
        self, sql: str, params: Sequence[Any] = (), rows: int = 50_000
    ) -> Iterator[pa.RecordBatch]:
        with (
            _quoting_no_values(),
            self._connection.cursor("sojourn_batches", withhold=True) as cursor,
        ):
            cursor.itersize = rows
            cursor.execute(self._bind(sql, params), tuple(params) or None)
            while found := cursor.fetchmany(rows):
                names = [column.name for column in cursor.description or ()]
                yield from self._arrow(names, found).combine_chunks().to_batches()

    def append(self, schema: str, table: str, data: pa.Table) -> None:
        if data.num_rows == 0:
            return
        columns = ", ".join(quote_identifier(name) for name in data.column_names)
        for batch in data.to_batches(max_chunksize=50_000):
            lines = zip(
                *(map(_copy_text, column.to_pylist()) for column in batch.columns), strict=True
            )
            buffer = io.StringIO("".join("\t".join(line) + "\n" for line in lines))
            with _quoting_no_values(), self._connection.cursor() as cursor:
                cursor.copy_expert(
                    f"copy {relation_name(schema, table)} ({columns}) from stdin",
                    buffer,
                )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.execute("begin")
        try:
            yield
        except BaseException:
            self.execute("rollback")
            raise
        self.execute("commit")

    def close(self) -> None:
        self._connection.close()


@contextmanager
def open_warehouse(settings: Settings, *, read_only: bool = False) -> Iterator[Warehouse]:
    """Open the warehouse that the settings name, and close it at the end.

    Raises:
        ValueError: when Python code cannot yet talk to the target.
    """
    warehouse: Warehouse
    if settings.target == "duckdb":
        warehouse = DuckDBWarehouse(settings, read_only=read_only)
    elif settings.target == "postgres":
        warehouse = PostgresWarehouse(settings, read_only=read_only)
    else:
        raise ValueError(f"Unknown target {settings.target!r}: use duckdb or postgres.")
    try:
        yield warehouse
    finally:
        warehouse.close()
