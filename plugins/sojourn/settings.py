"""Settings of one installation, read from the environment (prefix ``SOJOURN_``)."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Target = Literal["duckdb", "postgres", "spark"]


def find_project_dir() -> Path:
    """Return the folder that holds ``dbt_project.yml``: here, above, or where the package lies.

    Raises:
        FileNotFoundError: when no such folder exists; set ``SOJOURN_PROJECT_DIR`` then.
    """
    candidates = [Path.cwd(), *Path.cwd().parents, *Path(__file__).resolve().parents]
    for candidate in candidates:
        if (candidate / "dbt_project.yml").is_file() and (candidate / "profiles.yml").is_file():
            return candidate
    raise FileNotFoundError(
        "No Sojourn project found in this folder or above it. "
        "Change to the project's folder or set SOJOURN_PROJECT_DIR."
    )


class Settings(BaseSettings):
    """Where things are. Every field can be set as ``SOJOURN_<FIELD>`` in the environment.

    Relative paths are relative to ``project_dir``.
    """

    model_config = SettingsConfigDict(env_prefix="SOJOURN_", extra="ignore")

    project_dir: Path = Field(default_factory=find_project_dir)
    sources: Path = Path("sources.yml")
    exports: Path | None = None
    syncs: Path = Path("syncs.yml")
    target: Target = "duckdb"
    duckdb_path: Path = Path("var/sojourn.duckdb")
    duckdb_memory_limit: str = "4GB"
    postgres_host: str = "localhost"
    postgres_port: int = 5432
    postgres_user: str = "sojourn"
    postgres_password: SecretStr = SecretStr("")
    postgres_database: str = "sojourn"
    # A Spark Connect server, sc://host:15002; its catalogue and warehouse are its own. Empty: Spark
    # in this process, from the settings below.
    spark_remote: str = ""
    # Folders of local Spark: tables, and the catalogue that knows them (embedded Derby). Empty:
    # `spark/warehouse` and `spark/metastore` in `var_dir`.
    spark_warehouse: Path | None = None
    spark_metastore: Path | None = None
    # Where raw data lies as Parquet: a folder or a bucket's URL that Spark can read, too
    # (s3://..., gs://..., abfss://...). Empty: the folder of the tables.
    spark_raw_url: str = ""
    spark_driver_memory: str = "2g"
    spark_shuffle_partitions: int = Field(default=4, ge=1)
    spark_java_options: str = ""
    schema_prefix: str = ""
    var_dir: Path = Path("var")
    threads: int = Field(default=2, ge=1)
    # When Airflow loads: five cron fields, in UTC. Empty: only when somebody asks.
    ingest_schedule: str = "0 0 * * *"
    # When Airflow fits attribution and customer value anew: weekly. Empty: only when somebody asks.
    refit_schedule: str = "0 3 * * 1"
    # A refit of attribution is adopted by itself where no model gives more than this part of its
    # credit (0.05) to others. Empty: never; somebody runs `sojourn attribution adopt`.
    refit_adopt_below: float | None = Field(default=None, ge=0, le=1)
    # Replay history: the first day that the schedule loads. Empty: begin with the latest interval.
    ingest_start: date | None = None

    @field_validator("ingest_start", "refit_adopt_below", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    def path(self, value: Path) -> Path:
        """Return ``value`` as an absolute path, relative ones seen from the project's folder."""
        return value if value.is_absolute() else self.project_dir.resolve() / value

    @property
    def spark_warehouse_dir(self) -> Path:
        """The folder of local Spark's tables, as an absolute path."""
        return self.path(self.spark_warehouse or self.var_dir / "spark" / "warehouse")

    @property
    def spark_metastore_dir(self) -> Path:
        """The folder of local Spark's catalogue, as an absolute path."""
        return self.path(self.spark_metastore or self.var_dir / "spark" / "metastore")

    @property
    def is_embedded(self) -> bool:
        """Whether one process at a time can open the warehouse: DuckDB, and Spark in a process."""
        return self.target == "duckdb" or (self.target == "spark" and not self.spark_remote)

    @property
    def dbt_target(self) -> str:
        """The target of profiles.yml."""
        return "spark_connect" if self.target == "spark" and self.spark_remote else self.target

    def environment(self) -> dict[str, str]:
        """Return the process environment that makes dbt and other processes see these settings.

        Holds the database password: hand it to a child process, never to a log.
        """
        values = {
            "SOJOURN_PROJECT_DIR": str(self.project_dir.resolve()),
            "SOJOURN_SOURCES": str(self.path(self.sources)),
            "SOJOURN_SYNCS": str(self.path(self.syncs)),
            "SOJOURN_TARGET": self.target,
            "SOJOURN_DUCKDB_PATH": str(self.path(self.duckdb_path)),
            "SOJOURN_DUCKDB_MEMORY_LIMIT": self.duckdb_memory_limit,
            "SOJOURN_POSTGRES_HOST": self.postgres_host,
            "SOJOURN_POSTGRES_PORT": str(self.postgres_port),
            "SOJOURN_POSTGRES_USER": self.postgres_user,
            "SOJOURN_POSTGRES_PASSWORD": self.postgres_password.get_secret_value(),
            "SOJOURN_POSTGRES_DATABASE": self.postgres_database,
            "SOJOURN_SPARK_REMOTE": self.spark_remote,
            "SOJOURN_SPARK_WAREHOUSE": str(self.spark_warehouse_dir),
            "SOJOURN_SPARK_METASTORE": str(self.spark_metastore_dir),
            "SOJOURN_SPARK_RAW_URL": self.spark_raw_url,
            "SOJOURN_SPARK_DRIVER_MEMORY": self.spark_driver_memory,
            "SOJOURN_SPARK_SHUFFLE_PARTITIONS": str(self.spark_shuffle_partitions),
            "SOJOURN_SPARK_JAVA_OPTIONS": self.spark_java_options,
            "SOJOURN_SCHEMA_PREFIX": self.schema_prefix,
            "SOJOURN_VAR_DIR": str(self.path(self.var_dir)),
            "SOJOURN_THREADS": str(self.threads),
            "SOJOURN_INGEST_SCHEDULE": self.ingest_schedule,
            "SOJOURN_REFIT_SCHEDULE": self.refit_schedule,
            "SOJOURN_REFIT_ADOPT_BELOW": ""
            if self.refit_adopt_below is None
            else str(self.refit_adopt_below),
            "SOJOURN_INGEST_START": "" if self.ingest_start is None else str(self.ingest_start),
        }
        if self.exports is not None:
            values["SOJOURN_EXPORTS"] = str(self.path(self.exports))
        return values


def get_settings() -> Settings:
    """Return the settings of the present environment (read anew on each call)."""
    return Settings()


def apply_environment(settings: Settings) -> None:
    """Put ``settings`` into this process's environment, for libraries that read it from there."""
    os.environ.update(settings.environment())
