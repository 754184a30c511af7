"""Which release a live watch works on: the open one of its version, or a new one that it seals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from aftergreen.clean import clean
from aftergreen.journal import EntryKind, Record
from aftergreen.journal.codec import decode, encode, seal
from aftergreen.model import BaselineSource, Plan, Release, SignalKey
from aftergreen.preflight.capture import compared_with
from aftergreen.preflight.checks import Finding, PreflightFailed, Severity, deployment_time
from aftergreen.preflight.opening import Opening
from aftergreen.verdict.snapshot import Context
from aftergreen.verdict.state import Baseline, ReleaseState, Setup
from aftergreen.watch.ledger import Ledger
from aftergreen.watch.wanted import Wanted

LONGEST = 4
"""Durations: the watch itself, blind time, an extension, and as much again for a rollback."""


@dataclass(frozen=True, slots=True)
class Joined:
    """What a watch works on.

    ``baseline`` is as the record has it: seals are made over it. ``chosen`` says what was chosen at the
    start of a release that nobody else had opened; empty where nothing was.
    """

    setup: Setup
    context: Context
    baseline: Mapping[str, object]
    chosen: str = ""


async def identified(ledger: Ledger, wanted: Wanted, plan: Plan, now: float) -> tuple[Plan, Release]:
    """The release to watch, and the plan: one of this version that is still open is joined.

    Raises `PreflightFailed` where watching it would end the watch of another that should go on, or where the
    version was rolled back.
    """
    service = plan.service
    newest = await ledger.latest(service.name, service.environment)
    watched = newest.release if newest is not None and newest.ended is None else None
    if newest is not None and watched is not None and watched.version == wanted.version:
        return _as_chosen(plan, wanted, newest), watched
    if newest is not None and _rolled_back(newest, wanted):
        text = (
            f"{clean(newest.release.name)} was rolled back: what runs now is another version. Where"
            f" {wanted.version} was deployed once more, watch it with --again"
        )
        raise PreflightFailed((Finding(Severity.ERROR, text),))
    deployed_at = deployment_time(wanted.deployed_at, now)
    # A release whose console died stays open, and no watch lasts as long as this.
    lasting = watched is not None and now < watched.deployed_at + LONGEST * plan.timing.duration
    if watched is not None and lasting and (wanted.read_only or deployed_at <= watched.deployed_at):
        why = "a read-only console ends no watch" if wanted.read_only else "it was deployed later"
        name, version = clean(watched.name), clean(watched.version)
        text = f"{name} is being watched, and {why}: join it with --version {version}"
        raise PreflightFailed((Finding(Severity.ERROR, text),))
    return plan, Release.of(service, wanted.version, wanted.previous, deployed_at)


def _rolled_back(newest: Record, wanted: Wanted) -> bool:
    """Whether the version was rolled back, and nobody says that it was deployed once more."""
    same = newest.release.version == wanted.version and newest.ended == ReleaseState.ROLLED_BACK.value
    return same and not wanted.again


def _as_chosen(plan: Plan, wanted: Wanted, record: Record) -> Plan:
    """The plan of who joins: with the baseline that was chosen for it, unless another is wanted."""
    if wanted.baseline is not None:
        return plan
    choices = (plan, *(compared_with(plan, source) for source in BaselineSource))
    return next((p for p in choices if seal(p, record.baseline) == record.seal), plan)


async def joined(ledger: Ledger, wanted: Wanted, opening: Opening) -> Joined:
    """Join the release in the journal, or seal it as a new one; who seals records what it begins with."""
    plan, checked = opening.plan, opening.checked
    setup = replace(opening.setup(advice_ends=wanted.advice_ends), looks_on=bool(wanted.read_only))
    begins_with = {
        "advice_ends": setup.advice_ends,
        "looks_on": setup.looks_on,
        "offset": checked.offset,
        "unstartable": setup.unstartable,
        "companions": encode({str(key): list(found) for key, found in setup.companions.items()}),
        "past": encode(list(checked.past.instants)),
    }
    opened = await ledger.open(
        lambda journal: journal.open_release(
            opening.release,
            seal=setup.seal,
            plan=encode(plan),
            baseline=opening.baselines,
            by=wanted.operator,
            at=opening.at,
            body=begins_with,
        )
    )
    record, read_only = opened.record, wanted.read_only
    if opened.joined and seal(plan, record.baseline) != record.seal:
        read_only = read_only or "this configuration differs from the one that was sealed"
        # What it judges is another release than the record's.
        ledger.look_on()
    context = Context(
        operator=wanted.operator,
        offset=checked.offset,
        read_only=read_only,
        journal=await ledger.shared_with(),
    )
    setup = replace(
        setup,
        release=record.release,
        seal=record.seal,
        baselines=_frozen(record.baseline),
        looks_on=bool(read_only),
    )
    chosen = "" if opened.joined else wanted.choice
    if chosen:
        body = {"action": "baseline", "source": str(wanted.baseline)}
        ledger.record(EntryKind.OPERATOR, opening.at, body, wanted.operator)
    return Joined(setup, context, record.baseline, chosen)


def _frozen(recorded: Mapping[str, object]) -> dict[SignalKey, Baseline]:
    return {
        SignalKey(key): decode(body, Baseline) for key, body in recorded.items() if isinstance(body, Mapping)
    }
