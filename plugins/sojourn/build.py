"""Build the models: dbt, run in a process of its own or in this one, as of a stated time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from sojourn.settings import Settings

_ROUTINE = re.compile(r" of \d+ (START|OK|PASS|SKIP) ")


class BuildError(RuntimeError):
    """dbt reported a failure; the message says where its log lies."""


def dbt_environment(settings: Settings, as_of: datetime | None) -> dict[str, str]:
    """Return the environment in which dbt sees the settings and the time as of which to build."""
    environment = {**os.environ, **settings.environment()}
    environment.setdefault("DBT_TARGET_PATH", str(settings.path(settings.var_dir) / "dbt"))
    environment.setdefault("DBT_LOG_PATH", str(settings.path(settings.var_dir) / "dbt" / "logs"))
    environment["DBT_PROFILES_DIR"] = str(settings.project_dir.resolve())
    environment["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    if as_of is not None:
        environment["SOJOURN_AS_OF"] = as_of.isoformat()
    return environment


def _call_dbt(
    arguments: Sequence[str], environment: dict[str, str], folder: Path, quiet: bool
) -> tuple[int, str]:
    """Run dbt in a process of its own; return its exit code and, when quiet, what it printed."""
    executable = Path(sys.executable).with_name("dbt")
    result = subprocess.run(  # noqa: S603 -- our own dbt, arguments are not a shell's
        [str(executable), *arguments],
        env=environment,
        cwd=folder,
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
        check=False,
    )
    return result.returncode, result.stdout or ""


def run_dbt(
    settings: Settings,
    arguments: Sequence[str],
    *,
    as_of: datetime | None = None,
    quiet: bool = False,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run ``dbt <arguments>`` on the project and stream what it prints.

    Variables in ``environment`` come before those of the process and the settings.

    Raises:
        BuildError: when dbt fails.
    """
    command = [*arguments, "--project-dir", str(settings.project_dir.resolve())]
    # dbt parses anew when these differ from the last run's, and Airflow's dbt is given them.
    command += ["--profile", "sojourn", "--target", settings.dbt_target]
    variables = {**dbt_environment(settings, as_of), **(environment or {})}
    code, printed = _call_dbt(command, variables, settings.project_dir, quiet)
    if code != 0:
        lines = [line for line in printed.splitlines() if not _ROUTINE.search(line)]
        output = "\n" + "\n".join(lines[-60:]) if quiet else ""
        raise BuildError(
            f"dbt {arguments[0]} failed; its log is in {variables['DBT_LOG_PATH']}.{output}"
        )


def build(
    settings: Settings,
    *,
    as_of: datetime | None = None,
    select: Sequence[str] = (),
    full_refresh: bool = False,
    tests: bool = True,
    quiet: bool = False,
) -> None:
    """Build seeds and models, and run their tests, as of ``as_of`` (default: now).

    Args:
        settings: where the project and the warehouse are.
        as_of: UTC without zone; data loaded later is left out.
        select: dbt node selectors; all when empty.
        full_refresh: rebuild incremental tables (the append-only logs stay).
        tests: test the data with the models. Unit tests, which know only the code, are for whoever
            changes it: plain ``dbt build`` and ``dbt test`` run them.
        quiet: print nothing unless it fails.

    Raises:
        BuildError: when a model or a test fails.
    """
    arguments = ["build"]
    if select:
        arguments += ["--select", *select]
    if full_refresh:
        arguments.append("--full-refresh")
    arguments += ["--exclude-resource-type", "unit_test"]
    if not tests:
        arguments += ["test"]
    run_dbt(settings, arguments, as_of=as_of, quiet=quiet)


def manifest_is_current(settings: Settings) -> bool:
    """Tell whether dbt's manifest is newer than all that it was parsed from."""
    target = os.environ.get("DBT_TARGET_PATH") or settings.path(settings.var_dir) / "dbt"
    manifest = Path(target) / "manifest.json"
    if not manifest.is_file():
        return False
    project = settings.project_dir.resolve()
    parsed = [project / "dbt_project.yml", project / "profiles.yml"]
    for folder in ("models", "macros", "seeds", "tests/dbt", "dbt_project"):
        # A folder's own time tells of files that are gone.
        parsed += [project / folder, *(project / folder).rglob("*")]
    written = manifest.stat().st_mtime
    return all(path.stat().st_mtime < written for path in parsed if path.exists())
