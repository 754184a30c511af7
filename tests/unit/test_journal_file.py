"""The file behind a journal: whose it is, what is wrong with it, and which format it has."""

from __future__ import annotations

import os
import shlex
import shutil
import sqlite3
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from aftergreen.journal import EntryKind, Journal, JournalError, open_journal
from aftergreen.journal.place import network_file_system, prepare
from aftergreen.journal.sharing import misshared
from aftergreen.paths import make_file, make_folder, outputs_beside
from aftergreen.rollback import left, lock
from aftergreen.rollback.run import run
from tests.journals import start


def test_folder_and_file_are_for_this_user_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state" / "journal.db"
    journal = open_journal(path)
    try:
        for folder in (path.parent, path.parent.parent):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for file in path.parent.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert journal.shared_with() == "this user only"
    finally:
        journal.close()


@pytest.fixture
def _narrow_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_narrow_umask")
def test_a_shared_file_keeps_its_group_and_permissions_on_its_companions(path: Path) -> None:
    open_journal(path).close()
    path.chmod(0o660)
    group = 54321 if os.geteuid() == 0 else os.getegid()
    os.chown(path, -1, group)
    journal = open_journal(path)
    try:
        start(journal)
        files = list(path.parent.iterdir())
        assert len(files) == 3
        for file in files:
            assert (stat.S_IMODE(file.stat().st_mode), file.stat().st_gid) == (0o660, group)
        assert journal.shared_with().startswith("group ")
    finally:
        journal.close()


@pytest.mark.usefixtures("_narrow_umask")
def test_a_journal_in_a_folder_that_a_group_shares_is_shared(tmp_path: Path) -> None:
    folder = tmp_path / "team"
    folder.mkdir()
    folder.chmod(0o2770)
    open_journal(folder / "journal.db").close()
    assert stat.S_IMODE((folder / "journal.db").stat().st_mode) == 0o660


@pytest.mark.usefixtures("_narrow_umask")
def test_what_a_rollback_writes_is_the_groups_that_shares_the_journal(tmp_path: Path) -> None:
    folder = tmp_path / "team"
    folder.mkdir()
    folder.chmod(0o2770)
    output = outputs_beside(folder / "journal.db") / "1.log"
    assert run(["echo", "back"], timeout=60, output=output, started=lambda _: None).succeeded
    left.write(output, 1.0, {})
    with lock.held(lock.beside(output)) as ours:
        assert ours
    assert stat.S_IMODE(output.parent.stat().st_mode) == 0o2770
    written = {file.name: stat.S_IMODE(file.stat().st_mode) for file in output.parent.iterdir()}
    assert written == {"1.log": 0o660, "1.lock": 0o660, "1.outcome": 0o660}


def shared_by(folder: Path) -> Path:
    """A journal that a group shares as it should be, with everything beside it."""
    folder.mkdir()
    folder.chmod(0o2770)
    journal = folder / "journal.db"
    for file in (journal, folder / "journal.db-wal", folder / "journal.db-shm"):
        make_file(file)
    make_folder(outputs_beside(journal))
    return journal


@pytest.mark.parametrize(
    ("place", "mode", "cure"),
    [
        ("", 0o0770, "chmod g+rwxs {}"),
        ("", 0o2750, "chmod g+rwxs {}"),
        ("journal.db", 0o600, "chmod g+rw {}"),
        ("journal.db", 0o640, "chmod g+rw {}"),
        ("journal.db-wal", 0o644, "chmod g+rw {}"),
        ("journal.db-shm", 0o600, "chmod g+rw {}"),
        ("rollbacks", 0o700, "chmod g+rwxs {}"),
        ("rollbacks", 0o0770, "chmod g+rwxs {}"),
        ("journal.db", 0o666, "chmod o-w {}"),
        ("", 0o2777, "chmod o-w {}"),
    ],
)
def test_wrong_modes_of_a_shared_journal_are_found_with_their_cure(
    tmp_path: Path, place: str, mode: int, cure: str
) -> None:
    journal = shared_by(tmp_path / "the team's")
    assert list(misshared(journal)) == []
    wrong = journal.parent / place
    wrong.chmod(mode)
    (found,) = misshared(journal)
    assert str(wrong) in found
    assert found.endswith(": " + cure.format(shlex.quote(str(wrong))))
    assert subprocess.run(["sh", "-c", found.rpartition(": ")[2]], check=False).returncode == 0
    assert list(misshared(journal)) == []


