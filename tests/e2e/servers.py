"""Real metrics servers with data of their own, each on a free port of loopback."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self

import httpx

from tests.e2e.parts import answers, end, free_port, require, wait_until


class Prometheus:
    """A real server with data of its own that scrapes ``targets``, entries of ``static_configs``.

    It can be stopped and started again: same port, same data. ``flags`` are more words for its command line;
    a secured one is asked by ``client``. ``scraped`` are whole entries of ``scrape_configs``.
    """

    def __init__(
        self,
        folder: Path,
        targets: Sequence[Mapping[str, object]] = (),
        *flags: str,
        interval: str = "1s",
        client: httpx.Client | None = None,
        scraped: Sequence[Mapping[str, object]] = (),
    ) -> None:
        self.program = require("prometheus")
        self.folder = folder
        self.port = free_port()
        self.url = f"{'https' if client else 'http'}://127.0.0.1:{self.port}"
        self._flags = flags
        self._client = client or httpx.Client(trust_env=False)
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        scrape = {"job_name": "shops", "static_configs": list(targets)}
        times = {"scrape_interval": interval, "scrape_timeout": interval}
        # YAML reads JSON.
        document = {"global": times, "scrape_configs": [scrape, *scraped]}
        (folder / "prometheus.yml").write_text(json.dumps(document))

    def start(self) -> None:
        """Start it, and wait until it answers queries."""
        command = [
            self.program,
            f"--config.file={self.folder}/prometheus.yml",
            f"--storage.tsdb.path={self.folder}/data",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--log.level=warn",
            *self._flags,
        ]
        with (self.folder / "log").open("ab") as log:
            process = self._process = subprocess.Popen(command, stdout=log, stderr=log)
        ready = f"{self.url}/-/ready"
        wait_until(lambda: answers(process, ready, self._client), "Prometheus to be ready")

    def stop(self) -> None:
        """End it in an orderly way; its data stay."""
        if self._process is not None:
            end(self._process)
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._client.close()

    @property
    def log(self) -> str:
        """The end of what it wrote."""
        path = self.folder / "log"
        return path.read_text(errors="replace")[-4000:] if path.exists() else ""

    def query(self, expression: str, at: float | None = None) -> list[tuple[dict[str, str], float]]:
        """Labels and value of every series at an instant (now)."""
        parameters = {"query": expression} | ({} if at is None else {"time": f"{at:.3f}"})
        answer = self._client.get(f"{self.url}/api/v1/query", params=parameters)
        answer.raise_for_status()
        result = answer.json()["data"]["result"]
        return [(series["metric"], float(series["value"][1])) for series in result]

    def wait_for(self, selector: str, since: float, series: int = 1) -> None:
        """Come back once so many series of the selector were scraped at that time or later."""
        fresh = f"timestamp({selector}) >= {since:.3f}"
        wait_until(lambda: len(self.query(fresh)) >= series, f"{series} of {selector}", lambda: self.log)

    def number(self, expression: str, at: float | None = None) -> float:
        """The value of a query that has exactly one."""
        ((_, value),) = self.query(expression, at)
        return value


class VictoriaMetrics:
    """A real server of another kind that scrapes ``targets``, and answers nearly as Prometheus does."""

    def __init__(self, folder: Path, targets: Sequence[Mapping[str, object]], interval: str = "1s") -> None:
        self.program = require("victoria-metrics")
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._client = httpx.Client(trust_env=False)
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        scrape = {"job_name": "shops", "static_configs": list(targets)}
        times = {"scrape_interval": interval, "scrape_timeout": interval}
        (folder / "scrape.yml").write_text(json.dumps({"global": times, "scrape_configs": [scrape]}))

    def __enter__(self) -> Self:
        command = [
            self.program,
            f"-promscrape.config={self.folder}/scrape.yml",
            f"-storageDataPath={self.folder}/data",
            f"-httpListenAddr=127.0.0.1:{self.port}",
            "-loggerLevel=WARN",
        ]
        with (self.folder / "log").open("ab") as log:
            process = self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(
            lambda: answers(process, f"{self.url}/health", self._client), "VictoriaMetrics to be ready"
        )
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            end(self._process)
        self._client.close()

    def hold(self, lines: Iterable[str]) -> None:
        """Take over a past; its lines are those of OpenMetrics, with times in seconds."""
        told = []
        for line in lines:
            if not line.startswith("#"):
                sample, _, at = line.rpartition(" ")
                told.append(f"{sample} {round(float(at) * 1000)}\n")
        url = f"{self.url}/api/v1/import/prometheus"
        self._client.post(url, content="".join(told)).raise_for_status()

    def wait_for(self, selector: str, since: float, series: int = 1) -> None:
        """Come back once so many series of the selector have a sample of that time or later."""
        query = {"query": f"timestamp({selector}) >= {since:.3f}", "nocache": "1"}

        def fresh() -> bool:
            answer = self._client.get(f"{self.url}/api/v1/query", params=query)
            return answer.is_success and len(answer.json()["data"]["result"]) >= series

        wait_until(fresh, f"{series} of {selector}", lambda: (self.folder / "log").read_text()[-2000:])
