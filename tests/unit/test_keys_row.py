"""The lowest row of the screen: as many keys as fit, the way out always among them."""

from __future__ import annotations

import pytest

from widgets.keys import Key, fitting, keys_row

KEYS = (
    Key("r", "r", "Roll back", rank=1),
    Key("n", "n", "Note", rank=3),
    Key("space", "space", "Pause", rank=2),
    Key("q", "q", "Quit"),
)


@pytest.mark.parametrize(
    ("width", "row"),
    [
        (80, " r Roll back  n Note  space Pause  q Quit "),
        (40, " r Roll back  space Pause  q Quit "),
        (25, " r Roll back  q Quit "),
        (12, " q Quit "),
    ],
)
def test_where_room_is_short_the_lesser_keys_go_first(width: int, row: str) -> None:
    assert "".join(span.text for span in keys_row(fitting(KEYS, width))) == row


def test_a_key_that_does_nothing_now_is_dim() -> None:
    spans = keys_row((Key("r", "r", "Roll back", enabled=False),))
    assert {span.look for span in spans if span.text.strip()} == {"dim"}
