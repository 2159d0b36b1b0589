# SPDX-License-Identifier: Apache-2.0
"""The API takes nothing for granted: what is wrong is refused with the field that is, and nobody can hold it up."""

import json
import os
import select
import socket
import threading
import time

import pytest

from support.fake_engine import FakeEngine, address
from support.server import Connection, Refused, Server, app_json, cluster_json, until



@pytest.fixture(scope="module")
def server(tmp_path_factory):
    engine = FakeEngine("amber", address=address(1))
    server = Server(tmp_path_factory.mktemp("api")).start()
    try:
        server.apply({"amber": cluster_json(engine.endpoint, "amber")})
        server.until_ready("amber")
        server.up(app_json(ports=False))
        yield server
        assert server.app()["revision"] == 1, "something that was refused changed something"
        assert engine.violations == []
        server.stop()
    finally:
        server.close()
        engine.close()


def refuse(server, method, path, body, status, *words):
    with pytest.raises(Refused) as refused:
        server.call(method, path, body)
    assert refused.value.status == status, refused.value.error
    for word in words:
        assert word in refused.value.error["message"], refused.value.error
    return refused.value.error


# Routes.

@pytest.mark.parametrize("path", ["/", "/v1", "/v1/", "/v2/version", "/v1/apps/", "/v1/apps/shop/", "/v1/apps/a%2fb", "/v1/apps/%00",
                                  "/v1/apps/shop/up/now", "/v1/apps/" + "x" * 300, "//v1/version", "/v1/version/.."])
def test_an_unknown_path_is_not_found(path, server):
    error = refuse(server, "GET", path, None, 404)
    assert error["code"] == "not-found"


@pytest.mark.parametrize("method, path", [("POST", "/v1/version"), ("GET", "/v1/apps/shop/up"), ("DELETE", "/v1/fleet"), ("PATCH", "/v1/apps/shop"),
                                          ("OPTIONS", "/v1/fleet"), ("PUT", "/v1/apps"), ("BREW", "/v1/apps")])
def test_a_method_that_a_path_does_not_take_is_refused(method, path, server):
    refuse(server, method, path, None, 405, f"{method} {path}: this path does not take that method")


@pytest.mark.parametrize("method, path, words", [
    ("GET", "/v1/version?x=1", ("query 'x'", "none")),
    ("GET", "/v1/fleet?follow=1", ("query 'follow'",)),
    ("GET", "/v1/events?folow=1", ("query 'folow'", "follow")),
    ("GET", "/v1/events?follow=yes", ("follow", "'yes'", "1 or 0")),
    ("GET", "/v1/events?since=yesterday", ("since", "'yesterday'", "2026-11-24T04:00:35.123Z")),
    ("GET", "/v1/apps/shop/logs?tail=ten", ("tail", "'ten'", "a number")),
    ("GET", "/v1/apps/shop/logs?tail=-1", ("tail", "'-1'")),
    ("GET", "/v1/apps/shop/logs?tail=", ("tail", "''")),
    ("GET", "/v1/apps/shop/logs?=1", ("query ''",)),
    ("DELETE", "/v1/clusters/amber?force=please", ("force", "'please'")),
    ("POST", "/v1/clusters/amber/drain?undo=1&force=1", ("query 'force'", "undo")),
])
def test_a_query_that_is_not_known_or_no_value_is_named(method, path, words, server):
    refuse(server, method, path, None, 400, *words)


@pytest.mark.parametrize("method, path", [("GET", "/v1/apps/none"), ("POST", "/v1/apps/none/down"), ("POST", "/v1/apps/none/scale"), ("GET", "/v1/apps/none/logs"),
                                          ("DELETE", "/v1/clusters/none"), ("POST", "/v1/clusters/none/drain")])
def test_what_there_is_not_is_named(method, path, server):
    body = {"down": {}, "scale": {"services": {"web": 1}}}.get(path.rpartition("/")[2])
    refuse(server, method, path, body, 404, "'none'")


# Bodies.

BODIES = [("PUT", "/v1/fleet"), ("POST", "/v1/plan"), ("POST", "/v1/apps/shop/up"), ("POST", "/v1/apps/shop/down"), ("POST", "/v1/apps/shop/scale")]


