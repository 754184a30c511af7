"""``aftergreen demo``: the console on a simulated service whose new version goes bad."""

from __future__ import annotations

import argparse
import tempfile
from contextlib import ExitStack
from pathlib import Path

from aftergreen.watch.session import operator_name
from tui.commands.gate import run_gate
from tui.commands.options import Commands, add_no_mouse, add_speed, command, on_terminal


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    made = command(
        commands,
        "demo",
        "the console on a simulated service whose new version goes bad",
        "aftergreen demo",
        _run,
    )
    made.add_argument("--seed", type=int, default=7, help="seed of the simulation (default: %(default)s)")
    add_speed(made, default=8.0)
    made.add_argument("--json", action="store_true", help="without a screen, as JSON Lines")
    add_no_mouse(made)


def _run(arguments: argparse.Namespace) -> int:
    from aftergreen.drill.demo import start_demo  # noqa: PLC0415  # only the demo needs a simulation

    screen = on_terminal() and not arguments.json
    with ExitStack() as parts:
        demo = start_demo(seed=arguments.seed, speed=arguments.speed)
        parts.callback(demo.close)
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="aftergreen-demo-")))
        session = demo.session(folder, operator=operator_name(None), advice_ends=not screen, called="DEMO")
        if not screen:
            return run_gate([session], as_json=arguments.json)
        from tui.console import run_console  # noqa: PLC0415  # only a screen needs Textual

        return run_console([session], mouse=not arguments.no_mouse, clean_up=parts.close)
