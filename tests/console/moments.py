"""The moments of a release that the console has to tell apart, each reached through the real engine."""

from __future__ import annotations

from aftergreen.model import Indicator, Kind, Reading
from aftergreen.verdict.snapshot import Context
from tests.console.story import CONNECTIONS, ERRORS, ORDERS, REGISTRATIONS, Story
from tests.scenario import only, plan

WHO = "ana@bastion2"

FAILING = {ERRORS: 0.05}
"""One request in twenty answers 5xx: five times the limit."""


def watching() -> Story:
    return Story().feed(300)


def over_limit() -> Story:
    return watching().feed(105, FAILING)


def near_miss() -> Story:
    return over_limit().feed(60)


def breached() -> Story:
    return watching().feed(210, FAILING)


def breached_twice() -> Story:
    return watching().feed(300, FAILING | {REGISTRATIONS: 40.0})


def doubtful() -> Story:
    """The dependency broke 45 s before the errors rose."""
    return watching().feed(45, {ORDERS: 0.9}).feed(210, FAILING | {ORDERS: 0.9})


def unknown(kind: Kind = Kind.STALE) -> Story:
    lost = Reading.unknown(kind, "the newest sample is too old")
    return watching().feed(60, {ERRORS: lost, CONNECTIONS: lost})


def blind() -> Story:
    return watching().blind(60)


def waived() -> Story:
    return Story(only(plan(), lambda signal: signal.indicator is not Indicator.BUSINESS)).feed(300)


def finished() -> Story:
    return Story().feed(960)


def rolling_back(*output: str) -> Story:
    return breached().roll_back(output=output)


def rolled_back() -> Story:
    return rolling_back().rolled_back().feed(420)


def read_only() -> Story:
    return (
        Story(context=Context(WHO, read_only="it was opened with --read-only")).feed(300).feed(210, FAILING)
    )
