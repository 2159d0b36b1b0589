# SPDX-License-Identifier: Apache-2.0
"""The world of the demo: three clouds with real Engines, a hub that runs Seawall, a client that uses the shop.

All of it is a lab (docs/lab.md): it goes with the process that made it, and touches nothing else.
"""

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, "tests"))

from lab import Lab, build_static, cpu_seconds, rss_kb_max  # noqa: E402
from lab.api import request  # noqa: E402
from lab.process import children  # noqa: E402

from .recorder import Journal  # noqa: E402
from .watch import Marks, Watch  # noqa: E402

BUILD = os.path.join(TOP, "build-release")
EXAMPLE = os.path.join(TOP, "examples", "shop")
IMAGE = "seawall-examples/shop:1"
CLOUDS = ("amber", "birch", "coral")
NAME, PORTS, ZONE = "shop.example.test", "8080-8081", "example.test"
READY_S, POLL_S = 30, 0.05


class DemoError(Exception):
    """The demo cannot go on; the text says why."""


def until(check, seconds, what):
    """Waits for what has no event of its own. Returns what check() gave. `what` may be a function: the latest news."""
    deadline = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > deadline:
            raise DemoError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(POLL_S)


def close_firewall(machine):
    """What a cloud's firewall does: what is not open is dropped, not refused.

    Published ports do not pass here, Docker forwards them. But Docker writes its rules anew when it starts, also for
    containers that lived on; for that quarter of a second a packet meets this and is sent again, not turned away.
    """
    for words in ("-A INPUT -i lo -j ACCEPT", "-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
                  "-A INPUT -p icmp -j ACCEPT", "-A INPUT -p tcp --dport 2376 -j ACCEPT", "-P INPUT DROP"):
        machine.run(["iptables", "-w", *words.split()], check=True)


class Control:
    """`seawall server` in the hub, and the nameserver that it starts."""

    def __init__(self, world):
        self.world = world
        self.folder = os.path.join(world.lab.directory, "seawall")
        self.socket = os.path.join(self.folder, "seawall.sock")
        self.nameserver_socket = os.path.join(self.folder, "nameserver.sock")
        self.log = os.path.join(world.data, "server.log")
        self.process = None
        self.nameserver_pid = None
        os.mkdir(self.folder, 0o750)

    def start(self):
        state = f"sqlite:{os.path.join(self.world.data, 'state.db')}"
        with open(self.log, "ab") as log:
            self.process = self.world.lab.hub.popen(
                [self.world.seawall, "server", "--state", state, "--socket", self.socket],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(self._answers, READY_S, "control answers")

    def _answers(self):
        if self.process.poll() is not None:
            raise DemoError(f"control ended by itself; its log ends with\n{self.log_tail()}")
        try:
            return request(self.socket, "GET", "/v1/version", timeout=5)[0] == 200
        except OSError:
            return False

    def log_tail(self, size=3000):
        with open(self.log, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - size))
            return file.read().decode(errors="replace")

    def find_nameserver(self):
        """Control starts it when the fleet has a zone; from then on it lives by itself."""
        def look():
            for pid in children(self.process.pid):
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    if b"nameserver" in file.read().split(b"\0"):
                        return pid
            return None

        self.nameserver_pid = until(look, READY_S, "control starts a nameserver")

    def get(self, target, path=None):
        """JSON from control's API, or from the socket at `path`."""
        status, body = request(path or self.socket, "GET", target, timeout=10)
        if status != 200:
            raise DemoError(f"GET {target}: {status}: {body.decode(errors='replace')}")
        return json.loads(body)

    def write_down(self, name, pid):
        self.world.marks.mark("process", name=name, pid=pid, rss_kb_max=rss_kb_max(pid), cpu_s=cpu_seconds(pid))

    def kill(self):
        """kill -9. What it used is written down first: the dead have no memory."""
        self.write_down("control", self.process.pid)
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def cpu_ns(self):
        """CPU time of all its threads; finer than the clock ticks of cpu_seconds()."""
        total = 0
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            with open(f"/proc/{self.process.pid}/task/{task}/schedstat", encoding="ascii") as file:
                total += int(file.read().split()[0])
        return total


