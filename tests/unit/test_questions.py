"""Questions at a terminal in plain lines, and what stands in for answers where nobody is there."""

from __future__ import annotations

import io

import pytest

from aftergreen.words.bars import LEVELS, bars
from tui.commands.options import UsageError
from tui.commands.questions import SHOWN, NoAnswer, Nobody, Question, Somebody, numbered, one_of

TIER = Question("Which tier?", "nobody said which tier", "--tier TIER")


def asked(typed: str, question: Question = TIER, words: tuple[str, ...] = ("low", "lowest", "high")) -> str:
    """What is taken of lines that somebody types."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", io.StringIO(typed))
        return Somebody().ask(question, one_of(words, "tier"))


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ("high\n", "high"),
        ("2\n", "lowest"),
        ("hi\n", "high"),
        ("low\n", "low"),
        ("\n\nHIGH\n", "high"),
        ("7\nhigh\n", "high"),
    ],
)
def test_an_answer_is_a_name_a_number_or_a_part(typed: str, taken: str) -> None:
    assert asked(typed) == taken


def test_what_is_no_answer_is_asked_again_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert asked("l\nx\n\x1b[31m\n\nlow\n") == "low"
    told = capsys.readouterr().err
    assert "  2 tiers look like l: low, lowest\n" in told
    assert "  there is no tier like x\n" in told
    assert "  that holds characters that cannot be shown: type it anew\n" in told
    assert "  type an answer, or leave with ctrl+c: nothing has been written\n" in told
    assert "\x1b" not in told


def test_enter_takes_what_stands_in_brackets(capsys: pytest.CaptureFixture[str]) -> None:
    assert asked("\n", Question("Which tier?", "", "", default="high")) == "high"
    assert capsys.readouterr().err == "Which tier? [high]: "


def test_an_end_of_input_names_the_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match=r"^nobody said which tier, and nobody answers: --tier TIER$"):
        asked("x\n")
    assert capsys.readouterr().err.endswith("\n")


def test_nobody_takes_what_is_proposed_and_names_the_option_otherwise() -> None:
    assert Nobody().ask(Question("", "", "", default="low"), str) == "low"
    with pytest.raises(UsageError, match=r"^nobody said which tier: --tier TIER$"):
        Nobody().ask(TIER, str)


def test_of_a_long_list_the_first_ones_are_shown_and_a_part_finds_the_rest() -> None:
    names = [f"service-{number}" for number in range(400)]
    lines = numbered(names, {"service-0": "the first\x1b"})
    assert len(lines) == SHOWN + 1
    assert lines[0] == "    1  service-0   the first"
    assert lines[-1] == f"       and {400 - SHOWN} more: type a part of the name"
    fit = one_of(names, "service")
    assert fit("399") == "service-398"
    assert fit("ce-399") == "service-399"
    with pytest.raises(NoAnswer, match=r"and 96 more$"):
        fit("vice-1")


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([0.0, 1.0, 2.0, 3.0], "▁▃▆█"),
        ([0.0, 0.0], "▁▁"),
        ([None, 5.0], " █"),
        ([None], " "),
        ([-1.0, 1.0], "▁█"),
    ],
)
def test_a_bar_is_as_high_as_its_value(values: list[float | None], drawn: str) -> None:
    assert bars(values, len(values)) == drawn


def test_a_cell_has_the_largest_of_its_part() -> None:
    assert bars([1.0, 8.0, 2.0, 0.0], 2) == "█▃"
    assert bars([8.0], 1, LEVELS["ascii"]) == "#"
