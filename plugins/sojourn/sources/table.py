"""The `table` connector: a view over a table that is already in the warehouse, never a copy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sojourn.sources.config import Source, SourcesError
from sojourn.sources.entities import (
    AMOUNT_COLUMNS,
    CANONICAL_COLUMNS,
    COUNT_COLUMNS,
    DATE_COLUMNS,
    TIME_COLUMNS,
)
from sojourn.sources.mapping import Origin, resolve
from sojourn.sources.names import shorten, unique_names
from sojourn.warehouse import quote_identifier, relation_name, text_type

if TYPE_CHECKING:
    from sojourn.sources.loader import SourceResult
    from sojourn.warehouse import Warehouse

_POSTGRES_FORMATS = {
    **{"%Y": "YYYY", "%y": "YY", "%m": "MM", "%d": "DD", "%H": "HH24", "%I": "HH12"},
    **{"%M": "MI", "%S": "SS", "%f": "US", "%p": "AM", "%b": "Mon", "%B": "FMMonth", "%j": "DDD"},
    **{"%z": "TZH:TZM", "%a": "Dy", "%A": "FMDay", "%%": "%"},
}


def postgres_format(source: str, text: str) -> str:
    """Return a strptime format in PostgreSQL's ``to_timestamp`` language.

    Raises:
        SourcesError: for a directive that PostgreSQL has no word for.
    """
    parts: list[str] = []
    index = 0
    while index < len(text):
        if text[index] != "%":
            letter = text[index]
            parts.append(f'"{letter}"' if letter.isalpha() else letter)
            index += 1
            continue
        directive = text[index : index + 2]
        if directive not in _POSTGRES_FORMATS:
            raise SourcesError(
                f"source {source!r}: format {text!r}: PostgreSQL cannot read {directive!r}; "
                f"use {', '.join(_POSTGRES_FORMATS)}, or cast the column in a view of your own."
            )
        parts.append(_POSTGRES_FORMATS[directive])
        index += 2
    return "".join(parts)


_SPARK_FORMATS = {
    **{"%Y": "yyyy", "%y": "yy", "%m": "MM", "%d": "dd", "%H": "HH", "%I": "hh"},
    **{"%M": "mm", "%S": "ss", "%f": "SSSSSS", "%p": "a", "%b": "MMM", "%B": "MMMM", "%j": "DDD"},
    **{"%z": "[XXX][xx]", "%%": "%"},
}


def spark_format(source: str, text: str) -> str:
    """Return a strptime format as one of Spark's datetime patterns.

    Raises:
        SourcesError: for a directive that Spark has no letters to read with.
    """
    parts: list[str] = []
    for directive in re.findall(r"%.?|[^%]+", text):
        if directive in _SPARK_FORMATS:
            parts.append(_SPARK_FORMATS[directive])
        elif directive.startswith("%"):
            raise SourcesError(
                f"source {source!r}: format {text!r}: Spark cannot read {directive!r}; "
                f"use {', '.join(_SPARK_FORMATS)}, or cast the column in a view of your own."
            )
        else:
            parts.append(
                re.sub(
                    r"[A-Za-z\[\]{}#]+", lambda found: f"'{found[0]}'", directive.replace("'", "''")
                )
            )
    return "".join(parts)


class _Dialect:
    """The SQL of one engine for what a mapping needs."""

    def __init__(self, source: Source, warehouse: Warehouse, types: dict[str, str]) -> None:
        self.source = source
        self.is_duckdb = warehouse.dialect == "duckdb"
        self.is_spark = warehouse.dialect == "spark"
        self.text_type = text_type(warehouse.dialect)
        self.types = types

    def text(self, column: str) -> str:
        return f"cast({quote_identifier(column)} as {self.text_type})"

    def row_text(self) -> str:
        """Return SQL for all of a row's values as one text."""
        if self.is_spark:
            return "to_json(struct(source_rows.*))"
        return f"cast(source_rows as {self.text_type})"

    def _iso(self, timestamp: str) -> str:
        if self.is_duckdb:
            return f"strftime({timestamp}, '%Y-%m-%dT%H:%M:%S.%f')"
        if self.is_spark:
            return f"date_format({timestamp}, 'yyyy-MM-dd''T''HH:mm:ss.SSSSSS')"
        return f"to_char({timestamp}, 'YYYY-MM-DD\"T\"HH24:MI:SS.US')"

    def _utc(self, naive: str, zone: str | None) -> str:
        if zone in (None, "UTC"):
            return naive
        if self.is_spark:
            return f"to_utc_timestamp({naive}, '{zone}')"
        return f"timezone('UTC', timezone('{zone}', {naive}))"

    def _like(self, value: str, pattern: str) -> str:
        if self.is_spark:
            java = pattern.replace("[:space:]", r"\s")
            return f"{value} rlike {java}"
        return f"regexp_matches({value}, {pattern})" if self.is_duckdb else f"{value} ~ {pattern}"

    def _try_cast(self, value: str, kind: str) -> str:
        if self.is_duckdb:
            return f"try_cast({value} as {kind})"
        if self.is_spark:
            if kind.startswith(("timestamp", "date")):
                # Spark would take a year alone for the first of its days.
                is_day = self._like(value, r"'^ *[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}'")
                return f"case when {is_day} then try_cast({value} as {kind.split()[0]}) end"
            return f"try_cast({value} as {'double' if kind == 'double precision' else kind})"
        return f"case when pg_input_is_valid({value}, '{kind}') then cast({value} as {kind}) end"

    def timestamp(self, column: str, origin: Origin) -> str:
        """Return SQL for the UTC timestamp without zone that a column's value means."""
        kind = self.types[column].lower()
        quoted = quote_identifier(column)
        if "with time zone" in kind:
            return f"timezone('UTC', {quoted})"
        if kind.startswith(("timestamp", "date")):
            return self._utc(f"cast({quoted} as timestamp)", origin.timezone)
        value = self.text(column)
        if origin.format in ("epoch_s", "epoch_ms"):
            divisor = 1 if origin.format == "epoch_s" else 1000
            seconds = f"{self._try_cast(value, 'double precision')} / {divisor}"
            if self.is_spark:
                return f"timestamp_seconds({seconds})"
            return f"timezone('UTC', to_timestamp({seconds}))"
        if origin.format is not None:
            if self.is_duckdb:
                form = origin.format.replace("'", "''")
                parsed = f"try_strptime({value}, '{form}')"
                if "%z" in origin.format:
                    return f"timezone('UTC', {parsed})"
                return self._utc(parsed, origin.timezone)
            if self.is_spark:
                form = spark_format(self.source.name, origin.format).replace("'", "''")
                parsed = f"try_to_timestamp({value}, '{form}')"
                return parsed if "%z" in origin.format else self._utc(parsed, origin.timezone)
            form = postgres_format(self.source.name, origin.format).replace("'", "''")
            parsed = f"to_timestamp({value}, '{form}')"
            if "%z" in origin.format:
                return f"timezone('UTC', {parsed})"
            return self._utc(
                f"cast({parsed} at time zone current_setting('TimeZone') as timestamp)",
                origin.timezone,
            )
        offset = r"'[Tt ].*([Zz]|[Uu][Tt][Cc]|[+-][0-9]{2}(:?[0-9]{2})?)$'"
        has_offset = self._like(value, offset)
        aware = self._try_cast(value, "timestamp with time zone")
        if not self.is_spark:
            aware = f"timezone('UTC', {aware})"
        naive = self._utc(self._try_cast(value, "timestamp"), origin.timezone)
        return f"case when {has_offset} then {aware} else {naive} end"

    def canonical(self, column: str, origin: Origin) -> str:
        """Return SQL for a canonical column, as text."""
        if origin.column is None:
            return "'" + (origin.constant or "").replace("'", "''") + "'"
        source = origin.column
        value = self.text(source)
        if column in TIME_COLUMNS:
            return self._iso(self.timestamp(source, origin))
        if column in DATE_COLUMNS:
            if origin.format is not None or self.types[source].lower().startswith("timestamp"):
                return f"substr({self._iso(self.timestamp(source, origin))}, 1, 10)"
            return f"cast({self._try_cast(value, 'date')} as {self.text_type})"
        if column in AMOUNT_COLUMNS | COUNT_COLUMNS:
            kind = "decimal(38, 9)" if column in AMOUNT_COLUMNS else "bigint"
            number = value if origin.decimal == "." else f"replace({value}, ',', '.')"
            is_postgres = not self.is_duckdb and not self.is_spark
            valid = "numeric" if is_postgres and kind.startswith("decimal") else kind
            return f"cast({self._try_cast(number, valid)} as {self.text_type})"
        return f"nullif(trim({value}), '')"

    def identifier(self, kind: str, text: str) -> str:
        """Return SQL for an identifier's standardised value, from SQL for its text.

        SQL reaches less far than the libraries: an e-mail must look like one, a phone number must
        begin with its country code (+ or 00).
        """
        value = f"trim({text})"
        if kind == "email":
            value = f"lower({value})"
            pattern = r"'^[^@[:space:]]+@[^@[:space:]]+\.[^@[:space:].]{2,}$'"
            return f"case when {self._like(value, pattern)} then {value} end"
        if kind == "phone":
            bare = f"replace({value}, '(0)', '')"
            everywhere = "" if self.is_spark else ", 'g'"
            digits = f"regexp_replace({bare}, '[^0-9+]', ''{everywhere})"
            number = f"regexp_replace({digits}, '^00', '+')"
            is_number = self._like(number, r"'^[+][1-9][0-9]{6,14}$'")
            return f"case when {is_number} then {number} end"
        return f"nullif({value}, '')"

    def consent_address(self, kind: str, text: str, pairs: dict[str, list[str]]) -> tuple[str, str]:
        """Return SQL for a consent's identifier type and its standardised value.

        They are its own columns (SQL for both is given), else the first identifier that is there.
        """
        named = f"lower(trim({kind}))"
        own = (
            f"case {named} when 'email' then {self.identifier('email', text)} "
            f"when 'phone' then {self.identifier('phone', text)} "
            f"else {self.identifier('', text)} end"
        )
        others = {other: self.first_of(other, columns) for other, columns in pairs.items()}
        cases = [f"when {own} is not null then {kind}"]
        cases += [f"when {value} is not null then '{other}'" for other, value in others.items()]
        return (
            f"case {' '.join(cases)} else {kind} end",
            f"coalesce({', '.join([own, *others.values()])})" if others else own,
        )

    def first_of(self, kind: str, columns: list[str]) -> str:
        """Return SQL for the first filled one of several columns of an identifier type."""
        values = [self.identifier(kind, self.text(column)) for column in columns]
        return f"coalesce({', '.join(values)})"

    def identifiers(self, pairs: dict[str, list[str]]) -> str:
        """Return SQL for ``{"email": "...", ...}`` as JSON text, without absent ones."""
        if not pairs:
            return "'{}'"
        values = {kind: self.first_of(kind, columns) for kind, columns in pairs.items()}
        if self.is_duckdb:
            listed = ", ".join(f"{{'k': '{kind}', 'v': {value}}}" for kind, value in values.items())
            return (
                "cast(to_json(map_from_entries("
                f"list_filter([{listed}], lambda pair: pair.v is not null))) as varchar)"
            )
        listed = ", ".join(f"'{kind}', {value}" for kind, value in values.items())
        if self.is_spark:
            return f"to_json(map_filter(map({listed}), (kind, value) -> value is not null))"
        return f"cast(json_strip_nulls(json_build_object({listed})) as varchar)"


