"""Rolling back: the claim, the process that runs the command under it, and following it by the journal."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from aftergreen import words
from aftergreen.clock import elapsed
from aftergreen.journal import Claim, Entry, EntryKind, JournalError
from aftergreen.model import Release
from aftergreen.rollback import left, lock
from aftergreen.rollback.command import command_of
from aftergreen.rollback.process import lives
from aftergreen.rollback.tail import Tail
from aftergreen.verdict.state import Rollback, State
from aftergreen.watch.ledger import Ledger

LOOK_EVERY = 0.25
"""Real seconds between two looks at a rollback command that runs: its output, and the journal."""

STARTING = 15.0
"""Real seconds after which a supervisor that is not there will not come."""

OUTPUT_LINES = 200

FORGOTTEN = 3600.0
"""Seconds after which an intent whose supervisor cannot be looked for has none."""

UNKNOWN = "who looked after it is gone: see its output, and what runs in production, before it is run again"

ENDLESS = "its time is up and nobody is left to end it: process {} still runs, see to it by hand"

OVERDUE = 15.0
"""Seconds beyond its timeout that ending a command may take."""

_UNKNOWN_OUTCOME: Mapping[str, object] = {
    "exit_code": None,
    "timed_out": False,
    "unknown": True,
    "error": UNKNOWN,
    "duration": 0.0,
}

ANOTHER = "somebody else is rolling back, or a newer release is out"

OutputOf = Callable[[Release, int, float], Path]
"""The file for the output of a release's attempt that is claimed at a time."""


@dataclass(frozen=True, slots=True)
class Runner:
    """What runs rollback commands: ``launch`` starts the process for a claim, and says why it could not.

    ``pace`` is how many seconds pass on the watch's clock in a real one.
    """

    launch: Callable[[Claim], str]
    output_of: OutputOf
    pace: float = 1.0


