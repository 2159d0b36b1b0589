# SPDX-License-Identifier: Apache-2.0
"""What was written down, and the figures that follow from it. Pure: lines in, values out.

An episode is one fault: from the moment it strikes to the next one. An attempt belongs to the episode in which it
ended: one that was under way when the fault struck counts, and none counts twice.
"""

import bisect
import json
from dataclasses import dataclass, field

KINDS = ("first", "next")


@dataclass
class Attempt:
    kind: str
    start: float
    end: float
    ok: bool
    tries: list  # [[address, "ok" or what went wrong]]

    @property
    def address(self):
        """Who answered, "" when nobody did."""
        return self.tries[-1][0] if self.ok else ""


@dataclass
class Answer:
    at: float
    addresses: list
    ttl: int


@dataclass
class Clients:
    """What the clients of one kind met."""

    attempts: int = 0
    failed: int = 0
    last_failure: float = None  # when the last failed attempt started
    reasons: dict = field(default_factory=dict)


@dataclass
class Episode:
    """One fault. All times are absolute; None is "did not happen"."""

    kind: str
    cloud: str
    address: str
    at: float
    until: float
    detected: float = None
    answers_changed: float = None
    unreachable: float = None  # when control said so
    control_killed: float = None
    control_back: float = None
    returned: float = None
    in_step: float = None
    whole: float = None    # the cloud is in the answers again
    settled: float = None  # and has all of its traffic
    restarted: int = 0   # copies that were right and are not the same any more
    elsewhere: int = 0   # copies that started while the cloud was away
    clients: dict = field(default_factory=dict)

    def ms(self, moment):
        """From the moment of the fault; None stays None."""
        return None if moment is None else max(0, round((moment - self.at) * 1000))


class History:
    """The lines of a history, sorted by what they are."""

    def __init__(self, lines):
        self.attempts, self.answers, self.failed_answers, self.marks = [], [], [], []
        for line in lines:
            entry = json.loads(line)
            what = entry.pop("what")
            if what == "attempt":
                self.attempts.append(Attempt(entry["kind"], entry["start"], entry["end"], entry["ok"], entry["tries"]))
            elif what == "answer":
                self.answers.append(Answer(entry["at"], entry["addresses"], entry["ttl"]))
            elif what == "no-answer":
                self.failed_answers.append(entry["at"])
            else:
                self.marks.append((what, entry))
        self.attempts.sort(key=lambda attempt: attempt.start)
        self.answers.sort(key=lambda answer: answer.at)
        self.clouds = {mark["name"]: mark["address"] for mark in self.named("cloud")}

    def named(self, what):
        """The marks of one kind, as dicts, in their order."""
        return [mark for name, mark in self.marks if name == what]

    def latest(self, what, default=None):
        found = self.named(what)
        return found[-1] if found else default

    @property
    def began(self):
        return self.attempts[0].start if self.attempts else 0.0

    @property
    def ended(self):
        return max((attempt.end for attempt in self.attempts), default=0.0)

    @property
    def ttl(self):
        """The longest that a client may have kept an answer."""
        return max((answer.ttl for answer in self.answers), default=0)

    def answers_between(self, since, until):
        times = [answer.at for answer in self.answers]
        return self.answers[bisect.bisect_left(times, since):bisect.bisect_left(times, until)]

    def clients_between(self, kind, since, until):
        """What the clients of a kind met in attempts that ended between `since` and `until`."""
        clients = Clients()
        for attempt in self.attempts:
            if attempt.kind != kind or not since <= attempt.end < until:
                continue
            clients.attempts += 1
            if not attempt.ok:
                clients.failed += 1
                clients.last_failure = attempt.start
                reason = attempt.tries[-1][1] if attempt.tries else "no addresses"
                clients.reasons[reason] = clients.reasons.get(reason, 0) + 1
        return clients

    def attempts_a_second(self, since, until):
        if until <= since:
            return 0.0
        return sum(1 for attempt in self.attempts if since <= attempt.start < until) / (until - since)


def _answers_changed(history, episode):
    """Since when no answer names the cloud any more, as long as it is away.

    None when answers went on naming it to the end. In an API loss, when an answer lacked an address for the first time.
    """
    seen = history.answers_between(episode.at, episode.returned or episode.until)
    if episode.kind == "api-loss":
        whole = set(history.clouds.values())
        return next((answer.at for answer in seen if set(answer.addresses) != whole), None)
    changed = None
    for answer in seen:
        if episode.address in answer.addresses:
            changed = None
        elif changed is None:
            changed = answer.at
    return changed


