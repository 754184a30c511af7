"""The command palette: every action of the console by name, and each indicator."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from textual.app import SystemCommand

from aftergreen import words
from aftergreen.model import Indicator
from tui.bindings import DRILL, bindings
from widgets.plot import MODES

Runner = Callable[[str], Callable[[], None]]
"""Gives for an action what runs it, or says why it can do nothing now."""


def commands(run: Runner, *, rehearsed: bool = False) -> Iterator[SystemCommand]:
    """Every action by name; those of rehearsals only where one is."""
    yield SystemCommand("Theme", "Other colours", run("change_theme"))
    for mode in MODES:
        yield SystemCommand(f"Draw in {mode}", "How charts are drawn", run(f"draw('{mode}')"))
    yield SystemCommand("Bell", "Whether a breach rings the terminal's bell", run("switch_bell"))
    yield SystemCommand("Title", "Whether the terminal's title says how it stands", run("switch_title"))
    for number, indicator in enumerate(Indicator, start=1):
        title = words.indicator_title(indicator)
        yield SystemCommand(f"Zoom {title}", f"{title} on the whole screen", run(f"zoom({number})"))
    for binding in bindings():
        if binding.action in DRILL and not rehearsed:
            continue
        # The palette itself, and what needs a panel under the cursor, make no sense in it.
        if binding.action not in ("command_palette", "zoom_focused") and "zoom(" not in binding.action:
            yield SystemCommand(binding.description, binding.tooltip, run(binding.action))
