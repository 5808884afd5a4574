"""Standardised values: e-mail, phone, names, country. Pure functions with a cache around each.

Each returns the standardised text, or None where the value is not valid. The values themselves
are personal data: nothing here logs or raises with one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache

from sojourn.sources.countries import COUNTRY_CODES

_PLAIN_LOCAL = re.compile(r"[a-z0-9_+\-]+(\.[a-z0-9_+\-]+)*")
_SPACE = re.compile(r"\s+")
_NO_NAMES = frozenset(
    ("n/a", "none", "null", "unknown", "not provided", "[not provided]", "undefined", "anonymous")
)


@cache
def _domain(domain: str) -> str | None:
    """Return a domain as email-validator normalises it, or None where it rejects it."""
    checked = _validated(f"a@{domain}")
    return None if checked is None else checked.partition("@")[2]


def _validated(address: str) -> str | None:
    """Return the address as email-validator normalises it, or None. No DNS is asked."""
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(address, check_deliverability=False).normalized
    except EmailNotValidError:
        return None


@lru_cache(maxsize=500_000)
def email(value: str) -> str | None:
    """Return an e-mail address in lower case, without spaces or ``mailto:``, or None.

    Validity is email-validator's. Plain local parts are checked here by the same rule, because
    the library takes 50 microseconds an address, and its answer for a domain is kept.
    """
    text = value.strip().lower().removeprefix("mailto:").strip("<>").strip()
    local, at, domain = text.rpartition("@")
    if not at or len(text) > 254:
        return None
    if len(local) <= 64 and _PLAIN_LOCAL.fullmatch(local):
        known = _domain(domain)
        return None if known is None or len(local) + len(known) > 253 else f"{local}@{known}"
    checked = _validated(text)
    return None if checked is None else checked.lower()


@lru_cache(maxsize=500_000)
def phone(value: str, country: str | None = None) -> str | None:
    """Return a phone number as E.164, or None where it is not valid.

    A number without its country code is read as one of ``country`` (ISO alpha-2); without a
    country it cannot be read, unless it is valid once ``+`` or ``00`` is understood.
    """
    import phonenumbers

    text = value.strip()
    if text.startswith("00"):
        text = "+" + text[2:]
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


@cache
def _regions() -> frozenset[str]:
    """Return the ISO alpha-2 codes that phonenumbers knows."""
    import phonenumbers

    return frozenset(phonenumbers.SUPPORTED_REGIONS)


@lru_cache(maxsize=50_000)
def country(value: str) -> str | None:
    """Return ISO 3166 alpha-2 for a code or a country's name in one of many languages, or None."""
    text = _SPACE.sub(" ", value.strip())
    upper = text.upper()
    if len(upper) == 2 and upper in _regions():
        return upper
    return COUNTRY_CODES.get(text.casefold())


def _name(value: str, *, is_last: bool) -> str | None:
    """Return a name trimmed, and cased by nameparser where its own case says nothing."""
    text = _SPACE.sub(" ", value.strip().strip(",;"))
    if text.casefold() in _NO_NAMES or not any(letter.isalpha() for letter in text):
        return None
    if len(text) > 200 or (text != text.lower() and text != text.upper()):
        return text
    from nameparser import HumanName

    name = HumanName(last=text) if is_last else HumanName(first=text)
    name.capitalize(force=True)
    cased: str = name.last if is_last else name.first
    return cased or text


@lru_cache(maxsize=200_000)
def first_name(value: str) -> str | None:
    """Return a given name, trimmed and cased, or None for a placeholder."""
    return _name(value, is_last=False)


@lru_cache(maxsize=200_000)
def last_name(value: str) -> str | None:
    """Return a family name, trimmed and cased (``van der Berg``), or None for a placeholder."""
    return _name(value, is_last=True)


SIMPLE: dict[str, Callable[[str], str | None]] = {
    "email": email,
    "first_name": first_name,
    "last_name": last_name,
    "country": country,
}
"""Standardisers that need nothing but the value."""


def identifier(kind: str, value: str, region: str | None = None) -> str | None:
    """Return an identifier's standardised value: e-mail, E.164, anything else trimmed."""
    if kind == "email":
        return email(value)
    if kind == "phone":
        return phone(value, region)
    return value.strip() or None
