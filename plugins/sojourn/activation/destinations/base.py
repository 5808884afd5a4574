"""What the engine asks of a destination."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

from sojourn.activation.config import SyncConfigError

if TYPE_CHECKING:
    from sojourn.activation.config import Sync

Capability = Literal["upsert", "remove", "send"]
OutcomeStatus = Literal["acknowledged", "rejected", "failed", "unknown"]

_NEEDS: dict[str, tuple[Capability, ...]] = {
    "mirror": ("upsert", "remove"),
    "upsert": ("upsert",),
    "send": ("send",),
}
_VERBS: dict[Capability, str] = {
    "upsert": "add or change rows",
    "remove": "remove rows",
    "send": "take rows that are sent once",
}


class DestinationNotConfigured(RuntimeError):
    """The destination's address or secret is not set; the message says which and where."""


@dataclass(frozen=True)
class Operation:
    """One row's operation.

    Attributes:
        key: the row's key at the destination.
        kind: ``upsert``, ``remove`` or ``send``.
        operation_id: the same whenever this very operation is tried again.
        version: grows with each new operation on a row; an older one must not undo a newer.
        fields: the payload by column name, plain Python values; empty for ``remove``.
    """

    key: str
    kind: Capability
    operation_id: str
    version: int
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Batch:
    """Rows for one request. A batch that is sent again has the same ``request_id`` and rows."""

    sync: str
    request_id: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True)
class RowOutcome:
    """What became of one row.

    ``reason`` must be free of personal data: it is written to the log.
    """

    status: OutcomeStatus
    reason: str | None = None
    external_id: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a batch.

    Attributes:
        default: the outcome of every row that ``rows`` does not name. ``acknowledged``: the
            destination has it. ``rejected``: it will not take this content. ``failed``: it said
            no for now, or was not reached. ``unknown``: it may or may not have it.
        rows: outcomes of single rows, by key.
        next_attempt_at: before this time (UTC, naive) the destination wants no more requests.
        stop: sending the next batch now has no chance, so the rest is held.
    """

    default: RowOutcome
    rows: Mapping[str, RowOutcome] = field(default_factory=dict)
    next_attempt_at: datetime | None = None
    stop: bool = False

    def of(self, key: str) -> RowOutcome:
        """Return the outcome of one row."""
        return self.rows.get(key, self.default)


class Destination(Protocol):
    """Somewhere that rows can be sent.

    ``send`` reports what happened as an ``Outcome`` and does its own short retries; an exception
    from it counts as ``unknown`` for the batch and stops the run.
    """

    name: str
    capabilities: frozenset[Capability]

    def send(self, batch: Batch) -> Outcome:
        """Send one batch and return what became of it."""

    def close(self) -> None:
        """Release connections."""


def require_capabilities(destination: Destination, sync: Sync) -> None:
    """Check that a destination can do what the sync's mode asks.

    Raises:
        SyncConfigError: names what it cannot do, and the modes that it can.
    """
    for capability in _NEEDS[sync.mode]:
        if capability not in destination.capabilities:
            possible = [
                mode for mode, needs in _NEEDS.items() if destination.capabilities.issuperset(needs)
            ]
            raise SyncConfigError(
                f"Sync {sync.name!r}: destination {destination.name!r} cannot "
                f"{_VERBS[capability]}; use mode: {' or '.join(possible)}."
            )