@pytest.mark.parametrize("method, path", BODIES)
@pytest.mark.parametrize("body, words", [
    (b"", ("not JSON",)), (b"{", ("not JSON",)), (b"[]", ("must be a JSON object",)), (b"7", ("JSON",)), (b"{}x", ("not JSON",)),
    (b"{\"a\":1,\"a\":2}", ("not JSON", "duplicate")), (b"\xff\xfe{}", ("not JSON",)), (b"{\"\xff\":1}", ("not JSON",)),
    (b"{\"a\":" + b"[" * 100000, ("not JSON", "depth")), (b"{\"unheard-of\": 1}", ("unheard-of",)), (b"{\"a\\u0000b\": 1}", ("not JSON",)),
])
def test_a_body_that_is_not_what_it_should_be_is_refused(method, path, body, words, server):
    refuse(server, method, path, body, 400, *words)


@pytest.mark.parametrize("path, body, words", [
    ("/v1/apps/shop/up", {"app": app_json(), "detach": "no"}, ("detach: found a string", "a boolean")),
    ("/v1/apps/shop/up", {"app": None}, ("an object",)),
    ("/v1/apps/shop/up", {"detach": True}, ("'app'",)),
    ("/v1/apps/shop/up", {"app": app_json("other")}, ("'other'", "'shop'")),
    ("/v1/apps/shop/up", {"app": {**app_json(), "services": []}}, ("services", "an object")),
    ("/v1/apps/shop/up", {"app": app_json(replicas=-1)}, ("services.web.replicas",)),
    ("/v1/apps/shop/up", {"app": app_json(replicas=1.5)}, ("services.web.replicas", "a fraction")),
    ("/v1/apps/shop/up", {"app": app_json(replicas=10**30)}, ("JSON",)),
    ("/v1/apps/shop/up", {"app": app_json(image="")}, ("services.web.image",)),
    ("/v1/apps/shop/up", {"app": app_json(brand_new=1)}, ("services.web.brand_new",)),
    ("/v1/apps/shop/up", {"app": app_json(name="../shop")}, ("name",)),
    ("/v1/apps/shop/down", {"volumes": 1}, ("volumes: found an integer", "a boolean")),
    ("/v1/apps/shop/down", {"volume": True}, ("volume",)),
    ("/v1/apps/shop/scale", {}, ("'services'",)),
    ("/v1/apps/shop/scale", {"services": {}}, ("'services'",)),
    ("/v1/apps/shop/scale", {"services": {"web": "6"}}, ("services.web", "a number")),
    ("/v1/apps/shop/scale", {"services": {"web": -6}}, ("services.web",)),
    ("/v1/apps/shop/scale", {"services": {"web": 10**9}}, ("services.web",)),
    ("/v1/apps/shop/scale", {"services": {"web": 2}, "detach": 0}, ("detach",)),
    ("/v1/plan", {}, ("'app'",)),
    ("/v1/plan", {"app": 7}, ("an object",)),
])
def test_a_field_of_a_wrong_type_is_named(path, body, words, server):
    refuse(server, "POST", path, body, 400, *words)


def test_scaling_what_there_is_not_is_not_found(server):
    refuse(server, "POST", "/v1/apps/shop/scale", {"services": {"db": 1}}, 404, "'db'")


@pytest.mark.parametrize("change, words", [
    ({"driver": "zeppelin"}, ("'amber'", "'zeppelin'")),
    ({"driver": None}, ("clusters.amber.driver",)),
    ({"endpoint": "gopher://x"}, ("clusters.amber.endpoint", "gopher")),
    ({"endpoint": "tcp://a b:1"}, ("clusters.amber.endpoint",)),
    ({"endpoint": "tcp://a:1/../x"}, ("clusters.amber.endpoint",)),
    ({"addresses": "127.0.0.1"}, ("clusters.amber.addresses",)),
    ({"addresses": ["localhost"]}, ("clusters.amber.addresses", "localhost")),
    ({"cost_micro": -1}, ("clusters.amber.cost_micro",)),
    ({"drained": 0}, ("clusters.amber.drained",)),
    ({"tls": {"ca": "relative.pem", "cert": "", "key": ""}}, ("tls.ca", "absolute")),
    ({"colour": "red"}, ("colour",)),
])
def test_a_fleet_that_is_wrong_names_the_field(change, words, server):
    refuse(server, "PUT", "/v1/fleet", {"clusters": {"amber": {**cluster_json("tcp://127.0.0.1:9", "amber"), **change}}}, 400, *words)


# The wire.

