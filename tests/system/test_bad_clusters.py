# SPDX-License-Identifier: Apache-2.0
"""A cluster that misbehaves is named, with the call and the reply; it costs its own link and nothing else."""

import os
import pty
import random
import re
import socket
import subprocess
import threading
import time

import pytest

from support.certs import Certs, context
from support.fake_engine import FakeEngine, address
from support.faults import (Answer, CloseAfterEach, Drip, Endless, EndlessHeaders, HalfAnswer, HalfHeader, Hang, HangAfter,
                            HangInBody, LoseReply, Raw, Status)
from support.server import Server, app_json, cluster_json, until

GOOD = ("amber", "birch")
BAD = "coral"
ADDRESS = {"amber": address(1), "birch": address(2), "coral": address(3)}
HERE = re.escape(ADDRESS[BAD])
LIST = "/containers/json"
EVENT = b'{"Action":"%s","timeNano":1,"Actor":{"ID":"1","Attributes":{"dev.seawall.app":"shop"}}}\n'

# What the whole process may ever take, whatever comes from outside.
RSS_KB_MAX = 30 << 10


@pytest.fixture
def good():
    engines = [FakeEngine(name, address=ADDRESS[name]) for name in GOOD]
    yield engines
    for engine in engines:
        engine.close()
    assert [engine.violations for engine in engines] == [[], []]


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path).start()
    yield server
    try:
        if server.process.poll() is None:
            server.stop()
        assert "ERROR: " not in server.log_text(), server.log_text()[-4000:]
    finally:
        server.close()


@pytest.fixture
def bad():
    engine = FakeEngine(BAD, address=ADDRESS[BAD])
    yield engine
    engine.fault = None
    engine.close()


def apply(server, good, endpoint, tls=None):
    server.apply({**{engine.name: cluster_json(engine.endpoint, engine.name) for engine in good},
                  BAD: cluster_json(endpoint, BAD, tls)})


def check_bad(server, words, seconds=25):
    """The bad cluster is shown as unreachable, with words, in the fleet and in an event."""
    def named():
        cluster = server.clusters()[BAD]
        return cluster["state"] == "unreachable" and re.search(words, cluster["error"]) and cluster["error"]
    try:
        error = until(named, f"the error says {words}", seconds)
    except AssertionError as failure:
        raise AssertionError(f"{failure}; it says {server.clusters()[BAD]}") from failure
    assert error.startswith(f"docker at {BAD}: ")
    told = [event["message"] for event in server.events("cluster-unreachable") if event["cluster"] == BAD]
    assert error in told
    return error


def check_others(server, good):
    """The healthy clusters take an app in no more time than without the bad one."""
    server.until_ready(*GOOD)
    began = time.monotonic()
    assert server.up(app_json())["phase"] == "done"
    assert time.monotonic() - began < 3
    placed = server.app()["plan"]["services"]["web"]["placed"]
    assert {engine.name: len(engine.running()) for engine in good} == {name: placed[name] for name in GOOD}


def check_modest(server, bad, seconds=3):
    """Neither memory nor time nor events grow while it goes on, and the bad cluster is not stormed."""
    asked, told = len(bad.requests), len(server.events("cluster-unreachable"))
    cpu = server.cpu_s()
    time.sleep(seconds)  # what is measured is a rate
    if not server.has_sanitizer:
        assert server.rss_kb(peak=True) < RSS_KB_MAX
        assert server.cpu_s() - cpu < seconds * 0.25
    assert len(bad.requests) - asked < seconds * 20
    assert len(server.events("cluster-unreachable")) - told <= seconds


def check_recovery(server, bad, seconds=12):
    bad.fault = None
    bad.cut()
    until(lambda: server.clusters()[BAD]["state"] == "ready", "ready after the fault", seconds)
    assert server.up(app_json(replicas=3))["phase"] == "done"
    assert server.app()["state"] == "in-step"
    assert bad.violations == []


