"""Attribution agrees with independent references: rules, dense solves, brute-force Shapley."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import random
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import yaml
from sojourn.attribution.refit import NothingFittedError, RefitError, adopt, refit
from sojourn.build import BuildError, run_dbt
from sojourn.settings import Settings
from sojourn.warehouse import open_warehouse, text_type

from tests.conftest import PROJECT_DIR

START = datetime(2026, 1, 1)
AS_OF = datetime(2026, 6, 1)
DIRECT = "Direct"


@dataclass(frozen=True)
class Touch:
    touch_id: str
    person: str
    at: datetime
    channel: str
    campaign: str | None = None
    kind: str = "session"

    @property
    def is_direct(self) -> bool:
        return self.channel == DIRECT

    def value(self, dimension: str) -> str:
        return self.channel if dimension == "channel" else self.campaign or f"({self.channel})"


@dataclass(frozen=True)
class Conversion:
    conversion_id: str
    person: str
    kind: str
    at: datetime
    revenue: float | None = 10.0


@dataclass
class World:
    """What happened. Milestones: the times of lead and opportunity, by conversion."""

    touches: list[Touch] = field(default_factory=list)
    conversions: list[Conversion] = field(default_factory=list)
    milestones: dict[str, tuple[datetime | None, datetime | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class Rules:
    """Settings of a conversion type."""

    window_days: int = 30
    window_touches: int | None = None
    kind_windows: Mapping[str, int] = field(default_factory=dict)
    kind_weights: Mapping[str, float] = field(default_factory=dict)
    direct: str = "fallback"
    excluded_channels: tuple[str, ...] = ()
    path: str = "all"
    removed_if_not_alone: tuple[str, ...] = ()

    def counting(self, touches: Iterable[Touch]) -> list[Touch]:
        return [
            touch
            for touch in touches
            if touch.kind != "view" and touch.channel not in self.excluded_channels
        ]

    def eligible(self, touches: list[Touch]) -> list[Touch]:
        others = [touch for touch in touches if not touch.is_direct]
        return {"fallback": others or touches, "counts": touches, "never": others}[self.direct]


@dataclass(frozen=True)
class Journey:
    person: str
    touches: tuple[Touch, ...]
    converted: bool

    def values(self, dimension: str, rules: Rules) -> list[str]:
        """Return what a fitted model learns from."""
        removed = rules.removed_if_not_alone
        others = [touch for touch in self.touches if touch.channel not in removed]
        kept = [
            touch for touch in rules.eligible(list(self.touches)) if not others or touch in others
        ]
        values = [touch.value(dimension) for touch in kept]
        if rules.path == "collapsed":
            return [value for value, _ in itertools.groupby(values)]
        return list(dict.fromkeys(values)) if rules.path == "first" else values


def in_order(touches: Iterable[Touch]) -> list[Touch]:
    return sorted(touches, key=lambda touch: (touch.at, touch.touch_id.encode()))


def random_world(seed: int, persons: int, channels: list[str], campaigns: list[str]) -> World:
    draw = random.Random(seed)
    world = World()
    for number in range(persons):
        person = f"person {number}"
        start = START + timedelta(days=draw.randint(0, 40))
        for index in range(draw.choice([0, 1, 1, 2, 3, 4, 6, 9])):
            world.touches.append(
                Touch(
                    # Names in two cases: their order is that of bytes.
                    f"{draw.choice('aB')}{number}-{index}",
                    person,
                    # Few times: many fall together.
                    start + timedelta(days=draw.randint(0, 45), hours=draw.choice([0, 12])),
                    draw.choice(channels),
                    draw.choice([*campaigns, None]),
                    draw.choice(["session"] * 7 + ["click"] * 2 + ["view"]),
                )
            )
        for index in range(draw.choice([0, 0, 0, 1, 1, 2])):
            kind = draw.choice(["order", "order", "opportunity_won"])
            at = start + timedelta(days=draw.randint(0, 60), hours=draw.choice([0, 12]))
            conversion = Conversion(
                f"c{number}-{index}", person, kind, at, draw.choice([None, 0.0, -5.0, 10.01, 99.99])
            )
            world.conversions.append(conversion)
            if kind == "opportunity_won":
                times = [at - timedelta(days=draw.randint(0, 50)) for _ in range(2)]
                world.milestones[conversion.conversion_id] = (
                    draw.choice([None, min(times)]),
                    draw.choice([None, max(times)]),
                )
    return world


def journeys(world: World, kind: str, rules: Rules) -> list[Journey]:
    """Cut each person's touches by conversions of the kind and by times without either."""
    found = []
    window = timedelta(days=rules.window_days)
    steps: dict[str, list[tuple[datetime, int, bytes, Any]]] = defaultdict(list)
    for touch in rules.counting(world.touches):
        steps[touch.person].append((touch.at, 0, touch.touch_id.encode(), touch))
    for conversion in world.conversions:
        if conversion.kind == kind:
            name = conversion.conversion_id.encode()
            steps[conversion.person].append((conversion.at, 1, name, None))
    for person, its_steps in steps.items():
        open_touches: list[Touch] = []
        last = None
        for at, _, _, touch in sorted(its_steps, key=lambda step: step[:3]):
            if last is not None and at - last >= window and open_touches:
                found.append(Journey(person, tuple(open_touches), converted=False))
                open_touches = []
            last = at
            if touch is not None:
                open_touches.append(touch)
                continue
            if open_touches:
                found.append(Journey(person, tuple(open_touches), converted=True))
            open_touches, last = [], None
        if open_touches:
            found.append(Journey(person, tuple(open_touches), converted=False))
    return found


# References ------------------------------------------------------------------------------------


