"""The demo: a simulated brand through the DAGs, end to end, with a summary of what came out."""

from __future__ import annotations

import os
import secrets
import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from sojourn.settings import Settings, get_settings

START = date(2026, 1, 1)


@dataclass(frozen=True)
class World:
    """What is simulated; written beside the exports, so that the same world is not made again."""

    people: int
    days: int
    seed: int

    def stamp(self) -> str:
        """Return a text that differs where the world, or the code that makes it, does."""
        import hashlib

        digest = hashlib.sha256()
        for path in sorted(Path(__file__).with_name("simulation").glob("*.py")):
            digest.update(path.read_bytes())
        return f"{self.people} {self.days} {self.seed} {digest.hexdigest()}"


def make_exports(folder: Path, world: World) -> None:
    """Write the brand's exports to ``folder``, unless they are there already."""
    from sojourn.simulation import simulate

    stamp = folder / ".world"
    if stamp.is_file() and stamp.read_text() == world.stamp():
        return
    if folder.is_dir() and any(folder.iterdir()):
        if not stamp.is_file():
            raise RuntimeError(
                f"{folder} holds files that the demo did not write, and it will not replace them. "
                "Unset SOJOURN_EXPORTS, or point it to an empty folder."
            )
        import shutil

        shutil.rmtree(folder)
    simulate(folder, people=world.people, days=world.days, seed=world.seed, start=START)
    stamp.write_text(world.stamp())


def run_demo(settings: Settings, world: World) -> None:
    """Simulate, run the DAGs in process on a fresh warehouse, and print what came out."""
    from rich.console import Console

    from sojourn.activation.receiver import Receiver
    from sojourn.airflow.demo import run_dags
    from sojourn.build import manifest_is_current, run_dbt

    console = Console()
    began = time.monotonic()
    exports = settings.path(settings.exports or settings.var_dir / "demo")
    warehouse = settings.path(settings.duckdb_path)

    console.print(f"[bold]A brand of {world.people:,} people over {world.days} days[/bold]")
    make_exports(exports, world)
    console.print(f"  its exports are in {_short(exports)}")

    marker = warehouse.with_name(warehouse.name + ".demo")
    if warehouse.is_file() and not marker.is_file():
        raise RuntimeError(
            f"{warehouse} was not made by the demo, and it will not replace it. "
            "Move it away, or set SOJOURN_DUCKDB_PATH to another file."
        )
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.touch()
    for stale in (warehouse, warehouse.with_name(warehouse.name + ".wal")):
        stale.unlink(missing_ok=True)
    received = settings.path(settings.var_dir) / "received.jsonl"
    received.parent.mkdir(parents=True, exist_ok=True)
    received.unlink(missing_ok=True)
    if not manifest_is_current(settings):
        run_dbt(settings, ["parse"], quiet=True)
    secret = secrets.token_hex(16)
    with Receiver(received, secret=secret) as receiver:
        os.environ["SOJOURN_WEBHOOK_URL"] = receiver.url
        os.environ["SOJOURN_WEBHOOK_SECRET"] = secret
        runs = run_dags(
            settings, datetime(START.year, START.month, START.day) + timedelta(days=world.days)
        )
    print_summary(settings, console)
    console.print(f"\nDone in {time.monotonic() - began:.0f} s. Where to look next:")
    for path, what in [
        (settings.path(settings.var_dir) / "report.html", "the report, in a browser"),
        (warehouse, "the warehouse: open it with DuckDB, or any BI tool that reads it"),
        (received, "what the webhook's receiver got, a JSON object a line"),
        (settings.path(settings.var_dir) / "gate" / "index.html", "what the raw gate found"),
        (runs.log, "Airflow's log"),
    ]:
        console.print(f"  {_short(path):<34} {what}", highlight=False)


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def print_summary(settings: Settings, console: object) -> None:
    """Print the counts along the flow and the audiences."""
    from rich.console import Console
    from rich.table import Table

    from sojourn.report.facts import read_facts

    assert isinstance(console, Console)  # noqa: S101 -- narrows the type, rich is imported late
    facts = read_facts(settings)
    table = Table(title=f"As of {facts.as_of:%Y-%m-%d}", title_justify="left", box=None)
    table.add_column("")
    table.add_column("", justify="right")
    table.add_column("")
    for title, schema, count, note in facts.flow:
        table.add_row(title, f"{count:,}", f"{note}", style=None if schema else "dim")
    for audience in facts.audiences:
        table.add_row(f"  {audience['name']}", f"{audience['members']:,}", "members")
    console.print()
    console.print(table)


def main(
    people: Annotated[int, typer.Option(min=1)] = 2500,
    days: Annotated[int, typer.Option(min=1)] = 90,
    seed: int = 7,
) -> None:
    """Simulate a brand, run the DAGs end to end on DuckDB, and show what came out."""
    settings = get_settings()
    if settings.exports is None:
        settings = settings.model_copy(update={"exports": Path("var/demo")})
    os.environ.update(settings.environment())
    try:
        run_demo(settings, World(people, days, seed))
    except RuntimeError as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(1) from None


if __name__ == "__main__":
    typer.run(main)