# name: fault, what the error must say
FAULTS = {
    "hangs": (lambda: Hang(), rf"GET /_ping at http://{HERE}:2375: no whole answer within 5000 ms"),
    "hangs in a list": (lambda: Hang(path=LIST, times=1), None),
    "hangs in the second list": (lambda: Hang(path="/networks", times=1), None),
    "hangs in mid-body": (lambda: HangInBody(path="/_ping"), r"GET /_ping .*no whole answer within 5000 ms"),
    "hangs up in mid-body": (lambda: HalfAnswer(path=LIST), r"GET /v1\.41/containers/json .*Connection reset by peer"),
    "hangs up in mid-header": (lambda: HalfHeader(), r"GET /_ping .*Connection reset by peer"),
    "half a list": (lambda: Answer(b'[{"Id":"a"', path=LIST), r"list containers: the reply ends early"),
    "garbage": (lambda: Raw(b"\0\xff garbage\r\n\r\n"), r"GET /_ping .*HTTP/0\.9"),
    "not utf-8": (lambda: Status(500, b"\xff\xfe \xc3 broken"), r"connect: 500: \?\? \? broken"),
    "a web page": (lambda: Answer(b"<html>hello</html>", "text/html"), r"read its version: the reply is no JSON"),
    "another list": (lambda: Answer(b"{}", path=LIST), r"list containers: the reply is not an array of objects"),
    "wrong types": (lambda: Answer(b'[{"Id":7,"State":[]}]', path=LIST), r"list containers: .*no text Id, State or Status"),
    "nested": (lambda: Answer(b"[{\"a\":" + b"[" * 100000, path=LIST), r"list containers: .*more than 20000 values|ends early"),
    "endless ping": (lambda: Endless(path="/_ping"), r"GET /_ping .*larger than 1048576 bytes"),
    "endless list": (lambda: Endless(path=LIST), r"list containers: the reply is not an array"),
    "endless object": (lambda: Endless(path=LIST, head=b'[{"a":"'), r"list containers: .*object of more than 1048576 bytes"),
    "endless objects": (lambda: Endless(path=LIST, head=b"[", block=b"{}," * 20000), r"list containers: a container in the reply"),
    "endless volumes": (lambda: Endless(path="/volumes", head=b'{"Volumes":[', block=b"{}," * 20000), r"list volumes: .*more than 100000 objects"),
    "endless headers": (lambda: EndlessHeaders(), r"GET /_ping .*Too large response headers"),
    "endless interim answers": (lambda: Raw(b"HTTP/1.1 100 Continue\r\n\r\n", repeat=True), r"GET /_ping .*"),
    "endless line": (lambda: Endless(path="/events"), r"watch events: the reply has a line of more than 1048576 bytes"),
    "endless events": (lambda: Endless(path="/events", block=EVENT % b"die" * 1000), None),
    "endless foreign events": (lambda: Endless(path="/events", block=b'{"Action":"x"}\n' * 4000), None),
    "long events": (lambda: Endless(path="/events", block=EVENT % (b"x" * 100000)), r"watch events: .*Action of at most 255 bytes"),
    "500": (lambda: Status(500), r"connect: 500: server error"),
    "503": (lambda: Status(503, "maintenance"), r"connect: 503: maintenance"),
    "404": (lambda: Status(404, "page not found"), r"connect: 404: page not found"),
    "409": (lambda: Status(409, "conflict", path=LIST), r"list containers: 409: conflict"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_cluster_that_misbehaves_is_named_and_hurts_nobody(name, server, good, bad):
    make, words = FAULTS[name]
    bad.fault = make()
    apply(server, good, bad.endpoint)
    check_others(server, good)
    if words:
        check_bad(server, words)
    if name.startswith("endless") or words is None:
        check_modest(server, bad)
    check_recovery(server, bad)


def test_one_that_refuses_is_named_and_back_when_it_listens(server, good, bad):
    bad.refuse()
    apply(server, good, bad.endpoint)
    check_others(server, good)
    check_bad(server, rf"connect to http://{HERE}:2375: Connection refused")
    check_modest(server, bad)
    bad.listen()
    check_recovery(server, bad)


def test_one_that_hangs_while_it_works_is_unreachable_within_15_s(server, good, bad):
    apply(server, good, bad.endpoint)
    server.until_ready(*GOOD, BAD)
    assert server.up(app_json(replicas=3))["phase"] == "done"
    bad.fault = Hang()
    bad.cut()
    began = time.monotonic()
    check_bad(server, r"no whole answer within 5000 ms")
    assert time.monotonic() - began < 15
    until(lambda: server.app()["state"] == "waiting", "the app waits for it")
    assert [line["cluster"] for line in server.app()["waiting"]] == [BAD]
    check_recovery(server, bad)


def test_one_that_hangs_without_a_word_is_unreachable_within_20_s(server, good, bad):
    """Connections stay open: like SIGSTOP of an Engine."""
    apply(server, good, bad.endpoint)
    server.until_ready(*GOOD, BAD)
    bad.fault = Hang()
    check_bad(server, r"no whole answer within 5000 ms", 20)
    check_recovery(server, bad)


@pytest.mark.parametrize("fault", [Drip(0.01), CloseAfterEach()], ids=["slow", "never keeps a connection"])
def test_one_that_is_slow_or_forgetful_is_ready_nevertheless(fault, server, good, bad):
    bad.fault = fault
    apply(server, good, bad.endpoint)
    server.until_ready(*GOOD, BAD)
    assert server.up(app_json(replicas=4))["phase"] == "done"
    assert bad.running() == ["shop-web-1", "shop-web-2"]
    assert bad.violations == []


# Actions.

ACTIONS = ["/networks/create", "/containers/create", "/start"]


class OfPath:
    """Any fault, for paths that end with something."""

    def __init__(self, fault, end):
        self.fault, self.end, self.times, self.hits = fault, end, fault.times, 0
        self.before, self.after = fault.before, fault.after

    def matches(self, method, path):
        return path.endswith(self.end)


# No half of an answer to a start: it is 204, which has no body.
@pytest.mark.parametrize("end, fault", [*((end, LoseReply) for end in ACTIONS), *((end, HalfAnswer) for end in ACTIONS[:-1])])
def test_what_was_done_without_an_answer_is_not_done_twice(end, fault, server, good, bad):
    apply(server, good, bad.endpoint)
    server.until_ready(*GOOD, BAD)
    bad.fault = OfPath(fault(times=1), end)
    server.up(app_json(replicas=4))
    until(lambda: server.app()["state"] == "in-step", "in step")
    assert bad.fault is None, "the fault was met"
    assert sorted(bad.created) == ["shop-web-1", "shop-web-2"] and bad.starts == 2
    bad.fault = OfPath(LoseReply(times=2), "")
    server.down("shop")
    until(lambda: server.apps() == {}, "gone")
    assert bad.names() == [] and bad.networks == {} and bad.violations == []


@pytest.mark.parametrize("status", [500, 409, 404, 503])
@pytest.mark.parametrize("end", ACTIONS)
def test_an_action_that_fails_is_named_and_tried_again(status, end, server, good, bad):
    apply(server, good, bad.endpoint)
    server.until_ready(*GOOD, BAD)
    bad.fault = OfPath(Status(status, "out of luck", times=3), end)
    last = server.up(app_json(replicas=4))
    if last["phase"] == "failed":
        assert re.search(rf"docker at coral: .*: {status}: out of luck", last["message"])
    told = [event["message"] for event in server.events("action-failed") if event["cluster"] == BAD]
    assert told and all(re.search(rf"docker at coral: .*: {status}: out of luck", text) for text in told)
    until(lambda: server.app()["state"] == "in-step", "in step")
    assert bad.running() == ["shop-web-1", "shop-web-2"] and bad.violations == []


def test_an_action_that_hangs_holds_up_no_other_cluster(server, good, bad):
    apply(server, good, bad.endpoint)
    server.until_ready(*GOOD, BAD)
    bad.fault = HangAfter(path="/containers/create")
    server.stream("POST", "/v1/apps/shop/up", {"app": app_json(replicas=4), "detach": True})
    until(lambda: all(len(engine.running()) == 2 for engine in good), "the others run", 5)
    assert server.app()["state"] == "working"
    check_recovery(server, bad)
    assert sorted(bad.created) == ["shop-web-1", "shop-web-2"]


# Events.

def test_silence_of_events_is_made_up_for_by_looking(server, good, bad):
    apply(server, good, bad.endpoint)
    server.until_ready(*GOOD, BAD)
    server.up(app_json(replicas=4))
    bad.events_are_silent = True
    bad.exit("shop-web-1", 1)
    until(lambda: len(bad.running()) == 2, "started again", 8)


def test_events_twice_and_in_any_order_change_nothing(server, good, bad):
    say, seeded = bad.say, random.Random(7)

    def scramble(container, action):
        say(container, action)
        with bad.lock:
            copies = [dict(bad.events[-1]) for _ in range(seeded.randrange(4))]
            bad.events.extend(copies + seeded.sample(bad.events, min(len(bad.events), 3)))
            bad.news.notify_all()

    bad.say = scramble
    apply(server, good, bad.endpoint)
    server.until_ready(*GOOD, BAD)
    for greeting in ("a", "b", "c"):
        assert server.up(app_json(replicas=4, environment={"GREETING": greeting}))["phase"] == "done"
        assert len(bad.running()) == 2
    assert len(bad.created) == 6 and bad.starts == 6
    server.down("shop")
    assert bad.names() == [] and bad.violations == []


def test_what_is_called_unhealthy_is_restarted(server, good, bad):
    apply(server, good, bad.endpoint)
    server.until_ready(*GOOD, BAD)
    server.up(app_json(replicas=4, healthcheck={"test": ["CMD", "true"], "interval_ns": 10**9}))
    before = {name: bad.find(name)["StartedAt"] for name in bad.running()}
    bad.set_health("shop-web-1", "unhealthy")
    until(lambda: bad.find("shop-web-1")["StartedAt"] != before["shop-web-1"], "restarted")
    until(lambda: server.app()["state"] == "in-step", "in step")
    assert bad.find("shop-web-2")["StartedAt"] == before["shop-web-2"]


# Versions.

@pytest.mark.parametrize("low, high, spoken", [(12, 41, 41), (24, 40, 40), (44, 52, 51), (51, 60, 51)])
def test_the_highest_version_that_both_know_is_spoken(low, high, spoken, server, good, bad):
    bad.api_min, bad.api_max = low, high
    apply(server, good, bad.endpoint)
    check_recovery(server, bad)
    assert server.clusters()[BAD]["api"] == f"1.{spoken}"


@pytest.mark.parametrize("low, high, words", [
    (12, 39, r"the Engine is too old: it speaks API 1\.39 at most, 1\.40"),
    (60, 61, r"400: client version 1\.51 is too old\. Minimum supported API version is 1\.60")])
def test_an_engine_without_a_common_version_is_told_so(low, high, words, server, good, bad):
    bad.api_min, bad.api_max = low, high
    apply(server, good, bad.endpoint)
    check_bad(server, words)
    check_others(server, good)


# Names and TLS.

def test_a_name_that_does_not_resolve_is_named(tmp_path):
    """In a network of its own, so that nobody outside is asked."""
    server = Server(tmp_path, popen=lambda argv, **more: subprocess.Popen(["unshare", "--net", "--", *argv], **more)).start()
    try:
        server.apply({BAD: cluster_json("tcp://no-such-host.invalid:2375", BAD)})
        check_bad(server, r"connect to http://no-such-host\.invalid:2375: Could not resolve host: no-such-host\.invalid")
        server.stop()
    finally:
        server.close()


@pytest.fixture(scope="module")
def certs(tmp_path_factory):
    return Certs(tmp_path_factory.mktemp("certs"))


def tls_case(certs, case):
    """What the server presents, whom it trusts, what we are told to use."""
    address = ADDRESS[BAD]
    right = certs.ours.server("right", address)
    ours = certs.ours.client()
    return {
        "right": (right, certs.ours.cert, ours, None),
        "unknown authority": (certs.theirs.server("other", address), certs.ours.cert, ours, r"SSL certificate problem: unable to get local issuer"),
        "expired": (certs.expired(address), certs.ours.cert, ours, r"certificate has expired"),
        "self-signed": (certs.self_signed(address), certs.ours.cert, ours, r"self-signed certificate"),
        "another name": (certs.ours.server("elsewhere", "127.0.9.9"), certs.ours.cert, ours, r"no alternative certificate subject name matches"),
        "wrong client": (right, certs.ours.cert, {**certs.theirs.client(), "ca": certs.ours.cert}, r"unknown ca|alert"),
        "no client": (right, certs.ours.cert, {"ca": certs.ours.cert, "cert": "", "key": ""}, r"certificate required|alert"),
        "no such key": (right, certs.ours.cert, {**ours, "key": "/nonexistent/key.pem"}, r"/nonexistent/key\.pem"),
        "no such authority": (right, certs.ours.cert, {**ours, "ca": "/nonexistent/ca.pem"}, r"/nonexistent/ca\.pem"),
        "locked key": (right, certs.ours.cert, certs.encrypted(ours), r"encrypted-key\.pem"),
    }[case]


@pytest.mark.parametrize("case", ["right", "unknown authority", "expired", "self-signed", "another name", "wrong client", "no client",
                                  "no such key", "no such authority", "locked key"])
def test_a_certificate_that_is_wrong_is_named(case, certs, server, good):
    shown, trusted, used, words = tls_case(certs, case)
    bad = FakeEngine(BAD, address=ADDRESS[BAD], port=2376, tls=context(shown, trusted))
    try:
        apply(server, good, bad.endpoint, used)
        if words:
            check_bad(server, words)
            check_others(server, good)
            assert not bad.requests, "something was said to whom nobody knows"
        else:
            check_recovery(server, bad)
    finally:
        bad.close()


def test_a_locked_key_asks_nobody_for_its_password(certs, tmp_path):
    """With a terminal OpenSSL would ask there, and everything would wait for an answer."""
    controller, terminal = pty.openpty()
    server = Server(tmp_path, popen=lambda argv, **more: subprocess.Popen(
        ["setsid", "--ctty", *argv], **{**more, "stdin": terminal}))
    bad = FakeEngine(BAD, address=ADDRESS[BAD], port=2376, tls=context(certs.ours.server("right", ADDRESS[BAD]), certs.ours.cert))
    try:
        server.start()
        server.apply({BAD: cluster_json(bad.endpoint, BAD, certs.encrypted(certs.ours.client()))})
        check_bad(server, r"encrypted-key\.pem")
        server.stop()
    finally:
        server.close()
        bad.close()
        os.close(terminal)
        os.close(controller)


def test_tls_with_somebody_who_speaks_none(server, good, bad, certs):
    apply(server, good, bad.endpoint, certs.ours.client())
    check_bad(server, rf"GET /_ping at https://{HERE}:2375: ")
    check_others(server, good)


def test_no_tls_with_somebody_who_wants_it(server, good, certs):
    bad = FakeEngine(BAD, address=ADDRESS[BAD], port=2376, tls=context(certs.ours.server("right", ADDRESS[BAD]), certs.ours.cert))
    try:
        apply(server, good, bad.endpoint)
        check_bad(server, rf"GET /_ping at http://{HERE}:2376: ")
        check_others(server, good)
    finally:
        bad.close()


def test_a_handshake_that_never_ends_is_given_up(server, good, certs):
    with socket.create_server((ADDRESS[BAD], 2376)):  # accepts by itself, says nothing
        apply(server, good, f"tcp://{ADDRESS[BAD]}:2376", certs.ours.client())
        check_bad(server, rf"connect to https://{HERE}:2376: no answer within 3000 ms")
        check_others(server, good)
