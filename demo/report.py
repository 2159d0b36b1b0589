# SPDX-License-Identifier: Apache-2.0
"""report.html: one self-contained page from a history. Nothing is loaded, nothing runs. Pure."""

from html import escape

from . import chart, promises, timeline
from . import history as recorded

STYLE = """
:root { color-scheme: light dark; --back: #fbfbfa; --card: #ffffff; --ink: #1c2024; --soft: #626a72; --rule: #e2e4e6;
  --good: #2f7d5b; --good-fill: #cfe6da; --bad: #c0392b; --bad-fill: #efa39a; --fault: #f6e3b4; --recovery: #fbf3dc;
  --cloud0: #c98a1b; --cloud1: #4a7fb5; --cloud2: #b5566f; --cloud3: #6f8f4e; --absent: #eceef0; }
@media (prefers-color-scheme: dark) { :root { --back: #14171a; --card: #1c2024; --ink: #e6e8ea; --soft: #98a1a9;
  --rule: #30363c; --good: #6cc59b; --good-fill: #24493a; --bad: #ef7c6f; --bad-fill: #8a352c; --fault: #4a3d18;
  --recovery: #2e2a1c; --cloud0: #c99434; --cloud1: #5e93c9; --cloud2: #c56c85; --cloud3: #86a863; --absent: #262b30; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; }
main { max-width: 1128px; margin: 0 auto; padding: 28px 24px 60px; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 4px; }
h2 { font-size: 18px; margin: 36px 0 10px; }
p { margin: 6px 0; max-width: 76ch; }
.soft { color: var(--soft); }
.verdict { border-left: 5px solid var(--good); padding: 10px 16px; background: var(--card); margin: 18px 0; }
.verdict.broken { border-color: var(--bad); }
.verdict ul { margin: 6px 0 0; padding-left: 20px; }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: 6px; padding: 16px; overflow-x: auto; }
svg { display: block; width: 100%; min-width: 760px; height: auto; font: 13px system-ui, "DejaVu Sans", sans-serif; }
svg text { fill: var(--ink); } svg .name { font-weight: 600; } svg .small { fill: var(--soft); font-size: 12px; }
.grid { stroke: var(--rule); } .tick { stroke: var(--soft); }
.answered { fill: var(--good-fill); } .failed { fill: var(--bad-fill); } .edge { fill: none; stroke: var(--good); stroke-width: 1.5; }
.curve { fill: none; stroke-width: 1.8; } .curve.first { stroke: var(--soft); } .curve.next { stroke: var(--good); }
.fault { fill: var(--fault); } .recovery { fill: var(--recovery); } .absent { fill: var(--absent); }
.cloud0 { fill: var(--cloud0); } .cloud1 { fill: var(--cloud1); } .cloud2 { fill: var(--cloud2); } .cloud3 { fill: var(--cloud3); }
.keys { display: flex; flex-wrap: wrap; gap: 6px 18px; margin: 12px 0 0; font-size: 13px; color: var(--soft); }
.keys svg { display: inline-block; width: 14px; min-width: 14px; height: 12px; vertical-align: -1px; margin-right: 5px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 5px 10px; border-bottom: 1px solid var(--rule); white-space: nowrap; }
th { font-weight: 600; color: var(--soft); white-space: normal; vertical-align: bottom; } th:first-child, td:first-child { text-align: left; padding-left: 0; }
th.words { text-align: left; } td.no { color: var(--bad); font-weight: 600; } td.words { white-space: normal; text-align: left; }
ol.times { list-style: none; padding: 0; margin: 6px 0; font-variant-numeric: tabular-nums; }
ol.times li { display: flex; gap: 14px; } ol.times span { min-width: 72px; text-align: right; color: var(--soft); }
pre { background: var(--card); border: 1px solid var(--rule); border-radius: 6px; padding: 12px 14px; overflow-x: auto;
  font: 13px/1.45 ui-monospace, "DejaVu Sans Mono", monospace; }
"""


def _table(head, rows):
    """Cells are text, or (text, class)."""
    def cell(value, tag="td"):
        words, style = value if isinstance(value, tuple) else (value, "")
        return f'<{tag}{f" class={style}" if style else ""}>{escape(str(words))}</{tag}>'

    body = "".join("<tr>" + "".join(map(cell, row)) + "</tr>" for row in rows)
    return f"<table><thead><tr>{''.join(cell(name, 'th') for name in head)}</tr></thead><tbody>{body}</tbody></table>"


def _swatch(style, words):
    return f'<span><svg viewBox="0 0 14 12"><rect width="14" height="12" class="{style}"/></svg>{escape(words)}</span>'


def _stroke(style, words):
    return f'<span><svg viewBox="0 0 14 12"><path d="M0 6 L14 6" class="{style}"/></svg>{escape(words)}</span>'


def _keys(history):
    swatches = [_swatch("answered", "answered"), _swatch("failed", "failed"), _swatch("fault", "a cloud is away"),
                _swatch("recovery", "back, not yet in step")]
    swatches += [_swatch(f"cloud{number}", name) for number, name in enumerate(history.clouds)]
    swatches += [_stroke(f"curve {kind}", f"{timeline.CLIENTS[kind]} clients") for kind in recorded.KINDS]
    return f'<div class="keys">{"".join(swatches)}</div>'


def _seconds(value):
    return "never" if value is None else f"{value / 1000:.2f} s"


