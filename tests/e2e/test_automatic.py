"""Rolling back without a person, on a real Prometheus and real services: what acts, and what stops it."""

from __future__ import annotations

import math
import os
import re
import signal
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import tomli_w

from aftergreen.journal import Entry, EntryKind, open_journal
from aftergreen.model import Indicator
from aftergreen.verdict.automatic import BY
from tests.e2e.configuration import FOR, INTERVAL, WARMUP, WINDOW, configuration
from tests.e2e.echoing import CREDENTIALS, ENVIRONMENT, Echoing, nothing_let_out
from tests.e2e.forked import start_server
from tests.e2e.fronts import Front, served
from tests.e2e.parts import Behaviour, wait_until
from tests.e2e.program import Aftergreen, environment, release_arguments
from tests.e2e.shared import PREVIOUS, VERSION, Shops, in_service
from tests.e2e.terminal import Terminal
from tests.e2e.test_clocks import faked_time
from tests.e2e.test_many_consoles import Console

pytestmark = [pytest.mark.e2e, pytest.mark.prometheus]

BAD, HEALS, NEIGHBOUR, BROKEN, CANARY, SLOW = "bad", "heals", "neighbour", "broken", "canary", "slow"
FAILING = Behaviour(error_rate=0.3)
BOTH_FAIL = Behaviour(error_rate=0.3, dependency_error_rate=0.4)
GRACE = 4.0
AT_A_TIME = 2
AFTERWARDS = 3
"""Instants after a breach by which a countdown has begun, where nothing stops it."""
ASLEEP = float(os.environ.get("AFTERGREEN_ASLEEP", WINDOW))
"""Seconds for which a machine sleeps on when a countdown is long over."""
CALLS = "dependency_requests_total"
CTRL_G = "\x07"
RELATIVE = {"above_baseline": "50%", "by_at_least": "10ms", "for": "5s", "then": "rollback"}
UNFIT: Mapping[str, object] = {"baseline": "last-week", "rules": [RELATIVE]}
"""Nothing of last week is known."""
WARNS = {"above": "5%", "for": "5s", "then": "warn"}


class Losing(Front):
    """Passes on what it is asked, but has lost some series from a moment on: then it answers with an error.

    The moment is one of the data and not of the test, so that it is the same on a machine of any speed.
    """

    def __init__(self, upstream: str, lost: str) -> None:
        super().__init__(upstream)
        self._lost = lost
        self.since = math.inf

    def answer(self, path: str, form: dict[str, str], headers: Mapping[str, str]) -> tuple[int, str, bytes]:
        about = float(form.get("end") or form.get("time") or 0.0)
        if about >= self.since and self._lost in form.get("query", ""):
            return 503, "text/plain", b"store gateway unavailable\n"
        return super().answer(path, form, headers)


