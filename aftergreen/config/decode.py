"""Decodes a TOML document into the tables of the schema, and finds every value that does not fit."""

from __future__ import annotations

import copy
import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from functools import cache
from types import GenericAlias
from typing import Any, Literal, TypeVar, cast, get_args, get_origin

import cattrs
from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError, IterableValidationError
from cattrs.gen import make_dict_structure_fn, mapping_structure_factory, override

from aftergreen.clean import clean, is_harmless, one_line
from aftergreen.config import file
from aftergreen.config.faults import Faults, Unfit, listed, nearest, shown
from aftergreen.model import Automatic, BaselineSource, Indicator, Reduce, Strategy, Then
from aftergreen.units import parse_duration, parse_fraction, parse_quantity

Path = tuple[str | int, ...]
Hook = Callable[[object, object], object]
"""Makes a value of a document into one of a key's type; `Unfit` where it is none."""

T = TypeVar("T")

_NAME_LENGTH = 60
_LINE_LENGTH = 200
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie"})


def decode(raw: dict[str, Any], faults: Faults, kind: type[T], kinds: Mapping[Any, Hook] | None = None) -> T:
    """The document without the values that do not fit; those are in the faults.

    ``kind`` is the schema; ``kinds`` are the types of its keys that a configuration does not have.
    """
    converter = _converter(tuple((kinds or {}).items()))
    try:
        return converter.structure(raw, kind)
    except ClassValidationError as error:
        rest = copy.deepcopy(raw)
        for path, reason in _leaves(error, ()):
            faults.leave_out(_place(path), reason)
            _drop(rest, path)
        return converter.structure(rest, kind)


