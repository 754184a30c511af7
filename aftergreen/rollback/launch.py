"""Hands a claimed rollback to a process of its own, which outlives the console that ordered it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from aftergreen.journal import Claim

STARTED_WITHIN = 30.0
"""Seconds that a supervisor may take to get on its own feet, on a machine that is busy."""


@dataclass(frozen=True, slots=True)
class Launcher:
    """Starts supervisors; ``journal`` is where they find their intents.

    ``withheld`` names the environment variables that hold this program's own secrets: a rollback command is
    not given them.
    """

    journal: Path
    withheld: Collection[str] = ()

    def launch(self, claim: Claim) -> str:
        """Start the supervisor of a claim; one sentence where that cannot be, else nothing."""
        release = claim.release
        command = [
            *(sys.executable, "-P", "-m", "aftergreen.rollback.supervisor", str(self.journal)),
            *(release.service, release.environment, str(release.number), release.version),
            str(claim.attempt),
        ]
        environment = {name: value for name, value in os.environ.items() if name not in self.withheld}
        try:
            # It leaves a process behind and ends.
            ran = subprocess.run(  # noqa: S603  # this program
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                env=environment,
                timeout=STARTED_WITHIN,
                check=False,
            )
        except OSError as error:
            return f"the process that runs it could not be started: {error}"
        except subprocess.TimeoutExpired:
            return ""  # it may yet come: who follows it will see
        # Where somebody killed it, it may have left the process behind before: who follows it will see.
        return "" if ran.returncode <= 0 else f"the process that runs it ended at once ({ran.returncode})"
