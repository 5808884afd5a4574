"""The generic connectors' mapping: from a file's columns to an entity's canonical ones.

How `columns:` is read. Each entry pairs a canonical column with a source column, in either order:
`order_id: id` and `revenue: dollars` are both fine, since only one side is a column of the entity
``orders``. Where both sides are (`status: id`), the side that the file has is the source; where the
file has both, it is ambiguous and an error: write `status: {from: id}`. A source column that bears
a canonical name and is not mapped to anything else is taken as it is. Source columns may be
written as the file has them or in snake_case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sojourn.sources.config import Mapped, Source, SourcesError
from sojourn.sources.entities import (
    AMOUNT_COLUMNS,
    CANONICAL_COLUMNS,
    COUNT_COLUMNS,
    DATE_COLUMNS,
    REQUIRED_COLUMNS,
    TIME_COLUMNS,
)
from sojourn.sources.names import snake_case


@dataclass(frozen=True)
class Origin:
    """Where a canonical column comes from: a raw column, or a constant."""

    column: str | None = None
    constant: str | None = None
    format: str | None = None
    timezone: str | None = None
    decimal: str = "."


@dataclass(frozen=True)
class Mapping:
    """A mapping made for the columns that a file has."""

    entity: str
    origins: dict[str, Origin]
    identifiers: tuple[tuple[str, str], ...]
    missing: tuple[str, ...] = ()


def source_columns(source: Source) -> dict[str, str]:
    """Return the canonical column of each source column that the mapping names for certain."""
    canonical = CANONICAL_COLUMNS[source.entity or ""]
    found: dict[str, str] = {}
    for key, value in source.columns.items():
        if isinstance(value, Mapped):
            if value.from_ is not None:
                found[snake_case(value.from_)] = key
        elif key not in canonical:
            found[snake_case(key)] = value
        elif value not in canonical:
            found[snake_case(value)] = key
    return found


def _pair(source: Source, key: str, value: str, available: Sequence[str]) -> tuple[str, str]:
    """Return (canonical column, raw source column) of an entry of two names."""
    canonical = CANONICAL_COLUMNS[source.entity or ""]
    if key not in canonical:
        return value, snake_case(key)
    if value not in canonical:
        return key, snake_case(value)
    if key == value:
        return key, key
    has_key, has_value = key in available, value in available
    if has_key and has_value:
        raise SourcesError(
            f"source {source.name!r}: columns: `{key}: {value}` is ambiguous, since the source has "
            f"both columns: write `{key}: {{from: {value}}}` or `{value}: {{from: {key}}}`."
        )
    return (value, key) if has_key else (key, value)


def resolve(
    source: Source, available: Sequence[str], *, known_before: Sequence[str] = ()
) -> Mapping:
    """Return the mapping of a source for a file with the raw columns ``available``.

    A mapped column that the file lacks is NULL when earlier files had it (``known_before``; it is
    named in ``Mapping.missing``).

    Raises:
        SourcesError: for a column that no file has had, or an ambiguous or doubled entry.
    """
    entity = source.entity or ""
    canonical = CANONICAL_COLUMNS[entity]
    origins: dict[str, Origin] = {}
    used: set[str] = set()
    missing: list[str] = []

    def check(raw: str, said: str) -> None:
        if raw in available:
            return
        if raw in known_before:
            missing.append(raw)
            return
        raise SourcesError(
            f"source {source.name!r}: no column {said!r}; the source has {', '.join(available)}."
        )

    for key, value in source.columns.items():
        if isinstance(value, Mapped):
            target = key
            if value.from_ is None:
                constant = str(value.value).lower() if isinstance(value.value, bool) else None
                origin = Origin(constant=constant or str(value.value))
            else:
                raw = snake_case(value.from_)
                check(raw, value.from_)
                used.add(raw)
                origin = Origin(raw, None, value.format, value.timezone, value.decimal)
        else:
            target, raw = _pair(source, key, value, available)
            check(raw, value if target == key else key)
            used.add(raw)
            origin = Origin(raw)
        if target in origins:
            raise SourcesError(
                f"source {source.name!r}: columns: {target!r} is given twice: remove one."
            )
        origins[target] = origin
    for column in canonical:
        if column not in origins and column in available and column not in used:
            origins[column] = Origin(column)
    identifiers = []
    for said, kind in source.identifiers.items():
        check(snake_case(said), said)
        identifiers.append((snake_case(said), kind))
    for column in REQUIRED_COLUMNS[entity]:
        if column not in origins:
            raise SourcesError(
                f"source {source.name!r}: {entity} need {column!r}: map it under `columns:`; "
                f"the source has {', '.join(available)}."
            )
    return Mapping(entity, origins, tuple(identifiers), tuple(dict.fromkeys(missing)))


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


_ISO = "'%Y-%m-%dT%H:%M:%S.%f'"
_HAS_OFFSET = r"':.*(?i:z|utc|gmt|[+-]\d{2}(:?\d{2})?)\s*$'"


def _instant(value: str, origin: Origin) -> str:
    """Return DuckDB SQL: the moment (timestamptz) that a text means, NULL where it means none."""
    zone = _text(origin.timezone or "UTC")
    if origin.format in ("epoch_s", "epoch_ms"):
        factor = 1_000_000 if origin.format == "epoch_s" else 1_000
        micros = f"try_cast(round(try_cast({value} as decimal(38, 6)) * {factor}) as bigint)"
        return f"timezone('UTC', make_timestamp({micros}))"
    if origin.format is not None:
        parsed = f"try_strptime(trim({value}), {_text(origin.format)})"
        return parsed if "%z" in origin.format else f"timezone({zone}, {parsed})"
    return (
        f"case when regexp_matches({value}, {_HAS_OFFSET}) "
        f"then try_cast({value} as timestamptz) "
        f"else timezone({zone}, try_cast({value} as timestamp)) end"
    )


def _amount(value: str, decimal: str) -> str:
    """Return DuckDB SQL: an amount as decimal text, NULL where the text is none."""
    bare = (
        rf"regexp_replace({value}, '[\s\x{{00a0}}\x{{202f}}$€£¥]|^[A-Z]{{3}}|[A-Z]{{3}}$', '', 'g')"
    )
    bare = rf"regexp_replace({bare}, '^\((.*)\)$', '-\1')"
    if decimal == ",":
        bare = rf"replace(regexp_replace({bare}, '\.(\d{{3}})', '\1', 'g'), ',', '.')"
    else:
        grouped = rf"regexp_matches({bare}, '^-?\d{{1,3}}(,\d{{3}})+(\.\d+)?$')"
        bare = f"case when {grouped} then replace({bare}, ',', '') else {bare} end"
    plain = rf"regexp_matches({value}, '^-?\d+(\.\d+)?$')"
    parsed = f"rtrim(rtrim(try_cast({bare} as decimal(38, 9))::varchar, '0'), '.')"
    return f"case when {plain} then {value} else {parsed} end"


def expression(column: str, origin: Origin) -> str:
    """Return DuckDB SQL for a canonical column over a chunk of raw text columns."""
    if origin.column is None:
        return _text(origin.constant or "")
    value = _identifier(origin.column)
    if column in TIME_COLUMNS:
        return f"strftime(timezone('UTC', {_instant(value, origin)}), {_ISO})"
    if column in DATE_COLUMNS:
        if origin.format is not None:
            return f"strftime(try_strptime(trim({value}), {_text(origin.format)}), '%Y-%m-%d')"
        return f"strftime(try_cast({value} as date), '%Y-%m-%d')"
    if column in AMOUNT_COLUMNS:
        return _amount(value, origin.decimal)
    if column in COUNT_COLUMNS:
        number = f"try_cast({_amount(value, origin.decimal)} as decimal(38, 9))"
        return f"try_cast(round({number}) as bigint)::varchar"
    return f"nullif(trim({value}), '')"


def problems(mapping: Mapping) -> list[tuple[str, str]]:
    """Return (SQL condition, reason) of what makes a mapped row unusable.

    Conditions refer to the canonical columns as ``canonical.<column>`` and to the raw ones as
    ``chunk.<column>``.
    """
    found: list[tuple[str, str]] = []
    required = REQUIRED_COLUMNS[mapping.entity]
    for column, origin in mapping.origins.items():
        target = f"canonical.{_identifier(column)}"
        if origin.column is None or origin.column in mapping.missing:
            raw_filled = "false"
        else:
            raw_filled = f"chunk.{_identifier(origin.column)} is not null"
        checked = column in AMOUNT_COLUMNS | COUNT_COLUMNS or column in required
        if checked:
            what = {
                **dict.fromkeys(TIME_COLUMNS, "a time in the stated format"),
                **dict.fromkeys(DATE_COLUMNS, "a date in the stated format"),
                **dict.fromkeys(AMOUNT_COLUMNS | COUNT_COLUMNS, "a number"),
            }.get(column, "a value")
            found.append((f"{raw_filled} and {target} is null", f"{column} is not {what}"))
        if column in required:
            found.append((f"{target} is null", f"{column} is missing"))
    return found
