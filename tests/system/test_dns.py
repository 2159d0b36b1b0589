# SPDX-License-Identifier: Apache-2.0
"""The nameserver on real sockets, judged by dnspython and by what four other nameservers answer."""

import collections
import itertools
import json
import os
import random
import socket
import struct
import subprocess

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import pytest
import unbound

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.dirname(os.path.abspath(os.environ.get("SEAWALL") or os.path.join(HERE, "../../build/seawall")))
TOOL = os.path.join(BUILD, "tests", "system", "dns_tool")
LOAD = os.path.join(BUILD, "bench", "bench_dns_load")
PORT = 5300
PATIENCE = 10


def make_endpoint(address, weight=1, domain="amber"):
    return {"address": address, "port": 80, "cluster": domain, "region": domain, "provider": domain,
            "weight": weight, "pin": "up"}


def make_name(name, endpoints, ttl=5):
    probe = {"kind": "tcp", "port": 80, "interval_ms": 0, "timeout_ms": 0}
    return {"name": name, "app": "shop", "service": "web", "ttl": ttl, "probe": probe, "endpoints": endpoints}


def make_intent(zone, nameservers, names):
    return {"generation": 9, "zone": zone, "nameservers": nameservers, "names": names}


SHOP = make_intent("example.test", ["ns1.example.test"], [
    make_name("shop.example.test", [
        make_endpoint("192.0.2.1", 1, "amber"), make_endpoint("192.0.2.2", 2, "birch"),
        make_endpoint("192.0.2.3", 3, "cedar"), make_endpoint("192.0.2.4", 4, "cedar"),
        make_endpoint("192.0.2.5", 5, "cedar"), make_endpoint("2001:db8::1")]),
    make_name("www.deep.example.test", [make_endpoint("192.0.2.9")]),
    make_name("outside.other", [make_endpoint("192.0.2.9")]),
])


