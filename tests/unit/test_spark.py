"""Local Spark: one configuration for dbt and Python, one catalogue handed from one to the other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from jinja2 import Environment
from sojourn import spark
from sojourn.settings import Settings

from tests.conftest import PROJECT_DIR, make_spark_settings


def profile(settings: Settings, target: str) -> dict[str, object]:
    """The target of profiles.yml as dbt renders it in the settings' environment."""
    environment = settings.environment()
    jinja = Environment(autoescape=False)  # noqa: S701 -- YAML, as dbt renders it

    def env_var(name: str, default: str = "") -> str:
        return environment.get(name, default)

    def render(value: object) -> object:
        if isinstance(value, dict):
            return {key: render(each) for key, each in value.items()}
        return jinja.from_string(value).render(env_var=env_var) if isinstance(value, str) else value

    written = yaml.safe_load((PROJECT_DIR / "profiles.yml").read_text(encoding="utf-8"))
    rendered = render(written["sojourn"]["outputs"][target])
    assert isinstance(rendered, dict)
    return rendered


def test_dbt_and_python_configure_the_same_session(tmp_path: Path) -> None:
    settings = make_spark_settings(tmp_path, threads=3)
    ours = spark.configuration(settings)
    # dbt-spark sets this one itself, whatever a profile says.
    assert ours.pop("spark.sql.ansi.enabled") == "false"
    assert profile(settings, "spark")["server_side_parameters"] == ours

    remote = settings.model_copy(update={"spark_remote": "sc://server:15002"})
    there = spark.remote_configuration(remote)
    assert there.pop("spark.sql.ansi.enabled") == "false"
    assert profile(remote, remote.dbt_target)["server_side_parameters"] == there


def test_without_java_the_error_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyspark")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(spark.SparkUnavailableError, match="make system-deps"):
        spark.start_session(make_spark_settings(tmp_path))


def test_a_closed_session_leaves_the_catalogue_to_another_process(tmp_path: Path) -> None:
    problem = spark.missing()
    if problem is not None:
        pytest.skip(problem)
    settings = make_spark_settings(tmp_path)
    session = spark.start_session(settings)
    session.sql("create schema things")
    session.sql("create table things.words as select 'found' as word")
    spark.stop_session(session)
    reads = (
        "from sojourn.settings import Settings; from sojourn import spark;"
        "session = spark.start_session(Settings());"
        "print(session.sql('select word from things.words').collect()[0][0]);"
        "session.sql('drop table things.words');"
        "spark.stop_session(session)"
    )
    environment = {**os.environ, **settings.environment()}
    other = subprocess.run(
        [sys.executable, "-c", reads], env=environment, capture_output=True, text=True, check=True
    )
    assert other.stdout.split() == ["found"]
    session = spark.start_session(settings)
    assert session.sql("show tables in things").collect() == []
    spark.stop_session(session)
