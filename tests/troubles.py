"""What goes wrong with a release, and how it is rolled back, for tests of the verdict."""

from __future__ import annotations

from dataclasses import replace

from aftergreen.model import Indicator, Reading, Signal
from aftergreen.verdict.present import present
from aftergreen.verdict.snapshot import Context
from aftergreen.verdict.state import Rollback
from aftergreen.verdict.verify import rollback_ended, rollback_started
from aftergreen.words.cards import finish_card
from tests.scenario import Scenario, above, errors, plan, signals

ERRORS = "error-rate/HTTP 5xx"
DATABASE = "dependency/orders-db/connect"
BAD = {ERRORS: errors(0.0498)}


def roll_back(scenario: Scenario, *, exit_code: int = 0, takes: float = 20.0) -> Scenario:
    at = scenario.state.at
    started = Rollback(1, "ana@bastion2", ("kubectl",), at)
    scenario.take(rollback_started(scenario.state, started))
    ended = replace(
        started,
        leading=scenario.state.decided,
        ended_at=at + takes,
        exit_code=exit_code,
        error="" if exit_code == 0 else f"exit code {exit_code}",
    )
    return scenario.take(rollback_ended(scenario.state, ended))


def scarce(rate: float, per_minute: float = 20.0) -> dict[str, Reading]:
    return {ERRORS: errors(rate, count=per_minute)}


def shown(scenario: Scenario) -> str:
    return "\n".join(finish_card(present(scenario.state, Context("ana@bastion2"))))


def probe_down() -> Scenario:
    """A release whose database is reached by a probe, and is not reached for a minute and a half."""
    probe = Signal(
        Indicator.DEPENDENCY,
        "connect",
        "s",
        60.0,
        (above(0.5, lasting=60),),
        probe="tcp://orders-db:5432",
        dependency="orders-db",
    )
    others = tuple(s for s in signals() if s.indicator is not Indicator.DEPENDENCY)
    release = Scenario(plan(signals=(*others, probe))).feed(180)
    return release.feed(90, {"dependency/orders-db/connect": Reading.down("connection refused")})
