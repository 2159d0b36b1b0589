# SPDX-License-Identifier: Apache-2.0
"""Makes the demo importable, and a shop on the loopback: a nameserver and HTTP servers in threads."""

import errno
import os
import socket
import socketserver
import struct
import sys
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))


def _bind_both():
    """A UDP and a TCP socket on one port that the kernel picked and nobody else holds by TCP."""
    while True:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        try:
            return udp, socket.create_server(udp.getsockname())
        except OSError as error:
            udp.close()
            if error.errno != errno.EADDRINUSE:
                raise


class TestNameserver:
    """Answers every question with `addresses`; with `truncates`, over UDP with the TC bit only."""

    __test__ = False

    def __init__(self):
        self.addresses, self.ttl, self.truncates, self.drops = ["127.0.0.1"], 1, False, 0
        self.strays = 0  # replies to other questions that come before the true one
        self.queries = {"udp": 0, "tcp": 0}
        self._udp, self._tcp = _bind_both()
        self.port = self._udp.getsockname()[1]
        for serve in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    def _reply(self, wire, truncates):
        query = dns.message.from_wire(wire)
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.AA
        if truncates:
            reply.flags |= dns.flags.TC
        elif self.addresses is None:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        else:
            # dnspython shuffles the addresses of one RRset; of several it keeps the order.
            reply.answer = [dns.rrset.from_text(query.question[0].name, self.ttl, "IN", "A", address)
                            for address in self.addresses]
        return reply.to_wire()

    def _serve_udp(self):
        while True:
            try:
                wire, peer = self._udp.recvfrom(4096)
            except OSError:
                return
            self.queries["udp"] += 1
            if self.drops:
                self.drops -= 1
                continue
            for number in range(self.strays):
                other = dns.message.make_query(f"other{number}.example.test", "A", id=wire[0] << 8 | wire[1])
                self._udp.sendto(dns.message.make_response(other).to_wire(), peer)
            self._udp.sendto(self._reply(wire, self.truncates), peer)

    def _serve_tcp(self):
        while True:
            try:
                connection = self._tcp.accept()[0]
            except OSError:
                return
            with connection:
                self.queries["tcp"] += 1
                (size,) = struct.unpack("!H", connection.recv(2))
                wire = self._reply(connection.recv(size), False)
                connection.sendall(struct.pack("!H", len(wire)) + wire)

    def close(self):
        for sock in (self._udp, self._tcp):
            sock.shutdown(socket.SHUT_RDWR) if sock is self._tcp else None
            sock.close()


class _Shop(socketserver.StreamRequestHandler):
    def handle(self):
        line = self.rfile.readline()
        if line:
            self.server.requests += 1
            self.wfile.write(self.server.reply)


class TestShop(socketserver.ThreadingTCPServer):
    """An HTTP server that gives everybody the same reply."""

    __test__ = False
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address, port=0):
        super().__init__((address, port), _Shop)
        self.port = self.server_address[1]
        self.requests = 0
        self.reply = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()


@pytest.fixture
def nameserver():
    made = TestNameserver()
    yield made
    made.close()


@pytest.fixture
def shop():
    """Starts a shop at an address of the loopback: shop("127.0.0.2"), shop("127.0.0.3", the first one's port)."""
    made = []

    def start(address, port=0):
        made.append(TestShop(address, port))
        return made[-1]

    yield start
    for server in made:
        server.close()
