"""Queries as text: placeholders, selectors, receipts, and what shows that a metric is there. No I/O."""

from aftergreen.promql.queries import (
    METRIC,
    api,
    curl,
    expression,
    gives_rates,
    newest,
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
    "curl",
    "expression",
    "falls_back",
    "gives_rates",
    "joins_terms",
    "newest",
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
