# SPDX-License-Identifier: Apache-2.0
"""Writes down verdicts and states when they change, as the nameserver and control tell of them."""

import http.client
import json
import socket
import threading
import time

RETRY_S = 0.1
STATES = {"cluster-unreachable": "down", "cluster-ready": "up"}


class _Stream(http.client.HTTPConnection):
    """A stream of events on a unix socket; close() from another thread ends a read."""

    def __init__(self, path):
        super().__init__("localhost")
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self._path)


def verdict_of(source, event):
    """(cloud, state) that an event tells of, or None."""
    if source == "nameserver" and event.get("kind") == "verdict":
        return event.get("cluster"), event.get("verdict")
    if source == "control" and event.get("kind") in STATES:
        return event.get("cluster"), STATES[event["kind"]]
    return None


class Watch:
    """Follows the events on one socket until stop(), also over restarts of who sends them."""

    def __init__(self, source, path, target, journal):
        self.source, self.path, self.target, self.journal = source, path, target, journal
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._ending.is_set():
            try:
                self._follow()
            except (OSError, http.client.HTTPException, ValueError):
                pass  # it is dead, or not there yet: part of the show
            self._ending.wait(RETRY_S)

    def _follow(self):
        stream = _Stream(self.path)
        try:
            stream.request("GET", self.target)
            reply = stream.getresponse()
            for line in reply:
                verdict = verdict_of(self.source, json.loads(line))
                if verdict:
                    self.journal.mark("verdict", source=self.source, cloud=verdict[0], state=verdict[1])
                if self._ending.is_set():
                    return
        finally:
            stream.close()

    def stop(self):
        """What is under way ends with the process: the thread owns nothing."""
        self._ending.set()


class Marks:
    """The demo's own lines in the history, beside the recorder's. Safe to use from several threads."""

    def __init__(self, journal):
        self._journal = journal
        self._lock = threading.Lock()

    def mark(self, what, at=None, **fields):
        at = time.monotonic() if at is None else at
        with self._lock:
            self._journal.add(what, at=at, **fields)
            self._journal.flush()
        return at
