"""The command line: help with examples, one sentence for what is wrong, no screen where none is needed."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from aftergreen.drill.scenario.catalogue import find, names
from aftergreen.paths import example, find_paths
from tests.waiting import HANG
from tui.cli import main

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ("watch", "gate", "demo", "drill", "check", "paths")
MINIMAL = """
[service]
name = "shop"
[metrics]
url = "http://127.0.0.1:9"
"""


def run(*arguments: str) -> int:
    """The exit code, whether it is returned or raised by argparse."""
    try:
        return main(arguments)
    except SystemExit as left:
        return int(left.code or 0)


def usable_configuration() -> None:
    """The demo's, with a metrics backend at which nothing listens."""
    text = (ROOT / "aftergreen" / "drill" / "web.toml").read_text(encoding="utf-8")
    Path("shop.toml").write_text(text.replace("@URL@", "http://127.0.0.1:9"), encoding="utf-8")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_has_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, "--help") == 0
    out, err = capsys.readouterr()
    assert err == ""
    _, _, examples = out.partition("\nexamples:\n")
    assert examples.startswith(f"  aftergreen {command}")
    assert ("exit codes:" in out) is (command != "paths")


def test_the_help_lists_every_command_and_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    out = capsys.readouterr().out
    assert all(f"    {command} " in out for command in COMMANDS)
    assert all(f"{code} " in out for code in (0, 1, 2, 3, 10, 20, 21, 22, 23, 30))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_flag_says_what_it_is_for(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(command, "--help")
    options = capsys.readouterr().out.partition("options:\n")[2].partition("\n\n")[0]
    flags = [line for line in options.splitlines() if line.startswith("  -")]
    following = dict(zip(options.splitlines(), [*options.splitlines()[1:], ""], strict=True))
    assert flags
    assert all("  " in flag.strip() or following[flag].startswith("     ") for flag in flags)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "the following arguments are required: COMMAND"),
        (("wach",), "invalid choice: 'wach'"),
        (("watch",), "say which version was deployed: --version V, or FILE@VERSION for each service"),
        (("gate", "--version", "v1", "--jsn"), "unrecognized arguments: --jsn"),
        # An abbreviation that works today may mean two things tomorrow.
        (("gate", "--version", "v1", "--hist"), "unrecognized arguments: --hist"),
        (
            ("gate", "--version", "v1", "--baseline", "tomorrow"),
            "'tomorrow' is none: write before, yesterday, last-week, previous-release or control",
        ),
        (
            ("watch", "a.toml"),
            "'a.toml' names no release: write FILE@VERSION or FILE@PREVIOUS..VERSION",
        ),
        (("watch", "@v1"), "'@v1' names no release"),
        (("gate", "a.toml@..v2"), "'a.toml@..v2' names no release"),
        (("gate", "a.toml@v1..", "b.toml@v2"), "'a.toml@v1..' names no release"),
        (("watch", "a.toml@v1", "--read-only", "b.toml"), "'b.toml' names no release"),
        (
            ("gate", "a.toml@v1", "--version", "v1"),
            "--version is for one release: write FILE@",
        ),
        (("gate", "a.toml@v1", "--previous", "v0"), "--previous is for one release"),
        (("gate", "a.toml@v1", "-c", "b.toml"), "-c is for one release: write FILE@VERSION for each service"),
        (("check", "a.toml@v1"), "unrecognized arguments: a.toml@v1"),
        (("demo", "--seed", "seven"), "invalid int value: 'seven'"),
        (
            ("drill", "eror-spike"),
            "eror-spike: found no such scenario, expected one of those that aftergreen",
        ),
        (("drill", "eror-spike"), 'did you mean "error-spike"?'),
        (("drill", "healthy", "other"), "other is one too many: files are for aftergreen drill check FILE"),
        (("drill", "healthy", "--blind"), "healthy is known already: leave it away, --random and --blind"),
        (("drill", "check"), "say which file: aftergreen drill check FILE"),
        (("drill", "healthy", "--csv"), "--csv is for results: aftergreen drill results --csv"),
        (("drill", "direct"), "no rehearsal is under way here: aftergreen drill NAME in another terminal"),
        (("drill", "results", "--csv", "--json"), "--csv or --json: results have one form"),
        (
            ("drill", "healthy", "--markdown", "missing/debrief.md"),
            "the debrief cannot be written to missing/debrief.md: no such file or directory",
        ),
        (("drill", "check", "mine.toml"), "mine.toml: found no such file, expected a scenario"),
        (("--print-completion", "cmd"), "invalid choice: 'cmd'"),
    ],
)
def test_wrong_usage_is_2_and_said_on_stderr(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err


def test_of_a_service_one_release_is_watched(capsys: pytest.CaptureFixture[str]) -> None:
    given = example()
    assert run("gate", f"{given}@v1", "--read-only", f"{given}@v2") == 2
    told = "checkout-api in prod is there twice: one console watches one release of a service\n"
    assert capsys.readouterr() == ("", told)


@pytest.mark.parametrize("command", [("gate", "--version", "v1"), ("watch", "--version", "v1"), ("check",)])
def test_a_missing_configuration_is_one_sentence_with_its_cure(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*command) == 2
    copied = f"cp {shlex.quote(str(example()))} aftergreen.toml"
    cure = (
        f"aftergreen init writes one; or begin with a copy of the example, {copied}, or name another with -c"
    )
    told = f"aftergreen.toml: found no such file, expected a configuration: {cure}\n"
    assert capsys.readouterr() == ("", told)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--deployed-at", "yesterday"), "'yesterday' is no time: write now, a time ago such as -3m, or "),
        (("--deployed-at", "-3"), "expected a duration with its unit, such as "),
        (("--history",), "--history judges a past release: say when it was deployed with --deployed-at"),
    ],
)
def test_a_time_that_cannot_be_meant_is_a_usage_error(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    usable_configuration()
    assert run("gate", "-c", "shop.toml", "--version", "v2.4.1", *arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err.splitlines()[-1]


@pytest.mark.parametrize("when", ["now", "-3m", "-1h30m", "2026-03-01T14:02:10+01:00"])
def test_the_times_of_the_help_are_taken_and_a_silent_backend_is_3(
    when: str, capsys: pytest.CaptureFixture[str]
) -> None:
    usable_configuration()
    assert run("gate", "-c", "shop.toml", "--version", "v2.4.1", "--deployed-at", when) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1].startswith("the metrics backend at http://127.0.0.1:9 cannot be asked: ")


def test_a_watch_that_cannot_begin_ends_with_its_finish_line(capsys: pytest.CaptureFixture[str]) -> None:
    usable_configuration()
    assert run("gate", "-c", "shop.toml", "--version", "v2.4.1", "--json") == 3
    out, err = capsys.readouterr()
    (line,) = out.splitlines()
    finish = json.loads(line)
    assert (finish["type"], finish["state"], finish["exit_code"]) == ("finish", "preflight", 3)
    assert finish["missing"][0] in err.splitlines()
    assert err.count("cannot be asked") == 1


def test_ctrl_c_ends_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    usable_configuration()
    monkeypatch.setattr("aftergreen.preflight.opening.backend_time", pressed)
    assert run("check", "-c", "shop.toml") == 30
    assert capsys.readouterr().err == "interrupted\n"


def test_all_faults_of_a_configuration_are_told_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shop.toml").write_text(MINIMAL.replace("name", "nam"), encoding="utf-8")
    assert run("check", "-c", "shop.toml") == 2
    err = capsys.readouterr().err
    assert "did you mean" in err
    assert len(err.splitlines()) > 2


@pytest.mark.parametrize("speed", ["0", "-1", "nan", "inf", "1e9", "fast"])
def test_a_demo_at_no_speed_is_refused(capsys: pytest.CaptureFixture[str], speed: str) -> None:
    assert run("demo", f"--speed={speed}") == 2
    assert f"{speed!r} is no speed: write a number from 0.1 to 100" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [("drill",), ("drill", "list")])
