# SPDX-License-Identifier: Apache-2.0
"""A machine: network, mount and pid namespaces of its own, on the lab's bridge."""

import contextlib
import json
import os
import subprocess

from . import process

INIT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "init.py")
PREFIX_BITS = 24


def _call(argv):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


class Machine:
    """Made by Lab only. `pid` is its process 1 as this process sees it; `address` is its address on the bridge."""

    def __init__(self, lab, name, address, mac):
        self.lab = lab
        self.name = name
        self.address = address
        self.mac = mac
        self.directory = os.path.join(lab.directory, name)
        os.mkdir(self.directory, 0o700)
        self._init = subprocess.Popen(
            ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "/usr/bin/python3", "-I", "-S", INIT],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
            env={**os.environ, **lab.environment})
        line = self._init.stdout.readline()
        if not line:
            self._init.wait()
            raise RuntimeError(f"make machine {name}: this needs root and the namespaces of the kernel")
        self.pid = int(line)
        self.inode = process.netns_inode(self.pid)
        with open(os.path.join(self.directory, "machine.json"), "w", encoding="ascii") as file:
            json.dump({"pid": self.pid, "netns": self.inode, "boot": lab.boot}, file)
        self.ip("link", "set", "lo", "up")

    def _check_ours(self):
        """Refuses to act on a namespace that is not the one that we made."""
        if self.inode is None or process.netns_inode(self.pid) != self.inode:
            raise RuntimeError(f"machine {self.name} is gone, or {self.pid} is no longer its process: not touching it")

    def nsenter(self, inside=False):
        """The words to put before a command: in the machine's network; with `inside`, among its processes and mounts."""
        self._check_ours()
        what = ["--net", "--mount", "--pid"] if inside else ["--net"]
        return ["nsenter", f"--target={self.pid}", *what, "--"]

    def popen(self, argv, inside=False, **kwargs):
        """Starts a command in the machine's network. It belongs to the lab and ends with it at the latest.

        Without `inside` the Popen is the command itself, and sees files and pids as we do.
        """
        kwargs["env"] = {**(kwargs.get("env") or os.environ), **self.lab.environment}
        kwargs.setdefault("start_new_session", True)
        return subprocess.Popen(self.nsenter(inside) + argv, **kwargs)

    def run(self, argv, inside=False, **kwargs):
        kwargs["env"] = {**(kwargs.get("env") or os.environ), **self.lab.environment}
        return subprocess.run(self.nsenter(inside) + argv, **kwargs)

    def ip(self, *args):
        return _call(self.nsenter() + ["ip", *args])

    def join(self, hub):
        """Plugs the machine into the hub's bridge, by a port of its name."""
        hub.ip("link", "add", self.name, "type", "veth", "peer", "name", "eth0", "netns", str(self.pid))
        hub.ip("link", "set", self.name, "master", "br0", "up")
        self.ip("link", "set", "eth0", "address", self.mac, "up")
        self.ip("address", "add", f"{self.address}/{PREFIX_BITS}", "dev", "eth0")

    def knows(self, other):
        """Fixes the other's hardware address: in a blackhole an ARP that fails would tell the sender, like no cloud's router does."""
        device = "br0" if self.name == "hub" else "eth0"
        self.ip("neighbour", "replace", other.address, "lladdr", other.mac, "dev", device, "nud", "permanent")

    def engine(self, **kwargs):
        """Starts a Docker Engine here; see engine.Engine for the options."""
        from .engine import Engine
        return Engine(self, **kwargs)

    def podman(self):
        """Starts Podman's Docker-compatible service here."""
        from .podman import Podman
        return Podman(self)

    def cut(self):
        """From now on the machine's link drops every packet, both ways, silently."""
        self._port_state("disabled")

    def heal(self):
        self._port_state("forwarding")

    def _port_state(self, state):
        number = {"disabled": "0", "forwarding": "3"}[state]
        _call(self.lab.hub.nsenter() + ["bridge", "link", "set", "dev", self.name, "state", number])

    @contextlib.contextmanager
    def blackhole(self):
        """cut() and, whatever happens, heal()."""
        self.cut()
        try:
            yield
        finally:
            self.heal()

    def crash(self):
        """Kills every process of the machine at once: Engine, shims, containers. The network stays."""
        self._check_ours()
        self._init.stdin.write("crash\n")
        self._init.stdin.flush()
        if self._init.stdout.readline() != "ok\n":
            raise RuntimeError(f"crash of machine {self.name}: its process 1 has ended")

    def kill(self, pid_inside, number):
        """Sends a signal to a process by the pid that it has inside the machine."""
        _call(self.nsenter(inside=True) + ["kill", f"-{int(number)}", str(pid_inside)])

    def close(self):
        """Ends everything in the machine and waits for it."""
        if self._init.stdin and not self._init.stdin.closed:
            self._init.stdin.close()
        self._init.wait()
        self._init.stdout.close()
        self.inode = None