def test_a_journal_that_nobody_shares_has_nothing_wrong_with_it(path: Path, tmp_path: Path) -> None:
    assert list(misshared(path)) == [], "it is not there yet"
    open_journal(path).close()
    assert list(misshared(path)) == []
    tmp_path.chmod(0o1777)
    make_file(tmp_path / "journal.db")
    assert list(misshared(tmp_path / "journal.db")) == [], "as in /tmp"
    tmp_path.chmod(0o775)
    assert list(misshared(tmp_path / "journal.db")) == [], "where a user's own group may write"


def test_a_world_writable_journal_says_so(journal: Journal, path: Path) -> None:
    path.chmod(0o666)
    assert journal.shared_with() == "everyone on this host"


def one_sentence(path: Path) -> str:
    with pytest.raises(JournalError) as caught:
        open_journal(path)
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text


def test_a_damaged_file_is_told_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"this was a journal once " * 1000)
    assert "is damaged" in one_sentence(path)


def test_damage_that_shows_later_is_told_in_one_sentence(path: Path) -> None:
    journal = open_journal(path)
    release = start(journal)
    for n in range(500):
        journal.append(release, EntryKind.EVENT, float(n), {"n": "x" * 200})
    journal.close()
    with path.open("r+b") as file:
        file.seek(4096 * 2)
        file.write(b"\xff" * (path.stat().st_size - 4096 * 3))
    damaged = open_journal(path)
    with pytest.raises(JournalError, match="is damaged"):
        list(damaged.entries(release))
    damaged.close()


