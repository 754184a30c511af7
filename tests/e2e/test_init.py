"""From nothing to a sealed watch: a person types what the guide says, on real backends with real services.

Beside the services that work, the backend has the recordings of every exporter that is known, and 5,000 names
that mean nothing.
"""

from __future__ import annotations

import asyncio
import time
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from aftergreen.config import load
from aftergreen.model import Backend, Indicator
from aftergreen.proposal.catalogue import instrumentations
from aftergreen.proposal.instrumentation import Instrumentation
from aftergreen.proposal.inventory import series_behind, take_inventory
from aftergreen.proposal.recognition import chosen_of, recognised
from aftergreen.sources.http import Client
from aftergreen.sources.survey import Survey
from tests.e2e.dialects import SERVICES
from tests.e2e.newcomer import COMMAND, ELSEWHERE, SHOP, Stage, Typed, newcomer, typed
from tests.e2e.parts import free_port
from tests.e2e.program import Aftergreen, iso
from tests.e2e.recordings import MANY
from tests.e2e.terminal import Terminal
from tests.recorded import FOLDER, exposition
from tui.cli import main

pytestmark = [pytest.mark.e2e, pytest.mark.prometheus]

MOST_ANSWERS = 10


@dataclass(frozen=True)
class Watched:
    """A service with the file that was made for it, what was typed for that, and a gate on its release."""

    folder: Path
    typed: Typed
    gate: Aftergreen


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with newcomer(tmp_path_factory.mktemp("init")) as stage:
        yield stage


@pytest.fixture(scope="module")
def watched(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Watched]]:
    """Every service has its file by typed answers; then all go wrong at once, and gates look on."""
    folders = {name: tmp_path_factory.mktemp(name) for name in (SHOP, ELSEWHERE, *SERVICES)}
    answered = {name: typed(folder, stage.url(name), name) for name, folder in folders.items()}
    with ExitStack() as parts:
        stage.fail()
        at = time.time()
        gates = {}
        for name, folder in folders.items():
            words = ["gate", "--version", "v2", "--previous", "v1", "--deployed-at", iso(at), "--json"]
            gates[name] = Aftergreen([*words, "-c", str(folder / "aftergreen.toml")], home=folder)
            parts.callback(gates[name].stop)
        yield {name: Watched(folders[name], answered[name], gates[name]) for name in folders}


@pytest.mark.parametrize("name", [SHOP, ELSEWHERE, *SERVICES])
def test_a_file_takes_few_answers_and_passes_the_check_as_it_is(
    name: str, watched: dict[str, Watched], capsys: pytest.CaptureFixture[str]
) -> None:
    one = watched[name]
    assert one.typed.answers <= MOST_ANSWERS
    plan = load(one.folder / "aftergreen.toml")
    assert all(plan.of(indicator) or indicator in plan.waived for indicator in Indicator)
    assert plan.of(Indicator.ERROR_RATE)
    assert plan.of(Indicator.LATENCY)
    code = main(["check", "-c", str(one.folder / "aftergreen.toml")])
    told = capsys.readouterr().out
    assert code == 0, told
    assert "0 errors" in told or "everything is ready" in told


@pytest.mark.parametrize("name", [SHOP, "letters"])
def test_the_answers_are_told_as_options_that_do_the_same(
    name: str,
    watched: dict[str, Watched],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program, *words = watched[name].typed.same
    monkeypatch.chdir(tmp_path)
    assert (program, main(words)) == ("aftergreen", 0), capsys.readouterr().err
    first, again = load(watched[name].folder / "aftergreen.toml"), load(tmp_path / "aftergreen.toml")
    assert (again.service, again.backend, again.rollback) == (first.service, first.backend, first.rollback)
    assert again.waived == first.waived
    assert [one.label for one in again.signals] == [one.label for one in first.signals]


def test_every_recording_is_recognised_as_a_real_prometheus_has_it(stage: Stage) -> None:
    known = {one.name: one for one in instrumentations()}
    found = asyncio.run(proposed(stage.prometheus.url, list(known.values())))
    expected = {
        name: tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))["signals"]
        for name in known
    }
    assert found == expected


