# SPDX-License-Identifier: Apache-2.0
"""State that is in use, full, damaged, newer or out of reach: a clear error, and nothing is harmed."""

import ctypes
import hashlib
import os
import shutil
import socket
import sqlite3
import stat
import subprocess
import sys
import threading

import pytest

from support.fake_engine import FakeEngine, address
from support.server import SEAWALL, Refused, Server, app_json, cluster_json, until


def refused(server, *words, code=1):
    """The server must not start, and say these words."""
    server.launch()
    assert server.process.wait(timeout=20) == code, server.log_text()
    last = server.log_text().strip().splitlines()[-1]
    for word in words:
        assert word in last, last
    return last


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def folder_digest(folder):
    """The state and its log; an empty log is none."""
    paths = {name: os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.startswith("state.db")}
    return {name: digest(path) for name, path in paths.items() if os.path.getsize(path) or not name.endswith("-wal")}


@pytest.fixture
def running(tmp_path):
    """A server with a fleet and an app, on one Engine."""
    engine = FakeEngine("amber", address=address(1))
    server = Server(tmp_path).start()
    try:
        server.apply({"amber": cluster_json(engine.endpoint, "amber")})
        server.until_ready("amber")
        assert server.up(app_json())["phase"] == "done"
        yield server, engine
    finally:
        server.close()
        engine.close()


@pytest.fixture
def stopped(running):
    """Its state, after it ended well."""
    server, _ = running
    server.stop()
    return server


# Two servers.

def test_a_second_server_on_the_same_state_is_refused(running, tmp_path):
    server, engine = running
    other = tmp_path / "other"
    other.mkdir()
    refused(Server(other, state=server.state), server.state, "another seawall server has it open", "--state")
    assert server.app()["state"] == "in-step"
    assert server.up(app_json(replicas=3))["phase"] == "done"
    server.stop()


def test_a_second_server_on_the_same_socket_is_refused(running, tmp_path):
    server, _ = running
    other = Server(tmp_path, state=str(tmp_path / "other.db"))
    other.log = str(tmp_path / "other.log")
    refused(other, server.socket, "another server is listening there")
    assert server.app()["state"] == "in-step"
    server.stop()


def test_a_socket_that_was_left_behind_is_replaced(running):
    server, _ = running
    server.kill()
    assert os.path.exists(server.socket)
    server.start()
    assert server.app()["revision"] == 1
    server.stop()


# The socket.

def test_only_owner_and_group_may_use_the_socket(running):
    server, _ = running
    mode = os.stat(server.socket)
    assert stat.S_IMODE(mode.st_mode) == 0o660
    assert stat.S_IMODE(os.stat(server.state).st_mode) == 0o600
    if os.geteuid() != 0:
        pytest.skip("needs root to become nobody")
    tried = subprocess.run([sys.executable, "-c", f"""
import os, socket, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    socket.socket(socket.AF_UNIX).connect({server.socket!r})
except PermissionError:
    sys.exit(7)
"""], check=False)
    os.chmod(server.folder, 0o755)
    assert tried.returncode == 7


def test_what_is_no_socket_is_left_alone(tmp_path):
    path = tmp_path / "seawall.sock"
    path.write_text("mine")
    refused(Server(tmp_path), str(path), "it exists and is not a socket")
    assert path.read_text() == "mine"


def test_a_socket_path_that_is_too_long_is_refused(tmp_path):
    server = Server(tmp_path)
    server.socket = str(tmp_path / ("x" * 108))
    refused(server, server.socket, "longer than 107 bytes")


def test_a_folder_for_the_socket_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    server = Server(tmp_path)
    server.socket = str(tmp_path / "file" / "seawall.sock")
    refused(server, str(tmp_path / "file"), "Not a directory")


# The file.

@pytest.mark.parametrize("what", [b"SQLite format 3", b"CREATE TABLE entry", b"apps/shop", b"shop_default", b"generation"])
def test_a_damaged_byte_is_refused_and_left_alone(stopped, what):
    with open(stopped.state, "r+b") as file:
        at = file.read().rindex(what) + 2
        file.seek(at)
        file.write(b"\x07")
    before = folder_digest(stopped.folder)
    refused(stopped, stopped.state, "left as it is", "copy back in its place")
    assert folder_digest(stopped.folder) == before


@pytest.mark.parametrize("size", [0, 100, 4096, -4096])
def test_a_cut_file_is_refused_and_left_alone(stopped, size):
    os.truncate(stopped.state, size if size >= 0 else os.path.getsize(stopped.state) + size)
    before = folder_digest(stopped.folder)
    refused(stopped, stopped.state, "left as it is")
    assert folder_digest(stopped.folder) == before


def test_a_text_in_its_place_is_refused_and_left_alone(stopped):
    with open(stopped.state, "w", encoding="ascii") as file:
        file.write("hello\n" * 2000)
    before = folder_digest(stopped.folder)
    refused(stopped, stopped.state, "not a state file of seawall", "--state")
    assert folder_digest(stopped.folder) == before


def test_the_database_of_somebody_else_is_left_alone(tmp_path):
    server = Server(tmp_path)
    with sqlite3.connect(server.state) as database:
        database.execute("CREATE TABLE mine (x)")
    database.close()
    before = folder_digest(server.folder)
    refused(server, server.state, "a database of another program", "--state")
    assert folder_digest(server.folder) == before


def test_a_newer_format_is_refused_and_left_alone(stopped):
    database = sqlite3.connect(stopped.state)
    database.execute("PRAGMA user_version = 99")
    database.close()
    before = folder_digest(stopped.folder)
    refused(stopped, stopped.state, "its format is 99", "Use the version that wrote it")
    assert folder_digest(stopped.folder) == before