def _place(path: Path) -> str:
    """A path as it is told: ``signals[2].rules[0].above``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _leaves(error: Exception, path: Path) -> Iterator[tuple[Path, Unfit]]:
    """Every single fault in the tree of exceptions, with the way that leads to it."""
    if isinstance(error, ForbiddenExtraKeysError):
        for key in sorted(error.extra_fields):
            yield (*path, clean(key, _NAME_LENGTH)), _unknown_key(key, error.cl)
    elif isinstance(error, Unfit):
        yield path, error
    elif isinstance(error, ClassValidationError):
        attributes, others = error.group_exceptions()
        for cause, note in attributes:
            yield from _leaves(cause, (*path, file.KEYS.get(note.name, note.name)))
        for cause in others:
            yield from _leaves(cause, path)
    elif isinstance(error, IterableValidationError):
        elements, _ = error.group_exceptions()
        for cause, position in elements:
            yield from _leaves(cause, (*path, position.index))
    else:
        raise error


def _unknown_key(key: str, table: type) -> Unfit:
    known = tuple(file.KEYS.get(f.name, f.name) for f in dataclasses.fields(table))
    near = nearest(key, known)
    return Unfit("an unknown key", "a known one" if near else listed(known), near)


def _drop(raw: dict[str, Any], path: Path) -> None:
    """Take the faulty value out; a list keeps an empty table there, and its other elements their place."""
    *way, last = path
    holder: Any = raw
    for part in way:
        holder = holder[part]
    if isinstance(last, int):
        holder[last] = {}
    else:
        for key in [key for key in holder if clean(key, _NAME_LENGTH) == last]:
            del holder[key]


def _text(value: object, _: object = None) -> str:
    if not isinstance(value, str):
        raise Unfit(shown(value), "text in quotes")
    if not value.strip():
        raise Unfit(shown(value), "text that is not empty")
    if not is_harmless(value, lines=True):
        raise Unfit(shown(value), "text without control characters")
    return value


def _remark(value: object, _: object = None) -> str:
    """What is only shown: whatever drives a terminal is left out of it."""
    return one_line(value) if isinstance(value, str) and one_line(value) else _text(value)


def _one_line(longest: int) -> Hook:
    def hook(value: object, _: object = None) -> str:
        text = value if isinstance(value, str) and value.strip() else _text(value)
        if text != one_line(text, longest):
            expected = f"at most {longest} characters on one line, without spaces around them"
            raise Unfit(shown(text), expected)
        return text

    return hook


def _variable(value: object, _: object = None) -> str:
    # Not shown: whoever writes something else here has most likely written the secret itself.
    if not isinstance(value, str) or not _VARIABLE.fullmatch(value):
        found = "text that is none" if isinstance(value, str) else shown(value)
        raise Unfit(found, 'the name of an environment variable, such as "METRICS_TOKEN"')
    return value


def _variables(value: object, _: object = None) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise Unfit(shown(value), 'a list of names of environment variables, such as ["METRICS_TOKEN"]')
    return tuple(_variable(name) for name in value)


def _switch(value: object, _: object = None) -> bool:
    if not isinstance(value, bool):
        raise Unfit(shown(value), "true or false, without quotes")
    return value


def _automatic(value: object, _: object = None) -> Automatic:
    if isinstance(value, bool):
        return Automatic.ON if value else Automatic.OFF
    if value != Automatic.DRY_RUN:
        near = Automatic.DRY_RUN if isinstance(value, str) and nearest(value, (Automatic.DRY_RUN,)) else None
        raise Unfit(shown(value), 'true, false or "dry-run"', near)
    return Automatic.DRY_RUN


def _quantity(value: object, _: object = None) -> file.Quantity:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Unfit(shown(value), 'a number, or text with a number and its unit such as "1%" or "20ms"')
    return file.Quantity(value)


def _parsed(parse: Callable[[str], float]) -> Hook:
    def hook(value: object, _: object) -> float:
        try:
            # Anything but text is refused by the empty text, in the parser's own words.
            return parse(value if isinstance(value, str) else "")
        except ValueError as error:
            raise Unfit(shown(value), str(error).removeprefix("expected ")) from None

    return hook


def _size(value: object, _: object) -> int:
    try:
        if isinstance(value, str | int | float):
            return round(parse_quantity(value, "bytes"))
    except ValueError:
        pass
    raise Unfit(shown(value), 'a size such as "4MiB"')


def _headers(value: object, _: object = None) -> dict[str, str]:
    """Headers as name and value; the values are never shown, for they may be secrets."""
    if not isinstance(value, dict):
        raise Unfit(shown(value), 'a table such as { X-Scope-OrgID = "prod" }')
    for name, content in value.items():
        label = f'the header "{clean(name, _NAME_LENGTH)}"'
        if not _HEADER.fullmatch(name):
            raise Unfit(label, "names made of letters, digits and hyphens")
        if name.lower() in _SECRET_HEADERS:
            raise Unfit(
                label,
                "no secrets in the file: use bearer_token_env, bearer_token_file or basic_auth_env",
            )
        if not isinstance(content, str) or not content.isascii() or not content.isprintable():
            raise Unfit(
                f"{label} with a value that is no such text", "text in quotes, in plain ASCII on one line"
            )
    if len({name.lower() for name in value}) < len(value):
        raise Unfit("a header twice", "every header once, whatever its case")
    return dict(value)


def _header_variables(value: object, _: object = None) -> dict[str, str]:
    """Headers as name and the variable that holds the value."""
    if not isinstance(value, dict):
        raise Unfit(shown(value), 'a table such as { X-Api-Key = "METRICS_KEY" }')
    for name in value:
        if not _HEADER.fullmatch(name):
            raise Unfit(
                f'the header "{clean(name, _NAME_LENGTH)}"', "names made of letters, digits and hyphens"
            )
    return {name: _variable(variable) for name, variable in value.items()}


def _arguments(value: object, _: object = None) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(part, str) for part in value):
        raise Unfit(shown(value), 'a list of texts, one an argument, such as ["kubectl", "rollout", "undo"]')
    if not all(is_harmless(part, lines=True) for part in value):
        raise Unfit("an argument with control characters", "arguments without them")
    if not value[0].strip():
        raise Unfit(
            "a list that names no program",
            'a list that begins with a program, such as ["kubectl", "rollout"]',
        )
    return tuple(value)


def choice(kind: Callable[[str], object], words: tuple[str, ...]) -> Hook:
    """Takes one of these words, and makes it a ``kind``."""

    def hook(value: object, _: object) -> object:
        if not isinstance(value, str) or value not in words:
            near = nearest(value, words) if isinstance(value, str) else None
            raise Unfit(shown(value), listed(f'"{word}"' for word in words), near)
        return kind(value)

    return hook


def _table(converter: cattrs.Converter, table: type[object]) -> Hook:
    names = {field.name for field in dataclasses.fields(cast("Any", table))}
    renamed: Any = {name: override(rename=key) for name, key in file.KEYS.items() if name in names}
    fill = make_dict_structure_fn(table, converter, **renamed)

    def hook(value: object, _: object) -> object:
        if not isinstance(value, dict):
            raise Unfit(shown(value), "a table of keys and values")
        return fill(value, table)

    return hook


def _tables(converter: cattrs.Converter, kind: type[object]) -> Hook:
    elements: Any = GenericAlias(list, get_args(kind)[:1])

    def hook(value: object, _: object) -> object:
        if not isinstance(value, list):
            raise Unfit(shown(value), "a list of tables, each under a heading in double brackets")
        return tuple(converter.structure(value, elements))

    return hook


def _named(converter: cattrs.Converter, kind: type[object]) -> Hook:
    fill = mapping_structure_factory(cast("Any", kind), converter, detailed_validation=True)

    def hook(value: object, _: object) -> object:
        if not isinstance(value, dict):
            raise Unfit(shown(value), "a table of tables, each under its name")
        return fill(value, kind)

    return hook


def _is(origin: object) -> Callable[[object], bool]:
    return lambda kind: get_origin(kind) is origin


@cache
def _converter(kinds: tuple[tuple[Any, Hook], ...]) -> cattrs.Converter:
    """What structures documents whose keys have these types beside the usual ones."""
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    converter.register_structure_hook_factory(dataclasses.is_dataclass, lambda t: _table(converter, t))
    converter.register_structure_hook_factory(_is(tuple), lambda t: _tables(converter, t))
    converter.register_structure_hook_factory(_is(dict), lambda t: _named(converter, t))
    converter.register_structure_hook_factory(_is(Literal), lambda t: choice(str, get_args(t)))
    plain: tuple[tuple[Any, Callable[..., object]], ...] = (
        (str, _text),
        (bool, _switch),
        (file.Name, _one_line(_NAME_LENGTH)),
        (file.Line, _one_line(_LINE_LENGTH)),
        (file.Remark, _remark),
        (file.Variable, _variable),
        (file.Variables, _variables),
        (file.Quantity, _quantity),
        (file.Seconds, _parsed(parse_duration)),
        (file.Share, _parsed(parse_fraction)),
        (file.Size, _size),
        (file.Headers, _headers),
        (file.HeaderVariables, _header_variables),
        (file.Arguments, _arguments),
    )
    for kind, hook in (*plain, *kinds):
        converter.register_structure_hook(kind, hook)
    converter.register_structure_hook(Automatic, _automatic)
    # By name: as subclasses of str they would otherwise be taken for text.
    enums: tuple[type[StrEnum], ...] = (Indicator, Then, Reduce, Strategy, BaselineSource)
    for enum in enums:
        converter.register_structure_hook(enum, choice(enum, tuple(enum)))
    return converter
