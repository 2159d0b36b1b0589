# SPDX-License-Identifier: Apache-2.0
"""Images from files that are here: a static program, put into a tar, imported. Nothing is pulled."""

import io
import os
import subprocess
import tarfile


def build_static(source, output, compiler="gcc"):
    """Compiles one C file into a static program, if it is newer than the program. Returns `output`."""
    if not os.path.exists(output) or os.path.getmtime(output) < os.path.getmtime(source):
        os.makedirs(os.path.dirname(output), exist_ok=True)
        argv = [compiler, "-std=c17", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror", "-static", "-s",
                source, "-o", output + ".new"]
        done = subprocess.run(argv, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(argv)}:\n{done.stderr}")
        os.rename(output + ".new", output)
    return output


def root_tar(files):
    """A tar of {name in the image: path here}, the same bytes for the same files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, path in sorted(files.items()):
            with open(path, "rb") as file:
                content = file.read()
            entry = tarfile.TarInfo(name.lstrip("/"))
            entry.size = len(content)
            entry.mode = 0o755 if os.access(path, os.X_OK) else 0o644
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
