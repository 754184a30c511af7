"""What the commands' options have in common, and what follows from them."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from aftergreen.clean import is_harmless
from aftergreen.clock import SystemClock
from aftergreen.config import listed, load
from aftergreen.model import BaselineSource
from aftergreen.paths import find_paths
from aftergreen.sources.shared import SharedSources
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


PLAIN = ("history", "init", "paths")
"""Commands that judge nothing: their exit code says only whether they could be carried out."""


CONFIG = Path("aftergreen.toml")
"""The configuration where none is named."""


@dataclass(frozen=True, slots=True)
class Named:
    """A release as it is named on the command line."""

    config: Path
    version: str
    previous: str | None


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
        type=file,
        default=CONFIG,
        metavar="FILE",
        help="the configuration (default: ./aftergreen.toml)",
    )


def add_journal(made: argparse.ArgumentParser) -> None:
    """The option that names the journal."""
    made.add_argument(
        "--journal", type=given, metavar="FILE", help="the journal (default: see aftergreen paths)"
    )


def add_release(made: argparse.ArgumentParser) -> None:
    """The options that say which releases are watched, by whom and against what."""
    made.add_argument(
        "releases",
        nargs="*",
        type=named,
        metavar="FILE@VERSION",
        help="several releases at once: the configuration of each and its version, or its two versions as"
        " FILE@PREVIOUS..VERSION",
    )
    add_config(made)
    made.add_argument("--version", type=version, help="the version that was deployed")
    made.add_argument("--previous", type=version, help="the version it replaced, and a rollback returns to")
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
    made.add_argument("--operator", type=path, metavar="NAME", help="who is watching (default: user@host)")
    add_journal(made)


def add_no_mouse(made: argparse.ArgumentParser) -> None:
    """The option for terminals in which mouse reports are in the way."""
    made.add_argument("--no-mouse", action="store_true", help="do not ask the terminal for mouse reports")


LONGEST_VERSION = 200
"""Characters of a version: image digests have 71."""

SPEEDS = (0.1, 100.0)
"""How slow and how fast simulated time may run; faster, a machine does not keep up with its instants."""


def add_speed(made: argparse.ArgumentParser, *, default: float | None, otherwise: str = "") -> None:
    """The option for how fast simulated time runs; ``otherwise`` says what it does by default."""
    told = otherwise or f"{default:g}"
    made.add_argument("--speed", type=_speed, default=default, help=f"how fast time runs (default: {told})")


def sessions(arguments: argparse.Namespace, *, advice_ends: bool) -> list[Session]:
    """A session for each release that the options ask for; raises `ConfigError` and `UsageError`."""
    sources = SharedSources()
    remembered, _ = read_settings(find_paths().settings)
    operator = operator_name(arguments.operator, remembered.operator)
    found = [
        _session(arguments, one, sources, operator=operator, advice_ends=advice_ends)
        for one in _releases(arguments)
    ]
    twice = [name for name, many in Counter(map(_whose, found)).items() if many > 1]
    if twice:
        raise UsageError(f"{twice[0]} is there twice: one console watches one release of a service")
    return found


def _releases(arguments: argparse.Namespace) -> Sequence[Named]:
    """Which releases are asked for, in one of the two ways to say it."""
    if not arguments.releases:
        if arguments.version is None:
            raise UsageError("say which version was deployed: --version V, or FILE@VERSION for each service")
        return (Named(arguments.config, arguments.version, arguments.previous),)
    for option, value in (("--version", arguments.version), ("--previous", arguments.previous)):
        if value is not None:
            raise UsageError(f"{option} is for one release: write FILE@PREVIOUS..VERSION for each service")
    if arguments.config != CONFIG:
        raise UsageError("-c is for one release: write FILE@VERSION for each service")
    releases: Sequence[Named] = arguments.releases
    return releases


def _whose(session: Session) -> str:
    service = session.plan.service
    return f"{service.name} in {service.environment}"


def _session(
    arguments: argparse.Namespace,
    release: Named,
    sources: SharedSources,
    *,
    operator: str,
    advice_ends: bool,
) -> Session:
    plan = load(release.config)
    paths = find_paths(journal=arguments.journal, configured=plan.journal)
    wanted = Wanted(
        version=release.version,
        previous=release.previous,
        deployed_at=arguments.deployed_at or parse_when("now"),
        operator=operator,
        read_only="--read-only was given" if arguments.read_only else "",
        advice_ends=advice_ends,
        baseline=arguments.baseline,
        again=arguments.again,
    )
    return Session(plan, wanted, SystemClock(), paths, sources)


def on_terminal() -> bool:
    """Whether there is a screen to draw on and somebody at the keys."""
    if is_dumb():
        return False
    # Textual draws on stderr.
    streams: tuple[TextIO | None, ...] = (sys.stdin, sys.stdout, sys.stderr)
    # Python has None for what was closed before it started.
    return all(stream is not None and stream.isatty() for stream in streams)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    slowest, fastest = SPEEDS
    if not slowest <= speed <= fastest:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no speed: write a number from {slowest:g} to {fastest:g}"
        )
    return speed


def _source(text: str) -> BaselineSource:
    try:
        return BaselineSource(text)
    except ValueError:
        known = listed(BaselineSource)
        raise argparse.ArgumentTypeError(f"{text!r} is none: write {known}") from None


def given(text: str, *, undecoded: bool = False) -> str:
    """A text that says something and drives no terminal."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty: give it a value, or leave the option away")
    if not is_harmless(text, undecoded=undecoded):
        raise argparse.ArgumentTypeError(f"{text!r} holds characters that cannot be shown: leave them out")
    return text


def path(text: str) -> str:
    """A path, or the name of whoever is cleaned later on: it may hold bytes that are no text here."""
    return given(text, undecoded=True)


def file(text: str) -> Path:
    """The path of a file."""
    return Path(path(text))


def version(text: str) -> str:
    """A version as pipelines name them."""
    if len(text) > LONGEST_VERSION:
        raise argparse.ArgumentTypeError(f"it has more than {LONGEST_VERSION} characters: no version has")
    return given(text).strip()


def named(text: str) -> Named:
    """A release as it is written: ``FILE@VERSION``, ``FILE@PREVIOUS..VERSION``."""
    config, _, versions = text.partition("@")
    previous, between, new = versions.rpartition("..")
    if not (config and new) or (between and not previous):
        raise argparse.ArgumentTypeError(
            f"{text!r} names no release: write FILE@VERSION or FILE@PREVIOUS..VERSION"
        )
    return Named(file(config), version(new), version(previous) if previous else None)


def _when(text: str) -> Callable[[float], float]:
    try:
        return parse_when(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
