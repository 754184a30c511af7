"""A hundred hostile texts, by every door that text comes in, and wherever it is shown."""

from __future__ import annotations

import json
import sys
import tomllib
from contextlib import closing
from pathlib import Path

import pytest
import tomli_w
from textual import events

from aftergreen.config import ConfigError, loads
from aftergreen.journal import EntryKind, open_journal
from aftergreen.journal.columns import as_entry
from aftergreen.model import Release
from aftergreen.output.history import history_lines, past_releases
from aftergreen.rollback.tail import Tail
from aftergreen.sources.answer import parse
from aftergreen.sources.protocol import SourceUnavailable
from aftergreen.watch.session import operator_name
from tests.console import moments
from tests.console.desk import desk
from tests.hostile import HUNDRED, is_shown_safely
from tests.scripted import answer, error, vector
from tests.small import SMALL
from tui.cli import main
from tui.terminal import titled

SHOWN = (
    ("service", "name"),
    ("service", "runbook"),
    ("service", "on_call"),
    ("service", "environment"),
    ("metrics", "url"),
    ("metrics", "ca_file"),
    ("metrics", "bearer_token_env"),
    ("baseline", "zone"),
    ("rollback", "irreversible"),
    ("journal", "path"),
)


def test_what_a_backend_answers() -> None:
    for text in HUNDRED:
        for status, body in ((400, error("x", text)), (503, text.encode("utf-8", "replace"))):
            with pytest.raises(SourceUnavailable) as refused:
                parse(status, body)
            assert is_shown_safely(str(refused.value))
        labelled = answer("vector", [{"metric": {text: text}, "value": [1.0, "1"]}], infos=[text])
        found = parse(200, labelled)
        assert all(is_shown_safely(part) for part in (*found.notes, *found.series[0].labels.popitem()))  # type: ignore[attr-defined]  # a dict
        assert is_shown_safely(parse(200, vector("1", warnings=[text])).partial)


def told(text: str) -> str:
    """The plan of a configuration, or what is wrong with it."""
    try:
        return repr(loads(text))
    except ConfigError as error:
        return str(error)


@pytest.mark.parametrize(("table", "key"), SHOWN)
def test_what_a_configuration_says(table: str, key: str) -> None:
    document = tomllib.loads(SMALL)
    for text in HUNDRED:
        if "\ud800" in text:
            continue  # No file of TOML can hold it.
        changed = document | {table: {**document.get(table, {}), key: text}}
        assert is_shown_safely(told(tomli_w.dumps(changed)))


@pytest.mark.parametrize("text", [text for text in HUNDRED if "\ud800" not in text][::7])
def test_a_reason_of_a_configuration_on_the_console_and_in_check(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    document = tomllib.loads(SMALL)
    document["indicators"]["business"]["waived"] = f"x{text}"
    document["metrics"]["url"] = "http://127.0.0.1:9"
    Path("aftergreen.toml").write_text(tomli_w.dumps(document), encoding="utf-8")
    assert main(["check", "-c", "aftergreen.toml"]) == 3
    assert is_shown_safely("".join(capsys.readouterr()))
    assert is_shown_safely(loads(tomli_w.dumps(document)).waived.popitem()[1])  # type: ignore[attr-defined]  # a dict


def test_what_a_command_writes(tmp_path: Path) -> None:
    file = tmp_path / "1.log"
    for text in HUNDRED:
        with file.open("ab") as output:
            output.write(
                text.encode("utf-8", "surrogateescape" if "\ud800" not in text else "replace") + b"\n"
            )
    assert all(map(is_shown_safely, Tail(file).read()))


def test_what_others_wrote_into_the_journal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "journal.db"
    with closing(open_journal(place, "x")) as journal:
        for number, text in enumerate(text for text in HUNDRED if "\ud800" not in text):
            release = Release(f"shop{number}", "prod", f"v{text}", text, 1e9)
            opened = journal.open_release(release, seal="s", plan={}, baseline={}, by=text, at=1e9)
            body = {"action": "note", "text": text, text: [text]}
            journal.append(opened.record.release, EntryKind.OPERATOR, at=1e9, body=body, by=text)
            for entry in journal.entries(opened.record.release):
                assert is_shown_safely(entry.by)
                assert is_shown_safely(json.dumps(entry.body, ensure_ascii=False).replace("\\n", ""))
    assert all(map(is_shown_safely, history_lines(past_releases(place))))
    assert main(["history", "--journal", str(place), "--json"]) == 0
    assert is_shown_safely(capsys.readouterr().out)


@pytest.mark.parametrize("text", ["\x9b31m", "\u202ex", "\x7f", "a\bb", "a\fb", "a\rb", "\u2028"])
def test_a_journal_that_somebody_wrote_by_hand(text: str) -> None:
    for written in (json.dumps({"text": text}, ensure_ascii=False), json.dumps({"text": text})):
        entry = as_entry((1, 1e9, "operator", text, written, None, "x"))
        assert is_shown_safely(entry.by + str(entry.body["text"]))
    plain = {"text": 'say "friend"\tand\nenter', "n": 1.5}
    assert as_entry((1, 1e9, "operator", "ana", json.dumps(plain), None, "x")).body == plain


def test_who_is_watching_and_the_title() -> None:
    for text in HUNDRED:
        assert is_shown_safely(operator_name(f"ana{text}"))
        title = titled(text, first=False)
        assert (title[:4], title[-1]) == ("\x1b]2;", "\x07")
        assert is_shown_safely(title[4:-1])


async def test_what_is_typed_and_pasted() -> None:
    async with desk(moments.watching()) as here:
        for text in HUNDRED[::4]:
            await here.press("n")
            here.app.post_message(events.Paste(f"x{text}"))
            await here.settle()
            assert is_shown_safely(here.text)
            await here.press("enter")
        notes = [order[1] for order in here.given.orders if order[0] == "note"]
    assert len(notes) == len(HUNDRED[::4])
    assert all(map(is_shown_safely, notes))


@pytest.mark.parametrize("option", ["--version", "--previous", "--operator", "--journal", "-c", "--nonsense"])
def test_what_stands_on_the_command_line(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    for text in HUNDRED:
        if "\0" in text or "\ud800" in text:
            continue  # No command line can hold it.
        code = main(["gate", "--json", "--version", "v2", option, f"x{text}"])
        assert code in (2, 3)
        out, err = capsys.readouterr()
        assert is_shown_safely(out + err), text
        assert json.loads(out)["exit_code"] == code
    assert sys.stdout is not None
