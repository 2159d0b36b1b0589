# SPDX-License-Identifier: Apache-2.0
"""Podman's Docker-compatible service in a machine of the lab, on a unix socket."""

import os
import shutil
import signal
import subprocess
import time

from . import api, process
from .api import EngineApi, EngineError
from .engine import POLL_S, READY_S


class Podman(EngineApi):
    """`podman system service` with its own storage; `endpoint` is unix://PATH, `tls` is None."""

    def __init__(self, machine):
        if shutil.which("podman") is None:
            raise EngineError("there is no podman here: script/bootstrap installs it")
        self.machine = machine
        self.name = machine.name
        self.socket = os.path.join(machine.directory, "podman.sock")
        self.endpoint = f"unix://{self.socket}"
        self.tls = None
        self.log = os.path.join(machine.directory, "podman.log")
        self.start()

    def _argv(self):
        data = os.path.join(self.machine.lab.data, self.name)
        run = os.path.join(self.machine.directory, "podman")
        return ["podman", "--root", os.path.join(data, "storage"), "--runroot", os.path.join(run, "storage"),
                "--tmpdir", os.path.join(run, "tmp"), "--network-config-dir", os.path.join(data, "networks"), "--cgroup-manager", "cgroupfs",
                "system", "service", "--time", "0", self.endpoint]

    def start(self):
        # The network plugins keep the addresses that they gave away in a fixed place: one of this machine's own.
        os.makedirs("/var/lib/cni", exist_ok=True)
        self.machine.run(["mount", "-t", "tmpfs", "lab", "/var/lib/cni"], inside=True, check=True)
        with open(self.log, "ab") as log:
            self._process = self.machine.popen(self._argv(), inside=True, stdin=subprocess.DEVNULL,
                                               stdout=log, stderr=log)
        deadline = time.monotonic() + READY_S
        while True:
            try:
                if api.request(self.socket, "GET", "/_ping", timeout=5)[0] == 200:
                    return
            except OSError:
                pass
            if self._process.poll() is not None or time.monotonic() > deadline:
                with open(self.log, encoding="utf-8", errors="replace") as file:
                    raise EngineError(f"podman in {self.name} does not answer:\n{file.read()[-2000:]}")
            time.sleep(POLL_S)

    def _signal(self, number):
        os.kill(process.children(self._process.pid)[0], number)

    def freeze(self):
        """The service accepts connections and says nothing any more, until thaw()."""
        self._signal(signal.SIGSTOP)

    def thaw(self):
        self._signal(signal.SIGCONT)
