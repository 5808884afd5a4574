"""`sources.yml`: which sources there are. Light enough for a DAG file to import."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from sojourn.sources.entities import CANONICAL_COLUMNS, ENTITIES, REQUIRED_COLUMNS

if TYPE_CHECKING:
    from sojourn.settings import Settings

Entity = Literal["people", "events", "touchpoints", "orders", "spend", "consents", "deliveries"]
FileFormat = Literal["csv", "tsv", "jsonl", "parquet", "fixed_width"]

NAMED_CONNECTORS: tuple[str, ...] = (
    *("segment", "snowplow", "salesforce", "hubspot", "shopify", "pos", "calls"),
    *("google_ads", "meta_ads", "ad_server", "consents"),
)
GENERIC_CONNECTORS: tuple[str, ...] = ("file", "table")


_FILE_OPTIONS = frozenset(
    (
        *("format", "default_country", "encoding", "delimiter", "header", "skip_lines"),
        *("column_names", "widths", "positions"),
    )
)


class SourcesError(ValueError):
    """`sources.yml` cannot be used; the message says how to mend it."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Mapped(_Strict):
    """Where a canonical column's value comes from: a source column, or a constant.

    Attributes:
        from_: the source column.
        format: strptime format of a time, or ``epoch_s``, ``epoch_ms``; ISO 8601 without it.
        timezone: zone of times without offset (IANA name); UTC without it.
        decimal: the decimal sign of an amount: ``.`` or ``,``.
        value: a constant, instead of ``from``.
    """

    from_: str | None = Field(default=None, alias="from")
    format: str | None = None
    timezone: str | None = None
    decimal: Literal[".", ","] = "."
    value: str | int | float | bool | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.from_ is None) == (self.value is None):
            raise ValueError("say either `from: <source column>` or `value: <constant>`")
        if self.timezone is not None:
            from zoneinfo import ZoneInfo

            try:
                ZoneInfo(self.timezone)
            except (KeyError, ValueError, OSError) as error:
                raise ValueError(
                    f"unknown time zone {self.timezone!r}: use an IANA name such as Europe/Berlin"
                ) from error
        return self


