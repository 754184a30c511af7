"""Real exporters of real servers, scraped by a real Prometheus: init recognises them, each query is a number.

Every run has the machine's and Redis's; ``AFTERGREEN_EXPORTERS=all``, as in ``make exporters``, those of
nginx, HAProxy, PostgreSQL, MariaDB and RabbitMQ as well. Their recordings are compared in every run.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from aftergreen.model import Backend, Kind
from aftergreen.proposal.catalogue import instrumentations
from aftergreen.proposal.inventory import series_behind, take_inventory
from aftergreen.proposal.recognition import chosen_of, recognised
from aftergreen.proposal.weighing import Scales
from aftergreen.sources.http import Client
from aftergreen.sources.survey import Survey
from tests.e2e.parts import end, free_port, require, wait_until
from tests.e2e.servers import Prometheus
from tests.recorded import FOLDER

pytestmark = [pytest.mark.e2e, pytest.mark.prometheus]

NOBODY = "65534"


class Servers:
    """Programs that a test started, in a folder of their own; as nobody where this is root."""

    def __init__(self, folder: Path, parts: ExitStack) -> None:
        self.folder = folder
        self._parts = parts
        self._running: list[subprocess.Popen[bytes]] = []
        folder.chmod(0o777)

    def start(self, *command: str, **variables: str) -> None:
        """Start a program, which ends with the test."""
        with (self.folder / "said").open("ab") as log:
            process = subprocess.Popen(
                [*self._as_nobody(), *command], stdout=log, stderr=log, env=self._around(variables)
            )
        self._running.append(process)
        self._parts.callback(end, process)

    def run(self, *command: str, **variables: str) -> None:
        """Run a program to its end."""
        subprocess.run(
            [*self._as_nobody(), *command],
            check=True,
            capture_output=True,
            timeout=60,
            env=self._around(variables),
        )

    def wait_for(self, port: int) -> None:
        """Come back once something listens there."""

        def listens() -> bool:
            ended = [process.args for process in self._running if process.poll() is not None]
            assert not ended, f"{ended} ended\n{self._said()}"
            with socket.socket() as trying:
                return trying.connect_ex(("127.0.0.1", port)) == 0

        wait_until(
            listens, f"port {port}", lambda: (self.folder / "said").read_text(errors="replace")[-2000:]
        )

    def _said(self) -> str:
        return (self.folder / "said").read_text(errors="replace")[-2000:]

    def _as_nobody(self) -> Sequence[str]:
        if os.geteuid() != 0:
            return ()
        return ("setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups")

    def _around(self, variables: Mapping[str, str]) -> dict[str, str]:
        path = f"{os.environ['PATH']}:/usr/sbin:/usr/lib/postgresql/15/bin"
        own = str(self.folder)
        return {"PATH": path, "HOME": own, "TMPDIR": own, "LC_ALL": "C.UTF-8", **variables}


def node(servers: Servers, port: int) -> None:
    servers.start(require("prometheus-node-exporter"), f"--web.listen-address=127.0.0.1:{port}")


def redis(servers: Servers, port: int) -> None:
    own = free_port()
    require("redis-server")
    words = ("--port", str(own), "--bind", "127.0.0.1", "--dir", str(servers.folder), "--save", "")
    servers.start("redis-server", *words, "--maxmemory", "64mb")
    servers.wait_for(own)
    servers.start(
        require("prometheus-redis-exporter"),
        *("-redis.addr", f"redis://127.0.0.1:{own}", "-web.listen-address", f"127.0.0.1:{port}"),
    )


def nginx(servers: Servers, port: int) -> None:
    own = free_port()
    require("nginx")
    file = servers.folder / "nginx.conf"
    paths = "".join(f"{kind}_temp_path {servers.folder}/{kind};" for kind in ("client_body", "proxy"))
    others = "".join(f"{kind}_temp_path {servers.folder}/{kind};" for kind in ("fastcgi", "uwsgi", "scgi"))
    file.write_text(
        f"daemon off; pid {servers.folder}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {paths} {others}\n"
        f"  server {{ listen 127.0.0.1:{own}; location /stub {{ stub_status; }} }} }}\n"
    )
    servers.start("nginx", "-c", str(file), "-e", "stderr")
    servers.wait_for(own)
    servers.start(
        require("prometheus-nginx-exporter"),
        *(f"-nginx.scrape-uri=http://127.0.0.1:{own}/stub", f"-web.listen-address=127.0.0.1:{port}"),
    )


def haproxy(servers: Servers, port: int) -> None:
    require("haproxy")
    back, front = free_port(), free_port()
    file = servers.folder / "haproxy.cfg"
    file.write_text(
        "defaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n"
        f"frontend web\n bind 127.0.0.1:{front}\n default_backend shop\n"
        f"backend shop\n server one 127.0.0.1:{back}\n"
        f"frontend stats\n bind 127.0.0.1:{port}\n"
        " http-request use-service prometheus-exporter if { path /metrics }\n"
    )
    servers.start("haproxy", "-f", str(file))


def postgres(servers: Servers, port: int) -> None:
    require("/usr/lib/postgresql/15/bin/postgres", "postgresql")
    own, data = free_port(), servers.folder / "data"
    servers.run("initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync", "--locale=C")
    settings = ("listen_addresses=127.0.0.1", f"unix_socket_directories={servers.folder}", "fsync=off")
    servers.start("postgres", "-D", str(data), "-p", str(own), *(w for one in settings for w in ("-c", one)))
    servers.wait_for(own)
    servers.start(
        require("prometheus-postgres-exporter"),
        f"--web.listen-address=127.0.0.1:{port}",
        DATA_SOURCE_NAME=f"postgresql://postgres@127.0.0.1:{own}/postgres?sslmode=disable",
    )


def mysql(servers: Servers, port: int) -> None:
    require("mariadbd", "mariadb-server")
    own, data = free_port(), servers.folder / "data"
    words = ("--auth-root-authentication-method=normal", "--skip-test-db")
    servers.run("mariadb-install-db", "--no-defaults", f"--datadir={data}", *words)
    servers.start(
        *("mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={servers.folder}/s", f"--port={own}"),
        *("--bind-address=127.0.0.1", f"--pid-file={servers.folder}/pid"),
    )
    servers.wait_for(own)
    servers.start(
        require("prometheus-mysqld-exporter"),
        f"--web.listen-address=127.0.0.1:{port}",
        DATA_SOURCE_NAME=f"root@(127.0.0.1:{own})/",
    )


def rabbitmq(servers: Servers, port: int) -> None:
    require("/usr/lib/rabbitmq/bin/rabbitmq-server", "rabbitmq-server")
    own, among, names = free_port(), free_port(), free_port()
    for folder in ("mnesia", "log"):
        (servers.folder / folder).mkdir()
        (servers.folder / folder).chmod(0o777)
    (servers.folder / "enabled_plugins").write_text("[rabbitmq_prometheus].\n")
    file = servers.folder / "rabbitmq.conf"
    file.write_text(
        f"listeners.tcp.1 = 127.0.0.1:{own}\nprometheus.tcp.ip = 127.0.0.1\nprometheus.tcp.port = {port}\n"
    )
    # The register of names would outlive the server that starts it.
    servers.start("epmd", "-address", "127.0.0.1", "-port", str(names))
    servers.wait_for(names)
    servers.start(
        "/usr/lib/rabbitmq/bin/rabbitmq-server",
        ERL_EPMD_PORT=str(names),
        ERL_EPMD_ADDRESS="127.0.0.1",
        RABBITMQ_DIST_PORT=str(among),
        RABBITMQ_NODENAME="t@localhost",
        RABBITMQ_MNESIA_BASE=str(servers.folder / "mnesia"),
        RABBITMQ_LOG_BASE=str(servers.folder / "log"),
        RABBITMQ_CONFIG_FILE=str(file),
        RABBITMQ_ENABLED_PLUGINS_FILE=str(servers.folder / "enabled_plugins"),
        RABBITMQ_CONF_ENV_FILE="/dev/null",
        RABBITMQ_PID_FILE=str(servers.folder / "pid"),
    )


USUAL: Mapping[str, Callable[[Servers, int], None]] = {"node-exporter": node, "redis": redis}
"""Small enough for every run."""

MORE: Mapping[str, Callable[[Servers, int], None]] = {
    "nginx-exporter": nginx,
    "haproxy": haproxy,
    "postgres": postgres,
    "mysql": mysql,
    "rabbitmq": rabbitmq,
}

EXPORTERS = {**USUAL, **MORE} if os.environ.get("AFTERGREEN_EXPORTERS") == "all" else USUAL


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Every exporter beside its server, and a Prometheus that scrapes them."""
    since = time.time()
    with ExitStack() as parts:
        targets = []
        for name, start in EXPORTERS.items():
            port = free_port()
            # Not among pytest's own folders, into which nobody but this user may look.
            folder = parts.enter_context(TemporaryDirectory(prefix=f"{name}-"))
            servers = Servers(Path(folder), parts)
            start(servers, port)
            targets.append({"labels": {"job": name}, "targets": [f"127.0.0.1:{port}"]})
        prometheus = parts.enter_context(Prometheus(tmp_path_factory.mktemp("prometheus"), targets))
        prometheus.wait_for("up == 1", since, len(targets))
        # Two samples make an increase.
        scraped = "sum_over_time(up[1m]) >= 3"
        wait_until(lambda: len(prometheus.query(scraped)) == len(targets), "three scrapes")
        yield prometheus


@pytest.mark.parametrize("name", EXPORTERS)
def test_a_live_exporter_is_recognised_and_every_query_of_it_gives_a_number(
    name: str, exported: Prometheus
) -> None:
    found = asyncio.run(recognised_of(exported.url, name))
    recorded = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))["signals"]
    assert list(found) == [signal["name"] for signal in recorded]
    # Some of the servers have nothing to do.
    numbers = {Kind.VALUE, Kind.ZERO, Kind.NO_TRAFFIC}
    assert {name: kind for name, kind in found.items() if kind not in numbers} == {}


async def recognised_of(url: str, name: str) -> dict[str, Kind]:
    """The names of the signals that are proposed, and what kind of reading each has."""
    (one,) = (known for known in instrumentations() if known.name == name)
    client = Client(Backend(url=url))
    survey = Survey(client)
    found = await take_inventory(survey, [one], {})
    behind = await series_behind(survey, found, found.places)
    offered, _ = recognised(found.places, found.names, behind, name)
    chosen, _ = chosen_of(offered)
    scales = Scales(client, found.at)
    _, weighed = await scales.weighed(chosen, "standard")
    await scales.close()
    await client.close()
    return {one.proposal.name: one.reading.kind for one in weighed}
