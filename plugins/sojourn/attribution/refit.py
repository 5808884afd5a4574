"""Fit attribution anew beside what is in use, report what that would move, and adopt it if asked.

The fit is made by the model `channel_weights`, as every fit is, and compared by `refit_preview`.
Both logs that are written here, `fit_log` and `refit_reports`, are only added to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

import pyarrow as pa

from sojourn.build import run_dbt
from sojourn.project import variables
from sojourn.settings import Settings
from sojourn.warehouse import (
    Row,
    Warehouse,
    open_warehouse,
    relation_name,
    reporting_currency,
)

CANDIDATE = "SOJOURN_FIT_CANDIDATE"
"""The environment variable by which dbt knows a version to fit beside the one in use."""
MODELS = ("channel_weights", "fit_log", "refit_reports", "refit_preview")

_LOCK = "fits of attribution"
_MOST_ROWS = 10
# What is shown as 0.0 %.
_NOTHING = 0.0005
_VERSION = re.compile(r"[A-Za-z0-9_.-]+")
_ACT = "The next build credits by it."


class RefitError(RuntimeError):
    """A fit cannot be proposed or adopted; the message says why, and what to do."""


class NothingFittedError(RefitError):
    """There is too little to learn from yet, or no model that learns."""


class Move(NamedTuple):
    """What the fit in use gives a channel or campaign, and what the candidate would."""

    conversion_type: str
    model: str
    value: str
    conversions: float
    candidate_conversions: float
    revenue: float
    candidate_revenue: float

    @property
    def conversions_moved(self) -> float:
        """What it would gain; below zero, lose."""
        return self.candidate_conversions - self.conversions

    @property
    def revenue_moved(self) -> float:
        """The same in money."""
        return self.candidate_revenue - self.revenue


@dataclass(frozen=True)
class Moves:
    """All that a candidate would move of one conversion type by one model."""

    rows: Sequence[Move]

    @property
    def conversions(self) -> float:
        """Conversions that the model credits to touches: no fit changes how many."""
        return sum(row.conversions for row in self.rows)

    @property
    def conversions_moved(self) -> float:
        """How many of them would go to others."""
        return sum(abs(row.conversions_moved) for row in self.rows) / 2

    @property
    def share(self) -> float:
        """The part of the credit that would go to others, 0 to 1."""
        return self.conversions_moved / self.conversions if self.conversions else 0.0

    def sentence(self, currency: str) -> str:
        """Say it as one would to a marketer."""
        first = self.rows[0]
        moved = sum(abs(row.revenue_moved) for row in self.rows) / 2
        total = sum(row.revenue for row in self.rows)
        text = (
            f"{first.conversion_type} by {first.model}: {self.share:.1%} of the credit would go to "
            f"others, {self.conversions_moved:,.1f} of {self.conversions:,.1f} conversions and "
            f"{moved:,.2f} of {total:,.2f} {currency}".rstrip()
        )
        gains = max(self.rows, key=lambda row: row.conversions_moved)
        loses = min(self.rows, key=lambda row: row.conversions_moved)
        if self.share < _NOTHING:
            return text + "."
        return (
            f"{text}. {gains.value} would gain most ({_signed(gains, currency)}), {loses.value} "
            f"lose most ({_signed(loses, currency)})."
        )


def _signed(row: Move, currency: str) -> str:
    conversions, revenue = row.conversions_moved, row.revenue_moved
    return f"{conversions:+,.1f} conversions, {revenue:+,.2f} {currency}".rstrip()


@dataclass(frozen=True)
class Refit:
    """A fit that was proposed, and what it would move."""

    version: str
    moves: Sequence[Moves]
    currency: str
    is_adopted: bool
    is_new: bool = True

    @property
    def share(self) -> float:
        """The largest part of the credit of a type and model that would go to others."""
        return max((moves.share for moves in self.moves), default=0.0)

    def sentences(self) -> list[str]:
        """Return what each type and model would move, in words."""
        return [moves.sentence(self.currency) for moves in self.moves]

    def summary(self) -> str:
        """Return the report as text."""
        lines = [
            f"Fit {self.version} is a candidate. What it would move:"
            if self.is_new
            else f"Fit {self.version} was proposed before. What it would have moved then:"
        ]
        for moves, sentence in zip(self.moves, self.sentences(), strict=True):
            lines += ["", sentence, *(_shown(moves) if moves.share >= _NOTHING else ())]
        lines.append("")
        if self.is_adopted:
            lines.append(f"It is adopted. {_ACT}")
        else:
            lines.append(
                "Nothing changes by itself. To adopt it: sojourn attribution adopt "
                f"{self.version} --author ... --reason ..."
            )
        return "\n".join(lines)


def _shown(moves: Moves) -> Iterator[str]:
    ranked = sorted(moves.rows, key=lambda row: (-abs(row.conversions_moved), row.value))
    yield f"  {'':<28} {'now':>10} {'then':>10} {'moves':>10} {'revenue':>14}"
    for row in ranked[:_MOST_ROWS]:
        yield (
            f"  {row.value[:28]:<28} {row.conversions:>10,.1f} {row.candidate_conversions:>10,.1f} "
            f"{row.conversions_moved:>+10,.1f} {row.revenue_moved:>+14,.2f}"
        )
    if len(ranked) > _MOST_ROWS:
        rest = sum(abs(row.conversions_moved) for row in ranked[_MOST_ROWS:])
        yield f"  {len(ranked) - _MOST_ROWS} others move by {rest:,.1f} conversions in all."


def refit(
    settings: Settings,
    as_of: datetime,
    *,
    version: str | None = None,
    adopt_below: float | None = None,
) -> Refit:
    """Fit every conversion type anew as a candidate, and keep what it would move as a report.

    What is there already is not made again: a run that was killed is made good by the next one.

    Args:
        settings: where the project and the warehouse are; the models must be built.
        as_of: when this is, UTC without zone; its day names the fit.
        version: another name of the fit.
        adopt_below: adopt it if no type and model would give more than this part of its credit to
            others, and nothing later was proposed or adopted; never, if None.

    Raises:
        NothingFittedError: no type has enough conversions, or no fitted model is in use.
        RefitError: nothing is built yet, or the version is no name for a fit.
    """
    version = version or f"{as_of:%Y-%m-%d}"
    if not _VERSION.fullmatch(version):
        raise RefitError(
            f"A version is made of letters, digits, dots, dashes and underscores, not {version!r}."
        )
    with _built(settings, "credits") as fits, ExitStack() as held:
        if settings.target == "postgres":
            held.enter_context(fits.warehouse.exclusive(_LOCK))
            _fit(settings, version, as_of)
    # Elsewhere one process writes at a time, and that is dbt's now.
    if settings.target != "postgres":
        _fit(settings, version, as_of)
    with _built(settings, "fit_log") as fits, fits.warehouse.exclusive(_LOCK):
        if version not in fits.versions():
            raise NothingFittedError(
                "Nothing was fitted: no conversion type has `attribution_fit.min_conversions` "
                "conversions in the training window yet, or `attribution_models` names no fitted "
                "model."
            )
        is_new = not fits.is_proposed(version)
        with fits.warehouse.transaction():
            moves = fits.report(version, as_of)
            found = Refit(version, moves, fits.currency, fits.adopted() == version, is_new)
            if is_new:
                fits.log(version, "proposed", "sojourn", " ".join(found.sentences()), as_of)
        if found.is_adopted or adopt_below is None or not moves or found.share > adopt_below:
            return found
        if not fits.is_latest(version, as_of):
            return found
        reason = f"At most {found.share:.1%} of the credit moves; {adopt_below:.1%} is allowed."
        fits.log(version, "adopted", "sojourn", reason, as_of)
    return replace(found, is_adopted=True)


def _fit(settings: Settings, version: str, as_of: datetime) -> None:
    run_dbt(
        settings,
        ["run", "--select", *MODELS],
        as_of=as_of,
        quiet=True,
        environment={CANDIDATE: version},
    )


def adopt(settings: Settings, version: str, as_of: datetime, *, author: str, reason: str) -> str:
    """Make a recorded fit the one that the next build credits by; return what that means.

    Raises:
        RefitError: there is no such fit, it is in use, or nobody says who adopts it and why.
    """
    for name, value in {"author": author, "reason": reason}.items():
        if not value.strip():
            raise RefitError(f"Say who adopts a fit, and why: the {name} is empty.")
    with _built(settings, "fit_log") as fits, fits.warehouse.exclusive(_LOCK):
        versions = fits.versions()
        if version not in versions:
            raise RefitError(f"There is no fit {version}; there are: {', '.join(versions)}.")
        if version == fits.adopted():
            raise RefitError(f"The fit {version} is adopted already. {_ACT}")
        fits.log(version, "adopted", author, reason, as_of)
        left = fits.types() - fits.types(version)
    text = f"Fit {version} is adopted. {_ACT}"
    if left:
        text += f" It has none of {', '.join(sorted(left))}, which goes on by the fit before."
    return text


class _Fits:
    """The fits of a warehouse, and their logs."""

    def __init__(self, warehouse: Warehouse, settings: Settings) -> None:
        self.warehouse = warehouse
        self.currency = reporting_currency(warehouse, settings.schema_prefix)
        self._schema = f"{settings.schema_prefix}attribution"
        # What the project names, as `fit_setting('version')` reads it.
        self._configured = str(variables(settings)["attribution_fit"]["version"])

    def _rows(self, query: str, *params: object) -> list[Row]:
        for table in MODELS:
            query = query.replace(f"{{{table}}}", relation_name(self._schema, table))
        return self.warehouse.fetch(query, params)

    def versions(self) -> list[str]:
        """Return the names of all recorded fits."""
        rows = self._rows("select distinct fit_version from {channel_weights} order by 1")
        return [version for (version,) in rows]

    def types(self, version: str | None = None) -> set[str]:
        """Return the conversion types that are fitted; by one version, if it is named."""
        rows = self._rows("select distinct conversion_type, fit_version from {channel_weights}")
        return {name for name, its in rows if version in (None, its)}

    def adopted(self) -> str:
        """Return the version that the next build credits by."""
        rows = self._rows(
            "select fit_version from {fit_log} where change = 'adopted' and configured_version = ? "
            "order by change_number desc limit 1",
            self._configured,
        )
        return str(rows[0][0]) if rows else self._configured

    def is_proposed(self, version: str) -> bool:
        """Tell whether a version was proposed before."""
        return bool(
            self._rows(
                "select 1 from {fit_log} where change = 'proposed' and fit_version = ?", version
            )
        )

    def is_latest(self, version: str, as_of: datetime) -> bool:
        """Tell whether the proposal of a version is the last change, in the log and in time."""
        last = self._rows(
            "select fit_version, change from {fit_log} order by change_number desc limit 1"
        )
        later = self._rows("select 1 from {fit_log} where recorded_at > ? limit 1", as_of)
        return last == [(version, "proposed")] and not later

    def log(self, version: str, change: str, author: str, reason: str, as_of: datetime) -> None:
        """Add a change to the log."""
        ((last,),) = self._rows("select coalesce(max(change_number), 0) from {fit_log}")
        row = {
            "fit_version": version,
            "change": change,
            "configured_version": self._configured,
            "author": author,
            "reason": reason,
            "change_number": last + 1,
            "recorded_at": as_of,
        }
        self.warehouse.append(self._schema, "fit_log", pa.Table.from_pylist([row]))

    def report(self, version: str, as_of: datetime) -> list[Moves]:
        """Return the kept report of a version; if there is none, keep what the preview says."""
        columns = ", ".join(Move._fields)
        kept = f"select {columns} from {{refit_reports}} where fit_version = ? order by 1, 2, 3"
        rows = self._rows(kept, version)
        if not rows:
            found = self._rows(
                f"select {columns} from {{refit_preview}} where fit_version = ? order by 1, 2, 3",
                version,
            )
            table = [
                {**Move(*row)._asdict(), "fit_version": version, "recorded_at": as_of}
                for row in found
            ]
            if table:
                self.warehouse.append(self._schema, "refit_reports", pa.Table.from_pylist(table))
            rows = found
        by_model = groupby((Move(*row) for row in rows), lambda row: row[:2])
        return [Moves(tuple(moves)) for _, moves in by_model]


@contextmanager
def _built(settings: Settings, table: str) -> Iterator[_Fits]:
    """Open a warehouse in which a table of attribution has been built.

    Raises:
        NothingFittedError: it has not been.
    """
    nothing = (
        "There is nothing to learn from yet: run `sojourn build` first."
        if table == "credits"
        else "No fit was proposed yet: run `sojourn attribution refit` first."
    )
    if settings.target == "duckdb" and not settings.path(settings.duckdb_path).is_file():
        raise NothingFittedError(nothing)
    with open_warehouse(settings) as warehouse:
        if not warehouse.relation_exists(f"{settings.schema_prefix}attribution", table):
            raise NothingFittedError(nothing)
        yield _Fits(warehouse, settings)
