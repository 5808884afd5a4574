"""``syncs.yml``: which model goes to which destination, and how."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

if TYPE_CHECKING:
    from sojourn.settings import Settings

Mode = Literal["mirror", "upsert", "send"]
Rejected = Literal["retry_on_change", "retry_always"]

_NAME = r"^[a-z][a-z0-9_]*$"
_RELATION = r"^([a-z_][a-z0-9_]*\.)?[a-z_][a-z0-9_]*$"


class SyncConfigError(ValueError):
    """``syncs.yml`` cannot be used as it is; the message says what to change."""


class Sync(BaseModel):
    """One entry of ``syncs.yml``.

    Attributes:
        name: what the sync is called in the audit tables; renaming it starts it afresh.
        destination: a name from ``sojourn.activation.destinations.DESTINATIONS``.
        model: a model in ``models/activation/``, or ``schema.table`` for one elsewhere. Its
            columns are the payload: only they leave.
        key: the model's column that identifies a row at the destination, unique and not null.
        mode: ``mirror`` adds, changes and removes the rows that this sync itself wrote;
            ``upsert`` adds and changes; ``send`` sends each key once and never again.
        columns: the payload's columns, when not all of the model's.
        suppressions: a model with the key and a ``reason``: rows that must not leave. They are
            logged, and never sent, even if the model has them.
        batch_size: rows in a request.
        rejected: ``retry_on_change`` sends a rejected row again once its content has changed,
            ``retry_always`` in each run. A rejected removal is always tried again.
        max_failed_batches: so many batches in a row without an answer stop the run; the rest is
            held for the next one.
        options: what the destination itself can be told; see its documentation.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=_NAME, max_length=63)
    destination: str = Field(pattern=_NAME)
    model: str = Field(pattern=_RELATION)
    key: str = "row_key"
    mode: Mode = "mirror"
    columns: tuple[str, ...] | None = None
    suppressions: str | None = Field(default=None, pattern=_RELATION)
    batch_size: int = Field(default=500, ge=1, le=100_000)
    rejected: Rejected = "retry_on_change"
    max_failed_batches: int = Field(default=3, ge=1)
    options: dict[str, Any] = Field(default_factory=dict)

    @field_validator("columns")
    @classmethod
    def _some_columns(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value is not None and len(set(value)) != len(value):
            raise ValueError("names a column twice; list each once")
        if value == ():
            raise ValueError("is empty; leave it out to send all columns")
        return value

    def relation(self, settings: Settings, name: str) -> tuple[str, str]:
        """Return schema and table of a model that this sync names."""
        schema, _, table = name.rpartition(".")
        return settings.schema_prefix + (schema or "activation"), table


class _SyncsFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    syncs: list[Sync]

    @model_validator(mode="after")
    def _unique_names(self) -> _SyncsFile:
        names = [sync.name for sync in self.syncs]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(
                f"the name {repeated[0]!r} occurs twice; a sync's name is its memory: "
                "give each its own"
            )
        return self


_HINTS = {
    "extra_forbidden": "is not known here; remove it or correct its spelling",
    "missing": "is missing; add it",
    "string_pattern_mismatch": (
        "must be lower-case letters, digits and underscores, and start with a letter"
    ),
}


def _explain(path: Path, content: Any, error: ValidationError) -> str:
    """Return pydantic's findings as sentences that name the sync and the field."""
    lines = []
    for finding in error.errors():
        location = list(finding["loc"])
        where = []
        if location[:1] == ["syncs"] and len(location) > 1 and isinstance(location[1], int):
            entry = content["syncs"][location[1]]
            name = entry.get("name") if isinstance(entry, dict) else None
            where.append(f"sync {name!r}" if name else f"sync number {location[1] + 1}")
            location = location[2:]
        where += [str(part) for part in location]
        message = _HINTS.get(finding["type"], finding["msg"].removeprefix("Value error, "))
        lines.append(f"{path.name}: {': '.join(where)}: {message}." if where else message)
    return "\n".join(lines)


def load_syncs(settings: Settings, names: Sequence[str] | None = None) -> list[Sync]:
    """Return the syncs of ``syncs.yml`` (setting ``syncs``), or those of them that are named.

    Raises:
        SyncConfigError: when the file is missing or wrong, or a name is not in it.
    """
    import yaml

    path = settings.path(settings.syncs)
    if not path.is_file():
        raise SyncConfigError(
            f"There is no {path.name} where SOJOURN_SYNCS points. "
            "Create it with a list `syncs:`, or set SOJOURN_SYNCS to its path."
        )
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise SyncConfigError(f"{path.name} is not valid YAML: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("syncs"), list):
        raise SyncConfigError(f"{path.name} must hold a list `syncs:` (it may be empty: `[]`).")
    try:
        syncs = _SyncsFile.model_validate(content).syncs
    except ValidationError as error:
        raise SyncConfigError(_explain(path, content, error)) from None
    if names is None:
        return syncs
    by_name = {sync.name: sync for sync in syncs}
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise SyncConfigError(
            f"{path.name} has no sync {unknown[0]!r}; "
            f"it has: {', '.join(sorted(by_name)) or 'none'}."
        )
    return [by_name[name] for name in dict.fromkeys(names)]
