# SPDX-License-Identifier: Apache-2.0
"""The Docker driver keeps its promises on the Engines of Debian: Docker's and Podman's."""

import os
import select
import time

import pytest

from conftest import IMAGE, WAIT, Driver, make_app, over_tls
from lab.certs import Authority

EEXIST, EACCES, EADDRINUSE, EPERM, EBUSY, ENOENT = -17, -13, -98, -1, -16, -2
D1, D2 = "a" * 64, "b" * 64


def wait_until(what, seconds=30):
    """Asks until it is true: Engines have no event for what a health check sees inside."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it does not happen"
        select.select([], [], [], 0.1)
    return found


def start(driver, app, number=1, digest=D1):
    return driver.apply(app, "replica-start", service="web", number=number, digest=digest)


def started(driver, app, number=1, digest=D1):
    result = start(driver, app, number, digest)
    assert result["ok"], result["error"]
    return result


def inspect(driver, name):
    return driver.engine.call("GET", f"/containers/{name}/json")


# Connecting

def test_connect_tells_what_the_engine_is(driver):
    info = driver.ok("connect")
    assert info["api_minor"] == 41
    assert info["engine"] == ("20.10.24" if driver.kind == "docker" else "podman 4.3.1")
    assert info["cpus_nano"] == os.cpu_count() * 10**9
    assert info["memory_bytes"] > 2**28


# The life of a replica

def test_a_replica_starts_in_two_calls_and_starting_again_changes_nothing(driver):
    app = make_app()
    driver.prepare(app)
    assert started(driver, app)["calls"] == 2
    name = f"{app['name']}-web-1"
    first = driver.replicas(app)[name]
    assert (first["state"], first["service"], first["number"], first["digest"]) == ("running", "web", 1, D1)

    started(driver, app)
    assert driver.replicas(app)[name]["id"] == first["id"]
    assert inspect(driver, name)["State"]["StartedAt"] == inspect(driver, first["id"])["State"]["StartedAt"]


def test_a_start_that_was_interrupted_is_finished(driver):
    app = make_app()
    app["networks"]["back"] = {"name": f"{app['name']}_back"}
    app["services"]["web"]["networks"]["back"] = {}
    driver.prepare(app)
    started(driver, app)
    name = f"{app['name']}-web-1"
    driver.engine.call("POST", f"/containers/{name}/stop?t=0")
    driver.engine.call("POST", f"/networks/{app['name']}_default/disconnect",
                       {"Container": name, "Force": True})

    started(driver, app)
    found = inspect(driver, name)
    assert found["State"]["Running"]
    assert set(found["NetworkSettings"]["Networks"]) == {f"{app['name']}_default", f"{app['name']}_back"}


def test_removing_is_complete_and_removing_again_is_done(driver):
    app = make_app(mounts=[{"type": "volume", "source": "", "target": "/tmp/scratch"}])
    driver.prepare(app)
    started(driver, app)
    replica = driver.replicas(app)[f"{app['name']}-web-1"]
    anonymous = [m["Name"] for m in inspect(driver, replica["id"])["Mounts"]]
    assert len(anonymous) == 1

    for _ in range(2):
        driver.applied(app, "replica-remove", service="web", number=1, id=replica["id"])
    assert driver.replicas(app) == {}
    volumes = driver.engine.call("GET", "/volumes")["Volumes"] or []
    assert anonymous[0] not in [volume["Name"] for volume in volumes]


def test_a_stop_has_its_grace(driver, tmp_path):
    """The replica needs a second to say goodbye: a stop that kills at once, or soon, leaves no word of it."""
    command = "trap 'sleep 1; echo bye >/told/bye; exit 0' TERM; echo >/told/ready; while :; do sleep 1 & wait $!; done"
    app = make_app(command=["/bin/sh", "-c", command],
                   mounts=[{"type": "bind", "source": str(tmp_path), "target": "/told"}])
    driver.prepare(app)
    started(driver, app)
    wait_until((tmp_path / "ready").exists)  # before that the shell ignores what it is asked
    replica = driver.replicas(app)[f"{app['name']}-web-1"]
    driver.applied(app, "replica-remove", service="web", number=1, id=replica["id"])
    assert (tmp_path / "bye").read_text() == "bye\n"


def test_a_replica_that_ends_is_seen_with_its_exit_code(driver):
    app = make_app(command=["/bin/sh", "-c", "exit 3"])
    driver.prepare(app)
    started(driver, app)
    name = f"{app['name']}-web-1"
    wait_until(lambda: driver.replicas(app)[name]["state"] == "exited")
    assert driver.replicas(app)[name]["exit_code"] == 3


def test_restart_restarts(driver):
    app = make_app()
    driver.prepare(app)
    started(driver, app)
    replica = driver.replicas(app)[f"{app['name']}-web-1"]
    before = inspect(driver, replica["id"])["State"]["StartedAt"]
    driver.applied(app, "replica-restart", service="web", number=1, id=replica["id"])
    assert inspect(driver, replica["id"])["State"]["StartedAt"] != before


# What is not ours

def test_a_foreign_container_of_the_same_name_is_left_alone(driver):
    app = make_app()
    driver.prepare(app)
    name = f"{app['name']}-web-1"
    driver.engine.call("POST", f"/containers/create?name={name}", {"Image": IMAGE, "Cmd": WAIT})
    foreign = inspect(driver, name)

    result = start(driver, app)
    assert result["code"] == EPERM and name in result["error"] and "not ours" in result["error"]
    for kind in "replica-restart", "replica-remove":
        result = driver.apply(app, kind, service="web", number=1, id=foreign["Id"])
        assert result["code"] == EPERM, result
    found = inspect(driver, name)
    assert (found["Id"], found["State"]["Status"]) == (foreign["Id"], foreign["State"]["Status"])


def test_an_older_revision_is_not_taken_for_the_new_one(driver):
    app = make_app()
    driver.prepare(app)
    started(driver, app, digest=D1)
    before = driver.replicas(app)[f"{app['name']}-web-1"]
    result = start(driver, app, digest=D2)
    assert result["code"] == EEXIST and "another revision" in result["error"]
    after = driver.replicas(app)[f"{app['name']}-web-1"]
    assert (after["id"], after["digest"]) == (before["id"], D1)


def test_foreign_networks_and_volumes_are_left_alone(driver):
    app = make_app()
    app["volumes"] = {"data": {"name": f"{app['name']}_data"}}
    app["services"]["web"]["mounts"] = [{"type": "volume", "source": "data", "target": "/data"}]
    driver.engine.call("POST", "/networks/create", {"Name": f"{app['name']}_default"})
    driver.engine.call("POST", "/volumes/create", {"Name": f"{app['name']}_data"})

    for word, key in ("network", "default"), ("volume", "data"):
        name = f"{app['name']}_{key}"
        for result in (driver.apply(app, f"{word}-ensure", target=key),
                       driver.apply(app, f"{word}-remove", target=name)):
            assert result["code"] == EPERM and name in result["error"], result
        driver.engine.call("GET", f"/{word}s/{name}")


# Networks, volumes, ports

def test_networks_and_volumes_come_and_go_and_twice_is_once(driver):
    app = make_app()
    app["volumes"] = {"data": {"name": f"{app['name']}_data"}}
    app["services"]["web"]["mounts"] = [{"type": "volume", "source": "data", "target": "/data"}]
    driver.prepare(app)
    driver.prepare(app)
    listed = driver.ok("list")
    assert f"{app['name']}_default" in listed["networks"]
    assert f"{app['name']}_data" in listed["volumes"]

    for _ in range(2):
        driver.applied(app, "network-remove", target=f"{app['name']}_default")
        driver.applied(app, "volume-remove", target=f"{app['name']}_data")
    listed = driver.ok("list")
    assert f"{app['name']}_default" not in listed["networks"]
    assert f"{app['name']}_data" not in listed["volumes"]


def test_what_is_in_use_is_not_removed(driver):
    app = make_app()
    app["volumes"] = {"data": {"name": f"{app['name']}_data"}}
    app["services"]["web"]["mounts"] = [{"type": "volume", "source": "data", "target": "/data"}]
    driver.prepare(app)
    started(driver, app)
    for kind, name in ("network-remove", f"{app['name']}_default"), ("volume-remove", f"{app['name']}_data"):
        result = driver.apply(app, kind, target=name)
        assert result["code"] == EBUSY and name in result["error"], result


def test_external_networks_and_volumes_must_exist_and_are_used_as_they_are(driver):
    app = make_app()
    name = f"{app['name']}_outside"
    app["networks"]["default"] = {"name": name, "external": True}
    result = driver.apply(app, "network-ensure", target="default")
    assert result["code"] == ENOENT and name in result["error"]

    driver.engine.call("POST", "/networks/create", {"Name": name})
    driver.applied(app, "network-ensure", target="default")
    started(driver, app)
    assert name in inspect(driver, f"{app['name']}-web-1")["NetworkSettings"]["Networks"]


def test_all_networks_are_joined_with_their_aliases(driver):
    app = make_app()
    app["networks"]["back"] = {"name": f"{app['name']}_back"}
    app["services"]["web"]["networks"]["back"] = {"aliases": ["store"]}
    driver.prepare(app)
    started(driver, app)
    name = f"{app['name']}-web-1"
    networks = inspect(driver, name)["NetworkSettings"]["Networks"]
    assert {"web", name, "front"} <= set(networks[f"{app['name']}_default"]["Aliases"])
    assert {"web", name, "store"} <= set(networks[f"{app['name']}_back"]["Aliases"])


def test_volumes_and_binds_are_mounted(driver, tmp_path):
    app = make_app()
    folder = tmp_path / "made-when-missing"
    app["volumes"] = {"data": {"name": f"{app['name']}_data"}}
    app["services"]["web"]["mounts"] = [
        {"type": "volume", "source": "data", "target": "/data", "read_only": True},
        {"type": "bind", "source": str(tmp_path), "target": "/bind"}]
    if driver.kind == "docker":
        app["services"]["web"]["mounts"].append({"type": "bind", "source": str(folder), "target": "/made"})
    driver.prepare(app)
    started(driver, app)
    mounts = {m["Destination"]: m for m in inspect(driver, f"{app['name']}-web-1")["Mounts"]}
    assert mounts["/data"]["Name"] == f"{app['name']}_data" and not mounts["/data"]["RW"]
    assert mounts["/bind"]["Source"] == str(tmp_path) and mounts["/bind"]["RW"]
    assert driver.kind != "docker" or folder.is_dir()


def test_ports_are_published_and_a_taken_one_is_a_clear_error(driver):
    ports = [{"published_first": 8080, "published_last": 8080, "target": 80, "protocol": "tcp"}]
    app, other = make_app(ports=ports), make_app(ports=ports)
    driver.prepare(app)
    driver.prepare(other)
    started(driver, app)
    replica = driver.replicas(app)[f"{app['name']}-web-1"]
    assert replica["ports"] == [{"published": 8080, "target": 80, "protocol": "tcp"}]

    result = start(driver, other)
    assert result["code"] == EADDRINUSE and f"{other['name']}-web-1" in result["error"], result
    assert driver.replicas(other) == {}, "what does not start is taken away"
    driver.applied(app, "replica-remove", service="web", number=1, id=replica["id"])
    started(driver, other)


def test_each_replica_gets_a_port_of_the_range(driver):
    app = make_app(ports=[{"published_first": 9080, "published_last": 9082, "target": 80, "protocol": "tcp"}])
    driver.prepare(app)
    for number in 1, 2, 3:
        started(driver, app, number)
    assert {r["ports"][0]["published"] for r in driver.replicas(app).values()} == {9080, 9081, 9082}
    assert start(driver, app, 4)["code"] == EADDRINUSE
    assert len(driver.replicas(app)) == 3


def test_limits_restart_policy_and_labels_arrive(driver):
    app = make_app(cpus_limit_nano=500000000, memory_limit_bytes=64 << 20, restart="on-failure",
                   restart_retries_max=3, environment={"COLOUR": "sea green"}, labels={"owner": "me"})
    driver.prepare(app)
    started(driver, app)
    found = inspect(driver, f"{app['name']}-web-1")
    assert found["HostConfig"]["NanoCpus"] == 500000000
    assert found["HostConfig"]["Memory"] == 64 << 20
    assert found["HostConfig"]["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 3}
    assert "COLOUR=sea green" in found["Config"]["Env"]
    labels = found["Config"]["Labels"]
    assert labels["owner"] == "me"
    assert labels["com.docker.compose.project"] == app["name"]
    assert labels["com.docker.compose.service"] == "web"
    assert labels["com.docker.compose.container-number"] == labels["dev.seawall.replica"] == "1"
    assert labels["com.docker.compose.oneoff"] == "False"
    assert labels["dev.seawall.app"] == app["name"] and labels["dev.seawall.digest"] == D1


def test_settings_arrive_as_they_are(driver):
    app = make_app(settings={
        "cap_add": ["NET_ADMIN"], "cap_drop": ["MKNOD"], "dns": ["192.0.2.53"], "dns_search": ["example.test"],
        "domainname": "example.test", "extra_hosts": ["db=192.0.2.7"], "hostname": "bird",
        "logging.driver": "json-file", "logging.options": {"max-size": "1m"}, "oom_score_adj": 100, "pids_limit": 50,
        "read_only": True, "shm_size": 1 << 26, "stop_grace_period": 1500000000, "stop_signal": "SIGTERM",
        "sysctls": {"net.ipv4.ip_unprivileged_port_start": "1"}, "tmpfs": ["/run:size=1m", "/scratch"],
        "user": "0", "working_dir": "/bin", "devices": ["/dev/null:/dev/nil:rw"]})
    if driver.kind == "docker":  # Podman's init is a package of its own, and its limits ask for more than a lab has
        app["services"]["web"]["settings"].update({"init": True, "ulimits": {"nofile": "512:1024"}})
    driver.prepare(app)
    started(driver, app)
    found = inspect(driver, f"{app['name']}-web-1")
    host, config = found["HostConfig"], found["Config"]
    assert "NET_ADMIN" in {cap.removeprefix("CAP_") for cap in host["CapAdd"]}
    assert host["Dns"] == ["192.0.2.53"] and host["DnsSearch"] == ["example.test"]
    assert host["ExtraHosts"] == ["db:192.0.2.7"]
    assert host["OomScoreAdj"] == 100 and host["PidsLimit"] == 50
    assert host["ReadonlyRootfs"] is True
    assert host["ShmSize"] == 1 << 26
    assert {"/run", "/scratch"} <= set(host["Tmpfs"])  # Podman adds those of a read-only container
    assert config["Hostname"] == "bird" and config["WorkingDir"] == "/bin" and config["User"] == "0"
    assert config["StopTimeout"] == 2
    if driver.kind == "docker":
        assert host["Init"] is True
        assert host["Tmpfs"]["/run"] == "size=1m"
        assert host["Ulimits"] == [{"Name": "nofile", "Soft": 512, "Hard": 1024}]
        assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-size": "1m"}}
        assert host["Sysctls"] == {"net.ipv4.ip_unprivileged_port_start": "1"}
        assert host["Devices"] == [{"PathOnHost": "/dev/null", "PathInContainer": "/dev/nil", "CgroupPermissions": "rw"}]


# Images

@pytest.mark.parametrize("image", ["localhost:1/nothere", "localhost:1/nothere@sha256:" + "0" * 64])
def test_an_unreachable_registry_is_a_clear_error(driver, image):
    app = make_app(image=image)
    driver.prepare(app)
    result = start(driver, app)
    assert not result["ok"]
    assert f"pull {image}" in result["error"] and "refused" in result["error"], result
    assert driver.replicas(app) == {}


# Health

def test_an_unhealthy_replica_is_seen_and_restarted(driver):
    app = make_app(healthcheck={"test": ["CMD", "/bin/busybox", "test", "!", "-e", "/sick"],
                                "interval_ns": 10**9, "retries": 1})
    driver.prepare(app)
    started(driver, app)
    name = f"{app['name']}-web-1"

    def health():
        if driver.kind == "podman":  # systemd's timers do this elsewhere; there is no systemd in the lab
            driver.engine.call("GET", f"/v4.0.0/libpod/containers/{name}/healthcheck")
        return driver.replicas(app)[name]["health"]

    wait_until(lambda: health() == "healthy")
    made = driver.engine.call("POST", f"/containers/{name}/exec", {"Cmd": ["/bin/busybox", "touch", "/sick"]})
    driver.engine.call("POST", f"/exec/{made['Id']}/start", {"Detach": True})
    wait_until(lambda: health() == "unhealthy")
    before = inspect(driver, name)["State"]["StartedAt"]
    driver.applied(app, "replica-restart", service="web", number=1, id=driver.replicas(app)[name]["id"])
    assert inspect(driver, name)["State"]["StartedAt"] != before


# Streams

def test_events_tell_what_happened_since(driver):
    app = make_app()
    driver.prepare(app)
    tool = driver.start_stream("watch", since_ns=time.time_ns() - 10**9, stop_after=4)
    started(driver, app)
    replica = driver.replicas(app)[f"{app['name']}-web-1"]
    driver.applied(app, "replica-remove", service="web", number=1, id=replica["id"])
    told = [e for e in driver.stream_items(tool) if e["app"] == app["name"]]
    assert told and all(e["matters"] and e["service"] == "web" for e in told)

    def again():
        """The Engine's memory of it, as after a connection that was lost."""
        # Podman reads the time as a floating-point number: a little earlier, or the first may be missing.
        result = driver.run("watch", since_ns=told[0]["at_ns"] - 10**6, stop_after=3)
        return [e["what"] for e in result["items"] if e["id"] == replica["id"]]

    assert again()[:3] == ["create", "start", "die"]


