"""Every key of the console, declared once: the lowest row, help and palette are made from this table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.binding import ActiveBinding, Binding

from aftergreen.model import Indicator
from widgets.header import HOLD_ANYWHERE
from widgets.keys import Key

DROPPED = ("note", "checklist", "command_palette", "pause", "why", "zoom(1)", "roll_back", "hold")
"""Which keys leave the lowest row first where it is too short; help and the way out stay."""

SIGNS = {
    "slash": "/",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "colon": ":",
    "question_mark": "?",
    "escape": "esc",
}

Help = Sequence[tuple[str, Sequence[tuple[str, str, str]]]]
"""Groups of keys by name, in each the key, what it is called and what it does."""


def bindings() -> Sequence[Binding]:
    """The bindings of the app, in the order of the lowest row."""
    decide, look, console = Binding.Group("Decide"), Binding.Group("Look"), Binding.Group("Console")
    return (
        _key(decide, "r", "roll_back", "Roll back", "Run the rollback command, once you typed a name"),
        _key(decide, "h", "hold", "Hold", "Keep it from being rolled back without a person, or release it"),
        _key(decide, "w", "why", "Why", "The receipt: what the decision stands on"),
        *(_zoom(look, number) for number in range(1, len(Indicator) + 1)),
        _key(decide, "c", "checklist", "Checklist", "What is ticked, what is missing, with the facts"),
        _key(
            decide,
            "6",
            "decision",
            "Decision",
            "The walk, the advice, the doubts, what happened",
            shown=False,
        ),
        _key(decide, "n", "note", "Note", "Write a remark into the log and the journal"),
        _key(decide, "t", "override", "Threshold", "Change a threshold, with a reason", shown=False),
        _key(
            decide,
            "o",
            "outcome",
            "Outcome",
            "Say what came of a rollback of which nobody knows",
            shown=False,
        ),
        _key(
            decide, "y", "copy_receipt", "Copy curl", "The receipt's curl line to the clipboard", shown=False
        ),
        _key(
            look,
            "right_square_bracket,plus",
            "range(0.5)",
            "Closer",
            "A shorter time on the charts (also +)",
            shown=False,
        ),
        _key(
            look,
            "left_square_bracket,minus",
            "range(2)",
            "Further",
            "A longer time on the charts (also -)",
            shown=False,
        ),
        _key(look, "slash", "filter", "Filter", "Show only signals and events of a name", shown=False),
        _key(look, "e", "export", "Export", "Save the screen as a picture and as text", shown=False),
        _key(look, "f", "findings", "Preflight", "What preflight found before the watch began", shown=False),
        _key(
            look,
            "enter",
            "zoom_focused",
            "Open",
            "The focused or the leading panel on the whole screen",
            shown=False,
        ),
        _key(look, "space", "pause", "Pause", "Freeze the view or let it go on; the watch never stops"),
        _key(look, "j,down,right,tab", "focus_next", "Next", "The next panel (also ↓ → tab)", shown=False),
        _key(
            look,
            "k,up,left,shift+tab",
            "focus_previous",
            "Previous",
            "The previous panel (also ↑ ←)",
            shown=False,
        ),
        _key(console, "colon,ctrl+p", "command_palette", "Commands", "Every action by name (also ctrl+p)"),
        _key(console, "question_mark", "help", "Help", "All keys"),
        _key(console, "q", "leave", "Quit", "Leave; asks while the release is open (also ctrl+c)"),
    )


def ways_out() -> tuple[Binding, ...]:
    """What a terminal's user presses to get out of anything: also above dialogs, fields and the palette."""
    return (
        Binding("ctrl+c,ctrl+q", "leave", "Quit", show=False, id="quit-anywhere", priority=True),
        Binding(HOLD_ANYWHERE, "hold", "Hold", show=False, id="hold-anywhere", priority=True),
        Binding("ctrl+z", "suspend_process", "Sleep", show=False, id="sleep-anywhere", priority=True),
    )


def actions() -> dict[str, str]:
    """The action of every key."""
    return {key: binding.action for binding in bindings() for key in binding.key.split(",")}


def names() -> dict[str, str]:
    """What every action is called."""
    return {binding.action: binding.description for binding in reversed(bindings())}


def keys() -> Help:
    """Every key with its name and meaning, for the help page."""
    groups: dict[str, list[tuple[str, str, str]]] = {}
    for binding in bindings():
        group = groups.setdefault(binding.group.description if binding.group else "", [])
        row = (_first(binding), binding.description, binding.tooltip)
        # Keys that mean the same stand once.
        if not group or group[-1][1:] != row[1:]:
            group.append(row)
    anywhere = (HOLD_ANYWHERE, "Hold", "The same where letters are typed, as in a dialog")
    groups["Decide"].append(anywhere)
    groups["Console"].append(("esc", "Back", "Leave whatever is open"))
    groups["Console"].append(("ctrl+z", "Sleep", "Give the terminal back to the shell; fg wakes the console"))
    return tuple(groups.items())


def bar(active: Iterable[ActiveBinding]) -> list[Key]:
    """The keys of the lowest row, from the bindings that are active on a screen."""
    usual = {binding.action: binding for binding in reversed(bindings()) if binding.show}
    found: dict[str, Key] = {}
    for _, binding, enabled, _ in active:
        # Textual makes a binding of each key; the one that was declared is shown.
        shown = usual.get(binding.action, binding)
        action, key = binding.action, shown.key.split(",")[0]
        rank = len(DROPPED) - DROPPED.index(action) if action in DROPPED else 0
        if binding.show:
            found[action] = Key(key, _first(shown), shown.description, enabled, rank)
    # What a page adds stands in front of what is there everywhere.
    order = [action for action in found if action not in usual]
    order += [binding.action for binding in bindings() if binding.show and binding.action in found]
    return [found[action] for action in order]


def _first(binding: Binding) -> str:
    key = binding.key.split(",")[0]
    return binding.key_display or SIGNS.get(key, key)


def _zoom(group: Binding.Group, number: int) -> Binding:
    text = "One of the five indicators on the whole screen"
    shown = f"1-{len(Indicator)}"
    name, first = f"zoom({number})", number == 1
    return _key(group, str(number), name, "Zoom", text, shown=first, display=shown, name=f"zoom-{number}")


def _key(
    group: Binding.Group,
    keys: str,
    action: str,
    description: str,
    tooltip: str,
    *,
    shown: bool = True,
    display: str | None = None,
    name: str = "",
) -> Binding:
    return Binding(
        keys,
        action,
        description,
        show=shown,
        key_display=display,
        tooltip=tooltip,
        # Two keys of one action need identities of their own.
        id=name or description.lower().replace(" ", "-"),
        group=group,
    )
