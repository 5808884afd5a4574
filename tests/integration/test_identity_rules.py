"""Bad rules of identity end a run at its start, with a message that says how to mend them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sojourn.build import BuildError, run_dbt
from sojourn.settings import Settings

from tests.conftest import PROJECT_DIR

SEEDS = ("identifier_types", "blocked_identifiers", "steward_decisions")
STEWARD = (
    "rule_id,action,left_type,left_value,right_type,right_value,author,reason,recorded_at,"
    "revoked_at\n"
)


@pytest.fixture
def project(duckdb_settings: Settings, tmp_path: Path) -> Settings:
    """The seeds of identity and the first model that reads them, and nothing else."""
    folder = tmp_path / "project"
    shutil.copytree(PROJECT_DIR / "macros", folder / "macros")
    (folder / "seeds").mkdir()
    (folder / "models" / "identity").mkdir(parents=True)
    for seed in SEEDS:
        shutil.copy(PROJECT_DIR / "seeds" / f"{seed}.csv", folder / "seeds")
    shutil.copy(PROJECT_DIR / "seeds" / "_identity__seeds.yml", folder / "seeds")
    shutil.copy(PROJECT_DIR / "models/identity/steward_rules.sql", folder / "models" / "identity")
    shutil.copy(PROJECT_DIR / "dbt_project.yml", folder)
    shutil.copy(PROJECT_DIR / "profiles.yml", folder)
    return duckdb_settings.model_copy(update={"project_dir": folder})


def write(project: Settings, seed: str, text: str) -> None:
    (project.project_dir / "seeds" / f"{seed}.csv").write_text(text)


def complaint(project: Settings) -> str:
    with pytest.raises(BuildError) as failure:
        run_dbt(project, ["build"], quiet=True)
    return " ".join(str(failure.value).split())


def test_rules_as_they_are_shipped_pass(project: Settings) -> None:
    run_dbt(project, ["build"], quiet=True)


def test_bad_types_and_decisions_are_told_all_at_once(project: Settings) -> None:
    header = "identifier_type,tier,values_per_person,person_limit,person_limit_days,is_device,"
    write(
        project,
        "identifier_types",
        f"{header}pattern\n"
        "user_id,first,1,,,false,\n"
        "email,3,0,,,false,\n"
        "email,3,,10,-5,false,\n"
        "phone,4,,,30,maybe,^(?:[+])[0-9]\n",
    )
    write(
        project,
        "blocked_identifiers",
        "identifier_type,pattern,reason\nemail,^a@,placeholder\nemail,^a@,again\nemail,^b@,\n",
    )
    write(
        project,
        "steward_decisions",
        STEWARD + "r1,link,email,a@b.example,email,c@d.example,ann,same,2026-05-03,\n"
        "r1,never,email,a@b.example,email,x@d.example,ann,,yesterday,\n"
        "r3,never_link,email,c@d.example,email,a@b.example,,other,2026-05-03 10:00:00,\n"
        "r4,detach,phone,,email,c@d.example,ann,office,2026-05-03 10:00:00,\n"
        "r5,link,email,c@d.example,email,c@d.example,ann,same,2026-05-03,2026-05-04\n",
    )
    told = complaint(project)
    for said in (
        "user_id: tier is 'first'; use a whole number from 1 (the strongest) on",
        "email: values_per_person is '0'; use a whole number from 1 on, or leave it empty",
        "email: it stands there twice; keep one line a type",
        "email: person_limit_days is '-5'",
        "phone: person_limit_days says in which window persons are counted, and person_limit not",
        "phone: is_device is 'maybe'; use true or false",
        "phone: engines read the pattern '^(?:[+])[0-9]' differently",
        "line 3: the same type and pattern stand there twice; remove the line",
        "line 4: reason is empty; say why such values are blocked",
        "r1: two decisions have this rule_id",
        "r1: reason is empty; a decision says who took it and why",
        "r1: action is 'never'; use link, never_link or detach",
        "r1: recorded_at is 'yesterday'; use a UTC time",
        "r3: author is empty",
        "r4: left_value is empty",
        "r4: detach is about the left identifier alone",
        "r5: both identifiers are the same; name two",
        "r1 links two identifiers that r3 never links; revoke one of the two",
    ):
        assert said in told


def test_a_pattern_that_does_not_compile_is_named(project: Settings) -> None:
    write(project, "blocked_identifiers", "identifier_type,pattern,reason\n*,^(a|b$,broken\n")
    told = complaint(project)
    assert "line 2: the pattern '^(a|b$' is no regular expression; close its brackets" in told


def test_a_type_that_no_rule_knows_is_named(project: Settings) -> None:
    write(
        project,
        "steward_decisions",
        STEWARD + "r1,link,email,a@b.example,e_mail,c@d.example,ann,same,2026-05-03,\n",
    )
    told = complaint(project)
    assert "r1: right_type is 'e_mail', which seeds/identifier_types.csv does not name" in told
    assert "a@b.example" not in told


def test_a_missing_column_is_named(project: Settings) -> None:
    write(
        project,
        "identifier_types",
        "identifier_type,tier,values_per_person,person_limit,is_device,pattern\n",
    )
    assert "the column person_limit_days is missing; the header is" in complaint(project)
