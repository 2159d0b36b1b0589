# SPDX-License-Identifier: Apache-2.0
"""Which promises a history breaks. Pure.

The limits are those of Seawall's default settings; docs/demo.md argues for them.
"""

from . import history as recorded

ANSWERS_CHANGED_S = {"crash": 1.0, "blackhole": 3.0, "control-dead": 3.0}
IN_STEP_S = 20.0
CONTROL_RSS_KB = 30 * 1024
CONTROL_IDLE = 0.01
ATTEMPTS_A_SECOND = 200

CLIENTS = {"first": "first-address clients", "next": "next-address clients"}


def _seconds(value):
    return f"{value:.2f} s"


def _steady(history):
    since, until, clients = recorded.steady(history)
    for kind, seen in clients.items():
        if seen.attempts == 0:
            yield f"steady state: no {CLIENTS[kind]} were there"
        if seen.failed:
            yield (f"steady state: {seen.failed} of {seen.attempts} requests of {CLIENTS[kind]} failed "
                   f"without any fault: {seen.reasons}")
    if until > since and history.attempts_a_second(since, until) < ATTEMPTS_A_SECOND:
        yield (f"the recorder sent {history.attempts_a_second(since, until):.0f} requests a second, "
               f"less than {ATTEMPTS_A_SECOND}: this computer is too busy to judge")


def _api_loss(episode):
    if episode.detected is None:
        yield "control did not notice"
    if episode.answers_changed is not None:
        yield f"an answer changed after {_seconds(episode.answers_changed - episode.at)}; none may"
    for kind, seen in episode.clients.items():
        if seen.failed:
            yield f"{seen.failed} of {seen.attempts} requests of {CLIENTS[kind]} failed: {seen.reasons}; none may"
    if episode.elsewhere:
        yield f"{episode.elsewhere} copies started elsewhere; none may"


def _outage(history, episode):
    limit = ANSWERS_CHANGED_S[episode.kind]
    if episode.detected is None:
        yield "no verdict called the cloud down"
    if episode.answers_changed is None:
        yield "answers went on naming the lost cloud"
        return
    changed = episode.answers_changed - episode.at
    if changed > limit:
        yield f"answers changed after {_seconds(changed)}; {_seconds(limit)} is the limit"
    last = episode.clients["first"].last_failure
    if last is not None and last > episode.answers_changed + history.ttl:
        yield (f"a first-address client failed {_seconds(last - episode.answers_changed)} after the answers changed; "
               f"the TTL of {history.ttl} s is the limit")
    last = episode.clients["next"].last_failure
    if last is not None and last > episode.answers_changed:
        yield (f"a next-address client failed {_seconds(last - episode.answers_changed)} after the answers changed; "
               "none may")


def _recovery(episode):
    if episode.returned is None or episode.in_step is None:
        yield "not in step again"
    elif episode.in_step - episode.returned > IN_STEP_S:
        yield (f"in step again {_seconds(episode.in_step - episode.returned)} after the cloud's return; "
               f"{_seconds(IN_STEP_S)} is the limit")
    if episode.whole is None:
        yield "the cloud did not come back into the answers"
    if episode.restarted:
        yield f"{episode.restarted} copies that were right were restarted; none may"


def _busy(history, episode):
    rate = history.attempts_a_second(episode.at, min(episode.until, history.latest("end", {}).get("at", episode.until)))
    if rate < ATTEMPTS_A_SECOND:
        yield f"the recorder sent {rate:.0f} requests a second, less than {ATTEMPTS_A_SECOND}: too busy to judge"


def of_episode(history, episode):
    """The promises that one fault broke, each in a sentence."""
    found = list(_api_loss(episode) if episode.kind == "api-loss" else _outage(history, episode))
    return found + list(_recovery(episode)) + list(_busy(history, episode))


def _control(history):
    most = max((mark["rss_kb_max"] for mark in history.named("process") if mark["name"] == "control"), default=0)
    if most > CONTROL_RSS_KB:
        yield f"control took {most / 1024:.1f} MiB; {CONTROL_RSS_KB // 1024} MiB is the limit"
    idle = history.latest("idle")
    if idle and idle["share"] > CONTROL_IDLE:
        yield f"control took {idle['share']:.2%} of a core when idle; {CONTROL_IDLE:.0%} is the limit"


def broken(history):
    """Every broken promise in a sentence; none is what we are after."""
    found = list(_steady(history))
    for episode in recorded.episodes(history):
        found += [f"{episode.kind} of {episode.cloud}: {text}" for text in of_episode(history, episode)]
    return found + list(_control(history))
