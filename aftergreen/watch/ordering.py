"""What a person orders: refused with its reason, or recorded and carried out, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Protocol

from aftergreen.clean import clean
from aftergreen.journal import Entry, EntryKind, JournalError
from aftergreen.journal.codec import encode, seal
from aftergreen.verdict.automatic import BY, supports
from aftergreen.verdict.refusals import (
    hold_refused,
    outcome_refused,
    override_refused,
    rollback_refused,
    uninformed,
)
from aftergreen.verdict.state import Countdown, State
from aftergreen.watch.following import DRY_RUN, OVERRIDE, RELEASE
from aftergreen.watch.ledger import Ledger
from aftergreen.watch.log import Log
from aftergreen.watch.orders import RollBack
from aftergreen.watch.overrides import changed, parse_change
from aftergreen.watch.rollbacks import Rollbacks
from aftergreen.watch.said import LONGEST, outcome_of, parse_said

_Refusal = Callable[[State, str], str]
"""Says why something may not be done now, in a state and for a reason why a console is read-only."""

_Record = Callable[[str, str], Awaitable[str]]
"""Records what a sentence says, for a person; what is wrong with it where that cannot be."""


class Ordered(Protocol):
    """What orders change: the watch, as far as they know it."""

    @property
    def state(self) -> State:
        """The release as it stands."""
        ...

    @property
    def read_only(self) -> str:
        """Why this console may do nothing; empty where it may."""
        ...

    async def catch_up(self) -> None:
        """Take over everything that the journal holds by now."""
        ...

    def take_over(self, entry: Entry) -> None:
        """Take over an entry of the journal; twice is as good as once."""
        ...

    def publish(self) -> object:
        """Show the release as it stands."""
        ...


class Ordering:
    """Carries out orders on the loop of their watch; until that is open, they wait."""

    def __init__(
        self, watch: Ordered, ledger: Ledger, log: Log, rollbacks: Rollbacks, now: Callable[[], float]
    ) -> None:
        self._watch = watch
        self._ledger = ledger
        self._log = log
        self._rollbacks = rollbacks
        self._now = now
        self._opened = asyncio.Event()
        self._one = asyncio.Lock()
        self._baseline: Mapping[str, object]

    def open(self, baseline: Mapping[str, object]) -> None:
        """Begin to carry out orders; ``baseline`` is the recorded one, which seals are made over."""
        self._baseline = baseline
        self._opened.set()

    async def done_within(self, seconds: float) -> None:
        """Wait so many real seconds for the order that is being carried out."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._one:
                pass

    async def roll_back(self, order: RollBack) -> str:
        """Run the rollback command, unless something speaks against it: that is logged and returned."""
        reason = clean(order.reason, LONGEST).strip()
        await self._opened.wait()
        async with self._one:
            # What a colleague did since the newest instant counts before the state on this screen.
            await self._watch.catch_up()
            refused = rollback_refused(self._watch.state, self._watch.read_only)
            refused = refused or uninformed(self._watch.state, order.seen, reason)
            started = refused or await self._rollbacks.start(self._watch.state, by=order.by, reason=reason)
            if isinstance(started, str):
                return self._refused("no rollback was started", started)
            await self._watch.catch_up()
            # Also where the journal, which holds it, cannot be read just now.
            self._watch.take_over(started)
            self._watch.publish()
            return ""

    async def act(self, countdown: Countdown) -> str:
        """Roll back for a countdown that is over, or record that it would have been; why that cannot be."""
        async with self._one:
            await self._watch.catch_up()
            state = self._watch.state
            if not _stands(state, countdown) or not supports(state, countdown):
                return ""  # somebody holds it, or was faster
            if countdown.dry:
                return await self._record_dry_run()
            refused = rollback_refused(state, self._watch.read_only)
            started = refused or await self._rollbacks.start(state, by=BY, unless_held=True)
            await self._watch.catch_up()
            if isinstance(started, str):
                # Held or claimed in this very moment: what was recorded says by whom.
                over = not _stands(self._watch.state, countdown)
                self._watch.publish()
                return "" if over else started
            self._watch.take_over(started)
            self._watch.publish()
            return ""

    async def _record_dry_run(self) -> str:
        try:
            body = {"action": DRY_RUN}
            await self._ledger.write(EntryKind.AUTOMATIC, at=self._now(), body=body, by=BY)
        except JournalError as error:
            return f"it could not be recorded: {error}"
        await self._watch.catch_up()
        self._watch.publish()
        return ""

    async def hold(self, reason: str, *, by: str) -> None:
        """Keep the release from being rolled back without a person; the log says why that cannot be."""
        await self._on_record("nothing was held", hold_refused, self._record_hold, reason, by)

    async def release(self, *, by: str) -> None:
        """End a hold; the log says why that cannot be."""
        await self._on_record("nothing was released", hold_refused, self._record_release, "", by)

    async def settle(self, text: str, *, by: str) -> None:
        """Record what a person says came of a rollback; where that cannot be, the log says why."""
        await self._on_record("no outcome was recorded", outcome_refused, self._record_outcome, text, by)

    async def override(self, text: str, *, by: str) -> None:
        """Change a threshold as the sentence says, on the record; where that cannot be, the log says why."""
        await self._on_record("no threshold was changed", override_refused, self._record_override, text, by)

    async def note(self, text: str, *, by: str) -> None:
        """Write a remark into the log and the journal."""
        await self._opened.wait()
        remark, at = clean(text), self._now()
        self._ledger.record(EntryKind.OPERATOR, at, {"action": "note", "text": remark}, by)
        self._log.note(at, remark, by)
        self._watch.publish()

    async def _on_record(self, nothing: str, refused: _Refusal, record: _Record, text: str, by: str) -> None:
        """Record what a sentence says, and follow it like a colleague's; or log why that cannot be."""
        await self._opened.wait()
        async with self._one:
            await self._watch.catch_up()
            try:
                problem = refused(self._watch.state, self._watch.read_only) or await record(text, by)
            except JournalError as error:
                problem = f"it could not be recorded: {error}"
            if problem:
                self._refused(nothing, problem)
                return
            await self._watch.catch_up()
            self._watch.publish()

    def _refused(self, nothing: str, problem: str) -> str:
        self._log.note(self._now(), f"{nothing}: {problem}")
        self._watch.publish()
        return problem

    async def _record_hold(self, reason: str, by: str) -> str:
        hold = self._watch.state.hold
        reason = clean(reason, LONGEST).strip()
        if hold is not None and (hold.by != by or hold.reason or not reason):
            return f"{hold.by} holds it already"
        recorded = await self._ledger.hold(at=self._now(), body={"reason": reason}, by=by)
        return "" if recorded else "a rollback was started before"

    async def _record_release(self, _text: str, by: str) -> str:
        if self._watch.state.hold is None:
            return "nobody holds it"
        await self._ledger.write(EntryKind.OPERATOR, at=self._now(), body={"action": RELEASE}, by=by)
        return ""

    async def _record_outcome(self, text: str, by: str) -> str:
        rollback = self._watch.state.rollback
        if rollback is None:
            raise ValueError("whoever records an outcome asks `outcome_refused` before")
        try:
            body = outcome_of(parse_said(text), by)
        except ValueError as error:
            return str(error)
        recorded = await self._ledger.settle(rollback.attempt, at=self._now(), body=body, by=by)
        return "" if recorded else "somebody else was first: look again"

    async def _record_override(self, text: str, by: str) -> str:
        state = self._watch.state
        try:
            change = parse_change(state.setup.plan, text)
        except ValueError as error:
            return str(error)
        recorded = await self._ledger.override(
            against=state.seal,
            seal=seal(changed(state.setup.plan, change), self._baseline),
            at=self._now(),
            body={"action": OVERRIDE, **encode(change)},
            by=by,
        )
        return "" if recorded else "somebody else changed one at the same time: look again"


def _stands(state: State, countdown: Countdown) -> bool:
    """Whether it is the countdown of a state; its rule may have gone on meanwhile."""
    return state.countdown is not None and state.countdown.at == countdown.at
