"""Between frozen values and strict JSON, and the seal over a plan and its baseline.

Strict JSON has no infinities and no NaN, and a probe that is down reads as infinite: such numbers are
written as the words ``"inf"``, ``"-inf"`` and ``"nan"``.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import TypeVar, cast

from cattrs.errors import BaseValidationError
from cattrs.gen import make_dict_unstructure_fn, override
from cattrs.preconf.json import make_converter

from aftergreen.journal.protocol import JournalError
from aftergreen.model import (
    Backend,
    BaselinePlan,
    Instant,
    Plan,
    Reading,
    RollbackPlan,
    Rule,
    Service,
    Signal,
    SignalKey,
)
from aftergreen.verdict.state import Baseline

T = TypeVar("T")


def _number(value: float) -> float | str:
    # Whole numbers become floats, so that 900 and 900.0 give the same seal.
    return float(value) if math.isfinite(value) else str(float(value))


_CONVERTER = make_converter()
_CONVERTER.register_unstructure_hook(float, _number)
# Instants are the bulk of a journal: what a reading does not say is not written.
for _bulk in (Reading, Instant):
    _CONVERTER.register_unstructure_hook(
        _bulk, make_dict_unstructure_fn(_bulk, _CONVERTER, _cattrs_omit_if_default=True)
    )
# A later version that seals the same gives the same seal: what it added is written where it says something.
# A value comes before those that hold it.
_ADDED: Mapping[type, tuple[str, ...]] = {
    Rule: ("by_share", "per_request"),
    Signal: ("absent_is_zero",),
    Baseline: ("exceeded", "repeated"),
    BaselinePlan: ("zone",),
    Service: ("runbook", "on_call"),
    Backend: ("answer_limit", "url_env", "headers_env"),
    RollbackPlan: ("pass_env", "irreversible", "automatic", "grace"),
}
for _sealed, _names in _ADDED.items():
    _omitted = {name: override(omit_if_default=True) for name in _names}
    _CONVERTER.register_unstructure_hook(
        _sealed,
        make_dict_unstructure_fn(_sealed, _CONVERTER, **_omitted),  # type: ignore[arg-type]  # named attributes
    )


# A record, and the seal over it, say which backend was asked, and by what headers, never with what secrets.
_backend = _CONVERTER.get_unstructure_hook(Backend)
_CONVERTER.register_unstructure_hook(Backend, lambda backend: _backend(backend.public()))


def encode(value: object) -> dict[str, object]:
    """A frozen value (`Plan`, `Release`, `Instant`), or a mapping of such, as a strict JSON object."""
    return cast("dict[str, object]", _CONVERTER.unstructure(value))


def decode(data: Mapping[str, object], kind: type[T]) -> T:
    """The value that `encode` wrote; `JournalError` where the data are not of that kind."""
    try:
        return _CONVERTER.structure(data, kind)
    except (BaseValidationError, TypeError, ValueError, KeyError) as error:
        raise JournalError(
            f"The journal holds something that this version cannot read as {kind.__name__}:"
            " use the version of Aftergreen that wrote it."
        ) from error


def dumps(body: Mapping[str, object]) -> str:
    """Canonical strict JSON: sorted keys, no spaces, ASCII only; ValueError for NaN and infinities."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)


def seal(plan: Plan, baseline: Mapping[SignalKey, object] | Mapping[str, object]) -> str:
    """The hash (SHA-256, hexadecimal) over a plan and the baseline that was frozen with it."""
    text = dumps({"plan": encode(plan), "baseline": encode(baseline)})
    return hashlib.sha256(text.encode()).hexdigest()
