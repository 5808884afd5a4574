"""A run that is killed at any moment is repaired by running again."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sojourn.activation.receiver import Receiver
from sojourn.build import build
from sojourn.gate import run_gate
from sojourn.settings import Settings
from sojourn.sources import load
from sojourn.warehouse import open_warehouse

from tests.conftest import make_settings
from tests.integration.conftest import DAYS, day_before, day_end
from tests.integration.sameness import assert_same

SECRET = "only for this test, and long enough to sign with"
# What a run prints as a phase begins (the build: its first model), and about how long it lasts.
PHASES = {"Load": 6.0, "1 of ": 12.0, "Activate": 1.0}


def start_run(settings: Settings, url: str, day: int, *options: str) -> subprocess.Popen[str]:
    day_of_run = f"{day_end(day):%Y-%m-%d}"
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "sojourn", "run", "--as-of", day_of_run, *options],
        env={
            **os.environ,
            **settings.environment(),
            "SOJOURN_WEBHOOK_URL": url,
            "SOJOURN_WEBHOOK_SECRET": SECRET,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def kill_in(settings: Settings, url: str, day: int, sign: str, delay: float) -> None:
    """Start a run and kill it, and all that it started, some time after it prints the sign."""
    process = start_run(settings, url, day, "--no-tests")
    assert process.stdout is not None
    for line in process.stdout:
        if sign in line:
            time.sleep(delay)
            break
    os.killpg(process.pid, signal.SIGKILL)
    process.stdout.close()
    process.wait()


def kill_often(settings: Settings, url: str, day: int, seeds: list[int]) -> None:
    """Kill runs at random moments of each phase."""
    for seed in seeds:
        draw = random.Random(seed)
        for sign, longest in PHASES.items():
            kill_in(settings, url, day, sign, draw.uniform(0.0, longest))


def finish(settings: Settings, url: str, day: int, *options: str) -> str:
    process = start_run(settings, url, day, *options)
    output, _ = process.communicate()
    assert process.returncode == 0, output[-4000:]
    return output


def build_undisturbed(settings: Settings, day: int) -> None:
    load(settings, as_of=day_end(day))
    run_gate(settings)
    build(settings, as_of=day_end(day), tests=False, quiet=True)


def receiver_state(settings: Settings) -> list[tuple[object, ...]]:
    with open_warehouse(settings, read_only=True) as warehouse:
        return warehouse.fetch(
            "select row_key, email from activation.webhook__audience_members order by 1"
        )


def test_a_killed_day_is_repaired(day_by_day: Settings, small_brand: Path, tmp_path: Path) -> None:
    """The last of ten days, built onto the ninth."""
    killed = make_settings(tmp_path / "killed", exports=small_brand)
    killed.path(killed.duckdb_path).parent.mkdir(parents=True)
    shutil.copy(day_before(day_by_day), killed.path(killed.duckdb_path))
    with Receiver(tmp_path / "killed.jsonl", secret=SECRET) as receiver:
        kill_often(killed, receiver.url, DAYS, [1])
        finish(killed, receiver.url, DAYS)
        assert_repaired(killed, day_by_day, receiver)


@pytest.mark.long
def test_runs_killed_often_are_repaired(small_brand: Path, tmp_path: Path) -> None:
    """The first of the two days is built from nothing, the second onto the first."""
    killed = make_settings(tmp_path / "killed", exports=small_brand)
    clean = make_settings(tmp_path / "clean", exports=small_brand)
    with Receiver(tmp_path / "killed.jsonl", secret=SECRET) as receiver:
        for day in (DAYS - 1, DAYS):
            kill_often(killed, receiver.url, day, [2, 3, 4, 5, 6, 7])
            finish(killed, receiver.url, day)
            build_undisturbed(clean, day)
        assert_repaired(killed, clean, receiver)


def assert_repaired(killed: Settings, clean: Settings, receiver: Receiver) -> None:
    """Expect the tables of an undisturbed warehouse, and that the receiver has what it should."""
    assert_same(clean, killed)
    wanted = receiver_state(killed)
    assert wanted
    assert wanted == receiver_state(clean)
    received = sorted(receiver.memory.state("webhook_audience_members"))
    assert received == [row[0] for row in wanted]
    with open_warehouse(killed, read_only=True) as warehouse:
        broken = warehouse.fetch(
            "select * from activation.sync_runs "
            "where planned <> acknowledged + rejected + failed + unknown + held"
        )
    assert not broken
