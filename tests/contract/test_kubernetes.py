# SPDX-License-Identifier: Apache-2.0
"""The Kubernetes driver keeps its promises, on an API server that checks every request."""

import os
import select
import sys
import urllib.error
import urllib.request

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))

from kube import KubeServer, openapi_folder  # noqa: E402
from support.kube_driver import (D1, D2, EACCES, EAGAIN, EBUSY, EIO, EKEYEXPIRED, ENOENT, ENOTSUP, EPERM,  # noqa: E402
                                 Driver)

OURS = "dev.seawall."


def make_app(services=None, name="shop", **web):
    service = {"image": "shop/web:1", "networks": {"default": {"aliases": ["front"]}},
               "ports": [{"published_first": 80, "published_last": 80, "target": 8080, "protocol": "tcp"}], **web}
    app = {"name": name, "ttl": 5, "services": {"web": service, **(services or {})},
           "networks": {"default": {"name": f"{name}_default"}}}
    mounts = [m for s in app["services"].values() for m in s.get("mounts", []) if m["type"] == "volume" and m["source"]]
    if mounts:
        app["volumes"] = {m["source"]: {"name": f"{name}_{m['source']}"} for m in mounts}
    return app


@pytest.fixture
def server():
    with KubeServer(openapi_folder()) as made:
        yield made
        assert made.refused == [], "requests that a real API server would refuse"


@pytest.fixture
def driver(server):
    return Driver(server)


def up(driver, app, service="web", number=2, digest=D1, **more):
    driver.applied(app, "space-ensure")
    return driver.applied(app, "service-apply", service=service, number=number, digest=digest, **more)


def test_requests_are_checked_against_the_published_schemas(server):
    if openapi_folder() is None:
        pytest.skip("no OpenAPI documents of Kubernetes: SEAWALL_KUBERNETES_OPENAPI does not name a folder")
    for path, complaint in (("/api/v1/podz", "no such path"), ("/api/v1/pods?limitt=1", "no parameter limitt")):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(server.url + path)
        assert complaint in refused.value.read().decode()
    assert len(server.refused) == 2
    server.refused.clear()


# Connecting

def test_connect_tells_the_version(driver):
    info = driver.ok("connect")
    assert (info["api_minor"], info["engine"]) == (34, "kubernetes 1.34.9")


def test_a_cluster_that_is_too_old_is_refused_with_a_reason():
    with KubeServer(minor=24) as server:
        result = Driver(server).run("connect")
        assert result["code"] == ENOTSUP and "1.24" in result["error"] and "1.25" in result["error"]


# The life of a service

def test_a_service_is_applied_and_gets_ready_and_applying_again_changes_nothing(driver, server):
    app = make_app()
    up(driver, app)
    seen = driver.settled()
    assert {(r["app"], r["service"], r["state"], r["health"], r["digest"]) for r in seen["replicas"]} == \
        {("shop", "web", "running", "healthy", D1)}
    assert [r["number"] for r in seen["replicas"]] == [1, 2]
    before = server.objects("deployments")
    up(driver, app)
    assert server.objects("deployments") == before
    assert {r["id"] for r in driver.ok("list")["replicas"]} == {r["id"] for r in seen["replicas"]}


def test_a_service_takes_at_most_four_requests(driver, server):
    app = make_app()
    driver.applied(app, "space-ensure")
    before = len(server.requests())
    assert driver.applied(app, "service-apply", service="web", number=2, digest=D1)["ok"]
    # One of them asks for the version, which a server does once; one is the alias of this app.
    assert len(server.requests()) - before - 2 <= 4


def test_another_digest_replaces_the_copies_one_more_at_a_time(driver, server):
    app = make_app()
    up(driver, app)
    first = driver.settled()
    up(driver, make_app(image="shop/web:2"), digest=D2, id=driver.service()["id"])
    seen = driver.settled()
    assert {r["digest"] for r in seen["replicas"]} == {D2}
    assert {r["image"] for r in seen["replicas"]} == {"shop/web:2"}
    assert not {r["id"] for r in first["replicas"]} & {r["id"] for r in seen["replicas"]}


def test_scaling_keeps_the_copies_that_are_there(driver):
    app = make_app()
    up(driver, app)
    first = {r["id"] for r in driver.settled()["replicas"]}
    up(driver, app, number=4)
    seen = {r["id"] for r in driver.settled()["replicas"]}
    assert len(seen) == 4 and first < seen
    up(driver, app, number=0)
    assert driver.settled()["services"][0]["replicas"] == 0


