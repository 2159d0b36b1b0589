# SPDX-License-Identifier: Apache-2.0
"""Availability over time as one SVG, drawn by hand: no script, no library, colours by the page's style. Pure."""

from dataclasses import dataclass, field
from html import escape

from . import history as recorded

BIN_S = 0.5
WIDTH, LEFT, RIGHT = 1080, 164, 16
TOP, GAP = 52, 30
STEPS_S = (5, 10, 15, 30, 60, 120, 300)
LATENCY_MAX_S = 1.5


@dataclass
class Bin:
    """Half a second of requests, by when they started."""

    sent: dict = field(default_factory=lambda: dict.fromkeys(recorded.KINDS, 0))
    ok: dict = field(default_factory=lambda: dict.fromkeys(recorded.KINDS, 0))
    by_cloud: dict = field(default_factory=dict)
    took: dict = field(default_factory=lambda: {kind: [] for kind in recorded.KINDS})

    def share(self, kind):
        return self.ok[kind] / self.sent[kind] if self.sent[kind] else None

    def slow(self, kind):
        """The time within which 95 of 100 requests were answered."""
        took = sorted(self.took[kind])
        return took[min(len(took) - 1, int(len(took) * 0.95))] if took else None


def bins(history):
    """Bins from the first attempt to the last."""
    count = max(1, int((history.ended - history.began) / BIN_S) + 1)
    found = [Bin() for _ in range(count)]
    for attempt in history.attempts:
        one = found[int((attempt.start - history.began) / BIN_S)]
        one.sent[attempt.kind] += 1
        if attempt.ok:
            one.ok[attempt.kind] += 1
            one.by_cloud[attempt.address] = one.by_cloud.get(attempt.address, 0) + 1
            one.took[attempt.kind].append(attempt.end - attempt.start)
    while len(found) > 1 and sum(found[-1].sent.values()) < sum(found[0].sent.values()) / 2:
        found.pop()  # the last half second is not a whole one
    return found


