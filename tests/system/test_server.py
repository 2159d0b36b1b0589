# SPDX-License-Identifier: Apache-2.0
"""The control plane on three real Engines, each in a cloud of its own, through its API."""

import http.client
import json
import os
import signal
import socket
import subprocess
import time

import pytest

from lab import Lab

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
SEAWALL = os.environ.get("SEAWALL", os.path.join(TOP, "build", "seawall"))
CLOUDS = ("amber", "birch", "coral")


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=120)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Server:
    """seawall server in the lab's hub."""

    def __init__(self, lab, folder):
        self.lab = lab
        self.folder = str(folder)
        self.socket = os.path.join(self.folder, "seawall.sock")
        self.process = None

    def start(self):
        with open(os.path.join(self.folder, "server.log"), "ab") as log:
            self.process = self.lab.hub.popen(
                [SEAWALL, "server", "--state", f"sqlite:{self.folder}/state.db", "--socket", self.socket,
                 "--no-nameserver"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(self.answers, "the server answers")

    def answers(self):
        try:
            return self.call("GET", "/v1/version")["pid"]
        except OSError:
            assert self.process.poll() is None, "the server ended"
            return None

    def kill(self):
        pid = self.call("GET", "/v1/version")["pid"]
        os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def request(self, method, path, body=None):
        connection = Connection(self.socket)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def call(self, method, path, body=None):
        status, text = self.request(method, path, body)
        assert status == 200, (status, text)
        return json.loads(text)

    def stream(self, method, path, body):
        """The lines of a progress stream."""
        status, text = self.request(method, path, body)
        assert status == 200, (status, text)
        return [json.loads(line) for line in text.splitlines()]

    def app(self, name="shop"):
        return self.call("GET", f"/v1/apps/{name}")


def until(check, what, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = check()
        if result:
            return result
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


def app_json(replicas=4, greeting="hello"):
    return {"name": "shop", "ttl": 1, "survive": {"provider": 1},
            "networks": {"default": {"name": "shop_default"}},
            "services": {"web": {
                "image": "seawall-test/web:1", "replicas": replicas, "restart": "always",
                # Process 1 gets no signal that it does not ask for: without the trap every stop takes ten seconds.
                "command": ["/busybox", "sh", "-c", "trap exit TERM; /busybox httpd -f -p 8080 & wait"],
                "environment": {"GREETING": greeting},
                "networks": {"default": {}},
                "ports": [{"published_first": 8080, "published_last": 8083, "target": 8080}]}}}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Three clouds that a server is connected to."""
    with Lab("server") as lab:
        engines = {name: lab.cloud(name).engine(live_restore=True) for name in CLOUDS}
        for engine in engines.values():
            engine.import_image("seawall-test/web:1", {"busybox": "/bin/busybox"}, ['CMD ["/busybox", "true"]'])
        server = Server(lab, tmp_path_factory.mktemp("server"))
        server.start()
        server.call("PUT", "/v1/fleet", {"clusters": {
            name: {"driver": "docker", "endpoint": engine.endpoint, "tls": engine.tls, "provider": name,
                   "region": name, "addresses": [engine.machine.address], "cpus_nano": 0, "memory_bytes": 0,
                   "cost_micro": 1000000, "drained": False} for name, engine in engines.items()}})
        until(lambda: all(cluster["state"] == "ready" for cluster in server.call("GET", "/v1/fleet")["clusters"]),
              "all clusters are ready")
        yield server, engines
        server.process.terminate()
        assert server.process.wait(timeout=20) == 0


def ours(engines):
    """Container id and start time of every copy, by cloud."""
    return {name: {entry["Id"]: entry["State"]["StartedAt"]
                   for entry in engine.containers("dev.seawall.app=shop")} for name, engine in engines.items()}


@pytest.fixture
def shop(world):
    """The app in step with what the tests start from."""
    server, engines = world
    lines = server.stream("POST", "/v1/apps/shop/up", {"app": app_json(), "detach": False})
    assert lines[-1]["phase"] == "done", lines[-1]
    yield server, engines
    lines = server.stream("POST", "/v1/apps/shop/down", {"volumes": False, "detach": False})
    assert lines[-1]["phase"] == "done", lines[-1]
    assert all(not found for found in ours(engines).values())


def test_up_places_what_survives_and_runs_it(shop):
    server, engines = shop
    app = server.app()
    assert app["state"] == "in-step"
    assert app["plan"]["services"]["web"]["placed"] == {"amber": 2, "birch": 2, "coral": 2}
    assert all(line["left"] >= line["needed"] for line in app["plan"]["services"]["web"]["certificate"])
    assert {name: len(found) for name, found in ours(engines).items()} == {"amber": 2, "birch": 2, "coral": 2}


def test_the_same_file_again_changes_nothing(shop):
    server, engines = shop
    before = ours(engines)
    lines = server.stream("POST", "/v1/apps/shop/up", {"app": app_json(), "detach": False})
    assert lines[-1]["phase"] == "done"
    assert ours(engines) == before


def test_an_app_that_cannot_survive_is_refused_before_anything_is_touched(shop):
    server, engines = shop
    before = ours(engines)
    status, text = server.request("POST", "/v1/apps/shop/up", {"app": app_json(replicas=40), "detach": False})
    reply = json.loads(text)
    assert status == 422 and reply["error"]["code"] == "refused"
    assert reply["plan"]["refusals"][0]["fix"]
    assert ours(engines) == before


def test_a_changed_file_replaces_every_copy_and_ends_in_step(shop):
    server, engines = shop
    before = ours(engines)
    lines = server.stream("POST", "/v1/apps/shop/up", {"app": app_json(greeting="again"), "detach": False})
    assert lines[-1]["phase"] == "done", lines[-1]
    after = ours(engines)
    assert {name: len(found) for name, found in after.items()} == {"amber": 2, "birch": 2, "coral": 2}
    assert not any(set(before[name]) & set(after[name]) for name in CLOUDS)


def test_a_killed_server_forgets_nothing_and_touches_nothing(shop):
    server, engines = shop
    before = ours(engines)
    server.kill()
    server.start()
    until(lambda: server.app()["state"] == "in-step", "in step after the restart")
    assert ours(engines) == before


def test_loss_of_an_api_starts_nothing_and_restarts_nothing(shop):
    server, engines = shop
    before = ours(engines)
    engines["birch"].stop()
    until(lambda: server.app()["state"] == "waiting", "the loss is seen")
    assert len(ours({name: engines[name] for name in ("amber", "coral")})["amber"]) == 2
    engines["birch"].start()
    until(lambda: server.app()["state"] == "in-step", "in step after the return", 20)
    assert ours(engines) == before


def test_a_crashed_cloud_is_back_in_step_within_20_s_of_its_return(shop):
    server, engines = shop
    before = ours(engines)
    engines["coral"].machine.crash()
    until(lambda: server.app()["state"] == "waiting", "the loss is seen")
    engines["coral"].start()
    until(lambda: server.app()["state"] == "in-step", "in step after the return", 20)
    after = ours(engines)
    assert {name: after[name] for name in ("amber", "birch")} == {name: before[name] for name in ("amber", "birch")}
    assert len(after["coral"]) == 2


def test_scale_starts_only_what_is_missing(shop):
    server, engines = shop
    before = ours(engines)
    lines = server.stream("POST", "/v1/apps/shop/scale", {"services": {"web": 6}, "detach": False})
    assert lines[-1]["phase"] == "done", lines[-1]
    after = ours(engines)
    assert sum(len(found) for found in after.values()) == 9
    assert all(before[name].items() <= after[name].items() for name in CLOUDS)


def test_drain_moves_everything_and_undo_leaves_it_where_it_is(shop):
    server, engines = shop
    server.call("POST", "/v1/clusters/amber/drain")
    until(lambda: all(copy["cluster"] != "amber" for copy in server.app()["replicas"]), "amber is emptied")
    assert {name: len(found) for name, found in ours(engines).items()} == {"amber": 0, "birch": 4, "coral": 4}
    server.call("POST", "/v1/clusters/amber/drain?undo=1")
    until(lambda: server.app()["state"] == "in-step", "in step")
    assert not ours(engines)["amber"]
