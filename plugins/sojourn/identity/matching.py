"""Learn how much each agreement between two records of people says, with Splink, without labels.

The records are those of ``identity.match_people``, the model is the var ``matching`` of
dbt_project.yml. What was learned is kept in the warehouse, and dbt scores pairs by it unchanged, on
any engine.
"""

from __future__ import annotations

import io
import logging
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sojourn.project import variables
from sojourn.settings import Settings
from sojourn.warehouse import Warehouse, open_warehouse, relation_name, text_type

if TYPE_CHECKING:
    from splink import Linker

PARAMETERS = "match_parameters"
FREQUENCIES = "match_frequencies"
HOW_TO_GET_SPLINK = (
    "Matching needs Splink, which is not installed: "
    "run `make setup`, or pip install '.[matching]' where Sojourn's pyproject.toml is."
)

# Of more records so many are drawn: what is learned hardly changes with more.
MOST_RECORDS = 200_000
_RANDOM_PAIRS = 5_000_000
EXACT = ("exact", "exact weighted")
_SEED = 1
_ROUNDS = 200


class MatchingError(RuntimeError):
    """Nothing can be learned from these records; the message says why and what to do."""


@dataclass(frozen=True)
class Model:
    """What was learned; ``prior`` is the log2 of the odds that two records at random are one's."""

    version: str
    records: int
    prior: float
    levels: list[tuple[str, str, float, float]]
    """Comparison, level, m (how often one person's records are so alike) and u (two persons')."""
    frequencies: dict[str, dict[str, float]]
    rarest: dict[str, float]

    def summary(self) -> str:
        """Return what was learned as text: the bits that each level adds or takes away."""
        lines = [f"Learned from {self.records:,} records, as model {self.version}."]
        for comparison, level, m, u in self.levels:
            lines.append(f"  {comparison:<12} {level:<16} {math.log2(m / u):+6.1f} bits")
        lines.append(f"  two records at random are one person's: {self.prior:+.1f} bits")
        lines.append("The next build scores every pair by it.")
        return "\n".join(lines)

    def parameters(self) -> pa.Table:
        """Return the rows of ``match_parameters``."""
        rows: list[tuple[str, str, float | None, float | None, float | None]]
        rows = [("*", "prior", None, None, self.prior)]
        for comparison, level, m, u in self.levels:
            rows.append((comparison, level, m, u, math.log2(m / u)))
        for comparison, frequency in self.rarest.items():
            rows.append((comparison, "rarest", None, frequency, None))
        columns = dict(
            zip(("comparison", "level", "m", "u", "weight"), zip(*rows, strict=True), strict=True)
        )
        version = {"model_version": pa.array([self.version] * len(rows))}
        doubles = {name: pa.array(columns[name], pa.float64()) for name in ("m", "u", "weight")}
        texts = {name: pa.array(columns[name]) for name in ("comparison", "level")}
        return pa.table({**version, **texts, **doubles})


def matching_settings(settings: Settings) -> dict[str, Any]:
    """Return the var ``matching`` of the project."""
    found = variables(settings).get("matching")
    if not isinstance(found, dict):
        raise MatchingError("dbt_project.yml has no var `matching`: take it from Sojourn's.")
    return found


def train(settings: Settings, as_of: datetime) -> Model:
    """Learn from the warehouse's records and keep the result there.

    Args:
        settings: where the project and the warehouse are; ``identity.match_people`` must be built.
        as_of: when this is, UTC without zone; it names the model's version.

    Raises:
        MatchingError: there is too little to learn from, or Splink is missing.
    """
    schema = settings.schema_prefix + "identity"
    with open_warehouse(settings) as warehouse:
        if not warehouse.relation_exists(schema, "match_people"):
            raise MatchingError(
                "There are no records to learn from yet: run `sojourn build` first."
            )
        model = learn(sample(warehouse, schema), matching_settings(settings), as_of)
        keep(warehouse, schema, model)
    return model


def sample(warehouse: Warehouse, schema: str, most: int = MOST_RECORDS) -> pa.Table:
    """Return at most so many records, drawn by the warehouse, in the same order on every engine."""
    return warehouse.fetch_arrow(
        f"select * from {relation_name(schema, 'match_people')} "
        f"order by md5('{_SEED} ' || record_key) limit {most}"
    )


