"""What everyone shares: indicators, signals, rules, readings and the plan of a watch, as frozen values.

Units. Times are seconds since the epoch on the backend's clock, durations are seconds. Values are in the
signal's own unit, except that percentages are fractions: 1 % is 0.01.
"""

from __future__ import annotations

from aftergreen.model.address import Address, without_secrets
from aftergreen.model.plan import (
    ALPHA,
    Automatic,
    Backend,
    BaselinePlan,
    Plan,
    Release,
    RollbackPlan,
    Service,
    Strategy,
    Timing,
)
from aftergreen.model.reading import COMPARED, Ground, Instant, Kind, Reading, View
from aftergreen.model.signal import (
    BaselineSource,
    Condition,
    Indicator,
    Reduce,
    Rule,
    Signal,
    SignalKey,
    Then,
)

__all__ = [
    "ALPHA",
    "COMPARED",
    "Address",
    "Automatic",
    "Backend",
    "BaselinePlan",
    "BaselineSource",
    "Condition",
    "Ground",
    "Indicator",
    "Instant",
    "Kind",
    "Plan",
    "Reading",
    "Reduce",
    "Release",
    "RollbackPlan",
    "Rule",
    "Service",
    "Signal",
    "SignalKey",
    "Strategy",
    "Then",
    "Timing",
    "View",
    "without_secrets",
]
