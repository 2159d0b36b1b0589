# SPDX-License-Identifier: Apache-2.0
"""Clouds to break: real Engines in network namespaces that this process made and that go with it.

    from lab import Lab

    with Lab("contract") as lab:
        amber = lab.cloud("amber")             # 192.0.2.11, no way out but to the hub and the other clouds
        engine = amber.engine()                # a real dockerd, unix socket and TCP with mutual TLS
        engine.import_image("shop:1", {"shop": path}, ["CMD [\"/shop\", \"web\"]"])
        server = lab.hub.popen(["seawall", "server", ...])     # 192.0.2.1
        with amber.blackhole():
            lab.client.run(["curl", ...])      # 192.0.2.100

docs/lab.md tells how it is built and why nothing is left behind.
"""

from .engine import Engine, EngineError
from .image import build_static
from .lab import Lab, LabError
from .machine import Machine
from .podman import Podman
from .process import cpu_seconds, rss_kb, rss_kb_max

__all__ = ["Engine", "EngineError", "Lab", "LabError", "Machine", "Podman", "build_static",
           "cpu_seconds", "rss_kb", "rss_kb_max"]
