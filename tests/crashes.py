"""Kills a console, its supervisor, or both at every point of a rollback, and sees what is made of it.

``python -m tests.crashes`` does all of it and prints what it found.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from unittest.mock import patch

from aftergreen.journal import EntryKind, open_journal
from aftergreen.model import Plan, RollbackPlan
from aftergreen.verdict.ending import exit_code
from aftergreen.words.banner import banner_of
from tests import mortal
from tests.made_up import fine
from tests.rig import Rig
from tests.scenario import DEPLOYED_AT, plan
from tests.waiting import HANG, until

# It ends with its folder, whatever became of the test.
COMMAND = 'echo ran >> "$0/ran"; until [ -e "$0/may end" ] || [ ! -e "$0" ]; do sleep 0.05; done; exit 0'

ORDERED = 30.0
"""Seconds after the deployment at which the rollback is ordered."""

STARTING = 1.5
"""Seconds for which a supervisor that never came is waited for; its own program waits longer."""

AT_ONCE = 4
"""Points that are tried side by side: most of them are waited for."""


class Who(StrEnum):
    """Who is killed."""

    CONSOLE = "console"
    SUPERVISOR = "supervisor"
    BOTH = "supervisor and console"


class Found(StrEnum):
    """What a console makes of it."""

    NOTHING = "nothing was ordered"
    RUNNING = "running: it follows"
    UNKNOWN = "outcome unknown: it asks"
    DONE = "done"


def all_crashes() -> Iterator[tuple[Who, str, Found]]:
    """Kill everybody at every point; who, the point, and what the console found that was there next.

    Raises AssertionError where the command runs twice, where a record is lost, or where that console shows,
    asks or does what is not true.
    """
    # Processes without threads, which may fork: none is imported anew for a console that is killed.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "aftergreen.journal.sqlite"])
    with ProcessPoolExecutor(AT_ONCE, context) as pool:
        points = {who: pool.submit(points_of, who) for who in Who}
        crashes = [
            (who, name, pool.submit(crashed, who, at)) for who in Who for at, name in points[who].result()
        ]
        try:
            yield from ((who, name, found.result()) for who, name, found in crashes)
        finally:
            pool.shutdown(cancel_futures=True)


def points_of(who: Who) -> list[tuple[int, str]]:
    """The points of whoever is killed, with their numbers: of a rollback in which nobody is."""
    with tempfile.TemporaryDirectory() as folder:
        _first_console(Path(folder), who, 0)
        return list(enumerate(_points(Path(folder), who).read_text().splitlines(), 1))


def crashed(who: Who, at: int) -> Found:
    """Kill somebody at the point of that number; what the console found that was there next."""
    with tempfile.TemporaryDirectory() as name, patch("aftergreen.watch.rollbacks.STARTING", STARTING):
        folder = Path(name)
        if who is Who.SUPERVISOR:
            with patch.dict(os.environ, mortal.environment(at, _points(folder, who))):
                found = asyncio.run(_console(folder, orders=True))
        else:
            _first_console(folder, who, at)
            found = asyncio.run(_console(folder)) if not _over(folder) else Found.DONE
        _check(folder, found)
        return found


def told(crashes: Sequence[tuple[Who, Found]]) -> str:
    """One line on all the points at which somebody was killed."""
    killed = Counter(who for who, _ in crashes)
    found = Counter(found for _, found in crashes)
    whose, what = (", ".join(f"{number} {one}" for one, number in told.items()) for told in (killed, found))
    return f"killed at {len(crashes)} points ({whose}): {what}; never run twice, no record lost"


# The one that is killed


def _first_console(folder: Path, who: Who, at: int) -> None:
    """Have a process watch and order the rollback at once, until it is killed or that has ended."""
    process = multiprocessing.get_context("fork").Process(target=_watch, args=(str(folder), who.name, at))
    process.start()
    process.join(HANG)
    reached = _points(folder, who).read_text().count("\n")
    # What is written together on a busy machine comes to fewer points than were counted.
    unharmed = not at or (who is Who.CONSOLE and reached < at)
    ends = {0, -signal.SIGKILL} if unharmed else {-signal.SIGKILL}
    assert process.exitcode in ends, f"the first console ended with {process.exitcode} at {reached} of {at}"


def _watch(name: str, who: str, at: int) -> None:
    folder, console = Path(name), who == Who.CONSOLE.name
    os.environ.update(mortal.environment(0 if console else at, _points(folder, Who.SUPERVISOR)))
    mortal.install(at if console else 0, _points(folder, Who.CONSOLE))
    rig = Rig(folder, fine, given=_given(folder))

    async def follow() -> None:
        await until(lambda: rig.entries(EntryKind.RUNNING), "the command to run")
        (folder / "may end").touch()

    async def die() -> None:
        await until(lambda: rig.answers, "the supervisor to be launched")
        os.kill(os.getpid(), signal.SIGKILL)

    def order() -> None:
        rig.roll_back()
        rig.order(die() if at and not console else follow())

    rig.once(lambda s: s.at >= DEPLOYED_AT + ORDERED, order)
    if console or not at:
        # Who is killed beside its supervisor does not leave before that.
        rig.once(lambda s: bool(rig.answers) and not s.rolling_back, lambda: rig.watch.abandon(by="ana"))
    asyncio.run(rig.watch.run())


# The one that is there next


async def _console(folder: Path, *, orders: bool = False) -> Found:
    """Watch the same version, in the place of a person who tries to roll back; what it found."""
    rig = Rig(folder, fine, given=_given(folder), starts=DEPLOYED_AT + 120.0)
    hold = True
    rig.clock.held = lambda: hold
    watching = asyncio.ensure_future(rig.watch.run())
    await until(lambda: rig.snapshots and rig.snapshots[-1].at >= DEPLOYED_AT + ORDERED, "the first look")
    if orders:
        assert await _answer(rig) == ""
    found = await _look(rig, folder)
    hold = False
    last = await watching
    assert exit_code(last.state) == 20, last.state
    return found


def _over(folder: Path) -> bool:
    """Whether the first console had ended its release; then the next one would open another."""
    with closing(open_journal(folder / "journal.db")) as journal:
        return any(record.ended is not None for record in journal.releases())


async def _look(rig: Rig, folder: Path) -> Found:
    """See what stands there, and try to roll back."""
    rollback = rig.snapshots[-1].rollback
    if rollback is None:
        assert _executions(folder) == 0
        (folder / "may end").touch()
        assert await _answer(rig) == ""
        await until(lambda: not rig.snapshots[-1].rolling_back, "the end of the command")
        return Found.NOTHING
    running = rollback.running
    if running:
        assert _word(rig) == "ROLLING BACK"
        assert await _answer(rig) in ("a rollback is running", "it was rolled back already")
        (folder / "may end").touch()
        await until(lambda: not rig.snapshots[-1].rolling_back, "the end of the command")
    if (now := rig.snapshots[-1].rollback) and now.unknown:
        await _ask(rig)
        return Found.UNKNOWN
    assert _word(rig) in ("VERIFYING", "RECOVERED")
    assert await _answer(rig) == "it was rolled back already"
    return Found.RUNNING if running else Found.DONE


async def _ask(rig: Rig) -> None:
    """Nobody knows what came of it: it runs again only for a reason, and a person may know."""
    assert _word(rig) == "OUTCOME UNKNOWN"
    assert await _answer(rig) == "nobody knows what came of the one before: say why it is run again"
    rig.settle("worked because the test says so")
    await until(lambda: _word(rig) != "OUTCOME UNKNOWN", "a person's word to be taken")


def _check(folder: Path, found: Found) -> None:
    """What ran stands in the journal, with what came of it as far as anybody can know."""
    ran, unknown = _executions(folder), found is Found.UNKNOWN
    assert ran <= 1 if unknown else ran == 1, f"the command ran {ran} times"
    with closing(open_journal(folder / "journal.db")) as journal:
        records = journal.releases()
        assert len(records) == 1, "the release was joined"
        entries = list(journal.entries(records[0].release))
    kinds = Counter(entry.kind for entry in entries)
    assert kinds[EntryKind.INTENT] == kinds[EntryKind.OUTCOME] == kinds[EntryKind.FINISH] == 1
    assert kinds[EntryKind.RUNNING] == ran or unknown
    assert kinds[EntryKind.SAID] == unknown
    (outcome,) = (entry.body for entry in entries if entry.kind is EntryKind.OUTCOME)
    assert outcome["exit_code"] == (None if unknown else 0)
    instants = [entry.at for entry in entries if entry.kind is EntryKind.INSTANT]
    assert instants == sorted(set(instants)), "each once, and in order"


async def _answer(rig: Rig) -> str:
    """Order a rollback; the answer."""
    number = len(rig.answers)
    rig.roll_back()
    await until(lambda: len(rig.answers) > number, "an answer")
    return rig.answers[-1]


def _word(rig: Rig) -> str:
    snapshot = rig.snapshots[-1]
    return banner_of(snapshot, snapshot.at).word


def _given(folder: Path) -> Plan:
    return plan(rollback=RollbackPlan(("sh", "-c", COMMAND, str(folder)), timeout=600.0, verify_within=600.0))


def _executions(folder: Path) -> int:
    ran = folder / "ran"
    return len(ran.read_text().splitlines()) if ran.exists() else 0


def _points(folder: Path, who: Who) -> Path:
    return folder / ("console.points" if who is Who.CONSOLE else "supervisor.points")


def main() -> None:
    """Kill everybody at every point, and print what became of each."""
    crashes = []
    for who, name, found in all_crashes():
        sys.stdout.write(f"{who:<24}{name:<32}{found}\n")
        sys.stdout.flush()
        crashes.append((who, found))
    sys.stdout.write(f"{told(crashes)}\n")


if __name__ == "__main__":
    main()
