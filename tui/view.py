"""What of the watch is on the screen: the newest snapshot, or the one at which the view was frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from aftergreen import words
from aftergreen.clock import Clock
from aftergreen.model import Plan, Release
from aftergreen.preflight.checks import Finding
from aftergreen.verdict.refusals import hold_refused, read_only, rollback_refused
from aftergreen.verdict.snapshot import Snapshot
from widgets.frame import Frame, Order

SHORTEST = 1 / 16
"""The smallest share of the time axis that charts can show."""

ORDERED = "it was ordered and the watch has not answered yet"


def matching(snapshot: Snapshot, part: str) -> Snapshot:
    """The snapshot with those signals and events whose words hold ``part``; verdict and advice stay whole."""
    wanted = part.casefold()
    views = tuple(
        replace(
            view,
            signals=tuple(
                signal
                for signal in view.signals
                if wanted in f"{words.indicator_title(view.indicator)} {signal.signal.label}".casefold()
            ),
        )
        for view in snapshot.indicators
    )
    events = tuple(event for event in snapshot.events if wanted in words.event(event).casefold())
    return replace(snapshot, indicators=views, events=events)


class View:
    """What the console knows of the watch, and the frame that its screens are a function of.

    ``release`` and ``plan`` are as they were asked for, until the first snapshot says more. ``simulated``
    is what the screens say where nothing is real.
    """

    def __init__(
        self, clock: Clock, release: Release, plan: Plan, why_read_only: str = "", simulated: str = ""
    ) -> None:
        self._clock = clock
        self._release = release
        self.plan = plan
        self._read_only = why_read_only
        self.simulated = simulated
        """What the screens say where nothing is real."""
        self._frozen_at: float | None = None
        self.notice = "starting"
        """What the watch is doing, until there is a snapshot."""
        self.findings: tuple[Finding, ...] = ()
        """What preflight found."""
        self.newest: Snapshot | None = None
        """The newest snapshot that arrived."""
        self.shown: Snapshot | None = None
        """The snapshot on the screen: an older one while the view is frozen."""
        self.order: Order | None = None
        """The rollback that was ordered here, until the watch has taken it."""
        self.only = ""
        """The part of a name by which signals and events are chosen; empty where all are shown."""
        self.reach = 1.0
        """The share of the time axis that charts show, up to now."""
        self.failed = ""
        """Why nobody watches the release any more; empty where somebody does, or did to the end."""
        self._chosen: tuple[Snapshot, str, Snapshot] | None = None

    def take(self, snapshot: Snapshot) -> None:
        """A newer snapshot arrived."""
        self.newest = snapshot
        if self._frozen_at is None:
            self.shown = snapshot

    def freeze(self) -> bool:
        """Stop showing what arrives; False where the view is frozen already."""
        if self._frozen_at is not None:
            return False
        self._frozen_at = self.present()
        return True

    def go_on(self) -> None:
        """Show the newest snapshot, and those that follow."""
        self._frozen_at = None
        self.shown = self.newest

    @property
    def chosen(self) -> bool:
        """Whether only a part of the newest is shown, or an older one."""
        return bool(self.only) or self._frozen_at is not None

    def give_order(self) -> bool:
        """Note that a rollback is ordered now; False where something speaks against it, or one waits."""
        if self.unanswered():
            return False
        self.order = Order(self.present(), self.why_no_rollback())
        return not self.order.refused

    def answered(self, refused: str) -> bool:
        """The watch took the order that waits, or refused it; False where none waits."""
        if self.order is None or not self.order.waits:
            return False
        self.order = replace(self.order, refused=refused) if refused else None
        return True

    def change_reach(self, factor: float) -> bool:
        """Show a longer or a shorter time; False where it can be no other."""
        wanted = min(1.0, max(SHORTEST, self.reach * factor))
        changed, self.reach = wanted != self.reach, wanted
        return changed

    def unanswered(self) -> str:
        """Why an order may not be given again; empty where none waits for the watch."""
        return ORDERED if self.order is not None and self.order.waits else ""

    def why_no_rollback(self) -> str:
        """Why nobody may roll back from here now; empty where somebody may."""
        if self.newest is None:
            return read_only(self._read_only) or "the watch has not begun"
        refused = rollback_refused(self.newest.state, self.newest.context.read_only)
        return refused or self.unanswered()

    def why_no_hold(self) -> str:
        """Why nobody may hold the release from here now; empty where somebody may."""
        if self.newest is None:
            return read_only(self._read_only) or "the watch has not begun"
        return hold_refused(self.newest.state, self.newest.context.read_only)

    def frame(
        self, *, shaded: bool = False, drawing: str = "braille", keys: Mapping[str, str] | None = None
    ) -> Frame:
        """What is to be shown right now; ``shaded`` where backgrounds have no colours.

        ``drawing`` is the mode of the charts, ``keys`` are those of this user.
        """
        snapshot, frozen_at, present = self.shown, self._frozen_at, self.present()
        return Frame(
            release=snapshot.state.setup.release if snapshot is not None else self._release,
            plan=self.plan,
            snapshot=snapshot if snapshot is None else self._choose(snapshot),
            now=present if frozen_at is None else frozen_at,
            notice=self.notice,
            findings=self.findings,
            frozen=None if frozen_at is None else max(0.0, present - frozen_at),
            newest=None if frozen_at is None else self.newest,
            refusal=self.why_no_rollback(),
            hold_refused=self.why_no_hold(),
            order=self.order,
            only=self.only,
            reach=self.reach,
            drawing=drawing,
            shaded=shaded,
            keys=keys or {},
            failed=self.failed,
            simulated=self.simulated,
        )

    def _choose(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot with what was chosen of it; the same one for the same choice: nothing is redrawn."""
        if not self.only:
            return snapshot
        if self._chosen is None or self._chosen[0] is not snapshot or self._chosen[1] != self.only:
            self._chosen = (snapshot, self.only, matching(snapshot, self.only))
        return self._chosen[2]

    def present(self) -> float:
        """The time on the backend's clock, as far as its offset is known."""
        return self._clock.now() - (self.shown.context.offset if self.shown is not None else 0.0)
