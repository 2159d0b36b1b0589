# SPDX-License-Identifier: Apache-2.0
"""The commands against a real server: what they print, and what their exit codes say."""

import json
import os
import re
import signal
import subprocess
import threading

import pytest

from support.cli import Cli
from support.fake_engine import FakeEngine
from support.faults import Hold
from support.server import SEAWALL, Refused, Server, app_json, until

CLOUDS = ("amber", "birch", "coral")
FLEET = """\
clusters:
  amber: {driver: docker, endpoint: "unix://FOLDER/amber.sock", provider: amber, region: north, addresses: [192.0.2.11],
          capacity: {cpus: 16, memory: 64GiB}}
  birch: {driver: docker, endpoint: "unix://FOLDER/birch.sock", provider: birch, addresses: [192.0.2.12]}
  coral: {driver: docker, endpoint: "unix://FOLDER/coral.sock", provider: coral, addresses: [192.0.2.13]}
"""


def fleet_text(folder):
    """Engines on sockets of this test alone: several runs may meet on one computer."""
    return FLEET.replace("FOLDER", str(folder))


# Without a server.


@pytest.fixture
def alone(tmp_path):
    return Cli(tmp_path, tmp_path / "none.sock")


def commands():
    """Every command and group, as the words that name it."""
    done = subprocess.run([SEAWALL, "help", "--format", "json"], capture_output=True, text=True, check=True)
    for command in json.loads(done.stdout)["commands"]:
        yield (command["name"],), command
        for sub in command["commands"]:
            yield (command["name"], sub["name"]), sub


@pytest.mark.parametrize("words, command", commands(), ids=lambda value: " ".join(value) if isinstance(value, tuple) else "")
def test_every_command_explains_itself(alone, words, command):
    text = alone.ok(*words, "--help")
    assert text.startswith(f"Usage: seawall {' '.join(words)}")
    assert text == alone.ok(*words, "-h") == alone.ok("help", *words)
    assert command["commands"] or "\nExamples:\n" in text
    for option in command["options"]:
        assert f"--{option['name']}" in text


@pytest.mark.parametrize("words, complaint", [
    ((), "Usage: seawall COMMAND"),
    (("pss",), "unknown command 'pss'; did you mean 'seawall ps'?"),
    (("fleet",), "Usage: seawall fleet COMMAND"),
    (("fleet", "aply"), "unknown command 'aply'; did you mean 'seawall fleet apply'?"),
    (("ps", "--fromat", "json"), "unknown option '--fromat'; did you mean '--format'?"),
    (("ps", "--format", "yaml"), "--format 'yaml': expected table|json"),
    (("ps", "--format"), "--format needs a value: table|json"),
    (("fleet", "ls", "amber"), "unexpected 'amber': no arguments are taken"),
    (("fleet", "rm"), "something is missing: expected NAME"),
    (("fleet", "rm", "Amber"), "'Amber' is no name of a cluster"),
    (("fleet", "apply"), "which file? Name it with -f"),
    (("scale", "web"), "'web': expected SERVICE=NUMBER"),
    (("scale", "web=x"), "'web=x': expected SERVICE=NUMBER"),
    (("scale", "web=1", "web=2"), "service 'web' is there twice"),
    (("scale", "web=10001"), "a number from 0 to 10000"),
    (("logs", "-p", "x", "--tail", "ten"), "--tail 'ten': expected a number"),
    (("logs", "-p", "x", "--since", "yesterday"), "--since 'yesterday': expected how long ago"),
    (("events", "--since", "2026-02-30"), "--since '2026-02-30'"),
    (("server", "--stat", "x"), "unknown option '--stat'; did you mean '--state'?"),
])
def test_wrong_words_are_named_and_nothing_is_tried(alone, words, complaint):
    done = alone.run(*words)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("words", [("fleet", "ls"), ("ps", "-p", "x"), ("ps", "--all"), ("down", "-p", "x"),
                                   ("logs", "-p", "x"), ("scale", "-p", "x", "web=1"), ("events",), ("dns", "show")])
def test_without_a_server_the_answer_is_how_to_start_one(alone, words):
    done = alone.run(*words)
    assert done.returncode == 1
    assert "no server is running at" in done.stderr and "'seawall server'" in done.stderr


