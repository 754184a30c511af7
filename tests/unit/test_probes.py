"""Probes measure, are down where they are not served, and blind where the fault is ours."""

from __future__ import annotations

import asyncio
import errno
import resource
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing

import httpx
import pytest

from aftergreen.model import (
    Backend,
    BaselinePlan,
    Indicator,
    Kind,
    Plan,
    Reading,
    Service,
    Signal,
    Timing,
    View,
)
from aftergreen.sources import live_source
from aftergreen.sources.faults import cure, is_ours
from aftergreen.sources.probe import PATIENCE, Prober
from tests.scripted import Reply, Request, scripted, vector
from tests.waiting import HANG, in_no_time, skip

UNKNOWN_NAME = "no-such-host.invalid"


def probe(target: str, name: str = "connect") -> Signal:
    return Signal(Indicator.DEPENDENCY, name, "s", 60.0, probe=target, dependency="db")


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that is bound and not listened on: nobody else can take it, and it refuses."""
    with closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


async def probed(*signals: Signal, within: float = HANG) -> list[Reading]:
    prober = Prober(within)
    try:
        readings = await prober.read(signals)
    finally:
        await prober.close()
    return [readings[signal.key] for signal in signals]


async def test_a_connection_is_measured_in_seconds() -> None:
    async with scripted(lambda _: Reply()) as backend:
        [reading] = await probed(probe(backend.url.replace("http://", "tcp://")))
    assert reading.kind is Kind.VALUE
    assert reading.value is not None
    assert 0 < reading.value < PATIENCE


async def test_a_request_is_measured_without_what_is_ours() -> None:
    def in_a_second(_request: Request) -> Reply:
        skip(1.0)
        return Reply()

    async with scripted(in_a_second) as backend:
        [reading] = await probed(probe(f"{backend.url}/health"))
    assert backend.requests[0].path == "/health"
    assert reading.value is not None
    assert 1.0 <= reading.value < PATIENCE


@pytest.mark.parametrize(
    ("status", "up"), [(200, True), (204, True), (302, True), (404, True), (500, False), (503, False)]
)
async def test_a_service_is_up_unless_it_says_it_failed(status: int, up: bool) -> None:  # noqa: FBT001  # a column
    async with scripted(lambda _: Reply(status=status, headers={"Location": "/elsewhere"})) as backend:
        [reading] = await probed(probe(backend.url))
    assert reading.kind is (Kind.VALUE if up else Kind.DOWN)
    assert len(backend.requests) == 1
    assert up or str(status) in reading.detail


@pytest.mark.parametrize("scheme", ["tcp", "http"])
async def test_a_refused_connection_is_down(scheme: str, closed_port: int) -> None:
    [reading] = await probed(probe(f"{scheme}://127.0.0.1:{closed_port}"))
    assert reading == Reading.down("Connection refused")


async def test_an_answer_that_does_not_come_in_time_is_down() -> None:
    async with scripted(lambda _: Reply(after=asyncio.Event())) as backend, in_no_time():
        [reading] = await probed(probe(backend.url), within=4.0)
    assert reading == Reading.down("no answer within 4 s")


async def test_a_dropped_connection_is_down() -> None:
    async with scripted(lambda _: Reply(hang_up=True)) as backend:
        [reading] = await probed(probe(backend.url))
    assert reading.kind is Kind.DOWN


@pytest.mark.parametrize("scheme", ["tcp", "http"])
async def test_a_resolver_that_fails_for_all_probes_is_our_fault(scheme: str) -> None:
    readings = await probed(
        probe(f"{scheme}://{UNKNOWN_NAME}:80", "a"), probe(f"tcp://x.{UNKNOWN_NAME}:80", "b")
    )
    assert [reading.kind for reading in readings] == [Kind.BLIND, Kind.BLIND]
    assert all("cannot be resolved" in reading.detail for reading in readings)


async def test_a_number_says_nothing_about_a_resolver() -> None:
    async with scripted(lambda _: Reply()) as backend:
        up, unknown = await probed(probe(backend.url, "a"), probe(f"http://{UNKNOWN_NAME}", "b"))
    assert (up.kind, unknown.kind) == (Kind.VALUE, Kind.BLIND)


Found = list[tuple[int, int, int, str, tuple[str, int]]]


def resolving(monkeypatch: pytest.MonkeyPatch, **names: Exception | Sequence[str]) -> None:
    """Have the system know these names only, by their numbers."""

    def found(host: str, port: int, *_: object, **_named: object) -> Found:
        known = names.get(host.partition(".")[0], [host])
        if isinstance(known, Exception):
            raise known
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port)) for number in known]

    monkeypatch.setattr(socket, "getaddrinfo", found)


NO_NAME = socket.gaierror(socket.EAI_NONAME, "Name or service not known")


async def test_a_name_that_is_not_known_beside_one_that_is_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scripted(lambda _: Reply()) as backend:
        port = backend.url.rpartition(":")[2]
        resolving(monkeypatch, db=["127.0.0.1"], gone=NO_NAME)
        up, down = await probed(probe(f"tcp://db.example:{port}", "a"), probe("tcp://gone.example:1", "b"))
    assert (up.kind, down.kind) == (Kind.VALUE, Kind.DOWN)
    assert "the name cannot be resolved" in down.detail


@pytest.mark.parametrize("scheme", ["tcp", "http"])
async def test_name_servers_that_do_not_answer_are_a_fault_of_ours(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object, **_named: object) -> Found:
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", never)
    async with in_no_time():
        [reading] = await probed(probe(f"{scheme}://db.example:1"), within=4.0)
    assert reading == Reading.unknown(
        Kind.BLIND, "its name was not resolved within 4 s: check this machine's name servers"
    )


async def test_of_several_places_of_a_name_one_that_answers_is_enough(
    closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scripted(lambda _: Reply()) as backend:
        port = backend.url.rpartition(":")[2]
        resolving(monkeypatch, db=["127.0.0.2", "127.0.0.1"])
        [up] = await probed(probe(f"tcp://db.example:{port}"))
        [down] = await probed(probe(f"tcp://db.example:{closed_port}"))
    assert (up.kind, down) == (Kind.VALUE, Reading.down("Connection refused"))


def plan(url: str, *signals: Signal) -> Plan:
    return Plan(Service("shop"), Backend(url, timeout=HANG), Timing(), BaselinePlan(), signals)


async def test_a_live_source_reads_queries_and_probes_together() -> None:
    query = Signal(Indicator.SATURATION, "pool", "none", 60.0, query="pool")
    both = asyncio.Event()

    def script(_request: Request) -> Reply:
        # Who asks one after the other is never answered.
        if len(backend.requests) == 2:
            both.set()
        return Reply(vector("1000"), after=both)

    async with scripted(script) as backend:
        signals = (probe(backend.url), query)
        source = live_source(plan(backend.url, *signals))
        instant = await source.read(signals, 1000.0, View("v2", None))
        assert [reading.kind for reading in instant.readings.values()] == [Kind.VALUE, Kind.VALUE]
        assert list(instant.readings) == [signal.key for signal in signals]
        assert await source.prepare(signals, 1000.0, View("v2", None)) == {
            signals[0].key: None,
            query.key: pytest.approx(0.01),
        }
        await source.close()


async def test_a_probe_has_no_past() -> None:
    signal = probe("tcp://127.0.0.1:9")
    source = live_source(plan("http://127.0.0.1:9", signal))
    [instant] = await source.history([signal], [1000.0], View("v2", None))
    assert instant.readings == {}
    await source.close()


def caused(error: Exception, *causes: BaseException) -> Exception:
    """As libraries wrap the errors of several addresses of one name."""
    error.__cause__ = causes[0] if len(causes) == 1 else ExceptionGroup("several", causes)  # type: ignore[type-var]  # exceptions
    return error


REFUSED = OSError(errno.ECONNREFUSED, "refused")


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        *((OSError(number, "x"), True) for number in (errno.EMFILE, errno.ENFILE, errno.ENETUNREACH)),
        *((OSError(number, "x"), True) for number in (errno.EADDRNOTAVAIL, errno.ENOMEM, errno.EPERM)),
        *(
            (OSError(number, "x"), False)
            for number in (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ETIMEDOUT)
        ),
        *((socket.gaierror(number, "x"), True) for number in (socket.EAI_AGAIN, socket.EAI_FAIL)),
        (socket.gaierror(socket.EAI_NONAME, "x"), False),
        (caused(httpx.ConnectError("x"), OSError(errno.EMFILE, "x")), True),
        (caused(httpx.ConnectError("x"), OSError(errno.ENETUNREACH, "x"), REFUSED), False),
        (
            caused(httpx.ConnectError("x"), OSError(errno.ENETUNREACH, "x"), OSError(errno.ENETDOWN, "x")),
            True,
        ),
        (caused(httpx.ConnectError("x"), REFUSED), False),
        (httpx.ReadTimeout("x"), False),
        (ssl.SSLError(errno.EPERM, "x"), False),
    ],
)
def test_what_is_ours_is_no_evidence(error: Exception, ours: bool) -> None:  # noqa: FBT001  # a column
    assert is_ours(error) is ours
    if ours:
        assert cure(error)


async def test_a_probe_that_finds_no_descriptor_is_blind_and_one_that_found_one_is_not() -> None:
    async with scripted(lambda _: Reply()) as backend:
        probes = [probe(backend.url.replace("http://", "tcp://"), name) for name in ("a", "b", "c")]
        limit, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with ExitStack() as held:
            held.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (limit, hard))
            # What is open stays open: one more is left for each side of one connection.
            highest = held.enter_context(closing(socket.socket())).fileno()
            resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, hard))
            readings = await probed(*probes)
    assert {reading.kind for reading in readings} <= {Kind.VALUE, Kind.BLIND}
    assert Kind.BLIND in {reading.kind for reading in readings}
    assert all("Too many open files" in reading.detail for reading in readings if reading.kind is Kind.BLIND)