def test_a_journal_below_a_regular_file_cannot_be_created(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be created" in one_sentence(tmp_path / "file" / "journal.db")


def test_a_folder_and_a_device_are_no_journals(tmp_path: Path) -> None:
    for place in (tmp_path, Path("/dev/null"), Path("/dev/full")):
        assert f"The journal {place} is no file: choose another place" in one_sentence(place)


def test_a_disk_that_is_read_only_is_told(
    path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.close()
    usual = os.statvfs(path)
    read_only = os.statvfs_result((*usual[:8], usual.f_flag | os.ST_RDONLY, *usual[9:]))
    monkeypatch.setattr(os, "statvfs", lambda _: read_only)
    assert "lies on a disk that is read-only: choose another place" in one_sentence(path)


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    raw = sqlite3.connect(path)
    raw.execute("CREATE TABLE theirs (a)")
    raw.commit()
    raw.close()
    assert "another program" in one_sentence(path)
    raw = sqlite3.connect(path)
    assert raw.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]
    raw.close()


def test_a_newer_format_is_refused(path: Path) -> None:
    open_journal(path).close()
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA user_version = 3")
    raw.close()
    assert "newer Aftergreen (format 3, this one reads 2)" in one_sentence(path)


OLDER = """
CREATE TABLE releases (
    id INTEGER PRIMARY KEY AUTOINCREMENT, service TEXT NOT NULL, environment TEXT NOT NULL,
    number INTEGER NOT NULL, version TEXT NOT NULL, previous TEXT, deployed_at REAL NOT NULL,
    seal TEXT NOT NULL, plan TEXT NOT NULL, baseline TEXT NOT NULL, UNIQUE (service, environment, number)
);
CREATE TABLE entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, release INTEGER NOT NULL REFERENCES releases (id), at REAL NOT NULL,
    kind TEXT NOT NULL, actor TEXT NOT NULL, body TEXT NOT NULL, attempt INTEGER
);
CREATE TRIGGER entries_update BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'append-only'); END;
INSERT INTO releases VALUES (1, 'checkout-api', 'prod', 1, 'v2.4.1', 'v2.4.0', 1000, '5ea1', '{}', '{}');
INSERT INTO entries VALUES (1, 1, 1015, 'instant', '', '{"at":1015}', NULL);
INSERT INTO entries VALUES (2, 1, 1015, 'instant', '', '{"at":1015}', NULL);
PRAGMA application_id = 1097232967;
PRAGMA user_version = 1;
"""


def test_a_journal_of_the_first_format_is_read_and_goes_on(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = sqlite3.connect(path)
    raw.executescript(OLDER)
    raw.close()
    for at in (1030.0, 1045.0):
        journal = open_journal(path, "ana@bastion2/1")
        record = journal.latest("checkout-api", "prod")
        assert record is not None
        journal.append(record.release, EntryKind.INSTANT, at, {})
        told = [(entry.at, entry.writer) for entry in journal.entries(record.release)]
        journal.close()
    assert told == [(1015.0, ""), (1015.0, ""), (1030.0, "ana@bastion2/1"), (1045.0, "ana@bastion2/1")]


def test_a_journal_that_vanished_is_told(journal: Journal, path: Path) -> None:
    release = start(journal)
    shutil.rmtree(path.parent)
    with pytest.raises(JournalError, match="moved or deleted"):
        journal.append(release, EntryKind.EVENT, 1.0, {})
    with pytest.raises(JournalError, match="moved or deleted"):
        journal.shared_with()


def test_nobody_claims_in_a_journal_whose_place_another_took(journal: Journal, path: Path) -> None:
    release = start(journal)
    path.rename(path.with_name("old.db"))
    path.write_bytes(b"")
    with pytest.raises(JournalError, match="another file took its place"):
        journal.claim(release, at=1.0, body={}, by="ana")


MOUNTS = """\
/dev/vda / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
filer:/home /home nfs4 rw 0 0
/dev/vdb /home/ana/local xfs rw 0 0
//filer/team /srv/team\\040share cifs rw 0 0
ana@bastion:/ /mnt/ssh fuse.sshfs rw 0 0
share /mnt/nine 9p rw 0 0
crypt /home/ben fuse.gocryptfs rw 0 0
/dev/vdc /mnt/twice ext4 rw 0 0
filer:/x /mnt/twice nfs rw 0 0
"""


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("/home/cleo/journal.db", "nfs4"),
        ("/home/ana/local/state/journal.db", None),
        ("/home/ben/journal.db", None),
        ("/homestead/journal.db", None),
        ("/srv/team share/journal.db", "cifs"),
        ("/mnt/ssh/journal.db", "fuse.sshfs"),
        ("/mnt/nine/deep/down/journal.db", "9p"),
        ("/mnt/twice/journal.db", "nfs"),
        ("/var/lib/aftergreen/journal.db", None),
    ],
)
def test_the_file_system_below_a_path_decides(tmp_path: Path, place: str, found: str | None) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    assert network_file_system(Path(place), mounts) == found


def test_a_network_file_system_is_refused_with_the_reason(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text("filer:/ / nfs rw 0 0\n")
    with pytest.raises(
        JournalError, match=r"network file system .nfs., where locks cannot keep two consoles"
    ):
        prepare(tmp_path / "state" / "journal.db", mounts)
    assert not (tmp_path / "state").exists()


def test_a_system_that_lists_no_mounts_is_taken_at_its_word(tmp_path: Path) -> None:
    assert network_file_system(tmp_path, tmp_path / "missing") is None


def test_what_a_colleague_makes_at_this_moment_is_opened_once_it_is_shared(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """SQLite opens what it may not write for reading; for a moment a file of a colleague is such a file."""
    place, usual, opened = tmp_path / "journal.db", sqlite3.connect, list[str]()

    def connect(path: Path, *, timeout: float, isolation_level: None) -> sqlite3.Connection:
        opened.append("for reading" if len(opened) < 2 else "whole")
        readable = f"file:{path}?mode=ro" if opened[-1] == "for reading" else f"file:{path}"
        return usual(readable, uri=True, timeout=timeout, isolation_level=isolation_level)

    monkeypatch.setattr(sqlite3, "connect", connect)
    journal = open_journal(place)
    assert opened == ["for reading", "for reading", "whole"]
    assert journal.releases() == ()
    journal.close()
