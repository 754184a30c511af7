"""Puts a watch together from a plan: source, journal, clock and where output goes."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from aftergreen.clean import clean
from aftergreen.clock import Clock
from aftergreen.journal import open_journal
from aftergreen.journal.writer import Writer
from aftergreen.model import Plan
from aftergreen.paths import Paths, watchers_beside
from aftergreen.rollback.launch import Launcher
from aftergreen.sources import live_source
from aftergreen.sources.protocol import Source
from aftergreen.watch.loop import Watch
from aftergreen.watch.presence import Presence
from aftergreen.watch.rollbacks import Runner
from aftergreen.watch.wanted import Report, Wanted


@dataclass(frozen=True, slots=True)
class Session:
    """Everything a command needs in order to watch."""

    plan: Plan
    wanted: Wanted
    clock: Clock
    paths: Paths
    sources: Callable[[Plan], Source] = live_source
    """Makes the source of the plan; imports the HTTP client, so ask after the first paint."""

    def watch(self, report: Report) -> Watch:
        """A watch with its own source and journal; call it in the thread and loop that will run it."""
        # One run of one program: the operator may have several consoles open.
        writer = f"{self.wanted.operator}/{uuid4().hex[:8]}"
        return Watch(
            self.plan,
            self.wanted,
            source=self.sources(self.plan),
            journal=Writer(lambda: open_journal(self.paths.journal, writer)),
            clock=self.clock,
            runner=self._runner(),
            presence=Presence(watchers_beside(self.paths.journal), self.wanted.operator),
            report=report,
        )

    def _runner(self) -> Runner:
        """What runs rollback commands: processes of their own, which outlive this one."""
        launcher = Launcher(self.paths.journal, withheld(self.plan))
        return Runner(launcher.launch, self.paths.output, self.clock.speed)


def withheld(plan: Plan) -> tuple[str, ...]:
    """The variables with this program's own credentials that a rollback command is not given."""
    passed = plan.rollback.pass_env if plan.rollback is not None else ()
    return tuple(name for name in plan.backend.variables if name not in passed)


def operator_name(given: str | None, remembered: str = "") -> str:
    """Who is watching: as given, by the environment, as remembered, or user and host: ``ana@bastion2``."""
    name = given or os.environ.get("AFTERGREEN_OPERATOR") or remembered
    if not name:
        try:
            user = getpass.getuser()
        except (KeyError, OSError):
            user = str(os.getuid())
        name = f"{user}@{socket.gethostname().split('.')[0]}"
    return clean(name, 60)
