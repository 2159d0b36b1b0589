# SPDX-License-Identifier: Apache-2.0
"""The commands that read the user's files: config, plan, up."""

import json
import os
import re

import pytest
import yaml

from support.cli import Cli
from support.fake_engine import FakeEngine
from support.server import Server, until

CLOUDS = ("amber", "birch", "coral")
FLEET = """\
clusters:
  amber: {endpoint: "unix://FOLDER/amber.sock", provider: amber, addresses: [192.0.2.11]}
  birch: {endpoint: "unix://FOLDER/birch.sock", provider: birch, addresses: [192.0.2.12]}
  coral: {endpoint: "unix://FOLDER/coral.sock", provider: coral, addresses: [192.0.2.13]}
"""
SHOP = """\
name: shop
services:
  web:
    image: shop/web:1
    ports: ["8080-8089:8080"]
    environment:
      GREETING: ${GREETING:-hello}
    deploy: {replicas: 4}
x-seawall:
  survive: {provider: 1}
"""
UNSURVIVABLE = SHOP.replace("provider: 1", "provider: 3")


def fleet_text(folder):
    """Engines on sockets of this test alone: several runs may meet on one computer."""
    return FLEET.replace("FOLDER", str(folder))


@pytest.fixture
def alone(tmp_path):
    """Files, and no server."""
    (tmp_path / "compose.yaml").write_text(SHOP)
    (tmp_path / "fleet.yaml").write_text(fleet_text(tmp_path))
    return Cli(tmp_path, tmp_path / "none.sock")


@pytest.fixture
def world(alone, tmp_path):
    """With a server on three Engines, to which nothing may be sent that Docker does not know."""
    server = Server(tmp_path).start()
    engines = {name: FakeEngine(name, path=f"{tmp_path}/{name}.sock") for name in CLOUDS}
    cli = Cli(tmp_path, server.socket)
    try:
        cli.ok("fleet", "apply", "-f", "fleet.yaml")
        server.until_ready(*CLOUDS)
        yield cli, server, engines
        assert {name: engine.violations for name, engine in engines.items()} == {name: [] for name in CLOUDS}
        server.stop()
    finally:
        server.close()
        for engine in engines.values():
            engine.close()


# config


def test_config_prints_a_compose_file_with_everything_filled_in(alone, tmp_path):
    printed = yaml.safe_load(alone.ok("config", GREETING="good day"))
    assert printed["name"] == "shop"
    assert printed["services"]["web"]["environment"] == {"GREETING": "good day"}
    assert printed == json.loads(alone.ok("config", "--format", "json", GREETING="good day"))
    (tmp_path / "again.yaml").write_text(alone.ok("config"))
    assert alone.ok("config", "-f", "again.yaml") == alone.ok("config")


def test_config_prints_the_model_that_the_api_carries(alone):
    model = json.loads(alone.ok("config", "--model"))
    assert model["services"]["web"]["replicas"] == 4
    assert alone.ok("config", "--services") == "web\n"
    assert alone.ok("config", "-q") == ""


def test_the_file_is_found_here_or_above(alone, tmp_path):
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert alone.ok("config", folder=below) == alone.ok("config")
    (tmp_path / "other.yml").write_text(SHOP.replace("name: shop", "name: other"))
    assert yaml.safe_load(alone.ok("-f", "other.yml", "config"))["name"] == "other"
    assert yaml.safe_load(alone.ok("config", COMPOSE_FILE="other.yml"))["name"] == "other"
    assert yaml.safe_load(alone.ok("config", "-p", "third"))["name"] == "third"


def test_variables_come_from_the_file_beside_it_and_from_files_that_are_named(alone, tmp_path):
    (tmp_path / ".env").write_text("GREETING=from .env\n")
    (tmp_path / "more.env").write_text("GREETING=from more\n")
    environment = lambda *words: yaml.safe_load(alone.ok("config", *words))["services"]["web"]["environment"]
    assert environment() == {"GREETING": "from .env"}
    assert environment("--env-file", "more.env") == {"GREETING": "from more"}


def test_no_file_says_what_was_looked_for(tmp_path):
    done = Cli(tmp_path, "none.sock").run("config")
    assert done.returncode == 1
    assert "compose.yaml" in done.stderr and done.stdout == ""


