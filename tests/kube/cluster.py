# SPDX-License-Identifier: Apache-2.0
"""The cluster behind the API: controllers, scheduler and kubelet, as far as readiness goes.

Images say what happens: ".../missing" cannot be pulled, ".../crash" ends with status 3 at once,
".../once" ends well, ".../slow" never gets ready; all others run and are ready soon.
"""

import asyncio
import hashlib
import json
import random

from .store import clone, now

DEPLOYMENTS, STATEFULSETS = ("apps", "deployments"), ("apps", "statefulsets")
JOBS, PODS, NODES = ("batch", "jobs"), ("", "pods"), ("", "nodes")
SERVICES, CLAIMS, NAMESPACES = ("", "services"), ("", "persistentvolumeclaims"), ("", "namespaces")
SPREAD = "0123456789bcdfghjklmnpqrstvwxz"


def condition(kind, is_true, reason="", message=""):
    return {"type": kind, "status": "True" if is_true else "False", "reason": reason, "message": message,
            "lastTransitionTime": now()}


class Cluster:
    def __init__(self, store, ready_s=0.02, stop_s=0.02, nodes=2):
        self.store, self.ready_s, self.stop_s = store, ready_s, stop_s
        self.random = random.Random(7)
        self.node_port = 30000
        self.dirty = set()
        self.by_owner = {}  # uid of a workload -> {key of a pod: None}
        self.is_scheduled = False
        self.room = 10**9  # pods that fit
        store.listeners.append(self.on_event)
        for index in range(1, nodes + 1):
            store.create(NODES, (None, f"node-{index}"), {
                "kind": "Node", "apiVersion": "v1",
                "metadata": {"name": f"node-{index}", "labels": {"kubernetes.io/hostname": f"node-{index}"}},
                "spec": {}, "status": {
                    "addresses": [{"type": "InternalIP", "address": f"127.1.0.{index}"}],
                    "allocatable": {"cpu": "3920m", "memory": "15888Mi", "pods": "110"},
                    "conditions": [condition("Ready", True, "KubeletReady")]}})

    def later(self, delay, function, *arguments):
        asyncio.get_running_loop().call_later(delay, function, *arguments)

    # Controllers run at the end of the tick, once for all that changed.

    def on_event(self, resource, kind, obj):
        metadata = obj["metadata"]
        if resource in (DEPLOYMENTS, STATEFULSETS, JOBS) and kind != "DELETED":
            self.dirty.add((resource, (metadata.get("namespace"), metadata["name"])))
        elif resource in (DEPLOYMENTS, STATEFULSETS, JOBS):
            self.later(0, self.collect, metadata["uid"])
        elif resource == PODS:
            for owner in metadata.get("ownerReferences", []):
                pods = self.by_owner.setdefault(owner["uid"], {})
                if kind == "DELETED":
                    pods.pop((metadata["namespace"], metadata["name"]), None)
                else:
                    pods[(metadata["namespace"], metadata["name"])] = None
                plural = {"Deployment": DEPLOYMENTS, "StatefulSet": STATEFULSETS, "Job": JOBS}[owner["kind"]]
                self.dirty.add((plural, (metadata["namespace"], owner["name"])))
        if self.dirty and not self.is_scheduled:
            self.is_scheduled = True
            self.later(0, self.run)

    def run(self):
        self.is_scheduled = False
        dirty, self.dirty = self.dirty, set()
        for resource, key in sorted(dirty, key=str):
            workload = self.store.get(resource, key)
            if workload is None or "deletionTimestamp" in workload["metadata"]:
                continue
            {DEPLOYMENTS: self.run_deployment, STATEFULSETS: self.run_stateful_set,
             JOBS: self.run_job}[resource](key, workload)

    def collect(self, uid):
        """Background deletion: what an owner left."""
        for pod in self.pods_of(uid):
            self.stop_pod(pod)

    def pods_of(self, uid):
        return [self.store.objects[PODS][key] for key in self.by_owner.get(uid, {})]

    # Pods

    def start_pod(self, workload, template, name, labels, extra=None):
        metadata = workload["metadata"]
        spec = clone(template["spec"])
        spec.setdefault("volumes", []).extend(extra or [])
        pod = {"kind": "Pod", "apiVersion": "v1",
               "metadata": {"name": name, "namespace": metadata["namespace"],
                            "labels": {**template["metadata"].get("labels", {}), **labels},
                            "annotations": dict(template["metadata"].get("annotations", {})),
                            "ownerReferences": [{"apiVersion": workload["apiVersion"], "kind": workload["kind"],
                                                 "name": metadata["name"], "uid": metadata["uid"],
                                                 "controller": True, "blockOwnerDeletion": True}]},
               "spec": spec, "status": {"phase": "Pending"}}
        key = (metadata["namespace"], name)
        self.store.create(PODS, key, pod)
        self.later(0, self.schedule, key)

    def schedule(self, key):
        running = 0
        if self.room < len(self.store.objects[PODS]):
            running = sum("nodeName" in p["spec"] for p in self.store.objects[PODS].values())
        nodes = [n["metadata"]["name"] for n in self.store.objects[NODES].values()
                 if not n["spec"].get("unschedulable")]

        def change(pod):
            if running >= self.room or not nodes:
                pod["status"]["conditions"] = [condition(
                    "PodScheduled", False, "Unschedulable",
                    f"0/{len(nodes)} nodes are available: {len(nodes)} Too many pods.")]
                return
            pod["spec"]["nodeName"] = nodes[hash(key[1]) % len(nodes)]
            pod["status"]["conditions"] = [condition("PodScheduled", True), condition("Ready", False)]
        if self.store.edit(PODS, key, change) and "nodeName" in self.store.get(PODS, key)["spec"]:
            self.later(self.ready_s, self.started, key)

    def started(self, key):
        pod = self.store.get(PODS, key)
        if pod is None:
            return
        image = pod["spec"]["containers"][0]["image"]
        outcome = next((word for word in ("missing", "crash", "once", "slow") if f"/{word}" in image), "ready")
        self.store.edit(PODS, key, lambda pod: self.set_status(pod, outcome))
        if outcome == "missing":
            self.later(self.ready_s, self.store.edit, PODS, key, lambda pod: self.set_status(pod, "backoff"))
        elif outcome == "crash":
            self.later(self.ready_s, self.store.edit, PODS, key, lambda pod: self.set_status(pod, "crashloop"))

    def set_status(self, pod, outcome):
        name, image = pod["spec"]["containers"][0]["name"], pod["spec"]["containers"][0]["image"]
        ended = {"exitCode": 3 if outcome != "once" else 0, "reason": "Error" if outcome != "once" else "Completed"}
        waiting = {"missing": {"reason": "ErrImagePull", "message": f"failed to pull and unpack image \"{image}\""},
                   "backoff": {"reason": "ImagePullBackOff", "message": f"Back-off pulling image \"{image}\""},
                   "crashloop": {"reason": "CrashLoopBackOff",
                                 "message": "back-off 10s restarting failed container"}}.get(outcome)
        container = {"name": name, "image": image, "imageID": "", "ready": outcome == "ready",
                     "restartCount": 1 if outcome == "crashloop" else 0, "lastState": {},
                     "state": {"running": {"startedAt": now()}}, "started": outcome == "ready"}
        never = pod["spec"].get("restartPolicy") == "Never"
        phase = "Running"
        if waiting:
            container["state"] = {"waiting": waiting}
            phase = "Running" if outcome == "crashloop" else "Pending"
        if outcome == "crashloop":
            container["lastState"] = {"terminated": ended}
        if outcome == "once" or (outcome in ("crash", "crashloop") and never):
            container["state"] = {"terminated": ended}
            phase = "Succeeded" if outcome == "once" else "Failed"
        pod["status"] = {"phase": phase, "podIP": "10.0.0.1", "startTime": now(), "containerStatuses": [container],
                         "conditions": [condition("PodScheduled", True), condition("Ready", outcome == "ready")]}

    def stop_pod(self, pod):
        key = (pod["metadata"]["namespace"], pod["metadata"]["name"])

        def change(obj):
            obj["metadata"].setdefault("deletionTimestamp", now())
            obj["metadata"].setdefault("deletionGracePeriodSeconds", 15)
        if "deletionTimestamp" not in pod["metadata"] and self.store.edit(PODS, key, change):
            self.later(self.stop_s, self.store.delete, PODS, key)

    @staticmethod
    def is_ready(pod):
        return "deletionTimestamp" not in pod["metadata"] and any(
            c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))

    # Workloads

    def run_deployment(self, key, deployment):
        spec = deployment["spec"]
        wanted, template = spec.get("replicas", 1), spec["template"]
        revision = hashlib.sha1(json.dumps(template, sort_keys=True).encode()).hexdigest()[:10]
        mine = [p for p in self.pods_of(deployment["metadata"]["uid"]) if "deletionTimestamp" not in p["metadata"]]
        new = [p for p in mine if p["metadata"]["labels"].get("pod-template-hash") == revision]
        old = [p for p in mine if p not in new]
        ready = [p for p in mine if self.is_ready(p)]
        surge = spec.get("strategy", {}).get("rollingUpdate", {}).get("maxSurge", 1)
        unavailable = spec.get("strategy", {}).get("rollingUpdate", {}).get("maxUnavailable", 0)
        for _ in range(min(wanted - len(new), wanted + (surge if old else 0) - len(mine))):
            name = f"{key[1]}-{revision}-" + "".join(self.random.choices(SPREAD, k=5))
            self.start_pod(deployment, template, name, {"pod-template-hash": revision})
        # What does not serve goes at once, what serves only while enough others do.
        spare = len(ready) - (wanted - unavailable)
        for pod in sorted(old, key=self.is_ready):
            if not self.is_ready(pod):
                self.stop_pod(pod)
            elif spare > 0:
                spare -= 1
                self.stop_pod(pod)
        for pod in sorted(new, key=self.is_ready)[:max(0, len(new) - wanted)]:
            self.stop_pod(pod)
        self.store.edit(DEPLOYMENTS, key, lambda obj: self.deployment_status(obj, revision))

    def deployment_status(self, obj, revision):
        mine = [p for p in self.pods_of(obj["metadata"]["uid"]) if "deletionTimestamp" not in p["metadata"]]
        updated = [p for p in mine if p["metadata"]["labels"].get("pod-template-hash") == revision]
        ready = [p for p in mine if self.is_ready(p)]
        wanted = obj["spec"].get("replicas", 1)
        status = {"observedGeneration": obj["metadata"]["generation"], "replicas": len(mine),
                  "updatedReplicas": len(updated), "readyReplicas": len(ready), "availableReplicas": len(ready),
                  "unavailableReplicas": max(0, wanted - len(ready))}
        status = {k: v for k, v in status.items() if v or k == "observedGeneration"}
        before = obj.get("status", {})
        status["conditions"] = [
            {"type": "Available", "status": "True" if len(ready) >= wanted else "False",
             "reason": "MinimumReplicasAvailable" if len(ready) >= wanted else "MinimumReplicasUnavailable",
             "message": ""},
            {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated", "message": ""}]
        if status != before:
            obj["status"] = status

    def run_stateful_set(self, key, workload):
        spec = workload["spec"]
        template = spec["template"]
        revision = hashlib.sha1(json.dumps(template, sort_keys=True).encode()).hexdigest()[:10]
        wanted = spec.get("replicas", 1)
        mine = {p["metadata"]["name"]: p for p in self.pods_of(workload["metadata"]["uid"])}
        for index in range(wanted):
            name = f"{key[1]}-{index}"
            pod = mine.pop(name, None)
            if pod is None:
                self.start_stateful_pod(workload, template, name, index, revision)
            elif pod["metadata"]["labels"].get("controller-revision-hash") != revision:
                self.stop_pod(pod)
        for pod in mine.values():
            self.stop_pod(pod)
        pods = self.pods_of(workload["metadata"]["uid"])
        ready = sum(self.is_ready(p) for p in pods)
        updated = sum(p["metadata"]["labels"].get("controller-revision-hash") == revision for p in pods)

        def change(obj):
            obj["status"] = {"observedGeneration": obj["metadata"]["generation"], "replicas": len(pods),
                             "readyReplicas": ready, "availableReplicas": ready, "updatedReplicas": updated,
                             "currentReplicas": updated, "updateRevision": revision,
                             "currentRevision": revision if updated == len(pods) else "before"}
        self.store.edit(STATEFULSETS, key, change)

    def start_stateful_pod(self, workload, template, name, index, revision):
        volumes = []
        for claim in workload["spec"].get("volumeClaimTemplates", []):
            claim_name = f"{claim['metadata']['name']}-{name}"
            key = (workload["metadata"]["namespace"], claim_name)
            volumes.append({"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": claim_name}})
            if self.store.get(CLAIMS, key) is None:
                obj = clone(claim)
                obj["metadata"].update(name=claim_name, namespace=key[0])
                obj.update(kind="PersistentVolumeClaim", apiVersion="v1", status={"phase": "Bound"})
                self.store.create(CLAIMS, key, obj)
        self.start_pod(workload, template, name, {
            "controller-revision-hash": revision, "statefulset.kubernetes.io/pod-name": name,
            "apps.kubernetes.io/pod-index": str(index)}, volumes)

    def run_job(self, key, job):
        pods = self.pods_of(job["metadata"]["uid"])
        done = sum(p["status"]["phase"] == "Succeeded" for p in pods)
        failed = sum(p["status"]["phase"] == "Failed" for p in pods)
        wanted, active = job["spec"].get("completions", 1), len(pods) - done - failed
        is_failed = failed > job["spec"].get("backoffLimit", 6)
        if not is_failed and active + done < wanted:
            for _ in range(wanted - active - done):
                name = f"{key[1]}-" + "".join(self.random.choices(SPREAD, k=5))
                self.start_pod(job, job["spec"]["template"], name, {"batch.kubernetes.io/job-name": key[1]})
            active = wanted - done

        def change(obj):
            status = {"active": active, "succeeded": done, "failed": failed}
            obj["status"] = {k: v for k, v in status.items() if v}
            if done >= wanted:
                obj["status"]["conditions"] = [condition("Complete", True, "CompletionsReached")]
            elif is_failed:
                obj["status"]["conditions"] = [condition("Failed", True, "BackoffLimitExceeded",
                                                         "Job has reached the specified backoff limit")]
            if [c["type"] for c in job.get("status", {}).get("conditions", [])] == \
                    [c["type"] for c in obj["status"].get("conditions", [])] and \
                    {k: v for k, v in job.get("status", {}).items() if k != "conditions"} == \
                    {k: v for k, v in obj["status"].items() if k != "conditions"}:
                obj["status"] = job.get("status", {})
        self.store.edit(JOBS, key, change)

    # What the server itself fills in

    def defaults(self, resource, obj):
        if resource != SERVICES:
            return
        spec = obj.setdefault("spec", {})
        spec.setdefault("type", "ClusterIP")
        if spec.get("clusterIP") != "None":
            spec.setdefault("clusterIP", "10.96.0.1")
        for port in spec.get("ports", []):
            port.setdefault("protocol", "TCP")
            port.setdefault("targetPort", port["port"])
            if spec["type"] in ("NodePort", "LoadBalancer") and "nodePort" not in port:
                self.node_port += 1
                port["nodePort"] = self.node_port
        if spec["type"] == "LoadBalancer":
            obj["status"] = {"loadBalancer": {"ingress": [{"ip": "127.2.0.1"}]}}
        else:
            obj.setdefault("status", {"loadBalancer": {}})

    def end_namespace(self, name):
        for resource, objects in self.store.objects.items():
            for key in [k for k in objects if k[0] == name and resource != NAMESPACES]:
                self.store.delete(resource, key)
        self.store.delete(NAMESPACES, (None, name))
