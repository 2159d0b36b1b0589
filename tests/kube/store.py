# SPDX-License-Identifier: Apache-2.0
"""Objects with one resourceVersion for all, and the history that watches are served from."""

import asyncio
import collections
import datetime
import json
import marshal
import re
import uuid


def clone(value):
    """A copy of JSON; much faster than copy.deepcopy."""
    return marshal.loads(marshal.dumps(value))


class Error(Exception):
    """A Status of failure."""

    def __init__(self, code, reason, message, details=None):
        super().__init__(message)
        self.code, self.reason, self.message, self.details = code, reason, message, details

    def status(self):
        status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                  "message": self.message, "code": self.code}
        if self.reason:
            status["reason"] = self.reason
        if self.details:
            status["details"] = self.details
        return status


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_selector(text):
    """a=b, a!=b, a, !a with commas between them, as a list of tests."""
    tests = []
    for part in filter(None, (text or "").split(",")):
        match = re.fullmatch(r"\s*(!?)([^=!\s]+)\s*(?:(==?|!=)\s*(\S*))?\s*", part)
        if not match:
            raise Error(400, "BadRequest", f"unable to parse requirement: {part}")
        absent, key, operator, value = match.groups()
        if operator == "!=":
            tests.append(lambda labels, k=key, v=value: labels.get(k) != v)
        elif operator:
            tests.append(lambda labels, k=key, v=value: labels.get(k) == v)
        elif absent:
            tests.append(lambda labels, k=key: k not in labels)
        else:
            tests.append(lambda labels, k=key: k in labels)
    return tests


def parse_fields(text):
    tests = []
    for part in filter(None, (text or "").split(",")):
        key, value = part.split("=", 1)
        if key not in ("metadata.name", "metadata.namespace"):
            raise Error(400, "BadRequest", f"field label not supported: {key}")
        tests.append((key.split(".")[1], value.lstrip("=")))
    return tests


def matches(obj, labels, fields):
    metadata = obj["metadata"]
    return all(test(metadata.get("labels") or {}) for test in labels) and \
        all(metadata.get(key) == value for key, value in fields)


class Event:
    __slots__ = ("version", "kind", "object", "before", "line")

    def __init__(self, version, kind, obj, before):
        self.version, self.kind, self.object, self.before = version, kind, obj, before
        self.line = json.dumps({"type": kind, "object": obj}, separators=(",", ":")).encode() + b"\n"


class Store:
    """resource is (group, plural); key is (namespace, name)."""

    def __init__(self, history=100000):
        self.version = 100
        self.objects = collections.defaultdict(dict)
        self.owners = {}  # (resource, key) -> {manager: paths}
        self.history = collections.defaultdict(lambda: collections.deque(maxlen=history))
        self.compacted = 0  # watches from before have to list again
        self.changed = asyncio.Event()
        self.listeners = []

    def bump(self):
        self.version += 1
        return str(self.version)

    def get(self, resource, key):
        return self.objects[resource].get(key)

    def _record(self, resource, kind, obj, before):
        self.history[resource].append(Event(self.version, kind, obj, before))
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()
        for listener in self.listeners:
            listener(resource, kind, obj)

    def create(self, resource, key, obj):
        metadata = obj["metadata"]
        metadata["uid"] = str(uuid.uuid4())
        metadata["creationTimestamp"] = now()
        metadata["resourceVersion"] = self.bump()
        if "spec" in obj:
            metadata["generation"] = 1
        self.objects[resource][key] = obj
        self._record(resource, "ADDED", clone(obj), None)
        return obj

    def update(self, resource, key, obj):
        """Stores it unless nothing changed; a changed spec is a new generation."""
        before = self.objects[resource][key]
        metadata = obj["metadata"]
        for field in ("uid", "creationTimestamp", "resourceVersion", "generation"):
            if field in before["metadata"]:
                metadata[field] = before["metadata"][field]
        if obj == before:
            return before
        if obj.get("spec") != before.get("spec") and "generation" in metadata:
            metadata["generation"] += 1
        metadata["resourceVersion"] = self.bump()
        self.objects[resource][key] = obj
        self._record(resource, "MODIFIED", clone(obj), before)
        return obj

    def edit(self, resource, key, change):
        """Calls change(copy) and stores what it made; False when the object is gone."""
        before = self.objects[resource].get(key)
        if before is None:
            return False
        obj = clone(before)
        change(obj)
        self.update(resource, key, obj)
        return True

    def delete(self, resource, key):
        obj = self.objects[resource].pop(key, None)
        if obj is None:
            return None
        self.owners.pop((resource, key), None)
        obj = clone(obj)
        obj["metadata"]["resourceVersion"] = self.bump()
        self._record(resource, "DELETED", obj, obj)
        return obj

    def list(self, resource, namespace, labels, fields):
        keys = sorted(k for k in self.objects[resource] if namespace is None or k[0] == namespace)
        return [self.objects[resource][k] for k in keys if matches(self.objects[resource][k], labels, fields)]

    def compact(self):
        self.compacted = self.version
        for history in self.history.values():
            history.clear()

    def events_after(self, resource, version):
        out = []
        for event in reversed(self.history[resource]):
            if event.version <= version:
                break
            out.append(event)
        return out[::-1]
