"""The way from an address to a file: what is asked on it, and what is taken without asking."""

from __future__ import annotations

import argparse
import shlex
import shutil
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from aftergreen.clean import clean
from aftergreen.config import ConfigError, keep_secret, listed, loads
from aftergreen.model import Backend, Indicator
from aftergreen.proposal.catalogue import instrumentations
from aftergreen.proposal.document import Draft
from aftergreen.proposal.instrumentation import Instrumentation, alone
from aftergreen.proposal.inventory import Inventory
from aftergreen.proposal.lacking import There
from aftergreen.proposal.prospect import ANSWER, PATIENCE, Looked, Prospect, business_of, probe_of
from aftergreen.proposal.recognition import Left, Proposal
from aftergreen.proposal.weighing import Weighed
from aftergreen.rollback.presets import PRESETS, Preset
from aftergreen.rollback.startable import unstartable
from aftergreen.sources.protocol import SourceUnavailable
from aftergreen.words import indicator_title
from tui.commands.options import UsageError
from tui.commands.questions import SHOWN, Asks, NoAnswer, Question, alike, numbered, one_of

T = TypeVar("T")

URL = "http://localhost:9090"

TIERS = ("critical", "standard", "background")

_SURE = ("kubectl", "helm")
"""Programs that nobody has who does not deploy with them."""

_SCOPE = ("environment", "env", "stage")
"""Labels whose value is the environment."""


@dataclass(frozen=True)
class Agreed:
    """What was found, and what was agreed on it."""

    service: str
    environment: str
    tier: str
    metrics: Mapping[str, Any]
    window: float
    signals: tuple[Weighed, ...]
    waived: Mapping[Indicator, str]
    rollback: Preset | None

    def draft(self, day: str, *, rolls_back: bool = False) -> Draft:
        """What a file is made of; ``rolls_back`` where it has a command already."""
        return Draft(
            service=self.service,
            environment=self.environment,
            tier=self.tier,
            metrics=self.metrics,
            window=self.window,
            signals=self.signals,
            waived=self.waived,
            rollback=self.rollback,
            rolls_back=rolls_back or self.rollback is not None,
            day=day,
        )


