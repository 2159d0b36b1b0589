# SPDX-License-Identifier: Apache-2.0
"""What an Engine knows and answers, without a socket: the part of the Docker Engine API that Seawall may use, strictly.

A request that Docker would refuse is refused with Docker's words; a field or parameter that the API does not have is
kept in `violations` besides, because Docker would pass over it and nobody would ever know.
"""

import base64
import json
import re
import secrets
import threading
import time
import urllib.parse


class ApiError(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status = status
        self.message = message


def reply(status, value=None):
    if status in (204, 304):
        return status, None, b""
    return status, "application/json", b"" if value is None else json.dumps(value).encode() + b"\n"


# Types of bodies: a class, [item], {key: type} for objects with these fields, {str: type} for maps.
STRINGS = [str]
MAP = {str: str}
ENDPOINT = {"Aliases": STRINGS, "IPAMConfig": dict, "Links": STRINGS, "DriverOpts": MAP, "MacAddress": str, "NetworkID": str}
HOST_CONFIG = {
    "Binds": STRINGS, "NetworkMode": str, "NanoCpus": int, "Memory": int, "MemoryReservation": int,
    "MemorySwap": int, "PortBindings": {str: [{"HostIp": str, "HostPort": str}]},
    "RestartPolicy": {"Name": str, "MaximumRetryCount": int},
    "Mounts": [{"Type": str, "Source": str, "Target": str, "ReadOnly": bool, "Consistency": str,
                "BindOptions": dict, "VolumeOptions": dict, "TmpfsOptions": dict}],
    "AutoRemove": bool, "CapAdd": STRINGS, "CapDrop": STRINGS, "CgroupnsMode": str, "Cgroup": str, "CgroupParent": str,
    "Dns": STRINGS, "DnsOptions": STRINGS, "DnsSearch": STRINGS, "ExtraHosts": STRINGS, "GroupAdd": STRINGS,
    "IpcMode": str, "OomScoreAdj": int, "OomKillDisable": bool, "PidMode": str, "Privileged": bool,
    "PublishAllPorts": bool, "ReadonlyRootfs": bool, "SecurityOpt": STRINGS, "StorageOpt": MAP, "Tmpfs": MAP,
    "UTSMode": str, "UsernsMode": str, "ShmSize": int, "Sysctls": MAP, "Runtime": str, "Isolation": str,
    "CpuShares": int, "CpuPeriod": int, "CpuQuota": int, "CpuRealtimePeriod": int, "CpuRealtimeRuntime": int,
    "CpusetCpus": str, "CpusetMems": str, "Devices": list, "DeviceCgroupRules": STRINGS, "DeviceRequests": list,
    "PidsLimit": int, "Ulimits": list, "BlkioWeight": int, "BlkioWeightDevice": list, "BlkioDeviceReadBps": list,
    "BlkioDeviceWriteBps": list, "BlkioDeviceReadIOps": list, "BlkioDeviceWriteIOps": list, "MemorySwappiness": int,
    "LogConfig": {"Type": str, "Config": MAP}, "VolumeDriver": str, "VolumesFrom": STRINGS, "Init": bool,
    "Links": STRINGS, "MaskedPaths": STRINGS, "ReadonlyPaths": STRINGS, "Annotations": MAP,
}
CONTAINER = {
    "Image": str, "Cmd": STRINGS, "Entrypoint": STRINGS, "Env": STRINGS, "Labels": MAP, "Hostname": str,
    "Domainname": str, "User": str, "WorkingDir": str, "StopSignal": str, "StopTimeout": int, "Tty": bool,
    "OpenStdin": bool, "StdinOnce": bool, "AttachStdin": bool, "AttachStdout": bool, "AttachStderr": bool,
    "ExposedPorts": {str: {}}, "Volumes": {str: {}}, "MacAddress": str, "Shell": STRINGS, "NetworkDisabled": bool,
    "Healthcheck": {"Test": STRINGS, "Interval": int, "Timeout": int, "StartPeriod": int, "StartInterval": int,
                    "Retries": int},
    "HostConfig": HOST_CONFIG, "NetworkingConfig": {"EndpointsConfig": {str: ENDPOINT}},
}
NETWORK = {"Name": str, "CheckDuplicate": bool, "Driver": str, "Internal": bool, "Attachable": bool, "Ingress": bool,
           "IPAM": dict, "EnableIPv6": bool, "EnableIPv4": bool, "Options": MAP, "Labels": MAP, "Scope": str,
           "ConfigOnly": bool, "ConfigFrom": dict}
VOLUME = {"Name": str, "Driver": str, "DriverOpts": MAP, "Labels": MAP, "ClusterVolumeSpec": dict}
CONNECT = {"Container": str, "EndpointConfig": ENDPOINT}

NAME = re.compile(r"^[a-zA-Z0-9][a-zA-Z0-9_.-]+$")
SPEC_PORT = re.compile(r"^(\d+)/(tcp|udp|sctp)$")
MEMORY_MIN = 6 << 20


def check(value, wanted, where):
    """Raises ValueError where `value` is not of the type `wanted`."""
    if isinstance(wanted, list):
        if not isinstance(value, list):
            raise ValueError(f"{where}: not a list")
        for index, item in enumerate(value):
            check(item, wanted[0], f"{where}[{index}]")
    elif isinstance(wanted, dict):
        if not isinstance(value, dict):
            raise ValueError(f"{where}: not an object")
        for key, item in value.items():
            if str in wanted:
                check(item, wanted[str], f"{where}.{key}")
            elif key in wanted:
                check(item, wanted[key], f"{where}.{key}")
            else:
                raise ValueError(f"{where}.{key}: the API has no such field")
    elif not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise ValueError(f"{where}: found {value!r}, expected {wanted.__name__}")


def seconds(text):
    """A time of the API, "12.000000034", in nanoseconds."""
    if not re.fullmatch(r"\d+(\.\d{1,9})?", text):
        raise ValueError(f"'{text}' is not a time")
    whole, _, part = text.partition(".")
    return int(whole) * 10**9 + int(part.ljust(9, "0") or 0)


class Api:
    def __init__(self, api_min, api_max, version, images):
        self.api_min, self.api_max, self.version = api_min, api_max, version
        self.lock = threading.RLock()
        self.news = threading.Condition(self.lock)
        self.containers = {}      # id -> dict
        self.networks = {}        # name -> body
        self.volumes = {}
        self.images = set(images)
        self.registry = {}        # what a pull may find: image -> None, or the error to say inside 200
        self.auths = []           # decoded X-Registry-Auth of each pull
        self.events = []
        self.events_are_silent = False
        self.violations = []
        self.created = []         # names in the order of their creation
        self.starts = 0

    # The door.

    def answer(self, method, url, headers, body):
        try:
            with self.lock:
                return self._answer(method, url, headers, body)
        except ApiError as error:
            return reply(error.status, {"message": error.message})

    def _violate(self, text):
        self.violations.append(text)
        raise ApiError(400, text)

    def _check_version(self, path):
        found = re.match(r"^/v1\.(\d+)(/.*)$", path)
        if not found:
            if path == "/_ping":
                return None, path
            self._violate(f"{path}: no version in front")
        minor = int(found.group(1))
        if minor < self.api_min:
            raise ApiError(400, f"client version 1.{minor} is too old. Minimum supported API version is "
                                f"1.{self.api_min}, please upgrade your client to a newer version")
        if minor > self.api_max:
            raise ApiError(400, f"client version 1.{minor} is too new. Maximum supported API version is 1.{self.api_max}")
        return minor, found.group(2)

    def _check_headers(self, method, headers, body):
        if not headers.get("Host"):
            self._violate("no Host header")
        if body and headers.get("Content-Type") != "application/json":
            self._violate(f"unsupported Content-Type header: {headers.get('Content-Type')}")
        if method == "GET" and body:
            self._violate("GET with a body")

    def _answer(self, method, url, headers, body):
        minor, path = self._check_version(url.path)
        self._check_headers(method, headers, body)
        query = urllib.parse.parse_qs(url.query, keep_blank_values=True, strict_parsing=bool(url.query))
        if any(len(values) > 1 for values in query.values()):
            self._violate(f"{path}: a parameter twice")
        query = {key: values[0] for key, values in query.items()}
        for pattern, verb, parameters, schema, function in ROUTES:
            found = re.fullmatch(pattern, path)
            if not found or verb != method:
                continue
            unknown = set(query) - set(parameters)
            if unknown:
                self._violate(f"{method} {path}: the API has no parameter {sorted(unknown)}")
            data = self._body(schema, body, f"{method} {path}")
            arguments = [urllib.parse.unquote(group) for group in found.groups()]
            return function(self, *arguments, query=query, body=data, minor=minor, headers=headers)
        self._violate(f"{method} {path}: page not found")

    def _body(self, schema, body, where):
        if schema is None:
            if body:
                self._violate(f"{where}: a body where none belongs")
            return None
        try:
            data = json.loads(body)
            check(data, schema, "body")
        except ValueError as error:
            self._violate(f"{where}: {error}")
        return data

    def _filters(self, text, known):
        try:
            filters = json.loads(text) if text else {}
            check(filters, {key: STRINGS for key in known}, "filters")
        except ValueError as error:
            self._violate(f"invalid filter: {error}")
        return filters

    # Asking about the Engine.

    def _ping(self, **_):
        return 200, "text/plain; charset=utf-8", b"OK"

    def _version(self, **_):
        return reply(200, {"Version": self.version, "ApiVersion": f"1.{self.api_max}",
                           "MinAPIVersion": f"1.{self.api_min}", "Os": "linux", "Arch": "amd64",
                           "Components": [{"Name": "Engine", "Version": self.version, "Details": {}}]})

    def _info(self, **_):
        return reply(200, {"ID": "FAKE", "NCPU": 8, "MemTotal": 16 << 30, "Containers": len(self.containers)})

    # Events.

    def check_events(self, url, headers):
        with self.lock:
            self._check_version(url.path)
            self._check_headers("GET", headers, b"")
            query = dict(urllib.parse.parse_qsl(url.query, strict_parsing=True))
            if set(query) - {"since", "until", "filters"}:
                self._violate(f"events: the API has no parameter {sorted(query)}")
            self._filters(query.get("filters"), ("type", "event", "label", "container", "network", "volume", "image"))
            try:
                return seconds(query["since"]) - 1 if "since" in query else time.time_ns()
            except ValueError as error:
                self._violate(f"events: {error}")

    def say(self, container, action):
        """One event about a container."""
        with self.lock:
            now = time.time_ns()
            self.events.append({
                "Type": "container", "Action": action, "status": action, "id": container["Id"],
                "Actor": {"ID": container["Id"], "Attributes": {**container["Labels"], "name": container["Name"]}},
                "scope": "local", "time": now // 10**9, "timeNano": now})
            self.news.notify_all()

    # Containers.

    def find(self, name):
        for container in self.containers.values():
            if name in (container["Id"], container["Name"]) or (len(name) >= 12 and container["Id"].startswith(name)):
                return container
        return None

    def _get(self, name):
        container = self.find(name)
        if not container:
            raise ApiError(404, f"No such container: {name}")
        return container

    def running(self, app="shop"):
        with self.lock:
            return sorted(c["Name"] for c in self.containers.values()
                          if c["State"] == "running" and c["Labels"].get("dev.seawall.app") == app)

    def names(self):
        with self.lock:
            return sorted(container["Name"] for container in self.containers.values())

    def _status(self, container):
        if container["State"] == "running":
            health = {"none": "", "starting": " (health: starting)"}.get(container["Health"], f" ({container['Health']})")
            return "Up 3 seconds" + health
        if container["State"] == "exited":
            return f"Exited ({container['ExitCode']}) 2 seconds ago"
        return container["State"].capitalize()

    def _ports(self, container):
        ports = []
        for key in container["Body"].get("ExposedPorts", {}):
            target, protocol = SPEC_PORT.match(key).groups()
            bound = container["Bound"].get(key, []) if container["State"] == "running" else []
            ports += [{"IP": "0.0.0.0", "PrivatePort": int(target), "PublicPort": port, "Type": protocol} for port in bound]
            if not bound:
                ports.append({"PrivatePort": int(target), "Type": protocol})
        return ports

    def _list(self, query, **_):
        if query.get("all") not in (None, "0", "1", "true", "false"):
            self._violate("all: not a boolean")
        filters = self._filters(query.get("filters"), ("label", "health", "status", "name", "id"))
        found = []
        for container in self.containers.values():
            if query.get("all") not in ("1", "true") and container["State"] != "running":
                continue
            if not self._has_labels(container["Labels"], filters.get("label", [])):
                continue
            if filters.get("health") and container["Health"] not in filters["health"]:
                continue
            found.append({"Id": container["Id"], "Names": ["/" + container["Name"]], "Image": container["Body"]["Image"],
                          "ImageID": "sha256:0", "Command": "x", "Created": 1, "Labels": container["Labels"],
                          "State": container["State"], "Status": self._status(container), "Ports": self._ports(container),
                          "HostConfig": {"NetworkMode": "x"}, "NetworkSettings": {"Networks": {}}, "Mounts": []})
        return reply(200, found)

    @staticmethod
    def _has_labels(labels, wanted):
        for text in wanted:
            key, equals, value = text.partition("=")
            if key not in labels or (equals and labels[key] != value):
                return False
        return True

    def _create(self, query, body, minor, **_):
        name = query.get("name", "")
        if not NAME.match(name):
            self._violate(f"Invalid container name ({name})")
        if not body.get("Image"):
            self._violate("no image")
        image = body["Image"] if ":" in body["Image"].rpartition("/")[2] else body["Image"] + ":latest"
        if image not in self.images:
            raise ApiError(404, f"No such image: {image}")
        other = self.find(name)
        if other:
            raise ApiError(409, f'Conflict. The container name "/{name}" is already in use by container '
                                f'"{other["Id"]}". You have to remove (or rename) that container to be able to reuse that name.')
        endpoints = body.get("NetworkingConfig", {}).get("EndpointsConfig", {})
        if minor < 44 and len(endpoints) > 1:
            raise ApiError(400, "Container cannot be connected to network endpoints: " + ", ".join(endpoints))
        self._check_container(body)
        container = {"Id": secrets.token_hex(32), "Name": name, "Body": body, "Labels": body.get("Labels", {}),
                     "State": "created", "Health": "none", "ExitCode": 0, "Bound": {}, "StartedAt": "",
                     "Networks": dict(endpoints)}
        self.containers[container["Id"]] = container
        self.created.append(name)
        self.say(container, "create")
        return reply(201, {"Id": container["Id"], "Warnings": []})

    def _check_container(self, body):
        host = body.get("HostConfig", {})
        memory = host.get("Memory", 0)
        if memory and memory < MEMORY_MIN:
            raise ApiError(400, "Minimum memory limit allowed is 6MB")
        if host.get("MemoryReservation", 0) > memory > 0:
            raise ApiError(400, "Minimum memory limit can not be less than memory reservation limit, see usage")
        for key in [*body.get("ExposedPorts", {}), *host.get("PortBindings", {})]:
            if not SPEC_PORT.match(key):
                self._violate(f"invalid port specification: \"{key}\"")
        for bindings in host.get("PortBindings", {}).values():
            for binding in bindings:
                if not re.fullmatch(r"(\d{1,5}(-\d{1,5})?)?", binding.get("HostPort", "")):
                    self._violate(f"invalid port specification: \"{binding}\"")
        policy = host.get("RestartPolicy", {})
        if policy.get("Name", "") not in ("", "no", "always", "unless-stopped", "on-failure"):
            self._violate(f"invalid restart policy: {policy}")
        if policy.get("MaximumRetryCount") and policy["Name"] != "on-failure":
            self._violate("maximum retry count cannot be used with restart policy")
        for variable in body.get("Env", []):
            if not variable or variable.startswith("="):
                self._violate(f"invalid environment variable: {variable}")
        check_ = body.get("Healthcheck", {})
        for key in ("Interval", "Timeout", "StartPeriod", "StartInterval"):
            if 0 != check_.get(key, 0) < 1000000:
                self._violate(f"{key} in Healthcheck cannot be less than 1ms")
        for mount in host.get("Mounts", []):
            if mount.get("Type") not in ("bind", "volume", "tmpfs", "npipe", "cluster") or not mount.get("Target", "").startswith("/"):
                self._violate(f"invalid mount config: {mount}")

    def _inspect(self, name, **_):
        container = self._get(name)
        return reply(200, {
            "Id": container["Id"], "Name": "/" + container["Name"], "Image": "sha256:0",
            "State": {"Status": container["State"], "Running": container["State"] == "running",
                      "ExitCode": container["ExitCode"], "StartedAt": container["StartedAt"]},
            "Config": {"Labels": container["Labels"], "Image": container["Body"]["Image"], "Env": container["Body"].get("Env", [])},
            "NetworkSettings": {"Networks": container["Networks"]}, "HostConfig": container["Body"].get("HostConfig", {})})

    def _bind_ports(self, container):
        taken = {port for other in self.containers.values() if other["State"] == "running"
                 for ports in other["Bound"].values() for port in ports}
        bound = {}
        for key, bindings in container["Body"].get("HostConfig", {}).get("PortBindings", {}).items():
            for binding in bindings:
                text = binding.get("HostPort", "")
                first, _, last = text.partition("-")
                choices = range(int(first), int(last or first) + 1) if first else range(49153, 65535)
                free = [port for port in choices if port not in taken]
                if not free:
                    raise ApiError(500, "driver failed programming external connectivity on endpoint "
                                        f"{container['Name']}: Bind for 0.0.0.0:{first} failed: port is already allocated")
                taken.add(free[0])
                bound.setdefault(key, []).append(free[0])
        container["Bound"] = bound

    def _start(self, name, **_):
        container = self._get(name)
        if container["State"] == "running":
            return reply(304)
        mode = container["Body"].get("HostConfig", {}).get("NetworkMode", "bridge")
        for network in [mode, *container["Networks"]]:
            if network not in self.networks and network not in ("bridge", "none", "host", "default"):
                raise ApiError(404, f"network {network} not found")
        for mount in container["Body"].get("HostConfig", {}).get("Mounts", []):
            if mount["Type"] == "volume" and mount.get("Source"):
                self.volumes.setdefault(mount["Source"], {"Name": mount["Source"], "Labels": {}})
        self._bind_ports(container)
        has_check = container["Body"].get("Healthcheck", {}).get("Test", ["NONE"])[:1] != ["NONE"]
        container.update(State="running", ExitCode=0, Health="healthy" if has_check else "none",
                         StartedAt=str(time.time_ns()))
        self.starts += 1
        self.say(container, "start")
        return reply(204)

    def exit(self, name, code):
        """What a process does that ends by itself."""
        with self.lock:
            container = self._get(name)
            container.update(State="exited", ExitCode=code, Bound={})
            self.say(container, "die")

    def set_health(self, name, health):
        with self.lock:
            container = self._get(name)
            container["Health"] = health
            self.say(container, f"health_status: {health}")

    def _stop(self, name, query, **_):
        self._check_timeout(query)
        container = self._get(name)
        if container["State"] != "running":
            return reply(304)
        self.exit(name, 143)
        return reply(204)

    def _check_timeout(self, query):
        if not re.fullmatch(r"-?\d+", query.get("t", "1")):
            self._violate("t: not a number")

    def _restart(self, name, query, **_):
        self._check_timeout(query)
        container = self._get(name)
        if container["State"] == "running":
            self.exit(name, 143)
        self._start(name)
        return reply(204)

    def _remove(self, name, query, **_):
        container = self._get(name)
        if container["State"] == "running" and query.get("force") not in ("1", "true"):
            raise ApiError(409, f"You cannot remove a running container {container['Id']}. Stop the container before "
                                "attempting removal or force remove")
        del self.containers[container["Id"]]
        self.say(container, "destroy")
        return reply(204)

    def _logs(self, name, query, **_):
        self._get(name)
        if query.get("stdout") != "1" and query.get("stderr") != "1":
            raise ApiError(400, "Bad parameters: you must choose at least one stream")
        line = b"hello\n"
        if query.get("timestamps") == "1":
            line = b"2026-11-24T05:23:30.411664203Z " + line
        return 200, "application/vnd.docker.raw-stream", b"\x01\0\0\0" + len(line).to_bytes(4, "big") + line

    # Images.

    def _pull(self, query, headers, **_):
        if headers.get("X-Registry-Auth"):
            try:
                self.auths.append(json.loads(base64.urlsafe_b64decode(headers["X-Registry-Auth"])))
            except ValueError:
                self._violate("X-Registry-Auth: not base64url of JSON")
        else:
            self.auths.append(None)
        repository, tag = query.get("fromImage", ""), query.get("tag", "latest")
        image = f"{repository}:{tag}"
        lines = [{"status": f"Pulling from {repository}", "id": tag}]
        if image not in self.registry:
            raise ApiError(404, f"pull access denied for {repository}, repository does not exist or may require 'docker login'")
        if self.registry[image]:
            lines.append({"errorDetail": {"message": self.registry[image]}, "error": self.registry[image]})
        else:
            self.images.add(image)
            lines.append({"status": f"Status: Downloaded newer image for {image}"})
        return 200, "application/json", b"".join(json.dumps(line).encode() + b"\r\n" for line in lines)

    # Networks and volumes.

    def _objects(self, kind, query):
        filters = self._filters(query.get("filters"), ("label", "name", "driver", "dangling", "id", "scope", "type"))
        return [{"Id": name, "Driver": "local", "Scope": "local", **item} for name, item in kind.items()
                if self._has_labels(item.get("Labels", {}), filters.get("label", []))]

    def _network_list(self, query, **_):
        return reply(200, self._objects(self.networks, query))

    def _network_create(self, body, minor, **_):
        name = body.get("Name")
        if not name:
            raise ApiError(400, "network name is required")
        if name in self.networks:
            if body.get("CheckDuplicate") or minor >= 44:
                raise ApiError(409, f"network with name {name} already exists")
            self._violate(f"a second network {name}")
        self.networks[name] = body
        return reply(201, {"Id": secrets.token_hex(32), "Warning": ""})

    def _network_get(self, name, **_):
        if name not in self.networks:
            raise ApiError(404, f"network {name} not found")
        return reply(200, {"Id": name, **self.networks[name]})

    def _network_remove(self, name, **_):
        if name not in self.networks:
            raise ApiError(404, f"network {name} not found")
        if any(name in c["Networks"] and c["State"] == "running" for c in self.containers.values()):
            raise ApiError(403, f"error while removing network: network {name} has active endpoints")
        del self.networks[name]
        return reply(204)

    def _network_connect(self, name, body, **_):
        if name not in self.networks:
            raise ApiError(404, f"network {name} not found")
        container = self._get(body.get("Container", ""))
        if name in container["Networks"]:
            raise ApiError(403, f"endpoint with name {container['Name']} already exists in network {name}")
        container["Networks"][name] = body.get("EndpointConfig", {})
        return reply(200)

    def _volume_list(self, query, **_):
        return reply(200, {"Volumes": self._objects(self.volumes, query) or None, "Warnings": None})

    def _volume_create(self, body, **_):
        name = body.get("Name") or secrets.token_hex(32)
        volume = self.volumes.setdefault(name, {**body, "Name": name})
        return reply(201, {"Mountpoint": "/x", "Driver": "local", **volume})

    def _volume_get(self, name, **_):
        if name not in self.volumes:
            raise ApiError(404, f"get {name}: no such volume")
        return reply(200, self.volumes[name])

    def _volume_remove(self, name, **_):
        if name not in self.volumes:
            raise ApiError(404, f"get {name}: no such volume")
        for container in self.containers.values():
            for mount in container["Body"].get("HostConfig", {}).get("Mounts", []):
                if mount.get("Source") == name:
                    raise ApiError(409, f"remove {name}: volume is in use - [{container['Id']}]")
        del self.volumes[name]
        return reply(204)


_ONE = r"([^/]+)"
# Path, method, parameters of the API, type of the body, function.
ROUTES = [
    (r"/_ping", "GET", (), None, Api._ping),
    (r"/version", "GET", (), None, Api._version),
    (r"/info", "GET", (), None, Api._info),
    (r"/containers/json", "GET", ("all", "limit", "size", "filters"), None, Api._list),
    (r"/containers/create", "POST", ("name", "platform"), CONTAINER, Api._create),
    (rf"/containers/{_ONE}/json", "GET", ("size",), None, Api._inspect),
    (rf"/containers/{_ONE}/start", "POST", ("detachKeys",), None, Api._start),
    (rf"/containers/{_ONE}/stop", "POST", ("t", "signal"), None, Api._stop),
    (rf"/containers/{_ONE}/restart", "POST", ("t", "signal"), None, Api._restart),
    (rf"/containers/{_ONE}/logs", "GET", ("follow", "stdout", "stderr", "since", "until", "timestamps", "tail"), None, Api._logs),
    (rf"/containers/{_ONE}", "DELETE", ("v", "force", "link"), None, Api._remove),
    (r"/images/create", "POST", ("fromImage", "fromSrc", "repo", "tag", "message", "changes", "platform"), None, Api._pull),
    (r"/networks", "GET", ("filters",), None, Api._network_list),
    (r"/networks/create", "POST", (), NETWORK, Api._network_create),
    (rf"/networks/{_ONE}", "GET", ("verbose", "scope"), None, Api._network_get),
    (rf"/networks/{_ONE}", "DELETE", (), None, Api._network_remove),
    (rf"/networks/{_ONE}/connect", "POST", (), CONNECT, Api._network_connect),
    (r"/volumes", "GET", ("filters",), None, Api._volume_list),
    (r"/volumes/create", "POST", (), VOLUME, Api._volume_create),
    (rf"/volumes/{_ONE}", "GET", (), None, Api._volume_get),
    (rf"/volumes/{_ONE}", "DELETE", ("force",), None, Api._volume_remove),
]
