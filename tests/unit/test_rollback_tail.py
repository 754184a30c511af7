"""Following the output of a command, however hostile or large it is."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from aftergreen.rollback.tail import BYTES, LINES, Tail


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "1.log"


def add(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_a_file_that_is_not_there_yet_has_no_lines(path: Path) -> None:
    tail = Tail(path)
    assert tail.read() == ()
    add(path, b"one\n")
    assert tail.read() == ("one",)


def test_each_line_is_told_once_and_only_when_complete(path: Path) -> None:
    tail = Tail(path)
    add(path, b"one\ntw")
    assert tail.read() == ("one",)
    assert tail.read() == ()
    add(path, "o\nthr\u00e9".encode()[:-1])
    assert tail.read() == ("two",)
    add(path, "\u00e9e\n".encode()[1:])
    assert tail.read() == ("thr\u00e9e",)


def test_a_last_line_without_its_end_is_told_when_the_command_ended(path: Path) -> None:
    tail = Tail(path)
    add(path, b"one\ndone.")
    assert tail.read(ended=True) == ("one", "done.")
    assert tail.read(ended=True) == ()


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"\x1b[1;31merror\x1b[0m: no", "error: no"),
        (b"\x1b]52;c;cm0gLXJmIC8=\x07copied", "copied"),
        (b"\x1b]0;title\x1b\\named", "named"),
        (b"\xc2\x9b2Jcleared \xc2\x9d52;c;eA==\xc2\x9c", "cleared"),
        (b"\x1b]52;c;cut short", "]52;c;cut short"),
        (b"broken \xff\xfe utf-8", "broken \ufffd\ufffd utf-8"),
        (b"raw \x9b\x9d C1", "raw \ufffd\ufffd C1"),
        (b"tab\tbell\x07nul\x00del\x7f", "tab bell nul del"),
        ("right\u202eto left".encode(), "right to left"),
        (b"10 %\r50 %\r100 %\r", "100 %"),
        (b"windows\r", "windows"),
        (b"x" * 10_000, "x" * 499 + "…"),
    ],
)
def test_output_is_cleaned(path: Path, data: bytes, shown: str) -> None:
    tail = Tail(path)
    add(path, data + b"\n")
    assert tail.read() == (shown,)


def test_only_the_newest_lines_are_kept_and_the_rest_is_counted(path: Path) -> None:
    tail = Tail(path)
    add(path, b"".join(b"line %04d\n" % n for n in range(1000)))
    told, *lines = tail.read()
    assert told == f"… 8,000 bytes of output left out; all of it is in {path}"
    assert lines == [f"line {n:04}" for n in range(1000 - LINES, 1000)]


def test_fifty_megabytes_cost_one_bounded_read(path: Path) -> None:
    tail = Tail(path)
    add(path, b"first\n")
    assert tail.read() == ("first",)
    line = b"\x9d\xc2\x9d\x1b]52;" * 100 + b"\n"
    add(path, line * (50_000_000 // len(line)))
    add(path, b"last\n")
    tracemalloc.start()
    try:
        told, *lines = tail.read()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 5_000_000
    assert "bytes of output left out" in told
    assert len(lines) == LINES
    assert lines[-1] == "last"
    left_out = int(told.split()[1].replace(",", ""))
    assert 49_000_000 < left_out < path.stat().st_size
    add(path, b"after\n")
    assert tail.read() == ("after",)


def test_what_was_left_out_and_what_was_told_make_up_the_whole(path: Path) -> None:
    tail = Tail(path)
    add(path, b"begun")
    tail.read()
    add(path, b"".join(b"%d\n" % (10**6 + n) for n in range(100_000)))
    told, *lines = tail.read()
    left_out = int(told.split()[1].replace(",", ""))
    assert left_out + sum(len(line) + 1 for line in lines) == path.stat().st_size


def test_a_line_without_end_takes_no_memory_without_end(path: Path) -> None:
    tail = Tail(path)
    for _ in range(20):
        add(path, b"x" * BYTES)
        assert tail.read() == ()
    add(path, b"\nnext\n")
    assert tail.read() == ("x" * 499 + "…", "next")


def test_an_output_that_was_emptied_is_read_from_its_start(path: Path) -> None:
    tail = Tail(path)
    add(path, b"one\ntwo\n")
    tail.read()
    path.write_bytes(b"new\n")
    assert tail.read() == ("new",)