async def proposed(url: str, known: list[Instrumentation]) -> dict[str, list[dict[str, object]]]:
    """What is proposed for the service of each recording, as if it were alone."""
    client = Client(Backend(url=url))
    survey = Survey(client)
    found: dict[str, list[dict[str, object]]] = {}
    for one in known:
        recorded = exposition(one.name)
        alone = {"exposition": one.name} if one.role == "service" else {}
        inventory = await take_inventory(survey, [one], alone)
        hosts = inventory.hosts([recorded.target.get("instance", "")])
        own = {
            "service": inventory.of(recorded.service),
            "dependency": inventory.of_dependencies([recorded.target["job"]]),
            "host": hosts,
        }[one.role]
        behind = await series_behind(survey, inventory, own)
        offered, _ = recognised(own, inventory.names, behind, recorded.service)
        chosen, _ = chosen_of(offered)
        mark = f',exposition="{one.name}"'
        found[one.name] = [
            {
                key: value.replace(mark, "") if isinstance(value, str) else value
                for key, value in p.table.items()
            }
            for p in chosen
        ]
    await client.close()
    return found


def test_among_thousands_of_names_a_file_is_proposed_that_says_why(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(stage.prometheus.query('count by (__name__) ({job="many"})')) >= MANY
    words = ["--url", stage.prometheus.url, "--service", SHOP, "--rollback", COMMAND, "--print"]
    assert main(["init", *words]) == 0
    printed = capsys.readouterr().out
    assert f'url = "{stage.prometheus.url}"' in printed
    assert "# 1 % is ten times what 99.9 % allows" in printed
    assert '[[signals.rules]]\n  above = "1%"\n  for = "2m"\n  then = "rollback"' in printed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param([], "nobody said which service (", id="none"),
        pytest.param(["--service", "check"], "one service looks like check: checkout: name", id="part"),
        pytest.param(["--service", "i"], " services look like i: ", id="many-alike"),
        pytest.param(
            ["--service", "nothing-here"], "there are no metrics of nothing-here: see that", id="none-there"
        ),
        pytest.param(["--service", "many"], "many is scraped, but nothing of what it tells is", id="unknown"),
        pytest.param(
            ["--service", "shop"],
            "shop is there with 2 values of namespace (default, prod): --where namespace=VALUE, or",
            id="twice",
        ),
        pytest.param(
            ["--service", "catalogue", "--rollback", "none"],
            "nothing was found for business: give --business METRIC or --waive business=REASON",
            id="no-business",
        ),
        pytest.param(
            ["--service", SHOP], "nobody said how to go back: give --rollback PRESET", id="no-way-back"
        ),
        pytest.param(
            ["--service", SHOP, "--where", "namespace=nowhere"],
            "no metrics of checkout that are recognised have namespace=nowhere",
            id="nowhere",
        ),
        pytest.param(
            ["--service", SHOP, "--business", "regis"],
            "the service has no counter regis: one counter looks like regis: registrations_total",
            id="no-counter",
        ),
        pytest.param(
            ["--service", SHOP, "--depends-on", "oracle"], "no exporter tells of oracle", id="no-exporter"
        ),
        pytest.param(
            ["--service", SHOP, "--rollback", "kubectl undo {srvice}"],
            "the placeholder {srvice}, expected {service}",
            id="bad-command",
        ),
    ],
)
def test_what_is_not_known_is_one_sentence_with_the_next_step(
    words: list[str], said: str, stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "aftergreen.toml"
    assert main(["init", "-c", str(file), "--url", stage.prometheus.url, *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert not file.exists()


def test_no_backend_and_something_else_are_one_sentence(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init", "--url", f"http://127.0.0.1:{free_port()}", "--service", SHOP]) == 2
    assert "Connection refused: check --url\n" in capsys.readouterr().err
    # A service instead of the backend.
    assert main(["init", "--url", stage.fleet[SHOP].url, "--service", SHOP]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main(["init"]) == 2
    assert capsys.readouterr().err == "nobody said where the metrics are: --url URL\n"


def test_what_is_there_is_kept_and_what_it_lacks_is_added(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mine = (
        f'[service]\nname = "{SHOP}"\n\n[metrics]\nurl = "{stage.prometheus.url}"  # ours\n\n[[signals]]\n'
        'indicator = "error-rate"\nname = "mine"\nquery = "vector(0)"\nrules = []\n\n'
        '[indicators]\nlatency.waived = "the gateway measures it"\n'
    )
    file = tmp_path / "aftergreen.toml"
    file.write_text(mine)
    words = ["init", "--url", stage.prometheus.url, "--service", SHOP, "--rollback", COMMAND]
    assert main(words) == 2
    assert "aftergreen.toml is there already: --update adds what it lacks" in capsys.readouterr().err
    assert main(["init", "--update", "--service", SHOP, "--rollback", COMMAND]) == 0
    text = file.read_text()
    assert text.startswith(mine)
    plan = load(file)
    assert [signal.name for signal in plan.of(Indicator.ERROR_RATE)] == ["mine"]
    assert plan.waived == {Indicator.LATENCY: "the gateway measures it"}
    assert plan.of(Indicator.BUSINESS)
    assert plan.rollback is not None
    assert main(["init", "--update", "--service", SHOP]) == 0
    assert "lacks nothing" in capsys.readouterr().out
    assert file.read_text() == text


def test_a_file_in_one_piece_is_not_added_to(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "aftergreen.toml"
    text = (
        'signals = [{ indicator = "latency", name = "mine", query = "x", unit = "s", rules = [] }]\n'
        f'[service]\nname = "{SHOP}"\n[metrics]\nurl = "{stage.prometheus.url}"\n'
    )
    file.write_text(text)
    assert main(["init", "--update", "-c", str(file), "--service", SHOP, "--rollback", COMMAND]) == 2
    assert "in one piece (as signals = [...]), to which nothing can be added" in capsys.readouterr().err
    assert file.read_text() == text


def test_what_somebody_wrote_meanwhile_stays(stage: Stage, tmp_path: Path) -> None:
    words = ["--url", stage.prometheus.url, "--service", SHOP, "--rollback", COMMAND, "--tier", "critical"]
    with closing(Terminal(["init", *words, "--business", "registrations_total"], home=tmp_path)) as terminal:
        terminal.wait_for("Which of them does it need")
        terminal.send("enter")
        terminal.wait_for("Write aftergreen.toml")
        (tmp_path / "aftergreen.toml").write_text("# a colleague was faster\n")
        terminal.send("y", "enter")
        assert terminal.wait() == 2
        assert "aftergreen.toml has changed meanwhile, and is left as it is: start anew" in terminal.screen()
    assert (tmp_path / "aftergreen.toml").read_text() == "# a colleague was faster\n"


def test_it_says_which_file_recognised_what_and_why_not_the_rest(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "aftergreen" / "instrumentations"
    own.mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (own / "ours.toml").write_text(
        'title = "Our own counter"\nsource = "https://wiki.example"\nrank = 1\n'
        '[metrics.all]\nname = "registrations_total"\ntype = "counter"\n'
        "[[signals]]\n"
        'indicator = "business"\nname = "new people"\nbecause = "they are why we are here"\nunit = "/min"\n'
        "query = 'sum(increase(${all}{$of}[$window])) / ($window_seconds / 60)'\n"
    )
    words = ["init", "--url", stage.prometheus.url, "--service", SHOP, "--explain"]
    assert main(words) == 0
    told = capsys.readouterr().out
    assert f"+ ours: Our own counter ({own / 'ours.toml'})\n    + Business, new people: they are why" in told
    assert "+ prometheus-client-http: HTTP metrics made by hand" in told
    assert "- istio: Istio" in told
    (own / "ours.toml").write_text('title = "Our own counter"\n[[signals]]\nname = "x"\n')
    assert main(words) == 2
    assert "signals[0].because: found nothing, expected why it is worth watching" in capsys.readouterr().err


@pytest.mark.parametrize("name", [SHOP, ELSEWHERE, *SERVICES])
def test_the_watch_that_was_made_catches_a_fault(name: str, watched: dict[str, Watched]) -> None:
    gate = watched[name].gate
    # A minute of warm-up, and a minute of its fuse: the file is as it was proposed.
    gate.wait_for("judging")
    assert gate.wait() == 23, gate.told
    assert gate.finish["indicator"] == "error-rate"
    assert gate.finish["rule"], gate.finish
