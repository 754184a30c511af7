"""``aftergreen gate``: the watch without a screen, of now or of the past."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence

from aftergreen.journal import JournalError
from aftergreen.preflight.checks import PreflightFailed
from aftergreen.verdict.ending import ExitCode, exit_code, worst_of
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.watch.loop import Watch
from aftergreen.watch.session import Session
from aftergreen.watch.wanted import Report
from tui.commands.options import Commands, UsageError, add_release, command, sessions


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    made = command(
        commands,
        "gate",
        "the same watch without a screen, for pipelines",
        "aftergreen gate --version v2.4.1 --previous v2.4.0 --json\n"
        "aftergreen gate checkout.toml@v2.4.0..v2.4.1 search.toml@2026.11\n"
        "aftergreen gate --history --version v2.4.1 --deployed-at 2026-03-01T14:02:10+01:00",
        _run,
    )
    add_release(made)
    made.add_argument("--json", action="store_true", help="JSON Lines on stdout")
    made.add_argument("--history", action="store_true", help="judge a past release from the stored metrics")


def run_gate(
    sessions: Sequence[Session],
    *,
    as_json: bool,
    watching: Callable[[Session, Report], Watch] = Session.watch,
) -> int:
    """Watch to the end, telling what happens line by line; the exit code is the worst of the verdicts.

    ``watching`` makes the watch of a session, which tells the report.
    """

    async def live(watched: Session, report: Report) -> Snapshot:
        watch = watching(watched, report)
        watches.append(watch)
        return await watch.run()

    async def run() -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, leave)
        return await _judged(sessions, live, as_json=as_json)

    def leave() -> None:
        for watch in watches:
            watch.abandon(by=sessions[0].wanted.operator)

    watches: list[Watch] = []
    return asyncio.run(run())


def _run(arguments: argparse.Namespace) -> int:
    watched = sessions(arguments, advice_ends=True)
    if not arguments.history:
        return run_gate(watched, as_json=arguments.json)
    if arguments.deployed_at is None:
        raise UsageError("--history judges a past release: say when it was deployed with --deployed-at")
    from aftergreen.watch.late import judged_late  # noqa: PLC0415  # the rarer way

    async def late(one: Session, report: Report) -> Snapshot:
        return await judged_late(
            one.plan,
            one.wanted,
            source=one.sources(one.plan),
            clock=one.clock,
            report=report,
            journal=one.paths.journal,
        )

    return asyncio.run(_judged(watched, late, as_json=arguments.json))


async def _judged(
    sessions: Sequence[Session],
    judge: Callable[[Session, Report], Coroutine[None, None, Snapshot]],
    *,
    as_json: bool,
) -> int:
    """Judge all releases at once, tell of each how it ended when it did, and return the worst exit code."""
    several = len(sessions) > 1

    async def to_its_end(one: Session) -> ExitCode:
        told = Told(one, as_json=as_json, name=one.plan.service.name if several else "")
        try:
            return told.ended(await judge(one, told.report()))
        except (PreflightFailed, JournalError) as error:
            if not several:
                raise
            return told.failed(error)

    # One that cannot be watched, or fails, takes no other one along.
    codes = await asyncio.gather(*map(to_its_end, sessions), return_exceptions=True)
    for code in codes:
        if isinstance(code, BaseException):
            raise code
    return worst_of(code for code in codes if not isinstance(code, BaseException))


class Told:
    """Where a gate tells of one of the releases that it judges, by its ``name`` among others."""

    def __init__(self, session: Session, *, as_json: bool, name: str) -> None:
        self._clock = session.clock
        self._as_json = as_json
        self._name = name

    def report(self) -> Report:
        """Where the watch tells what it does."""
        # The console needs neither.
        from aftergreen.output.jsonl import json_report  # noqa: PLC0415
        from aftergreen.output.plain import plain_report  # noqa: PLC0415

        if self._as_json:
            return json_report(name=self._name)
        return plain_report(clock=self._clock, name=self._name)

    def ended(self, snapshot: Snapshot) -> ExitCode:
        """Tell how the release ended."""
        # The console needs neither.
        from aftergreen.output.jsonl import print_finish  # noqa: PLC0415
        from aftergreen.output.plain import print_card  # noqa: PLC0415

        if self._as_json:
            print_finish(snapshot)
        else:
            print_card(snapshot)
        return exit_code(snapshot.state)

    def failed(self, error: PreflightFailed | JournalError) -> ExitCode:
        """Tell why it was not watched."""
        findings = error.findings if isinstance(error, PreflightFailed) else ()
        texts = [finding.text for finding in findings] or [str(error)]
        for text in texts:
            print(f"{self._name}: {text}", file=sys.stderr)
        code = ExitCode.PREFLIGHT if findings else ExitCode.USAGE
        if self._as_json:
            from aftergreen.output.jsonl import print_refused  # noqa: PLC0415  # the console needs none of it

            print_refused(code, texts, self._clock.now(), name=self._name)
        return code
