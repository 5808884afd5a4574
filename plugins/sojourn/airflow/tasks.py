"""What the tasks do: each calls the entry point that `sojourn` the command calls, too.

Libraries are imported when a task runs, never when a DAG file is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from airflow.sdk import Metadata, get_current_context

from sojourn.airflow.as_of import format_as_of, parse_as_of, resolve_as_of

if TYPE_CHECKING:
    from airflow.sdk import Asset


def find_as_of() -> str:
    """Return the `as_of` of this DAG run, as text."""
    return format_as_of(resolve_as_of(get_current_context()))


def load_source(source: str, as_of: str) -> str:
    """Load one source and return the effective `as_of`: the warehouse's clock never goes back."""
    from sojourn.settings import get_settings
    from sojourn.sources import load

    result = load(get_settings(), as_of=parse_as_of(as_of), sources=[source], gated=True)
    print(result.summary())
    return format_as_of(result.as_of)


def judge_source(source: str, as_of: str) -> str:
    """Judge the loads of one source that nobody has judged yet; return `as_of`, passed.

    Raises:
        AirflowFailException: when a load is rejected. Trying again would judge the same rows, so
            the task is not retried.
    """
    from airflow.sdk.exceptions import AirflowFailException

    from sojourn.gate import run_gate
    from sojourn.settings import get_settings

    result = run_gate(get_settings(), sources=[source])
    if source in result.rejected:
        raise AirflowFailException(
            f"The raw gate rejected {source!r}: {result.rejected[source]}. {result.advice[source]} "
            "More in raw_gate.results in the warehouse and in var/gate/index.html."
        )
    return as_of


def announce(asset: Asset, moments: Iterable[str | None]) -> Iterator[Metadata]:
    """Emit an event of the asset that carries the latest of the moments.

    Raises:
        ValueError: when there is no moment at all.
    """
    found = [parse_as_of(moment) for moment in moments if moment]
    if not found:
        raise ValueError(f"Nothing happened of which {asset.name} could tell.")
    yield Metadata(asset, extra={"as_of": format_as_of(max(found))})


def refit_value(as_of: str) -> None:
    """Fit the models of customer value, and keep the fit: the next build predicts by it.

    A run that is repeated, since it was killed after the fit was kept, finds it and is done.

    Raises:
        AirflowFailException: when there is too little to learn from, or nothing converges. Trying
            again would learn from the same orders, so the task is not retried.
    """
    from airflow.sdk.exceptions import AirflowFailException

    from sojourn.settings import get_settings
    from sojourn.value.fit import AlreadyFitted, fit_value
    from sojourn.value.optimum import FitError

    try:
        print(fit_value(get_settings(), parse_as_of(as_of)).summary())
    except AlreadyFitted as done:
        print(done)
    except FitError as error:
        raise AirflowFailException(str(error)) from None


def refit_attribution(as_of: str) -> None:
    """Propose a fit of attribution, and report what it would move; adopt it if the settings say so.

    Raises:
        AirflowSkipException: when there is nothing to learn from yet.
        AirflowFailException: when the fit cannot be proposed. Trying again would not mend it.
    """
    from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

    from sojourn.attribution.refit import NothingFittedError, RefitError, refit
    from sojourn.settings import get_settings

    settings = get_settings()
    try:
        proposed = refit(settings, parse_as_of(as_of), adopt_below=settings.refit_adopt_below)
    except NothingFittedError as error:
        raise AirflowSkipException(str(error)) from None
    except RefitError as error:
        raise AirflowFailException(str(error)) from None
    print(proposed.summary())


def activate_syncs(as_of: str) -> None:
    """Send to every destination what has changed since its last acknowledgement."""
    from sojourn.activation import activate
    from sojourn.settings import get_settings

    result = activate(get_settings(), as_of=parse_as_of(as_of))
    print(result.summary())
    result.raise_for_status()


def publish_snapshot() -> None:
    """Give BI tools a fresh copy of the warehouse to read."""
    from sojourn.publish import publish
    from sojourn.settings import get_settings

    publish(get_settings())


def write_report() -> None:
    """Write the page that shows what the run did, to `report.html` in the folder `var_dir`."""
    from sojourn import report
    from sojourn.settings import get_settings

    settings = get_settings()
    report.write_report(settings, settings.path(settings.var_dir) / "report.html")


def wait_for_warehouse() -> None:
    """Open the warehouse for writing and close it again.

    dbt's one process is not tried again when it meets a lock or a server that is away; this is.
    """
    from sojourn.settings import get_settings
    from sojourn.warehouse import open_warehouse

    with open_warehouse(get_settings()) as warehouse:
        warehouse.fetch("select 1")
