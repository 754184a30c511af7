"""The command line. Only the commands that open a screen import Textual."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from aftergreen.clock import SystemClock
from aftergreen.config import ConfigError
from aftergreen.journal import JournalError
from aftergreen.preflight.checks import PreflightFailed
from aftergreen.verdict.ending import ExitCode
from tui.capabilities import speak_ascii, speaks_unicode
from tui.commands import check, demo, drill, gate, history, paths, watch
from tui.commands.options import EXIT_CODES, UsageError, named


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; the entry point of ``aftergreen``."""
    arguments = _parsed(_times_ago(sys.argv[1:] if argv is None else argv))
    # JSON is read by machines, and is UTF-8 wherever they are.
    if not (speaks_unicode() or getattr(arguments, "json", False)):
        speak_ascii()
    try:
        code: int = arguments.run(arguments)
    except (ConfigError, JournalError, UsageError) as error:
        print(error, file=sys.stderr)
        return ExitCode.USAGE
    except PreflightFailed as error:
        for finding in error.findings:
            print(finding.text, file=sys.stderr)
        if getattr(arguments, "json", False):
            from aftergreen.output.jsonl import print_refused  # noqa: PLC0415  # the console needs neither

            print_refused(error.findings, SystemClock().now())
        return ExitCode.PREFLIGHT
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return ExitCode.ABANDONED
    except BrokenPipeError:
        # Whoever read our lines is gone; what Python would still flush has nowhere to go.
        sys.stderr.close()
        return ExitCode.ABANDONED
    return code


def parser() -> argparse.ArgumentParser:
    """The whole command line as argparse knows it."""
    root = argparse.ArgumentParser(
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
    commands = root.add_subparsers(metavar="COMMAND", required=True, parser_class=argparse.ArgumentParser)
    # In the order of the help.
    for one in (watch, gate, demo, drill, check, history, paths):
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
