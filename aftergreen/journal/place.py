"""Where a journal's file may lie, and with whose permissions it and its companions are made."""

from __future__ import annotations

import grp
import os
import pwd
import re
import shlex
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from aftergreen.journal.protocol import JournalError
from aftergreen.paths import make_file, make_folder, outputs_beside, watchers_beside

# SQLite's write-ahead log needs memory that all processes share, and locks that hold: neither is to be had
# across machines, and the claim on a rollback rests on both.
_NETWORK = frozenset(
    {
        *(
            "9p",
            "afs",
            "beegfs",
            "ceph",
            "cifs",
            "coda",
            "davfs",
            "davfs2",
            "drvfs",
            "gcsfuse",
            "gfs2",
            "glusterfs",
        ),
        *(
            "gpfs",
            "gvfsd-fuse",
            "lustre",
            "ncpfs",
            "nfs",
            "nfs4",
            "ocfs2",
            "orangefs",
            "pvfs2",
            "rclone",
            "s3fs",
        ),
        *("smb", "smb2", "smb3", "smbfs", "sshfs"),
    }
)
_CURE = "choose another place with --journal, AFTERGREEN_JOURNAL or [journal] path"


def prepare(path: Path, mounts: Path = Path("/proc/self/mounts")) -> None:
    """Make the folder and an empty file where they are missing; `JournalError` where that cannot be.

    A new folder and file are for this user only; in a folder that a group shares (group-writable with its
    setgid bit set) the file is the group's too.
    """
    network = network_file_system(path, mounts)
    if network:
        raise JournalError(
            f"The journal {path} lies on a network file system ({network}), where locks cannot keep two"
            f" consoles from rolling back at once: {_CURE} on a local disk."
        )
    try:
        make_folder(path.parent)
        if make_file(path):
            _keep_name(path.parent)
    except OSError as error:
        raise JournalError(f"The journal {path} cannot be created ({error.strerror}): {_CURE}.") from error


def network_file_system(path: Path, mounts: Path) -> str | None:
    """The type of the network file system that ``path`` lies on; None for a local one.

    ``mounts`` has the format of fstab(5). A system without such a file tells nothing: None.
    """
    try:
        lines = mounts.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return None
    try:
        real = path.expanduser().resolve()
    except (OSError, RuntimeError):
        return None  # creating it will say what is wrong
    best, found = -1, ""
    for line in lines:
        _device, point, kind, *_ = line.split(" ")
        mounted = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), point))
        # Of two mounts on the same folder the later one is seen.
        if real.is_relative_to(mounted) and len(mounted.parts) >= best:
            best, found = len(mounted.parts), kind
    return found if found.removeprefix("fuse.") in _NETWORK else None


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
        yield f"this user cannot look at the journal {path} ({error.strerror}): join its group, or {_CURE}"


def _all_misshared(path: Path) -> Iterator[str]:
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        yield f"this user cannot write the journal {path}: join its group, or {_CURE}"
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


def _keep_name(folder: Path) -> None:
    # A file whose name is lost with the power takes the intents in it along.
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
