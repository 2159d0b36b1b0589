# SPDX-License-Identifier: Apache-2.0
"""Real exchanges with a real API server, replayed to the Kubernetes driver.

The recordings are not part of this repository: SEAWALL_KUBERNETES_RECORDINGS names their folder, else they lie in
../shared/kubernetes-recordings. What was recorded carries other labels than ours, so ours are added to each object;
nothing else is changed, and streams come in the recorded pieces or in others.
"""

import http.server
import json
import os
import re
import sys
import threading
from pathlib import Path

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))

from test_kubernetes import EACCES, EAGAIN, EBUSY, EIO, EKEYEXPIRED, ENOENT, D1, Driver, make_app  # noqa: E402

FOLDER = Path(os.environ.get("SEAWALL_KUBERNETES_RECORDINGS",
                             Path(HERE).resolve().parents[2] / "shared" / "kubernetes-recordings"))
STREAMS = {"namespaces": 0, "nodes": 1, "services": 2, "persistentvolumeclaims": 3, "ingresses": 4,
           "deployments": 5, "statefulsets": 6, "jobs": 7, "pods": 8}

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="no recordings of Kubernetes: "
                                "SEAWALL_KUBERNETES_RECORDINGS does not name a folder")


def load(name):
    return json.loads((FOLDER / f"{name}.json").read_text())["exchanges"]


def ours(text, part):
    """With our labels beside those that were recorded."""
    more = ',"dev.seawall.part":"published"' if part else ""
    return re.sub(r'"app.kubernetes.io/name":"(\w+)"',
                  rf'"app.kubernetes.io/name":"\1","dev.seawall.app":"shop","dev.seawall.service":"\1"{more}', text)