class Canvas:
    """Collects SVG elements; knows where a moment is."""

    def __init__(self, began, seconds):
        self.began, self.seconds = began, max(seconds, 0.001)
        self.parts = []

    def x(self, moment):
        share = (moment - self.began) / self.seconds
        return round(LEFT + min(max(share, 0.0), 1.0) * (WIDTH - LEFT - RIGHT), 2)

    def add(self, text):
        self.parts.append(text)

    def text(self, x, y, words, style="", anchor="start"):
        self.add(f'<text x="{x}" y="{y}" class="{style}" text-anchor="{anchor}">{escape(words)}</text>')

    def rect(self, x, y, width, height, style, tip=""):
        title = f"<title>{escape(tip)}</title>" if tip else ""
        self.add(f'<rect x="{x}" y="{y}" width="{round(max(width, 0), 2)}" height="{height}" class="{style}">{title}</rect>')

    def line(self, x1, y1, x2, y2, style):
        self.add(f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" class="{style}"/>')

    def path(self, points, style, close=""):
        if points:
            self.add(f'<path d="M{" L".join(f"{x} {y}" for x, y in points)}{close}" class="{style}"/>')


def _steps(values, canvas, to_y):
    """The corners of a step curve; a bin without a value ends a piece."""
    pieces, piece = [], []
    for number, value in enumerate(values):
        if value is None:
            pieces, piece = pieces + [piece], []
            continue
        for moment in (number * BIN_S, (number + 1) * BIN_S):
            piece.append((canvas.x(canvas.began + moment), round(to_y(value), 2)))
    return [piece for piece in pieces + [piece] if piece]


def _frame(canvas, top, height, title, marks):
    """A panel: its title at the left, a line for each mark (y share, words)."""
    canvas.text(0, top + 13, title[0], "name")
    if len(title) > 1:
        canvas.text(0, top + 29, title[1], "small")
    for share, words in marks:
        y = round(top + height * (1 - share), 2)
        canvas.line(LEFT, y, WIDTH - RIGHT, y, "grid")
        canvas.text(LEFT - 8, y + 4, words, "small", "end")
    return top + height + GAP


def _availability(canvas, top, kind, found):
    height = 84
    shares = [one.share(kind) for one in found]
    title = {"first": ("first-address", "clients: answered"), "next": ("next-address", "clients: answered")}[kind]
    bottom = _frame(canvas, top, height, title, ((1, "100 %"), (0.5, "50 %"), (0, "0 %")))
    for piece in _steps(shares, canvas, lambda share: top + height * (1 - share)):
        base = [(piece[-1][0], top + height), (piece[0][0], top + height)]
        canvas.path(piece + base, "answered", "Z")
        lost = [(piece[-1][0], top), (piece[0][0], top)]
        canvas.path(piece + lost, "failed", "Z")
        canvas.path(piece, "edge")
    return bottom


def _latency(canvas, top, found):
    height = 64
    bottom = _frame(canvas, top, height, ("latency", "95 of 100 within"),
                    ((1, f"{LATENCY_MAX_S:g} s"), (1 / LATENCY_MAX_S, "1 s"), (0, "0")))
    for kind in recorded.KINDS:
        values = [one.slow(kind) for one in found]
        for piece in _steps(values, canvas, lambda took: top + height * (1 - min(took / LATENCY_MAX_S, 1))):
            canvas.path(piece, f"curve {kind}")
    return bottom


def _who(canvas, top, found, clouds):
    """Which share of the answered requests each cloud answered, stacked."""
    height = 84
    bottom = _frame(canvas, top, height, ("who answered",), ((1, "100 %"), (0.5, "50 %"), (0, "0 %")))
    totals = [sum(one.by_cloud.values()) for one in found]
    below = [0.0] * len(found)
    for number, address in enumerate(clouds.values()):
        above = [low + (one.by_cloud.get(address, 0) / total if total else 0)
                 for low, one, total in zip(below, found, totals)]
        up = _steps(above, canvas, lambda share: top + height * (1 - share))[0]
        down = _steps(below, canvas, lambda share: top + height * (1 - share))[0]
        canvas.path(up + down[::-1], f"cloud{number}", "Z")
        below = above
    return bottom


def presence(history, address):
    """[(since, until)] during which answers named the address."""
    spans = []
    for answer in history.answers:
        named = address in answer.addresses
        if named and spans and spans[-1][2]:
            spans[-1][1] = answer.at
        elif named:
            spans.append([answer.at, answer.at, True])
        elif spans:
            spans[-1][2] = False
    return [(since, until) for since, until, _ in spans]


def _answers(canvas, top, history):
    height, row = 12, 20
    canvas.text(0, top + 11, "named in", "name")
    canvas.text(0, top + 27, "DNS answers", "name")
    for number, (name, address) in enumerate(history.clouds.items()):
        y = top + number * row
        canvas.text(LEFT - 8, y + 10, name, "small", "end")
        canvas.rect(LEFT, y, WIDTH - LEFT - RIGHT, height, "absent")
        for since, until in presence(history, address):
            x = canvas.x(since)
            canvas.rect(x, y, canvas.x(until) - x, height, f"cloud{number}", f"{name} is in the answers")
    return top + len(history.clouds) * row


def _bands(canvas, found, bottom):
    """The faults, behind everything: from the fault to the cloud's return, and on until all is in step."""
    for episode in found:
        x, back = canvas.x(episode.at), canvas.x(episode.returned or episode.until)
        canvas.rect(x, TOP - 16, back - x, bottom - TOP + 22, "fault", f"{episode.kind} of {episode.cloud}")
        if episode.in_step:
            canvas.rect(back, TOP - 16, canvas.x(episode.in_step) - back, bottom - TOP + 22, "recovery",
                        "back, not yet in step")
        canvas.text(x, TOP - 36, episode.kind, "name")
        canvas.text(x, TOP - 22, episode.cloud, "small")


def _axis(canvas, bottom):
    step = next((step for step in STEPS_S if canvas.seconds / step <= 12), STEPS_S[-1])
    for number in range(int(canvas.seconds // step) + 1):
        x = canvas.x(canvas.began + number * step)
        canvas.line(x, bottom + 6, x, bottom + 11, "tick")
        canvas.text(x, bottom + 24, f"{number * step} s", "small", "middle")
    return bottom + 32


def draw(history):
    """The SVG element."""
    found, canvas = bins(history), Canvas(history.began, len(bins(history)) * BIN_S)
    top = TOP
    for kind in recorded.KINDS:
        top = _availability(canvas, top, kind, found)
    top = _latency(canvas, top, found)
    top = _who(canvas, top, found, history.clouds)
    bottom = _answers(canvas, top, history)
    front, canvas.parts = canvas.parts, []
    _bands(canvas, recorded.episodes(history), bottom)
    canvas.parts += front
    height = _axis(canvas, bottom)
    return (f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="Availability over time, by kind of client, '
            f'with the faults marked">{"".join(canvas.parts)}</svg>')
