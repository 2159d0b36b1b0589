# SPDX-License-Identifier: Apache-2.0
"""Uses the shop as two kinds of client and writes down every attempt. A process of its own, in the client's network.

    first   takes the first address of an answer and nothing else, and gives a connection 3.5 seconds
    next    tries the next address when one fails, or when a connection is not there after a second

Both keep an answer for its TTL and open a connection for each request. Requests start on a schedule, whether or not
earlier ones have ended, so that an outage does not slow down the counting of its failures.
Beside them a sampler asks the nameserver many times a second, so that the moment an answer changes is on record.

Nothing is ever sent to an address outside of the lab's network and the loopback.
"""

import argparse
import asyncio
import functools
import gc
import ipaddress
import json
import os
import signal
import socket
import time

from .resolve import Resolver, ResolveError

ALLOWED = (ipaddress.ip_network("192.0.2.0/24"), ipaddress.ip_network("127.0.0.0/8"))
# Who has another address to try is quick to try it. Who has not is patient for two lost packets: Linux repeats the
# first one after 1 and 3 seconds.
CONNECT_TIMEOUT_S = {"first": 3.5, "next": 1.0}
REPLY_TIMEOUT_S = 2.0
REPLY_SIZE_MAX = 4096
CLIENTS = 60        # of each kind
RATE = 240.0        # requests a second of both kinds together
SAMPLE_S = 0.025
FLUSH_S = 0.1


class ForeignTarget(Exception):
    """Somebody wants us to send to an address that is not the lab's."""


@functools.lru_cache  # it is asked before each connection, of very few addresses
def guard(address):
    """Raises unless the address is one of the lab's or the loopback."""
    try:
        if any(ipaddress.ip_address(address) in network for network in ALLOWED):
            return
    except ValueError:
        pass
    raise ForeignTarget(f"{address} is not an address of the lab: the recorder sends to "
                        f"{', '.join(map(str, ALLOWED))} only")


class Journal:
    """The history file. Lines are gathered and written whole, a few times a second."""

    def __init__(self, path):
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._lines = []

    def add(self, what, **fields):
        self._lines.append(json.dumps({"what": what, **fields}, separators=(",", ":")))

    def flush(self):
        if self._lines:
            os.write(self._descriptor, ("\n".join(self._lines) + "\n").encode())
            self._lines.clear()