def removal_effects(paths: list[tuple[list[str], bool]], order: int) -> dict[str, float]:
    """Removal effects by one dense solve for each value that is removed."""
    counts: dict[tuple[Any, Any], float] = defaultdict(float)
    for values, converted in paths:
        states: list[Any] = ["start"]
        states += [tuple(values[max(0, i + 1 - order) : i + 1]) for i in range(len(values))]
        states.append("conversion" if converted else "nothing")
        for pair in itertools.pairwise(states):
            counts[pair] += 1
    totals: dict[Any, float] = defaultdict(float)
    for (left, _), count in counts.items():
        totals[left] += count
    number = {state: index for index, state in enumerate(totals)}

    def converting(removed: str | None) -> float:
        matrix = np.eye(len(number))
        ends = np.zeros(len(number))
        for (left, right), count in counts.items():
            if right == "conversion":
                ends[number[left]] = count / totals[left]
            elif right != "nothing" and right[-1] != removed:
                matrix[number[left], number[right]] -= count / totals[left]
        return float(np.linalg.solve(matrix, ends)[number["start"]])

    whole = converting(None)
    values = {value for path, _ in paths for value in path}
    return {value: 1 - converting(value) / whole for value in values}


def shapley_values(paths: list[tuple[list[str], bool]], minimum: int) -> dict[str, float]:
    """Over all subsets, by the definition."""
    values = sorted({value for path, _ in paths for value in path})
    sets = Counter((frozenset(path), converted) for path, converted in paths)

    worths = {}
    for size in range(len(values) + 1):
        for members in itertools.combinations(values, size):
            chosen = frozenset(members)
            inside = [(c, n) for (path, c), n in sets.items() if path <= chosen]
            total = sum(n for _, n in inside)
            worths[chosen] = sum(n for c, n in inside if c) / total if total >= minimum else 0.0
    count = len(values)
    result = {}
    for value in values:
        result[value] = sum(
            math.factorial(len(chosen))
            * math.factorial(count - len(chosen) - 1)
            / math.factorial(count)
            * (worths[chosen | {value}] - worth)
            for chosen, worth in worths.items()
            if value not in chosen
        )
    return result


def normalised(effects: Mapping[str, float]) -> dict[str, float]:
    floored = {value: max(effect, 0.0) for value, effect in effects.items()}
    total = sum(floored.values())
    return {value: effect / total if total else 0.0 for value, effect in floored.items()}


def by_roles(weights: list[float], has_role: list[bool], others: float) -> list[float]:
    count = has_role.count(False)
    total = sum(weights) + (others if count else 0)
    return [
        (weight if role else others / count) / total if total else 1 / len(weights)
        for weight, role in zip(weights, has_role, strict=True)
    ]


def milestone_credit(
    path: list[Touch],
    milestones: Iterable[datetime | None],
    others: float,
    role: float,
    close: bool,
) -> list[float]:
    weights, has_role = [0.0] * len(path), [False] * len(path)
    places = [0, *([len(path) - 1] if close else [])]
    for milestone in milestones:
        before = [i for i, touch in enumerate(path) if milestone and touch.at <= milestone]
        places += before[-1:]
    for place in places:
        weights[place] += role
        has_role[place] = True
    return by_roles(weights, has_role, others)


def by_value(path: list[Touch], dimension: str, weights: Mapping[str, float] | None) -> list[float]:
    counts = Counter(touch.value(dimension) for touch in path)
    mean = sum(weights.values()) / len(weights) if weights else 1.0
    found = {value: (weights or {}).get(value, mean) for value in counts}
    total = sum(found.values())
    if total == 0:
        found, total = dict.fromkeys(found, 1.0), float(len(found))
    return [found[t.value(dimension)] / counts[t.value(dimension)] / total for t in path]


def ends(path: list[Touch], first: list[float], last: list[float], others: float) -> list[float]:
    count = len(path)
    weights = [0.0] * count
    for index, weight in enumerate(first):
        if index < count:
            weights[index] += weight
    for index, weight in enumerate(reversed(last)):
        if index < count:
            weights[count - 1 - index] += weight
    has_role = [i < len(first) or count - 1 - i < len(last) for i in range(count)]
    return by_roles(weights, has_role, others)


def expected_credits(
    world: World,
    fitted: Mapping[tuple[str, str], Mapping[str, float]],
    settings: Mapping[str, Rules] | None = None,
) -> dict[tuple[str, str, str], float]:
    """Credit by conversion, touch and model; ``fitted``: weights by conversion type and model."""
    touches: dict[str, list[Touch]] = defaultdict(list)
    for touch in world.touches:
        touches[touch.person].append(touch)
    credits: dict[tuple[str, str, str], float] = {}
    ordered = sorted(world.conversions, key=lambda c: (c.at, c.conversion_id.encode()))
    before: dict[tuple[str, str], datetime] = {}
    for conversion in ordered:
        rules = (settings or {}).get(conversion.kind, Rules())
        path = in_order(
            touch
            for touch in rules.counting(touches[conversion.person])
            if timedelta(0)
            <= conversion.at - touch.at
            < timedelta(days=rules.kind_windows.get(touch.kind, rules.window_days))
        )
        since = before.get((conversion.person, conversion.kind), datetime.min)
        before[conversion.person, conversion.kind] = conversion.at
        own = [touch for touch in path if touch.at > since]

        def eligible(steps: list[Touch], rules: Rules = rules) -> list[Touch]:
            return rules.eligible(steps)[-(rules.window_touches or 1000) :]

        lead, opportunity = world.milestones.get(conversion.conversion_id, (None, None))
        path_touches = path if rules.direct == "fallback" else eligible(path)
        models: dict[str, tuple[list[Touch], Callable[[list[Touch]], list[float]]]] = {
            "first_touch": (eligible(path), lambda p: [1.0] + [0.0] * (len(p) - 1)),
            "last_touch": (path_touches, lambda p: [0.0] * (len(p) - 1) + [1.0]),
            "last_non_direct": (eligible(path), lambda p: [0.0] * (len(p) - 1) + [1.0]),
            "linear": (eligible(path), lambda p: [1 / len(p)] * len(p)),
            "time_decay": (
                eligible(path),
                lambda p: [
                    2 ** (-((p[-1].at - t.at) / timedelta(days=7)))
                    / sum(2 ** (-((p[-1].at - u.at) / timedelta(days=7))) for u in p)
                    for t in p
                ],
            ),
            "position_based": (eligible(path), lambda p: ends(p, [0.4], [0.4], 0.2)),
            "custom": (eligible(path), lambda p: ends(p, [0.3, 0.1], [0.1, 0.3], 0.2)),
            "w_shaped": (
                eligible(path),
                lambda p, m=(lead, opportunity): milestone_credit(p, m, 0.1, 0.3, close=False),
            ),
            "full_path": (
                eligible(path),
                lambda p, m=(lead, opportunity): milestone_credit(p, m, 0.1, 0.225, close=True),
            ),
            "shapley_even": (eligible(path), lambda p: by_value(p, "channel", None)),
        }
        for model in ("markov", "shapley"):
            for dimension in ("channel", "campaign"):
                weights = fitted.get((conversion.kind, f"{model}_{dimension}"))
                models[f"{model}_{dimension}"] = (
                    eligible(own),
                    lambda p, d=dimension, w=weights: by_value(p, d, w),
                )
        for model, (steps, rule) in models.items():
            if not steps:
                credits[conversion.conversion_id, "unattributed", model] = 1.0
                continue
            given = list(zip(steps, rule(steps), strict=True))
            if model in ("first_touch", "last_touch", "last_non_direct"):
                given = [(touch, credit) for touch, credit in given if credit > 0]
            weighed = [credit * rules.kind_weights.get(touch.kind, 1) for touch, credit in given]
            for (touch, credit), weight in zip(given, weighed, strict=True):
                credits[conversion.conversion_id, touch.touch_id, model] = (
                    weight / sum(weighed) if sum(weighed) else credit
                )
    return credits


