"""What is told after a rehearsal: what it was, what was right, and how to rehearse it once more."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from aftergreen.drill.debriefing.diagnosis import CAUSES, Diagnosis
from aftergreen.drill.debriefing.others import AN_HOUR
from aftergreen.drill.debriefing.rehearsed import RULES, Rehearsed
from aftergreen.drill.debriefing.score import Deeds, after_sign, diagnosed, score
from aftergreen.drill.scenario.model import Decision, Truth
from aftergreen.units import format_clock, format_duration

WIDTH = 100

LABEL = 10

Line = tuple[str, str]
"""A label, empty where it is the same as above, and what is told beside it."""


def debrief(rehearsed: Rehearsed) -> Iterator[str]:
    """The lines for whoever has just rehearsed it."""
    yield f"This was {rehearsed.scenario.name}: {rehearsed.scenario.title}."
    for paragraph in rehearsed.scenario.story.split("\n\n"):
        yield from textwrap.wrap(paragraph, WIDTH)
    for label, text in told(rehearsed):
        yield f"{label.ljust(LABEL)}{text}"


def markdown(rehearsed: Rehearsed, timeline: Sequence[str]) -> str:
    """The debrief as a Markdown document; ``timeline`` are its lines, none where there is nothing to draw."""
    scenario = rehearsed.scenario
    who = f", {rehearsed.operator}" if rehearsed.operator else ""
    day = datetime.fromtimestamp(rehearsed.at, UTC).date().isoformat()
    parts = [f"# Drill: {scenario.title}", f"{scenario.name}, seed {rehearsed.seed}{who}, {day}"]
    if rehearsed.score is not None:
        parts.append(f"**{_escaped(headline(rehearsed))}.**")
    if timeline:
        parts.append("\n".join(("```text", *timeline, "```")))
    parts += [_escaped(scenario.story), "| | |\n|---|---|\n" + "\n".join(map(_table_row, told(rehearsed)))]
    return "\n\n".join(parts) + "\n"


def _table_row(line: Line) -> str:
    label, text = line
    return f"| {label} | {_escaped(text)} |"


def _escaped(text: str) -> str:
    """The text without meaning for Markdown."""
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", text)


def headline(rehearsed: Rehearsed) -> str:
    """What the deeds were worth, in one phrase: ``right: rolled back at 1:52, 32s after the first sign``."""
    found = rehearsed.score
    if found is None:
        return "nobody could act"
    harm = f"; harmful: {found.harm}" if found.harm else ""
    return f"{_verdict(right=found.right)}: {found.told}{harm}"


def told(rehearsed: Rehearsed) -> Iterator[Line]:
    """What was true, what was done, and what others would have done, label by label."""
    scenario, done = rehearsed.scenario, rehearsed.done
    truth = rehearsed.true.truth
    yield "cause", CAUSES[truth.cause]
    yield "seen", f"first in {truth.indicator.value}" if truth.indicator else "in no indicator"
    yield "right", _right(truth)
    for number, (when, text) in enumerate(rehearsed.directed):
        yield "" if number else "directed", f"{format_clock(when)} {text}"
    if done is not None:
        yield from _otherwise(rehearsed, done)
        yield rehearsed.decided_by, headline(rehearsed)
        if rehearsed.person:
            yield from _understood(rehearsed, done)
        if rehearsed.ruled is not None:
            yield RULES, _alone(rehearsed, rehearsed.ruled)
            yield from _apart(done, rehearsed.ruled)
    for number, (shape, at) in enumerate(rehearsed.others.items()):
        yield "" if number else "others", f"{shape}: {_alone(rehearsed, Deeds(rolled_back=at))}"
    if rehearsed.others:
        yield "", f"{AN_HOUR}: after the drill"
    alone = ", without what was directed" if rehearsed.directed else ""
    named = shlex.quote(rehearsed.named or scenario.name)
    yield "again", f"aftergreen drill {named} --seed {rehearsed.seed}{alone}"


def _otherwise(rehearsed: Rehearsed, done: Deeds) -> Iterator[Line]:
    """That the rules alone ended it in another way than its file says, for whoever wrote that."""
    expected = rehearsed.scenario.expected.state
    if not rehearsed.person and not rehearsed.directed and done.state not in ("", expected):
        yield "expected", f"{expected}, says its file; the rules ended it {done.state}"


def _verdict(*, right: bool | None) -> str:
    return "not judged" if right is None else "right" if right else "wrong"


def _alone(rehearsed: Rehearsed, done: Deeds) -> str:
    found = score(rehearsed.true_for(done), done)
    return f"{_verdict(right=found.right)}: {found.told}"


def _understood(rehearsed: Rehearsed, done: Deeds) -> Iterator[Line]:
    """Whether and when it was noticed and understood."""
    notice, sign = rehearsed.noticed, rehearsed.sign
    if notice is not None:
        yield "noticed", f"at {format_clock(notice.at)}{after_sign(notice.at, sign)}, by {notice.by}"
    elif sign is not None:
        yield "noticed", "by nobody: no key was pressed after the first sign"
    diagnosis = diagnosed(rehearsed.true, done)
    if diagnosis is None:
        yield "diagnosed", "by nobody"
        return
    yield "diagnosed", _diagnosis(rehearsed, diagnosis)


def _diagnosis(rehearsed: Rehearsed, given: Diagnosis) -> str:
    truth = rehearsed.true.truth
    when = "at the end"
    if given.at is not None:
        when = f"at {format_clock(given.at)}{after_sign(given.at, rehearsed.sign)}"
    shows = given.indicator.value if given.indicator is not None else "no indicator"
    said = f"{shows}, {CAUSES[given.cause]}; to {given.decision.value}"
    advised = "" if given.decision is truth.decision else f", and right was to {truth.decision.value}"
    return f"{_verdict(right=given.names(truth))}, {when}: {said}{advised}"


def _apart(done: Deeds, ruled: Deeds) -> Iterator[Line]:
    if done.rolled_back is not None and ruled.rolled_back is not None:
        apart = round(ruled.rolled_back - done.rolled_back)
        sooner = "before" if apart > 0 else "after"
        yield "", f"you acted {format_duration(abs(apart))} {sooner} they would have"


def _right(truth: Truth) -> str:
    if truth.decision is Decision.KEEP:
        return "to keep it, and to wait for evidence"
    if truth.decision is Decision.CALL:
        return "to call the owner; a rollback mends nothing"
    hurts = "" if truth.hurts is None else f"; users are hurt from {format_duration(truth.hurts)} on"
    by = "" if truth.until is None else f", by {format_duration(truth.until)} after the deployment"
    return f"to roll back{by}{hurts}"
