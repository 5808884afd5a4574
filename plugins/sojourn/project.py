"""What the dbt project says: Sojourn's own, or one that uses Sojourn as a package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from sojourn.settings import Settings


def _described(folder: Path) -> dict[str, Any]:
    found = yaml.safe_load((folder / "dbt_project.yml").read_text(encoding="utf-8"))
    return found if isinstance(found, dict) else {}


def package_dir(settings: Settings) -> Path | None:
    """Return where ``dbt deps`` put Sojourn, or None where the project is Sojourn itself."""
    project = settings.project_dir.resolve()
    if not (project / "dbt_project.yml").is_file():
        return None
    packages = _described(project).get("packages-install-path", "dbt_packages")
    folder: Path = project / packages / "sojourn"
    return folder if (folder / "dbt_project.yml").is_file() else None


def variables(settings: Settings) -> dict[str, Any]:
    """Return the vars that Sojourn's models see, the project's own before the package's."""
    package = package_dir(settings)
    found = dict(_described(package).get("vars", {})) if package else {}
    own = _described(settings.project_dir.resolve()).get("vars") or {}
    return {**found, **own, **(own.get("sojourn") or {})}


def seed_file(settings: Settings, name: str) -> Path:
    """Return a seed's file: the project's own, or else the package's."""
    own = settings.project_dir.resolve() / "seeds" / f"{name}.csv"
    package = package_dir(settings)
    return own if own.is_file() or package is None else package / "seeds" / own.name
