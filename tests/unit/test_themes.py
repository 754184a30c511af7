"""Themes: the shipped ones can be read by everyone, and a person's own can never end the console."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.color import Color
from textual.theme import Theme
from textual.widgets import Static

from tests.settled import settled
from themes.loader import DEFAULT_VARIABLES, SHIPPED, load_themes

TEXTS = ("ok", "warn", "bad", "unknown", "strong", "quiet")
SAMPLES = ("before", "after", "bad")
LINES = ("limit", "deploy", "before")
BANNERS = {
    "ok-back": ("ok", "strong"),
    "warn-back": ("warn", "strong"),
    "bad-back": ("strong",),
    "unknown-back": ("unknown", "strong"),
}

SHIPPED_THEMES = {theme.name: theme for theme in load_themes(None)[0]}
COLOURED = [theme for theme in SHIPPED_THEMES.values() if not theme.ansi]
coloured = pytest.mark.parametrize("theme", COLOURED, ids=lambda theme: theme.name)


def luminance(colour: Color) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [part / 255 for part in colour.rgb]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio, WCAG 2.2: from 1 to 21."""
    darker, lighter = sorted((luminance(Color.parse(one)), luminance(Color.parse(other))))
    return (lighter + 0.05) / (darker + 0.05)


def value(theme: Theme, name: str) -> str:
    base = {"foreground": theme.foreground, "background": theme.background, "panel": theme.panel}
    found = base.get(name) or theme.variables.get(name) or DEFAULT_VARIABLES[name]
    assert found is not None
    return found


def own(folder: Path, text: str, name: str = "mine.toml") -> tuple[list[str], str]:
    """The names of the themes that were not shipped, and the problems as one text."""
    (folder / name).write_text(text, encoding="utf-8")
    themes, problems = load_themes(folder)
    return [theme.name for theme in themes if theme.name not in SHIPPED_THEMES], "\n".join(problems)


def test_shipped_themes_have_no_fault() -> None:
    assert load_themes(None)[1] == ()
    assert {"aftergreen-dark", "aftergreen-light", "aftergreen-high-contrast", "aftergreen-ansi"} <= set(
        SHIPPED_THEMES
    )


@pytest.mark.parametrize("theme", SHIPPED_THEMES.values(), ids=lambda theme: theme.name)
def test_every_shipped_theme_sets_every_variable(theme: Theme) -> None:
    assert set(theme.variables) >= set(DEFAULT_VARIABLES)


@coloured
@pytest.mark.parametrize("ground", ["background", "panel", "band"])
@pytest.mark.parametrize("name", [*TEXTS, "foreground", *SAMPLES])
def test_text_and_values_can_be_read(theme: Theme, ground: str, name: str) -> None:
    assert contrast(value(theme, name), value(theme, ground)) >= 4.5


@coloured
@pytest.mark.parametrize("ground", ["background", "band"])
@pytest.mark.parametrize("name", LINES)
def test_lines_can_be_seen(theme: Theme, ground: str, name: str) -> None:
    # The limit carries its label, so it counts as text.
    assert contrast(value(theme, name), value(theme, ground)) >= (4.5 if name == "limit" else 3)


@coloured
@pytest.mark.parametrize(("ground", "name"), [(g, n) for g, names in BANNERS.items() for n in names])
def test_banners_can_be_read(theme: Theme, ground: str, name: str) -> None:
    assert contrast(value(theme, name), value(theme, ground)) >= 4.5


@coloured
def test_the_band_stands_out_from_its_background(theme: Theme) -> None:
    assert contrast(value(theme, "band"), value(theme, "background")) >= 1.25


@coloured
def test_samples_before_and_after_the_deployment_differ(theme: Theme) -> None:
    assert contrast(value(theme, "before"), value(theme, "after")) >= 1.5


def test_the_terminals_theme_uses_its_sixteen_colours_only() -> None:
    theme = SHIPPED_THEMES["aftergreen-ansi"]
    assert theme.ansi
    assert all(value(theme, name).startswith("ansi_") for name in DEFAULT_VARIABLES)


def test_the_style_sheet_uses_no_variable_without_a_default() -> None:
    used = {
        name
        for file in resources.files("themes").iterdir()
        if file.name.endswith(".tcss")
        for name in re.findall(r"\$([a-z][a-z0-9-]*)", file.read_text(encoding="utf-8"))
    }
    textual = SHIPPED_THEMES[SHIPPED].to_color_system().generate()
    assert used <= {*DEFAULT_VARIABLES, *textual}


