"""``aftergreen init``: from a backend and a few answers to a configuration."""

from __future__ import annotations

import argparse
import asyncio
import os
import shlex
import shutil
import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from aftergreen.clean import clean, is_harmless
from aftergreen.config import ConfigError, listed, loads
from aftergreen.config.tiers import TIERS
from aftergreen.model import Indicator
from aftergreen.paths import find_paths
from tui.capabilities import speaks_unicode
from tui.commands.options import CONFIG, Commands, UsageError, add_config, command, given
from tui.commands.questions import Asks, Nobody, Question, Somebody, yes_or_no

if TYPE_CHECKING:
    from tui.commands.initiating import Answered


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    made = command(
        commands,
        "init",
        "write a configuration from what the backend has of a service, and a few answers",
        "aftergreen init\n"
        "aftergreen init --url http://localhost:9090 --service checkout --print\n"
        "aftergreen init --url http://localhost:9090 --service checkout --tier critical"
        " --rollback kubectl --waive business='internal tool'\n"
        "aftergreen init --update\n"
        "aftergreen init --url http://localhost:9090 --service checkout --explain",
        _run,
    )
    add_config(made)
    _add_backend(made)
    _add_answers(made)
    made.add_argument("--print", action="store_true", help="print the file and write nothing")
    made.add_argument(
        "--update", action="store_true", help="add what a file lacks, and leave the rest as it is"
    )
    made.add_argument("--force", action="store_true", help="replace a file that is there")
    made.add_argument("--yes", action="store_true", help="take what is proposed, and ask nothing")
    made.add_argument(
        "--explain", action="store_true", help="say what recognised what, and why the rest was not taken"
    )


def _add_backend(made: argparse.ArgumentParser) -> None:
    made.add_argument("--url", type=given, help="where the metrics are: a Prometheus API")
    made.add_argument("--url-env", type=given, metavar="VARIABLE", help="the variable that holds the address")
    made.add_argument(
        "--bearer-token-env", type=given, metavar="VARIABLE", help="the variable that holds a token"
    )
    made.add_argument("--bearer-token-file", type=given, metavar="FILE", help="the file that holds a token")
    made.add_argument(
        "--basic-auth-env", type=given, metavar="VARIABLE", help="the variable that holds user:password"
    )
    made.add_argument("--ca-file", type=given, metavar="FILE", help="who signed the backend's certificate")
    made.add_argument("--client-cert", type=given, metavar="FILE", help="a certificate of one's own")
    made.add_argument("--client-key", type=given, metavar="FILE", help="its private key")
    made.add_argument(
        "--header",
        dest="headers",
        type=_pair,
        action=_Table,
        metavar="NAME=VALUE",
        help="a header that says whose metrics are meant, as X-Scope-OrgID=prod",
    )
    made.add_argument(
        "--header-env",
        dest="headers_env",
        type=_pair,
        action=_Table,
        metavar="NAME=VARIABLE",
        help="a header with a secret, and the variable that holds it",
    )


def _add_answers(made: argparse.ArgumentParser) -> None:
    made.add_argument("--service", type=given, metavar="NAME", help="the service, as the backend calls it")
    made.add_argument(
        "--name", type=given, help="what its releases are called (default: as the backend does)"
    )
    made.add_argument("--environment", type=given, metavar="NAME", help="where it runs (default: prod)")
    made.add_argument("--tier", choices=tuple(TIERS), help="how much hangs on it (default: standard)")
    made.add_argument(
        "--where",
        type=_pair,
        action="append",
        default=[],
        metavar="LABEL=VALUE",
        help="a label that its metrics have, where several are called alike",
    )
    made.add_argument(
        "--depends-on",
        type=given,
        action="append",
        default=[],
        metavar="NAME",
        help="an exporter's job that it needs",
    )
    made.add_argument(
        "--business",
        type=given,
        action="append",
        default=[],
        metavar="METRIC",
        help="a counter of the business",
    )
    made.add_argument(
        "--probe",
        type=_indicated,
        action="append",
        default=[],
        metavar="INDICATOR=URL",
        help="what the console connects to by itself, as dependency=tcp://orders-db:5432",
    )
    made.add_argument(
        "--waive",
        type=_indicated,
        action="append",
        default=[],
        metavar="INDICATOR=REASON",
        help="why an indicator needs no signal, as business='internal tool'",
    )
    made.add_argument(
        "--rollback",
        type=given,
        metavar="PRESET|COMMAND|none",
        help="how to go back: kubectl, helm … or a command",
    )


