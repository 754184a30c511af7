"""A rollback as the verdict sees it: started, ended, and whether the service recovered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aftergreen import words
from aftergreen.model import (
    Kind,
    Reading,
    RollbackPlan,
    Service,
)
from aftergreen.verdict.ending import exit_code
from aftergreen.verdict.present import present
from aftergreen.verdict.snapshot import Context
from aftergreen.verdict.state import EventKind, ReleaseState, Rollback
from aftergreen.verdict.step import over
from aftergreen.verdict.verify import rollback_ended, rollback_started
from aftergreen.words.cards import finish_card
from tests.scenario import (
    DEPLOYED_AT,
    GOOD,
    Scenario,
    plan,
    what_is_missing,
)
from tests.troubles import BAD, roll_back, shown


def test_recovery_is_told_from_the_commands_start_to_the_first_good_sample() -> None:
    release = roll_back(Scenario().feed(180).feed(135, BAD))
    assert release.stands() is ReleaseState.VERIFYING
    assert release.state.view.version == "v2.4.0"
    release.feed(60, BAD)
    assert release.stands() is ReleaseState.VERIFYING
    release.feed(150)
    assert release.stands() is ReleaseState.ROLLED_BACK
    assert exit_code(release.state) == 20
    recovered = release.told(EventKind.RECOVERED)[0]
    # A minute of failures, and two instants until one is good after the command's end.
    assert recovered.seconds == 90.0
    assert shown(release).startswith("Production runs v2.4.0, as the rollback command reported. v2.4.1 was")


STALE = {"error-rate/HTTP 5xx": Reading.unknown(Kind.STALE, "newest sample 2m old")}


LOST = dict.fromkeys(GOOD, Reading.unknown(Kind.BLIND, "connection refused"))


@pytest.mark.parametrize(
    ("readings", "why"),
    [
        (LOST, "nothing could be measured"),
        (STALE, "HTTP 5xx could not be measured"),
        (BAD, "still burning"),
        (BAD | {"latency/average": Reading.unknown(Kind.STALE, "newest sample 2m old")}, "still burning"),
    ],
)
def test_only_what_was_measured_is_said_to_burn_still(readings: dict[str, Reading], why: str) -> None:
    release = roll_back(Scenario().feed(180).feed(135, BAD)).feed(330, readings)
    assert (release.stands(), exit_code(release.state)) == (ReleaseState.ROLLED_BACK, 21)
    assert why in shown(release)
    assert release.told(EventKind.STILL_BURNING)[0].text == why


def test_a_rollback_command_that_fails_is_loud_and_may_be_tried_again() -> None:
    release = roll_back(Scenario().feed(180).feed(135, BAD), exit_code=1)
    assert release.stands() is ReleaseState.ROLLBACK_FAILED
    assert exit_code(release.state) == 22
    assert "may still run v2.4.1" in shown(release)
    release.feed(30, BAD)
    assert release.stands() is ReleaseState.ROLLBACK_FAILED
    roll_back(release)
    assert release.stands() is ReleaseState.VERIFYING


def test_recovery_needs_the_old_version_on_every_instance_where_that_can_be_measured() -> None:
    counted = plan(service=Service("checkout-api", running="count by (version) (app_info)"))
    release = roll_back(Scenario(counted).feed(180).feed(135, BAD))
    release.feed(250, running={"v2.4.0": 3.0, "v2.4.1": 1.0})
    assert release.stands() is ReleaseState.VERIFYING
    release.feed(30, running={"v2.4.0": 4.0})
    assert exit_code(release.state) == 20
    assert shown(release).startswith("Production runs v2.4.0. v2.4.1 was rolled back")


def test_verification_that_runs_out_of_time_says_so() -> None:
    hasty = plan(rollback=RollbackPlan(("true",), verify_within=60.0))
    release = roll_back(Scenario(hasty).feed(180).feed(135, BAD)).feed(90)
    assert exit_code(release.state) == 21
    (told,) = release.told(EventKind.STILL_BURNING)
    assert words.event(told) == "rolled back and not recovered after 1m: still burning"


@pytest.mark.parametrize("answer", [None, {}])
def test_what_ran_once_is_not_what_runs(answer: dict[str, float] | None) -> None:
    measured = replace(
        plan(), service=Service("checkout-api", "prod", running="count by (version) (app_info)")
    )
    release = Scenario(measured).feed(885, running={"v2.4.1": 4.0}).feed(15, running=answer)
    assert release.stands() is ReleaseState.UNPROVEN
    assert any("v2.4.1" in lacking for lacking in what_is_missing(release.state))
    assert finish_card(present(release.state, Context("ana")))[0] != "Production runs v2.4.1."


def gate_after(rollback: Rollback) -> Scenario:
    release = Scenario(plan(rollback=RollbackPlan(("true",), timeout=300.0)), advice_ends=True).feed(60)
    return release.take(rollback_started(release.state, rollback))


def test_a_gate_does_not_wait_for_a_person_after_a_failed_rollback() -> None:
    started = Rollback(1, "ana", ("true",), DEPLOYED_AT + 60)
    release = gate_after(started)
    release.take(rollback_ended(release.state, replace(started, ended_at=DEPLOYED_AT + 70, exit_code=1)))
    assert over(release.state)
    assert exit_code(release.state).value == 22


def test_a_gate_does_not_wait_for_ever_for_the_outcome_of_a_rollback() -> None:
    release = gate_after(Rollback(1, "ana", ("true",), DEPLOYED_AT + 60)).feed(300)
    assert not over(release.state)
    release.feed(90)
    assert over(release.state)
    assert exit_code(release.state).value == 22
    assert release.state.rollback is not None
    assert release.state.rollback.error == "nobody recorded what came of the rollback command"


def test_a_rollback_before_the_breach_is_proven_by_a_good_run_as_long_as_clearing() -> None:
    release = Scenario().feed(180).feed(90, BAD)
    assert release.stands() is ReleaseState.PROPOSED
    roll_back(release)
    leading = release.state.rollback.leading if release.state.rollback is not None else None
    assert leading is not None
    assert leading.burning
    release.feed(120)
    assert release.stands() is ReleaseState.VERIFYING
    release.feed(120)
    assert release.stands() is ReleaseState.ROLLED_BACK
    assert exit_code(release.state) == 20
