"""From the tables of a document to a plan, with everything that must be true between them."""

from __future__ import annotations

import os
import string
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from unicodedata import normalize
from zoneinfo import available_timezones

from aftergreen.config.addresses import backend_address
from aftergreen.config.faults import Faults, listed, nearest, shown, shown_duration
from aftergreen.config.file import Document, MetricsTable, RollbackTable, ServiceTable, SignalTable
from aftergreen.config.queries import check_query
from aftergreen.config.signals import Watched, resolve_signals
from aftergreen.model import (
    ALPHA,
    Address,
    Backend,
    BaselinePlan,
    BaselineSource,
    Indicator,
    Plan,
    RollbackPlan,
    Service,
    Signal,
    Then,
    Timing,
)
from aftergreen.promql import named
from aftergreen.units import format_duration, format_limit

_PLACEHOLDERS = ("service", "version", "previous", "environment")
# A watch keeps every instant of its grid; beyond this, an interval was mistyped.
_MOST_INSTANTS = 100_000
_GAP_SHARE, _LONGEST_GAP = 15, 120.0
_MOST_CHANCE = 0.05
_LEAST_ANSWER, _MOST_ANSWER = 64 * 1024, 64 * 1024 * 1024
_LEAST_CHANCE = 1e-9
"""More evidence than that is not counted (`aftergreen.verdict.evidence.MOST`): nothing would be acted on."""


def resolve(document: Document, faults: Faults) -> Plan:
    """The plan of the document; only to be used where the faults stayed empty."""
    timing = _timing(document, faults)
    baseline = _baseline(document, faults, timing)
    service = _service(document.service, faults)
    tables = tuple(_named(table, service) for table in document.signals)
    signals = resolve_signals(tables, faults, Watched(timing, baseline.source, service.tier))
    return Plan(
        service=service,
        backend=_backend(document.metrics, faults),
        timing=timing,
        baseline=baseline,
        signals=signals,
        waived=_waived(document, faults, signals),
        rollback=_rollback(document, faults, signals),
        journal=document.journal.path,
        alpha=_alpha(document, faults),
    )


def _named(table: SignalTable, service: Service) -> SignalTable:
    """The table of a signal whose queries name this service."""

    def filled(query: str | None) -> str | None:
        return query and named(query, service=service.name, environment=service.environment)

    return replace(
        table,
        query=filled(table.query),
        count=filled(table.count),
        numerator=filled(table.numerator),
        denominator=filled(table.denominator),
    )


def _given(table: object, *keys: str) -> dict[str, Any]:
    """The keys that the file sets; for all others the model's defaults hold."""
    return {key: value for key in keys if (value := getattr(table, key)) is not None}


def _service(table: ServiceTable, faults: Faults) -> Service:
    if table.name is None:
        faults.add("service.name", "nothing", "the name of the service that is watched")
    for key in ("name", "environment"):
        value = getattr(table, key)
        if value is not None and set(value) & set("/#"):
            faults.add(
                f"service.{key}",
                shown(value),
                "a name without / and #, which separate the parts of a release",
            )
    words = {key: normalize("NFC", value) for key, value in _given(table, "name", "environment").items()}
    if table.running is not None:
        check_query(faults, "service.running", table.running)
    # One name is one service, in whichever of its forms a file has it.
    service = Service(**{"name": "", **words, **_given(table, "tier", "running", "runbook", "on_call")})
    if service.running is None:
        return service
    running = named(service.running, service=service.name, environment=service.environment)
    return replace(service, running=running)


def _backend(table: MetricsTable, faults: Faults) -> Backend:
    url = _backend_address(table, faults)
    _check_length(faults, "metrics.timeout", table.timeout)
    ways = [key for key in ("bearer_token_env", "bearer_token_file", "basic_auth_env") if getattr(table, key)]
    for extra in ways[1:]:
        faults.add(f"metrics.{extra}", f"{extra} beside {ways[0]}", "one way to authenticate")
    if table.client_key is not None and table.client_cert is None:
        faults.add("metrics.client_cert", "nothing", "the certificate to which client_key belongs")
    if table.answer_limit is not None and not _LEAST_ANSWER <= table.answer_limit <= _MOST_ANSWER:
        least, most = (format_limit(size, "bytes") for size in (_LEAST_ANSWER, _MOST_ANSWER))
        faults.add("metrics.answer_limit", shown(table.answer_limit), f"at least {least} and at most {most}")
    options = (
        "timeout",
        "lag",
        "headers",
        "ca_file",
        "client_cert",
        "client_key",
        "answer_limit",
        "url_env",
        "headers_env",
        *ways,
    )
    backend = Backend(url=str(url or "").rstrip("/"), **_given(table, *options))
    if url is not None and not url.is_safe and _sends_secrets(backend):
        expected = "https:// or this machine, for secrets are sent over TLS only"
        place = "metrics.url_env" if table.url_env else "metrics.url"
        faults.add(place, f"{shown(backend.shown)} beside credentials", expected)
    return backend


