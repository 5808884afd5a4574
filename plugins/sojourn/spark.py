"""Sessions of Apache Spark: one configuration for dbt and Python, and a catalogue handed over.

Local Spark keeps its catalogue in an embedded Derby database that one process at a time can open,
like DuckDB's file. Starting Spark costs seconds, so that what is closed here is the session and the
database, while the Java process waits for the next session.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from sojourn.settings import Settings

HOW_TO_GET_PYSPARK = (
    "The target spark needs PySpark and dbt-spark, which are not installed: "
    "run `make setup`, or pip install '.[spark]' where Sojourn's pyproject.toml is."
)
HOW_TO_GET_JAVA = (
    "The target spark needs Java 17 or newer, which was not found: run `make system-deps`, or set "
    "JAVA_HOME."
)


_kept: list[tuple[dict[str, str], SparkSession]] | None = None
"""The session that is kept open, if one is, while ``kept_session`` holds; else None."""


class SparkUnavailableError(RuntimeError):
    """Spark cannot run here; the message says what is missing and how to get it."""


def configuration(settings: Settings) -> dict[str, str]:
    """Return the configuration of a local session, as the target ``spark`` in profiles.yml has it.

    dbt-spark adds two settings of its own: Hive's catalogue, and casts that give NULL for what they
    cannot read.
    """
    java_options = "-Duser.timezone=UTC -Dderby.stream.error.file=/dev/null"
    return {
        "spark.app.name": "sojourn",
        "spark.master": f"local[{settings.threads}]",
        "spark.driver.host": "localhost",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": settings.spark_driver_memory,
        "spark.driver.extraJavaOptions": f"{java_options} {settings.spark_java_options}",
        "spark.log.level": "ERROR",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.warehouse.dir": str(settings.spark_warehouse_dir),
        "spark.hadoop.javax.jdo.option.ConnectionURL": (
            f"jdbc:derby:;databaseName={settings.spark_metastore_dir};create=true"
        ),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": str(settings.spark_shuffle_partitions),
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        "spark.sql.ansi.enabled": "false",
    }


def remote_configuration(settings: Settings) -> dict[str, str]:
    """Return the configuration of a session on a server, as the target ``spark_connect`` has it."""
    names = ("spark.sql.session.timeZone", "spark.sql.shuffle.partitions")
    types = "spark.sql.parquet.outputTimestampType"
    local = configuration(settings)
    return {
        "spark.remote": settings.spark_remote,
        **{name: local[name] for name in (*names, types, "spark.sql.ansi.enabled")},
    }


def missing() -> str | None:
    """Return what keeps local Spark from running here and how to get it, or None."""
    from importlib.util import find_spec

    if find_spec("pyspark") is None:
        return HOW_TO_GET_PYSPARK
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java", path=f"{home}/bin" if home else None) is None:
        return HOW_TO_GET_JAVA
    return None


@contextmanager
def kept_session() -> Iterator[None]:
    """Keep one session open from one use of the warehouse to the next, and stop it at the end.

    For several steps in a row: each start of a session costs seconds. No other process can open a
    local catalogue meanwhile, dbt included.
    """
    global _kept
    if _kept is not None:
        yield
        return
    _kept = []
    try:
        yield
    finally:
        kept, _kept = _kept, None
        for _, session in kept:
            stop_session(session)


def start_session(settings: Settings) -> SparkSession:
    """Return a session on the settings' warehouse, local or a server's; see ``stop_session``.

    Raises:
        SparkUnavailableError: PySpark or Java is missing, or another process (dbt, another
            ``sojourn``) has the catalogue open.
    """
    problem = missing()
    if problem == HOW_TO_GET_PYSPARK or (problem is not None and not settings.spark_remote):
        raise SparkUnavailableError(problem)
    from pyspark.sql import SparkSession

    # PySpark logs the statements that fail, and with them the values in them.
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    wanted = remote_configuration(settings) if settings.spark_remote else configuration(settings)
    if _kept:
        if _kept[0][0] == wanted:
            return _kept[0][1]
        stop_session(_kept.pop()[1])
    if SparkSession.getActiveSession() is not None:
        raise SparkUnavailableError("A Spark session is open in this process: close it first.")
    builder: Any = SparkSession.builder
    if not settings.spark_remote:
        builder = builder.enableHiveSupport()
    for name, value in wanted.items():
        builder = builder.config(name, value)
    session: SparkSession = builder.getOrCreate()
    try:
        session.catalog.databaseExists("default")
    except Exception as error:
        stop_session(session)
        if settings.spark_remote:
            raise
        raise SparkUnavailableError(
            f"Spark's catalogue in {settings.spark_metastore_dir} cannot be opened "
            f"({type(error).__name__}). One process at a time can: wait until dbt, or another "
            "`sojourn`, has ended."
        ) from None
    if _kept is not None:
        _kept.append((wanted, session))
    return session


def stop_session(session: SparkSession) -> None:
    """Stop a session; release a local one's catalogue, so that another process can open it.

    A session that ``kept_session`` keeps goes on.
    """
    if any(session is kept for _, kept in _kept or ()):
        return
    if type(session).__module__.startswith("pyspark.sql.connect"):
        session.stop()
        # PySpark would take a local session that follows for one on a server.
        os.environ.pop("SPARK_CONNECT_MODE_ENABLED", None)
        return
    from py4j.protocol import Py4JJavaError

    context = session.sparkContext
    url = context.getConf().get("spark.hadoop.javax.jdo.option.ConnectionURL", "")
    jvm: Any = context._jvm
    session.stop()
    place = (url or "").replace(";create=true", "")
    if place.startswith("jdbc:derby:"):
        try:
            jvm.java.sql.DriverManager.getConnection(f"{place};shutdown=true")
        except Py4JJavaError as error:
            # Derby reports a database that was shut down (08006), or never opened, as an error.
            if error.java_exception.getSQLState() not in ("08006", "XJ004"):
                raise
