# SPDX-License-Identifier: Apache-2.0
"""The HTTP side: requests in, checked, answered, watched and, when told to, answered wrongly."""

import asyncio
import json
import os
import re
import ssl
import threading
import traceback
import urllib.parse
from pathlib import Path

from . import rules
from .apply import Conflict, Fields, apply, text, update
from .cluster import NAMESPACES, PODS, Cluster
from .schema import Schema
from .store import Error, Store, clone, matches, now, parse_fields, parse_selector

KINDS = {"pods": "Pod", "services": "Service", "namespaces": "Namespace", "nodes": "Node",
         "persistentvolumeclaims": "PersistentVolumeClaim", "secrets": "Secret", "configmaps": "ConfigMap",
         "deployments": "Deployment", "statefulsets": "StatefulSet", "daemonsets": "DaemonSet", "jobs": "Job",
         "poddisruptionbudgets": "PodDisruptionBudget", "ingresses": "Ingress"}
PATH = re.compile(r"^/(?:api/v1|apis/(?P<group>[^/]+)/(?P<version>[^/]+))"
                  r"(?:/namespaces/(?P<namespace>[^/]+)(?=/))?/(?P<plural>[^/]+)"
                  r"(?:/(?P<name>[^/]+)(?:/(?P<sub>[^/]+))?)?$")
REASONS = {400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict",
           422: "Invalid", 429: "TooManyRequests"}
WORDS = {200: "OK", 201: "Created", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
         405: "Method Not Allowed", 409: "Conflict", 410: "Gone", 415: "Unsupported Media Type",
         422: "Unprocessable Entity", 429: "Too Many Requests", 500: "Internal Server Error",
         503: "Service Unavailable"}