def test_all_that_is_wrong_is_named_with_its_place(alone, tmp_path):
    (tmp_path / "compose.yaml").write_text("services:\n  web:\n    imge: x\n    prots: []\n")
    done = alone.run("config")
    assert done.returncode == 1 and done.stdout == ""
    assert re.search(r"^\S*compose\.yaml:3:5: .*imge.*image", done.stderr, re.M)
    assert re.search(r"^\S*compose\.yaml:4:5: .*prots.*ports", done.stderr, re.M)


def test_a_right_file_that_asks_for_more_than_we_do_is_refused(alone, tmp_path):
    (tmp_path / "compose.yaml").write_text("services:\n  web:\n    image: x\n    container_name: one\n")
    for command in (("config", "--strict"), ("config", "--model"), ("plan", "--fleet", "fleet.yaml"), ("up",)):
        done = alone.run(*command)
        assert done.returncode == 3 and done.stdout == ""
        assert re.search(r"^compose\.yaml:4:5: container_name: not supported", done.stderr, re.M)


def test_config_prints_what_is_right_and_lists_what_is_not_run(alone, tmp_path):
    (tmp_path / "compose.yaml").write_text("services:\n  web:\n    image: x\n    container_name: one\n")
    done = alone.run("config")
    assert done.returncode == 0 and "container_name: one" in done.stdout
    assert re.search(r"^compose\.yaml:4:5: container_name: not supported", done.stderr, re.M)


def test_config_names_what_a_driver_would_not_honour(alone, tmp_path):
    (tmp_path / "compose.yaml").write_text("services:\n  web:\n    image: x\n    restart: on-failure\n")
    gap = "services.web.restart: kubernetes does not honour it: "
    done = alone.run("config")
    assert done.returncode == 0 and done.stderr.startswith(gap) and "image: x" in done.stdout
    assert alone.ok("config", "--driver", "docker") == done.stdout
    assert alone.ok("config", "-q") == ""
    done = alone.run("config", "-q", "--strict")
    assert done.returncode == 3 and done.stderr.startswith(gap)
    assert alone.ok("config", "-q", "--strict", "--driver", "docker") == ""
    done = alone.run("config", "--driver", "kubernets")
    assert done.returncode == 2 and "did you mean 'kubernetes'?" in done.stderr


def test_a_file_cannot_command_the_terminal(alone, tmp_path):
    (tmp_path / "compose.yaml").write_text('services:\n  web:\n    image: x\n    "\\e[2J\\u009b31m": y\n')
    code, shown = alone.on_terminal("config")
    assert code == 1
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f]", shown)


# plan


def test_plan_without_a_server_needs_only_the_two_files(alone):
    text = alone.ok("plan", "--fleet", "fleet.yaml")
    assert re.search(r"web +4 +6 +2 +2 +2 +any 1 provider", text)
    assert text.count("provider amber") == 1 and "Why" in text
    answer = json.loads(alone.ok("plan", "--fleet", "fleet.yaml", "--format", "json"))
    assert answer["plan"]["services"]["web"]["placed"] == {name: 2 for name in CLOUDS}
    assert {change["what"] for change in answer["diff"]} == {"start"}


def test_plan_of_what_cannot_survive_exits_3(alone, tmp_path):
    (tmp_path / "compose.yaml").write_text(UNSURVIVABLE)
    done = alone.run("plan", "--fleet", "fleet.yaml")
    assert done.returncode == 3
    assert "Refused: nothing is changed" in done.stdout and "what would do:" in done.stdout
    assert done.stderr.startswith("seawall: refused: web: ")
    done = alone.run("plan", "--fleet", "fleet.yaml", "--format", "json")
    assert done.returncode == 3 and json.loads(done.stdout)["plan"]["refusals"]


def test_plan_changes_nothing_and_shows_what_up_would_change(world):
    cli, server, engines = world
    assert "+ web in amber: 0 -> 2 (start)" in cli.ok("plan")
    assert server.apps() == {} and not engines["amber"].containers
    cli.ok("up")
    assert "none: what runs is what the plan says" in cli.ok("plan")
    assert "~ web in birch: 2 -> 2 (replace)" in cli.ok("plan", GREETING="other")


# up


