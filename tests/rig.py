"""A whole watch on a made-up backend, a fake clock and a real journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from aftergreen.journal import EntryKind, open_journal
from aftergreen.model import Plan
from aftergreen.preflight.checks import Finding
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.watch.loop import Watch
from aftergreen.watch.wanted import Report, Wanted
from tests.made_up import FakeClock, MadeUpSource, World, fine
from tests.scenario import DEPLOYED_AT, plan


class Rig:
    """A watch with a made-up backend, a fake clock and a real journal."""

    def __init__(
        self,
        folder: Path,
        world: World = fine,
        *,
        given: Plan | None = None,
        outages: Sequence[tuple[float, float]] = (),
        starts: float = DEPLOYED_AT,
        wanted: Wanted | None = None,
    ) -> None:
        self.clock = FakeClock(starts)
        self.source = MadeUpSource(self.clock, world, outages)
        self.place = folder / "journal.db"
        self.snapshots: list[Snapshot] = []
        self.findings: list[Finding] = []
        self.hooks: list[Callable[[Snapshot], None]] = []
        self.answers: list[str] = []
        self.clock.held = self.commanding
        self.watch = Watch(
            given or plan(),
            wanted or Wanted("v2.4.1", "v2.4.0", lambda _now: DEPLOYED_AT, "ana@bastion2"),
            source=self.source,
            journal=open_journal(self.place),
            clock=self.clock,
            output_of=lambda release, attempt, _at: folder / f"{release.version}-{attempt}.log",
            report=Report(self._seen, self.findings.extend, lambda _text: None),
        )

    def _seen(self, snapshot: Snapshot) -> None:
        self.snapshots.append(snapshot)
        for hook in self.hooks:
            hook(snapshot)

    def once(self, when: Callable[[Snapshot], bool], then: Callable[[], None]) -> None:
        """Do something the first time a snapshot looks like this."""

        def hook(snapshot: Snapshot) -> None:
            if when(snapshot):
                self.hooks.remove(hook)
                then()

        self.hooks.append(hook)

    def roll_back(self, by: str = "ana") -> None:
        """Order it, and keep what the watch answers."""
        self.answers.append(self.watch.roll_back(by=by))

    def commanding(self) -> bool:
        """Whether a command that was ordered here runs; the clock stands still for so long."""
        return "" in self.answers and self.snapshots[-1].rolling_back

    def entries(self, *kinds: EntryKind) -> list[Mapping[str, object]]:
        release = self.snapshots[-1].state.setup.release
        journal = open_journal(self.place)
        try:
            return [entry.body for entry in journal.entries(release, kinds=kinds)]
        finally:
            journal.close()
