"""The types of a scenario's keys that a configuration does not have."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from aftergreen.config.decode import Hook, choice
from aftergreen.config.faults import Unfit, shown
from aftergreen.drill.scenario.file import Called, Count, Factor, Free, Shift, TimeOfDay
from aftergreen.drill.scenario.model import Cause, Decision, Exposure, Outcome
from aftergreen.drill.service.behaviour import Behaviour
from aftergreen.drill.service.faults import On
from aftergreen.units import parse_duration

MOST_INSTANCES = 20


def _factor(value: object, _: object = None) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise Unfit(shown(value), "a number that is not negative, such as 1.5")
    return float(value)


def _count(value: object, _: object = None) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_INSTANCES:
        raise Unfit(shown(value), f"a number from 1 to {MOST_INSTANCES}")
    return value


def _free(value: object, _: object = None) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unfit(shown(value), "a table of keys and values")
    return value


def _time_of_day(value: object, _: object = None) -> float:
    hours, _, minutes = value.partition(":") if isinstance(value, str) else ("", "", "")
    if not (hours.isdecimal() and minutes.isdecimal() and int(hours) < 24 and int(minutes) < 60):  # noqa: PLR2004
        raise Unfit(shown(value), 'a time of day in UTC, such as "14:00"')
    return int(hours) * 3600.0 + int(minutes) * 60.0


def _shift(value: object, _: object = None) -> float:
    text = value if isinstance(value, str) else ""
    try:
        return parse_duration(text.removeprefix("-")) * (-1.0 if text.startswith("-") else 1.0)
    except ValueError:
        raise Unfit(shown(value), 'a duration with its unit and sign, such as "-90s"') from None


KINDS: Mapping[Any, Hook] = {
    Factor: _factor,
    Count: _count,
    Free: _free,
    TimeOfDay: _time_of_day,
    Shift: _shift,
    Called: choice(str, tuple(one.name for one in Behaviour().dependencies)),
    # By name: as subclasses of str they would otherwise be taken for text.
    **{enum: choice(enum, tuple(enum)) for enum in (Cause, Decision, Exposure, Outcome, On)},
}
