# SPDX-License-Identifier: Apache-2.0
"""Requests and objects against the OpenAPI v3 documents of Kubernetes."""

import base64
import functools
import json
import re
from pathlib import Path

QUANTITY = re.compile(r"^[+-]?(\d+(\.\d*)?|\.\d+)([numkKMGTPE]i?|[eE][+-]?\d+)?$")
REF = "#/components/schemas/"
SCALARS = {"string": str, "boolean": bool, "integer": int, "number": (int, float)}


class Schema:
    """All documents of a folder as one."""

    def __init__(self, folder):
        self.schemas = {}
        self.resolved = {}  # id of a schema -> the schema that it stands for
        self.kinds = {}  # (group, version, kind) -> name of its schema
        self.paths = []  # (pattern, template, operations)
        for path in sorted(Path(folder).glob("*_openapi.json")):
            document = json.loads(path.read_text())
            self.schemas.update(document.get("components", {}).get("schemas", {}))
            for template, operations in document["paths"].items():
                pattern = re.sub(r"\\\{path\\\}", r"(?P<path>.*)", re.escape(template))
                pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", pattern)
                self.paths.append((re.compile(f"^{pattern}/?$"), template, operations))
        for name, schema in self.schemas.items():
            for kind in schema.get("x-kubernetes-group-version-kind", []):
                # Options that every group repeats have a schema of their own.
                self.kinds.setdefault((kind["group"], kind["version"], kind["kind"]), name)
        self.paths.sort(key=lambda entry: "{path}" in entry[1])

    # Requests

    @functools.lru_cache(100000)
    def find(self, path):
        for pattern, template, operations in self.paths:
            if pattern.match(path):
                return template, operations
        return None, None

    def check_request(self, method, path, query, content_type):
        """What is wrong with the request, apart from its body; None when nothing is."""
        template, operations = self.find(path)
        if operations is None:
            return f"no such path: {path}"
        operation = operations.get(method.lower())
        if operation is None:
            return f"{method} is not allowed on {template}"
        known = {p["name"]: p["schema"] for p in operations.get("parameters", []) + operation.get("parameters", [])
                 if p["in"] == "query"}
        for name, value in query.items():
            if name not in known:
                return f"{method} {template} has no parameter {name}"
            kind = known[name].get("type")
            if kind == "integer" and not re.fullmatch(r"-?\d+", value):
                return f"parameter {name} is no integer: {value}"
            if kind == "boolean" and value not in ("true", "false", "1", "0"):
                return f"parameter {name} is no boolean: {value}"
        content = operation.get("requestBody", {}).get("content")
        if content and content_type and "*/*" not in content and content_type not in content:
            return f"{method} {template} does not take {content_type}"
        return None

    def kind_of(self, path, method):
        """(group, version, kind) of what an operation is about."""
        _, operations = self.find(path)
        about = (operations or {}).get(method.lower(), {}).get("x-kubernetes-group-version-kind")
        return (about["group"], about["version"], about["kind"]) if about else None

    # Objects

    def check_object(self, group, version, kind, value):
        """The list of what is wrong, each with its path."""
        name = self.kinds.get((group, version, kind))
        if name is None:
            return [f"no such kind: {group}/{version} {kind}"]
        errors = []
        self._check(self.schemas[name], value, "", errors)
        return errors

    def resolve(self, schema):
        """What a reference leads to. Remembered: all schemas live as long as this."""
        known = self.resolved.get(id(schema))
        if known is None:
            known = self.resolved[id(schema)] = self._resolve(schema)
            self.resolved[id(known)] = known
        return known

    def _resolve(self, schema):
        while True:
            if "$ref" in schema:
                schema = self.schemas[schema["$ref"][len(REF):]]
            elif len(schema.get("allOf", [])) == 1:
                # What stands beside the reference (list types, defaults) counts too.
                schema = {**self.resolve(schema["allOf"][0]), **{k: v for k, v in schema.items() if k != "allOf"}}
            else:
                return schema

    def _check(self, schema, value, path, errors):
        schema = self.resolve(schema)
        if "oneOf" in schema:
            self._check_one_of(schema, value, path, errors)
        elif schema.get("type") == "object" or "properties" in schema:
            self._check_object(schema, value, path, errors)
        elif schema.get("type") == "array":
            self._check_array(schema, value, path, errors)
        elif "type" in schema:
            self._check_scalar(schema, value, path, errors)

    def _check_one_of(self, schema, value, path, errors):
        kinds = [SCALARS[option["type"]] for option in schema["oneOf"]]
        if isinstance(value, bool) or not any(isinstance(value, kind) for kind in kinds):
            errors.append(f"{path}: {value!r} is none of its types")
        elif "fixed-point" in schema.get("description", "") and not QUANTITY.match(str(value)):
            errors.append(f"{path}: {value!r} is no quantity")

    def _check_object(self, schema, value, path, errors):
        if not isinstance(value, dict):
            errors.append(f"{path}: expected map, got {value!r}")
            return
        properties = schema.get("properties", {})
        more = schema.get("additionalProperties")
        for key, member in value.items():
            where = f"{path}.{key}"
            if key in properties:
                self._check(properties[key], member, where, errors)
            elif isinstance(more, dict):
                self._check(more, member, where, errors)
            elif properties or more is False:
                errors.append(f"{where}: field not declared in schema")
        for key in schema.get("required", []):
            if key not in value:
                errors.append(f"{path}.{key}: Required value")

    def _check_array(self, schema, value, path, errors):
        if not isinstance(value, list):
            errors.append(f"{path}: expected list, got {value!r}")
            return
        keys = schema.get("x-kubernetes-list-map-keys", [])
        seen = set()
        for index, item in enumerate(value):
            self._check(schema.get("items", {}), item, f"{path}[{index}]", errors)
            key = tuple(item.get(k) for k in keys) if keys and isinstance(item, dict) else None
            if key and key in seen:
                errors.append(f"{path}[{index}]: duplicate entries for key {key}")
            seen.add(key)

    def _check_scalar(self, schema, value, path, errors):
        kind = schema["type"]
        wrong = not isinstance(value, SCALARS[kind]) or (isinstance(value, bool) and kind != "boolean")
        if wrong:
            errors.append(f"{path}: expected {kind}, got {value!r}")
        elif "enum" in schema and value not in schema["enum"]:
            errors.append(f"{path}: {value!r} is not one of {schema['enum']}")
        elif schema.get("format") == "byte":
            try:
                base64.b64decode(value, validate=True)
            except ValueError:
                errors.append(f"{path}: no base64")
        elif schema.get("format") == "int32" and not -2**31 <= value < 2**31:
            errors.append(f"{path}: {value} does not fit 32 bits")

    # What server-side apply has to know

    def object_schema(self, group, version, kind):
        return self.schemas[self.kinds[(group, version, kind)]]
