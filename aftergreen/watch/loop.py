"""The loop that joins source, step, journal and rollback; it knows no screen."""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from dataclasses import replace

from aftergreen.clock import Clock, Pulse, sleep_unless
from aftergreen.journal import Entry, EntryKind, JournalError
from aftergreen.journal.writer import Writer
from aftergreen.model import Plan, Release
from aftergreen.preflight.opening import opened
from aftergreen.sources.protocol import Source
from aftergreen.units import format_duration
from aftergreen.verdict.automatic import is_current
from aftergreen.verdict.begin import begin
from aftergreen.verdict.present import present
from aftergreen.verdict.snapshot import Context, Snapshot
from aftergreen.verdict.state import Event, EventKind, Events, State
from aftergreen.verdict.step import abandon, over, step
from aftergreen.watch.asking import Answers, Asking, Due
from aftergreen.watch.automatic import Countdowns
from aftergreen.watch.following import acted, followed
from aftergreen.watch.joining import identified, joined
from aftergreen.watch.ledger import Ledger
from aftergreen.watch.log import Log
from aftergreen.watch.ordering import Ordering
from aftergreen.watch.presence import Presence
from aftergreen.watch.rollbacks import Rollbacks, Runner
from aftergreen.watch.wanted import Report, Wanted

LEAVING = 5.0
"""Real seconds for which leaving waits for an order that is being carried out, and for the journal."""

GOES_ON_WITH = "{} watches on"

UNWATCHED = "nobody watches any more, and the rollback goes on: watch this version again to follow it"

STEP = 2.0
"""Seconds by which a clock must be set at once for anybody to be told; less is how clocks are kept right."""

GOES_ON = "the watch goes by the seconds that pass"

OVERSLEPT = 5.0
"""Seconds, and one interval at least, by which a wait must be too long for anybody to be told."""

LEFT = "this console was left before the command was started"

DRAINING = 60.0
"""Real seconds for which the end of a watch waits until the journal has taken everything."""


