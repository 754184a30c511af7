"""The configuration file as it is written: one class a table, one field a key, absent keys None.

Field names are the keys of the file, except those that Python does not allow (`KEYS`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NewType

from aftergreen.model import Automatic, BaselineSource, Indicator, Reduce, Strategy, Then

Seconds = NewType("Seconds", float)
"""A duration with its unit."""
Share = NewType("Share", float)
"""A percentage, as a fraction."""
Size = NewType("Size", int)
"""A number of bytes, with its unit or without."""
Name = NewType("Name", str)
"""A short text on one line."""
Line = NewType("Line", str)
"""A text on one line that may be longer than a name."""
Remark = NewType("Remark", str)
"""A text that is shown and nothing else."""
Variable = NewType("Variable", str)
"""The name of an environment variable."""
Variables = NewType("Variables", tuple[str, ...])
"""The names of environment variables."""
Headers = NewType("Headers", dict[str, str])
HeaderVariables = NewType("HeaderVariables", dict[str, str])
"""The names of environment variables, by the header whose value each holds."""
Arguments = NewType("Arguments", tuple[str, ...])

KEYS = {
    "for_": "for",
    "error_rate": "error-rate",
}
"""Keys that are no Python names, by their field."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number or a number with its unit; what it means depends on the unit of its signal."""

    written: str | float


@dataclass(frozen=True, slots=True)
class ServiceTable:
    name: Name | None = None
    environment: Name | None = None
    tier: Literal["critical", "standard", "background"] | None = None
    running: str | None = None
    runbook: Line | None = None
    on_call: Line | None = None


@dataclass(frozen=True, slots=True)
class MetricsTable:
    url: str | None = None
    timeout: Seconds | None = None
    lag: Seconds | None = None
    bearer_token_env: Variable | None = None
    bearer_token_file: str | None = None
    basic_auth_env: Variable | None = None
    headers: Headers | None = None
    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    answer_limit: Size | None = None
    url_env: Variable | None = None
    headers_env: HeaderVariables | None = None


@dataclass(frozen=True, slots=True)
class WatchTable:
    duration: Seconds | None = None
    warmup: Seconds | None = None
    rollout: Seconds | None = None
    interval: Seconds | None = None
    window: Seconds | None = None


@dataclass(frozen=True, slots=True)
class BaselineTable:
    source: BaselineSource | None = None
    window: Seconds | None = None
    gap: Seconds | None = None
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class EvidenceTable:
    alpha: Share | None = None


@dataclass(frozen=True, slots=True)
class RuleTable:
    above: Quantity | None = None
    below: Quantity | None = None
    above_baseline: Share | None = None
    below_baseline: Share | None = None
    by_at_least: Quantity | None = None
    per_request: bool | None = None
    for_: Seconds | None = None
    then: Then | None = None
    clear: Quantity | None = None
    clear_for: Seconds | None = None
    fast: bool | None = None
    climbing_for: Seconds | None = None
    exhausts_within: Seconds | None = None
    capacity: Quantity | None = None
    silent_for: Seconds | None = None


@dataclass(frozen=True, slots=True)
class SignalTable:
    indicator: Indicator | None = None
    name: Name | None = None
    query: str | None = None
    count: str | None = None
    numerator: str | None = None
    denominator: str | None = None
    events: bool | None = None
    reduce: Reduce | None = None
    probe: str | None = None
    unit: Name | None = None
    window: Seconds | None = None
    baseline: BaselineSource | None = None
    dependency: Name | None = None
    kind: Literal["database", "cache", "broker", "service"] | None = None
    absent_is_zero: Remark | None = None
    rules: tuple[RuleTable, ...] | None = None


@dataclass(frozen=True, slots=True)
class IndicatorTable:
    waived: Remark | None = None


@dataclass(frozen=True, slots=True)
class IndicatorsTable:
    error_rate: IndicatorTable = field(default_factory=IndicatorTable)
    latency: IndicatorTable = field(default_factory=IndicatorTable)
    saturation: IndicatorTable = field(default_factory=IndicatorTable)
    dependency: IndicatorTable = field(default_factory=IndicatorTable)
    business: IndicatorTable = field(default_factory=IndicatorTable)

    def of(self, indicator: Indicator) -> IndicatorTable:
        """The table of one indicator."""
        table: IndicatorTable = getattr(self, indicator.name.lower())
        return table


@dataclass(frozen=True, slots=True)
class RollbackTable:
    strategy: Strategy | None = None
    command: Arguments | None = None
    timeout: Seconds | None = None
    verify_within: Seconds | None = None
    pass_env: Variables | None = None
    irreversible: Line | None = None
    automatic: Automatic | None = None
    grace: Seconds | None = None


@dataclass(frozen=True, slots=True)
class JournalTable:
    path: str | None = None


@dataclass(frozen=True, slots=True)
class NoticesTable:
    urls_env: Variable | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """The whole file. ``extends`` is the path of one whose tables and signals lie beneath it."""

    extends: str | None = None
    service: ServiceTable = field(default_factory=ServiceTable)
    metrics: MetricsTable = field(default_factory=MetricsTable)
    watch: WatchTable = field(default_factory=WatchTable)
    baseline: BaselineTable = field(default_factory=BaselineTable)
    evidence: EvidenceTable = field(default_factory=EvidenceTable)
    signals: tuple[SignalTable, ...] = ()
    indicators: IndicatorsTable = field(default_factory=IndicatorsTable)
    rollback: RollbackTable | None = None
    journal: JournalTable = field(default_factory=JournalTable)
    notices: NoticesTable = field(default_factory=NoticesTable)
