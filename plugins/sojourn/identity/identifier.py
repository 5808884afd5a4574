"""Identifiers as people write them: ``email:ana@example.org``."""

from __future__ import annotations

import re
from typing import NamedTuple

_PERSON_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_IN_TEXT = re.compile(r"[^\s|,;:]+@[^\s|,;:]+")


class Identifier(NamedTuple):
    """A type and a standardised value."""

    type: str
    value: str

    def __str__(self) -> str:
        """Return it as it is written."""
        return f"{self.type}:{self.value}"

    def shown(self, *, reveal: bool) -> str:
        """Return it as text, the value hidden unless it is to be revealed."""
        return str(self) if reveal else f"{self.type}:{mask(self.type, self.value)}"


def mask(kind: str, value: str) -> str:
    """Return an identifier's value with the part that names somebody hidden."""
    if kind == "email" and "@" in value:
        name, domain = value.split("@", 1)
        return f"{name[:1]}…@{domain}"
    if kind == "phone":
        return f"{value[:3]}…{value[-2:]}"
    return value if len(value) <= 14 else f"{value[:12]}…"


def mask_record(record_id: str | None, values: dict[str, str]) -> str | None:
    """Return a record's id with identifiers that are part of it hidden, as some sources have them.

    ``values`` are known values and how each is shown.
    """
    if record_id is None:
        return None
    for value, shown in values.items():
        if len(value) >= 6 and value in record_id:
            record_id = record_id.replace(value, shown)
    return _IN_TEXT.sub(lambda found: mask("email", found[0]), record_id)


def is_person_id(text: str) -> bool:
    """Tell whether the text looks like a person's id."""
    return _PERSON_ID.fullmatch(text) is not None


def parse_identifier(text: str) -> Identifier:
    """Read ``TYPE:VALUE`` and standardise the value as the loader does.

    Raises:
        ValueError: the text is no identifier, or its value is not valid for the type.
    """
    from sojourn.sources.standardise import identifier

    kind, colon, value = text.partition(":")
    kind = kind.strip()
    if not colon or not kind or not value.strip():
        raise ValueError(
            "An identifier is written TYPE:VALUE, for example email:ana@example.org or user_id:42."
        )
    standard = identifier(kind, value)
    if standard is None:
        hint = "; write it with its country code, +43..." if kind == "phone" else ""
        raise ValueError(f"This is not a valid {kind}: check its spelling{hint}.")
    return Identifier(kind, standard)
