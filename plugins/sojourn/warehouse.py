"""One small interface over the engines: run SQL, read and append Arrow, in transactions."""

from __future__ import annotations

import io
import re
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from sojourn.errors import describe

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

    from sojourn.settings import Settings

Row = tuple[Any, ...]


_QUOTE_VALUES = frozenset(
    (
        *("DataError", "IntegrityError", "InternalError", "InvalidInputException"),
        *("ArithmeticException", "DateTimeException", "NumberFormatException"),
        *("ParseException", "SparkRuntimeException", "SparkException"),
    )
)
"""Errors of the engines' libraries whose messages quote the values that they stumbled over."""


class WarehouseError(RuntimeError):
    """A statement met values that it cannot take; the message says where, and quotes none."""


class BusyError(RuntimeError):
    """Another process is doing what only one may do at a time."""


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


def literal(text: str | None) -> str:
    """Return ``text`` as an SQL text."""
    return "null" if text is None else "'" + text.replace("'", "''") + "'"


def text_type(dialect: str) -> str:
    """Return the engine's name for text of any length."""
    return "string" if dialect == "spark" else "varchar"


class Warehouse(Protocol):
    """A connection to a warehouse.

    On every engine placeholders are ``?``, identifiers stand in double quotes, and in a text
    between single quotes only the quote itself is written twice.
    """

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

    def create_keyed(
        self, schema: str, table: str, columns: Mapping[str, str], key: Sequence[str]
    ) -> None:
        """Create a relation whose rows ``replace`` can exchange by key, if it does not exist.

        ``columns`` are names and types; ``key`` names some of them.
        """

    def replace(self, schema: str, table: str, key: Mapping[str, Any], data: pa.Table) -> None:
        """Put ``data`` in the place of a keyed relation's rows of one key, in one step."""

    def transaction(self) -> Any:
        """Return a context manager: commit at its end, roll back when it raises.

        Spark has no transactions: there each statement counts when it has run. What runs inside
        must therefore be harmless when it ends early, and write last what says that all is there.
        """

    def exclusive(self, name: str) -> Any:
        """Return a context manager that keeps other processes from doing ``name`` meanwhile.

        Raises:
            BusyError: another process is at it.
        """

    def schemas_with(self, table: str, prefix: str) -> list[str]:
        """Return the schemas that begin with ``prefix`` and hold a relation of that name."""

    def relation_exists(self, schema: str, table: str) -> bool:
        """Tell whether a table or view of that name exists."""

    def columns(self, schema: str, table: str) -> dict[str, str]:
        """Return the relation's columns and their types as the engine names them."""

    def close(self) -> None:
        """Close the connection."""


def _described(columns: Mapping[str, str]) -> str:
    """Return columns as ``create table`` wants them."""
    return ", ".join(f"{quote_identifier(name)} {kind}" for name, kind in columns.items())


