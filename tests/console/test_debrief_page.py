"""A rehearsal asks for a diagnosis, one question at a time, and ends with a debrief."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from aftergreen.drill.clocks import LeapClock
from aftergreen.drill.debriefing.diagnosis import Diagnosis, read
from aftergreen.drill.debriefing.score import Deeds
from aftergreen.drill.played import Alone
from aftergreen.drill.rehearsal import Rehearsal
from aftergreen.drill.scenario.catalogue import find
from aftergreen.drill.scenario.model import Cause, Decision
from aftergreen.drill.world import Drill, start_drill
from aftergreen.journal import EntryKind, open_journal
from aftergreen.model import Indicator
from tests.console import moments
from tests.console.desk import desk, flowing
from tui.bindings import DRILL, bindings

SIZES = [(120, 40), (80, 24), (60, 20), (40, 12)]

KNOWN = Alone(Deeds(102.0, "automatic rollback"), {"one bad sample (Argo Rollouts, Flagger)": 30.0})


class Worked(Rehearsal):
    """A rehearsal of which it is known already what the rules alone would have done."""

    def over(self, *, compared: bool = True) -> None:
        self._alone = Future()
        self._alone.set_result(KNOWN if compared else Alone(None, {}))


@pytest.fixture(scope="module")
def drill() -> Iterator[Drill]:
    """Nobody advances or directs it, so one serves all."""
    with closing(start_drill(find("error-spike"), clock=LeapClock)) as drill:
        yield drill


@pytest.fixture
def rehearsal(drill: Drill, tmp_path: Path) -> Rehearsal:
    """One in whose journal nothing stands yet."""
    session = drill.session(tmp_path, operator="ana", advice_ends=False)
    return Worked(drill, find("error-spike"), session, seed=7, speed=8.0)


def open_the_record(rehearsal: Rehearsal) -> None:
    """Seal the release in the journal, and let ana roll it back after a minute and a half."""
    release = rehearsal.drill.release
    journal = open_journal(rehearsal.session.paths.journal)
    try:
        at = release.deployed_at
        opened = journal.open_release(release, seal="1234567", plan={}, baseline={}, by="ana", at=at)
        sealed = opened.record.release
        text = "diagnosis: error-rate, release, roll back"
        body = {"action": "note", "text": text}
        journal.append(sealed, EntryKind.OPERATOR, at + 61.0, body, by="ana")
        assert journal.claim(sealed, at=at + 90.0, body={}, by="ana")
    finally:
        journal.close()


@pytest.mark.parametrize("size", SIZES, ids=["x".join(map(str, size)) for size in SIZES])
async def test_the_questions_come_one_at_a_time_with_all_their_answers(
    size: tuple[int, int], rehearsal: Rehearsal
) -> None:
    asked = [
        ("Which indicator shows it first?", "6 none of them"),
        ("Whose fault is it?", "5 nothing: the release is well"),
        ("What would you do?", "3 call the owner"),
    ]
    async with desk(moments.breached(), size, rehearsal=rehearsal) as here:
        await here.press("d")
        for number, (question, last) in enumerate(asked, start=1):
            assert question in here.text
            assert last in here.text
            assert f"{number} of 3" in here.text
            assert here.lines[0].startswith(" DRILL ")
            await here.press("2")
        assert not any(question in here.text for question, _ in asked)
        assert here.given.orders == [("note", "diagnosis: latency, dependency, keep", "ana@bastion2")]


async def test_an_answer_can_be_given_once_more_and_none_at_all(rehearsal: Rehearsal) -> None:
    async with desk(moments.breached(), (80, 24), rehearsal=rehearsal) as here:
        await here.press("d", "1", "2", "backspace", "backspace", "3", "1", "9", "1")
        ((_, remark, _),) = here.given.orders
        found = read(remark, 0.0)
        assert found is not None
        assert (found.indicator, found.cause, found.decision) == (
            Indicator.SATURATION,
            Cause.RELEASE,
            Decision.ROLL_BACK,
        )
        await here.press("d", "1", "escape")
        assert len(here.given.orders) == 1


async def test_a_real_watch_has_no_such_key() -> None:
    async with desk(moments.breached(), (120, 40)) as here:
        before = here.text
        await here.press("d")
        assert here.text == before
        await here.press("question_mark")
        assert "Diagnosis" not in here.text


async def test_a_rehearsal_has_its_keys_in_help_and_palette(rehearsal: Rehearsal) -> None:
    async with desk(moments.breached(), (120, 60), rehearsal=rehearsal) as here:
        named = {binding.description for binding in bindings() if binding.action in DRILL}
        titles = {command.title for command in here.app.get_system_commands(here.app.screen)}
        assert named <= titles
        await here.press("question_mark")
        assert all(name in here.text for name in named)


async def test_its_time_is_halted_and_goes_on(tmp_path: Path) -> None:
    with closing(start_drill(find("error-spike"), speed=0.1)) as drill:
        session = drill.session(tmp_path, operator="ana", advice_ends=False)
        rehearsal = Worked(drill, find("error-spike"), session, seed=7, speed=0.1)
        async with desk(moments.breached(), (80, 24), rehearsal=rehearsal) as here:
            await here.press("z")
            assert here.lines[0].startswith(" DRILL HALTED  ✗ BREACHED")
            assert rehearsal.halted
            await here.press("z")
            assert here.lines[0].startswith(" DRILL  ✗ BREACHED")
            assert here.told == [
                "The time of the drill is halted; z lets it go on.",
                "The time of the drill is going on.",
            ]
            await here.show(moments.finished())
            await here.press("escape", "z")
            assert here.told[-1] == "Halt: the rehearsal is over."


async def test_leaving_asks_first_and_then_tells(rehearsal: Rehearsal) -> None:
    async with desk(moments.breached(), (120, 40), rehearsal=rehearsal) as here:
        await here.press("q", "y")
        assert "Which indicator shows it first?" in here.text
        await here.press("2", "1", "1")
        assert ("abandon", "ana@bastion2") in here.given.orders
        read = flowing(here.text)
        assert "error-spike · error spike · seed 7 · ana" in read
        assert "you wrong: it was not rolled back; harmful: waited through a fault of the release" in read
        assert "diagnosed wrong, at the end: latency, the release itself; to roll back" in read
        assert "others" not in read, "who leaves in the middle has decided nothing that could be compared"
        assert not here.left
        await here.press("q")
        assert here.left


async def test_an_answer_that_the_watch_wrote_down_no_more_counts_all_the_same(rehearsal: Rehearsal) -> None:
    given = Diagnosis(Indicator.ERROR_RATE, Cause.RELEASE, Decision.ROLL_BACK, 61.0)
    for said in (given, replace(given, at=70.0)):
        rehearsal.said(said)
    done = rehearsal.rehearsed().done
    assert done is not None
    assert done.diagnoses == (given, replace(given, at=70.0))
    open_the_record(rehearsal)
    done = rehearsal.rehearsed().done
    assert done is not None
    assert done.diagnoses == (given,)


async def test_who_was_told_is_asked_no_more(rehearsal: Rehearsal) -> None:
    async with desk(moments.breached(), (120, 40), rehearsal=rehearsal) as here:
        await here.press("q", "y", "escape", "escape", "d")
        assert here.told == ["Diagnosis: the debrief has told what it was."]
        await here.press("q", "y")
        assert here.left
        assert rehearsal.rehearsed().done == Deeds()


async def test_keys_that_lead_away_notice_nothing(
    rehearsal: Rehearsal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The last of them writes the debrief where the console was started.
    monkeypatch.chdir(tmp_path)
    async with desk(moments.breached(), (120, 40), rehearsal=rehearsal) as here:
        await here.press("q", "n", "z", "ctrl+c", "y", "2", "1", "1", "m")
        done = rehearsal.rehearsed().done
        assert done is not None
        assert done.keys == ()
    async with desk(moments.breached(), (120, 40), rehearsal=rehearsal) as here:
        await here.press("w")
        assert rehearsal.last_key is None


async def test_a_key_that_looks_at_it_notices(rehearsal: Rehearsal) -> None:
    async with desk(moments.breached(), (120, 40), rehearsal=rehearsal) as here:
        await here.press("w")
        assert rehearsal.last_key is not None


async def test_who_answers_nothing_is_told_all_the_same(rehearsal: Rehearsal) -> None:
    async with desk(moments.finished(), (120, 40), rehearsal=rehearsal) as here:
        await here.press("q", "escape")
        assert "diagnosed by nobody" in flowing(here.text)
        await here.press("ctrl+c")
        assert here.left


async def test_the_way_out_of_anything_leads_out_of_the_questions(rehearsal: Rehearsal) -> None:
    async with desk(moments.finished(), (120, 40), rehearsal=rehearsal) as here:
        await here.press("q", "ctrl+c")
        assert "Debrief" in here.text
        await here.press("ctrl+c")
        assert here.left


@pytest.mark.parametrize("size", SIZES, ids=["x".join(map(str, size)) for size in SIZES])
async def test_the_debrief_tells_what_it_was_worth_first(size: tuple[int, int], rehearsal: Rehearsal) -> None:
    open_the_record(rehearsal)
    async with desk(moments.rolled_back(), size, rehearsal=rehearsal) as here:
        await here.press("q", "escape")
        assert here.lines[0].startswith(" DRILL ")
        assert max(map(len, here.lines)) <= size[0]
        page = here.app.screen.query_one("#content").text  # type: ignore[attr-defined]
        assert "right: rolled back at 1:30, 1m10s after the first sign" in flowing(page)
        told = flowing(page)
        assert "diagnosed right, at 1:01, 41s after the first sign: error-rate, the release itself" in told
        assert "rules right: rolled back at 1:42" in told
        assert "you acted 12s before they would have" in told
        assert told.index("1m10s after the first sign") < told.index("cause the release itself")


async def test_the_timeline_has_the_truth_above_the_chart_and_decisions_below(rehearsal: Rehearsal) -> None:
    open_the_record(rehearsal)
    async with desk(moments.rolled_back(), (120, 40), rehearsal=rehearsal) as here:
        await here.press("q", "escape")
        lines = here.lines
        (truth,) = [n for n, line in enumerate(lines) if line.startswith("│ truth ")]
        (chart,) = [n for n, line in enumerate(lines) if "Error rate · HTTP 5xx" in line]
        (you,) = [n for n, line in enumerate(lines) if line.startswith("│ you ") and "─" in line]
        (rules,) = [n for n, line in enumerate(lines) if line.startswith("│ rules ") and "─" in line]
        assert truth < chart < you < rules
        assert "▲ 0:20 errors +8.00 %" in lines[truth]
        assert "▲ 1:42 roll back" in lines[rules]
        marks = [here.lines[n].index("▲") for n in (you, rules)]
        assert marks == sorted(marks)


def documents(folder: Path) -> list[str]:
    """The names of the documents there."""
    return sorted(path.name for path in folder.glob("*.md"))


async def test_the_debrief_is_written_into_a_new_file_each_time(
    rehearsal: Rehearsal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with desk(moments.rolled_back(), (120, 40), rehearsal=rehearsal) as here:
        await here.press("q", "escape", "m", "m")
        names = ["aftergreen-drill-error-spike-7-2.md", "aftergreen-drill-error-spike-7.md"]
        assert documents(tmp_path) == names
        assert here.told == [f"Saved {tmp_path / name}." for name in reversed(names)]
        text = (tmp_path / names[1]).read_text(encoding="utf-8")
        assert "truth " in text.split("```text")[1]


async def test_where_nothing_can_be_written_it_says_so(
    rehearsal: Rehearsal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    async with desk(moments.rolled_back(), (120, 40), rehearsal=rehearsal) as here:
        await here.press("q", "escape", "m")
        assert here.told == ["Nothing was saved: this folder: no such file or directory."]
