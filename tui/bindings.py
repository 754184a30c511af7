"""Every key of the console, declared once: footer, help and palette are made from this table."""

from __future__ import annotations

from collections.abc import Sequence

from textual.binding import Binding

from aftergreen.model import Indicator
from aftergreen.words import indicator_title


def bindings() -> Sequence[Binding]:
    """The bindings of the app."""
    zooms = [
        Binding(
            str(number),
            f"zoom({number})",
            "Zoom",
            id=f"zoom-{number}",
            show=number == 1,
            key_display="1-5" if number == 1 else str(number),
            tooltip=f"{indicator_title(indicator)} on the whole screen",
        )
        for number, indicator in enumerate(Indicator, start=1)
    ]
    return [
        _key("r", "roll_back", "Roll back", "Run the rollback command, once you typed the service's name"),
        _key("w", "why", "Why", "The receipt: what the decision stands on"),
        *zooms,
        _key("6", "decision", "Decision", "The walk, the advice, the doubts", show=False),
        _key("enter", "zoom_focused", "Open", "The focused panel on the whole screen", show=False),
        _key("c", "decision", "Checklist", "The checklist with the facts behind it", name="checklist"),
        _key("n", "note", "Note", "Write a remark into the log and the journal"),
        _key("y", "copy_receipt", "Copy curl", "Send the receipt's curl line to the clipboard", show=False),
        _key("space", "pause", "Pause", "Freeze the view; the watch goes on"),
        _key("j,down,right", "focus_next", "Next", "The next panel (also tab)", show=False),
        _key("k,up,left", "focus_previous", "Previous", "The previous panel", show=False),
        _key("colon", "command_palette", "Commands", "Every action by name (also ctrl+p)", display=":"),
        _key("question_mark", "help", "Help", "All keys", display="?"),
        _key("q,ctrl+q,ctrl+c", "leave", "Quit", "Leave; asks while the release is open", display="q"),
    ]


def keys() -> list[tuple[str, str, str]]:
    """Key, name and meaning of every binding, for the help page."""
    rows = [
        (binding.key_display or binding.key.split(",")[0], binding.description, binding.tooltip)
        for binding in bindings()
    ]
    # The first zoom key stands for all of them in the footer; here each has its own line.
    named = [("1" if key == "1-5" else key, name, text) for key, name, text in rows]
    return [*named, ("esc", "Back", "Leave whatever is open")]


def _key(  # read as a table
    key: str,
    action: str,
    name_shown: str,
    tooltip: str,
    *,
    show: bool = True,
    display: str = "",
    name: str = "",
) -> Binding:
    return Binding(
        key,
        action,
        name_shown,
        id=name or action.replace("_", "-"),
        show=show,
        key_display=display or None,
        tooltip=tooltip,
    )
