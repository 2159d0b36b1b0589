# SPDX-License-Identifier: Apache-2.0
"""Certificates that are wrong in one way each, beside lab.certs for those that are right."""

import os
import ssl
import subprocess

from lab.certs import Authority


def _openssl(*args):
    subprocess.run(["openssl", *args], stdin=subprocess.DEVNULL, capture_output=True, check=True)


def context(pair, client_ca):
    """What a server presents, and whom it lets in."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(pair["cert"], pair["key"])
    made.load_verify_locations(client_ca)
    made.verify_mode = ssl.CERT_REQUIRED
    return made


class Certs:
    """`ours` is the authority that both sides should trust, `theirs` another one."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.ours = Authority(os.path.join(self.folder, "ours"))
        self.theirs = Authority(os.path.join(self.folder, "theirs"))

    def _path(self, name):
        return os.path.join(self.folder, name)

    def _request(self, name, address):
        pair = {"cert": self._path(f"{name}.pem"), "key": self._path(f"{name}-key.pem")}
        with open(self._path(f"{name}.ext"), "w", encoding="ascii") as file:
            file.write(f"subjectAltName=IP:{address}\nextendedKeyUsage=serverAuth\n")
        _openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                 "-keyout", pair["key"], "-out", self._path(f"{name}.csr"))
        return pair

    def expired(self, address):
        pair = self._request("expired", address)
        _openssl("x509", "-req", "-in", self._path("expired.csr"), "-CA", self.ours.cert, "-CAkey", self.ours.key,
                 "-CAcreateserial", "-days", "-1", "-extfile", self._path("expired.ext"), "-out", pair["cert"])
        return pair

    def self_signed(self, address):
        pair = self._request("self", address)
        _openssl("x509", "-req", "-in", self._path("self.csr"), "-signkey", pair["key"], "-days", "2",
                 "-extfile", self._path("self.ext"), "-out", pair["cert"])
        return pair

    def encrypted(self, pair):
        """The same, with a password on the key."""
        key = self._path("encrypted-key.pem")
        _openssl("pkey", "-in", pair["key"], "-aes256", "-passout", "pass:secret", "-out", key)
        return {**pair, "key": key}
