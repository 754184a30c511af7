"""Rolling back: the claim, the command under it, and what came of it, all by way of the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from aftergreen import words
from aftergreen.journal import Claim, Entry, EntryKind, JournalError
from aftergreen.model import Release
from aftergreen.rollback.command import command_of
from aftergreen.rollback.run import Outcome, run
from aftergreen.rollback.tail import Tail
from aftergreen.verdict.state import State
from aftergreen.watch.ledger import Ledger

TAIL_EVERY = 0.25
"""Real seconds between two looks at the output of a running rollback command."""

OUTPUT_LINES = 200

ANOTHER = "somebody else is rolling back, or a newer release is out"

OutputOf = Callable[[Release, int, float], Path]
"""The file for the output of a release's attempt that was claimed at a time."""


class Rollbacks:
    """The rollback commands that this console runs.

    ``shown`` is called when there is new output, ``ended`` with the entry of an outcome, and with what is
    wrong where the journal could not take it. ``now`` is the backend's time.
    """

    def __init__(
        self,
        ledger: Ledger,
        output_of: OutputOf,
        *,
        now: Callable[[], float],
        shown: Callable[[], object],
        ended: Callable[[Entry, str], Awaitable[None]],
    ) -> None:
        self._ledger = ledger
        self._output_of = output_of
        self._now = now
        self._shown = shown
        self._ended = ended
        self._running: asyncio.Task[None] | None = None
        self._own: dict[int, Path] = {}
        self.output: tuple[str, ...] = ()
        """The newest lines of the newest command."""

    async def start(self, state: State, *, by: str) -> Entry | str:
        """Claim, record the intent, start the command; the intent, or why that cannot be done."""
        plan, release = state.setup.plan.rollback, state.setup.release
        if plan is None:
            raise ValueError("whoever starts a rollback asks `rollback_refused` before")
        command = command_of(plan, release)
        at, leading = self._now(), state.decided
        body = {"command": list(command), "rule": words.rule(leading) if leading else "decided by a person"}
        try:
            claim = await self._ledger.claim(at=at, body=body, by=by)
        except JournalError as error:
            return f"its intent could not be recorded: {error}"
        if claim is None:
            return self._ledger.refusal or ANOTHER
        output = self._own[claim.attempt] = self._output_of(release, claim.attempt, at)
        self.output = ()
        running = self._run(claim, command, output, within=plan.timeout)
        self._running = asyncio.get_running_loop().create_task(running)
        return Entry(0, at, EntryKind.INTENT, by, body, claim.attempt)

    def output_of(self, entry: Entry) -> str:
        """Where the output of an intent's command is; empty where another console runs it."""
        output = self._own.get(entry.attempt or 0)
        return "" if output is None else str(output)

    async def ended_within(self, seconds: float) -> None:
        """Wait so many real seconds for a running command, so that its outcome is recorded."""
        if self._running is not None:
            await asyncio.wait({self._running}, timeout=seconds)
            self.look_after()

    def look_after(self) -> None:
        """Raise what went wrong in here: it must not be lost with its task."""
        if self._running is not None and self._running.done():
            self._running.result()

    async def _run(self, claim: Claim, command: tuple[str, ...], output: Path, *, within: float) -> None:
        outcome = await self._supervise(command, output, within=within)
        at, body, problem = self._now(), _body(outcome), ""
        try:
            await self._ledger.outcome(claim, at=at, body=body)
        except JournalError as error:
            problem = f"the outcome of the rollback could not be recorded: {error}"
        await self._ended(Entry(0, at, EntryKind.OUTCOME, claim.by, body, claim.attempt), problem)

    async def _supervise(self, command: tuple[str, ...], output: Path, *, within: float) -> Outcome:
        tail = Tail(output)
        running = asyncio.ensure_future(run(command, timeout=within, output=output, started=lambda _: None))
        while not running.done():
            await asyncio.wait({running}, timeout=TAIL_EVERY)
            lines = tail.read(ended=running.done())
            if lines:
                self.output = (*self.output, *lines)[-OUTPUT_LINES:]
                self._shown()
        return running.result()


def _body(outcome: Outcome) -> Mapping[str, object]:
    return {
        "exit_code": outcome.exit_code,
        "timed_out": outcome.timed_out,
        "error": outcome.error or "",
        "duration": outcome.duration,
    }
