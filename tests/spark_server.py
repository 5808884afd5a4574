"""A Spark Connect server for tests: dbt, loader and gate, a process each, share one warm Java."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyspark
from sojourn import spark
from sojourn.settings import Settings

SECONDS_TO_START = 120
# For tables of a few rows, planning is what costs.
PLAIN_PLANS = {
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.ui.explainMode": "simple",
    "spark.sql.maxPlanStringLength": "1000",
}


@contextmanager
def running_server(settings: Settings) -> Iterator[str]:
    """Start a server with the settings' local configuration; yield its address.

    Its catalogue is in its memory, so it ends with the server.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    configuration = {
        **spark.configuration(settings),
        **PLAIN_PLANS,
        "spark.sql.catalogImplementation": "in-memory",
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
    }
    home = Path(pyspark.__file__).parent
    folder = Path(settings.var_dir)
    folder.mkdir(parents=True, exist_ok=True)
    command = [str(home / "bin" / "spark-submit")]
    for name, value in configuration.items():
        command += ["--conf", f"{name}={value}"]
    command += ["--class", "org.apache.spark.sql.connect.service.SparkConnectServer"]
    command += ["spark-internal"]
    log = folder / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "SPARK_HOME": str(home)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(server, port, log)
        yield f"sc://localhost:{port}"
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(settings.spark_warehouse_dir, ignore_errors=True)


def _wait_for(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise RuntimeError(f"Spark's server did not start:\n{log.read_text()[-2000:]}")
