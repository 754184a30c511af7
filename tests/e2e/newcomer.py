"""What a newcomer finds: services at work, backends with all that others have too, questions to answer."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.e2e.dialects import SERVICES
from tests.e2e.parts import HERE, Behaviour, Fleet, end, free_port, wait_until
from tests.e2e.recordings import Recordings
from tests.e2e.servers import Prometheus, VictoriaMetrics
from tests.e2e.terminal import Terminal

SHOP = "checkout"
"""The service that is named by hand, and has all five indicators."""

ELSEWHERE = "on-victoria"
"""The same one, on the other backend."""

COMMAND = "/bin/true {service}"

ANSWERS = {
    "Which of them does it need": "",
    "or none: REASON)? [": "",
    "or none: REASON)?:": "1",
    "Nothing was found for": "it has none that we could measure",
    "How much hangs on it": "critical",
    "How does it go back": COMMAND,
    "Write aftergreen.toml": "y",
}
"""What is typed at each question, as docs/init.md says; empty for enter."""


@dataclass(frozen=True)
class Stage:
    """Services at work, and two backends that scrape them."""

    fleet: Fleet
    ports: dict[str, int]
    prometheus: Prometheus
    victoria: VictoriaMetrics

    def url(self, service: str) -> str:
        """The backend on which a service is watched."""
        return self.victoria.url if service == ELSEWHERE else self.prometheus.url

    def fail(self) -> None:
        """Let a third of all work go wrong from now on."""
        self.fleet[SHOP].change(error_rate=0.3)
        for port in self.ports.values():
            httpx.post(
                f"http://127.0.0.1:{port}/admin", json={"failing": 0.3}, trust_env=False
            ).raise_for_status()


@contextmanager
def newcomer(folder: Path) -> Iterator[Stage]:
    """Everything at work, and scraped long enough to be counted."""
    ports = {name: free_port() for name in SERVICES}
    command = [
        sys.executable,
        "-m",
        "tests.e2e.dialects",
        *(f"{name}={port}" for name, port in ports.items()),
    ]
    with ExitStack() as parts:
        working = subprocess.Popen(command, cwd=HERE.parents[1])
        parts.callback(end, working)
        recordings = parts.enter_context(Recordings())
        fleet = parts.enter_context(Fleet([SHOP]))
        since = fleet.deploy({SHOP: ("v1", Behaviour())})
        places = [{"labels": {"job": name}, "targets": [f"127.0.0.1:{port}"]} for name, port in ports.items()]
        prometheus = Prometheus(folder / "prometheus", [*fleet.targets, *places], scraped=recordings.scraped)
        parts.enter_context(prometheus)
        victoria = parts.enter_context(VictoriaMetrics(folder / "victoria", fleet.targets))
        # All recordings are there, and enough of what works to be counted.
        prometheus.wait_for('up{exposition!=""}', since, len(recordings.scraped))
        wait_until(
            lambda: prometheus.query('increase(http_requests_total{job="checkout"}[20s]) > 100'), "load"
        )
        victoria.wait_for('app_info{job="checkout"}', since)
        yield Stage(fleet, ports, prometheus, victoria)


@dataclass(frozen=True)
class Typed:
    """How many answers ``aftergreen init`` took, and the command line that does without them."""

    answers: int
    same: tuple[str, ...]


def typed(folder: Path, url: str, service: str) -> Typed:
    """Answer what ``aftergreen init`` asks in a terminal."""
    given = {
        "Where are the metrics": url,
        "Which service": SHOP if service == ELSEWHERE else service,
        **ANSWERS,
    }
    count, before = 0, ""
    with closing(Terminal(["init"], home=folder, rows=70)) as terminal:

        def asked() -> tuple[str, str] | None:
            """The question on the last line that was not answered yet, and what to say.

            A heading ends with a colon too, and is the last line for as long as what it heads is not drawn.
            """
            last = terminal.screen().rstrip().rpartition("\n")[2]
            answers = (answer for question, answer in given.items() if question in last)
            answer = next(answers, None) if last.endswith(":") and last != before else None
            return None if answer is None else (last, answer)

        while True:
            wait_until(
                lambda: asked() is not None or terminal.exit_code is not None,
                "a question that is known",
                terminal.screen,
            )
            if (question := asked()) is not None:
                before, answer = question
                terminal.send(answer, "enter")
                count += 1
            elif terminal.exit_code is not None:
                assert terminal.wait() == 0, terminal.screen()
                told = terminal.sent.decode().rpartition("the same without a question:")[2]
                return Typed(count, tuple(shlex.split(told)))
