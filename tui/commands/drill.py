"""``aftergreen drill``: rehearse an incident on a simulated service."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from aftergreen.clean import clean
from aftergreen.paths import find_paths
from aftergreen.watch.session import operator_name
from tui.commands.gate import run_gate
from tui.commands.options import Commands, UsageError, add_no_mouse, add_speed, command, on_terminal

if TYPE_CHECKING:
    from aftergreen.drill.rehearsal import Rehearsal
    from aftergreen.drill.rehearsed import Rehearsed
    from aftergreen.drill.running import Running
    from aftergreen.drill.scenario.model import Scenario
    from aftergreen.verdict.snapshot import Snapshot

SPEED = 8.0
"""How fast time runs before a person who says nothing about it."""


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    made = command(
        commands,
        "drill",
        "rehearse an incident on a simulated service",
        "aftergreen drill list\n"
        "aftergreen drill connection-leak\n"
        "aftergreen drill --blind\n"
        "aftergreen drill connection-leak --json --automatic\n"
        "aftergreen drill results\n"
        "aftergreen drill direct\n"
        "aftergreen drill check my-scenario.toml\n"
        "aftergreen drill ./my-scenario.toml --speed 20",
        _run,
    )
    made.add_argument(
        "what",
        nargs="?",
        default="",
        metavar="list | check | results | direct | NAME",
        help="list all scenarios, check files of them, show past results, direct the rehearsal of another"
        " console, or rehearse one",
    )
    made.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="files to check, scenarios of results, or the process to direct",
    )
    made.add_argument("--random", action="store_true", help="any of them, named at the start")
    made.add_argument("--blind", action="store_true", help="any of them, named only at the end")
    made.add_argument("--seed", type=int, default=7, help="seed of the simulation (default: %(default)s)")
    add_speed(made, default=None, otherwise=f"{SPEED:g}; without a screen as fast as it is asked")
    made.add_argument("--automatic", action="store_true", help="let the rules roll back by themselves")
    made.add_argument("--json", action="store_true", help="without a screen, or the results, as JSON Lines")
    made.add_argument("--csv", action="store_true", help="the results, for a spreadsheet")
    made.add_argument("--markdown", type=Path, metavar="FILE", help="write the debrief into this file")
    made.add_argument(
        "--operator", metavar="NAME", help="who rehearses (default: user@host), or whose results"
    )
    add_no_mouse(made)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.what == "check":
        return _check(arguments.files)
    if arguments.what == "direct":
        return _direct(arguments)
    if arguments.what == "results":
        return _results(arguments.files, arguments)
    if arguments.files:
        raise UsageError(f"{arguments.files[0]} is one too many: files are for aftergreen drill check FILE")
    if arguments.random or arguments.blind:
        name = _any(arguments.what)
        if not arguments.blind:
            print(f"rehearsing {name}", file=sys.stderr)
        return _rehearse(name, arguments)
    return _list() if arguments.what in ("", "list") else _rehearse(arguments.what, arguments)


def _any(named: str) -> str:
    """A scenario that chance has chosen."""
    from aftergreen.drill.scenario.catalogue import names  # noqa: PLC0415  # only drills need scenarios

    if named:
        raise UsageError(f"{named} is known already: leave it away, --random and --blind choose one")
    return secrets.choice(names())


def _list() -> int:
    from aftergreen.drill.scenario.catalogue import find, names  # noqa: PLC0415  # only drills need scenarios

    scenarios = [find(name) for name in names()]
    width = max(len(scenario.name) for scenario in scenarios)
    for scenario in scenarios:
        print(f"{scenario.name.ljust(width)}  {scenario.trains}")
    return 0


def _check(files: list[str]) -> int:
    from aftergreen.drill.scenario.catalogue import load  # noqa: PLC0415  # only drills need scenarios

    if not files:
        raise UsageError("say which file: aftergreen drill check FILE")
    for file in files:
        scenario = load(Path(file))
        print(f"{file} is a scenario: {_told(scenario)}")
    return 0


def _told(scenario: Scenario) -> str:
    truth = scenario.truth
    shows = f"{truth.indicator.value} shows it first" if truth.indicator else "no indicator shows a fault"
    return f"{scenario.title}; {shows}, the cause is {truth.cause.value}, right is to {truth.decision.value}"


def _rehearse(name: str, arguments: argparse.Namespace) -> int:
    # Only drills need scenarios and a simulation.
    from aftergreen.drill.facilitation import Facilitation  # noqa: PLC0415
    from aftergreen.drill.rehearsal import Rehearsal  # noqa: PLC0415
    from aftergreen.drill.running import Running, announced  # noqa: PLC0415
    from aftergreen.drill.scenario.catalogue import find  # noqa: PLC0415
    from aftergreen.drill.world import start_drill  # noqa: PLC0415

    screen = on_terminal() and not arguments.json
    scenario = find(name)
    if arguments.csv:
        raise UsageError("--csv is for results: aftergreen drill results --csv")
    if arguments.markdown is not None:
        # Nobody rehearses ten minutes for a file that cannot be.
        _write(arguments.markdown, "")
    speed = arguments.speed or (SPEED if screen else None)
    with ExitStack() as parts:
        drill = start_drill(scenario, seed=arguments.seed, speed=speed, automatic=arguments.automatic)
        parts.callback(drill.close)
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="aftergreen-drill-")))
        session = drill.session(folder, operator=operator_name(arguments.operator), advice_ends=not screen)
        rehearsal = Rehearsal(
            drill,
            scenario,
            session,
            seed=arguments.seed,
            speed=speed,
            blind=arguments.blind,
            person=screen,
            # Without a screen and without leave nobody could act.
            acts=screen or arguments.automatic,
        )
        if screen:
            from tui.console import run_console  # noqa: PLC0415  # only a screen needs Textual

            token = secrets.token_urlsafe()
            drill.server.facilitated = Facilitation(rehearsal, token).answer
            here = Running(os.getpid(), session.wanted.operator, drill.server.url, token)
            parts.enter_context(announced(here, find_paths().rehearsals))
            mouse = not arguments.no_mouse
            code = run_console([session], mouse=mouse, clean_up=parts.close, rehearsal=rehearsal)
        else:
            code = run_gate([session], as_json=arguments.json, watching=rehearsal.watching)
        _told_at_the_end(rehearsal, arguments)
    return code


def _told_at_the_end(rehearsal: Rehearsal, arguments: argparse.Namespace) -> None:
    """Print the debrief, keep the result, and write the file that was asked for."""
    from aftergreen.drill.debrief import debrief  # noqa: PLC0415  # only drills need it
    from aftergreen.drill.results import ResultsError, keep, result_of  # noqa: PLC0415  # only drills need it

    rehearsal.over()
    if not rehearsal.worked_out:
        print("working out what the rules, and those of others, would have done", file=sys.stderr)
    found = rehearsal.rehearsed(wait=True)
    if rehearsal.failed:
        print(f"what the rules would have done is unknown: {rehearsal.failed}", file=sys.stderr)
    print("", *debrief(found), sep="\n", file=sys.stderr if arguments.json else None)
    result = result_of(found)
    try:
        if result is not None:
            keep(result, find_paths().results)
        if arguments.markdown is not None:
            _write(arguments.markdown, _document(found, rehearsal.snapshot))
    except (ResultsError, UsageError) as error:
        # What became of the release is what the exit code says.
        print(error, file=sys.stderr)


def _document(found: Rehearsed, snapshot: Snapshot | None) -> str:
    # Few ask for it, and charts need Textual.
    from aftergreen.drill.debrief import markdown  # noqa: PLC0415
    from widgets.debrief import drawn  # noqa: PLC0415

    return markdown(found, drawn(found, snapshot))


def _write(place: Path, text: str) -> None:
    """Write the debrief; raises `UsageError`."""
    try:
        place.write_text(text, encoding="utf-8")
    except OSError as error:
        why = clean((error.strerror or "unknown").lower())
        raise UsageError(f"the debrief cannot be written to {place}: {why}") from error


def _direct(arguments: argparse.Namespace) -> int:
    """Open the facilitator's console on a rehearsal that is under way."""
    from aftergreen.drill.running import under_way  # noqa: PLC0415  # one command's own

    found = _chosen(under_way(find_paths().rehearsals), arguments.files)
    if not on_terminal():
        raise UsageError("aftergreen drill direct takes keys: run it on a terminal")
    from aftergreen.drill.facilitator import Facilitator  # noqa: PLC0415  # one command's own
    from tui.directing import run_directing  # noqa: PLC0415  # only a screen needs Textual

    return run_directing(Facilitator(found), find_paths(), mouse=not arguments.no_mouse)


