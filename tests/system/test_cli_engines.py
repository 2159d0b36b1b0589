# SPDX-License-Identifier: Apache-2.0
"""A user's walk with real Engines: fleet, plan, up, ps, logs, scale, down."""

import json
import os
import re
import select
import time

import pytest

from lab import Lab
from support.cli import Cli
from support.server import Server, until

CLOUDS = ("amber", "birch")
# Process 1 gets no signal that it does not ask for: without the trap every stop takes ten seconds.
SHOP = """\
name: shop
services:
  web:
    image: seawall-test/web:1
    command: [/busybox, sh, -c, 'trap exit TERM; echo "open at $$GREETING"; /busybox httpd -f -vv -p 8080 & wait']
    environment: {GREETING: "${GREETING:-nine}"}
    ports: ["8080:8080"]
    restart: always
    healthcheck: {test: [CMD, /busybox, wget, -q, -O, /dev/null, "http://127.0.0.1:8080/busybox"], interval: 1s}
    deploy: {replicas: 1}
  keeper:
    image: seawall-test/web:1
    command: [/busybox, sh, -c, 'trap exit TERM; /busybox sleep 1000000 & wait']
    volumes: ["data:/data"]
    depends_on:
      web: {condition: service_healthy}
volumes:
  data:
x-seawall:
  survive: {provider: 1}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Two clouds, a server that knows them, and a folder with the user's files."""
    folder = tmp_path_factory.mktemp("user")
    with Lab("cli") as lab:
        engines = {name: lab.cloud(name).engine(live_restore=True) for name in CLOUDS}
        clusters = []
        for name, engine in engines.items():
            engine.import_image("seawall-test/web:1", {"busybox": "/bin/busybox"}, ['CMD ["/busybox", "true"]'])
            clusters.append(f"  {name}:\n    endpoint: {engine.endpoint}\n    provider: {name}\n"
                            f"    addresses: [{engine.machine.address}]\n    tls: {json.dumps(engine.tls)}\n")
        (folder / "fleet.yaml").write_text("clusters:\n" + "".join(clusters))
        (folder / "compose.yaml").write_text(SHOP)
        server = Server(folder, popen=lab.hub.popen).start()
        cli = Cli(folder, server.socket)
        try:
            cli.ok("fleet", "apply", "-f", "fleet.yaml")
            server.until_ready(*CLOUDS)
            yield lab, cli, server, engines
            server.stop()
        finally:
            server.close()


def ours(engines):
    return {name: sorted(entry["Name"].lstrip("/") for entry in engine.containers("dev.seawall.app=shop"))
            for name, engine in engines.items()}


@pytest.fixture
def shop(world):
    """The app runs; afterwards nothing of it is left."""
    _, cli, server, engines = world
    assert "\ndone" in cli.ok("up", timeout=120)
    yield world
    cli.ok("down", "--volumes", timeout=120)
    assert ours(engines) == {name: [] for name in CLOUDS}
    for engine in engines.values():
        assert not [n for n in engine.call("GET", "/networks") if n["Name"].startswith("shop_")]
        assert not [v for v in engine.call("GET", "/volumes")["Volumes"] or [] if v["Name"].startswith("shop_")]


def test_plan_says_beforehand_what_up_does(world):
    _, cli, _, engines = world
    text = cli.ok("plan")
    assert re.search(r"web +1 +2 +1 +1 +any 1 provider", text)
    assert re.search(r"keeper +1 +1 .*no: pinned", text)
    assert "+ web in amber: 0 -> 1 (start)" in text
    assert ours(engines) == {name: [] for name in CLOUDS}


def test_ps_tells_state_health_and_ports(shop):
    _, cli, server, _ = shop
    until(lambda: all(copy["health"] == "healthy" for copy in server.app()["replicas"] if copy["service"] == "web"),
          "all are healthy")
    text = cli.ok("ps")
    for name in CLOUDS:
        assert re.search(rf"^{name} +web +shop-web-\d+ +running +healthy +8080->8080/tcp .* Up ", text, re.M), text
    assert re.search(r"^(amber|birch) +keeper +\S+ +running +- +- ", text, re.M), text
    assert "shop: in-step, revision" in text
    listed = cli.ok("fleet", "ls")
    assert re.search(r"^amber +amber +amber +docker +ready +20\.10\S* +\d ", listed, re.M), listed


