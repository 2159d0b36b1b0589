# SPDX-License-Identifier: Apache-2.0
"""One app on a Kubernetes cluster and two Docker Engines, through the commands and the API."""

import json
import os
import re

import pytest
import yaml

from kube import KubeServer, openapi_folder
from support.cli import Cli
from support.fake_engine import FakeEngine
from support.server import TOP, Server, app_json, cluster_json, until

CLOUDS = ("amber", "birch", "coral")


def kubernetes_json(endpoint, provider):
    return {**cluster_json(endpoint, provider), "driver": "kubernetes", "addresses": []}


@pytest.fixture
def world(tmp_path):
    """amber is a Kubernetes cluster. Nothing may have been asked of it that a real one refuses."""
    engines = {name: FakeEngine(name, address=f"127.0.4.{i + 1}") for i, name in enumerate(CLOUDS[1:])}
    server = Server(tmp_path).start()
    try:
        with KubeServer(openapi_folder()) as kube:
            server.apply({"amber": kubernetes_json(kube.endpoint, "amber"),
                          **{name: cluster_json(engine.endpoint, name) for name, engine in engines.items()}})
            server.until_ready(*CLOUDS)
            yield server, kube, engines
            assert kube.refused == []
        assert {name: engine.violations for name, engine in engines.items()} == {name: [] for name in engines}
        server.stop()
    finally:
        server.close()
        for engine in engines.values():
            engine.close()


@pytest.fixture
def shop(world):
    last = world[0].up(app_json())
    assert last["phase"] == "done", last
    return world


def copies(server, cluster=None):
    return [copy for copy in server.app()["replicas"] if cluster in (None, copy["cluster"])]


def test_the_cluster_says_what_it_is_and_has(world):
    cluster = world[0].clusters()["amber"]
    assert cluster["engine"] == "kubernetes 1.34.9"
    assert cluster["capacity"]["cpus"] == pytest.approx(7.84)