def test_logs_come_line_by_line_from_both_streams(driver):
    app = make_app(command=["/bin/sh", "-c", "echo one; echo two >&2; printf three; exec sleep 1000"])
    driver.prepare(app)
    started(driver, app)
    replica = driver.replicas(app)[f"{app['name']}-web-1"]["id"]
    followed = driver.ok("logs", replica=replica, follow=True, timestamps=True, stop_after=2)["items"]
    assert sorted((line["stderr"], line["text"]) for line in followed) == [(False, "one"), (True, "two")]
    assert all(line["at"].startswith("20") and "T" in line["at"] for line in followed)

    whole = driver.ok("logs", replica=replica)["items"]
    assert {line["text"] for line in whole} >= {"one", "two"}
    assert all(line["at"] == "" for line in whole)
    assert len(driver.ok("logs", replica=replica, tail=1)["items"]) == 1
    assert driver.run("logs", replica="nobody")["code"] == ENOENT


# Over the network

@pytest.fixture
def remote(driver):
    other = Driver(driver.lab, driver.engine, driver.kind)
    other.endpoint = driver.engine.endpoint
    other.tls = driver.engine.tls
    return other


@over_tls
def test_mutual_tls_works(remote):
    assert remote.ok("connect")["engine"] == "20.10.24"


@over_tls
def test_an_engine_with_an_unknown_certificate_is_not_trusted(remote, tmp_path):
    stranger = Authority(str(tmp_path / "ca"))
    remote.tls = remote.tls | {"ca": stranger.cert}
    result = remote.run("connect")
    assert result["code"] == EACCES and "docker at amber-1" in result["error"], result


@over_tls
def test_an_engine_refuses_whom_it_does_not_know(remote):
    remote.tls = {"ca": remote.tls["ca"]}
    result = remote.run("connect")
    assert not result["ok"] and "certificate" in result["error"], result


def test_an_engine_that_hangs_is_given_up(driver):
    driver.engine.freeze()
    try:
        result = driver.run("connect")
    finally:
        driver.engine.thaw()
    assert result["code"] == -110 and "docker at amber-1" in result["error"], result


def test_nobody_there_is_a_clear_error(driver):
    nobody = Driver(driver.lab, driver.engine, driver.kind)
    nobody.endpoint = "unix:///run/seawall-lab/nobody.sock"
    result = nobody.run("connect")
    assert result["code"] == ENOENT and "nobody.sock" in result["error"]
