"""What would other rules change? Identity and what follows is built on a copy, and compared.

DuckDB: the file is copied, and the copy is built on. PostgreSQL and Spark: everything is built
again from the raw data under a schema prefix of its own, which is dropped afterwards.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sojourn.identity.identifier import Identifier
from sojourn.project import package_dir
from sojourn.settings import Settings
from sojourn.warehouse import Warehouse, open_warehouse, quote_identifier, relation_name

SEEDS = ("identifier_types", "blocked_identifiers", "steward_decisions")
_BEFORE = "what_if_before_"
_AFTER = "what_if_"
_LARGEST = 10
# Tables that a build only adds to, or does not make: without them other rules would seem to give
# other ids, undo what matching joined, and credit and predict by other fits.
_STAYS = (
    ("identity", "identifier_ledger"),
    ("identity", "match_parameters"),
    ("identity", "match_frequencies"),
    ("attribution", "channel_weights"),
    ("attribution", "fit_log"),
    ("profiles", "value_parameters"),
)


class WhatIfError(ValueError):
    """The rules cannot be tried; the message says what is wrong."""


def find_rules(path: Path) -> dict[str, Path]:
    """Return the seeds that a path holds, by name: one file, or a folder with some of them.

    Raises:
        WhatIfError: there is none.
    """
    files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
    found = {file.stem: file.resolve() for file in files if file.stem in SEEDS and file.is_file()}
    if not found:
        raise WhatIfError(
            f"{path.name} holds no rules. Copy one of the files "
            f"{', '.join(f'seeds/{seed}.csv' for seed in SEEDS)}, change the copy and name it, or "
            "a folder with several of them. Keep the files' names."
        )
    return found


def _has_seed(project: Path, name: str) -> bool:
    return (project / "seeds" / f"{name}.csv").is_file()


def _link(original: Path, project: Path, rules: dict[str, Path]) -> None:
    """Make a project of links to another's files, with rules in the place of its seeds."""
    project.mkdir()
    for entry in original.iterdir():
        if entry.name not in ("seeds", "var", "target", "logs"):
            (project / entry.name).symlink_to(entry)
    (project / "seeds").mkdir()
    if (original / "seeds").is_dir():
        for entry in (original / "seeds").iterdir():
            is_rule = entry.suffix == ".csv" and entry.stem in rules
            chosen = rules[entry.stem] if is_rule else entry
            (project / "seeds" / entry.name).symlink_to(chosen)


@contextmanager
def _project_with(settings: Settings, rules: dict[str, Path], folder: Path) -> Iterator[Settings]:
    """The same project with other seeds: links to everything, and the rules in their place."""
    original, project = settings.project_dir.resolve(), folder / "project"
    _link(original, project, rules)
    package = package_dir(settings)
    others = {name: file for name, file in rules.items() if not _has_seed(original, name)}
    if package is not None and others:
        # The project has Sojourn as a package, and these seeds from there.
        if not package.is_relative_to(original):
            raise WhatIfError(
                "The rules are seeds of the package, and `packages-install-path` is outside the "
                "project: copy the seed into the project's own seeds first."
            )
        copy, source = project, original
        for part in package.parent.relative_to(original).parts:
            copy, source = copy / part, source / part
            copy.unlink()
            copy.mkdir()
            for entry in source.iterdir():
                (copy / entry.name).symlink_to(entry)
        (copy / package.name).unlink()
        _link(package.resolve(), copy / package.name, others)
    yield settings.model_copy(
        update={
            "project_dir": project,
            "duckdb_path": settings.path(settings.duckdb_path),
            "var_dir": settings.path(settings.var_dir),
            "sources": settings.path(settings.sources),
            "syncs": settings.path(settings.syncs),
        }
    )


