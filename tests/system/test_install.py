# SPDX-License-Identifier: Apache-2.0
"""What `meson install` places: complete, and units that systemd accepts and that give away little."""

import os
import re
import socket
import subprocess

import pytest

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
BUILD = os.path.join(TOP, "build")
UNITS = ("seawall.service", "seawall-nameserver.service")
# In tenths, on the scale of `systemd-analyze security`: 10.0 is a unit without any hardening, most daemons have 8 and more.
EXPOSURE_MAX = 20


def run(*argv, **options):
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, **options)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """An installed tree."""
    path = tmp_path_factory.mktemp("root")
    done = run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", str(path))
    assert done.returncode == 0, done.stderr
    return path


def find(root, name):
    found = [os.path.join(folder, name) for folder, _, names in os.walk(root) if name in names]
    assert len(found) == 1, (name, found)
    return found[0]


@pytest.mark.parametrize("name", ["seawall.1", "seawall-up.1", "_seawall", "seawall.fish", "server.conf",
                                  "nameserver.conf", *UNITS])
def test_it_is_installed_once(root, name):
    assert os.path.getsize(find(root, name)) > 0


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_accepts_the_unit(root, unit, tmp_path):
    """Against a tree that has the program where the unit says it is, as an installed system would."""
    with open(find(root, unit), encoding="utf-8") as file:
        text = file.read()
    program = re.search(r"^ExecStart=(\S+)", text, re.M).group(1)
    assert os.access(f"{root}{program}", os.X_OK)
    copy = tmp_path / unit
    copy.write_text(text.replace(f"ExecStart={program}", f"ExecStart={root}{program}"))
    checked = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(copy))
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("unit", UNITS)
def test_the_unit_gives_away_little(root, unit):
    done = run("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", find(root, unit))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("process, place", [("server", "/var/lib/seawall/"), ("nameserver", "/var/lib/seawall-nameserver")])
def test_the_settings_are_options_of_their_process(root, tmp_path, process, place):
    """Every key is read; the state in a place that cannot be shows that it was the file's."""
    with open(find(root, f"{process}.conf"), encoding="utf-8") as file:
        text = file.read()
    assert place in text and "/run/seawall/" in text
    (tmp_path / "state").write_text("not a folder")
    own = tmp_path / "own.conf"
    own.write_text(text.replace(place, f"{tmp_path}/state/").replace("/run/seawall/", f"{tmp_path}/run/"))
    done = run(os.path.join(BUILD, "seawall"), process, "--config", str(own))
    assert done.returncode == 1
    assert f"{tmp_path}/state" in done.stderr and "Not a directory" in done.stderr


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("process", ["server", "nameserver"])
def test_the_manager_is_told_when_it_is_ready_and_when_it_ends(tmp_path, process):
    words = {"server": ["server", "--state", "memory:", "--no-nameserver"],
             "nameserver": ["nameserver", "--listen", f"127.0.0.1:{free_port()}", "--state", "ns"]}[process]
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(tmp_path / "notify"))
    manager.settimeout(30)
    process = subprocess.Popen([os.path.join(BUILD, "seawall"), *words, "--socket", "s.sock"], cwd=tmp_path,
                               env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")}, stderr=subprocess.PIPE)
    try:
        assert manager.recv(100) == b"READY=1"
        probe = socket.socket(socket.AF_UNIX)
        probe.connect(str(tmp_path / "s.sock"))  # ready means that it answers
        process.terminate()
        assert manager.recv(100) == b"STOPPING=1"
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.communicate()
        manager.close()


def test_users_and_folders_are_as_systemd_wants_them(root, tmp_path):
    tree = tmp_path / "tree"
    for folder in ("etc", "run"):
        (tree / folder).mkdir(parents=True)
    files = {name: find(root / path, "seawall.conf") for name, path in
             (("sysusers", "usr/local/lib/sysusers.d"), ("tmpfiles", "usr/local/lib/tmpfiles.d"))}
    done = run("systemd-sysusers", f"--root={tree}", files["sysusers"])
    assert done.returncode == 0, done.stderr
    passwd = (tree / "etc" / "passwd").read_text()
    assert re.search(r"^seawall:", passwd, re.M) and re.search(r"^seawall-dns:", passwd, re.M)
    done = run("systemd-tmpfiles", "--create", f"--root={tree}", files["tmpfiles"])
    assert done.returncode == 0, done.stderr
    assert (tree / "run" / "seawall").stat().st_mode & 0o7777 == 0o3770
