"""Each macro of macros/engines/ gives the same on every engine: see engine_macros.yml."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import sojourn.build
import yaml
from sojourn.build import dbt_environment
from sojourn.settings import Settings

TEXT = "{{ sojourn.type_string() }}"

Macro = dict[str, Any]


def engine_macros() -> list[Macro]:
    """The entries of engine_macros.yml."""
    text = Path(__file__).with_name("engine_macros.yml").read_text(encoding="utf-8")
    return list(yaml.safe_load(text))


def columns(macro: Macro) -> str:
    """The names of the input columns: the longest case has them all, and what must come out."""
    return "abc"[: max(len(case) for case in macro["cases"]) - 1]


def expected(macro: Macro) -> dict[int, str | None]:
    """What must come out, by the number of the case."""
    width = len(columns(macro))
    return {n: case[width] for n, case in enumerate(macro["cases"]) if len(case) > width}


def literal(value: Any, data_type: str) -> str:
    """An input as SQL, in Jinja."""
    if value is None:
        sql = "null"
    elif isinstance(value, dict):
        sql = value["sql"]
    else:
        sql = f"{{{{ sojourn.text_literal({json.dumps(value, ensure_ascii=False)}) }}}}"
    return f"cast({sql} as {data_type})"


def query(macros: list[Macro]) -> str:
    """One query, in Jinja, for all cases of all macros: number of macro, number of case, result."""
    parts = []
    for number, macro in enumerate(macros):
        types = macro.get("types", {})
        inputs = " union all ".join(
            ", ".join(
                [f"select {n} as n"]
                + [
                    f"{literal(value, types.get(column, TEXT))} as {column}"
                    for column, value in zip(columns(macro), case, strict=False)
                ]
            )
            for n, case in enumerate(macro["cases"])
        )
        found = macro.get("query") or f"select n, {macro['sql']} as found from inputs"
        parts.append(
            f"select {number} as macro, n, cast(found as {TEXT}) as found "
            f"from (with inputs as ({inputs}) {found}) as cases_{number}"
        )
    return "\nunion all\n".join(parts)


def results(settings: Settings, macros: list[Macro]) -> dict[tuple[int, int], str | None]:
    """Run the query on the settings' engine, in one dbt."""
    arguments = ["show", "--inline", query(macros), "--limit", "-1", "--output", "json", "--quiet"]
    arguments += ["--project-dir", str(settings.project_dir), "--target", settings.dbt_target]
    code, printed = sojourn.build._call_dbt(
        arguments, dbt_environment(settings, None), settings.project_dir, True
    )
    assert code == 0, printed
    # Before and after the result, engines may print warnings.
    start = max(found.start() for found in re.finditer(r"(?m)^{", printed))
    rows = json.JSONDecoder().raw_decode(printed[start:])[0]["show"]
    return {(row["macro"], row["n"]): row["found"] for row in rows}


@pytest.mark.parametrize(
    "engine",
    ["duckdb", "postgres", "spark_server"],
)
def test_macros_give_the_same_on_every_engine(engine: str, request: pytest.FixtureRequest) -> None:
    macros = engine_macros()
    found = results(request.getfixturevalue(f"{engine}_settings"), macros)
    wrong = [
        f"{macro['name']}{case}: found {found[number, n]!r}"
        for number, macro in enumerate(macros)
        for n, case in enumerate(macro["cases"])
        if n in expected(macro) and found[number, n] != expected(macro)[n]
    ]
    assert not wrong, "\n".join(wrong)
    assert len(found) == sum(len(expected(macro)) for macro in macros)
