"""How the console looks on this terminal, as its user chose and chooses it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from textual.app import App
from textual.driver import Driver
from textual.theme import Theme

from themes.loader import DEFAULT_VARIABLES, SHIPPED, load_themes
from tui.bindings import keymap_of, shown_keys
from tui.capabilities import Capabilities
from tui.old_terminal import Monochrome, OldTerminal
from tui.settings import Memory, Settings

UNCOLOURED = "aftergreen-ansi"
"""The theme where there are no colours: nobody chooses another one there."""


class Remembering(App[int]):
    """An app in the colours of its user, who may choose others; what was chosen is remembered."""

    def __init__(self, terminal: Capabilities, memory: Memory, own_themes: Path | None) -> None:
        self.uncoloured = bool(os.environ.get("NO_COLOR")) or not terminal.coloured
        super().__init__(ansi_color=self.uncoloured, driver_class=_driver(terminal))
        self.memory = memory
        self._own_themes = own_themes
        self._usual_drawing = "braille" if terminal.unicode else "ascii"
        self._dressed_in = ""
        self.keymap, self._key_problems = keymap_of(memory.settings.keys)
        self.set_keymap(dict(self.keymap))
        self.keys = shown_keys(self.keymap)
        """The key of every action, as it is written for people."""

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(DEFAULT_VARIABLES)

    @property
    def drawing(self) -> str:
        """How charts are drawn."""
        return self.memory.settings.drawing or self._usual_drawing

    def dress(self) -> None:
        """Put on the theme that was chosen, once the app is mounted, and say what could not be taken."""
        found, problems = load_themes(self._own_themes)
        for theme in found:
            self.register_theme(theme)
        wanted = self.memory.settings.theme
        if wanted and wanted not in self.available_themes:
            problems = (*problems, f"There is no theme {wanted}: choose another from the palette (:).")
            wanted = ""
        self.theme = self._dressed_in = UNCOLOURED if self.uncoloured else wanted or SHIPPED
        self.theme_changed_signal.subscribe(self, self._remember_theme)
        for problem in (*self.memory.problems, *self._key_problems, *problems):
            self.notify(problem, severity="warning", markup=False)

    def action_draw(self, mode: str) -> None:
        """Draw charts in another mode."""
        self._remember(replace(self.memory.settings, drawing=mode), f"Charts are drawn in {mode}")

    def action_switch_bell(self) -> None:
        """Ring for a breach, or no longer."""
        ring = not self.memory.settings.bell
        said = "A breach rings the bell" if ring else "Nothing rings the bell"
        self._remember(replace(self.memory.settings, bell=ring), said)

    def action_switch_title(self) -> None:
        """Say in the terminal's title how it stands, or no longer."""
        titled = not self.memory.settings.title
        said = f"The terminal's title {'says' if titled else 'does not say'} how it stands"
        self._remember(replace(self.memory.settings, title=titled), said)

    def _remember_theme(self, theme: Theme) -> None:
        if not self.uncoloured and theme.name != self._dressed_in:
            self._dressed_in = theme.name
            self._remember(replace(self.memory.settings, theme=theme.name), f"The theme is {theme.name}")

    def _remember(self, settings: Settings, said: str) -> None:
        problem = self.memory.change(settings)
        kept = f"for this watch only: {problem}" if problem else "and will be"
        self.notify(f"{said}, {kept}.", severity="warning" if problem else "information", markup=False)


def _driver(terminal: Capabilities) -> type[Driver] | None:
    """What draws on an old terminal; None for Textual's own choice."""
    if terminal.modern:
        return None
    return OldTerminal if terminal.coloured else Monochrome
