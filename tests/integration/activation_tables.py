"""Helpers of the activation tests: the audit tables as the dbt models define them, and inputs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import pyarrow as pa
import yaml
from sojourn.activation import Sync
from sojourn.settings import Settings
from sojourn.warehouse import Warehouse, open_warehouse, relation_name, text_type

AS_OF = datetime(2026, 1, 5)
MODELS_IN_ORDER = ("sync_log", "sync_events", "sync_rows", "sync_state", "sync_runs")


def create_activation_tables(settings: Settings) -> None:
    """Create the audit tables from the models' own SQL, without the cost of starting dbt."""
    schema = settings.schema_prefix + "activation"
    types = SimpleNamespace(
        type_string=lambda: "text" if settings.target == "postgres" else text_type(settings.target),
        type_bigint=lambda: "bigint",
        type_timestamp=lambda: "timestamp",
    )
    with open_warehouse(settings) as warehouse:
        warehouse.execute(f'create schema if not exists "{schema}"')
        for name in MODELS_IN_ORDER:
            found: dict[str, Any] = {}
            template = jinja2.Environment(autoescape=False).from_string(  # noqa: S701
                (settings.project_dir / "models/activation" / f"{name}.sql").read_text()
            )
            sql = template.render(
                config=lambda found=found, **values: found.update(values) or "",
                ref=lambda package, model: relation_name(schema, model),
                sojourn=types,
            )
            kind = "view" if found["materialized"] == "view" else "table"
            warehouse.execute(f"create {kind} {relation_name(schema, name)} as {sql}")


def write_syncs(settings: Settings, *syncs: Mapping[str, Any]) -> Settings:
    """Write a ``syncs.yml`` beside the warehouse and return settings that use it."""
    path = Path(settings.var_dir) / "syncs.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({"syncs": [dict(sync) for sync in syncs]}))
    return settings.model_copy(update={"syncs": path})


def contacts_sync(**values: Any) -> dict[str, Any]:
    """Return an entry of ``syncs.yml`` for the table that ``put_contacts`` makes."""
    options = {"attempts": 1, "timeout_seconds": 5}
    return {
        "name": "contacts",
        "destination": "webhook",
        "model": "contacts",
        "batch_size": 4,
        **values,
        "options": {**options, **values.get("options", {})},
    }


def put_contacts(
    settings: Settings,
    rows: Mapping[str, Mapping[str, Any]],
    suppressed: Mapping[str, str] | None = None,
    schema: str = "activation",
) -> None:
    """Replace the model's rows (key to ``email`` and ``score``) and its suppressions."""
    with open_warehouse(settings) as warehouse:
        text = text_type(warehouse.dialect)
        for table, columns in (
            ("contacts", f"row_key {text}, email {text}, score bigint"),
            ("contacts_suppressed", f"row_key {text}, reason {text}"),
        ):
            relation = relation_name(schema, table)
            warehouse.execute(f"create table if not exists {relation} ({columns})")
            gone = "truncate table" if settings.target == "spark" else "delete from"
            warehouse.execute(f"{gone} {relation}")
        warehouse.append(
            schema,
            "contacts",
            pa.table(
                {
                    "row_key": pa.array(list(rows), pa.string()),
                    "email": pa.array([row["email"] for row in rows.values()], pa.string()),
                    "score": pa.array([row["score"] for row in rows.values()], pa.int64()),
                }
            ),
        )
        suppressed = suppressed or {}
        warehouse.append(
            schema,
            "contacts_suppressed",
            pa.table(
                {
                    "row_key": pa.array(list(suppressed), pa.string()),
                    "reason": pa.array(list(suppressed.values()), pa.string()),
                }
            ),
        )


def contact(number: int, score: int | None = 0) -> dict[str, Any]:
    return {"email": f"person{number}@example.org", "score": score}


def people(*numbers: int, score: int | None = 0) -> dict[str, dict[str, Any]]:
    return {f"p{number:03}": contact(number, score) for number in numbers}


def broken_sums(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    """Return what the dbt tests of the audit tables would find."""
    return warehouse.fetch(
        "select run_id from activation.sync_runs where status <> 'running' "
        "and planned <> acknowledged + rejected + failed + unknown + held "
        "union all "
        "select run_id from activation.sync_log group by run_id, row_key "
        "having count(case when status not in ('planned', 'suppressed') then 1 end) > 1 "
        "or count(case when status not in ('planned', 'suppressed') then 1 end) "
        "> count(case when status = 'planned' then 1 end)"
    )


def sync(**values: Any) -> Sync:
    return Sync.model_validate(contacts_sync(**values))
