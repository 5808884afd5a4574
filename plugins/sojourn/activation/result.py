"""What an activation says about itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Status = Literal["succeeded", "partial", "failed", "not_configured", "preview"]


class ActivationError(RuntimeError):
    """Activation cannot start or did not succeed; the message says what to do."""


@dataclass(frozen=True)
class SyncResult:
    """One sync's run, in rows. ``planned`` is the sum of its five outcomes.

    Attributes:
        status: ``succeeded``: all planned rows were acknowledged. ``partial``: some were.
            ``failed``: none, or the sync could not run. ``not_configured``: no address is set,
            and nothing was recorded. ``preview``: a dry run.
        operations: planned rows by operation (add, change, remove, send).
        unchanged: rows that the destination already has as they are.
        still_rejected: rows that it rejected earlier and that have not changed since.
        suppressed: rows of the suppression model, that is, not allowed to leave.
        samples: a dry run's examples: operation to row keys.
        message: for people; without personal data.
    """

    sync: str
    status: Status
    run_id: str | None = None
    planned: int = 0
    acknowledged: int = 0
    rejected: int = 0
    failed: int = 0
    unknown: int = 0
    held: int = 0
    unchanged: int = 0
    still_rejected: int = 0
    suppressed: int = 0
    operations: dict[str, int] = field(default_factory=dict)
    samples: dict[str, list[str]] = field(default_factory=dict)
    message: str = ""

    @property
    def adds_up(self) -> bool:
        """Tell whether each planned row has exactly one outcome (in a preview none has)."""
        return self.status == "preview" or self.planned == (
            self.acknowledged + self.rejected + self.failed + self.unknown + self.held
        )

    def summary(self) -> str:
        """Return a line for people; of a preview, also examples of keys."""
        if self.run_id is None and self.status != "preview":
            return f"{self.sync}: {self.message}"
        counts = {
            **self.operations,
            "acknowledged": self.acknowledged,
            "rejected": self.rejected,
            "failed": self.failed,
            "unknown": self.unknown,
            "held": self.held,
            "unchanged": self.unchanged,
            "still rejected": self.still_rejected,
            "suppressed": self.suppressed,
        }
        parts = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
        line = f"{self.sync}: {self.planned:,} planned" + (f" ({parts})" if parts else "")
        if self.message:
            line += f". {self.message}"
        for operation, keys in self.samples.items():
            line += f"\n  {operation}: {', '.join(keys)}"
            line += ", ..." if self.operations[operation] > len(keys) else ""
        return line


@dataclass(frozen=True)
class ActivationResult:
    """All syncs of one activation, in the order in which they ran."""

    as_of: datetime
    syncs: tuple[SyncResult, ...]
    dry_run: bool = False

    def __getitem__(self, name: str) -> SyncResult:
        """Return one sync's result by name."""
        for result in self.syncs:
            if result.sync == name:
                return result
        raise KeyError(name)

    def summary(self) -> str:
        """Return a line for each sync, for people."""
        return "\n".join(result.summary() for result in self.syncs) or "There are no syncs."

    def raise_for_status(self) -> ActivationResult:
        """Return itself, or raise ``ActivationError`` when a sync failed altogether."""
        failed = [result for result in self.syncs if result.status == "failed"]
        if failed:
            raise ActivationError(
                "\n".join(f"Sync {result.sync!r} failed: {result.message}" for result in failed)
            )
        return self
