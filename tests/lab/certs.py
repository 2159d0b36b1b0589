# SPDX-License-Identifier: Apache-2.0
"""Certificates for mutual TLS, made with the openssl command: one authority a lab, one server each, one client."""

import os
import subprocess
import threading

DAYS = "2"  # a lab lives for minutes; a day more for clocks


def _openssl(*args):
    done = subprocess.run(["openssl", *args], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"openssl {args[0]}: {done.stderr.strip()}")


class Authority:
    """`cert` is its certificate; client() and server() issue more, as dicts of paths. Safe to use from several threads."""

    def __init__(self, directory):
        os.mkdir(directory, 0o700)
        self.directory = directory
        self._lock = threading.Lock()
        self.cert = os.path.join(directory, "ca.pem")
        self.key = os.path.join(directory, "ca-key.pem")
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", DAYS,
                 "-subj", "/CN=Seawall lab", "-keyout", self.key, "-out", self.cert)

    def _issue(self, name, usage, *extensions):
        made = {"ca": self.cert, "cert": os.path.join(self.directory, f"{name}.pem"),
                "key": os.path.join(self.directory, f"{name}-key.pem")}
        with self._lock:
            if not os.path.exists(made["cert"]):
                words = [word for extension in (usage, "basicConstraints=critical,CA:FALSE", *extensions)
                         for word in ("-addext", extension)]
                _openssl("req", "-x509", "-CA", self.cert, "-CAkey", self.key, "-newkey", "ec", "-pkeyopt",
                         "ec_paramgen_curve:P-256", "-nodes", "-days", DAYS, "-subj", f"/CN={name}", *words,
                         "-keyout", made["key"], "-out", made["cert"])
        return made

    def server(self, name, address):
        return self._issue(name, "extendedKeyUsage=serverAuth", f"subjectAltName=IP:{address},IP:127.0.0.1")

    def named(self, name, host):
        """For a server that is known by its name and not by an address."""
        return self._issue(name, "extendedKeyUsage=serverAuth", f"subjectAltName=DNS:{host}")

    def client(self, name="client"):
        return self._issue(name, "extendedKeyUsage=clientAuth")
