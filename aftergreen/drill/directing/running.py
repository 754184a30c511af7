"""The rehearsals of this host that are under way, so that a facilitator finds them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from aftergreen.clean import clean
from aftergreen.rollback import lock


@dataclass(frozen=True, slots=True)
class Running:
    """One rehearsal: the process of its console, who rehearses, and where it is directed.

    ``token`` is a secret between the two consoles. What is rehearsed stands nowhere here: it may be blind.
    """

    pid: int
    operator: str
    url: str
    token: str


@contextmanager
def announced(running: Running, folder: Path) -> Iterator[None]:
    """Be found in ``folder`` while this lasts; where that cannot be used nobody directs this rehearsal."""
    with ExitStack() as held:
        with suppress(OSError):
            _announce(running, folder, held)
        yield


def _announce(running: Running, folder: Path, held: ExitStack) -> None:
    own = folder / f"{running.pid}.lock"
    # Nobody looks for it before it is locked: it would be taken for one that was left behind.
    new = own.with_suffix(".new")
    held.enter_context(lock.held(new))
    new.write_text(json.dumps(asdict(running)), encoding="utf-8")
    held.callback(_remove, new.rename(own))


def _remove(file: Path) -> None:
    with suppress(OSError):
        file.unlink()


def under_way(folder: Path) -> tuple[Running, ...]:
    """All that are announced there, by process; what an ended console left behind is removed."""
    found = []
    with suppress(OSError):
        found = [one for file in folder.glob("*.lock") if (one := _read(file)) is not None]
    return tuple(sorted(found, key=lambda one: one.pid))


def _read(file: Path) -> Running | None:
    with suppress(OSError, ValueError, TypeError), lock.held(file) as gone:
        if gone:
            file.unlink()
        else:
            told = Running(**json.loads(file.read_text(encoding="utf-8")))
            return Running(int(told.pid), clean(str(told.operator), 60), str(told.url), str(told.token))
    return None
