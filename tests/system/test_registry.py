# SPDX-License-Identifier: Apache-2.0
"""Pulls: whose credentials go along, and what a registry says that does not let us in."""

import base64
import json
import os
import subprocess

import pytest

from support.fake_engine import FakeEngine, address
from support.faults import HalfAnswer
from support.server import Server, app_json, cluster_json, until

IMAGE = "registry.test:5000/shop/web:2"
PASSWORD = "s3cret-password"


def auth(user, password):
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.fixture
def world(tmp_path):
    """A server that reads a config.json, and an Engine without our image."""
    engine = FakeEngine("amber", address=address(1), images=())
    config = tmp_path / "docker"
    config.mkdir()
    environment = {**os.environ, "DOCKER_CONFIG": str(config)}
    server = Server(tmp_path, popen=lambda argv, **more: subprocess.Popen(argv, env=environment, **more)).start()
    try:
        server.apply({"amber": cluster_json(engine.endpoint, "amber")})
        server.until_ready("amber")
        yield server, engine, config / "config.json"
        assert engine.violations == []
        server.stop()
        assert PASSWORD not in server.log_text()
    finally:
        server.close()
        engine.close()


def app(image=IMAGE):
    return app_json(replicas=1, ports=False, image=image)


@pytest.mark.parametrize("key, image, config, expected", [
    ("registry.test:5000", IMAGE, auth("me", PASSWORD), {"username": "me", "password": PASSWORD, "serveraddress": "registry.test:5000"}),
    ("https://registry.test:5000/v2/", IMAGE, auth("me", PASSWORD), {"username": "me", "password": PASSWORD, "serveraddress": "registry.test:5000"}),
    ("registry.test:5000", IMAGE, {**auth("me", ""), "identitytoken": PASSWORD}, {"identitytoken": PASSWORD, "serveraddress": "registry.test:5000"}),
    ("https://index.docker.io/v1/", "shop/web:2", auth("me", "a:b"), {"username": "me", "password": "a:b", "serveraddress": "https://index.docker.io/v1/"}),
    ("elsewhere.test", IMAGE, auth("me", PASSWORD), None),
    ("registry.test", IMAGE, auth("me", PASSWORD), None),
    ("registry.test:5000", IMAGE, {}, None),
])
def test_only_the_registry_of_an_image_gets_its_credentials(key, image, config, expected, world):
    server, engine, path = world
    path.write_text(json.dumps({"auths": {key: config}}))
    engine.registry[image] = None
    assert server.up(app(image))["phase"] == "done"
    assert engine.auths == [expected]


def test_new_credentials_count_from_the_next_try_on(world):
    server, engine, path = world
    path.write_text(json.dumps({"auths": {"registry.test:5000": auth("me", "old")}}))
    engine.registry[IMAGE] = "unauthorized: authentication required"
    last = server.up(app())
    assert last["phase"] == "failed"
    assert f"docker at amber: pull {IMAGE}: unauthorized: authentication required" in last["message"]
    path.write_text(json.dumps({"auths": {"registry.test:5000": auth("me", "new")}}))
    engine.registry[IMAGE] = None
    until(lambda: server.app()["state"] == "in-step", "in step")
    assert engine.auths[0]["password"] == "old" and engine.auths[-1]["password"] == "new"
    assert engine.created == ["shop-web-1"]


def test_an_error_inside_a_good_answer_is_an_error(world):
    server, engine, _ = world
    engine.registry[IMAGE] = "toomanyrequests: You have reached your pull rate limit"
    last = server.up(app())
    assert last["phase"] == "failed" and "toomanyrequests: You have reached your pull rate limit" in last["message"]
    assert engine.names() == []
    told = [event for event in server.events("action-failed")]
    assert told[0]["cluster"] == "amber" and "toomanyrequests" in told[0]["message"]


def test_an_image_that_does_not_exist_is_named(world):
    server, _, _ = world
    last = server.up(app())
    assert last["phase"] == "failed"
    assert f"docker at amber: pull {IMAGE}: 404: pull access denied for registry.test:5000/shop/web" in last["message"]


@pytest.mark.parametrize("text", ["{", "[]", '{"auths": 7}', '{"auths": {"registry.test:5000": {"auth": "%%%"}}}', "x" * (2 << 20)], ids=range(5))
def test_a_config_that_makes_no_sense_is_told_and_hinders_nothing(text, world):
    server, engine, path = world
    path.write_text(text)
    engine.registry[IMAGE] = None
    assert server.up(app())["phase"] == "done"
    assert engine.auths == [None]
    assert "no-credentials" in server.log_text() or text == '{"auths": 7}'


def test_a_pull_that_is_cut_off_is_tried_again(world):
    server, engine, _ = world
    engine.registry[IMAGE] = None
    engine.fault = HalfAnswer(path="/images/create", times=1)
    server.up(app())
    until(lambda: server.app()["state"] == "in-step", "in step")
    assert engine.running() == ["shop-web-1"]