# The models, on given tables ----------------------------------------------------------------------

GIVEN = {
    "conversions": "conversion_id varchar, person_id varchar, conversion_type varchar,"
    " revenue decimal(18,2), converted_at timestamp",
    "touchpoints": "touchpoint_id varchar, person_id varchar, kind varchar, channel varchar,"
    " utm_source varchar, campaign varchar, campaign_id varchar, is_direct boolean,"
    " is_machine boolean, fingerprint bigint, touched_at timestamp",
    "touch_credit_rules": "kind varchar, model varchar, earns_credit boolean",
    "conversion_milestones": "conversion_id varchar, person_id varchar, lead_created_at timestamp,"
    " opportunity_created_at timestamp",
}
MODELS = [
    "creditable_kinds", "person_fingerprints", "conversion_touches", "conversion_fingerprints",
    "journeys", "paths", "journey_steps", "channel_weights", "fit_log", "weights_in_use",
    "conversions_to_credit", "credits", "refit_preview", "refit_reports",
]  # fmt: skip


GIVEN_OF_SPEND = {
    "spend_from_ads": "date_day timestamp, platform varchar, account_id varchar,"
    " campaign_id varchar, campaign varchar, channel varchar, currency varchar, timezone varchar,"
    " load_id varchar, impressions bigint, clicks bigint, spend decimal(18,6),"
    " reported_at timestamp, loaded_at timestamp",
    "campaign_mapping": "utm_source varchar, campaign varchar, platform varchar,"
    " campaign_id varchar",
    "exchange_rates_to_reporting": "currency varchar, rate decimal(18,6), valid_from timestamp,"
    " valid_to timestamp",
}
MODELS_OF_SPEND = [
    "ad_spend_reports", "ad_spend_converted", "ad_spend", "ad_campaigns", "performance",
]  # fmt: skip


class Project:
    """This project's attribution models, whose inputs are plain tables."""

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        given: Mapping[str, str] = GIVEN,
        models: Sequence[str] = MODELS,
    ) -> None:
        self.settings = settings
        self.folder = folder
        self.vars = yaml.safe_load((PROJECT_DIR / "dbt_project.yml").read_text())["vars"]
        self.vars["attribution_fit"] |= {"min_conversions": 1, "replicates": 0}
        shutil.copytree(PROJECT_DIR / "macros", folder / "macros")
        shutil.copy(PROJECT_DIR / "profiles.yml", folder)
        (folder / "models").mkdir()
        for name in given:
            (folder / "models" / f"{name}.sql").write_text(
                f"{{{{ config(materialized='view') }}}} select * from given.{name}"
            )
        for name in [
            *models,
            *(f"credits_by_{model}" for model in self.vars["attribution_models"]),
        ]:
            shutil.copy(PROJECT_DIR / "models" / "attribution" / f"{name}.sql", folder / "models")
        self.schema = "attribution"
        with open_warehouse(settings) as warehouse:
            text = text_type(warehouse.dialect)
            warehouse.execute("create schema if not exists given")
            for name, columns in given.items():
                described = columns.replace("varchar", text)
                warehouse.execute(f"create table given.{name} ({described})")

    def give(self, world: World) -> None:
        """Fill the tables."""
        persons = {found.conversion_id: found.person for found in world.conversions}
        rows: dict[str, list[dict[str, Any]]] = {
            "conversions": [
                {"conversion_id": c.conversion_id, "person_id": c.person, "conversion_type": c.kind,
                 "revenue": c.revenue, "converted_at": c.at}
                for c in world.conversions
            ],
            "touchpoints": [
                {"touchpoint_id": t.touch_id, "person_id": t.person, "kind": t.kind,
                 "channel": t.channel, "campaign": t.campaign, "campaign_id": t.campaign,
                 "is_direct": t.is_direct,
                 "is_machine": False, "fingerprint": hash(t) % 2**40, "touched_at": t.at}
                for t in world.touches
            ],
            "touch_credit_rules": [
                {"kind": "*", "model": "*", "earns_credit": True},
                {"kind": "view", "model": "*", "earns_credit": False},
            ],
            "conversion_milestones": [
                {"conversion_id": conversion_id, "person_id": persons.get(conversion_id),
                 "lead_created_at": lead, "opportunity_created_at": opportunity}
                for conversion_id, (lead, opportunity) in world.milestones.items()
            ],
        }  # fmt: skip
        with open_warehouse(self.settings) as warehouse:
            for name, columns in GIVEN.items():
                warehouse.execute(f"truncate table given.{name}")
                if rows[name]:
                    kept = [column.split()[0] for column in columns.split(", ")]
                    kept = [column for column in kept if column in rows[name][0]]
                    table = pa.table({key: [row[key] for row in rows[name]] for key in kept})
                    warehouse.append("given", name, table)

    def run(self, *arguments: str, as_of: datetime = AS_OF, **fit: object) -> None:
        """Run dbt, with these settings of the fit."""
        self.vars["attribution_fit"] |= fit
        (self.folder / "dbt_project.yml").write_text(
            yaml.safe_dump(
                {
                    "name": "sojourn",
                    "profile": "sojourn",
                    "config-version": 2,
                    "macro-paths": ["macros"],
                    "model-paths": ["models"],
                    "vars": self.vars,
                    "models": {
                        "sojourn": {
                            "+schema": self.schema,
                            "+materialized": "table",
                            "+pre-hook": "{{ sojourn.before_model() }}",
                            "+post-hook": "{{ sojourn.after_model() }}",
                        }
                    },
                    "flags": {"send_anonymous_usage_stats": False},
                }
            )
        )
        project = self.settings.model_copy(update={"project_dir": self.folder})
        run_dbt(project, ["run", *arguments], as_of=as_of, quiet=True)

    def fetch(self, query: str) -> list[tuple[Any, ...]]:
        with open_warehouse(self.settings) as warehouse:
            return warehouse.fetch(query.replace("{schema}", self.schema))

    def fit(self, version: str, column: str) -> dict[tuple[str, str], dict[str, float]]:
        """A column of `channel_weights` of a version, by conversion type and model."""
        found: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
        for kind, model, value, number in self.fetch(
            f"select conversion_type, model, value, {column} from {{schema}}.channel_weights "
            f"where fit_version = '{version}'"
        ):
            found[kind, model][value] = number
        return found

    def credits(self) -> dict[tuple[str, str, str], float]:
        rows = self.fetch(
            "select conversion_id, touchpoint_id, model, credit from {schema}.credits"
        )
        return {(conversion, touch, model): credit for conversion, touch, model, credit in rows}


