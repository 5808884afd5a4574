"""Words to write suites in: each returns a Great Expectations expectation with its severity.

``mostly`` is the share of rows that must comply. Raw rows are dirty and staging cleans them:
a critical rule asks whether the export is what it says it is, a warning whether it got worse.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import great_expectations.expectations as gxe

Severity = Literal["critical", "warning"]

TIME = r"^\s*\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?\s*$"
DATE = r"^\s*\d{4}-\d{2}-\d{2}\s*$"
NUMBER = r"^\s*-?\d+(\.\d+)?\s*$"
COUNT = r"^\s*\d+(\.0+)?\s*$"
CURRENCY = r"^[A-Z]{3}$"


def filled(column: str, *, mostly: float = 0.95, severity: Severity = "critical") -> Any:
    """Expect a column to hold a value."""
    return gxe.ExpectColumnValuesToNotBeNull(
        column=column,
        mostly=mostly,
        severity=severity,
        meta={"says": f"{column} is filled"},
    )


def one_of(
    column: str, values: Sequence[str], *, mostly: float = 0.99, severity: Severity = "warning"
) -> Any:
    """Expect a column's values to be among those listed."""
    return gxe.ExpectColumnValuesToBeInSet(
        column=column,
        value_set=list(values),
        mostly=mostly,
        severity=severity,
        meta={"says": f"{column} is one of {', '.join(values)}"},
    )


def matches(
    column: str,
    pattern: str,
    meaning: str,
    *,
    mostly: float = 0.99,
    severity: Severity = "warning",
) -> Any:
    """Expect a column's text to look like what it means."""
    return gxe.ExpectColumnValuesToMatchRegex(
        column=column,
        regex=pattern,
        mostly=mostly,
        severity=severity,
        meta={"says": f"{column} is {meaning}"},
    )


def times(*columns: str) -> list[Any]:
    """Expect times: nearly all readable, or a warning; less than half, and the load is stopped."""
    return [
        rule
        for column in columns
        for rule in (
            matches(column, TIME, "a time"),
            matches(column, TIME, "a time in half the rows", mostly=0.5, severity="critical"),
        )
    ]


def numbers(*columns: str) -> list[Any]:
    """Expect numbers: nearly all readable, or a warning; less than half stop the load."""
    return [
        rule
        for column in columns
        for rule in (
            matches(column, NUMBER, "a number"),
            matches(column, NUMBER, "a number in half the rows", mostly=0.5, severity="critical"),
        )
    ]


def standardised(*columns: str, mostly: float = 0.8) -> list[Any]:
    """Expect values to be valid: their standardised column is filled where they are."""
    return [
        gxe.ExpectColumnValuesToBeInSet(
            column=f"{column}__is_valid",
            value_set=[True],
            mostly=mostly,
            severity="warning",
            meta={"says": f"{column} is valid where it is filled"},
        )
        for column in columns
    ]


def mostly_unique(column: str, *, share: float = 0.5) -> Any:
    """Expect that a native id does not repeat more than re-exports explain."""
    return gxe.ExpectColumnProportionOfUniqueValuesToBeBetween(
        column=column,
        min_value=share,
        severity="warning",
        meta={"says": f"at least {share:.0%} of {column} are distinct"},
    )


def load_rules() -> list[Any]:
    """Return the rules for every load, on its counts: few rows may have gone to quarantine."""
    return [
        gxe.ExpectColumnMaxToBeBetween(
            column="quarantined_share",
            max_value=0.05,
            severity="warning",
            meta={"says": "at most 5% of the rows went to quarantine"},
        ),
        gxe.ExpectColumnMaxToBeBetween(
            column="quarantined_share",
            max_value=0.5,
            severity="critical",
            meta={"says": "at most half of the rows went to quarantine"},
        ),
        gxe.ExpectColumnMaxToBeBetween(
            column="unreadable_files",
            max_value=0,
            severity="warning",
            meta={"says": "every file could be read to its end"},
        ),
        gxe.ExpectColumnMaxToBeBetween(
            column="drifted_columns",
            max_value=0,
            severity="warning",
            meta={"says": "no column appeared, went or changed its type"},
        ),
    ]
