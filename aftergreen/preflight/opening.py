"""A release is opened: which one, what preflight says about it, and what its watch begins with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aftergreen.clock import Clock
from aftergreen.journal.codec import encode, seal
from aftergreen.model import BaselineSource, Plan, Release
from aftergreen.preflight.checks import Preflight, PreflightFailed, backend_time, preflight
from aftergreen.promql import reaches
from aftergreen.sources.beside import with_control
from aftergreen.sources.protocol import Source
from aftergreen.verdict.ranges import Earlier
from aftergreen.verdict.state import Setup

Identify = Callable[[float], Awaitable[tuple[Plan, Release]]]
"""Which release is looked at, and by which plan, now that it is so late on the backend's clock."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A release before its first poll.

    ``source`` reads the previous version too where a signal is compared with it. ``at`` is when it was
    opened, on the backend's clock.
    """

    plan: Plan
    release: Release
    source: Source
    checked: Preflight
    at: float

    @property
    def baselines(self) -> Mapping[str, object]:
        """The frozen baselines as the journal keeps them."""
        return {str(key): encode(value) for key, value in self.checked.past.baselines.items()}

    def sound(self) -> Opening:
        """Itself; `PreflightFailed` with everything that was found where the watch may not begin."""
        if not self.checked.passed:
            raise PreflightFailed(self.checked.findings)
        return self

    def setup(self, *, advice_ends: bool = False) -> Setup:
        """What its watch begins with."""
        past = self.checked.past
        return Setup(
            plan=self.plan,
            release=self.release,
            seal=seal(self.plan, self.baselines),
            baselines=past.baselines,
            advice_ends=advice_ends,
            unstartable=self.checked.unstartable,
            companions=past.companions,
            reach=reaches(self.plan.signals),
        )


async def opened(
    source: Source,
    clock: Clock,
    plan: Plan,
    *,
    identify: Identify,
    earlier: Callable[[Release], Awaitable[Earlier]],
    chosen: BaselineSource | None = None,
    progress: Callable[[str], None] = lambda _text: None,
) -> Opening:
    """Ask the time, identify the release, and check all that can be checked before anything is judged.

    ``earlier`` tells what is known of other releases; ``chosen`` is the source of baselines that somebody
    chose at the start. Raises `PreflightFailed` where the backend cannot be asked at all.
    """
    progress(f"asking {plan.backend.shown}")
    offset = await backend_time(source, plan, clock)
    plan, release = await identify(clock.now() - offset)
    progress("reading the time before the deployment")
    source = with_control(source, plan.signals, release.previous)
    checked = await preflight(source, plan, release, offset, earlier=await earlier(release), chosen=chosen)
    return Opening(plan, release, source, checked, clock.now() - offset)