class Source(_Strict):
    """One entry of `sources.yml`."""

    name: str
    connector: str
    path: str | None = None
    relation: str | None = None
    entity: Entity | None = None
    format: FileFormat | None = None
    identifiers: dict[str, str] = Field(default_factory=dict)
    columns: dict[str, str | Mapped] = Field(default_factory=dict)
    default_country: str | None = None
    encoding: str = "utf-8"
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    header: bool = True
    skip_lines: int = Field(default=0, ge=0)
    column_names: tuple[str, ...] = ()
    widths: dict[str, int] = Field(default_factory=dict)
    positions: dict[str, tuple[int, int]] = Field(default_factory=dict)
    loaded_at: str | None = None

    @field_validator("name")
    @classmethod
    def _name_is_plain(cls, value: str) -> str:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", value):
            raise ValueError(
                f"{value!r} names a schema: use lower-case letters, digits and underscores, "
                "a letter first, at most 40 characters"
            )
        if value in ("gate", "registry"):
            raise ValueError(f"{value!r} is a name that Sojourn uses itself: choose another")
        return value

    @field_validator("default_country")
    @classmethod
    def _country_is_a_code(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[A-Z]{2}", value):
            raise ValueError("use an ISO alpha-2 country code such as DE")
        return value

    @field_validator("encoding")
    @classmethod
    def _encoding_is_known(cls, value: str) -> str:
        import codecs

        try:
            return codecs.lookup(value).name
        except LookupError:
            raise ValueError(f"unknown encoding {value!r}: use utf-8, utf-16, cp1252 ...") from None

    @model_validator(mode="after")
    def _fits_its_connector(self) -> Self:
        known = (*NAMED_CONNECTORS, *GENERIC_CONNECTORS)
        if self.connector not in known:
            raise ValueError(f"unknown connector {self.connector!r}: use one of {', '.join(known)}")
        if self.connector in NAMED_CONNECTORS:
            self._check_named()
        else:
            self._check_generic()
        return self

    def _check_named(self) -> None:
        generic_only = sorted(
            self.model_fields_set - {"name", "connector", "path", "default_country", "encoding"}
        )
        if generic_only:
            raise ValueError(
                f"connector {self.connector!r} knows its format: remove {', '.join(generic_only)}, "
                "or use `connector: file`"
            )
        if self.name != self.connector:
            raise ValueError(
                f"a source with the connector {self.connector!r} is named {self.connector!r} too, "
                "since its staging models read the raw tables of that name"
            )

    def _check_generic(self) -> None:
        if self.entity is None:
            raise ValueError(
                f"connector {self.connector!r} needs `entity:`, one of {', '.join(ENTITIES)}"
            )
        if self.connector == "file":
            if self.path is None:
                raise ValueError("connector 'file' needs `path:`, such as exports/orders_*.csv")
            if self.relation is not None:
                raise ValueError("`relation:` belongs to connector 'table': use `path:`")
            if self.loaded_at is not None:
                raise ValueError("`loaded_at:` belongs to connector 'table': remove it")
            self._check_fixed_width()
        else:
            if self.relation is None or len(self.relation.split(".")) != 2:
                raise ValueError("connector 'table' needs `relation: <schema>.<table or view>`")
            if self.path is not None:
                raise ValueError("`path:` belongs to connector 'file': use `relation:`")
            of_files = sorted(self.model_fields_set & _FILE_OPTIONS)
            if of_files:
                raise ValueError(
                    f"{', '.join(of_files)}: connector 'table' reads the relation as it is; remove "
                    "this, and put what it was for into a view of your own"
                )
        self._check_mapping(self.entity)

    def _check_fixed_width(self) -> None:
        has_layout = bool(self.widths) or bool(self.positions)
        if self.file_format == "fixed_width":
            if bool(self.widths) == bool(self.positions):
                raise ValueError(
                    "format fixed_width needs `widths: {column: characters}` in order, "
                    "or `positions: {column: [first, last]}`, counted from 1"
                )
            for column, (first, last) in self.positions.items():
                if first < 1 or last < first:
                    raise ValueError(
                        f"positions of {column!r}: [first, last] count from 1, first <= last"
                    )
            if any(width < 1 for width in self.widths.values()):
                raise ValueError("each width is at least 1")
        elif has_layout:
            raise ValueError("`widths` and `positions` need `format: fixed_width`")
        if not self.header and not self.column_names and self.file_format in ("csv", "tsv"):
            raise ValueError("`header: false` needs `column_names: [...]`")

    def _check_mapping(self, entity: str) -> None:
        canonical = CANONICAL_COLUMNS[entity]
        for key, value in self.columns.items():
            if isinstance(value, Mapped):
                if key not in canonical:
                    raise ValueError(
                        f"columns: {key!r} is no column of {entity}; "
                        f"those are {', '.join(canonical)}"
                    )
            elif key not in canonical and value not in canonical:
                raise ValueError(
                    f"columns: neither {key!r} nor {value!r} is a column of {entity}; "
                    f"those are {', '.join(canonical)}"
                )

    @property
    def raw_schema(self) -> str:
        """The schema that holds the source's raw tables."""
        return f"raw_{self.name}"

    @property
    def file_format(self) -> FileFormat:
        """The format said, or the one that the path's ending tells, CSV failing both."""
        if self.format is not None:
            return self.format
        path = (self.path or "").lower().removesuffix(".gz")
        endings: tuple[tuple[str, FileFormat], ...] = (
            *((".jsonl", "jsonl"), (".ndjson", "jsonl"), (".json", "jsonl")),
            *((".parquet", "parquet"), (".tsv", "tsv")),
        )
        return next((form for ending, form in endings if path.endswith(ending)), "csv")


class Sources(_Strict):
    """The whole of `sources.yml`, and the folder that relative paths start from."""

    root: Path
    sources: tuple[Source, ...]

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [source.name for source in self.sources]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two sources are called {', '.join(twice)}: names must differ")
        return self

    def select(self, names: object = None) -> tuple[Source, ...]:
        """Return the sources of these names, or all.

        Raises:
            SourcesError: for a name that `sources.yml` does not list.
        """
        if names is None:
            return self.sources
        wanted = list(names)  # type: ignore[call-overload]
        known = {source.name: source for source in self.sources}
        unknown = [name for name in wanted if name not in known]
        if unknown:
            raise SourcesError(
                f"No source {', '.join(map(repr, unknown))}; known are {', '.join(known)}."
            )
        return tuple(known[name] for name in wanted)


def _complaints(error: ValidationError, entries: list[Any]) -> str:
    """Return pydantic's findings as lines that name the source, without repeating values."""
    lines = []
    for found in error.errors(include_url=False, include_input=False):
        where = list(found["loc"])
        label = "sources.yml"
        if len(where) >= 2 and where[0] == "sources" and isinstance(where[1], int):
            entry = entries[where[1]]
            name = entry.get("name") if isinstance(entry, dict) else None
            label = f"source {name!r}" if name else f"source number {where[1] + 1}"
            where = where[2:]
        field = ".".join(str(part) for part in where if part not in ("str", "Mapped"))
        message = found["msg"].removeprefix("Value error, ")
        lines.append(f"{label}: {field + ': ' if field else ''}{message}")
    return "\n".join(dict.fromkeys(lines))


def read_sources(settings: Settings) -> Sources:
    """Read and check the file that the setting ``sources`` names.

    Raises:
        SourcesError: the file is absent or wrong; the message says what to change.
    """
    path = settings.path(settings.sources)
    if not path.is_file():
        raise SourcesError(
            f"No file {settings.sources}: write one (docs/sources.md shows how), "
            "or set SOJOURN_SOURCES."
        )
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        raise SourcesError(f"{settings.sources} is not valid YAML{where}.") from None
    if not isinstance(content, dict) or not isinstance(content.get("sources"), list):
        raise SourcesError(f"{settings.sources} must hold `sources:` with a list below it.")
    if settings.exports is not None:
        root = settings.path(settings.exports)
    else:
        root = path.parent / str(content.get("root", "."))
    try:
        return Sources.model_validate({**content, "root": root.resolve()})
    except ValidationError as error:
        raise SourcesError(_complaints(error, content["sources"])) from None


__all__ = [
    "CANONICAL_COLUMNS",
    "GENERIC_CONNECTORS",
    "NAMED_CONNECTORS",
    "REQUIRED_COLUMNS",
    "Mapped",
    "Source",
    "Sources",
    "SourcesError",
    "read_sources",
]
