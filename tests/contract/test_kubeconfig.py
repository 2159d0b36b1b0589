# SPDX-License-Identifier: Apache-2.0
"""Every way into a cluster that a kubeconfig knows, on an API server that lets nobody else in."""

import base64
import http.server
import json
import os
import socket
import stat
import sys
import threading
import time

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))

from kube import KubeServer  # noqa: E402
from lab.certs import Authority  # noqa: E402
from test_kubernetes import EACCES, EKEYEXPIRED, Driver  # noqa: E402

EPERM, ENOENT, EIO, EINVAL = -1, -2, -5, -22
V1 = "client.authentication.k8s.io/v1"


class Files:
    """Certificates and kubeconfigs in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.authority = Authority(str(folder / "ca"))
        self.server = self.authority.server("kube", "127.0.0.1")
        self.client = self.authority.client("robot")

    def data(self, path):
        with open(path, "rb") as file:
            return base64.b64encode(file.read()).decode()

    def write(self, server, user, **cluster):
        path = self.folder / "config"
        path.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "here",
            "clusters": [{"name": "c", "cluster": {
                "server": server.url, "certificate-authority-data": self.data(self.authority.cert), **cluster}}],
            "users": [{"name": "u", "user": user}],
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}]}))
        return f"kubeconfig://{path}"

    def plugin(self, text):
        """A program for the exec of a kubeconfig."""
        path = self.folder / "plugin"
        path.write_text(f"#!/usr/bin/python3\nimport json, os, sys, time\n{text}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return {"exec": {"apiVersion": V1, "command": str(path), "interactiveMode": "Never"}}


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


def serve(files, **more):
    return KubeServer(tls={"cert": files.server["cert"], "key": files.server["key"], "ca": files.authority.cert,
                           **more.pop("tls", {})}, **more)


def connect(server, endpoint, **more):
    return Driver(server, endpoint=endpoint, **more).run("connect")


def test_inline_client_certificates(files):
    user = {"client-certificate-data": files.data(files.client["cert"]),
            "client-key-data": files.data(files.client["key"])}
    with serve(files, tls={"must": True}) as server:
        result = connect(server, files.write(server, user))
        assert result["ok"], result["error"]
        assert not connect(server, files.write(server, {}))["ok"]


def test_client_certificates_in_files_relative_to_the_kubeconfig(files):
    user = {"client-certificate": os.path.relpath(files.client["cert"], files.folder),
            "client-key": os.path.relpath(files.client["key"], files.folder)}
    with serve(files, tls={"must": True}) as server:
        assert connect(server, files.write(server, user))["ok"]


def test_an_authority_that_did_not_sign_is_not_believed(files, tmp_path):
    (tmp_path / "other").mkdir()
    other = Files(tmp_path / "other")
    with serve(files) as server:
        endpoint = files.write(server, {}, **{"certificate-authority-data": files.data(other.authority.cert)})
        assert connect(server, endpoint)["code"] == EACCES
        insecure = files.write(server, {}, **{"certificate-authority-data": "", "insecure-skip-tls-verify": True})
        assert connect(server, insecure)["ok"]


@pytest.mark.parametrize("user, header", [
    ({"token": "abc"}, "Bearer abc"),
    ({"username": "me", "password": "pass:word"}, "Basic " + base64.b64encode(b"me:pass:word").decode())])
def test_tokens_and_passwords(files, user, header):
    with serve(files, tokens={header}) as server:
        assert connect(server, files.write(server, user))["ok"]
        result = connect(server, files.write(server, {}))
        assert result["code"] == EKEYEXPIRED and "401" in result["error"]


def test_a_token_file_counts_more_than_a_token(files):
    (files.folder / "token").write_text("from-file\n")
    with serve(files, tokens={"Bearer from-file"}) as server:
        assert connect(server, files.write(server, {"token": "old", "tokenFile": "token"}))["ok"]


def test_the_server_may_have_another_name_than_its_address(files, tmp_path):
    files.server = files.authority.named("named", "kube.example.test")
    with serve(files) as server:
        assert connect(server, files.write(server, {}))["code"] == EACCES
        assert connect(server, files.write(server, {}, **{"tls-server-name": "kube.example.test"}))["ok"]


class Proxy(http.server.BaseHTTPRequestHandler):
    """CONNECT and nothing else."""

    def do_CONNECT(self):
        self.server.seen.append(self.path)
        host, port = self.path.rsplit(":", 1)
        with socket.create_connection((host, int(port))) as there:
            self.send_response(200)
            self.end_headers()
            threading.Thread(target=self.copy, args=(there, self.connection), daemon=True).start()
            self.copy(self.connection, there)

    @staticmethod
    def copy(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass

    def log_message(self, *_):
        pass


def test_a_proxy_is_used_when_the_file_names_it(files):
    proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    proxy.seen, proxy.daemon_threads = [], True
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    with serve(files) as server:
        endpoint = files.write(server, {}, **{"proxy-url": f"http://127.0.0.1:{proxy.server_port}"})
        assert connect(server, endpoint)["ok"]
        assert proxy.seen == [f"127.0.0.1:{server.port}"]
    proxy.shutdown()
    proxy.server_close()


# Plugins

PRINT = "print(json.dumps({'kind': 'ExecCredential', 'apiVersion': '%s', 'status': %s}))"


def test_a_plugin_is_not_run_unless_that_was_allowed(files):
    user = files.plugin(f"open({str(files.folder / 'ran')!r}, 'w')")
    with serve(files) as server:
        result = connect(server, files.write(server, user))
        assert result["code"] == EPERM and "--allow-exec" in result["error"] and "plugin" in result["error"]
        assert not (files.folder / "ran").exists()


def test_a_plugin_brings_a_token_and_is_told_about_the_cluster(files):
    user = files.plugin("info = json.loads(os.environ['KUBERNETES_EXEC_INFO'])\n"
                        "assert info['spec']['cluster']['server'].startswith('https://127.0.0.1:')\n"
                        "assert info['spec']['cluster']['certificate-authority-data']\n"
                        "assert sys.argv[1:] == ['--for', 'me'] and os.environ['PROFILE'] == 'x'\n"
                        "assert sys.stdin.read() == ''\n" + PRINT % (V1, "{'token': 'brought'}"))
    user["exec"].update(args=["--for", "me"], env=[{"name": "PROFILE", "value": "x"}], provideClusterInfo=True)
    with serve(files, tokens={"Bearer brought"}) as server:
        result = connect(server, files.write(server, user), allow_exec=True)
        assert result["ok"], result["error"]


def test_a_plugin_may_bring_a_certificate(files):
    status = f"{{'clientCertificateData': open({files.client['cert']!r}).read(), " \
             f"'clientKeyData': open({files.client['key']!r}).read()}}"
    user = files.plugin(PRINT % (V1, status))
    with serve(files, tls={"must": True}) as server:
        result = connect(server, files.write(server, user), allow_exec=True)
        assert result["ok"], result["error"]


@pytest.mark.parametrize("text, code, words", [
    ("sys.exit('no session: log in first')", EIO, "status 1: no session: log in first"),
    ("print('secret-token')", EINVAL, "expected JSON"),
    (PRINT % ("v0", "{'token': 'secret'}"), EINVAL, "apiVersion: found 'v0'"),
    ("sys.stdout.write('x' * (2 << 20))", -90, "prints more than"),
    ("os.kill(os.getpid(), 9)", EIO, "signal 9")])
def test_a_plugin_that_fails_is_an_error_with_its_words_and_without_its_secrets(files, text, code, words):
    with serve(files) as server:
        result = connect(server, files.write(server, files.plugin(text)), allow_exec=True)
        assert result["code"] == code and words in result["error"], result
        assert "secret" not in result["error"]


def test_a_plugin_that_is_not_there_says_where_to_get_it(files):
    user = {"exec": {"apiVersion": V1, "command": "/no/such/plugin", "installHint": "see example.test"}}
    with serve(files) as server:
        result = connect(server, files.write(server, user), allow_exec=True)
        assert result["code"] == ENOENT and "/no/such/plugin" in result["error"]
        assert "see example.test" in result["error"]


def test_the_kubeconfig_of_nobody_is_an_error_with_its_path(files):
    with serve(files) as server:
        result = connect(server, f"kubeconfig://{files.folder}/missing")
        assert result["code"] == ENOENT and f"{files.folder}/missing" in result["error"]
