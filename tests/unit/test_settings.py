"""What the console remembers of its user, in a file that is its own and never a person's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.settings import DRAWINGS, OWN, Memory, Settings, read_settings, write_settings
from widgets.plot import MODES


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "settings.toml"
    chosen = Settings("aftergreen-light", "block", bell=False, title=False, operator="ana")
    assert write_settings(path, chosen) == ""
    assert read_settings(path) == (chosen, ())
    assert path.read_text(encoding="utf-8").startswith(OWN)
    assert [file.name for file in path.parent.iterdir()] == ["settings.toml"]


def test_only_what_was_chosen_is_written(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    write_settings(path, Settings(bell=False))
    assert path.read_text(encoding="utf-8") == f"{OWN}bell = false\n"


def test_without_a_file_nothing_was_chosen(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "none.toml") == (Settings(), ())


def test_what_a_person_wrote_is_read_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("# mine\nbell = false\n", encoding="utf-8")
    assert read_settings(path) == (Settings(bell=False), ())
    assert write_settings(path, Settings()) == f"{path} was written by hand: change it there"
    assert path.read_text(encoding="utf-8") == "# mine\nbell = false\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bel = false", "bel is none of them, expected theme, drawing, bell, title, operator or keys"),
        ('bell = "no"', "bell takes true or false"),
        ("theme = 7", "theme takes a text"),
        ('drawing = "crayon"', "drawing takes braille, block or ascii"),
        ("bell = ", "Invalid value"),
        ("\x00", "Invalid"),
        (f'theme = "{"x" * 70000}"', "it is too large to be a file of settings"),
    ],
)
def test_what_is_not_taken_is_said_and_the_rest_is_taken(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(f'operator = "ana"\n{text}\n', encoding="utf-8")
    settings, problems = read_settings(path)
    assert said in problems[0]
    assert (settings.theme, settings.drawing, settings.bell) == ("", "", True)
    assert settings.operator == ("ana" if "Invalid" not in said and "large" not in said else "")


def test_what_would_drive_the_terminal_is_cleaned(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('operator = "ana\\u001b]52;c;Zm9v\\u0007"\n', encoding="utf-8")
    assert "\x1b" not in read_settings(path)[0].operator


def test_a_folder_that_cannot_be_made_costs_nothing_but_the_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    memory = Memory(tmp_path / "file" / "settings.toml")
    problem = memory.change(Settings(bell=False))
    assert problem.endswith("settings.toml: not a directory")
    assert not memory.settings.bell


def test_the_modes_are_those_of_the_charts() -> None:
    assert set(DRAWINGS) == set(MODES)
