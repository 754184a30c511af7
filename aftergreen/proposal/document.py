"""The file that is proposed: TOML with a reason beside every number, right as it stands."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tomli_w

from aftergreen.clean import clean, is_harmless
from aftergreen.model import Indicator, Timing
from aftergreen.proposal.limits import FEW, written_duration
from aftergreen.proposal.weighing import Weighed
from aftergreen.rollback.presets import Preset
from aftergreen.units import format_value

WIDTH = 100

_ORDER = ("indicator", "dependency", "kind", "name")
"""The keys of a signal that say what it is, which stand first."""


@dataclass(frozen=True)
class Draft:
    """All that a file is made of. ``metrics`` are the keys of that table as they are written.

    ``window`` is the look-back in seconds. Where nothing ``rolls_back``, every rule warns.
    """

    service: str
    environment: str
    tier: str
    metrics: Mapping[str, Any]
    window: float
    signals: Sequence[Weighed]
    waived: Mapping[Indicator, str]
    rollback: Preset | None
    rolls_back: bool
    day: str


def document(draft: Draft) -> str:
    """The whole file."""
    parts = [
        _comment(
            f"What is watched after a release of {clean(draft.service)}. Proposed by `aftergreen init` on"
            f" {draft.day}, from what the backend had of it. Every limit has its reason beside it;"
            " docs/configuration.md explains the keys. From here on the file is yours."
        ),
        _table("service", {"name": draft.service, "environment": draft.environment, "tier": draft.tier}),
        _table("metrics", draft.metrics),
        *_watch(draft.window),
        *(signal(one, draft.window, rolls_back=draft.rolls_back) for one in draft.signals),
        *_waived(draft.waived),
        _rollback(draft.rollback),
    ]
    return "\n".join(parts)


def addition(draft: Draft, window: float, *, rollback: bool) -> str:
    """What is added to a file with that look-back: signals and reasons that it lacks, perhaps a rollback."""
    parts = [
        _comment(f"Added by `aftergreen init --update` on {draft.day}."),
        *(signal(one, window, rolls_back=draft.rolls_back) for one in draft.signals),
        *_waived(draft.waived),
        *([_rollback(draft.rollback)] if rollback else []),
    ]
    return "\n".join(parts)


def signal(weighed: Weighed, window: float, *, rolls_back: bool) -> str:
    """One signal with its rules, and why it is there.

    It has a look-back of its own where ``window``, that of the watch, is too short for how it is scraped.
    """
    table = dict(weighed.proposal.table)
    table.pop("rules", None)
    if weighed.signal.windowed and weighed.signal.window > window:
        table["window"] = written_duration(weighed.signal.window)
    if weighed.absent:
        table.setdefault("absent_is_zero", weighed.absent)
    ordered = {key: table[key] for key in (*_ORDER, *table) if key in table}
    title, because = weighed.proposal.instrumentation.title, weighed.proposal.because
    lines = [
        _comment(f"{title[:1].upper()}{title[1:]}: {because}. {_now(weighed)}"),
        _table("signals", ordered, many=True),
    ]
    if not any(rule.table for rule in weighed.rules):
        lines[-1] += "rules = []\n"
    lines += [_rule(rule.table, rule.reason, rolls_back=rolls_back) for rule in weighed.rules]
    return "".join(lines)


def _now(weighed: Weighed) -> str:
    unit = weighed.signal.unit
    known = weighed.past.known
    value = weighed.reading.value
    now = (
        format_value(value, unit)
        if weighed.reading.compared and value is not None
        else weighed.reading.kind.value
    )
    if len(known) < FEW:
        return f"Now: {now}."
    span = f"{format_value(min(known), unit)} to {format_value(max(known), unit)}"
    return f"Now: {now}; in {weighed.past.told}: {span}."


def _rule(table: Mapping[str, Any], reason: str, *, rolls_back: bool) -> str:
    told = _comment(f"{reason[:1].upper()}{reason[1:]}.")
    if not table:
        return textwrap.indent(told, "  ")
    rule = {**table, "then": table["then"] if rolls_back else "warn"}
    return textwrap.indent(told + _table("signals.rules", rule, many=True), "  ")


def _watch(window: float) -> Iterator[str]:
    usual = Timing()
    told = "How long, from when on, how often, and how far each look goes back."
    table = {
        "duration": written_duration(usual.duration),
        "warmup": written_duration(usual.warmup),
        "interval": written_duration(usual.interval),
        "window": written_duration(window),
    }
    yield _comment(told) + _table("watch", table)


def _waived(waived: Mapping[Indicator, str]) -> Iterator[str]:
    for indicator, reason in waived.items():
        yield _table(f"indicators.{indicator}", {"waived": reason})


def _rollback(preset: Preset | None) -> str:
    if preset is None:
        return _comment(
            "No command goes back, so every rule above warns and none rolls back. Give one with"
            ' [rollback] command = ["…"], and then = "rollback" to the rules that may ask for it.'
        )
    told = _comment(f"{preset.note[:1].upper()}{preset.note[1:]}.")
    return told + _table("rollback", {"strategy": str(preset.strategy), "command": list(preset.command)})


def _comment(text: str) -> str:
    return "".join(f"# {line}\n" for line in textwrap.wrap(text, WIDTH - 2, break_on_hyphens=False))


def _table(name: str, table: Mapping[str, Any], *, many: bool = False) -> str:
    heading = f"[[{name}]]" if many else f"[{name}]"
    return "".join((f"{heading}\n", *(_line(key, value) for key, value in table.items())))


def _line(key: str, value: object) -> str:
    # A query is full of quotes: read as it is written, it can be pasted elsewhere.
    if isinstance(value, str) and '"' in value and "'" not in value and is_harmless(value):
        return f"{key} = '{value}'\n"
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        inside = ", ".join(tomli_w.dumps({"x": one}).removeprefix("x = ").strip() for one in value)
        return f"{key} = [{inside}]\n"
    if isinstance(value, dict):
        inside = ", ".join(tomli_w.dumps({k: v}).strip() for k, v in value.items())
        return f"{key} = {{ {inside} }}\n"
    return tomli_w.dumps({key: value})
