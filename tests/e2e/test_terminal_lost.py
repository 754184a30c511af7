"""The terminal goes away: the program ends, with the verdict's code, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.e2e

BREACHED = 23
ABANDONED = 30


@pytest.mark.parametrize(
    ("told", "seen", "code"),
    [(True, "✓ WATCHING", ABANDONED), (False, "✗ BREACHED", BREACHED)],
    ids=["with SIGHUP", "without SIGHUP"],
)
def test_a_terminal_that_goes_away_ends_the_program_with_the_verdict(
    tmp_path: Path,
    told: bool,  # noqa: FBT001  # a column
    seen: str,
    code: int,
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    terminal = Terminal(["demo"], home=tmp_path, env={"TMPDIR": str(scratch)}, controlling=told)
    try:
        terminal.wait_for(seen, 60)
        terminal.hang_up()
        assert terminal.wait(20) == code
        assert list(scratch.iterdir()) == []
    finally:
        terminal.close()
