"""Why an action of the console can do nothing now: greyed in the lowest row, told to whoever tries."""

from __future__ import annotations

from collections.abc import Mapping

from aftergreen.verdict.refusals import outcome_refused, override_refused
from tui.bindings import bindings
from tui.screens.main import MainScreen, chosen
from tui.screens.pages import explained
from tui.view import View

OF_ALL = (
    "command_palette",
    "export",
    "focus_next",
    "focus_previous",
    "help",
    "leave",
    "zoom_focused",
)
"""Actions that have a meaning where several releases are looked at."""


_RECORDED = ("roll_back", "hold", "note", "override", "outcome", "diagnose")
"""Actions that a watch has to carry out."""


def of_one(action: str) -> bool:
    """Whether an action is about one release, which has to be opened first."""
    return action.split("(", maxsplit=1)[0] in _ABOUT_ONE


_ABOUT_ONE = {binding.action.split("(")[0] for binding in bindings()} - set(OF_ALL)


def refusal(
    action: str, view: View, screen: object, *, keys: Mapping[str, str], overall: bool = False
) -> str:
    """Why an action can do nothing now on the screen that is open; empty where it can.

    ``keys`` are those of this user by their actions. ``overall`` says that several releases are looked at
    and none of them is opened.
    """
    if overall:
        return f"choose a release and open it first ({keys['zoom_focused']})" if of_one(action) else ""
    if view.failed and action in _RECORDED:
        return "nobody watches the release any more"
    if action == "roll_back":
        return view.why_no_rollback()
    if action == "hold":
        return view.why_no_hold()
    if action == "pause" and view.shown is None:
        return "there is nothing to freeze yet"
    if action == "copy_receipt" and explained(view.shown) is None:
        return "there is no receipt yet"
    if action in ("note", "override", "outcome", "diagnose"):
        return _no_word(action, view)
    return _no_panel(action, view, screen, keys) if isinstance(screen, MainScreen) else ""


def _no_word(action: str, view: View) -> str:
    """Why nothing can be written into the record."""
    newest = view.newest
    if newest is None:
        return "the watch has not begun"
    if action == "override":
        return override_refused(newest.state, newest.context.read_only)
    if action == "outcome":
        return outcome_refused(newest.state, newest.context.read_only)
    return "the release has ended" if newest.release_state.ended else ""


def _no_panel(action: str, view: View, screen: MainScreen, keys: Mapping[str, str]) -> str:
    opening = f"{keys['zoom(1)']} to {keys['decision']}"
    if action in ("focus_next", "focus_previous"):
        return "" if screen.has_panels else f"this screen is too small for panels; {opening} open them"
    if action == "zoom_focused" and not chosen(screen, view.shown):
        return f"nothing leads and nothing is chosen; {opening} open one"
    return ""