def openapi_folder():
    """Where the OpenAPI documents are: as the environment says, else beside the repository; or None."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "kubernetes-openapi"
    folder = Path(os.environ.get("SEAWALL_KUBERNETES_OPENAPI", beside))
    return folder if folder.is_dir() else None


class Request:
    def __init__(self, method, target, headers, body):
        url = urllib.parse.urlsplit(target)
        self.method, self.path = method, urllib.parse.unquote(url.path)
        self.query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        self.headers, self.body = headers, body
        match = PATH.match(self.path)
        if match is None and self.path.startswith("/api/v1/namespaces/"):
            match = re.match(r"^/api/v1/(?P<plural>namespaces)/(?P<name>[^/]+)$", self.path)
        parts = match.groupdict() if match else {}
        self.group, self.version = parts.get("group") or "", parts.get("version") or "v1"
        self.namespace, self.plural = parts.get("namespace"), parts.get("plural")
        self.name, self.sub = parts.get("name"), parts.get("sub")
        self.resource = (self.group, self.plural)

    @property
    def verb(self):
        if self.method == "GET":
            watch = self.query.get("watch") in ("1", "true")
            return "get" if self.name else "watch" if watch else "list"
        return {"POST": "create", "PATCH": "patch", "PUT": "update",
                "DELETE": "delete" if self.name else "deletecollection"}[self.method]

    @property
    def key(self):
        return (self.namespace, self.name)


class KubeServer:
    """Serves from a thread of its own. What tests ask for is carried out there."""

    def __init__(self, openapi=None, tls=None, tokens=None, host="127.0.0.1", port=0, bookmark_s=60,
                 minor=34, history=100000, more_hosts=(), **cluster):
        self.schema = Schema(openapi) if openapi else None
        self.tls, self.tokens, self.host, self.port, self.more_hosts = tls, tokens, host, port, more_hosts
        self.bookmark_s, self.minor, self.history = bookmark_s, minor, history
        self.cluster_options = cluster
        self.log, self.asked, self.faults, self.refused = [], [], [], []
        self.writers = set()
        self.logs = {}  # pod name -> text
        self.connections = 0

    # The thread

    def __enter__(self):
        started = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self.thread.start()
        started.wait()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.stopping.set)
        self.thread.join()

    def _run(self, started):
        asyncio.run(self._serve(started))

    async def _serve(self, started):
        self.loop, self.stopping = asyncio.get_running_loop(), asyncio.Event()
        self.store = Store(self.history)
        self.cluster = Cluster(self.store, **self.cluster_options)
        self.store.create(NAMESPACES, (None, "kube-system"), {
            "kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "kube-system"},
            "status": {"phase": "Active"}})
        context = None
        if self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.tls["cert"], self.tls["key"])
            if self.tls.get("ca"):
                context.load_verify_locations(self.tls["ca"])
                context.verify_mode = ssl.CERT_REQUIRED if self.tls.get("must") else ssl.CERT_OPTIONAL
        servers = []
        for host in [self.host, *self.more_hosts]:
            servers.append(await asyncio.start_server(self._connection, host, self.port, ssl=context, limit=2**24,
                                                      backlog=1024))
            self.port = servers[0].sockets[0].getsockname()[1]
        started.set()
        await self.stopping.wait()
        for server in servers:
            server.close()
        for writer in list(self.writers):
            writer.transport.abort()

    def call(self, function, *arguments):
        """Runs function(*arguments) on the server's loop and returns its result."""
        async def run():
            return function(*arguments)
        return asyncio.run_coroutine_threadsafe(run(), self.loop).result()

    # What tests use

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"

    @property
    def endpoint(self):
        return f"tcp://{self.host}:{self.port}"

    def fault(self, path, times=1, **what):
        """The next `times` requests whose "METHOD path?query" has `path` in it are answered by
        status=, retry_after=, delay_s=, late_s= (done at once, told later), cut= (bytes before the connection is
        cut) or event= (one line of a watch, after which it ends)."""
        self.call(self.faults.append, {"path": re.compile(path), "times": times, **what})

    def requests(self, pattern=""):
        return self.call(lambda: [line for line in self.log if re.search(pattern, line)])

    def objects(self, plural, namespace=None):
        return self.call(lambda: [clone(obj) for (_, name), objects in self.store.objects.items()
                                  if name == plural for key, obj in sorted(objects.items(), key=str)
                                  if namespace in (None, key[0])])

    def edit(self, group, plural, namespace, name, change):
        return self.call(self.store.edit, (group, plural), (namespace, name), change)

    def patch_as(self, manager, group, plural, namespace, name, change):
        """Another manager changes an object by a plain update."""
        def run():
            resource, key = (group, plural), (namespace, name)
            before = self.store.get(resource, key)
            after = clone(before)
            change(after)
            node = self._node(group, before)
            update(before, after, self.store.owners.setdefault((resource, key), {}), manager,
                   Fields(self.schema), node)
            self.store.update(resource, key, after)
        self.call(run)

    def cut_all(self):
        self.call(lambda: [writer.transport.abort() for writer in list(self.writers)])

    def compact(self):
        self.call(self.store.compact)

    # HTTP

    async def _connection(self, reader, writer):
        self.writers.add(writer)
        self.connections += 1
        try:
            while True:
                request = await self._read(reader)
                if request is None:
                    break
                await self._answer(request, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()

    @staticmethod
    async def _read(reader):
        line = await reader.readline()
        if not line:
            return None
        method, target, _ = line.decode().split(" ", 2)
        headers = {}
        while (line := await reader.readline()) not in (b"\r\n", b""):
            name, value = line.decode().split(":", 1)
            headers[name.strip().lower()] = value.strip()
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        return Request(method, target, headers, body)

    async def _answer(self, request, writer):
        query = "&".join(f"{k}={v}" for k, v in request.query.items())
        line = f"{request.method} {request.path}" + (f"?{query}" if query else "")
        self.log.append(line)
        if request.plural:
            resource = f"{request.plural}/{request.sub}" if request.sub else request.plural
            self.asked.append((request.group, resource, request.verb))
            if request.verb == "patch" and self.store.get(request.resource, request.key) is None:
                self.asked.append((request.group, resource, "create"))  # an apply that makes it
        fault = next((f for f in self.faults if f["times"] and f["path"].search(line)), {})
        if fault:
            fault["times"] -= 1
        if "delay_s" in fault:
            await asyncio.sleep(fault["delay_s"])
        try:
            if "status" in fault:
                raise Error(fault["status"], REASONS.get(fault["status"]), fault.get("message", "injected fault"))
            self._check(request)
            if request.verb == "watch" or request.sub == "log":
                await self._stream(request, writer, fault)
                return
            status, body = self._handle(request)
            if "late_s" in fault:
                body = clone(body)
                await asyncio.sleep(fault["late_s"])
        except Error as error:
            status, body = error.code, error.status()
            if "status" not in fault and error.code not in (401, 404, 409, 410):
                self.refused.append(f"{line}: {error.message}")
        except ConnectionError:
            raise
        except Exception as error:  # a bug of the test server: told, not hidden
            self.refused.append(f"{line}: {error!r}: {traceback.format_exc()}")
            status, body = 500, Error(500, None, repr(error)).status()
        more = f"Retry-After: {fault['retry_after']}\r\n" if "retry_after" in fault else ""
        await self._send(writer, status, json.dumps(body, separators=(",", ":")).encode(), more, fault.get("cut"))

    @staticmethod
    async def _send(writer, status, body, more="", cut=None):
        head = f"HTTP/1.1 {status} {WORDS.get(status, 'Other')}\r\nContent-Type: application/json\r\n{more}" \
               f"Content-Length: {len(body)}\r\n\r\n"
        data = head.encode() + body
        if cut is not None:
            writer.write(data[:cut])
            await writer.drain()
            writer.close()
            raise ConnectionResetError
        writer.write(data)
        await writer.drain()

    def _check(self, request):
        if self.tokens is not None and request.headers.get("authorization") not in self.tokens:
            raise Error(401, "Unauthorized", "Unauthorized")
        if self.schema and request.path not in ("/version",):
            wrong = self.schema.check_request(request.method, request.path, request.query,
                                              request.headers.get("content-type"))
            if wrong:
                raise Error(400, "BadRequest", wrong)

    # Objects

    def _kind(self, request):
        kind = self.schema.kind_of(request.path, request.method) if self.schema else None
        return kind[2] if kind and request.sub is None and kind[2] != "DeleteOptions" else KINDS.get(request.plural)

    def _node(self, group, obj):
        version = obj["apiVersion"].rpartition("/")[2]
        return self.schema.object_schema(group, version, obj["kind"]) if self.schema else None

    def _handle(self, request):
        if request.path in ("/version", "/version/"):
            return 200, {"major": "1", "minor": str(self.minor), "gitVersion": f"v1.{self.minor}.9",
                         "gitCommit": "", "gitTreeState": "clean", "buildDate": now(), "goVersion": "",
                         "compiler": "gc", "platform": "linux/amd64"}
        if request.plural not in KINDS:
            raise Error(404, "NotFound", "the server could not find the requested resource")
        return {"get": self._get, "list": self._list, "create": self._create, "patch": self._patch,
                "delete": self._delete, "deletecollection": self._delete_all}[request.verb](request)

    def _missing(self, request):
        return Error(404, "NotFound", f"{request.plural} \"{request.name}\" not found",
                     {"name": request.name, "kind": request.plural})

    def _get(self, request):
        obj = self.store.get(request.resource, request.key)
        if obj is None:
            raise self._missing(request)
        return 200, obj

    def _list(self, request):
        items = self.store.list(request.resource, request.namespace, parse_selector(request.query.get("labelSelector")),
                                parse_fields(request.query.get("fieldSelector")))
        limit, start, version = int(request.query.get("limit", 0)), 0, self.store.version
        if "continue" in request.query:
            version, start = map(int, request.query["continue"].split(":"))
            if version < self.store.compacted:
                raise Error(410, "Expired", "The provided continue parameter is too old to display a consistent list "
                                            "result.")
        metadata = {"resourceVersion": str(version)}
        if limit and start + limit < len(items):
            metadata["continue"] = f"{version}:{start + limit}"
        page = items[start:start + limit] if limit else items[start:]
        return 200, {"kind": f"{KINDS[request.plural]}List",
                     "apiVersion": f"{request.group}/{request.version}".lstrip("/"), "metadata": metadata,
                     "items": [{k: v for k, v in obj.items() if k not in ("kind", "apiVersion")} for obj in page]}

    def _body(self, request):
        try:
            body = json.loads(request.body)
        except ValueError as error:
            raise Error(400, "BadRequest", f"error decoding: {error}") from None
        kind, version = self._kind(request), f"{request.group}/{request.version}".lstrip("/")
        if not isinstance(body, dict) or body.get("kind") != kind or body.get("apiVersion") != version:
            raise Error(400, "BadRequest", f"the body is no {version} {kind}")
        metadata = body.get("metadata", {})
        if (request.name and metadata.get("name") != request.name) or \
                metadata.get("namespace", request.namespace) != request.namespace:
            raise Error(400, "BadRequest", "the name of the object does not match the path")
        return kind, body

    def _check_schema(self, request, kind, body, is_apply):
        errors = self.schema.check_object(request.group, request.version, kind, body) if self.schema else []
        required = [e for e in errors if e.endswith("Required value")]
        errors = [e for e in errors if e not in required]
        where = f"{request.namespace}/{body['metadata'].get('name')}; {body['apiVersion']}, Kind={kind}"
        if errors and is_apply:
            raise Error(500, None, f"failed to create typed patch object ({where}): errors:\n  " + "\n  ".join(errors))
        if errors:
            raise Error(400, "BadRequest", f"{kind} in version \"{request.version}\" cannot be handled as a {kind}: "
                                           f"strict decoding error: {errors}")
        if required:
            raise Error(422, "Invalid", f"{kind} \"{body['metadata'].get('name')}\" is invalid: {required}")

    def _check_rules(self, request, kind, obj, before):
        errors = rules.check(kind, obj, before)
        taken = {(p["nodePort"], p["protocol"]) for key, s in self.store.objects[("", "services")].items()
                 if key != (request.namespace, obj["metadata"]["name"])
                 for p in s.get("spec", {}).get("ports", []) if "nodePort" in p}
        for port in obj.get("spec", {}).get("ports", []) if kind == "Service" else []:
            if (port.get("nodePort"), port.get("protocol", "TCP")) in taken:
                errors.append(f"spec.ports.nodePort: Invalid value: {port['nodePort']}: provided port is already "
                              "allocated")
        if errors:
            raise Error(422, "Invalid", f"{kind} \"{obj['metadata']['name']}\" is invalid: {'; '.join(errors)}")

    def _check_namespace(self, request):
        if request.namespace is None:
            return
        space = self.store.get(NAMESPACES, (None, request.namespace))
        if space is None:
            raise Error(404, "NotFound", f"namespaces \"{request.namespace}\" not found",
                        {"name": request.namespace, "kind": "namespaces"})
        if "deletionTimestamp" in space["metadata"]:
            raise Error(403, "Forbidden", f"{request.plural} \"{request.name}\" is forbidden: unable to create new "
                                          f"content in namespace {request.namespace} because it is being terminated")

    def _create(self, request):
        kind, body = self._body(request)
        name = body["metadata"]["name"]
        self._check_namespace(request)
        self._check_schema(request, kind, body, False)
        self._check_rules(request, kind, body, None)
        key = (request.namespace, name)
        if self.store.get(request.resource, key) is not None:
            raise Error(409, "AlreadyExists", f"{request.plural} \"{name}\" already exists")
        if kind == "Namespace":
            body["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = name
            body.update(spec={"finalizers": ["kubernetes"]}, status={"phase": "Active"})
        self.cluster.defaults(request.resource, body)
        return 201, self.store.create(request.resource, key, body)

    def _patch(self, request):
        manager = request.query.get("fieldManager")
        if request.headers.get("content-type") != "application/apply-patch+yaml":
            raise Error(415, "UnsupportedMediaType", "tests patch by server-side apply")
        if not manager:
            raise Error(422, "Invalid", "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is "
                                        "required for apply patch")
        kind, body = self._body(request)
        self._check_schema(request, kind, body, True)
        before = self.store.get(request.resource, request.key)
        if before is None:
            self._check_namespace(request)
        owners = clone(self.store.owners.get((request.resource, request.key), {}))
        try:
            obj = apply(before, owners, manager, body, Fields(self.schema), self._node(request.group, body),
                        request.query.get("force") in ("true", "1"))
        except Conflict as conflict:
            one = [f"conflict with \"{other}\" using {body['apiVersion']}: {text(path)}"
                   for other, path in conflict.conflicts]
            raise Error(409, "Conflict", f"Apply failed with {len(one)} conflict{'s'[:len(one) > 1]}: "
                                         + "; ".join(one)) from None
        self.cluster.defaults(request.resource, obj)
        self._check_rules(request, kind, obj, before)
        if request.query.get("dryRun"):
            return 200 if before else 201, obj
        obj["metadata"]["managedFields"] = [
            {"manager": name, "operation": "Apply", "apiVersion": body["apiVersion"], "fieldsType": "FieldsV1",
             "fieldsV1": {}} for name in sorted(owners)]
        self.store.owners[(request.resource, request.key)] = owners
        if before is None:
            return 201, self.store.create(request.resource, request.key, obj)
        return 200, self.store.update(request.resource, request.key, obj)

    def _options(self, request):
        options = json.loads(request.body) if request.body else {}
        if self.schema and options:
            errors = self.schema.check_object("", "v1", "DeleteOptions", options)
            if errors:
                raise Error(400, "BadRequest", f"DeleteOptions: {errors}")
        policy = options.get("propagationPolicy", request.query.get("propagationPolicy"))
        if request.plural == "jobs" and policy is None:
            self.refused.append("a Job deleted without propagationPolicy leaves its pods")
        return options

    def _delete(self, request):
        options = self._options(request)
        obj = self.store.get(request.resource, request.key)
        if obj is None:
            raise self._missing(request)
        uid = options.get("preconditions", {}).get("uid")
        if uid and uid != obj["metadata"]["uid"]:
            raise Error(409, "Conflict", "the UID in the precondition does not match the UID in record")
        if request.resource == NAMESPACES:
            self.store.edit(NAMESPACES, request.key, self._terminate)
            self.cluster.later(self.cluster.stop_s, self.cluster.end_namespace, request.name)
            return 200, self.store.get(NAMESPACES, request.key)
        if request.resource == PODS:
            self.cluster.stop_pod(obj)
            return 200, self.store.get(PODS, request.key)
        self.store.delete(request.resource, request.key)
        return 200, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
                     "details": {"name": request.name, "kind": request.plural, "uid": obj["metadata"]["uid"]}}

    @staticmethod
    def _terminate(space):
        space["metadata"]["deletionTimestamp"] = now()
        space["status"] = {"phase": "Terminating"}

    def _delete_all(self, request):
        self._options(request)
        if not request.query.get("labelSelector"):
            self.refused.append(f"everything of {request.plural} in {request.namespace} was to be deleted")
        items = self.store.list(request.resource, request.namespace,
                                parse_selector(request.query.get("labelSelector")),
                                parse_fields(request.query.get("fieldSelector")))
        for obj in list(items):
            self.store.delete(request.resource, (request.namespace, obj["metadata"]["name"]))
        return 200, {"kind": f"{KINDS[request.plural]}List", "apiVersion": "v1",
                     "metadata": {"resourceVersion": str(self.store.version)}, "items": items}

    # Streams

    async def _stream(self, request, writer, fault):
        kind = "text/plain" if request.sub == "log" else "application/json"
        if request.sub == "log" and self.store.get(PODS, request.key) is None:
            raise self._missing(request)
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        await writer.drain()
        if "event" in fault:
            await self._chunk(writer, json.dumps(fault["event"]).encode() + b"\n")
        elif request.sub == "log":
            await self._log(request, writer)
        else:
            await self._watch(request, writer, fault)
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    @staticmethod
    async def _chunk(writer, data, cut=None):
        if cut is not None:
            writer.write(b"%x\r\n" % len(data) + data[:cut])
            await writer.drain()
            writer.transport.close()
            raise ConnectionResetError
        writer.write(b"%x\r\n" % len(data) + data + b"\r\n")
        await writer.drain()

    async def _log(self, request, writer):
        lines = self.logs.get(request.name, f"hello from {request.name}\n").splitlines()
        tail = int(request.query.get("tailLines", len(lines)))
        for line in lines[len(lines) - tail:]:
            stamp = f"{now()} " if request.query.get("timestamps") == "true" else ""
            await self._chunk(writer, f"{stamp}{line}\n".encode())
        while request.query.get("follow") == "true" and self.store.get(PODS, request.key) is not None:
            await self.store.changed.wait()

    async def _watch(self, request, writer, fault):
        labels = parse_selector(request.query.get("labelSelector"))
        fields = parse_fields(request.query.get("fieldSelector"))
        version = int(request.query.get("resourceVersion") or self.store.version)
        ends = self.loop.time() + float(request.query.get("timeoutSeconds", 1800))
        bookmark = self.loop.time() + self.bookmark_s
        while self.loop.time() < ends:
            if version < self.store.compacted:
                await self._chunk(writer, self._expired(version))
                return
            # Taken before looking: what happens meanwhile sets this one.
            changed = self.store.changed
            data = b""
            for event in self.store.events_after(request.resource, version):
                version = event.version
                if request.namespace in (None, event.object["metadata"].get("namespace")):
                    data += self._seen(event, labels, fields)
            if data:
                await self._chunk(writer, data, fault.get("cut"))
                continue
            if self.loop.time() >= bookmark:
                bookmark += self.bookmark_s
                version = self.store.version
                await self._chunk(writer, json.dumps({"type": "BOOKMARK", "object": {
                    "kind": KINDS[request.plural], "apiVersion": "v1",
                    "metadata": {"resourceVersion": str(version)}}}).encode() + b"\n")
            try:
                await asyncio.wait_for(changed.wait(), max(0.001, min(ends, bookmark) - self.loop.time()))
            except asyncio.TimeoutError:
                pass

    @staticmethod
    def _seen(event, labels, fields):
        """The event as somebody with a selector sees it: what leaves the selection is deleted."""
        if matches(event.object, labels, fields):
            if event.kind == "MODIFIED" and not matches(event.before, labels, fields):
                return event.line.replace(b'"MODIFIED"', b'"ADDED"', 1)
            return event.line
        if event.kind == "MODIFIED" and matches(event.before, labels, fields):
            return event.line.replace(b'"MODIFIED"', b'"DELETED"', 1)
        return b""

    def _expired(self, version):
        return json.dumps({"type": "ERROR", "object": Error(
            410, "Expired", f"too old resource version: {version} ({self.store.compacted})").status()}).encode() + b"\n"
