# SPDX-License-Identifier: Apache-2.0
"""What a lab leaves outside of its namespaces, and taking it away: directories, cgroups, stray processes.

A lab is known by its id. Only what carries the id is touched: a process must have it in its environment and be
in one of the network namespaces that the lab wrote down; directories and cgroups have it as their name.
"""

import contextlib
import fcntl
import glob
import json
import os
import shutil

from . import process

RUN = "/run/seawall-lab"       # markers, locks, sockets, certificates
DATA = "/var/lib/seawall-lab"  # data roots of the Engines
CGROUP = "seawall-lab"
VARIABLE = "SEAWALL_LAB"


def boot_id():
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def _namespaces(directory):
    """The network namespaces that the lab wrote down in this boot of the kernel."""
    inodes = set()
    for path in glob.glob(os.path.join(directory, "*", "machine.json")):
        with contextlib.suppress(OSError, ValueError, KeyError), open(path, encoding="ascii") as file:
            marker = json.load(file)
            if marker["boot"] == boot_id():
                inodes.add(marker["netns"])
    return inodes


def kill_strays(lab_id):
    """Ends what the lab started in its namespaces and what still runs, process 1 of each machine included."""
    inodes = _namespaces(os.path.join(RUN, lab_id))

    def is_ours(pid):
        return process.netns_inode(pid) in inodes and process.has_environment(pid, VARIABLE, lab_id)

    return process.kill_and_wait([pid for pid in process.all_pids() if is_ours(pid)], is_ours)


def _remove_cgroups(lab_id):
    for parent in glob.glob(f"/sys/fs/cgroup/{CGROUP}") + glob.glob(f"/sys/fs/cgroup/*/{CGROUP}"):
        for path, _, _ in os.walk(os.path.join(parent, lab_id), topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(path)
        with contextlib.suppress(OSError):  # another lab is in there
            os.rmdir(parent)


def remove(lab_id):
    """Takes away everything of a lab whose owner has ended or asks for it. Safe to run twice."""
    kill_strays(lab_id)
    _remove_cgroups(lab_id)
    shutil.rmtree(os.path.join(DATA, lab_id), ignore_errors=True)
    shutil.rmtree(os.path.join(RUN, lab_id), ignore_errors=True)


@contextlib.contextmanager
def _global_lock():
    """Held while labs are claimed or looked through, so that nobody takes a half-made one for dead."""
    os.makedirs(RUN, mode=0o700, exist_ok=True)
    descriptor = os.open(os.path.join(RUN, ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _lock(lab_id, flags):
    path = os.path.join(RUN, lab_id, "lock")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | flags)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def claim(name):
    """Removes what dead labs left, then makes a new id. Returns (id, descriptor of its lock).

    The lock is held as long as the owner or its reaper lives: that, and not a pid, says whether a lab is in use.
    """
    with _global_lock():
        for lab_id in sorted(os.listdir(RUN)):
            if not os.path.isdir(os.path.join(RUN, lab_id)):
                continue
            descriptor = _lock(lab_id, fcntl.LOCK_NB)
            if descriptor is not None:
                remove(lab_id)
                os.close(descriptor)
        number = 1
        while os.path.exists(os.path.join(RUN, f"{name}-{os.getpid()}-{number}")):
            number += 1
        lab_id = f"{name}-{os.getpid()}-{number}"
        os.mkdir(os.path.join(RUN, lab_id), 0o700)
        os.makedirs(os.path.join(DATA, lab_id), 0o711)
        return lab_id, _lock(lab_id, 0)
