# SPDX-License-Identifier: Apache-2.0
"""`docker-context: NAME` in a fleet file, from Docker's own folders to a cluster that is ready."""

import hashlib
import json
import os
import shutil
import subprocess

import pytest

from support.certs import Certs, context
from support.fake_engine import FakeEngine, address
from support.server import SEAWALL, Server


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path).start()
    try:
        yield server
        server.stop()
    finally:
        server.close()


def make_context(folder, name, host, tls=None):
    """What `docker context create` leaves behind."""
    identity = hashlib.sha256(name.encode()).hexdigest()
    meta = folder / "contexts" / "meta" / identity
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text(json.dumps({
        "Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}}))
    if tls:
        certificates = folder / "contexts" / "tls" / identity / "docker"
        certificates.mkdir(parents=True)
        for key, path in tls.items():
            shutil.copy(path, certificates / f"{key}.pem")


def apply(server, folder, name):
    file = folder / "fleet.yaml"
    file.write_text(f"clusters:\n  amber:\n    driver: docker\n    docker-context: {name}\n    provider: amber\n"
                    "    region: amber\n    addresses: [127.0.0.1]\n")
    return subprocess.run([SEAWALL, "fleet", "apply", "-f", str(file), "--socket", server.socket], check=False, text=True, capture_output=True,
                          env={**os.environ, "DOCKER_CONFIG": str(folder)}, timeout=60)


def test_a_context_with_tls_leads_to_a_ready_cluster(server, tmp_path):
    certs = Certs(tmp_path)
    engine = FakeEngine("amber", address=address(1), port=2376, tls=context(certs.ours.server("amber", address(1)), certs.ours.cert))
    try:
        make_context(tmp_path, "far-away", engine.endpoint, certs.ours.client())
        done = apply(server, tmp_path, "far-away")
        assert done.returncode == 0, done.stderr
        server.until_ready("amber")
        assert server.clusters()["amber"]["endpoint"] == engine.endpoint
        assert engine.violations == []
    finally:
        engine.close()


def test_a_context_with_a_unix_socket_leads_to_a_ready_cluster(server, tmp_path):
    engine = FakeEngine("amber", path=str(tmp_path / "docker.sock"))
    try:
        make_context(tmp_path, "here", engine.endpoint)
        done = apply(server, tmp_path, "here")
        assert done.returncode == 0, done.stderr
        server.until_ready("amber")
    finally:
        engine.close()


def test_a_context_that_does_not_exist_is_named_before_anything_is_changed(server, tmp_path):
    done = apply(server, tmp_path, "nowhere")
    assert done.returncode != 0
    assert "fleet.yaml:4:" in done.stderr and "no docker context 'nowhere'" in done.stderr
    assert server.clusters() == {}