@pytest.fixture
def project(engine_settings: Settings, tmp_path: Path) -> Project:
    return make_project(engine_settings, tmp_path)


def make_project(settings: Settings, tmp_path: Path) -> Project:
    folder = tmp_path / "project"
    folder.mkdir()
    return Project(settings, folder)


def paths_of(
    world: World, kind: str, dimension: str, rules: Rules | None = None
) -> list[tuple[list[str], bool]]:
    rules = rules or Rules()
    found = [(j.values(dimension, rules), j.converted) for j in journeys(world, kind, rules)]
    return [(values, converted) for values, converted in found if values]


def assert_close(found: Mapping[Any, float], expected: Mapping[Any, float]) -> None:
    assert found.keys() == expected.keys()
    wrong = {
        key: (found[key], expected[key])
        for key in expected
        if not math.isclose(found[key], expected[key], rel_tol=1e-9, abs_tol=1e-9)
    }
    assert not wrong, dict(itertools.islice(wrong.items(), 5))


CHANNELS = ["Email", "SMS", "Paid Search", "Display", "audio", "Referral", "Video", "Mail", DIRECT]


def test_all_models_agree_with_references(every_engine_settings: Settings, tmp_path: Path) -> None:
    """Rules, Markov chains of order 1 and 3 and exact Shapley values, down to credits."""
    project = make_project(every_engine_settings, tmp_path)
    world = random_world(3, 500, CHANNELS, ["spring", "Sale", "news"])
    project.give(world)
    kinds = ("order", "opportunity_won")
    for order in (1, 3):
        # Later versions need only what follows the fits.
        project.run(
            *(["--select", "channel_weights+"] if order > 1 else []),
            version=f"order-{order}",
            markov_order=order,
            shapley_min_journeys=order,
        )
        weights = project.fit(f"order-{order}", "weight")
        effects = project.fit(f"order-{order}", "removal_effect")
        values = project.fit(f"order-{order}", "shapley_value")
        for kind, dimension in itertools.product(kinds, ("channel", "campaign")):
            paths = paths_of(world, kind, dimension)
            removed = removal_effects(paths, order)
            assert_close(effects[kind, f"markov_{dimension}"], removed)
            assert_close(weights[kind, f"markov_{dimension}"], normalised(removed))
            assert min(weights[kind, f"markov_{dimension}"].values()) >= 0
            brute = shapley_values(paths, order)
            assert len(brute) >= 9
            assert_close(values[kind, f"shapley_{dimension}"], brute)
            assert_close(weights[kind, f"shapley_{dimension}"], normalised(brute))
        assert_close(project.credits(), expected_credits(world, weights))


def test_settings_by_conversion_type(project: Project) -> None:
    world = random_world(13, 400, CHANNELS, ["spring"])
    settings = {
        "order": Rules(
            window_days=20,
            window_touches=3,
            kind_windows={"click": 8},
            direct="counts",
            excluded_channels=("Mail", "SMS"),
            path="collapsed",
        ),
        "opportunity_won": Rules(
            window_days=45,
            kind_weights={"click": 0.25},
            direct="never",
            path="first",
            removed_if_not_alone=("audio", "Email"),
        ),
    }
    project.vars["attribution_settings"] = {
        # Of a tuple YAML would make a tag.
        kind: json.loads(json.dumps(asdict(rules)))
        for kind, rules in settings.items()
    }
    project.give(world)
    project.run(shapley_min_journeys=1)
    weights = project.fit("1", "weight")
    for kind, rules in settings.items():
        paths = paths_of(world, kind, "channel", rules)
        assert_close(weights[kind, "markov_channel"], normalised(removal_effects(paths, 1)))
        assert_close(weights[kind, "shapley_channel"], normalised(shapley_values(paths, 1)))
    assert_close(project.credits(), expected_credits(world, weights, settings))


