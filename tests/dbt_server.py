"""A process that has dbt imported and projects parsed, and forks a dbt for each request.

dbt's start and parse take longer than most of the builds that tests need. Each build still runs in
a process of its own, as `sojourn.build` promises; those of the end-to-end tests start from nothing.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Key = tuple[str, ...]


class DbtServer:
    """Starts the process at the first call, and takes the place of `sojourn.build._call_dbt`."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __call__(
        self, arguments: Sequence[str], environment: dict[str, str], folder: Path, quiet: bool
    ) -> tuple[int, str]:
        """Run dbt; return its exit code and what it printed."""
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with tempfile.NamedTemporaryFile("r", encoding="utf-8") as printed:
            request = {
                "arguments": list(arguments),
                # dbt looks for secrets in all of the environment at each of thousands of messages.
                "environment": {
                    name: value
                    for name, value in environment.items()
                    if name.startswith(("SOJOURN_", "DBT_", "SPARK_", "JAVA_", "PYTHON"))
                    or name in ("HOME", "PATH", "TMPDIR", "DO_NOT_TRACK")
                },
                "folder": str(folder),
                "printed": printed.name,
            }
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            code = int(self._process.stdout.readline())
            output = printed.read()
        if not quiet:
            print(output)
        return code, output

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.communicate()


def shared_key(request: dict[str, Any]) -> Key | None:
    """What a parse depends on; None where it is not worth sharing or keeping.

    dbt writes the database's name into each node, and settings of the command line and the
    environment may change what a model refers to. What seeds hold is read when they are built.
    """
    arguments, environment = request["arguments"], request["environment"]
    if (
        arguments[0] not in ("build", "run", "test", "seed", "compile", "show", "run-operation")
        or "--vars" in arguments
    ):
        return None
    project = arguments[arguments.index("--project-dir") + 1]
    target = environment["SOJOURN_TARGET"]
    database = {
        "duckdb": Path(environment["SOJOURN_DUCKDB_PATH"]).stem,
        "postgres": environment["SOJOURN_POSTGRES_DATABASE"],
    }.get(target, "")
    return project, last_change(project), target, database, environment["SOJOURN_SCHEMA_PREFIX"]


def last_change(project: str) -> str:
    """When a file of a project changed last that is not a seed's content."""
    folder = Path(project)
    files = [folder / "dbt_project.yml", folder / "profiles.yml", *(folder / "seeds").glob("*.yml")]
    for name in ("models", "macros"):
        # A folder's own time tells of files that are gone; a linked folder is followed.
        for root, _, names in os.walk(folder / name):
            files += [Path(root), *(Path(root) / each for each in names)]
    return str(max(file.stat().st_mtime_ns for file in files if file.exists()))


def serve() -> None:
    """Answer requests, a line of JSON each, with the exit code on a line."""
    for module in ("cli.main", "adapters.duckdb", "adapters.postgres"):
        importlib.import_module(f"dbt.{module}")
    leave_out_debug_events()
    keep_compiled_templates()

    answers = os.fdopen(os.dup(1), "w")
    manifests: dict[Key, Any] = {}
    for line in sys.stdin:
        request = json.loads(line)
        key = shared_key(request)
        if key is not None and key not in manifests:
            manifests[key] = parse(request)
            compile_templates(manifests[key])
        code = answer_in_a_fork(request, manifests.get(key) if key else None)
        answers.write(f"{code}\n")
        answers.flush()


def leave_out_debug_events() -> None:
    """Spare dbt the making of thousands of messages that nobody reads, a sixth of its time."""
    from dbt_common.events.base_types import EventLevel
    from dbt_common.events.event_manager import EventManager

    fire = EventManager.fire_event

    def fire_what_is_read(self: Any, event: Any, level: Any = None, **options: Any) -> None:
        if level is not None or event.level_tag() != EventLevel.DEBUG:
            fire(self, event, level, **options)

    EventManager.fire_event = fire_what_is_read


def keep_compiled_templates() -> None:
    """Compile no template twice, here or in a fork: a sixth of what dbt needs for a build."""
    from dbt_common.clients.jinja import MacroFuzzEnvironment

    compile_template = MacroFuzzEnvironment.compile
    codes: dict[tuple[type, str], Any] = {}

    def compile_once(self: Any, source: Any, *arguments: Any, **options: Any) -> Any:
        if not isinstance(source, str) or any(arguments) or any(options.values()):
            return compile_template(self, source, *arguments, **options)
        key = (type(self), source)
        if key not in codes:
            codes[key] = compile_template(self, source)
        return codes[key]

    MacroFuzzEnvironment.compile = compile_once


def compile_templates(manifest: Any) -> None:
    """Compile all macros and models of a project; what is wrong with one, its build will say."""
    from dbt_common.clients.jinja import get_template
    from dbt_common.exceptions import CompilationError

    nodes = manifest.nodes.values() if manifest is not None else []
    macros = manifest.macros.values() if manifest is not None else []
    for source in {*(node.raw_code for node in nodes), *(macro.macro_sql for macro in macros)}:
        with contextlib.suppress(CompilationError):
            get_template(source, {})


def parse(request: dict[str, Any]) -> Any:
    """Return the parsed project, or None where dbt finds fault with it.

    In a fork too: what parses leaves threads behind, and a later fork would wait for them for ever.
    """
    from dbt.contracts.graph.manifest import Manifest

    arguments = request["arguments"]
    project_on = arguments[arguments.index("--project-dir") :]
    if answer_in_a_fork({**request, "arguments": ["--quiet", "parse", *project_on]}, None) != 0:
        return None
    parsed = Path(request["environment"]["DBT_TARGET_PATH"]) / "partial_parse.msgpack"
    manifest = Manifest.from_msgpack(parsed.read_bytes())
    manifest.build_flat_graph()
    return manifest


def answer_in_a_fork(request: dict[str, Any], manifest: Any) -> int:
    """Run dbt in a process of its own and return its exit code."""
    child = os.fork()
    if child == 0:
        os._exit(answer(request, manifest))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def answer(request: dict[str, Any], manifest: Any) -> int:
    """Run dbt in this process, which is made for it."""
    from dbt.cli.main import dbtRunner

    output = os.open(request["printed"], os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(output, stream)
    code = 2
    try:
        os.environ.clear()
        os.environ.update(request["environment"])
        os.environ["DBT_LOG_LEVEL_FILE"] = "none"
        os.chdir(request["folder"])
        result = dbtRunner(manifest=manifest).invoke(request["arguments"])
        if result.exception is not None:
            print(result.exception)
        code = 0 if result.success else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return code


if __name__ == "__main__":
    serve()
