"""The command line. Only the commands that open a screen import Textual."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from aftergreen.clock import SystemClock
from aftergreen.config import ConfigError, load
from aftergreen.journal import JournalError
from aftergreen.model import BaselineSource
from aftergreen.paths import find_paths
from aftergreen.preflight.checks import PreflightFailed
from aftergreen.verdict.ending import ExitCode, exit_code
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.watch.session import Session, operator_name
from aftergreen.watch.wanted import Report, Wanted
from tui.when import parse_when

EXIT_CODES = """\
exit codes:
  0 finished · 10 unproven · 20 rolled back and recovered · 21 rolled back, not recovered
  22 rollback failed · 23 rollback advised, none ran · 30 abandoned
  1 internal error · 2 usage or configuration · 3 preflight failed"""


SPEEDS = (0.1, 60.0)
"""How slow and how fast the demo's time may run; faster, a machine does not keep up with its instants."""


class UsageError(Exception):
    """Options that contradict each other; the text says the cure."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; the entry point of ``aftergreen``."""
    arguments = parser().parse_args(_times_ago(sys.argv[1:] if argv is None else argv))
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


def _times_ago(argv: Sequence[str]) -> list[str]:
    """``--deployed-at -3m`` with its two words joined: argparse would take the time ago for a flag."""
    joined: list[str] = []
    for argument in argv:
        if joined and joined[-1] == "--deployed-at" and argument[:1] == "-" and argument[1:2].isdigit():
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def parser() -> argparse.ArgumentParser:
    """The whole command line as argparse knows it."""
    root = _parser("aftergreen", "Watch a release after its pipeline turned green.", EXIT_CODES)
    root.add_argument("--version", nargs=0, action=_Version, help="print the installed version and leave")
    root.add_argument(
        "--print-completion",
        choices=("bash", "zsh", "tcsh"),
        action=_Completion,
        help="print the completion script of a shell and leave",
    )
    commands = root.add_subparsers(metavar="COMMAND", required=True, parser_class=argparse.ArgumentParser)

    watch = _command(
        commands,
        "watch",
        "the console: watch a release on the screen",
        "aftergreen watch --version v2.4.1 --previous v2.4.0\n"
        "aftergreen watch -c checkout.toml --version v2.4.1 --deployed-at -3m --read-only",
        _watch,
    )
    _add_release(watch)
    watch.add_argument("--no-mouse", action="store_true", help="do not ask the terminal for mouse reports")

    gate = _command(
        commands,
        "gate",
        "the same watch without a screen, for pipelines",
        "aftergreen gate --version v2.4.1 --previous v2.4.0 --json\n"
        "aftergreen gate --history --version v2.4.1 --deployed-at 2026-03-01T14:02:10+01:00",
        _gate,
    )
    _add_release(gate)
    gate.add_argument("--json", action="store_true", help="JSON Lines on stdout")
    gate.add_argument("--history", action="store_true", help="judge a past release from the stored metrics")

    demo = _command(
        commands,
        "demo",
        "the console on a simulated service whose new version goes bad",
        "aftergreen demo",
        _demo,
    )
    demo.add_argument("--seed", type=int, default=7, help="seed of the simulation (default: %(default)s)")
    demo.add_argument("--speed", type=_speed, default=8.0, help="how fast time runs (default: %(default)g)")
    demo.add_argument("--json", action="store_true", help="without a screen, as JSON Lines")
    demo.add_argument("--no-mouse", action="store_true", help="do not ask the terminal for mouse reports")

    check = _command(
        commands,
        "check",
        "preflight: every finding at once, each with its cure",
        "aftergreen check\naftergreen check -c checkout.toml --previous v2.4.0",
        _check,
    )
    _add_config(check)
    check.add_argument("--version", default="unreleased", help="the version to be deployed")
    check.add_argument("--previous", help="the version that runs now")

    paths = _command(
        commands, "paths", "where configuration, journal, themes and logs are", "aftergreen paths", _paths
    )
    paths.add_argument("--journal", help="as in watch")
    return root


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


def _parser(prog: str, description: str, epilog: str) -> argparse.ArgumentParser:
    formatter = argparse.RawDescriptionHelpFormatter
    return argparse.ArgumentParser(
        prog=prog, description=description, epilog=epilog, formatter_class=formatter, allow_abbrev=False
    )


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    summary: str,
    examples: str,
    run: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    shown = "\n".join(f"  {line}" for line in examples.splitlines())
    command = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=f"examples:\n{shown}\n\n{EXIT_CODES}" if name != "paths" else f"examples:\n{shown}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.set_defaults(run=run)
    return command


def _add_config(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "-c",
        "--config",
        type=Path,
        default=Path("aftergreen.toml"),
        metavar="FILE",
        help="the configuration (default: ./aftergreen.toml)",
    )


