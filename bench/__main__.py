"""Time, peak memory and spill of each stage, from load to activation, and of one more day.

Each stage is a process of its own; figures are the operating system's. Beside them, on DuckDB, is
the limit: a bare query that scans or sorts the same raw events. Raw data is simulated once and
kept under ``var/bench/``; what was measured stands in ``results.json`` there.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import subprocess
import sys
from collections import defaultdict
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.engines import Engine, running
from bench.growth import exponents, plot
from bench.measure import ROOT, measure

START = date(2026, 1, 1)
DAYS = 126
"""The last day brings 1% of the events."""
SHORT_DAYS = 13
"""A tenth of the history, of as many people: the last day is added to less."""
EVENTS_PER_PERSON = 61.6
# Where no size is asked for: by engine, in millions.
USUAL = {"duckdb": [1, 10], "postgres": [1], "spark": [1]}
LARGE = {"duckdb": [100], "postgres": [10], "spark": [10]}

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

ACTIVATE = """
import os, sys
from pathlib import Path
from sojourn.activation.receiver import Receiver
from sojourn.cli import main
with Receiver(Path(sys.argv[1])) as receiver:
    os.environ["SOJOURN_WEBHOOK_URL"] = receiver.url
    sys.argv = ["sojourn", "activate", "--as-of", sys.argv[2]]
    main()
"""


def simulate(events: int, days: int, folder: Path) -> Path:
    """Return the exports of a brand, made if they are not there.

    It has people enough for about so many events in ``DAYS`` days.
    """
    exports = folder / "exports"
    if not (exports / ".complete").is_file():
        people = max(int(events / EVENTS_PER_PERSON), 50)
        print(f"  simulating {people:,} people ...", flush=True)
        options = {"people": people, "days": days, "seed": 7, "out": exports}
        arguments = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
        subprocess.run(
            [sys.executable, "-m", "sojourn", "simulate", *arguments],
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (exports / ".complete").touch()
    return exports


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


def flow(engine: Engine, days: int) -> list[tuple[str, list[str]]]:
    """Return the stages' names and what Python is to run, in their order."""
    stages: list[tuple[str, list[str]]] = []
    for prefix, last in (("", days - 1), ("day after: ", days)):
        moment = (START + timedelta(days=last)).isoformat()
        received = str(engine.folder / "received.jsonl")
        stages += [
            (f"{prefix}load", ["-m", "sojourn", "load", "--as-of", moment]),
            (f"{prefix}gate", ["-m", "sojourn", "gate"]),
            (f"{prefix}build", ["-m", "sojourn", "build", "--no-tests", "--as-of", moment]),
            (f"{prefix}activate", ["-c", ACTIVATE, received, moment]),
        ]
        if engine.name == "duckdb" and not prefix:
            database = str(engine.folder / "sojourn.duckdb")
            stages += [
                (f"limit: bare {kind}", ["-c", LIMIT, database, kind]) for kind in ("scan", "sort")
            ]
    return stages


def run(engine: Engine, events: int, days: int, resume: bool) -> dict[str, Any]:
    """Measure one engine at one size and return the figures.

    After each stage they are written to ``progress.json``. A stage that was cut short is safe to
    run again, so that a long measurement can go on where it was.
    """
    progress = engine.folder / "progress.json"
    figures: dict[str, Any] = {"engine": engine.name, "events": events, "days": days, "stages": []}
    if resume and progress.is_file():
        figures = json.loads(progress.read_text())
        print(f"  {len(figures['stages'])} stages are done already")
    else:
        engine.clear()
    done = {stage["name"] for stage in figures["stages"]}
    for name, arguments in flow(engine, days):
        if name in done:
            continue
        figures["stages"].append(asdict(measure(engine, name, arguments)))
        if name.endswith("build"):
            seconds, folders, longest = dbt_seconds(engine.folder / "dbt")
            figures[name] = {"seconds": seconds, "by_folder": folders, "longest": longest}
        progress.write_text(json.dumps(figures, indent=2))
    figures["day_after_build_ratio"] = (
        figures["day after: build"]["seconds"] / (figures["build"]["seconds"])
    )
    figures["warehouse_mb"] = engine.size_mb()
    progress.write_text(json.dumps(figures, indent=2))
    return figures


