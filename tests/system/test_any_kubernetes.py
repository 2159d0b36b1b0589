# SPDX-License-Identifier: Apache-2.0
"""The promises that any Kubernetes cluster can be asked to show, on a real one where there is one.

`script/test --kubernetes KUBECONFIG` says which; else they are shown on the API server of tests/kube. All is done in
namespaces of this run, whose names nobody else has, and nothing of it stays. The cluster must be able to pull
$SEAWALL_KUBERNETES_IMAGE, an image that runs until it is told to stop.
"""

import os
import secrets

import pytest

from kube import KubeServer, openapi_folder
from support.fake_engine import FakeEngine
from support.kube_driver import D1, D2, EPERM, Driver
from support.server import Server, cluster_json, until

KUBECONFIG = os.environ.get("SEAWALL_KUBECONFIG")
IMAGE = os.environ.get("SEAWALL_KUBERNETES_IMAGE", "registry.k8s.io/pause:3.10")
PATIENCE_S = 180 if KUBECONFIG else 30


@pytest.fixture(scope="module")
def endpoint():
    if KUBECONFIG:
        yield "kubeconfig://" + ":".join(map(os.path.abspath, KUBECONFIG.split(":")))
    else:
        with KubeServer(openapi_folder()) as kube:
            yield kube.endpoint
            assert kube.refused == []


class Named:
    """An endpoint in the shape that Driver takes."""

    def __init__(self, endpoint):
        self.endpoint = endpoint


@pytest.fixture
def driver(endpoint):
    return Driver(Named(endpoint), allow_exec=True)


@pytest.fixture
def app(driver):
    name = f"seawall-test-{secrets.token_hex(4)}"
    made = {"name": name, "ttl": 1, "networks": {"default": {"name": f"{name}_default"}},
            "services": {"web": {"image": IMAGE, "networks": {"default": {}}, "environment": {"A": "1"},
                                 "ports": [{"published_first": 0, "published_last": 0, "target": 80}]}}}
    yield made
    driver.apply(made, "service-remove", service="web")
    driver.apply(made, "space-remove", target=name)
    until(lambda: name not in driver.ok("list")["spaces"], "the namespace is gone", PATIENCE_S)


def of(driver, app):
    seen = driver.ok("list")
    return ([s for s in seen["services"] if s["app"] == app["name"]],
            [r for r in seen["replicas"] if r["app"] == app["name"]])


def settled(driver, app, digest=D1):
    def check():
        services, replicas = of(driver, app)
        return services and services[0]["settled"] and {r["digest"] for r in replicas} <= {digest} and replicas
    return until(check, "the service is settled", PATIENCE_S)


def apply(driver, app, number=1, digest=D1, **more):
    return driver.applied(app, "service-apply", service="web", number=number, digest=digest, **more)


def test_the_version_and_the_room_are_known(driver):
    info, seen = driver.ok("connect"), driver.ok("list")
    assert info["api_minor"] >= 25 and info["engine"].startswith("kubernetes 1.")
    assert seen["room"]["cpus_nano"] > 0 and seen["room"]["memory_bytes"] > 0


def test_a_service_runs_is_replaced_scaled_and_removed(driver, app):
    driver.applied(app, "space-ensure")
    driver.applied(app, "space-ensure")
    apply(driver, app)
    first = settled(driver, app)
    assert [r["state"] for r in first] == ["running"] and first[0]["ports"][0]["published"] >= 30000
    apply(driver, app)
    assert [r["id"] for r in settled(driver, app)] == [r["id"] for r in first], "the same again changes nothing"

    apply(driver, app, number=2)
    until(lambda: len(settled(driver, app)) == 2, "there are two", PATIENCE_S)
    app["services"]["web"]["environment"] = {"B": "2"}
    apply(driver, app, number=2, digest=D2, id=of(driver, app)[0][0]["id"])
    second = settled(driver, app, D2)
    assert not {r["id"] for r in first} & {r["id"] for r in second}

    driver.applied(app, "service-remove", service="web")
    until(lambda: of(driver, app) == ([], []), "everything is gone", PATIENCE_S)


def test_an_image_that_is_not_there_is_told(driver, app):
    app["services"]["web"]["image"] = "registry.invalid/missing:1"
    driver.applied(app, "space-ensure")
    apply(driver, app)
    until(lambda: any("ImagePull" in r["status"] for r in of(driver, app)[1]), "the reason is told", PATIENCE_S)
    assert not of(driver, app)[0][0]["settled"]


def test_a_foreign_namespace_is_left_alone(driver):
    app = {"name": "kube-system", "ttl": 1, "services": {}, "networks": {}}
    for kind in "space-ensure", "space-remove":
        result = driver.apply(app, kind, target="kube-system")
        assert result["code"] == EPERM and "not ours" in result["error"], result


def test_an_app_runs_on_the_cluster_and_on_engines_at_once(endpoint, app, tmp_path):
    engines = {name: FakeEngine(name, address=f"127.0.5.{i + 1}", images=(IMAGE,))
               for i, name in enumerate(("birch", "coral"))}
    app["services"]["web"]["replicas"] = 2
    app["survive"] = {"provider": 1}
    server = Server(tmp_path).start()
    try:
        amber = {**cluster_json(endpoint, "amber"), "driver": "kubernetes", "addresses": [], "allow_exec": True}
        server.apply({"amber": amber, **{name: cluster_json(e.endpoint, name) for name, e in engines.items()}})
        server.until_ready("amber", "birch", "coral")
        last = server.up(app, timeout=PATIENCE_S)
        assert last["phase"] == "done", last
        assert {copy["cluster"] for copy in server.app(app["name"])["replicas"]} == {"amber", "birch", "coral"}
        last = server.down(app["name"], timeout=PATIENCE_S)
        assert last["phase"] == "done", last
        server.stop()
    finally:
        server.close()
        for engine in engines.values():
            engine.close()
