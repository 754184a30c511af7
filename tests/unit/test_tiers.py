"""The usual rules of each tier: which signal gets which, and that the guide says so."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from aftergreen import words
from aftergreen.config.tiers import TIERS, Measure, measure_of, tier_rules, too_long
from aftergreen.journal.codec import decode, dumps, encode
from aftergreen.model import Condition, Indicator, Signal, Then, Timing
from aftergreen.verdict.state import RuleState
from tests.scenario import signals

GUIDE = Path(__file__).parents[2] / "docs" / "configuration.md"

RATIO = signals()[0]
PLAIN = replace(RATIO, numerator=None, denominator=None, events=False, query="x", rules=())
PROBE = replace(PLAIN, query=None, probe="tcp://db:1", unit="s")
KINDS: dict[Measure, tuple[str, Signal]] = {
    Measure.ERRORS: ("failed of all requests", RATIO),
    Measure.DURATION: ("latency", replace(PLAIN, indicator=Indicator.LATENCY, unit="s")),
    Measure.SHARE: ("saturation in %", replace(PLAIN, indicator=Indicator.SATURATION, unit="%")),
    Measure.PROBE: ("a probe of the service itself", PROBE),
    Measure.THEIR_ERRORS: ("failed calls of a dependency", replace(RATIO, indicator=Indicator.DEPENDENCY)),
    Measure.THEIR_DURATION: (
        "a dependency's latency",
        replace(PLAIN, indicator=Indicator.DEPENDENCY, dependency="db", unit="ms"),
    ),
    Measure.THEIR_PROBE: ("a probe of a dependency", replace(PROBE, indicator=Indicator.DEPENDENCY)),
    Measure.BUSINESS: ("business", replace(PLAIN, indicator=Indicator.BUSINESS, unit="/min")),
    Measure.RESOURCE: (
        "saturation in anything else",
        replace(PLAIN, indicator=Indicator.SATURATION, unit=""),
    ),
    Measure.OTHER: ("anything else", replace(PLAIN, indicator=Indicator.LATENCY, unit="")),
}


@pytest.mark.parametrize("kind", list(Measure))
def test_every_measure_of_number_has_its_signal(kind: Measure) -> None:
    assert measure_of(KINDS[kind][1]) is kind


@pytest.mark.parametrize(
    ("signal", "kind"),
    [
        (replace(PLAIN, unit="%"), Measure.ERRORS),
        (replace(PLAIN, unit="/s"), Measure.OTHER),
        (replace(RATIO, indicator=Indicator.LATENCY), Measure.OTHER),
        (replace(RATIO, indicator=Indicator.BUSINESS), Measure.BUSINESS),
        (replace(PLAIN, indicator=Indicator.DEPENDENCY, unit="%"), Measure.OTHER),
        (replace(PLAIN, indicator=Indicator.SATURATION, unit="s"), Measure.RESOURCE),
        (replace(PROBE, indicator=Indicator.BUSINESS), Measure.PROBE),
    ],
)
def test_a_usual_limit_is_for_what_is_known_to_be_bad_above_it(signal: Signal, kind: Measure) -> None:
    assert measure_of(signal) is kind


@pytest.mark.parametrize("tier", list(TIERS))
@pytest.mark.parametrize("kind", list(Measure))
def test_every_signal_has_a_rule_with_a_reason_and_none_acts_in_haste(tier: str, kind: Measure) -> None:
    found = list(tier_rules(tier, KINDS[kind][1], Timing()))
    assert found
    for rule, reason in found:
        assert reason
        assert not rule.fast
        assert rule.condition.compares or KINDS[kind][1].probe is None
        assert not rule.condition.relative or KINDS[kind][1].probe is None


def test_a_more_critical_service_is_never_judged_more_leniently() -> None:
    order = ("background", "standard", "critical")
    for _, signal in KINDS.values():
        firsts = [next(tier_rules(tier, signal, Timing()))[0] for tier in order]
        limits = [rule.limit for rule in firsts]
        assert limits == sorted(limits, reverse=True)
        assert [rule.sustained for rule in firsts] == sorted((r.sustained for r in firsts), reverse=True)
        acts = [rule.then is Then.ROLLBACK for rule in firsts]
        assert acts == sorted(acts)


def test_a_climb_is_long_enough_for_the_grid() -> None:
    climbs = [r for r, _ in tier_rules("standard", KINDS[Measure.OTHER][1], Timing(interval=60.0))]
    assert [(r.condition, r.limit, r.clear_for) for r in climbs] == [(Condition.CLIMBING, 480.0, 60.0)]


@pytest.mark.parametrize(
    ("window", "timing", "taken"),
    [
        (60.0, Timing(), None),
        (210.0, Timing(), None),
        # Four windows are longer than what is left of a quarter of an hour.
        (240.0, Timing(), 960.0),
        (240.0, Timing(duration=1800.0), None),
        (60.0, Timing(interval=120.0), 960.0),
        (60.0, Timing(duration=300.0), 300.0),
        (60.0, Timing(duration=360.0), None),
    ],
)
@pytest.mark.parametrize("kind", [Measure.DURATION, Measure.RESOURCE, Measure.OTHER])
def test_a_usual_climb_that_the_watch_is_too_short_for_is_left_out(
    kind: Measure, window: float, timing: Timing, taken: float | None
) -> None:
    signal = replace(KINDS[kind][1], query="rate(x[$window])", window=window)
    found = [rule for rule, _ in tier_rules("standard", signal, timing)]
    assert too_long("standard", signal, timing) == taken
    assert any(rule.condition is Condition.CLIMBING for rule in found) is (taken is None)
    assert len(found) == len(TIERS["standard"][kind]) - (taken is not None)


@pytest.mark.parametrize("tier", list(TIERS))
@pytest.mark.parametrize("kind", list(Measure))
def test_usual_rules_are_known_again_when_they_come_out_of_a_journal(tier: str, kind: Measure) -> None:
    usual = tuple(rule for rule, _ in tier_rules(tier, KINDS[kind][1], Timing()))
    written = json.loads(dumps(encode(replace(KINDS[kind][1], rules=usual))))
    assert decode(written, Signal).rules == usual


def guide_rows() -> list[str]:
    """The table as the guide has it."""
    rows = [f"| | {' | '.join(TIERS)} |", f"|---|{'---|' * len(TIERS)}"]
    for name, signal in KINDS.values():
        cells = []
        for tier in TIERS:
            rules = [rule for rule, _ in tier_rules(tier, signal, Timing())]
            bare = replace(signal, name="")
            texts = [words.rule(RuleState(bare, replace(r, by_at_least=0.0), None, None)) for r in rules]
            cells.append("; ".join(text.removeprefix(bare.label).strip() for text in texts))
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return rows


def test_the_guide_has_the_table_as_it_is() -> None:
    assert "\n".join(guide_rows()) in GUIDE.read_text(encoding="utf-8")
