# SPDX-License-Identifier: Apache-2.0
"""50 services on a real Docker Engine: Seawall, Compose 2 and the limit in turn, on the same Engine.

The limit is what the Engine takes for the bare create and start calls, sent eight at a time by a client that does
nothing else. Times are of whole processes, from the command to its end, except the limit's, which knows no start.
"""

import concurrent.futures
import contextlib
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from lab import Lab
from lab.api import EngineError

from . import compose
from .result import beside_peer

SERVICES = 50
AT_ONCE = 8
RUNS = int(os.environ.get('BENCH_RUNS', '5'))
RUNS_OF_THREE = min(RUNS, 3)
APP = 'bench'
IMAGE = 'seawall-bench/web:1'
COMMAND = ['/bin/busybox', 'sh', '-c', 'trap exit TERM; sleep 86400 & wait']  # process 1 gets no signal that it does not ask for
CLOUDS = ('amber', 'birch', 'coral')
WAIT_S = 120


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__('localhost', timeout=WAIT_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def call(connection, method, path, body=None):
    """A call on a connection that stays open. Returns what the reply says, as JSON if it is."""
    text = None if body is None else json.dumps(body)
    connection.request(method, path, text, {'Content-Type': 'application/json'} if text else {})
    reply = connection.getresponse()
    data = reply.read()
    if reply.status >= 400:
        raise RuntimeError(f'{method} {path}: {reply.status}: {data.decode(errors="replace")[:400]}')
    return data


# The file, for Compose and for Seawall.

def service_names():
    return [f'web{number:02}' for number in range(1, SERVICES + 1)]


def compose_file(replicas):
    """One replica of each service for each Engine; with one Engine there is nothing to survive."""
    service = {'image': IMAGE, 'command': COMMAND}
    app = {'name': APP, 'services': {name: dict(service) for name in service_names()}}
    if replicas > 1:
        app['x-seawall'] = {'survive': {'provider': 1}}
        for entry in app['services'].values():
            entry['deploy'] = {'replicas': replicas - 1}
    return app


# The Engines.

def each(function, items):
    """Eight at a time; the first exception is raised."""
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(function, items))


def clean(engine):
    """Removes every container and network of the app, whoever made it.

    A container is stopped before it is removed: this Engine may keep the endpoint of one that is removed while it
    runs, and the network with it. One that stays nevertheless has a name that nobody needs again.
    """
    connections = threading.local()

    def remove(container):
        if not hasattr(connections, 'own'):
            connections.own = UnixConnection(engine.socket)
        call(connections.own, 'POST', f"/containers/{container['Id']}/stop?t=0")
        call(connections.own, 'DELETE', f"/containers/{container['Id']}?force=1&v=1")

    each(remove, engine.call('GET', '/containers/json?all=1'))
    for network in engine.call('GET', '/networks'):
        if network['Name'].startswith(APP):
            with contextlib.suppress(EngineError):
                engine.call('DELETE', f"/networks/{network['Id']}")


def check(engine):
    running = len(engine.call('GET', '/containers/json'))
    if running != SERVICES:
        raise RuntimeError(f'{running} containers run, not {SERVICES}')


def limit(engine):
    """Seconds for create and start of all, and nothing else."""
    network = f'{APP}_limit_{time.monotonic_ns()}'
    engine.call('POST', '/networks/create', {'Name': network})
    connections = threading.local()

    def start(name):
        if not hasattr(connections, 'own'):
            connections.own = UnixConnection(engine.socket)
        call(connections.own, 'POST', f'/containers/create?name={APP}-{name}-1',
             {'Image': IMAGE, 'Cmd': COMMAND, 'HostConfig': {'NetworkMode': network},
              'NetworkingConfig': {'EndpointsConfig': {network: {'Aliases': [name]}}}})
        call(connections.own, 'POST', f'/containers/{APP}-{name}-1/start')

    began = time.monotonic()
    each(start, service_names())
    return time.monotonic() - began


def limit_process(path):
    """The same as a process of its own, so that three do not share an interpreter."""
    return subprocess.Popen([sys.executable, '-m', 'bench.deploy', path], stdout=subprocess.PIPE, text=True,
                            cwd=os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                            env={**os.environ, 'PYTHONPATH': 'tests'})


def limit_of(engines):
    processes = [limit_process(engine.socket) for engine in engines]
    return max(float(process.communicate()[0]) for process in processes)


def timed(argv, **options):
    """Seconds that a command takes, which must go well."""
    began = time.monotonic()
    done = subprocess.run([str(word) for word in argv], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False, **options)
    seconds = time.monotonic() - began
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, argv))}: {done.returncode}: {done.stderr[-2000:]}{done.stdout[-2000:]}")
    return seconds