class _Table(argparse.Action):
    """Collects names with their values."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002  # argparse's signature
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,  # noqa: ARG002  # argparse's signature
    ) -> None:
        name, value = cast("tuple[str, str]", values)
        setattr(namespace, self.dest, {**(getattr(namespace, self.dest) or {}), name: value})


def _pair(text: str) -> tuple[str, str]:
    name, between, value = given(text).partition("=")
    if not (between and name.strip() and value.strip()):
        raise argparse.ArgumentTypeError(f"{text!r} is no pair: write NAME=VALUE")
    return name.strip(), value.strip()


def _indicated(text: str) -> tuple[str, str]:
    name, value = _pair(text)
    if name not in tuple(Indicator):
        raise argparse.ArgumentTypeError(f"{name!r} is no indicator: write {listed(Indicator)}")
    return name, value


def _run(arguments: argparse.Namespace) -> int:
    asks: Asks = Nobody() if arguments.yes or not _somebody() else Somebody()
    own = find_paths().instrumentations
    path: Path = arguments.config
    if not arguments.explain:
        _check_place(path)
    try:
        return _proposed(arguments, asks, own)
    except KeyboardInterrupt:
        raise UsageError("interrupted: nothing has been written") from None


def _proposed(arguments: argparse.Namespace, asks: Asks, own: Path) -> int:
    # Only this command proposes anything.
    from aftergreen.output.proposal import explained  # noqa: PLC0415
    from aftergreen.proposal.document import document  # noqa: PLC0415
    from tui.commands.initiating import Conversation  # noqa: PLC0415

    path: Path = arguments.config
    with asyncio.Runner() as runner:
        if arguments.explain:
            with closing(Conversation(arguments, asks, own, runner.run)) as talk:
                explanation = talk.explanation()
            for line in explained(*explanation):
                print(line)
            return 0
        if arguments.update:
            return _update(arguments, asks, own, runner)
        before = _there(path)
        if before is not None and not (arguments.print or arguments.force):
            _may_replace(path, asks)
        with closing(Conversation(arguments, asks, own, runner.run)) as talk:
            answered = talk.answered(_today())
        text = document(answered.draft)
        loads(text, f"{clean(str(path))} as it would be", path.parent)
        return _finish(text, answered, asks, arguments, before)


def _update(arguments: argparse.Namespace, asks: Asks, own: Path, runner: asyncio.Runner) -> int:
    """Add to a file what it lacks; what is there stays to the letter."""
    # Only this command proposes anything.
    from aftergreen.proposal.document import addition  # noqa: PLC0415
    from aftergreen.proposal.lacking import lacking  # noqa: PLC0415
    from tui.commands.initiating import Conversation  # noqa: PLC0415

    path: Path = arguments.config
    name, before, there = clean(str(path)), _there(path), lacking(path)
    if not there.service:
        raise UsageError(f"{name} names no service: give [service] a name, or leave --update away")
    if not there.missing and there.has_rollback:
        print(f"{name} lacks nothing: every indicator has a signal or a reason, and there is a way back")
        return 0
    with closing(Conversation(arguments, asks, own, runner.run, there)) as talk:
        answered = talk.answered(_today())
    added = addition(answered.draft, there.window, rollback=not there.has_rollback)
    text = f"{there.text.rstrip()}\n\n{added}"
    _check_sum(path, text)
    return _finish(text, answered, asks, arguments, before)


def _there(path: Path) -> bytes | None:
    """What a file holds; None where there is none."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def _somebody() -> bool:
    """Whether there is somebody to ask: questions go to stderr, for stdout may be a file."""
    streams = (sys.stdin, sys.stderr)
    return all(stream is not None and stream.isatty() for stream in streams)


