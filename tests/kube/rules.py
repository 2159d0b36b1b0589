# SPDX-License-Identifier: Apache-2.0
"""What the API server checks that no schema says: names, labels, selectors, what cannot change."""

import re

LABEL_VALUE = re.compile(r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$")
LABEL_NAME = re.compile(r"^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$")
SUBDOMAIN = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
DNS_LABEL = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
SERVICE_NAME = re.compile(r"^[a-z]([-a-z0-9]*[a-z0-9])?$")


def check_metadata(metadata, path, errors):
    for kind in ("labels", "annotations"):
        for key, value in (metadata.get(kind) or {}).items():
            prefix, slash, name = key.rpartition("/")
            if not LABEL_NAME.match(name) or len(name) > 63 or (slash and not SUBDOMAIN.match(prefix)):
                errors.append(f"{path}.{kind}: Invalid value: {key!r}: no qualified name")
            if kind == "labels" and (not LABEL_VALUE.match(value) or len(value) > 63):
                errors.append(f"{path}.labels: Invalid value: {value!r}: no label value")


def check_template(spec, path, errors):
    template = spec.get("template", {})
    check_metadata(template.get("metadata", {}), f"{path}.template.metadata", errors)
    pod = template.get("spec", {})
    volumes = {v["name"] for v in pod.get("volumes", [])}
    volumes |= {c["metadata"]["name"] for c in spec.get("volumeClaimTemplates", [])}
    for volume in pod.get("volumes", []):
        if not DNS_LABEL.match(volume["name"]) or len(volume) != 2:
            errors.append(f"{path}.template.spec.volumes: Invalid value: {volume}")
    for container in pod.get("containers", []):
        where = f"{path}.template.spec.containers[{container['name']}]"
        if not DNS_LABEL.match(container["name"]) or len(container["name"]) > 63:
            errors.append(f"{where}.name: Invalid value")
        if not container.get("image"):
            errors.append(f"{where}.image: Required value")
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in volumes:
                errors.append(f"{where}.volumeMounts: Not found: {mount['name']}")
        if len({m["mountPath"] for m in container.get("volumeMounts", [])}) != len(container.get("volumeMounts", [])):
            errors.append(f"{where}.volumeMounts: must be unique")
        for name in ("readinessProbe", "livenessProbe", "startupProbe"):
            probe = container.get(name, {})
            for field in ("periodSeconds", "timeoutSeconds", "failureThreshold"):
                if probe.get(field, 1) < 1:
                    errors.append(f"{where}.{name}.{field}: must be greater than zero")
            if probe and sum(k in probe for k in ("exec", "httpGet", "tcpSocket", "grpc")) != 1:
                errors.append(f"{where}.{name}: Required value: one handler")
        check_resources(container.get("resources", {}), where, errors)


def quantity(text):
    match = re.fullmatch(r"([0-9.]+)(m|k|M|G|T|Ki|Mi|Gi|Ti)?", str(text))
    factor = {None: 1, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
              "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
    return float(match[1]) * factor[match[2]]


def check_resources(resources, where, errors):
    for name, value in resources.get("requests", {}).items():
        limit = resources.get("limits", {}).get(name)
        if limit is not None and quantity(value) > quantity(limit):
            errors.append(f"{where}.resources.requests: must be less than or equal to {name} limit")


def check_selector(spec, errors):
    wanted = spec.get("selector", {}).get("matchLabels")
    labels = spec["template"].get("metadata", {}).get("labels", {})
    if not wanted:
        errors.append("spec.selector: Required value")
    elif not wanted.items() <= labels.items():
        errors.append("spec.template.metadata.labels: `selector` does not match template `labels`")


def check_service(obj, errors):
    spec = obj.get("spec", {})
    headless = spec.get("clusterIP") == "None"
    ports = spec.get("ports", [])
    if not SERVICE_NAME.match(obj["metadata"]["name"]) or len(obj["metadata"]["name"]) > 63:
        errors.append("metadata.name: a DNS-1035 label must consist of lower case alphanumeric characters or '-'")
    if not ports and not headless:
        errors.append("spec.ports: Required value")
    if headless and spec.get("type") in ("NodePort", "LoadBalancer"):
        errors.append("spec.clusterIPs[0]: may not be set to 'None' for this type")
    names = [p.get("name", "") for p in ports]
    if len(ports) > 1 and (len(set(names)) < len(names) or "" in names):
        errors.append("spec.ports: names must be given and unique")
    if any(len(name) > 15 for name in names):
        errors.append("spec.ports.name: must be no more than 15 characters")
    for port in ports:
        if "nodePort" in port and not 30000 <= port["nodePort"] <= 32767:
            errors.append("spec.ports.nodePort: provided port is not in the valid range")


FIXED = {"Deployment": ["selector"], "StatefulSet": ["selector", "serviceName", "volumeClaimTemplates",
                                                     "podManagementPolicy"],
         "Job": ["template", "completions", "selector"], "Service": ["clusterIP"]}


def check(kind, obj, before):
    """The list of what is wrong with an object that fits its schema."""
    errors = []
    metadata = obj["metadata"]
    check_metadata(metadata, "metadata", errors)
    name = DNS_LABEL if kind == "Namespace" else SUBDOMAIN
    if not name.match(metadata["name"]) or len(metadata["name"]) > (63 if kind == "Namespace" else 253):
        errors.append("metadata.name: Invalid value")
    spec = obj.get("spec", {})
    if kind in ("Deployment", "StatefulSet"):
        check_selector(spec, errors)
    if kind in ("Deployment", "StatefulSet", "Job"):
        check_template(spec, "spec", errors)
    if kind == "Service":
        check_service(obj, errors)
    for field in FIXED.get(kind, []) if before else []:
        if before["spec"].get(field) != spec.get(field) and field in before["spec"]:
            errors.append(f"spec.{field}: Forbidden: field is immutable")
    return errors
