"""What a person says came of a rollback of which nobody knows."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from aftergreen import words
from aftergreen.journal import EntryKind, JournalError, open_journal
from aftergreen.model import Release
from aftergreen.verdict.ending import exit_code
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.verdict.state import EventKind
from aftergreen.watch.said import Said, parse_said
from aftergreen.words.cards import finish_card
from tests.made_up import bad_from
from tests.rig import UNDO, Rig, proposed
from tests.waiting import until

UNKNOWN = {"exit_code": None, "unknown": True, "error": "who looked after it is gone"}
WORKED = "worked because every pod runs v2.4.0"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("worked because every pod runs v2.4.0", Said(worked=True, reason="every pod runs v2.4.0")),
        ("  failed   because  of because ", Said(worked=False, reason="of because")),
        ("worked because\x1b]52;c;aGk=\x07 I looked", Said(worked=True, reason="]52;c;aGk= I looked")),
    ],
)
def test_one_sentence_says_whether_it_worked_and_how_that_is_known(text: str, said: Said) -> None:
    assert parse_said(text) == said


@pytest.mark.parametrize(
    "text", ["", "worked", "worked because", "worked because  ", "it worked because x", "ok"]
)
def test_less_than_that_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="worked because every pod runs"):
        parse_said(text)


def test_the_journal_takes_a_persons_word_only_where_nobody_knows_and_once(tmp_path: Path) -> None:
    release = Release("checkout-api", "prod", "v2", "v1", 1000.0, 1)
    with closing(open_journal(tmp_path / "journal.db")) as journal:
        journal.open_release(release, seal="x", plan={}, baseline={}, by="ana", at=1000.0)

        def settled(attempt: int, code: int | None = 0) -> bool:
            return journal.settle(
                release, attempt, at=2001.0, body={"exit_code": code, "said": "so"}, by="eve"
            )

        assert not settled(1), "none was run"
        first = journal.claim(release, at=2000.0, body={}, by="ana")
        assert first is not None
        assert not settled(1), "its outcome is awaited"
        journal.outcome(first, at=2000.5, body=UNKNOWN)
        assert settled(1, None)
        assert not settled(1), "somebody was first"
        second = journal.claim(release, at=2002.0, body={}, by="ana")
        assert second is not None, "who said that it failed may run it again"
        journal.outcome(second, at=2003.0, body=UNKNOWN)
        assert not settled(1), "that is the one before"
        assert settled(2)
        assert journal.claim(release, at=2004.0, body={}, by="ana") is None, "it was rolled back"
        with pytest.raises(JournalError, match="no release"):
            journal.settle(Release("other", "prod", "v2", "v1", 1000.0, 1), 1, at=1.0, body={}, by="eve")


class Lost(Rig):
    """A watch in a breach whose first rollback was another console's, of which nobody knows."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, bad_from(200), given=UNDO)
        self.once(proposed, self._lose)

    def _lose(self) -> None:
        release, at = self.snapshots[-1].state.setup.release, self.clock.now()
        with closing(open_journal(self.place)) as journal:
            claim = journal.claim(release, at=at, body={"command": ["true"]}, by="bob")
            assert claim is not None
            journal.outcome(claim, at=at, body=UNKNOWN)

    async def until_answered(self, number: int) -> None:
        """Come back when so many rollbacks that were ordered have their answers."""
        await until(lambda: len(self.answers) == number, "an answer")


def unknown(snapshot: Snapshot) -> bool:
    return snapshot.rollback is not None and snapshot.rollback.unknown


def noted(snapshot: Snapshot, *kinds: EventKind) -> list[str]:
    return [words.event(event) for event in snapshot.events if event.kind in kinds]


async def test_who_says_that_it_worked_is_believed_as_far_as_the_metrics_agree(tmp_path: Path) -> None:
    rig = Lost(tmp_path)
    rig.once(unknown, lambda: rig.settle(WORKED, by="eve"))
    last = await rig.watch.run()
    assert exit_code(last.state) == 20
    assert last.rollback is not None
    assert (last.rollback.by, last.rollback.said_by) == ("bob", "eve")
    assert noted(last, EventKind.ROLLBACK_SAID) == [f"eve says that the rollback {WORKED}"]
    assert finish_card(last)[0].startswith("Production runs v2.4.0, as eve said. v2.4.1 was rolled back at")
    assert len(rig.entries(EntryKind.INTENT)) == 1


async def test_who_says_that_it_failed_may_run_it_again(tmp_path: Path) -> None:
    rig = Lost(tmp_path)
    rig.once(unknown, lambda: rig.settle("failed because every pod runs v2.4.1", by="eve"))
    rig.once(lambda s: s.rollback is not None and bool(s.rollback.said), rig.roll_back)
    last = await rig.watch.run()
    failed = next(s for s in rig.snapshots if s.rollback is not None and s.rollback.said)
    assert words.outcome(failed.rollback) == "the rollback failed: eve says so"
    assert rig.answers == [""]
    assert (exit_code(last.state), len(rig.entries(EntryKind.INTENT))) == (20, 2)


async def test_it_is_run_again_only_with_a_reason(tmp_path: Path) -> None:
    rig = Lost(tmp_path)

    def order() -> None:
        rig.roll_back()
        rig.roll_back(reason="the deploy page\nshows v2.4.1")

    rig.once(unknown, order)
    last = await rig.watch.run()
    assert rig.answers == ["nobody knows what came of the one before: say why it is run again", ""]
    assert exit_code(last.state) == 20
    assert [body.get("reason") for body in rig.entries(EntryKind.INTENT)] == [
        None,
        "the deploy page shows v2.4.1",
    ]
    assert noted(last, EventKind.ROLLBACK_STARTED)[0] == (
        "rollback started by ana because the deploy page shows v2.4.1"
    )


async def test_nobody_is_asked_about_what_is_known(tmp_path: Path) -> None:
    rig = Rig(tmp_path, bad_from(200), given=UNDO)

    def tell() -> None:
        rig.settle(WORKED)
        rig.order(leave())

    async def leave() -> None:
        await rig.ordered[0]
        rig.watch.abandon(by="ana")

    rig.once(proposed, tell)
    last = await rig.watch.run()
    told = noted(last, EventKind.NOTE)
    assert told == ["note: no outcome was recorded: there is no rollback whose outcome is unknown"]
    assert rig.entries(EntryKind.OUTCOME) == []
