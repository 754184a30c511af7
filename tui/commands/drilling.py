"""A rehearsal from its beginning to its debrief."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from aftergreen.clean import clean
from aftergreen.paths import find_paths
from aftergreen.watch.session import operator_name
from tui.commands.gate import run_gate
from tui.commands.options import UsageError, on_terminal
from tui.settings import read_settings

if TYPE_CHECKING:
    from aftergreen.drill.debriefing.rehearsed import Rehearsed
    from aftergreen.drill.rehearsal import Rehearsal
    from aftergreen.verdict.snapshot import Snapshot

SPEED = 8.0
"""How fast time runs before a person who says nothing about it."""


def rehearse(name: str, arguments: argparse.Namespace) -> int:
    """Rehearse the scenario of that name or file, as the options say; the exit code is that of its watch."""
    # Only drills need scenarios and a simulation.
    from aftergreen.drill.rehearsal import Rehearsal  # noqa: PLC0415
    from aftergreen.drill.scenario.catalogue import find  # noqa: PLC0415
    from aftergreen.drill.world import start_drill  # noqa: PLC0415

    screen = on_terminal() and not arguments.json
    scenario = find(name)
    if arguments.csv:
        raise UsageError("--csv is for results: aftergreen drill results --csv")
    if arguments.markdown is not None:
        # Nobody rehearses ten minutes for a file that cannot be; what is there stays until there is more.
        _write(arguments.markdown, "", mode="a")
    speed = arguments.speed or (SPEED if screen else None)
    remembered, _ = read_settings(find_paths().settings)
    operator = operator_name(arguments.operator, remembered.operator)
    with ExitStack() as parts:
        drill = start_drill(scenario, seed=arguments.seed, speed=speed, automatic=arguments.automatic)
        parts.callback(drill.close)
        folder = Path(parts.enter_context(_folder()))
        session = drill.session(folder, operator=operator, advice_ends=not screen)
        rehearsal = Rehearsal(
            drill,
            scenario,
            session,
            seed=arguments.seed,
            named=name,
            speed=speed,
            blind=arguments.blind,
            person=screen,
            # Without a screen and without leave nobody could act.
            acts=screen or arguments.automatic,
        )
        if screen:
            code = _on_screen(rehearsal, parts, mouse=not arguments.no_mouse)
        else:
            code = run_gate([session], as_json=arguments.json, watching=rehearsal.watching)
        _told_at_the_end(rehearsal, arguments)
    return code


def _folder() -> tempfile.TemporaryDirectory[str]:
    """A folder that is deleted afterwards; what is still written there by then is no reason to complain."""
    return tempfile.TemporaryDirectory(prefix="aftergreen-drill-", ignore_cleanup_errors=True)


def _on_screen(rehearsal: Rehearsal, parts: ExitStack, *, mouse: bool) -> int:
    """Rehearse on this terminal, where a facilitator finds it; ``parts`` are closed where that goes away."""
    from aftergreen.drill.directing.facilitation import Facilitation  # noqa: PLC0415  # people only
    from aftergreen.drill.directing.running import Running, announced  # noqa: PLC0415  # people only
    from tui.console import run_console  # noqa: PLC0415  # only a screen needs Textual

    session, server, token = rehearsal.session, rehearsal.drill.server, secrets.token_urlsafe()
    server.facilitated = Facilitation(rehearsal, token).answer
    here = Running(os.getpid(), session.wanted.operator, server.url, token)
    with announced(here, find_paths().rehearsals):
        return run_console([session], mouse=mouse, clean_up=parts.close, rehearsal=rehearsal)


def _told_at_the_end(rehearsal: Rehearsal, arguments: argparse.Namespace) -> None:
    """Print the debrief, keep the result, and write the file that was asked for."""
    from aftergreen.drill.debriefing.debrief import debrief  # noqa: PLC0415  # only drills need it
    from aftergreen.drill.debriefing.results import ResultsError, keep, result_of  # noqa: PLC0415  # only drills need it

    # What reads JSON waits for no comparison.
    rehearsal.over(compared=not arguments.json)
    if not rehearsal.worked_out:
        print("working out what the rules, and those of others, would have done", file=sys.stderr)
    try:
        found = rehearsal.rehearsed(wait=True)
    except KeyboardInterrupt:
        # What the person did is known without it.
        found = rehearsal.rehearsed()
    result = result_of(found)
    try:
        if result is not None:
            keep(result, find_paths().results)
        if rehearsal.failed:
            print(f"what would have happened without anybody is unknown: {rehearsal.failed}", file=sys.stderr)
        print("", *debrief(found), sep="\n", file=sys.stderr if arguments.json else None)
        if arguments.markdown is not None:
            _write(arguments.markdown, _document(found, rehearsal.snapshot))
    except (ResultsError, UsageError) as error:
        # What became of the release is what the exit code says.
        print(error, file=sys.stderr)


def _document(found: Rehearsed, snapshot: Snapshot | None) -> str:
    # Few ask for it, and charts need Textual.
    from aftergreen.drill.debriefing.debrief import markdown  # noqa: PLC0415
    from widgets.debrief import drawn  # noqa: PLC0415

    return markdown(found, drawn(found, snapshot))


def _write(place: Path, text: str, mode: str = "w") -> None:
    """Write the debrief; raises `UsageError`."""
    try:
        with place.open(mode, encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        why = clean((error.strerror or "unknown").lower())
        raise UsageError(f"the debrief cannot be written to {place}: {why}") from error
