"""Where files are, and what decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from aftergreen.config import load
from aftergreen.model import Release
from aftergreen.paths import find_paths


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("AFTERGREEN_JOURNAL", raising=False)


def test_everything_lies_in_the_xdg_folders(tmp_path: Path) -> None:
    paths = find_paths()
    assert paths.journal == tmp_path / "state" / "aftergreen" / "journal.db"
    assert paths.journal_from == "default"
    assert paths.themes == tmp_path / "config" / "aftergreen" / "themes"
    assert paths.outputs == tmp_path / "state" / "aftergreen" / "rollbacks"


def test_the_example_is_there_and_is_a_configuration() -> None:
    assert load(find_paths().example).service.name == "checkout-api"


@pytest.mark.parametrize(
    ("flag", "variable", "configured", "found", "origin"),
    [
        ("/f.db", "/v.db", "/c.db", "/f.db", "--journal"),
        (None, "/v.db", "/c.db", "/v.db", "AFTERGREEN_JOURNAL"),
        (None, None, "/c.db", "/c.db", "[journal] path"),
        (None, "", "/c.db", "/c.db", "[journal] path"),
    ],
)
def test_the_nearest_wish_decides_on_the_journal(  # noqa: PLR0917  # a table of cases
    monkeypatch: pytest.MonkeyPatch,
    flag: str | None,
    variable: str | None,
    configured: str | None,
    found: str,
    origin: str,
) -> None:
    if variable is not None:
        monkeypatch.setenv("AFTERGREEN_JOURNAL", variable)
    paths = find_paths(journal=flag, configured=configured)
    assert (paths.journal, paths.journal_from) == (Path(found), origin)


def test_a_relative_journal_and_one_at_home_become_absolute(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_paths(journal="team/j.db").journal == tmp_path / "team" / "j.db"
    assert find_paths(journal="~/j.db").journal == tmp_path / "home" / "j.db"


@pytest.mark.parametrize("value", ["", "relative/state"])
def test_an_empty_or_relative_xdg_folder_is_ignored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", value)
    assert find_paths().journal.is_relative_to(tmp_path / "home")


def test_the_output_of_a_rollback_is_one_file_whatever_the_names_hold() -> None:
    release = Release("../../etc", "prod", "feature/x y", None, 1.0, 3)
    paths = find_paths()
    output = paths.output(release, 2, 1700000000.4)
    assert output.parent == paths.outputs
    assert output.name == "1700000000-..%2F..%2Fetc%2Fprod%2Ffeature%2Fx%20y%233-2.log"
