"""Whatever a file says, it becomes a plan or a list of faults; never anything else."""

from __future__ import annotations

import contextlib
import copy
import tomllib
from collections.abc import Iterator
from datetime import date
from typing import Any

import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from aftergreen import config
from aftergreen.paths import find_paths
from tests.properties.examples import tried
from tests.properties.mutated import mutated

EXAMPLE = find_paths().example.read_text(encoding="utf-8")
DOCUMENT = tomllib.loads(EXAMPLE)

WORDS = st.sampled_from(
    [
        "",
        "1%",
        "0s",
        "90s",
        "7d",
        "-1s",
        "2GiB",
        "tcp://db:1",
        "http://[",
        "{version}",
        "{",
        "before",
        "warn",
        "€",
    ]
)
LEAVES = st.one_of(
    WORDS,
    st.text(max_size=8),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.just(date(2026, 1, 1)),
    st.just(2**70),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
)


def _places(value: object, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value of a document."""
    if way:
        yield way
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _places(inner, (*way, key))


PLACES = tuple(_places(DOCUMENT))


def _faults(text: str) -> tuple[config.Fault, ...]:
    """The faults of a text; a plan has none, and every other exception is a failure of the test."""
    try:
        config.warnings_of(config.loads(text))
    except config.ConfigError as error:
        faults = error.faults
    else:
        return ()
    assert faults
    assert all(fault.place and fault.expected for fault in faults)
    assert all(char.isprintable() for fault in faults for char in fault.sentence())
    return faults


@given(changes=st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=3))
@tried(10)
def test_any_value_in_any_place_is_read_or_refused(changes: list[tuple[tuple[Any, ...], object]]) -> None:
    document: Any = copy.deepcopy(DOCUMENT)
    for way, value in changes:
        # An earlier change may have taken the place away; reading it first tells.
        with contextlib.suppress(KeyError, IndexError, TypeError):
            holder = document
            for part in way[:-1]:
                holder = holder[part]
            _ = holder[way[-1]]
            holder[way[-1]] = value
    _faults(tomli_w.dumps(document))


@given(
    way=st.sampled_from([place for place in PLACES if isinstance(place[-1], str)]),
    key=st.text(min_size=1, max_size=8),
)
def test_a_key_that_is_not_known_is_never_ignored(way: tuple[Any, ...], key: str) -> None:
    document: Any = copy.deepcopy(DOCUMENT)
    holder = document
    for part in way[:-1]:
        holder = holder[part]
    name = f"x-{key}"
    if way[-2:-1] != ("headers",):
        holder[name] = 1
        assert any("unknown key" in fault.found for fault in _faults(tomli_w.dumps(document)))


@given(body=mutated(st.just(EXAMPLE.encode())))
@tried(10)
def test_any_spoilt_file_is_read_or_refused(body: bytes) -> None:
    _faults(body.decode("utf-8", "replace"))


@given(text=st.text(max_size=60) | st.integers(0, len(EXAMPLE)).map(lambda end: EXAMPLE[:end]))
def test_any_text_is_read_or_refused(text: str) -> None:
    _faults(text)