def test_drills_are_listed_with_what_each_trains(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert run(*arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(names())
    assert all(find(line.split()[0]).trains in line for line in lines)


def test_a_scenario_of_ones_own_is_checked_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "aftergreen" / "drill" / "scenarios" / "error-spike.toml").read_text(encoding="utf-8")
    mine = tmp_path / "mine.toml"
    mine.write_text(text, encoding="utf-8")
    assert run("drill", "check", "mine.toml") == 0
    assert capsys.readouterr().out == (
        "mine.toml is a scenario: error spike; error-rate shows it first, the cause is release, "
        "right is to roll back\n"
    )
    mine.write_text(text.replace("title", "titel").replace('"8%"', "8"), encoding="utf-8")
    assert run("drill", "check", "mine.toml") == 2
    told = capsys.readouterr().err
    assert told.startswith("mine.toml has 3 errors:")
    assert 'titel: found an unknown key, expected a known one; did you mean "title"?' in told


def test_paths_tell_where_everything_is_and_who_decided(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("paths") == 0
    state, own = tmp_path / "state" / "aftergreen", tmp_path / "config" / "aftergreen"
    assert capsys.readouterr().out == (
        f"configuration     {tmp_path / 'aftergreen.toml'}\n"
        f"journal           {state / 'journal.db'} (default)\n"
        f"settings          {own / 'settings.toml'}\n"
        f"own themes        {own / 'themes'}\n"
        f"instrumentations  {own / 'instrumentations'}\n"
        f"rollback output   {state / 'rollbacks'}\n"
        f"drill results     {state / 'drills' / 'results.jsonl'}\n"
        f"an example        {find_paths().example}\n"
    )
    monkeypatch.setenv("AFTERGREEN_JOURNAL", "/srv/team/journal.db")
    run("paths")
    assert "journal           /srv/team/journal.db (AFTERGREEN_JOURNAL)\n" in capsys.readouterr().out
    run("paths", "--journal", "own.db")
    assert f"journal           {tmp_path / 'own.db'} (--journal)\n" in capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_a_completion_script_knows_the_commands(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--print-completion", shell) == 0
    out = capsys.readouterr().out
    assert all(command in out for command in (*COMMANDS, "deployed-at"))


def test_bash_takes_the_completion_script(capsys: pytest.CaptureFixture[str]) -> None:
    run("--print-completion", "bash")
    script = capsys.readouterr().out
    done = subprocess.run(
        ["bash", "-n"], input=script, capture_output=True, text=True, check=False, timeout=HANG
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_command_line_alone_loads_neither_a_screen_nor_http() -> None:
    code = "import sys, tui.cli\nprint(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=HANG
    )
    loaded = set(done.stdout.split())
    assert "aftergreen" in loaded
    assert loaded.isdisjoint({"textual", "rich", "plotext", "httpx", "shtab"})
