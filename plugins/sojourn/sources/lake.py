"""Raw data of Spark: Parquet files that dlt writes, one folder a load, as tables of the catalogue.

A load's folder is a partition of its table, made known to the catalogue when all of the load is
there. Last of all the load is entered in ``_dlt_loads``, which is what makes it count. So a run may
be killed at any point: what it left is in no partition or of no load, nobody reads it, and the next
load of the source removes it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sojourn.warehouse import literal, quote_identifier, relation_name

if TYPE_CHECKING:
    from sojourn.settings import Settings
    from sojourn.warehouse import Warehouse

# Hive's catalogue cannot filter partitions by a column that begins with an underscore, such as
# _dlt_load_id, which is in the files.
_PARTITION = "sojourn_load_id"
_LAYOUT = f"{{table_name}}/{_PARTITION}={{load_id}}/{{file_id}}.{{ext}}"
_TYPES = {"text": "string", "bigint": "bigint", "timestamp": "timestamp"}
_SPARK_SCHEMES = {"s3": "s3a"}
"""Names that Spark has for what others call differently."""


def raw_url(settings: Settings) -> str:
    """Return where dlt writes raw data: a bucket's address, or an absolute path."""
    url = settings.spark_raw_url.rstrip("/")
    if not url:
        return str(settings.spark_warehouse_dir)
    return url if "://" in url else str(settings.path(Path(url)))


def _location(settings: Settings, schema: str, table: str) -> str:
    """Return a raw table's folder as an SQL text, by the address that Spark has for it."""
    scheme, found, rest = raw_url(settings).partition("://")
    url = f"{_SPARK_SCHEMES.get(scheme, scheme)}://{rest}" if found else f"file://{scheme}"
    return literal(f"{url}/{schema}/{table}")


def destination(settings: Settings) -> Any:
    """Return dlt's destination for raw data; credentials of a bucket are dlt's own settings."""
    import dlt

    # dlt warns of table names with a slash in them; ours are in snake case.
    return dlt.destinations.filesystem(
        raw_url(settings), layout=_LAYOUT, warn_unsafe_layout_separators=False
    )


def _file_system(settings: Settings) -> tuple[Any, str]:
    """Return the file system that dlt writes to, and the folder of raw data in it."""
    from dlt.common.configuration.resolve import resolve_configuration
    from dlt.common.storages.configuration import FilesystemConfiguration
    from dlt.common.storages.fsspec_filesystem import fsspec_from_config

    config = resolve_configuration(
        FilesystemConfiguration(raw_url(settings)), sections=("destination", "filesystem")
    )
    files, folder = fsspec_from_config(config)
    return files, str(folder).rstrip("/")


def remove_unfinished(settings: Settings, warehouse: Warehouse, schema: str) -> None:
    """Remove what loads of a source have left that did not come to their end.

    Nobody else may load the source meanwhile.
    """
    warehouse.execute(f"create schema if not exists {schema}")
    files, folder = _file_system(settings)
    found = files.glob(f"{folder}/{schema}/*/{_PARTITION}=*")
    if not found:
        return
    complete: set[str] = set()
    if warehouse.relation_exists(schema, "_dlt_loads"):
        loads = relation_name(schema, "_dlt_loads")
        complete = {row[0] for row in warehouse.fetch(f"select load_id from {loads}")}
    for place in found:
        table, partition = str(place).rstrip("/").split("/")[-2:]
        load_id = partition.partition("=")[2]
        if load_id in complete:
            continue
        if warehouse.relation_exists(schema, table):
            warehouse.execute(
                f"alter table {relation_name(schema, table)} "
                f"drop if exists partition ({_PARTITION} = {literal(load_id)})"
            )
        files.rm(place, recursive=True)


def publish(
    settings: Settings, warehouse: Warehouse, schema: str, described: Any, load_id: str
) -> None:
    """Make a load's files known as partitions of the source's tables, then the load as complete."""
    for table in described.data_tables():
        name = table["name"]
        columns = {column: _TYPES[found["data_type"]] for column, found in table["columns"].items()}
        relation = relation_name(schema, name)
        there = warehouse.columns(schema, name)
        if not there:
            listed = ", ".join(
                f"{quote_identifier(column)} {kind}"
                for column, kind in {**columns, _PARTITION: "string"}.items()
            )
            warehouse.execute(
                f"create table {relation} ({listed}) using parquet partitioned by ({_PARTITION}) "
                f"location {_location(settings, schema, name)}"
            )
        elif added := {column: kind for column, kind in columns.items() if column not in there}:
            listed = ", ".join(
                f"{quote_identifier(column)} {kind}" for column, kind in added.items()
            )
            warehouse.execute(f"alter table {relation} add columns ({listed})")
        partition = f"{_PARTITION} = {literal(load_id)}"
        warehouse.execute(f"alter table {relation} add if not exists partition ({partition})")
    loads = relation_name(schema, "_dlt_loads")
    warehouse.execute(
        f"create table if not exists {loads} "
        "(load_id string, schema_name string, status bigint, inserted_at timestamp)"
    )
    now = datetime.now(UTC).replace(tzinfo=None)
    row = {"load_id": [load_id], "schema_name": [schema], "status": [0]}
    moment = pa.array([now], pa.timestamp("us"))
    warehouse.append(schema, "_dlt_loads", pa.table({**row, "inserted_at": moment}))
