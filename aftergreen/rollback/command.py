"""From the configured rollback command to the exact argument list."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from aftergreen.clean import clean
from aftergreen.model import Release, RollbackPlan

PLACEHOLDERS = ("service", "environment", "version", "previous")

_PART = re.compile(r"\{\{|\}\}|\{(?P<name>\w*)\}|[{}]")


def fill(
    command: Sequence[str], *, service: str, environment: str, version: str, previous: str | None
) -> tuple[str, ...]:
    """The argument list with its placeholders filled: one argument stays one, whatever the values hold.

    ``{{`` and ``}}`` are literal braces. ValueError, one sentence with its cure, for an unknown
    placeholder, a single brace, and ``{previous}`` where no previous version is known.
    """
    values = {"service": service, "environment": environment, "version": version, "previous": previous}
    return tuple(_fill(argument, values) for argument in command)


def command_of(plan: RollbackPlan, release: Release) -> tuple[str, ...]:
    """The exact argument list that rolls this release back; ValueError as in `fill`."""
    return fill(
        plan.command,
        service=release.service,
        environment=release.environment,
        version=release.version,
        previous=release.previous,
    )


def _fill(argument: str, values: Mapping[str, str | None]) -> str:
    def part(found: re.Match[str]) -> str:
        text, name = found[0], found["name"]
        if name is None:
            if len(text) == 1:
                raise ValueError(
                    f"The rollback command has a single {text} in {clean(argument)!r}: write {text * 2} for a"
                    " literal one."
                )
            return text[0]
        if name not in values:
            known = ", ".join(f"{{{known}}}" for known in PLACEHOLDERS)
            raise ValueError(
                f"The rollback command has an unknown placeholder {text}: use one of {known}, or write {{{{"
                " and }} for literal braces."
            )
        value = values[name]
        if value is None:
            raise ValueError(
                "The rollback command uses {previous} and the previous version is not known: name it with"
                " --previous."
            )
        return value

    return _PART.sub(part, argument)
