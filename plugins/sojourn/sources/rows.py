"""From text to the rows of a raw table: row ids, standardised values, mapped columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.sources import standardise
from sojourn.sources.connector import Standard
from sojourn.sources.entities import CANONICAL_COLUMNS
from sojourn.sources.mapping import Mapping, expression, problems
from sojourn.sources.names import shorten
from sojourn.sources.readers import arrow

if TYPE_CHECKING:
    import duckdb
    from numpy.typing import NDArray


class OccurrenceCounter:
    """Numbers equal rows of a file: 1 for the first of its kind, 2 for the next.

    Rows are told apart by 64 bits of their hash, held in sorted runs that double in length, so
    that a file of ten million rows needs 80 MB and no row is looked up in more than a few runs.
    """

    def __init__(self) -> None:
        self._runs: list[NDArray[np.uint64]] = []
        self._repeated: dict[int, int] = {}

    def number(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return each row's occurrence number, from 1."""
        order = np.argsort(hashes, kind="stable")
        ordered = hashes[order]
        starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        unique = ordered[starts] if len(ordered) else ordered
        counts = np.diff(np.r_[starts, len(ordered)])
        rank = np.arange(len(ordered)) - np.repeat(starts, counts)
        earlier = np.zeros(len(unique), dtype=np.int64)
        seen = np.zeros(len(unique), dtype=bool)
        for run in self._runs:
            places = np.searchsorted(run, unique)
            seen |= run[np.minimum(places, len(run) - 1)] == unique
        for index in np.flatnonzero(seen):
            earlier[index] = self._repeated.get(int(unique[index]), 1)
        for index in np.flatnonzero(seen | (counts > 1)):
            self._repeated[int(unique[index])] = int(earlier[index] + counts[index])
        self._add(unique[~seen])
        numbers = np.empty(len(ordered), dtype=np.int64)
        numbers[order] = rank + np.repeat(earlier, counts) + 1
        return numbers

    def _add(self, run: NDArray[np.uint64]) -> None:
        if not len(run):
            return
        while self._runs and len(self._runs[-1]) <= len(run):
            run = np.sort(np.concatenate([self._runs.pop(), run]))
        self._runs.append(run)


def row_hashes(
    record: pa.Array, engine: duckdb.DuckDBPyConnection
) -> tuple[pa.Array, NDArray[np.uint64]]:
    """Return the MD5 of each row's text, in hex and as a number of its first 64 bits."""
    engine.register("chunk", pa.table({"text": record}))
    hashed = arrow(
        engine,
        "select hash, ('0x' || left(hash, 16))::ubigint as number "
        "from (select md5(text) as hash from chunk)",
    )
    return hashed.column("hash").combine_chunks(), hashed.column("number").to_numpy()


def row_ids(hashes: pa.Array, occurrences: NDArray[np.int64]) -> pa.Array:
    """Return each row's id: the hash of its text, a dash, its occurrence number in the file."""
    return pc.binary_join_element_wise(hashes, pa.array(occurrences).cast(pa.string()), "-")


def _over_distinct(values: pa.Array, function: Callable[[str], str | None]) -> pa.Array:
    """Apply a function to each distinct value once."""
    if values.null_count == len(values):
        return pa.nulls(len(values), pa.string())
    encoded = values.dictionary_encode()
    results = [function(value) for value in encoded.dictionary.to_pylist()]
    return pa.array(results, pa.string()).take(encoded.indices)


def standard_values(
    kind: str,
    values: pa.Array,
    *,
    countries: Sequence[pa.Array] = (),
    types: pa.Array | None = None,
    default_country: str | None = None,
) -> pa.Array:
    """Return standardised values as text, NULL where a value is absent or not valid.

    ``countries`` are columns that may name a phone number's country, best first; ``types`` says
    for ``by_identifier_type`` what each value is.
    """
    if kind in standardise.SIMPLE:
        return _over_distinct(values, standardise.SIMPLE[kind])
    if values.null_count == len(values):
        return pa.nulls(len(values), pa.string())
    if kind == "phone":
        regions: list[str | None] = [None] * len(values)
        if countries:
            named = pc.coalesce(*countries) if len(countries) > 1 else countries[0]
            regions = _over_distinct(named, standardise.country).to_pylist()
        return pa.array(
            [
                None if value is None else standardise.phone(value, region or default_country)
                for value, region in zip(values.to_pylist(), regions, strict=True)
            ],
            pa.string(),
        )
    if kind == "by_identifier_type" and types is not None:
        return pa.array(
            [
                None
                if value is None
                else standardise.identifier((named or "").strip().lower(), value, default_country)
                for value, named in zip(values.to_pylist(), types.to_pylist(), strict=True)
            ],
            pa.string(),
        )
    return _over_distinct(values, lambda value: value.strip() or None)


def _nested(
    engine: duckdb.DuckDBPyConnection, column: pa.Array, path: str, length: int
) -> pa.Array:
    """Return the text at a dotted path within a JSON column."""
    if column.null_count == length:
        return pa.nulls(length, pa.string())
    steps = "$." + ".".join(f'"{step}"' for step in path.split("."))
    engine.register("chunk", pa.table({"value": column}))
    table = arrow(
        engine,
        "select nullif(json_extract_string(value, $path), '') as value from chunk",
        {"path": steps},
    )
    return table.column("value").combine_chunks()


