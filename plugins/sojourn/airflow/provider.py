"""What Airflow lists under Providers."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any


def get_provider_info() -> dict[str, Any]:
    """Return the metadata of Sojourn as a provider, in the shape of Airflow's schema for it."""
    return {
        "package-name": "sojourn",
        "name": "Sojourn",
        "description": "Loads, judges, models and activates customer journeys in the warehouse.",
        "versions": [version("sojourn")],
    }
