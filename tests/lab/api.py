# SPDX-License-Identifier: Apache-2.0
"""A small client for an Engine's API on its unix socket, for setting up and for looking behind Seawall's back."""

import http.client
import json
import socket
import urllib.parse

from . import image


class EngineError(Exception):
    """The Engine did not start, or refused a call; the text names the call and the reply."""


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("engine", timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def request(path, method, target, body=None, content_type="application/json", timeout=60):
    """One HTTP request to a unix socket. Returns (status, bytes)."""
    connection = _UnixConnection(path, timeout)
    try:
        headers = {"Content-Type": content_type} if body is not None else {}
        connection.request(method, target, body, headers)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


class EngineApi:
    """Needs `socket`, the path of the unix socket, and `name` for messages."""

    def call(self, method, target, body=None, timeout=60):
        """A call with JSON in and out. A status of 400 or more raises EngineError."""
        data = None if body is None else json.dumps(body).encode()
        status, reply = request(self.socket, method, target, data, timeout=timeout)
        if status >= 400:
            raise EngineError(f"{self.name}: {method} {target}: {status}: {reply.decode(errors='replace').strip()}")
        try:
            return json.loads(reply) if reply.strip() else None
        except ValueError:
            return reply.decode(errors="replace")

    def version(self):
        return self.call("GET", "/version")["Version"]

    def containers(self, label=None):
        """Every container, running or not, as GET /containers/{id}/json describes it."""
        filters = json.dumps({"label": [label]} if label else {})
        listed = self.call("GET", "/containers/json?" + urllib.parse.urlencode({"all": 1, "filters": filters}))
        return [self.call("GET", f"/containers/{entry['Id']}/json") for entry in listed]

    def import_image(self, tag, files, changes):
        """Makes an image of {name in the image: path here} and Dockerfile lines such as 'CMD ["/shop"]'."""
        repository, _, version = tag.rpartition(":")
        query = urllib.parse.urlencode([("fromSrc", "-"), *(("changes", change) for change in changes)])
        status, reply = request(self.socket, "POST", f"/images/create?{query}", image.root_tar(files),
                                "application/x-tar")
        if status != 200 or b'"error"' in reply:
            raise EngineError(f"{self.name}: import {tag}: {status}: {reply.decode(errors='replace').strip()}")
        # Podman's Docker API forgets a tag given to the import; and it finds short names under this one only.
        made = json.loads(reply.splitlines()[-1])["status"]
        full = f"docker.io/{repository}" if "/" in repository else f"docker.io/library/{repository}"
        self.call("POST", f"/images/{made}/tag?" + urllib.parse.urlencode({"repo": full, "tag": version}))
