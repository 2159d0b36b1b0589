# SPDX-License-Identifier: Apache-2.0
"""The planner: 10,000 services on 100 clusters, and how its cost grows.

Each figure is the median of processes that plan once, so that a small app does not profit from memory that it has
warmed up. Times are those of the processor: the planner has one thread and waits for nothing, so that this is what a
core that is its own takes.
"""

import json
import math
import statistics
import subprocess

from .result import beside_limit

SIZES = {1000: 9, 10000: 7, 100000: 5}  # services: processes
CLUSTERS = 100


def run_once(build, services):
    done = subprocess.run([build / 'bench' / 'bench_plan', str(services), str(CLUSTERS), '1'], check=True,
                          capture_output=True, text=True)
    figures = json.loads(done.stdout)
    assert figures['refused'] == 0, figures
    return figures


def medians(build, services, count):
    runs = [run_once(build, services) for _ in range(count)]
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def growth(rows, key, small, large):
    """How often the cost of `large` is what n log n would make of the cost of `small`."""
    expected = rows[small][key] * large * math.log(large) / (small * math.log(small))
    return rows[large][key] / expected


def measure(build):
    rows = {services: medians(build, services, count) for services, count in SIZES.items()}

    print('services  clusters  replicas   plan ms  replan ms  memory MiB')
    for services, row in rows.items():
        print(f"{services:8}  {CLUSTERS:8}  {row['replicas']:8.0f}  {row['plan_ms']:8.1f}  {row['replan_ms']:9.1f}"
              f"  {row['rss_kb_max'] / 1024:10.1f}")
    middle = rows[10000]
    return [
        beside_limit('plan 10,000 services x 100 clusters', middle['plan_ms'], 'ms', 1000),
        beside_limit('replan after the loss of a cluster', middle['replan_ms'], 'ms', 100),
        beside_limit('memory of both', middle['rss_kb_max'] / 1024, 'MiB', 256),
        beside_limit('growth 1,000 to 10,000 services, by n log n', growth(rows, 'plan_ms', 1000, 10000), 'times', 1),
        beside_limit('growth 1,000 to 100,000 services, by n log n', growth(rows, 'plan_ms', 1000, 100000), 'times', 1),
    ]
