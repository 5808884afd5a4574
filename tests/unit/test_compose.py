"""docker-compose.yml: valid, pinned, without secrets, closed to the network (no engine needed)."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import PROJECT_DIR

COMPOSE = PROJECT_DIR / "docker-compose.yml"
SERVICES = {"postgres", "init", "api-server", "scheduler", "dag-processor", "triggerer"}
SECRET = re.compile(r"PASSWORD|SECRET|FERNET|TOKEN")
VARIABLE = re.compile(r"\$\{([A-Z_]+)(:[-?][^}]*)?\}")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return dict(content["services"])


def test_it_follows_the_compose_specification() -> None:
    checked = subprocess.run(
        [
            str(Path(sys.executable).with_name("check-jsonschema")),
            "--builtin-schema",
            "vendor.compose-spec",
            str(COMPOSE),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_it_has_all_services(services: dict[str, Any]) -> None:
    assert set(services) == SERVICES


def test_every_lasting_service_has_a_health_check(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert ("healthcheck" in service) == (name != "init"), name


def test_images_are_pinned(services: dict[str, Any]) -> None:
    dockerfile = (PROJECT_DIR / "docker" / "Dockerfile").read_text()
    images = [service["image"] for service in services.values()]
    images += re.findall(r"^FROM (\S+)", dockerfile, flags=re.MULTILINE)
    for image in images:
        assert re.search(r":\d+\.\d+", image), image
    assert "--require-hashes" in dockerfile


def test_secrets_come_from_the_environment_and_must_be_set(services: dict[str, Any]) -> None:
    found = 0
    for service in services.values():
        for name, value in service["environment"].items():
            if SECRET.search(name) and not name.endswith("_FILE"):
                found += 1
                assert re.match(r"^\$\{[A-Z_]+:\?[^}]+\}$", value), name
    assert found > 10
    assert re.findall(r"://\w+:([^@]+)@", COMPOSE.read_text()) == [
        "${AIRFLOW_DATABASE_PASSWORD:?Set AIRFLOW_DATABASE_PASSWORD in .env}"
    ]


def test_the_example_names_every_variable_and_holds_no_secret() -> None:
    example = (PROJECT_DIR / ".env.example").read_text()
    values = dict(re.findall(r"^(?:# )?([A-Z_]+)=(.*)$", example, flags=re.MULTILINE))
    used = {name for name, _ in VARIABLE.findall(COMPOSE.read_text())}
    assert set(values) == used
    assert not [name for name, value in values.items() if SECRET.search(name) and value]
    ignored = (PROJECT_DIR / ".gitignore").read_text().splitlines()
    assert ".env" in ignored


def test_ports_are_open_to_this_machine_only(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert len(ports) == 2
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_nothing_runs_as_root_or_with_capabilities(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert re.match(r"^[1-9]\d*:[1-9]\d*$", service["user"]), name
        assert service["cap_drop"] == ["ALL"], name
        assert "cap_add" not in service, name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert not service.get("privileged"), name


def test_the_image_has_what_its_commands_need(services: dict[str, Any]) -> None:
    dockerfile = (PROJECT_DIR / "docker" / "Dockerfile").read_text()
    copied = re.findall(r"^COPY --chown=\S+ (.+) \S+$", dockerfile, flags=re.MULTILINE)
    for path in " ".join(copied).split():
        assert (PROJECT_DIR / path).exists(), path
    ignored = (PROJECT_DIR / ".dockerignore").read_text()
    assert ignored.startswith("**\n")
    for path in " ".join(copied).split():
        assert f"!{path}\n" in ignored, path
    for service in services.values():
        for volume in service["volumes"]:
            source = volume.split(":")[0] if isinstance(volume, str) else ""
            if source.startswith("./"):
                assert (PROJECT_DIR / source).exists(), source