class Watch:
    """One watch of one release, from preflight to its end.

    Everything runs on one event loop; orders must be given on it (see `aftergreen.watch.thread` for callers
    elsewhere).
    """

    def __init__(
        self,
        plan: Plan,
        wanted: Wanted,
        *,
        source: Source,
        journal: Writer,
        clock: Clock,
        runner: Runner,
        presence: Presence,
        report: Report,
    ) -> None:
        self._plan = wanted.of(plan)
        self._wanted = wanted
        self._source = source
        self._clock = clock
        self._report = report
        self._ledger = Ledger(journal, presence, now=self._backend_now, trouble=self._trouble)
        self._log = Log(self._ledger.record)
        self._rollbacks = Rollbacks(
            self._ledger,
            runner,
            now=self._backend_now,
            shown=self.publish,
            learn=self._look,
            ended=self._rolled_back,
        )
        self.orders = Ordering(self, self._ledger, self._log, self._rollbacks, self._backend_now)
        """Carries out what a person orders, except leaving."""
        self._countdowns = Countdowns(
            self._ledger,
            state=lambda: self._state,
            now=self._backend_now,
            learn=self.catch_up,
            act=self.orders.act,
            trouble=self._trouble,
        )
        self._wake = asyncio.Event()
        self._pulse = Pulse()
        self._stepped = 0.0
        self._left = ""
        self._asking: Asking
        self._state: State
        self._sound: State
        self._context: Context

    async def run(self) -> Snapshot:
        """Watch to the end and return the last snapshot; raises `PreflightFailed` and `JournalError`.

        Source and journal are closed when it returns: a watch runs once.
        """
        try:
            async with self._pulse:
                return await self._watch()
        finally:
            self._ledger.refuse(LEFT)
            await self._source.close()
            await self.orders.done_within(DRAINING)
            if not await self._ledger.close(DRAINING):
                self._report.progress("the journal did not take everything: its disk does not answer")

    async def _watch(self) -> Snapshot:
        await self._open()
        while not await self._ended():
            await self._turn()
            self._rollbacks.look_after()
        self._ledger.record_instants(*self._asking.let_go())
        if not (self._goes_on_without() or (self._left and self._ledger.others)):
            self._ledger.record_end(self._state)
        self.publish()
        # What could not be written stands in the last snapshot.
        await self._ledger.flush(LEAVING)
        return self.publish()

    def _goes_on_without(self) -> bool:
        """Whether a rollback command runs when this console leaves: the release is not over then."""
        return self._state.rollback is not None and self._state.rollback.running

    def _why_left(self) -> str:
        """What becomes of a release whose console is left."""
        if self._goes_on_without():
            return UNWATCHED
        others = self._ledger.others
        watched = GOES_ON_WITH.format(others[0]) if others else "nobody watches any more"
        counting = self._state.countdown
        if counting is None:
            return watched
        left = format_duration(round(counting.left(self._backend_now())))
        return f"left {left} before an automatic rollback, none was run; {watched}"

    async def _ended(self) -> bool:
        """Whether the watch is over; an order that is being carried out comes first."""
        if not self._left and not over(self._state):
            return False
        self._ledger.refuse(LEFT if self._left else "the release has ended")
        # Who leaves does not wait for a disk that does not answer.
        await self.orders.done_within(LEAVING if self._left else DRAINING)
        if self._left and not over(self._state):
            await self._ledger.learn()
            self._take(abandon(self._state, self._why_left(), by=self._left))
        if not over(self._state):
            self._ledger.refuse("")
        return over(self._state)

    def abandon(self, *, by: str) -> None:
        """Stop watching. A rollback command that runs goes on, and with it the release."""
        self._left = by or "the operator"
        self._wake.set()

    # Opening

    async def _open(self) -> None:
        async def identify(now: float) -> tuple[Plan, Release]:
            return await identified(self._ledger, self._wanted, self._plan, now)

        opening = await opened(
            self._source,
            self._clock,
            self._plan,
            identify=identify,
            earlier=self._ledger.earlier,
            chosen=self._wanted.baseline,
            progress=self._report.progress,
        )
        self._report.findings(opening.sound().checked.findings)
        found = await joined(self._ledger, self._wanted, opening)
        self._context = found.context
        self._take(begin(found.setup, opening.checked.past.instants))
        self._sound = self._state
        if found.chosen:
            self._log.note(self._backend_now(), found.chosen, self._wanted.operator)
        self._asking = Asking(opening.source, self._state.at)
        self.orders.open(found.baseline)
        self._countdowns.looks_on = bool(self.read_only)
        self.publish()

    # Polling

    async def _turn(self) -> None:
        """Wait for the next instant of the grid, ask for all that are due, and judge them in order.

        In between the release may have to be looked at, because it is about to be rolled back.
        """
        lag = self._state.setup.plan.backend.lag
        upcoming = min(self._asking.upcoming(self._state) + lag, self._countdowns.next_look())
        # What is late already was not slept through.
        awaited = max(upcoming, self._backend_now())
        await sleep_unless(self._clock, upcoming - self._backend_now(), self._wake)
        self._note_step()
        self._slept(self._backend_now() - awaited)
        due = self._asking.due(self._state, self._backend_now() - lag)
        if due.times and not self._left:
            await self._judge_due(due)
        elif not self._left:
            await self._look()
        if not self._left and not over(self._state):
            await self._act()

    async def _act(self) -> None:
        """Do what is done without a person, on what is known now."""
        # It may have slept while it asked.
        self._slept(0.0)
        await self._countdowns.attend(current=is_current(self._state, self._backend_now()))
        if self._state.countdown is not None or self._state.hold is not None:
            self.publish()

    async def _judge_due(self, due: Due) -> None:
        view = self._state.view
        answers = await self._asking.ask(self._state, self._sound, due, self._report.progress)
        await self._ledger.learn()
        self._context = replace(self._context, others=self._ledger.others)
        await self._superseded()
        if not answers.again:
            self._follow(answers.instants[0].at)
        # A rollback that ended meanwhile changed whose windows are looked through.
        if self._state.view == view and not over(self._state):
            self._judge(answers)

    def _note_step(self) -> None:
        """Say that somebody set the machine's clock; the watch goes by the seconds that pass."""
        stepped = self._clock.stepped()
        if abs(stepped - self._stepped) >= STEP:
            apart = format_duration(round(abs(stepped - self._stepped)))
            way = "forward" if stepped > self._stepped else "back"
            told = f"this machine's clock was set {way} by {apart}"
            self._log.note(self._backend_now(), f"{told}; {GOES_ON}")
            self._stepped = stepped
            self._context = replace(self._context, clock=told)
            self._countdowns.doubt = told

    def _slept(self, overslept: float) -> None:
        """Notice that nothing ran here for a while: nobody shall take it for a backend that was away."""
        seconds = max(overslept, self._pulse.missed())
        self._countdowns.interrupted(seconds)
        if seconds >= max(OVERSLEPT, self._state.setup.plan.timing.interval) and not self._wanted.simulated:
            asleep = f"nothing ran here for {format_duration(round(seconds))}, as when a machine sleeps"
            self._log.note(self._backend_now(), f"{asleep}: what was missed is read now")

    async def _superseded(self) -> None:
        newer = self._ledger.superseded_by
        if newer is not None:
            self._take(abandon(self._state, f"superseded by {newer.version}"))

    def _judge(self, answers: Answers) -> None:
        """Step through the instants in order, those that were asked again from where sight was lost.

        What is judged while the backend does not answer is provisional, and recorded when it is final.
        """
        lost = self._state.blind_since
        again = answers.again if self._state.rollback is None else ()
        missed = self._asking.accept(answers)
        if again:
            self._state = self._sound
        else:
            self._ledger.record_instants(*missed)
        view = self._state.view
        for instant in (*again, *answers.instants):
            self._follow(instant.at)
            if self._state.view != view:
                self._asking.back_to(self._state.at)
                break
            if answers.answered:
                self._ledger.record_instants(instant)
            self._take(step(self._state, instant))
            if over(self._state):
                break
        if again and lost is not None and self._state.blind_since is None:
            seen_again = answers.instants[-1].at
            self._log.tell((Event(seen_again, EventKind.SIGHT, seconds=seen_again - lost),))
        if answers.answered:
            self._sound = self._state
        self.publish()

    # Following the journal

    async def catch_up(self) -> None:
        """Learn and take over everything that the journal holds by now, whatever its writer's clock says."""
        with suppress(JournalError):
            await self._ledger.learn_all()
        self._follow(math.inf)

    async def _look(self) -> None:
        """Take over what the journal holds by now, unless its disk is slow."""
        await self._ledger.learn()
        self._follow(math.inf)

    def _follow(self, until: float) -> None:
        """Take over what was recorded up to a time, by this console or another one."""
        for entry in self._ledger.until(until):
            self.take_over(entry)

    def take_over(self, entry: Entry) -> None:
        """Take over an entry of the journal; twice is as good as once."""
        with suppress(JournalError):
            # What is judged again once sight is back is judged by it as well.
            self._sound, _ = acted(self._sound, entry)
            self._take(followed(self._state, entry))
        if entry.kind in (EntryKind.OUTCOME, EntryKind.SAID):
            self._ledger.record_instants(*self._asking.let_go())
        self._rollbacks.follow(lambda: self._state.rollback)

    def _rolled_back(self, outcome: Entry, problem: str) -> None:
        """Take over an outcome that the journal did not tell."""
        if problem:
            self._log.note(outcome.at, problem)
        self.take_over(outcome)
        self.publish()

    # Telling

    @property
    def state(self) -> State:
        """The release as it stands."""
        return self._state

    @property
    def read_only(self) -> str:
        """Why this console may do nothing; empty where it may."""
        return self._context.read_only

    def publish(self) -> Snapshot:
        """Show the release as it stands."""
        snapshot = present(self._state, self._context, events=self._log.events, output=self._rollbacks.output)
        self._report.snapshot(snapshot)
        return snapshot

    def _take(self, result: tuple[State, Events]) -> None:
        self._state, events = result
        self._log.tell(events)

    def _trouble(self, text: str) -> None:
        if self._log.note_trouble(self._backend_now(), text):
            self.publish()

    def _backend_now(self) -> float:
        return self._clock.now() - self._context.offset
