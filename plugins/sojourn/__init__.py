"""Sojourn: a customer journey platform that lives in the data warehouse."""

from __future__ import annotations

__version__ = "0.1.0"
