"""Plans that roll back without a person, and a world that such a plan meets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from aftergreen.model import Automatic, Plan, Reading, View
from tests.made_up import ERRORS, World
from tests.rig import UNDO
from tests.scenario import DEPLOYED_AT, GOOD, errors

GRACE = 10.0

BRIEF = replace(UNDO, timing=replace(UNDO.timing, duration=480.0))
"""Over soon after its breach: each second from there on is looked at."""


def automatic(how: Automatic = Automatic.ON, grace: float = GRACE, given: Plan = BRIEF) -> Plan:
    """A plan that rolls back without a person."""
    assert given.rollback is not None
    return replace(given, rollback=replace(given.rollback, automatic=how, grace=grace))


def bad_between(start: float, end: float) -> World:
    """Errors from ``start`` to ``end`` seconds after the deployment."""

    def world(at: float, _view: View) -> Mapping[str, Reading]:
        broken = DEPLOYED_AT + start <= at < DEPLOYED_AT + end
        return GOOD | ({ERRORS: errors(0.0498)} if broken else {})

    return world