def test_removing_is_complete_and_removing_again_is_done(driver, server):
    app = make_app()
    up(driver, app)
    driver.settled()
    for _ in range(2):
        driver.applied(app, "service-remove", service="web")
    assert driver.ok("list")["services"] == []
    for plural in "deployments", "services", "poddisruptionbudgets":
        assert server.objects(plural) == []
    for _ in range(2):
        driver.applied(app, "space-remove", target="shop")
    assert driver.ok("list")["spaces"] == []


# What is not ours

def test_a_foreign_namespace_is_left_alone(driver, server):
    app = make_app(name="kube-system")
    before = server.objects("namespaces")
    for kind in "space-ensure", "space-remove":
        result = driver.apply(app, kind, target="kube-system")
        assert result["code"] == EPERM and "kube-system" in result["error"] and "not ours" in result["error"]
    assert server.objects("namespaces") == before


def test_a_namespace_on_its_way_out_is_waited_for(driver, server):
    app = make_app()
    driver.applied(app, "space-ensure")
    server.call(lambda: setattr(server.cluster, "stop_s", 30))
    driver.applied(app, "space-remove", target="shop")
    result = driver.apply(app, "space-ensure")
    assert result["code"] == EAGAIN and "still being deleted" in result["error"]


def test_a_field_that_another_manager_changed_is_a_conflict_that_names_it(driver, server):
    app = make_app()
    up(driver, app)
    driver.settled()
    server.patch_as("autoscaler", "apps", "deployments", "shop", "web", lambda obj: obj["spec"].update(replicas=5))
    result = driver.apply(app, "service-apply", service="web", number=2, digest=D1)
    assert result["code"] == EBUSY, result
    assert "autoscaler" in result["error"] and ".spec.replicas" in result["error"]
    assert server.objects("deployments")[0]["spec"]["replicas"] == 5


def test_what_others_add_stays(driver, server):
    app = make_app()
    up(driver, app)
    driver.settled()
    server.patch_as("kubectl", "apps", "deployments", "shop", "web",
                    lambda obj: obj["metadata"]["annotations"].update(note="mine"))
    up(driver, app, digest=D2)
    assert server.objects("deployments")[0]["metadata"]["annotations"]["note"] == "mine"


def test_fields_that_the_file_no_longer_has_are_given_up(driver, server):
    up(driver, make_app(environment={"A": "1", "B": "2"}))
    up(driver, make_app(environment={"A": "1"}), digest=D2)
    container = server.objects("deployments")[0]["spec"]["template"]["spec"]["containers"][0]
    assert container["env"] == [{"name": "A", "value": "1"}]


def test_foreign_objects_of_a_namespace_survive_a_removal(driver, server):
    app = make_app()
    up(driver, app)
    server.call(server.store.create, ("", "services"), ("shop", "theirs"), {
        "kind": "Service", "apiVersion": "v1", "metadata": {"name": "theirs", "namespace": "shop"},
        "spec": {"ports": [{"port": 1}]}})
    driver.applied(app, "service-remove", service="web")
    assert [s["metadata"]["name"] for s in server.objects("services")] == ["theirs"]


# Reasons that a user understands

@pytest.mark.parametrize("image, words", [
    ("registry/missing:1", "ImagePullBackOff: Back-off pulling image"),
    ("registry/crash:1", "CrashLoopBackOff: back-off 10s restarting failed container, last: Error (3)"),
    ("registry/slow:1", "Running, not ready")])
def test_trouble_is_told_in_the_orchestrators_words(driver, image, words):
    up(driver, make_app(image=image), number=1)
    for _ in range(200):
        seen = driver.ok("list")
        if words in seen["services"][0]["trouble"]:
            break
    assert words in seen["services"][0]["trouble"] and words in seen["replicas"][0]["status"]
    assert not seen["services"][0]["settled"]


def test_a_pod_that_fits_nowhere_has_the_schedulers_words(driver, server):
    server.call(lambda: setattr(server.cluster, "room", 0))
    up(driver, make_app(), number=1)
    seen = driver.ok("list")
    assert seen["replicas"][0]["status"] == "Unschedulable: 0/2 nodes are available: 2 Too many pods."
    assert seen["replicas"][0]["state"] == "created"


# Names, ports, volumes

def test_names_resolve_inside_of_the_app_and_aliases_too(driver, server):
    up(driver, make_app())
    services = {s["metadata"]["name"]: s["spec"] for s in server.objects("services")}
    assert set(services) == {"web", "front", "web-published"}
    assert services["web"]["clusterIP"] == services["front"]["clusterIP"] == "None"


def test_published_ports_are_reached_at_the_nodes(driver):
    up(driver, make_app())
    replica = driver.settled()["replicas"][0]
    assert replica["addresses"] == ["127.1.0.1", "127.1.0.2"]
    assert replica["ports"] == [{"published": 30001, "target": 8080, "protocol": "tcp"}]


