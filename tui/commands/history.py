"""``aftergreen history``: the releases that the journal holds, and how they ended."""

from __future__ import annotations

import argparse
import json
from unicodedata import normalize

from aftergreen.config import load
from aftergreen.paths import find_paths
from tui.commands.options import Commands, add_journal, command, file


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    made = command(
        commands,
        "history",
        "past releases, how they ended, and what dry runs would have rolled back",
        "aftergreen history\naftergreen history --service checkout-api --json",
        _run,
    )
    made.add_argument("-c", "--config", type=file, metavar="FILE", help="of its service, in its journal")
    made.add_argument("--service", default="", help="of this service only")
    made.add_argument("--environment", default="", help="of this environment only")
    add_journal(made)
    made.add_argument("--json", action="store_true", help="a JSON object for each, newest first")


def _run(arguments: argparse.Namespace) -> int:
    from aftergreen.output.history import history_lines, past_releases  # noqa: PLC0415  # one command's own

    plan = load(arguments.config) if arguments.config is not None else None
    place = find_paths(journal=arguments.journal, configured=plan.journal if plan else None).journal
    service = normalize("NFC", arguments.service) or (plan.service.name if plan else "")
    found = past_releases(place, service=service, environment=arguments.environment)
    lines = (json.dumps(past.body) for past in found) if arguments.json else history_lines(found)
    for line in lines:
        print(line)
    return 0
