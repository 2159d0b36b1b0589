# SPDX-License-Identifier: Apache-2.0
"""Ways for an Engine to misbehave. Each applies to requests whose path begins with `path`, `times` times or for ever."""

import socket
import struct
import threading
import time

BLOCK = 64 << 10


class Fault:
    def __init__(self, path="/", method=None, times=None):
        self.path, self.method, self.times = path, method, times
        self.hits = 0

    def matches(self, method, path):
        return path.startswith(self.path) and self.method in (None, method)

    def before(self, handler):
        """Instead of the action. True: that was all, no answer follows."""
        return False

    def after(self, handler, reply):
        """Once the action is done."""
        handler.send(reply)


def _wait_for_end(handler):
    """Keeps the connection open and says nothing until the other side, or the test, ends it."""
    handler.close_connection = True
    try:
        while handler in handler.engine.connections and handler.request.recv(BLOCK):
            pass
    except OSError:
        pass


def _reset(handler):
    handler.close_connection = True
    handler.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.engine.connections.discard(handler)
    handler.request.close()


class Hang(Fault):
    """Accepts and never answers."""

    def before(self, handler):
        _wait_for_end(handler)
        return True


class Hold(Fault):
    """Takes its time: goes on once `release` is set."""

    def __init__(self, **more):
        super().__init__(**more)
        self.release = threading.Event()

    def before(self, handler):
        self.release.wait(30)
        return False


class HangAfter(Fault):
    """Does what it was asked for, and never says so."""

    def after(self, handler, reply):
        _wait_for_end(handler)


class HangInBody(Fault):
    def after(self, handler, reply):
        status, content_type, body = reply
        handler.head(status, content_type, len(body) + 10)
        handler.wfile.write(body[:len(body) // 2 or 1])
        handler.wfile.flush()
        _wait_for_end(handler)


class HalfAnswer(Fault):
    """Hangs up in the middle of the body."""

    def after(self, handler, reply):
        status, content_type, body = reply
        handler.head(status, content_type, len(body) + 10)
        handler.wfile.write(body[:len(body) // 2])
        handler.wfile.flush()
        _reset(handler)


class HalfHeader(Fault):
    def before(self, handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nApi-Ver")
        handler.wfile.flush()
        _reset(handler)
        return True


class LoseReply(Fault):
    """Does what it was asked for, then hangs up without a word."""

    def after(self, handler, reply):
        _reset(handler)


class Raw(Fault):
    """Says these bytes, over and over if `repeat`."""

    def __init__(self, data, repeat=False, **more):
        super().__init__(**more)
        self.data, self.repeat = data, repeat

    def before(self, handler):
        handler.close_connection = True
        handler.wfile.write(self.data)
        while self.repeat and handler in handler.engine.connections:
            handler.wfile.write(self.data)
        handler.wfile.flush()
        return True


class Endless(Fault):
    """A body without an end: `head`, then `block` again and again."""

    def __init__(self, block=b"x" * BLOCK, head=b"", **more):
        super().__init__(**more)
        self.block, self.head = block, head

    def before(self, handler):
        handler.close_connection = True
        handler.head(200)
        if self.head:
            handler.chunk(self.head)
        while handler in handler.engine.connections:
            handler.chunk(self.block)
        return True


class EndlessHeaders(Fault):
    def before(self, handler):
        handler.close_connection = True
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        number = 0
        while handler in handler.engine.connections:
            handler.wfile.write(b"".join(b"X-%d: %s\r\n" % (number + i, b"y" * 1000) for i in range(64)))
            number += 64
        return True


class Status(Fault):
    """An error of the Engine's."""

    def __init__(self, status, message="server error", **more):
        super().__init__(**more)
        self.status, self.message = status, message

    def before(self, handler):
        message = self.message if isinstance(self.message, bytes) else b'{"message":"%s"}\n' % self.message.encode()
        handler.send((self.status, "application/json", message))
        return True


class Answer(Fault):
    """Another body, with status 200."""

    def __init__(self, body, content_type="application/json", **more):
        super().__init__(**more)
        self.body, self.content_type = body, content_type

    def before(self, handler):
        handler.send((200, self.content_type, self.body))
        return True


class Drip(Fault):
    """One byte after the other."""

    def __init__(self, pause_s=0.2, **more):
        super().__init__(**more)
        self.pause_s = pause_s

    def after(self, handler, reply):
        status, content_type, body = reply
        handler.close_connection = True
        handler.head(status, content_type, len(body))
        for at in range(len(body)):
            if handler not in handler.engine.connections:
                return
            handler.wfile.write(body[at:at + 1])
            handler.wfile.flush()
            time.sleep(self.pause_s)


class CloseAfterEach(Fault):
    """Answers, says keep-alive, and hangs up."""

    def after(self, handler, reply):
        handler.send(reply)
        handler.close_connection = True
