"""Real processes on one journal: of those that race one wins, and what a killed one claimed stays claimed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Any

from aftergreen.journal import EntryKind, open_journal
from aftergreen.model import Release
from tests.waiting import HANG

ROOT = Path(__file__).parents[2]
WANTED = Release("checkout-api", "prod", "v2", "v1", 1000.0)
ROUNDS = 20

# Each round is a new file, so that making the tables is raced for too; it begins when a line comes.
RACER = """
import json, sys, time
from pathlib import Path
from aftergreen.journal import open_journal
from aftergreen.model import Release

folder, name = Path(sys.argv[1]), sys.argv[2]
for number in sys.stdin:
    journal = open_journal(folder / f"{number.strip()}.db")
    wanted = Release("checkout-api", "prod", "v2", "v1", 1000.0)
    opened = journal.open_release(wanted, seal=name, plan={}, baseline={}, by=name, at=time.time())
    claim = journal.claim(opened.record.release, at=time.time(), body={}, by=name)
    told = [opened.joined, opened.record.seal, opened.record.release.number, claim and claim.attempt]
    journal.close()
    print(json.dumps(told), flush=True)
"""

HOLDER = """
import sys
from pathlib import Path
from aftergreen.journal import open_journal
from aftergreen.model import Release

journal = open_journal(Path(sys.argv[1]))
wanted = Release("checkout-api", "prod", "v2", "v1", 1000.0)
release = journal.open_release(wanted, seal="", plan={}, baseline={}, by="ana", at=1.0).record.release
journal.claim(release, at=2.0, body={"command": ["undo"]}, by="ana@bastion2")
print("claimed", flush=True)
sys.stdin.read()
"""


@contextmanager
def python(script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process that runs the script; it ends with the block, and is killed where it does not."""
    command = [sys.executable, "-c", script, *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        # Whoever reads from a process that hangs sees its end.
        hanging = Timer(HANG, process.kill)
        hanging.start()
        try:
            yield process
            process.communicate()
        finally:
            hanging.cancel()
            process.kill()


def ask(racers: Iterable[subprocess.Popen[str]], line: str) -> None:
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write(line)
        racer.stdin.flush()


def told(racer: subprocess.Popen[str]) -> list[Any]:
    assert racer.stdout is not None
    return list(json.loads(racer.stdout.readline()))


def test_of_two_processes_one_opens_and_one_claims(tmp_path: Path) -> None:
    with python(RACER, str(tmp_path), "ana") as first, python(RACER, str(tmp_path), "ben") as second:
        for n in range(ROUNDS):
            ask((first, second), f"{n}\n")
            ana, ben = told(first), told(second)
            opener = "ben" if ana[0] else "ana"
            assert [ana[0], ben[0]].count(True) == 1
            assert ana[1:3] == ben[1:3] == [opener, 1]
            assert sorted([ana[3], ben[3]], key=str) == [1, None]
            journal = open_journal(tmp_path / f"{n}.db")
            (record,) = journal.releases()
            kinds = [entry.kind for entry in journal.entries(record.release)]
            journal.close()
            assert kinds == [EntryKind.SEALED, EntryKind.INTENT]
    assert (first.returncode, second.returncode) == (0, 0)


def test_a_process_killed_between_claim_and_outcome_leaves_its_intent(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with python(HOLDER, str(path)) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "claimed\n"
        holder.send_signal(signal.SIGKILL)
    journal = open_journal(path)
    try:
        opened = journal.open_release(WANTED, seal="", plan={}, baseline={}, by="ben", at=3.0)
        release = opened.record.release
        assert opened.joined
        assert journal.claim(release, at=4.0, body={}, by="ben") is None
        left = journal.claimed(release)
        assert left is not None
        assert (left.attempt, left.by, left.at, left.body) == (1, "ana@bastion2", 2.0, {"command": ["undo"]})
        journal.outcome(left, at=5.0, body={"error": "its console died"})
        assert journal.claimed(release) is None
    finally:
        journal.close()


def test_a_console_that_writes_does_not_stop_one_that_reads(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    writer, reader = open_journal(path), open_journal(path)
    try:
        release = writer.open_release(WANTED, seal="", plan={}, baseline={}, by="", at=1.0).record.release
        for n in range(5):
            writer.append(release, EntryKind.EVENT, float(n), {})
        entries = reader.entries(release, kinds=[EntryKind.EVENT])
        assert next(entries).at == 0.0
        writer.append(release, EntryKind.EVENT, 5.0, {})
        assert [entry.at for entry in entries] == [1.0, 2.0, 3.0, 4.0, 5.0]
    finally:
        writer.close()
        reader.close()
