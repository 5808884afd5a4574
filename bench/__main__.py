"""Time and peak memory of each stage, from load to attribution, and of one more day.

Each stage is a process of its own; figures are the operating system's. Beside them is the limit:
a bare DuckDB query that scans and sorts the same raw events. Raw data is simulated once and kept
under ``var/bench/``.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

ROOT = Path(__file__).resolve().parent.parent
START = date(2026, 1, 1)
DAYS = 126
"""The last day brings 1% of the events."""
EVENTS_PER_PERSON = 61.6


@dataclass
class Stage:
    """One measured process."""

    name: str
    seconds: float
    cpu_seconds: float
    peak_mb: float


def measure(name: str, arguments: list[str], environment: dict[str, str]) -> Stage:
    """Run a process of this Python and return what it took."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{name} failed with status {status}")
    stage = Stage(
        name,
        time.monotonic() - began,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss / 1024,
    )
    print(f"  {name:<34} {stage.seconds:8.1f} s {stage.peak_mb:8.0f} MB", flush=True)
    return stage


LIMIT = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1], read_only=True)
connection.execute("set threads = 2")
connection.execute("set memory_limit = '4GB'")
kind = sys.argv[2]
if kind == "scan":
    connection.execute(
        "select sum(hash(columns(*))) from raw_segment.events"
    ).fetchall()
else:
    connection.execute(
        "create temp table sorted as "
        "select * from raw_segment.events order by anonymous_id, \\"timestamp\\""
    )
"""


def dbt_seconds(target: Path) -> tuple[float, dict[str, float], dict[str, float]]:
    """Return the seconds of dbt's last run without its start, by folder, and of its ten longest.

    Two models are built at a time: the folders' seconds add up to more than the run's.
    """
    run = json.loads((target / "run_results.json").read_text())
    manifest = json.loads((target / "manifest.json").read_text())["nodes"]
    folders: dict[str, float] = defaultdict(float)
    models: dict[str, float] = {}
    for result in run["results"]:
        node = manifest.get(result["unique_id"])
        if node is not None:
            folder = node["fqn"][1] if node["resource_type"] == "model" else node["resource_type"]
            folders[folder] += result["execution_time"]
            models[node["name"]] = result["execution_time"]
    longest = sorted(models.items(), key=lambda pair: -pair[1])[:10]
    return run["elapsed_time"], dict(folders), dict(longest)


def run(events: int, folder: Path) -> dict[str, Any]:
    """Measure one size and return the figures."""
    world = folder / "exports"
    people = max(int(events / EVENTS_PER_PERSON), 50)
    environment = {
        "SOJOURN_EXPORTS": str(world),
        "SOJOURN_DUCKDB_PATH": str(folder / "sojourn.duckdb"),
        "SOJOURN_VAR_DIR": str(folder),
        "SOJOURN_TARGET": "duckdb",
        "SOJOURN_DUCKDB_MEMORY_LIMIT": os.environ.get("SOJOURN_DUCKDB_MEMORY_LIMIT", "2500MB"),
        "DBT_TARGET_PATH": str(folder / "dbt"),
        "DBT_LOG_PATH": str(folder / "dbt" / "logs"),
    }
    stages: list[Stage] = []
    if not (world / ".complete").is_file():
        stages.append(
            measure(
                "simulate (not part of the flow)",
                ["-m", "sojourn", "simulate", "--people", str(people), "--days", str(DAYS),
                 "--seed", "7", "--out", str(world)],
                environment,
            )
        )  # fmt: skip
        (world / ".complete").touch()
    for stale in folder.glob("sojourn.duckdb*"):
        stale.unlink()
    before, last = (
        f"{datetime(START.year, START.month, START.day) + timedelta(days=day):%Y-%m-%d}"
        for day in (DAYS - 1, DAYS)
    )
    flow = [
        ("load", ["-m", "sojourn", "load", "--as-of", before]),
        ("gate", ["-m", "sojourn", "gate"]),
        ("build", ["-m", "sojourn", "build", "--no-tests", "--as-of", before]),
    ]
    figures: dict[str, Any] = {"events": events, "people": people, "days": DAYS}
    stages += [measure(name, arguments, environment) for name, arguments in flow]
    full, figures["build_by_folder"], figures["build_longest"] = dbt_seconds(folder / "dbt")
    database = str(folder / "sojourn.duckdb")
    for kind in ("scan", "sort"):
        stages.append(measure(f"limit: bare {kind}", ["-c", LIMIT, database, kind], {}))
    day = [
        ("day after: load", ["-m", "sojourn", "load", "--as-of", last]),
        ("day after: gate", ["-m", "sojourn", "gate"]),
        ("day after: build", ["-m", "sojourn", "build", "--no-tests", "--as-of", last]),
    ]
    stages += [measure(name, arguments, environment) for name, arguments in day]
    again, figures["day_after_by_folder"], figures["day_after_longest"] = dbt_seconds(
        folder / "dbt"
    )
    figures["stages"] = [asdict(stage) for stage in stages]
    figures["day_after_build_ratio"] = again / full
    figures["database_mb"] = (folder / "sojourn.duckdb").stat().st_size / 1e6
    return figures


def show(figures: dict[str, Any]) -> None:
    """Print a size's figures."""
    print(f"\nModels, seconds by folder at {figures['events']:,} events:")
    after = figures["day_after_by_folder"]
    for name, seconds in sorted(figures["build_by_folder"].items(), key=lambda pair: -pair[1]):
        print(f"  {name:<16} full {seconds:8.1f}   day after {after.get(name, 0.0):8.1f}")
    for title, longest in [("full", "build_longest"), ("day after", "day_after_longest")]:
        models = ", ".join(f"{name} {seconds:.1f}" for name, seconds in figures[longest].items())
        print(f"  longest, {title}: {models}")
    print(f"  day after / full: {figures['day_after_build_ratio']:.1%}, dbt's start not counted")
    print(f"  database: {figures['database_mb']:,.0f} MB")


def main(
    events: Annotated[list[int] | None, typer.Option(help="Sizes to measure.")] = None,
    out: Path = ROOT / "var" / "bench",
) -> None:
    """Measure the flow at the given numbers of simulated web and app events."""
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    results = []
    for size in events or [1_000_000, 10_000_000]:
        print(f"\n{size:,} events")
        folder = out / str(size)
        folder.mkdir(parents=True, exist_ok=True)
        figures = run(size, folder)
        show(figures)
        results.append(figures)
        (out / "results.json").write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    typer.run(main)