def show(figures: dict[str, Any]) -> None:
    """Print what dbt's models took."""
    full, after = figures["build"], figures["day after: build"]
    for name, seconds in sorted(full["by_folder"].items(), key=lambda pair: -pair[1]):
        later = after["by_folder"].get(name, 0.0)
        print(f"  {name:<16} full {seconds:8.1f}   day after {later:8.1f}")
    for title, found in (("full", full), ("day after", after)):
        models = ", ".join(f"{name} {seconds:.1f}" for name, seconds in found["longest"].items())
        print(f"  longest, {title}: {models}")
    print(f"  day after / full: {figures['day_after_build_ratio']:.1%}, dbt's start not counted")
    print(f"  warehouse: {figures['warehouse_mb']:,.0f} MB", flush=True)


def show_history(results: list[dict[str, Any]], engine: str, size: int) -> None:
    """Print what the day after costs when it is added to ten times the history."""
    kept = {
        found["days"]: found
        for found in results
        if (found["engine"], found["events"]) == (engine, size)
    }
    if set(kept) != {DAYS, SHORT_DAYS}:
        return
    print("  ten times the history, the same day:")
    for stage in ("load", "gate", "build", "activate"):
        long, short = (
            next(each for each in kept[days]["stages"] if each["name"] == f"day after: {stage}")
            for days in (DAYS, SHORT_DAYS)
        )
        print(f"  {stage:<22} {long['seconds'] / short['seconds']:.2f}")
    long, short = (kept[days]["day after: build"]["seconds"] for days in (DAYS, SHORT_DAYS))
    print(f"  build without dbt's start: {long:.1f} s / {short:.1f} s = {long / short:.2f}")


def main(
    engine: Annotated[list[str] | None, typer.Option(help="duckdb, postgres, spark.")] = None,
    events: Annotated[list[int] | None, typer.Option(help="Sizes to measure.")] = None,
    large: Annotated[bool, typer.Option(help="Ten times the usual, for a day or two.")] = False,
    resume: Annotated[bool, typer.Option(help="Go on where the last run ended.")] = False,
    history: Annotated[bool, typer.Option(help="A tenth of the history, too.")] = False,
    memory_gb: Annotated[int, typer.Option(help="What an engine may take.")] = 4,
    out: Path = ROOT / "var" / "bench",
) -> None:
    """Measure the flow at the given numbers of simulated web and app events."""
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    usual = LARGE if large else USUAL
    kept = out / "results.json"
    results = json.loads(kept.read_text()) if kept.is_file() else []
    for name in engine or list(usual):
        for size in events or [millions * 1_000_000 for millions in usual[name]]:
            for days in (DAYS, SHORT_DAYS) if history else (DAYS,):
                print(f"\n{name}, {size:,} events in {DAYS} days, {days} days of them")
                folder = out / (str(size) if days == DAYS else f"{size}_in_{days}_days")
                exports = simulate(size, days, folder)
                with running(name, folder / name, exports, memory_gb) as started:
                    figures = run(started, size, days, resume)
                show(figures)
                results = [
                    found
                    for found in results
                    if (found["engine"], found["events"], found["days"]) != (name, size, days)
                ]
                results.append(figures)
                kept.write_text(json.dumps(results, indent=2))
            show_history(results, name, size)
    whole = [found for found in results if found["days"] == DAYS]
    print("\nTime grows as events to the power of:")
    for (name, stage), exponent in sorted(exponents(whole).items()):
        print(f"  {name:<10} {stage:<22} {exponent:5.2f}")
    if importlib.util.find_spec("matplotlib"):
        plot(whole, out / "growth.svg")
        print(f"Picture: {out / 'growth.svg'}")


if __name__ == "__main__":
    typer.run(main)
