"""Load on loopback from a process of its own: ``python load.py SECONDS REQUESTS``.

Every line on standard input points a name at a port and a rate: ``{"name": …, "port": …, "rate": …}``; from
then on that many requests a second go there over kept connections, one in four of them a registration. It
ends by itself with its input or after the seconds, and sends no more than so many requests.
"""

from __future__ import annotations

import asyncio
import json
import sys
from itertools import count

CONNECTIONS = 8
_PAGES = ("/checkout", "/checkout", "/checkout", "/register")
_RETRY = 0.05


class Budget:
    """How many requests may still be sent, in all."""

    def __init__(self, requests: int) -> None:
        self._left = requests

    async def take(self) -> None:
        """Take one more; waits for ever once none is left."""
        self._left -= 1
        if self._left < 0:
            await asyncio.Event().wait()


class Target:
    """One name under load; its connections move to another port without a pause."""

    def __init__(self, budget: Budget) -> None:
        self.port = 0
        self.rate = 0.0
        self._budget = budget
        self._number = count()
        self.tasks = [asyncio.create_task(self._keep_sending(n)) for n in range(CONNECTIONS)]

    async def _keep_sending(self, number: int) -> None:
        loop = asyncio.get_running_loop()
        pause = CONNECTIONS / self.rate if self.rate else _RETRY
        due = loop.time() + pause * number / CONNECTIONS
        while True:
            try:
                due = await self._send_over_one_connection(due)
            except (OSError, asyncio.IncompleteReadError, ValueError):
                due = max(due, loop.time() + _RETRY)

    async def _send_over_one_connection(self, due: float) -> float:
        """Send until the target moves; returns when the next request is due."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, due - loop.time()))
        port = self.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            while port == self.port:
                await self._budget.take()
                page = _PAGES[next(self._number) % len(_PAGES)]
                writer.write(f"GET {page} HTTP/1.1\r\nHost: shop\r\n\r\n".encode())
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(_length(head))
                # A slow answer is not made up for by a burst.
                due = max(due + CONNECTIONS / self.rate, loop.time())
                await asyncio.sleep(due - loop.time())
        finally:
            writer.close()
        return due


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r")[0])


async def main(seconds: float, requests: int) -> None:
    """Follow the lines on standard input until they end, or the time or the requests are used up."""
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    budget = Budget(requests)
    targets: dict[str, Target] = {}
    async with asyncio.timeout(seconds):
        while line := await lines.readline():
            order = json.loads(line)
            target = targets.get(order["name"])
            if target is None:
                target = targets[order["name"]] = Target(budget)
            target.port, target.rate = order["port"], order["rate"]


if __name__ == "__main__":
    try:
        asyncio.run(main(float(sys.argv[1]), int(sys.argv[2])))
    except TimeoutError:
        sys.exit("the load's time is used up")