@dataclass(frozen=True, slots=True)
class Played:
    """What watched, by what it is to show; what each of them would run leaves a line in a file."""

    folder: Path
    url: str
    shops: Shops
    release: Sequence[str]
    running: ExitStack
    blinding: Losing
    deployed_at: float
    screens: dict[str, Terminal] = field(default_factory=dict)

    def acting(
        self,
        name: str,
        job: str,
        *,
        url: str = "",
        kept: Sequence[str] = ("error-rate", "dependency"),
        errors: Mapping[str, object] | None = None,
        latency: Mapping[str, object] | None = None,
        metrics: Mapping[str, object] | None = None,
        **rollback: object,
    ) -> Path:
        """A configuration in which failures alone are rolled back without a person.

        Many watch at a time here: each looks at little, to leave room for the others.
        """
        folder = self.folder / name
        folder.mkdir()
        # Who sends secrets along looks for them in what the command was given, too.
        command = ["sh", "-c", f"{'env; ' if metrics else ''}echo ran >> '{folder}/ran'"]
        document = configuration(url=url or self.url, job=job, command=command)
        document["signals"] = [signal for signal in document["signals"] if signal["indicator"] in kept]
        changes = {"error-rate": errors, "latency": latency, "dependency": {"rules": [WARNS]}}
        for measured in document["signals"]:
            measured.update(changes[measured["indicator"]] or {})
        waived = (indicator.value for indicator in Indicator if indicator not in kept)
        document["indicators"] = {key: {"waived": "not looked at here"} for key in waived}
        document["journal"] = {"path": str(folder / "journal.db")}
        document["watch"]["duration"] = "10m"
        if metrics is not None:
            del document["metrics"]["url"]
            document["metrics"] |= metrics
        settings = {"automatic": True, "grace": f"{GRACE:g}s", "verify_within": "2s"}
        document["rollback"] |= settings | rollback
        path = folder / "aftergreen.toml"
        path.write_text(tomli_w.dumps(document), encoding="utf-8")
        return path

    def screen(self, who: str, config: Path, *more: str, env: Mapping[str, str] | None = None) -> None:
        """Open a small console in the name of somebody."""
        home = self.folder / f"home-{who}"
        home.mkdir()
        arguments = ["watch", "-c", str(config), *self.release, "--operator", who, *more]
        # What is preloaded comes with a program that is started, and not with one that is forked.
        made = (
            Console(arguments, home, None)
            if env is None
            else Terminal(arguments, home=home, env=env, columns=80, rows=24)
        )
        self.screens[who] = made
        self.running.callback(made.close)

    def gate(
        self, name: str, config: Path, *, as_json: bool = True, env: Mapping[str, str] | None = None
    ) -> Aftergreen:
        """Start a gate."""
        arguments = ["gate", "-c", str(config), *self.release, *(["--json"] if as_json else [])]
        made = Aftergreen(arguments, home=self.folder / f"home-{name}", env=env)
        self.running.callback(made.stop)
        return made

    def ran(self, name: str) -> int:
        """How often the command of one of them was run."""
        file = self.folder / name / "ran"
        return len(file.read_text().splitlines()) if file.exists() else 0

    def judged_since_it_broke(self, name: str) -> int:
        """How many instants one of them has judged since what fails was long enough over its limit."""
        broke = self.deployed_at + WARMUP + FOR + INTERVAL
        return sum(entry.at > broke for entry in self.journal(name, EntryKind.INSTANT))

    def journal(self, name: str, *kinds: EntryKind) -> list[Entry]:
        """What stands in the journal of one of them."""
        with closing(open_journal(self.folder / name / "journal.db")) as journal:
            (record,) = journal.releases()
            return list(journal.entries(record.release, kinds=kinds))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("automatic")
    start_server(environment(folder))
    names = [BAD, HEALS, NEIGHBOUR, BROKEN, CANARY, SLOW]
    with in_service(names, folder) as shops, ExitStack() as running:
        fleet, url = shops.fleet, shops.prometheus.url
        break_before(shops)
        deployed_at = fleet.deploy(
            {
                BAD: (VERSION, FAILING),
                HEALS: (VERSION, FAILING),
                NEIGHBOUR: (VERSION, BOTH_FAIL),
                BROKEN: (VERSION, BOTH_FAIL),
                SLOW: (VERSION, Behaviour(latency=0.2)),
            }
        )
        losing, blinding = Losing(url, CALLS), Losing(url, "")
        losing.since = deployed_at
        partly, behind = (running.enter_context(served(front)) for front in (losing, blinding))
        release = release_arguments(VERSION, PREVIOUS, deployed_at)
        played = Played(folder, url, shops, release, running, blinding, deployed_at)
        for name in (NEIGHBOUR, BROKEN):
            played.screen(name, played.acting(name, name))
        played.screen("alike", played.acting("alike", CANARY, errors={"baseline": "control"}))
        played.screen("unfit", played.acting("unfit", SLOW, kept=("error-rate", "latency"), latency=UNFIT))
        played.screen("unseen", played.acting("unseen", BAD, url=partly))
        played.screen("blind", played.acting("blind", BAD, url=behind, grace="2m"))
        yield played


def break_before(shops: Shops) -> None:
    """What is wrong before the deployment, or for both versions: a database, and a canary's control."""
    fleet, since = shops.fleet, time.time()
    fleet[BROKEN].change(dependency_error_rate=0.4)
    fleet[CANARY].prepare(VERSION, FAILING)
    fleet[CANARY].change(error_rate=0.3)
    for number, port in enumerate(fleet[CANARY].ports):
        fleet.load.point(CANARY if number == 0 else f"{CANARY}-{number}", port)
    failed = f'{CALLS}{{job="{BROKEN}",outcome="error"}}'
    shops.prometheus.wait_for(failed, since + WINDOW + 4.0)


def told(gate: Aftergreen, event: str) -> bool:
    return any(line.get("event") == event for line in gate.events)


def reads(screen: Terminal, sentence: str) -> None:
    """Wait until a sentence stands on a screen, on however many rows."""
    screen.wait_until(lambda shown: sentence in " ".join(shown.split()), sentence)


