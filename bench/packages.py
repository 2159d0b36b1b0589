# SPDX-License-Identifier: Apache-2.0
"""Programs of Debian packages, unpacked into the user's cache: nothing is installed, no daemon is started."""

import os
import subprocess
import tempfile
from pathlib import Path


def unpack(*names):
    """The folder that has what is in these packages; downloads them the first time."""
    cache = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'seawall-bench'
    root = cache / names[0]
    if root.exists():
        return root
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        subprocess.run(['apt-get', '-q', '-o', 'APT::Sandbox::User=root', 'download', *names], cwd=scratch, check=True,
                       stdout=subprocess.DEVNULL)
        for package in Path(scratch).glob('*.deb'):
            subprocess.run(['dpkg-deb', '-x', package, Path(scratch) / 'root'], check=True)
        (Path(scratch) / 'root').rename(root)
    return root


def environment(root):
    """With which its programs find its libraries."""
    return {**os.environ, 'LD_LIBRARY_PATH': ':'.join(map(str, root.glob('usr/lib/*-linux-gnu')))}
