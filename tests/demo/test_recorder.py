# SPDX-License-Identifier: Apache-2.0
"""The recorder: two kinds of client that do what they say, on the loopback, with nameservers and shops of our own."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import types

import pytest

from demo import recorder
from demo.resolve import Resolver, ResolveError

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


@pytest.fixture
def make(nameserver, tmp_path):
    """A recorder that asks the nameserver."""
    def make(ports=(80,), **more):
        options = types.SimpleNamespace(nameserver=f"127.0.0.1:{nameserver.port}", name="shop.example.test",
                                        ports=list(ports), rate=200.0, clients=1, history=str(tmp_path / "history"))
        for key, value in more.items():
            setattr(options, key, value)
        return recorder.Recorder(options)
    return make


def attempts(made):
    """What was written down so far."""
    made.journal.flush()
    with open(os.readlink(f"/proc/self/fd/{made.journal._descriptor}"), encoding="ascii") as file:
        return [entry for entry in map(json.loads, file) if entry["what"] == "attempt"]



def closed_port():
    """A port of the loopback on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_both_kinds_are_answered_when_nothing_is_wrong(make, nameserver, shop):
    port = shop("127.0.0.1").port
    made = make()
    for client in made.clients:
        asyncio.run(client.attempt(port))
    assert [(entry["kind"], entry["ok"], entry["tries"]) for entry in attempts(made)] == [
        ("first", True, [["127.0.0.1", "ok"]]), ("next", True, [["127.0.0.1", "ok"]])]


def test_a_first_address_client_tries_the_first_address_only(make, nameserver, shop):
    port = shop("127.0.0.3").port
    nameserver.addresses = ["127.0.0.2", "127.0.0.3"]
    made = make()
    asyncio.run(made.clients[0].attempt(port))
    assert [(entry["ok"], entry["tries"]) for entry in attempts(made)] == [
        (False, [["127.0.0.2", "connect ConnectionRefusedError"]])]


def test_a_next_address_client_tries_the_next_one(make, nameserver, shop):
    port = shop("127.0.0.3").port
    nameserver.addresses = ["127.0.0.2", "127.0.0.3"]
    made = make()
    asyncio.run(made.clients[1].attempt(port))
    assert [(entry["ok"], [result for _, result in entry["tries"]]) for entry in attempts(made)] == [
        (True, ["connect ConnectionRefusedError", "ok"])]


def test_an_address_that_is_silent_costs_the_connect_timeout(make, nameserver, shop):
    port = shop("127.0.0.3").port
    nameserver.addresses = ["127.0.0.2", "127.0.0.3"]
    made = make()
    # A backlog that is full drops what comes: the nearest thing to a black hole on a loopback.
    with socket.create_server(("127.0.0.2", port), backlog=0) as full:
        held = [socket.socket() for _ in range(3)]
        for one in held:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        asyncio.run(made.clients[1].attempt(port))
        for one in held:
            one.close()
    (entry,) = attempts(made)
    assert (entry["ok"], entry["tries"][0]) == (True, ["127.0.0.2", "connect timeout"])
    assert 1.0 <= entry["end"] - entry["start"] < 2.0


def test_an_answer_is_kept_for_its_ttl_and_no_longer(make, nameserver, shop):
    port = shop("127.0.0.1").port
    made = make()
    client = made.clients[0]

    async def use():
        assert nameserver.queries["udp"] == 0
        nameserver.ttl = 3600
        await client.attempt(port)
        await client.attempt(port)
        assert nameserver.queries["udp"] == 1
        client._expires = 0.0
        nameserver.ttl = 0
        await client.attempt(port)
        await client.attempt(port)
        assert nameserver.queries["udp"] == 3

    asyncio.run(use())


def test_clients_do_not_all_ask_in_the_same_moment(make, nameserver, shop):
    port = shop("127.0.0.1").port
    nameserver.ttl = 3600
    made = make(clients=3)

    async def use():
        for client in made.clients:
            await client.attempt(port)

    asyncio.run(use())
    expires = [client._expires for client in made.clients if client.kind == "first"]
    assert min(abs(one - other) for one in expires for other in expires if one != other) > 1000


@pytest.mark.parametrize("reply, result", [(b"HTTP/1.1 503 Busy\r\n\r\n", "status 503"), (b"", "closed"),
                                           (b"SSH-2.0-x\r\n", "not HTTP"), (b"x" * 9000, "not HTTP")])
