"""``aftergreen gate``: the watch without a screen, of now or of the past."""

from __future__ import annotations

import argparse
import asyncio
import signal

from aftergreen.clock import Clock
from aftergreen.verdict.ending import exit_code
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.watch.session import Session
from aftergreen.watch.wanted import Report
from tui.commands.options import Commands, UsageError, add_release, command, session


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    made = command(
        commands,
        "gate",
        "the same watch without a screen, for pipelines",
        "aftergreen gate --version v2.4.1 --previous v2.4.0 --json\n"
        "aftergreen gate --history --version v2.4.1 --deployed-at 2026-03-01T14:02:10+01:00",
        _run,
    )
    add_release(made)
    made.add_argument("--json", action="store_true", help="JSON Lines on stdout")
    made.add_argument("--history", action="store_true", help="judge a past release from the stored metrics")


def run_gate(watched: Session, *, as_json: bool) -> int:
    """Watch to the end, telling what happens line by line; the exit code is the verdict's."""

    async def run() -> Snapshot:
        watch = watched.watch(_report(watched.clock, as_json=as_json))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, lambda: watch.abandon(by=watched.wanted.operator))
        return await watch.run()

    return _close(asyncio.run(run()), as_json=as_json)


def _run(arguments: argparse.Namespace) -> int:
    watched = session(arguments, advice_ends=True)
    if not arguments.history:
        return run_gate(watched, as_json=arguments.json)
    if arguments.deployed_at is None:
        raise UsageError("--history judges a past release: say when it was deployed with --deployed-at")
    from aftergreen.watch.late import judged_late  # noqa: PLC0415  # the rarer way

    snapshot = asyncio.run(
        judged_late(
            watched.plan,
            watched.wanted,
            source=watched.sources(watched.plan),
            clock=watched.clock,
            report=_report(watched.clock, as_json=arguments.json),
            journal=watched.paths.journal,
        )
    )
    return _close(snapshot, as_json=arguments.json)


def _report(clock: Clock, *, as_json: bool) -> Report:
    # The console needs neither.
    from aftergreen.output.jsonl import json_report  # noqa: PLC0415
    from aftergreen.output.plain import plain_report  # noqa: PLC0415

    return json_report() if as_json else plain_report(clock=clock)


def _close(snapshot: Snapshot, *, as_json: bool) -> int:
    # The console needs neither.
    from aftergreen.output.jsonl import print_finish  # noqa: PLC0415
    from aftergreen.output.plain import print_card  # noqa: PLC0415

    if as_json:
        print_finish(snapshot)
    else:
        print_card(snapshot)
    return exit_code(snapshot.state)
