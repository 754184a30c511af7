"""What the journal writes, it reads back, and its seal follows the content alone."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftergreen.journal import JournalError
from aftergreen.journal.codec import decode, dumps, encode, seal
from aftergreen.model import (
    Backend,
    BaselinePlan,
    BaselineSource,
    Condition,
    Indicator,
    Instant,
    Kind,
    Plan,
    Reading,
    Reduce,
    Release,
    RollbackPlan,
    Rule,
    Service,
    Signal,
    SignalKey,
    Strategy,
    Then,
    Timing,
)

names = st.text(max_size=12)
maybe_name = st.none() | names
finite = st.floats(allow_nan=False, allow_infinity=False)
# Infinity is what a probe that is down reads; NaN has no equal and gets its own test.
numbers = st.floats(allow_nan=False)
maybe_number = st.none() | numbers

readings = st.builds(
    Reading,
    kind=st.sampled_from(Kind),
    value=maybe_number,
    count=maybe_number,
    failures=maybe_number,
    newest=maybe_number,
    detail=names,
    notes=st.lists(names, max_size=2).map(tuple),
)
instants = st.builds(
    Instant,
    at=finite,
    readings=st.dictionaries(names.map(SignalKey), readings, max_size=4),
    running=st.none() | st.dictionaries(names, numbers, max_size=3),
)
releases = st.builds(
    Release,
    service=names,
    environment=names,
    version=names,
    previous=maybe_name,
    deployed_at=finite,
    number=st.integers(0, 9999),
)
rules = st.builds(
    Rule,
    condition=st.sampled_from(Condition),
    limit=finite,
    sustained=finite,
    then=st.sampled_from(Then),
    by_at_least=finite,
    clear=st.none() | finite,
    clear_for=finite,
)
signals = st.builds(
    Signal,
    indicator=st.sampled_from(Indicator),
    name=names,
    unit=names,
    window=finite,
    rules=st.lists(rules, max_size=2).map(tuple),
    query=maybe_name,
    count=maybe_name,
    numerator=maybe_name,
    denominator=maybe_name,
    events=st.booleans(),
    reduce=st.none() | st.sampled_from(Reduce),
    probe=maybe_name,
    dependency=maybe_name,
    kind=maybe_name,
)
plans = st.builds(
    Plan,
    service=st.builds(Service, name=names, environment=names, tier=names, running=maybe_name),
    backend=st.builds(Backend, url=names, timeout=finite, headers=st.dictionaries(names, names, max_size=2)),
    timing=st.builds(Timing, duration=finite, warmup=finite),
    baseline=st.builds(BaselinePlan, source=st.sampled_from(BaselineSource), window=finite, gap=finite),
    signals=st.lists(signals, max_size=3).map(tuple),
    waived=st.dictionaries(st.sampled_from(Indicator), names, max_size=2),
    rollback=st.none()
    | st.builds(
        RollbackPlan, command=st.lists(names, max_size=3).map(tuple), strategy=st.sampled_from(Strategy)
    ),
    journal=maybe_name,
    alpha=finite,
)


def through_json(value: object) -> dict[str, object]:
    read: dict[str, object] = json.loads(dumps(encode(value)))
    return read


@given(instants)
def test_an_instant_comes_back_as_it_was(instant: Instant) -> None:
    assert decode(through_json(instant), Instant) == instant


@given(releases)
def test_a_release_comes_back_as_it_was(release: Release) -> None:
    assert decode(through_json(release), Release) == release


@given(plans)
def test_a_plan_comes_back_as_it_was_and_keeps_its_seal(plan: Plan) -> None:
    back = decode(through_json(plan), Plan)
    # A record names the backend that was asked, and holds none of its secrets.
    assert back == replace(plan, backend=plan.backend.public())
    assert seal(back, {}) == seal(plan, {})


@given(plans, st.dictionaries(names, finite, min_size=2, max_size=5))
def test_the_seal_does_not_depend_on_the_order_of_keys(plan: Plan, baseline: dict[str, float]) -> None:
    assert seal(plan, baseline) == seal(plan, dict(reversed(baseline.items())))


@given(plans, finite, finite)
def test_the_seal_changes_with_the_plan_and_with_the_baseline(plan: Plan, one: float, other: float) -> None:
    changed = replace(plan, alpha=one)
    assert (seal(changed, {}) == seal(plan, {})) == (dumps(encode(changed)) == dumps(encode(plan)))
    assert (seal(plan, {"median": one}) == seal(plan, {"median": other})) == (repr(one) == repr(other))


def test_whole_numbers_seal_like_their_floats() -> None:
    assert dumps(encode(Timing(duration=900))) == dumps(encode(Timing(duration=900.0)))


def test_infinity_and_nan_are_words_in_strict_json() -> None:
    key = SignalKey("dependency/orders-db/connect")
    down = Instant(60.0, {key: Reading.down("refused")}, {"v1": math.nan, "v2": -math.inf})
    text = dumps(encode(down))
    assert json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    back = decode(json.loads(text), Instant)
    assert back.readings[key].value == math.inf
    assert back.running is not None
    assert math.isnan(back.running["v1"])
    assert back.running["v2"] == -math.inf


def test_what_a_reading_does_not_say_is_not_written() -> None:
    instant = Instant(60.0, {SignalKey("latency/average"): Reading.of(0.2)})
    assert encode(instant) == {"at": 60.0, "readings": {"latency/average": {"kind": "value", "value": 0.2}}}


@pytest.mark.parametrize(
    "data", [{}, {"at": "soon", "readings": {}}, {"at": 1, "readings": {"a": {"kind": "?"}}}]
)
def test_data_of_another_kind_are_told_in_one_sentence(data: dict[str, object]) -> None:
    with pytest.raises(JournalError, match="cannot read as Instant"):
        decode(data, Instant)
