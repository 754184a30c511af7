"""What no series stands behind: a real Prometheus, an old and a new version, and names that are not there."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from aftergreen.model import Backend, Condition, Ground, Indicator, Kind, Rule, Signal, Then, View
from aftergreen.sources.prometheus import PrometheusSource
from tests.e2e.pages import page
from tests.e2e.servers import Prometheus

pytestmark = [pytest.mark.e2e, pytest.mark.prometheus]

OLD, NEW = "v1", "v2"
WINDOW = 5.0


def old_version(age: float) -> str:
    return "\n".join(
        (
            "# TYPE http_requests_total counter",
            f'http_requests_total{{version="{OLD}",code="200"}} {int(age * 90)}',
            f'http_requests_total{{version="{OLD}",code="500"}} {int(age)}',
            f'calls_total{{version="{OLD}",outcome="ok"}} {int(age * 50)}',
            # A counter with labels has no series before its first failure, but a page that names it.
            "# TYPE only_old_failures_total counter",
            f'mails_sent{{version="{OLD}"}} {int(age)}',
            "",
        )
    )


def new_version(age: float) -> str:
    return "\n".join(
        (
            "# TYPE http_requests_total counter",
            f'http_requests_total{{version="{NEW}",status="200"}} {int(age * 90)}',
            f'http_requests_total{{version="{NEW}",status="500"}} {int(age * 6)}',
            f'calls_total{{version="{NEW}",outcome="ok"}} {int(age * 50)}',
            "# TYPE orders_failed_total counter",
            f'writes_failed_total{{version="{NEW}"}} {int(age * 3)}',
            f'mails_sent{{release="{NEW}"}} {int(age)}',
            "",
        )
    )


@dataclass(frozen=True, slots=True)
class Served:
    """A Prometheus, a time at which it saw the old version, and when it saw the new one."""

    url: str
    before: float
    deployed_at: float


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("absence")
    with page(old_version) as old, page(new_version) as new:
        targets = [{"labels": {"job": "shop"}, "targets": [old.address]}]
        with Prometheus(folder, targets) as server:
            server.wait_for(f'http_requests_total{{version="{OLD}"}}', 0.0)
            server.wait_for(f'http_requests_total{{version="{OLD}"}}', time.time() + 2)
            before = time.time()
        targets = [{"labels": {"job": "shop"}, "targets": [new.address]}]
        again = Prometheus(folder, targets)
        with again:
            again.wait_for(f'http_requests_total{{version="{NEW}"}}', 0.0)
            deployed_at = round(time.time(), 3)
            again.wait_for(f'http_requests_total{{version="{NEW}"}}', deployed_at + WINDOW + 2)
            yield Served(again.url, before, deployed_at)


@pytest.fixture
async def source(served: Served) -> AsyncIterator[PrometheusSource]:
    opened = PrometheusSource(Backend(served.url))
    yield opened
    await opened.close()


REQUESTS = 'sum(increase(http_requests_total{version="$version"}[$window]))'
CALLS = 'sum(increase(calls_total{version="$version"}[$window]))'


def ratio(numerator: str, denominator: str = CALLS, *, absent_is_zero: str | None = None) -> Signal:
    return Signal(
        Indicator.ERROR_RATE,
        "failed",
        "%",
        WINDOW,
        numerator=numerator,
        denominator=denominator,
        events=True,
        absent_is_zero=absent_is_zero,
    )


def above(query: str) -> Signal:
    rules = (Rule(Condition.ABOVE, 5.0, 60.0, Then.ROLLBACK),)
    return Signal(Indicator.BUSINESS, "failed mails", "/min", WINDOW, rules, query=query)


FAILED = ',outcome=~"5.."'
LOST = ',outcome="lost"'


def failing(metric: str, label: str = "") -> str:
    inside = f'version="$version"{label}'
    return f"sum(increase({metric}{{{inside}}}[$window]))"


@pytest.mark.parametrize(
    ("signal", "kind", "named"),
    [
        # Another status of the same metric is there: nothing failed.
        (ratio(failing("calls_total", ',outcome="failed"')), Kind.ZERO, ()),
        (ratio(failing("calls_total", ',outcome=~"failed|lost"')), Kind.ZERO, ()),
        # The case renamed-label.
        (
            ratio(failing("http_requests_total", ',code=~"5.."'), REQUESTS),
            Kind.ABSENT,
            ("label code", "before the deployment they had code, now they have status instead"),
        ),
        # The case absent-numerator.
        (
            ratio(failing("http_request_total", ',code=~"5.."'), REQUESTS),
            Kind.ABSENT,
            ("no series of http_request_total", "the nearest name is http_requests_total"),
        ),
        (ratio(failing("call_total", ',outcome="failed"')), Kind.ABSENT, ("nearest name is calls_total",)),
        # A counter that is born with the first failure: the page of the new version names it.
        (ratio(failing("orders_failed_total")), Kind.ZERO, ()),
        # That the old version's page named one says nothing about the new version.
        (ratio(failing("only_old_failures_total")), Kind.ABSENT, ("no series of only_old_failures_total",)),
        (ratio(failing("nonesuch_total"), absent_is_zero="one in a blue moon"), Kind.ZERO, ()),
        # A number that is given for nothing is no number.
        (ratio(f"{failing('call_total')} or vector(0)"), Kind.ABSENT, ("nearest name is calls_total",)),
        (
            ratio(f"{failing('calls_total', FAILED)} or vector(0)"),
            Kind.VALUE,
            (),
        ),
        (above(f"{failing('mail_sent')} or vector(0)"), Kind.ABSENT, ("nearest name is mails_sent",)),
        (above(f"{failing('writes_failed_total')} or vector(0)"), Kind.VALUE, ()),
        # PromQL adds nothing to nothing, whatever the other term says.
        (
            ratio(f"{failing('writes_failed_total')} + {failing('calls_total', LOST)}"),
            Kind.ABSENT,
            ("one of its terms has no series", "join them by `or`"),
        ),
        (
            ratio(f"{failing('writes_failed_total')} or {failing('calls_total', LOST)}"),
            Kind.VALUE,
            (),
        ),
    ],
)
async def test_no_failures_are_none_only_where_something_says_so(
    source: PrometheusSource, served: Served, signal: Signal, kind: Kind, named: tuple[str, ...]
) -> None:
    view, at = View(NEW, served.deployed_at), round(served.deployed_at + WINDOW + 1, 3)
    now = (await source.read([signal], at, view)).readings[signal.key]
    assert now.kind is kind, now
    assert all(part in now.detail for part in named), now.detail
    assert (now.total is None) == (kind is Kind.ABSENT or not signal.events)
    # Asked again later, the same instants say the same.
    (later,) = await source.history([signal], [at], view)
    assert later.readings[signal.key] == now


async def test_before_the_deployment_it_is_told_what_an_absence_would_mean(
    source: PrometheusSource, served: Served
) -> None:
    signals = {
        "seen": ratio(failing("http_requests_total", ',code=~"5.."'), REQUESTS),
        "label": ratio(failing("calls_total", ',outcome="failed"')),
        "metadata": ratio(failing("orders_failed_total")),
        "declared": ratio(failing("nonesuch_total"), absent_is_zero="never mind"),
        "none": ratio(failing("call_total")),
    }
    at = round(served.deployed_at + WINDOW + 1, 3)
    grounds = {}
    for name, signal in signals.items():
        version, when = (OLD, served.before) if name == "seen" else (NEW, at)
        absence = (await source.absences([signal], when, View(version, None)))[signal.key]
        grounds[name] = absence.ground
    assert grounds == {
        "seen": Ground.SEEN,
        "label": Ground.LABEL,
        "metadata": Ground.METADATA,
        "declared": Ground.DECLARED,
        "none": None,
    }


async def test_a_version_that_no_series_has_is_told_with_those_that_they_have(
    source: PrometheusSource,
) -> None:
    # The new version calls the label of the second one by another name.
    for metric, version, others in (("http_requests_total", "2", f"{OLD}, {NEW}"), ("mails_sent", NEW, OLD)):
        signal = above(f'sum({metric}{{version="$version"}})')
        absence = (await source.absences([signal], time.time(), View(version, None)))[signal.key]
        assert absence.missing == f"no series of {metric} for this version, only with version {others}"
