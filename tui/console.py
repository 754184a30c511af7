"""Starts the console: a watch in its own thread, the app in front of it, the card that stays behind."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from aftergreen.journal import JournalError
from aftergreen.model import Release
from aftergreen.preflight import Finding, PreflightFailed
from aftergreen.session import Session
from aftergreen.thread import WatchThread
from aftergreen.verdict.ending import ExitCode, exit_code
from aftergreen.watch import Report, Watch
from tui.app import ConsoleApp

PATIENCE = 10.0
"""Seconds that leaving waits for the watch to write its end; a backend that hangs must not hold anybody."""


def console(session: Session) -> tuple[ConsoleApp, WatchThread]:
    """The app and the watch behind it, joined; the watch starts when the app has painted."""
    plan, wanted = session.plan, session.wanted

    def findings(some: Sequence[Finding]) -> None:
        app.preflight(some)

    def ended(error: BaseException | None) -> None:
        app.watch_ended(error)

    def make() -> Watch:
        return session.watch(Report(app.receive, findings, app.progress))

    thread = WatchThread(make, ended)
    app = ConsoleApp(
        orders=thread,
        clock=session.clock,
        operator=wanted.operator,
        release=Release(
            plan.service.name,
            plan.service.environment,
            wanted.version,
            wanted.previous,
            wanted.deployed_at(session.clock.now()),
        ),
        plan=plan,
        read_only=wanted.read_only,
        # Asking starts after the first paint: importing the HTTP client would hold it up.
        on_painted=thread.start,
    )
    return app, thread


def run_console(session: Session, *, mouse: bool = True) -> int:
    """Show a watch on this terminal until somebody leaves; the exit code is the verdict's."""
    app, thread = console(session)
    app.run(mouse=mouse)
    thread.abandon(by=session.wanted.operator)
    thread.join(PATIENCE)
    if app.return_code:
        # Textual has printed what went wrong; the watch was told to end, and the verdict is nobody's.
        return ExitCode.INTERNAL
    return _farewell(thread)


def _farewell(thread: WatchThread) -> int:
    """Print the finish card below the prompt and return the exit code."""
    error = thread.error
    if isinstance(error, PreflightFailed):
        for finding in error.findings:
            print(finding.text, file=sys.stderr)
        return ExitCode.PREFLIGHT
    if isinstance(error, JournalError):
        print(error, file=sys.stderr)
        return ExitCode.USAGE
    if error is not None:
        raise error
    if thread.snapshot is None:
        print("left before the watch had begun", file=sys.stderr)
        return ExitCode.ABANDONED
    from aftergreen.gate import print_card  # noqa: PLC0415  # the screen needs none of it

    print_card(thread.snapshot)
    return exit_code(thread.snapshot.state)
