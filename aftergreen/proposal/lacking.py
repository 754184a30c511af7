"""What a file that is there lacks of a whole configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aftergreen.clean import clean
from aftergreen.config import ConfigError
from aftergreen.config.decode import decode
from aftergreen.config.extending import whole
from aftergreen.config.faults import Faults
from aftergreen.config.file import Document
from aftergreen.config.toml import LONGEST_PATH, content, parsed
from aftergreen.model import Indicator, Timing


@dataclass(frozen=True, slots=True)
class There:
    """A file as it is; ``covered`` are the indicators that it has a signal or a reason for.

    ``window`` is the look-back of its watch in seconds.
    """

    text: str
    service: str
    tier: str
    metrics: Mapping[str, Any]
    covered: frozenset[Indicator]
    has_rollback: bool
    window: float

    @property
    def missing(self) -> tuple[Indicator, ...]:
        """The indicators that have neither a signal nor a reason."""
        return tuple(one for one in Indicator if one not in self.covered)


def lacking(path: Path) -> There:
    """What is in a file, whatever it lacks; `ConfigError` where what it has cannot be used."""
    origin = clean(str(path), LONGEST_PATH)
    text = content(
        path,
        what="a configuration to be added to",
        missing="leave --update away, and a new one is written",
        cure="name another file with -c",
    )
    raw = whole(parsed(text, origin), path.parent).raw
    faults = Faults()
    document = decode(raw, faults, Document)
    if found := faults.in_order():
        raise ConfigError(origin, found)
    measured = {signal.indicator for signal in document.signals if signal.indicator}
    waived = {one for one in Indicator if document.indicators.of(one).waived}
    return There(
        text=text,
        service=document.service.name or "",
        tier=document.service.tier or "standard",
        metrics=raw.get("metrics", {}),
        covered=frozenset(measured | waived),
        has_rollback=document.rollback is not None and document.rollback.command is not None,
        window=Timing().window if document.watch.window is None else document.watch.window,
    )
