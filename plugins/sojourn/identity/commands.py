"""The commands ``sojourn identity ...`` and ``sojourn explain``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sojourn.options import as_of_option, moment
from sojourn.settings import get_settings

if TYPE_CHECKING:
    from sojourn.identity.decisions import Action

identity_app = typer.Typer(
    name="identity",
    help="Who is who: stewards' decisions, and what other rules would change.",
    no_args_is_help=True,
)

Author = Annotated[str, typer.Option(help="Who decides.")]
Reason = Annotated[str, typer.Option(help="Why: later readers will ask.")]
Reveal = Annotated[bool, typer.Option("--reveal", help="Show personal values unmasked.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Preview = Annotated[bool, typer.Option("--preview", help="Show what would change; write nothing.")]
Unseen = Annotated[
    bool, typer.Option("--unseen", help="Also of an identifier that nobody has seen yet.")
]
At = Annotated[
    datetime | None,
    as_of_option(
        "When it was decided, UTC (default: now). Builds as of an earlier time ignore it."
    ),
]
TrainedAt = Annotated[
    datetime | None,
    as_of_option("When this is, UTC (default: now); it names the model, and the latest counts."),
]
One = Annotated[str, typer.Argument(metavar="TYPE:VALUE", show_default=False)]


def _decide(
    action: Action,
    left: str,
    right: str | None,
    *,
    author: str,
    reason: str,
    at: datetime | None,
    preview_only: bool,
    unseen: bool,
    reveal: bool,
) -> None:
    from sojourn.identity.decisions import (
        DecisionError,
        DecisionFile,
        check_decision,
        known_types,
        new_decision,
    )
    from sojourn.identity.identifier import parse_identifier
    from sojourn.identity.preview import preview
    from sojourn.identity.show import show_preview
    from sojourn.output import Lines

    settings = get_settings()
    file = DecisionFile(settings)
    types = known_types(settings)
    decision = new_decision(
        action,
        parse_identifier(left),
        None if right is None else parse_identifier(right),
        author=author,
        reason=reason,
        at=moment(at),
    )
    present = file.read()
    check_decision(decision, present, types)
    result = preview(settings, [*present, decision], decision.identifiers)
    missing = decision.identifiers if result is None else result[0].unseen
    if missing and not unseen and not preview_only:
        named = " and ".join(one.shown(reveal=reveal) for one in missing)
        raise DecisionError(
            f"{named} has not been seen by any build: check the spelling, or add --unseen to "
            "decide ahead of it."
        )
    console = Lines()
    show_preview(console, result, reveal=reveal)
    if preview_only:
        console.print("Nothing was written.")
        return
    file.add(decision, types)
    console.print(f"[bold]{decision.rule_id}[/bold] is written to seeds/{file.path.name}.")
    _say_what_next()


def _say_what_next() -> None:
    typer.echo(
        "Next: `sojourn build` repairs persons and all that follows from them, and then "
        "`sojourn activate` corrects the destinations. `sojourn run` does both."
    )


@identity_app.command("link")
def link(
    left: One,
    right: One,
    author: Author,
    reason: Reason,
    as_of: At = None,
    preview: Preview = False,
    unseen: Unseen = False,
    reveal: Reveal = False,
) -> None:
    """Say that two identifiers belong to one person. Limits still hold."""
    _decide(
        "link",
        left,
        right,
        author=author,
        reason=reason,
        at=as_of,
        preview_only=preview,
        unseen=unseen,
        reveal=reveal,
    )


@identity_app.command("never-link")
def never_link(
    left: One,
    right: One,
    author: Author,
    reason: Reason,
    as_of: At = None,
    preview: Preview = False,
    unseen: Unseen = False,
    reveal: Reveal = False,
) -> None:
    """Say that two identifiers are never one person, whatever joins them."""
    _decide(
        "never_link",
        left,
        right,
        author=author,
        reason=reason,
        at=as_of,
        preview_only=preview,
        unseen=unseen,
        reveal=reveal,
    )


@identity_app.command("detach")
def detach(
    identifier: One,
    author: Author,
    reason: Reason,
    as_of: At = None,
    preview: Preview = False,
    unseen: Unseen = False,
    reveal: Reveal = False,
) -> None:
    """Say that an identifier joins nobody: it becomes a person of its own."""
    _decide(
        "detach",
        identifier,
        None,
        author=author,
        reason=reason,
        at=as_of,
        preview_only=preview,
        unseen=unseen,
        reveal=reveal,
    )


@identity_app.command("revoke")
def revoke(
    rule_id: Annotated[str, typer.Argument(show_default=False)],
    author: Author,
    reason: Reason,
    as_of: At = None,
    preview: Preview = False,
    reveal: Reveal = False,
) -> None:
    """Take a decision back. It stays in the file, with the time at which it ended."""
    from sojourn.identity.decisions import DecisionFile, revoked
    from sojourn.identity.preview import preview as preview_of
    from sojourn.identity.show import show_preview
    from sojourn.output import Lines

    settings = get_settings()
    file = DecisionFile(settings)
    present = file.read()
    ended = revoked(present, rule_id, author=author, reason=reason, at=moment(as_of))
    others = [decision for decision in present if decision.rule_id != rule_id]
    console = Lines()
    show_preview(console, preview_of(settings, others, ended.identifiers), reveal=reveal)
    if preview:
        console.print("Nothing was written.")
        return
    file.revoke(ended)
    console.print(f"[bold]{rule_id}[/bold] ends at {ended.revoked_at}.")
    _say_what_next()


@identity_app.command("decisions")
def decisions(
    everything: Annotated[bool, typer.Option("--all", help="Revoked ones too.")] = False,
    json: Json = False,
    reveal: Reveal = False,
) -> None:
    """List stewards' decisions."""
    from sojourn.identity.decisions import DecisionFile
    from sojourn.identity.identifier import mask
    from sojourn.identity.show import show_decisions
    from sojourn.output import Lines, as_json

    found = [one for one in DecisionFile(get_settings()).read() if everything or one.is_in_force]
    if not json:
        show_decisions(Lines(), found, reveal=reveal)
        return
    rows = [one.values() for one in found]
    for row in rows if not reveal else []:
        for side in ("left", "right"):
            row[f"{side}_value"] = mask(row[f"{side}_type"], row[f"{side}_value"])
    typer.echo(as_json(rows))


