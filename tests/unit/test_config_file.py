"""A configuration as a file: what cannot be read is told with its cure."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from aftergreen import config
from aftergreen.paths import example
from tests.small import SMALL

NOBODY = 65534


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "aftergreen.toml"
    path.write_text(SMALL, encoding="utf-8-sig")
    assert config.load(path).service.name == "shop"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"a = \xff", "found bytes in line 1 that are not UTF-8, expected the file to be saved as UTF-8"),
        (
            b"\n\nb = '\xe4'",
            "found bytes in line 3 that are not UTF-8, expected the file to be saved as UTF-8",
        ),
        (b"#" * 1_048_577, "found more than 1 MiB, expected a configuration: name another file with -c"),
    ],
)
def test_a_file_that_is_no_text_is_refused_with_the_cure(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    path = tmp_path / "aftergreen.toml"
    path.write_bytes(content)
    with pytest.raises(config.ConfigError) as caught:
        config.load(path)
    assert str(caught.value) == f"{path}: {sentence}"


def test_a_missing_file_is_told_with_the_cure(tmp_path: Path) -> None:
    path = tmp_path / "absent.toml"
    with pytest.raises(config.ConfigError) as caught:
        config.load(path)
    assert str(caught.value) == (
        f"{path}: found no such file, expected a configuration: aftergreen init writes one; or begin with a"
        f" copy of the example, cp {shlex.quote(str(example()))} {path}, or name another with -c"
    )


def test_a_directory_is_told_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(config.ConfigError, match="found a directory, expected a file"):
        config.load(tmp_path)


@contextmanager
def ordinary_user() -> Iterator[None]:
    """The superuser may read everything, so it is somebody else for a moment."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_file_that_may_not_be_read_is_told_with_the_cure() -> None:
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "aftergreen.toml"
        path.touch(mode=0)
        refused = pytest.raises(
            config.ConfigError, match=r"cannot be read \(permission denied\), expected one"
        )
        with ordinary_user(), refused:
            config.load(path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "[service\nname = 1",
            (
                "line 1, column 9: found a fault in the TOML "
                "(expected ']' at the end of a table declaration), expected valid TOML"
            ),
        ),
        (
            "a = 1\na = 2",
            "line 2, at the end: found a fault in the TOML (cannot overwrite a value), expected valid TOML",
        ),
        ("\n\na =", "line 3, at the end: found a fault in the TOML (invalid value), expected valid TOML"),
    ],
)
def test_a_fault_in_the_toml_is_told_with_line_and_column(text: str, sentence: str) -> None:
    with pytest.raises(config.ConfigError) as caught:
        config.loads(text)
    assert str(caught.value) == f"aftergreen.toml: {sentence}"


def test_brackets_without_end_are_no_crash() -> None:
    with pytest.raises(config.ConfigError, match="nested too deeply"):
        config.loads("a = " + "[" * 100_000)