def test_a_recorded_fit_stays_until_another_version_is_named(project: Project) -> None:
    whole = random_world(5, 300, CHANNELS, ["spring"])
    early = World(
        [touch for touch in whole.touches if touch.at < START + timedelta(days=40)],
        [c for c in whole.conversions if c.at < START + timedelta(days=40)],
        whole.milestones,
    )
    project.give(early)
    project.run(as_of=START + timedelta(days=75), version="1")
    first = project.fit("1", "weight")
    assert first["order", "markov_channel"]
    project.give(whole)
    project.run(as_of=AS_OF)
    assert project.fit("1", "weight") == first
    assert_close(project.credits(), expected_credits(whole, first))
    kept = project.credits()
    project.run("--full-refresh")
    assert project.fit("1", "weight") == first
    assert_close(kept, project.credits())
    # A candidate is fitted beside it, and moves nothing yet.
    project.run(candidate="2")
    assert_close(project.credits(), kept)
    preview = {
        (kind, model, value): number
        for kind, model, value, number in project.fetch(
            "select conversion_type, model, value, candidate_conversions "
            "from {schema}.refit_preview"
        )
    }
    # Another version is another fit, and all that is credited by one is credited anew; and back.
    project.run(version="2", candidate="")
    second = project.fit("2", "weight")
    assert second["order", "markov_channel"] != first["order", "markov_channel"]
    assert project.fit("1", "weight") == first
    assert_close(project.credits(), expected_credits(whole, second))
    touches = {touch.touch_id: touch for touch in whole.touches}
    kinds = {conversion.conversion_id: conversion.kind for conversion in whole.conversions}
    moved: dict[tuple[str, str, str], float] = defaultdict(float)
    for (conversion, touch, model), credit in project.credits().items():
        if model.endswith(("_channel", "_campaign")) and touch in touches:
            dimension = model.split("_")[1]
            moved[kinds[conversion], model, touches[touch].value(dimension)] += credit
    assert_close(preview, moved)
    assert not project.fetch("select * from {schema}.refit_preview")
    versions = project.fetch(
        "select distinct model, fit_version from {schema}.credits where fit_version is not null"
    )
    assert {version for _, version in versions} == {"2"}
    project.run(version="1")
    assert_close(project.credits(), kept)


def test_a_refit_is_proposed_with_what_it_would_move_and_adopted(
    every_engine_settings: Settings, tmp_path: Path
) -> None:
    """Nothing moves before; then what the report said, and no type of which there is no new fit."""
    project = make_project(every_engine_settings, tmp_path)
    settings = every_engine_settings.model_copy(update={"project_dir": project.folder})
    whole = random_world(19, 300, CHANNELS[:5], [])
    early = START + timedelta(days=45)
    project.vars["attribution_models"] = ["linear", "markov_channel", "shapley_channel"]
    project.vars["attribution_settings"] = {"opportunity_won": {"window_days": 100}}
    project.give(
        World(
            [touch for touch in whole.touches if touch.at < early],
            [c for c in whole.conversions if c.at < early and c.kind == "order"],
        )
    )
    project.run(as_of=early + timedelta(days=30), shapley_min_journeys=1)
    project.give(whole)
    # Opportunities have no journeys yet that are known to have ended.
    day = START + timedelta(days=99)
    project.run(as_of=day)
    before = project.credits()
    found = refit(settings, day)
    assert (found.version, found.is_adopted, found.is_new) == ("2026-04-10", False, True)
    assert [moves.rows[0][:2] for moves in found.moves] == [
        ("order", "markov_channel"),
        ("order", "shapley_channel"),
    ]
    assert "2026-04-10 is a candidate" in found.summary()
    assert "of the credit would go to others" in found.sentences()[0]
    project.run(as_of=day)
    assert project.credits() == before
    # A run that is repeated finds what it made. As much as it moves is not allowed.
    assert found.share > 0.001
    again = refit(settings, day, adopt_below=found.share / 2)
    assert again == replace(found, is_new=False)
    with pytest.raises(RefitError, match="no fit 3"):
        adopt(settings, "3", day, author="Mia", reason="None")
    later = day + timedelta(hours=1)
    said = adopt(settings, found.version, later, author="Mia", reason="The market moved.")
    assert "adopted" in said
    with pytest.raises(RefitError, match="already"):
        adopt(settings, found.version, later, author="Mia", reason="Again")
    # A build as of an earlier time does not know it.
    project.run(as_of=day)
    assert project.credits() == before
    project.run(as_of=later)
    weights = project.fit(found.version, "weight")
    assert ("opportunity_won", "markov_channel") not in weights
    expected = expected_credits(
        whole, weights, {"order": Rules(), "opportunity_won": Rules(window_days=100)}
    )
    models = project.vars["attribution_models"]
    expected = {key: credit for key, credit in expected.items() if key[2] in models}
    assert_close(project.credits(), expected)
    touches = {touch.touch_id: touch for touch in whole.touches}
    orders = {found.conversion_id for found in whole.conversions if found.kind == "order"}
    moved: dict[tuple[str, str], float] = defaultdict(float)
    for (conversion, touch, model), credit in expected.items():
        if conversion in orders and touch in touches and model != "linear":
            moved[model, touches[touch].channel] += credit
    promised = {
        (row.model, row.value): row.candidate_conversions
        for moves in found.moves
        for row in moves.rows
    }
    assert_close(promised, moved)
    # Back, as of a later time; and by itself where little enough moves.
    adopt(settings, "1", later, author="Mia", reason="A mistake.")
    project.run(as_of=later)
    assert_close(project.credits(), before)
    second = refit(settings, later, version="by-itself", adopt_below=1.0)
    assert second.is_adopted
    # What was proposed before it does not take its place by itself.
    assert not refit(settings, day, adopt_below=1.0).is_adopted
    project.run(as_of=later)
    assert_close(project.credits(), expected)
    assert project.fetch(
        "select fit_version, change, author from {schema}.fit_log order by change_number"
    ) == [
        ("2026-04-10", "proposed", "sojourn"),
        ("2026-04-10", "adopted", "Mia"),
        ("1", "adopted", "Mia"),
        ("by-itself", "proposed", "sojourn"),
        ("by-itself", "adopted", "sojourn"),
    ]


def test_a_refit_says_what_it_lacks(project: Project) -> None:
    settings = project.settings.model_copy(update={"project_dir": project.folder})
    with pytest.raises(RefitError, match="sojourn build"):
        refit(settings, AS_OF)
    project.give(random_world(19, 50, CHANNELS[:5], []))
    project.vars["attribution_models"] = ["linear", "markov_channel"]
    project.run(min_conversions=1000)
    with pytest.raises(RefitError, match="letters, digits"):
        refit(settings, AS_OF, version="the new one")
    with pytest.raises(NothingFittedError, match="min_conversions"):
        refit(settings, AS_OF)
    with pytest.raises(RefitError, match="no fit 2"):
        adopt(settings, "2", AS_OF, author="Mia", reason="None")


