"""From the tables of a scenario's file to the scenario, with everything that must be true between them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_args

from aftergreen.clean import clean
from aftergreen.config.faults import Faults, listed, shown
from aftergreen.drill.scenario.file import (
    ClockTable,
    Document,
    ExpectedTable,
    FaultTable,
    OutageTable,
    ReleaseTable,
    State,
    TruthTable,
)
from aftergreen.drill.scenario.model import (
    Cause,
    ClockStep,
    Decision,
    Expected,
    Exposure,
    Outage,
    Scenario,
    Truth,
)
from aftergreen.drill.service.behaviour import Behaviour
from aftergreen.drill.service.faults import Effect, Fault, On
from aftergreen.drill.service.simulated import Simulation
from aftergreen.model import Indicator
from aftergreen.units import parse_quantity


def resolve(document: Document, name: str, faults: Faults) -> Scenario:
    """The scenario of the document; only to be used where the faults stayed empty."""
    texts = {"title": "what it is called", "trains": "what it trains", "story": "what happens"}
    for key, what in texts.items():
        if getattr(document, key) is None:
            faults.add(key, "nothing", f"{what}, in a sentence")
    if document.service.at_once is not None and not document.service.worker:
        faults.add("service.at_once", f"{document.service.at_once:g}", "worker = true beside it")
    simulation = _simulation(document, faults)
    _check_exposure(document.release, simulation.instances, faults)
    release = document.release
    given = {
        "exposure": release.exposure,
        "each": release.each,
        "canaries": release.canaries,
        "starts": release.at,
        "rollback": document.rollback.outcome,
    }
    return Scenario(
        name=name,
        title=document.title or "",
        trains=document.trains or "",
        story=(document.story or "").strip(),
        truth=_truth(document.truth, faults),
        expected=_expected(document.expected, faults),
        simulation=simulation,
        outage=_outage(document.outage, faults),
        clock_step=_clock_step(document.clock, faults),
        configuration=document.configuration,
        **_known(given),
    )


def _known(given: Mapping[str, object]) -> dict[str, Any]:
    """What the file says; for all else the defaults of the model hold."""
    return {key: value for key, value in given.items() if value is not None}


def _check_exposure(table: ReleaseTable, instances: int, faults: Faults) -> None:
    if table.canaries is not None and table.exposure is not Exposure.CANARY:
        faults.add("release.canaries", str(table.canaries), 'exposure = "canary" beside it')
    elif table.exposure is Exposure.CANARY and (table.canaries or 1) >= instances:
        faults.add("release.canaries", str(table.canaries or 1), f"fewer than service.instances, {instances}")
    if table.each is not None and table.exposure in (None, Exposure.BLUE_GREEN):
        faults.add("release.each", f"{table.each:g}s", 'exposure = "rolling" or "canary" beside it')


def _truth(table: TruthTable, faults: Faults) -> Truth:
    for key, of in (("indicator", (*Indicator, "none")), ("cause", Cause), ("decision", Decision)):
        if getattr(table, key) is None:
            faults.add(f"truth.{key}", "nothing", listed(f'"{word}"' for word in of))
    if table.decision is Decision.ROLL_BACK and table.until is None:
        expected = "until when rolling back is in time, counted from the deployment"
        faults.add("truth.until", "nothing", expected)
    if table.until is not None and table.hurts is not None and table.hurts > table.until:
        faults.add("truth.hurts", f"{table.hurts:g}s", "no later than truth.until")
    return Truth(
        indicator=Indicator(table.indicator) if table.indicator not in (None, "none") else None,
        cause=table.cause or Cause.NOBODY,
        decision=table.decision or Decision.KEEP,
        until=table.until,
        hurts=table.hurts,
    )


def _expected(table: ExpectedTable, faults: Faults) -> Expected:
    if table.state is None:
        faults.add("expected.state", "nothing", listed(f'"{state}"' for state in get_args(State)))
    for key, other in (("leading", "by"), ("by", "leading")):
        if getattr(table, key) is not None and getattr(table, other) is None:
            faults.add(f"expected.{other}", "nothing", f"expected.{other} beside expected.{key}")
    return Expected(table.state or "", table.leading or "", table.by)


def _simulation(document: Document, faults: Faults) -> Simulation:
    table = document.service
    given = {
        "requests": table.requests,
        "error_rate": table.errors,
        "cluster": table.together,
        "retries": table.retries,
        "pool": table.pool,
    }
    normal = Behaviour(**_known(given))
    if table.together is not None and table.together < 1:
        faults.add("service.together", f"{table.together:g}", "1 or more failures that come together")
    more = {
        "instances": table.instances,
        "daily": table.daily,
        "worker": table.worker,
        "at_once": table.at_once,
        "renamed": _renamed(document.release, faults),
    }
    return Simulation(
        normal=normal,
        faults=tuple(_fault(one, f"faults[{n}]", faults) for n, one in enumerate(document.faults)),
        **_known(more),
    )


def _fault(table: FaultTable, place: str, faults: Faults) -> Fault:
    at, until = table.at or 0.0, math.inf if table.until is None else table.until
    if table.at is None:
        faults.add(f"{place}.at", "nothing", "when it begins, counted from the deployment")
    if until <= at:
        faults.add(f"{place}.until", f"{until:g}s", f"later than at, which is {at:g}s")
    if table.fade is not None and table.until is None:
        faults.add(f"{place}.fade", f"{table.fade:g}s", "until beside it, from when on it fades")
    if (table.every is None) != (table.lasts is None):
        missing = "every" if table.every is None else "lasts"
        faults.add(f"{place}.{missing}", "nothing", "every and lasts, or neither")
    elif table.every is not None and table.lasts is not None and not 0 < table.lasts < table.every:
        faults.add(f"{place}.lasts", f"{table.lasts:g}s", f"less than every, which is {table.every:g}s")
    if table.latency is not None and table.latency <= 0:
        faults.add(f"{place}.latency", "0", "a factor above 0: nothing takes no time")
    effect = _effect(table, place, faults)
    if effect == Effect(dependency=effect.dependency) and not _broken(faults, place):
        expected = 'something that it changes, such as errors = "5%"'
        faults.add(place, "a fault that changes nothing", expected)
    return Fault(
        at=at,
        effect=effect,
        on=table.on or On.RELEASE,
        ramp=table.ramp or 0.0,
        until=until,
        fade=table.fade or 0.0,
        every=table.every or 0.0,
        lasts=table.lasts or 0.0,
    )


def _broken(faults: Faults, place: str) -> bool:
    return any(fault.place.startswith(f"{place}.") for fault in faults.in_order())


def _effect(table: FaultTable, place: str, faults: Faults) -> Effect:
    given = {one.name: value for one in fields(Effect) if (value := getattr(table, one.name)) is not None}
    if table.dependency is None and {"dependency_latency", "dependency_errors", "waited"} & set(given):
        faults.add(f"{place}.dependency", "nothing", "the dependency that is slow or fails")
    if table.memory_leak is not None:
        try:
            given["memory_leak"] = parse_quantity(table.memory_leak.written, "bytes")
        except ValueError as error:
            found, expected = shown(table.memory_leak.written), str(error).removeprefix("expected ")
            faults.add(f"{place}.memory_leak", found, expected)
            del given["memory_leak"]
    return Effect(**given)


def _renamed(table: ReleaseTable, faults: Faults) -> Mapping[str, str]:
    renamed: Mapping[str, Any] = table.renamed or {}
    for label, name in renamed.items():
        if not isinstance(name, str) or not name.isidentifier():
            faults.add(f"release.renamed.{clean(label, 60)}", shown(name), "the new name of this label")
            return {}
    return renamed


def _outage(table: OutageTable | None, faults: Faults) -> Outage | None:
    if table is None:
        return None
    for key in ("at", "until"):
        if getattr(table, key) is None:
            faults.add(f"outage.{key}", "nothing", "a time, counted from the deployment")
    at, until = table.at or 0.0, table.until or 0.0
    if table.at is not None and table.until is not None and until <= at:
        faults.add("outage.until", f"{until:g}s", f"later than outage.at, which is {at:g}s")
    return Outage(at, until)


def _clock_step(table: ClockTable | None, faults: Faults) -> ClockStep | None:
    if table is None:
        return None
    for key, what in (("at", "when the clock is set"), ("by", 'by how much, such as "-90s"')):
        if getattr(table, key) is None:
            faults.add(f"clock.{key}", "nothing", what)
    return ClockStep(table.at or 0.0, table.by or 0.0)
