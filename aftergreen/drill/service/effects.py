"""What a fault changes, in a few words."""

from __future__ import annotations

import math
from collections.abc import Iterator

from aftergreen.drill.service.faults import Effect, Fault, On
from aftergreen.units import format_duration, format_value

_FACTORS = ("traffic", "latency", "cpu", "memory", "connections", "business")

_ON = {On.RELEASE: "", On.SERVICE: ", whatever version runs", On.INSTANCE: " on one instance"}


def told(fault: Fault) -> str:
    """What it changes at its full strength, and where: ``errors +8 % on one instance``."""
    return f"{', '.join(_changes(fault.effect))}{_ON[fault.on]}"


def _changes(effect: Effect) -> Iterator[str]:
    if effect.errors:
        yield f"errors +{format_value(effect.errors, '%')}"
    for name in _FACTORS:
        if (factor := getattr(effect, name)) != 1:
            yield f"{name} ×{factor:g}"
    if effect.memory_leak:
        yield f"memory leaks {format_value(effect.memory_leak, 'bytes')} a minute"
    if effect.connection_leak:
        yield f"connections leak, {effect.connection_leak:g} a minute"
    if effect.serves != 1:
        yield "serves nothing" if not effect.serves else f"serves {format_value(effect.serves, '%')}"
    if effect.dependency_latency != 1:
        yield f"{effect.dependency} ×{effect.dependency_latency:g} as slow"
    if effect.dependency_errors:
        yield f"{effect.dependency} fails {format_value(effect.dependency_errors, '%')}"


def course(fault: Fault) -> str:
    """How it comes and goes: ``over 30s``, ``every 2m for 40s``; empty where it comes at once and stays."""
    parts = []
    if fault.ramp:
        parts.append(f"over {format_duration(fault.ramp)}")
    if fault.every:
        parts.append(f"every {format_duration(fault.every)} for {format_duration(fault.lasts)}")
    if math.isfinite(fault.until) and fault.fade:
        parts.append(f"fades in {format_duration(fault.fade)}")
    return ", ".join(parts)
