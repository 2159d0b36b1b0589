# SPDX-License-Identifier: Apache-2.0
"""A Kubernetes API server for tests: it checks every request and plays the cluster behind it.

    with KubeServer(openapi) as server:
        server.url, server.requests(), server.fault(...), server.patch_as("kubectl", ...)

What it checks against, the OpenAPI v3 documents of Kubernetes, is not part of this repository:
SEAWALL_KUBERNETES_OPENAPI names the folder, else they lie in ../shared/kubernetes-openapi. Without
them everything works but the check of paths, parameters and bodies.
"""

from .server import KubeServer, openapi_folder

__all__ = ["KubeServer", "openapi_folder"]
