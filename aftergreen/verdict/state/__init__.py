"""The frozen values of the verdict: what the step function carries from instant to instant."""

from __future__ import annotations

from aftergreen.verdict.state.automatic import Countdown, DryRun, Hold
from aftergreen.verdict.state.baseline import Baseline
from aftergreen.verdict.state.doubt import Doubt, DoubtKind
from aftergreen.verdict.state.event import Event, EventKind, Events, Override
from aftergreen.verdict.state.lacking import (
    CutShort,
    Held,
    Lacking,
    NotBorneOut,
    NotServing,
    SeldomJudged,
    TooShort,
    Unticked,
    WasBreached,
)
from aftergreen.verdict.state.release import ENDED, ReleaseState, Rollback, Setup, State
from aftergreen.verdict.state.rule import EPSILON, Breach, NearMiss, Phase, Receipt, RuleState, Unknown
from aftergreen.verdict.state.signal import Bucket, Counts, Look, LookBack, SignalState, Trace

__all__ = [
    "ENDED",
    "EPSILON",
    "Baseline",
    "Breach",
    "Bucket",
    "Countdown",
    "Counts",
    "CutShort",
    "Doubt",
    "DoubtKind",
    "DryRun",
    "Event",
    "EventKind",
    "Events",
    "Held",
    "Hold",
    "Lacking",
    "Look",
    "LookBack",
    "NearMiss",
    "NotBorneOut",
    "NotServing",
    "Override",
    "Phase",
    "Receipt",
    "ReleaseState",
    "Rollback",
    "RuleState",
    "SeldomJudged",
    "Setup",
    "SignalState",
    "State",
    "TooShort",
    "Trace",
    "Unknown",
    "Unticked",
    "WasBreached",
]
