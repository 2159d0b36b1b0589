# SPDX-License-Identifier: Apache-2.0
"""script/demo as a user runs it: figures of the agreed shape, every promise kept, nothing left behind."""

import contextlib
import fcntl
import glob
import json
import os
import signal
import subprocess

import pytest

from lab import cleanup

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
DEMO = os.path.join(TOP, "script", "demo")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the demo needs root: network namespaces and Engines")


def traces():
    """Labs of demos, on this computer."""
    return [path for parent in (cleanup.RUN, cleanup.DATA) for path in glob.glob(f"{parent}/demo-*")]


def start(tmp_path, *options):
    return subprocess.Popen([DEMO, "--report", str(tmp_path / "report.html"), *options], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_every_promise_is_kept(tmp_path):
    demo = start(tmp_path, "--json", str(tmp_path / "figures.json"), "--history", str(tmp_path / "history.ndjson"))
    output = demo.communicate(timeout=420)[0]
    assert demo.returncode == 0, output

    figures = json.loads((tmp_path / "figures.json").read_text())
    assert list(figures) == ["clouds", "plan", "faults", "control", "nameserver", "ok"]
    assert figures["ok"] is True
    assert [cloud["name"] for cloud in figures["clouds"]] == ["amber", "birch", "coral"]
    assert figures["plan"]["services"]["web"] == {
        "needed": 4, "placed": {"amber": 2, "birch": 2, "coral": 2}, "survives": True}
    assert figures["plan"]["services"]["orders"]["survives"] is False
    assert all(line["left"] >= line["needed"] for line in figures["plan"]["certificate"])
    assert [fault["kind"] for fault in figures["faults"]] == ["blackhole", "crash", "api-loss", "control-dead"]
    for fault in figures["faults"]:
        assert fault["first_address_clients"]["attempts"] > 500 < fault["next_address_clients"]["attempts"]
        assert fault["restarted_without_need"] == 0
    assert "<svg" in (tmp_path / "report.html").read_text()
    assert (tmp_path / "history.ndjson").stat().st_size > 100000
    assert traces() == []


def wait_for_reapers():
    """A reaper holds its lab's lock until it is done; a lock that is free or gone says that it is."""
    for path in glob.glob(f"{cleanup.RUN}/demo-*/lock"):
        with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_an_interrupted_demo_leaves_nothing_behind(tmp_path, number, code):
    demo = start(tmp_path, "--only", "crash")
    for line in demo.stdout:
        if "steady state" in line:
            break
    assert traces(), "it should be there before"
    demo.send_signal(number)
    demo.communicate(timeout=60)
    assert demo.returncode == code
    wait_for_reapers()
    assert traces() == []


def test_wrong_usage_is_told_before_anything_is_made():
    demo = subprocess.run([DEMO, "--only", "earthquake"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert demo.returncode == 2 and "blackhole, crash, api-loss, control-dead" in demo.stderr.replace("'", "")


def test_a_report_that_cannot_be_written_is_told_before_anything_is_made(tmp_path):
    (tmp_path / "file").write_text("")
    demo = subprocess.run([DEMO, "--report", str(tmp_path / "file" / "report.html")], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60)
    assert demo.returncode == 1 and "file" in demo.stdout and "building" not in demo.stdout
