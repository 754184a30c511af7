"""What is found before a watch begins: everything at once, each with its cure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from aftergreen.model import (
    Ground,
    Kind,
    Plan,
    Reading,
    RollbackPlan,
    Then,
    View,
)
from aftergreen.preflight.checks import (
    Finding,
    PreflightFailed,
    Severity,
    backend_time,
    deployment_time,
    measure_offset,
    preflight,
)
from aftergreen.sources.protocol import Absence
from tests.looked import BUSINESS, CONNECT, ERRORS, LATENCY, POOL, READY, RELEASE, looked, told, with_reading
from tests.made_up import FakeClock, MadeUpSource, fine
from tests.scenario import DEPLOYED_AT, GOOD, plan, signals


async def test_nothing_is_found_where_everything_is_ready() -> None:
    checked = await looked()
    assert told(checked) == []
    assert checked.passed
    assert checked.unstartable == ""
    assert len(checked.past.baselines) == 5


@pytest.mark.parametrize(
    ("offset", "found"),
    [
        (30.0, []),
        (-30.0, []),
        (31.0, ["error: this machine's clock is 31s ahead of the backend's: synchronise it (NTP)"]),
        (-3600.0, ["error: this machine's clock is 1h behind the backend's: synchronise it (NTP)"]),
    ],
)
async def test_a_clock_that_is_off_is_refused(offset: float, found: list[str]) -> None:
    assert told(await looked(offset=offset)) == found


@pytest.mark.parametrize(
    ("since", "previous", "found"),
    [
        # Right before the deployment is before the baseline's end, two minutes earlier, only where it lasts.
        (-105.0, "v2.4.0", []),
        (-135.0, "v2.4.0", ["2m15s"]),
        (-300.0, "v2.4.0", ["5m"]),
        (-300.0, None, ["5m"]),
        (-300.0, "v2.4.1", []),
    ],
)
async def test_a_version_that_served_before_its_deployment_is_told(
    since: float, previous: str | None, found: list[str]
) -> None:
    def running(at: float) -> Mapping[str, float]:
        return {"v2.4.0": 2.0, "v2.4.1": 1.0 if at >= DEPLOYED_AT + since else 0.0}

    assert told(await looked(previous=previous, running=running)) == [
        f"warning: v2.4.1 served {ago} before the time that is taken for its deployment: "
        "give the time at which its first instance served (--deployed-at)"
        for ago in found
    ]


async def test_a_version_that_served_and_was_taken_back_long_before_is_not_told() -> None:
    def running(at: float) -> Mapping[str, float]:
        return {"v2.4.1": 1.0 if at < DEPLOYED_AT - 300 else 0.0}

    assert told(await looked(running=running)) == []


@pytest.mark.parametrize(("ahead", "shown"), [(31.0, "31s"), (600.0, "10m"), (86400.0, "1d")])
def test_a_deployment_that_is_still_to_come_is_refused(ahead: float, shown: str) -> None:
    with pytest.raises(PreflightFailed) as refused:
        deployment_time(lambda now: now + ahead, 1000.0)
    assert str(refused.value) == (
        f"the deployment lies {shown} in the future: give the time at which its first instance served"
    )


@pytest.mark.parametrize("ahead", [-3600.0, 0.0, 29.9996])
def test_a_pipelines_clock_may_be_a_little_ahead(ahead: float) -> None:
    assert deployment_time(lambda now: now + ahead, 1000.0) == round(1000.0 + ahead, 3)


@pytest.mark.parametrize(
    ("reading", "since", "found"),
    [
        (
            Reading.unknown(Kind.AMBIGUOUS, "3 series"),
            0.0,
            ['error: db connections: 3 series: aggregate in the query, or set reduce = "worst" or "sum"'],
        ),
        (
            Reading.unknown(Kind.NO_SERIES),
            -1e9,
            [
                (
                    "error: db connections: no such series, neither now nor before the deployment: check the "
                    "query's metric names and labels"
                )
            ],
        ),
        (Reading.unknown(Kind.NO_SERIES), 0.0, []),
        (
            Reading.unknown(Kind.BLIND, "status 422: bad query"),
            -1e9,
            ["error: db connections: status 422: bad query"],
        ),
        (Reading.unknown(Kind.BLIND, "status 503"), 0.0, []),
        (
            Reading.unknown(Kind.STALE, "newest sample 2h old"),
            -1e9,
            ["warning: db connections is unknown now: stale (newest sample 2h old)"],
        ),
        (
            Reading.unknown(Kind.NO_TRAFFIC),
            -1e9,
            ["warning: db connections is unknown now: no traffic"],
        ),
        (Reading.unknown(Kind.STALE), 0.0, []),
    ],
)
async def test_what_a_signal_lacks(reading: Reading, since: float, found: list[str]) -> None:
    assert told(await looked(world=with_reading(POOL.key, reading, since=since))) == found


async def test_a_time_before_that_cannot_be_read_is_not_taken_for_one_without_series() -> None:
    def world(at: float, _view: View) -> Mapping[str, Reading]:
        before = Reading.unknown(Kind.BLIND, "connection refused")
        return {**GOOD, POOL.key: Reading.unknown(Kind.NO_SERIES) if at >= DEPLOYED_AT else before}

    assert told(await looked(world=world)) == [
        "error: db connections: no such series now, and the time before cannot be read: connection refused"
    ]


async def test_a_first_release_is_watched_on_fixed_limits_and_that_is_said() -> None:
    """The case first-release."""

    def nothing(_at: float, _view: View) -> Mapping[str, Reading]:
        return dict.fromkeys(GOOD, Reading.unknown(Kind.NO_SERIES))

    first = await looked(world=nothing, previous=None)
    assert first.passed
    assert told(first)[0] == (
        "warning: nothing is known of the service before this deployment: it is watched on fixed limits "
        "alone; if it is not its first release, check the queries' metric names and labels"
    )
    # Somebody says that there was a version before, or something of it is there: names are wrong.
    assert not (await looked(world=nothing)).passed
    some = with_reading(POOL.key, Reading.unknown(Kind.NO_SERIES), since=-1e9)
    assert not (await looked(world=some, previous=None)).passed


ABSENT = Reading.unknown(Kind.ABSENT, "no series of failed")
MISSPELT = "no series of failed: the nearest name is faild"
SEEN_ONCE = "there was one in the last 7 days, but nothing tells that there being none means zero"
CURE = 'check its names and labels, or say why that means zero with absent_is_zero = "the reason"'


@pytest.mark.parametrize(
    ("absence", "reading", "found"),
    [
        (Absence(Ground.LABEL), None, []),
        (
            Absence(None, missing=MISSPELT),
            ABSENT,
            [
                f"error: HTTP 5xx: {MISSPELT}, and there was none in the last 7 days: {CURE}",
            ],
        ),
        # They are there now, and would be missed without a word once they are not.
        (
            Absence(None, seen=True, missing="no series of failed"),
            None,
            [
                f"warning: HTTP 5xx: no series of failed; {SEEN_ONCE}: {CURE}",
            ],
        ),
        # Of what could not be asked nobody says that it is not there.
        (
            Absence(None, missing="nothing tells that it means zero"),
            Reading.unknown(Kind.STALE, "old"),
            ["warning: HTTP 5xx is unknown now: stale (old)"],
        ),
        (
            Absence(None, missing=MISSPELT),
            Reading.unknown(Kind.NO_SERIES),
            [
                (
                    f"error: HTTP 5xx: no such series, neither now nor before the deployment ({MISSPELT}): "
                    "check the query's metric names and labels"
                )
            ],
        ),
    ],
)
async def test_what_no_series_would_mean_is_known_beforehand(
    absence: Absence, reading: Reading | None, found: list[str]
) -> None:
    world = fine if reading is None else with_reading(ERRORS.key, reading, since=-1e9)
    checked = await looked(world=world, absences={ERRORS.key: absence})
    assert sorted(told(checked)) == found


async def test_a_probe_that_is_down_already_is_a_warning() -> None:
    probe = replace(CONNECT, query=None, probe="tcp://orders-db:5432")
    given = replace(READY, signals=(ERRORS, LATENCY, POOL, probe, BUSINESS))
    down = with_reading(probe.key, Reading.down("connection refused"))
    assert told(await looked(given, down)) == [
        "warning: orders-db connect is down before the watch begins: connection refused"
    ]


@pytest.mark.parametrize(
    ("given", "previous", "problem"),
    [
        (plan(rollback=None), "v2.4.0", "no rollback command is configured"),
        (
            replace(
                READY,
                signals=tuple(
                    replace(s, rules=tuple(replace(r, then=Then.WARN) for r in s.rules)) for s in signals()
                ),
            ),
            "v2.4.0",
            'no rule says then = "rollback"',
        ),
        (
            plan(rollback=RollbackPlan(("true", "{previous}"))),
            None,
            "the rollback command names {previous}: pass --previous",
        ),
        (
            plan(rollback=RollbackPlan(("no-such-program-here",))),
            "v2.4.0",
            (
                "The rollback program no-such-program-here is not on PATH: install it, or give its full path "
                "in [rollback] command"
            ),
        ),
    ],
)
async def test_a_rollback_that_could_not_run_is_known_before_it_is_needed(
    given: Plan, previous: str | None, problem: str
) -> None:
    checked = await looked(given, previous=previous)
    assert checked.passed, "a watch is worth something without"
    assert told(checked) == [f"warning: {problem}; without it the release cannot end finished"]


async def test_a_backend_that_cannot_be_read_ends_preflight_at_once() -> None:
    source = MadeUpSource(FakeClock(DEPLOYED_AT), fine, outages=[(0.0, 1e12)])
    with pytest.raises(PreflightFailed) as caught:
        await preflight(source, READY, RELEASE, 0.0)
    assert caught.value.findings == (Finding(Severity.ERROR, "connection refused"),)
    assert source.asked_again == [], "the past is not asked for in vain"


async def test_a_backend_that_does_not_tell_the_time_is_named() -> None:
    clock = FakeClock(DEPLOYED_AT)
    source = MadeUpSource(clock, fine, outages=[(0.0, 1e12)])
    with pytest.raises(PreflightFailed) as caught:
        await backend_time(source, READY, clock)
    assert str(caught.value) == (
        "the metrics backend at http://127.0.0.1:9090 cannot be asked: connection refused"
    )


async def test_half_of_the_round_trip_is_allowed_for() -> None:
    clock = FakeClock(DEPLOYED_AT)

    class Slow(MadeUpSource):
        async def now(self) -> float:
            await clock.sleep(1.0)
            theirs = await super().now() - 5.0
            await clock.sleep(1.0)
            return theirs

    assert await measure_offset(Slow(clock, fine), clock) == 5.0


def test_a_failure_names_its_errors_only() -> None:
    findings = (
        Finding(Severity.WARNING, "a window is short"),
        Finding(Severity.ERROR, "the clock is off"),
        Finding(Severity.ERROR, "no such series"),
    )
    assert str(PreflightFailed(findings)) == "the clock is off; no such series"
