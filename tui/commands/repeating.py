"""The command line that gives the same answers without being asked: for scripts, and for the next service."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from shlex import join
from typing import Any

from aftergreen.model import Indicator
from aftergreen.proposal.document import Draft
from aftergreen.proposal.prospect import BY_HAND, metrics_of
from aftergreen.rollback.presets import PRESETS
from tui.commands.options import CONFIG


@dataclass(frozen=True, slots=True)
class Whose:
    """The service as the backend calls it, the labels that narrow it down, and the exporters it needs."""

    service: str
    where: Mapping[str, str]
    needs: Sequence[str]


def repeated(given: argparse.Namespace, whose: Whose, draft: Draft) -> str:
    """The command line that makes this draft without a question."""
    words = [*_into(given), *_from(given, draft)]
    words += _each("--service", [whose.service])
    words += _each("--name", [given.name] if given.name else [])
    words += _each("--environment", [given.environment] if given.environment else [])
    words += _each("--where", (f"{label}={value}" for label, value in whose.where.items()))
    words += _each("--depends-on", whose.needs)
    words += _each("--probe", _probes(draft))
    words += _each("--business", _counters(draft))
    words += _each("--waive", (f"{indicator}={reason}" for indicator, reason in draft.waived.items()))
    words += _each("--rollback", _way_back(draft))
    return join(("aftergreen", "init", *words))


def _each(option: str, values: Iterable[str]) -> Iterator[str]:
    """The option once for each value; one that looks like an option itself is tied to it."""
    for value in values:
        yield from [f"{option}={value}"] if value.startswith("-") else [option, value]


def _into(given: argparse.Namespace) -> Iterator[str]:
    """What is done with the file."""
    yield from _each("-c", [str(given.config)] if given.config != CONFIG else [])
    yield from (f"--{what}" for what in ("update", "force", "print") if getattr(given, what))
    if not given.print:
        yield "--yes"


def _from(given: argparse.Namespace, draft: Draft) -> Iterator[str]:
    """Where the metrics are, and how much hangs on it, unless a file that is added to says so."""
    if not given.update:
        yield from _metrics(draft.metrics)
    if not given.update or given.tier:
        yield from ("--tier", draft.tier)


def _metrics(metrics: Mapping[str, Any]) -> Iterator[str]:
    """The keys of ``[metrics]`` as the options that give them, a header at a time."""
    for key, value in metrics.items():
        option = f"--{key.replace('headers', 'header').replace('_', '-')}"
        pairs = [f"{name}={of}" for name, of in value.items()] if isinstance(value, Mapping) else [value]
        yield from _each(option, pairs)


def _probes(draft: Draft) -> Iterator[str]:
    tables = (one.proposal.table for one in draft.signals)
    return (f"{table['indicator']}={table['probe']}" for table in tables if "probe" in table)


def _counters(draft: Draft) -> Iterator[str]:
    """Counters of the business that were chosen by hand; others are proposed again."""
    for proposal in (one.proposal for one in draft.signals):
        if proposal.instrumentation is BY_HAND and proposal.indicator is Indicator.BUSINESS:
            yield from metrics_of([proposal])


def _way_back(draft: Draft) -> Iterator[str]:
    way = draft.rollback
    if way is not None:
        yield way.name if way.name in {one.name for one in PRESETS} else join(way.command)
    elif not draft.rolls_back:
        yield "none"
