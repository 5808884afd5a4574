"""A process's time, peak memory and spill."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from bench.engines import Engine, folder_bytes

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Stage:
    """One measured process; memory counts the engine's server, where it has one."""

    name: str
    seconds: float
    cpu_seconds: float
    peak_mb: float
    spill_mb: float


class _Sampler(threading.Thread):
    """Looks twice a second at the memory of a process tree and of servers, and at spill folders.

    Memory is the proportional set size: a page that processes share counts once.
    """

    def __init__(self, process: int, engine: Engine) -> None:
        super().__init__(daemon=True)
        self.peak_bytes = 0
        self.spill_bytes = 0
        self._roots = [process, *engine.servers]
        self._folders = engine.spill_folders()
        self._done = threading.Event()

    def run(self) -> None:
        while not self._done.wait(0.5):
            self.peak_bytes = max(self.peak_bytes, sum(map(_tree_bytes, self._roots)))
            spilled = sum(map(folder_bytes, self._folders))
            self.spill_bytes = max(self.spill_bytes, spilled)

    def stop(self) -> None:
        self._done.set()
        self.join()


def _tree_bytes(root: int) -> int:
    total = 0
    try:
        process = psutil.Process(root)
        tree = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0
    for each in tree:
        try:
            total += each.memory_full_info().pss
        except psutil.Error:
            continue
    return total


def measure(engine: Engine, name: str, arguments: list[str], **environment: str) -> Stage:
    """Run a process of this Python in the engine's environment and return what it took.

    Raises:
        SystemExit: the process failed.
    """
    before = engine.written_to_spill()
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **engine.environment, **environment},
        stdout=subprocess.DEVNULL,
    )
    sampler = _Sampler(process.pid, engine)
    sampler.start()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    sampler.stop()
    if status != 0:
        raise SystemExit(f"{name} failed with status {status}")
    after = engine.written_to_spill()
    # A process that is started counts the memory of the one that starts it as its own.
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    most = usage.ru_maxrss if usage.ru_maxrss > own else 0
    stage = Stage(
        name,
        seconds,
        usage.ru_utime + usage.ru_stime,
        max(sampler.peak_bytes / 2**20, most / 1024),
        (sampler.spill_bytes if before is None or after is None else after - before) / 1e6,
    )
    print(
        f"  {name:<22} {stage.seconds:9.1f} s {stage.peak_mb:8.0f} MB"
        f" {stage.spill_mb:8.0f} MB spilled",
        flush=True,
    )
    return stage


RUN = """
import sys
from pathlib import Path
from sojourn.build import run_dbt
from sojourn.settings import get_settings
settings = get_settings()
if sys.argv[1]:
    settings = settings.model_copy(update={"project_dir": Path(sys.argv[1])})
run_dbt(settings, sys.argv[2:], quiet=True)
"""
NO_TESTS = ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]


def dbt(engine: Engine, name: str, arguments: list[str], project: Path | None = None) -> Stage:
    """Run dbt, here or in another project, and return the time from its first model to its last."""
    target = engine.folder / ("dbt_bare" if project else "dbt")
    stage = measure(
        engine,
        name,
        ["-c", RUN, str(project or ""), *arguments],
        DBT_TARGET_PATH=str(target),
    )
    results = json.loads((target / "run_results.json").read_text())["results"]
    models = [result for result in results if result["unique_id"].startswith("model.")]
    for result in sorted(models, key=lambda result: -result["execution_time"])[:4]:
        print(f"      {result['unique_id'].split('.')[-1]:<26} {result['execution_time']:6.1f} s")
    times = [timing for result in models for timing in result["timing"]]
    began = min(datetime.fromisoformat(timing["started_at"]) for timing in times)
    ended = max(datetime.fromisoformat(timing["completed_at"]) for timing in times)
    return replace(stage, seconds=(ended - began).total_seconds())


def peer(engine: Engine, name: str, script: str) -> tuple[Stage, list[Any]]:
    """Run a peer's script and return what it took as it measured itself, and what else it found.

    It is given the database and a file to write a list to: the seconds first.
    """
    answer = engine.folder / "peer.json"
    database = str(engine.folder / "sojourn.duckdb")
    stage = measure(engine, name, ["-c", script, database, str(answer)])
    seconds, *found = json.loads(answer.read_text())
    return replace(stage, seconds=seconds), found