@identity_app.command("what-if")
def what_if_command(
    rules: Annotated[
        Path,
        typer.Argument(
            help="A changed copy of seeds/identifier_types.csv, blocked_identifiers.csv or "
            "steward_decisions.csv, or a folder with several.",
            exists=True,
        ),
    ],
    json: Json = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the copy to look into.")] = False,
    reveal: Reveal = False,
) -> None:
    """Say what other rules would change. Builds on a copy; nothing else is touched."""
    from sojourn.identity.show import show_what_if
    from sojourn.identity.what_if import what_if
    from sojourn.output import Lines, as_json

    answer = what_if(
        get_settings(),
        rules,
        reveal=reveal,
        keep=keep,
        progress=lambda message: typer.echo(message, err=True),
    )
    if json:
        typer.echo(as_json(answer))
    else:
        show_what_if(Lines(), answer)


def explain(
    subject: Annotated[
        str, typer.Argument(metavar="TYPE:VALUE|PERSON", help="An identifier or a person's id.")
    ],
    other: Annotated[
        str | None, typer.Argument(metavar="[TYPE:VALUE|PERSON]", help="Another one.")
    ] = None,
    json: Json = False,
    picture: Annotated[
        Path | None, typer.Option(help="Draw the graph to this file: .svg or .html.")
    ] = None,
    reveal: Reveal = False,
) -> None:
    """Say why two identifiers are one person, or are not; of one alone, all that is known of it."""
    from sojourn.identity.explain import explain_one, explain_pair
    from sojourn.identity.picture import write_picture
    from sojourn.identity.show import show_one, show_pair
    from sojourn.output import Lines, as_json, check_picture

    settings = get_settings()
    if picture is not None:
        check_picture(picture)
    if other is None:
        answer = explain_one(settings, subject, reveal=reveal)
    else:
        answer = explain_pair(settings, subject, other, reveal=reveal)
    if json:
        typer.echo(as_json(answer.as_dict()))
    elif other is None:
        show_one(Lines(), answer.as_dict())
    else:
        show_pair(Lines(), answer.as_dict())
    if picture is not None:
        write_picture(answer, picture)
        if not json:
            typer.echo(f"Picture: {picture}")


@identity_app.command()
def train(as_of: TrainedAt = None) -> None:
    """Learn how much each agreement between two records of people says, to match them by it."""
    from sojourn.identity.matching import train as learn_and_keep

    model = learn_and_keep(get_settings(), moment(as_of))
    typer.echo(model.summary())


@identity_app.command()
def audit(
    pairs: Annotated[int, typer.Option(min=1, help="About how many pairs to draw.")] = 200,
    seed: Annotated[int, typer.Option(help="Another seed draws other pairs.")] = 1,
    out: Annotated[Path | None, typer.Option(help="The file to write the pairs to.")] = None,
    verdicts: Annotated[
        Path | None, typer.Option(help="Read the verdicts from this file instead, and report.")
    ] = None,
) -> None:
    """Draw pairs that identity joined for people to judge, and report precision from verdicts."""
    from sojourn.identity.audit import draw, estimate, read_verdicts

    if verdicts is not None:
        typer.echo(estimate(read_verdicts(verdicts)).summary())
        return
    settings = get_settings()
    file = out or settings.path(settings.var_dir) / "audit" / f"pairs_{seed}.csv"
    for stratum, count in sorted(draw(settings, file, pairs=pairs, seed=seed).items()):
        typer.echo(f"  {count:>5}  {stratum}")
    typer.echo(
        f"Write same, different or unsure into the column `verdict` of {file} (it holds personal "
        f"data), then run `sojourn identity audit --verdicts {file}`."
    )
