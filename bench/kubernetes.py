# SPDX-License-Identifier: Apache-2.0
"""Kubernetes, against the API server of tests/kube: 1,000 Deployments to ready, 10,000 pods that change 2,000 times
a second, and 1,000 connections that break. Processor time and memory are those of `seawall server` alone."""

import json
import os
import re
import tempfile
import time

import support.server
from kube import KubeServer, openapi_folder
from support.server import Server, cluster_json, until

from .result import beside_limit

DEPLOYMENTS = 1000
PODS, EVENTS_A_SECOND, SECONDS = 10000, 2000, 10
CLUSTERS, ROUNDS = 50, 20  # each round breaks all connections of all clusters


def kubernetes_json(endpoint, provider):
    return {**cluster_json(endpoint, provider), 'driver': 'kubernetes', 'addresses': []}


class Suite:
    """A server of the release build on API servers."""

    def __init__(self, build, folder):
        support.server.SEAWALL = str(build / 'seawall')
        self.server = Server(folder).start()

    def __enter__(self):
        return self.server

    def __exit__(self, *_):
        self.server.close()


def measure_deployments(build, folder):
    app = {'name': 'bench', 'ttl': 5, 'networks': {'default': {'name': 'bench_default'}},
           'services': {f's{number:04}': {'image': 'shop/web:1', 'replicas': 1, 'networks': {'default': {}}}
                        for number in range(DEPLOYMENTS)}}
    with Suite(build, folder) as server, KubeServer(openapi_folder()) as kube:
        server.apply({'amber': kubernetes_json(kube.endpoint, 'amber')})
        server.until_ready('amber')
        before, began = server.cpu_s(), time.monotonic()
        last = server.up(app, timeout=600)
        assert last['phase'] == 'done', last
        seconds, cpu = time.monotonic() - began, server.cpu_s() - before
        ready = sum(d['status'].get('availableReplicas', 0) for d in kube.objects('deployments'))
        assert ready == DEPLOYMENTS and kube.refused == [], kube.refused[:3]
        asked = [line for line in kube.requests() if not re.match(r'GET /version|.*watch=1', line)]
        print(f'{DEPLOYMENTS} Deployments: {seconds:.1f} s, {len(asked)} requests, {cpu:.2f} s of processor, '
              f'{server.rss_kb(peak=True) / 1024:.1f} MiB')
        return [
            beside_limit('requests for each of 1,000 Deployments', len(asked) / DEPLOYMENTS, '', 4),
            beside_limit('processor time until they are ready', cpu, 's', 10),
            beside_limit('memory', server.rss_kb(peak=True) / 1024, 'MiB', 60),
        ]


class Line:
    """An event of a watch that was written beforehand."""

    __slots__ = ('version', 'kind', 'object', 'before', 'line')

    def __init__(self, version, kind, obj, line):
        self.version, self.kind, self.object, self.before, self.line = version, kind, obj, obj, line


def pod(number, ready):
    """As large as a real one, managedFields included."""
    name = f'web-{number:05}'
    labels = {'app.kubernetes.io/managed-by': 'seawall', 'dev.seawall.app': 'shop', 'dev.seawall.service': 'web'}
    return {'kind': 'Pod', 'apiVersion': 'v1',
            'metadata': {'name': name, 'namespace': 'shop', 'uid': f'uid-{name}', 'labels': labels,
                         'resourceVersion': '%RV%', 'annotations': {'dev.seawall.digest': 'd' * 64},
                         'managedFields': [{'manager': 'kubelet', 'operation': 'Update', 'fieldsV1': {
                             f'f:field-{i}': {f'f:more-{j}': {} for j in range(8)} for i in range(14)}}]},
            'spec': {'containers': [{'name': 'web', 'image': 'shop/web:1'}], 'nodeName': 'node-1'},
            'status': {'phase': 'Running', 'conditions': [{'type': 'Ready', 'status': str(ready)}],
                       'containerStatuses': [{'name': 'web', 'ready': ready, 'restartCount': 0, 'lastState': {},
                                              'state': {'running': {'startedAt': '2026-11-24T00:00:00Z'}}}]}}


def fill(store):
    for number in range(PODS):
        obj = pod(number, True)
        store.create(('', 'pods'), ('shop', obj['metadata']['name']), obj)
    store.history[('', 'pods')].clear()


