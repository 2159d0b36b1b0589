# SPDX-License-Identifier: Apache-2.0
"""A Docker Engine that is strict with its client, keeps state, and misbehaves on command.

It has no containers, only what an Engine would say of them. Each request is checked against the Engine API (version
prefix, path, query, body with its fields and types); what does not fit is answered with 400 and kept in
`violations`, which a test expects to be empty. Only for 127.0.0.0/8 and unix sockets.

    engine = FakeEngine("amber", address=address(1))
    engine.fault = Hang(path="/containers/create")      # see faults.py
    engine.watch = callback                              # callback("before" | "done" | "after", number, method, path)

The number counts requests that change something. Where the callback returns True before one, that is lost.
"""

import http.server
import json
import os
import re
import socket
import socketserver
import threading
import urllib.parse

from . import engine_api
from .engine_api import ApiError


# A range of loopback addresses that no other test run on this computer uses.
NETWORK = f"127.{1 + os.getpid() // 250 % 250}.{os.getpid() % 250}"


def address(number):
    return f"{NETWORK}.{number}"


class _Tcp(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        """A client that hangs up, or that does not trust us, is what some tests are about."""


class _Unix(_Tcp):
    address_family = socket.AF_UNIX

    def get_request(self):
        connection, _ = self.socket.accept()
        return connection, ("unix", 0)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = False

    def setup(self):
        self.engine = self.server.engine
        if self.engine.tls:
            self.request.settimeout(10)
            self.request = self.engine.tls.wrap_socket(self.request, server_side=True)
        super().setup()
        self.engine.connections.add(self)

    def finish(self):
        self.engine.connections.discard(self)
        super().finish()

    def log_message(self, format, *args):
        pass

    def _serve(self):
        length = self.headers.get("Content-Length")
        body = self.rfile.read(int(length)) if length else b""
        url = urllib.parse.urlsplit(self.path)
        path = re.sub(r"^/v1\.\d+", "", url.path)
        engine = self.engine
        number = engine.count(self.command, path)
        if engine.watch("before", number, self.command, path):
            self.close_connection = True
            return
        fault = engine.pick_fault(self.command, path)
        if fault and fault.before(self):
            return
        if path == "/events" and url.path != path:
            self._stream_events(url)
            return
        reply = engine.answer(self.command, url, self.headers, body)
        engine.watch("done", number, self.command, path)
        if fault:
            fault.after(self, reply)
        else:
            self.send(reply)
        engine.watch("after", number, self.command, path)

    do_GET = do_POST = do_DELETE = do_PUT = do_HEAD = do_PATCH = _serve

    def head(self, status, content_type="application/json", length=None, **more):
        self.send_response_only(status)
        self.send_header("Api-Version", f"1.{self.engine.api_max}")
        if content_type:
            self.send_header("Content-Type", content_type)
        if length is None:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(length))
        for name, value in more.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def end_chunks(self):
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def send(self, reply):
        status, content_type, body = reply
        if status in (204, 304):
            self.head(status, None, 0)
            return
        self.head(status, content_type, len(body))
        self.wfile.write(body)
        self.wfile.flush()

    def _stream_events(self, url):
        engine = self.engine
        try:
            since = engine.check_events(url, self.headers)
        except ApiError as error:
            self.send(engine_api.reply(error.status, {"message": error.message}))
            return
        self.head(200)
        at = 0
        while not engine.closing:
            with engine.lock:
                while at == len(engine.events) and not engine.closing and self in engine.connections:
                    engine.news.wait(0.2)
                lines = engine.events[at:]
                at = len(engine.events)
                silent = engine.events_are_silent
            if self not in engine.connections:
                return
            for line in lines:
                if line["timeNano"] > since and not silent:
                    self.chunk(json.dumps(line).encode() + b"\n")


class FakeEngine(engine_api.Api):
    """Listens once it is made. `endpoint` is what goes into a fleet."""

    def __init__(self, name, address=None, port=2375, path=None, tls=None, api_min=24, api_max=41,
                 version="20.10.24", images=("shop/web:1",)):
        super().__init__(api_min, api_max, version, images)
        self.name = name
        self.tls = tls
        self.fault = None
        self.watch = lambda when, number, method, path: None
        self.requests = []        # (method, path), all of them
        self.connections = set()
        self.closing = False
        self._place = path or (address, port)
        self._server = None
        self.endpoint = f"unix://{path}" if path else f"tcp://{address}:{port}"
        self.listen()

    def listen(self):
        if isinstance(self._place, str):
            if os.path.exists(self._place):
                os.unlink(self._place)
        self._server = (_Unix if isinstance(self._place, str) else _Tcp)(self._place, Handler)
        self._server.engine = self
        self.closing = False
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def refuse(self):
        """From now on nobody listens; what is connected is cut off. listen() undoes it."""
        self.closing = True
        self._server.shutdown()
        self._server.server_close()
        self.cut()
        with self.lock:
            self.news.notify_all()

    close = refuse

    def cut(self):
        """Closes all connections, whatever happens on them."""
        for handler in list(self.connections):
            self.connections.discard(handler)
            try:
                handler.request.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def count(self, method, path):
        with self.lock:
            self.requests.append((method, path))
            return sum(1 for method, _ in self.requests if method != "GET")

    def pick_fault(self, method, path):
        with self.lock:
            fault = self.fault
            if not fault or not fault.matches(method, path):
                return None
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self.fault = None
            fault.hits += 1
            return fault
