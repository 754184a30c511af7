"""The chart on a terminal: it fills its place, and repaints what changed and nothing else."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.events import Resize
from textual.geometry import Region

from tests.console.charted import AXIS, DEPLOYED, LIMIT, USUAL, Run, steady, trace
from tests.settled import resized, settled
from themes.loader import DEFAULT_VARIABLES, load_themes
from widgets.chart import Drawing, chart
from widgets.rows import LOOKS, Rows


class ChartApp(App[None]):
    """One chart on a screen of its size."""

    CSS = "Watched { width: 100%; height: 100%; }" + "".join(
        f".rows--{look} {{ color: ${look}; }}" for look in LOOKS if look in DEFAULT_VARIABLES
    )

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(DEFAULT_VARIABLES)

    def compose(self) -> ComposeResult:
        yield Watched()

    def show(self, *runs: Run, now: float, limit: float | None = LIMIT) -> None:
        label = "" if limit is None else "262 ms"
        shaded = self.no_color or self.native_ansi_color
        shown = Drawing(trace(*runs), AXIS, USUAL, limit, label, shaded=shaded)
        self.query_one(Watched).draw(shown, DEPLOYED + now)

    def screen_rows(self) -> list[str]:
        return [
            "".join(segment.text for segment in self.query_one(Watched).render_line(y))
            for y in range(self.size.height)
        ]


class Watched(Rows):
    """A chart in a place of its own, which remembers what it had repainted."""

    def __init__(self) -> None:
        super().__init__()
        self.painted: list[Region] = []
        self.drawn: tuple[Drawing, float] | None = None

    def draw(self, shown: Drawing, now: float) -> None:
        self.drawn = (shown, now)
        self.on_resize()

    def on_resize(self, _event: Resize | None = None) -> None:
        if self.drawn is not None:
            self.show(chart(*self.drawn, self.size.width, self.size.height))

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Watched:
        self.painted.extend(regions)
        super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        return self


@pytest.mark.parametrize("size", [(40, 8), (12, 3), (110, 30)])
async def test_the_widget_shows_the_chart_and_the_limit_in_the_signals_unit(size: tuple[int, int]) -> None:
    app = ChartApp()
    async with app.run_test(size=size):
        app.show(steady(-450, 300), now=300)
        await settled(app)
        rows = app.screen_rows()
        assert [len(row) for row in rows] == [size[0]] * size[1]
        assert "deploy" in rows[-1]
        assert any(row.endswith("262 ms") for row in rows)
        assert any("⠀" < c <= "⣿" for row in rows for c in row)


async def test_the_widget_repaints_the_changed_cells_only() -> None:
    app = ChartApp()
    async with app.run_test(size=(60, 10)):
        run = steady(-450, 300)
        app.show(run, now=295)
        await settled(app)
        widget = app.query_one(Watched)
        widget.painted.clear()
        app.show([*run, (300, 0.175)], now=300)
        assert widget.painted
        assert sum(region.area for region in widget.painted) <= 12
        widget.painted.clear()
        app.show([*run, (300, 0.175)], now=300)
        assert widget.painted == []


async def test_a_resized_widget_draws_itself_anew() -> None:
    app = ChartApp()
    async with app.run_test(size=(60, 10)):
        app.show(steady(-450, 300), now=300)
        await resized(app, 30, 6)
        rows = app.screen_rows()
        assert [len(row) for row in rows] == [30] * 6
        assert rows[-1].endswith("+15m")


async def test_a_chart_without_limit_or_data_is_an_axis() -> None:
    app = ChartApp()
    async with app.run_test(size=(40, 6)):
        app.show(now=0, limit=None)
        await settled(app)
        rows = app.screen_rows()
        assert "deploy" in rows[-1]
        assert all("│" in row for row in rows[:-1])
        assert "╌" not in "".join(rows)


async def test_in_the_terminals_own_colours_the_band_is_drawn_with_characters() -> None:
    app = ChartApp()
    async with app.run_test(size=(60, 10)):
        for theme in load_themes(None)[0]:
            app.register_theme(theme)
        app.theme = "aftergreen-ansi"
        await settled(app)
        app.show(steady(-450, 300), now=300)
        await settled(app)
        assert "·" in "".join(app.screen_rows())


@pytest.mark.parametrize("size", [(1, 1), (3, 1), (7, 2)])
async def test_a_place_too_small_for_a_chart_stays_blank(size: tuple[int, int]) -> None:
    app = ChartApp()
    async with app.run_test(size=size):
        app.show(steady(-450, 300), now=300)
        await settled(app)
        assert "".join(app.screen_rows()).strip() == ""
