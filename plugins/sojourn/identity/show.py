"""Answers about identity as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape

from sojourn.identity.decisions import Decision
from sojourn.identity.preview import Known, Preview
from sojourn.output import table


def _day(time: datetime | None) -> str:
    return "" if time is None else f"{time:%Y-%m-%d %H:%M}"


def _span(first: datetime, last: datetime) -> str:
    return _day(first) if first == last else f"{_day(first)} to {_day(last)}"


def _evidence(edge: dict[str, Any]) -> list[str]:
    lines = []
    for one in edge["evidence"]:
        first, last = one["first_record_id"], one["last_record_id"]
        records = f"record {first}" if first == last else f"records {first} to {last}"
        score = "" if one["score"] == 1 else f", probability {one['score']:.3f}"
        times = f", {one['observation_count']} times" if one["observation_count"] > 1 else ""
        seen = _span(one["first_seen_at"], one["last_seen_at"])
        lines.append(
            f"{one['source']}, {one['rule'].replace('_', ' ')}{score}: {records}{times}, {seen}"
        )
    return lines


def _show_decisions(console: Console, decisions: Sequence[dict[str, Any]]) -> None:
    if decisions:
        console.print("\n[bold]Stewards' decisions[/bold]")
    for one in decisions:
        pair = one["left"] if one["right"] is None else f"{one['left']} and {one['right']}"
        console.print(
            f"  {one['rule_id']}: {one['action'].replace('_', ' ')} {escape(pair)}, by "
            f"{escape(one['author'])} on {_day(one['recorded_at'])}: {escape(one['reason'])}"
        )


def show_pair(console: Console, answer: dict[str, Any]) -> None:
    """Print why two are one person, or why they are not."""
    left, right = answer["subjects"]
    names = [escape(subject["asked"]) for subject in (left, right)]
    path = answer["path"]
    if answer["is_one_person"]:
        console.print(f"[bold green]One person[/bold green]: {left['person_id']}")
        console.print(f"{names[0]} and {names[1]} are joined by {len(path or [])} pairs.")
    else:
        console.print("[bold red]Not one person[/bold red]")
        for name, subject in zip(names, (left, right), strict=True):
            whose = subject["person_id"] or f"nobody ({subject['status_reason']})"
            console.print(f"  {name}: {whose}")
        if path is None:
            console.print("Nothing that was observed leads from one to the other.")
        else:
            held = [edge for edge in path if edge["status"] != "active"]
            console.print(
                f"The best way from one to the other has {len(path)} pairs; {len(held)} join "
                "nothing."
            )
    for number, edge in enumerate(path or [], 1):
        state = "" if edge["status"] == "active" else f" [red]{edge['status']}[/red]"
        console.print(f"\n{number}. {escape(edge['left'])} - {escape(edge['right'])}{state}")
        if edge["status_reason"]:
            console.print(f"   [red]{escape(edge['status_reason'])}[/red]")
        for line in _evidence(edge):
            console.print(f"   {escape(line)}")
    if answer["demotions"]:
        console.print("\n[bold]Demoted on the way[/bold]")
    for one in answer["demotions"]:
        console.print(f"  {escape(one['identifier'])}: {escape(str(one['reason']))}")
    _show_decisions(console, answer["decisions"])


def show_one(console: Console, answer: dict[str, Any]) -> None:
    """Print a person's identifiers, history and demotions."""
    subject = answer["subject"]
    if answer["person_id"] is None:
        console.print(
            f"{escape(subject['identifier'])} is [red]{subject['status']}[/red]: "
            f"{escape(str(subject['status_reason']))}. It says nothing about anybody."
        )
    else:
        console.print(f"[bold]Person {answer['person_id']}[/bold]")
    if answer["former_ids"]:
        console.print(f"Earlier ids that lead here: {', '.join(answer['former_ids'])}")
    rows = table("identifier", "tier", "status", "seen", "first", "last")
    for one in answer["identifiers"]:
        status = one["status"] + (f": {one['status_reason']}" if one["status_reason"] else "")
        rows.add_row(
            escape(one["identifier"]),
            str(one["tier"]),
            escape(status),
            str(one["observation_count"]),
            _day(one["first_seen_at"]),
            _day(one["last_seen_at"]),
        )
    console.print(rows)
    if answer["changes"]:
        console.print("\n[bold]History of ids[/bold]")
    for one in answer["changes"]:
        other = f" {one['other_person_id']}" if one["other_person_id"] else ""
        verb = {"created": "was created", "merged": "took in", "split": "came out of"}
        console.print(
            f"  {_day(one['changed_at'])}  {one['person_id']} {verb[one['change_type']]}{other} "
            f"({one['reason']})"
        )
    if answer["owners"]:
        console.print("\n[bold]Identifiers that changed owner or standing[/bold]")
    for one in answer["owners"]:
        until = f" until {_day(one['known_to'])}" if one["known_to"] else ""
        console.print(
            f"  {escape(one['identifier'])}: {one['person_id'] or 'nobody'}, {one['status']}, "
            f"known from {_day(one['known_from'])}{until}"
        )
    if answer["demotions"]:
        console.print("\n[bold]Pairs that join nothing[/bold]")
    for edge in answer["demotions"]:
        console.print(
            f"  {escape(edge['left'])} - {escape(edge['right'])}: "
            f"{escape(str(edge['status_reason']))}"
        )
        for line in _evidence(edge):
            console.print(f"     {escape(line)}")
    _show_decisions(console, answer["decisions"])


