"""Where a journal's file may lie, and with whose permissions it and its companions are made."""

from __future__ import annotations

import grp
import os
import re
import stat
from contextlib import suppress
from pathlib import Path

from aftergreen.journal.protocol import JournalError
from aftergreen.paths import make_folder

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
        _make_file(path)
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
    for companion in (path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
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
        try:
            return f"group {grp.getgrgid(status.st_gid).gr_name}"
        except KeyError:
            return f"group {status.st_gid}"
    return "this user only"


def _make_file(path: Path) -> None:
    shared = stat.S_ISGID | stat.S_IWGRP
    mode = 0o660 if path.parent.stat().st_mode & shared == shared else 0o600
    try:
        made = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, mode)
    except FileExistsError:
        return
    try:
        os.fchmod(made, mode)  # whatever the umask says
    finally:
        os.close(made)
    # A file whose name is lost with the power takes the intents in it along.
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
