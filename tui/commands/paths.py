"""``aftergreen paths``: where everything is that this user has."""

from __future__ import annotations

import argparse
from pathlib import Path

from aftergreen.clean import clean
from aftergreen.config.toml import LONGEST_PATH
from aftergreen.paths import find_paths
from tui.commands.options import Commands, add_journal, command


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    summary = "where configuration, journal, settings, own themes and an example are"
    made = command(commands, "paths", summary, "aftergreen paths", _run)
    add_journal(made)


def _run(arguments: argparse.Namespace) -> int:
    paths = find_paths(journal=arguments.journal)
    rows = (
        ("configuration", f"{Path('aftergreen.toml').absolute()}"),
        ("journal", f"{paths.journal} ({paths.journal_from})"),
        ("settings", str(paths.settings)),
        ("own themes", str(paths.themes)),
        ("instrumentations", str(paths.instrumentations)),
        ("rollback output", str(paths.outputs)),
        ("drill results", str(paths.results)),
        ("an example", str(paths.example)),
    )
    for name, place in rows:
        print(f"{name:<18}{clean(place, LONGEST_PATH)}")
    return 0
