"""Comparisons in memory: measures against references, names, files with mistakes, pages."""

from __future__ import annotations

import random
from pathlib import Path
from xml.etree import ElementTree

import pytest
from scipy.stats import spearmanr
from sojourn.compare.attribution import compare_attribution, map_channels
from sojourn.compare.attribution_evaluation import (
    Effect,
    _overrated,
    _underrated,
    evaluate,
    misplaced,
    misplaced_by_chance,
    rank_correlation,
    read_truth,
    shares,
)
from sojourn.compare.identity import compare_identity
from sojourn.compare.sheet import Bar, Block, Chart, Grid, Heading, Text, number, write_page
from sojourn.compare.theirs import CompareError, Theirs, parse_map
from sojourn.compare.truth import EvaluationError, find_truth

from tests.conftest import make_settings

HEADER = "channel,campaign,incremental_conversions,incremental_revenue,standard_error\n"


def test_rank_correlation_is_spearmans_with_ties() -> None:
    chance = random.Random(3)
    for count in (3, 7, 30):
        left = [chance.randrange(6) for _ in range(count)]
        right = [chance.randrange(6) + chance.random() for _ in range(count)]
        assert rank_correlation(left, right) == pytest.approx(spearmanr(left, right).statistic)
    assert rank_correlation([1, 1, 1], [1, 2, 3]) is None
    assert rank_correlation([1, 2], [1, 2]) is None


def test_money_is_misspent_where_credit_and_effect_divide_it_in_other_ways() -> None:
    credited, true = {"a": 6.0, "b": 3.0, "c": 1.0}, {"a": 2.0, "b": 2.0, "c": -1.0}
    assert shares(true) == {"a": 0.5, "b": 0.5, "c": 0.0}
    # 60, 30, 10 against 50, 50, 0: 20 lie on a and c that belong to b.
    assert misplaced(credited, true, 100) == pytest.approx(20)
    assert misplaced(true, true, 100) == 0
    assert misplaced({"a": 0.0}, {"a": 1.0}) is None


def test_a_right_model_is_misplaced_by_the_truths_uncertainty_alone() -> None:
    assert misplaced_by_chance({"a": Effect(5, 0, 0), "b": Effect(9, 0, 0)}) == pytest.approx(0)
    # Two channels with standard error 1 of 100: the share's is 1 / (200 sqrt 2), and the mean
    # absolute value of a normal draw is sqrt(2 / pi) of that.
    found = misplaced_by_chance({"a": Effect(100, 0, 1), "b": Effect(100, 0, 1)})
    assert found == pytest.approx((2 / 3.141592653589793) ** 0.5 / (200 * 2**0.5), rel=0.1)


def test_why_is_said_from_figures() -> None:
    row = {
        "credited_share": 0.31,
        "incremental_share": 0.04,
        "bias_conversions": 27.0,
        "credited_conversions": 31.0,
        "incremental_conversions": 4.0,
        "is_clear": True,
        "touched_conversions": 3,
    }
    said = _overrated(row, "brand_search")
    assert "credits 31 % to brand_search, which truly caused 4 %" in said
    assert "27.0 would have come without it. It harvests demand" in said
    assert "may be chance" in _overrated(row | {"is_clear": False}, "brand_search")
    fewer = _overrated(row | {"bias_conversions": -1.0}, "brand_search")
    assert "still fewer conversions than it caused" in fewer
    assert "left no trace" in _underrated(row, "catalogue")
    enough = _underrated(row | {"touched_conversions": 9, "credited_conversions": 1.0}, "sms")
    assert "9 conversions have a touch of it, but 8.0 of them went to others" in enough


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("channel,spend\n", "no column campaign, incremental_conversions"),
        (HEADER + "Email,,many,1,1\n", "line 2: a figure is no number"),
        (HEADER + "baseline,,1,1,1\n", "names no channel"),
    ],
)
def test_mistakes_in_a_truth_are_named(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "channel_effects.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(EvaluationError, match=message):
        read_truth(file)


def test_the_truth_lies_beside_the_exports(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, exports=tmp_path / "exports")
    with pytest.raises(EvaluationError, match="only a simulated brand has one"):
        find_truth(settings, None, Path("truth") / "channel_effects.csv")
    file = tmp_path / "exports" / "truth" / "channel_effects.csv"
    file.parent.mkdir(parents=True)
    file.write_text(HEADER + "Email,,4,5,6\nEmail,news,1,2,3\n", encoding="utf-8")
    for named in (None, tmp_path / "exports", file.parent, file):
        assert find_truth(settings, named, Path("truth") / "channel_effects.csv") == file
    truth = read_truth(file)
    assert truth.effects == {
        "channel": {"Email": Effect(4, 5, 6)},
        "campaign": {"news": Effect(1, 2, 3)},
    }


def test_channels_are_matched_but_for_their_spelling() -> None:
    ours = ["Paid Search", "Email", "Organic Search"]
    found, unmatched = map_channels(
        ["paid_search", "E-Mail", "google / organic"], ours, {"google / organic": "Organic Search"}
    )
    assert found == {
        "paid_search": "Paid Search",
        "E-Mail": "E-Mail",
        "google / organic": "Organic Search",
    }
    assert unmatched == ["E-Mail"]
    with pytest.raises(CompareError, match=r"names sms, which is no channel there.*paid_search"):
        map_channels(["paid_search"], ours, {"sms": "Email"})
    with pytest.raises(CompareError, match=r"leads to SMS, which is no channel here.*Email"):
        map_channels(["sms"], ours, {"sms": "SMS"})


def test_mistakes_in_names_are_named(tmp_path: Path) -> None:
    assert parse_map(["google / cpc = Paid Search"]) == {"google / cpc": "Paid Search"}
    with pytest.raises(CompareError, match="THEIRS=OURS, not google"):
        parse_map(["google"])
    with pytest.raises(CompareError, match="Name what to compare with"):
        Theirs()
    with pytest.raises(CompareError, match="Name what to compare with"):
        Theirs("a.b", Path("c.csv"))
    with pytest.raises(CompareError, match=r"written schema\.table"):
        Theirs("graph")
    with pytest.raises(CompareError, match=r"none of: \.csv"):
        Theirs(file=tmp_path / "graph.xlsx")


def test_a_warehouse_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    with pytest.raises(CompareError, match="Nothing is built yet"):
        compare_identity(settings, Theirs("theirs.graph"))
    with pytest.raises(CompareError, match="Nothing is built yet"):
        compare_attribution(settings, Theirs("theirs.credits"))
    file = tmp_path / "channel_effects.csv"
    file.write_text(HEADER + "Email,,4,5,6\n", encoding="utf-8")
    with pytest.raises(CompareError, match="Nothing is built yet"):
        evaluate(settings, file)


def test_a_page_fetches_nothing_and_shows_all(tmp_path: Path) -> None:
    blocks: list[Block] = [
        Heading("First"),
        Text("Less than <1>."),
        Grid(("channel", "credit"), [("A & B", "1.0")]),
        Chart("Bars", "Red: true.", [("linear", [Bar("A & B", 3, 1, 0.5, 1.5), Bar("C", 0)])]),
    ]
    write_page(tmp_path / "page.html", "Title & more", blocks)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Less than &lt;1&gt;." in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    write_page(tmp_path / "page.svg", "Title & more", blocks)
    drawn = ElementTree.parse(tmp_path / "page.svg").getroot()  # noqa: S314 -- our own file
    texts = [one.text for one in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"A & B", "C", "linear", "Red: true."} <= set(texts)
    assert number(-0.001) == "0.0"
    assert number(-1234.5, 2) == "-1,234.50"