def _backend_address(table: MetricsTable, faults: Faults) -> Address | None:
    """Where the backend is: as written, or in the variable that is named; None where that is reported."""
    if table.url_env is None:
        if table.url is not None:
            return backend_address(faults, "metrics.url", table.url)
        expected = 'the address of a Prometheus API, such as "http://localhost:9090"'
        faults.add("metrics.url", "nothing", expected)
        return None
    if table.url is not None:
        faults.add("metrics.url_env", "url_env beside url", "one of the two")
        return None
    value = os.environ.get(table.url_env, "").strip()
    if not value:
        faults.add(
            "metrics.url_env", f"the variable {table.url_env}, which is not set", "one that is exported"
        )
        return None
    return backend_address(
        faults, "metrics.url_env", value, f"the variable {table.url_env} with something else"
    )


def _sends_secrets(backend: Backend) -> bool:
    ways = (backend.bearer_token_file, backend.bearer_token_env, backend.basic_auth_env)
    return any(ways) or bool(backend.secret_headers or backend.headers_env)


def _timing(document: Document, faults: Faults) -> Timing:
    watch = document.watch
    for key in ("duration", "interval", "window"):
        _check_length(faults, f"watch.{key}", getattr(watch, key))
    timing = Timing(**_given(watch, "duration", "warmup", "rollout", "interval", "window"))
    if timing.warmup >= timing.duration > 0:
        expected = f"less than watch.duration, which is {format_duration(timing.duration)}"
        faults.add("watch.warmup", shown_duration(timing.warmup), expected)
    if timing.interval > timing.duration > 0:
        expected = f"at most watch.duration, which is {format_duration(timing.duration)}"
        faults.add("watch.interval", shown_duration(timing.interval), expected)
    elif timing.interval > 0 and timing.duration / timing.interval > _MOST_INSTANTS:
        expected = f"at most {_MOST_INSTANTS:,} intervals within watch.duration"
        faults.add("watch.interval", shown_duration(timing.interval), expected)
    return timing


def _baseline(document: Document, faults: Faults, timing: Timing) -> BaselinePlan:
    table = document.baseline
    _check_length(faults, "baseline.window", table.window)
    window = BaselinePlan().window if table.window is None else float(table.window)
    if not faults.faulty("watch.interval"):
        _check_samples(faults, window, timing.interval)
    gap = min(window / _GAP_SHARE, _LONGEST_GAP) if table.gap is None else float(table.gap)
    _check_zone(faults, table.zone)
    return BaselinePlan(table.source or BaselineSource.BEFORE, window, gap, table.zone or "")


def _check_zone(faults: Faults, zone: str | None) -> None:
    if zone is None:
        return
    known = available_timezones()
    if zone not in known:
        by_lower = {name.lower(): name for name in known}
        meant = by_lower.get(nearest(zone, by_lower) or "")
        expected = 'a time zone, as "Europe/Berlin"'
        if not known:
            expected = "the time zones of this machine, and it has none: install its package tzdata"
        faults.add("baseline.zone", shown(zone), expected, meant)


def _alpha(document: Document, faults: Faults) -> float:
    """How often chance alone may ever pass for evidence."""
    alpha = document.evidence.alpha
    if alpha is None:
        return ALPHA
    if not _LEAST_CHANCE <= alpha <= _MOST_CHANCE:
        most = format_limit(_MOST_CHANCE, "%")
        expected = f'at least 0.0000001 % and at most {most}, such as "0.1%"'
        faults.add("evidence.alpha", shown(format_limit(alpha, "%")), expected)
    return alpha


def _check_samples(faults: Faults, window: float, interval: float) -> None:
    """A baseline holds at least one sample, and not more than can be kept."""
    if 0 < window < interval:
        expected = f"at least watch.interval, which is {format_duration(interval)}"
        faults.add("baseline.window", shown_duration(window), expected)
    elif window / interval > _MOST_INSTANTS:
        expected = f"at most {_MOST_INSTANTS:,} intervals of watch.interval"
        faults.add("baseline.window", shown_duration(window), expected)


