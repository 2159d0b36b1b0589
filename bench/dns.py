# SPDX-License-Identifier: Apache-2.0
"""The nameserver beside gdnsd, which weighs addresses too, and NSD, which only serves: processor time per answer.

Queries by UDP on the loopback, 32 under way at a time, each server on one core with one thread, the client on another;
in turn, several times. What is compared is user and system time of the server per answer: queries per second would be
those of the client. The kernel's part, the same for all, is most of it.
"""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from lab.process import children, cpu_seconds

from . import packages
from .result import beside_limit, beside_peer

QUERIES, ROUNDS = 60000, 5
NAMES = 1000
CLOUDS = ('amber', 'birch', 'cedar')
ZONE = 'example.test'
PORT = 5399
HIT, MISS = f's#.{ZONE}', f'x#.{ZONE}'


def names():
    return [f's{i:06}' for i in range(NAMES)]


class Server:
    """A nameserver on an address of its own, on one core."""

    def __init__(self, host, folder):
        self.address = f'127.53.1.{host}'
        self.folder = Path(folder)
        self.process = None

    def run(self, argv, **options):
        with open(self.folder / 'log', 'wb') as log:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                                            preexec_fn=lambda: os.sched_setaffinity(0, {0}), **options)

    def answers(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(0.1)
            client.connect((self.address, PORT))
            with contextlib.suppress(OSError):
                client.send(b'\0\1\0\0\0\1\0\0\0\0\0\0\7s000000\7example\4test\0\0\1\0\1')
                return client.recv(512)[3] & 15 == 0
        return False

    def wait(self):
        deadline = time.monotonic() + 20
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f'{self.process.args[0]}: {(self.folder / "log").read_text()[-2000:]}')
            time.sleep(0.05)
        return self

    def cpu_seconds(self):
        pids, at = [self.process.pid], 0
        while at < len(pids):
            pids += children(pids[at])
            at += 1
        return sum(map(cpu_seconds, pids))

    def close(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__('localhost')
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


class Seawall(Server):
    def start(self, build):
        endpoints = [{'address': f'192.0.2.{i}', 'port': 80, 'cluster': cloud, 'region': cloud, 'provider': cloud,
                      'weight': i, 'pin': 'up'} for i, cloud in enumerate(CLOUDS, 1)]
        intent = {'generation': 1, 'zone': ZONE, 'nameservers': [f'ns1.{ZONE}'],
                  'names': [{'name': f'{name}.{ZONE}', 'app': 'shop', 'service': 'web', 'ttl': 5,
                             'probe': {'kind': 'none', 'port': 80, 'interval_ms': 0, 'timeout_ms': 0},
                             'endpoints': endpoints} for name in names()]}
        path = str(self.folder / 'ns.sock')
        self.run([build / 'seawall', 'nameserver', '--socket', path, '--state', self.folder / 'state',
                  '--listen', f'{self.address}:{PORT}'])
        deadline = time.monotonic() + 20
        while not os.path.exists(path) and time.monotonic() < deadline:
            time.sleep(0.05)
        with contextlib.closing(Unix(path)) as connection:
            connection.request('PUT', '/v1/intent', json.dumps(intent))
            reply = connection.getresponse()
            text = reply.read().decode()
            assert reply.status // 100 == 2, text
        return self.wait()


class Gdnsd(Server):
    """Its own way to do the same: the addresses of a name weighted, several in an answer."""

    def start(self, root):
        etc = self.folder / 'etc'
        (etc / 'zones').mkdir(parents=True)
        resources = '\n'.join(f'  {name} => {{ multi = true, ' + ', '.join(
            f'{cloud} = [ 192.0.2.{i}, {i} ]' for i, cloud in enumerate(CLOUDS, 1)) + ' }' for name in names())
        (etc / 'config').write_text(
            f'options => {{ listen => {self.address}, dns_port => {PORT}, udp_threads => 1, tcp_threads => 1,\n'
            f'  run_dir => {self.folder}/run, state_dir => {self.folder}/run }}\n'
            f'plugins => {{ weighted => {{ service_types = up\n{resources}\n}} }}\n', encoding='ascii')
        (etc / 'zones' / ZONE).write_text(
            f'@ SOA ns1 hostmaster 1 60 30 604800 5\n@ NS ns1\nns1 A 192.0.2.53\n'
            + ''.join(f'{name} 5/5 DYNA weighted!{name}\n' for name in names()), encoding='ascii')
        self.run([root / 'usr/sbin/gdnsd', '-c', etc, 'start'], env=packages.environment(root))
        return self.wait()


class Nsd(Server):
    def start(self, root):
        (self.folder / 'zone').write_text(
            f'$ORIGIN {ZONE}.\n@ 60 SOA ns1 hostmaster 1 60 30 604800 5\n@ NS ns1\nns1 A 192.0.2.53\n'
            + ''.join(f'{name} 5 A 192.0.2.{i}\n' for name in names() for i in range(1, 1 + len(CLOUDS))),
            encoding='ascii')
        (self.folder / 'nsd.conf').write_text(
            f'server:\n  ip-address: {self.address}@{PORT}\n  server-count: 1\n  username: ""\n  chroot: ""\n'
            f'  zonesdir: "{self.folder}"\n  pidfile: "{self.folder}/pid"\n  database: ""\n  rrl-ratelimit: 0\n'
            f'  zonelistfile: "{self.folder}/list"\n  xfrdfile: "{self.folder}/xfrd"\n  xfrdir: "{self.folder}"\n'
            f'remote-control:\n  control-enable: no\nzone:\n  name: {ZONE}\n  zonefile: zone\n', encoding='ascii')
        self.run([root / 'usr/sbin/nsd', '-d', '-c', self.folder / 'nsd.conf'], env=packages.environment(root))
        return self.wait()


def cost_us(build, server, form):
    """Microseconds of the server's processor for an answer."""
    before = server.cpu_seconds()
    done = subprocess.run([build / 'bench' / 'bench_dns_load', server.address, str(PORT), str(QUERIES),
                           str(NAMES), form], check=True, capture_output=True, text=True,
                          preexec_fn=lambda: os.sched_setaffinity(0, {max(os.sched_getaffinity(0))}))
    used = server.cpu_seconds() - before
    counts = json.loads(done.stdout)
    assert counts['answered'] > 0.99 * QUERIES, (type(server).__name__, counts)
    assert counts['noerror' if form == HIT else 'nxdomain'] == counts['answered'], (type(server).__name__, counts)
    return used * 1e6 / counts['answered']


def measure(build):
    root = packages.unpack('nsd', 'gdnsd', 'libevent-2.1-7', 'libfstrm0', 'libprotobuf-c1', 'libev4', 'liburcu8',
                           'libmaxminddb0', 'libunwind8')
    with contextlib.ExitStack() as stack:
        servers = []
        for host, (kind, argument) in enumerate([(Seawall, build), (Gdnsd, root), (Nsd, root)], 1):
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            server = kind(host, folder)
            stack.callback(server.close)
            servers.append(server.start(argument))
        costs = {(server, form): [] for server in servers for form in (HIT, MISS)}
        for _ in range(ROUNDS):
            for server, form in costs:
                costs[server, form].append(cost_us(build, server, form))
    # Whatever else this machine does adds to a cost and never takes from it: the least is the nearest to the truth.
    least = {key: min(values) for key, values in costs.items()}
    ours, gdnsd, nsd = servers
    for (server, form), values in costs.items():
        print(f'{type(server).__name__:8} {form:18} {" ".join(f"{value:.2f}" for value in values)} us')
    return [
        beside_peer('weighted addresses by UDP, processor time', least[ours, HIT], 'us', 'gdnsd', least[gdnsd, HIT],
                    None),
        beside_peer('addresses by UDP, processor time', least[ours, HIT], 'us', 'nsd', least[nsd, HIT], None),
        beside_peer('a name that there is not, processor time', least[ours, MISS], 'us', 'gdnsd',
                    least[gdnsd, MISS], None),
        beside_limit('a denial beside an answer', least[ours, MISS] / least[ours, HIT], 'times', 1.1),
    ]
