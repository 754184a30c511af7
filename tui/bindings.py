"""Every key of the console, declared once: the lowest row, help and palette are made from this table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.binding import ActiveBinding, Binding

from aftergreen.model import Indicator
from aftergreen.words import indicator_title
from widgets.keys import Key

DECIDE = Binding.Group("Decide")
LOOK = Binding.Group("Look")
CONSOLE = Binding.Group("Console")

DROPPED = ("note", "copy_receipt", "decision", "command_palette", "pause", "why", "zoom(1)", "roll_back")
"""Which keys leave the lowest row first where it is too short; help and the way out stay."""

SIGNS = {
    "down": "↓",
    "right": "→",
    "up": "↑",
    "left": "←",
    "colon": ":",
    "question_mark": "?",
    "escape": "esc",
}


def bindings() -> Sequence[Binding]:
    """The bindings of the app."""
    return [
        _key(
            "r",
            "roll_back",
            "Roll back",
            DECIDE,
            "Run the rollback command, after you typed the service's name",
        ),
        _key("w", "why", "Why", DECIDE, "The receipt: what the decision stands on"),
        *_zooms(),
        _key("enter", "zoom_focused", "Open", LOOK, "The focused panel on the whole screen", show=False),
        _key("6", "decision", "Decision", DECIDE, "The walk, the advice, the doubts", show=False),
        _key(
            "c", "decision", "Checklist", DECIDE, "The checklist with the facts behind it", name="checklist"
        ),
        _key("n", "note", "Note", DECIDE, "Write a remark into the log and the journal"),
        _key(
            "y",
            "copy_receipt",
            "Copy curl",
            DECIDE,
            "Send the receipt's curl line to the clipboard",
            show=False,
        ),
        _key("space", "pause", "Pause", LOOK, "Freeze the view, or let it go on; the watch never stops"),
        _key("j,down,right", "focus_next", "Next", LOOK, "The next panel (also tab)", show=False),
        _key(
            "k,up,left", "focus_previous", "Previous", LOOK, "The previous panel (also shift+tab)", show=False
        ),
        _key("colon", "command_palette", "Commands", CONSOLE, "Every action by name (also ctrl+p)"),
        _key("question_mark", "help", "Help", CONSOLE, "All keys"),
        _key("q,ctrl+q,ctrl+c", "leave", "Quit", CONSOLE, "Leave; asks while the release is open"),
    ]


def _zooms() -> list[Binding]:
    return [
        _key(
            str(number),
            f"zoom({number})",
            "Zoom",
            LOOK,
            f"{indicator_title(indicator)} on the whole screen",
            name=f"zoom-{number}",
            show=number == 1,
        )
        for number, indicator in enumerate(Indicator, start=1)
    ]


def actions() -> dict[str, str]:
    """The action of every key."""
    return {key: binding.action for binding in bindings() for key in binding.key.split(",")}


def names() -> dict[str, str]:
    """What every action is called."""
    return {binding.action: binding.description for binding in bindings()}


def keys() -> list[tuple[str, list[tuple[str, str, str]]]]:
    """For the help page: the groups, in each the key, name and meaning of every binding."""
    groups: dict[str, list[tuple[str, str, str]]] = {}
    for binding in bindings():
        row = (_shown(binding.key), binding.description, binding.tooltip)
        groups.setdefault(binding.group.description if binding.group else "", []).append(row)
    groups[CONSOLE.description].append(("esc", "Back", "Leave whatever is open"))
    return list(groups.items())


def bar(active: Iterable[ActiveBinding]) -> list[Key]:
    """The keys of the lowest row, from the bindings that are active on a screen."""
    declared = [binding for binding in bindings() if binding.show]
    order = {binding.action: place for place, binding in reversed(list(enumerate(declared)))}
    found: dict[str, Key] = {}
    for _, binding, enabled, _ in active:
        if binding.show and binding.action not in found:
            rank = len(DROPPED) - DROPPED.index(binding.action) if binding.action in DROPPED else 0
            # Textual knows one binding for each key; the first one declared is shown.
            place = order.get(binding.action)
            key = binding.key if place is None else declared[place].key.split(",")[0]
            shown = "1-5" if binding.action == "zoom(1)" else _shown(key)
            name = binding.description if place is None else declared[place].description
            found[binding.action] = Key(key, shown, name, enabled, rank)
    # What a page adds stands in front of what is there everywhere.
    return [found[action] for action in sorted(found, key=lambda action: order.get(action, -1))]


def _shown(key: str) -> str:
    return " ".join(SIGNS.get(name, name) for name in key.split(","))


def _key(
    key: str,
    action: str,
    description: str,
    group: Binding.Group,
    tooltip: str,
    *,
    show: bool = True,
    name: str = "",
) -> Binding:
    identity = name or action.replace("_", "-")
    return Binding(key, action, description, id=identity, show=show, group=group, tooltip=tooltip)
