"""Releases at the moments of which the words are told."""

from __future__ import annotations

from dataclasses import replace

from aftergreen.model import Reading
from aftergreen.verdict.present import present
from aftergreen.verdict.snapshot import Context, Snapshot
from aftergreen.verdict.state import Rollback
from aftergreen.verdict.step import abandon
from aftergreen.verdict.verify import rollback_ended, rollback_started
from tests.scenario import (
    Scenario,
    errors,
)

ERRORS, LATENCY, POOL, CONNECT, BUSINESS = (
    "error-rate/HTTP 5xx",
    "latency/average",
    "saturation/db connections",
    "dependency/orders-db/connect",
    "business/registrations",
)

BAD = {ERRORS: errors(0.05, 1244.0)}
SLOW_DATABASE = {CONNECT: Reading.of(0.9)}
OFFSET = 3.0


def seen(release: Scenario) -> Snapshot:
    return present(release.state, Context("ana", OFFSET), events=release.events)


def watched(seconds: float = 180) -> Scenario:
    return Scenario().feed(seconds)


def breached() -> Scenario:
    return watched().feed(135, BAD)


def rolling_back() -> Scenario:
    release = breached()
    return release.take(rollback_started(release.state, Rollback(1, "ana", ("true",), release.state.at + 10)))


def rolled_back(**came: object) -> Scenario:
    release = rolling_back()
    started = release.state.rollback
    assert started is not None
    ended = replace(started, ended_at=release.state.at + 30, exit_code=0)
    return release.take(rollback_ended(release.state, replace(ended, **came)))  # type: ignore[arg-type]


def left(reason: str) -> Scenario:
    release = watched()
    return release.take(abandon(release.state, reason))
