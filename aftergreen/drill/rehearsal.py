"""A rehearsal under way: what its console tells it, and what becomes of that when it is over."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from aftergreen.drill.clocks import DrillClock
from aftergreen.drill.debriefing.diagnosis import Diagnosis
from aftergreen.drill.debriefing.rehearsed import Rehearsed
from aftergreen.drill.debriefing.score import Deeds, deeds
from aftergreen.drill.played import Alone, left_alone, watching
from aftergreen.drill.scenario.model import Scenario
from aftergreen.drill.service.directed import Act, Direction
from aftergreen.drill.service.faults import Fault
from aftergreen.drill.world import Drill
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.watch.loop import Watch
from aftergreen.watch.session import Session
from aftergreen.watch.wanted import Report

CALLED = "DRILL"
"""What its screens say before all else."""


class Refused(Exception):
    """What cannot be done to a rehearsal now; the text says why."""


@dataclass(eq=False)
class Rehearsal:
    """What is rehearsed, by whom, and what was done so far.

    ``named`` is how the scenario was asked for, ``speed`` None where the clock leaps. ``person`` says whether
    one looks at it, ``acts`` whether anybody can act, be it the rules. ``snapshot`` is the newest that was
    seen of the watch.
    """

    drill: Drill
    scenario: Scenario
    session: Session
    seed: int
    named: str = ""
    speed: float | None = None
    blind: bool = False
    person: bool = True
    acts: bool = True
    snapshot: Snapshot | None = None
    at: float = field(default_factory=time.time)
    directions: list[Direction] = field(default_factory=list)
    _keys: list[float] = field(default_factory=list)
    _said: list[Diagnosis] = field(default_factory=list)
    _alone: Future[Alone] | None = None

    @property
    def called(self) -> str:
        """What the screens say of it."""
        return f"{CALLED} HALTED" if self.halted else CALLED

    @property
    def halted(self) -> bool:
        """Whether time stands still."""
        return isinstance(self.drill.clock, DrillClock) and self.drill.clock.halted

    def halt(self) -> None:
        """Let time stand still, or go on; raises `Refused`."""
        self._refuse_late()
        if isinstance(self.drill.clock, DrillClock):
            self.drill.clock.halt()

    @property
    def faults(self) -> Sequence[Fault]:
        """The scenario's own faults as they are now, and behind them those that can be injected."""
        return self.drill.server.faults

    def direct(self, act: Act, number: int) -> None:
        """Do this to one of the faults; raises `Refused`."""
        self._refuse_late()

        def decide(faults: Sequence[Fault], now: float) -> Direction:
            age = now - self.drill.release.deployed_at
            if not 0 <= number < len(faults):
                raise Refused(f"there is no fault {number + 1}, only {len(faults)} of them")
            fault = faults[number]
            there = math.isfinite(fault.at) and age < fault.until + fault.fade
            if act is Act.INJECT and there and fault.at <= age:
                raise Refused("it has begun already")
            if act is not Act.INJECT and not there:
                raise Refused("it is not there: inject it first")
            # Rounded up it would lie in the future.
            return Direction(math.floor(age * 1000) / 1000, act, number)

        self.directions.append(self.drill.server.direct(decide))

    def _refuse_late(self) -> None:
        ended = self.snapshot is not None and self.snapshot.release_state.ended
        if ended or self._alone is not None:
            raise Refused("the rehearsal is over")

    @property
    def age(self) -> float:
        """Seconds since the deployment."""
        return self.drill.clock.now() - self.drill.release.deployed_at

    @property
    def diagnosis(self) -> Diagnosis | None:
        """What somebody answered last; None where the questions are open."""
        return self._said[-1] if self._said else None

    @property
    def last_key(self) -> float | None:
        """When the last key was pressed, in seconds after the deployment."""
        return self._keys[-1] if self._keys else None

    def pressed(self) -> None:
        """Somebody pressed a key; who does so when it is over has noticed nothing by that."""
        if self._alone is None:
            self._keys.append(self.age)

    def said(self, diagnosis: Diagnosis) -> None:
        """Somebody answered the questions; the journal holds it where it was given during the watch."""
        self._said.append(diagnosis)

    def watching(self, session: Session, report: Report) -> Watch:
        """A watch without a screen, of which the newest snapshot is kept."""

        def heard(snapshot: Snapshot) -> None:
            self.snapshot = snapshot
            report.snapshot(snapshot)

        return watching(self.drill)(session, replace(report, snapshot=heard))

    def over(self, *, compared: bool = True) -> None:
        """Nobody acts any more: work out what would have happened where nobody had, if that is compared."""
        if self._alone is None:
            if self.halted and isinstance(self.drill.clock, DrillClock):
                self.drill.clock.halt()
            self._alone = Future()
            if not compared:
                self._alone.set_result(Alone(None, {}))
                return
            # Whoever leaves does not wait for it.
            given = (self._alone, tuple(self.directions))
            threading.Thread(target=self._work_out, args=given, name="drill-alone", daemon=True).start()

    def _work_out(self, alone: Future[Alone], directions: Sequence[Direction]) -> None:
        try:
            # Below the journal's own folder, which is deleted whatever becomes of this process.
            place = self.session.paths.journal.parent
            alone.set_result(left_alone(self.scenario, self.seed, place, directions, rules=self.person))
        except BaseException as error:  # noqa: BLE001  # whoever asks for it is told
            alone.set_exception(error)

    @property
    def failed(self) -> str:
        """Why that could not be worked out; empty where it could, or may yet."""
        error = self._alone.exception() if self._alone is not None and self._alone.done() else None
        return "" if error is None else str(error) or repr(error)

    @property
    def worked_out(self) -> bool:
        """Whether `rehearsed` knows that by now, as far as it ever will."""
        return self._alone is not None and self._alone.done()

    def rehearsed(self, *, wait: bool = False) -> Rehearsed:
        """What is known of it so far; ``wait`` for what takes seconds to work out.

        Raises `JournalError`.
        """
        done = self._done() if self.acts else None
        found = Rehearsed(
            self.scenario,
            self.seed,
            done,
            self.person,
            operator=self.session.wanted.operator,
            at=self.at,
            speed=self.speed,
            blind=self.blind,
            named=self.named,
            directions=tuple(self.directions),
        )
        alone = self._alone
        if alone is None or not (wait or alone.done()) or alone.exception() is not None:
            return found
        known = alone.result()
        acted = done is not None and done.by_rules
        return replace(found, others=known.others, ruled=None if acted else known.ruled)

    def _done(self) -> Deeds:
        done = deeds(self.session.paths.journal)
        written = [replace(one, at=None) for one in done.diagnoses]
        # A watch that has ended writes nothing any more.
        late = [one for one in self._said if replace(one, at=None) not in written]
        return replace(done, keys=tuple(self._keys), diagnoses=(*done.diagnoses, *late))
