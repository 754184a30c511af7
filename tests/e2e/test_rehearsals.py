"""Rehearsals as people have them: on a terminal of their own, directed from another one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aftergreen.drill.debriefing.results import kept
from aftergreen.drill.scenario.catalogue import find, names
from aftergreen.journal import EntryKind, open_journal
from tests.e2e.terminal import Terminal

# They rehearse many times as fast as life, so nothing heavy may run beside them.
pytestmark = [pytest.mark.e2e, pytest.mark.prometheus]


def test_noticed_diagnosed_and_rolled_back_by_hand_the_score_agrees_with_the_journal(tmp_path: Path) -> None:
    terminal = Terminal(["drill", "error-spike", "--speed", "10", "--operator", "ana"], home=tmp_path)
    try:
        terminal.wait_for("BREACHED")
        place = journal_of(terminal)
        # However slow the machine is, the time of the drill waits for it.
        terminal.send("z")
        terminal.wait_for("DRILL HALTED")
        terminal.send("d")
        terminal.wait_for("Which indicator shows it first?")
        terminal.send("1")
        terminal.wait_for("Whose fault is it?")
        terminal.send("1")
        terminal.wait_for("What would you do?")
        terminal.send("1")
        terminal.wait_for("note by ana: diagnosis: error-rate, release, roll back")
        terminal.send("r")
        terminal.wait_for("type the service's name")
        terminal.send(*"checkout-api", "enter")
        terminal.wait_for("checkout-api is back on v2.4.0")
        terminal.send("escape")
        terminal.wait_until(lambda screen: "esc closes" not in screen, "a dialog that is closed")
        terminal.send("z")
        terminal.wait_for("RECOVERED")
        terminal.wait_for("Environment drill runs v2.4.0")
        journal = written(place)
        terminal.send("q")
        terminal.wait_for("Debrief")
        terminal.wait_for("a report over an hour (Kayenta): after the drill")
        page = terminal.screen()
        terminal.send("m")
        terminal.wait_for("Saved ")
        terminal.send("q")
        assert terminal.wait() == 20
        lines = terminal.screen().splitlines()
    finally:
        terminal.close()
    assert page.startswith(" DRILL ")
    (you,) = [line for line in lines if line.startswith("you ")]
    assert re.fullmatch(r"you       right: rolled back at \d:\d\d, \S+ after the first sign", you)
    assert "rules     right: rolled back at 1:42, 1m22s after the first sign" in lines
    (document,) = tmp_path.rglob("aftergreen-drill-error-spike-7.md")
    assert f"| {you[:3]} | {you[10:]} |" in document.read_text(encoding="utf-8")
    ((result,), _) = kept(tmp_path / "state" / "aftergreen" / "drills" / "results.jsonl")
    assert (result.operator, result.right, result.diagnosis, result.state) == (
        "ana",
        True,
        True,
        "rolled back",
    )
    assert (result.diagnosed, result.rolled_back) == (journal["diagnosed"], journal["rolled back"])
    assert result.noticed is not None
    assert result.noticed <= journal["diagnosed"]


def opened_by(terminal: Terminal) -> list[Path]:
    """What the program has open."""
    return [one.readlink() for one in Path(f"/proc/{terminal.process.pid}/fd").iterdir()]


def journal_of(terminal: Terminal) -> Path:
    """The journal of a rehearsal that is under way."""
    (place,) = {one for one in opened_by(terminal) if one.name == "journal.db"}
    return place


def written(place: Path) -> dict[str, float]:
    """What the journal of a rehearsal holds, in seconds after the deployment."""
    journal = open_journal(place)
    try:
        (record,) = journal.releases()
        entries = list(journal.entries(record.release))
    finally:
        journal.close()
    since = record.release.deployed_at
    (diagnosis,) = [entry for entry in entries if entry.kind is EntryKind.OPERATOR]
    assert diagnosis.body["text"] == "diagnosis: error-rate, release, roll back"
    (intent,) = [entry for entry in entries if entry.kind is EntryKind.INTENT]
    assert (diagnosis.by, intent.by) == ("ana", "ana")
    return {"diagnosed": round(diagnosis.at - since, 1), "rolled back": round(intent.at - since, 1)}


def test_a_blind_one_is_named_nowhere_before_its_end(tmp_path: Path) -> None:
    terminal = Terminal(["drill", "--blind", "--speed", "2"], home=tmp_path)
    try:
        terminal.wait_for("DRILL  ")
        terminal.wait_for(" · sealed ")
        process = Path(f"/proc/{terminal.process.pid}")
        seen = [terminal.screen(), terminal.title, (process / "cmdline").read_text()]
        opened = [*map(str, opened_by(terminal)), str(journal_of(terminal))]
        for key, shows in (("q", "Leav"), ("y", "Which indicator shows it first?")):
            terminal.send(key)
            terminal.wait_for(shows)
            seen.append(terminal.screen())
        seen.append(terminal.title)
        terminal.send("escape")
        terminal.wait_for("Debrief")
        terminal.send("q")
        assert terminal.wait() == 30
        told = terminal.screen()
    finally:
        terminal.close()
    named = [name for name in names() if f"This was {name}: {find(name).title}." in told]
    assert len(named) == 1
    assert not [text for text in (*seen, *opened) if named[0] in text or find(named[0]).title in text]
    assert f"again     aftergreen drill {named[0]} --seed 7" in told


def test_a_facilitator_in_a_second_console_injects_halts_and_ends(tmp_path: Path) -> None:
    drill = Terminal(["drill", "healthy", "--speed", "8", "--operator", "ana"], home=tmp_path)
    direct = None
    try:
        drill.wait_for(" · sealed ")
        direct = Terminal(["drill", "direct"], home=tmp_path, columns=80, rows=24)
        direct.wait_for("healthy · healthy release")
        direct.send("i")
        direct.wait_for("injected errors +8.00 %")
        drill.wait_for("OVER LIMIT")
        direct.send("p")
        drill.wait_for("DRILL HALTED")
        direct.wait_for("HALTED")
        direct.send("e")
        direct.wait_for("over since")
        direct.send("p")
        drill.wait_until(lambda screen: "HALTED" not in screen, "time that goes on")
        drill.send("q")
        drill.wait_for("Leav")
        drill.send("y")
        drill.wait_for("Which indicator shows it first?")
        drill.send("escape")
        drill.wait_for("Debrief")
        drill.send("q")
        # On a slow machine a rollback was advised before all of this was typed.
        assert drill.wait() in (23, 30)
        direct.wait_for("the rehearsal's console has ended")
        direct.send("q")
        assert direct.wait() == 0
        lines = drill.screen().splitlines()
    finally:
        for one in (drill, direct):
            if one is not None:
                one.close()
    directed = [line.split(maxsplit=1)[-1] for line in lines if " errors +8.00 %" in line]
    assert [re.sub(r"^.*?\d:\d\d ", "", line) for line in directed] == [
        "injected errors +8.00 %",
        "ended errors +8.00 %",
    ]
    # It was ended before anybody had to act, and then nobody stayed.
    assert "right     to keep it, and to wait for evidence" in lines
    ((result,), _) = kept(tmp_path / "state" / "aftergreen" / "drills" / "results.jsonl")
    assert (result.directed, result.right, result.state) == (True, None, "abandoned")
