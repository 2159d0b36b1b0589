# SPDX-License-Identifier: Apache-2.0
"""The main job, shown on real Engines: script/demo.

    main.py       the order of things, the options, the exit code
    world.py      three clouds, the hub with Seawall, a client
    faults.py     what is done to them, and how it is undone
    recorder.py   a process of its own that uses the shop and writes down what it sees
    resolve.py    the recorder's way to ask a nameserver
    watch.py      verdicts as the nameserver tells them, states as control does
    history.py    what was written down; the figures that follow from it (pure)
    promises.py   which promises the figures break (pure)
    timeline.py   the figures in words (pure)
    report.py     report.html (pure)
    show.py       progress on a terminal or in plain lines

A history is one JSON object a line, append-only. `at`, `start` and `end` are CLOCK_MONOTONIC, which
all processes of a computer share. Figures about clients and answers come from it and from nothing else.
"""
