# SPDX-License-Identifier: Apache-2.0
"""`seawall` as a user has it: on pipes, or on a terminal."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time

from .server import SEAWALL


class Cli:
    """Commands for one server, run in `folder`. Nothing of the environment but what a test says."""

    def __init__(self, folder, socket, **environment):
        self.folder = str(folder)
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": self.folder, "LANG": "C.UTF-8", "TERM": "xterm",
                            "SEAWALL_SOCKET": str(socket), **environment}

    def run(self, *words, input=None, folder=None, timeout=60, **environment):
        """stdout, stderr and returncode."""
        return subprocess.run([SEAWALL, *words], input=input, stdin=subprocess.DEVNULL if input is None else None,
                              capture_output=True, text=True, timeout=timeout, cwd=folder or self.folder,
                              env={**self.environment, **environment})

    def ok(self, *words, **more):
        """stdout of what must succeed and complain about nothing."""
        done = self.run(*words, **more)
        assert (done.returncode, done.stderr) == (0, ""), (words, done)
        return done.stdout

    def popen(self, *words, **more):
        return subprocess.Popen([SEAWALL, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, cwd=self.folder, env=self.environment, **more)

    def on_terminal(self, *words, columns=80, lines=24, timeout=60):
        """(exit code, all that the terminal was sent)."""
        parent, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        process = subprocess.Popen([SEAWALL, *words], stdin=child, stdout=child, stderr=child, cwd=self.folder,
                                   env=self.environment, start_new_session=True)
        os.close(child)
        shown, deadline = b"", time.monotonic() + timeout
        try:
            while time.monotonic() < deadline:
                if not select.select([parent], [], [], 1)[0]:
                    continue
                try:
                    data = os.read(parent, 65536)
                except OSError:  # the other side is closed
                    break
                if not data:
                    break
                shown += data
            return process.wait(timeout=10), shown.decode(errors="replace")
        finally:
            os.close(parent)
            if process.poll() is None:
                process.kill()
                process.wait()