class _Relational:
    """What DuckDB and PostgreSQL share: the information schema, transactions, deletions."""

    def execute(self, sql: str, params: Sequence[Any] = ()) -> None:
        raise NotImplementedError

    def fetch(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        raise NotImplementedError

    def append(self, schema: str, table: str, data: pa.Table) -> None:
        raise NotImplementedError

    def transaction(self) -> Any:
        raise NotImplementedError

    def create_keyed(
        self, schema: str, table: str, columns: Mapping[str, str], key: Sequence[str]
    ) -> None:
        relation = relation_name(schema, table)
        self.execute(f"create table if not exists {relation} ({_described(columns)})")

    def replace(self, schema: str, table: str, key: Mapping[str, Any], data: pa.Table) -> None:
        same = " and ".join(f"{quote_identifier(name)} is not distinct from ?" for name in key)
        with self.transaction():
            self.execute(
                f"delete from {relation_name(schema, table)} where {same}", tuple(key.values())
            )
            self.append(schema, table, data)

    def schemas_with(self, table: str, prefix: str) -> list[str]:
        return [
            schema
            for (schema,) in self.fetch(
                "select table_schema from information_schema.tables where table_name = ? "
                "and starts_with(table_schema, ?) order by table_schema",
                (table, prefix),
            )
        ]

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


class DuckDBWarehouse(_Relational):
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
            cursor = self._connection.cursor()
            cursor.execute("set enable_progress_bar = false")
            yield from cursor.sql(sql, params=list(params)).to_arrow_reader(rows)

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

    @contextmanager
    def exclusive(self, name: str) -> Iterator[None]:
        """The file has one writing process anyway."""
        yield

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


class PostgresWarehouse(_Relational):
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

    @contextmanager
    def exclusive(self, name: str) -> Iterator[None]:
        """An advisory lock, which goes with the connection, however the process ends."""
        if not self.fetch("select pg_try_advisory_lock(hashtext(?))", (name,))[0][0]:
            raise BusyError(f"Another process is busy with it: {name}.")
        try:
            yield
        finally:
            self.fetch("select pg_advisory_unlock(hashtext(?))", (name,))

    def close(self) -> None:
        self._connection.close()


_ROWS_OF_A_FILE = 1_000_000
"""Fewer appended rows go into one file."""

_QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")


def spark_sql(sql: str) -> str:
    """Return standard SQL as Spark reads it: names in backquotes, backslashes in texts doubled."""

    def rewritten(found: re.Match[str]) -> str:
        text = found[0]
        if text.startswith('"'):
            return "`" + text[1:-1].replace('""', '"').replace("`", "``") + "`"
        return text.replace("\\", "\\\\")

    return _QUOTED.sub(rewritten, sql)


class SparkWarehouse:
    """Apache Spark: a local session, or a server's over Spark Connect, in UTC.

    Tables are Parquet files that are only added to, and there are no transactions. The catalogue of
    a local session can be open in one process: keep connections short.
    """

    dialect = "spark"

    def __init__(self, settings: Settings, *, read_only: bool = False) -> None:
        from sojourn.spark import start_session

        self._session = start_session(settings)

    def _query(self, sql: str, params: Sequence[Any]) -> DataFrame:
        """Return a query's rows; times without a zone, as they are everywhere here."""
        from pyspark.sql.functions import col
        from pyspark.sql.types import TimestampType

        # Python would take a time without a zone for one of this machine's zone.
        bound = [
            value.replace(tzinfo=UTC)
            if isinstance(value, datetime) and value.tzinfo is None
            else value
            for value in params
        ]
        rows = self._session.sql(spark_sql(sql), args=bound or None)
        if not any(isinstance(field.dataType, TimestampType) for field in rows.schema.fields):
            return rows
        names = [field.name for field in rows.schema.fields]
        numbered = rows.toDF(*(str(place) for place in range(len(names))))
        return numbered.select(
            *(
                (
                    col(str(place)).cast("timestamp_ntz")
                    if isinstance(field.dataType, TimestampType)
                    else col(str(place))
                ).alias(field.name)
                for place, field in enumerate(rows.schema.fields)
            )
        )

    def execute(self, sql: str, params: Sequence[Any] = ()) -> None:
        with _quoting_no_values():
            self._query(sql, params)

    def fetch(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        found = self.fetch_arrow(sql, params)
        return list(zip(*(column.to_pylist() for column in found.columns), strict=True))

    def fetch_arrow(self, sql: str, params: Sequence[Any] = ()) -> pa.Table:
        with _quoting_no_values():
            return self._query(sql, params).toArrow()

    def fetch_batches(
        self, sql: str, params: Sequence[Any] = (), rows: int = 50_000
    ) -> Iterator[pa.RecordBatch]:
        """As everywhere; beside the batch, one of Spark's partitions at a time is in memory."""
        import pyarrow as pa
        from pyspark.sql.pandas.types import to_arrow_schema

        with _quoting_no_values():
            query = self._query(sql, params)
            schema = to_arrow_schema(query.schema)
            found = query.toLocalIterator()
            while batch := [tuple(row) for _, row in zip(range(rows), found, strict=False)]:
                columns = [
                    pa.array(values, field.type)
                    for values, field in zip(zip(*batch, strict=True), schema, strict=True)
                ]
                yield pa.RecordBatch.from_arrays(columns, schema=schema)

    def append(self, schema: str, table: str, data: pa.Table) -> None:
        """As everywhere. Each call adds at least one file: append many rows at once."""
        if data.num_rows == 0:
            return
        columns = ", ".join(quote_identifier(name) for name in data.column_names)
        with _quoting_no_values():
            rows = self._session.createDataFrame(data)
            if data.num_rows < _ROWS_OF_A_FILE:
                rows = rows.coalesce(1)
            rows.createOrReplaceTempView("appended_rows")
            try:
                self.execute(
                    f"insert into {relation_name(schema, table)} ({columns}) "
                    f"select {columns} from appended_rows"
                )
            finally:
                self._session.catalog.dropTempView("appended_rows")

    def create_keyed(
        self, schema: str, table: str, columns: Mapping[str, str], key: Sequence[str]
    ) -> None:
        """Create a log that is only added to, and a view of each key's latest entry in it."""
        log = relation_name(schema, f"{table}_log")
        described = _described({**columns, "_entry": "string", "_is_removed": "boolean"})
        self.execute(f"create table if not exists {log} ({described})")
        listed = ", ".join(quote_identifier(name) for name in columns)
        keyed = ", ".join(quote_identifier(name) for name in key)
        self.execute(
            f"create view if not exists {relation_name(schema, table)} as select {listed} from ("
            f"select *, max(_entry) over (partition by {keyed}) as _latest from {log}) as entries "
            "where _entry = _latest and not _is_removed"
        )

    def replace(self, schema: str, table: str, key: Mapping[str, Any], data: pa.Table) -> None:
        import pyarrow as pa

        is_removed = data.num_rows == 0
        rows = pa.table({name: pa.array([value]) for name, value in key.items()})
        rows = rows if is_removed else data
        entry = f"{time.time_ns():020d}-{secrets.token_hex(4)}"
        rows = rows.append_column("_entry", pa.array([entry] * rows.num_rows))
        rows = rows.append_column("_is_removed", pa.array([is_removed] * rows.num_rows))
        self.append(schema, f"{table}_log", rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Spark has none: what has run stays, whatever comes after it."""
        yield

    @contextmanager
    def exclusive(self, name: str) -> Iterator[None]:
        """The local catalogue is open in one process anyway."""
        yield

    def schemas_with(self, table: str, prefix: str) -> list[str]:
        schemas = [name for (name,) in self.fetch("show schemas") if name.startswith(prefix)]
        return sorted(schema for schema in schemas if self.relation_exists(schema, table))

    def relation_exists(self, schema: str, table: str) -> bool:
        name = spark_sql(relation_name(schema, table))
        found: bool = self._session.catalog.tableExists(name)
        return found

    def columns(self, schema: str, table: str) -> dict[str, str]:
        if not self.relation_exists(schema, table):
            return {}
        relation = self._session.table(spark_sql(relation_name(schema, table)))
        return {field.name: field.dataType.simpleString() for field in relation.schema.fields}

    def close(self) -> None:
        """Stop the session and release the catalogue, so that dbt can open it."""
        from sojourn.spark import stop_session

        stop_session(self._session)


@contextmanager
def open_warehouse(settings: Settings, *, read_only: bool = False) -> Iterator[Warehouse]:
    """Open the warehouse that the settings name, and close it at the end.

    Raises:
        SparkUnavailableError: Spark cannot run here, or another process has its catalogue open.
    """
    warehouse: Warehouse
    if settings.target == "duckdb":
        warehouse = DuckDBWarehouse(settings, read_only=read_only)
    elif settings.target == "postgres":
        warehouse = PostgresWarehouse(settings, read_only=read_only)
    else:
        warehouse = SparkWarehouse(settings, read_only=read_only)
    try:
        yield warehouse
    finally:
        warehouse.close()


def reporting_currency(warehouse: Warehouse, prefix: str) -> str:
    """Return the currency of all money; nothing where no rate has been built."""
    if not warehouse.relation_exists(f"{prefix}events", "exchange_rates_to_reporting"):
        return ""
    rows = warehouse.fetch(
        "select max(currency) from "
        f"{relation_name(f'{prefix}events', 'exchange_rates_to_reporting')} "
        "where valid_from < timestamp '0002-01-01 00:00:00'"
    )
    return str(rows[0][0] or "")
