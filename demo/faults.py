# SPDX-License-Identifier: Apache-2.0
"""The four faults: what is done, how long it lasts, how it is undone, and what must be the same afterwards."""

import time
from dataclasses import dataclass

from .world import DemoError, until

IN_STEP_MAX_S = 60
WHOLE_MAX_S = 60
FULL_MAX_S = 90
QUIET_S = 2.0  # between the end of one recovery and the next fault


@dataclass(frozen=True)
class Fault:
    """`strike` and `undo` take the world and the cloud's Engine. `lasts_s` is long enough to see every limit pass."""

    kind: str
    cloud: str
    lasts_s: float
    strike: object
    undo: object


def _cut(world, engine):
    engine.machine.cut()


def _heal(world, engine):
    engine.machine.heal()


def _crash(world, engine):
    engine.machine.crash()


def _stop(world, engine):
    engine.stop()


def _start(world, engine):
    engine.start()


# A fault lasts the limit for the answers, the TTL of 5 s and a second more, so that what must not happen any more
# has time to happen. An API is away for longer than control needs to find out that a cluster hangs.
FAULTS = (
    Fault("blackhole", "amber", 9.5, _cut, _heal),
    Fault("crash", "birch", 8.0, _crash, _start),
    Fault("api-loss", "coral", 10.0, _stop, _start),
    Fault("control-dead", "amber", 9.5, _cut, _heal),
)


def _kill_control(world, fault):
    """Returns when, or None: only one fault wants it."""
    if fault.kind != "control-dead":
        return None
    world.control.kill()
    return time.monotonic()


def _last(world, fault, struck):
    """Waits out the fault. Control comes back shortly before the cloud does, in the middle of the outage."""
    if fault.kind != "control-dead":
        time.sleep(max(0.0, struck + fault.lasts_s - time.monotonic()))
        return
    time.sleep(max(0.0, struck + fault.lasts_s - 1.0 - time.monotonic()))
    world.control.start()
    world.marks.mark("control_back")
    time.sleep(max(0.0, struck + fault.lasts_s - time.monotonic()))


def restarted(before, after, fault):
    """How many copies that were right are not the same any more. What a crash killed was not right."""
    return sum(1 for cloud, copies in before.items() if not (fault.kind == "crash" and cloud == fault.cloud)
               for copy, since in copies.items() if after[cloud].get(copy) != since)


def elsewhere(before, after, fault):
    """How many copies are in other clouds that were not there before."""
    return sum(1 for cloud, copies in after.items() if cloud != fault.cloud for copy in copies if copy not in before[cloud])


def carry_out(world, fault, tail):
    """One episode: strike, wait, undo, wait until all is as before. Everything goes into the history."""
    show, marks, engine = world.show, world.marks, world.engines[fault.cloud]
    before = world.copies()
    killed = _kill_control(world, fault)
    struck = marks.mark("fault", kind=fault.kind, cloud=fault.cloud, control_killed=killed)
    fault.strike(world, engine)
    with show.doing(f"{fault.kind}: {fault.cloud} is away"):
        _last(world, fault, struck)
    returned = marks.mark("returned")
    with show.doing(f"{fault.cloud} comes back"):
        fault.undo(world, engine)
        try:
            until(lambda: tail.is_ready_since(fault.cloud, returned) and world.is_in_step(), IN_STEP_MAX_S, "in step again")
            marks.mark("in_step")
            until(lambda: tail.names_all_since(returned), WHOLE_MAX_S, "all clouds are in the answers again")
            marks.mark("whole")
        except DemoError as error:
            show.bad(f"  {error}")  # the promises say what is broken by that; the other faults are still worth a look
    after = world.copies()
    marks.mark("looked", restarted=restarted(before, after, fault), elsewhere=elsewhere(before, after, fault))


def settle(world):
    """Recovery to the end: a cloud that returns gets its traffic back slowly, and the next fault meets all of them."""
    with world.show.doing("traffic returns slowly"):
        until(world.has_full_weights, FULL_MAX_S, "all endpoints have their full weight again")
        time.sleep(QUIET_S)
    world.marks.mark("settled")