class World:
    """Use as a context; leaves nothing behind."""

    def __init__(self, show):
        self.show = show
        self.seawall = os.path.join(BUILD, "seawall")
        self.lab = Lab("demo")
        self.engines = {}

    def __enter__(self):
        self.lab.__enter__()
        try:
            self._open()
        except BaseException:
            self.lab.close()
            raise
        return self

    def __exit__(self, *_):
        self.lab.close()

    def _open(self):
        self.data = os.path.join(self.lab.data, "demo")
        os.mkdir(self.data, 0o700)
        self.history = os.path.join(self.data, "history.ndjson")
        self.marks = Marks(Journal(self.history))
        self.fleet_file = os.path.join(self.data, "fleet.yaml")
        self.compose_file = os.path.join(EXAMPLE, "compose.yaml")
        self.control = Control(self)
        self.recorder = None
        self.watches = []

    def open_clouds(self):
        """Three machines first, then their Engines side by side."""
        program = build_static(os.path.join(EXAMPLE, "shop.c"), os.path.join(BUILD, "shop"))
        machines = [self.lab.cloud(name) for name in CLOUDS]
        failures = []

        def start(machine):
            try:
                close_firewall(machine)
                engine = machine.engine()
                engine.import_image(IMAGE, {"shop": program}, ['CMD ["/shop", "web"]'])
                self.engines[machine.name] = engine
            except Exception as error:  # handed to the thread that waits
                failures.append(error)

        threads = [threading.Thread(target=start, args=(machine,)) for machine in machines]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        for name in CLOUDS:
            engine = self.engines[name]
            self.marks.mark("cloud", name=name, address=engine.machine.address, driver="docker",
                            engine=engine.version().partition("+")[0])  # without Debian's own part

    def write_fleet(self):
        lines = ["# Three clouds of three providers.", "clusters:"]
        for name, engine in ((name, self.engines[name]) for name in CLOUDS):
            tls = ", ".join(f"{key}: {path}" for key, path in engine.tls.items())
            lines += [f"  {name}:", "    driver: docker", f"    endpoint: {engine.endpoint}", f"    tls: {{{tls}}}",
                      f"    provider: {name}", f"    region: {name}-1", f"    addresses: [{engine.machine.address}]",
                      "    capacity: {cpus: 2, memory: 1GiB}"]
        lines += ["dns:", f'  listen: ["{self.lab.hub.address}:53"]', f"  zone: {ZONE}"]
        with open(self.fleet_file, "w", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")

    def seawall_run(self, *words, shown=True, check=True):
        """A command as a user would type it, in the hub. Returns its standard output."""
        done = self.lab.hub.run([self.seawall, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                env={**os.environ, "SEAWALL_SOCKET": self.control.socket}, cwd=EXAMPLE)
        if shown:
            self.show.command("seawall " + shlex.join(words).replace(self.data + "/", ""), done.stdout + done.stderr)
        if check and done.returncode:
            raise DemoError(f"seawall {shlex.join(words)}: exit code {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def watch(self):
        """From now on verdicts and states are written down."""
        self.watches = [Watch("nameserver", self.control.nameserver_socket, "/v1/events?follow=1&replay=0", self.marks),
                        Watch("control", self.control.socket, "/v1/events?follow=1", self.marks)]

    def record(self):
        """Starts the recorder in the client's network."""
        argv = ["/usr/bin/python3", "-m", "demo.recorder", "--history", self.history, "--nameserver",
                f"{self.lab.hub.address}:53", "--name", NAME, "--ports", PORTS]
        self.recorder = self.lab.client.popen(argv, stdin=subprocess.DEVNULL, cwd=TOP)

    def stop_recording(self):
        self.recorder.terminate()
        if self.recorder.wait():
            raise DemoError(f"the recorder ended with exit code {self.recorder.returncode}")

    def copies(self):
        """{cloud: {container id: when it started}} of the shop, asked from the Engines themselves."""
        found = {}
        for name, engine in self.engines.items():
            found[name] = {entry["Id"]: entry["State"]["StartedAt"] for entry in
                           engine.containers("dev.seawall.app=shop") if entry["State"]["Running"]}
        return found

    def wait_for_clusters(self):
        """Until control is connected to all of them."""
        def clusters():
            return self.control.get("/v1/fleet")["clusters"]

        def news():
            return "all clusters are ready: " + "; ".join(
                f"{cluster['name']} is {cluster['state']} {cluster['error']}" for cluster in clusters())

        until(lambda: all(cluster["state"] == "ready" for cluster in clusters()), READY_S, news)

    def has_full_weights(self):
        """No endpoint of the shop is on its slow start any more."""
        table = self.control.get("/v1/table", self.control.nameserver_socket)
        return all(endpoint["why"] == "up" for name in table["names"] if name["name"] == NAME
                   for endpoint in name["endpoints"])

    def is_in_step(self):
        """Control says so of the app, sees all clusters, and the Engines run what the plan says."""
        if any(cluster["state"] != "ready" for cluster in self.control.get("/v1/fleet")["clusters"]):
            return False
        app = self.control.get("/v1/apps/shop")
        if app["state"] != "in-step":
            return False
        placed = [service["placed"] for service in app["plan"]["services"].values()]
        running = self.copies()
        return all(len(running[name]) == sum(one.get(name, 0) for one in placed) for name in CLOUDS)