class Conversation:
    """One run of ``init``, with what options gave and whoever is asked for the rest.

    ``own`` is the folder of a team's instrumentations; ``run`` waits for a step.
    """

    def __init__(
        self,
        arguments: argparse.Namespace,
        asks: Asks,
        own: Path,
        run: Callable[[Coroutine[Any, Any, Any]], Any],
    ) -> None:
        self._given = arguments
        self._asks = asks
        self._run = run
        self._own = own
        self._known: tuple[Instrumentation, ...] = instrumentations(own)
        self._there: There | None = None
        self._usual = ""

    def go_on(self, there: There) -> None:
        """Take from a file that is there what it says."""
        self._there = there
        self._given.tier = self._given.tier or there.tier
        if self._given.service is None and there.service:
            self._given.name = there.service
            self._usual = there.service

    def explanation(self) -> tuple[Sequence[Instrumentation], Sequence[Proposal], Sequence[Left]]:
        """What is known, what of it is proposed for the service, and what is not."""
        _, backend, prospect, found = self._backend()
        try:
            if not found.services:
                return self._known, (), ()
            service, found, prospect = self._service(backend, prospect, found)
            looked = self._looked(prospect, found, service)
        finally:
            self._waits(prospect.close())
        return self._known, looked.proposals, looked.left

    def agreed(self, already: frozenset[Indicator] = frozenset(), *, rollback: bool = True) -> Agreed:
        """Everything that a file needs; raises `UsageError` where something is not known and nobody is there.

        ``already`` are the indicators of a file that is there, which need nothing.
        """
        metrics, backend, prospect, found = self._backend()
        try:
            service, found, prospect = self._service(backend, prospect, found)
            looked = self._looked(prospect, found, service)
            chosen, waived = self._covered(looked, service, already)
            tier = self._tier()
            preset = self._rollback() if rollback else None
            self._asks.say(f"  looking at the last week of {len(chosen)} signals …")
            window, weighed = self._waits(prospect.weighed(found, chosen, tier))
        finally:
            self._waits(prospect.close())
        environment = self._environment(found, service)
        return Agreed(
            self._given.name or service, environment, tier, metrics, window, weighed, waived, preset
        )

    def _waits(self, step: Coroutine[Any, Any, T]) -> T:
        result: T = self._run(step)
        return result

    def _backend(self) -> tuple[dict[str, Any], Backend, Prospect, Inventory]:
        """Where the metrics are, and what is there; asked again while nothing answers."""
        given = self._given
        if self._there is not None and not (given.url or given.url_env):
            return self._opened(dict(self._there.metrics))
        table = {key: value for key in _CREDENTIALS if (value := getattr(given, key))}
        if given.url_env:
            table["url_env"] = given.url_env
            return self._opened(table)
        if given.url:
            return self._opened({"url": given.url} | table)
        opened: list[tuple[dict[str, Any], Backend, Prospect, Inventory]] = []

        def fit(answer: str) -> str:
            try:
                opened.append(self._opened({"url": answer} | table))
            except (UsageError, ConfigError) as error:
                raise NoAnswer(str(error)) from None
            return answer

        question = Question(
            "Where are the metrics (a Prometheus API)?",
            "nobody said where the metrics are",
            "--url URL",
            default=URL if self._asks.present else "",
        )
        self._asks.ask(question, fit)
        return opened[-1]

    def _opened(self, table: dict[str, Any]) -> tuple[dict[str, Any], Backend, Prospect, Inventory]:
        document = _document({"metrics": table})
        backend = replace(loads(document, "init").backend, timeout=PATIENCE, answer_limit=ANSWER)
        keep_secret(backend)
        self._asks.say(f"  reading what {backend.shown} has …")
        prospect = Prospect(backend, self._known, self._where())
        try:
            found = self._waits(prospect.inventory())
        except SourceUnavailable as error:
            self._waits(prospect.close())
            # Errors of a watch name keys of a file that is not there yet.
            raise UsageError(f"{error}".replace("metrics.url", "--url")) from None
        if not found.names:
            self._waits(prospect.close())
            raise UsageError(f"{backend.shown} has no metrics at all: let it scrape the service first")
        self._asks.say(
            f"  {len(found.names):,} names of metrics, {len(found.services):,} services recognised"
        )
        return table, backend, prospect, found

    def _where(self) -> dict[str, str]:
        return dict(self._given.where)

    def _service(
        self, backend: Backend, prospect: Prospect, found: Inventory
    ) -> tuple[str, Inventory, Prospect]:
        """Whose release is watched; of those that are called so, the one that is meant."""
        names = found.services
        if self._given.service:
            service = self._named(self._given.service, found)
        elif not names:
            raise UsageError(
                f"nothing is recognised of what {backend.shown} has ({len(found.jobs)} jobs):"
                " aftergreen init --explain says what was looked for"
            )
        else:
            told = {name: _whose(found, name) for name in names}
            self._asks.say("", "Services:", *numbered(names, told))
            usual = names[0] if len(names) == 1 else self._usual if self._usual in names else ""
            question = Question(
                "Which service (number, name, or a part of it)?",
                f"nobody said which service ({_some(names)})",
                "--service NAME",
                default=usual,
            )
            service = self._asks.ask(question, one_of(names, "service"))
        for label, values in found.scopes(service).items():
            if label in self._where():
                continue
            where = f"--where {label}=VALUE"
            text = f"{service} is there with {len(values)} values of {label} ({_some(values)})"
            question = Question(f"{text}. Which one?", text, where)
            value = self._asks.ask(question, one_of(values, label))
            self._given.where = [*self._given.where, (label, value)]
            self._waits(prospect.close())
            prospect = Prospect(backend, self._known, self._where())
            found = self._waits(prospect.inventory())
            return self._named(service, found), found, prospect
        return service, found, prospect

    def _named(self, service: str, found: Inventory) -> str:
        """A service that was named, if it is there; raises `UsageError` with the next step."""
        if service in found.services:
            return service
        where = "".join(f", {label}={value}" for label, value in self._where().items())
        if service in found.jobs:
            raise UsageError(
                f"{clean(service)} is scraped{where}, but nothing of what it tells is recognised: add a file"
                f" to {clean(str(self._own))} (docs/init.md), or write aftergreen.toml by hand"
            )
        near = [name for name in (*found.services, *found.jobs) if service.lower() in name.lower()]
        if near:
            raise UsageError(f"{alike(service, sorted(set(near)), 'service')}: name one with --service")
        raise UsageError(
            f"there are no metrics of {clean(service)}{where}: see that it is scraped; there are"
            f" {_some(found.services or found.jobs)}"
        )

    def _looked(self, prospect: Prospect, found: Inventory, service: str) -> Looked:
        names = [name for name in found.dependencies if name != service]
        wanted: list[str] = list(self._given.depends_on)
        for name in wanted:
            if name not in names:
                raise UsageError(f"no exporter tells of {clean(name)}: there are {_some(names)}")
        if names and not wanted and self._asks.present:
            told = {name: _exporter(found, name) for name in names}
            self._asks.say("", "Others are measured that it may depend on:", *numbered(names, told))
            question = Question("Which of them does it need (numbers, or none)?", "", "", default="none")
            wanted = self._asks.ask(question, _several(names)).split("\n")
        return self._waits(prospect.looked(found, service, [name for name in wanted if name]))

    def _covered(
        self, looked: Looked, service: str, already: frozenset[Indicator]
    ) -> tuple[tuple[Proposal, ...], dict[Indicator, str]]:
        """A signal or a reason for every indicator that has none already."""
        waived = {Indicator(name): reason for name, reason in self._given.waive}
        probes = [probe_of(Indicator(name), url, service) for name, url in self._given.probe]
        chosen = [
            one for one in looked.proposals if one.indicator not in already and one.indicator not in waived
        ]
        chosen += [one for one in probes if one.indicator not in already]
        if Indicator.BUSINESS not in already and Indicator.BUSINESS not in waived:
            chosen, reason = self._business(looked, chosen)
            if reason:
                waived[Indicator.BUSINESS] = reason
        covered = {one.indicator for one in chosen} | already | set(waived)
        for indicator in Indicator:
            if indicator in covered:
                continue
            made = self._instead(indicator, service)
            if isinstance(made, str):
                waived[indicator] = made
            else:
                chosen.append(made)
        return _in_order(chosen), {
            one: waived[one] for one in Indicator if one in waived and one not in already
        }

    def _business(self, looked: Looked, chosen: list[Proposal]) -> tuple[list[Proposal], str]:
        """What the business sees: what is recognised, or a counter; otherwise the reason why nothing."""
        given = self._given.business
        others = [one for one in chosen if one.indicator is not Indicator.BUSINESS]
        usual = [one for one in chosen if one.indicator is Indicator.BUSINESS]
        if given:
            for name in given:
                if name not in looked.counters:
                    near = [one for one in looked.counters if name.lower() in one.lower()]
                    hint = alike(name, near, "counter") if near else f"there are {_some(looked.counters)}"
                    raise UsageError(f"the service has no counter {clean(name)}: {hint}")
            return [*others, *(business_of(name, looked.of) for name in given)], ""
        if not self._asks.present and usual:
            return chosen, ""
        if not looked.counters or not self._asks.present:
            return chosen, ""
        return self._asked_business(looked, others, usual)

    def _asked_business(
        self, looked: Looked, others: list[Proposal], usual: list[Proposal]
    ) -> tuple[list[Proposal], str]:
        found, told = list(looked.counters), looked.told
        proposed = ", ".join(one.name for one in usual)
        self._asks.say("", "What does the business see? Counters of the service:", *numbered(found, told))
        question = Question(
            "Which (numbers, a part of the name to search, or none: REASON)?",
            "nobody said what the business sees",
            "--business METRIC, or --waive business=REASON",
            default=proposed,
        )
        listing = list(found)

        def fit(answer: str) -> str:
            if answer == proposed or answer.lower().startswith("none"):
                return answer
            words = answer.replace(",", " ").split()
            if all(word in found for word in words):
                return " ".join(words)
            if all(word.isdecimal() and 1 <= int(word) <= len(listing) for word in words):
                return " ".join(listing[int(word) - 1] for word in words)
            near = [name for name in found if answer.lower() in name.lower()]
            if len(near) == 1:
                return near[0]
            if not near:
                raise NoAnswer(f"no counter has {clean(answer, 60)} in its name")
            listing[:] = near
            raise NoAnswer("\n".join(["these:", *numbered(near, told)]))

        answer = self._asks.ask(question, fit)
        if answer == proposed:
            return [*others, *usual], ""
        if answer.lower().startswith("none"):
            reason = answer[4:].lstrip(" :,-")
            return others, reason or self._reason(Indicator.BUSINESS)
        return [*others, *(business_of(name, looked.of) for name in answer.split())], ""

    def _reason(self, indicator: Indicator) -> str:
        title = indicator_title(indicator).lower()
        return self._asks.ask(
            Question(
                f"Why does it need no signal for {title}?",
                f"there is no signal for {title}",
                f"give --waive {indicator}=REASON",
            ),
            _remark,
        )

    def _instead(self, indicator: Indicator, service: str) -> Proposal | str:
        """What stands in for an indicator that nothing was found for: an address, or a reason."""
        title = indicator_title(indicator).lower()
        probes = indicator in (Indicator.DEPENDENCY, Indicator.LATENCY, Indicator.ERROR_RATE)
        ways = [f"--probe {indicator}=URL"] if probes else []
        ways += ["--business METRIC"] if indicator is Indicator.BUSINESS else []
        what = (
            "An address to connect to (tcp://host:port, https://…), or why it needs"
            if probes
            else "Why does it need"
        )
        question = Question(
            f"Nothing was found for {title}. {what} no signal{'' if probes else '?'}",
            f"nothing was found for {title}",
            f"give {listed([*ways, f'--waive {indicator}=REASON'])}",
        )
        answer = self._asks.ask(question, _probe_or_reason(indicator, service) if probes else _remark)
        return probe_of(indicator, answer, service) if "://" in answer and probes else answer

    def _tier(self) -> str:
        if self._given.tier:
            return str(self._given.tier)
        question = Question(f"How much hangs on it: {listed(TIERS)}?", "", "--tier TIER", default="standard")
        return self._asks.ask(question, one_of(TIERS, "tier"))

    def _rollback(self) -> Preset | None:
        """How to go back: a preset, a command of one's own, or not at all."""
        given = self._given.rollback
        if given:
            try:
                return _going_back(given)
            except NoAnswer as error:
                raise UsageError(str(error)) from None
        installed = [one.name for one in PRESETS if one.name in _SURE and shutil.which(one.program)]
        told = {one.name: shlex.join(one.command) for one in PRESETS}
        self._asks.say("", "Ways to go back:", *numbered([one.name for one in PRESETS], told))
        question = Question(
            "How does it go back (number, name, a command with {service} and {previous}, or none)?",
            "nobody said how to go back",
            "give --rollback PRESET, --rollback 'COMMAND', or --rollback none",
            default=installed[0] if installed else "",
        )
        preset: list[Preset | None] = []

        def fit(answer: str) -> str:
            preset.append(_going_back(answer))
            return answer

        self._asks.ask(question, fit)
        chosen = preset[-1]
        if chosen is not None and (problem := unstartable(chosen.command)):
            self._asks.say(f"  {problem}")
        return chosen

    def _environment(self, found: Inventory, service: str) -> str:
        if self._given.environment:
            return str(self._given.environment)
        named = [value for label, value in self._where().items() if label in _SCOPE]
        own = [place.value for place in found.of(service)]
        seen = {
            labels[label]
            for labels in found.series
            for label in _SCOPE
            if labels.get(label) and any(value in labels.values() for value in own)
        }
        return named[0] if named else seen.pop() if len(seen) == 1 else "prod"


