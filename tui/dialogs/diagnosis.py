"""The dialog of a rehearsal that asks, one question at a time, what somebody takes the trouble for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from aftergreen import words
from aftergreen.drill.debriefing.diagnosis import CAUSES, DECISIONS, Diagnosis
from aftergreen.drill.scenario.model import Cause, Decision
from aftergreen.model import Indicator
from tui.dialogs.sized import SizedDialog
from widgets.frame import Frame
from widgets.rows import Row, Rows, Span, fit, row

INDICATORS: tuple[Indicator | None, ...] = (*Indicator, None)
"""What may show it first; None where nothing does."""

MOST = len(INDICATORS)

QUESTIONS: Sequence[tuple[str, Sequence[str]]] = (
    (
        "Which indicator shows it first?",
        [words.indicator_title(one) if one is not None else "none of them" for one in INDICATORS],
    ),
    ("Whose fault is it?", [CAUSES[cause] for cause in Cause]),
    ("What would you do?", [DECISIONS[decision] for decision in Decision]),
)


class DiagnosisDialog(SizedDialog[Diagnosis]):
    """Asks which indicator shows it, whose fault it is, and what is to be done."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"choose({n})", "Choose", id=f"choose-{n}") for n in range(1, MOST + 1)),
        Binding("backspace,left", "before", "Before", id="before"),
        Binding("escape", "dismiss(None)", "Close", id="close"),
    ]

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame)
        self._chosen: list[int] = []

    def body(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content("Diagnosis")
            yield Rows(id="dialog-text")

    def draw(self, frame: Frame) -> None:  # noqa: ARG002  # nothing on it changes with the release
        text = self.query_one("#dialog-text", Rows)
        short, width = self.fit(), max(20, text.size.width)
        question, options = QUESTIONS[len(self._chosen)]
        asked = row(Span(question, "strong", bold=True))
        number = f"{len(self._chosen) + 1} of {len(QUESTIONS)}"
        listed = [row(Span(f"{n} ", "key", bold=True), option) for n, option in enumerate(options, start=1)]
        blank: list[Row] = [] if short else [()]
        back = "  backspace the question before" if self._chosen else ""
        keys = row(Span(f"{number}  esc leaves it{back}", "dim"))
        rows = [fit(one, width) for one in (asked, *blank, *listed, *blank, keys)]
        text.styles.height = len(rows)
        text.show(rows)

    async def action_choose(self, number: int) -> None:
        """Take that option, and ask what is next."""
        if number > len(QUESTIONS[len(self._chosen)][1]):
            return
        self._chosen.append(number - 1)
        if len(self._chosen) == len(QUESTIONS):
            indicator, cause, decision = self._chosen
            # A screen cannot await its own end in its own handler: `dismiss` alone would fail.
            await self.action_dismiss(
                Diagnosis(INDICATORS[indicator], list(Cause)[cause], list(Decision)[decision])
            )
            return
        self.draw(self._frame)

    def action_before(self) -> None:
        """Ask once more what was asked before."""
        if self._chosen:
            self._chosen.pop()
            self.draw(self._frame)