class Rollbacks:
    """The rollback of a release, whoever ordered it.

    ``learn`` takes over what the journal holds. ``shown`` is called when there is new output, ``ended`` with
    an outcome that the journal did not tell, and with what is wrong where it cannot take it. ``now`` is the
    backend's time.
    """

    def __init__(
        self,
        ledger: Ledger,
        runner: Runner,
        *,
        now: Callable[[], float],
        shown: Callable[[], object],
        learn: Callable[[], Awaitable[None]],
        ended: Callable[[Entry, str], None],
    ) -> None:
        self._ledger = ledger
        self._runner = runner
        self._now = now
        self._shown = shown
        self._learn = learn
        self._ended = ended
        self._following: asyncio.Task[None] | None = None
        self._followed = 0
        self.output: tuple[str, ...] = ()
        """The newest lines of the newest command."""

    async def start(
        self, state: State, *, by: str, reason: str = "", unless_held: bool = False
    ) -> Entry | str:
        """Claim, record the intent, start its process; the intent, or why that cannot be done.

        What no person ordered is started only ``unless_held``.
        """
        plan, release = state.setup.plan.rollback, state.setup.release
        if plan is None:
            raise ValueError("whoever starts a rollback asks `rollback_refused` before")
        at, leading = self._now(), state.decided
        attempt = 1 if state.rollback is None else state.rollback.attempt + 1
        body = {
            "command": list(command_of(plan, release)),
            "rule": words.rule(leading) if leading else "decided by a person",
            "reason": reason,
            "timeout": plan.timeout,
            "output": str(self._runner.output_of(release, attempt, at)),
            "elapsed": elapsed(),
            "pace": self._runner.pace,
        }
        try:
            claim = await self._ledger.claim(at=at, body=body, by=by, unless_held=unless_held)
            if claim is None and await self._settle_others():
                claim = await self._ledger.claim(at=at, body=body, by=by, unless_held=unless_held)
        except JournalError as error:
            return f"its intent could not be recorded: {error}"
        if claim is None:
            return self._ledger.refusal or ANOTHER
        problem = await asyncio.to_thread(self._runner.launch, claim)
        if problem:
            await self._not_started(claim, problem)
        return Entry(0, at, EntryKind.INTENT, by, body, claim.attempt)

    async def _not_started(self, claim: Claim, problem: str) -> None:
        body = {"exit_code": None, "timed_out": False, "error": problem, "duration": 0.0}
        # Where that cannot be recorded now, who follows it finds nobody at work.
        with suppress(JournalError):
            await self._ledger.told(claim, at=claim.at, body=body)

    async def _settle_others(self) -> bool:
        """Record what is known of rollbacks of the service that nobody looks after; whether there were any.

        Else the command of a release that is long over would keep everybody from rolling back.
        """
        settled = False
        for claim in await self._ledger.unfinished():
            output = str(claim.body.get("output") or "")
            # What was recorded without a supervisor is only old or not.
            if self._now() - claim.at < (STARTING if output else FORGOTTEN):
                continue  # its supervisor may be about to take the lock that is looked at next
            with _nobody_looks_after(output) as nobody:
                found = await self._known(claim, output) if nobody else None
                if found is not None:
                    await self._ledger.told(claim, at=found[0], body=found[1])
                    settled = True
        return settled

    def follow(self, rollback: Callable[[], Rollback | None]) -> None:
        """Follow the command that runs until it is told what came of it; ``rollback`` is the newest."""
        found = rollback()
        if found is None or not found.running or found.attempt == self._followed:
            return
        self._followed, self.output = found.attempt, ()
        following = self._follow(found, rollback)
        self._following = asyncio.get_running_loop().create_task(following)

    def look_after(self) -> None:
        """Raise what went wrong in here: it must not be lost with its task."""
        if self._following is not None and self._following.done():
            self._following.result()

    async def _follow(self, started: Rollback, rollback: Callable[[], Rollback | None]) -> None:
        tail, since = Tail(Path(started.output)), 0.0
        while True:
            now = rollback()
            over = now is None or now.attempt != started.attempt or not now.running
            lines = tail.read(ended=over) if started.output else ()
            if lines:
                self.output = (*self.output, *lines)[-OUTPUT_LINES:]
            if lines or over:
                self._shown()
            if over:
                return
            await asyncio.sleep(LOOK_EVERY)
            await self._learn()
            since += LOOK_EVERY
            if started.output and (since >= STARTING or _left(started.output) is not None):
                await self._tell_for_it(started, rollback)

    async def _tell_for_it(self, started: Rollback, rollback: Callable[[], Rollback | None]) -> None:
        """Record what came of a command whose supervisor is gone: what it left, or that nobody knows."""
        with _nobody_looks_after(started.output) as nobody:
            if not nobody:
                return
            # It may have told it as its last act.
            await self._learn()
            now = rollback()
            if now is None or now.attempt != started.attempt or not now.running:
                return
            claim, problem = self._ledger.own(started.attempt), ""
            try:
                found = await self._known(claim, started.output)
                if found is None:
                    return
                await self._ledger.told(claim, at=found[0], body=found[1])
            except JournalError as error:
                found = _left(started.output) or (self._now(), _UNKNOWN_OUTCOME)
                problem = f"the outcome of the rollback could not be recorded: {error}"
        self._ended(Entry(0, found[0], EntryKind.OUTCOME, started.by, found[1], started.attempt), problem)

    async def _known(self, claim: Claim, output: str) -> tuple[float, Mapping[str, object]] | None:
        """When and how a command ended that nobody looks after; None while it may run all the same."""
        told = _left(output)
        if told is not None:
            return told
        running = await self._ledger.process(claim)
        if not lives(running):
            return self._now(), _UNKNOWN_OUTCOME
        if self._now() < float(cast("float", running.get("until", math.inf))) + OVERDUE:
            return None
        return self._now(), {**_UNKNOWN_OUTCOME, "error": ENDLESS.format(running["process"])}


@contextmanager
def _nobody_looks_after(output: str) -> Iterator[bool]:
    """Whether no supervisor looks after the command that writes there; none begins to in the meantime."""
    with ExitStack() as stack:
        try:
            nobody = stack.enter_context(lock.held(lock.beside(Path(output)))) if output else True
        except OSError:
            nobody = False  # another user's: who ordered it will say
        yield nobody


def _left(output: str) -> tuple[float, Mapping[str, object]] | None:
    return left.read(Path(output)) if output else None