class Nameserver:
    """dns_tool on an address of its own."""

    numbers = itertools.count()

    def __init__(self):
        pid = os.getpid() & 0xffff
        self.address = f"127.{64 + next(self.numbers)}.{pid >> 8}.{pid & 255}"
        self.process = subprocess.Popen([TOOL, f"{self.address}:{PORT}"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def publish(self, intent):
        assert self.tell(json.dumps(intent)) == "published\n"

    def counters(self):
        return json.loads(self.tell("counters"))

    def udp(self, query, **more):
        return dns.query.udp(query, self.address, PATIENCE, PORT, raise_on_truncation=False, **more)

    def tcp(self, query, **more):
        return dns.query.tcp(query, self.address, PATIENCE, PORT, **more)

    def ask(self, name, kind, **more):
        return self.udp(dns.message.make_query(name, kind, **more))

    def send(self, wire):
        """The bytes of the answer to these bytes."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(PATIENCE)
            client.connect((self.address, PORT))
            client.send(wire)
            return client.recv(65535)

    def send_tcp(self, wire):
        with socket.create_connection((self.address, PORT), PATIENCE) as stream:
            stream.sendall(struct.pack("!H", len(wire)) + wire)
            with stream.makefile("rb") as file:
                return file.read(struct.unpack("!H", file.read(2))[0])

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(PATIENCE) == 0
        self.process.stdout.close()


@pytest.fixture(scope="module")
def server():
    made = Nameserver()
    made.publish(SHOP)
    yield made
    made.close()


def texts(section):
    return sorted(f"{rrset.name} {rrset.ttl} {dns.rdatatype.to_text(rrset.rdtype)} {rdata}"
                  for rrset in section for rdata in rrset)


def assert_sane(reply):
    """What holds of every answer of an authoritative nameserver that signs nothing and asks nobody."""
    assert reply.flags & dns.flags.QR
    assert not reply.flags & (dns.flags.RA | dns.flags.AD | dns.flags.CD | 0x40), "RA, AD, CD or Z is set"


SOA = "example.test. {} SOA ns1.example.test. hostmaster.example.test. 9 60 30 604800 5"


@pytest.mark.parametrize("over", ["udp", "tcp"])
def test_what_there_is(server, over):
    for name, kind, answer in [
            ("www.deep.example.test", "A", ["www.deep.example.test. 5 A 192.0.2.9"]),
            ("shop.example.test", "AAAA", ["shop.example.test. 5 AAAA 2001:db8::1"]),
            ("outside.other", "A", ["outside.other. 5 A 192.0.2.9"]),
            ("outside.other", "NS", ["outside.other. 3600 NS ns1.example.test."]),
            ("example.test", "NS", ["example.test. 3600 NS ns1.example.test."]),
            ("example.test", "SOA", [SOA.format(60)]),
            ("ns1.example.test", "A", [f"ns1.example.test. 3600 A {server.address}"])]:
        reply = getattr(server, over)(dns.message.make_query(name, kind))
        assert_sane(reply)
        assert reply.rcode() == dns.rcode.NOERROR
        assert reply.flags & dns.flags.AA
        assert texts(reply.answer) == answer
        assert reply.authority == []


def test_the_first_address_follows_the_weights_and_three_clouds_are_answered(server):
    first = collections.Counter()
    for _ in range(3000):
        reply = server.ask("shop.example.test", "A")
        addresses = [line.split()[-1] for line in reply.answer[0].to_text().splitlines()]
        first[addresses[0]] += 1
        assert len(addresses) == 4
        assert {"192.0.2.1", "192.0.2.2"} <= set(addresses), "a cloud was left out"
    for i in range(1, 6):
        expected = 3000 * i / 15
        assert abs(first[f"192.0.2.{i}"] - expected) < 6 * expected ** 0.5, first


@pytest.mark.parametrize("name, kind, rcode", [
    ("nothing.example.test", "A", "NXDOMAIN"), ("x.shop.example.test", "A", "NXDOMAIN"),
    ("*.example.test", "A", "NXDOMAIN"), ("deep.example.test", "A", "NOERROR"),
    ("www.deep.example.test", "AAAA", "NOERROR"), ("shop.example.test", "TXT", "NOERROR"),
    ("shop.example.test", "HTTPS", "NOERROR"), ("example.test", "DS", "NOERROR"),
    ("example.test", "DNSKEY", "NOERROR"), ("shop.example.test", "RRSIG", "NOERROR"),
    ("shop.example.test", "TYPE1000", "NOERROR"), ("shop.example.test", "SOA", "NOERROR")])
def test_what_there_is_not_is_denied_with_a_soa_that_lives_for_five_seconds(server, name, kind, rcode):
    reply = server.ask(name, kind)
    assert_sane(reply)
    assert dns.rcode.to_text(reply.rcode()) == rcode
    assert reply.flags & dns.flags.AA
    assert reply.answer == []
    assert texts(reply.authority) == [SOA.format(5)]


@pytest.mark.parametrize("name, rdclass", [
    ("example.com", "IN"), (".", "IN"), ("test", "IN"), ("other", "IN"), ("version.bind", "CH"),
    ("shop.example.test", "CH"), ("shop.example.test", "HS"), ("shop.example.test", "ANY")])
def test_what_is_not_ours_is_refused(server, name, rdclass):
    reply = server.ask(name, "A", rdclass=rdclass)
    assert_sane(reply)
    assert reply.rcode() == dns.rcode.REFUSED
    assert not reply.flags & dns.flags.AA
    assert reply.answer + reply.authority + reply.additional == []


def test_any_gets_one_set_of_records(server):
    for over in (server.udp, server.tcp):
        reply = over(dns.message.make_query("shop.example.test", "ANY"))
        assert [rrset.rdtype for rrset in reply.answer] == [dns.rdatatype.A]


def test_transfers_are_refused(server):
    for kind in ("AXFR", "IXFR"):
        assert server.tcp(dns.message.make_query("example.test", kind)).rcode() == dns.rcode.REFUSED


def test_the_case_of_the_question_comes_back(server):
    for name in ("ShOp.eXamPLE.TEST", "nOtHiNg.ExAmPlE.tEsT"):
        wire = dns.message.make_query(name, "A").to_wire()
        reply = server.send(wire)
        assert reply[12:len(wire)] == wire[12:]
    assert dns.message.from_wire(reply).authority[0].name.to_text() == "ExAmPlE.tEsT."


# What RFC 8906 section 8 asks of every nameserver.

def query_with(flags=0, edns=-1, **more):
    query = dns.message.make_query("example.test", "SOA")
    query.use_edns(edns, **more)
    query.flags |= flags
    return query


@pytest.mark.parametrize("query", [
    query_with(), query_with(dns.flags.AD), query_with(dns.flags.CD), query_with(0x40), query_with(dns.flags.RA),
    query_with(dns.flags.TC), query_with(dns.flags.AA), query_with(edns=0), query_with(edns=0, payload=512),
    query_with(edns=0, payload=65535), query_with(edns=0, payload=0), query_with(edns=0, ednsflags=0x40),
    query_with(edns=0, ednsflags=0x8000),
    *(query_with(edns=0, options=[dns.edns.GenericOption(code, data)])
      for code, data in [(3, b""), (5, b"\x08"), (8, bytes.fromhex("00011800c00002")), (9, b""), (10, b"01234567"),
                         (11, b""), (12, b"\0" * 64), (15, b"\0\0"), (100, b""), (65001, b"x" * 300)]),
    query_with(edns=0, ednsflags=0xffff, payload=1232,
               options=[dns.edns.GenericOption(code, b"01234567") for code in (10, 100, 65001)])])
@pytest.mark.parametrize("over", ["udp", "tcp"])
def test_what_a_query_has_that_we_do_not_know_is_ignored(server, query, over):
    reply = getattr(server, over)(query)
    assert_sane(reply)
    assert reply.rcode() == dns.rcode.NOERROR
    assert texts(reply.answer) == [SOA.format(60)]
    assert reply.edns == query.edns
    if query.edns >= 0:
        assert reply.ednsflags == query.ednsflags & dns.flags.DO
        assert reply.payload == 1232
        assert reply.options == ()
    assert bool(reply.flags & dns.flags.RD) == bool(query.flags & dns.flags.RD)


@pytest.mark.parametrize("version", [1, 100, 255])
def test_later_versions_of_edns_are_told_ours(server, version):
    for options in ([], [dns.edns.GenericOption(100, b"x")]):
        reply = server.udp(query_with(edns=version, options=options))
        assert_sane(reply)
        assert reply.rcode() == dns.rcode.BADVERS
        assert reply.edns == 0
        assert reply.answer == []


@pytest.mark.parametrize("opcode", [op for op in range(1, 16)])
def test_other_opcodes_are_not_implemented(server, opcode):
    for more in ({}, {"edns": 0}):
        wire = bytearray(query_with(**more).to_wire())
        wire[2] = opcode << 3
        reply = server.send(bytes(wire))
        assert reply[:2] == wire[:2]
        assert reply[2] == 0x80 | opcode << 3
        assert reply[3] == dns.rcode.NOTIMP


def test_malformed_queries_get_formerr_or_nothing(server):
    wire = query_with(edns=0).to_wire()
    for bad in (wire[:12], wire[:20], wire[:-1], wire + b"x", wire[:4] + b"\0\2" + wire[6:],
                wire[:4] + b"\0\0" + wire[6:], wire[:10] + b"\0\2" + wire[12:] + wire[-11:]):
        reply = dns.message.from_wire(server.send(bad), question_only=len(bad) == 12)
        assert reply.rcode() == dns.rcode.FORMERR
        assert_sane(reply)
    before = server.counters()["dropped"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(PATIENCE)
        client.connect((server.address, PORT))
        client.send(wire[:11])
        client.send(wire[:2] + b"\x80" + wire[3:])
        client.send(b"")
        client.send(wire + b"\0" * 8000)
        client.send(wire)
        assert client.recv(4096)[3] == 0, "the first answer is not that to the only query"
    assert server.counters()["dropped"] == before + 4


def test_noise_does_no_harm(server):
    seed = int(os.environ.get("SEED", "20261124"))
    print(f"SEED={seed}")
    source = random.Random(seed)
    seeds = [query_with(edns=0, options=[dns.edns.GenericOption(10, b"01234567")]).to_wire(),
             dns.message.make_query("www.deep.example.test", "A").to_wire()]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect((server.address, PORT))
        for _ in range(20000):
            wire = bytearray(source.choice(seeds))
            for _ in range(source.randrange(1, 4)):
                wire[source.randrange(len(wire))] = source.randrange(256)
            client.send(wire[:source.randrange(12, len(wire) + 1)])
    assert texts(server.ask("www.deep.example.test", "A").answer) == ["www.deep.example.test. 5 A 192.0.2.9"]


# UDP and TCP.

def test_what_is_too_long_for_udp_is_whole_by_tcp():
    server = Nameserver()
    names = [f"{i:02}{'n' * 60}.{'m' * 60}.elsewhere" for i in range(13)]
    server.publish(make_intent("example.test", names, []))
    try:
        for query in (dns.message.make_query("example.test", "NS"),
                      dns.message.make_query("example.test", "NS", use_edns=0, payload=4096)):
            reply = server.udp(query)
            assert reply.flags & dns.flags.TC and reply.answer == []
            assert len(reply.to_wire()) <= 512
            reply = server.tcp(query)
            assert not reply.flags & dns.flags.TC
            assert len(reply.answer[0]) == 13
    finally:
        server.close()


def test_no_answer_by_udp_is_longer_than_the_client_takes():
    server = Nameserver()
    try:
        for count in range(1, 14):
            names = [f"{i:02}{'n' * 50}.elsewhere" for i in range(count)]
            server.publish(make_intent("example.test", names, []))
            whole = server.send_tcp(dns.message.make_query("example.test", "NS", use_edns=0).to_wire())
            for payload in {512, 1232, len(whole) - 1, len(whole), len(whole) + 1}:
                wire = dns.message.make_query("example.test", "NS", use_edns=0, payload=payload).to_wire()
                answer = server.send(wire)
                assert len(answer) <= max(512, min(payload, 1232))
                fits = len(whole) <= max(512, min(payload, 1232))
                assert bool(answer[2] & 2) != fits, (count, payload, len(whole))
    finally:
        server.close()


def test_queries_on_one_connection_are_answered_in_a_row(server):
    with socket.create_connection((server.address, PORT), PATIENCE) as stream:
        queries = [dns.message.make_query(name, "A") for name in ("shop.example.test", "nothing.example.test") * 50]
        stream.sendall(b"".join(struct.pack("!H", len(query.to_wire())) + query.to_wire() for query in queries))
        for query in queries:
            reply, _ = dns.query.receive_tcp(stream)
            assert reply.id == query.id
            assert query.is_response(reply)


def test_clients_that_say_nothing_do_not_keep_others_out(server):
    idle = [socket.create_connection((server.address, PORT), PATIENCE) for _ in range(300)]
    try:
        for _ in range(20):
            assert server.tcp(query_with()).rcode() == dns.rcode.NOERROR
    finally:
        for stream in idle:
            stream.close()
    assert server.counters()["tcp_evicted"] > 0


def test_before_its_first_table_the_nameserver_sends_clients_elsewhere():
    server = Nameserver()
    try:
        assert server.ask("shop.example.test", "A").rcode() == dns.rcode.SERVFAIL
    finally:
        server.close()


# The generator of load for measurements.

@pytest.mark.parametrize("target", ["192.0.2.1", "128.0.0.1", "126.255.255.255", "0.0.0.0", "10.0.0.1", "2001:db8::1",
                                    "::", "::ffff:127.0.0.1", "::ffff:192.0.2.1", "localhost", "example.test", ""])
def test_load_is_only_sent_to_the_loopback(target):
    done = subprocess.run([LOAD, target, "9", "1", "1", "shop.example.test"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == f"bench_dns_load: {target} is not an address of the loopback\n"
    assert done.stdout == ""


def test_load_is_answered_and_counted(server):
    for name, kind in (("www.deep.example.test", "noerror"), ("x#.example.test", "nxdomain")):
        done = subprocess.run([LOAD, server.address, str(PORT), "1024", "10", name], capture_output=True, text=True)
        counts = json.loads(done.stdout)
        assert counts == {"noerror": 0, "nxdomain": 0, kind: 1024, "sent": 1024, "answered": 1024}


# A resolver, as strict as they come: what it does not like, it does not pass on.

STRICT = """server:
    do-not-query-localhost: no
    do-ip6: no
    qname-minimisation-strict: yes
    use-caps-for-id: yes
    harden-below-nxdomain: yes
    harden-referral-path: yes
    harden-large-queries: yes
    module-config: "iterator"
    local-zone: "test." nodefault
"""


@pytest.fixture
def resolver(server, tmp_path):
    """Unbound, which thinks that our nameserver is the one for these zones."""
    stubs = [f'stub-zone:\n    name: "{zone}"\n    stub-addr: {server.address}@{PORT}\n'
             for zone in ("example.test", "outside.other")]
    config = tmp_path / "unbound.conf"
    config.write_text(STRICT + "".join(stubs), encoding="ascii")
    made = unbound.ub_ctx()
    assert made.config(str(config)) == 0
    return made


@pytest.mark.parametrize("name, kind, rcode, count", [
    ("shop.example.test", "A", "NOERROR", 4), ("shop.example.test", "AAAA", "NOERROR", 1),
    ("www.deep.example.test", "A", "NOERROR", 1), ("deep.example.test", "A", "NOERROR", 0),
    ("nothing.example.test", "A", "NXDOMAIN", 0), ("a.b.c.d.e.example.test", "A", "NXDOMAIN", 0),
    ("outside.other", "A", "NOERROR", 1), ("x.outside.other", "A", "NXDOMAIN", 0),
    ("example.test", "NS", "NOERROR", 1), ("example.test", "SOA", "NOERROR", 1)])
def test_a_strict_resolver_takes_our_answers(resolver, name, kind, rcode, count):
    status, result = resolver.resolve(name, dns.rdatatype.from_text(kind), dns.rdataclass.IN)
    assert status == 0
    assert dns.rcode.to_text(result.rcode) == rcode
    assert len(result.data.data if result.havedata else []) == count


# Other nameservers.

def ferret_cases():
    with open(os.path.join(HERE, "data", "dns_ferret.jsonl"), encoding="ascii") as file:
        return [json.loads(line) for line in file]


def ferret_intent(case):
    """The zone as an intent: owners of other records are names without endpoints."""
    records = [line.split(None, 4) for line in case["zone"]]
    apex = records[0][0].rstrip(".")
    addresses = collections.defaultdict(list)
    for owner, _, _, kind, data in records:
        if kind in ("A", "AAAA", "TXT"):
            addresses[owner.rstrip(".")] += [make_endpoint(data)] if kind != "TXT" else []
    return make_intent(apex, [r[4].rstrip(".") for r in records if r[3] == "NS"],
                       [make_name(name, endpoints, 500) for name, endpoints in addresses.items()])


def without_times(lines):
    """Owner, type and data; of a SOA, whose data each nameserver has its own of, the first two."""
    parts = [line.split() for line in lines]
    return sorted(" ".join([p[0].lower(), p[3], *([] if p[3] == "SOA" else p[4:])]) for p in parts)


@pytest.fixture(scope="module")
def ferret_server():
    made = Nameserver()
    yield made
    made.close()


@pytest.mark.parametrize("case", ferret_cases(), ids=lambda case: str(case["id"]))
def test_answers_are_those_of_other_nameservers(ferret_server, case):
    ferret_server.publish(ferret_intent(case))
    reply = ferret_server.ask(*case["query"])
    answer = [line for rrset in reply.answer for line in rrset.to_text().splitlines()]
    authority = [line for rrset in reply.authority for line in rrset.to_text().splitlines()]
    assert dns.rcode.to_text(reply.rcode()) == case["rcode"]
    assert bool(reply.flags & dns.flags.AA) == ("AA" in case["flags"])
    assert without_times(answer) == without_times(case["answer"])
    # The apex's nameservers beside an answer say nothing that the client asked for: we leave them out.
    if case["answer"]:
        assert authority == []
    else:
        assert without_times(authority) == without_times(case["authority"])
