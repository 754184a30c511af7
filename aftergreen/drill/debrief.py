"""What is told after a rehearsal: what it was, what was right, and how to rehearse it once more."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from aftergreen.drill.scenario.model import Cause, Decision, Scenario, Truth
from aftergreen.drill.score import Deeds, score
from aftergreen.units import format_duration

WIDTH = 100

_CAUSES = {
    Cause.RELEASE: "the release itself",
    Cause.DEPENDENCY: "a dependency, whatever version runs",
    Cause.TRAFFIC: "more people than usual, and no fault",
    Cause.MONITORING: "what measures, not what is measured",
    Cause.NOBODY: "nothing: the release is well",
}


def debrief(
    scenario: Scenario, seed: int, done: Deeds | None = None, ruled: Deeds | None = None
) -> Iterator[str]:
    """The lines for whoever has just rehearsed it.

    ``done`` is what was done, None where nobody could; ``ruled`` is what the sealed rules would have done by
    themselves, None where they did.
    """
    truth = scenario.truth
    yield f"This was {scenario.name}: {scenario.title}."
    for paragraph in scenario.story.split("\n\n"):
        yield from textwrap.wrap(paragraph, WIDTH)
    yield f"cause    {_CAUSES[truth.cause]}"
    yield f"seen     {f'first in {truth.indicator.value}' if truth.indicator else 'in no indicator'}"
    yield f"right    {_right(truth)}"
    if done is not None:
        yield from _held_against(scenario, done, ruled)
    yield f"again    aftergreen drill {scenario.name} --seed {seed}"


def _held_against(scenario: Scenario, done: Deeds, ruled: Deeds | None) -> Iterator[str]:
    found = score(scenario, done)
    word = "right" if found.right else "wrong"
    harm = f"; harmful: {found.harm}" if found.harm else ""
    by = "you" if ruled is not None else "rules"
    yield f"{by.ljust(8)} {word}: {found.told}{harm}"
    if ruled is None:
        return
    alone = score(scenario, ruled)
    yield f"rules    {'right' if alone.right else 'wrong'}: {alone.told}"
    if done.rolled_back is not None and ruled.rolled_back is not None:
        apart = round(ruled.rolled_back - done.rolled_back)
        sooner = "before" if apart > 0 else "after"
        yield f"         you acted {format_duration(abs(apart))} {sooner} they would have"


def _right(truth: Truth) -> str:
    if truth.decision is Decision.KEEP:
        return "to keep it, and to wait for evidence"
    if truth.decision is Decision.CALL:
        return "to call the owner; a rollback mends nothing"
    hurts = "" if truth.hurts is None else f"; users are hurt from {format_duration(truth.hurts)} on"
    return f"to roll back, by {format_duration(truth.until or 0.0)} after the deployment{hurts}"
