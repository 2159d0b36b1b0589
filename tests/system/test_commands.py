# SPDX-License-Identifier: Apache-2.0
"""Commands that meet: each is accepted or refused as a whole, and what was accepted is never lost."""

import threading

import pytest

from support.fake_engine import FakeEngine, address
from support.faults import Hang, HangInBody, Hold, LoseReply
from support.server import Refused, Server, app_json, cluster_json, until

CLOUDS = ("amber", "birch", "coral")


@pytest.fixture
def world(tmp_path):
    """A server on three strict Engines; it must end well, and nothing may have been sent that Docker does not know."""
    engines = {name: FakeEngine(name, address=address(i + 1)) for i, name in enumerate(CLOUDS)}
    server = Server(tmp_path).start()
    try:
        server.apply({name: cluster_json(engine.endpoint, name) for name, engine in engines.items()})
        server.until_ready(*CLOUDS)
        yield server, engines
        assert {name: engine.violations for name, engine in engines.items()} == {name: [] for name in CLOUDS}
        server.stop()
    finally:
        server.close()
        for engine in engines.values():
            engine.close()


def at_once(*functions):
    """What each returned, or raised."""
    results = [None] * len(functions)

    def run(index):
        try:
            results[index] = functions[index]()
        except Exception as error:  # for the test to judge
            results[index] = error

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(functions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_apps_that_come_up_at_once_all_come_up(world):
    server, engines = world
    names = [f"app{n}" for n in range(12)]
    for _ in range(3):
        results = at_once(*(lambda name=name: server.up(app_json(name, ports=False)) for name in names),
                          *(server.apps for _ in range(8)))
        assert [result["phase"] for result in results[:len(names)]] == ["done"] * len(names), results
        assert set(server.apps()) == set(names)
        for engine in engines.values():
            assert engine.running("app0") and engine.running("app11")
        results = at_once(*(lambda name=name: server.down(name) for name in names))
        assert [result["phase"] for result in results] == ["done"] * len(names), results
    assert all(not engine.containers and not engine.networks for engine in engines.values())


def test_the_same_app_twice_at_once_runs_once(world):
    server, engines = world
    results = at_once(*(lambda n=n: server.up(app_json(environment={"RUN": str(n)})) for n in range(4)))
    assert [result["phase"] for result in results] == ["done"] * 4, results
    until(lambda: server.app()["state"] == "in-step", "in step")
    assert server.app()["revision"] == 4
    copies = [container for engine in engines.values() for container in engine.containers.values()]
    assert len(copies) == 3
    assert len({container["Body"]["Env"][0] for container in copies}) == 1, "two revisions run side by side"


def test_fleets_that_are_applied_at_once_are_all_applied(world):
    server, _ = world
    added = [f"x{n}" for n in range(10)]
    results = at_once(*(lambda n=n: server.apply({f"x{n}": cluster_json(f"tcp://{address(100 + n)}:9", "far")})
                        for n in range(10)))
    assert sorted(result["added"][0] for result in results) == sorted(added)
    assert set(server.clusters()) == {*CLOUDS, *added}
    server.stop()
    server.start()
    assert set(server.clusters()) == {*CLOUDS, *added}


def test_a_cluster_is_removed_or_used_but_not_both(world):
    server, _ = world
    for round_ in range(10):
        pinned = app_json(replicas=3, survive={"provider": 1})
        up, removal = at_once(lambda: server.stream("POST", "/v1/apps/shop/up", {"app": pinned, "detach": True}),
                              lambda: server.call("DELETE", "/v1/clusters/coral"))
        plan = server.app()["plan"]["services"]["web"]["placed"]
        assert ("coral" in plan) == ("coral" in server.clusters()), (up, removal, plan)
        if "coral" in plan:
            assert isinstance(removal, Refused) and removal.status == 409, removal
        server.down("shop")
        server.apply({"coral": cluster_json(f"tcp://{address(3)}:2375", "coral")})
        server.until_ready("coral")


def test_a_cluster_in_use_is_not_removed(world):
    server, _ = world
    server.up(app_json(replicas=4))
    with pytest.raises(Refused) as refused:
        server.call("DELETE", "/v1/clusters/amber")
    assert refused.value.status == 409 and refused.value.error["code"] == "conflict"
    assert "app 'shop' runs in cluster 'amber'" in refused.value.error["message"]
    assert server.call("DELETE", "/v1/clusters/amber?force=1") == {"removed": "amber"}
    server.down("shop")


def test_down_while_coming_up_leaves_nothing(world):
    server, engines = world
    for engine in engines.values():
        engine.fault = Hang(path="/containers/create", times=1)
    up = threading.Thread(target=lambda: at_once(lambda: server.up(app_json(replicas=4))))
    up.start()
    until(lambda: all(("POST", "/containers/create") in engine.requests for engine in engines.values()), "creates began")
    for engine in engines.values():
        engine.cut()
    server.down("shop")
    up.join()
    until(lambda: server.apps() == {}, "the app is gone")
    assert all(not engine.containers and not engine.networks for engine in engines.values())


def test_a_start_whose_answer_was_lost_is_taken_down_too(world):
    server, engines = world
    for engine in engines.values():
        engine.fault = LoseReply(path="/containers/create", times=2)
    at_once(lambda: server.up(app_json(replicas=4)), lambda: until(
        lambda: any(engine.containers for engine in engines.values()), "a copy was made") and server.down("shop"))
    until(lambda: server.apps() == {}, "the app is gone")
    assert all(not engine.containers and not engine.networks for engine in engines.values())


def test_up_while_going_down_ends_up(world):
    server, engines = world
    server.up(app_json(replicas=4))
    holds = {}
    for name, engine in engines.items():
        engine.fault = holds[name] = Hold(path="/containers/", method="POST", times=1)
    down = threading.Thread(target=lambda: at_once(lambda: server.down("shop")))
    down.start()
    until(lambda: all(hold.hits for hold in holds.values()), "stops began")
    threading.Timer(0.5, lambda: [hold.release.set() for hold in holds.values()]).start()
    assert server.up(app_json(replicas=4))["phase"] == "done"
    down.join()
    assert server.app()["state"] == "in-step"
    assert {name: len(engine.running()) for name, engine in engines.items()} == {"amber": 2, "birch": 2, "coral": 2}


def test_a_drain_and_what_it_moves_are_durable_together(world):
    server, engines = world
    server.up(app_json(replicas=3, survive={"provider": 1}))
    server.call("POST", "/v1/clusters/amber/drain")
    server.kill()  # at the earliest moment at which the drain was acknowledged
    server.start()
    assert server.clusters()["amber"]["drained"]
    assert "amber" not in server.app()["plan"]["services"]["web"]["placed"]
    until(lambda: not engines["amber"].containers, "amber is emptied")


def test_a_drain_that_moves_several_apps_fills_no_cluster_twice(world):
    """Two copies, and two clusters with room for one of them each."""
    server, engines = world
    server.apply({name: {**cluster_json(engine.endpoint, name), "cpus_nano": cpus * 10**9}
                  for (name, engine), cpus in zip(engines.items(), (8, 2, 2))})
    server.until_ready(*CLOUDS)
    apps = [app_json(name, replicas=1, ports=False, survive={"provider": 0}, cpus_reservation_nano=15 * 10**8) for name in ("one", "two")]
    server.call("POST", "/v1/clusters/birch/drain")
    server.call("POST", "/v1/clusters/coral/drain")
    for app in apps:
        assert server.up(app)["phase"] == "done"
        assert server.app(app["name"])["plan"]["services"]["web"]["placed"] == {"amber": 1}
    server.call("POST", "/v1/clusters/birch/drain?undo=1")
    server.call("POST", "/v1/clusters/coral/drain?undo=1")
    server.call("POST", "/v1/clusters/amber/drain")
    placed = [server.app(app["name"])["plan"]["services"]["web"]["placed"] for app in apps]
    assert sorted(map(sorted, placed)) == [["birch"], ["coral"]], placed
    until(lambda: len(engines["birch"].names()) == len(engines["coral"].names()) == 1 and not engines["amber"].names(), "moved")


def test_logs_outlive_the_cluster_that_is_taken_out_of_the_fleet(world):
    """Whoever follows is told the end; what is still being read must not point into a cluster that is gone."""
    server, engines = world
    server.up(app_json(replicas=4))
    engines["amber"].fault = hold = HangInBody(path="/containers/shop-web-1/logs")
    by_id = engines["amber"].find("shop-web-1")["Id"]
    hold.path = f"/containers/{by_id}/logs"
    lines = []
    follower = threading.Thread(target=lambda: lines.extend(at_once(
        lambda: server.stream("GET", "/v1/apps/shop/logs?cluster=amber"))[0]))
    follower.start()
    until(lambda: hold.hits, "the logs are being read")
    server.call("DELETE", "/v1/clusters/amber?force=1")
    engines["amber"].cut()
    follower.join(30)
    assert not follower.is_alive()
    assert any("amber" in line.get("error", "") for line in lines), lines
    engines["amber"].fault = None
    server.down("shop")


def test_a_stop_in_the_middle_of_commands_ends_well(world):
    """With some on their way to the disk, some waiting for their turn, and some that are followed."""
    server, _ = world
    for round_ in range(6):
        threads = [threading.Thread(target=at_once, args=(lambda n=n: server.up(app_json(f"app{n}", ports=False)),)) for n in range(8)]
        for thread in threads:
            thread.start()
        until(lambda: server.apps(), "one was accepted")
        server.stop()
        for thread in threads:
            thread.join()
        server.start()
        server.until_ready(*CLOUDS)
        for name in server.apps():
            until(lambda name=name: server.app(name)["state"] == "in-step", f"{name} in step")