class Seawall:
    """A control plane of its own, with these Engines as its fleet."""

    def __init__(self, program, folder, engines, files):
        self.program = program
        self.socket = os.path.join(folder, 'seawall.sock')
        self.files = files
        self.log = os.path.join(folder, 'server.log')
        fleet = {'clusters': {engine.name: {
            'driver': 'docker', 'endpoint': f'unix://{engine.socket}', 'provider': engine.name, 'region': engine.name,
            'addresses': [engine.machine.address]} for engine in engines}}
        with open(os.path.join(folder, 'fleet.yaml'), 'w', encoding='ascii') as file:
            json.dump(fleet, file)  # which is YAML too
        with open(self.log, 'w', encoding='ascii') as log:
            self.process = subprocess.Popen(
                [program, 'server', '--state', f'sqlite:{folder}/state.db', '--socket', self.socket,
                 '--no-nameserver'], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._until(lambda: os.path.exists(self.socket), 'the server listens')
        self.run('fleet', 'apply', '-f', os.path.join(folder, 'fleet.yaml'))
        self._until(self._is_ready, 'the Engines are connected')

    def _until(self, check_, what):
        deadline = time.monotonic() + WAIT_S
        while not check_():
            if self.process.poll() is not None or time.monotonic() > deadline:
                with open(self.log, encoding='utf-8') as log:
                    raise RuntimeError(f'not within {WAIT_S} s: {what}\n{log.read()[-2000:]}')
            time.sleep(0.05)

    def _is_ready(self):
        fleet = json.loads(call(UnixConnection(self.socket), 'GET', '/v1/fleet'))
        return all(cluster['state'] == 'ready' for cluster in fleet['clusters'])

    def run(self, *words):
        return timed([self.program, *words], env={**os.environ, 'SEAWALL_SOCKET': self.socket})

    def up(self):
        return self.run('up', '-f', self.files)

    def down(self):
        self.run('down', '-p', APP)

    def close(self):
        self.process.terminate()
        self.process.wait()


@contextlib.contextmanager
def seawall(build, engines):
    with tempfile.TemporaryDirectory() as folder:
        files = os.path.join(folder, 'compose.yaml')
        with open(files, 'w', encoding='ascii') as file:
            json.dump(compose_file(len(engines)), file)
        control = Seawall(str(build / 'seawall'), folder, engines, files)
        try:
            yield control
        finally:
            control.close()


class Compose:
    def __init__(self, program, folder, engine):
        # A project of its own: what is left of its network must not be in Seawall's way.
        self.words = [program, '-p', f'{APP}-peer', '-f', os.path.join(folder, 'compose.yaml')]
        self.env = {**os.environ, 'DOCKER_HOST': f'unix://{engine.socket}'}
        with open(self.words[-1], 'w', encoding='ascii') as file:
            json.dump(compose_file(1), file)

    def up(self):
        return timed([*self.words, 'up', '-d'], env=self.env)


def show(what, seconds):
    print(f'{what:32} {"  ".join(f"{value:6.2f}" for value in seconds)}   median {statistics.median(seconds):6.2f} s',
          flush=True)


def measure_one(build, engine, program):
    """In turn, so that a slow moment of the computer meets all alike. Returns the medians."""
    seconds = {'seawall': [], 'compose': [], 'limit': []}

    with tempfile.TemporaryDirectory() as folder, seawall(build, [engine]) as control:
        peer = Compose(program, folder, engine)
        for _ in range(RUNS):
            seconds['compose'].append(peer.up())
            check(engine)
            clean(engine)
            seconds['seawall'].append(control.up())
            check(engine)
            control.down()
            clean(engine)
            seconds['limit'].append(limit_of([engine]))
            check(engine)
            clean(engine)
    for what, values in seconds.items():
        show(what, values)
    return {what: statistics.median(values) for what, values in seconds.items()}


def measure_three(build, engines):
    seconds = {'seawall, three Engines': [], 'limit, three Engines': []}

    with seawall(build, engines) as control:
        for _ in range(RUNS_OF_THREE):
            seconds['seawall, three Engines'].append(control.up())
            for engine in engines:
                check(engine)
            control.down()
            seconds['limit, three Engines'].append(limit_of(engines))
            each(clean, engines)
    for what, values in seconds.items():
        show(what, values)
    return [statistics.median(values) for values in seconds.values()]


def measure(build):
    program = compose.program()
    version = compose.version(program)

    with Lab('bench') as lab:
        engines = [lab.cloud(name).engine() for name in CLOUDS]
        for engine in engines:
            engine.import_image(IMAGE, {'bin/busybox': '/bin/busybox'}, [f'CMD {json.dumps(COMMAND)}'])
        limit_of(engines[:1])  # the first of all is slower for everybody
        clean(engines[0])
        one = measure_one(build, engines[0], program)
        three, three_limit = measure_three(build, engines)
    # Three Engines on few cores share them: what three bare clients make of it is the limit then.
    has_cores = three_limit <= 1.3 * one['limit']
    return [
        beside_peer(f'deploy {SERVICES} services', one['seawall'], 's', f'Compose {version}', one['compose'], 0.9),
        beside_peer(f'deploy {SERVICES} services', one['seawall'], 's', 'bare calls', one['limit'], 1.15),
        beside_peer('deploy on three Engines', three, 's', 'on one', one['seawall'], 1.3 if has_cores else None),
        beside_peer('deploy on three Engines', three, 's', 'bare calls', three_limit, 1.15),
    ]


if __name__ == '__main__':
    class _Engine:
        """An Engine that somebody else started."""
        socket = sys.argv[1]

        @staticmethod
        def call(method, path, body=None):
            """As the lab's Engine does it."""
            return call(UnixConnection(sys.argv[1]), method, path, body)

    print(limit(_Engine))
