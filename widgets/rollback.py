"""A rollback on the screen: the exact argument list, and what came of it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from aftergreen import words
from aftergreen.units import format_clock
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.verdict.state import Rollback
from widgets.rows import LABEL, Row, Span, folded, labelled, row


def command_rows(command: Sequence[str], width: int) -> list[Row]:
    """The argument list exactly: on one row as a shell would take it, else an argument on each row."""
    joined = command_line(command)
    if len(folded(joined, width - LABEL)) == 1:
        return labelled((("runs", joined),), width)
    labels = ("runs", *("",) * (len(command) - 1))
    return labelled([(label, _quoted(text)) for label, text in zip(labels, command, strict=True)], width)


def command_line(command: Sequence[str]) -> str:
    """The argument list on one line, as a shell would take it."""
    return " ".join(_quoted(argument) for argument in command)


def outcome_rows(rollback: Rollback, width: int, now: float | None = None) -> list[Row]:
    """How it stands, for how long by ``now`` while it is under way, and all that is known of a failure."""
    told = words.outcome(rollback)
    verified = rollback.ended_at if rollback.succeeded and rollback.recovered is None else None
    since = rollback.started_at if rollback.running else verified
    if now is not None and since is not None:
        told += f"  {format_clock(max(0.0, now - since))}"
    said = [row(Span(line, _look(rollback), bold=True)) for line in folded(told, width)]
    more = "" if rollback.error in words.outcome(rollback) else rollback.error
    return [*said, *(row(line) for line in folded(more, width) if line)]


def output_rows(snapshot: Snapshot, width: int) -> list[Row]:
    """The newest lines that the command wrote, the last one at the bottom."""
    return [row(Span(line, "dim")) for told in snapshot.output for line in folded(told, width)]


def rollback_rows(snapshot: Snapshot, width: int) -> list[Row]:
    """Who ran what and when, what came of it and what it wrote; nothing where none was run."""
    rollback = snapshot.rollback
    if rollback is None:
        return []
    started = words.local_time(rollback.started_at, snapshot.context.offset)
    facts = (("by", f"{rollback.by} at {started}"), ("because", rollback.reason), ("output", rollback.output))
    return [
        *outcome_rows(rollback, width),
        *command_rows(rollback.command, width),
        *labelled([(label, text) for label, text in facts if text], width),
        *output_rows(snapshot, width),
    ]


def _look(rollback: Rollback) -> str:
    if rollback.running:
        return "text"
    return "ok" if rollback.succeeded and rollback.recovered is not False else "bad"


def _quoted(argument: str) -> str:
    """An argument with its boundaries; what a terminal would obey is written out."""
    if argument.isprintable():
        return shlex.quote(argument)
    return "$'" + argument.encode("unicode_escape").decode().replace("'", "\\'") + "'"