def test_published_ports_are_reached_at_a_balancer(server):
    driver = Driver(server, expose="loadbalancer")
    up(driver, make_app())
    replica = driver.settled()["replicas"][0]
    assert replica["addresses"] == ["127.2.0.1"]
    assert replica["ports"] == [{"published": 80, "target": 8080, "protocol": "tcp"}]


def test_a_cordoned_node_is_neither_room_nor_endpoint(driver, server):
    up(driver, make_app())
    driver.settled()
    both = driver.ok("list")["room"]
    server.edit("", "nodes", None, "node-1", lambda node: node["spec"].update(unschedulable=True))
    seen = driver.ok("list")
    assert seen["replicas"][0]["addresses"] == ["127.1.0.2"]
    assert seen["room"]["cpus_nano"] * 2 == both["cpus_nano"] == 7840 * 10**6
    assert both["memory_bytes"] == 2 * 15888 * 2**20


def test_a_service_with_volumes_is_a_stateful_set_and_its_claims_survive_it(driver, server):
    app = make_app({"db": {"image": "db:1", "networks": {"default": {}},
                           "mounts": [{"type": "volume", "source": "data", "target": "/data"}]}})
    up(driver, app, service="db", number=1)
    driver.settled("db")
    assert driver.ok("list")["volumes"] == ["data-db-0"]
    driver.applied(app, "service-remove", service="db")
    assert driver.ok("list")["volumes"] == ["data-db-0"]
    driver.applied(app, "volume-remove", target="data-db-0")
    assert driver.ok("list")["volumes"] == []


def test_a_volume_of_two_services_is_refused_in_words(driver):
    mounts = [{"type": "volume", "source": "data", "target": "/data"}]
    app = make_app({"db": {"image": "db:1", "networks": {"default": {}}, "mounts": mounts}}, mounts=mounts)
    driver.applied(app, "space-ensure")
    result = driver.apply(app, "service-apply", service="db", number=1, digest=D1)
    assert result["code"] == ENOTSUP and "data" in result["error"] and "web" in result["error"]


def test_what_others_wait_to_complete_is_a_job(driver, server):
    app = make_app({"init": {"image": "x/once:1", "networks": {"default": {}}}},
                   dependencies={"init": {"condition": "completed", "required": True, "restart": False}})
    up(driver, app, service="init", number=1)
    seen = driver.settled("init")
    for _ in range(200):
        if (seen := driver.ok("list"))["replicas"][0]["state"] == "exited":
            break
    assert (seen["replicas"][0]["state"], seen["replicas"][0]["exit_code"]) == ("exited", 0)
    up(driver, app, service="init", number=1, digest=D2, id=seen["services"][0]["id"])
    assert [j["metadata"]["name"] for j in server.objects("jobs")] == ["init-bbbbbbbb"]


def test_a_service_that_becomes_another_kind_leaves_nothing_of_the_old_one(driver, server):
    up(driver, make_app())
    driver.settled()
    app = make_app(mounts=[{"type": "volume", "source": "data", "target": "/data"}], ports=[])
    up(driver, app, digest=D2, id=driver.service()["id"])
    assert server.objects("deployments") == []
    assert len(server.objects("statefulsets")) == 1
    assert "web-published" not in {s["metadata"]["name"] for s in server.objects("services")}


# Lists and watches

def test_a_long_list_comes_in_pages(driver, server):
    def fill():
        for index in range(1201):
            server.store.create(("", "pods"), ("shop", f"p{index:04}"), {
                "kind": "Pod", "apiVersion": "v1", "spec": {}, "status": {"phase": "Running"},
                "metadata": {"name": f"p{index:04}", "namespace": "shop", "labels": {
                    "app.kubernetes.io/managed-by": "seawall", OURS + "app": "shop", OURS + "service": "web"}}})
    server.call(fill)
    assert len(driver.ok("list")["replicas"]) == 1201
    assert len(server.requests("GET /api/v1/pods.*continue=")) == 2


def test_a_page_that_is_too_old_begins_the_list_anew(driver, server):
    test_a_long_list_comes_in_pages(driver, server)
    server.fault(r"GET /api/v1/pods.*continue=", status=410, message="The provided continue parameter is too old")
    assert len(driver.ok("list")["replicas"]) == 1201


PODS_STREAM = 8


def watched(driver, server, **more):
    """A watch of pods that is open: whatever happens from now on is told."""
    tool = driver.start_stream("watch", stream=PODS_STREAM, **more)
    for _ in range(1000):
        if server.requests(r"GET /api/v1/pods.*watch=1"):
            return tool
        select.select([], [], [], 0.01)
    raise AssertionError("the watch does not begin")


