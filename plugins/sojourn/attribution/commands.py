"""The commands ``sojourn attribution ...``."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from sojourn.options import as_of_option, moment
from sojourn.settings import get_settings

attribution_app = typer.Typer(
    name="attribution",
    help="Fit attribution anew, see what that would move, and adopt it.",
    no_args_is_help=True,
)

AsOf = Annotated[
    datetime | None,
    as_of_option("When this is, UTC (default: now). Builds as of an earlier time ignore it."),
]


@attribution_app.command("refit")
def refit_command(
    as_of: AsOf = None,
    version: Annotated[
        str | None, typer.Option(help="The fit's name (default: the day, 2026-04-01).")
    ] = None,
    adopt_below: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Adopt it if no model gives more than this part of its credit (0.05) to others "
            "(default: SOJOURN_REFIT_ADOPT_BELOW; never, if that is not set).",
        ),
    ] = None,
) -> None:
    """Fit Markov and Shapley weights anew, beside those in use, and report what they would move."""
    from sojourn.attribution.refit import refit

    settings = get_settings()
    allowed = settings.refit_adopt_below if adopt_below is None else adopt_below
    typer.echo(refit(settings, moment(as_of), version=version, adopt_below=allowed).summary())


@attribution_app.command("adopt")
def adopt_command(
    version: Annotated[str, typer.Argument(help="A fit in attribution.channel_weights.")],
    author: Annotated[str, typer.Option(help="Who decides.")],
    reason: Annotated[str, typer.Option(help="Why: later readers will ask.")],
    as_of: AsOf = None,
) -> None:
    """Credit by a fit from the next build on. The former one can be adopted again."""
    from sojourn.attribution.refit import adopt

    typer.echo(adopt(get_settings(), version, moment(as_of), author=author, reason=reason))
