# SPDX-License-Identifier: Apache-2.0
"""`kill -9` of the server at every step: nothing acknowledged is lost, nothing runs twice, nothing is left over."""

import http.client
import json
import os
import random
import shutil
import signal
import threading
import time

import pytest

from lab import Lab
from support.fake_engine import FakeEngine, address
from support.server import Connection, Server, app_json, cluster_json, until

# Two copies in two networks: what Engines of API 1.41 take eight requests for.
APP = {**app_json(), "networks": {"default": {"name": "shop_default"}, "back": {"name": "shop_back"}},
       "volumes": {"data": {"name": "shop_data"}}}
APP["services"]["web"]["networks"] = {"default": {}, "back": {}}
UP_STEPS = 8
DOWN_STEPS = 6
WHEN = ["lost", "before", "done", "after"]


@pytest.fixture
def world(tmp_path):
    engine = FakeEngine("amber", address=address(1))
    server = Server(tmp_path).start()
    try:
        server.apply({"amber": cluster_json(engine.endpoint, "amber")})
        server.until_ready("amber")
        yield server, engine
        assert engine.violations == []
    finally:
        server.close()
        engine.close()


def kill_at(server, engine, step, when):
    """Kills the server at the step-th request that changes something: when it arrives (and is lost, or carried out
    nevertheless), when it is carried out but not answered, when it is answered."""
    pid = server.process.pid
    killed = threading.Event()
    engine.requests.clear()

    def watch(now, number, method, _path):
        wanted = "before" if when == "lost" else when
        if method == "GET" or killed.is_set() or (now, number) != (wanted, step):
            return False
        os.kill(pid, signal.SIGKILL)
        killed.set()
        return when == "lost"

    engine.watch = watch
    return killed


def command(server, path, body):
    """Sends a command and waits for nothing."""
    def run():
        try:
            server.request("POST", path, body)
        except (OSError, http.client.HTTPException):
            pass
    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.parametrize("step", range(1, UP_STEPS + 1))
def test_up_goes_on_after_a_kill_at_any_step(step, world):
    server, engine = world
    for when in WHEN:
        killed = kill_at(server, engine, step, when)
        thread = command(server, "/v1/apps/shop/up", {"app": APP, "detach": False})
        assert killed.wait(20), f"there is no step {step}"
        server.process.wait()
        thread.join()
        engine.watch = lambda *_: None
        server.start()
        until(lambda: server.app()["state"] == "in-step", f"in step after {when} {step}")
        assert engine.running() == ["shop-web-1", "shop-web-2"] == engine.names()
        assert sorted(engine.created) == engine.names(), f"made twice after {when} {step}"
        assert engine.starts == 2, f"started twice after {when} {step}"
        assert all(set(container["Networks"]) == {"shop_default", "shop_back"} for container in engine.containers.values())
        server.down("shop")
        until(lambda: not server.apps(), "gone")
        assert not engine.names() and not engine.networks
        engine.created.clear()
        engine.starts = 0


@pytest.mark.parametrize("step", range(1, DOWN_STEPS + 1))
def test_down_goes_on_after_a_kill_at_any_step(step, world):
    server, engine = world
    for when in WHEN:
        assert server.up(APP)["phase"] == "done"
        killed = kill_at(server, engine, step, when)
        thread = command(server, "/v1/apps/shop/down", {"volumes": False, "detach": False})
        assert killed.wait(20), f"there is no step {step}"
        server.process.wait()
        thread.join()
        engine.watch = lambda *_: None
        server.start()
        until(lambda: not server.apps(), f"gone after {when} {step}")
        assert not engine.names() and not engine.networks


def test_up_and_down_have_no_more_steps_than_were_killed_at(world):
    server, engine = world
    for steps, run in ((UP_STEPS, lambda: server.up(APP)), (DOWN_STEPS, lambda: server.down("shop"))):
        engine.requests.clear()
        run()
        assert sum(1 for method, _ in engine.requests if method != "GET") == steps


def acknowledged(server, number, log):
    """Brings revisions up, one after the other, and notes what was acknowledged, until the server is gone."""
    while True:
        number += 1
        app = app_json(environment={"N": str(number)}, ports=False, replicas=1)
        log["sent"] = number
        try:
            status, text = server.request("POST", "/v1/apps/shop/up", {"app": app, "detach": True})
        except (OSError, http.client.HTTPException):
            return
        assert status == 200, text
        log["revision"] = json.loads(text)["revision"]
        log["number"] = number


