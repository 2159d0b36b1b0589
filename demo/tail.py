# SPDX-License-Identifier: Apache-2.0
"""Reads a history while it grows: what clients meet right now, for the moving line and for waiting."""

import collections
import json
import threading

from .history import KINDS

RECENT_S = 1.0
WHOLE_ANSWERS = 20  # in a row; half a second of samples


class Tail:
    """Safe to use from several threads."""

    def __init__(self, path, clouds):
        self._file = open(path, "rb")
        self._clouds = clouds  # address -> name
        self._rest = b""
        self._lock = threading.Lock()
        self._attempts = collections.deque()
        self._answers = collections.deque(maxlen=WHOLE_ANSWERS)
        self._ready = {}  # cloud -> when control was connected to it for the last time

    def _read(self):
        text = self._rest + self._file.read()
        *lines, self._rest = text.split(b"\n")
        for line in lines:
            entry = json.loads(line)
            if entry["what"] == "attempt":
                self._attempts.append((entry["end"], entry["kind"], entry["ok"]))
            elif entry["what"] == "answer":
                self._answers.append((entry["at"], entry["addresses"]))
            elif entry["what"] == "verdict" and entry["source"] == "control" and entry["state"] == "up":
                self._ready[entry["cloud"]] = entry["at"]
        while self._attempts and self._attempts[0][0] < self._attempts[-1][0] - RECENT_S:
            self._attempts.popleft()

    def names_all_since(self, moment):
        """The latest answers all came after `moment` and name every cloud."""
        with self._lock:
            self._read()
            return (len(self._answers) == WHOLE_ANSWERS and self._answers[0][0] > moment and
                    all(set(addresses) == set(self._clouds) for _, addresses in self._answers))

    def is_ready_since(self, cloud, moment):
        """Control was connected to the cloud after `moment`: what it says of it is no memory."""
        with self._lock:
            self._read()
            return self._ready.get(cloud, 0) > moment

    def words(self):
        """The last second: how many requests each kind of client got answered, and who is in the answers."""
        with self._lock:
            self._read()
            parts = []
            for kind in KINDS:
                ok = [good for _, of, good in self._attempts if of == kind]
                parts.append(f"{kind} {100 * sum(ok) / len(ok):.0f} %" if ok else f"{kind} -")
            named = sorted(self._clouds[address] for address in self._answers[-1][1]
                           if address in self._clouds) if self._answers else []
            return f"answered: {', '.join(parts)}  DNS: {' '.join(named)}"
