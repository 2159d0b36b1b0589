# SPDX-License-Identifier: Apache-2.0
"""Server-side apply: who owns which field, conflicts, and fields that are given up."""

from .store import clone

# Lists that are keyed in Kubernetes, for objects whose schema is not at hand.
KEYS = {"containers": ["name"], "env": ["name"], "ports": ["containerPort", "protocol"],
        "volumes": ["name"], "volumeMounts": ["mountPath"],
        "topologySpreadConstraints": ["topologyKey", "whenUnsatisfiable"]}
UNOWNED = {("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")}


class Conflict(Exception):
    def __init__(self, conflicts):
        super().__init__(conflicts)
        self.conflicts = conflicts  # [(manager, field)]


class Fields:
    """An object as a set of paths with values, lists by their keys."""

    def __init__(self, schema):
        self.schema = schema  # a Schema, or None

    def _child(self, node, key):
        if node is None or self.schema is None:
            return None
        node = self.schema.resolve(node)
        child = node.get("properties", {}).get(key)
        if child is None and isinstance(node.get("additionalProperties"), dict):
            child = node["additionalProperties"]
        return self.schema.resolve(child) if child is not None else None

    def _keys(self, node, name):
        if node is None:
            return KEYS.get(name)
        return node.get("x-kubernetes-list-map-keys") if node.get("x-kubernetes-list-type") == "map" else None

    def flatten(self, value, node=None, path=(), out=None):
        out = {} if out is None else out
        node = self.schema.resolve(node) if node is not None and self.schema else node
        is_atomic = node is not None and node.get("x-kubernetes-map-type") == "atomic"
        name = path[-1] if path else ""
        keys = self._keys(node, name)
        if isinstance(value, dict) and not is_atomic:
            for key, member in value.items():
                self.flatten(member, self._child(node, key), path + (key,), out)
            if not value:
                out[path] = {}
        elif isinstance(value, list) and keys and value:
            items = node.get("items") if node else None
            for item in value:
                step = tuple((key, item.get(key, "TCP" if key == "protocol" else None)) for key in keys)
                self.flatten(item, items, path + (step,), out)
        elif path not in UNOWNED:
            out[path] = value
        return out


def text(path):
    """.spec.template.spec.containers[name="web"].image, as the API server words it."""
    out = ""
    for step in path:
        if isinstance(step, tuple):
            out += "[" + ",".join(f'{k}="{v}"' if isinstance(v, str) else f"{k}={v}" for k, v in step) + "]"
        else:
            out += f".{step}"
    return out


def _find(items, step):
    for item in items:
        if all(item.get(k, "TCP" if k == "protocol" else None) == v for k, v in step):
            return item
    return None


def put(root, path, value):
    at = root
    for step, following in zip(path, path[1:] + (None,)):
        if isinstance(step, tuple):
            item = _find(at, step)
            if item is None:
                item = dict(step)
                at.append(item)
            at = item
        elif following is None:
            at[step] = clone(value)
        else:
            at = at.setdefault(step, [] if isinstance(following, tuple) else {})


def is_key(path):
    """Whether the field says which item of a list it is in."""
    return len(path) > 1 and isinstance(path[-2], tuple) and path[-1] in dict(path[-2])


def drop(root, path):
    """Removes the field, and what became empty of its parents."""
    trail, at = [], root
    for step in path:
        trail.append((at, step))
        at = _find(at, step) if isinstance(step, tuple) else at.get(step) if isinstance(at, dict) else None
        if at is None:
            return
    if is_key(path):
        trail.pop()  # the item goes as a whole, once nothing but its keys is left
        parent, step = trail[-1]
        if any(key not in dict(step) for key in _find(parent, step)):
            return
    for parent, step in reversed(trail):
        if isinstance(step, tuple):
            parent.remove(_find(parent, step))
        else:
            parent.pop(step, None)
        if parent:
            return


def apply(live, owners, manager, config, fields, node, force):
    """Returns the new object; `owners` is {manager: set of paths} and is changed in place."""
    wanted = fields.flatten(config, node)
    current = fields.flatten(live, node) if live else {}
    conflicts = []
    for path, value in wanted.items():
        if path in current and current[path] == value:
            continue
        for other, paths in owners.items():
            if other != manager and path in paths:
                conflicts.append((other, path))
    if conflicts and not force:
        raise Conflict(conflicts)
    for other, path in conflicts:
        owners[other].discard(path)
    out = clone(live) if live else {}
    for path, value in wanted.items():
        put(out, path, value)
    for path in sorted(owners.get(manager, set()) - set(wanted), key=is_key):
        if not any(path in paths for other, paths in owners.items() if other != manager):
            drop(out, path)
    for path in UNOWNED:
        value = config
        for step in path:
            value = value.get(step) if value else None
        if value is not None:
            put(out, path, value)
    owners[manager] = set(wanted)
    return out


def update(before, after, owners, manager, fields, node):
    """Another manager changed the object by a plain update: what changed is now its own."""
    old, new = fields.flatten(before, node), fields.flatten(after, node)
    changed = {path for path in new if old.get(path) != new[path]}
    for other in list(owners):
        owners[other] -= changed
    owners.setdefault(manager, set()).update(changed)