def blocked(played: Played, name: str, sentence: str) -> None:
    """What stops it is on the screen, and nothing is run; then the console is left."""
    screen = played.screens[name]
    reads(screen, sentence)
    assert played.journal(name, EntryKind.INTENT) == []
    assert played.ran(name) == 0
    # Whoever has shown what is to be seen leaves the machine to the others.
    screen.close()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (NEIGHBOUR, "rolling back may not help: orders-db failed calls is"),
        (BROKEN, "orders-db was over its limit before the deployment"),
        ("alike", "the previous version moved alike: it is not this release"),
        ("unseen", "orders-db failed calls is not seen (blind), and orders-db may be what broke"),
        ("unfit", "there is no baseline to compare with"),
    ],
)
def test_a_doubt_stops_it_and_is_read_on_the_screen(played: Played, name: str, sentence: str) -> None:
    reads(played.screens[name], sentence)
    # Where nothing stopped it, a countdown would have begun in the turn that saw the breach.
    wait_until(lambda: played.judged_since_it_broke(name) >= AFTERWARDS, "polls after the breach")
    blocked(played, name, sentence)
    assert played.journal(name, EntryKind.AUTOMATIC) == []


def a_countdown_that_nobody_can_see_on_is_stopped(played: Played) -> None:
    played.screens["blind"].wait_for("rolls back in")
    played.blinding.since = 0.0
    played.screens["blind"].wait_until(
        lambda shown: "BLIND for" in shown and "rolls back in" not in shown, "the countdown's end"
    )
    blocked(played, "blind", "BLIND for")


def a_clock_that_is_set_stops_it(played: Played) -> None:
    offset = played.folder / "offset"
    offset.write_text("+0\n")
    # A console asks for the time so often that it cannot read the file each time.
    env = faked_time(offset) | {"FAKETIME_CACHE_DURATION": "1"}
    del env["FAKETIME_NO_CACHE"]
    played.screen("clock", played.acting("clock", BAD, grace="2m"), env=env)
    played.screens["clock"].wait_for("rolls back in")
    # As a whole: half a line is another time.
    offset.with_suffix(".new").write_text("-3600\n")
    offset.with_suffix(".new").replace(offset)
    blocked(played, "clock", "not without a person: this machine's clock was set back by 1h")


def it_is_held_from_a_dialog_and_released_by_name_on_another_console(played: Played) -> None:
    config = played.acting("held", BAD, grace="2m")
    for who in ("ana", "ben"):
        played.screen(who, config)
    played.screen("eve", config, "--read-only")
    ana, ben, eve = (played.screens[who] for who in ("ana", "ben", "eve"))
    for console in (ana, ben, eve):
        console.wait_for("rolls back in")
    eve.send("h")
    eve.wait_for("Hold: read-only")
    ana.send("r")
    ana.wait_for("type the service's name")
    ana.send(CTRL_G)
    for console in (ben, eve):
        console.wait_for("HELD  by ana")
    ana.wait_for("by ana since")
    ana.send("a load test runs", "enter")
    for console in (ben, eve):
        console.wait_for("because a load test runs")
    ben.send("h")
    ben.wait_for("type the service's name")
    ben.send(BAD, "enter")
    for console in (ana, ben, eve):
        console.wait_for("rolls back in")
    told = [
        (e.body["action"], e.by, e.body.get("reason")) for e in played.journal("held", EntryKind.OPERATOR)
    ]
    assert told == [("hold", "ana", ""), ("hold", "ana", "a load test runs"), ("release", "ben", None)]
    assert played.ran("held") == 0
    for console in (ana, ben, eve):
        console.close()


def a_hold_of_the_last_second_and_the_command_never_both_win(played: Played) -> None:
    played.screen("last", played.acting("last", BAD, grace="10s"))
    console = played.screens["last"]
    # On a machine that is busy not every second is painted.
    console.wait_until(
        lambda shown: bool(re.search("rolls back in 0:0[0-2]|ROLLING BACK", shown)), "the last second"
    )
    console.send("h")
    console.wait_until(lambda shown: "since" in shown or "too late" in shown, "who won")
    held = [e for e in played.journal("last", EntryKind.OPERATOR) if e.body["action"] == "hold"]
    intents = played.journal("last", EntryKind.INTENT)
    assert len(held) + len(intents) == 1
    assert ("too late" in console.screen()) is bool(intents)
    console.close()


def a_dry_run_is_on_the_record_and_runs_nothing(played: Played) -> None:
    gate = played.gate("dry", played.acting("dry", BAD, automatic="dry-run"))
    assert gate.wait() == 23, gate.told
    assert [event for event in ("countdown", "dry run") if told(gate, event)] == ["countdown", "dry run"]
    assert len(gate.finish["dry_runs"]) == 1
    assert played.ran("dry") == 0


