# SPDX-License-Identifier: Apache-2.0
"""The control plane on three real Engines, each in a cloud of its own, through its API."""

import json
import time

import pytest

from lab import Lab
from support.server import Server, cluster_json, until

CLOUDS = ("amber", "birch", "coral")


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
        server = Server(tmp_path_factory.mktemp("server"), popen=lab.hub.popen).start()
        server.apply({name: cluster_json(engine.endpoint, name, engine.tls, engine.machine.address)
                      for name, engine in engines.items()})
        server.until_ready(*CLOUDS)
        yield server, engines
        server.stop()


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


def test_control_costs_next_to_nothing_when_nothing_happens(shop):
    """What the issue allows: 30 MiB, and 1 % of a core. Over half a minute, because control looks at each cluster every five seconds."""
    server, _ = shop
    if server.has_sanitizer:
        pytest.skip("a sanitizer costs more than what is measured")
    seconds, cpu = 30, server.cpu_s()
    time.sleep(seconds)
    cpu = (server.cpu_s() - cpu) / seconds
    print(f"idle: {server.rss_kb()} KiB, {100 * cpu:.2f} % of a core")
    assert server.rss_kb() < 30 << 10
    assert cpu < 0.01
