"""The shortest configuration that there is."""

from __future__ import annotations

import re

SMALL = """
[service]
name = "shop"
[metrics]
url = "https://metrics.example/prometheus/"
[[signals]]
indicator = "error-rate"
name = "failed"
numerator = "sum(increase(failed[$window]))"
denominator = "sum(increase(requests[$window]))"
  [[signals.rules]]
  above = "2%"
  for = "1m"
  then = "warn"
[indicators]
latency.waived = "batch job"
saturation.waived = "batch job"
dependency.waived = "none"
business.waived = "internal tool"
"""


def with_signal(head: str) -> str:
    """The same with one more signal, whose indicator is then no longer waived."""
    indicator = re.search(r'indicator = "(.*?)"', head)
    assert indicator
    return re.sub(rf"(?m)^{indicator[1]}\.waived.*\n", "", SMALL) + f'\n[[signals]]\nname = "x"\n{head}\n'
