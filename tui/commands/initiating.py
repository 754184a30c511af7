"""The way from an address to a file: what is asked on it, and what is taken without asking."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from aftergreen.clean import clean
from aftergreen.config import ConfigError, Fault, keep_secret, listed, loads
from aftergreen.config.tiers import TIERS
from aftergreen.model import Backend, Indicator
from aftergreen.proposal.catalogue import instrumentations
from aftergreen.proposal.document import Draft
from aftergreen.proposal.instrumentation import Instrumentation, whole_but
from aftergreen.proposal.inventory import Inventory
from aftergreen.proposal.lacking import There
from aftergreen.proposal.prospect import ANSWER, PATIENCE, Prospect, name_of
from aftergreen.proposal.recognition import Left, Place, Proposal
from aftergreen.sources.protocol import SourceUnavailable
from tui.commands.covering import Covering
from tui.commands.going_back import going_back
from tui.commands.options import UsageError
from tui.commands.questions import SHOWN, Asks, NoAnswer, Question, alike, numbered, one_of, several_of, some
from tui.commands.repeating import Whose, repeated

T = TypeVar("T")

URL = "http://localhost:9090"

ALL = "all"
"""The value of a label that does not narrow anything down."""

_ENVIRONMENT = ("environment", "env", "stage")
"""Labels whose value is the environment."""

_CREDENTIALS = (
    "bearer_token_env",
    "bearer_token_file",
    "basic_auth_env",
    "ca_file",
    "client_cert",
    "client_key",
    "headers",
    "headers_env",
)
"""Keys of ``[metrics]`` that options of the same names give."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A backend that answers, how the file names it, and what it has."""

    metrics: Mapping[str, Any]
    backend: Backend
    prospect: Prospect
    found: Inventory


@dataclass(frozen=True, slots=True)
class Answered:
    """What the file is made of, and the command line that gives the ``same`` without a question."""

    draft: Draft
    same: str


