# SPDX-License-Identifier: Apache-2.0
"""From a recorded history to figures, and from figures to the promises that they break."""

import json

import pytest

from demo import history as recorded
from demo import promises
from synthetic import Synthetic

SHAPE = {
    "clouds": [{"name": "", "driver": "docker", "engine": "20.10.24"}],
    "plan": {"services": {"web": {"needed": 4, "placed": {"amber": 2}, "survives": True}},
             "certificate": [{"lost": "amber", "left": 4, "needed": 4}]},
    "faults": [{"kind": "", "cloud": "", "detected_ms": 0, "answers_changed_ms": 0,
                "first_address_clients": {"attempts": 0, "failed": 0, "last_failure_ms": 0},
                "next_address_clients": {"attempts": 0, "failed": 0, "last_failure_ms": 0},
                "in_step_again_ms": 0, "restarted_without_need": 0}],
    "control": {"rss_kb_max": 0, "cpu_s": 0}, "nameserver": {"rss_kb_max": 0}, "ok": True}


def episode_of(synthetic):
    return recorded.episodes(recorded.History(synthetic.lines()))[0]


def broken_by(synthetic):
    return promises.broken(recorded.History(synthetic.lines()))


def figures_of(synthetic):
    history = recorded.History(synthetic.lines())
    return recorded.figures(history, promises.broken(history))


def test_figures_have_the_shape_that_was_agreed_on():
    def check(found, wanted, where):
        if isinstance(wanted, dict) and where not in (".plan.services", ".plan.services.web.placed"):
            assert list(found) == list(wanted), where
        if isinstance(wanted, dict):
            for key, value in wanted.items():
                check(found[key], value, f"{where}.{key}")
        elif isinstance(wanted, list):
            assert found
            for item in found:
                check(item, wanted[0], where + "[]")
        elif isinstance(wanted, bool) or isinstance(wanted, str):
            assert type(found) is type(wanted), where
        else:
            assert isinstance(found, (int, float)) and not isinstance(found, bool), where

    check(figures_of(Synthetic().run()), SHAPE, "")


def test_a_quiet_outage_breaks_nothing():
    assert broken_by(Synthetic().run()) == []
    assert figures_of(Synthetic().run())["ok"] is True


def test_times_run_from_the_moment_of_the_fault():
    fault = figures_of(Synthetic(changed_s=1.5, detected_s=1.4).run())["faults"][0]
    assert fault["detected_ms"] == 1400
    assert fault["answers_changed_ms"] == 1500
    assert fault["in_step_again_ms"] == 12000


def test_answers_that_changed_and_changed_back_have_not_changed_yet():
    synthetic = Synthetic(changed_s=1.0).run()
    synthetic.answer(12.51, ["192.0.2.11", "192.0.2.12"])
    assert episode_of(synthetic).ms(episode_of(synthetic).answers_changed) == pytest.approx(2525, abs=26)


def test_answers_that_never_change_are_told_as_that():
    synthetic = Synthetic(changed_s=None).run()
    assert figures_of(synthetic)["faults"][0]["answers_changed_ms"] is None
    assert any("went on naming" in text for text in broken_by(synthetic))


def test_a_request_that_was_under_way_when_the_fault_struck_counts():
    synthetic = Synthetic().run()
    before = episode_of(synthetic).clients["next"]
    synthetic.attempt("next", 9.99, ok=False, took=1.0)
    after = episode_of(synthetic).clients["next"]
    assert (after.attempts, after.failed) == (before.attempts + 1, before.failed + 1)
    assert figures_of(synthetic)["faults"][0]["next_address_clients"]["last_failure_ms"] == 0


def test_a_request_that_the_next_fault_met_is_not_held_against_this_one():
    synthetic = Synthetic().run()
    synthetic.mark("fault", at=29.0, kind="crash", cloud="birch")
    synthetic.attempt("first", 28.99, ok=False, took=0.02)
    one, other = recorded.episodes(recorded.History(synthetic.lines()))
    assert one.clients["first"].failed == 0
    assert (other.clients["first"].failed, other.ms(other.clients["first"].last_failure)) == (1, 0)


@pytest.mark.parametrize("kind, changed_s, is_broken", [
    ("crash", 0.97, False), ("crash", 1.05, True), ("blackhole", 2.97, False), ("blackhole", 3.05, True),
    ("control-dead", 2.97, False), ("control-dead", 3.05, True)])