def _chosen(found: Sequence[Running], named: Sequence[str]) -> Running:
    """The one that is meant; raises `UsageError`."""
    wanted = [one for one in found if not named or str(one.pid) == named[0]]
    if not found:
        raise UsageError(
            "no rehearsal is under way here: aftergreen drill NAME in another terminal begins one"
        )
    if len(wanted) == 1 and len(named) <= 1:
        return wanted[0]
    each = ", ".join(f"{one.pid} ({one.operator})" for one in found)
    raise UsageError(f"say which rehearsal: aftergreen drill direct PID, of {each}")


def _results(names: list[str], arguments: argparse.Namespace) -> int:
    """Print what is kept of past rehearsals."""
    from aftergreen.drill.results import ResultsError, as_csv, as_json, kept  # noqa: PLC0415  # one command's own
    from aftergreen.drill.table import table  # noqa: PLC0415  # one command's own

    if arguments.csv and arguments.json:
        raise UsageError("--csv or --json: results have one form")
    try:
        found, unread = kept(find_paths().results)
    except ResultsError as error:
        raise UsageError(str(error)) from error
    wanted = [
        one
        for one in found
        if (not names or one.scenario in names) and arguments.operator in (None, one.operator)
    ]
    as_lines = as_json if arguments.json else as_csv if arguments.csv else table
    for line in as_lines(wanted):
        print(line)
    if unread:
        lines = "one line" if unread == 1 else f"{unread} lines"
        print(f"{lines} of {find_paths().results} cannot be read and count for nothing", file=sys.stderr)
    return 0
