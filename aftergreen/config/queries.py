"""What can be told of a query without asking a backend."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from aftergreen.clean import clean
from aftergreen.config.faults import Faults, listed, nearest
from aftergreen.model import Plan, Signal, Then
from aftergreen.promql import gives_rates, reach, substitute, syntax_error
from aftergreen.units import format_duration
from aftergreen.verdict.conditions import look_back_of

_PLACEHOLDERS = ("window", "window_seconds", "version", "service", "environment")
_PLACEHOLDER = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")
_VERSION = re.compile(r"\$\{?version\b")
_FIXED_RANGE = re.compile(r"\[\s*([0-9][0-9a-z]*)\s*[\]:]")
_CLOSERS = {"(": ")", "[": "]", "{": "}"}


def check_query(faults: Faults, place: str, query: str) -> None:
    """Report what no dialect of PromQL can mean.

    A query that only our parser does not know is no error, for backends have functions of their own:
    `warnings_of` shows those.
    """
    for name in _PLACEHOLDER.findall(query):
        if name not in _PLACEHOLDERS:
            known = listed(f"${word}" for word in _PLACEHOLDERS)
            near = nearest(name, _PLACEHOLDERS)
            faults.add(place, f"the placeholder ${name}", known, f"${near}" if near else None)
    fault = _unbalanced(query)
    if fault:
        faults.add(place, fault, "a query whose brackets and quotes are closed")


def asks_for_version(query: str) -> bool:
    """Whether a query holds ``$version``, and so can be asked for either of two versions."""
    return _VERSION.search(query) is not None


def looks_at_one_moment(query: str) -> bool:
    """Whether a query has no range, so that it gives what is now, and never how much there was.

    False where our parser does not know it.
    """
    filled = _filled(query, 60.0)
    return syntax_error(filled) is None and reach(filled) == 0.0


def warnings_of(plan: Plan) -> tuple[str, ...]:
    """What is lawful in a plan and yet most likely not meant; one sentence each, for `check` to show."""
    warnings = [text for signal in plan.signals for text in _signal_warnings(plan, signal)]
    if plan.service.running is not None:
        warnings += _syntax_warnings("service.running", plan.service.running, plan.timing.window)
    return tuple(warnings)


def _signal_warnings(plan: Plan, signal: Signal) -> Iterator[str]:
    if not signal.rules:
        yield f"{signal.key} has no rules: it is shown, but never judged"
    timing = plan.timing
    for rule in signal.rules:
        window = signal.window if signal.windowed else 0.0
        back = look_back_of(rule, timing.interval, window) if rule.condition.trend else 0.0
        if rule.sustained + back > timing.duration - timing.warmup:
            yield (
                f"{signal.key} has a rule that takes {format_duration(rule.sustained + back)}, longer than "
                f"the watch lasts after its warm-up ({format_duration(timing.duration - timing.warmup)})"
            )
        within = plan.rollback.verify_within if plan.rollback is not None else math.inf
        seen = rule.clear_for + window
        if rule.then is Then.ROLLBACK and seen > within:
            yield (
                f"{signal.key} has a rule that takes {format_duration(seen)} to clear, longer than a rollback"
                f" is verified ({format_duration(within)}): raise rollback.verify_within, or lower clear_for"
            )
    if signal.events and any(gives_rates(_filled(query, signal.window)) for query in signal.queries):
        yield (
            f"{signal.key} divides rates, so that nobody knows how many events stand behind it: "
            "write increase(…) instead of rate(…)"
        )
    for query in signal.queries:
        fixed = _FIXED_RANGE.search(query)
        if fixed:
            yield (
                f"{signal.key} looks back over a fixed [{fixed[1]}], which may reach across the deployment: "
                "write [$window]"
            )
        yield from _syntax_warnings(signal.key, query, signal.window)


def _syntax_warnings(subject: str, query: str, window: float) -> Iterator[str]:
    fault = syntax_error(_filled(query, window))
    if fault:
        yield f"{subject} has a query that is no PromQL, unless the backend knows more: {clean(fault)}"


def _filled(query: str, window: float) -> str:
    return substitute(query, window=window, version="any")


def _unbalanced(query: str) -> str | None:
    """The first bracket or quote that is not closed, or that closes nothing."""
    waiting: list[str] = []
    rest = iter(query)
    for char in rest:
        if char in "\"'`":
            if not _skip_string(rest, char):
                return f"a {char} that is never closed"
        elif char == "#":
            _skip_comment(rest)
        elif char in _CLOSERS:
            waiting.append(char)
        elif char in _CLOSERS.values() and (not waiting or _CLOSERS[waiting.pop()] != char):
            return f"a {char} that closes nothing"
    return f"a {waiting[-1]} that is never closed" if waiting else None


def _skip_string(rest: Iterator[str], quote: str) -> bool:
    """Consume a string to its closing quote; whether there was one. Backticks know no escapes."""
    for char in rest:
        if char == quote:
            return True
        if char == "\\" and quote != "`":
            next(rest, None)
    return False


def _skip_comment(rest: Iterator[str]) -> None:
    for char in rest:
        if char == "\n":
            return
