"""How a signal was in the past, and whether that is fit to compare with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from statistics import median

from aftergreen.model import BaselineSource, Condition, Instant, Plan, Reading, Rule, Signal, SignalKey
from aftergreen.verdict.conditions import SILENT, steepest
from aftergreen.verdict.fitness import SAMPLES_THERE, why_unfit
from aftergreen.verdict.limits import exceeds, limit_of
from aftergreen.verdict.ranges import Range, baseline_instants, level_instants
from aftergreen.verdict.samples import EVENTS_PER_SECOND, distinct, spacing
from aftergreen.verdict.spread import spread_of
from aftergreen.verdict.state import EPSILON, Baseline
from aftergreen.verdict.trend import Samples

NEWEST = 3
"""How many of the newest raw samples before the deployment must exceed a limit to call a signal broken."""


def summarise(
    plan: Plan,
    deployed_at: float,
    history: Sequence[Instant],
    range_: Range | None = None,
    then: Sequence[Instant] | None = None,
) -> dict[SignalKey, Baseline]:
    """The baseline of every signal that has any sample in the range.

    Args:
        plan: the plan whose signals are summarised.
        deployed_at: the time of the deployment.
        history: instants before the deployment, ascending; they tell whether a signal was broken when the
            deployment began, and the level that a baseline is scaled to.
        range_: which instants are the baseline; that of ``before`` where it is not given.
        then: the instants in which the range lies, ascending; those outside of it are left out. They are
            the history itself where they are not given.
    """
    if range_ is None:
        instants = baseline_instants(plan, deployed_at)
        range_ = Range(BaselineSource.BEFORE, None, instants, instants)
    read = history if then is None else then
    inside = _within(range_.instants, read)
    before = _within(level_instants(plan, deployed_at), history) if range_.level else ()
    level = _within(range_.level, read)
    earlier = [instant for instant in history if instant.at <= deployed_at]
    summaries: dict[SignalKey, Baseline] = {}
    for signal in plan.signals:
        values = _values(signal, inside)
        if signal.probe is not None or not values:
            continue
        factor, remark = _scaling(signal, range_, before, level) if range_.level else (1.0, "")
        plain = Baseline(
            median=_middle(signal, inside, values) * factor,
            spread=spread_of(values) * factor,
            samples=len(values),
            expected=len(range_.instants),
            per_second=_per_second(signal, inside, plan.timing.interval, factor),
            source=range_.source,
            factor=factor,
            remark=remark,
            climbed=tuple(_climbed(signal, inside, plan.timing.interval, factor)),
            repeated=len(values) - len(_samples(signal, inside)),
        )
        unfit = why_unfit(signal, range_, inside, plain, plan.timing.interval)
        last = _newest(signal, earlier)
        exceeded = tuple(i for i, rule in enumerate(signal.rules) if _exceeded(rule, last, plain))
        summaries[signal.key] = replace(plain, unfit=unfit, broken=bool(exceeded), exceeded=exceeded)
    return summaries


def _within(times: Sequence[float], instants: Iterable[Instant]) -> tuple[Instant, ...]:
    if not times:
        return ()
    return tuple(i for i in instants if times[0] - EPSILON <= i.at <= times[-1] + EPSILON)


def _values(signal: Signal, instants: Iterable[Instant]) -> list[float]:
    readings: Iterable[Reading | None] = (instant.readings.get(signal.key) for instant in instants)
    return [r.value for r in readings if r is not None and r.compared and r.value is not None]


def _samples(signal: Signal, instants: Iterable[Instant]) -> Samples:
    """The raw samples behind the signal's readings."""
    return distinct((i.at, i.readings[signal.key]) for i in instants if signal.key in i.readings)


def _newest(signal: Signal, earlier: Sequence[Instant]) -> list[float]:
    """The newest raw samples before the deployment, at most `NEWEST`; they end where one was unknown."""
    run: list[tuple[float, Reading]] = []
    for instant in reversed(earlier):
        reading = instant.readings.get(signal.key)
        if reading is None or not reading.compared:
            break
        run.insert(0, (instant.at, reading))
        if len(distinct(run)) == NEWEST:
            break
    return [value for _, value in distinct(run)]


def _climbed(
    signal: Signal, inside: Sequence[Instant], interval: float, factor: float
) -> Iterator[tuple[float, float]]:
    """How much the signal rose by itself over the look-back of each rule that asks about a climb."""
    samples = _samples(signal, inside)
    window, apart = signal.window if signal.windowed else 0.0, spacing(samples, interval)
    for rule in signal.rules:
        rise = steepest(rule, samples, apart, window) if rule.condition is Condition.CLIMBING else 0.0
        if rise > 0:
            yield rule.limit, rise * factor


def _middle(signal: Signal, inside: Sequence[Instant], values: Sequence[float]) -> float:
    """The median of the values; of events so rare that most windows hold none, their share of all."""
    middle = median(values)
    if middle or not signal.events:
        return middle
    readings = [instant.readings[signal.key] for instant in inside if signal.key in instant.readings]
    counted = [(r.failures or 0.0, r.count) for r in readings if r.compared and r.count is not None]
    trials = sum(count for _, count in counted)
    return sum(failures for failures, _ in counted) / trials if trials else middle


def _per_second(signal: Signal, inside: Sequence[Instant], interval: float, factor: float) -> float:
    """Events that are expected in a second: counted ones, else those a rate tells of, else the samples.

    ``factor`` scales the signal's own values, and no other numbers.
    """
    readings = [instant.readings[signal.key] for instant in inside if signal.key in instant.readings]
    counts = [reading.count for reading in readings if reading.compared and reading.count is not None]
    if counts:
        # Where there was silence at times, it is nothing new.
        quiet = [0.0 for reading in readings if reading.kind in SILENT]
        return median([*counts, *quiet]) / signal.window
    if signal.unit in EVENTS_PER_SECOND:
        return median(_values(signal, inside)) * EVENTS_PER_SECOND[signal.unit] * factor
    return 1.0 / spacing(_samples(signal, inside), interval)


def _scaling(
    signal: Signal, range_: Range, before: Sequence[Instant], level: Sequence[Instant]
) -> tuple[float, str]:
    """How the half hour before this deployment stands to the same half hour then; or 1 and why not."""
    medians, expected = [], len(range_.level)
    for instants, when in ((before, "before this deployment"), (level, "at that time")):
        change = range_.polluted(signal, [instant.at for instant in instants])
        if change:
            return 1.0, f"not scaled: {change} lies in the half hour {when}"
        values = _values(signal, instants)
        if not values or len(values) < SAMPLES_THERE * expected:
            there = f"only {len(values)} of {expected} samples"
            return 1.0, f"not scaled: {there} of the half hour {when} are there"
        medians.append(median(values))
        if medians[-1] <= 0:
            return 1.0, f"not scaled: the half hour {when} has no level above zero"
    return medians[0] / medians[1], ""


def _exceeded(rule: Rule, newest: Sequence[float], baseline: Baseline) -> bool:
    limit = limit_of(rule, baseline)
    return limit is not None and len(newest) == NEWEST and all(exceeds(rule, limit, v) for v in newest)
