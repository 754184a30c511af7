"""Holds what the program says against docs/errors.md: an error that is not there fails its test."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
OURS = (str(ROOT / "aftergreen"), str(ROOT / "tui"))

PAGE = (ROOT / "docs/errors.md").read_text(encoding="utf-8")

ENTRIES = tuple(re.findall(r"^\| `(.+?)` \| ", PAGE, re.MULTILINE))
"""What the page says that the program can say, with … for what differs."""

_PATTERN = re.compile("|".join(".*".join(map(re.escape, entry.split("…"))) for entry in ENTRIES), re.DOTALL)

MADE_UP = ("connection refused", "status 422: bad query")
"""What a backend that a test made up answers, in its own words."""

unknown: list[str] = []
"""What was said and does not stand on the page."""


def is_documented(text: str) -> bool:
    """Whether an entry of the page is this sentence."""
    return text.endswith(MADE_UP) or _PATTERN.fullmatch(text) is not None


def listen() -> None:
    """Look at every error that the program makes from now on; what tests make up themselves is theirs."""
    from aftergreen.drill.debriefing.results import ResultsError  # noqa: PLC0415
    from aftergreen.journal import JournalError  # noqa: PLC0415  # after the tests' environment is made
    from aftergreen.paths import NoPlace  # noqa: PLC0415
    from aftergreen.preflight.checks import Finding  # noqa: PLC0415
    from aftergreen.sources.protocol import SourceUnavailable  # noqa: PLC0415
    from tui.commands.options import UsageError  # noqa: PLC0415
    from tui.streams import OutputLost  # noqa: PLC0415

    for kind in (JournalError, NoPlace, OutputLost, ResultsError, SourceUnavailable, UsageError):
        _overhear(kind, str)
    _overhear(Finding, lambda finding: finding.text)


def _overhear(kind: type[Any], said: Callable[[Any], str]) -> None:
    usual = kind.__init__

    @functools.wraps(usual)
    def made(self: object, *arguments: object, **named: object) -> None:
        usual(self, *arguments, **named)
        if sys._getframe(1).f_code.co_filename.startswith(OURS) and not is_documented(said(self)):
            unknown.append(said(self))

    kind.__init__ = made
