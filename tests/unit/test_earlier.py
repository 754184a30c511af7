"""What the journal knows of other releases of a service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from aftergreen.journal import EntryKind, Journal, open_journal
from aftergreen.model import Release
from aftergreen.preflight.earlier import earlier, earlier_in
from aftergreen.verdict.ranges import NOTHING_KNOWN, Disturbance, Earlier
from tests.scenario import DEPLOYED_AT

RELEASE = Release("checkout-api", "prod", "v2.4.1", "v2.4.0", DEPLOYED_AT)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(open_journal(tmp_path / "journal.db")) as opened:
        yield opened


def watched(
    journal: Journal, version: str, ago: float, ended: str | None, *, service: str = "checkout-api"
) -> Release:
    """A release of the past, deployed so many seconds before, as its watch left it."""
    wanted = Release(service, "prod", version, None, DEPLOYED_AT - ago)
    opened = journal.open_release(wanted, seal="x", plan={}, baseline={}, by="ci", at=wanted.deployed_at)
    release = opened.record.release
    if ended is not None:
        journal.append(release, EntryKind.FINISH, release.deployed_at + 900, {"state": ended})
    return release


def test_an_empty_journal_knows_nothing(journal: Journal) -> None:
    assert earlier(journal, RELEASE) == NOTHING_KNOWN


def test_the_last_release_that_finished_is_the_previous_one(journal: Journal) -> None:
    watched(journal, "v2.3.8", 7200.0, "finished")
    finished = watched(journal, "v2.3.9", 5400.0, "finished")
    watched(journal, "v2.3.10", 4000.0, "unproven")
    watched(journal, "v9", 1000.0, "finished", service="another")
    known = earlier(journal, RELEASE)
    assert known.finished == finished
    assert known.disturbances == (
        Disturbance(DEPLOYED_AT - 7200.0, "another deployment (v2.3.8)"),
        Disturbance(DEPLOYED_AT - 5400.0, "another deployment (v2.3.9)"),
        Disturbance(DEPLOYED_AT - 4000.0, "another deployment (v2.3.10)"),
    )


def test_the_end_of_a_rollback_changed_the_service_too(journal: Journal) -> None:
    release = watched(journal, "v2.3.9", 1000.0, None)
    for exit_code in (1, 0):
        claim = journal.claim(release, at=DEPLOYED_AT - 700, body={"command": ["true"]}, by="ana")
        assert claim is not None
        journal.outcome(claim, at=DEPLOYED_AT - 600 - exit_code, body={"exit_code": exit_code})
    assert earlier(journal, RELEASE).disturbances == (
        Disturbance(DEPLOYED_AT - 1000.0, "another deployment (v2.3.9)"),
        Disturbance(DEPLOYED_AT - 600.0, "a rollback (of v2.3.9)"),
    )


@pytest.mark.parametrize(
    ("deployed_at", "version", "numbered", "known"),
    [
        (DEPLOYED_AT, "v2.4.1", True, 0),
        (DEPLOYED_AT, "v2.4.1", False, 0),
        (DEPLOYED_AT + 20, "v2.4.1", False, 0),
        (DEPLOYED_AT + 20, "v2.4.2", False, 1),
        # The same version, deployed once more.
        (DEPLOYED_AT + 600, "v2.4.1", False, 1),
    ],
)
def test_a_release_is_never_compared_with_itself(
    journal: Journal, deployed_at: float, version: str, known: int, *, numbered: bool
) -> None:
    own = watched(journal, "v2.4.1", 0.0, "finished")
    asking = replace(RELEASE, deployed_at=deployed_at, version=version, number=own.number if numbered else 0)
    found = earlier(journal, asking)
    assert len(found.disturbances) == known
    assert (found.finished is not None) is bool(known)


def test_what_was_deployed_later_is_no_previous_release(journal: Journal) -> None:
    watched(journal, "v2.4.2", -3600.0, "finished")
    assert earlier(journal, RELEASE).finished is None


def test_a_journal_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    place = tmp_path / "nowhere" / "journal.db"
    assert earlier_in(place, RELEASE) == earlier_in(None, RELEASE) == NOTHING_KNOWN
    assert not place.parent.exists()


def test_a_journal_is_read_and_a_damaged_one_is_told(tmp_path: Path) -> None:
    place = tmp_path / "journal.db"
    journal = open_journal(place)
    finished = watched(journal, "v2.3.9", 5400.0, "finished")
    journal.close()
    assert earlier_in(place, RELEASE).finished == finished
    damaged = tmp_path / "damaged.db"
    damaged.write_text("no database at all" * 100)
    damaged.chmod(0o600)
    assert earlier_in(damaged, RELEASE) == Earlier(
        problem=f"The journal {damaged} is damaged (file is not a database): move the file away, and a new"
        " one is started."
    )
