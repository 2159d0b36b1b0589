# SPDX-License-Identifier: Apache-2.0
"""Asks a nameserver for the addresses of a name, as little as that takes.

usage: dns.py ADDRESS PORT NAME     prints [rcode, [address, ...]]
"""

import json
import random
import socket
import struct
import sys

NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3


def ask(address, name, timeout=2):
    """(rcode, sorted addresses) of an A query by UDP."""
    number = random.randrange(65536)
    question = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0\0\1\0\1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout)
        sock.connect(address)
        sock.send(struct.pack(">HHHHHH", number, 0x100, 1, 0, 0, 0) + question)
        reply = sock.recv(4096)
    found, flags, _, answers, _, _ = struct.unpack(">HHHHHH", reply[:12])
    if found != number or reply[12:12 + len(question)] != question:
        raise ValueError("the reply is not one to this query")
    at, addresses = 12 + len(question), []
    for _ in range(answers):
        # The name is a pointer of two bytes: nothing else comes from our nameserver.
        kind, _, _, length = struct.unpack(">HHIH", reply[at + 2:at + 12])
        if (kind, length) != (1, 4):
            raise ValueError(f"an answer of type {kind} with {length} bytes")
        addresses.append(socket.inet_ntoa(reply[at + 12:at + 16]))
        at += 16
    return flags & 15, sorted(addresses)


if __name__ == "__main__":
    print(json.dumps(ask((sys.argv[1], int(sys.argv[2])), sys.argv[3])))
