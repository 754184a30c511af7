"""The sentences of screen, lines and reports, compared to the letter."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta, timezone

import pytest

from aftergreen import words
from aftergreen.model import Indicator, Kind, Reading, Rule, Then
from aftergreen.verdict.evidence import ODDS, no_evidence
from aftergreen.verdict.snapshot import Mark
from aftergreen.verdict.state import Baseline, Doubt, DoubtKind, Event, EventKind, RuleState
from tests.scenario import (
    DEPLOYED_AT,
    Scenario,
    above,
    above_baseline,
    below,
    below_baseline,
    signals,
)
from tests.told import (
    BAD,
    BUSINESS,
    CONNECT,
    LATENCY,
    SLOW_DATABASE,
    breached,
    rolled_back,
    seen,
    watched,
)

pytestmark = pytest.mark.usefixtures("in_utc")


@pytest.mark.parametrize(
    ("signal", "rule", "limit", "texts"),
    [
        (0, above(0.01), 0.01, ("HTTP 5xx above 1 % for 2m: roll back", "> 1 % for 2m", "1 % for 2m")),
        (
            0,
            above(0.00125, lasting=90, then=Then.WARN),
            0.00125,
            ("HTTP 5xx above 0.125 % for 1m30s: warn", "> 0.125 % for 1m30s", "0.125 % for 1m30s"),
        ),
        (
            1,
            above_baseline(0.5, floor=0.02),
            0.264,
            (
                "average 50 % above baseline, by at least 20 ms for 2m: roll back",
                "> 264 ms for 2m",
                "264 ms (+50 %)",
            ),
        ),
        (
            1,
            above_baseline(0.5),
            None,
            (
                "average 50 % above baseline for 2m: roll back",
                "> its baseline for 2m",
                "none: no baseline yet",
            ),
        ),
        (2, above(80.0), 80.0, ("db connections above 80 for 2m: roll back", "> 80 for 2m", "80 for 2m")),
        (
            3,
            above(0.5, lasting=60, then=Then.WARN),
            0.5,
            ("orders-db connect above 500 ms for 1m: warn", "> 500 ms for 1m", "500 ms for 1m"),
        ),
        (
            4,
            below_baseline(0.3, floor=1.0),
            218.4,
            (
                "registrations 30 % below baseline, by at least 1/min for 3m: roll back",
                "< 218/min for 3m",
                "218/min (−30 %)",
            ),
        ),
        (
            4,
            below(100.0),
            100.0,
            ("registrations below 100/min for 2m: roll back", "< 100/min for 2m", "100/min for 2m"),
        ),
    ],
)
def test_rules_read_as_they_were_written(
    signal: int, rule: Rule, limit: float | None, texts: tuple[str, str, str]
) -> None:
    status = RuleState(signals()[signal], rule, limit, None)
    assert (words.rule(status), words.condition(status), words.limit(status)) == texts
    assert words.comparison(status) == f"{status.signal.label} {texts[1]}"


@pytest.mark.parametrize(
    ("given", "unit", "text", "behind"),
    [
        (None, "s", "…", ""),
        (Reading.of(0.182, 3000.0), "s", "182 ms", "n 3,000"),
        (Reading(Kind.VALUE, 0.0498, 1244.4, 62.2), "%", "4.98 %", "62.2 of 1,244"),
        (Reading(Kind.ZERO, 0.0, 1244.0), "%", "0 %", "0 of 1,244"),
        (Reading.down("connection refused"), "s", "down", ""),
        (Reading.of(305.0), "/min", "305/min", ""),
        *(
            (Reading.unknown(kind), "s", kind.value, "")
            for kind in Kind
            if kind not in ("value", "zero", "down")
        ),
    ],
)
def test_readings_say_a_value_or_why_there_is_none(
    given: Reading | None, unit: str, text: str, behind: str
) -> None:
    assert words.reading(given, unit) == text
    assert words.seen(given) == behind


@pytest.mark.parametrize(
    ("summary", "unit", "text", "median"),
    [
        (None, "s", "unknown", "–"),
        (Baseline(0.001, 0.0003, 120, 120), "%", "0.10 % ±0.03", "0.10 %"),
        (Baseline(0.175, 0.004, 120, 120), "s", "175 ms ±4.00", "175 ms"),
        (Baseline(1.75, 0.04, 120, 120), "s", "1.75 s ±40.0 ms", "1.75 s"),
        (Baseline(312.0, 4.0, 120, 120), "/min", "312/min ±4", "312/min"),
        (Baseline(41.0, 2.0, 120, 120), "", "41 ±2", "41"),
        # What sums in another order differ by.
        (Baseline(0.04, 3.47e-18, 120, 120), "s", "40.0 ms ±0", "40.0 ms"),
    ],
)
def test_baselines_are_median_and_spread(summary: Baseline | None, unit: str, text: str, median: str) -> None:
    assert words.baseline(summary, unit) == text
    assert words.median(summary, unit) == median


@pytest.mark.parametrize(
    ("mark", "symbol"),
    [
        (Mark.OK, "✓"),
        (Mark.WARN, "!"),
        (Mark.BAD, "✗"),
        (Mark.UNKNOWN, "?"),
        (Mark.PENDING, "·"),
        (Mark.WAIVED, "–"),
    ],
)
def test_every_mark_has_a_symbol_of_its_own(mark: Mark, symbol: str) -> None:
    assert words.SYMBOLS[mark] == symbol
    assert len(set(words.SYMBOLS.values())) == len(Mark)


def test_every_indicator_has_a_heading_and_a_short_name() -> None:
    assert [words.indicator_title(indicator) for indicator in Indicator] == [
        "Error rate",
        "Latency",
        "Saturation",
        "Dependencies",
        "Business",
    ]
    assert [words.indicator_short(indicator) for indicator in Indicator] == [
        "errors",
        "latency",
        "saturation",
        "deps",
        "business",
    ]


def test_times_are_the_readers_own_and_say_so() -> None:
    assert words.local_time(DEPLOYED_AT, 3.0, UTC) == "22:13:23 UTC"
    assert words.local_time(DEPLOYED_AT + 0.4, 2.5, UTC) == "22:13:23 UTC", "nearest, not cut off"
    assert words.local_time(DEPLOYED_AT, zone=timezone(timedelta(hours=1), "CET")) == "23:13:20 CET"


def test_counts_carry_no_fraction_that_nobody_counted() -> None:
    assert words.count(1244.4) == "1,244"
    assert words.share(0.5) == "50 %"


def test_the_log_of_a_release_that_goes_bad() -> None:
    release = rolled_back().feed(300)
    assert [(words.local_time(e.at), words.event_mark(e).value, words.event(e)) for e in release.events] == [
        ("22:13:20 UTC", "pending", "deployed; thresholds and baseline sealed 7f3a9c2"),
        ("22:14:20 UTC", "pending", "warm-up is over, rules judge from here"),
        ("22:16:35 UTC", "bad", "HTTP 5xx over 1 %: 5.00 % (62.2 of 1,244); breached if it lasts 2m"),
        (
            "22:18:05 UTC",
            "bad",
            "HTTP 5xx 5.00 % > 1 % for 2m: now more than chance (once in 6,700 releases); 30s of fuse left",
        ),
        ("22:18:35 UTC", "bad", "HTTP 5xx breached: 5.00 % > 1 % for 2m (62.2 of 1,244)"),
        ("22:18:45 UTC", "warn", "rollback started by ana"),
        ("22:19:05 UTC", "ok", "the rollback command ended after 20s"),
        ("22:22:05 UTC", "ok", "HTTP 5xx cleared: 0.10 %"),
        ("22:22:05 UTC", "ok", "recovered: in range 1m20s after the rollback was started"),
    ]


def test_the_log_of_near_misses_blindness_and_warnings() -> None:
    release = watched().feed(90, BAD).feed(15).blind(30).feed(15).feed(15, SLOW_DATABASE)
    assert [(words.event_mark(e).value, words.event(e)) for e in release.events[3:]] == [
        ("warn", "HTTP 5xx near miss: over 1 % for 1m15s of 2m, back at 0.10 %"),
        ("unknown", "blind, the watch clock stops: connection refused"),
        ("ok", "measuring again after 30s of blindness"),
        ("warn", "orders-db connect over 500 ms: 900 ms; a warning if it lasts 1m"),
    ]


@pytest.mark.parametrize(
    ("happened", "mark", "text"),
    [
        (Event(0.0, EventKind.NOTE, text="looks fine", by="ana"), Mark.PENDING, "note by ana: looks fine"),
        (
            Event(0.0, EventKind.ROLLBACK_ENDED, text="exit code 3", seconds=4.0),
            Mark.BAD,
            "the rollback command failed after 4s: exit code 3",
        ),
        (
            Event(0.0, EventKind.STILL_BURNING, seconds=300.0, text="still burning"),
            Mark.BAD,
            "rolled back and not recovered after 5m: still burning",
        ),
        (Event(0.0, EventKind.ENDED, text="finished"), Mark.OK, "the release is finished"),
        (
            Event(0.0, EventKind.ENDED, text="abandoned", by="ci"),
            Mark.WARN,
            "the release is abandoned by ci",
        ),
        (
            Event(0.0, EventKind.QUIET),
            Mark.UNKNOWN,
            "quiet: the backend answers and there is no traffic",
        ),
        (
            Event(0.0, EventKind.BASELINE_UNFIT, signal=signals()[1], text="only 3 of 121 samples are there"),
            Mark.UNKNOWN,
            "average: the baseline is not fit to compare with: only 3 of 121 samples are there",
        ),
        (
            Event(
                0.0,
                EventKind.UNKNOWN,
                signal=signals()[3],
                reading=Reading.unknown(Kind.STALE, "newest sample 2m old"),
            ),
            Mark.UNKNOWN,
            "orders-db connect is unknown: stale (newest sample 2m old)",
        ),
        (
            Event(0.0, EventKind.KNOWN, signal=signals()[3], reading=Reading.of(0.008), seconds=45.0),
            Mark.OK,
            "orders-db connect is known again after 45s: 8.00 ms",
        ),
    ],
)
def test_events_in_words(happened: Event, mark: Mark, text: str) -> None:
    assert words.event(happened) == text
    assert words.event_mark(happened) is mark


def footers(release: Scenario) -> dict[str, str]:
    snapshot = seen(release)
    return {view.indicator.value: words.panel_footer(view, snapshot) for view in snapshot.indicators}


def test_a_panels_footer_says_what_matters_most_there() -> None:
    assert set(footers(watched()).values()) == {""}
    assert footers(watched().feed(60, BAD))["error-rate"] == "HTTP 5xx over its limit since 22:16:38 UTC"
    assert footers(breached())["error-rate"] == "HTTP 5xx breached at 22:18:38 UTC: 5.00 %"
    assert footers(breached().feed(45))["error-rate"] == "HTTP 5xx clearing since 22:18:53 UTC"
    blind = watched().blind(15, "connection refused")
    assert set(footers(blind).values()) == {""}, "the banner says once why nothing is measured"
    stale = watched().feed(15, {CONNECT: Reading.unknown(Kind.STALE, "newest sample 2m old")})
    assert footers(stale)["dependency"] == "newest sample 2m old"


def test_a_panel_says_why_a_rule_cannot_judge() -> None:
    zero = Scenario(before={BUSINESS: Reading(Kind.ZERO, 0.0)}).feed(180)
    assert footers(zero)["business"] == "the baseline is zero, so below_baseline says nothing"


@pytest.mark.parametrize(
    ("odds", "text"),
    [
        (1.0, "none: an ordinary run if the true rate were 1 %"),
        (17.9, "a run this bad would come once in 17 releases if the true rate were 1 %"),
        (1249.0, "a run this bad would come once in 1,200 releases if the true rate were 1 %"),
        (2e6, "a run this bad would hardly ever come if the true rate were 1 %"),
    ],
)
def test_evidence_in_words(odds: float, text: str) -> None:
    """The sum of all products is the odds, where nothing is left to start."""
    rule = watched().state.rules[0]
    each, pairs = (odds,) * len(ODDS), ((odds, 0.0),) * len(ODDS)
    known = replace(no_evidence(0.01, 1, 0.001), unstarted=0.0, independent=each, steady=each, bursting=pairs)
    assert words.evidence(replace(rule, evidence=known)) == text


@pytest.mark.parametrize(
    ("failed", "requests", "odds", "text"),
    [
        (1.0, 20.0, 1.0, "thin: 1 of 20 requests, which may be chance"),
        # The case thin-words: so many are no chance, whatever else they may be.
        (73.0, 975.0, 1.0, "thin: 73 of 975 requests, which may be one burst"),
        (5.0, 60.0, 130.0, "thin: 5 of 60 requests that chance gives once in 130 releases"),
    ],
)
def test_a_thin_breach_says_how_likely_chance_is(
    failed: float, requests: float, odds: float, text: str
) -> None:
    rule = breached().state.rules[0]
    assert rule.receipt is not None
    each, pairs = (odds,) * len(ODDS), ((odds, 0.0),) * len(ODDS)
    known = replace(no_evidence(0.01, 1, 0.001), unstarted=0.0, independent=each, steady=each, bursting=pairs)
    counted = replace(rule.receipt, count=requests, failures=failed)
    thin = replace(rule, sure_at=None, evidence=known, receipt=counted)
    assert words.doubt(Doubt(DoubtKind.THIN, thin)) == text


def test_a_signal_without_events_has_no_evidence() -> None:
    assert words.evidence(watched().state.rules[1]) == ""


def test_the_five_are_read_together_in_the_order_in_which_they_broke() -> None:
    release = watched().feed(45, SLOW_DATABASE).feed(135, SLOW_DATABASE | BAD | {LATENCY: Reading.of(0.3)})
    assert words.together(release.state, 0.0) == (
        "orders-db connect since 22:16:35 UTC; HTTP 5xx 45s later; average 45s later. "
        "In range: saturation, business."
    )
    assert words.together(watched().state, 0.0) == ""
