"""Who may use a journal: with whose permissions its companions are made, and which are wrong."""

from __future__ import annotations

import grp
import os
import pwd
import shlex
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from aftergreen.journal.place import CURE
from aftergreen.paths import outputs_beside, watchers_beside


def share_companions(path: Path) -> None:
    """Give the log and the shared memory beside ``path`` the group and permissions of ``path``.

    SQLite copies the permissions; the group it copies only for root. Without it the first console of a
    team would lock the others out.
    """
    wanted = path.stat()
    if not wanted.st_mode & stat.S_IWGRP:
        return
    for companion in _companions(path):
        # Somebody else's companion is theirs to share.
        with suppress(FileNotFoundError, PermissionError):
            os.chown(companion, -1, wanted.st_gid)
            companion.chmod(stat.S_IMODE(wanted.st_mode))


def shared_with(path: Path) -> str:
    """Who can write the file, in words."""
    status = path.stat()
    if status.st_mode & stat.S_IWOTH:
        return "everyone on this host"
    if status.st_mode & stat.S_IWGRP:
        return f"group {_group(status.st_gid)}"
    return "this user only"


def misshared(path: Path) -> Iterator[str]:
    """What keeps this user, or the group that shares it, from using the journal: each with its cure."""
    try:
        yield from _all_misshared(path)
    except OSError as error:
        yield f"this user cannot look at the journal {path} ({error.strerror}): join its group, or {CURE}"


def _all_misshared(path: Path) -> Iterator[str]:
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        yield f"this user cannot write the journal {path}: join its group, or {CURE}"
    if not _is_meant_for_group(path):
        return
    group = path.parent.stat().st_gid
    for place in (path.parent, path, *_companions(path), outputs_beside(path), watchers_beside(path)):
        if place.exists():
            yield from _misshared(place, group)


def _misshared(place: Path, group: int) -> Iterator[str]:
    status, folder = place.stat(), place.is_dir()
    wanted = stat.S_ISGID | stat.S_IRWXG if folder else stat.S_IRGRP | stat.S_IWGRP
    at = shlex.quote(str(place))
    cures = [f"chgrp {_group(group)} {at}"] if status.st_gid != group else []
    if status.st_mode & wanted != wanted:
        cures.append(f"chmod {'g+rwxs' if folder else 'g+rw'} {at}")
    if cures:
        yield f"group {_group(group)} shares the journal and cannot use {place}: {' && '.join(cures)}"
    if status.st_mode & stat.S_IWOTH:
        yield f"everyone on this host may write {place}, and stand in the way of a rollback: chmod o-w {at}"


def _is_meant_for_group(path: Path) -> bool:
    """Whether its file is group-writable, or its folder is a group's that is not its owner's own."""
    folder = path.parent.stat() if path.parent.exists() else None
    if folder is None:
        return False
    if folder.st_mode & stat.S_ISGID or (path.exists() and path.stat().st_mode & stat.S_IWGRP):
        return True
    # A sticky one, as /tmp, is for everybody's private things.
    open_ = folder.st_mode & stat.S_IWGRP and not folder.st_mode & stat.S_ISVTX
    return bool(open_) and folder.st_gid != _own_group(folder.st_uid)


def _own_group(user: int) -> int | None:
    try:
        return pwd.getpwuid(user).pw_gid
    except KeyError:
        return None


def _companions(path: Path) -> tuple[Path, Path]:
    """The log and the shared memory that SQLite keeps beside its file."""
    return path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
