"""How a new configuration goes back: a preset of a usual tool, a command of one's own, or not at all."""

from __future__ import annotations

import shlex
import shutil

from aftergreen.clean import clean
from aftergreen.config import ConfigError, loads
from aftergreen.config.faults import nearest
from aftergreen.proposal.instrumentation import whole_but
from aftergreen.rollback.presets import PRESETS, Preset
from aftergreen.rollback.startable import unstartable
from tui.commands.options import UsageError
from tui.commands.questions import Asks, NoAnswer, Question, numbered, one_of

_SURE = ("kubectl", "helm")
"""Programs that nobody has who does not deploy with them."""

_SHELL = ("|", "||", "&&", "&", ";", ">", ">>", "<")


def going_back(asks: Asks, given: str | None, namespace: str, *, proposes: bool) -> Preset | None:
    """What an option gave or somebody answers; None where nothing goes back.

    Presets go back in the ``namespace`` that the service is in, where that is known. One that is installed is
    proposed, or taken where ``proposes`` says that whatever is proposed is.
    """

    def fit(answer: str) -> Preset | None:
        meant = _meant(answer)
        return meant.in_namespace(namespace) if meant is not None else None

    if given:
        try:
            return fit(given)
        except NoAnswer as error:
            raise UsageError(str(error)) from None
    installed = [one.name for one in PRESETS if one.name in _SURE and shutil.which(one.program)]
    told = {one.name: " ".join(one.in_namespace(namespace).command) for one in PRESETS}
    asks.say("", "Ways to go back, {service}, {version} and {previous} being filled in:")
    asks.say(*numbered(list(told), told))
    question = Question(
        "How does it go back (number, name, another command, or none)?",
        "nobody said how to go back",
        "give --rollback PRESET, --rollback 'COMMAND', or --rollback none",
        default=installed[0] if installed and (asks.present or proposes) else "",
    )
    chosen = asks.ask(question, fit)
    if chosen is None:
        asks.say("  without one no rule can ask for it, and no release can end finished")
    elif problem := unstartable(chosen.command):
        asks.say(f"  {problem}")
    return chosen


def _meant(answer: str) -> Preset | None:
    """The preset, or the command, that an answer means; None for ``none``."""
    if answer.lower().rstrip(".") == "none" or answer.lower().startswith("none:"):
        return None
    names = [one.name for one in PRESETS]
    if answer in names or answer.isdecimal():
        found = one_of(names, "way to go back")(answer)
        return next(one for one in PRESETS if one.name == found)
    try:
        command = tuple(shlex.split(answer))
    except ValueError:
        raise NoAnswer("that command has a quote that is never closed") from None
    if shell := next((word for word in command if word in _SHELL), ""):
        raise NoAnswer(f"no shell is involved, so {shell} means nothing: put it into a script, and name that")
    if len(command) == 1 and not shutil.which(command[0]):
        near = nearest(command[0], names)
        hint = f" (did you mean {near}?)" if near else ""
        raise NoAnswer(f"{clean(command[0], 60)}{hint} is no preset, and no program on PATH")
    try:
        loads(whole_but(rollback={"command": list(command)}), "the command")
    except ConfigError as error:
        raise NoAnswer("; ".join(fault.sentence() for fault in error.faults)) from None
    return Preset("by hand", command, "given by hand")
