"""An audit whose verdicts come from the simulator's truth finds the precision that identity has."""

from __future__ import annotations

import csv
import stat
from pathlib import Path

import pytest
from sojourn.identity.audit import COLUMNS, AuditError, draw, estimate, read_verdicts
from sojourn.settings import Settings
from sojourn.warehouse import open_warehouse


def test_the_audit_finds_the_precision(demo_warehouse: Settings, tmp_path: Path) -> None:
    assert demo_warehouse.exports is not None
    with (demo_warehouse.exports / "truth" / "identifiers.csv").open(encoding="utf-8") as file:
        owners = {
            f"{row['identifier_type']}:{row['identifier_value']}": row["true_person_id"]
            for row in csv.DictReader(file)
            if row["is_shared"].lower() != "true"
        }
    out = tmp_path / "audit" / "pairs.csv"
    drawn = draw(demo_warehouse, out, pairs=400)
    assert len(drawn) > 5
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with pytest.raises(AuditError, match="--out"):
        draw(demo_warehouse, out)
    again = tmp_path / "again.csv"
    draw(demo_warehouse, again, pairs=400)
    assert again.read_bytes() == out.read_bytes()

    def verdict(left: str, right: str) -> str:
        if left not in owners or right not in owners:
            return "unsure"
        return "same" if owners[left] == owners[right] else "different"

    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["verdict"] = verdict(row["left"], row["right"])
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    found = estimate(read_verdicts(out))
    with open_warehouse(demo_warehouse, read_only=True) as warehouse:
        edges = warehouse.fetch(
            "select distinct left_type || ':' || left_value, right_type || ':' || right_value "
            "from identity.edges where status = 'active'"
        )
    # What several sources or rules join is one pair.
    assert len({row["pair"] for row in rows}) == len(rows)
    sizes = {row["stratum"]: int(row["stratum_size"]) for row in rows}
    assert sum(sizes.values()) == len({frozenset(edge) for edge in edges})
    known = [one for one in (verdict(*edge) for edge in edges) if one != "unsure"]
    truth = known.count("same") / len(known)
    print(found.summary(), truth, sep="\n")
    assert found.interval[0] - 0.01 <= truth <= found.interval[1] + 0.01
