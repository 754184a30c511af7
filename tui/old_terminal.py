"""Draws on terminals that are older than xterm: what they do not know is not sent to them."""

from __future__ import annotations

import re

from textual.drivers.linux_driver import LinuxDriver

_SEQUENCE = re.compile(
    r"\x1b(?:"
    r"\[(?P<private>[<=>?]?)(?P<numbers>[0-9;:]*)(?P<between>[ -/]*)(?P<final>[@-~])"
    r"|[\]P_^X].*?(?:\x07|\x1b\\)"
    r"|[ -/]*[0-~])",
    re.DOTALL,
)

_EXTENDED = re.compile(r"[34]8[;:](?:5[;:]\d+|2(?:[;:]\d+){3});?")
"""Colours of more than sixteen, whose numbers would be taken for attributes."""

MOVES = frozenset("ABCDHJKm")
"""The ends of sequences that every terminal since the VT100 obeys: moving, erasing, attributes."""

MODES = frozenset({"7", "25"})
"""Private modes that are as old: wrapping at the edge, the cursor; who has no second cursor ignores it."""

SECOND_SCREEN = "1049"
"""There is none: the only one is cleared when the console begins and when it ends."""

CLEARED = "\x1b[H\x1b[2J"

ATTRIBUTES = frozenset({"", "0", "1", "4", "5", "7", "22", "24", "25", "27"})
"""Attributes of a terminal without colours."""


class OldTerminal(LinuxDriver):
    """Textual's driver without what has come since xterm."""

    colours = True

    def write(self, data: str) -> None:
        """Write what this terminal understands of it."""
        super().write(understood(data, colours=self.colours))


class Monochrome(OldTerminal):
    """The same for a terminal without colours."""

    colours = False


def understood(data: str, *, colours: bool) -> str:
    """What an old terminal understands of what is written to it; text stays as it is."""

    def kept(found: re.Match[str]) -> str:
        private, numbers, between, final = found.group("private", "numbers", "between", "final")
        if final is None or between:
            return ""
        if private == "?" and final in "hl":
            if numbers == SECOND_SCREEN:
                return CLEARED
            return found.group() if numbers in MODES else ""
        if private or final not in MOVES:
            return ""
        if final == "m" and not colours:
            return _uncoloured(numbers)
        return found.group()

    return _SEQUENCE.sub(kept, data)


def _uncoloured(numbers: str) -> str:
    """The attributes that are left without colours; the empty one puts all of them back."""
    left = [number for number in _EXTENDED.sub("", numbers).split(";") if number in ATTRIBUTES]
    return "" if numbers and not any(left) else f"\x1b[{';'.join(left)}m"
