"""A backend that says aloud what it was told about who asks, and the search for it in what was written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from tests.e2e.fronts import Front
from tests.e2e.program import Aftergreen


class Echoing(Front):
    """Wants to know who asks, below a path that nobody else knows, and says aloud what it was told.

    A few of its first answers about ``what``, from a moment of the data on, are refusals; then it is content.
    """

    prefix: ClassVar[str] = "/tenants/Zk3vQ9xTt71LmNbR5cWd"
    headers: ClassVar[Mapping[str, str]] = {
        "Authorization": "Bearer let-nobody-read-this",
        "X-Api-Key": "nor-that-0123456789",
        "PRIVATE-TOKEN": 'least "of" all, this',
    }

    def __init__(self, upstream: str, what: str, since: float) -> None:
        super().__init__(upstream)
        self._what, self._since = what, since
        self.refusals = 6

    def answer(self, path: str, form: dict[str, str], headers: Mapping[str, str]) -> tuple[int, str, bytes]:
        about = float(form.get("end") or form.get("time") or 0.0)
        if self._what in form.get("query", "") and about > self._since and self.refusals:
            self.refusals -= 1
            return 401, "text/plain", f"{path}: {dict(headers)}".encode()
        return super().answer(path, form, headers)


SECRETS = (*(value.removeprefix("Bearer ") for value in Echoing.headers.values()), "Zk3vQ9xTt71LmNbR5cWd")
ENVIRONMENT = {"METRICS_TOKEN": SECRETS[0], "METRICS_KEY": SECRETS[2]}
CREDENTIALS = {
    "url_env": "METRICS_URL",
    "bearer_token_env": "METRICS_TOKEN",
    "headers": {"X-Api-Key": SECRETS[1]},
    "headers_env": {"PRIVATE-TOKEN": "METRICS_KEY"},
}


def nothing_let_out(gate: Aftergreen, *folders: Path) -> None:
    """No secret stands in anything that was written in a whole watch with a rollback."""
    written = [gate.told.encode()]
    for folder in folders:
        files = [file for file in folder.rglob("*") if file.is_file()]
        written += [file.read_bytes() for file in files if file.name != "aftergreen.toml"]
    everything = b"".join(written)
    for secret in SECRETS:
        assert secret.encode() not in everything
        assert secret.split('"')[0].encode() not in everything
    # The address is told by the variable's name, and the command wrote its environment.
    assert b"$METRICS_URL/api/v1/query" in everything
    assert b"PATH=" in everything