def _first(marks, since, until, **wanted):
    for mark in marks:
        if since <= mark["at"] < until and all(mark.get(key) == value for key, value in wanted.items()):
            return mark["at"]
    return None


def _episode(history, mark, until):
    kind, cloud, at = mark["kind"], mark["cloud"], mark["at"]
    episode = Episode(kind, cloud, history.clouds[cloud], at, until)
    verdicts = history.named("verdict")
    episode.unreachable = _first(verdicts, at, until, cloud=cloud, source="control", state="down")
    # A lost API is no verdict on an endpoint: it is control that finds the cluster unreachable.
    episode.detected = episode.unreachable if kind == "api-loss" else _first(
        verdicts, at, until, cloud=cloud, source="nameserver", state="down")
    for name in ("returned", "in_step", "whole", "settled"):
        setattr(episode, name, _first(history.named(name), at, until))
    episode.control_killed = mark.get("control_killed")
    episode.control_back = _first(history.named("control_back"), at, until)
    for looked in history.named("looked"):
        if at <= looked["at"] < until:
            episode.restarted += looked["restarted"]
            episode.elsewhere += looked["elsewhere"]
    episode.answers_changed = _answers_changed(history, episode)
    episode.clients = {name: history.clients_between(name, at, until) for name in KINDS}
    return episode


def episodes(history):
    """One for each fault, in their order."""
    faults = history.named("fault")
    ends = [mark["at"] for mark in faults[1:]] + [history.ended + 1]
    return [_episode(history, mark, until) for mark, until in zip(faults, ends)]


def steady(history):
    """What clients met before the first fault: (since, until, {kind: Clients})."""
    mark = history.latest("steady")
    if mark is None:
        return 0.0, 0.0, {kind: Clients() for kind in KINDS}
    since, until = mark["since"], mark["at"]
    return since, until, {kind: history.clients_between(kind, since, until) for kind in KINDS}


def _clients_json(episode, kind):
    clients = episode.clients[kind]
    return {"attempts": clients.attempts, "failed": clients.failed,
            "last_failure_ms": episode.ms(clients.last_failure) or 0}


def _process_json(history, name):
    """The most memory and the sum of CPU time over all processes that bore the name."""
    marks = [mark for mark in history.named("process") if mark["name"] == name]
    return (max((mark["rss_kb_max"] for mark in marks), default=0), round(sum(mark["cpu_s"] for mark in marks), 2))


def plan_json(plan):
    """The part of a plan that the figures carry: numbers, and the certificate of what survives."""
    services = {name: {"needed": service["needed"], "placed": service["placed"], "survives": service["survives"]}
                for name, service in plan["services"].items()}
    certificate = [{"lost": line["lost"], "left": line["left"], "needed": line["needed"]}
                   for service in plan["services"].values() if service["survives"]
                   for line in service["certificate"]]
    return {"services": services, "certificate": certificate}


def figures(history, broken):
    """The figures as `script/demo --json` writes them. Milliseconds run from the moment of the fault.

    null is "did not happen": answers_changed_ms after a lost API, for one. last_failure_ms is 0 where failed is 0.
    """
    control_rss, control_cpu = _process_json(history, "control")
    return {
        "clouds": [{key: mark[key] for key in ("name", "driver", "engine")} for mark in history.named("cloud")],
        "plan": plan_json(history.latest("plan")["plan"]),
        "faults": [{"kind": episode.kind, "cloud": episode.cloud,
                    "detected_ms": episode.ms(episode.detected),
                    "answers_changed_ms": episode.ms(episode.answers_changed),
                    "first_address_clients": _clients_json(episode, "first"),
                    "next_address_clients": _clients_json(episode, "next"),
                    "in_step_again_ms": episode.ms(episode.in_step),
                    "restarted_without_need": episode.restarted} for episode in episodes(history)],
        "control": {"rss_kb_max": control_rss, "cpu_s": control_cpu},
        "nameserver": {"rss_kb_max": _process_json(history, "nameserver")[0]},
        "ok": not broken,
    }
