"""Identity in memory: judging clusters, finding the strongest path, drawing, hiding values."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from sojourn.identity.explain import (
    Edge,
    Evidence,
    Explanation,
    Graph,
    Standing,
    Subject,
    best_path,
)
from sojourn.identity.identifier import Identifier, is_person_id, mask_record, parse_identifier
from sojourn.identity.judge import Node, judge
from sojourn.identity.picture import _BOX_HEIGHT, _BOX_WIDTH, chosen_nodes, draw, write_picture
from sojourn.identity.what_if import _project_with
from sojourn.project import seed_file

from tests.conftest import make_settings
from tests.integration.test_identity_components import (
    START,
    TYPES,
    keep_apart,
    random_graphs,
    reference,
    same_partition,
)

SEEN = datetime(2026, 1, 5)


def test_judging_in_memory_agrees_with_the_reference() -> None:
    """With limits of any tier, windows, and pairs that a steward keeps apart."""
    graph = random_graphs(
        150, seed=41, most={1: 1, 3: 2}, person_limit=1, person_limit_days={4: 5, 5: 10}
    )
    keep_apart(graph, 0.2, seed=42)
    expected, expected_demoted = reference(graph)
    named = {node: Identifier(TYPES[tier], str(node)) for node, tier in graph.tiers.items()}
    nodes = {
        named[node]: Node(
            tier=tier,
            known_at=START,
            first_loaded_at=START + timedelta(seconds=node),
            anchored_person_id=f"person {node}",
            values_per_person=graph.most.get(tier),
            person_limit=graph.person_limit,
            person_limit_days=graph.person_limit_days.get(tier),
        )
        for node, tier in graph.tiers.items()
    }
    edges = {
        (named[left], named[right]): (
            START + timedelta(graph.seen[min(left, right), max(left, right)][0]),
            START + timedelta(graph.seen[min(left, right), max(left, right)][1]),
        )
        for left, right in graph.edges
    }
    apart = [(named[left], named[right]) for left, right in graph.apart]
    verdict = judge(nodes, edges, apart)
    assert {int(one.value) for one in verdict.demoted} == expected_demoted
    found = {int(one.value): person for one, person in verdict.persons.items()}
    assert same_partition(found, expected)
    # A person is named after the identifier that was loaded first.
    assert all(int(person.split()[1]) <= node for node, person in found.items())


def graph_of(
    tiers: dict[str, int], pairs: dict[tuple[str, str], tuple[str, float]], person: str = "p"
) -> Graph:
    """A graph of short names; of each pair the status and the score."""
    graph = Graph()
    for name, tier in tiers.items():
        graph.nodes[Identifier("t", name)] = Standing(person, tier, "active", None, 1, SEEN, SEEN)
    for (left, right), (status, score) in pairs.items():
        seen = Evidence("same_event", "web", score, "e1", "e2", 2, SEEN, SEEN)
        reason = None if status == "active" else "touches too many persons"
        graph.edges.append(
            Edge(Identifier("t", left), Identifier("t", right), status, reason, [seen])
        )
    return graph


def all_paths(graph: Graph, start: Identifier, end: Identifier) -> list[list[Edge]]:
    """Every way without a loop."""
    found = []

    def go(one: Identifier, seen: list[Identifier], way: list[Edge]) -> None:
        if one == end:
            found.append(way)
            return
        for edge in graph.edges:
            if one in (edge.left, edge.right):
                other = edge.right if one == edge.left else edge.left
                if other not in seen:
                    go(other, [*seen, other], [*way, edge])

    go(start, [start], [])
    return found


def test_the_path_is_the_strongest_and_then_the_shortest() -> None:
    """Against all ways through random graphs."""
    draw_one = random.Random(7)
    compared = 0
    for _ in range(150):
        names = "abcdefg"
        tiers = {name: draw_one.randint(1, 5) for name in names}
        pairs = {}
        for left in names:
            for right in names:
                if left < right and draw_one.random() < 0.35:
                    pairs[left, right] = ("active", draw_one.choice([1.0, 1.0, 0.9]))
        graph = graph_of(tiers, pairs)
        start, end = Identifier("t", "a"), Identifier("t", "g")
        path = best_path(graph, [start], [end], active_only=True)
        ways = all_paths(graph, start, end)
        if not ways:
            assert path is None
            continue
        assert path is not None

        def worth(way: list[Edge], graph: Graph = graph) -> tuple[float, int, int]:
            worst = max(
                (1 - edge.score, max(graph.nodes[edge.left].tier, graph.nodes[edge.right].tier))
                for edge in way
            )
            return (*worst, len(way))

        assert worth([edge for _, _, edge in path]) == min(map(worth, ways))
        assert path[0][0] == start
        assert path[-1][1] == end
        assert all(former[1] == later[0] for former, later in pairwise(path))
        compared += 1
    assert compared > 100


def test_between_two_persons_the_fewest_pairs_that_join_nothing_come_first() -> None:
    graph = graph_of(
        {"a": 1, "b": 3, "c": 3, "d": 1, "e": 5},
        {
            ("a", "b"): ("active", 1.0),
            ("b", "c"): ("active", 1.0),
            ("c", "d"): ("demoted", 1.0),
            ("a", "e"): ("demoted", 1.0),
            ("e", "d"): ("demoted", 1.0),
            ("a", "d"): ("blocked", 1.0),
        },
    )
    start, end = Identifier("t", "a"), Identifier("t", "d")
    path = best_path(graph, [start], [end], active_only=False)
    assert path is not None
    assert [(left.value, right.value) for left, right, _ in path] == [
        ("a", "b"), ("b", "c"), ("c", "d"),
    ]  # fmt: skip
    assert best_path(graph, [start], [end], active_only=True) is None


def explanation(persons: int) -> Explanation:
    """Some persons that one shared device touches."""
    draw_one = random.Random(3)
    graph = Graph()
    device = Identifier("anonymous_id", "d-kiosk")
    graph.nodes[device] = Standing(
        "device", 5, "demoted", "touches too many persons", 9, SEEN, SEEN
    )
    for person in range(persons):
        own = [
            (Identifier("user_id", f"U{person}"), 1),
            (Identifier("email", f"ana.{person}@shop.example.com"), 3),
            (Identifier("phone", f"+43660111{person:04}"), 4),
            *((Identifier("anonymous_id", f"a{person}-{n}"), 5) for n in range(3)),
        ]
        for one, tier in own:
            graph.nodes[one] = Standing(f"p{person}", tier, "active", None, 1, SEEN, SEEN)
        seen = [Evidence("same_event", "web", 1.0, "e1", "e1", 1, SEEN, SEEN)]
        for (left, _), (right, _) in [
            *pairwise(own),
            *zip(own, own[2:], strict=False),
        ]:
            if draw_one.random() < 0.8:
                graph.edges.append(Edge(left, right, "active", None, seen))
        graph.edges.append(Edge(own[0][0], device, "demoted", "touches too many persons", seen))
    answer = Explanation(graph, reveal=False)
    answer.subjects = [
        Subject("", Identifier("user_id", f"U{n}"), f"p{n}", is_person=False) for n in (0, 1)
    ]
    answer.path = best_path(
        graph, [answer.subjects[0].identifier], [answer.subjects[1].identifier], active_only=False
    )
    return answer


def test_a_picture_is_whole_readable_and_hides_values(tmp_path: Path) -> None:
    answer = explanation(12)
    svg, _ = draw(answer)
    root = ElementTree.fromstring(svg)  # noqa: S314 -- our own
    names = {"s": "http://www.w3.org/2000/svg"}
    boxes = [
        (float(box.attrib["x"]), float(box.attrib["y"]))
        for box in root.iterfind(".//s:g/s:rect", names)
    ]
    # The strangers on the kiosk are left out: only it and the two persons are drawn.
    assert len(boxes) == len(chosen_nodes(answer)) == 13
    for number, (x, y) in enumerate(boxes):
        for other_x, other_y in boxes[:number]:
            assert abs(x - other_x) >= _BOX_WIDTH or abs(y - other_y) >= _BOX_HEIGHT
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    assert all(x + _BOX_WIDTH < width and y + _BOX_HEIGHT < height for x, y in boxes)
    assert "not one person" in svg
    assert "touches too many persons" in svg
    assert "ana.0" not in svg
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")
    write_picture(answer, tmp_path / "deep" / "graph.html")
    page = (tmp_path / "deep" / "graph.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert svg in page


def test_identifiers_are_read_as_the_loader_standardises_them() -> None:
    assert parse_identifier("email: Ana@Shop.Example.com ") == ("email", "ana@shop.example.com")
    assert parse_identifier("phone:+43 660 1111 112") == ("phone", "+436601111112")
    assert parse_identifier("page:https://a.example/x") == ("page", "https://a.example/x")
    for wrong in ("ana@shop.example.com", "email:", ":x", "email:nobody", "phone:12"):
        with pytest.raises(ValueError, match=r"TYPE:VALUE|not a valid"):
            parse_identifier(wrong)
    assert is_person_id("69f4c454-7688-84ef-93d4-1d73ca84cf87")
    assert not is_person_id("69f4c454-7688-44ef-93d4-1d73ca84cf87")


def test_records_ids_do_not_tell_names() -> None:
    shown = {"+436601111112": "+43…12"}
    assert mask_record("call/+436601111112/1", shown) == "call/+43…12/1"
    assert mask_record("ana@shop.example.com|email", shown) == "a…@shop.example.com|email"
    assert mask_record("1003787925", {}) == "1003787925"


def test_a_trial_takes_rules_of_a_package_however_deep_it_lies(tmp_path: Path) -> None:
    original = tmp_path / "shop"
    package = original / "deps" / "dbt" / "sojourn"
    (package / "seeds").mkdir(parents=True)
    (package.parent / "other").mkdir()
    (package / "seeds" / "identifier_types.csv").write_text("now")
    (package / "dbt_project.yml").write_text("name: sojourn")
    (original / "dbt_project.yml").write_text("name: shop\npackages-install-path: deps/dbt\n")
    rules = tmp_path / "identifier_types.csv"
    rules.write_text("then")
    settings = make_settings(tmp_path / "var", project_dir=original)
    (tmp_path / "trial").mkdir()
    with _project_with(settings, {rules.stem: rules}, tmp_path / "trial") as trial:
        assert seed_file(trial, rules.stem).read_text() == "then"
        assert (trial.project_dir / "deps" / "dbt" / "other").is_dir()
    assert seed_file(settings, rules.stem).read_text() == "now"