def test_a_socket_that_is_not_ours_is_told_so(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can make a socket that this user may not use")
    server = Server(tmp_path).start()
    try:
        done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", SEAWALL, "fleet", "ls",
                               "--socket", server.socket], capture_output=True, text=True, cwd="/", timeout=60)
        assert done.returncode == 1
        assert "you may not use" in done.stderr and "group" in done.stderr
    finally:
        server.close()


def test_a_closed_pipe_and_a_full_disk_are_no_success(alone):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([SEAWALL, "help"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1 and "write to standard output" in done.stderr


def test_the_servers_config_file_is_read_strictly(alone, tmp_path):
    (tmp_path / "server.conf").write_text("# ours\nsocket = s.sock\nstat = memory:\n")
    done = alone.run("server", "--config", "server.conf")
    assert done.returncode == 1
    assert done.stderr == "seawall: server.conf:3:1: unknown key 'stat'; did you mean 'state'?\n"
    done = alone.run("server", "--config", "none.conf")
    assert done.returncode == 1 and "open 'none.conf'" in done.stderr


# With a server, and Engines that are strict with it.


@pytest.fixture
def empty(tmp_path):
    """A server without clusters."""
    server = Server(tmp_path).start()
    try:
        yield Cli(tmp_path, server.socket), server
        server.stop()
    finally:
        server.close()


@pytest.fixture
def world(empty, tmp_path):
    """A server on three Engines; nothing may have been sent that Docker does not know."""
    cli, server = empty
    engines = {name: FakeEngine(name, path=f"{tmp_path}/{name}.sock") for name in CLOUDS}
    try:
        (tmp_path / "fleet.yaml").write_text(fleet_text(tmp_path))
        cli.ok("fleet", "apply", "-f", "fleet.yaml")
        server.until_ready(*CLOUDS)
        yield cli, server, engines
        assert {name: engine.violations for name, engine in engines.items()} == {name: [] for name in CLOUDS}
    finally:
        for engine in engines.values():
            engine.close()


@pytest.fixture
def shop(world):
    """With an app that runs."""
    assert world[1].up(app_json())["phase"] == "done"
    return world


def rows(text):
    """The rows of a table, each as {heading: cell}; columns stand at least three blanks apart."""
    lines = text.split("\n\n")[0].splitlines()
    headings = re.split(r" {3,}", lines[0])
    return [dict(zip(headings, re.split(r" {3,}", line))) for line in lines[1:]]


def test_fleet_apply_says_what_it_did(empty, tmp_path):
    cli, _ = empty
    (tmp_path / "fleet.yaml").write_text(fleet_text(tmp_path))
    assert cli.ok("fleet", "apply", "-f", "fleet.yaml") == "".join(f"cluster {name} added\n" for name in CLOUDS)
    changed = fleet_text(tmp_path).replace("region: north", "region: south")
    assert cli.ok("fleet", "apply", "-f", "-", input=changed) == \
        "cluster amber changed\ncluster birch unchanged\ncluster coral unchanged\n"
    answer = json.loads(cli.ok("fleet", "apply", "-f", "fleet.yaml", "--format", "json"))
    assert answer == {"added": [], "changed": ["amber"], "unchanged": ["birch", "coral"]}


def test_a_wrong_fleet_file_changes_nothing_and_names_all_places(empty, tmp_path):
    cli, server = empty
    (tmp_path / "fleet.yaml").write_text("clusters:\n  amber:\n    endpont: x\n    provder: y\n")
    done = cli.run("fleet", "apply", "-f", "fleet.yaml")
    assert done.returncode == 1
    assert re.search(r"^fleet\.yaml:3:5: .*endpont.*endpoint", done.stderr, re.M)
    assert re.search(r"^fleet\.yaml:4:5: .*provder.*provider", done.stderr, re.M)
    assert server.clusters() == {}


def test_fleet_ls_shows_state_engine_and_capacity(world):
    cli, _, _ = world
    table = rows(cli.ok("fleet", "ls"))
    assert [row["NAME"] for row in table] == list(CLOUDS)
    assert table[0]["STATE"] == "ready" and table[0]["REGION"] == "north"
    assert table[0]["ENGINE"] == "20.10.24"
    assert (table[0]["CPUS"], table[0]["MEMORY"]) == ("16", "64GiB")
    listed = json.loads(cli.ok("fleet", "ls", "--format", "json"))["clusters"]
    assert [cluster["name"] for cluster in listed] == list(CLOUDS)


def test_fleet_ls_says_in_full_why_a_cluster_is_not_ready(world):
    cli, server, engines = world
    engines["birch"].refuse()
    until(lambda: server.clusters()["birch"]["state"] == "unreachable", "birch is seen to be gone")
    text = cli.ok("fleet", "ls")
    assert rows(text)[1]["STATE"] == "unreachable"
    assert re.search(r"^birch: unreachable since 2\S+Z: .*birch\.sock", text, re.M)
    engines["birch"].listen()


def test_an_empty_fleet_says_how_to_begin(empty):
    assert "seawall fleet apply" in empty[0].ok("fleet", "ls")


def test_fleet_rm_leaves_alone_what_is_in_use(shop):
    cli, server, _ = shop
    used = server.app()["replicas"][0]["cluster"]
    done = cli.run("fleet", "rm", used)
    assert done.returncode == 1 and f"app 'shop' runs in cluster '{used}'" in done.stderr
    assert cli.ok("fleet", "rm", used, "--force") == f"cluster {used} removed\n"
    done = cli.run("fleet", "rm", used)
    assert done.returncode == 1 and f"there is no cluster '{used}'" in done.stderr


def test_drain_and_its_undo(shop):
    cli, server, _ = shop
    assert "amber is being emptied" in cli.ok("fleet", "drain", "amber")
    until(lambda: all(copy["cluster"] != "amber" for copy in server.app()["replicas"]), "amber is emptied")
    assert rows(cli.ok("fleet", "ls"))[0]["STATE"] == "ready, drained"
    assert "may be used again" in cli.ok("fleet", "drain", "amber", "--undo")
    assert rows(cli.ok("fleet", "ls"))[0]["STATE"] == "ready"


def test_a_drain_that_an_app_would_not_survive_is_refused_with_the_plan(shop):
    cli, server, _ = shop
    assert server.up(app_json(survive={"provider": 2}, replicas=1))["phase"] == "done"
    done = cli.run("fleet", "drain", "amber")
    assert done.returncode == 3
    assert "Refused: nothing is changed" in done.stdout and "what would do:" in done.stdout
    assert done.stderr.startswith("seawall: web: ")
    assert not server.clusters()["amber"]["drained"]
    done = cli.run("fleet", "drain", "amber", "--format", "json")
    assert done.returncode == 3 and json.loads(done.stdout)["plan"]["refusals"]


def test_ps_shows_every_copy_and_its_cluster(shop):
    cli, server, _ = shop
    text = cli.ok("ps", "-p", "shop")
    table = rows(text)
    assert len(table) == len(server.app()["replicas"]) >= 3
    assert {row["CLUSTER"] for row in table} == {copy["cluster"] for copy in server.app()["replicas"]}
    assert all(row["SERVICE"] == "web" and row["STATE"] == "running" for row in table)
    assert all(re.fullmatch(r"80\d\d->8080/tcp", row["PORTS"]) for row in table)
    assert [(row["CLUSTER"], row["NAME"]) for row in table] == sorted((row["CLUSTER"], row["NAME"]) for row in table)
    assert "shop: in-step, revision 1" in text
    assert cli.ok("ps", COMPOSE_PROJECT_NAME="shop") == text
    assert json.loads(cli.ok("ps", "-p", "shop", "--format", "json"))["name"] == "shop"


def test_ps_says_what_waits_for_whom(shop):
    cli, server, engines = shop
    engines["amber"].refuse()
    until(lambda: server.app()["state"] == "waiting", "the loss is seen")
    text = cli.ok("ps", "-p", "shop")
    assert any(row["STATE"] == "unknown (was running)" for row in rows(text))
    assert "shop: waiting" in text and text.count("amber: ") == 1
    engines["amber"].listen()
    until(lambda: server.app()["state"] == "in-step", "it is back")


def test_tables_fit_a_usual_terminal(shop):
    cli, _, _ = shop
    for words in (("ps", "-p", "shop"), ("fleet", "ls"), ("ps", "--all")):
        code, shown = cli.on_terminal(*words, columns=80)
        assert code == 0 and "..." not in shown, shown
        assert all(len(line.rstrip("\r")) <= 80 for line in shown.split("\n"))


def test_ps_of_services_and_of_all_apps(shop):
    cli, server, _ = shop
    assert len(rows(cli.ok("ps", "-p", "shop", "web"))) == len(server.app()["replicas"])
    done = cli.run("ps", "-p", "shop", "wbe")
    assert done.returncode == 1 and "app 'shop' has no service 'wbe'" in done.stderr
    assert [row["APP"] for row in rows(cli.ok("ps", "--all"))] == ["shop"]
    done = cli.run("ps", "-p", "shpo")
    assert done.returncode == 1 and "there is no app 'shpo'" in done.stderr
    done = cli.run("ps", "-p", "../x")
    assert done.returncode == 1 and "--project-name '../x': a name is" in done.stderr


def test_scale_waits_until_it_is_so(shop):
    cli, server, _ = shop
    text = cli.ok("scale", "-p", "shop", "web=4")
    assert text.splitlines()[-1].startswith("done")
    assert server.app()["plan"]["services"]["web"]["needed"] == 4
    done = cli.run("scale", "-p", "shop", "wbe=4")
    assert done.returncode == 1 and "no service 'wbe'" in done.stderr


def test_scale_beyond_what_survives_is_refused_and_changes_nothing(shop):
    cli, server, _ = shop
    before = server.app()["replicas"]
    done = cli.run("scale", "-p", "shop", "web=1000")
    assert done.returncode == 3
    assert "Refused: nothing is changed" in done.stdout
    assert server.app()["replicas"] == before


def test_logs_say_who_printed_a_line(shop):
    cli, server, _ = shop
    lines = cli.ok("logs", "-p", "shop").splitlines()
    assert len(lines) == len(server.app()["replicas"])
    assert all(re.fullmatch(r"(amber|birch|coral)/web-\d +\| hello", line) for line in lines)
    timed = cli.ok("logs", "-p", "shop", "--timestamps", "--cluster", "birch").splitlines()
    assert timed and all(re.fullmatch(r"birch/web-\d +\| 2026-11-24T05:23:30\S*Z hello", line) for line in timed)
    assert set(cli.ok("logs", "-p", "shop", "--no-log-prefix", "web").splitlines()) == {"hello"}
    for line in cli.ok("logs", "-p", "shop", "--format", "json").splitlines():
        assert json.loads(line)["line"] == "hello"
    done = cli.run("logs", "-p", "shop", "wbe")
    assert done.returncode == 1 and "no service 'wbe'" in done.stderr


def test_logs_follow_what_starts_later_and_outlive_what_goes(shop):
    cli, server, engines = shop
    process = cli.popen("logs", "-f", "-p", "shop")
    try:
        said = set()

        def hears(*wanted):
            while not said >= set(wanted):
                line = process.stdout.readline()
                assert line, process.stderr.read()
                said.add(line.split(" ")[0])

        hears("amber/web-1", "birch/web-1", "coral/web-1")
        cli.ok("scale", "-p", "shop", "web=4")
        hears("amber/web-2", "birch/web-2", "coral/web-2")
        engines["amber"].refuse()
        until(lambda: server.app()["state"] == "waiting", "the loss is seen")
        engines["amber"].listen()
        until(lambda: server.app()["state"] == "in-step", "it is back")
        cli.ok("down", "-p", "shop")
        assert server.up(app_json("shop"))["phase"] == "done"
        said.clear()
        hears("amber/web-1", "birch/web-1")
    finally:
        process.kill()
        process.communicate()


def test_logs_have_colours_on_a_terminal_alone(shop):
    cli, _, _ = shop
    assert "\033" not in cli.ok("logs", "-p", "shop")
    code, shown = cli.on_terminal("logs", "-p", "shop")
    assert code == 0 and "\033[36m" in shown
    code, shown = cli.on_terminal("logs", "-p", "shop", "--no-color")
    assert code == 0 and "\033" not in shown


def test_down_takes_everything_away_and_is_content_the_second_time(shop):
    cli, _, engines = shop
    text = cli.ok("down", "-p", "shop")
    assert text.splitlines()[-1].startswith("done")
    assert all(not engine.containers for engine in engines.values())
    done = cli.run("down", "-p", "shop")
    assert done.returncode == 0 and "nothing to take down" in done.stderr


def test_down_on_a_terminal_shows_a_live_view(shop):
    cli, _, engines = shop
    engines["amber"].fault = hold = Hold(path="/containers", method="DELETE")
    slow = threading.Timer(0.5, hold.release.set)  # as long as an Engine may take; the view is drawn ten times a second
    slow.start()
    code, shown = cli.on_terminal("down", "-p", "shop")
    slow.join()
    assert code == 0
    assert "down shop" in shown and "\033[J" in shown
    assert re.search(r"amber/web +(working|done)", shown)


def test_every_line_of_progress_is_json_where_json_is_asked_for(shop):
    cli, _, _ = shop
    lines = [json.loads(line) for line in cli.ok("down", "-p", "shop", "--format", "json").splitlines()]
    assert lines[0]["phase"] == "accepted" and lines[-1]["phase"] == "done"
    assert any(line["phase"] == "action" for line in lines)


def test_detached_work_goes_on(shop):
    cli, server, _ = shop
    assert "seawall ps" in cli.ok("down", "-p", "shop", "--detach")
    until(lambda: server.apps() == {}, "it is taken down")


def test_ctrl_c_leaves_the_view_and_not_the_work(shop):
    cli, server, engines = shop
    engines["amber"].fault = hold = Hold(path="/containers", method="DELETE")
    process = cli.popen("down", "-p", "shop")
    assert process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 130
    assert "the server goes on with it" in process.stderr.read()
    assert server.apps()
    hold.release.set()
    until(lambda: server.apps() == {}, "it is taken down all the same")


def test_a_server_that_dies_in_the_middle_is_no_success(shop):
    cli, server, engines = shop
    engines["amber"].fault = hold = Hold(path="/containers", method="DELETE")
    process = cli.popen("down", "-p", "shop")
    assert process.stdout.readline()
    server.kill()
    assert process.wait(timeout=30) == 1
    assert process.stderr.read().startswith("seawall: ")
    hold.release.set()
    server.start()
    until(lambda: server.apps() == {}, "what was accepted is done after the restart")


def test_events_of_an_app_and_since_a_time(shop):
    cli, server, _ = shop
    assert server.up(app_json("other", ports=False))["phase"] == "done"
    events = [json.loads(line) for line in cli.ok("events", "--format", "json").splitlines()]
    assert {event["app"] for event in events} >= {"", "shop", "other"}
    assert {json.loads(line)["app"] for line in cli.ok("events", "--app", "other", "--format", "json").splitlines()} == \
        {"other"}
    middle = events[len(events) // 2]["at"]
    later = [json.loads(line) for line in cli.ok("events", "--since", middle, "--format", "json").splitlines()]
    assert later == [event for event in events if event["at"] >= middle]
    assert cli.ok("events", "--since", "2100-01-01") == ""
    assert "app-up" in cli.ok("events", "--since", "1h", "--app", "shop")
    with pytest.raises(Refused, match="since 'then': expected a time"):
        server.call("GET", "/v1/events?since=then")


def test_what_engines_say_cannot_command_the_terminal(world):
    cli, server, engines = world
    evil = "\033[2J\033]0;gotcha\007\x9b31m"
    engines["birch"].registry["evil:1"] = evil
    server.call("POST", "/v1/apps/shop/up", {"app": app_json(image="evil:1"), "detach": True})
    until(lambda: any("gotcha" in line.get("message", "") for line in server.events()), "the Engine has said it")
    for words in (("ps", "-p", "shop"), ("events",), ("events", "--format", "json"), ("fleet", "ls")):
        _, shown = cli.on_terminal(*words)
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f]", re.sub("\033\\[[0-9;]*m", "", shown)), words
        assert "\033[2J" not in shown
    server.down("shop")
