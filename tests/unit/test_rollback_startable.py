"""Which rollback programs could be started, held against what the system says when it tries."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from aftergreen.rollback.startable import unstartable


def program(folder: Path, content: bytes, mode: int = 0o755) -> str:
    path = folder / "undo"
    path.write_bytes(content)
    path.chmod(mode)
    return str(path)


def starts(command: str) -> bool:
    """Whether the system runs it, which is what counts."""
    try:
        return subprocess.run([command], capture_output=True, check=False, timeout=30).returncode == 0
    except OSError:
        return False


SOUND = {
    "a shell script": b"#!/bin/sh\nexit 0\n",
    "with an option": b"#!/bin/sh -eu\nexit 0\n",
    "with a space": b"#! /bin/sh\nexit 0\n",
    "by way of env": b"#!/usr/bin/env sh\nexit 0\n",
    "by way of env, with options": b"#!/usr/bin/env -S A=1 sh -eu\nexit 0\n",
    "without an end of line": b"#!/bin/true",
    "a binary": Path("/bin/true").read_bytes(),
}


@pytest.mark.parametrize("content", SOUND.values(), ids=SOUND)
def test_what_the_system_can_start_passes(tmp_path: Path, content: bytes) -> None:
    undo = program(tmp_path, content)
    assert starts(undo)
    assert unstartable([undo]) == ""


def test_a_program_on_path_passes() -> None:
    assert unstartable(["sh", "-c", "true"]) == ""


BROKEN = {
    "line ends of Windows": (b"#!/bin/sh\r\nexit 0\r\n", "has the line ends of Windows"),
    "those, by way of env": (b"#!/usr/bin/env sh\r\nexit 0\r\n", "has the line ends of Windows"),
    "no first line": (b"exit 0\n", "does not say what runs it"),
    "a comment first": (b"# undo\n#!/bin/sh\nexit 0\n", "does not say what runs it"),
    "nothing in it": (b"", "does not say what runs it"),
    "an interpreter that is gone": (b"#!/usr/bin/python2.4\n", "/usr/bin/python2.4, which is not there"),
    "one that env does not find": (b"#!/usr/bin/env no-such-ruby\n", "no-such-ruby, which is not there"),
    "one without a name": (b"#!\nexit 0\n", "without a name, which is not there"),
    "one that may not be executed": (b"#!/etc/passwd\n", "/etc/passwd, which is not there"),
}


@pytest.mark.parametrize(("content", "part"), BROKEN.values(), ids=BROKEN)
def test_what_would_fail_at_night_is_one_sentence_with_its_cure(
    tmp_path: Path, content: bytes, part: str
) -> None:
    """The case script-crlf and its kind."""
    undo = program(tmp_path, content)
    assert not starts(undo)
    told = unstartable([undo])
    assert part in told
    assert ": " in told
    assert told.endswith(".")


def test_what_is_not_there_or_not_executable_is_said(tmp_path: Path) -> None:
    told = {
        "empty": unstartable([]),
        "not on PATH": unstartable(["no-such-program-anywhere"]),
        "not a file": unstartable([str(tmp_path / "missing")]),
        "may not be executed": unstartable([program(tmp_path, b"#!/bin/sh\n", 0o644)]),
    }
    assert [part for part, sentence in told.items() if part not in sentence] == []


def test_the_cure_for_line_ends_of_windows_cures(tmp_path: Path) -> None:
    folder = tmp_path / "with a space"
    folder.mkdir()
    undo = program(folder, b"#!/bin/sh\r\nexit 0\r\n")
    cure = unstartable([undo]).partition("name: ")[2].removesuffix(" mends it.")
    subprocess.run(["sh", "-c", cure], check=True, timeout=30)
    assert starts(undo)
    assert unstartable([undo]) == ""
