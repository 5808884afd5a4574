"""The environment of an Airflow that lives in one folder of this machine."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

from sojourn.airflow.dbt import COSMOS_ENVIRONMENT
from sojourn.settings import Settings


def airflow_environment(settings: Settings, home: Path) -> dict[str, str]:
    """Return the environment variables of an Airflow whose home, logs and metadata are in `home`.

    Nothing of another Airflow on this machine is inherited: pass it to a process as its whole
    environment. It holds the warehouse's password and never belongs in a log.
    """
    home = home.resolve()
    project = settings.project_dir.resolve()
    inherited = {name: value for name, value in os.environ.items() if not _is_airflow(name)}
    return {
        **inherited,
        **settings.environment(),
        **COSMOS_ENVIRONMENT,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(project / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(project / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": "utc",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "DO_NOT_TRACK": "1",
        "PYTHONUNBUFFERED": "1",
    }


def _is_airflow(name: str) -> bool:
    """Tell whether a variable belongs to some Airflow."""
    return name == "AIRFLOW_HOME" or name.startswith(("AIRFLOW__", "AIRFLOW_CONN_", "_AIRFLOW"))


def end_with_parent() -> None:
    """Ask the system to end this process when its parent does, however that ends (Linux).

    For a child between fork and exec. Elsewhere only an orderly end of the parent ends it.
    """
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)