def test_no_acknowledged_command_is_lost_whenever_the_server_dies(world):
    server, engine = world
    seed = int(os.environ.get("SEED") or random.randrange(10**6))
    print(f"SEED={seed}")
    seeded = random.Random(seed)
    log = {"sent": 0, "number": 0, "revision": 0}
    for _ in range(12):
        thread = threading.Thread(target=acknowledged, args=(server, log["sent"], log))
        before = log["number"]
        thread.start()
        until(lambda: log["number"] > before, "one is acknowledged")
        time.sleep(seeded.random() * 0.05)  # a point in time, not a wait
        server.kill()
        thread.join()
        server.start()
        revision = server.app()["revision"]
        assert revision in (log["revision"], log["revision"] + 1)
        until(lambda: server.app()["state"] == "in-step", "in step")
        (container,) = engine.containers.values()
        found = int(container["Body"]["Env"][0].removeprefix("N="))
        assert found in (log["number"], log["sent"])
        log.update(sent=found, number=found, revision=revision)


def test_a_command_that_was_followed_is_durable_from_the_first_line_on(world):
    server, engine = world
    connection = Connection(server.socket)
    connection.request("POST", "/v1/apps/shop/up", json.dumps({"app": APP, "detach": False}))
    reply = connection.getresponse()
    assert json.loads(reply.readline())["phase"] == "accepted"
    server.kill()
    connection.close()
    server.start()
    until(lambda: server.app()["state"] == "in-step", "in step")
    assert engine.running() == ["shop-web-1", "shop-web-2"]


# The same with containers that really run.

pytestmark_real = pytest.mark.skipif(os.geteuid() != 0 or shutil.which("dockerd") is None,
                                     reason="needs root and docker.io")


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    with Lab("kill") as lab:
        engine = lab.cloud("amber").engine()
        engine.import_image("shop/web:1", {"busybox": "/bin/busybox"}, ['CMD ["/busybox", "sleep", "1000"]'])
        server = Server(tmp_path_factory.mktemp("kill"), popen=lab.hub.popen).start()
        try:
            server.apply({"amber": cluster_json(engine.endpoint, "amber", engine.tls, engine.machine.address)})
            server.until_ready("amber")
            yield server, engine
            server.stop()
        finally:
            server.close()


def real_app():
    return app_json(replicas=3, command=["/busybox", "sh", "-c", "trap exit TERM; while :; do /busybox sleep 0.1; done"])


STEPS = {
    "the first is made": lambda seen: len(seen) >= 1,
    "one runs": lambda seen: any(entry["State"] == "running" for entry in seen),
    "all are made": lambda seen: len(seen) == 3,
}


def listed(engine):
    filters = json.dumps({"label": ["dev.seawall.app=shop"]})
    return engine.call("GET", "/containers/json?all=1&filters=" + filters.replace(" ", "").replace('"', "%22")
                       .replace("{", "%7B").replace("}", "%7D").replace("[", "%5B").replace("]", "%5D"))


@pytestmark_real
@pytest.mark.parametrize("step", STEPS)
def test_real_containers_come_up_once_after_a_kill(step, real):
    server, engine = real
    thread = command(server, "/v1/apps/shop/up", {"app": real_app(), "detach": False})
    until(lambda: STEPS[step](listed(engine)), step)
    server.kill()
    thread.join()
    before = {entry["Id"] for entry in listed(engine)}
    server.start()
    until(lambda: server.app()["state"] == "in-step", "in step")
    after = listed(engine)
    assert len(after) == 3 and all(entry["State"] == "running" for entry in after)
    assert before <= {entry["Id"] for entry in after}
    thread = command(server, "/v1/apps/shop/down", {"volumes": False, "detach": False})
    until(lambda: len(listed(engine)) < 3, "one is gone")
    server.kill()
    thread.join()
    server.start()
    until(lambda: not server.apps(), "gone")
    assert listed(engine) == []
    assert not [net for net in engine.call("GET", "/networks") if net["Name"].startswith("shop")]


@pytestmark_real
def test_what_docker_calls_unhealthy_is_restarted_and_only_that(real):
    server, engine = real
    app = real_app()
    app["services"]["web"]["healthcheck"] = {"test": ["CMD", "/busybox", "test", "!", "-e", "/ill"], "interval_ns": 3 * 10**8,
                                             "timeout_ns": 5 * 10**9, "retries": 1}
    assert server.up(app)["phase"] == "done"
    until(lambda: all(copy["health"] == "healthy" for copy in server.app()["replicas"]), "healthy")
    before = {c["Name"]: c["State"]["StartedAt"] for c in engine.containers("dev.seawall.app=shop")}
    made = engine.call("POST", "/containers/shop-web-2/exec", {"Cmd": ["/busybox", "touch", "/ill"]})
    engine.call("POST", f"/exec/{made['Id']}/start", {"Detach": True})
    until(lambda: {c["Name"]: c["State"]["StartedAt"] for c in engine.containers("dev.seawall.app=shop")}["/shop-web-2"]
          != before["/shop-web-2"], "restarted")
    after = {c["Name"]: c["State"]["StartedAt"] for c in engine.containers("dev.seawall.app=shop")}
    assert {name: at for name, at in after.items() if name != "/shop-web-2"} == \
           {name: at for name, at in before.items() if name != "/shop-web-2"}
    server.down("shop")
