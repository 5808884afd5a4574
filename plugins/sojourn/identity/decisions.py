"""A steward's decisions about identity: read from and written to ``seeds/steward_decisions.csv``.

A decision stays in the file; to take it back is to say when it ended. Other lines keep their bytes.
"""

from __future__ import annotations

import csv
import fcntl
import hashlib
import io
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sojourn.identity.identifier import Identifier
from sojourn.project import package_dir, seed_file
from sojourn.settings import Settings

Action = Literal["link", "never_link", "detach"]

COLUMNS = (
    "rule_id", "action", "left_type", "left_value", "right_type", "right_value", "author", "reason",
    "recorded_at", "revoked_at",
)  # fmt: skip


class DecisionError(ValueError):
    """A decision cannot be taken; the message says how to mend it."""


@dataclass(frozen=True)
class Decision:
    """A line of the file. ``right`` is None for ``detach``; times are UTC, as they stand there."""

    rule_id: str
    action: str
    left: Identifier
    right: Identifier | None
    author: str
    reason: str
    recorded_at: str
    revoked_at: str = ""

    @property
    def is_in_force(self) -> bool:
        """Whether nobody has revoked it."""
        return not self.revoked_at

    @property
    def identifiers(self) -> tuple[Identifier, ...]:
        """The identifiers that it is about."""
        return (self.left,) if self.right is None else (self.left, self.right)

    def is_about(self, *identifiers: Identifier | None) -> bool:
        """Whether it is about just these, in either order."""
        return set(self.identifiers) == {one for one in identifiers if one is not None}

    def values(self) -> dict[str, str]:
        """Return the columns of its line."""
        return {
            "rule_id": self.rule_id,
            "action": self.action,
            "left_type": self.left.type,
            "left_value": self.left.value,
            "right_type": self.right.type if self.right else "",
            "right_value": self.right.value if self.right else "",
            "author": self.author,
            "reason": self.reason,
            "recorded_at": self.recorded_at,
            "revoked_at": self.revoked_at,
        }


def new_decision(
    action: Action,
    left: Identifier,
    right: Identifier | None,
    *,
    author: str,
    reason: str,
    at: datetime,
) -> Decision:
    """Return a decision with an id made of what it says and when.

    Raises:
        DecisionError: it names one identifier twice, or lacks an author or a reason.
    """
    author, reason = _one_line(author), _one_line(reason)
    if not author or not reason:
        raise DecisionError("A decision says who took it and why: give --author and --reason.")
    if left == right:
        raise DecisionError("Both identifiers are the same: name two.")
    recorded_at = at.isoformat(sep=" ", timespec="seconds")
    parts = "\n".join([action, str(left), str(right), recorded_at])
    rule_id = "s" + hashlib.sha256(parts.encode()).hexdigest()[:11]
    return Decision(rule_id, action, left, right, author, reason, recorded_at)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def check_decision(decision: Decision, others: Sequence[Decision], types: Sequence[str]) -> None:
    """Check a new decision against those that are there and the types that the rules know.

    Raises:
        DecisionError: a type is unknown, or it repeats or contradicts one that is in force.
    """
    for identifier in decision.identifiers:
        if identifier.type not in types:
            raise DecisionError(
                f"The type {identifier.type} is unknown: use one of {', '.join(types)}, "
                "or add a line for it to the seed identifier_types."
            )
    for other in others:
        if not (other.is_in_force and other.is_about(*decision.identifiers)):
            continue
        if other.action == decision.action:
            raise DecisionError(f"{other.rule_id} says so already, and is in force.")
        if {other.action, decision.action} == {"link", "never_link"}:
            raise DecisionError(
                f"{other.rule_id} says the opposite ({other.action.replace('_', '-')}). Revoke it "
                f"first: sojourn identity revoke {other.rule_id} --author ... --reason ..."
            )


