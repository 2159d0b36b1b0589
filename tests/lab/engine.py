# SPDX-License-Identifier: Apache-2.0
"""A real Docker Engine in a machine of the lab."""

import json
import os
import shutil
import signal
import subprocess
import time

from . import api, cleanup, process
from .api import EngineApi, EngineError

READY_S = 60
POLL_S = 0.02
SUBNET = 201  # 10.201.0.0/16; every machine has its own network, so all may use the same


class Engine(EngineApi):
    """dockerd with its own containerd, data, sockets and cgroup.

    name       the machine's
    endpoint   tcp://ADDRESS:2376, mutual TLS
    tls        {"ca", "cert", "key"}: what a client presents
    socket     the unix socket's path, reachable from anywhere on this computer
    live_restore   containers outlive the Engine: what API loss needs
    """

    PORT = 2376

    def __init__(self, machine, live_restore=True, extra=()):
        if shutil.which("dockerd") is None:
            raise EngineError("there is no dockerd here: script/bootstrap installs it")
        self.machine = machine
        self.name = machine.name
        self.live_restore = live_restore
        self.extra = list(extra)
        self.endpoint = f"tcp://{machine.address}:{self.PORT}"
        self.tls = machine.lab.ca.client()
        self.socket = os.path.join(machine.directory, "docker.sock")
        self.log = os.path.join(machine.directory, "dockerd.log")
        self._pidfile = os.path.join(machine.directory, "dockerd.pid")
        self._process = None
        self.start()

    def _argv(self):
        directory = self.machine.directory
        server = self.machine.lab.ca.server(self.name, self.machine.address)
        config = os.path.join(directory, "daemon.json")  # not the computer's own /etc/docker/daemon.json
        with open(config, "w", encoding="ascii") as file:
            json.dump({}, file)
        argv = ["dockerd", "--config-file", config, "--data-root", os.path.join(self.machine.lab.data, self.name),
                "--exec-root", os.path.join(directory, "exec"), "--pidfile", self._pidfile,
                "--host", f"unix://{self.socket}", "--host", f"tcp://{self.machine.address}:{self.PORT}",
                "--tlsverify", "--tlscacert", server["ca"], "--tlscert", server["cert"], "--tlskey", server["key"],
                "--bip", f"10.{SUBNET}.0.1/24",
                "--default-address-pool", f"base=10.{SUBNET + 1}.0.0/16,size=24",
                "--exec-opt", "native.cgroupdriver=cgroupfs",
                "--cgroup-parent", f"/{cleanup.CGROUP}/{self.machine.lab.id}/{self.name}",
                # A proxy process for each port dies with the Engine; the kernel's address translation does not.
                "--userland-proxy=false"]
        return argv + (["--live-restore"] if self.live_restore else []) + self.extra

    def start(self):
        """Starts the Engine and waits until it answers. Also after stop() and after a crash of the machine."""
        for stale in (self._pidfile, self.socket):
            if os.path.exists(stale):
                os.unlink(stale)
        with open(self.log, "ab") as log:
            self._process = self.machine.popen(self._argv(), inside=True, stdin=subprocess.DEVNULL,
                                               stdout=log, stderr=log)
        self._wait_ready()

    def _wait_ready(self):
        """The Engine has no event for this: ask its ping until it answers or ends."""
        deadline = time.monotonic() + READY_S
        while True:
            try:
                if api.request(self.socket, "GET", "/_ping", timeout=5)[0] == 200:
                    return
            except OSError:
                pass
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise EngineError(f"the Engine of {self.name} does not answer; its log ends with\n{self.log_tail()}")
            time.sleep(POLL_S)

    def log_tail(self, size=2000):
        with open(self.log, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - size))
            return file.read().decode(errors="replace")

    @property
    def pid(self):
        """dockerd's pid as this process sees it."""
        pids = process.children(self._process.pid)
        if not pids:
            raise EngineError(f"the Engine of {self.name} is not running")
        return pids[0]

    def _signal(self, number):
        os.kill(self.pid, number)

    def stop(self):
        """Ends the Engine as `systemctl stop` does. With live_restore its containers live on, else they end too."""
        self._signal(signal.SIGTERM)
        self._process.wait()

    def kill(self):
        """kill -9 of the Engine and, with it, of its containerd. Shims and containers live on."""
        self._signal(signal.SIGKILL)
        self._process.wait()

    def freeze(self):
        """The Engine accepts connections and says nothing any more, until thaw()."""
        self._signal(signal.SIGSTOP)

    def thaw(self):
        self._signal(signal.SIGCONT)
