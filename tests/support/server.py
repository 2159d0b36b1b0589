# SPDX-License-Identifier: Apache-2.0
"""`seawall server` as a child process, and its API as a client sees it.

The program is $SEAWALL, else build/seawall: the same tests run against a build with sanitizers.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import time

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
SEAWALL = os.path.abspath(os.environ.get("SEAWALL") or os.path.join(TOP, "build", "seawall"))


def until(check, what, seconds=30):
    """Waits for what has no event to wait for; returns what `check` returned."""
    deadline = time.monotonic() + seconds
    while True:
        result = check()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


class Connection(http.client.HTTPConnection):
    def __init__(self, path, timeout=60):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Refused(AssertionError):
    """A reply of 400 or more: `status` and `error`, the object of docs/api.md."""

    def __init__(self, status, error):
        super().__init__(f"{status}: {error}")
        self.status = status
        self.error = error


class Server:
    """Not started yet. `folder` gets state, socket and log."""

    has_sanitizer = "asan" in SEAWALL  # the folder's name says so

    def __init__(self, folder, *options, state=None, popen=subprocess.Popen):
        self.folder = str(folder)
        self.state = state or os.path.join(self.folder, "state.db")
        self.socket = os.path.join(self.folder, "seawall.sock")
        self.log = os.path.join(self.folder, "server.log")
        self.options = ["--no-nameserver", *options]
        self.popen = popen
        self.process = None

    def launch(self):
        """Starts the process and does not wait for it to be ready."""
        with open(self.log, "ab") as log:
            self.process = self.popen(
                [SEAWALL, "server", "--state", f"sqlite:{self.state}", "--socket", self.socket, *self.options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def start(self):
        self.launch()
        until(self._answers, "the server answers")
        return self

    def _answers(self):
        try:
            return self.call("GET", "/v1/version")["pid"] == self.process.pid
        except OSError:
            assert self.process.poll() is None, f"the server ended:\n{self.log_text()[-3000:]}"
            return False

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """Ends it as systemd would; it must end well."""
        self.process.terminate()
        status = self.process.wait(timeout=30)
        assert status == 0, f"exit status {status}:\n{self.log_text()[-5000:]}"

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()

    def request(self, method, path, body=None, timeout=60):
        """(status, bytes); `body` is bytes, or anything that becomes JSON."""
        connection = Connection(self.socket, timeout)
        try:
            data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            connection.request(method, path, data)
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def call(self, method, path, body=None, timeout=60):
        status, text = self.request(method, path, body, timeout)
        if status >= 400:
            raise Refused(status, json.loads(text)["error"])
        return json.loads(text)

    def stream(self, method, path, body=None, timeout=60):
        """The lines of a stream, once it has ended."""
        status, text = self.request(method, path, body, timeout)
        if status >= 400:
            raise Refused(status, json.loads(text)["error"])
        return [json.loads(line) for line in text.splitlines()]

    def up(self, app, timeout=60):
        """Waits for the end; returns the last line of progress."""
        return self.stream("POST", f"/v1/apps/{app['name']}/up", {"app": app, "detach": False}, timeout)[-1]

    def down(self, name, volumes=False, timeout=60):
        return self.stream("POST", f"/v1/apps/{name}/down", {"volumes": volumes, "detach": False}, timeout)[-1]

    def app(self, name="shop"):
        return self.call("GET", f"/v1/apps/{name}")

    def apps(self):
        return {app["name"]: app for app in self.call("GET", "/v1/apps")["apps"]}

    def clusters(self):
        return {cluster["name"]: cluster for cluster in self.call("GET", "/v1/fleet")["clusters"]}

    def apply(self, clusters):
        return self.call("PUT", "/v1/fleet", {"clusters": clusters})

    def events(self, kind=None):
        lines = self.stream("GET", "/v1/events")
        return [line for line in lines if kind is None or line["kind"] == kind]

    def until_ready(self, *names):
        until(lambda: all(self.clusters()[name]["state"] == "ready" for name in names), f"ready: {names}")

    def rss_kb(self, peak=False):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            for line in file:
                if line.startswith("VmHWM:" if peak else "VmRSS:"):
                    return int(line.split()[1])
        raise AssertionError("no such line")

    def cpu_s(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cluster_json(endpoint, provider, tls=None, address="127.0.0.1"):
    json_ = {"driver": "docker", "endpoint": endpoint, "provider": provider, "region": provider,
             "addresses": [address], "cpus_nano": 0, "memory_bytes": 0, "cost_micro": 1000000, "drained": False}
    return {**json_, "tls": tls} if tls else json_


def app_json(name="shop", replicas=2, survive=None, ports=True, **service):
    """One service `web`, and a network; more keys of the service as keywords. It survives what it can by default."""
    web = {"image": "shop/web:1", "replicas": replicas, "restart": "always", "networks": {"default": {}}, **service}
    if ports:
        web["ports"] = [{"published_first": 8080, "published_last": 8090, "target": 8080}]
    return {"name": name, "ttl": 1, **({"survive": survive} if survive else {}),
            "networks": {"default": {"name": f"{name}_default"}}, "services": {"web": web}}
