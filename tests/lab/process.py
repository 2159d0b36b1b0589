# SPDX-License-Identifier: Apache-2.0
"""Processes as /proc tells of them: memory, CPU time, namespaces, and ending those that are ours."""

import os
import select
import signal
import time


def _status_kb(pid, field):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith(field + ":"):
                return int(line.split()[1])
    raise ProcessLookupError(f"process {pid} has no {field}: it has ended")


def rss_kb(pid):
    """Resident memory now."""
    return _status_kb(pid, "VmRSS")


def rss_kb_max(pid):
    """The most resident memory that the process ever had."""
    return _status_kb(pid, "VmHWM")


def cpu_seconds(pid):
    """User and system time that the process has used, all threads."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        # The name in parentheses may hold spaces: count the fields from behind it.
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def netns_inode(pid):
    """The identity of a process's network namespace, None when the process is gone."""
    try:
        return os.stat(f"/proc/{pid}/ns/net").st_ino
    except OSError:
        return None


def has_environment(pid, name, value):
    """True when the process was started with NAME=VALUE in its environment."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return f"{name}={value}".encode() in file.read().split(b"\0")
    except OSError:
        return False


def children(pid):
    """The pids of a process's children, as seen from the reader's pid namespace."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def _wait(pidfds, deadline):
    while pidfds and (left := deadline - time.monotonic()) > 0:
        ready = select.select(list(pidfds), [], [], left)[0]
        for pidfd in ready:
            pidfds.remove(pidfd)
            os.close(pidfd)
    return not pidfds


def kill_and_wait(pids, is_ours, timeout_s=10):
    """Kills those of `pids` for which is_ours(pid) holds, waits until they are gone; False when one is not.

    The descriptor is opened before the check, so a recycled pid cannot be hit.
    """
    pidfds = []
    for pid in pids:
        try:
            pidfd = os.pidfd_open(pid)
        except OSError:
            continue
        if not is_ours(pid):
            os.close(pidfd)
            continue
        try:
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        except OSError:
            os.close(pidfd)
            continue
        pidfds.append(pidfd)
    gone = _wait(pidfds, time.monotonic() + timeout_s)
    for pidfd in pidfds:
        os.close(pidfd)
    return gone


def all_pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]
