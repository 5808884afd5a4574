"""Runs the suites of ``expectations/`` on new loads, records the verdicts, rejects what fails."""

from __future__ import annotations

import importlib.util
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sojourn.errors import describe
from sojourn.gate.report import advice, write_report
from sojourn.sources.config import Source, read_sources
from sojourn.warehouse import (
    Warehouse,
    open_warehouse,
    quote_identifier,
    relation_name,
    text_type,
)

if TYPE_CHECKING:
    import pandas as pd

    from sojourn.settings import Settings

SAMPLE_ROWS = 100_000
"""A table of a load with more rows is judged by a sample of about as many, chosen by row id."""

_RESULTS = relation_name("raw_gate", "results")


class GateError(RuntimeError):
    """The suites of one or more sources could not be run; the others were."""


@dataclass(frozen=True)
class Check:
    """An expectation's outcome on a table of a load."""

    source: str
    table: str
    expectation: str
    severity: str
    success: bool
    observed: str
    unexpected_count: int
    load_id: str | None


@dataclass
class GateResult:
    """The verdicts.

    Attributes:
        checks: each expectation's outcome.
        rejected: by source, why one of its loads (or the relation read in place) is not read.
        advice: by source, how to mend that and let the rows in.
        report: the page that shows it all.
    """

    checks: list[Check] = field(default_factory=list)
    rejected: dict[str, str] = field(default_factory=dict)
    advice: dict[str, str] = field(default_factory=dict)
    report: Path | None = None

    @property
    def warnings(self) -> list[Check]:
        """Checks of severity warning that failed."""
        return [found for found in self.checks if not found.success and found.severity == "warning"]

    def summary(self) -> str:
        """Return how many checks were made and what failed."""
        lines = [f"{len(self.checks)} checks, {len(self.warnings)} warnings"]
        lines += [
            f"  warning: {found.source}.{found.table}: {found.expectation}"
            for found in self.warnings
        ]
        for source, why in self.rejected.items():
            lines += [f"  rejected: {source}: {why}", f"    {self.advice[source]}"]
        if self.report is not None:
            lines.append(f"  more in {self.report}")
        return "\n".join(lines)


@dataclass(frozen=True)
class _Load:
    """What is judged together: a load's rows of each table, or a view as it is now."""

    load_id: str | None
    tables: tuple[str, ...]


def _import_expectations(path: Path) -> Any:
    """Return a suite file as a module; it is no part of a package."""
    name = f"sojourn_expectations_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise GateError(f"{path.name} in expectations/ cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def find_suites(settings: Settings, source: Source) -> dict[str, list[Any]]:
    """Return a source's expectations by table: its own file's, its connector's, its entity's."""
    folder = settings.project_dir / "expectations"
    for name in (source.name, source.connector):
        path = folder / f"{name}.py"
        if path.is_file():
            suites: dict[str, list[Any]] = _import_expectations(path).suites()
            return suites
    generic = folder / "generic.py"
    if source.entity is None or not generic.is_file():
        return {}
    found: list[Any] = _import_expectations(generic).suites()[source.entity]
    return {source.entity: found}


