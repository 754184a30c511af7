"""What is found before a watch begins: everything at once, each with its cure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from aftergreen.model import (
    BaselineSource,
    Condition,
    Ground,
    Kind,
    Plan,
    Reading,
    Release,
    RollbackPlan,
    Rule,
    Signal,
    SignalKey,
    Then,
    View,
)
from aftergreen.preflight.capture import compared_with
from aftergreen.preflight.checks import (
    Finding,
    Preflight,
    PreflightFailed,
    Severity,
    backend_time,
    deployment_time,
    measure_offset,
    preflight,
)
from aftergreen.sources.protocol import Absence
from aftergreen.verdict.ranges import NOTHING_KNOWN, Disturbance, Earlier
from tests.made_up import FakeClock, MadeUpSource, World, fine
from tests.scenario import DEPLOYED_AT, GOOD, above, climbing, only, plan, signals, silent, with_rule

ERRORS, LATENCY, POOL, CONNECT, BUSINESS = signals()
READY = plan(rollback=RollbackPlan(("true",)))
RELEASE = Release("checkout-api", "prod", "v2.4.1", "v2.4.0", DEPLOYED_AT)


def with_reading(key: str, reading: Reading, *, since: float = 0.0) -> World:
    """A world in which one signal reads this, from ``since`` on; well before that."""

    def world(at: float, _view: View) -> Mapping[str, Reading]:
        return GOOD | ({key: reading} if at >= DEPLOYED_AT + since else {})

    return world


async def looked(
    given: Plan = READY,
    world: World = fine,
    *,
    scraped_every: float | None = 15.0,
    offset: float = 0.0,
    previous: str | None = "v2.4.0",
    earlier: Earlier = NOTHING_KNOWN,
    chosen: BaselineSource | None = None,
    absences: Mapping[SignalKey, Absence] | None = None,
) -> Preflight:
    source = MadeUpSource(FakeClock(DEPLOYED_AT), world)
    source.missing = absences or {}
    source.scraped_every = scraped_every
    release = replace(RELEASE, previous=previous)
    given = given if chosen is None else compared_with(given, chosen)
    return await preflight(source, given, release, offset, earlier=earlier, chosen=chosen)


def told(checked: Preflight) -> list[str]:
    return [f"{finding.severity.value}: {finding.text}" for finding in checked.findings]


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


async def test_a_window_shorter_than_two_scrapes_is_refused() -> None:
    checked = await looked(scraped_every=60.0)
    assert told(checked) == [
        f"error: {name}: a window of 1m over samples that come every 1m sees nothing most of the time: "
        "set window to at least 4m"
        for name in ("HTTP 5xx", "average", "registrations")
    ]
    assert not checked.passed


@pytest.mark.parametrize(
    ("scraped_every", "errors", "warnings"),
    [(None, 0, 0), (15.0, 0, 0), (16.0, 0, 0), (20.0, 0, 3), (30.0, 0, 3), (33.0, 0, 3), (34.0, 3, 0)],
)
async def test_two_scrapes_are_needed_and_four_are_wanted(
    scraped_every: float | None, errors: int, warnings: int
) -> None:
    found = [finding.severity for finding in (await looked(scraped_every=scraped_every)).findings]
    assert (found.count(Severity.ERROR), found.count(Severity.WARNING)) == (errors, warnings)


async def test_a_short_window_is_a_warning_with_its_cure() -> None:
    assert told(await looked(scraped_every=30.0))[0] == (
        "warning: HTTP 5xx: a window of 1m over samples that come every 30s is short: 2m would be steadier"
    )


@pytest.mark.parametrize(
    ("rules", "interval", "found"),
    [
        ((climbing(300.0),), 60.0, ""),
        ((above(80.0, lasting=30.0),), 60.0, ""),
        (
            (climbing(300.0),),
            120.0,
            (
                "db connections: climbing_for takes 16m of samples that come every 2m, longer than the watch "
                "lasts after its warm-up: scrape it more often, or watch longer"
            ),
        ),
        (
            (silent(120.0),),
            60.0,
            (
                "db connections: silent_for 2m can never be told: 2.0 events are expected in it, and it "
                "takes 6.9: set it to at least 6m55s"
            ),
        ),
        ((replace(silent(480.0), clear_for=60.0),), 60.0, ""),
        ((silent(120.0),), 15.0, ""),
    ],
)
async def test_what_samples_so_far_apart_let_no_rule_do_is_said_beforehand(
    rules: tuple[Rule, ...], interval: float, found: str
) -> None:
    given = only(replace(with_rule(POOL.key, *rules), rollback=READY.rollback), lambda s: s.key == POOL.key)

    def world(at: float, view: View) -> Mapping[str, Reading]:
        taken = at - (at - DEPLOYED_AT) % interval
        return {**fine(at, view), POOL.key: replace(Reading.of(41.0), newest=taken)}

    assert told(await looked(given, world, scraped_every=interval)) == (
        [f"warning: {found}"] if found else []
    )


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


P99 = replace(LATENCY, name="p99", numerator=None, denominator=None, query="p99")
LARGEST = "the largest bucket of its histogram is"
ADD_ONE = "set a lower limit, or add a bucket above it"
GUESSED = "where a quantile is guessed: add a bucket near it"
BOUNDS = (0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


@pytest.mark.parametrize(
    ("limit", "bounds", "found"),
    [
        (0.3, BOUNDS, ""),
        (2.0, BOUNDS, ""),
        # The case top-bucket.
        (
            3.0,
            BOUNDS[:-1],
            f"p99: nothing is ever above 3 s, for {LARGEST} 2.5 s: {ADD_ONE}",
        ),
        (
            10.0,
            BOUNDS,
            f"p99: nothing is ever above 10 s, for {LARGEST} 10 s: {ADD_ONE}",
        ),
        (
            4.0,
            BOUNDS,
            f"p99: 4 s lies between the buckets of 2.5 s and 10 s, {GUESSED}",
        ),
        (2.5, BOUNDS, ""),
        (3.0, (), ""),
    ],
)
async def test_a_limit_that_no_bucket_can_show_is_a_warning(
    limit: float, bounds: tuple[float, ...], found: str
) -> None:
    quantile = replace(P99, rules=(above(limit),))
    given = replace(READY, signals=(ERRORS, quantile, POOL, CONNECT, BUSINESS))
    source = MadeUpSource(
        FakeClock(DEPLOYED_AT), lambda at, view: {**fine(at, view), quantile.key: Reading.of(0.2, 3000.0)}
    )
    source.bounds = {quantile.key: bounds}
    checked = await preflight(source, given, RELEASE, 0.0)
    assert told(checked) == ([f"warning: {found}"] if found else [])


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
