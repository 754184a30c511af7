"""``aftergreen drill``: rehearse an incident on a simulated service."""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from aftergreen.watch.session import operator_name
from tui.commands.gate import run_gate
from tui.commands.options import Commands, UsageError, add_no_mouse, add_speed, command, on_terminal

if TYPE_CHECKING:
    from aftergreen.drill.scenario.model import Scenario

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
        "aftergreen drill check my-scenario.toml\n"
        "aftergreen drill ./my-scenario.toml --speed 20",
        _run,
    )
    made.add_argument(
        "what",
        nargs="?",
        default="",
        metavar="list | check | NAME",
        help="list all scenarios, check files of them, or rehearse one",
    )
    made.add_argument("files", nargs="*", metavar="FILE", help="the files to be checked")
    made.add_argument("--random", action="store_true", help="any of them, named at the start")
    made.add_argument("--blind", action="store_true", help="any of them, named only at the end")
    made.add_argument("--seed", type=int, default=7, help="seed of the simulation (default: %(default)s)")
    add_speed(made, default=None, otherwise=f"{SPEED:g}; without a screen as fast as it is asked")
    made.add_argument("--automatic", action="store_true", help="let the rules roll back by themselves")
    made.add_argument("--json", action="store_true", help="without a screen, as JSON Lines")
    made.add_argument("--operator", metavar="NAME", help="who rehearses (default: user@host)")
    add_no_mouse(made)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.what == "check":
        return _check(arguments.files)
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
    from aftergreen.drill.debrief import debrief  # noqa: PLC0415
    from aftergreen.drill.played import ruled, watching  # noqa: PLC0415
    from aftergreen.drill.scenario.catalogue import find  # noqa: PLC0415
    from aftergreen.drill.score import deeds  # noqa: PLC0415
    from aftergreen.drill.world import start_drill  # noqa: PLC0415

    screen = on_terminal() and not arguments.json
    scenario = find(name)
    speed = arguments.speed or (SPEED if screen else None)
    with ExitStack() as parts:
        drill = start_drill(scenario, seed=arguments.seed, speed=speed, automatic=arguments.automatic)
        parts.callback(drill.close)
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="aftergreen-drill-")))
        session = drill.session(folder, operator=operator_name(arguments.operator), advice_ends=not screen)
        if screen:
            from tui.console import run_console  # noqa: PLC0415  # only a screen needs Textual

            code = run_console([session], mouse=not arguments.no_mouse, clean_up=parts.close)
        else:
            code = run_gate([session], as_json=arguments.json, watching=watching(drill))
        # Without a screen and without leave nobody could have acted.
        done = deeds(session.paths.journal) if screen or arguments.automatic else None
    alone = None
    if screen and done is not None and not done.by_rules:
        print("working out what the rules would have done", file=sys.stderr)
        alone = ruled(scenario, arguments.seed)
    lines = debrief(scenario, arguments.seed, done, alone)
    print("", *lines, sep="\n", file=sys.stderr if arguments.json else None)
    return code
