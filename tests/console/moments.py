"""The moments of a release that the console has to tell apart, each reached through the real engine."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import ParamSpec

from aftergreen.model import Automatic, Indicator, Kind, Reading
from aftergreen.verdict.snapshot import Context
from tests.automatic import automatic
from tests.console.story import CONNECTIONS, ERRORS, LATENCY, ORDERS, REGISTRATIONS, Story, busy_plan
from tests.scenario import only, plan

WHO = "ana@bastion2"

FAILING = {ERRORS: 0.05}
"""One request in twenty answers 5xx: five times the limit."""


Given = ParamSpec("Given")


def reached_once(tell: Callable[Given, Story]) -> Callable[Given, Story]:
    """The engine walks to a moment once; whoever asks for it gets a story of their own to go on with."""
    told = cache(tell)

    @wraps(tell)
    def again(*given: Given.args, **named: Given.kwargs) -> Story:
        return told(*given, **named).copy()  # type: ignore[arg-type]  # all of them can be hashed

    return again


@reached_once
def begun() -> Story:
    return Story()


@reached_once
def watching() -> Story:
    return begun().feed(300)


@reached_once
def over_limit() -> Story:
    return watching().feed(105, FAILING)


@reached_once
def warming_up() -> Story:
    return begun().feed(30)


@reached_once
def thin() -> Story:
    """One request in twenty-four failed: over the limit to the letter, and it may be chance."""
    few = Reading(Kind.VALUE, 1 / 24, 24.0, 1.0)
    return Story().feed(300, {ERRORS: Reading(Kind.ZERO, 0.0, 24.0, 0.0)}).feed(135, {ERRORS: few})


@reached_once
def warned() -> Story:
    """A rule that only warns, and nothing else."""
    return watching().feed(90, {ORDERS: 0.9})


@reached_once
def absent() -> Story:
    lost = Reading.unknown(Kind.ABSENT, "no series of http_requests_total has a label status")
    return watching().feed(60, {ERRORS: lost})


@reached_once
def theirs() -> Story:
    """The service is slow because its dependency is."""
    return watching().feed(210, {ORDERS: 0.9, LATENCY: 0.9})


@reached_once
def near_miss() -> Story:
    return over_limit().feed(60)


@reached_once
def breached() -> Story:
    return watching().feed(210, FAILING)


@reached_once
def counting(grace: float = 10.0, how: Automatic = Automatic.ON) -> Story:
    """It is about to be rolled back without a person."""
    given = automatic(how, grace, given=busy_plan())
    told = Story(given).feed(300).feed(210, FAILING)
    return told.count_down(grace, dry=how is Automatic.DRY_RUN)


@reached_once
def held(reason: str = "a load test runs", by: str = "ben@bastion2") -> Story:
    return counting().hold(reason, by)


@reached_once
def breached_twice() -> Story:
    return watching().feed(300, FAILING | {REGISTRATIONS: 40.0})


@reached_once
def doubtful() -> Story:
    """The dependency broke 45 s before the errors rose."""
    return watching().feed(45, {ORDERS: 0.9}).feed(210, FAILING | {ORDERS: 0.9})


@reached_once
def unknown(kind: Kind = Kind.STALE) -> Story:
    lost = Reading.unknown(kind, "the newest sample is too old")
    return watching().feed(60, {ERRORS: lost, CONNECTIONS: lost})


@reached_once
def blind() -> Story:
    return watching().blind(60)


@reached_once
def waived() -> Story:
    return Story(only(plan(), lambda signal: signal.indicator is not Indicator.BUSINESS)).feed(300)


@reached_once
def finished() -> Story:
    return begun().feed(960)


@reached_once
def ended_red() -> Story:
    """It burns at the end, and all the time that the end was put off."""
    told = watching()
    while not told.state.state.ended:
        told.feed(15, FAILING)
    return told


@reached_once
def lost(*output: str) -> Story:
    """Nobody knows what came of the rollback."""
    ended = rolling_back(*output).rolled_back(exit_code=None, unknown=True, error="who ran it is gone")
    return ended.feed(15, FAILING)


def rolling_back(*output: str) -> Story:
    return breached().roll_back(output=output)


@reached_once
def rolled_back() -> Story:
    return rolling_back().rolled_back().feed(420)


def colleagues() -> Story:
    return breached().roll_back(by="ben@bastion1", output=("Waiting for rollout to finish",))


@reached_once
def still_burning() -> Story:
    return rolling_back().rolled_back().feed(900, FAILING)


@reached_once
def unproven() -> Story:
    told = watching()
    while not told.state.state.ended:
        told.feed(15, {ORDERS: 0.9})
    return told


@reached_once
def read_only() -> Story:
    return (
        Story(context=Context(WHO, read_only="it was opened with --read-only")).feed(300).feed(210, FAILING)
    )