def view_sql(source: Source, warehouse: Warehouse, types: dict[str, str]) -> str:
    """Return the query of a source's view: canonical columns, identifiers, originals, metadata."""
    originals = list(types)
    raw_names = unique_names(originals)
    by_raw = dict(zip(raw_names, originals, strict=True))
    mapping = resolve(source, raw_names)
    dialect = _Dialect(source, warehouse, types)
    entity = mapping.entity
    row_text, text = dialect.row_text(), dialect.text_type
    row_id = (
        f"md5({row_text}) || '-' || cast(row_number() over "
        f"(partition by md5({row_text}) order by md5({row_text})) as {text})"
    )

    def original(origin: Origin) -> Origin:
        if origin.column is None:
            return origin
        return Origin(by_raw[origin.column], None, origin.format, origin.timezone, origin.decimal)

    pairs: dict[str, list[str]] = {}
    for raw, kind in mapping.identifiers:
        pairs.setdefault(kind, []).append(by_raw[raw])
    values = {
        column: dialect.canonical(column, original(mapping.origins[column]))
        if column in mapping.origins
        else f"cast(null as {text})"
        for column in CANONICAL_COLUMNS[entity]
    }
    if "id" in values:
        values["id"] = f"coalesce({values['id']}, {row_id})"
    if entity == "people":
        values |= {kind: dialect.identifier(kind, values[kind]) for kind in ("email", "phone")}
    if entity == "consents":
        values["identifier_type"], values["identifier_value"] = dialect.consent_address(
            values["identifier_type"], values["identifier_value"], pairs
        )
    selected = [f"{value} as {quote_identifier(column)}" for column, value in values.items()]
    selected.append(f"{dialect.identifiers(pairs)} as identifiers")
    selected += [
        f"{dialect.text(name)} as {quote_identifier(shorten(f'original__{raw}'))}"
        for raw, name in by_raw.items()
    ]
    if source.loaded_at is None:
        loaded_at = "cast(null as timestamp)"
    else:
        wanted = unique_names([source.loaded_at])[0]
        if wanted not in by_raw:
            raise SourcesError(
                f"source {source.name!r}: loaded_at: no column {source.loaded_at!r}; "
                f"the source has {', '.join(raw_names)}."
            )
        loaded_at = dialect.timestamp(by_raw[wanted], Origin(by_raw[wanted]))
    selected += [
        f"cast(null as {text}) as _file",
        "cast(null as bigint) as _line",
        f"{row_id} as _row_id",
        f"{loaded_at} as _loaded_at",
        f"cast(null as {text}) as _dlt_load_id",
    ]
    schema, _, table = (source.relation or "").partition(".")
    body = ",\n    ".join(selected)
    return f"select\n    {body}\nfrom {relation_name(schema, table)} as source_rows"


