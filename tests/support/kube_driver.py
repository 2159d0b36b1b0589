# SPDX-License-Identifier: Apache-2.0
"""The Kubernetes driver through driver_tool: one operation, one process."""

import json
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
TOOL = os.environ.get("DRIVER_TOOL", os.path.join(HERE, "../../build/tests/contract/driver_tool"))
EBUSY, ENOENT, EPERM, EACCES, EAGAIN, EIO, ENOTSUP, EKEYEXPIRED = -16, -2, -1, -13, -11, -5, -95, -127
D1, D2 = "a" * 64, "b" * 64


class Driver:
    def __init__(self, server, **more):
        self.server, self.more = server, more

    def run(self, op, **more):
        request = {"driver": "kubernetes", "endpoint": self.server.endpoint, "op": op, **self.more, **more}
        done = subprocess.run([TOOL], input=json.dumps(request), capture_output=True, text=True, timeout=60)
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

    def start_stream(self, op, **more):
        request = {"driver": "kubernetes", "endpoint": self.server.endpoint, "op": op, **self.more, **more}
        tool = subprocess.Popen([TOOL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        tool.stdin.write(json.dumps(request))
        tool.stdin.close()
        return tool

    @staticmethod
    def stream_items(tool):
        return Driver.stream_result(tool)["items"]

    @staticmethod
    def stream_result(tool):
        with tool:
            try:
                tool.stdin = None
                return json.loads(tool.communicate(timeout=20)[0])
            except subprocess.TimeoutExpired:
                tool.kill()
                raise

    def service(self, name="web", **more):
        return next((s for s in self.ok("list", **more)["services"] if s["service"] == name), None)

    def settled(self, name="web"):
        """The list once the service is settled. Each question is a call of its own: asking is waiting."""
        for _ in range(200):
            seen = self.ok("list")
            if any(s["service"] == name and s["settled"] for s in seen["services"]):
                return seen
        raise AssertionError(f"{name} does not settle: {seen['services']} {seen['replicas']}")
