"""Every key of the console, declared once: the lowest row, help, palette and all that names a key follow it.

A user may have other keys: a keymap gives them for some of the bindings, by their names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from textual.binding import ActiveBinding, Binding
from textual.keys import REPLACED_KEYS, Keys, _character_to_key, key_to_character

from aftergreen.clean import clean
from aftergreen.config import listed
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
    "plus": "+",
    "minus": "-",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}

FIXED = ("escape", "ctrl+c", "ctrl+q", "ctrl+z", HOLD_ANYWHERE, "ctrl+o")
"""Keys that mean the same to everybody: the ways out of anything, and what dialogs need."""

Keymap = Mapping[str, str]
"""Keys by the name of their binding, several of them parted by commas."""

Help = Sequence[tuple[str, Sequence[tuple[str, str, str]]]]
"""Groups of keys by name, in each the key, what it is called and what it does."""


DRILL = ("diagnose", "halt")
"""Actions that only a rehearsal has."""


def bindings(keymap: Keymap | None = None) -> Sequence[Binding]:
    """The bindings of the app, in the order of the lowest row, with the keys of a keymap."""
    own = keymap or {}
    return [
        replace(binding, key=other, key_display=None) if (other := own.get(str(binding.id))) else binding
        for binding in _usual()
    ]


def keymap_of(wanted: Mapping[str, object]) -> tuple[Keymap, tuple[str, ...]]:
    """The keymap that was asked for by names and keys as people write them, and what of it is not taken."""
    known = {str(binding.id): binding.key for binding in _usual()}
    taken, problems = dict[str, str](), list[str]()
    for name, keys in wanted.items():
        if name not in known:
            problems.append(f"no key is called {clean(name, 40)}, expected {listed(known)}")
            continue
        named = list(map(_key_named, keys.split(","))) if isinstance(keys, str) else [""]
        if unknown := [key for key in named if not _is_key(key)]:
            said = f", and {clean(unknown[0], 40)} is none" if unknown[0] else ""
            problems.append(f"{name} takes a key such as R, f5 or ctrl+r, or several parted by commas{said}")
        elif fixed := [key for key in named if key in FIXED]:
            problems.append(f"{name} cannot be {fixed[0]}, which means the same to everybody")
        else:
            taken[name] = ",".join(named)
    owners = Counter(key for keys in (known | taken).values() for key in keys.split(","))
    for name, keys in tuple(taken.items()):
        twice = [key for key in keys.split(",") if owners[key] > 1]
        if twice:
            del taken[name]
            problems.append(f"{name} cannot be {_sign(twice[0])}, which is another's already")
    return taken, tuple(f"The keys are not all taken: {problem}." for problem in problems)


def shown_keys(keymap: Keymap | None = None) -> dict[str, str]:
    """The first key of every action, as it is written for people."""
    return {binding.action: _sign(binding.key.split(",")[0]) for binding in reversed(bindings(keymap))}


def _key_named(key: str) -> str:
    """A key by the name that it has in events, as Textual makes it of bindings: ``/`` is called ``slash``."""
    key = key.strip()
    return _character_to_key(key) if len(key) == 1 else key


def _is_key(name: str) -> bool:
    """Whether a terminal has such a key."""
    *modifiers, bare = name.split("+")
    known = bare in _NAMED or key_to_character(REPLACED_KEYS.get(bare, bare)) is not None
    return known and _MODIFIERS.issuperset(modifiers)


_NAMED = {key.value for key in Keys}
_MODIFIERS = {"ctrl", "shift", "alt", "meta", "super", "hyper"}


def _usual() -> Sequence[Binding]:
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
            "A shorter time on the charts",
            shown=False,
        ),
        _key(
            look,
            "left_square_bracket,minus",
            "range(2)",
            "Further",
            "A longer time on the charts",
            shown=False,
        ),
        _key(
            decide,
            "d",
            "diagnose",
            "Diagnosis",
            "Say what shows it, whose fault it is, and what you would do",
        ),
        _key(look, "z", "halt", "Halt", "Let the time of a rehearsal stand still, or go on", shown=False),
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
        _key(look, "j,down,right,tab", "focus_next", "Next", "The next panel, or release", shown=False),
        _key(
            look,
            "k,up,left,shift+tab",
            "focus_previous",
            "Previous",
            "The previous panel, or release",
            shown=False,
        ),
        _key(console, "colon,ctrl+p", "command_palette", "Commands", "Every action by name"),
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


def actions(keymap: Keymap | None = None) -> dict[str, str]:
    """The action of every key."""
    return {key: binding.action for binding in bindings(keymap) for key in binding.key.split(",")}


def names() -> dict[str, str]:
    """What every action is called."""
    return {binding.action: binding.description for binding in reversed(bindings())}


def keys(keymap: Keymap | None = None, *, rehearsed: bool = False) -> Help:
    """Every key with its name and meaning, for the help page; those of rehearsals only where one is."""
    groups: dict[str, list[tuple[str, str, str]]] = {}
    for binding in bindings(keymap):
        if binding.action in DRILL and not rehearsed:
            continue
        group = groups.setdefault(binding.group.description if binding.group else "", [])
        also = " ".join(_sign(key) for key in binding.key.split(",")[1:])
        row = (_first(binding), binding.description, f"{binding.tooltip}{f' (also {also})' if also else ''}")
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
    own = [binding.action for binding in _usual()]
    found: dict[str, Key] = {}
    for _, binding, enabled, _ in active:
        action = binding.action
        # Textual makes a binding of each key; the first one is shown.
        if binding.show and action not in found:
            rank = len(DROPPED) - DROPPED.index(action) if action in DROPPED else 0
            found[action] = Key(binding.key, _first(binding), binding.description, enabled, rank)
    # What a page adds stands in front of what is there everywhere.
    order = [action for action in found if action not in own]
    order += [action for action in own if action in found]
    return [found[action] for action in order]


def _first(binding: Binding) -> str:
    return binding.key_display or _sign(binding.key.split(",")[0])


def _sign(key: str) -> str:
    return SIGNS.get(key, key)


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
