"""What each indicator gets in a new configuration: signals, an address to connect to, or why none."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

from aftergreen.clean import clean
from aftergreen.config import ConfigError, listed, loads
from aftergreen.model import Indicator
from aftergreen.proposal.instrumentation import alone
from aftergreen.proposal.prospect import Looked, business_of, probe_of
from aftergreen.proposal.recognition import Proposal
from aftergreen.words import indicator_title
from tui.commands.options import UsageError
from tui.commands.questions import Asks, NoAnswer, Question, alike, numbered, some

PROBED = (Indicator.ERROR_RATE, Indicator.LATENCY, Indicator.DEPENDENCY)
"""Indicators that a connection tells something of."""

SHORTEST = 4
"""Characters of a reason that says anything: "no" and "n/a" do not."""

Covered = tuple[tuple[Proposal, ...], dict[Indicator, str]]
"""The signals, and of indicators without one the reasons."""


class Covering:
    """Covers the indicators of one service, from what was found, what options gave, and answers."""

    def __init__(self, given: argparse.Namespace, asks: Asks, looked: Looked, service: str) -> None:
        self._given = given
        self._asks = asks
        self._looked = looked
        self._service = service

    def covered(self, already: frozenset[Indicator]) -> Covered:
        """A signal or a reason for every indicator that has none already; `UsageError` without one."""
        waived = {Indicator(name): reason for name, reason in self._given.waive}
        probes = [probe_of(Indicator(name), url, self._service) for name, url in self._given.probe]
        offered = [*self._looked.proposals, *probes]
        chosen: list[Proposal] = []
        for indicator in Indicator:
            if indicator in already or indicator in waived:
                continue
            usual = [one for one in offered if one.indicator is indicator]
            found = self._business(usual) if indicator is Indicator.BUSINESS else usual
            found = found or self._instead(indicator)
            if isinstance(found, str):
                waived[indicator] = found
            else:
                chosen += found
        return tuple(chosen), {one: waived[one] for one in Indicator if one in waived and one not in already}

    def _business(self, usual: Sequence[Proposal]) -> Sequence[Proposal] | str:
        """What the business sees: the counters that were named, or are chosen, or are recognised."""
        looked = self._looked
        for name in self._given.business:
            if name not in looked.counters:
                near = [one for one in looked.counters if name.lower() in one.lower()]
                hint = alike(name, near, "counter") if near else f"there are {some(looked.counters)}"
                raise UsageError(f"the service has no counter {clean(name)}: {hint}")
        if self._given.business:
            return [business_of(name, looked.of) for name in self._given.business]
        if not looked.counters or not self._asks.present:
            return usual
        return self._chosen(usual)

    def _chosen(self, usual: Sequence[Proposal]) -> Sequence[Proposal] | str:
        """What somebody chooses of all counters: by number, by a part of a name, or none of them."""
        looked = self._looked
        listing = list(looked.counters)
        proposed = ", ".join(one.name for one in usual)

        def fit(answer: str) -> Sequence[Proposal] | str:
            if answer == proposed:
                return usual
            if answer.lower() == "none" or answer.lower().startswith(("none:", "none ")):
                return reason(answer[4:].lstrip(" :"))
            names = _picked(answer, looked.counters, listing)
            if names:
                return [business_of(name, looked.of) for name in names]
            near = [name for name in looked.counters if answer.lower() in name.lower()]
            if not near:
                raise NoAnswer(f"no counter has {clean(answer, 60)} in its name")
            listing[:] = near
            raise NoAnswer("\n".join(["these:", *numbered(near, looked.told)]))

        self._asks.say("", "What does the business see? Counters of the service:")
        self._asks.say(*numbered(listing, looked.told))
        question = Question(
            "Which (numbers, a part of the name to search, or none: REASON)?",
            "nobody said what the business sees",
            "--business METRIC, or --waive business=REASON",
            default=proposed,
        )
        return self._asks.ask(question, fit)

    def _instead(self, indicator: Indicator) -> Sequence[Proposal] | str:
        """What stands in for an indicator that nothing was found for: an address, or a reason."""
        title = indicator_title(indicator).lower()
        probed = indicator in PROBED
        ways = [f"--probe {indicator}=URL"] if probed else []
        ways += ["--business METRIC"] if indicator is Indicator.BUSINESS else []
        ways += [f"--waive {indicator}=REASON"]
        asked = "Why does it need none"
        if probed:
            asked = "Type an address to connect to (tcp://host:port, https://…), or why it needs none"
        question = Question(
            f"Nothing was found for {title}. {asked}?",
            f"nothing was found for {title}",
            f"give {listed(ways)}",
        )
        return self._asks.ask(question, self._probe_or_reason(indicator) if probed else reason)

    def _probe_or_reason(self, indicator: Indicator) -> Callable[[str], Sequence[Proposal] | str]:
        def fit(answer: str) -> Sequence[Proposal] | str:
            if "://" not in answer:
                return reason(answer)
            made = probe_of(indicator, answer, self._service)
            try:
                loads(alone(made.table), "the address")
            except ConfigError as error:
                raise NoAnswer("; ".join(fault.sentence() for fault in error.faults)) from None
            return [made]

        return fit


def reason(answer: str) -> str:
    """A reason that a colleague would take for one."""
    if len(answer) < SHORTEST:
        raise NoAnswer("say why in a few words: whoever reads the file will ask")
    return answer


def _picked(answer: str, counters: Sequence[str], listing: Sequence[str]) -> list[str]:
    """The counters that an answer names, by name, number, or the one that has it in its name."""
    words = answer.replace(",", " ").split()
    if all(word in counters for word in words):
        return words
    if all(word.isdecimal() and 1 <= int(word) <= len(listing) for word in words):
        return [listing[int(word) - 1] for word in words]
    near = [name for name in counters if answer.lower() in name.lower()]
    return near if len(near) == 1 else []