def test_weights_from_before_there_were_reasons_are_kept(project: Project) -> None:
    project.give(random_world(23, 50, CHANNELS[:5], []))
    project.vars["attribution_models"] = ["markov_channel"]
    project.run("--select", "+weights_in_use")
    kept = project.fit("1", "weight")
    with open_warehouse(project.settings) as warehouse:
        warehouse.execute("drop view attribution.weights_in_use")
        warehouse.execute("alter table attribution.channel_weights drop column ci_reason")
    project.run("--select", "channel_weights", "weights_in_use")
    assert project.fit("1", "weight") == kept
    assert not any(project.fit("1", "ci_reason")["order", "markov_channel"].values())
    project.run("--select", "channel_weights", version="2")
    assert all(project.fit("2", "ci_reason")["order", "markov_channel"].values())


def test_only_what_changed_is_credited_anew(project: Project) -> None:
    """Late touches, a merge, a split, a refund, a milestone; then a change for everybody."""
    world = random_world(17, 300, CHANNELS, ["spring"])
    project.give(world)
    project.run(shapley_min_journeys=1)
    weights = project.fit("1", "weight")
    expected_before = expected_credits(world, weights)
    assert_close(project.credits(), expected_before)

    by_person: dict[str, list[Conversion]] = defaultdict(list)
    for conversion in world.conversions:
        by_person[conversion.person].append(conversion)
    touched = Counter(touch.person for touch in world.touches)
    several = [
        person for person, its in by_person.items() if len(its) == 2 and touched[person] >= 4
    ]
    late, merged, into, split, refunded, promoted, *others = several
    reclassified = next(
        person
        for person in others
        if any(
            touch.person == person
            and touch.kind == "session"
            and timedelta(0) <= by_person[person][0].at - touch.at < timedelta(days=30)
            for touch in world.touches
        )
    )

    def change(persons: dict[str, str], only: Callable[[Touch], bool] = lambda _: True) -> None:
        """Give touches and conversions of the persons to others."""
        world.touches = [
            replace(touch, person=persons[touch.person])
            if touch.person in persons and only(touch)
            else touch
            for touch in world.touches
        ]
        world.conversions = [
            replace(found, person=persons[found.person]) if found.person in persons else found
            for found in world.conversions
        ]

    # A touch that comes late, hours before the first of two conversions.
    first, second = sorted(by_person[late], key=lambda conversion: conversion.at)
    at = first.at - timedelta(hours=1)
    world.touches.append(Touch("late", late, at, "Email"))
    changed = {first.conversion_id}
    if second.at - at < timedelta(days=30):
        changed.add(second.conversion_id)
    # One who turns out to be another; one half of whose touches turn out to be another's.
    change({merged: into})
    changed |= {conversion.conversion_id for conversion in by_person[merged] + by_person[into]}
    part = [touch.touch_id for touch in world.touches if touch.person == split][::2]
    change({split: "split off"}, lambda touch: touch.touch_id in part)
    changed |= {conversion.conversion_id for conversion in by_person[split]}
    # A refund; a milestone that is known at last; a conversion that is cancelled.
    gone = by_person[refunded][1].conversion_id
    changed.add(by_person[refunded][0].conversion_id)
    world.conversions = [
        replace(found, revenue=3.33) if found.conversion_id in changed and found.person == refunded
        else found
        for found in world.conversions
        if found.conversion_id != gone
    ]  # fmt: skip
    lead = by_person[promoted][0]
    world.milestones[lead.conversion_id] = (lead.at - timedelta(days=1), None)
    changed.add(lead.conversion_id)

    # A session whose channel is another by a new rule, and nothing else of it.
    touch = next(
        touch
        for touch in world.touches
        if touch.person == reclassified
        and touch.kind == "session"
        and timedelta(0) <= by_person[reclassified][0].at - touch.at < timedelta(days=30)
    )
    world.touches[world.touches.index(touch)] = replace(
        touch, channel="Video" if touch.channel == "Mail" else "Mail"
    )
    changed |= {conversion.conversion_id for conversion in by_person[reclassified]}

    def credited_last() -> tuple[datetime, set[str]]:
        rows = project.fetch("select distinct conversion_id, changed_in from {schema}.credits")
        last = max(at for _, at in rows)
        return last, {conversion for conversion, at in rows if at == last}

    project.give(world)
    project.run()
    expected = expected_credits(world, weights)
    assert_close(project.credits(), expected)
    credited = credited_last()
    moved = {key[0] for key, _ in expected.items() ^ expected_before.items()} - {gone}
    assert moved <= credited[1] <= changed
    # What is as it was is not credited again.
    project.run()
    assert credited_last() == credited
    # Another window is a change for everybody.
    project.vars["attribution_window_days"] = 20
    project.run()
    assert credited_last()[0] > credited[0]
    assert credited_last()[1] == {found.conversion_id for found in world.conversions}
    shorter = dict.fromkeys(("order", "opportunity_won"), Rules(window_days=20))
    expected = expected_credits(world, weights, shorter)
    assert_close(project.credits(), expected)
    project.run("--full-refresh")
    assert_close(project.credits(), expected)


