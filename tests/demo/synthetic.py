# SPDX-License-Identifier: Apache-2.0
"""A history that never happened: three clouds, one fault, clients that do what the parameters say."""

import json

CLOUDS = {"amber": "192.0.2.11", "birch": "192.0.2.12", "coral": "192.0.2.13"}
RATE = 240
TTL = 5
PLAN = {"app": "shop", "survive_source": "the file", "refusals": [], "warnings": ["orders is pinned"],
        "services": {"web": {"needed": 4, "placed": {"amber": 2, "birch": 2, "coral": 2}, "total": 6, "survives": True,
                             "pinned": False, "survive": {"provider": 1}, "why": "two in each",
                             "certificate": [{"level": "provider", "lost": "amber", "left": 4, "needed": 4}]},
                     "orders": {"needed": 1, "placed": {"amber": 1}, "total": 1, "survives": False, "pinned": True,
                                "survive": {"provider": 1}, "why": "keeps data in one place",
                                "certificate": [{"level": "provider", "lost": "amber", "left": 0, "needed": 1}]}}}


class Synthetic:
    """Times are seconds from the beginning; the fault strikes at 10."""

    FAULT, BACK, IN_STEP, WHOLE, END = 10.0, 20.0, 22.0, 24.0, 30.0

    def __init__(self, kind="blackhole", cloud="amber", changed_s=1.5, detected_s=1.4):
        self.kind, self.cloud, self.changed_s = kind, cloud, changed_s
        self.base = 1000.0  # monotonic time has no zero of its own
        self.entries = [{"what": "cloud", "name": name, "address": address, "driver": "docker", "engine": "20.10.24"}
                        for name, address in CLOUDS.items()]
        self.entries.append({"what": "plan", "plan": PLAN})
        self.mark("steady", since=self.base, at=9.0)
        self.mark("fault", at=self.FAULT, kind=kind, cloud=cloud)
        if detected_s is not None:
            self.mark("verdict", at=self.FAULT + detected_s, cloud=cloud, state="down",
                      source="control" if kind == "api-loss" else "nameserver")
        self.mark("returned", at=self.BACK)
        self.mark("in_step", at=self.IN_STEP)
        self.mark("whole", at=self.WHOLE)
        self.looked = self.mark("looked", at=self.WHOLE, restarted=0, elsewhere=0)
        self.mark("idle", at=9.0, share=0.002)
        self.process = self.mark("process", at=self.END, name="control", rss_kb_max=9000, cpu_s=1.5)
        self.mark("process", at=self.END, name="nameserver", rss_kb_max=7000, cpu_s=0.5)
        self.mark("end", at=self.END, cpu_s=9.0)

    def mark(self, what, at, **fields):
        entry = {"what": what, "at": self.base + at, **fields}
        self.entries.append(entry)
        return entry

    def attempt(self, kind, start, ok=True, took=0.002, why="connect timeout", address="192.0.2.12"):
        self.entries.append({"what": "attempt", "kind": kind, "client": 0, "start": self.base + start, "port": 8080,
                             "end": self.base + start + took, "ok": ok, "tries": [[address, "ok" if ok else why]]})

    def answer(self, at, addresses):
        self.entries.append({"what": "answer", "start": self.base + at, "at": self.base + at, "addresses": addresses,
                             "ttl": TTL})

    def is_gone(self, at):
        return self.changed_s is not None and self.FAULT + self.changed_s <= at < self.WHOLE

    def run(self, fails=lambda kind, at: False):
        """Requests at the usual rate and samples every 25 ms."""
        for number in range(int(self.END * RATE)):
            kind, at = ("first", "next")[number % 2], number / RATE
            bad = fails(kind, at)
            self.attempt(kind, at, ok=not bad, took=1.0 if bad else 0.002, address=list(CLOUDS.values())[number % 3])
        for number in range(int(self.END * 40)):
            at = number / 40
            gone = CLOUDS[self.cloud] if self.is_gone(at) else None
            self.answer(at, [address for address in CLOUDS.values() if address != gone])
        return self

    def lines(self):
        return [json.dumps(entry) for entry in self.entries]