def raw(server, data, timeout=20):
    """What comes back on a connection of its own, to its end."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout)
        connection.connect(server.socket)
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        got = b""
        try:
            while piece := connection.recv(65536):
                got += piece
        except OSError:
            pass
        return got


@pytest.mark.parametrize("data", [
    b"", b"\r\n\r\n", b"GET\r\n\r\n", b"GET /v1/version\r\n\r\n", b"\x16\x03\x01\x00\xff", b"GET /v1/version HTTP/9.9\r\nHost: x\r\n\r\n",
    b"GET /v1/version HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"PUT /v1/fleet HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"PUT /v1/fleet HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"PUT /v1/fleet HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET /" + b"x" * 100000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /v1/version HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 100000 + b"\r\n",
], ids=range(12))
def test_a_malformed_request_costs_its_own_connection(data, server):
    reply = raw(server, data)
    assert b" 200 " not in reply.split(b"\r\n")[0]
    assert server.call("GET", "/v1/version")


def test_a_body_beyond_64_mib_is_refused_and_forgotten(server):
    before = server.rss_kb()
    head = b"PUT /v1/fleet HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % (80 << 20)
    reply = raw(server, head + b" " * (80 << 20), 60)
    assert b" 413 " in reply.split(b"\r\n")[0] and b"larger than 64 MiB" in reply
    if not server.has_sanitizer:
        until(lambda: server.rss_kb() < before + (8 << 10), "the memory is given back")


def test_a_slow_client_holds_up_nobody(server):
    """One that says half a request, one that says half a body, one that reads nothing."""
    with socket.socket(socket.AF_UNIX) as header, socket.socket(socket.AF_UNIX) as body, socket.socket(socket.AF_UNIX) as deaf:
        for connection in (header, body, deaf):
            connection.connect(server.socket)
        header.sendall(b"GET /v1/ver")
        body.sendall(b"POST /v1/apps/shop/up HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        deaf.sendall(b"GET /v1/events?follow=1 HTTP/1.1\r\nHost: x\r\n\r\n")
        began = time.monotonic()
        for _ in range(50):
            server.call("GET", "/v1/fleet")
        server.stream("POST", "/v1/apps/slow/up", {"app": app_json("slow", ports=False), "detach": False})
        server.down("slow")
        assert time.monotonic() - began < 5


def test_a_client_that_never_stops_asking_is_one_of_many(server):
    """Requests without end on one connection, sent before the answers to the earlier ones are read."""
    stop = threading.Event()
    answered = [0]

    def ask():
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(server.socket)
            connection.setblocking(False)
            block = b"GET /v1/version HTTP/1.1\r\nHost: x\r\n\r\n" * 1000
            left = b""
            while not stop.is_set():
                _, writable, _ = select.select([], [connection], [], 0.1)
                if writable:
                    left = left or block
                    left = left[connection.send(left):]
                try:
                    answered[0] += len(connection.recv(1 << 20))
                except BlockingIOError:
                    pass

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        until(lambda: answered[0] > 1 << 20, "they are at it")
        for _ in range(10):
            began = time.monotonic()
            assert server.call("GET", "/v1/fleet", timeout=10)
            assert time.monotonic() - began < 1
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_many_connections_are_served_or_turned_away_and_then_served(server):
    idle = []

    def connect():
        connection = socket.socket(socket.AF_UNIX)
        connection.setblocking(False)
        try:
            connection.connect(server.socket)
        except BlockingIOError:  # those at the door have not been let in yet
            connection.close()
            return False
        idle.append(connection)
        return True

    try:
        for _ in range(256):
            until(connect, f"connection {len(idle)}", 5)
        assert server.process.poll() is None
    finally:
        for connection in idle:
            connection.close()
    assert until(lambda: server.call("GET", "/v1/version"), "served again", 10)


def test_hundreds_of_requests_at_once_are_all_answered(server):
    results = []

    def ask():
        connection = Connection(server.socket)
        for _ in range(20):
            connection.request("GET", "/v1/apps/shop")
            results.append(json.loads(connection.getresponse().read())["name"])
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == ["shop"] * 640


def test_followers_that_leave_are_forgotten(server):
    """Each leaves in another moment; what they followed goes on."""
    for _ in range(40):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(server.socket)
        connection.sendall(b"GET /v1/events?follow=1 HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.recv(100)
        connection.close()
    connection = Connection(server.socket)
    connection.request("GET", "/v1/events?follow=1")
    reply = connection.getresponse()
    server.call("POST", "/v1/clusters/amber/drain?undo=1")
    assert json.loads(reply.readline())["kind"]
    connection.close()
    fds = os.listdir(f"/proc/{server.process.pid}/fd")
    until(lambda: len(os.listdir(f"/proc/{server.process.pid}/fd")) <= len(fds), "descriptors are closed")
    assert len(fds) < 40
