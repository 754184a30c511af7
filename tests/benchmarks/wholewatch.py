"""One whole watch on simulated traffic, and what the pure engine says of the very same readings.

Three things are made up:

- the clock: time passes only while the watch waits for it;
- the backend: its readings are those that the scorecard gives to the engine, and after a rollback those of a
  previous version that does not fail;
- the supervisor: to start some 12,000 processes would take longer than all the rest. What is launched for a
  claim records at once, through a journal of its own, that the command succeeded.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from aftergreen.journal import Claim, EntryKind, Journal, open_journal
from aftergreen.journal.writer import Writer
from aftergreen.model import Indicator, Instant, Plan, Reading, Release, Signal, Timing, View
from aftergreen.verdict.automatic import acting_on
from aftergreen.verdict.begin import begin
from aftergreen.verdict.proposals import acts_on
from aftergreen.verdict.state import EPSILON, ReleaseState, State
from aftergreen.verdict.step import over, step
from aftergreen.watch.following import COUNTDOWN
from aftergreen.watch.loop import Watch
from aftergreen.watch.presence import Presence
from aftergreen.watch.rollbacks import Runner
from aftergreen.watch.wanted import Report, Wanted
from tests.automatic import GRACE, automatic
from tests.benchmarks.scorecard import reading_of
from tests.benchmarks.traffic import INTERVAL, Traffic
from tests.made_up import HeldClock, MadeUpSource
from tests.rig import UNDO
from tests.scenario import DEPLOYED_AT, GOOD, errors, keyed, only, setup

MEMORY = Path("/dev/shm")  # noqa: S108  # a temporary directory is made there


@dataclass(frozen=True, slots=True)
class Engine:
    """What the pure engine says of a release.

    ``acts`` is the age at which it would first roll back by itself. ``countdowns`` are those at which a watch
    must begin to count down, ``claim`` the one at which it must claim. None is never.
    """

    acts: float | None
    countdowns: tuple[float, ...]
    claim: float | None


@dataclass(frozen=True, slots=True)
class Watched:
    """What a whole watch recorded: the ages of its countdowns and of its claims, beside the engine's word.

    ``state`` is the one it ended in.
    """

    engine: Engine
    countdowns: tuple[float, ...]
    claims: tuple[float, ...]
    state: str

    def faults(self, grace: float) -> Iterator[str]:
        """What may never be, one sentence each; ``grace`` in seconds."""
        expected = () if self.engine.claim is None else (self.engine.claim,)
        if len(self.claims) > 1:
            yield f"claimed {len(self.claims)} times: {self.claims}"
        for claim in self.claims:
            began = max((age for age in self.countdowns if age <= claim), default=None)
            if began is None or claim + EPSILON < began + grace:
                yield f"claimed at {claim:g} s, within the grace of the countdown at {began}"
        found = (
            ("counted down from", self.countdowns, self.engine.countdowns),
            ("claimed at", self.claims, expected),
        )
        for what, ages, due in found:
            if [round(age, 3) for age in ages] != [round(age, 3) for age in due]:
                yield f"{what} {ages}, the engine on the same readings: {due}"
        if bool(self.claims) is not (self.state == ReleaseState.ROLLED_BACK.value):
            yield f"ended {self.state} after {len(self.claims)} claims"


@dataclass(slots=True)
class Drawn:
    """The readings of one release, drawn once for whoever asks: ``at(n)`` is that of the nth instant."""

    intervals: Iterator[tuple[int, int]]
    _recent: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=round(60 / INTERVAL)))
    _total: tuple[int, int] = (0, 0)
    _known: list[Reading] = field(default_factory=list)

    def at(self, number: int) -> Reading:
        """The reading of an instant; the first is 1."""
        while len(self._known) < number:
            trials, failures = next(self.intervals)
            self._recent.append((trials, failures))
            self._total = self._total[0] + trials, self._total[1] + failures
            self._known.append(reading_of(self._recent, self._total))
        return self._known[number - 1]


class Backend(MadeUpSource):
    """A source of the readings of one release, and of a previous version that does not fail."""

    def __init__(self, drawn: Drawn, per_minute: float, clock: HeldClock, plan: Plan) -> None:
        self._drawn = drawn
        self._per_minute = per_minute
        usual: Mapping[str, Reading] = {str(key): reading for key, reading in keyed(GOOD, plan).items()}
        super().__init__(clock, lambda _at, _view: usual)

    def _instant(self, signals: Sequence[Signal], at: float, view: View) -> Instant:
        if view.since is None:
            return super()._instant(signals, at, view)
        (signal,) = signals
        passed = round((at - view.since) / INTERVAL)
        if view.since == DEPLOYED_AT:
            return Instant(at, {signal.key: self._drawn.at(passed)})
        counted = passed * self._per_minute * INTERVAL / 60
        undone = replace(errors(0.0, self._per_minute), total=(counted, 0.0))
        return Instant(at, {signal.key: undone})


def plan_of(grace: float) -> Plan:
    """The scorecard's plan, which rolls back without a person after so many seconds."""
    undo = automatic(grace=grace, given=replace(UNDO, timing=Timing(duration=1800.0)))
    return only(undo, lambda signal: signal.indicator is Indicator.ERROR_RATE)