_CREDENTIALS = (
    "bearer_token_env",
    "bearer_token_file",
    "basic_auth_env",
    "ca_file",
    "client_cert",
    "client_key",
    "headers",
)
"""Keys of ``[metrics]`` that options of the same names give."""


def _document(more: Mapping[str, Any]) -> str:
    """A configuration that has this, and nothing else that matters."""
    import tomli_w  # noqa: PLC0415  # one command's own

    usual = {
        "service": {"name": "any"},
        "metrics": {"url": "http://127.0.0.1:1"},
        "indicators": {str(one): {"waived": "any"} for one in Indicator},
    }
    return tomli_w.dumps({**usual, **more})


def _going_back(answer: str) -> Preset | None:
    """The preset, or the command, that an answer means; None for ``none``."""
    if answer.lower() == "none":
        return None
    names = [one.name for one in PRESETS]
    if answer in names or answer.isdecimal():
        found = one_of(names, "way to go back")(answer)
        return next(one for one in PRESETS if one.name == found)
    try:
        command = tuple(shlex.split(answer))
    except ValueError:
        raise NoAnswer("that command has a quote that is never closed") from None
    try:
        loads(_document({"rollback": {"command": list(command)}}), "the command")
    except ConfigError as error:
        raise NoAnswer("; ".join(fault.sentence() for fault in error.faults)) from None
    return Preset("by hand", command, "given by hand")


