"""Airflow's services on this machine, without Docker: `make up`.

They listen on the loopback address only and keep everything (settings, metadata, logs, the
password of the web interface) in one folder. For more than one machine or person, see
`docker-compose.yml`.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from rich.console import Console

from sojourn.airflow.environment import airflow_environment, end_with_parent
from sojourn.settings import Settings

USER = "admin"
COMMANDS = {
    "api-server": ["api-server"],
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}
# What the health page calls them.
HEALTH_NAMES = {
    "scheduler": "scheduler",
    "dag-processor": "dag_processor",
    "triggerer": "triggerer",
}


class ServicesError(RuntimeError):
    """A service did not come up or stopped by itself; the message names its log."""


def free_port() -> int:
    """Return a port of the loopback address on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class AirflowServices:
    """The services, as a context manager: started on entry, all gone on exit.

    Attributes:
        home: the folder that they live in.
        url: where the web interface and the REST API are.
    """

    def __init__(self, settings: Settings, home: Path, port: int | None = None) -> None:
        self.settings = settings
        self.home = home.resolve()
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._logs: list[IO[bytes]] = []

    @property
    def password(self) -> str:
        """The web interface's password for the user `admin`, made when the folder is."""
        file = self.home / "passwords.json"
        if not file.is_file():
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as stream:
                json.dump({USER: secrets.token_urlsafe(12)}, stream)
        return str(json.loads(file.read_text())[USER])

    def environment(self) -> dict[str, str]:
        """Return the environment of every service; it holds secrets."""
        return {
            **airflow_environment(self.settings, self.home),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__SECRET_KEY": self._secret,
            "AIRFLOW__API_AUTH__JWT_SECRET": self._secret,
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.home / "passwords.json"),
            "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",
        }

    def __enter__(self) -> Self:
        """Prepare the metadata database and start every service; return when all are healthy.

        Raises:
            ServicesError: when one does not come up.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        self._secret = secrets.token_hex(32)
        _ = self.password
        try:
            self._prepare()
            for name, arguments in COMMANDS.items():
                self._processes[name] = self._start(name, ["-m", "airflow", *arguments])
            self._wait_until_healthy()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop every service and whatever it started."""
        self.stop()

    def log(self, name: str) -> Path:
        """Return the file that a service writes to."""
        return self.home / f"{name}.log"

    def _start(self, name: str, arguments: list[str]) -> subprocess.Popen[bytes]:
        stream = self.log(name).open("ab")
        self._logs.append(stream)
        return subprocess.Popen(  # noqa: S603 -- Airflow, in this Python
            [sys.executable, *arguments],
            cwd=self.settings.project_dir,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=end_with_parent,
        )

    def _prepare(self) -> None:
        process = self._start("setup", ["-m", "sojourn.airflow.pools"])
        self._processes["setup"] = process
        if process.wait(timeout=300) != 0:
            raise ServicesError(f"Airflow could not be prepared; see {self.log('setup')}.")
        del self._processes["setup"]

    def check(self) -> None:
        """Raise ServicesError when a service has stopped by itself."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                raise ServicesError(
                    f"{name} stopped with code {process.returncode}; see {self.log(name)}."
                )

    def health(self) -> dict[str, Any]:
        """Return what the API server says of the services; empty while it does not answer."""
        import httpx

        try:
            response = httpx.get(f"{self.url}/api/v2/monitor/health", timeout=5, trust_env=False)
        except httpx.HTTPError:
            return {}
        return dict(response.json()) if response.status_code == httpx.codes.OK else {}

    def _wait_until_healthy(self, timeout: float = 180) -> None:
        deadline = time.monotonic() + timeout
        missing: list[str] = []
        while time.monotonic() < deadline:
            self.check()
            health = self.health()
            missing = [
                name
                for name, key in HEALTH_NAMES.items()
                if (health.get(key) or {}).get("status") != "healthy"
            ]
            if not missing:
                return
            time.sleep(0.5)
        raise ServicesError(f"Not healthy after {timeout:.0f} s: {', '.join(missing)}.")

    def stop(self, patience: float = 20) -> None:
        """Ask every service to stop, then make what is left stop."""
        import psutil  # type: ignore[import-untyped]

        family: list[psutil.Process] = []
        for process in self._processes.values():
            try:
                parent = psutil.Process(process.pid)
                family += [parent, *parent.children(recursive=True)]
            except psutil.NoSuchProcess:
                continue
        for process in self._processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        _, left = psutil.wait_procs(family, timeout=patience)
        for straggler in left:
            straggler.kill()
        psutil.wait_procs(left, timeout=5)
        for process in self._processes.values():
            process.wait()
        self._processes.clear()
        for stream in self._logs:
            stream.close()
        self._logs.clear()


def main() -> None:
    """Start the services, say where they are, and stop them on Ctrl-C."""
    from sojourn.settings import get_settings

    console = Console()
    settings = get_settings()
    home = settings.path(settings.var_dir) / "airflow" / "services"
    port = int(os.environ.get("SOJOURN_AIRFLOW_PORT", "8080"))
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        if not stopping:
            stopping = True
            raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        with console.status("Airflow starts (half a minute)"):
            services = AirflowServices(settings, home, port).__enter__()
        try:
            console.print(f"Airflow is at [bold]{services.url}[/bold]", highlight=False)
            console.print(f"  user {USER}, password {services.password}", highlight=False)
            console.print(f"  logs in {home}", highlight=False)
            console.print("  unpause sojourn_ingest to begin; Ctrl-C stops everything")
            while True:
                services.check()
                time.sleep(2)
        finally:
            with console.status("Airflow stops"):
                services.stop()
    except KeyboardInterrupt:
        console.print("Airflow has stopped.")
    except ServicesError as error:
        console.print(f"[red]{error}[/red]", highlight=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
