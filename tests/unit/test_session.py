"""Who is watching, and what a watch is put together from."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from aftergreen.model import RollbackPlan
from aftergreen.watch.session import operator_name, withheld
from tests.scenario import plan


@pytest.mark.parametrize(
    ("given", "environment", "name"),
    [
        ("ana", "ravi", "ana"),
        (None, "ravi", "ravi"),
        ("", "ravi", "ravi"),
        ("ana\x1b[2J", None, "ana [2J"),
        ("a" * 100, None, "a" * 59 + "…"),
    ],
)
def test_the_operator_is_as_given_else_by_the_environment(
    monkeypatch: pytest.MonkeyPatch, given: str | None, environment: str | None, name: str
) -> None:
    if environment is not None:
        monkeypatch.setenv("AFTERGREEN_OPERATOR", environment)
    assert operator_name(given) == name


def test_else_user_and_host_are_the_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("LOGNAME", "ana")
    assert operator_name(None) == f"ana@{socket.gethostname().split('.')[0]}"


@pytest.mark.parametrize(
    ("named", "passed", "kept"),
    [
        ({}, (), ()),
        ({"bearer_token_env": "TOKEN"}, (), ("TOKEN",)),
        ({"basic_auth_env": "LOGIN"}, (), ("LOGIN",)),
        ({"bearer_token_env": "TOKEN"}, ("TOKEN",), ()),
    ],
)
def test_credentials_are_withheld_unless_the_configuration_names_them(
    named: dict[str, str], passed: tuple[str, ...], kept: tuple[str, ...]
) -> None:
    given = plan(rollback=RollbackPlan(("true",), pass_env=passed))
    backend = replace(given.backend, **named)  # type: ignore[arg-type]  # texts by name
    assert withheld(replace(given, backend=backend)) == kept
