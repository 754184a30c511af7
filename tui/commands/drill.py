"""``aftergreen drill``: rehearse an incident on a simulated service."""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aftergreen.clean import clean
from aftergreen.paths import find_paths
from tui.commands.drilling import SPEED, rehearse
from tui.commands.options import (
    Commands,
    UsageError,
    add_no_mouse,
    add_speed,
    command,
    file,
    on_terminal,
)

if TYPE_CHECKING:
    from aftergreen.drill.directing.running import Running
    from aftergreen.drill.scenario.model import Scenario


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
    made.add_argument("--markdown", type=file, metavar="FILE", help="write the debrief into this file")
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
        return rehearse(name, arguments)
    return _list() if arguments.what in ("", "list") else rehearse(arguments.what, arguments)


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
    for name in files:
        scenario = load(Path(name))
        print(f"{clean(name)} is a scenario: {_told(scenario)}")
    return 0


def _told(scenario: Scenario) -> str:
    truth = scenario.truth
    shows = f"{truth.indicator.value} shows it first" if truth.indicator else "no indicator shows a fault"
    return f"{scenario.title}; {shows}, the cause is {truth.cause.value}, right is to {truth.decision.value}"


def _direct(arguments: argparse.Namespace) -> int:
    """Open the facilitator's console on a rehearsal that is under way."""
    from aftergreen.drill.directing.running import under_way  # noqa: PLC0415  # one command's own

    found = _chosen(under_way(find_paths().rehearsals), arguments.files)
    if not on_terminal():
        raise UsageError("aftergreen drill direct takes keys: run it on a terminal")
    from aftergreen.drill.directing.facilitator import Facilitator  # noqa: PLC0415  # one command's own
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
    from aftergreen.drill.debriefing.results import ResultsError, as_csv, as_json, kept  # noqa: PLC0415  # one command's own
    from aftergreen.drill.debriefing.table import table  # noqa: PLC0415  # one command's own

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