def _probe_or_reason(indicator: Indicator, service: str) -> Callable[[str], str]:
    def fit(answer: str) -> str:
        if "://" not in answer:
            return _remark(answer)
        try:
            loads(alone(probe_of(indicator, answer, service).table), "the address")
        except ConfigError as error:
            raise NoAnswer("; ".join(fault.sentence() for fault in error.faults)) from None
        return answer

    return fit


def _remark(answer: str) -> str:
    """A reason that a colleague would take for one."""
    if len(answer) < 4:  # noqa: PLR2004  # "no", "n/a" and the like
        raise NoAnswer("say why in a few words: whoever reads the file will ask")
    return answer


def _several(names: Sequence[str]) -> Callable[[str], str]:
    """Takes several of the names or their numbers; one a line, empty for none."""

    def fit(answer: str) -> str:
        if answer.lower() in ("none", "0"):
            return ""
        one = one_of(names, "dependency")
        return "\n".join(dict.fromkeys(one(word) for word in answer.replace(",", " ").split()))

    return fit


def _some(names: Sequence[str]) -> str:
    """A few of many names."""
    if not names:
        return "none"
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(clean(name, 60) for name in names[:SHOWN]) + more


def _whose(found: Inventory, service: str) -> str:
    """What is recognised of a service."""
    return ", ".join(dict.fromkeys(place.instrumentation.title for place in found.of(service)))


def _exporter(found: Inventory, name: str) -> str:
    return ", ".join(dict.fromkeys(place.instrumentation.title for place in found.of_dependencies([name])))


def _in_order(chosen: Sequence[Proposal]) -> tuple[Proposal, ...]:
    return tuple(sorted(chosen, key=lambda one: tuple(Indicator).index(one.indicator)))