def test_a_watch_tells_what_happens_in_words(driver, server):
    app = make_app(image="registry/missing:1")
    driver.applied(app, "space-ensure")
    tool = watched(driver, server, stop_after=4)
    driver.applied(app, "service-apply", service="web", number=1, digest=D1)
    words = [item["what"] for item in driver.stream_items(tool)]
    assert words[0] == "listed pods"
    assert any("ErrImagePull" in word or "Pending" in word for word in words[1:]), words


def test_a_watch_that_was_left_behind_lists_again(driver, server):
    gone = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}
    server.fault(r"GET /api/v1/pods.*watch=1", event=gone)
    app = make_app()
    driver.applied(app, "space-ensure")
    tool = watched(driver, server, stop_after=3)
    driver.applied(app, "service-apply", service="web", number=1, digest=D1)
    words = [item["what"] for item in driver.stream_items(tool)]
    assert words[:2] == ["listed pods"] * 2
    assert len(server.requests(r"GET /api/v1/pods\?.*watch=1")) == 2


def test_half_an_event_is_an_error_and_not_an_event(driver, server):
    app = make_app()
    driver.applied(app, "space-ensure")
    server.fault(r"GET /api/v1/pods.*watch=1", cut=40)
    tool = watched(driver, server)
    driver.applied(app, "service-apply", service="web", number=1, digest=D1)
    result = driver.stream_result(tool)
    assert not result["ok"] and [item["what"] for item in result["items"]] == ["listed pods"]


# Faults

@pytest.mark.parametrize("status, code", [(429, EAGAIN), (500, EIO), (503, EAGAIN), (401, EKEYEXPIRED), (403, EACCES)])
def test_a_refused_request_is_an_error_with_its_status(driver, server, status, code):
    app = make_app()
    driver.applied(app, "space-ensure")
    server.fault("PATCH .*/deployments/", status=status, retry_after=1)
    result = driver.apply(app, "service-apply", service="web", number=1, digest=D1)
    assert result["code"] == code and f"apply deployments/web: {status}: injected fault" in result["error"], result
    driver.applied(app, "service-apply", service="web", number=1, digest=D1)


def test_half_a_reply_is_an_error_and_trying_again_is_right(driver, server):
    app = make_app()
    driver.applied(app, "space-ensure")
    server.fault("PATCH .*/deployments/", cut=300)
    assert not driver.apply(app, "service-apply", service="web", number=1, digest=D1)["ok"]
    driver.applied(app, "service-apply", service="web", number=1, digest=D1)
    driver.settled()


# Logs

def test_logs_come_line_by_line(driver, server):
    up(driver, make_app(), number=1)
    replica = driver.settled()["replicas"][0]
    server.call(server.logs.update, {replica["name"]: "one\ntwo\nthree\n"})
    items = driver.ok("logs", replica=replica["id"], tail=2)["items"]
    assert [item["text"] for item in items] == ["two", "three"]
    stamped = driver.ok("logs", replica=replica["id"], timestamps=True)["items"]
    assert [item["text"] for item in stamped] == ["one", "two", "three"] and stamped[0]["at"].endswith("Z")


def test_logs_of_a_copy_that_is_gone_are_an_error_with_its_name(driver):
    result = driver.run("logs", replica="shop/web-1/uid")
    assert result["code"] == ENOENT and "web-1" in result["error"]


# Names that Kubernetes does not take

@pytest.mark.parametrize("name", ["My_Shop.web", "9lives", "x" * 60, "a..b", "-dash-"])
def test_any_service_name_makes_valid_objects(driver, server, name):
    app = make_app({name: {"image": "x/web:1", "networks": {"default": {}}, "labels": {"a.b/c": "d e", "no good!": "1"},
                           "command": ["echo", "$$HOME", "$(X)"], "environment": {"PRICE": "5$"},
                           "cpus_limit_nano": 500000000, "memory_limit_bytes": 1 << 26,
                           "memory_reservation_bytes": 1 << 25,
                           "healthcheck": {"disabled": False, "test": ["CMD-SHELL", "true"], "interval_ns": 2000000000,
                                           "timeout_ns": 0, "start_period_ns": 5000000000, "retries": 0},
                           "mounts": [{"type": "bind", "source": "/etc", "target": "/host", "read_only": True},
                                      {"type": "volume", "source": "", "target": "/scratch"}]}})
    up(driver, app, service=name, number=1)
    seen = driver.settled(name)
    assert seen["replicas"][0]["service"] == name
    driver.applied(app, "service-remove", service=name)
    assert driver.ok("list")["services"] == []
