"""Small charts of one row, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

LEVELS: Mapping[str, str] = {"block": "▁▂▃▄▅▆▇█", "ascii": "_.-=*#"}
"""Heights of a cell, lowest first, for the modes that fill it."""


def bars(values: Sequence[float | None], width: int, levels: str = LEVELS["block"]) -> str:
    """The largest value of each of ``width`` equal parts as a bar from zero up; a gap where none is known."""
    top = max((value for value in values if value is not None), default=0.0)
    cells = []
    for cell in range(width):
        part = values[cell * len(values) // width : (cell + 1) * len(values) // width]
        known = [value for value in part if value is not None]
        share = max(known) / top if known and top > 0 else 0.0
        cells.append(levels[min(len(levels) - 1, max(0, int(share * len(levels))))] if known else " ")
    return "".join(cells)
