"""Sojourn as a dbt package in another project, and as a Python package with Airflow's metadata."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from datetime import datetime
from pathlib import Path

import pytest
from sojourn.identity.decisions import DecisionError, DecisionFile, new_decision
from sojourn.identity.identifier import Identifier
from sojourn.identity.matching import matching_settings
from sojourn.identity.what_if import what_if
from sojourn.project import seed_file, variables
from sojourn.settings import Settings
from sojourn.warehouse import open_warehouse

from tests.conftest import PROJECT_DIR

DEPENDENCIES = Path(sys.prefix) / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"


def call(*command: str | Path, folder: Path, **environment: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_another_project_maps_its_source_and_adds_an_audience_and_a_model(
    tmp_path: Path, usual_engine_settings: Settings
) -> None:
    project = tmp_path / "till"
    shutil.copytree(PROJECT_DIR / "tests" / "outside_project", project)
    (project / "packages.yml").write_text(f"packages:\n  - local: {PROJECT_DIR}\n")
    environment = {**usual_engine_settings.environment(), "DBT_PROFILES_DIR": str(PROJECT_DIR)}
    dbt = Path(sys.executable).with_name("dbt")
    call(dbt, "--quiet", "deps", folder=project, **environment)
    call(dbt, "--quiet", "build", folder=project, **environment)

    with open_warehouse(usual_engine_settings, read_only=True) as warehouse:
        orders = warehouse.fetch(
            "select orders.order_id, profiles.email, orders.currency from events.orders as orders "
            "inner join profiles.profiles as profiles on orders.person_id = profiles.person_id "
            "order by 1"
        )
        blocked = warehouse.fetch(
            "select identifier_value, status_reason from identity.identifiers "
            "where status = 'blocked'"
        )
        members = warehouse.fetch("select audience, reason from audiences.members")
        credits = warehouse.fetch(
            "select conversions.order_id, credits.model, credits.channel, credits.credit "
            "from attribution.credits as credits inner join events.conversions as conversions "
            "on credits.conversion_id = conversions.conversion_id order by 1, 2, credits.touched_at"
        )
    zoe = "zoë@shop.example"
    assert orders == [
        ("R1", zoe, "EUR"),
        ("R2", zoe, "EUR"),
        ("R3", "ben@shop.example", "EUR"),
        ("R5", zoe, "EUR"),
    ]
    assert members == [("big_spenders", "Spent 135.50")]
    # Its seeds of rules and decisions take the place of Sojourn's.
    assert blocked == [("till@shop.example", "typed in where a customer gives no address")]

    # The command line reads what is the project's own there, and the rest in the package.
    shutil.copy(PROJECT_DIR / "profiles.yml", project)
    settings = usual_engine_settings.model_copy(update={"project_dir": project})
    decisions = DecisionFile(settings)
    assert [decision.rule_id for decision in decisions.read()] == ["z1"]
    assert matching_settings(settings)["link_at"] == 0.8
    assert variables(settings)["audiences"] == ["big_spenders", "new_leads"]
    rules = tmp_path / "identifier_types.csv"
    types = seed_file(settings, "identifier_types").read_text()
    rules.write_text(types.replace("email,3,,", "email,3,1,"))
    persons = what_if(settings, rules)["persons"]
    assert (persons["before"], persons["after"], persons["split"]) == (2, 3, 1)

    # Without decisions of its own the package's, which holds none, are read, and none is written.
    elsewhere = decisions.path.rename(tmp_path / "decisions.csv")
    packaged = DecisionFile(settings)
    assert packaged.read() == []
    at = datetime(2026, 2, 1)
    address = Identifier("email", "a@b.example")
    one = new_decision("detach", address, None, author="a", reason="b", at=at)
    with pytest.raises(DecisionError, match=r"copy .*steward_decisions\.csv, and .*seeds"):
        packaged.add(one, ["email"])
    elsewhere.rename(decisions.path)

    # A model of its own follows Sojourn's settings: of three touches the last two count.
    zoes = [
        ("linear", "Store", 0.5),
        ("linear", "Direct Mail", 0.5),
        ("middle_touch", "Store", 1.0),
    ]
    others = [(model, "Unattributed", 1.0) for model in ("linear", "middle_touch")]
    whose = {"R1": zoes, "R2": zoes, "R3": others, "R4": others, "R5": zoes}
    expected = [(order, *credit) for order, earned in whose.items() for credit in earned]
    assert credits == expected
    config = project / "dbt_project.yml"
    text = config.read_text()
    config.write_text(text.replace("    audiences:", "    +materialized: table\n    audiences:", 1))
    refused = subprocess.run(
        [dbt, "--quiet", "run", "--select", "credits"],
        cwd=project,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert "credits_by_middle_touch must be a view" in refused.stdout


def test_the_wheel_runs_and_airflow_knows_the_provider(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT_DIR / name, source)
    shutil.copytree(
        PROJECT_DIR / "plugins",
        source / "plugins",
        ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"),
    )
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    call(*pip, "wheel", ".", "--no-deps", "--no-build-isolation", "-w", tmp_path, folder=source)
    [wheel] = tmp_path.glob("sojourn-*.whl")

    # An environment of its own for Sojourn, with this one's dependencies in reach.
    venv.create(tmp_path / "clean", with_pip=False)
    python = tmp_path / "clean" / "bin" / "python"
    packages = tmp_path / "clean" / "lib" / DEPENDENCIES.parent.name / "site-packages"
    into = ["--python", python, "install", "--no-deps", "--no-index", wheel]
    call(*pip, *into, folder=tmp_path)
    (packages / "dependencies.pth").write_text(f"{DEPENDENCIES}\n")

    where = call(python, "-c", "import sojourn.cli; print(sojourn.cli.__file__)", folder=tmp_path)
    assert Path(where.strip()).is_relative_to(packages)
    assert "activate" in call(python.with_name("sojourn"), "--help", folder=tmp_path)
    listed = call(
        *(python, "-c"),
        "from airflow.providers_manager import ProvidersManager;"
        "found = ProvidersManager().providers['sojourn'];"
        "print(found.version, found.data['name'])",
        folder=tmp_path,
        AIRFLOW_HOME=str(tmp_path / "airflow"),
    )
    assert listed.split()[-1] == "Sojourn"