def _quiet_great_expectations() -> Any:
    """Import Great Expectations without telemetry or progress bars; return a context in memory."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    os.environ.setdefault("TQDM_DISABLE", "1")
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    return context


class _Judge:
    """Validates pandas batches; one asset serves all."""

    def __init__(self) -> None:
        self._context = _quiet_great_expectations()
        asset = self._context.data_sources.add_pandas("raw").add_dataframe_asset("rows")
        self._definition = asset.add_batch_definition_whole_dataframe("batch")

    def judge(
        self,
        source: str,
        table: str,
        load_id: str | None,
        rules: list[Any],
        frame: pd.DataFrame,
        note: str,
    ) -> list[Check]:
        """Return the outcome of each rule on the rows; an observation never quotes a value."""
        import great_expectations as gx

        suite = gx.ExpectationSuite(name=f"{source}.{table}.{id(rules)}", expectations=list(rules))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            batch = self._definition.get_batch(batch_parameters={"dataframe": frame})
            outcome = batch.validate(suite, result_format="BASIC")
        checks = []
        for found in outcome.results:
            config = found.expectation_config
            says = (config.meta or {}).get("says", config.type)
            observed, unexpected = _observed(found)
            severity = getattr(config.severity, "value", str(config.severity))
            checks.append(
                Check(
                    source,
                    table,
                    says,
                    "critical" if severity == "critical" else "warning",
                    bool(found.success),
                    f"{observed}{note}",
                    unexpected,
                    load_id,
                )
            )
        return checks


def _observed(found: Any) -> tuple[str, int]:
    """Return what was seen, in words, and how many rows did not comply."""
    result = found.result or {}
    if found.exception_info and _raised(found.exception_info):
        return "could not be evaluated", 0
    if "unexpected_count" in result:
        unexpected, total = int(result["unexpected_count"] or 0), int(result["element_count"] or 0)
        missing = int(result.get("missing_count") or 0)
        return f"{unexpected:,} of {total - missing:,} rows do not comply", unexpected
    value = result.get("observed_value")
    return (f"{value:.4g}" if isinstance(value, float) else str(value)), 0


def _raised(info: dict[str, Any]) -> bool:
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return any(bool(found.get("raised_exception")) for found in info.values())


# --- What to judge --------------------------------------------------------------------------


def prepare_gate(warehouse: Warehouse) -> None:
    """Make the table of verdicts: from now on models read only what the gate has accepted."""
    warehouse.execute("create schema if not exists raw_gate")
    text = text_type(warehouse.dialect)
    columns = {
        **dict.fromkeys(("source", "table_name", "expectation", "severity"), text),
        **{"success": "boolean", "observed": text, "unexpected_count": "bigint"},
        **{"load_id": text, "checked_at": "timestamp"},
    }
    warehouse.create_keyed("raw_gate", "results", columns, key=("source", "load_id"))


def _pending(warehouse: Warehouse, source: Source) -> list[_Load]:
    """Return the completed loads that no verdict exists for, oldest first; a view always."""
    schema = source.raw_schema
    if source.connector == "table":
        entity = source.entity or ""
        return [_Load(None, (entity,))] if warehouse.relation_exists(schema, entity) else []
    # A load of which no file could be opened has left nothing but its reasons in quarantine.
    listings = [
        f"select _dlt_load_id, table_name, _loaded_at from {relation_name(schema, listing)}"
        for listing in ("loaded_files", "quarantine")
        if warehouse.relation_exists(schema, listing)
    ]
    if not listings:
        return []
    rows = warehouse.fetch(
        "select files._dlt_load_id, files.table_name "
        f"from ({' union all '.join(listings)}) as files "
        f"inner join {relation_name(schema, '_dlt_loads')} as loads "
        "on files._dlt_load_id = loads.load_id and loads.status = 0 "
        "where not exists (select 1 "
        f"from {_RESULTS} as results "
        "where results.source = ? and results.load_id = files._dlt_load_id) "
        "group by 1, 2 order by min(files._loaded_at), min(loads.inserted_at), 2",
        (source.name,),
    )
    tables: dict[str, list[str]] = {}
    for load_id, table in rows:
        tables.setdefault(load_id, []).append(table)
    return [_Load(load_id, tuple(found)) for load_id, found in tables.items()]


def _wanted_columns(rules: list[Any]) -> list[str]:
    return list(dict.fromkeys(rule.column for rule in rules if getattr(rule, "column", None)))


def _rows(
    warehouse: Warehouse, source: Source, table: str, load_id: str | None, rules: list[Any]
) -> tuple[pd.DataFrame, str]:
    """Return the columns that the rules speak of, and a note when it is a sample."""
    schema = source.raw_schema
    relation = relation_name(schema, table)
    there = warehouse.columns(schema, table)
    wanted = _wanted_columns(rules)
    plain = {name for name in wanted if not name.endswith("__is_valid")}
    for name in wanted:
        if name.endswith("__is_valid"):
            base = name.removesuffix("__is_valid")
            plain |= {base, f"{base}__standard"}
    read = sorted(plain & set(there))
    listed = ", ".join(quote_identifier(name) for name in read) or "1 as one"
    condition, params = ("true", ()) if load_id is None else ("_dlt_load_id = ?", (load_id,))
    total = int(warehouse.fetch(f"select count(*) from {relation} where {condition}", params)[0][0])
    note = ""
    if total > SAMPLE_ROWS:
        limit = max(1, round(65_536 * SAMPLE_ROWS / total))
        condition += f" and substr(_row_id, 1, 4) < '{limit:04x}'"
        note = f" (in a sample of about {SAMPLE_ROWS:,} of {total:,} rows)"
    frame = warehouse.fetch_arrow(
        f"select {listed} from {relation} where {condition}", params
    ).to_pandas()
    for name in plain - set(there):
        frame[name] = None
    for name in wanted:
        if name.endswith("__is_valid"):
            base = name.removesuffix("__is_valid")
            valid = frame[f"{base}__standard"].notna()
            frame[name] = valid.astype(object).where(frame[base].notna(), None)
    return frame, note


def _counts(warehouse: Warehouse, source: Source, load: _Load, table: str) -> pd.DataFrame:
    """Return a load's counts for a table: one row."""
    import pandas as pd

    schema = source.raw_schema
    rows = quarantined = unreadable = drifted = 0
    if warehouse.relation_exists(schema, "loaded_files"):
        rows, quarantined = warehouse.fetch(
            "select coalesce(sum(row_count), 0), coalesce(sum(quarantined_count), 0) "
            f"from {relation_name(schema, 'loaded_files')} "
            "where _dlt_load_id = ? and table_name = ?",
            (load.load_id, table),
        )[0]
    if warehouse.relation_exists(schema, "quarantine"):
        unreadable = warehouse.fetch(
            f"select count(*) from {relation_name(schema, 'quarantine')} "
            "where _dlt_load_id = ? and table_name = ? and content is null",
            (load.load_id, table),
        )[0][0]
    if warehouse.relation_exists(schema, "schema_drift"):
        drifted = warehouse.fetch(
            f"select count(*) from {relation_name(schema, 'schema_drift')} "
            "where _dlt_load_id = ? and table_name = ?",
            (load.load_id, table),
        )[0][0]
    total = int(rows) + int(quarantined)
    return pd.DataFrame(
        {
            "quarantined_share": [float(quarantined) / total if total else 0.0],
            "unreadable_files": [int(unreadable)],
            "drifted_columns": [int(drifted)],
        }
    )


