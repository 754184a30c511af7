"""Where a journal's file may lie."""

from __future__ import annotations

import os
import re
from pathlib import Path

from aftergreen.journal.protocol import JournalError
from aftergreen.paths import make_file, make_folder

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
CURE = "choose another place with --journal, AFTERGREEN_JOURNAL or [journal] path"


def prepare(path: Path, mounts: Path = Path("/proc/self/mounts")) -> None:
    """Make the folder and an empty file where they are missing; `JournalError` where that cannot be.

    A new folder and file are for this user only; in a folder that a group shares (group-writable with its
    setgid bit set) the file is the group's too.
    """
    network = network_file_system(path, mounts)
    if network:
        raise JournalError(
            f"The journal {path} lies on a network file system ({network}), where locks cannot keep two"
            f" consoles from rolling back at once: {CURE} on a local disk."
        )
    try:
        if path.exists() and not path.is_file():
            raise JournalError(f"The journal {path} is no file: {CURE}.")
        if path.exists() and os.statvfs(path).f_flag & os.ST_RDONLY:
            raise JournalError(f"The journal {path} lies on a disk that is read-only: {CURE}.")
        make_folder(path.parent)
        if make_file(path):
            _keep_name(path.parent)
    except OSError as error:
        raise JournalError(f"The journal {path} cannot be created ({error.strerror}): {CURE}.") from error


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


def _keep_name(folder: Path) -> None:
    # A file whose name is lost with the power takes the intents in it along.
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
