"""The command line: ``sojourn run`` does what the DAGs do, step by step and without Airflow."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from sojourn.attribution.commands import attribution_app
from sojourn.compare.commands import compare_app, evaluate_app
from sojourn.identity.commands import explain, identity_app
from sojourn.options import as_of_option, moment
from sojourn.settings import Settings, get_settings
from sojourn.value.commands import value_app

app = typer.Typer(
    name="sojourn",
    help="A customer journey platform that lives in the data warehouse.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(identity_app)
app.add_typer(evaluate_app)
app.add_typer(compare_app)
app.command("explain")(explain)
app.add_typer(value_app)
app.add_typer(attribution_app)

AsOf = Annotated[
    datetime | None,
    as_of_option("The time as of which to work, UTC (default: now). Later data is left alone."),
]
Sources = Annotated[
    list[str] | None, typer.Option("--source", help="Only this source (may be repeated).")
]


def _progress(message: str) -> None:
    typer.echo(f"  {message}")


def _load(
    settings: Settings,
    as_of: datetime | None,
    sources: list[str] | None = None,
    *,
    retry: bool = False,
    gated: bool = False,
) -> datetime:
    from sojourn.sources import load

    result = load(
        settings,
        as_of=as_of,
        sources=sources,
        retry_rejected=retry,
        gated=gated,
        progress=_progress,
    )
    typer.echo(result.summary())
    if result.awaits_gate and not gated:
        typer.echo("Models read this once the raw gate has judged it: run `sojourn gate`.")
    return result.as_of


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("var/demo"),
    people: Annotated[int, typer.Option(min=1)] = 2500,
    days: Annotated[int, typer.Option(min=1)] = 90,
    seed: int = 7,
    start: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])] = datetime(2026, 1, 1),
) -> None:
    """Write the exports of a made-up retailer whose truth is known."""
    from sojourn.simulation import simulate as run_simulation

    summary = run_simulation(
        out, people=people, days=days, seed=seed, start=start.date(), progress=_progress
    )
    typer.echo(summary)


@app.command("load")
def load_command(
    as_of: AsOf = None,
    source: Sources = None,
    retry_rejected: Annotated[
        bool, typer.Option(help="Try again what the raw gate rejected.")
    ] = False,
) -> None:
    """Load what is new in the sources that sources.yml names."""
    _load(get_settings(), as_of, source, retry=retry_rejected)


@app.command()
def gate(source: Sources = None) -> None:
    """Judge the loads that have not been judged yet, and write a report."""
    from sojourn.gate import run_gate

    result = run_gate(get_settings(), sources=source)
    typer.echo(result.summary())


@app.command("build")
def build_command(
    as_of: AsOf = None,
    select: Annotated[list[str] | None, typer.Option(help="dbt node selector.")] = None,
    full_refresh: Annotated[bool, typer.Option(help="Rebuild incremental tables.")] = False,
    tests: Annotated[bool, typer.Option(help="Run the models' tests too.")] = True,
) -> None:
    """Build the models with dbt."""
    from sojourn.build import build

    build(get_settings(), as_of=as_of, select=select or (), full_refresh=full_refresh, tests=tests)


@app.command("activate")
def activate_command(
    as_of: AsOf = None,
    sync: Annotated[list[str] | None, typer.Option(help="Only this sync.")] = None,
    preview: Annotated[bool, typer.Option(help="Show what would be sent; send nothing.")] = False,
) -> None:
    """Send each destination what has changed since its last acknowledgement."""
    from sojourn.activation import activate

    result = activate(
        get_settings(), as_of=moment(as_of), syncs=sync, dry_run=preview, progress=_progress
    )
    typer.echo(result.summary())
    result.raise_for_status()


@app.command("report")
def report_command(out: Path | None = None) -> None:
    """Write the report page."""
    from sojourn.report import write_report

    settings = get_settings()
    typer.echo(write_report(settings, out or settings.path(settings.var_dir) / "report.html"))


@app.command()
def manifest() -> None:
    """Write dbt's manifest, which Airflow needs before it reads the DAGs."""
    from sojourn.build import run_dbt

    run_dbt(get_settings(), ["parse"], quiet=True)


@app.command()
def run(
    as_of: AsOf = None,
    tests: Annotated[bool, typer.Option(help="Run the models' tests too.")] = True,
) -> None:
    """Load, gate, build, activate, publish and report: all that the DAGs do."""
    from sojourn.activation import activate
    from sojourn.build import build
    from sojourn.gate import run_gate
    from sojourn.publish import publish
    from sojourn.report import write_report
    from sojourn.spark import kept_session

    settings = get_settings()
    with kept_session():
        typer.secho("Load", bold=True)
        effective = _load(settings, as_of, gated=True)
        typer.secho("Raw gate", bold=True)
        typer.echo(run_gate(settings).summary())
    typer.secho("Build", bold=True)
    build(settings, as_of=effective, tests=tests)
    with kept_session():
        typer.secho("Activate", bold=True)
        sent = activate(settings, as_of=effective, progress=_progress)
        typer.echo(sent.summary())
        published = publish(settings)
        if published:
            typer.echo(f"Published for BI tools: {published}")
        report = write_report(settings, settings.path(settings.var_dir) / "report.html")
        typer.echo(f"Report: {report}")
    sent.raise_for_status()


def main() -> None:
    """Run the command line; known errors are shown as one message, without a traceback."""
    try:
        app()
    except (ValueError, RuntimeError, FileNotFoundError) as error:
        typer.secho(str(error), fg="red", err=True)
        sys.exit(1)
