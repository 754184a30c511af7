"""Several users of one machine, for who may become them: root.

They have numbers and no names. They may read whatever they like, for where Python lies on this machine is not
everybody's to look into; what they may write is decided by owners, groups and modes, as for everybody.
"""

from __future__ import annotations

import ctypes
import os
import struct
from dataclasses import dataclass
from pathlib import Path

_KEEPCAPS, _AMBIENT, _RAISE = 8, 47, 2
_DAC_READ_SEARCH = 2
_VERSION_3 = 0x20080522


@dataclass(frozen=True, slots=True)
class User:
    """A user in a group."""

    number: int
    group: int

    def become(self) -> None:
        """Go on as this user, and everything that is started from here on with it."""
        system = ctypes.CDLL(None, use_errno=True)
        _told(system.prctl(_KEEPCAPS, 1, 0, 0, 0))
        os.setgroups([])
        os.setgid(self.group)
        os.setuid(self.number)
        # Effective, permitted and inheritable, of the first 32 and of the others.
        kept = struct.pack("6I", *[1 << _DAC_READ_SEARCH] * 3, 0, 0, 0)
        _told(system.capset(struct.pack("Ii", _VERSION_3, 0), kept))
        _told(system.prctl(_AMBIENT, _RAISE, _DAC_READ_SEARCH, 0, 0))

    def own(self, folder: Path) -> Path:
        """Make a folder of theirs."""
        folder.mkdir()
        os.chown(folder, self.number, self.group)
        return folder


TEAM = 64_100
ANA, BEN = User(64_001, TEAM), User(64_002, TEAM)
"""Two who share a group."""


def _told(failed: int) -> None:
    if failed:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
