"""Limits that a service's own past supports: the tier's where a usual week keeps them, wider ones else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftergreen.config import loads
from aftergreen.model import Indicator, Signal, Timing
from aftergreen.proposal.instrumentation import alone
from aftergreen.proposal.limits import LOOKS, Past, Written, own_rules, rules_for, written
from aftergreen.units import parse_quantity

ERRORS = Signal(Indicator.ERROR_RATE, "5xx", "%", 60.0, numerator="a", denominator="b", events=True)
LATENCY = Signal(Indicator.LATENCY, "p95", "s", 60.0, query="p95")
POOL = Signal(Indicator.SATURATION, "pool", "%", 60.0, numerator="a", denominator="b")
ORDERS = Signal(Indicator.BUSINESS, "orders", "/min", 60.0, query="orders")


def week(*values: float | None) -> Past:
    """A week that repeats these values, one a look."""
    return Past(tuple(values[i % len(values)] for i in range(LOOKS)))


def with_a_few(usual: float, few: float, many: int) -> Past:
    """A week of one value, with so many looks at another, far from each other."""
    values: list[float | None] = [usual] * LOOKS
    for index in range(many):
        values[10 + index * (LOOKS // max(many, 1) - 1)] = few
    return Past(tuple(values))


@pytest.mark.parametrize(
    ("signal", "past", "key", "value", "why"),
    [
        pytest.param(ERRORS, week(0.001), "above", "1%", "found at most 0.10 %", id="quiet"),
        # A limit a quarter beyond 1.1 %.
        pytest.param(ERRORS, week(0.011), "above", "1.5%", "too near to the usual 1 %", id="noisy"),
        pytest.param(ERRORS, with_a_few(0.001, 0.5, 5), "above", "1%", "at most 0.10", id="five-incidents"),
        pytest.param(ERRORS, with_a_few(0.001, 0.5, 6), "above", "63%", "at most 50.0 %", id="one-too-many"),
        pytest.param(POOL, week(0.73), "above", "90%", "found at most 73.0 %", id="room-above"),
        pytest.param(POOL, week(0.88), "above", "91%", "too near to the usual 90 %", id="nearly-full"),
        pytest.param(ERRORS, Past(), "above", "1%", "too little past", id="no-past"),
        pytest.param(ERRORS, Past((0.5,) * 35), "above", "1%", "too little past", id="short-past"),
        pytest.param(LATENCY, week(0.2), "above_baseline", "50%", "at most 0 % above", id="steady"),
        # From 0.2 to 0.4 is twice as much, half an hour after the change as well.
        pytest.param(LATENCY, week(0.2, 0.4), "above_baseline", "150%", "at most 100 %", id="restless"),
        pytest.param(LATENCY, week(0.001, 0.004), "above_baseline", "50%", "at most 0 %", id="by-too-little"),
        pytest.param(
            ORDERS, week(100.0, 100.0, 100.0, 60.0), "below_baseline", "50%", "at most 40.0 %", id="waves"
        ),
        pytest.param(ORDERS, week(100.0, None), "below_baseline", "30%", "too little past", id="gaps"),
    ],
)
def test_a_limit_lies_beyond_what_is_usual(
    signal: Signal, past: Past, key: str, value: str, why: str
) -> None:
    first = rules_for(signal, "standard", Timing(), past)[0]
    assert first.table[key] == value
    assert why in first.reason


def test_where_nothing_is_left_to_be_told_there_is_no_rule() -> None:
    rules = rules_for(POOL, "standard", Timing(), week(0.99))
    assert rules[0].table == {}
    assert rules[0].reason.startswith(
        "no limit above: 99.5 % of 1,008 looks into the last week found at most 99"
    )
    assert rules[1].table["above_baseline"] == "100%"
    assert rules[1].table["per_request"] is True
    falls = rules_for(ORDERS, "standard", Timing(), week(100.0, 100.0, 100.0, 1.0))
    assert falls[0].table == {}


def test_a_rule_that_an_instrumentation_brings_is_held_against_the_past_too() -> None:
    rules = (
        {"above": 10, "for": "2m", "then": "warn", "clear_for": "9m"},
        {"below": 1, "for": "1m", "then": "warn"},
    )
    reasons = ("ten are many", "none is too few")
    signal = Signal(Indicator.SATURATION, "queue", "", 60.0, query="queue")
    signal = replace(signal, rules=loads(alone({**SHOWN, "rules": list(rules)})).signals[0].rules)
    queue, workers = own_rules(signal, rules, reasons, Timing(), week(40.0))
    assert queue.table == {"above": 50, "for": "2m", "then": "warn", "clear_for": "9m"}
    assert "found at most 40: too near to the usual 10" in queue.reason
    assert (workers.table, workers.reason) == (rules[1], "none is too few")
    assert own_rules(signal, rules, reasons, Timing(), week(1.0))[0].table == rules[0]


def test_what_is_scraped_seldom_takes_longer_to_climb() -> None:
    rules = ({"climbing_for": "5m", "then": "warn"},)
    asked = {**SHOWN, "query": "sum(increase(x[$window]))", "rules": list(rules)}
    signal = replace(loads(alone(asked)).signals[0], window=240.0)
    (climb,) = own_rules(signal, rules, ("it grows",), Timing(), Past())
    assert climb == Written({"climbing_for": "16m", "then": "warn"}, "it grows")


SHOWN = {"indicator": "saturation", "name": "queue", "query": "queue"}


def test_a_past_that_cannot_be_read_is_no_short_one() -> None:
    first = rules_for(ERRORS, "standard", Timing(), Past((None,) * LOOKS, unread="Prometheus answered 503"))[
        0
    ]
    assert first.table["above"] == "1%"
    assert "the past cannot be read (Prometheus answered 503)" in first.reason


@pytest.mark.parametrize(
    ("looks", "told"),
    [(LOOKS, "the last week"), (LOOKS - 100, "the last week"), (144, "the last 1d"), (33, "the last 5h30m")],
)
def test_a_past_says_how_long_it_is(looks: int, told: str) -> None:
    assert Past((*(None,) * (LOOKS - looks), *(1.0,) * looks)).told == told


UNITS = ("%", "s", "ms", "bytes", "/min", "", "cores")


@given(st.sampled_from(UNITS), st.floats(0.001, 1e6))
def test_a_number_is_written_as_a_configuration_reads_it(unit: str, value: float) -> None:
    assert parse_quantity(written(value, unit), unit) == pytest.approx(value, rel=1e-3)


VALUES = st.lists(st.none() | st.floats(0.0, 1.0), min_size=40, max_size=200)


@given(
    st.sampled_from([ERRORS, LATENCY, POOL, ORDERS]),
    st.sampled_from(["critical", "standard", "background"]),
    VALUES,
)
def test_whatever_the_past_was_the_rules_are_ones_that_a_configuration_may_have(
    signal: Signal, tier: str, values: Sequence[float | None]
) -> None:
    rules = rules_for(signal, tier, Timing(), Past(tuple(values)))
    assert all(rule.reason for rule in rules)
    table = {
        "indicator": str(signal.indicator),
        "name": signal.name,
        "unit": signal.unit or "none",
        "rules": [dict(rule.table) for rule in rules if rule.table],
    }
    table |= {"query": signal.query} if signal.query else {"numerator": "a", "denominator": "b"}
    assert loads(alone(table)).signals[0].rules is not None
