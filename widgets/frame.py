"""What a screen is a function of: the snapshot, and when it is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aftergreen.model import Plan, Release
from aftergreen.preflight.checks import Finding
from aftergreen.verdict.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Order:
    """A rollback that was ordered from this console and that the watch has not taken.

    ``at`` is the time of the order on the backend's clock. ``refused`` is what the watch has against it,
    empty while it has not answered; then nobody may give the order again.
    """

    at: float
    refused: str = ""

    @property
    def waits(self) -> bool:
        """Whether the watch has still to answer."""
        return not self.refused


@dataclass(frozen=True, slots=True)
class Frame:
    """One look at the release.

    ``snapshot`` is None until the first one arrives; ``notice`` says what is being done until then, and
    ``findings`` are what preflight found.
    ``now`` is the time of the look on the backend's clock: of a frozen view, when it was frozen.
    ``frozen`` is for how many seconds the view has been paused, None where it is not; ``newest`` is then
    what the watch has seen meanwhile. ``refusal`` says why no rollback can be run, empty where one can;
    ``hold_refused`` says so of a hold. ``order`` is the one that was ordered here, until the watch took it.
    ``reach`` is the share of the time axis that charts show, up to now.
    ``only`` is the part of a name by which signals and events were chosen, empty where all are shown.
    ``failed`` says why nobody watches the release here, empty where somebody does. ``others`` are the same
    looks at the other releases of the console, which have none of their own; ``overall`` is a look at all.
    ``simulated`` is what stands before all else where nothing is real: ``DRILL``.
    ``keys`` are the keys of this user by the actions that they mean, as they are written for people.
    ``drawing`` is the drawing mode of the charts; ``shaded`` draws bands with characters, where
    backgrounds have no colours.
    """

    release: Release
    plan: Plan
    snapshot: Snapshot | None
    now: float
    notice: str = ""
    findings: tuple[Finding, ...] = ()
    frozen: float | None = None
    newest: Snapshot | None = None
    refusal: str = ""
    hold_refused: str = ""
    order: Order | None = None
    only: str = ""
    reach: float = 1.0
    drawing: str = "braille"
    shaded: bool = False
    keys: Mapping[str, str] = field(default_factory=dict)
    failed: str = ""
    others: tuple[Frame, ...] = ()
    overall: bool = False
    simulated: str = ""

    @property
    def latest(self) -> Snapshot | None:
        """What is known now, also above a frozen view."""
        return self.newest or self.snapshot

    @property
    def moment(self) -> float:
        """The time that charts and durations speak of: the clock stops at the end of the watch."""
        if self.snapshot is not None and self.snapshot.release_state.ended:
            return min(self.now, self.snapshot.at)
        return self.now

    @property
    def present(self) -> float:
        """The time on the backend's clock, frozen or not."""
        return self.now + (self.frozen or 0.0)

    @property
    def ordered(self) -> float | None:
        """For how many seconds a rollback order has been without an answer; None where none is."""
        return max(0.0, self.present - self.order.at) if self.order and self.order.waits else None
