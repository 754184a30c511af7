"""The process that runs one rollback command, whatever becomes of the console that ordered it.

    python -m aftergreen.rollback.supervisor JOURNAL SERVICE ENVIRONMENT NUMBER VERSION ATTEMPT

It takes the intent from the journal, runs its command, and writes into the journal that it runs and what came
of it. It has no terminal and no parent that waits for it.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import cast

from aftergreen.clock import elapsed
from aftergreen.journal import Claim, EntryKind, Journal, JournalError, open_journal
from aftergreen.model import Release
from aftergreen.rollback import left, lock, tree
from aftergreen.rollback.process import identity
from aftergreen.rollback.run import Outcome, run

WRITTEN_WITHIN = 600.0
"""Seconds for which an outcome is tried to be written while the journal cannot take it, if it is there."""

AGAIN = 1.0

_WITHOUT_EFFECT = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)
"""Signals that are meant for the console, or for a terminal that this process has not got."""


def main(arguments: Sequence[str]) -> int:
    """Run the command of the intent that the arguments name; 0 also where there is nothing to run."""
    place, service, environment, number, version, attempt = arguments
    release = Release(service, environment, version, None, 0.0, int(number))
    # Whoever started this waits for the first process only, and is nobody's parent afterwards.
    if os.fork():
        return 0
    for signum in _WITHOUT_EFFECT:
        # Not SIG_IGN, which the command would inherit.
        signal.signal(signum, lambda *_: None)
    tree.adopt()
    journal = open_journal(Path(place), f"supervisor/{os.getpid()}")
    claim = still_open(journal, release, int(attempt))
    if claim is not None:
        with lock.held(lock.beside(output_of(claim))) as ours:
            # Whoever held the lock until now may have told what came of it.
            if ours and still_open(journal, release, int(attempt)) is not None:
                supervise(journal, claim, Path(place))
    return 0


def still_open(journal: Journal, release: Release, attempt: int) -> Claim | None:
    """The claim of this attempt while its outcome is not known; a later attempt is somebody else's."""
    claim = journal.claimed(release)
    return claim if claim is not None and claim.attempt == attempt else None


def output_of(claim: Claim) -> Path:
    """The file for what the command of an intent writes."""
    return Path(str(claim.body["output"]))


def supervise(journal: Journal, claim: Claim, place: Path) -> None:
    """Run the command of a claim, and record in the journal at ``place`` that it runs and what came of it."""
    timeout = float(cast("float", claim.body["timeout"]))

    def started(process: int) -> None:
        at = now(claim)
        body = {
            "attempt": claim.attempt,
            "supervisor": os.getpid(),
            "until": at + timeout,
            **identity(process),
        }
        # It runs, whether the journal takes it or not.
        with suppress(JournalError):
            journal.append(claim.release, EntryKind.RUNNING, at, body, claim.by)

    outcome = run(
        [str(part) for part in cast("Sequence[object]", claim.body["command"])],
        timeout=timeout,
        output=output_of(claim),
        started=started,
    )
    at, body = now(claim), body_of(outcome)
    # Also where the journal does not take it any more, or this process ends before it does.
    left.write(output_of(claim), at, body)
    deadline = time.monotonic() + WRITTEN_WITHIN
    while time.monotonic() < deadline and place.exists():
        try:
            if still_open(journal, claim.release, claim.attempt) is not None:
                journal.outcome(claim, at=at, body=body)
        except JournalError:
            time.sleep(AGAIN)
        else:
            return


def now(claim: Claim) -> float:
    """The time on the backend's clock: that of the claim, and what passed since then."""
    since, pace = (float(cast("float", claim.body[key])) for key in ("elapsed", "pace"))
    return claim.at + pace * max(0.0, elapsed() - since)


def body_of(outcome: Outcome) -> Mapping[str, object]:
    """An outcome as the journal keeps it."""
    return {
        "exit_code": outcome.exit_code,
        "timed_out": outcome.timed_out,
        "error": outcome.error or "",
        "duration": outcome.duration,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
