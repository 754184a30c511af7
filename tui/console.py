"""Starts the console: a watch in its own thread, the app in front of it, the card that stays behind."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

from aftergreen.journal import JournalError
from aftergreen.model import Release
from aftergreen.preflight.checks import Finding, PreflightFailed
from aftergreen.verdict.ending import ExitCode, exit_code
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.watch.loop import Watch
from aftergreen.watch.session import Session
from aftergreen.watch.thread import WatchThread
from aftergreen.watch.wanted import Report
from tui.app import ConsoleApp
from tui.capabilities import capabilities
from tui.settings import Memory
from tui.terminal import Watchdog, discard_output, follow_signals

PATIENCE = 10.0
"""Seconds that leaving waits for the watch to write its end; a backend that hangs must not hold anybody."""


def console(session: Session, mounted: Callable[[], None] = lambda: None) -> tuple[ConsoleApp, WatchThread]:
    """The app and the watch behind it, joined; the watch starts when the app has painted.

    ``mounted`` is called as soon as the app has the terminal.
    """
    plan, wanted = session.plan, session.wanted

    def receive(snapshot: Snapshot) -> None:
        thread.snapshot = snapshot
        app.receive(snapshot)

    def findings(some: Sequence[Finding]) -> None:
        app.preflight(some)

    def ended(error: BaseException | None) -> None:
        app.watch_ended(error)

    def make() -> Watch:
        return session.watch(Report(receive, findings, app.progress))

    thread = WatchThread(make, ended)
    app = ConsoleApp(
        orders=thread,
        clock=session.clock,
        operator=wanted.operator,
        release=Release.of(
            plan.service, wanted.version, wanted.previous, wanted.deployed_at(session.clock.now())
        ),
        plan=plan,
        read_only=wanted.read_only,
        own_themes=session.paths.themes,
        terminal=capabilities(),
        memory=Memory(session.paths.settings),
        # Asking starts after the first paint: importing the HTTP client would hold it up.
        on_painted=thread.start,
        on_mounted=mounted,
    )
    return app, thread


def run_console(session: Session, *, mouse: bool = True, clean_up: Callable[[], None] | None = None) -> int:
    """Show a watch on this terminal until somebody leaves; the exit code is the verdict's.

    Where the terminal goes away, the process ends at once with that code; ``clean_up`` is called before.
    """
    app, thread = console(session, lambda: follow_signals(app, watchdog.told))

    def leave() -> None:
        thread.abandon(by=session.wanted.operator)
        thread.join(PATIENCE)

    def lost() -> None:
        code = ExitCode.INTERNAL
        try:
            leave()
            code = verdict_code(thread)
            if clean_up is not None:
                clean_up()
            watchdog.put_back()
        finally:
            # Textual's threads wait for a terminal that never answers; nothing orderly gets past them.
            os._exit(code)

    watchdog = Watchdog(sys.stdin.fileno(), lost)
    with watchdog:
        app.run(mouse=mouse)
        watchdog.free()
        leave()
    if app.return_code:
        # Textual has printed what went wrong; the watch was told to end, and the verdict is nobody's.
        return ExitCode.INTERNAL
    return _farewell(thread)


def verdict_code(thread: WatchThread) -> ExitCode:
    """The exit code for what became of the watch, also where it could not write its end in time."""
    if isinstance(thread.error, PreflightFailed):
        return ExitCode.PREFLIGHT
    if isinstance(thread.error, JournalError):
        return ExitCode.USAGE
    if thread.error is not None:
        return ExitCode.INTERNAL
    return ExitCode.ABANDONED if thread.snapshot is None else exit_code(thread.snapshot.state)


def _farewell(thread: WatchThread) -> int:
    """Print below the prompt what became of the watch, and return the exit code."""
    error = thread.error
    if error is not None and not isinstance(error, (PreflightFailed, JournalError)):
        raise error
    try:
        _say(thread)
        sys.stdout.flush()
    except OSError:
        # The terminal went with the person: the verdict stands without a reader.
        discard_output()
    return verdict_code(thread)


def _say(thread: WatchThread) -> None:
    error = thread.error
    if isinstance(error, PreflightFailed):
        for finding in error.findings:
            print(finding.text, file=sys.stderr)
    elif error is not None:
        print(error, file=sys.stderr)
    elif thread.snapshot is None:
        print("left before the watch had begun", file=sys.stderr)
    else:
        from aftergreen.output.plain import print_card  # noqa: PLC0415  # the screen needs none of it

        print_card(thread.snapshot)
