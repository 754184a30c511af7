"""The results of rehearsals as a table over people and scenarios."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from aftergreen.drill.debriefing.rehearsed import RULES
from aftergreen.drill.debriefing.results import Result
from aftergreen.units import format_clock
from aftergreen.words.columns import in_columns

RECENT = 4
"""How many of somebody's rehearsals of one scenario the trend shows, the newest last."""

HEAD = ("who", "scenario", "runs", "right", "noticed", "diagnosed", "decided", "rules", "course")


def table(results: Sequence[Result]) -> Iterator[str]:
    """What each person made of each scenario; times are from the first sign, those of the newest run."""
    if not results:
        yield "no rehearsal is recorded here: aftergreen drill NAME records one"
        return
    rows: list[tuple[str, ...]] = [HEAD]
    for _, of_one in groupby(sorted(results, key=_whose), key=_whose):
        rows.append(_row(list(of_one)))
    yield from in_columns(rows)
    yield ""
    yield from _people(results)


def _whose(result: Result) -> tuple[bool, str, str]:
    """People by name, and the rules after them."""
    return result.operator == RULES, result.operator, result.scenario


def _row(runs: Sequence[Result]) -> tuple[str, ...]:
    newest = runs[-1]
    return (
        newest.operator,
        newest.scenario,
        str(len(runs)),
        _right(runs),
        _since(newest, newest.noticed),
        _understood(newest),
        _since(newest, newest.rolled_back),
        _since(newest, newest.rules),
        " ".join(_step(run) for run in runs[-RECENT:]),
    )


_SIGNS = {True: "✓", False: "✗", None: "·"}


def _right(runs: Sequence[Result]) -> str:
    """How many of those that were judged were right."""
    judged = [run for run in runs if run.right is not None]
    return f"{sum(run.right is True for run in judged)}/{len(judged)}"


def _since(run: Result, at: float | None) -> str:
    """How long after the first sign; from the deployment where there was none."""
    return "–" if at is None else format_clock(round(at - (run.sign or 0.0)))


def _understood(run: Result) -> str:
    if run.diagnosis is None:
        return "–"
    when = "at the end" if run.diagnosed is None else _since(run, run.diagnosed)
    return when if run.diagnosis else f"{when} wrong"


def _step(run: Result) -> str:
    """One run in the course of several: whether it was right, and when it was decided."""
    return f"{_SIGNS[run.right]}{_since(run, run.rolled_back) if run.rolled_back is not None else ''}"


def _people(results: Sequence[Result]) -> Iterator[str]:
    """What each made of all, and whether the later half went better than the earlier one."""

    def who(one: Result) -> tuple[bool, str]:
        return _whose(one)[:2]

    for (_, name), of_one in groupby(sorted(results, key=who), key=who):
        runs = list(of_one)
        judged = [run for run in runs if run.right is not None]
        right = sum(run.right is True for run in judged)
        plural = "rehearsal" if len(judged) == 1 else "rehearsals"
        left = f", {len(runs) - len(judged)} left before they were decided" if len(judged) < len(runs) else ""
        yield f"{name}: {right} of {len(judged)} {plural} right{_trend(judged)}{left}"


def _trend(runs: Sequence[Result]) -> str:
    """How the earlier half compares with the later one, where there are enough to tell."""
    half = len(runs) // 2
    if half < 2:  # noqa: PLR2004  # one run is no trend
        return ""
    earlier, later = runs[:half], runs[-half:]
    shares = [sum(run.right is True for run in part) for part in (earlier, later)]
    return f", {shares[0]} of the first {half} and {shares[1]} of the last {half}"