def what_if(
    settings: Settings,
    rules_path: Path,
    *,
    reveal: bool = False,
    keep: bool = False,
    progress: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Build with other rules on a copy, and return what differs from what is built now.

    Args:
        settings: the warehouse, which is read and not changed.
        rules_path: a seed's file, or a folder with several; see `find_rules`.
        reveal: show identifiers unmasked.
        keep: keep the copy, and say in ``kept`` where it is.
        progress: called with a line of text now and then.

    Raises:
        WhatIfError: there are no rules at the path, or nothing has been built yet.
        BuildError: the rules are bad, or a model fails; the message says which.
    """
    from sojourn.build import run_dbt

    rules = find_rules(rules_path)
    say = progress or (lambda message: None)
    as_of = _built_as_of(settings)
    work = settings.path(settings.var_dir)
    work.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="what_if_", dir=work))
    embedded = settings.target == "duckdb"
    before = _BEFORE if embedded else settings.schema_prefix
    after = settings.schema_prefix if embedded else f"{_AFTER}{folder.name[-8:].lower()}_"
    copy = settings
    try:
        with _project_with(settings, rules, folder) as trial:
            copy = trial.model_copy(update={"schema_prefix": after})
            if embedded:
                say("Copying the warehouse.")
                copy = trial.model_copy(update={"duckdb_path": _copied(settings, folder)})
                with open_warehouse(copy) as warehouse:
                    _remember(warehouse, copy)
            else:
                _copy_what_stays(settings, after)
            say(f"Building with {', '.join(rules)} from {rules_path.name}.")
            select = [f"{seed}+" for seed in SEEDS] if embedded else []
            run_dbt(
                copy,
                [
                    "build",
                    *(["--select", *select] if select else []),
                    "--exclude-resource-type",
                    "test",
                    "unit_test",
                ],
                as_of=as_of,
                quiet=True,
                # Another project than the one whose manifest others read.
                environment={
                    "DBT_TARGET_PATH": str(folder / "dbt"),
                    "DBT_LOG_PATH": str(folder / "dbt" / "logs"),
                },
            )
            say("Comparing.")
            with open_warehouse(copy, read_only=True) as warehouse:
                answer = _Comparison(warehouse, copy, before, after, reveal=reveal).answer()
        answer["as_of"] = as_of
        answer["rules"] = sorted(rules)
        if keep:
            answer["kept"] = str(copy.duckdb_path) if embedded else f"schemas {after}*"
        return answer
    finally:
        if not embedded and not keep:
            _drop_schemas(settings, after)
        if not (keep and embedded):
            shutil.rmtree(folder, ignore_errors=True)


def _built_as_of(settings: Settings) -> datetime:
    """Return the time as of which identity was last built."""
    missing = "Nothing is built yet: run `sojourn run` (or `make demo`) first."
    if settings.target == "duckdb" and not settings.path(settings.duckdb_path).is_file():
        raise WhatIfError(missing)
    schema = f"{settings.schema_prefix}identity"
    with open_warehouse(settings, read_only=True) as warehouse:
        if not warehouse.relation_exists(schema, "owner_log"):
            raise WhatIfError(missing)
        logs = [("identity", "owner_log"), ("identity", "identifier_ledger")]
        logs += [("audiences", "membership_log")]
        times = [
            warehouse.fetch(f"select max(recorded_at) from {settings.schema_prefix}{place}.{log}")
            for place, log in logs
            if warehouse.relation_exists(f"{settings.schema_prefix}{place}", log)
        ]
    found = [rows[0][0] for rows in times if rows[0][0] is not None]
    if not found:
        raise WhatIfError(missing)
    latest: datetime = max(found)
    return latest


def _copied(settings: Settings, folder: Path) -> Path:
    """Copy DuckDB's file, and what has not been put into it yet. Views know it by its name."""
    original = settings.path(settings.duckdb_path)
    copy = folder / original.name
    free = shutil.disk_usage(folder).free
    if free < 2 * original.stat().st_size:
        raise WhatIfError(
            f"A copy of the warehouse takes {original.stat().st_size / 1e9:.1f} GB, and as much "
            f"again to build on; {free / 1e9:.1f} GB are free. Set SOJOURN_VAR_DIR to a larger one."
        )
    for suffix in ("", ".wal"):
        file = Path(f"{original}{suffix}")
        if file.exists():
            shutil.copyfile(file, f"{copy}{suffix}")
    return copy


def _compared_tables(warehouse: Warehouse, settings: Settings) -> list[tuple[str, str]]:
    """Return the relations that are compared, as (schema without its prefix, name)."""
    from sojourn.activation.config import load_syncs

    wanted = [
        ("identity", "identifiers"),
        ("audiences", "members"),
        ("attribution", "credits"),
    ]
    if settings.path(settings.syncs).is_file():
        for sync in load_syncs(settings):
            for name in (sync.model, sync.suppressions):
                if name is not None:
                    schema, table = sync.relation(settings, name)
                    wanted.append((schema.removeprefix(settings.schema_prefix), table))
    return [
        (schema, table)
        for schema, table in dict.fromkeys(wanted)
        if warehouse.relation_exists(f"{settings.schema_prefix}{schema}", table)
    ]


def _remember(warehouse: Warehouse, copy: Settings) -> None:
    """Keep in the copy what will be built over."""
    for schema, table in _compared_tables(warehouse, copy):
        warehouse.execute(f"create schema if not exists {quote_identifier(_BEFORE + schema)}")
        warehouse.execute(
            f"create table {relation_name(_BEFORE + schema, table)} as "
            f"select * from {relation_name(copy.schema_prefix + schema, table)}"
        )


def _copy_what_stays(settings: Settings, prefix: str) -> None:
    """Let the copy begin with what no build makes anew: persons' ids, and what was learned."""
    with open_warehouse(settings) as warehouse:
        stored = " using parquet" if warehouse.dialect == "spark" else ""
        for schema, table in _STAYS:
            original = f"{settings.schema_prefix}{schema}"
            if warehouse.relation_exists(original, table):
                copied = prefix + schema
                warehouse.execute(f"create schema if not exists {quote_identifier(copied)}")
                warehouse.execute(
                    f"create table {relation_name(copied, table)}{stored} as "
                    f"select * from {relation_name(original, table)}"
                )


def _drop_schemas(settings: Settings, prefix: str) -> None:
    if not prefix.startswith(_AFTER) or prefix == _AFTER:
        raise WhatIfError(f"Schemas {prefix}* are not a copy's: drop them by hand.")
    with open_warehouse(settings) as warehouse:
        if warehouse.dialect == "spark":
            names = [name for (name,) in warehouse.fetch("show schemas")]
        else:
            names = [
                name
                for (name,) in warehouse.fetch(
                    "select schema_name from information_schema.schemata"
                )
            ]
        for name in names:
            if name.startswith(prefix):
                warehouse.execute(f"drop schema {quote_identifier(name)} cascade")


@dataclass
class _Comparison:
    """Two states of one warehouse, side by side under two prefixes of schema names."""

    warehouse: Warehouse
    settings: Settings
    before: str
    after: str
    reveal: bool

    def _fetch(self, sql: str) -> list[tuple[Any, ...]]:
        return self.warehouse.fetch(
            sql.replace("{before}", self.before).replace("{after}", self.after)
        )

    def answer(self) -> dict[str, Any]:
        """Return all that differs."""
        moved = self._fetch(
            """
            select count(*) from {before}identity.identifiers as was
            inner join {after}identity.identifiers as is_now
                on was.identifier_type = is_now.identifier_type
                and was.identifier_value = is_now.identifier_value
            where was.person_id is distinct from is_now.person_id
            """
        )
        return {
            "persons": self._persons(),
            "moved_identifiers": int(moved[0][0]),
            "standing": self._standing(),
            "largest_merges": self._largest("is_now", "was"),
            "largest_splits": self._largest("was", "is_now"),
            "audiences": self._audiences(),
            "sends": self._sends(),
            "attributed_revenue": self._revenue(),
        }

    # Which persons have identifiers in common, before and after.
    _SHARED = """
        shared as (
            select was.person_id as was_id, is_now.person_id as is_now_id,
                count(*) as identifier_count
            from {before}identity.identifiers as was
            inner join {after}identity.identifiers as is_now
                on was.identifier_type = is_now.identifier_type
                and was.identifier_value = is_now.identifier_value
            where was.person_id is not null and is_now.person_id is not null
            group by was.person_id, is_now.person_id
        )
    """

    def _persons(self) -> dict[str, int]:
        counts = [
            self._fetch(f"select count(distinct person_id) from {{{side}}}identity.identifiers")
            for side in ("before", "after")
        ]
        merged, into = self._fetch(
            f"""
            with {self._SHARED}
            select coalesce(sum(n), 0), count(*) from (
                select count(*) as n from shared group by is_now_id having count(*) > 1
            ) as merged
            """
        )[0]
        split, parts = self._fetch(
            f"""
            with {self._SHARED}
            select count(*), coalesce(sum(n), 0) from (
                select count(*) as n from shared group by was_id having count(*) > 1
            ) as split
            """
        )[0]
        return {
            "before": int(counts[0][0][0]),
            "after": int(counts[1][0][0]),
            "merged": int(merged),
            "merged_into": int(into),
            "split": int(split),
            "split_into": int(parts),
        }

    def _standing(self) -> list[dict[str, Any]]:
        """How many identifiers become demoted or blocked, or are so no more, by type and reason."""
        rows = self._fetch(
            """
            select is_now.identifier_type, was.status, is_now.status,
                coalesce(is_now.status_reason, was.status_reason), count(*)
            from {before}identity.identifiers as was
            inner join {after}identity.identifiers as is_now
                on was.identifier_type = is_now.identifier_type
                and was.identifier_value = is_now.identifier_value
            where was.status <> is_now.status
            group by 1, 2, 3, 4
            order by 5 desc, 1, 2, 3, 4
            """
        )
        names = ("identifier_type", "before", "after", "reason", "identifiers")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _largest(self, whole: str, part: str) -> list[dict[str, Any]]:
        """Persons that are made of the most others, or fall into the most, with an example each."""
        rows = self._fetch(
            f"""
            with {self._SHARED}
            select {whole}_id, count(*), sum(identifier_count)
            from shared group by {whole}_id having count(*) > 1
            order by 2 desc, 3 desc, 1 limit {_LARGEST}
            """
        )
        side = self.after if whole == "is_now" else self.before
        found = []
        for person, parts, identifiers in rows:
            strongest = self.warehouse.fetch(
                f"select identifier_type, identifier_value from {side}identity.identifiers "
                "where person_id = ? order by tier, identifier_type, identifier_value limit 3",
                (person,),
            )
            found.append(
                {
                    "person_id": person,
                    "persons": int(parts),
                    "identifiers": int(identifiers),
                    "strongest": [Identifier(*one).shown(reveal=self.reveal) for one in strongest],
                }
            )
        return found

    def _exists(self, schema: str, table: str) -> bool:
        return all(
            self.warehouse.relation_exists(f"{side}{schema}", table)
            for side in (self.before, self.after)
        )

    def _audiences(self) -> list[dict[str, Any]]:
        """Members before and after; a member who is another person now is followed to that one."""
        if not self._exists("audiences", "members"):
            return []
        rows = self._fetch(
            """
            with was as (
                select distinct members.audience,
                    coalesce(is_now.person_id, members.person_id) as person_id
                from {before}audiences.members as members
                left join {after}identity.identifier_ledger as ledger
                    on members.person_id = ledger.anchored_person_id
                left join {after}identity.identifiers as is_now
                    on ledger.identifier_type = is_now.identifier_type
                    and ledger.identifier_value = is_now.identifier_value
            ),
            both_sides as (
                select coalesce(was.audience, is_now.audience) as audience,
                    case when was.person_id is null then 1 else 0 end as entering,
                    case when is_now.person_id is null then 1 else 0 end as leaving
                from was
                full outer join {after}audiences.members as is_now
                    on was.audience = is_now.audience and was.person_id = is_now.person_id
            )
            select sides.audience, coalesce(former.n, 0), coalesce(later.n, 0),
                sum(sides.entering), sum(sides.leaving)
            from both_sides as sides
            left join (
                select audience, count(*) as n from {before}audiences.members group by audience
            ) as former on sides.audience = former.audience
            left join (
                select audience, count(*) as n from {after}audiences.members group by audience
            ) as later on sides.audience = later.audience
            group by sides.audience, former.n, later.n
            order by sides.audience
            """
        )
        names = ("audience", "before", "after", "entering", "leaving")
        return [
            {"audience": row[0], **dict(zip(names[1:], map(int, row[1:]), strict=True))}
            for row in rows
        ]

    def _sends(self) -> list[dict[str, Any]]:
        """Rows that each sync would add, change or remove because of the rules."""
        from sojourn.activation.config import load_syncs
        from sojourn.activation.plan import row_hash

        if not self.settings.path(self.settings.syncs).is_file():
            return []
        plain = self.settings.model_copy(update={"schema_prefix": ""})
        found = []
        for sync in load_syncs(self.settings):
            schema, table = sync.relation(plain, sync.model)
            if not self._exists(schema, table):
                continue
            columns = self.warehouse.columns(f"{self.after}{schema}", table)
            payload = sync.columns or tuple(name for name in columns if name != sync.key)
            key = quote_identifier(sync.key)
            sides = []
            for side in (self.before, self.after):
                barred = ""
                if sync.suppressions is not None:
                    place, name = sync.relation(plain, sync.suppressions)
                    barred = (
                        f" where rows_of.{key} not in (select suppressed.{key} "
                        f"from {relation_name(side + place, name)} as suppressed "
                        f"where suppressed.{key} is not null)"
                    )
                sides.append(
                    f"select rows_of.{key} as row_key, "
                    f"{row_hash(self.warehouse.dialect, payload, 'rows_of')} as row_hash "
                    f"from {relation_name(side + schema, table)} as rows_of{barred}"
                )
            row = self.warehouse.fetch(
                "select count(case when was.row_key is null then 1 end), "
                "count(case when was.row_key is not null and is_now.row_key is not null "
                "and was.row_hash <> is_now.row_hash then 1 end), "
                "count(case when is_now.row_key is null then 1 end), count(was.row_key) "
                f"from ({sides[0]}) as was full outer join ({sides[1]}) as is_now "
                "on was.row_key = is_now.row_key"
            )[0]
            names = ("add", "change", "remove", "rows")
            found.append({"sync": sync.name, **dict(zip(names, map(int, row), strict=True))})
        return found

    def _revenue(self) -> list[dict[str, Any]]:
        """Attributed revenue of each model, and how much of it would go to another channel."""
        if not self._exists("attribution", "credits"):
            return []
        rows = self._fetch(
            """
            select model, channel, sum(was_revenue), sum(is_now_revenue)
            from (
                select model, channel, attributed_revenue as was_revenue, 0 as is_now_revenue
                from {before}attribution.credits
                union all
                select model, channel, 0 as was_revenue, attributed_revenue as is_now_revenue
                from {after}attribution.credits
            ) as both_sides
            group by model, channel
            order by model, channel
            """
        )
        moved = {
            model: float(amount)
            for model, amount in self._fetch(
                """
                select model, sum(abs(difference)) / 2
                from (
                    select model, conversion_id, channel, coalesce(campaign, '') as campaign,
                        sum(revenue) as difference
                    from (
                        select model, conversion_id, channel, campaign,
                            -attributed_revenue as revenue
                        from {before}attribution.credits
                        union all
                        select model, conversion_id, channel, campaign,
                            attributed_revenue as revenue
                        from {after}attribution.credits
                    ) as both_sides
                    group by model, conversion_id, channel, coalesce(campaign, '')
                ) as differences
                group by model
                """
            )
        }
        found: dict[str, dict[str, Any]] = {}
        for model, channel, was, now in rows:
            entry = found.setdefault(
                model, {"model": model, "before": 0.0, "moved": moved[model], "channels": []}
            )
            entry["before"] += float(was)
            if was != now:
                entry["channels"].append(
                    {"channel": channel, "before": float(was), "after": float(now)}
                )
        for entry in found.values():
            entry["channels"].sort(key=lambda one: -abs(one["after"] - one["before"]))
        return list(found.values())