def plural_of(path):
    return re.sub(r"/namespaces/[^/]+(?=/)", "", path.split("?")[0]).rsplit("/", 1)[1]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path.startswith("/version"):
            return self.reply(200, json.dumps({"major": "1", "minor": "34", "gitVersion": "v1.34.9"}))
        plural, watch = plural_of(self.path), "watch=" in self.path
        self.server.asked.append(self.path)
        left = self.server.exchanges[(plural, watch)]
        if not left and watch:
            return self.stream("", 1)  # nothing more happens
        response = left.pop(0) if len(left) > 1 or (left and watch) else left[0] if left else \
            {"status": 200, "body": {"metadata": {"resourceVersion": "1"}, "items": []}}
        if "chunks" not in response:
            return self.reply(response["status"], ours(json.dumps(response["body"], separators=(",", ":")),
                                                       plural == "services"))
        text = ours("".join(chunk["data"] for chunk in response["chunks"]), False)
        return self.stream(text, self.server.piece or max(1, len(text) // max(1, len(response["chunks"]))))

    def reply(self, status, text):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def stream(self, text, piece):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        data = text.encode()
        out = b"".join(b"%x\r\n%s\r\n" % (len(data[at:at + piece]), data[at:at + piece])
                       for at in range(0, len(data), piece))
        self.wfile.write(out + b"0\r\n\r\n")

    def log_message(self, *_):
        pass


class Replay:
    """Serves the lists and watches of a recording, each in its order."""

    def __init__(self, name, piece=0):
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads, self.http.piece, self.http.asked = True, piece, []
        self.http.exchanges = {(plural, watch): [] for plural in STREAMS for watch in (False, True)}
        for exchange in load(name) if isinstance(name, str) else name:
            request = exchange["request"]
            plural = plural_of(request["path"])
            if request["method"] == "GET" and plural in STREAMS and exchange["response"].get("status"):
                self.http.exchanges[(plural, "watch=" in request["path"])].append(exchange["response"])

    def __enter__(self):
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()

    @property
    def endpoint(self):
        return f"tcp://127.0.0.1:{self.http.server_port}"

    def run(self, *plurals):
        result = Driver(self).run("watch", streams=[STREAMS[plural] for plural in plurals])
        assert result["ok"], result["error"]
        return result, [item["what"] for item in result["items"]]


@pytest.mark.parametrize("piece", [0, 7, 4096])
def test_a_deployment_gets_ready(piece):
    with Replay("03-deployment-apply-watch", piece) as replay:
        result, _ = replay.run("deployments", "pods")
    assert result["services"] == [{"app": "shop", "service": "web", "id": result["services"][0]["id"], "digest": "",
                                   "replicas": 2, "settled": True, "trouble": ""}]
    assert [(r["state"], r["health"], r["image"]) for r in result["replicas"]] == \
        [("running", "healthy", "registry.local/web:1")] * 2


def test_a_rollout_is_settled_only_when_it_is_over():
    with Replay("04-rollout") as replay:
        result, words = replay.run("deployments", "pods")
    assert {r["image"] for r in result["replicas"]} == {"registry.local/web:2"}
    assert result["services"][0]["settled"]
    assert any("is being deleted" in word for word in words)


@pytest.mark.parametrize("name, reason, trouble", [
    ("05a-rollout-crashing-image", "CrashLoopBackOff", "ProgressDeadlineExceeded"),
    ("05b-rollout-missing-image", "ErrImagePull", "ProgressDeadlineExceeded")])
def test_a_rollout_that_fails_says_why(name, reason, trouble):
    with Replay(name) as replay:
        result, words = replay.run("deployments", "pods")
    assert any(reason in word for word in words), words
    assert any(trouble in word for word in words), words
    assert result["services"][0]["settled"], "it was undone in the end"
    assert all(r["health"] == "healthy" for r in result["replicas"])


def test_a_missing_image_is_told_in_full():
    with Replay("05b-rollout-missing-image") as replay:
        _, words = replay.run("pods")
    assert any("registry.local/missing:9" in word for word in words)


def test_scaling_by_others_is_seen():
    with Replay("06-scale-conflict") as replay:
        result, words = replay.run("deployments")
    assert len(words) > 3 and result["services"][0]["service"] == "web"


def test_a_job_that_ends_fails_or_runs_out_of_time():
    with Replay("16-jobs") as replay:
        result, words = replay.run("jobs", "pods")
    assert any("BackoffLimitExceeded" in word for word in words)
    assert any("DeadlineExceeded" in word for word in words)
    assert all(service["settled"] for service in result["services"])


def test_a_claim_that_waits_keeps_its_pod_waiting_in_the_schedulers_words():
    with Replay("17-pvc-pending") as replay:
        _, words = replay.run("persistentvolumeclaims", "pods")
    assert any("Unschedulable" in word and "PersistentVolumeClaim" in word for word in words), words


def test_what_was_deleted_is_gone():
    with Replay("14-delete") as replay:
        result, _ = replay.run("deployments", "pods")
    assert result["replicas"] == [] and result["services"] == []


def test_a_lost_node_is_no_room_and_its_pods_are_replaced():
    with Replay("15b-node-lost-of-two") as replay:
        result, words = replay.run("nodes", "pods", "deployments")
    assert sum(word.startswith("nodes/") for word in words) >= 2, "not ready, ready again"
    assert result["room"]["cpus_nano"] > 0
    assert all(r["health"] == "healthy" for r in result["replicas"])


@pytest.mark.parametrize("name", ["15a-node-lost-single-evicted", "15c-node-lost-single-kept"])
def test_a_cluster_that_lost_its_only_node_comes_back(name):
    with Replay(name) as replay:
        result, _ = replay.run("nodes", "pods", "deployments")
    assert result["services"][0]["settled"]
    assert {r["state"] for r in result["replicas"]} == {"running"}


def test_an_expired_watch_lists_again():
    watches = [e for e in load("11a-lists-watches-limits") if "watch=true" in e["request"]["path"]]
    expired = dict(watches[0], request={"method": "GET", "path": "/api/v1/namespaces/shop/pods?watch=true"})
    with Replay([expired]) as replay:
        _, words = replay.run("pods")
        assert words == ["listed pods", "listed pods"]
        assert sum("watch=1" in path for path in replay.http.asked) == 2


def test_bookmarks_of_a_quiet_watch_change_nothing():
    watch = next(e for e in load("11a-lists-watches-limits") if "timeoutSeconds=75" in e["request"]["path"]
                 and "allowWatchBookmarks" in e["request"]["path"])
    assert any("BOOKMARK" in chunk["data"] for chunk in watch["response"]["chunks"])
    with Replay([dict(watch, request={"method": "GET", "path": "/api/v1/namespaces/shop/pods?watch=true"})]) as replay:
        result, _ = replay.run("pods")
    assert result["replicas"] == []


@pytest.mark.parametrize("name", ["18a-server-stop", "18b-server-killed"])
def test_a_server_that_was_restarted_is_taken_up_again(name):
    with Replay(name) as replay:
        result, _ = replay.run("deployments", "pods", "deployments", "pods", "deployments", "pods")
    assert result["services"][0]["service"] == "web"


class Refusing(Handler):
    """Answers every apply with one recorded refusal."""

    def do_PATCH(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.reply(self.server.refusal["status"], json.dumps(self.server.refusal["body"]))


def refusals():
    if not FOLDER.is_dir():
        return []
    out = []
    for path in sorted(FOLDER.glob("*.json")):
        for number, exchange in enumerate(load(path.stem)):
            body = exchange["response"].get("body")
            if exchange["request"]["method"] == "PATCH" and (exchange["response"].get("status") or 0) >= 400 \
                    and isinstance(body, dict):
                out.append(pytest.param(exchange["response"], id=f"{path.stem}-{number}"))
    return out


@pytest.mark.parametrize("refusal", refusals())
def test_every_recorded_refusal_of_an_apply_is_told_with_its_words(refusal):
    codes = {401: EKEYEXPIRED, 403: EACCES, 404: ENOENT, 409: EBUSY, 429: EAGAIN}
    with Replay([]) as replay:
        replay.http.RequestHandlerClass, replay.http.refusal = Refusing, refusal
        result = Driver(replay).apply(make_app(), "service-apply", service="web", number=1, digest=D1)
    assert result["code"] == codes.get(refusal["status"], EIO)
    words = " ".join(refusal["body"]["message"].split())[:60]
    assert words in " ".join(result["error"].split()), result["error"]
