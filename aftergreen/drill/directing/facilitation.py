"""What a facilitator in another console is told of a rehearsal, and may do with it."""

from __future__ import annotations

import hmac
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from http import HTTPStatus

from aftergreen.clean import clean
from aftergreen.drill.debriefing.diagnosis import CAUSES
from aftergreen.drill.directing.direction import told_of
from aftergreen.drill.promql.answers import Answer
from aftergreen.drill.rehearsal import Refused, Rehearsal
from aftergreen.drill.service.directed import Act
from aftergreen.drill.service.effects import course, told
from aftergreen.drill.service.faults import Fault
from aftergreen.units import format_clock
from aftergreen.verdict.snapshot import Mark
from aftergreen.words.banner import banner_of

PATH = "/-/drill"
"""Where a rehearsal is directed, at its metrics server."""

HALT = "halt"
"""What halts the time of a rehearsal, or lets it go on; all else is done to a fault."""


@dataclass(frozen=True, slots=True)
class FaultTold:
    """A fault as it stands; ``ready`` where it is none of the scenario's own, and begins when injected."""

    text: str
    standing: str
    going_on: bool
    ready: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A rehearsal as it stands; times are in simulated seconds after the deployment.

    ``mark`` and ``standing`` are how the release stands on the screen of whoever rehearses, ``key`` is when
    the last key was pressed there, ``diagnosis`` what was answered. ``happened`` is what was done, oldest
    first.
    """

    scenario: str
    title: str
    operator: str
    seed: int
    speed: float
    blind: bool
    age: float
    duration: float
    halted: bool
    over: bool
    mark: Mark
    standing: str
    key: float | None
    diagnosis: str
    faults: list[FaultTold]
    happened: list[tuple[float, str]]


class Facilitation:
    """Answers whoever knows the ``token``."""

    def __init__(self, rehearsal: Rehearsal, token: str) -> None:
        self._rehearsal = rehearsal
        self._token = token

    def answer(self, method: str, parameters: Mapping[str, str]) -> Answer:
        """How it stands; before that, for a ``POST``, what is ordered by ``act`` and ``fault`` is done."""
        given = parameters.get("token", "")
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            return _refused(HTTPStatus.FORBIDDEN, "only who started the rehearsal, or shares its journal")
        if method == "POST":
            try:
                self._act(parameters.get("act", ""), parameters.get("fault", ""))
            except Refused as error:
                return _refused(HTTPStatus.CONFLICT, str(error))
        return Answer(HTTPStatus.OK, asdict(told_by(self._rehearsal)))

    def _act(self, act: str, fault: str) -> None:
        if act == HALT:
            self._rehearsal.halt()
            return
        try:
            wanted, number = Act(act), int(fault)
        except ValueError:
            raise Refused(f"nobody knows how to {clean(act, 20)} {clean(fault, 20)}") from None
        self._rehearsal.direct(wanted, number)


def _refused(status: HTTPStatus, why: str) -> Answer:
    return Answer(status, {"error": why})


def told_by(rehearsal: Rehearsal) -> Told:
    """The rehearsal as it stands now."""
    scenario, snapshot, age = rehearsal.scenario, rehearsal.snapshot, rehearsal.age
    over = snapshot is not None and snapshot.release_state.ended
    if snapshot is not None and over:
        age = snapshot.at - rehearsal.drill.release.deployed_at
    banner = None if snapshot is None else banner_of(snapshot, rehearsal.drill.clock.now())
    own = len(scenario.simulation.faults)
    diagnosis = rehearsal.diagnosis
    happened = [(one.at, told_of(scenario, one)) for one in rehearsal.directions]
    return Told(
        scenario=scenario.name,
        title=scenario.title,
        operator=rehearsal.session.wanted.operator,
        seed=rehearsal.seed,
        speed=rehearsal.drill.clock.speed,
        blind=rehearsal.blind,
        age=age,
        duration=rehearsal.drill.plan.timing.duration,
        halted=rehearsal.halted,
        over=over,
        mark=Mark.PENDING if banner is None else banner.mark,
        standing="the watch has not begun" if banner is None else f"{banner.word}  {banner.text}".strip(),
        key=rehearsal.last_key,
        diagnosis=""
        if diagnosis is None
        else f"{diagnosis.indicator.value if diagnosis.indicator else 'no indicator'},"
        f" {CAUSES[diagnosis.cause]}; to {diagnosis.decision.value}",
        faults=[
            FaultTold(told(one), _standing(one, age, ready=number >= own), one.share(age) > 0, number >= own)
            for number, one in enumerate(rehearsal.faults)
        ],
        happened=happened,
    )


def _standing(fault: Fault, age: float, *, ready: bool) -> str:
    """Since when it is there, or when it will be."""
    comes = course(fault)
    more = f", {comes}" if comes else ""
    if not math.isfinite(fault.at):
        return comes if ready else "will not begin"
    if age < fault.at:
        return f"begins at {format_clock(fault.at)}{more}"
    if age >= fault.until + fault.fade:
        stays = ", what leaked stays" if fault.leaks else ""
        return f"over since {format_clock(fault.until)}{stays}"
    ends = f", ends at {format_clock(fault.until)}" if math.isfinite(fault.until) else ""
    return f"since {format_clock(fault.at)}{ends}{more}"
