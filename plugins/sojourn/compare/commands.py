"""The commands ``sojourn evaluate ...`` and ``sojourn compare ...``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sojourn.settings import get_settings

if TYPE_CHECKING:
    from sojourn.compare.sheet import Block

evaluate_app = typer.Typer(
    name="evaluate",
    help="How right is it? Against the truth of a simulated brand.",
    no_args_is_help=True,
)
compare_app = typer.Typer(
    name="compare",
    help="What differs from what you have? A shadow run, explained difference by difference.",
    no_args_is_help=True,
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Picture = Annotated[
    Path | None,
    typer.Option(help="Write it as a page (.html), or its charts (.svg), to this file."),
]


def _tell(
    answer: dict[str, Any],
    blocks: Sequence[Block],
    title: str,
    *,
    json: bool,
    picture: Path | None,
) -> None:
    """Print an answer, and write its page."""
    from sojourn.compare.sheet import show, write_page
    from sojourn.output import Lines, as_json

    if json:
        typer.echo(as_json(answer))
    else:
        show(Lines(), blocks)
    if picture is not None:
        write_page(picture, title, blocks)
        if not json:
            typer.echo(f"\nPicture: {picture}")


def _check(picture: Path | None) -> None:
    from sojourn.output import check_picture

    if picture is not None:
        check_picture(picture)


@evaluate_app.command("attribution")
def evaluate_attribution(
    truth: Annotated[
        Path | None,
        typer.Option(help="channel_effects.csv or a folder of simulated exports (default: yours)."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="The model to show in detail (default: the most misleading).")
    ] = None,
    conversion_type: Annotated[
        list[str] | None,
        typer.Option(
            help="The truth is about orders: the types that together have each order once "
            "(repeatable; default: order, or all types of orders)."
        ),
    ] = None,
    json: Json = False,
    picture: Picture = None,
) -> None:
    """Compare each attribution model with what channels truly caused, and say which misled most."""
    from sojourn.compare.attribution_evaluation import evaluate, sheet

    _check(picture)
    answer = evaluate(get_settings(), truth, conversion_types=conversion_type or ())
    _tell(
        answer,
        sheet(answer, model),
        "Attribution models and the truth",
        json=json,
        picture=picture,
    )


@evaluate_app.command("identity")
def evaluate_identity_command(
    truth: Annotated[
        Path | None,
        typer.Option(help="identifiers.csv or a folder of simulated exports (default: yours)."),
    ] = None,
    json: Json = False,
    picture: Picture = None,
) -> None:
    """Say how many pairs of identifiers are rightly joined, by rules alone and with matching."""
    from sojourn.compare.identity_evaluation import evaluate_identity, sheet

    _check(picture)
    answer = evaluate_identity(get_settings(), truth)
    _tell(answer, sheet(answer), "Identity and the truth", json=json, picture=picture)


Table = Annotated[str | None, typer.Option(help="Their table, schema.table of this warehouse.")]
File = Annotated[Path | None, typer.Option(help="Or their file: .csv, .tsv (.gz) or .parquet.")]
Map = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="THEIRS=OURS", help="A name of theirs in ours (repeatable)."),
]


@compare_app.command("identity")
def compare_identity_command(
    table: Table = None,
    file: File = None,
    value_column: Annotated[str, typer.Option(help="Holds identifiers.")] = "identifier_value",
    id_column: Annotated[str, typer.Option(help="Holds the ids of their persons.")] = "person_id",
    type_column: Annotated[str, typer.Option(help="Holds their types.")] = "identifier_type",
    only_type: Annotated[
        str | None, typer.Option("--type", help="All are of this type; there is no type column.")
    ] = None,
    map_: Map = None,
    region: Annotated[
        str | None, typer.Option(help="Country (AT) of phone numbers without a country code.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="Explain so many differences in full.")] = 20,
    out: Annotated[
        Path | None, typer.Option(help="Write every difference, unmasked, to this CSV file.")
    ] = None,
    json: Json = False,
    picture: Picture = None,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show personal values unmasked.")
    ] = False,
) -> None:
    """Compare identity with an existing id graph: any table or file of identifier and id."""
    from sojourn.compare.identity import IdColumns, compare_identity, sheet
    from sojourn.compare.theirs import Theirs, parse_map

    _check(picture)
    answer = compare_identity(
        get_settings(),
        Theirs(table, file),
        IdColumns(value=value_column, id=id_column, type=type_column, only_type=only_type),
        types=parse_map(map_),
        region=region,
        limit=limit,
        reveal=reveal,
        out=out,
    )
    _tell(answer, sheet(answer), "Identity here and there", json=json, picture=picture)


@compare_app.command("attribution")
def compare_attribution_command(
    table: Table = None,
    file: File = None,
    conversion_column: Annotated[
        str, typer.Option(help="Holds our conversion id, or the order's id.")
    ] = "conversion_id",
    channel_column: Annotated[str, typer.Option(help="Holds channels.")] = "channel",
    credit_column: Annotated[
        str, typer.Option(help="Holds credit, which sums to 1 for a conversion.")
    ] = "credit",
    revenue_column: Annotated[
        str | None, typer.Option(help="Holds attributed revenue, in our reporting currency.")
    ] = None,
    model: Annotated[str, typer.Option(help="Ours to compare with.")] = "last_non_direct",
    map_: Map = None,
    conversion_type: Annotated[str, typer.Option(help="The conversions to compare.")] = "order",
    examples: Annotated[int, typer.Option(min=0, help="Conversions to show for a reason.")] = 3,
    json: Json = False,
    picture: Picture = None,
) -> None:
    """Compare a model's credits with an existing attribution table, and say why they differ."""
    from sojourn.compare.attribution import CreditColumns, compare_attribution, sheet
    from sojourn.compare.theirs import Theirs, parse_map

    _check(picture)
    answer = compare_attribution(
        get_settings(),
        Theirs(table, file),
        CreditColumns(conversion_column, channel_column, credit_column, revenue_column),
        model=model,
        channels=parse_map(map_),
        conversion_type=conversion_type,
        examples=examples,
    )
    _tell(answer, sheet(answer), "Attribution here and there", json=json, picture=picture)
