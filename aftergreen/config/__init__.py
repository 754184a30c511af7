"""The configuration file: read, checked whole, and resolved to a plan."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from aftergreen.clean import clean
from aftergreen.config.decode import decode
from aftergreen.config.extending import Whole, whole
from aftergreen.config.faults import ConfigError, Fault, Faults, listed
from aftergreen.config.file import Document
from aftergreen.config.later import refuse_later_keys
from aftergreen.config.queries import warnings_of
from aftergreen.config.resolve import resolve
from aftergreen.config.toml import LONGEST_PATH, content, parsed
from aftergreen.hidden import hide
from aftergreen.model import Backend, Plan
from aftergreen.paths import example

__all__ = ["ConfigError", "Fault", "keep_secret", "listed", "load", "loads", "warnings_of"]


def load(path: Path) -> Plan:
    """The plan of a configuration file, whose secrets no text shows from now on.

    `ConfigError` with every fault at once.
    """
    origin = clean(str(path), LONGEST_PATH)
    copy = f"or begin with a copy of the example, cp {shlex.quote(str(example()))} {origin}"
    text = content(
        path,
        what="a configuration",
        missing=f"aftergreen init writes one; {copy}, or name another with -c",
        cure="name another file with -c",
    )
    plan = _plan(whole(parsed(text, origin), path.parent, (path.resolve(),)), origin)
    keep_secret(plan.backend)
    return plan


def keep_secret(backend: Backend) -> None:
    """Let no text show the secrets of a backend from now on."""
    hide(*backend.secrets)
    for name in backend.variables:
        value = os.environ.get(name, "").strip()
        # Of user:password either is a secret on its own.
        hide(value, value.partition(":")[2])


def loads(text: str, origin: str = "aftergreen.toml", folder: Path | None = None) -> Plan:
    """The plan of a configuration; ``origin`` names it in errors. `ConfigError` with every fault at once.

    What it extends is looked for from ``folder``, which is that of the file.
    """
    return _plan(whole(parsed(text, origin), folder or Path()), origin)


def _plan(written: Whole, origin: str) -> Plan:
    faults = Faults()
    document = decode(written.raw, faults, Document)
    refuse_later_keys(document, faults)
    plan = resolve(document, faults)
    found = faults.in_order()
    if found:
        raise ConfigError(origin, map(written.placed, found))
    return plan