def test_restated_spend_moves_performance_and_no_credit(
    engine_settings: Settings, tmp_path: Path
) -> None:
    """A figure that the ad platform restates, a day that it adds; the same by a full refresh."""
    folder = tmp_path / "project"
    folder.mkdir()
    project = Project(engine_settings, folder, GIVEN | GIVEN_OF_SPEND, [*MODELS, *MODELS_OF_SPEND])
    project.vars["inputs"] = {"spend": ["ads"]}
    project.give(random_world(5, 60, CHANNELS, ["spring"]))
    days = [START + timedelta(days=number) for number in range(40)]
    spent = {day.date(): Decimal(10 + number) for number, day in enumerate(days)}

    def report(at: datetime, figures: Mapping[date, Decimal]) -> None:
        rows = [
            {"date_day": datetime.combine(day, time()), "platform": "ads", "account_id": "a",
             "campaign_id": "spring", "campaign": "Spring", "channel": "Display",
             "currency": "USD", "timezone": "UTC", "load_id": at.isoformat(), "spend": amount,
             "reported_at": at, "loaded_at": at}
            for day, amount in figures.items()
        ]  # fmt: skip
        with open_warehouse(engine_settings) as warehouse:
            warehouse.append("given", "spend_from_ads", pa.Table.from_pylist(rows))

    def performance() -> dict[tuple[Any, ...], tuple[Any, ...]]:
        # Sums of credit differ in their last digits from run to run.
        rows = project.fetch(
            "select model, conversion_type, date_basis, channel, campaign_id, date_day, spend,"
            " cast(conversions as decimal(18, 9)), attributed_revenue, roas"
            " from {schema}.performance"
        )
        assert len({row[:6] for row in rows}) == len(rows)
        return {row[:6]: row[6:] for row in rows}

    def assert_spent() -> None:
        """Every model, type and basis has the spend of the campaign's days, in euros."""
        found: dict[tuple[Any, ...], dict[date, Decimal]] = defaultdict(dict)
        for (*where, campaign, day), (spend, _, revenue, roas) in performance().items():
            if campaign == "spring" and spend is not None:
                found[tuple(where)][day] = spend
                assert roas == pytest.approx(float(revenue) / float(spend))
        assert len(found) == len(project.vars["attribution_models"]) * 2 * 2
        for where, by_day in found.items():
            assert by_day == {day: amount * 2 for day, amount in spent.items()}, where

    with open_warehouse(engine_settings) as warehouse:
        always = {"valid_from": datetime(2000, 1, 1), "valid_to": datetime(2100, 1, 1)}
        rate = {"currency": "USD", "rate": Decimal(2), **always}
        warehouse.append("given", "exchange_rates_to_reporting", pa.Table.from_pylist([rate]))
    report(days[-1], spent)
    project.run()
    assert_spent()
    before, credited = performance(), project.fetch("select * from {schema}.credits order by 1, 2")

    restated = {days[7].date(): Decimal("3.5"), days[-1].date() + timedelta(days=1): Decimal(8)}
    spent |= restated
    report(days[-1] + timedelta(days=2), restated)
    project.run()
    assert_spent()
    moved = performance().items() ^ before.items()
    assert {key[-1] for key, _ in moved} == restated.keys()
    changed = set(project.fetch("select * from {schema}.credits order by 1, 2")) ^ set(credited)
    assert not changed
    after = performance()
    project.run("--full-refresh")
    assert performance().keys() == after.keys()
    for key, (spend, conversions, revenue, _) in performance().items():
        assert (spend, revenue) == (after[key][0], after[key][2])
        assert conversions == pytest.approx(after[key][1])


def path_world(paths: list[tuple[str, bool]]) -> World:
    """A world of journeys, each a text of one-letter channels."""
    world = World()
    for number, (path, converted) in enumerate(paths):
        for index, channel in enumerate(path):
            at = START + timedelta(hours=index)
            world.touches.append(Touch(f"{number:04}-{index:04}", f"p{number}", at, channel))
        if converted:
            at = START + timedelta(hours=len(path))
            world.conversions.append(Conversion(f"c{number}", f"p{number}", "order", at))
    return world


@pytest.mark.parametrize("order", [1, 2])
def test_chains_that_could_be_singular(project: Project, order: int) -> None:
    """Loops, a channel never seen before a conversion, channels in every journey, long repeats."""
    paths = [("AB" * 8, True), ("A" * 200, False), ("C", False), ("BAB", True), ("CCC", False)]
    world = path_world([*paths, ("A" * 50 + "B", False), ("BA" * 9, False)])
    project.give(world)
    project.run(markov_order=order)
    expected = removal_effects(paths_of(world, "order", "channel"), order)
    found = project.fit("1", "removal_effect")["order", "markov_channel"]
    assert_close(found, expected)
    assert found["C"] == 0
    assert_close(project.credits(), expected_credits(world, project.fit("1", "weight")))


def test_chains_that_hardly_end(project: Project) -> None:
    """Two channels by turns, and three, for months: few steps lead out, and not alike."""
    paths = [("AB" * 600, False), ("AB", True), ("CD" * 300, True), ("CDE", False), ("ACE", True)]
    paths += [("KLM" * 300, True), ("KC", False), ("EF" * 50 + "A", True), ("E", False)]
    world = path_world(paths)
    project.give(world)
    project.run("--select", "+channel_weights", markov_order=2)
    expected = removal_effects(paths_of(world, "order", "channel"), 2)
    found = project.fit("1", "removal_effect")["order", "markov_channel"]
    assert found.keys() == expected.keys()
    assert max(abs(found[value] - expected[value]) for value in expected) < 1e-12


def test_a_single_path(project: Project) -> None:
    project.give(path_world([("A", True)]))
    project.run(shapley_min_journeys=1)
    weights = project.fit("1", "weight")
    assert weights["order", "markov_channel"] == {"A": 1}
    assert weights["order", "shapley_campaign"] == {"(A)": 1}
    assert project.fit("1", "shapley_value")["order", "shapley_channel"] == {"A": 1}


def test_many_campaigns(project: Project) -> None:
    """Past 60 states chains are solved by iteration, past some values Shapley by random orders."""
    campaigns = [f"campaign {number}" for number in range(70)]
    world = random_world(7, 400, ["Email", DIRECT], campaigns)
    project.give(world)
    project.run("--select", "+channel_weights", shapley_permutations=500, shapley_min_journeys=1)
    paths = paths_of(world, "order", "campaign")
    found = project.fit("1", "removal_effect")["order", "markov_campaign"]
    assert len(found) > 60
    assert_close(found, removal_effects(paths, 1))

    # What random orders give sums to the conversion rate, as exact values do.
    sampled = project.fit("1", "shapley_value")["order", "shapley_campaign"]
    rate = sum(converted for _, converted in paths) / len(paths)
    assert math.isclose(sum(sampled.values()), rate, rel_tol=1e-9)
    assert min(project.fit("1", "sampling_error")["order", "shapley_campaign"].values()) > 0