def keep(warehouse: Warehouse, schema: str, model: Model) -> None:
    """Add a model to the warehouse; the next build scores every pair by it.

    Raises:
        MatchingError: a model of that time or a later one is there.
    """
    _refuse_a_second(warehouse, schema, model.version)
    text = text_type(warehouse.dialect)
    double = "double precision" if warehouse.dialect == "postgres" else "double"
    named = {"model_version": text, "comparison": text}
    tables = {
        FREQUENCIES: {**named, "value": text, "frequency": double},
        PARAMETERS: {**named, "level": text, "m": double, "u": double, "weight": double},
    }
    for table, columns in tables.items():
        if not warehouse.relation_exists(schema, table):
            described = ", ".join(f"{name} {kind}" for name, kind in columns.items())
            warehouse.execute(f"create table {relation_name(schema, table)} ({described})")
    with warehouse.transaction():
        # A version counts once its parameters are there: they come last.
        warehouse.append(schema, FREQUENCIES, _frequency_rows(model))
        warehouse.append(schema, PARAMETERS, model.parameters())


def _refuse_a_second(warehouse: Warehouse, schema: str, version: str) -> None:
    if warehouse.relation_exists(schema, PARAMETERS) and warehouse.fetch(
        f"select 1 from {relation_name(schema, PARAMETERS)} where model_version >= ?", (version,)
    ):
        raise MatchingError(
            f"A model of {version} or later is there already, and the latest counts: give a later "
            "--as-of."
        )


def _frequency_rows(model: Model) -> pa.Table:
    rows = [
        (model.version, comparison, value, frequency)
        for comparison, values in model.frequencies.items()
        for value, frequency in values.items()
    ]
    names = ("model_version", "comparison", "value", "frequency")
    kinds = (pa.string(), pa.string(), pa.string(), pa.float64())
    return pa.table(
        {
            name: pa.array([row[n] for row in rows], kind)
            for n, (name, kind) in enumerate(zip(names, kinds, strict=True))
        }
    )


def learn(records: pa.Table, matching: dict[str, Any], as_of: datetime) -> Model:
    """Return what the records teach of the comparisons, by expectation maximisation.

    Columns that hold nothing are left out. How likely two records at random are one person is the
    value that, together with all else, finds as many matches as it says there are.
    """
    try:
        import splink
    except ImportError:
        raise MatchingError(HOW_TO_GET_SPLINK) from None
    used = [
        column
        for column in matching["comparisons"]
        if records.num_rows - records.column(column).null_count >= 2
    ]
    usable = {*used, *(["email_user"] if "email" in used else [])}
    blocking, training = (
        [rule for rule in matching[name] if set(rule) <= usable]
        for name in ("blocking", "learn_from")
    )
    if len(used) < 2 or not blocking or not training:
        raise MatchingError(
            f"Too little to learn from: {records.num_rows} records of people have two values or "
            f"more, in the columns {', '.join(used) or 'none'}. Load people's records with names, "
            "birth dates, places or addresses."
        )
    columns = ["record_key", *sorted(usable)]
    with _quietly():
        linker = _linker(splink, records.select(columns), matching, used, blocking)
        _estimate(linker, splink, training)
        prior = _prior(linker, records.num_rows)
        model = linker.misc.save_model_to_json()
    pairs = min(records.num_rows * (records.num_rows - 1) / 2, _RANDOM_PAIRS)
    levels = [
        (comparison["output_column_name"], level["label_for_charts"], *m_and_u(level, pairs))
        for comparison in model["comparisons"]
        for level in comparison["comparison_levels"]
        if not level.get("is_null_level")
    ]
    frequencies, rarest = {}, {}
    for column in used:
        if "exact weighted" not in matching["comparisons"][column]:
            continue
        values = records.column(column).drop_null()
        counted = values.value_counts().to_pylist()
        frequencies[column] = {
            str(each["values"]): each["counts"] / len(values)
            for each in counted
            if each["counts"] > 1
        }
        rarest[column] = 1 / len(values)
    version = as_of.isoformat(timespec="microseconds")
    return Model(version, records.num_rows, prior, levels, frequencies, rarest)


