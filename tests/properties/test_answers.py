"""Whatever a backend sends is numbers, or one sentence about why there are none; never anything else."""

from __future__ import annotations

import json
import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aftergreen.sources.answer import LAST, Answer, parse
from aftergreen.sources.protocol import SourceUnavailable
from tests.documented import is_documented
from tests.properties.examples import tried
from tests.properties.mutated import mutated
from tests.scripted import answer, error, matrix, vector

SOUND = (
    vector("1", "2.5", "NaN", warnings=["late"], infos=["PromQL info: x"]),
    matrix({1.0: "1", 2.0: "+Inf"}, {1.5: "1e-9"}),
    answer("scalar", [1000.25, "42"]),
    answer("vector", [{"metric": {"le": "+Inf"}, "value": [1.0, "3"]}], isPartial=False),
    error("bad_data", "parse error"),
)
LEAVES: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(10**400)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
)


def read(status: int, body: bytes, *, ranged: bool) -> None:
    """Read it; what is no answer says so in one line that stands on the page of errors."""
    try:
        found = parse(status, body, ranged=ranged)
    except SourceUnavailable as refused:
        said = str(refused)
        assert said.isprintable()
        assert is_documented(said), said
    else:
        assert isinstance(found, Answer)
        assert all(0.0 <= at <= LAST for series in found.series for at, _ in series.samples)
        assert all(isinstance(value, float) for series in found.series for _, value in series.samples)
        assert all(text.isprintable() for text in (found.partial, *found.notes))
        assert all(text.isprintable() for s in found.series for pair in s.labels.items() for text in pair)


@given(
    body=mutated(st.sampled_from(SOUND)), status=st.sampled_from([200, 200, 400, 503]), ranged=st.booleans()
)
@tried(10)
def test_any_spoilt_answer_is_read_or_told(body: bytes, status: int, ranged: bool) -> None:  # noqa: FBT001  # drawn
    read(status, body, ranged=ranged)


def _places(value: object, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way, *(place for key, inner in items for place in _places(inner, (*way, key)))]


@given(data=st.data(), sound=st.sampled_from(SOUND), ranged=st.booleans())
@tried(10)
def test_any_value_in_any_place_of_an_answer_is_read_or_told(
    data: st.DataObject,
    sound: bytes,
    ranged: bool,  # noqa: FBT001  # drawn
) -> None:
    document = json.loads(sound)
    for _ in range(data.draw(st.integers(1, 2))):
        *way, last = data.draw(st.sampled_from(_places(document)[1:]))
        holder = document
        for part in way:
            holder = holder[part]
        holder[last] = data.draw(VALUES)
        if not (isinstance(document, dict) and document):
            break
    read(200, json.dumps(document).encode(), ranged=ranged)


def test_what_is_read_is_no_less_than_before() -> None:
    assert math.isnan(parse(200, SOUND[0]).series[2].samples[0][1])
    assert len(parse(200, SOUND[1], ranged=True).series) == 2