def test_one_file_runs_on_both_kinds_of_clusters(shop):
    server, kube, _ = shop
    assert server.app()["state"] == "in-step"
    assert {copy["cluster"] for copy in copies(server)} == set(CLOUDS)
    assert all(copy["current"] for copy in copies(server))
    deployment = kube.objects("deployments", "shop")[0]
    assert deployment["spec"]["replicas"] == len(copies(server, "amber"))
    assert deployment["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "seawall"


def test_the_same_file_again_asks_nothing_to_be_changed(shop):
    server, kube, _ = shop
    before = len(kube.requests("^(PATCH|POST|DELETE)"))
    assert server.up(app_json())["phase"] == "done"
    assert len(kube.requests("^(PATCH|POST|DELETE)")) == before


def test_a_service_costs_few_requests(shop):
    _, kube, _ = shop
    assert len(kube.requests("^(PATCH|POST|DELETE)")) <= 5  # one of them for the namespace


def test_a_changed_file_replaces_every_copy_in_one_order(shop):
    server, _, _ = shop
    before = {copy["id"] for copy in copies(server)}
    last = server.up(app_json(environment={"GREETING": "again"}))
    assert last["phase"] == "done", last
    assert not before & {copy["id"] for copy in copies(server)}
    assert all(copy["current"] for copy in copies(server))


def test_a_change_that_fails_on_kubernetes_stops_there_with_its_reason(shop):
    server, _, engines = shop
    before = {copy["id"] for copy in copies(server)}
    server.call("POST", "/v1/apps/shop/up", {"app": app_json(image="x/missing:1"), "detach": True})
    until(lambda: "ImagePullBackOff" in server.app()["trouble"], "the reason is told")
    now = {copy["id"] for copy in copies(server)}
    assert before <= now, "nothing that served was taken away"
    assert len(now - before) == 1
    assert server.up(app_json())["phase"] == "done"
    assert {copy["id"] for copy in copies(server)} == before


def test_scale_goes_both_ways(shop):
    server, kube, _ = shop
    assert server.up(app_json(replicas=6))["phase"] == "done"
    assert kube.objects("deployments", "shop")[0]["spec"]["replicas"] == len(copies(server, "amber")) >= 3
    assert server.up(app_json(replicas=2))["phase"] == "done"
    assert kube.objects("deployments", "shop")[0]["spec"]["replicas"] == len(copies(server, "amber"))


def test_the_commands_speak_of_both_kinds_alike(shop, tmp_path):
    server, kube, _ = shop
    cli = Cli(tmp_path, server.socket)
    table = cli.ok("ps", "-p", "shop")
    assert "Running" in table or "running" in table
    assert "web-" in table
    logs = cli.ok("logs", "-p", "shop", "--tail", "1")
    assert f"hello from {copies(server, 'amber')[0]['name']}" in logs
    events = cli.ok("events", "--app", "shop", "--format", "json")
    assert any(line["cluster"] == "amber" and "pods/web-" in line["message"]
               for line in map(json.loads, events.splitlines()))


def test_down_leaves_nothing(shop):
    server, kube, engines = shop
    assert server.down("shop")["phase"] == "done"
    until(lambda: [n["metadata"]["name"] for n in kube.objects("namespaces")] == ["kube-system"],
          "the namespace is gone")
    assert kube.objects("pods") == [] and kube.objects("deployments") == []
    assert "shop" not in server.apps()


def test_drain_moves_everything_and_undo_leaves_it(shop):
    server, kube, _ = shop
    server.call("POST", "/v1/clusters/amber/drain")
    until(lambda: not copies(server, "amber") and server.app()["state"] == "in-step", "amber is emptied")
    assert kube.objects("deployments") == []
    server.call("POST", "/v1/clusters/amber/drain?undo=1")
    until(lambda: server.app()["state"] == "in-step", "in step")
    assert not copies(server, "amber")


def test_loss_of_the_api_starts_nothing_and_its_return_restarts_nothing(shop):
    server, kube, _ = shop
    before = {copy["id"] for copy in copies(server)}
    kube.fault(".", times=10**6, status=503)
    kube.cut_all()
    until(lambda: server.app()["state"] == "waiting", "the loss is seen")
    assert {copy["id"] for copy in copies(server)} == before
    kube.call(kube.faults.clear)
    until(lambda: server.app()["state"] == "in-step", "it is back")
    assert {copy["id"] for copy in copies(server)} == before


def test_a_killed_server_forgets_nothing_and_touches_nothing(shop):
    server, kube, _ = shop
    before = {copy["id"] for copy in copies(server)}
    changes = len(kube.requests("^(PATCH|POST|DELETE)"))
    server.kill()
    server.start()
    until(lambda: server.app()["state"] == "in-step", "in step after the restart")
    assert {copy["id"] for copy in copies(server)} == before
    assert len(kube.requests("^(PATCH|POST|DELETE)")) == changes


def test_a_lost_pod_is_replaced_by_the_cluster_and_seen(shop):
    server, kube, _ = shop
    victim, count = copies(server, "amber")[0], len(copies(server, "amber"))
    space, name, _ = victim["id"].split("/")
    kube.call(kube.store.delete, ("", "pods"), (space, name))
    until(lambda: victim["id"] not in {copy["id"] for copy in copies(server)} and server.app()["state"] == "in-step"
          and len(copies(server, "amber")) == count, "the cluster has replaced it")


def test_watches_that_were_cut_or_left_behind_are_taken_up_again(shop):
    server, kube, _ = shop
    gone = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}
    kube.fault("watch=1", times=5, event=gone)
    kube.cut_all()
    until(lambda: server.clusters()["amber"]["state"] == "ready" and
          not kube.call(lambda: sum(f["times"] for f in kube.faults)), "all watches are back")
    assert server.up(app_json(replicas=6))["phase"] == "done"
    assert len(copies(server, "amber")) >= 3


def test_an_answer_that_comes_after_the_watch_told_more_is_not_believed(world):
    server, kube, _ = world
    kube.fault("PATCH .*/deployments/", times=100, late_s=0.5)
    assert server.up(app_json(), timeout=20)["phase"] == "done"


def test_a_refusal_of_the_cluster_is_shown_and_tried_again(world):
    server, kube, _ = world
    kube.fault("PATCH .*/deployments/", times=2, status=429, retry_after=1, message="too many requests")
    server.call("POST", "/v1/apps/shop/up", {"app": app_json(), "detach": True})
    until(lambda: any("too many requests" in event["message"] for event in server.events("action-failed")),
          "the refusal is told")
    until(lambda: server.app()["state"] == "in-step", "in step all the same")


# The role