def create_view(warehouse: Warehouse, source: Source) -> SourceResult:
    """Create or renew the source's view ``raw_<name>.<entity>``.

    Raises:
        SourcesError: the relation does not exist, or the mapping names a column it lacks.
    """
    from sojourn.sources.loader import SourceResult, TableResult

    schema, _, table = (source.relation or "").partition(".")
    types = warehouse.columns(schema, table)
    if not types:
        raise SourcesError(
            f"source {source.name!r}: no relation {source.relation} in the warehouse: "
            "create it, or mend `relation:`."
        )
    query = view_sql(source, warehouse, types)
    view = relation_name(source.raw_schema, source.entity or "")
    warehouse.execute(f"create schema if not exists {source.raw_schema}")
    before = list(warehouse.columns(source.raw_schema, source.entity or ""))
    after = list(warehouse.fetch_arrow(f"select * from ({query}) as rows limit 0").column_names)
    with warehouse.transaction():
        if before and before != after:
            # PostgreSQL cannot replace a view by one of other columns; dbt rebuilds what stands
            # on it.
            cascade = " cascade" if warehouse.dialect == "postgres" else ""
            warehouse.execute(f"drop view {view}{cascade}")
        warehouse.execute(f"create or replace view {view} as {query}")
    return SourceResult(source.name, source.connector, tables=[TableResult(source.entity or "")])
