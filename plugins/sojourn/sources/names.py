"""Column names: from a vendor's spelling to snake_case, unique and short enough everywhere."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence

MAX_LENGTH = 63
"""PostgreSQL cuts identifiers after 63 bytes."""

_ACRONYM = re.compile(r"([A-Z]+)([A-Z][a-z])")
_CAMEL = re.compile(r"([a-z0-9])([A-Z])")
_OTHER = re.compile(r"[^a-z0-9]+")


def snake_case(name: str) -> str:
    """Return ``name`` in snake_case ASCII: ``Lineitem SKU`` and ``lineitemSKU`` differ by nothing.

    A name without a letter or digit becomes ``column``; one that begins with a digit gets an
    underscore before it.
    """
    decomposed = unicodedata.normalize("NFKD", name)
    ascii_name = decomposed.encode("ascii", "ignore").decode()
    spaced = _CAMEL.sub(r"\1_\2", _ACRONYM.sub(r"\1_\2", ascii_name))
    snake = _OTHER.sub("_", spaced.lower()).strip("_")
    if not snake:
        return "column"
    return f"_{snake}" if snake[0].isdigit() else snake


def shorten(name: str, limit: int = MAX_LENGTH) -> str:
    """Return ``name``, cut to ``limit`` characters with a hash at its end where it is longer."""
    if len(name) <= limit:
        return name
    digest = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()[:8]
    return f"{name[: limit - 9]}_{digest}"


def unique_names(originals: Sequence[str], *, taken: Sequence[str] = ()) -> list[str]:
    """Return a snake_cased name for each original; the second of two equal ones ends in ``_2``."""
    used = set(taken)
    names: list[str] = []
    for original in originals:
        base = shorten(snake_case(original), MAX_LENGTH - len("__standard"))
        name, number = base, 1
        while name in used:
            number += 1
            name = f"{base}_{number}"
        used.add(name)
        names.append(name)
    return names