def _fault_row(history, episode, fault):
    is_api_loss = episode.kind == "api-loss"
    limit = promises.ANSWERS_CHANGED_S.get(episode.kind)
    changed = fault["answers_changed_ms"]
    is_bad = changed is not None if is_api_loss else changed is None or changed > limit * 1000
    back = None if episode.in_step is None or episode.returned is None else 1000 * (episode.in_step - episode.returned)
    first, following = fault["first_address_clients"], fault["next_address_clients"]
    is_late = back is None or back > promises.IN_STEP_S * 1000
    return [episode.kind, episode.cloud, _seconds(fault["detected_ms"]), (_seconds(changed), "no" if is_bad else ""),
            "never" if is_api_loss else f"{limit:g} s",
            f'{first["failed"]} of {first["attempts"]}', _seconds(first["last_failure_ms"]) if first["failed"] else "",
            f'{following["failed"]} of {following["attempts"]}',
            (_seconds(back), "no" if is_late else ""),
            (fault["restarted_without_need"], "no" if fault["restarted_without_need"] else "")]


def _faults(history, figures):
    head = ["fault", "cloud", "detected", "answers changed", "limit", "first-address failed", "the last at",
            "next-address failed", "in step after return", "restarted"]
    return _table(head, [_fault_row(history, episode, fault)
                         for episode, fault in zip(recorded.episodes(history), figures["faults"])])


def _plan(plan):
    placed = sorted({cluster for service in plan["services"].values() for cluster in service["placed"]})
    rows = [[name, service["needed"], *(service["placed"].get(cluster, "") for cluster in placed),
             "yes" if service["survives"] else ("no", "no"), (service["why"], "words")]
            for name, service in plan["services"].items()]
    services = _table(["service", "needed", *placed, "survives", ("why", "words")], rows)
    lines = [[name, line["level"], line["lost"], line["left"], (line["needed"], "" if line["left"] >= line["needed"] else "no")]
             for name, service in plan["services"].items() for line in service["certificate"]]
    warnings = "".join(f"<p>{escape(warning)}</p>" for warning in plan.get("warnings", []))
    return (services + warnings + "<h2>Certificate: what each loss leaves</h2>" +
            _table(["service", "level", "lost", "left", "needed"], lines))


def _timeline(episode):
    items = "".join(f"<li><span>{seconds:.2f} s</span>{escape(text)}</li>" for seconds, text in timeline.moments(episode))
    clients = "".join(f"<p>{escape(timeline.clients_line(episode, kind))}</p>" for kind in recorded.KINDS)
    return f'<h2>{escape(episode.kind)}: {escape(timeline.title(episode))}</h2><ol class="times">{items}</ol>{clients}'


def _costs(history, figures):
    idle, end = history.latest("idle"), history.latest("end", {})
    rows = [["control", f'{figures["control"]["rss_kb_max"] / 1024:.1f} MiB', f'{figures["control"]["cpu_s"]:.2f} s',
             f'{idle["share"]:.2%} of a core' if idle else ""],
            ["nameserver", f'{figures["nameserver"]["rss_kb_max"] / 1024:.1f} MiB', "", ""],
            ["the recorder of this report", "", f'{end.get("cpu_s", 0):.2f} s', ""]]
    return _table(["process", "memory, at most", "CPU time", "idle"], rows)


def _verdict(broken):
    if not broken:
        return '<div class="verdict"><strong>Every promise was kept.</strong></div>'
    items = "".join(f"<li>{escape(text)}</li>" for text in broken)
    count = "A promise was broken." if len(broken) == 1 else f"{len(broken)} promises were broken."
    return f'<div class="verdict broken"><strong>{count}</strong><ul>{items}</ul></div>'


def _method(history):
    rate = history.attempts_a_second(history.began, history.ended)
    return (f"<p>Three clouds, each a real Docker Engine in a network of its own. {len(history.attempts):,} requests in "
            f"{history.ended - history.began:.0f} s ({rate:.0f} a second), each through a DNS query or an answer at most "
            f"{history.ttl} s old. First-address clients take the first address and keep it for its TTL; next-address clients "
            "try the next one when a connection is not there after one second. A request counts from the moment it starts. "
            "Every figure about clients and answers was computed from what the recorder wrote down, not from Seawall's "
            "logs.</p>")


def render(history, figures, broken):
    """The page as text."""
    clouds = "; ".join(f'{cloud["name"]}: {cloud["driver"]} {cloud["engine"]}' for cloud in figures["clouds"])
    parts = [
        "<h1>Seawall: one app on three clouds, and each of them lost in turn</h1>",
        f'<p class="soft">{escape(clouds)}</p>', _verdict(broken),
        f'<div class="card">{chart.draw(history)}{_keys(history)}</div>', _method(history),
        f'<h2>Faults</h2><div class="card">{_faults(history, figures)}</div>',
        f'<h2>Plan</h2><div class="card">{_plan(history.latest("plan")["plan"])}</div>',
        *map(_timeline, recorded.episodes(history)),
        f'<h2>What it costs</h2><div class="card">{_costs(history, figures)}</div>',
    ]
    for mark in history.named("file"):
        parts.append(f'<h2>{escape(mark["name"])}</h2><pre>{escape(mark["text"])}</pre>')
    return (f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
            f'content="width=device-width, initial-scale=1"><title>Seawall: the demo</title><style>{STYLE}</style></head>'
            f'<body><main>{"".join(parts)}</main></body></html>\n')
