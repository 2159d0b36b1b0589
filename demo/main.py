# SPDX-License-Identifier: Apache-2.0
"""script/demo: one app on three clouds, each of them lost in turn, and a report with the figures."""

import argparse
import json
import os
import subprocess
import sys
import time

from . import history as recorded
from . import promises, report, timeline
from .faults import FAULTS, carry_out, settle
from .show import Show
from .tail import Tail
from .world import BUILD, CLOUDS, TOP, DemoError, World, until

STEADY_S = 10.0
WHOLE_MAX_S = 30
EXAMPLES = """examples:
  script/demo                                    all four faults; writes report.html
  script/demo --json figures.json                the figures as JSON too
  script/demo --only crash --keep                one fault, then look around until Enter
  script/demo --report out/report.html --history out/history.ndjson

Exit code: 0 every promise was kept, 1 one was broken or something went wrong, 2 wrong usage,
130 interrupted. Whatever was made is removed in each case."""


def parse(argv):
    parser = argparse.ArgumentParser(prog="script/demo", description=__doc__.partition(": ")[2], epilog=EXAMPLES,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", metavar="FILE", help="write the figures there")
    parser.add_argument("--report", metavar="FILE", default="report.html", help="where the report goes (%(default)s)")
    parser.add_argument("--history", metavar="FILE", help="keep what the recorder wrote down")
    parser.add_argument("--only", action="append", choices=[fault.kind for fault in FAULTS], metavar="FAULT",
                        help="only this fault, also several times: %(choices)s")
    parser.add_argument("--keep", action="store_true", help="leave all of it running at the end, until Enter")
    return parser.parse_args(argv)


def build(show):
    """A release build of its own: figures of another one would say little. Warnings are for who works on the code."""
    with show.doing("building"):
        steps = [["ninja", "-C", BUILD, "seawall"]]
        if not os.path.exists(os.path.join(BUILD, "build.ninja")):
            steps.insert(0, ["meson", "setup", "--buildtype=release", "-Dwerror=false", BUILD, TOP])
        for argv in steps:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if done.returncode:
                raise DemoError(f"{' '.join(argv)}:\n{done.stdout[-4000:]}")


def deploy(world):
    """From nothing to a running shop, with the commands that a user would type."""
    with world.show.doing("three clouds, each with a Docker Engine"):
        world.open_clouds()
    for name in CLOUDS:
        world.show.line(f"  {name}: Docker Engine {world.engines[name].version()} at {world.engines[name].endpoint}")
    world.write_fleet()
    with world.show.doing("control"):
        world.control.start()
    world.seawall_run("fleet", "apply", "-f", world.fleet_file)
    world.wait_for_clusters()
    world.control.find_nameserver()
    world.seawall_run("plan")
    plan = json.loads(world.seawall_run("plan", "--format", "json", shown=False))
    world.marks.mark("plan", plan=plan.get("plan", plan))
    for name, path in (("compose.yaml", world.compose_file), ("fleet.yaml", world.fleet_file)):
        with open(path, encoding="ascii") as file:
            world.marks.mark("file", name=name, text=file.read())
    world.seawall_run("up")
    world.seawall_run("ps")


def steady_state(world, tail):
    """Nothing is done, so nothing may fail. Also: what control takes when it has nothing to do."""
    world.watch()
    world.record()
    with world.show.doing("waiting until all clouds are in the answers"):
        until(lambda: tail.names_all_since(0), WHOLE_MAX_S, "all clouds are in the answers")
    since, used = time.monotonic(), world.control.cpu_ns()
    with world.show.doing("steady state"):
        time.sleep(STEADY_S)
    seconds = time.monotonic() - since
    world.marks.mark("idle", share=(world.control.cpu_ns() - used) / 1e9 / seconds)
    world.marks.mark("steady", since=since)


def run(world, chosen):
    """The whole show. Returns the history."""
    deploy(world)
    tail = Tail(world.history, {engine.machine.address: name for name, engine in world.engines.items()})
    world.show.head("Steady state: two kinds of client use the shop")
    world.show.status = tail.words
    steady_state(world, tail)
    for fault in (fault for fault in FAULTS if fault.kind in chosen):
        world.show.head(f"{fault.kind}: {timeline.WHAT[fault.kind].format(fault.cloud)}")
        carry_out(world, fault, tail)
        with open(world.history, encoding="ascii") as file:
            _say_episode(world.show, recorded.History(file))
        settle(world)
    world.show.status = None
    world.stop_recording()
    world.control.write_down("control", world.control.process.pid)
    world.control.write_down("nameserver", world.control.nameserver_pid)
    with open(world.history, encoding="ascii") as file:
        return recorded.History(file)


def _say_episode(show, history):
    """The latest episode in a few lines, as soon as it is over."""
    episode = recorded.episodes(history)[-1]
    for seconds, text in timeline.moments(episode):
        show.line(f"  {seconds:6.2f} s  {text}")
    for kind in recorded.KINDS:
        show.line(f"            {timeline.clients_line(episode, kind)}")
    for text in promises.of_episode(history, episode):
        show.bad(f"  broken: {text}")


def check_writable(options):
    """Raises now, not after minutes, when a file cannot be written where it is wanted."""
    for path in filter(None, (options.json, options.report, options.history)):
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        with open(path, "a", encoding="ascii"):
            pass


def _write(path, text):
    with open(path, "w", encoding="ascii", errors="xmlcharrefreplace") as file:
        file.write(text)


def conclude(options, world, history):
    """Timeline, report, figures. Returns the exit code."""
    broken = promises.broken(history)
    figures = recorded.figures(history, broken)
    _write(options.report, report.render(history, figures, broken))
    if options.json:
        _write(options.json, json.dumps(figures, indent=2) + "\n")
    if options.history:
        with open(world.history, encoding="ascii") as file:
            _write(options.history, file.read())
    show = world.show
    show.head("Timeline")
    for line in timeline.lines(history):
        show.line(line)
    show.line()
    idle = history.latest("idle")
    show.line(f"control: at most {figures['control']['rss_kb_max'] / 1024:.1f} MiB, {figures['control']['cpu_s']:.2f} s of CPU, "
              f"{idle['share']:.2%} of a core when idle; nameserver: at most {figures['nameserver']['rss_kb_max'] / 1024:.1f} MiB")
    show.line(f"report: {options.report}" + (f", figures: {options.json}" if options.json else ""))
    for text in broken:
        show.bad(f"broken: {text}")
    if not broken:
        show.good("Every promise was kept.")
    return 1 if broken else 0


def keep(world):
    """Until Enter, the world is the user's."""
    show = world.show
    show.head("It is still running. To look around, in another terminal:")
    show.line(f"  export SEAWALL_SOCKET={world.control.socket}")
    show.line(f"  {world.seawall} ps -f {world.compose_file}")
    show.line(f"  {world.seawall} dns show; {world.seawall} events --follow")
    for name in CLOUDS:
        show.line(f"  docker --host unix://{world.engines[name].socket} ps      # {name}")
    show.line(f"  nsenter --target {world.lab.client.pid} --net     # where the clients are")
    show.line("Enter ends it.")
    sys.stdin.readline()


def main(argv=None):
    options = parse(argv)
    show = Show()
    if os.geteuid() != 0:
        show.bad("script/demo: it makes network namespaces and Engines: run it as root")
        return 1
    try:
        check_writable(options)
        show.head("Seawall: one app on three clouds")
        build(show)
        with World(show) as world:
            history = run(world, options.only or [fault.kind for fault in FAULTS])
            code = conclude(options, world, history)
            if options.keep:
                keep(world)
        return code
    except KeyboardInterrupt:
        show.bad("interrupted; everything that was made is removed")
        return 130
    except (DemoError, RuntimeError, OSError) as error:
        show.bad(f"script/demo: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
