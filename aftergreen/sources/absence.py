"""When a number that no series stands behind means zero, as far as the queries of an instant tell."""

from __future__ import annotations

import math
from collections.abc import Callable

from aftergreen.model import Ground, Signal
from aftergreen.promql import Witness, newest
from aftergreen.sources.classify import Found
from aftergreen.sources.questions import Questions, there

Lookup = Callable[[str], Found]
"""What was found for a text that was asked already."""


def missing(asked: Questions, look: Lookup) -> bool:
    """Whether no series stands behind the number of the role that may be doubted."""
    if not asked.doubted:
        return False
    answer = look(asked.queries[asked.doubted])
    if answer.failure or answer.partial:
        return False
    if not answer.values:
        return True
    return asked.falls_back and not any(times(look(newest(w.selector))) for w in asked.witnesses)


def unfounded(signal: Signal, asked: Questions, look: Lookup) -> bool:
    """Whether a number has no series, and no query tells that this means zero."""
    return missing(asked, look) and ground(signal, asked, look) is None


def ground(signal: Signal, asked: Questions, look: Lookup) -> Ground | None:
    """Why a number without series means zero, as far as queries tell."""
    if signal.absent_is_zero is not None:
        return Ground.DECLARED
    total = look(asked.totals["numerator"]).values if "numerator" in asked.totals else ()
    if any(total) or (total and not asked.falls_back):
        return Ground.SEEN
    seen = [bool(times(look(newest(witness.selector)))) for witness in asked.witnesses]
    if asked.joins and any(seen) and not all(seen):
        return None
    grounds = [_witnessed(w, look, one) for w, one in zip(asked.witnesses, seen, strict=True)]
    # Without a selector that could be read nothing vouches for anything.
    if not grounds or None in grounds:
        return None
    return Ground.LABEL if Ground.LABEL in grounds else Ground.SEEN


def _witnessed(witness: Witness, look: Lookup, seen: bool) -> Ground | None:  # noqa: FBT001  # a column
    if seen:
        return Ground.SEEN
    return Ground.LABEL if witness.labels and any(look(there(witness.carrying)).values) else None


def times(found: Found) -> list[float]:
    """The times that were found for samples."""
    return [value for value in found.values if math.isfinite(value)]