def emit(kube, lines, first):
    """A hundredth of a second's events at once."""
    def run():
        history = kube.store.history[('', 'pods')]
        for number in range(first, first + EVENTS_A_SECOND // 100):
            kube.store.version += 1
            ready, obj = number // PODS % 2 == 1, lines[number % PODS][2]
            line = lines[number % PODS][ready].replace(b'%RV%', str(kube.store.version).encode())
            history.append(Line(kube.store.version, 'MODIFIED', obj, line))
        kube.store.changed.set()
        kube.store.changed = type(kube.store.changed)()
    kube.call(run)


def measure_watch(build, folder):
    lines = []
    for number in range(PODS):
        both = [json.dumps({'type': 'MODIFIED', 'object': pod(number, ready)}, separators=(',', ':')).encode() + b'\n'
                for ready in (False, True)]
        lines.append((*both, {'metadata': {'labels': pod(number, True)['metadata']['labels']}}))
    with Suite(build, folder) as server, KubeServer() as kube:
        kube.call(fill, kube.store)
        server.apply({'amber': kubernetes_json(kube.endpoint, 'amber')})
        server.until_ready('amber')
        assert server.clusters()['amber']['replicas'] == PODS
        before, began = server.cpu_s(), time.monotonic()
        for step in range(100 * SECONDS):
            emit(kube, lines, step * (EVENTS_A_SECOND // 100))
            time.sleep(max(0, began + (step + 1) / 100 - time.monotonic()))
        seconds, cpu = time.monotonic() - began, server.cpu_s() - before
        # Is it current? One more pod, and the time until it is seen.
        began = time.monotonic()
        extra = {**pod(PODS, True)}
        kube.call(kube.store.create, ('', 'pods'), ('shop', extra['metadata']['name']), extra)
        until(lambda: server.clusters()['amber']['replicas'] == PODS + 1, 'the last change is seen')
        lag = time.monotonic() - began
        events = EVENTS_A_SECOND * SECONDS
        print(f'{PODS} pods, {len(lines[0][0])} bytes an event: {events / seconds:.0f} events a second, '
              f'{cpu / seconds * 100:.0f} % of a core, {lag * 1000:.0f} ms behind, '
              f'{server.rss_kb(peak=True) / 1024:.1f} MiB')
        return [
            beside_limit('events a second of 10,000 pods', events / seconds, '', 0.95 * EVENTS_A_SECOND, 'higher'),
            beside_limit('cores that this takes', cpu / seconds, '', 0.5),
            beside_limit('the last one is seen after', lag, 's', 1),
        ]


def open_files(server):
    return len(os.listdir(f'/proc/{server.process.pid}/fd'))


def measure_reconnects(build, folder):
    hosts = [f'127.0.8.{number}' for number in range(1, CLUSTERS)]
    with Suite(build, folder) as server, KubeServer(more_hosts=hosts) as kube:
        server.apply({f'c{number:02}': kubernetes_json(f'tcp://{host}:{kube.port}', f'c{number:02}')
                      for number, host in enumerate([kube.host, *hosts])})
        sizes = []
        for _ in range(ROUNDS):
            until(lambda: all(c['state'] == 'ready' for c in server.clusters().values()), 'all are back', 60)
            sizes.append((server.rss_kb(), open_files(server)))
            kube.cut_all()
            until(lambda: any(c['state'] != 'ready' for c in server.clusters().values()), 'the cut is seen', 60)
        until(lambda: all(c['state'] == 'ready' for c in server.clusters().values()), 'all are back', 60)
        # Connections of old calls may take a moment to be closed.
        until(lambda: open_files(server) <= sizes[ROUNDS // 2][1], 'no file stays open', 60)
        growth = server.rss_kb() / sizes[ROUNDS // 2][0]
        print(f'{CLUSTERS * ROUNDS} reconnects: memory {sizes[ROUNDS // 2][0]} to {server.rss_kb()} KiB in the second '
              f'half, open files {sizes[ROUNDS // 2][1]} to {open_files(server)}')
        return [beside_limit('memory after 1,000 reconnects, by that after 500', growth, 'times', 1.05)]


def measure(build):
    results = []
    for part in (measure_deployments, measure_watch, measure_reconnects):
        with tempfile.TemporaryDirectory() as folder:
            results += part(build, folder)
    return results
