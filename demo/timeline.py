# SPDX-License-Identifier: Apache-2.0
"""What happened, in words, from the moment of each fault. Pure."""

from . import history as recorded

WHAT = {
    "blackhole": "{0}'s link drops every packet",
    "crash": "{0}'s Engine and containers are killed",
    "api-loss": "{0}'s Engine is stopped, its containers live",
    "control-dead": "control is killed, then {0}'s link drops every packet",
}
CLIENTS = {"first": "first-address", "next": "next-address"}


def title(episode):
    return WHAT[episode.kind].format(episode.cloud)


def _moments(episode):
    cloud = episode.cloud
    is_api_loss = episode.kind == "api-loss"
    yield episode.control_killed, "control is killed with kill -9"
    yield episode.at, title(episode) if episode.kind != "control-dead" else f"{cloud}'s link drops every packet"
    yield episode.unreachable, f"control: the cluster {cloud} is unreachable"
    if not is_api_loss:
        yield episode.detected, f"verdict: {cloud} is down"
    yield episode.answers_changed, ("an answer changed" if is_api_loss else f"no answer names {cloud} any more")
    for kind, seen in episode.clients.items():
        yield seen.last_failure, f"the last failure of a {CLIENTS[kind]} client"
    yield episode.control_back, "control is started again"
    yield episode.returned, f"{cloud} comes back"
    yield episode.in_step, "everything is in step again" + (
        f", {episode.restarted} restarted without need" if episode.restarted else ", nothing restarted that was right")
    if episode.answers_changed is not None:
        yield episode.whole, f"{cloud} is in the answers again, with little traffic at first"
        yield episode.settled, f"{cloud} has its full share again"


def moments(episode):
    """(seconds from the fault, what happened), sorted."""
    return sorted(((round(at - episode.at, 2) + 0.0, text) for at, text in _moments(episode) if at is not None),
                  key=lambda moment: moment[0])


def clients_line(episode, kind):
    seen = episode.clients[kind]
    share = 100.0 * (seen.attempts - seen.failed) / seen.attempts if seen.attempts else 0.0
    return f"{CLIENTS[kind]} clients: {seen.failed} of {seen.attempts} requests failed ({share:.2f} % answered)"


def lines(history):
    """The timeline as script/demo prints it."""
    _, _, clients = recorded.steady(history)
    yield "Steady state: " + ", ".join(
        f"{CLIENTS[kind]} clients {seen.failed} of {seen.attempts} failed" for kind, seen in clients.items())
    for episode in recorded.episodes(history):
        yield ""
        yield f"{episode.kind}: {title(episode)}"
        for seconds, text in moments(episode):
            yield f"  {seconds:6.2f} s  {text}"
        if episode.kind == "api-loss" and episode.answers_changed is None:
            yield "            no answer changed, nothing was started elsewhere"
        for kind in recorded.KINDS:
            yield f"            {clients_line(episode, kind)}"