def _check_sum(path: Path, text: str) -> None:
    """Raise `ConfigError` unless a file and what is added to it are a whole configuration."""
    name = clean(str(path))
    try:
        loads(text, f"{name} as it would be", path.parent)
    except ConfigError as error:
        if error.faults[0].place.startswith("line "):
            # Both halves are TOML: what is written in one piece cannot be gone on with.
            raise UsageError(
                f"{name} has signals, indicators or a rollback in one piece (as signals = [...]), to which"
                " nothing can be added: write them as tables"
            ) from None
        raise


def _check_place(path: Path) -> None:
    """Raise `UsageError` where no file can be: nobody answers questions for nothing."""
    name = clean(str(path))
    if path.is_dir():
        raise UsageError(f"{name} is a folder: name a file with -c")
    if not path.parent.is_dir():
        raise UsageError(f"{name} has no folder to lie in: make it, or name another file with -c")


def _may_replace(path: Path, asks: Asks) -> None:
    """Raise `UsageError` unless somebody says that the file may go."""
    name = clean(str(path))
    kept = "--update adds what it lacks, --force replaces it, --print only shows"
    question = Question(f"{name} is there already. Replace it (y or n)?", f"{name} is there already", kept)
    if not asks.ask(question, yes_or_no):
        raise UsageError(f"{name} is left as it is: {kept}")


def _finish(
    text: str, answered: Answered, asks: Asks, arguments: argparse.Namespace, before: bytes | None
) -> int:
    """Show what is proposed, or write it and say what comes next.

    ``before`` is what the file held when it was looked at; what somebody wrote since then stays.
    """
    from aftergreen.output.proposal import table  # noqa: PLC0415  # one command's own

    path: Path = arguments.config
    name, draft = clean(str(path)), answered.draft
    columns = shutil.get_terminal_size().columns
    asks.say("", *table(draft, columns, unicode=speaks_unicode()), "")
    if arguments.print:
        print(text, end="")
        _tell_the_same(asks, answered)
        return 0
    question = Question(f"Write {name} (y or n)?", f"{name} is not written", "--yes writes it", default="y")
    if not asks.ask(question, yes_or_no):
        raise UsageError("nothing has been written")
    if _there(path) != before and not arguments.force:
        raise UsageError(f"{name} has changed meanwhile, and is left as it is: start anew")
    write(path, text)
    waived = f", waived: {', '.join(draft.waived)}" if draft.waived else ""
    where = "" if path == CONFIG else f" -c {shlex.quote(name)}"
    print(f"{name} is written: {len(draft.signals)} signals{waived}")
    print(f"next: read it, then  aftergreen check{where}")
    print(f"and after a deployment:  aftergreen watch{where} --version V --previous P")
    _tell_the_same(asks, answered)
    return 0


def _tell_the_same(asks: Asks, answered: Answered) -> None:
    """Tell whoever answered how to have the same without a question."""
    if is_harmless(answered.same):
        asks.say("", "the same without a question:", f"  {answered.same}")


def _today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"


def write(path: Path, text: str) -> None:
    """Put a text in the place of a file in one step; `UsageError` where that cannot be."""
    # A link goes on leading where it leads.
    place = path.resolve()
    beside = ""
    try:
        handle, beside = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
        # As any file that this user makes; one that is replaced keeps what it had.
        Path(beside).chmod(place.stat().st_mode & 0o777 if place.exists() else 0o666 & ~_umask())
        Path(beside).replace(place)
    except OSError as error:
        if beside:
            Path(beside).unlink(missing_ok=True)
        why = clean((error.strerror or "unknown reason").lower())
        raise UsageError(f"{clean(str(path))} cannot be written ({why}): name another file with -c") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