async def _request(loop, sock, name):
    await loop.sock_sendall(sock, f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
    reply = b""
    while b"\r\n" not in reply:
        if len(reply) > REPLY_SIZE_MAX:
            return "not HTTP"
        part = await loop.sock_recv(sock, REPLY_SIZE_MAX)
        if not part:
            return "closed"
        reply += part
    status = reply.split(b"\r\n", 1)[0].split(b" ")
    if len(status) < 2 or not status[0].startswith(b"HTTP/1."):
        return "not HTTP"
    return "ok" if status[1] == b"200" else f"status {status[1].decode(errors='replace')}"


async def http_get(address, port, name, connect_timeout_s):
    """One request to one address: "ok", or what went wrong in a word or two."""
    loop = asyncio.get_running_loop()
    try:
        guard(address)
    except ForeignTarget:
        return "foreign target"
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.setblocking(False)
        try:
            async with asyncio.timeout(connect_timeout_s):
                await loop.sock_connect(sock, (address, port))
        except TimeoutError:
            return "connect timeout"
        except OSError as error:
            return f"connect {type(error).__name__}"
        try:
            async with asyncio.timeout(REPLY_TIMEOUT_S):
                return await _request(loop, sock, name)
        except TimeoutError:
            return "reply timeout"
        except OSError as error:
            return f"reply {type(error).__name__}"


class Client:
    """One user of the shop: its answer, and how many addresses of it a request may try."""

    def __init__(self, kind, number, recorder):
        self.kind = kind
        self.number = number
        self.recorder = recorder
        self.tries_max = 1 if kind == "first" else None
        # The first answer is an old one, of another age at each client: else all would ask in the same moment for ever.
        self._first_age = (number + 0.5) / recorder.options.clients
        self._addresses, self._expires = [], 0.0
        self._asking = None

    async def _resolve(self):
        """The addresses to try. Requests that start while a query is under way share it."""
        if time.monotonic() >= self._expires:
            if self._asking is None:
                self._asking = asyncio.ensure_future(self._ask())
            await asyncio.shield(self._asking)
        return self._addresses[:self.tries_max]

    async def _ask(self):
        try:
            sent = time.monotonic()
            self._addresses, ttl = await self.recorder.resolver.ask(self.recorder.name)
            self._expires, self._first_age = sent + ttl * (1 - self._first_age), 0.0
        finally:
            self._asking = None

    async def attempt(self, port):
        """One request, written down with everything that was tried for it."""
        start, tries = time.monotonic(), []
        try:
            for address in await self._resolve():
                tries.append([address, await http_get(address, port, self.recorder.name,
                                                      CONNECT_TIMEOUT_S[self.kind])])
                if tries[-1][1] == "ok":
                    break
        except ResolveError as error:
            tries.append(["", f"dns {error}"])
        self.recorder.journal.add("attempt", kind=self.kind, client=self.number, start=round(start, 6),
                                  end=round(time.monotonic(), 6), ok=bool(tries) and tries[-1][1] == "ok",
                                  port=port, tries=tries)


class Recorder:
    """All clients, the sampler and the history."""

    def __init__(self, options):
        address, _, port = options.nameserver.rpartition(":")
        self.options = options
        self.name = options.name
        self.resolver = Resolver(address, int(port), guard)
        self.journal = Journal(options.history)
        self.clients = [Client(kind, number, self) for number in range(options.clients) for kind in ("first", "next")]
        self._running = set()
        self._ending = asyncio.Event()

    def _start(self, coroutine):
        task = asyncio.ensure_future(coroutine)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _pause(self, seconds):
        """Returns early when it is time to end."""
        try:
            async with asyncio.timeout(seconds):
                await self._ending.wait()
        except TimeoutError:
            pass

    async def _use(self):
        """Starts the requests, each client in its turn, on a schedule that does not wait for replies."""
        began, count = time.monotonic(), 0
        while not self._ending.is_set():
            late = (time.monotonic() - began) * self.options.rate
            while count <= late:
                turn, client = divmod(count, len(self.clients))
                self._start(self.clients[client].attempt(self.options.ports[(turn + client // 2) % len(self.options.ports)]))
                count += 1
            await self._pause(max(0.0, began + count / self.options.rate - time.monotonic()))

    async def _sample(self):
        while not self._ending.is_set():
            self._start(self._sample_once())
            await self._pause(SAMPLE_S)

    async def _sample_once(self):
        sent = time.monotonic()
        try:
            addresses, ttl = await self.resolver.ask(self.name)
            self.journal.add("answer", start=round(sent, 6), at=round(time.monotonic(), 6), addresses=addresses, ttl=ttl)
        except ResolveError as error:
            self.journal.add("no-answer", start=round(sent, 6), at=round(time.monotonic(), 6), error=str(error))

    async def _write(self):
        while not self._ending.is_set():
            self.journal.flush()
            await self._pause(FLUSH_S)

    async def run(self):
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ending.set)
        # Nothing here makes cycles worth collecting, and a pause in the middle of a measurement is worth avoiding.
        gc.freeze()
        gc.disable()
        self.journal.add("begin", at=time.monotonic(), name=self.name, rate=self.options.rate,
                         clients=len(self.clients), pid=os.getpid())
        await asyncio.gather(self._use(), self._sample(), self._write())
        while self._running:
            await asyncio.wait(self._running)
        used = os.times()
        self.journal.add("end", at=time.monotonic(), cpu_s=round(used.user + used.system, 2))
        self.journal.flush()


def ports_of(text):
    """8080 or 8080-8083."""
    first, _, last = text.partition("-")
    return list(range(int(first), int(last or first) + 1))


def main():
    parser = argparse.ArgumentParser(prog="demo.recorder", description=__doc__.splitlines()[0])
    parser.add_argument("--history", required=True, metavar="FILE", help="where to append what is seen")
    parser.add_argument("--nameserver", required=True, metavar="ADDRESS:PORT", help="which nameserver to ask")
    parser.add_argument("--name", required=True, help="the shop's name")
    parser.add_argument("--ports", type=ports_of, default=[80], metavar="FIRST-LAST", help="used in turn")
    parser.add_argument("--clients", type=int, default=CLIENTS, metavar="N", help="of each kind")
    parser.add_argument("--rate", type=float, default=RATE, metavar="N", help="requests a second, both kinds together")
    options = parser.parse_args()
    try:
        asyncio.run(Recorder(options).run())
    except ForeignTarget as error:
        parser.exit(1, f"recorder: {error}\n")


if __name__ == "__main__":
    main()
