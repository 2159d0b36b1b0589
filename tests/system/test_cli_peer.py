# SPDX-License-Identifier: Apache-2.0
"""What listens at the socket need not be a seawall server, nor a good one."""

import os
import re
import socket
import threading

import pytest

from support.cli import Cli

EVIL = "\\u001b[2J\\u009b31m\\u0007evil"
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f]")


def reply(body, status="200 OK", kind="application/json"):
    data = body.encode()
    return (f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n"
            .encode() + data)


class Peer:
    """Answers every request with the same bytes, again and again if they are endless."""

    def __init__(self, path, answer, endless=b""):
        self.answer, self.endless = answer, endless
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(path)
        self.socket.listen(16)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        with connection:
            try:
                connection.settimeout(30)
                request = b""
                while b"\r\n\r\n" not in request:
                    data = connection.recv(65536)
                    if not data:
                        return
                    request += data
                connection.sendall(self.answer)
                while self.endless:
                    connection.sendall(self.endless)
            except OSError:
                pass

    def close(self):
        self.socket.close()


@pytest.fixture
def peer(tmp_path):
    """Starts a peer and returns a user of it."""
    made = []

    def make(answer, endless=b""):
        path = str(tmp_path / f"{len(made)}.sock")
        made.append(Peer(path, answer, endless))
        return Cli(tmp_path, path)

    yield make
    for one in made:
        one.close()


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/x-ndjson\r\n\r\n"


@pytest.mark.parametrize("answer, endless", [
    (b"", b""),
    (b"garbage\r\n\r\n", b""),
    (reply("this is no JSON"), b""),
    (reply("[1, 2"), b""),
    (reply("[]"), b""),
    (reply("{}", "500 Internal Server Error"), b""),
    (reply('{"error": "text"}', "422 Unprocessable"), b""),
    (reply("{}", "204 No Content"), b""),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{", b""),
    (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536),
    (b"HTTP/1.1 200 OK\r\nX: ", b"x" * 65536),
    (CHUNKED, b"ffff\r\n" + b"x" * 65535 + b"\r\n"),
], ids=["nothing", "garbage", "no-json", "half-json", "a-list", "no-reason", "odd-reason", "no-content", "half-an-answer",
        "endless-body", "endless-header", "endless-line"])
@pytest.mark.parametrize("words", [("fleet", "ls"), ("events",), ("ps", "-p", "shop"), ("down", "-p", "shop")],
                         ids=lambda words: words[0])
def test_a_peer_that_is_no_server_is_a_failure_with_its_name(peer, words, answer, endless):
    done = peer(answer, endless).run(*words)
    assert done.returncode == 1
    assert done.stderr.startswith("seawall: ") and len(done.stderr) < 600
    assert not CONTROLS.search(done.stdout + done.stderr)


@pytest.mark.parametrize("words", [("fleet", "ls"), ("ps", "-p", "shop"), ("ps", "--all"), ("dns", "show"), ("version",),
                                   ("fleet", "rm", "amber"), ("fleet", "drain", "amber"), ("events",),
                                   ("logs", "-p", "shop"), ("scale", "-p", "shop", "web=1"), ("down", "-p", "shop")],
                         ids=" ".join)
@pytest.mark.parametrize("body, status", [
    ('{"clusters": [{"name": "E", "state": "E", "error": "E", "since": "E", "engine": "E", "capacity": 3}],'
     ' "apps": [{"name": "E", "state": "E"}], "names": [{"name": "E", "fail_open": true, "endpoints": [{"why": "E"}]}],'
     ' "name": "E", "state": "E", "trouble": "E", "waiting": [{"cluster": "E", "for": "E", "actions": "E"}],'
     ' "replicas": [{"cluster": "E", "service": "E", "ports": [{"published": 1, "protocol": "E"}]}], "version": "E",'
     ' "phase": "failed", "message": "E", "kind": "E", "at": "E", "line": "E", "cluster": "E", "replica": "E"}\n', "200 OK"),
    ('{"error": {"code": "E", "message": "E"}}', "409 Conflict"),
    ('{"error": {"code": "refused", "message": "E"}, "plan": {"app": "E", "services": {"E": {"why": "E"}}}}', "422 No"),
], ids=["data", "conflict", "refusal"])
def test_nothing_that_a_peer_says_commands_the_terminal(peer, words, body, status):
    cli = peer(reply(body.replace('"E"', f'"{EVIL}"'), status))
    for more in ((), ("--format", "json")):
        _, shown = cli.on_terminal(*words, *more)
        assert not CONTROLS.search(re.sub("\x1b\\[[0-9;]*[mAJ]|\r", "", shown.replace("\x1b[2J", "\x07"))), shown


def test_a_socket_path_beyond_the_kernels_limit_is_told(tmp_path):
    done = Cli(tmp_path, os.path.join(tmp_path, "x" * 200)).run("fleet", "ls")
    assert done.returncode == 1 and "at most 107 bytes" in done.stderr
