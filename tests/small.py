"""The shortest configuration that there is."""

from __future__ import annotations

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