def show_preview(console: Console, result: tuple[Known, Preview] | None, *, reveal: bool) -> None:
    """Print what a decision would change."""
    if result is None:
        console.print("Nothing is built yet, so that there is nothing to compare with.")
        return
    known, found = result
    for one, reason in sorted(known.blocked.items()):
        console.print(
            f"{escape(one.shown(reveal=reveal))} is blocked ({reason}): it joins nobody anyway."
        )
    for one in known.unseen:
        console.print(f"{escape(one.shown(reveal=reveal))} has not been seen yet.")
    if not found.moved:
        console.print(
            "It changes nobody now: what was observed says the same, or limits forbid it."
        )
        return
    losing = {found.before[one] for one in found.moved if one in found.before}
    gaining = {found.after.persons[one] for one in found.moved}
    count = len(set(found.before.values())), len(set(found.after.persons.values()))
    console.print(
        f"{len(found.moved)} identifiers of {len(losing | gaining)} persons change. Around them "
        f"there are {count[0]} persons now, and would be {count[1]}."
    )
    rows = table("identifier", "person now", "person then", "")
    for one in found.moved[:40]:
        then = found.after.persons[one]
        note = f"demoted: {found.after.demoted[one]}" if one in found.after.demoted else ""
        if not note and one in found.demoted_before:
            note = "no longer demoted"
        before = found.before.get(one, "")
        rows.add_row(
            escape(one.shown(reveal=reveal)),
            before[:13],
            "the same" if then == before else then[:13],
            escape(note),
        )
    console.print(rows)
    if len(found.moved) > 40:
        console.print(f"  and {len(found.moved) - 40} more")
    for person in found.persons:
        counts = found.counts.get(person)
        if counts:
            text = ", ".join(f"{count:,} {name}" for name, count in counts.items())
            console.print(f"  {person[:13]} has {text} now.")


def show_what_if(console: Console, answer: dict[str, Any]) -> None:
    """Print what other rules would change."""
    persons = answer["persons"]
    console.print(
        f"[bold]With {', '.join(answer['rules'])}[/bold], as of {_day(answer['as_of'])}: "
        f"{persons['before']:,} persons become {persons['after']:,}."
    )
    console.print(
        f"{persons['merged']:,} persons merge into {persons['merged_into']:,}; "
        f"{persons['split']:,} split into {persons['split_into']:,}; "
        f"{answer['moved_identifiers']:,} identifiers change owner."
    )
    for one in answer["standing"]:
        console.print(
            f"  {one['identifiers']:,} {one['identifier_type']}: {one['before']} to {one['after']}"
            + (f" ({escape(one['reason'])})" if one["reason"] else "")
        )
    for title, key, verb in (
        ("Largest merges", "largest_merges", "made of"),
        ("Largest splits", "largest_splits", "falls into"),
    ):
        if answer[key]:
            console.print(f"\n[bold]{title}[/bold]")
        for one in answer[key]:
            console.print(
                f"  {one['person_id']} {verb} {one['persons']} persons, {one['identifiers']} "
                f"identifiers: {escape(', '.join(one['strongest']))}"
            )
    if answer["audiences"]:
        console.print("\n[bold]Audiences[/bold]")
        rows = table("audience", "now", "then", "enter", "leave")
        for one in answer["audiences"]:
            rows.add_row(
                one["audience"],
                *(f"{one[name]:,}" for name in ("before", "after", "entering", "leaving")),
            )
        console.print(rows)
    if answer["sends"]:
        console.print("\n[bold]Sends[/bold]")
        rows = table("sync", "rows now", "add", "change", "remove")
        for one in answer["sends"]:
            rows.add_row(
                one["sync"], *(f"{one[name]:,}" for name in ("rows", "add", "change", "remove"))
            )
        console.print(rows)
    if answer["attributed_revenue"]:
        console.print("\n[bold]Attributed revenue[/bold]")
    for one in answer["attributed_revenue"]:
        console.print(f"  {one['model']}: {one['moved']:,.2f} of {one['before']:,.2f} moves")
        for channel in one["channels"][:5]:
            console.print(
                f"    {channel['channel']}: {channel['before']:,.2f} to {channel['after']:,.2f}"
            )
    if "kept" in answer:
        console.print(f"\nThe copy is kept: {answer['kept']}")
    console.print("Nothing was changed.")


def show_decisions(console: Console, decisions: Sequence[Decision], *, reveal: bool) -> None:
    """Print the decisions of the file."""
    if not decisions:
        console.print("No steward has decided anything yet.")
    for one in decisions:
        pair = " and ".join(identifier.shown(reveal=reveal) for identifier in one.identifiers)
        state = "in force" if one.is_in_force else f"revoked at {one.revoked_at}"
        console.print(
            f"[bold]{one.rule_id}[/bold]  {one.action.replace('_', '-')} {escape(pair)} ({state})\n"
            f"    {escape(one.author)}, {one.recorded_at}: {escape(one.reason)}"
        )
