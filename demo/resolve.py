# SPDX-License-Identifier: Apache-2.0
"""Asks one nameserver for addresses: over UDP, again when no reply comes, over TCP when the reply did not fit."""

import asyncio
import functools
import random
import socket
import struct

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

UDP_TIMEOUT_S = 1.0
UDP_TRIES = 3
TCP_TIMEOUT_S = 2.0
UDP_SIZE_MAX = 4096


class ResolveError(Exception):
    """No addresses; the text says why in a word or two."""


def addresses_of(reply):
    """(addresses in their order, the least TTL) of a reply."""
    if reply.rcode() != dns.rcode.NOERROR:
        raise ResolveError(dns.rcode.to_text(reply.rcode()))
    found, ttl = [], None
    for rrset in reply.answer:
        if rrset.rdtype == dns.rdatatype.A:
            found += [item.address for item in rrset]
            ttl = rrset.ttl if ttl is None else min(ttl, rrset.ttl)
    if not found:
        raise ResolveError("no addresses")
    return found, ttl


@functools.lru_cache
def _question(name):
    """A query for the addresses of a name, without its id: the same bytes every time."""
    return dns.message.make_query(name, dns.rdatatype.A, use_edns=0, payload=1232).to_wire()[2:]


def _is_reply(query, wire):
    """Same id and same question: not a late reply to another query, nor somebody's guess."""
    end = query.index(b"\0", 12) + 5  # behind the name come its type and class
    return len(wire) >= end and wire[:2] == query[:2] and wire[2] & 0x80 and wire[12:end] == query[12:end]


class Resolver:
    """`guard` is asked before anything is sent; it raises when the nameserver is not one of the lab's."""

    def __init__(self, address, port, guard):
        guard(address)
        self.target = (address, port)

    async def ask(self, name):
        """(addresses, ttl) or ResolveError."""
        query = random.randbytes(2) + _question(name)
        # One RRset keeps the order of the packet: the first address is the one to use first.
        try:
            reply = await self._udp(query)
            if reply.flags & dns.flags.TC:
                async with asyncio.timeout(TCP_TIMEOUT_S):
                    reply = await self._tcp(query)
        except (OSError, EOFError, dns.exception.DNSException) as error:  # TimeoutError is an OSError
            raise ResolveError(type(error).__name__) from error
        return addresses_of(reply)

    async def _udp(self, query):
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.connect(self.target)
            for _ in range(UDP_TRIES):
                sock.send(query)
                try:
                    async with asyncio.timeout(UDP_TIMEOUT_S):
                        return await self._udp_reply(loop, sock, query)
                except TimeoutError:
                    pass
        raise ResolveError("no reply")

    @staticmethod
    async def _udp_reply(loop, sock, query):
        while True:
            wire = await loop.sock_recv(sock, UDP_SIZE_MAX)
            if _is_reply(query, wire):
                return dns.message.from_wire(wire, ignore_trailing=True)

    async def _tcp(self, query):
        reader, writer = await asyncio.open_connection(*self.target)
        try:
            writer.write(struct.pack("!H", len(query)) + query)
            (size,) = struct.unpack("!H", await reader.readexactly(2))
            wire = await reader.readexactly(size)
            if not _is_reply(query, wire):
                raise ResolveError("not a reply to the question")
            return dns.message.from_wire(wire)
        finally:
            writer.close()
