# SPDX-License-Identifier: Apache-2.0
"""What the demo says while it works: a moving line on a terminal, plain lines elsewhere."""

import contextlib
import os
import shutil
import sys
import threading
import time

PERIOD_S = 0.2
BOLD, GREEN, RED, SOFT, RESET = "\033[1m", "\033[32m", "\033[31m", "\033[2m", "\033[0m"


class Show:
    """`status` is a function that gives a few words on how things are right now, for the moving line."""

    def __init__(self, out=None):
        self.out = out or sys.stdout
        self.is_terminal = self.out.isatty() and os.environ.get("TERM") not in (None, "", "dumb")
        self.has_colour = self.is_terminal and "NO_COLOR" not in os.environ
        self.status = None
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._moving = ""

    def _paint(self, text, colour):
        return f"{colour}{text}{RESET}" if self.has_colour else text

    def _clear(self):
        if self._moving:
            self.out.write("\r\033[K")
            self._moving = ""

    def line(self, text="", colour=""):
        with self._lock:
            self._clear()
            self.out.write((self._paint(text, colour) if colour else text) + "\n")
            self.out.flush()

    def head(self, text):
        self.line()
        self.line(text, BOLD)

    def good(self, text):
        self.line(text, GREEN)

    def bad(self, text):
        self.line(text, RED)

    def command(self, words, output):
        """A command as the user would type it, and what it said."""
        self.line(f"$ {words}", BOLD)
        for line in output.rstrip().splitlines():
            self.line(f"  {line}")

    def _draw(self, text, since):
        words = self.status() if self.status else ""
        line = f"  {text} {time.monotonic() - since:.0f} s  {words}"
        with self._lock:
            self.out.write("\r\033[K" + self._paint(line[:shutil.get_terminal_size().columns - 1], SOFT))
            self.out.flush()
            self._moving = line

    @contextlib.contextmanager
    def doing(self, text):
        """Names a step that takes a while. On a terminal the line lives until the step is done."""
        since, done = time.monotonic(), threading.Event()
        if not self.is_terminal:
            self.line(f"  {text} ...")
            yield
            return

        def draw():
            while not done.wait(PERIOD_S):
                self._draw(text, since)

        drawer = threading.Thread(target=draw, daemon=True)
        self._draw(text, since)
        drawer.start()
        try:
            yield
        finally:
            done.set()
            drawer.join()
            with self._lock:
                self._clear()
                self.out.flush()
