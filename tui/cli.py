"""The command line. Only the commands that open a screen import Textual."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from traceback import format_exc
from typing import NoReturn

from aftergreen.clean import clean, clean_lines
from aftergreen.clock import SystemClock
from aftergreen.config import ConfigError
from aftergreen.journal import JournalError
from aftergreen.paths import NoPlace
from aftergreen.preflight.checks import PreflightFailed
from aftergreen.verdict.ending import ExitCode
from tui.capabilities import speak_ascii, speak_utf8, speaks_unicode
from tui.commands import check, demo, drill, gate, history, init, paths, watch
from tui.commands.options import EXIT_CODES, UsageError, named
from tui.streams import OutputLost, discard_output, streams


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; the entry point of ``aftergreen``."""
    words = _times_ago(sys.argv[1:] if argv is None else argv)
    # JSON is read by machines, and is UTF-8 wherever they are.
    as_json = "--json" in words
    with streams():
        if not speaks_unicode():
            speak_ascii(*([sys.stderr] if as_json else [sys.stdout, sys.stderr]))
        if as_json:
            speak_utf8(sys.stdout)
        try:
            code = _ended(words)
            sys.stdout.flush()
        except BrokenPipeError:
            # Whoever read our lines is gone; what Python would still flush has nowhere to go.
            discard_output()
            return ExitCode.ABANDONED
        except OutputLost as error:
            print(error, file=sys.stderr)
            discard_output()
            return ExitCode.INTERNAL
    return code


def _ended(words: Sequence[str]) -> int:
    """The exit code of a command, once everything that is wrong was told."""
    try:
        arguments = _parsed(words)
        code: int = arguments.run(arguments)
    except SystemExit as left:
        # Help and completion leave so.
        return int(left.code or 0)
    except Misused as error:
        print(error.usage + str(error), file=sys.stderr)
        return _refused(words, ExitCode.USAGE, [str(error)])
    except (ConfigError, JournalError, NoPlace, UsageError) as error:
        print(error, file=sys.stderr)
        return _refused(words, ExitCode.USAGE, str(error).splitlines())
    except PreflightFailed as error:
        for finding in error.findings:
            print(finding.text, file=sys.stderr)
        return _refused(words, ExitCode.PREFLIGHT, [finding.text for finding in error.findings])
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return _refused(words, ExitCode.ABANDONED, ["interrupted"])
    except (BrokenPipeError, OutputLost):
        raise
    except Exception as error:  # noqa: BLE001  # whatever it is, machines get their last line, and nobody a secret
        print(clean_lines(format_exc()), end="", file=sys.stderr)
        return _refused(words, ExitCode.INTERNAL, [f"internal error: {type(error).__name__}"])
    return code


def _refused(words: Sequence[str], code: ExitCode, texts: Sequence[str]) -> ExitCode:
    """Tell machines that wait for a verdict that there is none; the exit code."""
    if "gate" in words[:1] and "--json" in words:
        from aftergreen.output.jsonl import print_refused  # noqa: PLC0415  # the console needs neither

        print_refused(code, texts, SystemClock().now())
    return code


class Misused(Exception):
    """A command line that is none; ``usage`` shows what one is."""

    def __init__(self, usage: str, text: str) -> None:
        super().__init__(text)
        self.usage = usage


class _Parser(argparse.ArgumentParser):
    """Says what is wrong without ending the program, and without what drives a terminal."""

    def error(self, message: str) -> NoReturn:
        """Raise `Misused`."""
        raise Misused(self.format_usage(), f"{self.prog}: error: {clean(message)}")


def parser() -> argparse.ArgumentParser:
    """The whole command line as argparse knows it."""
    root = _Parser(
        prog="aftergreen",
        description="Watch a release after its pipeline turned green.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    root.add_argument("--version", nargs=0, action=_Version, help="print the installed version and leave")
    root.add_argument(
        "--print-completion",
        choices=("bash", "zsh", "tcsh"),
        action=_Completion,
        help="print the completion script of a shell and leave",
    )
    commands = root.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    # In the order of the help.
    for one in (init, watch, gate, demo, drill, check, history, paths):
        one.add(commands)
    return root


def _parsed(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments; releases may stand between options, of which argparse takes only the first group."""
    root = parser()
    arguments, left = root.parse_known_args(argv)
    if left and (not hasattr(arguments, "releases") or any(word.startswith("-") for word in left)):
        root.error(f"unrecognized arguments: {' '.join(left)}")
    try:
        arguments.releases = [*getattr(arguments, "releases", ()), *map(named, left)]
    except argparse.ArgumentTypeError as error:
        root.error(str(error))
    return arguments


def _times_ago(argv: Sequence[str]) -> list[str]:
    """``--deployed-at -3m`` with its two words joined: argparse would take the time ago for a flag."""
    joined: list[str] = []
    for argument in argv:
        if joined and joined[-1] == "--deployed-at" and argument[:1] == "-" and argument[1:2].isdigit():
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


class _Version(argparse.Action):
    """Prints the installed version; reading an installation's metadata costs more than most commands."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,  # noqa: ARG002  # argparse's signature
        values: str | Sequence[object] | None,  # noqa: ARG002  # argparse's signature
        option_string: str | None = None,  # noqa: ARG002  # argparse's signature
    ) -> None:
        from importlib.metadata import version  # noqa: PLC0415  # late on purpose

        print(f"aftergreen {version('aftergreen')}")
        parser.exit()


class _Completion(argparse.Action):
    """Prints a completion script made from the very parser that reads the command line."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,  # noqa: ARG002  # argparse's signature
        values: str | Sequence[object] | None,
        option_string: str | None = None,  # noqa: ARG002  # argparse's signature
    ) -> None:
        import shtab  # noqa: PLC0415  # needed once in the life of an installation

        print(shtab.complete(parser, str(values)))
        parser.exit()


if __name__ == "__main__":
    sys.exit(main())
