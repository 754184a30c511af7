"""What the commands' options have in common, and what follows from them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from aftergreen.clock import SystemClock
from aftergreen.config import listed, load
from aftergreen.model import BaselineSource
from aftergreen.paths import find_paths
from aftergreen.watch.session import Session, operator_name
from aftergreen.watch.wanted import Wanted
from tui.capabilities import is_dumb
from tui.settings import read_settings
from tui.when import parse_when

Commands = argparse._SubParsersAction  # noqa: SLF001  # argparse gives its own type no public name

EXIT_CODES = """\
exit codes:
  0 finished · 10 unproven · 20 rolled back and recovered · 21 rolled back, not recovered
  22 rollback failed · 23 rollback advised, none ran · 30 abandoned
  1 internal error · 2 usage or configuration · 3 preflight failed"""


PLAIN = ("history", "paths")
"""Commands that judge nothing: their exit code says only whether they could be carried out."""


class UsageError(Exception):
    """Options that contradict each other; the text says the cure."""


def command(
    commands: Commands[argparse.ArgumentParser],
    name: str,
    summary: str,
    examples: str,
    run: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    """A command with its help; ``run`` carries it out and returns the exit code."""
    shown = "\n".join(f"  {line}" for line in examples.splitlines())
    made = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=f"examples:\n{shown}" if name in PLAIN else f"examples:\n{shown}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.set_defaults(run=run)
    return made


def add_config(made: argparse.ArgumentParser) -> None:
    """The option that names the configuration."""
    made.add_argument(
        "-c",
        "--config",
        type=Path,
        default=Path("aftergreen.toml"),
        metavar="FILE",
        help="the configuration (default: ./aftergreen.toml)",
    )


def add_release(made: argparse.ArgumentParser) -> None:
    """The options that say which release is watched, by whom and against what."""
    add_config(made)
    made.add_argument("--version", required=True, help="the version that was deployed")
    made.add_argument("--previous", help="the version it replaced, and a rollback returns to")
    made.add_argument(
        "--deployed-at",
        type=_when,
        metavar="WHEN",
        help="when its first instance served: now, -3m, or an ISO 8601 time (default: now)",
    )
    made.add_argument(
        "--baseline",
        type=_source,
        metavar="SOURCE",
        help=f"what to compare with: {', '.join(BaselineSource)} (default: as configured)",
    )
    made.add_argument("--again", action="store_true", help="watch a version that was rolled back before")
    made.add_argument("--read-only", action="store_true", help="watch without being able to act")
    made.add_argument("--operator", metavar="NAME", help="who is watching (default: user@host)")
    made.add_argument("--journal", metavar="FILE", help="the journal (default: see aftergreen paths)")


def add_no_mouse(made: argparse.ArgumentParser) -> None:
    """The option for terminals in which mouse reports are in the way."""
    made.add_argument("--no-mouse", action="store_true", help="do not ask the terminal for mouse reports")


def session(arguments: argparse.Namespace, *, advice_ends: bool) -> Session:
    """The session that the options of a release ask for; raises `ConfigError`."""
    plan = load(arguments.config)
    paths = find_paths(journal=arguments.journal, configured=plan.journal)
    remembered, _ = read_settings(paths.settings)
    wanted = Wanted(
        version=arguments.version,
        previous=arguments.previous,
        deployed_at=arguments.deployed_at or parse_when("now"),
        operator=operator_name(arguments.operator, remembered.operator),
        read_only="--read-only was given" if arguments.read_only else "",
        advice_ends=advice_ends,
        baseline=arguments.baseline,
        again=arguments.again,
    )
    return Session(plan, wanted, SystemClock(), paths)


def on_terminal() -> bool:
    """Whether there is a screen to draw on and somebody at the keys."""
    if is_dumb():
        return False
    # Textual draws on stderr.
    streams: tuple[TextIO | None, ...] = (sys.stdin, sys.stdout, sys.stderr)
    # Python has None for what was closed before it started.
    return all(stream is not None and stream.isatty() for stream in streams)


def _source(text: str) -> BaselineSource:
    try:
        return BaselineSource(text)
    except ValueError:
        known = listed(BaselineSource)
        raise argparse.ArgumentTypeError(f"{text!r} is none: write {known}") from None


def _when(text: str) -> Callable[[float], float]:
    try:
        return parse_when(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