def add_standards(
    columns: dict[str, pa.Array],
    standards: Sequence[Standard],
    engine: duckdb.DuckDBPyConnection,
    length: int,
    default_country: str | None,
) -> None:
    """Add the standardised columns of a stream to ``columns``."""
    absent = pa.nulls(length, pa.string())

    def column(name: str) -> pa.Array:
        plain, _, path = name.partition(".")
        values = columns.get(plain, absent)
        return _nested(engine, values, path, length) if path else values

    for wanted in standards:
        values = column(f"{wanted.source}.{wanted.path}" if wanted.path else wanted.source)
        columns[wanted.column] = standard_values(
            wanted.kind,
            values,
            countries=[column(name) for name in wanted.country],
            types=columns.get(wanted.type_column, absent) if wanted.type_column else None,
            default_country=default_country,
        )


_CANONICAL_STANDARDS = {
    "email": "email",
    "phone": "phone",
    "first_name": "first_name",
    "last_name": "last_name",
    "country": "country",
}


def map_batch(
    raw_columns: dict[str, pa.Array],
    mapping: Mapping,
    ids: pa.Array,
    engine: duckdb.DuckDBPyConnection,
    default_country: str | None,
) -> tuple[dict[str, pa.Array], dict[int, str]]:
    """Return the canonical columns, ``identifiers`` and the ``original__`` columns, as text.

    Beside them, by place, why a row cannot stay: it lacks what the entity needs.
    """
    length = len(ids)
    absent = pa.nulls(length, pa.string())
    raw = {
        **dict.fromkeys(mapping.missing, absent),
        **raw_columns,
    }
    engine.register("chunk", pa.table({**raw, "row_number": pa.array(range(length), pa.int64())}))
    wanted = CANONICAL_COLUMNS[mapping.entity]
    selected = ", ".join(
        f'{expression(column, mapping.origins[column])} as "{column}"'
        if column in mapping.origins
        else f'null::varchar as "{column}"'
        for column in wanted
    )
    engine.execute(
        f"create or replace temp table canonical as select row_number, {selected} from chunk"
    )
    mapped = arrow(engine, "select * from canonical order by row_number")
    columns = {column: mapped.column(column).combine_chunks() for column in wanted}

    reasons: dict[int, str] = {}
    cases = problems(mapping)
    if cases:
        listed = " ".join(f"when {condition} then '{reason}'" for condition, reason in cases)
        reasons = dict(
            engine.execute(
                f"select row_number, case {listed} end as reason "
                "from canonical inner join chunk using (row_number) where reason is not null"
            ).fetchall()
        )

    countries = [columns["country"]] if "country" in columns else []
    for column, kind in _CANONICAL_STANDARDS.items():
        if column in columns and mapping.entity == "people":
            columns[column] = standard_values(
                kind,
                columns[column],
                countries=countries if kind == "phone" else (),
                default_country=default_country,
            )
    identifiers = _identifiers(raw, mapping, countries, default_country)
    if mapping.entity == "consents":
        _consent_address(columns, identifiers, default_country)
    if "id" in columns:
        columns["id"] = pc.coalesce(columns["id"], ids)
    columns["identifiers"] = _identifier_json(identifiers, engine, length)
    for name, values in raw.items():
        columns[shorten(f"original__{name}")] = values
    return columns, reasons


def _identifiers(
    raw: dict[str, pa.Array],
    mapping: Mapping,
    countries: Sequence[pa.Array],
    default_country: str | None,
) -> dict[str, pa.Array]:
    """Return standardised values by type; of two columns of a type the first filled one wins."""
    found: dict[str, pa.Array] = {}
    for column, kind in mapping.identifiers:
        values = standard_values(
            kind, raw[column], countries=countries, default_country=default_country
        )
        found[kind] = pc.coalesce(found[kind], values) if kind in found else values
    return found


def _consent_address(
    columns: dict[str, pa.Array], identifiers: dict[str, pa.Array], default_country: str | None
) -> None:
    """Fill a consent's address: from its own columns, else from the first identifier present."""
    columns["identifier_value"] = standard_values(
        "by_identifier_type",
        columns["identifier_value"],
        types=columns["identifier_type"],
        default_country=default_country,
    )
    for kind, values in identifiers.items():
        lacking = pc.and_(pc.is_null(columns["identifier_value"]), pc.is_valid(values))
        columns["identifier_type"] = pc.if_else(
            lacking, pa.scalar(kind, pa.string()), columns["identifier_type"]
        )
        columns["identifier_value"] = pc.if_else(lacking, values, columns["identifier_value"])


def _identifier_json(
    identifiers: dict[str, pa.Array], engine: duckdb.DuckDBPyConnection, length: int
) -> pa.Array:
    """Return ``{"email": "...", ...}`` for each row, without absent ones."""
    if not identifiers:
        return pa.array(["{}"] * length, pa.string())
    names = [f"c{index}" for index in range(len(identifiers))]
    engine.register("chunk", pa.table(list(identifiers.values()), names=names))
    pairs = ", ".join(
        "{'k': '" + kind.replace("'", "''") + f"', 'v': {name}}}"
        for kind, name in zip(identifiers, names, strict=True)
    )
    table = arrow(
        engine,
        "select to_json(map_from_entries("
        f"list_filter([{pairs}], lambda pair: pair.v is not null)))::varchar as value from chunk",
    )
    return table.column("value").combine_chunks()


def raw_table(
    columns: dict[str, pa.Array],
    lines: NDArray[np.int64],
    ids: pa.Array,
    *,
    files: pa.Array,
    loaded_at: datetime,
) -> pa.Table:
    """Return a raw table's rows: data columns, then where each row is from and when it came."""
    data: dict[str, Any] = dict(columns)
    data["_file"] = files
    data["_line"] = pa.array(lines, pa.int64())
    data["_row_id"] = ids
    data["_loaded_at"] = pa.array(np.full(len(lines), np.datetime64(loaded_at, "us")))
    return pa.table(data)