async def test_an_own_theme_keeps_what_it_does_not_set(tmp_path: Path) -> None:
    names, problems = own(tmp_path, '[colors]\nprimary = "#abcdef"\n[variables]\nbad = "#ff0000"\n')
    assert (names, problems) == (["mine"], "")
    app = ThemedApp()
    async with app.run_test():
        app.register_theme(next(theme for theme in load_themes(tmp_path)[0] if theme.name == "mine"))
        app.theme = "mine"
        await settled(app)
        assert app.query_one(".bad").styles.color == Color.parse("#ff0000")
        assert app.query_one(".ok").styles.color == Color.parse(DEFAULT_VARIABLES["ok"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[colors", "cannot be read"),
        ('[colors]\nprimary = "#zzz"', "sets primary to '#zzz': write a colour"),
        ("[colors]\nprimary = 7", "sets primary to 7: write a colour"),
        ('[colors]\nprimary = ["red"]', "write a colour"),
        ('[variables]\nok = "green"', "needs a colour for primary"),
        ('[colors]\nprimary = "red"\nbackgruond = "red"', "did you mean background?"),
        ('[colors]\nprimary = "red"\n[variables]\nbandd = "red"', "did you mean band?"),
        ('[colors]\nprimary = "red"\n[variables]\nqqqqqq = "red"', "which nothing uses: remove it."),
        ('[colors]\nprimary = "red"\n[variables]\nlink-style = "shiny"', 'write a text style such as "bold"'),
        ('colors = "red"', "in the tables [colors] and [variables]"),
        ('dark = "no"\n[colors]\nprimary = "red"', "needs true or false for dark"),
        ('colour = 1\n[colors]\nprimary = "red"', "did you mean colors?"),
        ('[colors]\nprimary = "\\u001b]52;c;x\\u0007"', "sets primary to"),
        ("a = " + "[" * 3000, "cannot be read"),
    ],
)
def test_a_faulty_theme_is_left_out_and_explained(tmp_path: Path, text: str, said: str) -> None:
    names, problems = own(tmp_path, text)
    assert names == []
    assert said in problems
    assert "mine.toml" in problems
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", problems)


def test_all_faults_of_a_theme_are_told_at_once(tmp_path: Path) -> None:
    _, problems = own(tmp_path, '[colors]\nprimary = "nope"\nsurface = "nope"\n[variables]\nbad = "nope"\n')
    assert problems.count("write a colour") == 3


def test_a_theme_that_is_not_text_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(b"\xff\xfe")
    assert "it is not UTF-8 text" in load_themes(tmp_path)[1][0]


def test_a_folder_with_the_name_of_a_theme_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").mkdir()
    assert "cannot be read" in load_themes(tmp_path)[1][0]


def test_an_own_theme_cannot_take_a_shipped_name(tmp_path: Path) -> None:
    names, problems = own(tmp_path, '[colors]\nprimary = "red"', f"{SHIPPED}.toml")
    assert names == []
    assert "has the name of a shipped one" in problems


def test_no_folder_of_own_themes_is_no_problem() -> None:
    assert load_themes(Path("/nowhere/at/all"))[1] == ()


class ThemedApp(App[None]):
    """An app with our variables, as the console has them."""

    CSS = "\n".join(f".{name} {{ color: ${name}; }}" for name in DEFAULT_VARIABLES)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(DEFAULT_VARIABLES)

    def compose(self) -> ComposeResult:
        for name in DEFAULT_VARIABLES:
            yield Static(name, classes=name)


@pytest.mark.parametrize("dark", ["true", "false"])
async def test_an_own_theme_of_the_terminals_colours_can_be_applied(tmp_path: Path, dark: str) -> None:
    own(tmp_path, f'dark = {dark}\nansi = true\n[colors]\nprimary = "ansi_blue"')
    app = ThemedApp()
    async with app.run_test():
        app.register_theme(next(theme for theme in load_themes(tmp_path)[0] if theme.name == "mine"))
        app.theme = "mine"
        await settled(app)
        assert app.native_ansi_color


@pytest.mark.parametrize("theme", SHIPPED_THEMES.values(), ids=lambda theme: theme.name)
async def test_every_shipped_theme_can_be_applied(theme: Theme) -> None:
    app = ThemedApp()
    async with app.run_test():
        app.register_theme(theme)
        app.theme = theme.name
        await settled(app)
        assert app.query_one(".bad").styles.color == Color.parse(value(theme, "bad"))