def test_answers_have_a_limit_for_each_fault(kind, changed_s, is_broken):
    found = broken_by(Synthetic(kind=kind, changed_s=changed_s).run())
    assert [("answers changed after" in text) for text in found] == ([True] if is_broken else [])


@pytest.mark.parametrize("at, is_broken", [(16.4, False), (16.6, True)])
def test_a_first_address_client_may_fail_until_the_ttl_after_the_change(at, is_broken):
    synthetic = Synthetic(changed_s=1.5).run()
    synthetic.attempt("first", at, ok=False, took=1.0)
    assert [("first-address client failed" in text) for text in broken_by(synthetic)] == ([True] if is_broken else [])


@pytest.mark.parametrize("at, is_broken", [(11.4, False), (11.6, True), (28.0, True)])
def test_a_next_address_client_may_not_fail_after_the_change(at, is_broken):
    synthetic = Synthetic(changed_s=1.5).run()
    synthetic.attempt("next", at, ok=False, took=1.0)
    assert [("next-address client failed" in text) for text in broken_by(synthetic)] == ([True] if is_broken else [])


def test_a_lost_api_that_nobody_feels_is_fine():
    synthetic = Synthetic(kind="api-loss", cloud="coral", changed_s=None).run()
    assert broken_by(synthetic) == []
    assert figures_of(synthetic)["faults"][0]["answers_changed_ms"] is None


@pytest.mark.parametrize("what", ["failure", "answer", "start", "unseen"])
def test_a_lost_api_may_have_no_effect_at_all(what):
    synthetic = Synthetic(kind="api-loss", cloud="coral", changed_s=None,
                          detected_s=None if what == "unseen" else 1.0).run()
    if what == "failure":
        synthetic.attempt("first", 15.0, ok=False)
    elif what == "answer":
        synthetic.answer(15.01, ["192.0.2.11", "192.0.2.12"])
    elif what == "start":
        synthetic.looked["elsewhere"] = 1
    assert len(broken_by(synthetic)) == 1


def test_a_failure_without_any_fault_is_a_broken_promise():
    synthetic = Synthetic().run()
    synthetic.attempt("first", 5.0, ok=False)
    assert [text.startswith("steady state: 1 of") for text in broken_by(synthetic)] == [True]


def test_a_late_return_and_a_needless_restart_are_broken_promises():
    synthetic = Synthetic()
    synthetic.IN_STEP = 41.0
    synthetic.looked["restarted"] = 2
    for entry in synthetic.entries:
        if entry["what"] == "in_step":
            entry["at"] = synthetic.base + 20.0 + 20.5
    synthetic.END = 50.0
    found = broken_by(synthetic.run())
    assert len(found) == 2 and "20.50 s after the cloud's return" in found[0] and "2 copies" in found[1]


def test_a_recorder_that_could_not_keep_up_proves_nothing():
    synthetic = Synthetic().run()
    kept = [entry for number, entry in enumerate(synthetic.entries) if entry["what"] != "attempt" or number % 3]
    synthetic.entries = kept
    assert all("too busy to judge" in text for text in broken_by(synthetic)) and broken_by(synthetic)


@pytest.mark.parametrize("field, value, words", [("rss_kb_max", 31000, "30 MiB is the limit")])
def test_control_has_a_limit_for_memory(field, value, words):
    synthetic = Synthetic().run()
    synthetic.process[field] = value
    assert [words in text for text in broken_by(synthetic)] == [True]


def test_the_memory_of_a_killed_control_counts_as_well():
    synthetic = Synthetic().run()
    synthetic.mark("process", at=29.0, name="control", rss_kb_max=4000, cpu_s=0.25)
    assert figures_of(synthetic)["control"] == {"rss_kb_max": 9000, "cpu_s": 1.75}


def test_lines_of_a_history_may_come_in_any_order():
    synthetic = Synthetic().run(lambda kind, at: kind == "first" and 10 <= at < 12)
    lines = synthetic.lines()
    shuffled = sorted(lines, key=lambda line: hash(json.loads(line).get("start", 0)) if '"attempt"' in line else 0)
    one, other = (recorded.figures(recorded.History(some), []) for some in (lines, shuffled))
    assert one == other
