# SPDX-License-Identifier: Apache-2.0
"""Compose 2, the peer. Debian 12 has Compose 1 only; the program of the next release runs here as it is.

It is downloaded by apt from the mirror that this machine uses, with lists and settings of its own, and unpacked into
the user's cache: nothing is installed, and apt's own state is not touched.
"""

import os
import subprocess
import tempfile
from pathlib import Path

SUITES = ('trixie', 'sid')
PACKAGE = 'docker-compose'
PROGRAM = 'usr/libexec/docker/cli-plugins/docker-compose'
KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'


class ComposeError(Exception):
    """There is no Compose 2 to be had; the text says why."""


def _output(argv, **options):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise ComposeError(f"{' '.join(map(str, argv))}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def _mirror():
    """Where this machine has Debian from."""
    with open('/etc/os-release', encoding='utf-8') as file:
        release = dict(line.rstrip().split('=', 1) for line in file if '=' in line)['VERSION_CODENAME']
    for line in _output(['apt-get', 'indextargets', '--format', '$(REPO_URI) $(RELEASE) $(COMPONENT)']).splitlines():
        uri, name, component = line.split()
        if (name, component) == (release, 'main'):
            return uri
    raise ComposeError(f'apt knows no mirror of Debian {release}: run apt-get update')


def _download(suite, folder):
    """The package file, in `folder`."""
    sources = folder / 'sources.list'
    sources.write_text(f'deb [signed-by={KEYRING}] {_mirror()} {suite} main\n', encoding='ascii')
    for name in ('lists/partial', 'cache/archives/partial', 'empty'):
        (folder / name).mkdir(parents=True)
    options = [f'Dir::Etc::sourcelist={sources}', f"Dir::Etc::sourceparts={folder / 'empty'}",
               f"Dir::State::lists={folder / 'lists'}", f"Dir::Cache={folder / 'cache'}",
               'APT::Sandbox::User=root', 'Acquire::Languages=none',
               # Lists for other programs, contents of packages, icons: not needed.
               'Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false',
               'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false']
    words = [word for option in options for word in ('-o', option)]
    _output(['apt-get', *words, 'update', '-q'])
    _output(['apt-get', *words, 'download', '-q', f'{PACKAGE}/{suite}'], cwd=folder)
    return next(folder.glob(f'{PACKAGE}_*.deb'))


def program():
    """The path of Compose 2; downloads it the first time."""
    cache = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'seawall-bench'
    path = cache / 'compose' / PROGRAM
    if path.exists():
        return path
    cache.mkdir(parents=True, exist_ok=True)
    reasons = []
    for suite in SUITES:
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            try:
                package = _download(suite, Path(scratch))
                _output(['dpkg-deb', '-x', package, cache / 'compose'])
                return path
            except ComposeError as error:
                reasons.append(f'{suite}: {error}')
    raise ComposeError('; '.join(reasons))


def version(path):
    return _output([path, 'version', '--short']).strip()
