"""``aftergreen check``: everything that can be known before a deployment."""

from __future__ import annotations

import argparse
import asyncio

from aftergreen.clock import SystemClock
from aftergreen.config import load
from aftergreen.paths import find_paths
from aftergreen.sources import live_source
from aftergreen.verdict.ending import ExitCode
from tui.commands.options import Commands, add_config, command, version


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    made = command(
        commands,
        "check",
        "preflight: every finding at once, each with its cure",
        "aftergreen check\naftergreen check -c checkout.toml --previous v2.4.0",
        _run,
    )
    add_config(made)
    made.add_argument("--version", type=version, default="unreleased", help="the version to be deployed")
    made.add_argument("--previous", type=version, help="the version that runs now")


def _run(arguments: argparse.Namespace) -> int:
    from aftergreen.output.check import check  # noqa: PLC0415  # one command's own

    plan = load(arguments.config)
    checked, lines = asyncio.run(
        check(
            plan,
            live_source(plan),
            SystemClock(),
            version=arguments.version,
            previous=arguments.previous,
            journal=find_paths(configured=plan.journal).journal,
        )
    )
    for line in lines:
        print(line)
    return 0 if checked.passed else ExitCode.PREFLIGHT