class Conversation:
    """One run of ``init``, with what options gave and whoever is asked for the rest.

    ``own`` is the folder of a team's instrumentations; ``run`` waits for a step. A file that is ``there``
    already says who the service is, and what it needs no more. Raises `UsageError` and `ConfigError`.
    """

    def __init__(
        self,
        given: argparse.Namespace,
        asks: Asks,
        own: Path,
        run: Callable[[Coroutine[Any, Any, Any]], Any],
        there: There | None = None,
    ) -> None:
        self._given = given
        self._asks = asks
        self._own = own
        self._run = run
        self._there = there
        self._where: dict[str, str] = dict(given.where)
        self._known: tuple[Instrumentation, ...] = instrumentations(own)
        self._prospect: Prospect | None = None

    def close(self) -> None:
        """Let go of connections."""
        if self._prospect is not None:
            self._run(self._prospect.close())
            self._prospect = None

    def explanation(self) -> tuple[Sequence[Instrumentation], Sequence[Proposal], Sequence[Left]]:
        """What is known, what of it is proposed for the service, and what is not."""
        opened = self._backend()
        if not opened.found.services:
            return self._known, (), ()
        service, opened = self._service(opened)
        # Exporters of others are explained whoever needs them.
        wanted = self._given.depends_on or opened.found.dependencies
        looked = self._waits(opened.prospect.looked(opened.found, service, wanted))
        return self._known, looked.proposals, looked.left

    def answered(self, day: str) -> Answered:
        """Everything that a file needs, or needs beside what is there."""
        service, opened = self._service(self._backend())
        needs = self._needs(opened.found, service)
        looked = self._waits(opened.prospect.looked(opened.found, service, needs))
        already = self._there.covered if self._there is not None else frozenset[Indicator]()
        chosen, waived = Covering(self._given, self._asks, looked, service).covered(already)
        tier = self._tier()
        has_way = self._there is not None and self._there.has_rollback
        preset = None
        if not has_way:
            # Where all namespaces are meant, none of them is.
            proposes = bool(self._given.yes)
            preset = going_back(self._asks, self._given.rollback, looked.namespace, proposes=proposes)
        self._asks.say(f"  looking at the last week of {len(chosen)} signals …")
        window, weighed = self._waits(opened.prospect.weighed(opened.found, chosen, tier))
        draft = Draft(
            service=self._called(service),
            environment=self._environment(opened.found, service),
            tier=tier,
            metrics=opened.metrics,
            window=window,
            signals=weighed,
            waived=waived,
            rollback=preset,
            rolls_back=has_way or preset is not None,
            day=day,
        )
        return Answered(draft, repeated(self._given, Whose(service, self._where, needs), draft))

    def _waits(self, step: Coroutine[Any, Any, T]) -> T:
        try:
            result: T = self._run(step)
        except SourceUnavailable as error:
            # Errors of a watch name keys of a file, which is not there yet.
            raise UsageError(f"{error}".replace("metrics.url", "--url")) from None
        return result

    def _backend(self) -> Opened:
        """Where the metrics are, and what is there; asked again while nothing answers."""
        given = self._given
        if self._there is not None and not (given.url or given.url_env):
            return self._opened(self._there.metrics)
        table = {key: value for key in _CREDENTIALS if (value := getattr(given, key))}
        if given.url_env:
            return self._opened({"url_env": given.url_env, **table})
        if given.url:
            return self._opened({"url": given.url, **table})

        def fit(answer: str) -> Opened:
            try:
                return self._opened({"url": answer, **table})
            except UsageError as error:
                raise NoAnswer(str(error)) from None

        question = Question(
            "Where are the metrics (a Prometheus API)?",
            "nobody said where the metrics are",
            "--url URL",
            default=URL if self._asks.present else "",
        )
        return self._asks.ask(question, fit)

    def _opened(self, metrics: Mapping[str, Any]) -> Opened:
        try:
            backend = loads(whole_but(metrics=dict(metrics)), "[metrics]").backend
        except ConfigError as error:
            # Whoever gave options, or an answer, knows no keys of a file.
            raise UsageError("; ".join(_by_option(fault) for fault in error.faults)) from None
        backend = replace(backend, timeout=PATIENCE, answer_limit=ANSWER)
        keep_secret(backend)
        if self._there is None:
            _check_open(backend)
        self._asks.say(f"  reading what {backend.shown} has …")
        prospect, found = self._inventory(backend)
        if not found.names:
            raise UsageError(f"{backend.shown} has no metrics at all: let it scrape the service first")
        many = f"{len(found.names):,} names of metrics, {len(found.services):,} services recognised"
        self._asks.say(f"  {many}")
        return Opened(metrics, backend, prospect, found)

    def _inventory(self, backend: Backend) -> tuple[Prospect, Inventory]:
        narrowed = {label: value for label, value in self._where.items() if value != ALL}
        self.close()
        prospect = self._prospect = Prospect(backend, self._known, narrowed)
        return prospect, self._waits(prospect.inventory())

    def _service(self, opened: Opened) -> tuple[str, Opened]:
        """Whose release is watched; of several that are called so, the one that is meant."""
        service = self._named(opened) if self._given.service else self._chosen(opened)
        while scopes := self._scopes(opened, service):
            label, values = scopes[0]
            text = f"{service} is there with {len(values)} values of {label} ({some(values)})"
            question = Question(
                f"{text}. Which one, or all?", text, f"--where {label}=VALUE, or {label}={ALL}"
            )
            self._where[label] = self._asks.ask(question, one_of((*values, ALL), label))
            prospect, found = self._inventory(opened.backend)
            opened = replace(opened, prospect=prospect, found=found)
        return service, opened

    def _scopes(self, opened: Opened, service: str) -> list[tuple[str, tuple[str, ...]]]:
        """Labels that tell several services of this name from each other, of which nobody spoke yet."""
        found = opened.found.scopes(service)
        return [(label, values) for label, values in found.items() if label not in self._where]

    def _chosen(self, opened: Opened) -> str:
        """The service that somebody chooses of those that are recognised."""
        names = opened.found.services
        if not names:
            raise UsageError(
                f"nothing is recognised of what {opened.backend.shown} has ({len(opened.found.jobs)} jobs):"
                " aftergreen init --explain says what was looked for"
            )
        told = {name: _titles(opened.found.of(name)) for name in names[:SHOWN]}
        self._asks.say("", "Services:", *numbered(names, told))
        usual = self._there.service if self._there is not None else ""
        question = Question(
            "Which service (number, name, or a part of it)?",
            f"nobody said which service ({some(names)})",
            "--service NAME",
            default=usual if usual in names else names[0] if len(names) == 1 else "",
        )
        return self._asks.ask(question, one_of(names, "service"))

    def _named(self, opened: Opened) -> str:
        """The service that an option names, if it is there; `UsageError` with the next step."""
        service, found = self._given.service, opened.found
        if service in found.services:
            return str(service)
        if self._where and not self._given.explain:
            beside = " and ".join(f"{label}={value}" for label, value in self._where.items())
            raise UsageError(
                f"no metrics of {clean(service)} that are recognised have {clean(beside)}: leave --where"
                " away, and it is told which there are"
            )
        if service in found.jobs:
            raise UsageError(
                f"{clean(service)} is scraped, but nothing of what it tells is recognised: add a file"
                f" to {clean(str(self._own))} (docs/init.md), or write aftergreen.toml by hand"
            )
        near = {name for name in (*found.services, *found.jobs) if service.lower() in name.lower()}
        if near:
            raise UsageError(f"{alike(service, sorted(near), 'service')}: name one with --service")
        raise UsageError(
            f"there are no metrics of {clean(service)}: see that it is scraped; there are"
            f" {some(found.services or found.jobs)}"
        )

    def _needs(self, found: Inventory, service: str) -> Sequence[str]:
        """Those whose exporters tell that the service depends on them."""
        names = [name for name in found.dependencies if name != service]
        wanted: Sequence[str] = self._given.depends_on
        for name in wanted:
            if name not in names:
                raise UsageError(f"no exporter tells of {clean(name)}: there are {some(names)}")
        if names and not wanted and self._asks.present:
            told = {name: _titles(found.of_dependencies([name])) for name in names}
            self._asks.say("", "Others are measured that it may depend on:", *numbered(names, told))
            question = Question(
                "Which of them does it need (numbers, or none)?",
                "nobody said what it depends on",
                "--depends-on NAME",
                default="none",
            )
            wanted = self._asks.ask(question, several_of(names, "exporter"))
        return wanted

    def _tier(self) -> str:
        usual = self._there.tier if self._there is not None else ""
        if self._given.tier or usual:
            return str(self._given.tier or usual)
        question = Question(
            f"How much hangs on it: {listed(TIERS)}?",
            "nobody said how much hangs on it",
            "--tier TIER",
            default="standard",
        )
        return self._asks.ask(question, one_of(tuple(TIERS), "tier"))

    def _called(self, service: str) -> str:
        """What the releases are called."""
        there = self._there.service if self._there is not None else ""
        return str(self._given.name or there or name_of(service))

    def _environment(self, found: Inventory, service: str) -> str:
        if self._given.environment:
            return str(self._given.environment)
        seen = {
            labels[label]
            for labels in found.series_of(service)
            for label in _ENVIRONMENT
            if labels.get(label) and not set(labels[label]) & set("/#")
        }
        return seen.pop() if len(seen) == 1 else "prod"


def _by_option(fault: Fault) -> str:
    """A fault of ``[metrics]`` with the option that gives its key."""
    option = fault.place.removeprefix("metrics.").replace("_", "-")
    return replace(fault, place=f"--{option}").sentence()


def _check_open(backend: Backend) -> None:
    """Raise `UsageError` for a secret that would be written into the file."""
    if backend.secret_headers:
        name = next(iter(backend.secret_headers))
        raise UsageError(
            f"the header {clean(name, 60)} holds a secret: put it into a variable, and give --header-env"
            f" {clean(name, 60)}=VARIABLE"
        )
    if not backend.url_env and backend.address.secrets:
        raise UsageError(
            f"the address {backend.shown} holds a secret: put it into a variable, and give --url-env VARIABLE"
        )


def _titles(places: Sequence[Place]) -> str:
    """What is recognised in these places."""
    return ", ".join(dict.fromkeys(place.instrumentation.title for place in places))
