"""Docs: links lead somewhere, public tables are described, no private path is named."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import PROJECT_DIR

PAGES = sorted([*PROJECT_DIR.glob("*.md"), *PROJECT_DIR.glob("docs/**/*.md")])
PUBLIC = {
    "identity": [
        "identifiers", "edges", "id_changes", "id_mapping", "person_history", "steward_rules",
        "graph_health",
    ],
    "profiles": [
        "profiles", "profile_lineage", "consents", "consent_log", "accounts", "account_members",
        "purchase_history", "predictions", "lifecycle_log", "value_parameters", "value_backtests",
        "value_calibration",
    ],
    "events": ["events", "sessions", "touchpoints", "orders", "order_items", "conversions"],
    "audiences": ["members", "membership_log"],
    "attribution": [
        "ad_spend", "paths", "channel_weights", "credits", "performance", "fit_log",
        "refit_reports",
    ],
    "activation": ["sync_runs", "sync_log", "sync_state"],
}  # fmt: skip


def described_models(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the models that the yml files below a folder describe, by name."""
    found = {}
    for path in folder.rglob("_*.yml"):
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        found |= {model["name"]: model for model in (content or {}).get("models", [])}
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("folder", PUBLIC)
def test_public_tables_have_contracts_and_grains(folder: str) -> None:
    models = described_models(PROJECT_DIR / "models" / folder)
    for name in PUBLIC[folder]:
        model = models[name]
        assert model["description"].lstrip().startswith("One row per"), name
        assert model["config"]["contract"]["enforced"] is True, name
        assert all(column.get("data_type") for column in model["columns"]), name


def test_every_model_is_described() -> None:
    described = described_models(PROJECT_DIR / "models")
    assert all(model.get("description") for model in described.values())
    audiences = {path.stem for path in (PROJECT_DIR / "models" / "audiences").glob("*.sql")}
    missing = {path.stem for path in (PROJECT_DIR / "models").rglob("*.sql")} - set(described)
    assert not missing - audiences


def test_no_private_path_or_index_is_named() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=PROJECT_DIR, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    pattern = re.compile(r"/(work|root)/[a-z]|--(extra-)?index-url\s|find-links\s")
    for name in filter(None, tracked):
        path = PROJECT_DIR / name
        if path.suffix in {".py", ".md", ".yml", ".toml", ".lock", ".sql"} and path.is_file():
            if path == Path(__file__).resolve():
                continue
            assert not pattern.search(path.read_text(encoding="utf-8")), name