def test_up_runs_it_and_a_second_time_changes_nothing(world):
    cli, server, engines = world
    text = cli.ok("up")
    assert text.startswith("accepted") and "\ndone" in text
    assert re.search(r"web +4 +6 +2 +2 +2 +any 1 provider\n$", text)
    assert server.app()["state"] == "in-step"
    assert {name: len(engine.running("shop")) for name, engine in engines.items()} == {name: 2 for name in CLOUDS}
    before = [copy["id"] for copy in server.app()["replicas"]]
    cli.ok("up")
    assert [copy["id"] for copy in server.app()["replicas"]] == before


def test_up_does_not_hide_what_would_not_survive(world, tmp_path):
    cli, _, _ = world
    (tmp_path / "compose.yaml").write_text("name: shop\nservices:\n  db:\n    image: shop/web:1\n"
                                           "    volumes: [\"data:/data\"]\nvolumes: {data: }\n")
    text = cli.ok("up")
    assert re.search(r"db +1 +1 +1 +no: pinned", text)
    assert re.search(r"Warnings\n.*db", text)
    cli.ok("down", "-v")


def test_services_of_a_profile_run_when_it_is_asked_for(alone, tmp_path):
    (tmp_path / "compose.yaml").write_text(SHOP.replace("services:\n", "services:\n  tool:\n    image: shop/web:1\n"
                                                        "    profiles: [debug]\n"))
    assert alone.ok("config", "--services") == "web\n"
    assert alone.ok("config", "--services", "--profile", "debug") == "tool\nweb\n"
    assert alone.ok("config", "--services", COMPOSE_PROFILES="debug") == "tool\nweb\n"


def test_up_on_a_terminal_shows_a_live_view_that_fits(world):
    cli, _, _ = world
    code, shown = cli.on_terminal("up", columns=60, lines=12)
    assert code == 0
    assert "up shop" in shown and re.search(r"coral/web +done", shown)
    view = shown.split("SERVICE")[0]
    for line in re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "\n", view).split("\n"):
        assert len(line.rstrip("\r")) <= 60, line


def test_up_of_what_cannot_survive_is_refused_before_anything_is_touched(world, tmp_path):
    cli, server, engines = world
    (tmp_path / "compose.yaml").write_text(UNSURVIVABLE)
    done = cli.run("up")
    assert done.returncode == 3
    assert "Refused: nothing is changed" in done.stdout
    assert done.stderr.startswith("seawall: web: ")
    assert server.apps() == {} and all(not engine.containers for engine in engines.values())


def test_a_wrong_file_does_not_even_reach_the_server(alone, tmp_path):
    (tmp_path / "compose.yaml").write_text("services: [web]\n")
    for command in ("up", "plan", "config", "down", "ps"):
        done = alone.run(command)
        assert done.returncode == 1 and "compose.yaml:1:11" in done.stderr, command
        assert "no server" not in done.stderr


def test_commands_find_their_app_by_the_file(world, tmp_path):
    cli, server, _ = world
    cli.ok("up", "--detach")
    until(lambda: server.app()["state"] == "in-step", "it runs")
    assert "shop: in-step" in cli.ok("ps")
    assert cli.ok("logs").count("hello") == 6
    cli.ok("scale", "web=2")
    assert server.app()["plan"]["services"]["web"]["needed"] == 2
    cli.ok("down")
    assert server.apps() == {}


def test_an_image_that_is_not_there_is_told_and_up_does_not_wait_for_ever(world, tmp_path):
    cli, server, _ = world
    (tmp_path / "compose.yaml").write_text(SHOP.replace("shop/web:1", "shop/none:1"))
    process = cli.popen("up", "--format", "json")
    lines = []
    for line in process.stdout:
        lines.append(json.loads(line))
        if "shop/none" in lines[-1].get("message", ""):
            break
    assert "does not exist" in lines[-1]["message"]
    process.terminate()
    process.wait(timeout=30)
    cli.ok("down")


def test_a_fleet_of_the_files_folder_is_found_from_elsewhere(alone, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = alone.run("plan", "-f", os.path.join("..", "compose.yaml"), "--fleet", os.path.join("..", "fleet.yaml"),
                     folder=elsewhere)
    assert done.returncode == 0
