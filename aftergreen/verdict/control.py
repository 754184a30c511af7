"""The previous version at the same instant: what a signal is compared with, and whether both moved alike."""

from __future__ import annotations

from dataclasses import replace

from aftergreen.model import BaselineSource, Reading, Signal
from aftergreen.verdict.conditions import Judged, course_of, holds, judged
from aftergreen.verdict.limits import clear_of, limit_of
from aftergreen.verdict.samples import EVENTS_PER_SECOND, added, spacing
from aftergreen.verdict.spread import spread_of
from aftergreen.verdict.state import Baseline, Look, RuleState, SignalState
from aftergreen.verdict.trend import Samples

SAMPLES = 120
"""The newest samples of the control that its ordinary spread and its course are told from."""

FEWEST = 8
"""With fewer of them a spread says nothing."""


def compared_now(before: SignalState, reading: Reading | None, at: float, interval: float) -> SignalState:
    """The signal with the control's newest reading as its baseline, and with limits that follow from it.

    ``interval`` is the step of the grid in seconds.
    """
    if not before.signal.controlled:
        return before
    samples = before.control
    if reading is not None and reading.compared:
        samples = tuple(added(samples, at, reading))[-SAMPLES:]
    baseline = _baseline(before.signal, reading, samples, interval)
    return replace(
        before,
        control=samples,
        baseline=baseline,
        rules=tuple(_limited(rule, baseline) for rule in before.rules),
    )


def _baseline(signal: Signal, reading: Reading | None, samples: Samples, interval: float) -> Baseline | None:
    if not samples:
        return None
    values = [value for _, value in samples]
    unfit = ""
    if reading is None or not reading.compared:
        kind = "not asked" if reading is None else reading.kind.value
        unfit = f"the previous version gives nothing to compare with now ({kind})"
    elif len(values) < FEWEST:
        unfit = f"{len(values)} samples of the previous version are too few, it takes {FEWEST}"
    now = values[-1] if reading is None or reading.value is None else reading.value
    return Baseline(
        median=now,
        spread=spread_of(values),
        samples=len(values),
        expected=len(values),
        unfit=unfit,
        source=BaselineSource.CONTROL,
        per_second=_per_second(signal, reading, now, samples, interval),
    )


def _per_second(
    signal: Signal, reading: Reading | None, now: float, samples: Samples, interval: float
) -> float:
    """Events that the previous version lets one expect in a second; samples, where no events are counted."""
    if reading is not None and reading.count is not None:
        return reading.count / signal.window
    if signal.unit in EVENTS_PER_SECOND:
        return now * EVENTS_PER_SECOND[signal.unit]
    return 1.0 / spacing(samples, interval)


def _limited(rule: RuleState, baseline: Baseline | None) -> RuleState:
    if not rule.rule.condition.relative:
        return rule
    limit = limit_of(rule.rule, baseline)
    return replace(rule, limit=limit, clear=clear_of(rule.rule, limit, baseline))


def alike(rule: RuleState, look: Look, control: Reading | None, samples: Samples) -> RuleState:
    """The rule with whether the previous version was over the limit as well, in this run over it.

    ``samples`` are those of the previous version, of which a course is told. A rule against the control
    itself is never over the limit while both move alike.
    """
    if not (rule.burning or rule.breached):
        return rule if rule.run == 0 else replace(rule, run=0, alike=0)
    if control is None or rule.rule.condition.relative:
        return rule
    if rule.rule.condition.trend:
        course = course_of(rule, samples, look)
        over = course is not None and holds(rule.rule, course, None)
    else:
        found = judged(rule, replace(look, reading=control))
        over = isinstance(found, Judged) and found.over
    return replace(rule, run=rule.run + 1, alike=rule.alike + (1 if over else 0))
