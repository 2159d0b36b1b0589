# SPDX-License-Identifier: Apache-2.0
"""Steering as a process: failover in time, without control, from disk, and whatever is thrown at it."""

import calendar
import contextlib
import http.client
import http.server
import json
import os
import random
import signal
import socket
import socketserver
import subprocess
import threading
import time

import pytest

from lab import Lab, dns
from lab.dns import NOERROR, NXDOMAIN, SERVFAIL, ask

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
SEAWALL = os.path.join(TOP, "build", "seawall")
NAME = "shop.example.test"


# What the defaults promise, from the moment of the fault.
CRASH_S, BLACKHOLE_S = 1.0, 3.0


def until(check, what, seconds=20):
    """Waits for check() to be true; returns how long that took."""
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        if check():
            return time.monotonic() - began
        time.sleep(0.005)
    raise AssertionError(f"not within {seconds} s: {what}")


def free_port():
    """A port that is free by UDP and TCP on 127.0.0.1."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind(("127.0.0.1", 0))
            try:
                tcp.bind(udp.getsockname())
            except OSError:
                continue
            return udp.getsockname()[1]


# The processes.

class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=20):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def request(path, method, target, body=None):
    """(status, text) of a call to a unix socket."""
    with contextlib.closing(UnixConnection(path)) as connection:
        connection.request(method, target, body)
        reply = connection.getresponse()
        return reply.status, reply.read().decode()


class Nameserver:
    """seawall nameserver, by itself."""

    def __init__(self, folder, address=None, popen=subprocess.Popen, prefix=()):
        self.folder = str(folder)
        self.socket = os.path.join(self.folder, "nameserver.sock")
        self.state = os.path.join(self.folder, "state")
        self.log = os.path.join(self.folder, "nameserver.log")
        self.address = address or ("127.0.0.1", free_port())
        self.popen, self.prefix = popen, list(prefix)
        self.process = None

    def argv(self, *more):
        return [*self.prefix, SEAWALL, "nameserver", "--socket", self.socket, "--state", self.state,
                "--listen", "%s:%d" % self.address, *more]

    def start(self):
        with open(self.log, "ab") as log:
            self.process = self.popen(self.argv(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(self.answers, "the nameserver answers")
        return self

    def answers(self):
        assert self.process.poll() is None, f"the nameserver ended: {self.logged()}"
        try:
            return request(self.socket, "GET", "/v1/stats")[0] == 200
        except OSError:
            return False

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(timeout=20)

    def call(self, method, target, body=None):
        status, text = request(self.socket, method, target, body if body is None else json.dumps(body))
        assert status == 200, (status, text)
        return json.loads(text)

    def put(self, intent):
        return request(self.socket, "PUT", "/v1/intent", json.dumps(intent))

    def follow(self, intent):
        status, text = self.put(intent)
        assert status == 200, text

    def endpoints(self):
        return {endpoint["address"]: endpoint for endpoint in self.call("GET", "/v1/table")["names"][0]["endpoints"]}

    def verdicts(self):
        return {address: endpoint["verdict"] for address, endpoint in self.endpoints().items()}

    def ask(self, name=NAME):
        return ask(self.address, name)

    def answered(self):
        return self.ask()[1]

    def logged(self):
        with open(self.log, encoding="utf-8") as file:
            return file.read()


def intent(addresses, port, generation=1, kind="tcp", pins=None, **probe):
    return {"generation": generation, "zone": "example.test", "nameservers": ["ns1.example.test"], "names": [
        {"name": NAME, "app": "shop", "service": "web", "ttl": 5,
         "probe": {"kind": kind, "port": port, "interval_ms": 0, "timeout_ms": 0,
                   **({"path": "/", "host": None, "status": 0} if kind == "http" else {}), **probe},
         "endpoints": [{"address": address, "port": port, "cluster": f"cluster-{address}", "region": address,
                        "provider": address, "weight": 1, "pin": (pins or {}).get(address, "none")}
                       for address in addresses]}]}


class Backends:
    """Listeners on 127.0.0.x, all on one port: the kernel accepts for those that only listen."""

    def __init__(self, addresses):
        self.sockets = {}
        self.port = free_port()
        for address in addresses:
            self.start(address)

    def start(self, address):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, self.port))
        sock.listen(1024)
        self.sockets[address] = sock
        threading.Thread(target=self._accept, args=(sock,), daemon=True).start()

    @staticmethod
    def _accept(sock):
        with contextlib.suppress(OSError):
            while True:
                sock.accept()[0].close()

    def stop(self, address):
        """From now on the kernel refuses."""
        sock = self.sockets.pop(address)
        sock.shutdown(socket.SHUT_RDWR)  # wakes up who accepts
        sock.close()

    def close(self):
        for address in list(self.sockets):
            self.stop(address)


ALL = ["127.0.0.11", "127.0.0.12", "127.0.0.13"]


@pytest.fixture
def nameserver(tmp_path):
    server = Nameserver(tmp_path).start()
    yield server
    if server.process.poll() is None:
        assert server.stop() == 0


@pytest.fixture
def backends():
    group = Backends(ALL)
    yield group
    group.close()


@pytest.fixture
def steered(nameserver, backends):
    """A nameserver that answers with three endpoints, all up."""
    nameserver.follow(intent(ALL, backends.port))
    until(lambda: set(nameserver.verdicts().values()) == {"up"}, "all are up")
    assert nameserver.ask() == (NOERROR, ALL)
    return nameserver, backends


# Failover.

def test_before_the_first_intent_every_answer_is_servfail(nameserver):
    assert nameserver.ask() == (SERVFAIL, [])
    assert nameserver.call("GET", "/v1/table")["names"] == []


def test_a_crash_changes_the_answers_within_a_second(steered):
    server, backends = steered
    backends.stop(ALL[1])
    took = until(lambda: server.answered() == [ALL[0], ALL[2]], "the answers changed")
    assert took < CRASH_S
    assert server.endpoints()[ALL[1]]["why"] == "down: connection refused"


def test_who_returns_starts_slowly(steered):
    server, backends = steered
    backends.stop(ALL[1])
    until(lambda: server.answered() == [ALL[0], ALL[2]], "the answers changed")
    backends.start(ALL[1])
    until(lambda: server.answered() == ALL, "it is back")
    endpoint = server.endpoints()[ALL[1]]
    assert endpoint["weight"] == 10 and endpoint["why"] == "up; slow start: 10 %"
    assert server.endpoints()[ALL[0]]["weight"] == 100
    until(lambda: server.endpoints()[ALL[1]]["weight"] > 10, "it gets more by itself")


def test_if_everything_looks_down_everything_is_answered(steered):
    server, backends = steered
    for address in ALL:
        backends.stop(address)
    until(lambda: set(server.verdicts().values()) == {"down"}, "all are down")
    assert server.ask() == (NOERROR, ALL)
    assert server.call("GET", "/v1/table")["names"][0]["fail_open"] is True
    backends.start(ALL[2])
    until(lambda: server.answered() == [ALL[2]], "who is back is answered alone")


def test_a_pin_is_stronger_than_the_probes(steered):
    server, backends = steered
    backends.stop(ALL[0])
    server.follow(intent(ALL, backends.port, generation=2, pins={ALL[0]: "up", ALL[1]: "down"}))
    until(lambda: server.verdicts()[ALL[0]] == "down", "the first is down")
    assert server.answered() == [ALL[0], ALL[2]]


class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


def test_http_follows_the_status(nameserver):
    class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
        daemon_threads = True
        status = 200

    with Server((ALL[0], 0), Page) as web, contextlib.closing(Backends([])) as others:
        port = web.server_address[1]
        threading.Thread(target=web.serve_forever, daemon=True).start()
        others.port = port
        others.start(ALL[1])  # accepts and hangs up: not HTTP
        nameserver.follow(intent(ALL[:2], port, kind="http"))
        until(lambda: nameserver.verdicts() == {ALL[0]: "up", ALL[1]: "down"}, "verdicts")
        web.status = 503
        took = until(lambda: nameserver.verdicts()[ALL[0]] == "down", "503 is down")
        assert took < CRASH_S
        assert nameserver.endpoints()[ALL[0]]["why"].startswith("down: HTTP 503")
        web.shutdown()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: network namespaces")
def test_a_blackhole_changes_the_answers_within_three_seconds(tmp_path):
    listen = ("import socket\ns = socket.create_server(('', 8080), backlog=1024)\nprint(flush=True)\n"
              "while True: s.accept()[0].close()")
    with Lab("nameserver") as lab:
        clouds = [lab.cloud(name) for name in ("amber", "birch", "coral")]
        addresses = [cloud.address for cloud in clouds]
        for cloud in clouds:
            cloud.popen(["/usr/bin/python3", "-c", listen], stdout=subprocess.PIPE).stdout.readline()
        server = Nameserver(tmp_path, address=(lab.hub.address, 5353), popen=lab.hub.popen)

        def answered():
            asked = lab.client.run(["/usr/bin/python3", dns.__file__, *map(str, server.address), NAME],
                                   capture_output=True, text=True, check=True)
            return json.loads(asked.stdout)[1]

        server.start().follow(intent(addresses, 8080))
        until(lambda: set(server.verdicts().values()) == {"up"}, "all are up")
        with clouds[1].blackhole():
            began = time.time()
            until(lambda: server.verdicts()[addresses[1]] == "down", "the blackhole is seen")
            assert answered() == [addresses[0], addresses[2]]
            changed = next(line for line in events(server) if line["kind"] == "answers" and
                           line["answers"] == [addresses[0], addresses[2]])
            assert seconds_of(changed["at"]) - began < BLACKHOLE_S
            assert server.endpoints()[addresses[1]]["why"] == "down: no connection within 800 ms"
        until(lambda: server.verdicts()[addresses[1]] == "up", "it is back")
        assert server.stop() == 0


def events(server):
    return [json.loads(line) for line in request(server.socket, "GET", "/v1/events")[1].splitlines()]


def seconds_of(at):
    whole, _, part = at.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + int(part) / 1000


# Intents and the disk.

def test_an_older_generation_never_replaces_a_newer_one(steered):
    server, backends = steered
    server.follow(intent(ALL[:2], backends.port, generation=7))
    status, text = server.put(intent(ALL, backends.port, generation=6))
    assert status == 409 and json.loads(text)["generation"] == 7
    status, text = server.put(intent(ALL, backends.port, generation=7))
    assert status == 409 and "other content" in text
    assert server.put(intent(ALL[:2], backends.port, generation=7))[0] == 200
    assert server.answered() == ALL[:2]


def test_a_name_that_is_gone_is_no_longer_answered(steered):
    server, backends = steered
    without = {**intent(ALL, backends.port, generation=2), "names": []}
    server.follow(without)
    assert server.ask() == (NXDOMAIN, [])
    last = events(server)[-1]
    assert (last["kind"], last["name"], last["answers"]) == ("answers", NAME, [])


def test_a_restart_answers_from_disk_at_once_and_keeps_the_generation(steered):
    server, backends = steered
    server.follow(intent(ALL, backends.port, generation=7))
    assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    began = time.monotonic()
    server.start()
    assert server.ask()[0] == NOERROR and server.answered()
    assert time.monotonic() - began < 1
    assert server.put(intent(ALL, backends.port, generation=6))[0] == 409


def test_a_restart_in_an_outage_sends_nobody_to_what_is_down(steered):
    server, backends = steered
    backends.stop(ALL[0])
    server.stop(signal.SIGKILL)
    server.start()
    until(lambda: "up" in server.verdicts().values(), "something is up")
    for _ in range(50):
        assert ALL[0] not in server.answered()


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff\xfe", b'{"generation": 9}', b"[" * 100000])
def test_a_damaged_state_file_is_reported_and_replaced_by_the_one_before(steered, damage):
    server, backends = steered
    server.follow(intent(ALL[:2], backends.port, generation=2))
    server.stop(signal.SIGKILL)
    with open(os.path.join(server.state, "intent.json"), "wb") as file:
        file.write(damage)
    server.start()
    assert "state=damaged" in server.logged()
    assert server.call("GET", "/v1/stats")["generation"] == 1
    server.follow(intent(ALL[:2], backends.port, generation=3))


def test_without_any_state_that_can_be_read_it_starts_and_takes_what_comes(steered):
    server, backends = steered
    server.stop(signal.SIGKILL)
    for name in os.listdir(server.state):
        with open(os.path.join(server.state, name), "wb") as file:
            file.write(b"rubbish")
    server.start()
    assert server.ask() == (SERVFAIL, [])
    server.follow(intent(ALL, backends.port, generation=1))
    assert server.ask() == (NOERROR, ALL) or server.answered()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a file system of its own that is full")
def test_a_full_disk_is_told_and_answers_follow_all_the_same(tmp_path, backends):
    full = tmp_path / "state"
    full.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "seawall-test", full], check=True)
    try:
        server = Nameserver(tmp_path).start()
        server.follow(intent(ALL, backends.port, generation=1))
        with open(full / "ballast", "wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        status, text = server.put(intent(ALL[:1], backends.port, generation=2))
        assert status == 500 and "No space left" in text
        assert server.answered() == ALL[:1]
        (full / "ballast").unlink()
        assert server.put(intent(ALL[:1], backends.port, generation=2))[0] == 200
        assert server.call("GET", "/v1/stats")["durable_generation"] == 2
        assert server.stop() == 0
    finally:
        subprocess.run(["umount", full], check=True)


# What is thrown at it.

@pytest.mark.parametrize("body", ["", "{", "[]", "\xff", "[" * 100000, '{"generation": 1}', '{"generation": -1}',
                                  '{"generation": 1, "generation": 2}', json.dumps(intent(["nowhere"], 80)),
                                  json.dumps(intent(["127.0.0.1", "127.0.0.1"], 80))])
def test_a_bad_intent_is_refused_and_changes_nothing(steered, body):
    server, _ = steered
    status, text = request(server.socket, "PUT", "/v1/intent", body.encode("latin-1"))
    assert status == 400 and json.loads(text)["error"]["code"] == "invalid"
    assert server.answered() == ALL


def test_unknown_paths_and_methods_are_told_apart(nameserver):
    assert request(nameserver.socket, "GET", "/v1/nothing")[0] == 404
    assert request(nameserver.socket, "DELETE", "/v1/intent")[0] == 405


def test_only_owner_and_group_may_use_the_socket(nameserver):
    assert os.stat(nameserver.socket).st_mode & 0o777 == 0o660


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it gives up what others do not have")
def test_it_keeps_no_privilege_but_that_of_low_ports(nameserver):
    with open(f"/proc/{nameserver.process.pid}/status", encoding="ascii") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    assert int(status["CapEff"], 16) | int(status["CapPrm"], 16) == 1 << 10
    assert status["NoNewPrivs"] == "1"


def test_an_address_in_use_ends_it_with_its_name(nameserver, tmp_path):
    second = Nameserver(tmp_path / "second", address=nameserver.address)
    os.mkdir(second.folder)
    ended = subprocess.run(second.argv(), capture_output=True, text=True, timeout=20)
    assert ended.returncode == 1
    assert "%s:%d" % nameserver.address in ended.stderr and "in use" in ended.stderr
    assert not os.path.exists(second.socket)


def test_a_second_one_on_the_same_socket_ends_and_the_first_goes_on(nameserver):
    second = Nameserver(nameserver.folder)
    ended = subprocess.run(second.argv(), capture_output=True, text=True, timeout=20)
    assert ended.returncode == 1 and "another server" in ended.stderr
    assert nameserver.answers()


def test_a_second_one_on_the_same_state_ends_and_names_it(nameserver, tmp_path):
    second = Nameserver(tmp_path / "second")
    os.mkdir(second.folder)
    second.state = nameserver.state
    ended = subprocess.run(second.argv(), capture_output=True, text=True, timeout=20)
    assert ended.returncode == 1 and nameserver.state in ended.stderr
    assert nameserver.answers()


def test_options_may_come_from_a_file(tmp_path):
    server = Nameserver(tmp_path)
    config = tmp_path / "nameserver.conf"
    config.write_text("socket = %s\nstate = %s\nlisten = %s:%d\nlisten = 127.0.0.2:%d\n" %
                      (server.socket, server.state, *server.address, free_port()), encoding="ascii")
    server.argv = lambda *more: [SEAWALL, "nameserver", "--config", str(config)]
    server.start()
    assert server.ask() == (SERVFAIL, []) and len(server.call("GET", "/v1/stats")["listen"]) == 2
    assert server.stop() == 0


@pytest.mark.parametrize("words", [[], ["--listen", "nowhere"], ["--listen", "127.0.0.1"], ["--listen", "127.0.0.1:x"]])
def test_wrong_addresses_are_named(tmp_path, words):
    ended = subprocess.run([SEAWALL, "nameserver", "--socket", tmp_path / "s", "--state", tmp_path, *words],
                           capture_output=True, text=True, timeout=20)
    assert ended.returncode == (1 if words else 2)
    assert (words or ["--listen"])[-1] in ended.stderr


def test_it_can_listen_elsewhere_without_a_restart(steered):
    server, _ = steered
    before = server.address
    server.address = ("127.0.0.1", free_port())
    server.call("PUT", "/v1/listen", {"listen": ["%s:%d" % server.address]})
    assert server.ask() == (NOERROR, ALL)
    with pytest.raises(OSError):
        ask(before, NAME, timeout=1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        status, text = request(server.socket, "PUT", "/v1/listen",
                               json.dumps({"listen": ["127.0.0.1:%d" % taken.getsockname()[1]]}))
        assert status == 409 and "in use" in text
    assert server.ask() == (NOERROR, ALL)
    assert request(server.socket, "PUT", "/v1/listen", '{"listen": []}')[0] == 400


def test_events_tell_what_happened_and_then_what_happens(steered):
    server, backends = steered
    with contextlib.closing(UnixConnection(server.socket)) as connection:
        connection.request("GET", "/v1/events?follow=1")
        reply = connection.getresponse()
        lines = [json.loads(reply.readline())]
        assert lines[0]["kind"] == "intent" and lines[0]["generation"] == 1
        while lines[-1]["kind"] != "open":
            lines.append(json.loads(reply.readline()))
        backends.stop(ALL[0])
        line = json.loads(reply.readline())
        assert (line["kind"], line["verdict"], line["address"]) == ("verdict", "down", ALL[0])
        line = json.loads(reply.readline())
        assert line["kind"] == "answers" and line["answers"] == ALL[1:] and "is down" in line["reason"]


def test_events_without_replay_begin_with_now(steered):
    server, _ = steered
    assert request(server.socket, "GET", "/v1/events?replay=0") == (200, "")
    with contextlib.closing(UnixConnection(server.socket)) as connection:
        connection.request("GET", "/v1/events?follow=1&replay=0")
        assert json.loads(connection.getresponse().readline())["kind"] == "open"


def test_garbage_at_the_dns_port_hurts_nobody(steered):
    server, _ = steered
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(server.address)
        for length in range(0, 600, 7):
            sock.send(random.randbytes(length))
    assert server.ask() == (NOERROR, ALL)


def test_dns_show_asks_it_when_control_is_dead(steered):
    server, _ = steered
    shown = subprocess.run([SEAWALL, "dns", "show", "--socket", server.socket, NAME], capture_output=True, text=True,
                           timeout=20, check=True).stdout
    assert all(address in shown for address in ALL) and " up " in shown


# Under a server.

class Control:
    """seawall server, which starts a nameserver of its own."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.socket = os.path.join(self.folder, "seawall.sock")
        self.nameserver = Nameserver(folder)
        self.process = None

    def start(self):
        with open(os.path.join(self.folder, "server.log"), "ab") as log:
            self.process = subprocess.Popen(
                [SEAWALL, "server", "--state", f"sqlite:{self.folder}/state.db", "--socket", self.socket],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(self.answers, "the server answers")
        return self

    def answers(self):
        assert self.process.poll() is None, "the server ended"
        with contextlib.suppress(OSError):
            return request(self.socket, "GET", "/v1/version")[0] == 200

    def listen(self, address, zone="example.test"):
        status, text = request(self.socket, "PUT", "/v1/fleet", json.dumps(
            {"clusters": {}, "dns": {"listen": ["%s:%d" % address], "zone": zone, "nameservers": []}}))
        assert status == 200, text

    def stats(self):
        """The nameserver's, once it has what control tells it."""
        with contextlib.suppress(OSError):
            return json.loads(request(self.nameserver.socket, "GET", "/v1/stats")[1])
        return {"pid": 0, "generation": 0}

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def control(tmp_path):
    server = Control(tmp_path).start()
    server.listen(server.nameserver.address)
    until(lambda: server.stats()["generation"] > 0, "the nameserver follows control")
    yield server
    pid = server.stats()["pid"]
    server.process.terminate()
    assert server.process.wait(timeout=20) == 0
    until(lambda: not os.path.exists(f"/proc/{pid}") or is_zombie(pid), "the nameserver ended with it")


def is_zombie(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0] == "Z"
    return True


def test_control_killed_in_an_outage_stops_no_failover_and_is_followed_by_one_that_takes_over(control, backends):
    server = control.nameserver
    server.follow(intent(ALL, backends.port, generation=10**9))
    until(lambda: server.answered() == ALL, "all are answered")
    pid = control.stats()["pid"]
    control.kill()
    backends.stop(ALL[0])
    assert until(lambda: server.answered() == ALL[1:], "failover without control") < CRASH_S
    control.start()
    until(lambda: request(control.socket, "GET", "/v1/dns")[0] == 200, "control has taken over")
    assert control.stats()["pid"] == pid and server.answered() == ALL[1:]


def test_a_killed_nameserver_answers_again_within_a_second(control, backends):
    server = control.nameserver
    server.follow(intent(ALL, backends.port, generation=10**9))
    until(lambda: server.answered() == ALL, "all are answered")
    pid = control.stats()["pid"]
    # Younger ones are restarted a second after their start at the earliest: no tight loop.
    until(lambda: time.time() - seconds_of(control.stats()["started"]) > 1, "it has run for a second")
    os.kill(pid, signal.SIGKILL)

    def answers():
        with contextlib.suppress(OSError):
            return ask(server.address, NAME, timeout=0.05)[1]

    assert until(answers, "it answers again") < 1
    until(lambda: control.stats()["pid"] not in (0, pid), "it is another one")
    assert server.answered() == ALL


def test_a_fleet_with_another_address_moves_the_nameserver_also_one_that_was_taken_over(control):
    pid = control.stats()["pid"]
    for round_number in range(2):
        control.listen(("127.0.0.1", free_port()))
        address = ("127.0.0.1", free_port())
        control.listen(address)  # while the one before is still on its way
        until(lambda: control.stats()["listen"] == ["%s:%d" % address], "it listens there")
        assert ask(address, "nothing.example.test")[0] == NXDOMAIN
        if round_number == 0:
            control.kill()
            control.start()
    assert control.stats()["pid"] == pid


def test_an_address_that_is_taken_is_tried_again_and_holds_up_nothing_else(control):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        address = taken.getsockname()
        control.listen(address)
        until(lambda: "listen-refused" in open(f"{control.folder}/server.log", encoding="utf-8").read(), "it is told")
        assert control.stats()["listen"] == ["%s:%d" % control.nameserver.address]
        control.listen(address, zone="other.test")
        until(lambda: control.nameserver.call("GET", "/v1/table")["zone"] == "other.test", "the intent goes on")
    until(lambda: control.stats()["listen"] == ["%s:%d" % address], "it listens there")
