# SPDX-License-Identifier: Apache-2.0
"""The lab breaks only what it made, and leaves nothing behind, however it ends."""

import concurrent.futures
import fcntl
import glob
import os
import signal
import ssl
import subprocess
import sys

import pytest

from lab import Lab, LabError, cleanup

HERE = os.path.dirname(os.path.abspath(__file__))

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the lab needs root: network namespaces and Engines")


def traces(lab_id):
    """Whatever on this computer carries the id of a lab."""
    found = [path for parent in (cleanup.RUN, cleanup.DATA) for path in glob.glob(f"{parent}/{lab_id}")]
    found += glob.glob(f"/sys/fs/cgroup/**/{cleanup.CGROUP}/{lab_id}", recursive=True)
    for pid in (name for name in os.listdir("/proc") if name.isdigit()):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                if f"{cleanup.VARIABLE}={lab_id}".encode() in file.read().split(b"\0"):
                    found.append(f"process {pid}")
        except OSError:
            pass
    return found


def computer():
    """The part of the computer that is not ours: links, names of namespaces, mounts."""
    listed = subprocess.run(["ip", "-brief", "link"], capture_output=True, text=True, check=True).stdout
    named = subprocess.run(["ip", "netns"], capture_output=True, text=True, check=True).stdout
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        return listed, named, [line for line in file if "seawall" in line or "netns" in line]


def ping(machine, address):
    done = machine.run(["/usr/bin/python3", "-c",
                        "import socket, sys; s = socket.socket(); s.settimeout(0.3)\n"
                        "try: s.connect((sys.argv[1], 9))\n"
                        "except ConnectionRefusedError: print('there')\n"
                        "except TimeoutError: print('silence')", address],
                       capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def owner():
    """Another process that owns a lab with an Engine and waits; yields (process, id of the lab)."""
    code = ("from lab import Lab\n"
            "import signal\n"
            "with Lab('victim') as lab:\n"
            "    lab.cloud('amber').engine()\n"
            "    lab.hub.popen(['sleep', '600'])\n"
            "    print(lab.id, flush=True)\n"
            "    signal.pause()\n")
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True,
                               env={**os.environ, "PYTHONPATH": os.path.join(HERE, "..")})
    yield process, process.stdout.readline().strip()
    process.kill()
    process.wait()
    process.stdout.close()


def wait_for_reaper(lab_id):
    """The reaper holds the lab's lock until it is done; a lock that is free or gone says that it is."""
    try:
        descriptor = os.open(f"{cleanup.RUN}/{lab_id}/lock", os.O_RDWR)
    except FileNotFoundError:
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.close(descriptor)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_owner_leaves_nothing_behind(owner, number):
    process, lab_id = owner
    assert len(traces(lab_id)) > 5, "the lab should be there before"

    process.send_signal(number)
    process.wait()
    wait_for_reaper(lab_id)

    assert traces(lab_id) == []


def test_what_outlived_owner_and_reaper_is_removed_by_the_next_lab():
    dead = f"{cleanup.RUN}/dead-1-1"
    os.makedirs(f"{dead}/amber", 0o700)
    os.makedirs(f"{cleanup.DATA}/dead-1-1/amber")

    with Lab("next"):
        assert traces("dead-1-1") == []


def test_a_lab_that_is_in_use_is_left_alone(owner):
    process, lab_id = owner
    before = len(traces(lab_id))

    with Lab("next"):
        assert len(traces(lab_id)) == before
    assert process.poll() is None


def test_a_process_that_only_claims_to_be_ours_is_left_alone():
    with Lab("mine") as lab:
        stranger = subprocess.Popen(["sleep", "600"], env={**os.environ, **lab.environment})
    try:
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_machine_whose_namespace_is_not_the_one_we_made_is_not_touched():
    with Lab("mine") as lab:
        amber = lab.cloud("amber")
        ours, amber.pid = amber.pid, os.getpid()
        for touch in (amber.crash, lambda: amber.ip("link", "set", "lo", "down")):
            with pytest.raises(RuntimeError, match="not touching it"):
                touch()
        amber.pid = ours


def test_the_computers_own_network_is_not_changed():
    before = computer()
    with Lab("mine") as lab:
        lab.cloud("amber").engine()
        assert computer() == before
    assert computer() == before


def test_a_blackhole_is_silent_and_is_undone():
    with Lab("mine") as lab:
        amber, birch = lab.cloud("amber"), lab.cloud("birch")
        with pytest.raises(KeyError):
            with amber.blackhole():
                assert ping(lab.hub, amber.address) == "silence"
                assert ping(amber, birch.address) == "silence"
                assert ping(lab.client, birch.address) == "there"
                raise KeyError("something goes wrong in the middle")
        assert ping(lab.hub, amber.address) == "there"


def test_machines_have_no_way_out():
    with Lab("mine") as lab:
        for machine in (lab.hub, lab.client, lab.cloud("amber")):
            assert machine.ip("route", "show", "default") == ""


def test_containers_outlive_a_stopped_engine_and_go_with_a_crash():
    with Lab("mine") as lab:
        amber = lab.cloud("amber")
        engine = amber.engine()
        first = engine.pid
        engine.kill()
        engine.start()
        assert engine.pid != first
        amber.crash()
        engine.start()
        assert engine.call("GET", "/info")["LiveRestoreEnabled"] is True


def test_a_certificate_that_several_ask_for_at_once_fits_its_key():
    with Lab("mine") as lab:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda _: lab.ca.client(), range(8)))
        context = ssl.create_default_context(cafile=lab.ca.cert)
        context.load_cert_chain(made[0]["cert"], made[0]["key"])  # raises when they do not belong together


@pytest.mark.parametrize("name", ["", "br0", "-x", "a" * 20, "a b", "hub"])
def test_bad_names_are_refused(name):
    with Lab("mine") as lab, pytest.raises(LabError, match="name"):
        lab.cloud(name)
