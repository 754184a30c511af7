"""Starts the console: watches in their own thread, the app in front of them, the cards that stay behind."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from aftergreen.journal import JournalError
from aftergreen.model import Release
from aftergreen.preflight.checks import Finding, PreflightFailed
from aftergreen.verdict.ending import WORST_FIRST, ExitCode, exit_code, worst_of
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.watch.loop import Watch
from aftergreen.watch.session import Session
from aftergreen.watch.thread import Watching, WatchThread
from aftergreen.watch.wanted import Report
from tui.app import ConsoleApp
from tui.capabilities import capabilities
from tui.settings import Memory
from tui.streams import discard_output
from tui.terminal import Watchdog, follow_signals
from tui.view import View
from tui.watched import Watched

if TYPE_CHECKING:
    from aftergreen.drill.rehearsal import Rehearsal

PATIENCE = 10.0
"""Seconds that leaving waits for the watch to write its end; a backend that hangs must not hold anybody."""


@dataclass(frozen=True, slots=True)
class Console:
    """The app, the watches behind it in the order they were asked for, and the thread that they run in."""

    app: ConsoleApp
    watches: tuple[Watching, ...]
    thread: WatchThread


def console(
    sessions: Sequence[Session],
    mounted: Callable[[], None] = lambda: None,
    rehearsal: Rehearsal | None = None,
) -> Console:
    """The app and the watches behind it, joined; they start when the app has painted.

    ``mounted`` is called as soon as the app has the terminal. ``rehearsal`` is what one of them belongs to.
    """
    first = sessions[0]
    joined = [_joined(session, lambda: app) for session in sessions]
    thread = WatchThread([watching for _, watching in joined])
    app = _kind(rehearsal)(
        watched=[watched for watched, _ in joined],
        operator=first.wanted.operator,
        own_themes=first.paths.themes,
        terminal=capabilities(),
        memory=Memory(first.paths.settings),
        # Asking starts after the first paint: importing the HTTP client would hold it up.
        on_painted=thread.start,
        on_mounted=mounted,
    )
    return Console(app, tuple(watching for _, watching in joined), thread)


def _kind(rehearsal: Rehearsal | None) -> Callable[..., ConsoleApp]:
    """What makes the app."""
    if rehearsal is None:
        return ConsoleApp
    from tui.rehearsing import RehearsingApp  # noqa: PLC0415  # only drills need scenarios

    return partial(RehearsingApp, rehearsal)


def _joined(session: Session, app: Callable[[], ConsoleApp]) -> tuple[Watched, Watching]:
    """One release for the app, which is not there yet, and the watch behind it."""
    plan, wanted = session.plan, session.wanted

    def receive(snapshot: Snapshot) -> None:
        watching.snapshot = snapshot
        app().receive(watched, snapshot)

    def findings(some: Sequence[Finding]) -> None:
        app().preflight(watched, some)

    def progress(text: str) -> None:
        app().progress(watched, text)

    def ended(error: BaseException | None) -> None:
        app().watch_ended(watched, error)

    def make() -> Watch:
        return session.watch(Report(receive, findings, progress))

    watching = Watching(make, ended)
    release = Release.of(
        plan.service, wanted.version, wanted.previous, wanted.deployed_at(session.clock.now())
    )
    view = View(session.clock, release, plan, wanted.read_only, wanted.simulated)
    watched = Watched(view, watching)
    return watched, watching


def run_console(
    sessions: Sequence[Session],
    *,
    mouse: bool = True,
    clean_up: Callable[[], None] | None = None,
    rehearsal: Rehearsal | None = None,
) -> int:
    """Show watches on this terminal until somebody leaves; the exit code is the worst of their verdicts.

    Where the terminal goes away, the process ends at once with that code; ``clean_up`` is called before.
    ``rehearsal`` is what the watch belongs to, where it is one.
    """
    shown = console(sessions, lambda: follow_signals(shown.app, watchdog.told), rehearsal)

    def leave() -> None:
        for watching in shown.watches:
            watching.abandon(by=sessions[0].wanted.operator)
        shown.thread.join(PATIENCE)

    def lost() -> None:
        code = ExitCode.INTERNAL
        try:
            leave()
            code = _verdict(shown.watches)
            if clean_up is not None:
                clean_up()
            watchdog.put_back()
        finally:
            # Textual's threads wait for a terminal that never answers; nothing orderly gets past them.
            os._exit(code)

    watchdog = Watchdog(sys.stdin.fileno(), lost)
    with watchdog:
        shown.app.run(mouse=mouse)
        watchdog.free()
        leave()
    if shown.app.return_code:
        # Textual has printed what went wrong; the watch was told to end, and the verdict is nobody's.
        return ExitCode.INTERNAL
    return farewell(shown.watches, [session.plan.service.name for session in sessions])


def verdict_code(watching: Watching) -> ExitCode:
    """The exit code for what became of a watch, also where it could not write its end in time."""
    if isinstance(watching.error, PreflightFailed):
        return ExitCode.PREFLIGHT
    if isinstance(watching.error, JournalError):
        return ExitCode.USAGE
    if watching.error is not None:
        return ExitCode.INTERNAL
    return ExitCode.ABANDONED if watching.snapshot is None else exit_code(watching.snapshot.state)


def _verdict(watches: Sequence[Watching]) -> ExitCode:
    return worst_of(map(verdict_code, watches))


def farewell(watches: Sequence[Watching], services: Sequence[str]) -> int:
    """Print below the prompt what became of the watches, the worst last, and return the exit code."""
    names = dict(zip(watches, services, strict=True)) if len(watches) > 1 else {}
    order = sorted(watches, key=lambda watching: WORST_FIRST.index(verdict_code(watching)), reverse=True)
    try:
        for watching in order:
            _say(watching, names.get(watching, ""))
        sys.stdout.flush()
    except OSError:
        # The terminal went with the person: the verdict stands without a reader.
        discard_output()
    for watching in order:
        if watching.error is not None and not isinstance(watching.error, (PreflightFailed, JournalError)):
            # Told as Python tells it, below what the other watches had to say.
            raise watching.error
    return _verdict(watches)


def _say(watching: Watching, name: str) -> None:
    """What became of one of them; an error is said with its service where there are several."""
    error, whose = watching.error, f"{name}: " if name else ""
    if isinstance(error, PreflightFailed):
        for finding in error.findings:
            print(f"{whose}{finding.text}", file=sys.stderr)
    elif isinstance(error, JournalError):
        print(f"{whose}{error}", file=sys.stderr)
    elif error is not None:
        return
    elif watching.snapshot is None:
        print(f"{whose}left before the watch had begun", file=sys.stderr)
    else:
        from aftergreen.output.plain import print_card  # noqa: PLC0415  # the screen needs none of it

        print_card(watching.snapshot)
