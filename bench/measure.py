"""A process's time, peak memory and spill."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

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
    stage = Stage(
        name,
        seconds,
        usage.ru_utime + usage.ru_stime,
        max(sampler.peak_bytes / 2**20, usage.ru_maxrss / 1024),
        (sampler.spill_bytes if before is None or after is None else after - before) / 1e6,
    )
    print(
        f"  {name:<22} {stage.seconds:9.1f} s {stage.peak_mb:8.0f} MB"
        f" {stage.spill_mb:8.0f} MB spilled",
        flush=True,
    )
    return stage