def who_comes_late_waits_for_a_whole_grace_and_then_it_is_run_once(played: Played) -> None:
    config = played.acting("late", BAD, metrics=CREDENTIALS)
    began = time.time()
    echoing = Echoing(played.url, CALLS, played.deployed_at)
    url = played.running.enter_context(served(echoing))
    gate = played.gate("late", config, env={**ENVIRONMENT, "METRICS_URL": url})
    # What its command does mends nothing.
    assert gate.wait() == 21, gate.told
    (announced,) = played.journal("late", EntryKind.AUTOMATIC)
    (intent,) = played.journal("late", EntryKind.INTENT)
    assert announced.at >= began
    assert intent.at - announced.at >= GRACE
    assert intent.by == BY
    assert played.ran("late") == 1
    # The backend did say aloud what it was told.
    assert echoing.refusals == 0
    nothing_let_out(gate, played.folder / "late", played.folder / "home-late")


def who_sleeps_through_the_countdown_does_not_act_on_what_was(played: Played) -> None:
    gate = played.gate("asleep", played.acting("asleep", HEALS, grace="20s"))
    gate.wait_for("countdown")
    os.kill(gate.process.pid, signal.SIGSTOP)
    played.shops.fleet[HEALS].change(error_rate=0.0)
    time.sleep(20.0 + ASLEEP)
    os.kill(gate.process.pid, signal.SIGCONT)
    gate.wait_for("countdown stopped")
    gate.wait_for("cleared")
    gate.process.terminate()
    gate.wait()
    assert played.journal("asleep", EntryKind.INTENT) == []
    assert played.ran("asleep") == 0


def a_gate_that_is_ended_during_the_countdown_says_so_and_runs_nothing(played: Played) -> None:
    gate = played.gate("left", played.acting("left", BAD, grace="2m"))
    gate.wait_for("countdown")
    gate.process.terminate()
    assert gate.wait() == 30, gate.told
    assert gate.finish["reason"].endswith(
        "before an automatic rollback, none was run; nobody watches any more"
    )
    assert played.ran("left") == 0


def a_gate_that_is_ended_during_the_command_says_where_to_follow_it(played: Played) -> None:
    config = played.acting("middle", BAD, grace="1s")
    go = played.folder / "middle" / "go"
    document = tomllib.loads(config.read_text())
    document["rollback"]["command"][2] += f"; until [ -e '{go}' ]; do sleep 0.05; done; echo went on"
    config.write_text(tomli_w.dumps(document))
    gate = played.gate("middle", config, as_json=False)
    wait_until(
        lambda: any("rollback started" in line for line in gate.lines), "the command", lambda: gate.told
    )
    gate.process.terminate()
    assert gate.wait() == 30, gate.told
    (follow,) = [line for line in gate.lines if line.startswith("Follow it: aftergreen watch --version")]
    output = Path(follow.rpartition("read ")[2].removesuffix("."))
    go.touch()
    wait_until(lambda: played.journal("middle", EntryKind.OUTCOME), "its outcome")
    assert output.read_text() == "went on\n"
    counted = [line for line in gate.lines if "rolls back in" in line]
    assert counted
    assert played.ran("middle") == 1


SCENES: Mapping[str, Callable[[Played], None]] = {
    scene.__name__.replace("_", " "): scene
    for scene in (
        a_countdown_that_nobody_can_see_on_is_stopped,
        a_clock_that_is_set_stops_it,
        it_is_held_from_a_dialog_and_released_by_name_on_another_console,
        a_hold_of_the_last_second_and_the_command_never_both_win,
        a_dry_run_is_on_the_record_and_runs_nothing,
        who_comes_late_waits_for_a_whole_grace_and_then_it_is_run_once,
        who_sleeps_through_the_countdown_does_not_act_on_what_was,
        a_gate_that_is_ended_during_the_countdown_says_so_and_runs_nothing,
        a_gate_that_is_ended_during_the_command_says_where_to_follow_it,
    )
}
"""Each begins with programs of its own, and waits more than it works: some of them play at a time."""


@pytest.fixture(scope="module")
def scenes(played: Played) -> Iterator[Mapping[str, Future[None]]]:
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        try:
            yield {name: pool.submit(scene, played) for name, scene in SCENES.items()}
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@pytest.mark.parametrize("scene", SCENES)
def test_without_a_person(scenes: Mapping[str, Future[None]], scene: str) -> None:
    scenes[scene].result()
