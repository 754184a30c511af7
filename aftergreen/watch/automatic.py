"""Rolling back without a person: announced to every console, counted down, and then ordered once."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping

from aftergreen.journal import EntryKind, JournalError
from aftergreen.journal.codec import encode
from aftergreen.model import Automatic
from aftergreen.verdict.automatic import BY, acting_on, watches_over
from aftergreen.verdict.proposals import proposals
from aftergreen.verdict.state import EPSILON, Countdown, State
from aftergreen.watch.following import COUNTDOWN, STOPPED
from aftergreen.watch.ledger import Ledger

LOOK_EVERY = 1.0
"""Seconds between two looks at the journal while somebody may hold the release, or release it."""

ATTENDED = 2.0
"""Seconds for which a console may have stood still and still have shown its countdown to somebody."""


class Countdowns:
    """What one console does for its release without a person.

    It acts on what is breached now, and only after it has itself watched a whole countdown: not for a past
    that it reads late, nor when it wakes up behind a countdown that nobody could see. ``act`` rolls back for
    a countdown that is over, ``learn`` takes over what the journal holds, ``state`` is the release as it
    stands and ``now`` the backend's time.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        state: Callable[[], State],
        now: Callable[[], float],
        learn: Callable[[], Awaitable[None]],
        act: Callable[[Countdown], Awaitable[str]],
        trouble: Callable[[str], None],
    ) -> None:
        self._ledger = ledger
        self._state = state
        self._now = now
        self._learn = learn
        self._act = act
        self._trouble = trouble
        self._seen: float | None = None
        self._since = math.inf
        self.looks_on = False
        """Whether this console may do nothing at all."""
        self.doubt = ""
        """What is in doubt on this machine, so that nothing acts here; empty where nothing is."""

    def next_look(self) -> float:
        """When the release has to be looked at next, whatever instant is due; infinite where it need not."""
        state, now = self._state(), self._now()
        counting = state.countdown
        if not watches_over(state):
            return math.inf
        if counting is None:
            # A countdown may begin, or a hold end, on another console.
            unsettled = proposals(state) or state.hold is not None or state.blind_since is not None
            return now + LOOK_EVERY if unsettled else math.inf
        ready = max(counting.due, self._since + self._grace(state))
        return min(now + LOOK_EVERY, ready) if ready > now else now + LOOK_EVERY

    def interrupted(self, seconds: float) -> None:
        """Nothing ran here for so long: nobody saw what was counted down meanwhile."""
        if seconds >= ATTENDED:
            self._since = math.inf

    async def attend(self, *, current: bool) -> None:
        """Announce a countdown, or act when one is over; ``current`` says that the state is that of now."""
        state, now = self._state(), self._now()
        counting = state.countdown
        began = None if counting is None else counting.at
        if began is None or began != self._seen or math.isinf(self._since):
            self._seen, self._since = began, now
        if self.looks_on:
            return
        if self.doubt:
            await self._stop(counting, now)
            return
        if not current or acting_on(state) is None:
            return
        if counting is None:
            await self._announce(state, now)
            return
        watched = now - self._since + EPSILON >= self._grace(state)
        if now + EPSILON >= counting.due and watched:
            problem = await self._act(counting)
            if problem:
                # Once more from the start, where everybody sees it.
                self._since = math.inf
                self._trouble(f"nothing was rolled back without a person: {problem}")
        elif counting.lapsed(now) and not watched:
            await self._announce(state, now)

    async def _announce(self, state: State, now: float) -> None:
        rule = acting_on(state)
        if rule is None:
            return
        body: Mapping[str, object] = {
            "action": COUNTDOWN,
            "signal": rule.signal.key,
            "rule": encode(rule.rule),
            "grace": self._grace(state),
            "dry": state.setup.plan.automatic is Automatic.DRY_RUN,
        }
        if not await self._write(body, now):
            return
        # Everybody counts from the time of the entry, whoever wrote it.
        counting = self._state().countdown
        self._seen, self._since = (None, math.inf) if counting is None else (counting.at, counting.at)

    async def _stop(self, counting: Countdown | None, now: float) -> None:
        """Stop a countdown whose end nobody on this machine can tell."""
        if counting is not None and not counting.lapsed(now):
            await self._write({"action": STOPPED, "why": self.doubt}, now)

    async def _write(self, body: Mapping[str, object], now: float) -> bool:
        """Record something and take it over; False where that cannot be."""
        try:
            await self._ledger.write(EntryKind.AUTOMATIC, at=now, body=body, by=BY)
        except JournalError as error:
            self._trouble(f"nothing is rolled back without a person: it could not be recorded: {error}")
            return False
        await self._learn()
        return True

    def _grace(self, state: State) -> float:
        plan = state.setup.plan.rollback
        return plan.grace if plan is not None else math.inf
