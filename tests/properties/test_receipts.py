"""What a receipt says of its rule can be read back, to the number."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from aftergreen import words
from aftergreen.model import Condition, Rule, Then
from aftergreen.units import parse_duration, parse_fraction, parse_quantity
from aftergreen.verdict.state import RuleState
from aftergreen.words.cards import receipt_rows
from tests.scenario import Scenario, errors, signals, with_rule

LATENCY = signals()[1]
shares = st.integers(1, 999).map(lambda thousandths: thousandths / 1000)
lengths = st.integers(1, 720).map(lambda quarters: 15.0 * quarters)
follows = st.sampled_from(Then)
floors = st.sampled_from([0.0, 0.005, 0.02, 1.0])
compared = st.builds(
    Rule,
    st.sampled_from([Condition.ABOVE, Condition.BELOW]),
    shares,
    lengths,
    follows,
    fast=st.booleans(),
)
relative = st.builds(
    Rule,
    st.sampled_from([Condition.ABOVE_BASELINE, Condition.BELOW_BASELINE]),
    shares,
    lengths,
    follows,
    by_at_least=floors,
)
climbs = st.builds(Rule, st.just(Condition.CLIMBING), lengths, st.just(0.0), follows, by_at_least=floors)
exhaustions = st.builds(
    Rule, st.just(Condition.EXHAUSTS), lengths, lengths, follows, capacity=st.integers(1, 99).map(float)
)
silences = lengths.flatmap(
    lambda seconds: st.builds(Rule, st.just(Condition.SILENT), st.just(seconds), st.just(seconds), follows)
)

LENGTH = r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h|d))+"
QUANTITY = r"[0-9.,]+(?: (?:%|ms|s))?"
FORMS = {
    rf"(above|below) ({QUANTITY}) for ({LENGTH})": "fixed",
    rf"({QUANTITY}) (above|below) baseline(?:, by at least ({QUANTITY}))? for ({LENGTH})": "relative",
    rf"climbing for ({LENGTH})(?:, by at least ({QUANTITY}))?": "climb",
    rf"full at ({QUANTITY}) within ({LENGTH}) for ({LENGTH})": "exhaustion",
    rf"silent for ({LENGTH})": "silence",
}


def parsed(text: str, unit: str) -> Rule:
    """The rule that a sentence tells, by its grammar alone."""
    said, then, fast = re.fullmatch(r"(.*): (roll back|warn)(, fast)?", text).groups()  # type: ignore[union-attr]  # it always fits
    follows = Then.ROLLBACK if then == "roll back" else Then.WARN

    def amount(written: str) -> float:
        return parse_quantity(written.replace(" ", ""), unit)

    for form, name in FORMS.items():
        match = re.fullmatch(form, said)
        if match is None:
            continue
        parts = match.groups()
        if name == "fixed":
            condition = Condition(parts[0])
            return Rule(condition, amount(parts[1]), parse_duration(parts[2]), follows, fast=bool(fast))
        if name == "relative":
            condition = Condition(f"{parts[1]}_baseline")
            floor = amount(parts[2]) if parts[2] else 0.0
            change = parse_fraction(parts[0].replace(" ", ""))
            return Rule(condition, change, parse_duration(parts[3]), follows, by_at_least=floor)
        if name == "climb":
            floor = amount(parts[1]) if parts[1] else 0.0
            return Rule(Condition.CLIMBING, parse_duration(parts[0]), 0.0, follows, by_at_least=floor)
        if name == "exhaustion":
            within, held = parse_duration(parts[1]), parse_duration(parts[2])
            return Rule(Condition.EXHAUSTS, within, held, follows, capacity=amount(parts[0]))
        silent = parse_duration(parts[0])
        return Rule(Condition.SILENT, silent, silent, follows)
    raise AssertionError(text)


@given(compared | relative | climbs | exhaustions | silences)
def test_the_text_of_a_rule_parses_back_to_the_rule(rule: Rule) -> None:
    # One unit in which limits, floors and capacities can all be written.
    signal = replace(LATENCY, name="p95", rules=(rule,))
    text = words.rule(RuleState(signal, rule, rule.capacity, None))
    assert text.startswith("p95 ")
    found = parsed(text.removeprefix("p95 "), signal.unit)
    for field in ("limit", "sustained", "by_at_least", "capacity"):
        here, there = getattr(rule, field), getattr(found, field)
        assert (here is None) == (there is None)
        assert here is None or abs(here - there) < 1e-9
    assert (found.condition, found.then, found.fast) == (rule.condition, rule.then, rule.fast)


@given(st.integers(20, 999), lengths.filter(lambda seconds: seconds <= 600))
def test_a_receipt_holds_the_numbers_that_decided(per_mille: int, lasting: float) -> None:
    rule = Rule(Condition.ABOVE, 0.01, lasting, Then.ROLLBACK, clear_for=lasting)
    release = Scenario(with_rule("error-rate/HTTP 5xx", rule)).feed(60)
    release.feed(lasting + 30, {"error-rate/HTTP 5xx": errors(per_mille / 1000)})
    status = release.state.rules[0]
    assert status.breached
    rows = dict(receipt_rows(status, release.plan.backend))
    found = parsed(rows["rule"].removeprefix("HTTP 5xx "), "%")
    assert (found.condition, found.limit, found.sustained) == (Condition.ABOVE, 0.01, lasting)
    value = parse_fraction(rows["value"].partition(" at ")[0].replace(" ", ""))
    assert abs(value - per_mille / 1000) <= 0.0005 + 1e-9
    failed, _, all_of_them = rows["counted"].partition(" of ")
    assert float(failed.replace(",", "")) == round(3000 * per_mille / 1000)
    assert float(all_of_them.replace(",", "")) == 3000