def test_logs_follow_what_is_printed_now(shop):
    lab, cli, _, engines = shop
    assert len(re.findall(r"^(?:amber|birch)/web-\d+ +\| open at nine$", cli.ok("logs", "web"), re.M)) == 2
    process = cli.popen("logs", "-f", "--tail", "0", "web")
    try:
        address = engines["birch"].machine.address
        lines = ""
        deadline = time.monotonic() + 30
        while "birch/web-" not in lines and time.monotonic() < deadline:
            lab.client.run(["/bin/busybox", "wget", "-q", "-O", "/dev/null", f"http://{address}:8080/no-such-page"],
                           capture_output=True)
            while select.select([process.stdout], [], [], 0.2)[0]:
                lines += os.read(process.stdout.fileno(), 65536).decode()
        assert re.search(r"^birch/web-\d+ +\| .*no-such-page", lines, re.M), lines
    finally:
        process.terminate()
        process.wait(timeout=30)
    assert cli.ok("logs", "--tail", "1", "--cluster", "amber", "--timestamps", "keeper", "web").count("amber/web-") == 1
    assert cli.ok("logs", "--since", "2100-01-01", "web") == ""


class Reader:
    """What a command prints, as it comes."""

    def __init__(self, process):
        self.process, self.text = process, ""

    def until(self, pattern, seconds=60):
        deadline = time.monotonic() + seconds
        while not re.search(pattern, self.text, re.M):
            assert time.monotonic() < deadline and self.process.poll() is None, (pattern, self.text)
            if select.select([self.process.stdout], [], [], 0.2)[0]:
                self.text += os.read(self.process.stdout.fileno(), 65536).decode()


def test_logs_follow_copies_that_start_later_or_again(shop):
    _, cli, _, engines = shop
    process = cli.popen("logs", "-f", "--tail", "0", "web")
    reader = Reader(process)
    try:
        entry = engines["amber"].containers("dev.seawall.service=web")[0]
        engines["amber"].call("POST", f"/containers/{entry['Id']}/restart?t=5")
        reader.until(r"^amber/web-\d+ +\| open at nine$")
        assert cli.run("up", timeout=120, GREETING="noon").returncode == 0
        reader.until(r"^amber/web-\d+ +\| open at noon$")
        reader.until(r"^birch/web-\d+ +\| open at noon$")
    finally:
        process.terminate()
        process.wait(timeout=30)


def test_a_changed_variable_replaces_the_copies_and_leaves_the_others(shop):
    _, cli, _, engines = shop
    before = {entry["Id"] for engine in engines.values() for entry in engine.containers("dev.seawall.service=keeper")}
    assert re.search(r"~ web in amber: 1 -> 1 \(replace\)", cli.ok("plan", GREETING="ten"))
    assert cli.run("up", timeout=120, GREETING="ten").returncode == 0
    assert "open at ten" in cli.ok("logs", "web")
    after = {entry["Id"] for engine in engines.values() for entry in engine.containers("dev.seawall.service=keeper")}
    assert before == after != set()


def test_a_second_copy_on_a_fixed_port_is_refused_and_nothing_happens(shop):
    _, cli, _, engines = shop
    before = ours(engines)
    done = cli.run("scale", "web=2")
    assert done.returncode == 3
    assert "Refused: nothing is changed" in done.stdout and "web" in done.stderr
    assert ours(engines) == before


def test_a_cluster_that_is_gone_is_waited_for_and_told(shop):
    _, cli, server, engines = shop
    engines["birch"].stop()
    until(lambda: server.clusters()["birch"]["state"] == "unreachable", "the loss is seen")
    text = cli.ok("ps")
    assert re.search(r"^birch +web .*unknown \(was running\)", text, re.M), text
    assert re.search(r"^birch: unreachable since", cli.ok("fleet", "ls"), re.M)
    engines["birch"].start()
    until(lambda: server.app()["state"] == "in-step", "it is back")