def test_anything_but_200_is_a_failure(make, nameserver, shop, reply, result):
    server = shop("127.0.0.1")
    server.reply = reply
    made = make()
    asyncio.run(made.clients[0].attempt(server.port))
    assert [(entry["ok"], entry["tries"][0][1]) for entry in attempts(made)] == [(False, result)]


def test_a_name_that_is_not_there_is_a_failure_with_its_reason(make, nameserver):
    nameserver.addresses = None
    made = make()
    asyncio.run(made.clients[1].attempt(80))
    assert [(entry["ok"], entry["tries"]) for entry in attempts(made)] == [(False, [["", "dns NXDOMAIN"]])]


@pytest.mark.parametrize("address", ["192.0.3.1", "198.51.100.7", "10.0.0.1", "8.8.8.8", "0.0.0.0", "::1", "shop", ""])
def test_other_targets_than_the_labs_are_refused(make, nameserver, address):
    with pytest.raises(recorder.ForeignTarget, match="not an address of the lab"):
        recorder.guard(address)


def test_an_answer_that_names_a_foreign_address_is_not_followed(make, nameserver, monkeypatch):
    nameserver.addresses = ["198.51.100.7"]
    made = make()
    monkeypatch.setattr(recorder, "socket", None)  # resolving has a module of its own
    asyncio.run(made.clients[0].attempt(80))
    assert [entry["tries"] for entry in attempts(made)] == [[["198.51.100.7", "foreign target"]]]


def test_a_foreign_nameserver_is_refused_before_anything_is_sent(tmp_path):
    done = subprocess.run(["/usr/bin/python3", "-m", "demo.recorder", "--history", str(tmp_path / "history"), "--nameserver",
                           "198.51.100.7:53", "--name", "shop.example.test"], cwd=TOP, capture_output=True, text=True)
    assert done.returncode == 1 and "198.51.100.7 is not an address of the lab" in done.stderr


def ask(nameserver):
    return asyncio.run(Resolver("127.0.0.1", nameserver.port, recorder.guard).ask("shop.example.test"))


def test_the_order_and_the_ttl_of_an_answer_are_kept(nameserver):
    nameserver.addresses, nameserver.ttl = ["127.0.0.9", "127.0.0.2", "127.0.0.5"], 7
    assert ask(nameserver) == (["127.0.0.9", "127.0.0.2", "127.0.0.5"], 7)


def test_a_lost_query_is_sent_again(nameserver):
    nameserver.drops = 1
    assert ask(nameserver) == (["127.0.0.1"], 1)
    assert nameserver.queries["udp"] == 2


def test_a_truncated_reply_is_asked_for_over_tcp(nameserver):
    nameserver.truncates = True
    assert ask(nameserver) == (["127.0.0.1"], 1)
    assert nameserver.queries == {"udp": 1, "tcp": 1}


def test_a_reply_to_another_question_is_not_taken(nameserver):
    nameserver.strays = 2
    assert ask(nameserver) == (["127.0.0.1"], 1)
    assert nameserver.queries["udp"] == 1


def test_nobody_there_is_an_error_and_no_hang():
    with pytest.raises(ResolveError):
        asyncio.run(Resolver("127.0.0.1", closed_port(), recorder.guard).ask("shop.example.test"))


def test_without_faults_there_are_no_failures_at_the_full_rate(nameserver, shop, tmp_path):
    """The recorder must not make failures of its own: those of the demo would mean nothing."""
    nameserver.addresses = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    port = shop("127.0.0.1").port
    for address in ("127.0.0.2", "127.0.0.3"):
        shop(address, port)
    path = tmp_path / "history"
    process = subprocess.Popen(["/usr/bin/python3", "-m", "demo.recorder", "--history", str(path), "--nameserver",
                                f"127.0.0.1:{nameserver.port}", "--name", "shop.example.test", "--ports", str(port)], cwd=TOP)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(4)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0

    entries = [json.loads(line) for line in path.read_text().splitlines()]
    tried = [entry for entry in entries if entry["what"] == "attempt"]
    seconds = tried[-1]["start"] - tried[0]["start"]
    assert [entry for entry in tried if not entry["ok"]] == []
    assert {entry["kind"] for entry in tried} == {"first", "next"}
    assert {entry["tries"][0][0] for entry in tried} == {"127.0.0.1"}
    assert len(tried) / seconds >= 200
    assert sum(entry["what"] == "answer" for entry in entries) / seconds >= 10
    assert entries[0]["what"] == "begin" and entries[-1]["what"] == "end"