def test_where_direct_never_counts_and_is_all_nothing_is_fitted(project: Project) -> None:
    """Nor where too few journeys are left; each conversion is still credited once."""
    world = path_world([("A", True), ("B", False), ("A", False)])
    world.touches += [
        Touch(f"d{number}", f"d{number}", START, DIRECT) for number in range(len(world.touches))
    ]
    world.conversions += [
        Conversion(f"w{number}", f"d{number}", "opportunity_won", START + timedelta(days=1))
        for number in range(3)
    ]
    rules = dict.fromkeys(("order", "opportunity_won"), Rules(direct="never"))
    project.vars["attribution_settings"] = {"default": {"direct": "never"}}
    # Of orders only one is left; of opportunities the others' touches, none of which converted.
    world.touches = [touch for touch in world.touches if touch.channel != "B"]
    project.give(world)
    project.run(min_conversions=2)
    assert not project.fit("1", "weight")
    assert_close(project.credits(), expected_credits(world, {}, rules))
    project.run(min_conversions=1, shapley_min_journeys=1)
    assert {kind for kind, _ in project.fit("1", "weight")} == {"order"}
    # Only direct touches at all.
    world.touches = [touch for touch in world.touches if touch.is_direct]
    world.conversions = [found for found in world.conversions if found.kind != "order"]
    project.give(world)
    project.run("--full-refresh", version="2")
    assert not project.fit("2", "weight")
    assert_close(project.credits(), expected_credits(world, {}, rules))


def test_settings_of_a_type_that_is_none_are_refused(project: Project) -> None:
    project.vars["attribution_settings"] = {"ordr": {"window_days": 7}}
    with pytest.raises(BuildError, match="names ordr, but `conversion_types` has only"):
        project.run()


def test_intervals_that_cost_too_much_say_so(project: Project) -> None:
    campaigns = [f"campaign {number}" for number in range(40)]
    project.give(random_world(21, 300, ["Email"], campaigns))
    project.vars["attribution_models"] = ["markov_campaign", "shapley_campaign"]
    found = {}
    for version, cost in (("dear", 7), ("cheap", 6)):
        project.run(
            "--select", "+channel_weights", version=version, replicates=6, interval_cost=cost,
            shapley_permutations=500,
        )  # fmt: skip
        found[version] = {
            model: (count, intervals, reason)
            for model, count, intervals, reason in project.fetch(
                "select model, count(*), count(ci_low), max(ci_reason)"
                f" from {{schema}}.channel_weights where fit_version = '{version}'"
                " and conversion_type = 'order' group by model"
            )
        }
    count, intervals, reason = found["dear"]["markov_campaign"]
    assert (count, intervals, reason) == (41, 41, None)
    count, intervals, reason = found["cheap"]["markov_campaign"]
    assert (count, intervals) == (41, 0)
    assert "between 41 channels or campaigns for 6 bootstrap samples: 7 million" in reason
    assert [row[1] for row in (found[v]["shapley_campaign"] for v in found)] == [41, 41]


def test_random_orders_come_close_to_exact_values(project: Project) -> None:
    world = random_world(9, 400, CHANNELS, [])
    project.give(world)
    project.run(
        "--select", "+channel_weights", shapley_exact_values=2, shapley_permutations=400,
        shapley_min_journeys=5,
    )  # fmt: skip
    exact = shapley_values(paths_of(world, "order", "channel"), 5)
    found = project.fit("1", "shapley_value")["order", "shapley_channel"]
    errors = project.fit("1", "sampling_error")["order", "shapley_channel"]
    assert found.keys() == exact.keys()
    for value, error in errors.items():
        assert 0 < error < 0.02
        assert abs(found[value] - exact[value]) < 4 * error, value


def poisson_draws(seed: str, person: str, replicates: int) -> list[int]:
    """Poisson(1) by inversion of the digits of an MD5, four draws from each."""
    draws = []
    for replicate in range(replicates):
        digest = hashlib.md5(f"{seed}|{replicate // 4}|{person}".encode()).hexdigest()  # noqa: S324
        part = int(digest[8 * (replicate % 4) : 8 * (replicate % 4) + 8], 16) / 2**32
        count, term = 0, math.exp(-1)
        total = term
        while part >= int(total * 2**32) / 2**32 and count < 11:
            count += 1
            term /= count
            total += term
        draws.append(count)
    return draws


@pytest.mark.parametrize("order", [1, 2])
def test_intervals_are_those_of_bootstrap_samples_of_persons(project: Project, order: int) -> None:
    world = random_world(11, 200, CHANNELS[:4], [])
    project.give(world)
    replicates = 40
    project.run(
        "--select", "+channel_weights", replicates=replicates, seed="dice", shapley_min_journeys=1,
        markov_order=order,
    )  # fmt: skip
    cut = journeys(world, "order", Rules())
    paths = [(journey.values("channel", Rules()), journey.converted) for journey in cut]
    persons = sorted({journey.person for journey in cut})
    draws = {person: poisson_draws("dice", person, replicates) for person in persons}
    assert 0.9 < np.mean([draw for row in draws.values() for draw in row]) < 1.1
    samples: dict[str, dict[str, list[float]]] = {
        model: defaultdict(list) for model in ("markov_channel", "shapley_channel")
    }
    for replicate in range(replicates):
        weights = [draws[journey.person][replicate] for journey in cut]
        repeated = [
            path for path, weight in zip(paths, weights, strict=True) for _ in range(weight)
        ]
        drawn = {
            "markov_channel": normalised(removal_effects(repeated, order)),
            "shapley_channel": normalised(shapley_values(repeated, 1)),
        }
        for model, its_weights in drawn.items():
            for value in CHANNELS[:4]:
                samples[model][value].append(its_weights.get(value, 0.0))
    lows, highs = project.fit("1", "ci_low"), project.fit("1", "ci_high")
    for model, its_samples in samples.items():
        ranked = {value: sorted(found) for value, found in its_samples.items()}
        assert_close(lows["order", model], {value: found[0] for value, found in ranked.items()})
        assert_close(highs["order", model], {value: found[38] for value, found in ranked.items()})
