"""The activation models as dbt builds them, around real runs of the engine.

A project of its own, with hand-made inputs in the place of audiences, profiles and consents, so
that these tests need none of the layers before.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sojourn.activation import activate
from sojourn.activation.receiver import Fault, Receiver
from sojourn.settings import Settings
from sojourn.warehouse import open_warehouse

from tests.integration.activation_tables import AS_OF

INPUTS: dict[str, dict[str, list[str | None]]] = {
    "audiences/members": {
        "audience": ["new_leads"] * 4 + ["lapsing_customers"],
        "person_id": ["ann", "bob", "cy", "di", "ann"],
    },
    "profiles/profiles": {
        "person_id": ["ann", "bob", "cy", "di"],
        "email": ["ann@example.org", "bob@example.org", "cy@example.org", None],
        "first_name": ["Ann", None, "Cy", "Di"],
        "country": ["GB", "US", None, None],
        "lifecycle_stage": ["lapsing", "lead", "lead", "lead"],
    },
    "profiles/consents": {
        "identifier_type": ["email"] * 3,
        "identifier_value": ["ann@example.org", "bob@example.org", "cy@example.org"],
        "person_id": ["ann", "bob", "cy"],
        "channel": ["email"] * 3,
        "purpose": ["marketing"] * 3,
        "status": ["granted", "denied", "granted"],
    },
}


def write_input(project: Path, name: str, columns: dict[str, list[str | None]]) -> None:
    """Write a model that holds these rows."""

    def value(text: str | None) -> str:
        return "null" if text is None else f"'{text}'"

    selects = [
        "select "
        + ", ".join(
            f"cast({value(cell)} as {{{{ sojourn.type_string() }}}}) as {column}"
            for column, cell in zip(columns, row, strict=True)
        )
        for row in zip(*columns.values(), strict=True)
    ]
    path = project / "models" / f"{name}.sql"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\nunion all\n".join(selects) + "\n")


# The comparison of engines builds these models on PostgreSQL in each test run.
@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.long)])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    engine_settings: Settings = request.getfixturevalue(f"{request.param}_settings")
    folder = tmp_path / "project"
    source = engine_settings.project_dir
    for part in ("macros", "models/activation", "tests/dbt/activation"):
        shutil.copytree(source / part, folder / part)
    for part in ("dbt_project.yml", "profiles.yml", "syncs.yml"):
        shutil.copy(source / part, folder / part)
    for name, columns in INPUTS.items():
        write_input(folder, name, columns)
    return engine_settings.model_copy(update={"project_dir": folder})


def dbt(settings: Settings, *arguments: str) -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "dbt", "--quiet", *arguments],
        cwd=settings.project_dir,
        env={**os.environ, **settings.environment(), "SOJOURN_AS_OF": AS_OF.isoformat()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def fetch(settings: Settings, sql: str) -> list[tuple[Any, ...]]:
    with open_warehouse(settings) as warehouse:
        return warehouse.fetch(sql)


def test_only_consenting_members_reach_the_webhook(
    project: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dbt(project, "run")
    with Receiver(tmp_path / "received.jsonl") as receiver:
        monkeypatch.setenv("SOJOURN_WEBHOOK_URL", receiver.url)
        monkeypatch.delenv("SOJOURN_WEBHOOK_SECRET", raising=False)
        result = activate(project, as_of=AS_OF).syncs[0]
        assert (result.planned, result.acknowledged, result.suppressed) == (3, 3, 2)
        assert receiver.state("webhook_audience_members")["new_leads:ann"] == {
            "person_id": "ann",
            "audience": "new_leads",
            "email": "ann@example.org",
            "first_name": "Ann",
            "country": "GB",
            "lifecycle_stage": "lapsing",
        }

        # A consent is withdrawn, and dbt is told to build everything from scratch: logs remain,
        # and the tests of the models hold.
        write_input(
            project.project_dir,
            "profiles/consents",
            INPUTS["profiles/consents"] | {"status": ["granted", "denied", "denied"]},
        )
        dbt(project, "build", "--full-refresh")
        receiver.faults.append(Fault("drop_answer"))
        result = activate(project, as_of=AS_OF).syncs[0]
        assert (result.operations, result.unknown, result.unchanged) == ({"remove": 1}, 1, 2)
        assert activate(project, as_of=AS_OF).syncs[0].acknowledged == 1
        assert set(receiver.state("webhook_audience_members")) == {
            "lapsing_customers:ann",
            "new_leads:ann",
        }
    suppressed = fetch(
        project,
        "select row_key, reason from activation.sync_log where status = 'suppressed' order by 1",
    )
    assert suppressed == [
        ("new_leads:bob", "consent denied"),
        ("new_leads:cy", "consent denied"),
        ("new_leads:di", "no e-mail address"),
    ]
    assert len(fetch(project, "select * from activation.sync_runs")) == 3
