"""The demo: the rehearsal with which a person gets to know the console."""

from __future__ import annotations

import sys
from collections.abc import Callable

from aftergreen.clock import Clock, FastClock
from aftergreen.drill.configuration import configuration as configured
from aftergreen.drill.scenario.catalogue import find
from aftergreen.drill.world import Drill, start_drill

SCENARIO = "slow-query"


def start_demo(
    *,
    seed: int = 7,
    speed: float = 8.0,
    python: str = sys.executable,
    clock: Callable[[float], Clock] | None = None,
) -> Drill:
    """Start the demo, whose time begins with the machine's; see `start_drill`."""
    return start_drill(find(SCENARIO), seed=seed, python=python, clock=clock or (lambda _: FastClock(speed)))


def configuration(url: str, python: str = sys.executable) -> str:
    """The text of the demo's configuration, for a metrics server at ``url``."""
    return configured(find(SCENARIO), url, python)
