"""The commands ``sojourn value ...``."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from sojourn.options import as_of_option, moment
from sojourn.settings import get_settings

value_app = typer.Typer(
    name="value",
    help="What customers are worth: fit the models that predict it.",
    no_args_is_help=True,
)


@value_app.callback()
def _value() -> None:
    """Keep `fit` a command of its own while it is the only one."""


@value_app.command("fit")
def fit(
    as_of: Annotated[
        datetime | None,
        as_of_option("When this is, UTC (default: now). It names the fit, and the latest counts."),
    ] = None,
    holdout_days: Annotated[
        int, typer.Option(min=60, help="The back-test foretells so many days, the latest ones.")
    ] = 90,
) -> None:
    """Learn how often customers buy and for how much, test it on the latest days, and keep both."""
    from sojourn.value.fit import fit_value

    typer.echo(fit_value(get_settings(), moment(as_of), holdout_days=holdout_days).summary())
