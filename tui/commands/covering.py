"""What each indicator gets in a new configuration: signals, an address to connect to, or why none."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace

from aftergreen.clean import clean
from aftergreen.config import ConfigError, listed, loads
from aftergreen.model import Indicator
from aftergreen.proposal.instrumentation import LONGEST_NAME, alone
from aftergreen.proposal.prospect import Looked, business_of, metrics_of, probe_of
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
        probes = self._probes()
        measured = {one.indicator for one in probes} | (
            {Indicator.BUSINESS} if self._given.business else set()
        )
        for indicator in waived:
            if indicator in measured:
                raise UsageError(f"{indicator} is waived and measured: leave one of the two away")
        offered = [*self._looked.proposals, *probes]
        chosen: list[Proposal] = []
        lacking: list[str] = []
        for indicator in Indicator:
            if indicator in already or indicator in waived:
                continue
            usual = [one for one in offered if one.indicator is indicator]
            try:
                found = self._business(usual) if indicator is Indicator.BUSINESS else usual
                found = found or self._instead(indicator)
            except UsageError as error:
                if self._asks.present:
                    raise
                # Nobody gives one option after the other: all that is lacking is told at once.
                lacking.append(str(error))
                continue
            if isinstance(found, str):
                waived[indicator] = found
            else:
                chosen += found
        if lacking:
            raise UsageError("\n".join(lacking))
        if not (chosen or already):
            raise UsageError(
                "every indicator is waived, and nothing would be watched: leave one --waive away, or give"
                " --probe INDICATOR=URL for one"
            )
        return tuple(chosen), {one: waived[one] for one in Indicator if one in waived and one not in already}

    def _probes(self) -> list[Proposal]:
        """The addresses that options gave, each under a name of its own."""
        found: dict[tuple[str, str, str], Proposal] = {}
        for name, url in self._given.probe:
            made = probe_of(Indicator(name), url, self._service)
            if made.key in found:
                made = replace(made, table={**made.table, "name": clean(url, LONGEST_NAME)})
            if wrong := _wrong(made, url):
                raise UsageError(f"the address of --probe {name} cannot be: {wrong}")
            found[made.key] = made
        return list(found.values())

    def _business(self, usual: Sequence[Proposal]) -> Sequence[Proposal] | str:
        """What the business sees: the counters that were named, or are chosen, or are recognised."""
        looked = self._looked
        for name in self._given.business:
            if name not in looked.counters:
                near = [one for one in looked.counters if name.lower() in one.lower()]
                hint = alike(name, near, "counter") if near else f"there are {some(looked.counters)}"
                raise UsageError(f"the service has no counter {clean(name)}: {hint}")
        if self._given.business:
            return [business_of(name, looked.of) for name in dict.fromkeys(self._given.business)]
        if not (looked.telling or usual) or not self._asks.present:
            return usual
        return self._chosen(usual)

    def _chosen(self, usual: Sequence[Proposal]) -> Sequence[Proposal] | str:
        """What somebody chooses of all counters: by number, by a part of a name, or none of them."""
        looked = self._looked
        # Those that are proposed first: enter takes them.
        first = metrics_of(usual)
        taken = [name for name in looked.counters if name in first]
        listing = [*taken, *(name for name in looked.telling if name not in first)]
        proposed = " ".join(taken)

        def fit(answer: str) -> Sequence[Proposal] | str:
            if answer == proposed:
                return usual
            if answer.lower() == "none" or answer.lower().startswith(("none:", "none ")):
                return reason(answer)
            names = _picked(answer, looked.counters, listing)
            if names:
                return [business_of(name, looked.of) for name in dict.fromkeys(names)]
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
            if wrong := _wrong(made, answer):
                raise NoAnswer(wrong)
            return [made]

        return fit


def _wrong(probe: Proposal, url: str) -> str:
    """What is wrong with an address that is to be connected to; empty where nothing is."""
    if "://" not in url:
        return f"found {clean(url, 60)}, expected tcp://host:port or https://host/path"
    try:
        loads(alone(probe.table), "the address")
    except ConfigError as error:
        return f"found {error.faults[0].found}, expected {error.faults[0].expected}"
    return ""


def reason(answer: str) -> str:
    """A reason that a colleague would take for one; ``none:`` before it is not part of it."""
    said = answer[4:].lstrip(" :") if answer.lower().startswith(("none:", "none ")) else answer
    if len(said) < SHORTEST or said.lower() == "none" or not any(map(str.isalpha, said)):
        raise NoAnswer("say why in a few words: whoever reads the file will ask")
    return said


def _picked(answer: str, counters: Sequence[str], listing: Sequence[str]) -> list[str]:
    """The counters that an answer names, by name, number, or the one that has it in its name."""
    words = answer.replace(",", " ").split()
    if all(word in counters for word in words):
        return words
    if all(word.isdecimal() and 1 <= int(word) <= len(listing) for word in words):
        return [listing[int(word) - 1] for word in words]
    near = [name for name in counters if answer.lower() in name.lower()]
    return near if len(near) == 1 else []