def put(path, key, text):
    """Writes an entry as the store does, checksum and all: what another version may have written."""
    database = sqlite3.connect(path)
    (revision,) = database.execute("SELECT revision FROM entry WHERE key = ''").fetchone()
    data = text.encode()
    summed = hashlib.sha256(key.encode() + b"\0" + revision.to_bytes(8, "little") + data).digest()
    database.execute("REPLACE INTO entry (key, revision, sum, data) VALUES (?, ?, ?, ?)", (key, revision, summed, data))
    database.commit()
    database.close()


@pytest.mark.parametrize("key, text, words", [
    ("apps/shop", "{", ("'apps/shop'", "not JSON")),
    ("apps/shop", "{}", ("'apps/shop'",)),
    ("apps/shop", '{"revision": 1, "app": {"name": "shop", "services": {}, "brand-new": 1}}', ("'apps/shop'", "brand-new")),
    ("fleet", '{"clusters": 7}', ("'fleet'", "clusters")),
    ("fleet", '{"clusters": {"far": {"driver": "zeppelin", "endpoint": "tcp://127.0.0.1:1", "provider": "x", "region": "x",'
              ' "addresses": [], "cpus_nano": 0, "memory_bytes": 0, "cost_micro": 0, "drained": false}},'
              ' "dns": {"listen": [], "nameservers": []}}',
     ("'fleet'", "there is no driver 'zeppelin'")),
    ("intent", '{"a": 1}', ("'intent'",)),
    ("generation", '"x"', ("'generation'",)),
])
def test_an_entry_that_this_version_does_not_understand_is_named(stopped, key, text, words):
    put(stopped.state, key, text)
    before = folder_digest(stopped.folder)
    refused(stopped, *words, "Use the version that wrote it")
    assert folder_digest(stopped.folder) == before


def test_a_missing_state_beside_its_log_is_not_taken_for_none(running):
    server, _ = running
    server.kill()
    assert os.path.getsize(server.state + "-wal")
    shutil.move(server.state, server.state + ".gone")
    refused(server, server.state + "-wal", "its log")


# The folder.

CLONE_NEWNS, MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 0x20000, 1, 32, 4096, 16384, 1 << 18
libc = ctypes.CDLL(None, use_errno=True)


def mount(source, target, kind, flags, data=None):
    if libc.mount(source.encode(), str(target).encode(), kind and kind.encode(), flags, data and data.encode()) != 0:
        raise OSError(ctypes.get_errno(), f"mount {target}")


def with_mount(target, kind, flags, data=None):
    """A popen whose child sees something mounted on the folder; nobody else does."""
    def enter():
        if libc.unshare(CLONE_NEWNS) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        mount("none", "/", None, MS_REC | MS_PRIVATE)
        if kind:
            mount("tmpfs", target, kind, flags, data)
        else:
            mount(str(target), target, None, MS_BIND)
            mount("none", target, None, MS_BIND | MS_REMOUNT | flags)
    return lambda argv, **more: subprocess.Popen(argv, preexec_fn=enter, **more)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a mount namespace")


@needs_root
def test_a_folder_that_can_only_be_read_is_named(stopped, tmp_path):
    elsewhere = tmp_path / "sockets"
    elsewhere.mkdir()
    kept = tmp_path / "kept"
    kept.mkdir()
    shutil.copy(stopped.state, kept / "state.db")
    for state, words in ((kept / "state.db", "Read-only file system"), (kept / "new.db", "Read-only file system")):
        server = Server(elsewhere, state=str(state), popen=with_mount(kept, None, MS_RDONLY))
        last = refused(server, str(state))
        assert words in last or "only be read" in last, last


@needs_root
def test_a_full_disk_refuses_what_it_cannot_keep_and_loses_nothing(tmp_path):
    engine = FakeEngine("amber", address=address(1))
    disk = tmp_path / "disk"
    disk.mkdir()
    server = Server(tmp_path, state=str(disk / "state.db"), popen=with_mount(disk, "tmpfs", 0, "size=3m"))
    try:
        server.start()
        inside = f"/proc/{server.process.pid}/root{disk}"
        server.apply({"amber": cluster_json(engine.endpoint, "amber")})
        server.until_ready("amber")
        assert server.up(app_json(ports=False, replicas=1))["phase"] == "done"

        with open(os.path.join(inside, "ballast"), "wb", buffering=0) as ballast:
            with pytest.raises(OSError):
                while True:
                    ballast.write(b"x" * 65536)
        text = "x" * 100000
        kept = 0
        with pytest.raises(Refused) as refusal:
            for kept in range(100):
                server.call("POST", "/v1/apps/big/up", {"app": app_json("big", ports=False, environment={"N": str(kept), "X": text}), "detach": True})
        assert refusal.value.status == 500 and "no space left on its disk; nothing was changed" in refusal.value.error["message"]

        # It goes on: questions, what runs, and the other app.
        assert server.app()["state"] == "in-step"
        engine.exit("shop-web-1", 1)
        until(lambda: engine.running() == ["shop-web-1"], "mended with a full disk")

        os.unlink(os.path.join(inside, "ballast"))
        assert server.up(app_json("after", ports=False, replicas=1))["phase"] == "done"
        acknowledged = {name: app["revision"] for name, app in server.apps().items()}
        shutil.copytree(inside, tmp_path / "copy", ignore=shutil.ignore_patterns("ballast"))
        server.kill()
        again = Server(tmp_path, state=str(tmp_path / "copy" / "state.db")).start()
        try:
            assert {name: app["revision"] for name, app in again.apps().items()} == acknowledged
            assert acknowledged.get("big", 0) == kept
            again.stop()
        finally:
            again.close()
    finally:
        server.close()
        engine.close()
