# SPDX-License-Identifier: Apache-2.0
"""The lab: a hub with a bridge, clouds and a client on it, all gone when the with block ends."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading

from . import certs, cleanup
from .machine import Machine

HUB = 1
CLOUD_FIRST = 11
CLIENT = 100


class LabError(Exception):
    """The lab cannot be made here; the text says why."""


def _reaper_start(lab_id, lock):
    package = os.path.dirname(os.path.abspath(__file__))
    return subprocess.Popen(["/usr/bin/python3", "-S", "-m", "lab.reaper", lab_id], stdin=subprocess.PIPE,
                            cwd="/", env={**os.environ, "PYTHONPATH": os.path.dirname(package)},
                            pass_fds=[lock], start_new_session=True)


class Lab:
    """Makes namespaces that have no name and no way out, so it can neither meet nor harm what others made.

    Needs root. Several labs may live at the same time, each has its own 192.0.2.0/24.
    """

    def __init__(self, name):
        if os.geteuid() != 0:
            raise LabError("the lab makes network namespaces and Engines: run it as root")
        if not re.fullmatch("[a-z][a-z0-9]{0,11}", name):
            raise LabError(f"lab '{name}': a name is 1 to 12 of a-z and 0-9")
        self.name = name
        self.machines = {}
        self._signals = {}
        self._stack = None

    def __enter__(self):
        self._catch_signals()
        try:
            self._open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def _open(self):
        self.boot = cleanup.boot_id()
        self.id, self._lock = cleanup.claim(self.name)
        self.directory = os.path.join(cleanup.RUN, self.id)
        self.data = os.path.join(cleanup.DATA, self.id)
        self.environment = {cleanup.VARIABLE: self.id}
        self._reaper = _reaper_start(self.id, self._lock)
        self.ca = certs.Authority(os.path.join(self.directory, "certs"))
        self.hub = self._machine("hub", HUB)
        self.hub.ip("link", "add", "br0", "address", self.hub.mac, "type", "bridge")
        self.hub.ip("link", "set", "br0", "up")
        self.hub.ip("address", "add", f"{self.hub.address}/24", "dev", "br0")

    def _machine(self, name, number):
        if not re.fullmatch("[a-z][a-z0-9-]{0,13}", name) or name in self.machines or name == "br0":
            raise LabError(f"machine '{name}': a name is 1 to 14 of a-z, 0-9 and -, and used once")
        machine = Machine(self, name, f"192.0.2.{number}", f"02:00:c0:00:02:{number:02x}")
        self.machines[name] = machine
        if name != "hub":
            machine.join(self.hub)
        for other in self.machines.values():
            if other is not machine:
                machine.knows(other)
                other.knows(machine)
        return machine

    def cloud(self, name):
        """A new machine, 192.0.2.11 and upwards."""
        number = CLOUD_FIRST + sum(1 for m in self.machines.values() if m.name not in ("hub", "client"))
        return self._machine(name, number)

    @property
    def client(self):
        """The machine of those who use the app, 192.0.2.100."""
        return self.machines.get("client") or self._machine("client", CLIENT)

    def _catch_signals(self):
        """The default action of these would end us without a word to our with block."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) == signal.SIG_DFL:
                self._signals[number] = signal.signal(number, lambda n, _: sys.exit(128 + n))

    @contextlib.contextmanager
    def _undisturbed(self):
        """A second Ctrl-C must not stop the cleaning half-way."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
        try:
            yield
        finally:
            for number in numbers:
                signal.signal(number, self._signals.get(number, before[number]))
            self._signals = {}

    def close(self):
        """Ends and removes everything. Safe to call twice."""
        with self._undisturbed():
            if getattr(self, "id", None) is None:
                return
            cleanup.kill_strays(self.id)
            for machine in self.machines.values():
                machine.close()
            cleanup.remove(self.id)
            self._reaper.stdin.write(b".")
            self._reaper.stdin.close()
            self._reaper.wait()
            os.close(self._lock)
            self.id = None
