# SPDX-License-Identifier: Apache-2.0
"""Real Engines for the contract tests, and the tool that carries out one driver operation on them."""

import itertools
import json
import os
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))

from lab import Lab  # noqa: E402

TOOL = os.environ.get("DRIVER_TOOL", os.path.join(HERE, "../../build/tests/contract/driver_tool"))

IMAGE = "bird:1"

# Stops at once on SIGTERM, which a shell as process 1 would ignore.
WAIT = ["/bin/sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done"]


class Driver:
    """One Engine, seen through the driver, and behind its back through the Engine's own API."""

    def __init__(self, lab, engine, kind):
        self.lab = lab
        self.engine = engine
        self.kind = kind
        self.endpoint = f"unix://{engine.socket}"
        self.tls = None

    def request(self, op, **more):
        request = {"driver": "docker", "endpoint": self.endpoint, "op": op, **more}
        if self.tls:
            request["tls"] = self.tls
        return request

    def run(self, op, timeout=120, **more):
        """The result, whether it went well or not."""
        done = subprocess.run(self.lab.hub.nsenter() + [TOOL], input=json.dumps(self.request(op, **more)),
                              capture_output=True, text=True, timeout=timeout)
        assert done.returncode == 0, done.stderr + done.stdout
        return json.loads(done.stdout)

    def ok(self, op, **more):
        result = self.run(op, **more)
        assert result["ok"], result["error"]
        return result

    def apply(self, app, kind, **more):
        return self.run("apply", app=app, action={"kind": kind, **more})

    def applied(self, app, kind, **more):
        result = self.apply(app, kind, **more)
        assert result["ok"], result["error"]
        return result

    def replicas(self, app):
        return {r["name"]: r for r in self.ok("list")["replicas"] if r["app"] == app["name"]}

    def start_stream(self, op, **more):
        """The tool on its own; it ends by itself after `stop_after` items."""
        tool = subprocess.Popen(self.lab.hub.nsenter() + [TOOL], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True)
        tool.stdin.write(json.dumps(self.request(op, **more)))
        tool.stdin.close()
        return tool

    def stream_items(self, tool):
        """What the stream brought, once it has ended."""
        with tool:
            return json.loads(tool.stdout.read())["items"]

    def prepare(self, app):
        """The networks and volumes of the app."""
        for key in app.get("networks", {}):
            self.applied(app, "network-ensure", target=key)
        for key in app.get("volumes", {}):
            self.applied(app, "volume-ensure", target=key)


_numbers = itertools.count(1)


def make_app(**service):
    """An app of its own for each test, with one service, `web`."""
    name = f"shop{next(_numbers)}"
    web = {"image": IMAGE, "command": WAIT, "networks": {"default": {"aliases": ["front"]}}, **service}
    return {"name": name, "ttl": 5, "services": {"web": web},
            "networks": {"default": {"name": f"{name}_default"}}}


@pytest.fixture(scope="session")
def lab():
    with Lab("drv") as made:
        yield made


# Which Engines a promise is tested on; without a mark, on both.
#
#   promise            docker   podman
#   over_tls           yes      no: `podman system service` of 4.3 speaks no TLS at all
#   everything else    yes      yes
over_tls = pytest.mark.parametrize("driver", ["docker"], indirect=True, scope="session")


@pytest.fixture(scope="session", params=["docker", "podman"])
def driver(lab, request):
    machine = lab.cloud(request.param)
    engine = machine.engine() if request.param == "docker" else machine.podman()
    files = {"bin/busybox": "/bin/busybox", "bin/sh": "/bin/busybox"}
    engine.import_image(IMAGE, files, ['CMD ["/bin/busybox", "true"]', "ENV PATH=/bin"])
    return Driver(lab, engine, request.param)
