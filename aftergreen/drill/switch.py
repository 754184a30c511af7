"""The demo's rollback command: ``python -m aftergreen.drill.switch URL VERSION``.

Replaces the instances of the simulated service one by one, as a rolling update does, and says so.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

from aftergreen.clean import clean

_TIMEOUT = 5.0


class SwitchFailed(Exception):
    """The service was not switched as asked; the text says why in one sentence."""


def switch(url: str, version: str) -> None:
    """Replace every instance in turn; raises `SwitchFailed`."""
    told = _ask(url, "/-/instances")
    instances, takes = told.instances, told.takes
    _say(f"rolling checkout-api back to {version}, {len(instances)} instances")
    for number, (instance, running) in enumerate(sorted(instances.items()), 1):
        _say(f"replacing {instance} ({number} of {len(instances)}): {running} by {version}")
        time.sleep(takes)
        _ask(url, "/-/switch", {"version": version, "instance": instance})
        _say(f"{instance} runs {version}")
    _say(f"checkout-api is back on {version}")


def main(arguments: Sequence[str]) -> int:
    """Run the command; the result is its exit code."""
    if len(arguments) != 2:  # noqa: PLR2004  # address and version
        sys.stderr.write("usage: python -m aftergreen.drill.switch URL VERSION\n")
        return 2
    url, version = arguments
    try:
        switch(url, version)
    except SwitchFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


class _Told(NamedTuple):
    """Which instance runs which version, and how many seconds it takes to replace one."""

    instances: Mapping[str, str]
    takes: float


def _ask(url: str, path: str, form: Mapping[str, str] | None = None) -> _Told:
    """Ask the metrics server."""
    # The server is on loopback: a proxy of the environment could not reach it.
    opener = build_opener(ProxyHandler({}))
    body = urlencode(form).encode() if form is not None else None
    try:
        with opener.open(url + path, body, timeout=_TIMEOUT) as answer:
            document: dict[str, Any] = json.load(answer)
            return _Told(dict(document["instances"]), float(document["takes"]))
    except HTTPError as error:
        with error:
            raise SwitchFailed(f"The service was not switched: {_reason(error)}.") from None
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        raise SwitchFailed(
            f"The simulated service at {clean(url)} does not answer: is the demo still running?"
        ) from None


def _say(line: str) -> None:
    # At once, for the console follows the output as it is written.
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _reason(error: HTTPError) -> str:
    try:
        return clean(str(json.load(error)["error"]))
    except (ValueError, KeyError, TypeError):
        return f"HTTP status {error.code}"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
