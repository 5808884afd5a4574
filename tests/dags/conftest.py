"""Airflow in a Python of its own, so that no test inherits another one's configuration."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sojourn.airflow.environment import airflow_environment
from sojourn.build import run_dbt
from sojourn.settings import Settings

from tests.conftest import make_settings

HERE = Path(__file__).parent


def run_script(settings: Settings, script: str, home: Path, *arguments: str) -> Any:
    """Run a script of this folder inside a fresh Airflow; return the JSON of its last line."""
    home.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, str(HERE / script), *arguments],
        env=airflow_environment(settings, home),
        cwd=settings.project_dir,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    marked = [line for line in done.stdout.splitlines() if line.startswith(("DAGS ", "RUN "))]
    assert marked, done.stdout[-4000:] + done.stderr[-4000:]
    return json.loads(marked[-1].split(" ", 1)[1])


@pytest.fixture(scope="session")
def manifest_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings under which dbt's manifest has been written."""
    settings = make_settings(tmp_path_factory.mktemp("dags") / "var")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DBT_TARGET_PATH", raising=False)
        run_dbt(settings, ["parse"], quiet=True)
    return settings


@pytest.fixture(scope="session")
def described(manifest_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the DAG files declare when a manifest is there."""
    return run_script(manifest_settings, "describe.py", tmp_path_factory.mktemp("airflow"))
