"""dbt inside Airflow: one dbt process builds the project, one task a model watches it (Cosmos)."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import TaskGroup

    from sojourn.settings import Settings

GROUP_ID = "dbt"
NO_UNIT_TESTS = ["--exclude-resource-type", "unit_test"]

# Read by Cosmos when it is first imported. Its telemetry calls home at the end of each run; its
# version hash reads the whole project folder, environments and `var/` included, at parse time.
COSMOS_ENVIRONMENT = {
    "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
    "AIRFLOW__COSMOS__ENABLE_CACHE": "False",
    "AIRFLOW__COSMOS__ENABLE_DAG_VERSIONING": "False",
    "AIRFLOW__COSMOS__ENABLE_MEMORY_OPTIMISED_IMPORTS": "True",
    # Every task reads the manifest; orjson, which dlt brings along, reads it six times faster.
    "AIRFLOW__COSMOS__ENABLE_ORJSON_PARSER": "True",
    "AIRFLOW__COSMOS__ENABLE_HIERARCHICAL_NAMING_FOR_GROUP_NODES_BY_FOLDER": "True",
}


def manifest_path(settings: Settings) -> Path:
    """Return where `sojourn manifest` writes dbt's manifest, from which the task graph is drawn."""
    return settings.path(settings.var_dir) / "dbt" / "manifest.json"


def dbt_environment(settings: Settings, as_of: str) -> dict[str, str]:
    """Return what dbt must see beside the worker's own environment, which it inherits.

    Airflow keeps and shows these values: nothing secret may be among them.
    """
    return {
        "SOJOURN_AS_OF": as_of,
        # Cosmos runs dbt in a copy of the project: a relative path would lead somewhere else.
        "SOJOURN_DUCKDB_PATH": str(settings.path(settings.duckdb_path)),
        "SOJOURN_SPARK_WAREHOUSE": str(settings.spark_warehouse_dir),
        "SOJOURN_SPARK_METASTORE": str(settings.spark_metastore_dir),
        "DBT_TARGET_PATH": "target",
        # What `sojourn manifest` parsed is not parsed again.
        "DBT_PARTIAL_PARSE_FILE_PATH": str(
            manifest_path(settings).with_name("partial_parse.msgpack")
        ),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
        # Nobody reads what these would hold, and a large project takes seconds to write them.
        "DBT_WRITE_JSON": "False",
    }


def dbt_executable() -> str:
    """Return the dbt that is installed beside this Python."""
    return str(Path(sys.executable).with_name("dbt"))


def dbt_task_group(settings: Settings, *, as_of: str, pool: str) -> TaskGroup:
    """Return the task group that builds and tests the whole dbt project.

    With a manifest it has one task a model, seed and snapshot. Without one it is a single task
    that does the same work: run `sojourn manifest` to see the models.

    Args:
        settings: which project, warehouse and manifest.
        as_of: a template that gives the run's `as_of`.
        pool: the pool of the tasks that write to the warehouse.
    """
    for name, value in COSMOS_ENVIRONMENT.items():
        os.environ.setdefault(name, value)

    from cosmos.config import ProfileConfig

    profile = ProfileConfig(
        profile_name="sojourn",
        target_name=settings.dbt_target,
        profiles_yml_filepath=settings.project_dir.resolve() / "profiles.yml",
    )
    environment = dbt_environment(settings, as_of)
    if manifest_path(settings).is_file():
        return _watched_models(settings, profile, environment, pool)
    return _single_build(settings, profile, environment, pool)


def _watched_models(
    settings: Settings, profile: Any, environment: dict[str, str], pool: str
) -> TaskGroup:
    from cosmos.airflow.task_group import DbtTaskGroup
    from cosmos.config import ExecutionConfig, ProjectConfig, RenderConfig
    from cosmos.constants import (
        PRODUCER_WATCHER_TASK_ID,
        ExecutionMode,
        InvocationMode,
        LoadMode,
        TestBehavior,
    )

    group = DbtTaskGroup(
        group_id=GROUP_ID,
        project_config=ProjectConfig(
            manifest_path=manifest_path(settings),
            project_name="sojourn",
            env_vars=environment,
            install_dbt_deps=False,
        ),
        profile_config=profile,
        # The folder stands here and not in ProjectConfig: Cosmos would name tasks after it.
        execution_config=ExecutionConfig(
            dbt_project_path=settings.project_dir.resolve(),
            execution_mode=ExecutionMode.WATCHER,
            # A process of its own lets go of DuckDB's file at its end. It is much faster, too: in
            # the task, Cosmos tells Airflow a model's state and SQL at every debug message.
            invocation_mode=InvocationMode.SUBPROCESS,
            dbt_executable_path=dbt_executable(),
            setup_operator_args={"pool": pool},
        ),
        render_config=RenderConfig(
            load_method=LoadMode.DBT_MANIFEST,
            test_behavior=TestBehavior.AFTER_ALL,
            emit_datasets=False,
            group_nodes_by_folder=True,
            # A view holds nothing that could be late or wrong by itself, and a seed is in version
            # control: no task for them.
            exclude=["config.materialized:view", "resource_type:seed"],
        ),
        # A watcher that is tried again runs dbt itself, beside the one that holds the warehouse;
        # the one dbt process cannot be tried again by Cosmos. Clear the whole group instead.
        operator_args={"retries": 0},
    )

    # Cosmos lets the watchers start before the process that they watch, where they would hold
    # every slot of a small executor.
    producer = group.tasks_map[PRODUCER_WATCHER_TASK_ID]
    for task in group.tasks_map.values():
        if hasattr(task, "producer_task_id") and not task.upstream_task_ids:
            producer >> task

    # dbt builds and tests the views and seeds, too. The tests are a second dbt process: those of
    # the data, since the unit tests, which know only the code, are for whoever changes it.
    tests = group.tasks_map["sojourn_test"]
    tests.pool = pool
    producer.exclude = tests.exclude = None
    tests.dbt_cmd_flags = [*tests.dbt_cmd_flags, *NO_UNIT_TESTS]
    return group


def _single_build(
    settings: Settings, profile: Any, environment: dict[str, str], pool: str
) -> TaskGroup:
    from airflow.sdk import TaskGroup
    from cosmos.constants import InvocationMode
    from cosmos.operators.local import DbtBuildLocalOperator

    with TaskGroup(GROUP_ID) as group:
        DbtBuildLocalOperator(
            task_id="build",
            project_dir=str(settings.project_dir.resolve()),
            profile_config=profile,
            env=environment,
            invocation_mode=InvocationMode.SUBPROCESS,
            dbt_executable_path=dbt_executable(),
            install_deps=False,
            emit_datasets=False,
            dbt_cmd_flags=NO_UNIT_TESTS,
            pool=pool,
            doc_md="No manifest was there: run `sojourn manifest` to see one task a model.",
        )
    return group
