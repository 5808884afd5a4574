"""Standardised values."""

from __future__ import annotations

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st
from sojourn.sources import standardise


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (" Anna.B@Example.COM ", "anna.b@example.com"),
        ("mailto:a@b.de", "a@b.de"),
        ("o'brien@example.com", "o'brien@example.com"),
        ("müller@bücher.de", "müller@bücher.de"),
        ("a..b@example.com", None),
        (".a@example.com", None),
        ("a@localhost", None),
        ("a@b@c.de", None),
        ("nobody", None),
        ("", None),
        ("a" * 250 + "@example.com", None),
    ],
)
def test_email(value: str, expected: str | None) -> None:
    assert standardise.email(value) == expected


@given(st.from_regex(r"[a-z0-9_+.\-]{1,12}@[a-z0-9.\-]{1,12}", fullmatch=True))
def test_the_short_way_for_email_agrees_with_the_library(address: str) -> None:
    try:
        expected = validate_email(address, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        expected = None
    assert standardise.email(address) == expected


@pytest.mark.parametrize(
    ("value", "country", "expected"),
    [
        ("+1 (415) 555-2671", None, "+14155552671"),
        ("0049 30 1234567", None, "+49301234567"),
        ("030 1234567", "DE", "+49301234567"),
        ("030 1234567", None, None),
        ("12", "DE", None),
        ("call me", "US", None),
    ],
)
def test_phone(value: str, country: str | None, expected: str | None) -> None:
    assert standardise.phone(value, country) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("de", "DE"),
        ("Deutschland", "DE"),
        (" united  states ", "US"),
        ("USA", "US"),
        ("UK", "GB"),
        ("España", "ES"),
        ("Atlantis", None),
        ("ZZ", None),
        ("", None),
    ],
)
def test_country(value: str, expected: str | None) -> None:
    assert standardise.country(value) == expected


def test_names() -> None:
    assert standardise.first_name("  ANNA   maria ") == "ANNA maria"
    assert standardise.first_name("anna maria") == "Anna Maria"
    assert standardise.first_name("ÅSA") == "Åsa"
    assert standardise.last_name("van der berg") == "van der Berg"
    assert standardise.last_name("O'BRIEN") == "O'Brien"
    assert standardise.last_name("李") == "李"
    assert standardise.last_name("[not provided]") is None
    assert standardise.first_name("123") is None
