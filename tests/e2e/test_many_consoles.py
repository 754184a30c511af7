"""Four consoles order one rollback in the same instant, and four gates look on: it runs once, and all say so.

Every round is a release of its own, and its programs are forked (see `tests.e2e.forked`). Where this is root,
they belong by turns to two users who share the journal. Two rounds are under way at a time, so that one works
while the other waits. ``AFTERGREEN_ROUNDS`` says how many there are.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, cast

import pytest
import tomli_w

from aftergreen.drill.service.simulated import PREVIOUS, RELEASED
from aftergreen.drill.world import Drill
from aftergreen.journal import Entry, EntryKind, open_journal
from aftergreen.rollback import lock
from aftergreen.rollback.process import lives
from aftergreen.watch.rollbacks import ANOTHER
from tests.e2e.forked import Forked, start_server
from tests.e2e.parts import end, wait_until
from tests.e2e.program import environment, release_arguments
from tests.e2e.terminal import Terminal
from tests.e2e.users import ANA, BEN, TEAM, User
from tests.waiting import HANG

pytestmark = pytest.mark.e2e

USERS: tuple[User | None, User | None] = (ANA, BEN) if os.geteuid() == 0 else (None, None)
"""Whose the programs are, by turns; None for whoever runs the tests."""

ROUNDS = int(os.environ.get("AFTERGREEN_ROUNDS", "2"))
AT_A_TIME = 2
CONSOLES, GATES = 4, 4

SERVICE, ENVIRONMENT = "checkout-api", "drill"
RECOVERED, ROLLBACK_FAILED = 20, 22
REFUSALS = {"a rollback is running", "it was rolled back already", ANOTHER}
FASTER = " was faster: look at what came of it"

# What fails does so at once, so that most orders reach the watch when it has failed already.
COMMAND = 'echo ran >> ran; echo working; exit "$0"'

NAME_TYPED = re.compile(rf"┃ +{SERVICE} +┃")


class Console(Terminal):
    """A small terminal with a forked console."""

    def __init__(self, arguments: Sequence[str], home: Path, user: User | None) -> None:
        self._user = user
        # Its process makes the terminal its controlling one by itself.
        super().__init__(arguments, home=home, columns=80, rows=24, controlling=False)

    def _start(
        self, line: Sequence[str], home: Path, env: Mapping[str, str], inner: int
    ) -> subprocess.Popen[bytes]:
        arguments = line[line.index("tui") + 1 :]
        forked = Forked(arguments, home=home, env=env, streams=(inner, inner, inner), user=self._user)
        # It is asked for nothing else.
        return cast("subprocess.Popen[bytes]", forked)


def test_however_many_order_it_the_command_runs_once(
    tmp_path: Path, simulated: Drill, record_property: Callable[[str, object], None]
) -> None:
    start_server(environment(tmp_path))
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        played = [pool.submit(play, n, tmp_path / f"{n}", simulated) for n in range(1, ROUNDS + 1)]
        try:
            refused = sum(one.result() for one in played)
        finally:
            pool.shutdown(cancel_futures=True)
    assert refused > 0, "orders met each other"
    whose = f"{CONSOLES} consoles and {GATES} gates of {len(set(USERS))} users"
    told = f"one execution in each, {refused} orders refused by a watch, and every ending true"
    record_property("told", f"{ROUNDS} rounds of {whose}: {told}")


def play(number: int, folder: Path, demo: Drill) -> int:
    """One round: the command fails in the odd ones, and in the even ones the service is well afterwards.

    Gives the number of orders that a watch refused; a console that has seen the rollback takes none.
    """
    code = number % 2
    homes = places(folder)
    for home in homes:
        (home / "aftergreen.toml").write_text(configuration(folder, demo.server.url, code))
    release = release_arguments(RELEASED, PREVIOUS, demo.release.deployed_at)
    with ExitStack() as stack:
        gates, consoles = programs(stack, homes, release)
        order(consoles)
        told = "ROLLBACK FAILED  exit code 1" if code else "RECOVERED"
        for console in consoles:
            console.wait_for(told)
        truth = ROLLBACK_FAILED if code else RECOVERED
        assert [gate.wait() for gate in gates] == [truth] * GATES, f"round {number}"
        leave(consoles, asked=bool(code))
        assert [console.wait() for console in consoles] == [truth] * CONSOLES, f"round {number}"
    assert [gate.finish["exit_code"] for gate in gates] == [truth] * GATES
    assert (folder / "ran").read_text() == "ran\n", f"round {number}"
    return check_record(folder, code)


def programs(
    stack: ExitStack, homes: Sequence[Path], release: Sequence[str]
) -> tuple[list[Gate], list[Console]]:
    """The gates and consoles of a round, by turns one user's and the other's."""
    whose = list(zip(homes, USERS, strict=True))
    gates = [Gate(stack, n, ["gate", "--json", *release], *whose[n % 2]) for n in range(GATES)]
    consoles = [Console(["watch", *release], *whose[n % 2]) for n in range(CONSOLES)]
    for console in consoles:
        stack.callback(console.close)
    return gates, consoles


def places(folder: Path) -> list[Path]:
    """The homes of both users, below a folder whose journal they share."""
    folder.mkdir()
    if os.geteuid() == 0:
        os.chown(folder, 0, TEAM)
        folder.chmod(0o2770)
    homes = [folder / "home-1", folder / "home-2"]
    for user, home in zip(USERS, homes, strict=True):
        if user is None:
            home.mkdir()
        else:
            user.own(home)
    return homes


class Gate:
    """A forked gate without a terminal; what it tells is in a file."""

    def __init__(
        self, stack: ExitStack, number: int, arguments: Sequence[str], home: Path, user: User | None
    ) -> None:
        self.told = told = home / f"gate-{number}"
        with told.open("w") as out, Path(os.devnull).open() as nothing:
            streams = (nothing.fileno(), out.fileno(), out.fileno())
            self._process = Forked(arguments, home=home, env=environment(home), streams=streams, user=user)
        stack.callback(self._stop)

    def wait(self) -> int:
        """Wait for its end; the exit code."""
        return self._process.wait(HANG)

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    @property
    def finish(self) -> dict[str, Any]:
        """The last line that it wrote."""
        return dict(json.loads(self.told.read_text().splitlines()[-1]))

    def _stop(self) -> None:
        if self._process.poll() is None:
            end(cast("subprocess.Popen[bytes]", self._process))


def order(consoles: Sequence[Console]) -> None:
    """Type the name everywhere, and then confirm everywhere in the same instant."""
    for console in consoles:
        console.wait_for("WATCHING")
        console.send("r")
    for console in consoles:
        console.wait_for("type the service's name")
        console.send(SERVICE)
    for console in consoles:
        console.wait_until(lambda shown: bool(NAME_TYPED.search(shown)), "the name in the dialog")
    for console in consoles:
        console.send("enter")


def leave(consoles: Sequence[Console], *, asked: bool) -> None:
    """Close the dialog and leave everywhere; ``asked`` where that has to be confirmed."""
    for console in consoles:
        console.send("escape")
    for console in consoles:
        console.wait_until(lambda shown: "esc closes" not in shown, "the closed dialog")
        console.send("q")
    for console in consoles if asked else ():
        console.wait_for("y leave")
        console.send("y")


def configuration(folder: Path, url: str, code: int) -> str:
    """One signal that stays far below its limit, whichever version runs: recovery is seen in two seconds."""
    waived = {"waived": "not looked at here"}
    document = {
        "service": {"name": SERVICE, "environment": ENVIRONMENT},
        "journal": {"path": str(folder / "journal.db")},
        # So many programs that start at once let a small machine answer late.
        "metrics": {"url": url, "lag": "0s", "timeout": "30s"},
        "watch": {"duration": "30m", "warmup": "1s", "interval": "1s", "window": "4s"},
        "baseline": {"window": "20s"},
        "signals": [
            {
                "indicator": "saturation",
                "name": "db connections",
                "query": 'sum(db_pool_connections_in_use{job="checkout"})',
                "rules": [{"above": 500, "for": "1s", "then": "rollback"}],
            }
        ],
        "indicators": dict.fromkeys(("error-rate", "latency", "dependency", "business"), waived),
        "rollback": {
            "command": ["sh", "-c", f"cd '{folder}'; {COMMAND}", str(code)],
            "timeout": "2m",
            "verify_within": "2m",
        },
    }
    return tomli_w.dumps(document)


def check_record(folder: Path, code: int) -> int:
    """The journal holds one rollback, and nobody is at work any more; how many other orders were refused."""
    kinds = (EntryKind.INTENT, EntryKind.RUNNING, EntryKind.OUTCOME)
    found = recorded(folder, *kinds)
    assert Counter(entry.kind for entry in found) == dict.fromkeys(kinds, 1)
    intent, running, outcome = found
    assert (intent.kind, running.kind, outcome.kind) == kinds
    assert outcome.body["exit_code"] == code
    refused = refusals(folder)
    assert len(refused) < CONSOLES
    assert {why for why in refused if not why.endswith(FASTER)} <= REFUSALS
    output = Path(str(intent.body["output"]))
    assert output.read_text() == "working\n"
    assert list(output.parent.glob("*.log")) == [output]
    assert not lives(running.body)
    wait_until(lambda: nobody_at_work(output), "the end of the supervisor")
    return len(refused)


def nobody_at_work(output: Path) -> bool:
    """Whether the supervisor of the command that wrote there is gone."""
    with lock.held(lock.beside(output)) as free:
        return free


def refusals(folder: Path) -> list[str]:
    """The reasons that orders were refused for."""
    texts = [str(entry.body["text"]) for entry in recorded(folder, EntryKind.EVENT)]
    nothing = "note: no rollback was started: "
    return [text.removeprefix(nothing) for text in texts if text.startswith(nothing)]


def recorded(folder: Path, *kinds: EntryKind) -> list[Entry]:
    """The entries of these kinds in the journal of a round."""
    with closing(open_journal(folder / "journal.db")) as journal:
        (record,) = journal.releases()
        return list(journal.entries(record.release, kinds=kinds))
