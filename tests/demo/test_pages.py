# SPDX-License-Identifier: Apache-2.0
"""What people read: report.html, the timeline, the lines of progress."""

import html.parser
import io
import re

from demo import chart, promises, report, timeline
from demo import history as recorded
from demo.show import Show
from demo.watch import verdict_of
from synthetic import Synthetic


def history_of(synthetic):
    return recorded.History(synthetic.lines())


def page_of(synthetic):
    history = history_of(synthetic)
    broken = promises.broken(history)
    return report.render(history, recorded.figures(history, broken), broken)


class Parser(html.parser.HTMLParser):
    """Tags that are open, and text that is not style."""

    VOID = ("meta", "rect", "line", "path", "br")

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID or tag == "rect":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)


def test_the_page_stands_alone_and_needs_no_script():
    page = page_of(Synthetic().run())
    parser = Parser()
    parser.feed(page)
    assert parser.open == []
    tags = {tag for tag, _ in parser.seen}
    assert "svg" in tags and not tags & {"script", "link", "img", "iframe", "object"}
    assert not any(name in ("src", "href") or name.startswith("on") for _, attrs in parser.seen for name in attrs)
    assert "url(" not in page and "@import" not in page and "http" not in page.replace("http://:8080", "")
    assert "prefers-color-scheme: dark" in page


def test_the_page_tells_what_happened():
    text = " ".join(history_text(page_of(Synthetic().run(lambda kind, at: kind == "first" and 10 <= at < 12))))
    for words in ("Every promise was kept", "blackhole", "amber", "1.40 s", "1.50 s", "orders is pinned",
                  "240 of 2400", "two in each", "8.8 MiB"):
        assert words in text, words


def history_text(page):
    parser = Parser()
    parser.feed(page)
    return parser.text


def test_a_broken_promise_stands_on_top():
    page = page_of(Synthetic(changed_s=None).run())
    assert page.index("answers went on naming the lost cloud") < page.index("<svg")
    assert "Every promise was kept" not in page


def test_what_a_file_says_is_text_and_no_markup():
    synthetic = Synthetic()
    synthetic.mark("file", at=0, name="compose.yaml", text="<script>alert(1)</script> & more")
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page_of(synthetic.run())


def test_the_curve_falls_where_requests_failed_and_nowhere_else():
    history = history_of(Synthetic().run(lambda kind, at: kind == "first" and 10 <= at < 12))
    found = chart.bins(history)
    assert {number * chart.BIN_S for number, one in enumerate(found) if one.share("first") < 1} == {10, 10.5, 11, 11.5}
    assert all(one.share("next") == 1 for one in found)


def test_the_strips_show_when_answers_named_a_cloud():
    history = history_of(Synthetic(changed_s=1.5).run())
    spans = [(round(since - 1000, 1), round(until - 1000, 1)) for since, until in chart.presence(history, "192.0.2.11")]
    assert spans == [(0, 11.5), (24, 30)]
    assert len(chart.presence(history, "192.0.2.12")) == 1


def test_the_timeline_is_in_order_and_complete():
    text = "\n".join(timeline.lines(history_of(Synthetic().run())))
    times = [float(found) for found in re.findall(r"^ +([\d.]+) s  ", text, re.M)]
    assert times == sorted(times) and len(times) >= 6
    for words in ("amber's link drops every packet", "verdict: amber is down", "no answer names amber", "in step again"):
        assert words in text


def test_progress_is_plain_lines_where_there_is_no_terminal():
    out = io.StringIO()
    show = Show(out)
    show.head("One")
    with show.doing("waiting"):
        pass
    show.bad("broken")
    assert out.getvalue() == "\nOne\n  waiting ...\nbroken\n"


def test_progress_moves_on_a_terminal_and_leaves_no_trace(monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr(out, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    show = Show(out)
    show.status = lambda: "all is well"
    with show.doing("waiting"):
        pass
    assert "waiting 0 s  all is well" in out.getvalue() and out.getvalue().endswith("\r\033[K")


def test_verdicts_come_from_two_sources():
    assert verdict_of("nameserver", {"kind": "verdict", "cluster": "amber", "verdict": "down"}) == ("amber", "down")
    assert verdict_of("control", {"kind": "cluster-unreachable", "cluster": "amber"}) == ("amber", "down")
    assert verdict_of("control", {"kind": "cluster-ready", "cluster": "amber"}) == ("amber", "up")
    assert verdict_of("control", {"kind": "verdict", "cluster": "amber"}) is None