class DecisionFile:
    """The seed's file. Changes are made under a lock and put in place in one step.

    A project with Sojourn as a package writes to a file of its own, never to the package's.
    """

    def __init__(self, settings: Settings) -> None:
        self.path = seed_file(settings, "steward_decisions")
        package = package_dir(settings)
        self._is_packaged = package is not None and self.path.is_relative_to(package)
        if not self.path.is_file():
            raise FileNotFoundError(
                "There is no seeds/steward_decisions.csv in this project: create it with the "
                f"header {','.join(COLUMNS)}."
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Wait for others that write, and keep them out meanwhile. The lock is the folder's.

        Raises:
            DecisionError: the file is that of a package, which `dbt deps` replaces.
        """
        if self._is_packaged:
            raise DecisionError(
                "This project has no seeds/steward_decisions.csv of its own: copy "
                f"{self.path}, and from {self.path.with_name('_identity__seeds.yml')} the entry "
                "`steward_decisions`, which has the columns' types."
            )
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def read(self) -> list[Decision]:
        """Return the decisions in the order of the file.

        Raises:
            DecisionError: the header lacks a column.
        """
        return [decision for decision, _, _ in self._parsed(self._text())]

    def _text(self) -> str:
        return self.path.read_bytes().decode("utf-8")

    def _parsed(self, text: str) -> list[tuple[Decision, int, int]]:
        """Return each decision with the lines that it takes: the first, and the one after it."""
        lines = list(io.StringIO(text, newline=""))
        reader = csv.reader(lines)
        header = [name.strip().lstrip("\ufeff") for name in next(reader, [])]
        missing = [name for name in COLUMNS if name not in header]
        if missing:
            raise DecisionError(
                f"seeds/steward_decisions.csv lacks the column {', '.join(missing)}: its header is "
                f"{','.join(COLUMNS)}."
            )
        found = []
        start = reader.line_num
        for values in reader:
            if values:
                if len(values) != len(header):
                    raise DecisionError(
                        f"Line {start + 1} of seeds/steward_decisions.csv has {len(values)} values "
                        f"and the header {len(header)}: quote values that hold a comma."
                    )
                row = dict(zip(header, values, strict=True))
                right = Identifier(row["right_type"], row["right_value"])
                decision = Decision(
                    rule_id=row["rule_id"],
                    action=row["action"],
                    left=Identifier(row["left_type"], row["left_value"]),
                    right=right if right.type and right.value else None,
                    author=row["author"],
                    reason=row["reason"],
                    recorded_at=row["recorded_at"],
                    revoked_at=row["revoked_at"],
                )
                found.append((decision, start, reader.line_num))
            start = reader.line_num
        return found

    def _line(self, decision: Decision, text: str, former: str | None = None) -> str:
        """Return a decision as the file has its lines; columns of the user's own stay."""
        header = [name.strip().lstrip("\ufeff") for name in next(csv.reader([text.split("\n")[0]]))]
        row = dict.fromkeys(header, "")
        if former is not None:
            row |= dict(zip(header, next(csv.reader([former])), strict=True))
        line = io.StringIO()
        ending = "\r\n" if "\r\n" in text else "\n"
        writer = csv.writer(line, lineterminator=ending)
        writer.writerow({**row, **decision.values()}[name] for name in header)
        return line.getvalue()

    def add(self, decision: Decision, types: Sequence[str]) -> None:
        """Append a decision.

        Raises:
            DecisionError: see `check_decision`; or its id is there already.
        """
        with self.locked():
            text = self._text()
            others = [other for other, _, _ in self._parsed(text)]
            check_decision(decision, others, types)
            if any(other.rule_id == decision.rule_id for other in others):
                raise DecisionError(f"{decision.rule_id} is there already: wait a second.")
            if not text.endswith("\n"):
                text += "\n"
            self._replace(text + self._line(decision, text))

    def revoke(self, revoked: Decision) -> None:
        """Put a revoked decision in the place of the one with its id.

        Raises:
            DecisionError: no decision has the id, or it is revoked already.
        """
        with self.locked():
            text = self._text()
            lines = list(io.StringIO(text, newline=""))
            for decision, start, end in self._parsed(text):
                if decision.rule_id == revoked.rule_id:
                    if not decision.is_in_force:
                        raise DecisionError(
                            f"{decision.rule_id} was revoked at {decision.revoked_at} already."
                        )
                    former = "".join(lines[start:end])
                    lines[start:end] = [self._line(revoked, text, former)]
                    self._replace("".join(lines))
                    return
        raise _unknown(revoked.rule_id)

    def _replace(self, text: str) -> None:
        fresh = self.path.with_name(f".{self.path.name}.new")
        with fresh.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(self.path, fresh)
        fresh.replace(self.path)


def revoked(
    decisions: Sequence[Decision], rule_id: str, *, author: str, reason: str, at: datetime
) -> Decision:
    """Return the decision with this id as it reads once it is revoked.

    Raises:
        DecisionError: no decision has the id, it is revoked already, or nobody says who and why.
    """
    author, reason = _one_line(author), _one_line(reason)
    if not author or not reason:
        raise DecisionError("Say who takes the decision back and why: give --author and --reason.")
    for decision in decisions:
        if decision.rule_id == rule_id:
            if not decision.is_in_force:
                raise DecisionError(f"{rule_id} was revoked at {decision.revoked_at} already.")
            revoked_at = at.isoformat(sep=" ", timespec="seconds")
            if revoked_at < decision.recorded_at:
                raise DecisionError(
                    f"{rule_id} was recorded at {decision.recorded_at}: it cannot end before."
                )
            values = {**decision.__dict__, "revoked_at": revoked_at}
            values["reason"] = f"{decision.reason} [revoked by {author}: {reason}]"
            return Decision(**values)
    raise _unknown(rule_id)


def _unknown(rule_id: str) -> DecisionError:
    return DecisionError(f"No decision is called {rule_id}: see sojourn identity decisions.")


def known_types(settings: Settings) -> list[str]:
    """Return the identifier types that the seed ``identifier_types`` names."""
    with seed_file(settings, "identifier_types").open(encoding="utf-8-sig", newline="") as file:
        return [row["identifier_type"] for row in csv.DictReader(file)]
