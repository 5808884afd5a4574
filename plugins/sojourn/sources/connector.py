"""What a named connector declares: its streams, their files and columns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Format = Literal["csv", "tsv", "jsonl", "parquet", "fixed_width"]
StandardKind = Literal["email", "phone", "first_name", "last_name", "country", "by_identifier_type"]

_SUFFIXES: dict[str, str] = {
    "csv": "csv",
    "tsv": "tsv",
    "jsonl": "jsonl",
    "parquet": "parquet",
    "fixed_width": "txt",
}


@dataclass(frozen=True)
class Standard:
    """A standardised value beside an original.

    Attributes:
        column: the new column, ``<column>__standard``.
        kind: how the value is standardised.
        source: the raw column that holds the value; with ``path``, the JSON column around it.
        path: dotted path of the value within a JSON column.
        country: raw columns (or ``column.path``) that may name the country of a phone number,
            best first.
        type_column: for ``by_identifier_type``, the column that says email or phone.
    """

    column: str
    kind: StandardKind
    source: str
    path: str | None = None
    country: tuple[str, ...] = ()
    type_column: str | None = None


@dataclass(frozen=True)
class Stream:
    """One table of a connector and the files that fill it.

    Attributes:
        table: name of the raw table.
        stem: file names begin with it: ``orders`` matches ``orders_2026-01-05.csv.gz``.
        format: how the files are written; compression is recognised by content.
        columns: the original column names, in order, as the vendor documents them.
        required: raw columns without which a row means nothing (the gate's critical columns).
        native_key: raw columns that identify a record at the vendor.
        json_columns: raw columns that hold nested data, kept as JSON text.
        standards: standardised values beside the originals.
        optional: raw columns that some exports have: neither their coming nor going is drift.
    """

    table: str
    stem: str
    format: Format
    columns: tuple[str, ...]
    required: tuple[str, ...] = ()
    native_key: tuple[str, ...] = ()
    json_columns: tuple[str, ...] = ()
    standards: tuple[Standard, ...] = ()
    optional: tuple[str, ...] = ()

    def matches(self, file_name: str) -> bool:
        """Tell whether a file of this name belongs to the stream."""
        suffix = _SUFFIXES[self.format]
        pattern = rf"{re.escape(self.stem)}([_\-.].*)?\.{suffix}(\.gz)?"
        return re.fullmatch(pattern, file_name) is not None


@dataclass(frozen=True)
class Connector:
    """A vendor's export: a folder whose files fall into streams."""

    name: str
    streams: tuple[Stream, ...]


def standard(column: str, kind: StandardKind, *, country: tuple[str, ...] = ()) -> Standard:
    """Return the common case: ``<column>__standard`` from the raw column itself."""
    return Standard(f"{column}__standard", kind, column, country=country)
