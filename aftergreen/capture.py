"""Reads the past that a watch begins with: the samples of the baseline and of the charts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from aftergreen.model import Instant, Plan, Release, SignalKey, View
from aftergreen.sources.protocol import Source
from aftergreen.verdict.baseline import baseline_instants, summarise
from aftergreen.verdict.state import Baseline


@dataclass(frozen=True, slots=True)
class Past:
    """The frozen baselines, and the instants before the deployment that the charts show."""

    baselines: Mapping[SignalKey, Baseline]
    instants: tuple[Instant, ...]


def grid(deployed_at: float, interval: float, until: float, after: float | None = None) -> tuple[float, ...]:
    """The instants deployed-at + k · interval with k ≥ 1, past ``after`` and up to ``until``."""
    first = 1 if after is None else math.floor((after - deployed_at) / interval + 1e-6) + 1
    last = math.floor((until - deployed_at) / interval + 1e-6)
    return tuple(round(deployed_at + k * interval, 3) for k in range(max(first, 1), last + 1))


async def capture(source: Source, plan: Plan, release: Release) -> Past:
    """Read the range before the deployment once, through the eyes of the previous version."""
    shown = release.deployed_at - (plan.timing.rollout + plan.timing.duration) / 2
    wanted = baseline_instants(plan, release.deployed_at)
    start = min([shown, *wanted[:1]])
    steps = math.floor((release.deployed_at - start) / plan.timing.interval + 1e-6)
    asked = [round(release.deployed_at - k * plan.timing.interval, 3) for k in range(steps, 0, -1)]
    instants = await source.history(plan.signals, asked, View(release.previous, None))
    baselines = summarise(plan, release.deployed_at, instants)
    return Past(baselines, tuple(i for i in instants if i.at >= shown - 1e-6))
