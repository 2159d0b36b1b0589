# SPDX-License-Identifier: Apache-2.0
"""Process 1 of a machine: holds its namespaces and ends with whoever made it.

Runs under `unshare --net --mount --pid --fork`. When standard input ends, because the owner closed it or was
killed, this process returns and the kernel ends everything in the machine: Engine, shims and containers, mounts,
interfaces. Nothing has to be remembered or undone.

It reads one command a line, and answers each with one line:
    crash    kills every process of the machine but this one
"""

import os
import signal
import subprocess
import sys


def mount(*args):
    subprocess.run(["mount", *args], check=True)


def main():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # /proc is still the one of the maker's pid namespace, so this is the pid by which the maker knows us.
    pid = os.readlink("/proc/self")
    # Mounts stay in this machine; its own /proc, because dockerd and runc look themselves up there.
    mount("--make-rprivate", "/")
    mount("-t", "proc", "proc", "/proc")
    # containerd keeps the shims' sockets in this fixed place; dockerd would use a containerd that it finds there.
    os.makedirs("/run/containerd", exist_ok=True)
    mount("-t", "tmpfs", "-o", "mode=711", "lab", "/run/containerd")
    if not any(" - cgroup" in line for line in open("/proc/self/mountinfo", encoding="ascii", errors="replace")):
        mount("-t", "cgroup2", "lab", "/sys/fs/cgroup")
    # Orphans come to us; the kernel reaps the children of those who ignore SIGCHLD. After the mounts: run() waits.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print(pid, flush=True)

    for line in sys.stdin:
        if line == "crash\n":
            try:
                os.kill(-1, signal.SIGKILL)
            except ProcessLookupError:
                pass  # there was nobody
        print("ok", flush=True)


main()
