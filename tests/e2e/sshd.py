"""A real OpenSSH server on loopback, and what a connection to it consists of."""

from __future__ import annotations

import os
import pwd
import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from aftergreen.rollback.process import PROCESSES
from aftergreen.rollback.tree import below
from tests.e2e.parts import end, free_port, require, wait_until

# Debian's service makes it as it starts, and without it a server of root does not start.
_SEPARATED = Path("/run/sshd")

_CONFIGURATION = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile {folder}/pid
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitUserRC no
StrictModes no
UsePAM no
"""

_NEEDED = ("HOME", "LANG", "PATH", "PYTHONPATH", "TERM", "TZ", "XDG_CONFIG_HOME", "XDG_STATE_HOME")


class Sshd:
    """A server into which whoever runs the tests may log in with a key of its own, as themselves."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._program = require("sshd", "openssh-server")
        self._client = require("ssh", "openssh-client")
        folder.mkdir()
        for key in ("host", "user"):
            keygen = require("ssh-keygen", "openssh-client")
            subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True)
        (folder / "sshd_config").write_text(_CONFIGURATION.format(port=self.port, folder=folder))

    def __enter__(self) -> Self:
        if os.geteuid() == 0:
            _SEPARATED.mkdir(mode=0o755, exist_ok=True)
        command = [self._program, "-D", "-e", "-f", str(self.folder / "sshd_config")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self._listens, "the SSH server to listen", lambda: self.log)
        return self

    def __exit__(self, *_: object) -> None:
        end(self._process)

    @property
    def log(self) -> str:
        """The end of what it wrote."""
        return (self.folder / "log").read_text(errors="replace")[-4000:]

    def login(self, line: Sequence[str], env: Mapping[str, str]) -> list[str]:
        """The client's command line that runs ``line`` on the server, in the home folder of ``env``."""
        told = [f"{name}={env[name]}" for name in _NEEDED if name in env]
        remote = f"cd {shlex.quote(env['HOME'])} && exec {shlex.join(['env', *told, *line])}"
        options = [
            "BatchMode=yes",
            "IdentitiesOnly=yes",
            "StrictHostKeyChecking=no",
            f"UserKnownHostsFile={self.folder}/known_hosts",
        ]
        return [
            *(self._client, "-tt", "-F", "none", "-i", str(self.folder / "user"), "-p", str(self.port)),
            *(word for option in options for word in ("-o", option)),
            *(f"{pwd.getpwuid(os.geteuid()).pw_name}@127.0.0.1", remote),
        ]

    def sessions(self) -> set[int]:
        """The processes that run on the server for those who are logged in."""
        return set(below(self._process.pid)) - self._connections()

    def cut(self) -> None:
        """Kill what serves the connections; nobody is told, and new ones can be made."""
        for process in self._connections():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def _connections(self) -> set[int]:
        return {process for process in below(self._process.pid) if _name(process).startswith("sshd")}

    def _listens(self) -> bool:
        assert self._process.poll() is None, f"the SSH server ended\n{self.log}"
        return "Server listening" in self.log


def _name(process: int) -> str:
    with suppress(OSError):
        return (PROCESSES / str(process) / "comm").read_text()
    return ""
