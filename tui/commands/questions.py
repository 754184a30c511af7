"""Questions to whoever sits at a terminal, in plain lines; without one, the options that answer them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from aftergreen.clean import clean, is_harmless
from tui.commands.options import UsageError

T = TypeVar("T")

SHOWN = 15
"""Entries of a list that are shown at a time: more scroll past whoever reads them."""


class NoAnswer(ValueError):
    """An answer that is none; the text says what would be one."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: in words, what is taken where nothing is typed, and how an option answers it.

    ``lacking`` says without a terminal what is not known.
    """

    text: str
    lacking: str
    option: str
    default: str = ""


class Asks(Protocol):
    """Whoever is asked."""

    present: bool
    """Whether somebody is there to answer."""

    def ask(self, question: Question, fit: Callable[[str], T]) -> T:
        """An answer that ``fit`` takes: it raises `NoAnswer` for others. `UsageError` where there is none."""
        ...

    def say(self, *lines: str) -> None:
        """Tell something on the way."""
        ...


class Nobody:
    """Takes what is proposed, and names the option where nothing is."""

    present = False

    def ask(self, question: Question, fit: Callable[[str], T]) -> T:
        """See `Asks.ask`."""
        if not question.default:
            raise UsageError(f"{question.lacking}: {question.option}")
        try:
            return fit(question.default)
        except NoAnswer as error:
            raise UsageError(str(error)) from None

    def say(self, *lines: str) -> None:
        """Only results are told."""


class Somebody:
    """Asks on stderr and reads lines from stdin, until one fits."""

    present = True

    def ask(self, question: Question, fit: Callable[[str], T]) -> T:
        """See `Asks.ask`."""
        hint = f" [{question.default}]" if question.default else ""
        while True:
            print(f"{question.text}{hint}: ", end="", file=sys.stderr, flush=True)
            line = sys.stdin.readline()
            if not line:
                print(file=sys.stderr)
                raise UsageError(f"{question.lacking}, and nobody answers: {question.option}")
            answer = line.strip() or question.default
            wrong = _unreadable(answer)
            try:
                if not wrong:
                    return fit(answer)
            except NoAnswer as error:
                wrong = str(error)
            self.say(f"  {wrong}")

    def say(self, *lines: str) -> None:
        """See `Asks.say`."""
        for line in lines:
            print(line, file=sys.stderr, flush=True)


def _unreadable(answer: str) -> str:
    if not answer:
        return "type an answer, or leave with ctrl+c: nothing has been written"
    return "" if is_harmless(answer) else "that holds characters that cannot be shown: type it anew"


def one_of(words: Sequence[str], what: str) -> Callable[[str], str]:
    """Takes one of the words, its number in the list, or a part that only one of them has."""

    def fit(answer: str) -> str:
        if answer in words:
            return answer
        if answer.isdecimal() and 1 <= int(answer) <= len(words):
            return words[int(answer) - 1]
        found = [word for word in words if answer.lower() in word.lower()]
        if len(found) == 1:
            return found[0]
        raise NoAnswer(
            alike(answer, found, what) if found else f"there is no {what} like {clean(answer, 60)}"
        )

    return fit


def several_of(words: Sequence[str], what: str) -> Callable[[str], Sequence[str]]:
    """Takes any of the words, as `one_of` takes one, or none of them."""
    one = one_of(words, what)

    def fit(answer: str) -> Sequence[str]:
        if answer.lower() == "none":
            return ()
        return tuple(dict.fromkeys(one(word) for word in answer.replace(",", " ").split()))

    return fit


def yes_or_no(answer: str) -> bool:
    """Takes a yes or a no."""
    if answer.lower() not in ("y", "yes", "n", "no"):
        raise NoAnswer("type y or n")
    return answer.lower().startswith("y")


def some(words: Sequence[str]) -> str:
    """A few of many names."""
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    return ", ".join(clean(word, 60) for word in words[:SHOWN]) + more if words else "none"


def alike(answer: str, found: Sequence[str], what: str) -> str:
    """Several that a word may mean."""
    many = f"one {what} looks" if len(found) == 1 else f"{len(found)} {what}s look"
    return f"{many} like {clean(answer, 60)}: {some(found)}"


def numbered(words: Sequence[str], told: Mapping[str, str]) -> list[str]:
    """A list as it is shown, each with what is told of it; of many the first ones."""
    wide = max((len(word) for word in words[:SHOWN]), default=0)
    room = max(20, shutil.get_terminal_size().columns - wide - 10)
    lines = [
        f"  {index:3}  {word:{wide}}  {clean(told.get(word, ''), room)}".rstrip()
        for index, word in enumerate(words[:SHOWN], 1)
    ]
    if len(words) > SHOWN:
        lines.append(f"       and {len(words) - SHOWN} more: type a part of the name")
    return lines