def _judge_load(
    warehouse: Warehouse, judge: _Judge, source: Source, load: _Load, suites: dict[str, list[Any]]
) -> list[Check]:
    from sojourn.gate.rules import load_rules

    checks: list[Check] = []
    for table in load.tables:
        if load.load_id is not None:
            frame = _counts(warehouse, source, load, table)
            checks += judge.judge(source.name, table, load.load_id, load_rules(), frame, "")
        else:
            # Also where nothing is expected of a relation, or it is empty, there is a verdict.
            relation = relation_name(source.raw_schema, table)
            count = int(warehouse.fetch(f"select count(*) from {relation}")[0][0])
            says = "the relation can be read"
            seen = f"{count:,} rows"
            checks.append(Check(source.name, table, says, "critical", True, seen, 0, None))
        rules = suites.get(table, [])
        if not rules or not warehouse.relation_exists(source.raw_schema, table):
            continue
        frame, note = _rows(warehouse, source, table, load.load_id, rules)
        if len(frame):
            checks += judge.judge(source.name, table, load.load_id, rules, frame, note)
    return checks


def _record(
    warehouse: Warehouse, source: Source, load: _Load, checks: list[Check], checked_at: datetime
) -> str | None:
    """Write a load's verdict, after what it leads to; return why it is rejected, if it is."""
    import pyarrow as pa

    failures = [found for found in checks if not found.success and found.severity == "critical"]
    reason = "; ".join(f"{found.table}: {found.expectation}" for found in failures) or None
    table = pa.table(
        {
            "source": [found.source for found in checks],
            "table_name": [found.table for found in checks],
            "expectation": [found.expectation for found in checks],
            "severity": [found.severity for found in checks],
            "success": [found.success for found in checks],
            "observed": [found.observed for found in checks],
            "unexpected_count": [found.unexpected_count for found in checks],
            "load_id": pa.array([found.load_id for found in checks], pa.string()),
            "checked_at": pa.array([checked_at] * len(checks), pa.timestamp("us")),
        }
    )
    if load.load_id is not None and reason is not None:
        _reject(warehouse, source, load.load_id, reason, checked_at)
    key = {"source": source.name, "load_id": load.load_id}
    warehouse.replace("raw_gate", "results", key, table)
    return reason


def _reject(
    warehouse: Warehouse, source: Source, load_id: str, reason: str, checked_at: datetime
) -> None:
    """Enter a load among those that nobody reads, if a run that was killed has not done so."""
    schema, text = source.raw_schema, text_type(warehouse.dialect)
    rejected = relation_name(schema, "rejected_loads")
    warehouse.execute(
        f"create table if not exists {rejected} "
        f"(load_id {text}, reason {text}, rejected_at timestamp)"
    )
    if not warehouse.fetch(f"select 1 from {rejected} where load_id = ?", (load_id,)):
        warehouse.execute(f"insert into {rejected} values (?, ?, ?)", (load_id, reason, checked_at))


def run_gate(
    settings: Settings,
    *,
    sources: Sequence[str] | None = None,
    as_of: datetime | None = None,
) -> GateResult:
    """Judge the loads that were not judged yet and return the verdicts.

    A load that fails a critical expectation is entered in ``raw_<source>.rejected_loads``, and its
    rows are never read; the other sources go on. A view of the ``table`` connector is judged on
    each run, as it is then: after a critical failure nothing of it is read until it passes. Results
    are in ``raw_gate.results``, and as a page in ``var/gate/index.html``.

    Raises:
        GateError: a source's suites could not be run; the others were.
    """
    chosen = read_sources(settings).select(sources)
    checked_at = (as_of or datetime.now(UTC).replace(tzinfo=None)).replace(microsecond=0)
    result = GateResult()
    failures: dict[str, Exception] = {}
    with open_warehouse(settings) as warehouse:
        prepare_gate(warehouse)
        pending = {source.name: _pending(warehouse, source) for source in chosen}
        judge = _Judge() if any(pending.values()) else None
        for source in chosen:
            if judge is None or not pending[source.name]:
                continue
            try:
                suites = find_suites(settings, source)
                for load in pending[source.name]:
                    checks = _judge_load(warehouse, judge, source, load, suites)
                    reason = _record(warehouse, source, load, checks, checked_at)
                    result.checks += checks
                    if reason is not None:
                        result.rejected[source.name] = reason
                        result.advice[source.name] = advice(source.name, load.load_id)
            except Exception as error:
                failures[source.name] = error
        result.report = write_report(settings, warehouse)
    if failures:
        lines = [f"{name}: {describe(error)}" for name, error in failures.items()]
        raise GateError("\n".join(["These suites could not be run, the others were:", *lines]))
    return result
