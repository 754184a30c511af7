"""What speaks against comparing a release with its past, told before the watch begins."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

import pytest

from aftergreen.model import (
    BaselinePlan,
    BaselineSource,
    Condition,
    Kind,
    Plan,
    Reading,
    Release,
    Rule,
    Signal,
    Then,
    View,
)
from aftergreen.preflight.capture import compared_with
from aftergreen.preflight.comparable import clock_warnings
from aftergreen.verdict.ranges import NOTHING_KNOWN, Disturbance, Earlier
from tests.looked import BUSINESS, ERRORS, LATENCY, POOL, READY, looked, told, with_reading
from tests.made_up import World, fine
from tests.scenario import DEPLOYED_AT, GOOD, plan, signals


async def test_a_relative_rule_without_a_fit_baseline_is_said_beforehand() -> None:
    gone = with_reading(BUSINESS.key, Reading.unknown(Kind.NO_TRAFFIC), since=-1e9)
    assert told(await looked(world=gone)) == [
        "warning: registrations is unknown now: no traffic",
        (
            "warning: registrations: there is no baseline for it: every sample of that time is unknown "
            "(no traffic), so the release cannot end finished"
        ),
    ]
    late = with_reading(BUSINESS.key, Reading.unknown(Kind.STALE), since=-1000.0)
    assert [finding.text for finding in (await looked(world=late)).findings] == [
        (
            "registrations: its baseline is not fit to compare with: only 62 of 121 samples are there, "
            "so the release cannot end finished: commit another with --baseline yesterday"
        )
    ]


def gone(*keys: str, since: float, until: float) -> World:
    """A world in which nothing is held of these signals between two times around the deployment."""

    def world(at: float, _view: View) -> Mapping[str, Reading]:
        missing = dict.fromkeys(keys, Reading.unknown(Kind.NO_SERIES))
        return GOOD | (missing if DEPLOYED_AT + since <= at < DEPLOYED_AT + until else {})

    return world


DAY = 86400.0


FINISHED = Release("checkout-api", "prod", "v2.3.9", "v2.3.8", DEPLOYED_AT - 3 * DAY, 6)


IN_EVERY_RANGE = [DEPLOYED_AT - 600, DEPLOYED_AT - DAY + 300, DEPLOYED_AT - 7 * DAY + 300]


NO_SAMPLES = "there is no baseline for it: the backend holds no samples of that time"


NO_FINISH = "so the release cannot end finished"


@pytest.mark.parametrize(
    ("world", "earlier", "told_of", "cure"),
    [
        (gone(BUSINESS.key, since=-3600, until=-15), NOTHING_KNOWN, NO_SAMPLES, "yesterday"),
        (gone(BUSINESS.key, since=-2 * DAY, until=-15), NOTHING_KNOWN, NO_SAMPLES, "last-week"),
        (
            gone(BUSINESS.key, since=-8 * DAY, until=-15),
            NOTHING_KNOWN,
            NO_SAMPLES,
            "",
        ),
        (
            fine,
            Earlier((Disturbance(DEPLOYED_AT - 600, "another deployment (v2.4.0)"),)),
            "its baseline is not fit to compare with: another deployment (v2.4.0) lies in it",
            "yesterday",
        ),
        (
            fine,
            Earlier(tuple(Disturbance(at, "a rollback (of v2)") for at in IN_EVERY_RANGE), FINISHED),
            "its baseline is not fit to compare with: a rollback (of v2) lies in it",
            "previous-release",
        ),
    ],
)
async def test_another_source_that_is_fit_is_named(
    world: World, earlier: Earlier, told_of: str, cure: str
) -> None:
    commit = f": commit another with --baseline {cure}" if cure else ""
    checked = await looked(world=world, earlier=earlier)
    assert f"warning: registrations: {told_of}, {NO_FINISH}{commit}" in told(checked)
    assert checked.passed


async def test_a_source_that_is_fit_for_one_signal_only_is_named_for_that_one() -> None:
    before = gone(BUSINESS.key, since=-3600, until=-15)
    others = gone(LATENCY.key, since=-10 * DAY, until=-3600)

    def world(at: float, view: View) -> Mapping[str, Reading]:
        return {**before(at, view), LATENCY.key: others(at, view)[LATENCY.key]}

    assert told(await looked(world=world)) == [
        f'warning: registrations: {NO_SAMPLES}, {NO_FINISH}: set baseline = "yesterday" on it'
    ]


async def test_signals_that_are_not_compared_need_no_baseline() -> None:
    assert told(await looked(world=gone(POOL.key, since=-3600, until=-15))) == []


async def test_what_is_to_be_missed_has_to_be_known_from_before() -> None:
    silent = replace(BUSINESS, rules=(Rule(Condition.SILENT, 120.0, 120.0, Then.WARN),))
    given = replace(READY, signals=(*signals()[:4], silent))
    assert told(await looked(given, gone(BUSINESS.key, since=-3600, until=-15))) == [
        f"warning: registrations: {NO_SAMPLES}, {NO_FINISH}: commit another with --baseline yesterday"
    ]
    # How many there were is known, also where nothing is fit to be compared with.
    polluted = Earlier((Disturbance(DEPLOYED_AT - 600, "another deployment (v2.4.0)"),))
    assert [text for text in told(await looked(given, earlier=polluted)) if "registrations" in text] == []


VERSIONED = replace(BUSINESS, query='sum(registrations{version="$version"})')


def controlled(*signals: Signal) -> Plan:
    return replace(
        READY, signals=tuple(replace(signal, baseline=BaselineSource.CONTROL) for signal in signals)
    )


@pytest.mark.parametrize(
    ("given", "previous", "chosen", "found"),
    [
        (controlled(ERRORS, VERSIONED), "v2.4.0", None, []),
        (replace(READY, signals=(ERRORS, VERSIONED)), "v2.4.0", BaselineSource.CONTROL, []),
        (
            controlled(ERRORS, VERSIONED),
            None,
            None,
            ["error: a control baseline compares with the previous version: pass --previous"],
        ),
        (
            replace(READY, signals=(ERRORS, VERSIONED)),
            None,
            BaselineSource.CONTROL,
            ["error: a control baseline compares with the previous version: pass --previous"],
        ),
        (
            READY,
            "v2.4.0",
            BaselineSource.CONTROL,
            [
                (
                    "error: a control baseline compares two versions, and no query asks for $version: put it "
                    "into the queries, or choose another with --baseline before"
                )
            ],
        ),
        (
            controlled(ERRORS, LATENCY, VERSIONED),
            "v2.4.0",
            None,
            [
                (
                    "error: average: a control baseline compares two versions, and its queries do not ask "
                    'for one: put $version into them, or set baseline = "before"'
                )
            ],
        ),
    ],
)
async def test_a_control_takes_a_previous_version_and_queries_that_ask_for_one(
    given: Plan, previous: str | None, chosen: BaselineSource | None, found: list[str]
) -> None:
    assert told(await looked(given, previous=previous, chosen=chosen)) == found


@pytest.mark.parametrize(
    ("chosen", "why"),
    [
        (
            BaselineSource.PREVIOUS_RELEASE,
            "the journal holds no finished release of checkout-api in prod",
        ),
        (
            BaselineSource.YESTERDAY,
            "the backend holds no samples of that time",
        ),
    ],
)
async def test_what_cannot_be_had_cannot_be_chosen(chosen: BaselineSource, why: str) -> None:
    world = gone(*GOOD, since=-10 * DAY, until=-DAY / 2)
    checked = await looked(world=world, chosen=chosen)
    assert told(checked)[0] == (
        f"error: nothing can be compared with the baseline {chosen}: {why}; choose another with "
        "--baseline before"
    )
    assert not checked.passed
    # One that the file names is worth a watch all the same.
    assert (await looked(compared_with(READY, chosen), world)).passed


async def test_a_previous_release_that_finished_can_be_chosen() -> None:
    checked = await looked(earlier=Earlier(finished=FINISHED), chosen=BaselineSource.PREVIOUS_RELEASE)
    assert told(checked) == []


async def test_a_journal_that_cannot_be_read_is_told() -> None:
    checked = await looked(earlier=Earlier(problem="The journal is damaged: move the file away."))
    assert told(checked) == [
        (
            "warning: no baseline was held against other deployments: The journal is damaged: move the file "
            "away"
        )
    ]


async def test_percent_where_a_fraction_is_meant_is_noticed() -> None:
    assert told(await looked(world=with_reading(ERRORS.key, Reading.of(4.98, 3000.0), since=-1e9))) == [
        (
            "warning: HTTP 5xx: percentages are fractions, and the query gave 4.98 before the deployment: "
            "divide it by 100"
        )
    ]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine that lives in Berlin."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("source", "zone", "at", "hours"),
    [
        (BaselineSource.LAST_WEEK, "", "2026-03-31T12:00+02:00", 168),
        (BaselineSource.LAST_WEEK, "", "2026-10-31T12:00+01:00", 168),
        (BaselineSource.YESTERDAY, "", "2026-03-29T12:00+02:00", 24),
        (BaselineSource.YESTERDAY, "", "2026-03-31T12:00+02:00", None),
        (BaselineSource.LAST_WEEK, "Europe/Berlin", "2026-03-31T12:00+02:00", None),
        (BaselineSource.BEFORE, "", "2026-03-29T12:00+02:00", None),
    ],
)
@pytest.mark.usefixtures("here")
def test_where_clocks_were_set_since_it_is_said_how_long_a_day_is(
    source: BaselineSource, zone: str, at: str, hours: int | None
) -> None:
    watched = compared_with(plan(baseline=BaselinePlan(zone=zone)), source)
    warned = list(clock_warnings(watched, datetime.fromisoformat(at).timestamp()))
    expected = [f"the clocks here were set since, and {source} is {hours} hours ago"] if hours else []
    assert [text.partition(":")[0] for text in warned] == expected