@contextmanager
def _quietly() -> Iterator[None]:
    """Splink tells of each round on standard output."""
    with redirect_stdout(io.StringIO()), warnings.catch_warnings(action="ignore"):
        yield


def m_and_u(level: dict[str, Any], pairs: float) -> tuple[float, float]:
    """Return m and u of a level that Splink learned from so many random pairs.

    What few records showed is taken as rare, not as impossible; what none did says nothing.
    """
    m, u = (level.get(f"{name}_probability") or 0.0 for name in "mu")
    if u < 1 / pairs:
        u = 1 / pairs
        return max(m, u), u
    return max(m, 1e-6), u


def level_sql(level: str, column: str) -> str:
    """Return a level's condition for Splink on DuckDB, as the macro ``match_level`` has it."""
    left, right = f'"{column}_l"', f'"{column}_r"'
    if level == "same user":
        return f"split_part({left}, '@', 1) = split_part({right}, '@', 1)"
    if level == "same number":
        one, other = (_digits(f"split_part({each}, '@', 1)") for each in (left, right))
        return f"length({one}) >= 2 and {one} = {other}"
    kind, _, edits = level.partition(" ")
    if kind not in ("levenshtein", "letters") or edits not in ("1", "2", "3", "4"):
        raise MatchingError(f"The var `matching` names the level {level!r}, which there is not.")
    near = (
        f"regexp_matches({left} || {right}, '^[ -~]*$') and levenshtein({left}, {right}) <= {edits}"
    )
    return near if kind == "levenshtein" else f"{_digits(left)} = {_digits(right)} and {near}"


def _digits(expression: str) -> str:
    return f"regexp_replace({expression}, '[^0-9]', '', 'g')"


def _linker(
    splink: Any, records: pa.Table, matching: dict[str, Any], used: list[str], blocking: list[Any]
) -> Linker:
    import splink.comparison_level_library as levels
    import splink.comparison_library as comparisons

    compared = []
    for column in used:
        made: list[Any] = [levels.NullLevel(column)]
        for level in matching["comparisons"][column]:
            if level in EXACT:
                exact = levels.ExactMatchLevel(column, term_frequency_adjustments=level != "exact")
                made.append(exact.configure(label_for_charts=level))
            else:
                made.append(levels.CustomLevel(level_sql(level, column), label_for_charts=level))
        made.append(levels.ElseLevel().configure(label_for_charts="else"))
        compared.append(
            comparisons.CustomComparison(output_column_name=column, comparison_levels=made)
        )
    made_settings = splink.SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_key",
        comparisons=compared,
        blocking_rules_to_generate_predictions=[splink.block_on(*rule) for rule in blocking],
    )
    database = splink.DuckDBAPI()
    linker: Linker = splink.Linker(
        database.register(records), made_settings, log_level=logging.ERROR
    )
    return linker


def _estimate(linker: Linker, splink: Any, rules: list[list[str]]) -> None:
    linker.training.estimate_u_using_random_sampling(max_pairs=_RANDOM_PAIRS, seed=_SEED)
    # A comparison cannot be learned among records that were chosen to agree in it: each is learned
    # from the blocks of the other columns.
    for rule in rules:
        linker.training.estimate_parameters_using_expectation_maximisation(
            splink.block_on(*rule), fix_u_probabilities=True
        )


def _prior(linker: Linker, records: int) -> float:
    import numpy as np

    found = linker.inference.predict(threshold_match_probability=0).as_duckdbpyrelation()
    weights = np.asarray(found.select("match_weight").fetchnumpy()["match_weight"], dtype=float)
    start = linker._settings_obj._probability_two_random_records_match
    evidence = weights - math.log2(start / (1 - start))
    pairs = records * (records - 1) / 2
    probability = start
    for _ in range(_ROUNDS):
        odds = math.log2(probability / (1 - probability))
        probability = float((1 / (1 + np.exp2(-(evidence + odds)))).sum() / pairs)
        probability = min(max(probability, 1 / pairs), 0.5)
    return math.log2(probability / (1 - probability))
