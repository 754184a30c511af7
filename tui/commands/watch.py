"""``aftergreen watch``: the console on a release; without a terminal the same as the gate."""

from __future__ import annotations

import argparse

from tui.commands.gate import run_gate
from tui.commands.options import Commands, add_no_mouse, add_release, command, on_terminal, sessions


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    made = command(
        commands,
        "watch",
        "the console: watch a release on the screen",
        "aftergreen watch --version v2.4.1 --previous v2.4.0\n"
        "aftergreen watch -c checkout.toml --version v2.4.1 --deployed-at -3m --read-only\n"
        "aftergreen watch checkout.toml@v2.4.0..v2.4.1 search.toml@2026.11",
        _run,
    )
    add_release(made)
    add_no_mouse(made)


def _run(arguments: argparse.Namespace) -> int:
    if not on_terminal():
        return run_gate(sessions(arguments, advice_ends=True), as_json=False)
    from tui.console import run_console  # noqa: PLC0415  # only a screen needs Textual

    return run_console(sessions(arguments, advice_ends=False), mouse=not arguments.no_mouse)