def _check_length(faults: Faults, place: str, seconds: float | None) -> None:
    if seconds is not None and seconds <= 0:
        faults.add(place, shown_duration(seconds), "a duration longer than 0s")


def _waived(document: Document, faults: Faults, signals: tuple[Signal, ...]) -> dict[Indicator, str]:
    """The indicators that are waived with a reason; every other one must have a signal."""
    measured = {
        signal.indicator for signal, table in zip(signals, document.signals, strict=True) if table.indicator
    }
    # A signal whose indicator is mistyped is reported itself; no indicator can be called empty then.
    unsure = faults.faulty("signals") or any(table.indicator is None for table in document.signals)
    waived: dict[Indicator, str] = {}
    for indicator in Indicator:
        place = f"indicators.{indicator}"
        reason = document.indicators.of(indicator).waived
        if reason is not None and indicator in measured:
            faults.add(f"{place}.waived", shown(reason), "an indicator that has signals not to be waived")
        elif reason is not None:
            waived[indicator] = reason
        elif indicator not in measured and not unsure and not faults.faulty(f"{place}.waived"):
            faults.add(
                place, "no signal", f'a signal with indicator = "{indicator}", or waived = "the reason"'
            )
    if len(waived) == len(Indicator):
        # Where nothing is looked at, nothing can be missing: it would end finished.
        faults.add("indicators", "every indicator waived", "at least one with a signal: nothing is watched")
    return waived


def _rollback(document: Document, faults: Faults, signals: tuple[Signal, ...]) -> RollbackPlan | None:
    asking = tuple(_asking(document, signals))
    table = document.rollback
    if table is None and not asking:
        return None
    table = table or RollbackTable()
    for key in ("timeout", "verify_within", "grace"):
        _check_length(faults, f"rollback.{key}", getattr(table, key))
    if table.command is None:
        why = asking[0] if asking else "there is a table [rollback]"
        faults.add("rollback.command", "nothing", f"the command that goes back, because {why}")
    for index, argument in enumerate(table.command or ()):
        _check_argument(faults, f"rollback.command[{index}]", argument)
    metrics = document.metrics
    credentials = (
        *(metrics.bearer_token_env, metrics.basic_auth_env, metrics.url_env),
        *(metrics.headers_env or {}).values(),
    )
    for index, name in enumerate(table.pass_env or ()):
        if name not in credentials:
            expected = "a variable with credentials of [metrics]: all others are handed on anyway"
            faults.add(f"rollback.pass_env[{index}]", f'"{name}"', expected)
    duration = Timing().duration if document.watch.duration is None else document.watch.duration
    if table.grace is not None and table.grace >= duration > 0:
        expected = f"less than watch.duration, which is {format_duration(duration)}"
        faults.add("rollback.grace", shown_duration(table.grace), expected)
    options = _given(
        table, "strategy", "timeout", "verify_within", "pass_env", "irreversible", "automatic", "grace"
    )
    return RollbackPlan(command=table.command or (), **options)


def _asking(document: Document, signals: tuple[Signal, ...]) -> Iterator[str]:
    """Why there has to be a command: rules that ask for it, written ones and those of the tier."""
    for i, (table, signal) in enumerate(zip(document.signals, signals, strict=True)):
        for j, rule in enumerate(table.rules or ()):
            if rule.then is Then.ROLLBACK:
                yield f'signals[{i}].rules[{j}].then is "rollback"'
        if table.rules is None and any(rule.then is Then.ROLLBACK for rule in signal.rules):
            yield f"signals[{i}] has the usual rules of its tier, which roll back (rules = [] gives it none)"


def _check_argument(faults: Faults, place: str, argument: str) -> None:
    """Only known placeholders, and all other braces doubled."""
    known = listed(f"{{{word}}}" for word in _PLACEHOLDERS)
    try:
        fields = [field for _, *field in string.Formatter().parse(argument)]
    except ValueError:
        faults.add(place, shown(argument), f"{known}, with other braces written {{{{ and }}}}")
        return
    for name, spec, conversion in fields:
        if name is None:
            continue
        if name not in _PLACEHOLDERS or spec or conversion:
            near = nearest(name, _PLACEHOLDERS)
            found = f"the placeholder {shown(f'{{{name}}}')[1:-1]}"
            hint = f"{{{near}}}" if near and near != name else None
            faults.add(place, found, f"{known}, with other braces written {{{{ and }}}}", hint)
