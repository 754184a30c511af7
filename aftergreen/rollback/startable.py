"""Whether the rollback program could really be started: found, executable, and with its interpreter there."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

from aftergreen.clean import clean

_HEAD = 512
"""Bytes at the beginning of a program that tell what it is; Linux looks at half as many."""


def unstartable(command: Sequence[str]) -> str:
    """What keeps the command from being started, as one sentence with its cure; empty where nothing does."""
    if not command or not command[0]:
        return "The rollback command is empty: name a program in [rollback] command."
    program = command[0]
    found = shutil.which(program)
    if found:
        return _not_run(clean(program), Path(found))
    shown = clean(program)
    if os.sep not in program:
        return (
            f"The rollback program {shown} is not on PATH: install it, or give its full path in [rollback]"
            " command."
        )
    if not Path(program).is_file():
        return f"The rollback program {shown} is not a file: correct its path in [rollback] command."
    return f"The rollback program {shown} may not be executed by this user: chmod +x it."


def _not_run(shown: str, program: Path) -> str:
    """What keeps the system from running a file that may be executed; empty where nothing is known to."""
    try:
        with program.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return ""  # it may be executed all the same
    if head.startswith(b"#!"):
        return _without_interpreter(shown, program, head.partition(b"\n")[0][2:])
    if b"\0" in head:
        return ""  # no text: a binary, of whatever kind
    return (
        f"The rollback program {shown} does not say what runs it: let its first line name the interpreter, as"
        " #!/bin/sh."
    )


def _without_interpreter(shown: str, program: Path, line: bytes) -> str:
    """What is wrong with the interpreter that a script's first line names, without its ``#!``."""
    if line.endswith(b"\r"):
        return (
            f"The rollback program {shown} has the line ends of Windows, and there is no interpreter of that"
            f" name: sed -i 's/\\r$//' {clean(shlex.quote(str(program)))} mends it."
        )
    words = line.decode(errors="replace").split(None, 1)
    interpreter = words[0] if words else ""
    wanted = _looked_for(words[1]) if Path(interpreter).name == "env" and len(words) > 1 else interpreter
    if not wanted or not shutil.which(wanted):
        name = clean(wanted) or "without a name"
        return (
            f"The rollback program {shown} is run by the interpreter {name}, which is not there: install it,"
            " or correct the first line."
        )
    return ""


def _looked_for(arguments: str) -> str:
    """The program that ``env`` looks for: neither an option nor a variable."""
    try:
        words = shlex.split(arguments)
    except ValueError:
        words = arguments.split()
    named = (word.removeprefix("-S") for word in words)
    return next((word for word in named if word and not word.startswith("-") and "=" not in word), "")