def by_engine(state: State, drawn: Drawn) -> Engine:
    """What the pure engine says from its beginning on, and what countdowns follow from that.

    An instant is known ``lag`` after its time; what is known by the second at which a countdown is over can
    still stop it.
    """
    plan = state.setup.plan
    (signal,) = plan.signals
    lag, grace = plan.backend.lag, plan.rollback.grace if plan.rollback is not None else 0.0
    acts: float | None = None
    due: float | None = None
    countdowns: list[float] = []
    number = 0
    while not over(state):
        number += 1
        at = DEPLOYED_AT + number * INTERVAL
        if due is not None and due + EPSILON < at + lag:
            return Engine(acts, tuple(countdowns), due - DEPLOYED_AT)
        state, _ = step(state, Instant(at, {signal.key: drawn.at(number)}))
        if acts is None and acts_on(state) is not None:
            acts = at - DEPLOYED_AT
        if acting_on(state) is None:
            due = None
        elif due is None:
            countdowns.append(at + lag - DEPLOYED_AT)
            due = at + lag + grace
    return Engine(acts, tuple(countdowns), None)


class Releases:
    """Watches of releases that share a journal; each is of a service of its own."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._folder = folder
        self._place = folder / "journal.db"
        self._plan = plan
        self._begun, _ = begin(setup(plan))
        self._journal: Journal = open_journal(self._place)

    def close(self) -> None:
        self._journal.close()

    async def watched(self, name: str, drawn: Drawn, per_minute: float) -> Watched:
        """Watch one release from preflight to its end."""
        plan = replace(self._plan, service=replace(self._plan.service, name=name))
        clock = HeldClock(DEPLOYED_AT)
        wanted = Wanted("v2.4.1", "v2.4.0", lambda _now: DEPLOYED_AT, "ana@bastion2")
        watch = Watch(
            plan,
            wanted,
            source=Backend(drawn, per_minute, clock, plan),
            journal=Writer(lambda: open_journal(self._place, "ana@bastion2/1")),
            clock=clock,
            runner=Runner(self._succeed, self._output_of, clock.speed),
            presence=Presence(self._folder / "watchers", wanted.operator),
            report=Report(lambda _snapshot: None, lambda _findings: None, lambda _text: None),
        )
        last = (await watch.run()).state
        countdowns, claims = self._recorded(last.setup.release)
        return Watched(by_engine(self._begun, drawn), countdowns, claims, last.state.value)

    def _output_of(self, release: Release, attempt: int, _at: float) -> Path:
        return self._folder / f"{release.service}-{attempt}.log"

    def _succeed(self, claim: Claim) -> str:
        """What a supervisor records whose command succeeded at once; called in a thread of its own."""
        journal = open_journal(self._place, "supervisor")
        try:
            body = {"exit_code": 0, "timed_out": False, "error": "", "duration": 0.0}
            journal.outcome(claim, at=claim.at, body=body)
        finally:
            journal.close()
        return ""

    def _recorded(self, release: Release) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The ages at which countdowns began and claims were made, as the journal has them."""
        kinds = (EntryKind.AUTOMATIC, EntryKind.INTENT)
        entries = [*self._journal.entries(release, kinds=kinds)]
        begun = [e.at - DEPLOYED_AT for e in entries if e.body.get("action") == COUNTDOWN]
        claimed = [e.at - DEPLOYED_AT for e in entries if e.kind is EntryKind.INTENT]
        return tuple(begun), tuple(claimed)


async def _all(folder: Path, plan: Plan, traffic: Traffic, runs: int, seed: str) -> list[Watched]:
    drawing = random.Random(seed)  # a simulation
    releases = Releases(folder, plan)
    try:
        return [
            await releases.watched(
                f"checkout-{number}",
                Drawn(traffic.intervals(random.Random(drawing.random()))),
                traffic.per_minute,
            )
            for number in range(runs)
        ]
    finally:
        releases.close()


def chunk(traffic: Traffic, runs: int, seed: str, grace: float = GRACE) -> list[Watched]:
    """So many whole watches, one after the other."""
    memory = MEMORY if MEMORY.is_dir() else None
    with TemporaryDirectory(prefix="wholepath-", dir=memory) as folder:
        return asyncio.run(_all(Path(folder), plan_of(grace), traffic, runs, seed))
