"""For all tests: nothing of this machine's user reaches them, and nothing of theirs reaches the user."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from aftergreen import hidden
from tests import documented

# The same examples in every run, so that what passes here passes there, and no rule about speed; `make
# test-thorough` tries others, and many more of them.
LENIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("usual", LENIENT, max_examples=30, derandomize=True, database=None)
settings.register_profile("thorough", LENIENT, max_examples=1000)
# On another Python it is the language that is tried, not the property.
settings.register_profile("glance", LENIENT, max_examples=8, derandomize=True, database=None)
settings.load_profile("usual")


@pytest.fixture(autouse=True)
def _own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Journal and settings in a folder of the test's own; no colours or keys from the environment."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("NO_COLOR", "COLORTERM", "AFTERGREEN_JOURNAL", "AFTERGREEN_OPERATOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _documented() -> Iterator[None]:
    """Whatever the program says is wrong stands in docs/errors.md, with its cure."""
    yield
    said, documented.unknown[:] = list(documented.unknown), []
    assert not said, f"docs/errors.md does not have: {said}"


@pytest.fixture(autouse=True)
def _no_secrets() -> Iterator[None]:
    """A secret of one test is a word in the next."""
    yield
    hidden.forget()


@pytest.fixture
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The local time zone is UTC, so that clock times can be compared to the letter."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


def pytest_configure() -> None:
    """Overhear what the program says is wrong."""
    documented.listen()


def pytest_collection_finish() -> None:
    """Look for garbage less often: on the usual schedule a third of a console test is spent on that."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests counted: a number that nobody sees proves little."""
    for report in terminalreporter.getreports("passed"):
        for name, text in report.user_properties:
            if name == "told":
                terminalreporter.write_line(str(text))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is real takes longest and begins first; with a real Prometheus nothing else runs."""
    items.sort(
        key=lambda item: (item.get_closest_marker("prometheus") is not None, "e2e" not in item.path.parts)
    )
