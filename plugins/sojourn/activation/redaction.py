"""Keep personal data out of what is logged: destinations like to quote the row in their reason."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_EMAIL = re.compile(r"[^\s\"'<>(),;:]+@[^\s\"'<>(),;:]+")
_DIGITS = re.compile(r"\+?\d(?:[\s().-]?\d){6,}")
_LONGEST = 200


def redact(text: str, values: Iterable[Any] = ()) -> str:
    """Return ``text`` on one line of at most 200 characters, without personal data.

    Takes out the given values of the row (three characters and longer), and whatever looks like
    an e-mail address or a phone number.
    """
    texts = {str(value) for value in values if value is not None}
    for value in sorted((value for value in texts if len(value) > 2), key=len, reverse=True):
        text = re.sub(re.escape(value), "[redacted]", text, flags=re.IGNORECASE)
    text = _EMAIL.sub("[redacted]", text)
    text = _DIGITS.sub("[redacted]", text)
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
