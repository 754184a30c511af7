"""Queries as text: placeholders, selectors, receipts, and what shows that a metric is there. No I/O."""

from aftergreen.promql.curl import api, curl
from aftergreen.promql.queries import (
    METRIC,
    bucket_selectors,
    ends_with_its_range,
    expression,
    gives_rates,
    newest,
    one_line,
    reach,
    reaches,
    samples,
    selector_text,
    selectors,
    stands_alone,
    substitute,
    syntax_error,
    worst_of,
)
from aftergreen.promql.witnesses import Witness, falls_back, joins_terms, witnesses

__all__ = [
    "METRIC",
    "Witness",
    "api",
    "bucket_selectors",
    "curl",
    "ends_with_its_range",
    "expression",
    "falls_back",
    "gives_rates",
    "joins_terms",
    "newest",
    "one_line",
    "reach",
    "reaches",
    "samples",
    "selector_text",
    "selectors",
    "stands_alone",
    "substitute",
    "syntax_error",
    "witnesses",
    "worst_of",
]