def documented_role():
    """{(group, resource): verbs} of docs/kubernetes.md."""
    with open(os.path.join(TOP, "docs", "kubernetes.md"), encoding="utf-8") as file:
        manifest = re.search(r"```yaml\n(apiVersion: rbac.*?)```", file.read(), re.S)[1]
    return {(group, resource): set(rule["verbs"]) for rule in yaml.safe_load(manifest)["rules"]
            for group in rule["apiGroups"] for resource in rule["resources"]}


@pytest.fixture
def alone(tmp_path):
    """A server with the Kubernetes cluster and nothing else."""
    server = Server(tmp_path).start()
    try:
        with KubeServer(openapi_folder()) as kube:
            server.apply({"amber": kubernetes_json(kube.endpoint, "amber")})
            server.until_ready("amber")
            yield server, kube
            assert kube.refused == []
        server.stop()
    finally:
        server.close()


def test_nothing_is_asked_beyond_the_documented_role_and_all_of_it_is_used(alone, tmp_path):
    server, kube = alone
    volume = {"mounts": [{"type": "volume", "source": "data", "target": "/data"}]}
    job = {"image": "shop/once:1", "networks": {"default": {}}}
    app = app_json("more", replicas=1)
    app["survive"] = {}
    app["services"].update(db={"image": "db:1", "networks": {"default": {}}, **volume}, init=job)
    app["services"]["web"]["dependencies"] = {"init": {"condition": "completed", "required": True, "restart": False}}
    app["volumes"] = {"data": {"name": "more_data"}}
    assert server.up(app)["phase"] == "done"
    app["services"]["init"]["environment"] = {"AGAIN": "1"}
    assert server.up(app)["phase"] == "done"
    Cli(tmp_path, server.socket).ok("logs", "-p", "more", "--tail", "1")
    assert server.down("more", volumes=True)["phase"] == "done"
    asked = {}
    for group, resource, verb in kube.call(lambda: set(kube.asked)):
        asked.setdefault((group, resource), set()).add(verb)
    role = documented_role()
    assert {key: verbs - role.get(key, set()) for key, verbs in asked.items() if verbs - role.get(key, set())} == {}
    unused = {key: verbs - asked.get(key, set()) for key, verbs in role.items() if verbs - asked.get(key, set())}
    # Ingresses are made only where `expose` says so; a kind of workload is deleted by name when it becomes another.
    assert unused == {("networking.k8s.io", "ingresses"): {"create", "patch"},
                      ("apps", "deployments"): {"delete"}, ("apps", "statefulsets"): {"delete"}}


# Through a kubeconfig


PLUGIN = """#!/usr/bin/python3
import json
token = open({token!r}).read()
open({ran!r}, "a").write("x")
print(json.dumps({{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1",
                  "status": {{"token": token}}}}))
"""


def test_a_plugin_is_run_when_allowed_and_again_when_its_token_is_refused(tmp_path):
    token, ran, plugin = tmp_path / "token", tmp_path / "ran", tmp_path / "plugin"
    token.write_text("first")
    plugin.write_text(PLUGIN.format(token=str(token), ran=str(ran)))
    plugin.chmod(0o755)
    server = Server(tmp_path).start()
    cli = Cli(tmp_path, server.socket)
    try:
        with KubeServer(openapi_folder(), tokens={"Bearer first"}) as kube:
            (tmp_path / "config").write_text(json.dumps({
                "current-context": "here", "clusters": [{"name": "c", "cluster": {"server": kube.url}}],
                "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
                "users": [{"name": "u", "user": {"exec": {"apiVersion": "client.authentication.k8s.io/v1",
                                                          "command": "./plugin"}}}]}))
            (tmp_path / "fleet.yaml").write_text("clusters: {amber: {driver: kubernetes, kubeconfig: config}}")
            cli.ok("fleet", "apply", "-f", "fleet.yaml")
            until(lambda: "--allow-exec" in server.clusters()["amber"]["error"], "it says what is needed")
            assert not ran.exists()
            cli.ok("fleet", "apply", "-f", "fleet.yaml", "--allow-exec")
            server.until_ready("amber")
            assert ran.read_text() == "x"

            token.write_text("second")
            kube.call(lambda: (kube.tokens.clear(), kube.tokens.add("Bearer second")))
            until(lambda: ran.read_text() == "xx" and server.clusters()["amber"]["state"] == "ready",
                  "the new token is brought")
            cli.ok("fleet", "apply", "-f", "fleet.yaml")
            assert server.clusters()["amber"]["state"] == "ready", "what was allowed stays allowed"
        server.stop()
    finally:
        server.close()