def _add_release(command: argparse.ArgumentParser) -> None:
    _add_config(command)
    command.add_argument("--version", required=True, help="the version that was deployed")
    command.add_argument("--previous", help="the version it replaced, and a rollback returns to")
    command.add_argument(
        "--deployed-at",
        type=_when,
        metavar="WHEN",
        help="when its first instance served: now, -3m, or an ISO 8601 time (default: now)",
    )
    command.add_argument(
        "--baseline",
        type=BaselineSource,
        choices=tuple(BaselineSource),
        metavar="SOURCE",
        help=f"what to compare with: {', '.join(BaselineSource)} (default: as configured)",
    )
    command.add_argument("--read-only", action="store_true", help="watch without being able to act")
    command.add_argument("--operator", metavar="NAME", help="who is watching (default: user@host)")
    command.add_argument("--journal", metavar="FILE", help="the journal (default: see aftergreen paths)")


def _when(text: str) -> Callable[[float], float]:
    try:
        return parse_when(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


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


def _wanted(arguments: argparse.Namespace, *, advice_ends: bool) -> Wanted:
    return Wanted(
        version=arguments.version,
        previous=arguments.previous,
        deployed_at=arguments.deployed_at or parse_when("now"),
        operator=operator_name(arguments.operator),
        read_only="--read-only was given" if arguments.read_only else "",
        advice_ends=advice_ends,
        baseline=arguments.baseline,
    )


def _session(arguments: argparse.Namespace, *, advice_ends: bool) -> Session:
    plan = load(arguments.config)
    paths = find_paths(journal=arguments.journal, configured=plan.journal)
    return Session(plan, _wanted(arguments, advice_ends=advice_ends), SystemClock(), paths)


def _on_terminal() -> bool:
    # Textual draws on stderr.
    return all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def _watch(arguments: argparse.Namespace) -> int:
    if not _on_terminal():
        return _run_gate(_session(arguments, advice_ends=True), as_json=False)
    from tui.console import run_console  # noqa: PLC0415  # only a screen needs Textual

    return run_console(_session(arguments, advice_ends=False), mouse=not arguments.no_mouse)


def _gate(arguments: argparse.Namespace) -> int:
    session = _session(arguments, advice_ends=True)
    if not arguments.history:
        return _run_gate(session, as_json=arguments.json)
    if arguments.deployed_at is None:
        raise UsageError("--history judges a past release: say when it was deployed with --deployed-at")
    from aftergreen.watch.late import judged_late  # noqa: PLC0415  # the rarer way

    report = _report(as_json=arguments.json)
    snapshot = asyncio.run(
        judged_late(
            session.plan,
            session.wanted,
            source=session.source(),
            clock=session.clock,
            report=report,
            journal=session.paths.journal,
        )
    )
    return _close(snapshot, as_json=arguments.json)


def _demo(arguments: argparse.Namespace) -> int:
    from aftergreen.drill.demo import start_demo  # noqa: PLC0415  # only the demo needs a simulation

    screen = _on_terminal() and not arguments.json
    with ExitStack() as parts:
        demo = start_demo(seed=arguments.seed, speed=arguments.speed)
        parts.callback(demo.close)
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="aftergreen-demo-")))
        session = demo.session(folder, operator=operator_name(None), advice_ends=not screen)
        if not screen:
            return _run_gate(session, as_json=arguments.json)
        from tui.console import run_console  # noqa: PLC0415  # only a screen needs Textual

        return run_console(session, mouse=not arguments.no_mouse, clean_up=parts.close)


def _check(arguments: argparse.Namespace) -> int:
    from aftergreen.output.check import check  # noqa: PLC0415  # one command's own
    from aftergreen.sources import live_source  # noqa: PLC0415  # imports the HTTP client

    plan = load(arguments.config)
    checked, lines = asyncio.run(
        check(
            plan,
            live_source(plan),
            SystemClock(),
            version=arguments.version,
            previous=arguments.previous,
            journal=find_paths(configured=plan.journal).journal,
        )
    )
    for line in lines:
        print(line)
    return 0 if checked.passed else ExitCode.PREFLIGHT


def _paths(arguments: argparse.Namespace) -> int:
    paths = find_paths(journal=arguments.journal)
    rows = (
        ("configuration", f"{Path('aftergreen.toml').absolute()}"),
        ("journal", f"{paths.journal} ({paths.journal_from})"),
        ("settings", str(paths.settings)),
        ("own themes", str(paths.themes)),
        ("logs", str(paths.logs)),
        ("rollback output", str(paths.outputs)),
    )
    for name, place in rows:
        print(f"{name:<16}{place}")
    return 0


def _report(*, as_json: bool) -> Report:
    # The console needs neither.
    from aftergreen.output.jsonl import json_report  # noqa: PLC0415
    from aftergreen.output.plain import plain_report  # noqa: PLC0415

    return json_report() if as_json else plain_report()


def _run_gate(session: Session, *, as_json: bool) -> int:
    async def run() -> Snapshot:
        watch = session.watch(_report(as_json=as_json))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, lambda: watch.abandon(by=session.wanted.operator))
        return await watch.run()

    return _close(asyncio.run(run()), as_json=as_json)


def _close(snapshot: Snapshot, *, as_json: bool) -> int:
    # The console needs neither.
    from aftergreen.output.jsonl import print_finish  # noqa: PLC0415
    from aftergreen.output.plain import print_card  # noqa: PLC0415

    if as_json:
        print_finish(snapshot)
    else:
        print_card(snapshot)
    return exit_code(snapshot.state)


if __name__ == "__main__":
    sys.exit(main())
