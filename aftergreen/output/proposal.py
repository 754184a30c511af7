"""What is proposed, as people read it at the terminal: a line each signal, and what was recognised or not."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from aftergreen import words
from aftergreen.clean import clean
from aftergreen.proposal.document import Draft
from aftergreen.proposal.instrumentation import Instrumentation
from aftergreen.proposal.limits import LOOK
from aftergreen.proposal.recognition import Left, Proposal
from aftergreen.words.bars import LEVELS, bars

CHART = 24
"""Cells of the small chart: an hour each."""

_DAY = int(86400 / LOOK)
_WIDE, _NARROW = 110, 90
"""Columns below which a cell of the chart is two hours, and below which there is none."""
_CHARTED = 12
"""Looks that make a chart: two hours."""


def table(draft: Draft, columns: int, *, unicode: bool = True) -> Iterator[str]:
    """A line each: what it is, its value now, its last day as a small chart, and what it is held against.

    Then what is waived and how to go back. Where there is no day yet, or no room, there is no chart.
    """
    levels = LEVELS["block" if unicode else "ascii"]
    signals = draft.signals
    some = any(len(one.past.known) >= _CHARTED for one in signals)
    cells = 0 if columns < _NARROW or not some else CHART if columns >= _WIDE else CHART // 2
    wide = min(max((len(one.signal.label) for one in signals), default=0), 30 if columns >= _WIDE else 22)
    room, rest = max(8, columns - wide - cells - 31), max(20, columns - 16)
    yield f"  {'':12} {'':{wide}} {'now':>11}  {'last day' if cells else '':{cells + 2 if cells else 0}}rules"
    before = ""
    for one in signals:
        title = words.indicator_title(one.signal.indicator)
        now = words.reading(one.reading, one.signal.unit)
        chart = bars(one.past.values[-_DAY:] or [None], cells, levels) + "  " if cells else ""
        rules = "; ".join(_rule(rule.table) for rule in one.rules if rule.table) or "none: it is only shown"
        label = clean(one.signal.label, wide)
        first = title if title != before else ""
        yield f"  {first:12} {label:{wide}} {now:>11}  {chart}{clean(rules, room)}"
        before = title
    for indicator, reason in draft.waived.items():
        yield f"  {words.indicator_title(indicator):12} {clean(f'waived: {reason}', rest)}"
    if draft.rollback is not None:
        yield f"  {'Rollback':12} {clean(shlex.join(draft.rollback.command), rest)}"
    elif not draft.rolls_back:
        yield f"  {'Rollback':12} none: every rule warns"


def _rule(table: object) -> str:
    """A rule in the words of the file: ``above 1% for 2m``."""
    keys = dict(table) if isinstance(table, dict) else {}
    said = [_said(key, value) for key, value in keys.items() if key not in _QUIET]
    return " ".join(said)


def _said(key: str, value: object) -> str:
    side, _, than = key.partition("_")
    return f"{value} {side} {than}" if than == "baseline" else f"{key.replace('_', ' ')} {value}"


_QUIET = ("then", "by_at_least", "per_request", "clear", "clear_for")


def explained(
    known: Sequence[Instrumentation], taken: Sequence[Proposal], left: Sequence[Left]
) -> Iterator[str]:
    """Which file recognised what, and why the rest was not taken."""
    for one in known:
        own = [proposal for proposal in taken if proposal.instrumentation.name == one.name]
        not_taken = [found for found in left if found.instrumentation.name == one.name]
        whose = f" ({clean(one.origin)})" if one.origin else ""
        yield f"{'+' if own else '-'} {one.name}: {one.title}{whose}"
        for proposal in own:
            yield f"    + {words.indicator_title(proposal.indicator)}, {proposal.name}: {proposal.because}"
        yield from dict.fromkeys(
            f"    - {f'{found.signal}: ' if found.signal else ''}{found.why}" for found in not_taken
        )
        if not own and not not_taken:
            yield "    none of its metrics is there under the name of this service"
