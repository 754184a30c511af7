"""What a watch does, and of which release."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256

from aftergreen.hidden import MASK
from aftergreen.model.address import Address, is_called_secret, without_secrets
from aftergreen.model.signal import BaselineSource, Indicator, Signal, SignalKey

ALPHA = 0.001
"""How often chance alone may ever pass for evidence, unless a configuration says otherwise."""


OPEN_HEADERS = frozenset(
    {"accept", "accept-language", "accountid", "content-type", "projectid", "user-agent"}
)
"""Headers, in lower case, whose values are no secrets, beside those that name one of `OPEN_PARTS`."""

OPEN_PARTS = ("cluster", "environment", "namespace", "org-id", "orgid", "region", "tenant", "team")
"""Parts of the names of headers that tell whose metrics are meant; all other values are secrets."""


_RECORDED = re.compile(r"#[0-9a-f]{4}$")
"""How a recorded address ends of which something is not shown; no address itself has a fragment."""


def _is_open(header: str) -> bool:
    named = any(part in header for part in OPEN_PARTS) and not is_called_secret(header)
    return named or header in OPEN_HEADERS


class Strategy(StrEnum):
    """How the new version replaces the old one."""

    ROLLING = "rolling"
    BLUE_GREEN = "blue-green"
    CANARY = "canary"


class Automatic(StrEnum):
    """Whether a release is rolled back without a person: for real, or only on the record."""

    OFF = "off"
    ON = "on"
    DRY_RUN = "dry-run"


@dataclass(frozen=True, slots=True)
class Service:
    """Whose release is watched. ``running`` is a query by version that counts serving instances.

    ``runbook`` and ``on_call`` are for whoever stands before a release that rolling back did not mend.
    """

    name: str
    environment: str = "prod"
    tier: str = "standard"
    running: str | None = None
    runbook: str | None = None
    on_call: str | None = None


@dataclass(frozen=True, slots=True)
class Backend:
    """Where the metrics are and how to authenticate.

    Secrets are named here; those that are held, in the address and in headers, are in no `repr`, and the
    journal gets `public`. ``url_env`` names the variable that ``url`` was read from. ``headers_env`` names
    the variables that hold headers. ``answer_limit`` is in bytes: what is larger is no answer to a question
    about one number.
    """

    url: str = field(repr=False)
    timeout: float = 5.0
    lag: float = 2.0
    bearer_token_env: str | None = None
    bearer_token_file: str | None = None
    basic_auth_env: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    answer_limit: int = 4 * 1024 * 1024
    url_env: str | None = None
    headers_env: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> Address:
        """Where it is, by its parts."""
        return Address.of(self.url)

    @property
    def shown(self) -> str:
        """The address as it may be shown: by the variable that holds it, or without what looks secret."""
        return f"${self.url_env}" if self.url_env else without_secrets(self.url)

    @property
    def secret_headers(self) -> Mapping[str, str]:
        """Headers whose values are no one's business: all but those that name a tenant or a client."""
        return {name: value for name, value in self.headers.items() if not _is_open(name.lower())}

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables that hold secrets."""
        names = (self.bearer_token_env, self.basic_auth_env, self.url_env, *self.headers_env.values())
        return tuple(dict.fromkeys(name for name in names if name))

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets that are held here."""
        address = self.address
        parts = address.secrets
        if self.url_env:
            host = () if address.is_here else (address.host,)
            parts = (*parts, self.url, *host, address.path, *address.path.split("/"))
        return (*parts, *self.secret_headers.values())

    def public(self) -> Backend:
        """The same without secrets, for the record and its seal.

        Two addresses that are shown alike are told apart by a few bits of what is not shown, too few to try
        guesses by.
        """
        masked = {
            name: MASK if name in self.secret_headers else value for name, value in self.headers.items()
        }
        url = self.shown
        if url != self.url and not _RECORDED.search(self.url):
            url += f"#{sha256(self.url.encode('utf-8', 'replace')).hexdigest()[:4]}"
        return replace(self, url=self.url if _RECORDED.search(self.url) else url, headers=masked)


@dataclass(frozen=True, slots=True)
class Timing:
    """The table ``[watch]``: how long, from when and how often; all in seconds."""

    duration: float = 900.0
    warmup: float = 60.0
    rollout: float = 0.0
    interval: float = 15.0
    window: float = 60.0


@dataclass(frozen=True, slots=True)
class BaselinePlan:
    """The range that the baseline is captured from: ``window`` long, ending ``gap`` before the deployment.

    ``zone`` names the time zone whose clock says when it was the same time on another day; where it is
    empty, a day has 24 hours.
    """

    source: BaselineSource = BaselineSource.BEFORE
    window: float = 1800.0
    gap: float = 120.0
    zone: str = ""


@dataclass(frozen=True, slots=True)
class RollbackPlan:
    """The command that goes back. ``command`` still holds its placeholders.

    ``pass_env`` names the variables with this program's own credentials that it is given all the same.
    ``irreversible`` says what going back does not undo. Where it is run without a person (``automatic``),
    everybody has ``grace`` seconds to hold it.
    """

    command: tuple[str, ...]
    strategy: Strategy = Strategy.ROLLING
    timeout: float = 300.0
    verify_within: float = 300.0
    pass_env: tuple[str, ...] = ()
    irreversible: str = ""
    automatic: Automatic = Automatic.OFF
    grace: float = 10.0


@dataclass(frozen=True, slots=True)
class Plan:
    """A configuration as it is evaluated: read, checked, resolved; sealed when the watch begins."""

    service: Service
    backend: Backend
    timing: Timing
    baseline: BaselinePlan
    signals: tuple[Signal, ...]
    waived: Mapping[Indicator, str] = field(default_factory=dict)
    rollback: RollbackPlan | None = None
    journal: str | None = None
    alpha: float = ALPHA

    @property
    def automatic(self) -> Automatic:
        """Whether a release is rolled back without a person."""
        return Automatic.OFF if self.rollback is None else self.rollback.automatic

    def of(self, indicator: Indicator) -> tuple[Signal, ...]:
        """The signals of one indicator, in the order of the file."""
        return tuple(signal for signal in self.signals if signal.indicator is indicator)

    def signal(self, key: SignalKey) -> Signal:
        """The signal of that name; KeyError where the plan has none."""
        for signal in self.signals:
            if signal.key == key:
                return signal
        raise KeyError(key)


@dataclass(frozen=True, slots=True)
class Release:
    """The identity of a watch: service, environment, version and a running number."""

    service: str
    environment: str
    version: str
    previous: str | None
    deployed_at: float
    number: int = 0

    @classmethod
    def of(cls, service: Service, version: str, previous: str | None, deployed_at: float) -> Release:
        """A release of a service that the journal has not numbered yet."""
        return cls(service.name, service.environment, version, previous, deployed_at)

    @property
    def name(self) -> str:
        """How commands name it: ``checkout-api/prod/v2.4.1#7``."""
        return f"{self.service}/{self.environment}/{self.version}#{self.number}"
