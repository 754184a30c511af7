"""Every short sentence about rules, readings and events, generated from the evaluated objects.

The screen, the plain output and the reports use the same words; nothing here knows about colours.
"""

from __future__ import annotations

from aftergreen.words.advice import (
    advice,
    doubt,
    failure,
    near_miss,
    next_steps,
    not_automatic,
    outcome,
    override,
    together,
)
from aftergreen.words.events import event, event_mark, panel_footer, why_unknown
from aftergreen.words.lacking import checklist_name, held, lacking
from aftergreen.words.rules import (
    CHANCE,
    acts,
    chance,
    comparison,
    condition,
    evidence,
    last_seen,
    limit,
    limit_value,
    noticeable,
    rule,
)
from aftergreen.words.values import (
    SYMBOLS,
    absence,
    baseline,
    companions,
    count,
    indicator_short,
    indicator_title,
    local_day,
    local_time,
    look_back,
    median,
    reading,
    seen,
    share,
)

__all__ = [
    "CHANCE",
    "SYMBOLS",
    "absence",
    "acts",
    "advice",
    "baseline",
    "chance",
    "checklist_name",
    "companions",
    "comparison",
    "condition",
    "count",
    "doubt",
    "event",
    "event_mark",
    "evidence",
    "failure",
    "held",
    "indicator_short",
    "indicator_title",
    "lacking",
    "last_seen",
    "limit",
    "limit_value",
    "local_day",
    "local_time",
    "look_back",
    "median",
    "near_miss",
    "next_steps",
    "not_automatic",
    "noticeable",
    "outcome",
    "override",
    "panel_footer",
    "reading",
    "rule",
    "seen",
    "share",
    "together",
    "why_unknown",
]
