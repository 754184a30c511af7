"""The only file that knows plotext: from runs of points to rows of characters."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

Run = Sequence[tuple[float, float]]
"""Points of a line without a gap, as x and y."""

Point = tuple[float, float]

LARGEST = (1000, 400)
"""Cells beyond which nothing is drawn: no terminal has so many, and memory grows with them."""

PICTURES = 128
"""How many are kept: more than the pages of a console hold, which are drawn again whenever one is opened."""

_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Pen:
    """How plotext calls a marker, and into how many dots it divides a cell."""

    marker: str
    across: int
    up: int


_PENS = {"braille": _Pen("braille", 2, 4), "block": _Pen("hd", 2, 2), "ascii": _Pen("*", 1, 1)}

MODES = tuple(_PENS)
"""The drawing modes; some fonts have no braille, some terminals only ASCII."""


def draw(
    size: tuple[int, int],
    x_range: tuple[float, float],
    y_range: tuple[float, float],
    runs: Iterable[Run],
    mode: str = "braille",
) -> tuple[str, ...]:
    """Rows of characters, ``size`` being width and height in cells; blank where nothing is drawn.

    The ranges are divided evenly: a value belongs to the cell, and in it to the dot, whose share of the
    range it lies in. A value beyond ``y_range`` is held just outside, so that a line leaves the picture
    where it should; a point beyond ``x_range`` or without a finite value is left out. Every run is a line
    of its own, and a lonely point is drawn as itself. Where plotext is missing or fails, the first row
    says so instead.
    """
    width, height = size
    if width < 1 or height < 1:
        return ()
    blank = (" " * width,) * height
    if width > LARGEST[0] or height > LARGEST[1]:
        return _said("too large to draw", width, blank)
    pen = _PENS.get(mode, _PENS["braille"])
    dots = tuple(line for run in runs if (line := _dots(run, size, x_range, y_range, pen)))
    if not dots:
        return blank
    try:
        # plotext has one global figure: two threads would draw into each other's picture.
        with _LOCK:
            rows = _plot(size, dots, pen)
    except ImportError:
        return _said("no charts: plotext is not installed", width, blank)
    except Exception as error:  # noqa: BLE001  # a picture that cannot be drawn must not end a watch
        return _said(f"no chart: {type(error).__name__}", width, blank)
    return tuple(row.ljust(width) for row in (*rows, *blank)[:height])


def _said(sentence: str, width: int, blank: tuple[str, ...]) -> tuple[str, ...]:
    return (sentence[:width].ljust(width), *blank[1:])


def _dots(
    run: Run, size: tuple[int, int], x_range: tuple[float, float], y_range: tuple[float, float], pen: _Pen
) -> tuple[Point, ...]:
    """The run in whole dots from the bottom left, at most four points for each column of dots.

    plotext then never sees a NaN inside a line, which ends the process, nor a value far outside its range,
    which costs seconds and gigabytes. First, lowest, highest and last show all that a column can show.
    """
    across, up = size[0] * pen.across, size[1] * pen.up
    columns: dict[int, list[int]] = {}
    for x, y in run:
        share_x, share_y = _share(x, x_range), _share(y, y_range)
        if share_x is None or share_y is None or not 0 <= share_x <= 1:
            continue
        column = min(across - 1, int(share_x * across))
        # One dot below or above is outside the picture; the top of the range still belongs to it.
        level = up - 1 if share_y == 1 else math.floor(min(max(share_y, -1.0), 2.0) * up)
        columns.setdefault(column, []).append(min(max(level, -1), up))
    return tuple(
        (float(column), float(level))
        for column, levels in columns.items()
        for level in dict.fromkeys((levels[0], min(levels), max(levels), levels[-1]))
    )


def _share(value: float, limits: tuple[float, float]) -> float | None:
    """Where the value lies in the range, 0 at its beginning and 1 at its end; None where it lies nowhere."""
    low, high = limits
    if not (math.isfinite(value) and math.isfinite(low) and math.isfinite(high) and low < high):
        return None
    # Halves, so that a range over all numbers does not overflow; the smallest ranges vanish when halved.
    span = high - low
    share = (value - low) / span if math.isfinite(span) else (value / 2 - low / 2) / (high / 2 - low / 2)
    return share if not math.isnan(share) else None


@lru_cache(PICTURES)
def _plot(size: tuple[int, int], runs: tuple[tuple[Point, ...], ...], pen: _Pen) -> tuple[str, ...]:
    """The picture, cut out of one with a margin of a cell on each side.

    plotext puts the ends of a range in the *middle* of the outermost cells, so the margin is what makes
    every dot reachable, a picture of one cell possible, and what lies just outside invisible.
    """
    import plotext  # noqa: PLC0415  # 90 to 200 ms that the first paint does not wait for

    width, height = size
    # It would clamp to the size of the real terminal, or to 80 cells where there is none.
    plotext.terminal.limit(False, False)  # noqa: FBT003  # plotext's signature
    figure = plotext.figure
    figure.clear()
    figure.theme("colorless")
    figure.canvas("default")
    figure.axes(False)  # noqa: FBT003  # plotext's signature
    figure.plot_size(width + 2, height + 2)
    for axis, cells in (("x", width), ("y", height)):
        ruler = figure.ruler(axis)
        ruler.ticks([])
        ruler.lim(0, cells + 1)
    for run in runs:
        xs = [(x + 0.5) / pen.across + 0.5 for x, _ in run]
        ys = [(y + 0.5) / pen.up + 0.5 for _, y in run]
        signal = figure.signal(xs, ys, marker=pen.marker)
        figure.draw(signal.lines() if len(run) > 1 else signal)
    rows = str(figure.build().string(colorless=True)).split("\n")
    return tuple(row[1 : width + 1] for row in rows[1 : height + 1])
