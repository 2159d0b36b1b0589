#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Real Compose files must come out as Docker Compose says, or be refused where it refuses.

The corpus is no part of the repository: it lies beside it, or where $COMPOSE_CORPUS says. Each file
has the reference's answer beside it. differences.txt lists the cases whose answers differ, and why.
"""
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
CORPUS = Path(os.environ.get('COMPOSE_CORPUS', TOP / '../shared/compose-corpus')).resolve()
TOOL = os.environ.get('COMPOSE_TOOL', str(TOP / 'build/tests/compose/compose_tool'))
ANSWERS = ('.expected.json', '.expected-error.txt')
PLACE = re.compile(r'^(?P<file>[^:]+)(:(?P<line>\d+):(?P<column>\d+))?: (?!warning: ).+')


def read_differences():
    lines = (HERE / 'differences.txt').read_text().splitlines()
    return dict(line.split(': ', 1) for line in lines if line and not line.startswith('#'))


DIFFERENCES = read_differences()


def list_cases():
    """All Compose files of the corpus that have an answer."""
    answers = [path for path in CORPUS.rglob('*') if path.name.endswith(ANSWERS)]
    return sorted(str(path.relative_to(CORPUS)).rsplit('.expected', 1)[0] for path in answers)


def read(case, *options):
    """What we say of a case, in the environment of the reference: empty but for the locale."""
    path = CORPUS / case
    return subprocess.run([TOOL, *options, 'corpus', path.name], cwd=path.parent, env={'LANG': 'C'},
                          capture_output=True, text=True, timeout=60, check=False)


def compare(ours, reference, place=''):
    """Yields each place where the two differ."""
    if isinstance(ours, dict) and isinstance(reference, dict):
        for key in sorted(ours.keys() | reference.keys()):
            if key not in ours:
                yield f'{place}.{key}: missing, the reference has {reference[key]!r}'
            elif key not in reference:
                yield f'{place}.{key}: {ours[key]!r}, the reference has none'
            else:
                yield from compare(ours[key], reference[key], f'{place}.{key}')
    elif isinstance(ours, list) and isinstance(reference, list) and len(ours) == len(reference):
        for i, (one, other) in enumerate(zip(ours, reference)):
            yield from compare(one, other, f'{place}[{i}]')
    elif ours != reference or isinstance(ours, bool) != isinstance(reference, bool):
        yield f'{place}: {ours!r}, the reference has {reference!r}'


def differences(result, answer):
    if result.returncode != 0:
        return [f'refused: {result.stderr}']
    return list(compare(json.loads(result.stdout), json.loads(answer.read_text())))


def missing_place(case, result):
    """A refusal names a file of the corpus, and a line and column that it has."""
    errors = [PLACE.match(line) for line in result.stderr.splitlines() if 'warning: ' not in line]
    for error in filter(None, errors):
        path = (CORPUS / case).parent / error['file']
        if not error['line']:
            return []
        lines = path.read_text().splitlines()
        if int(error['line']) <= len(lines):
            return []
    return [f'no file, line and column in: {result.stderr}']


def check(case):
    path = CORPUS / case
    expected, refused, lenient = (path.with_name(path.name + suffix) for suffix in
                                  (*ANSWERS, '.expected-lenient.json'))
    found = []
    if expected.exists():
        found += differences(read(case), expected)
    if refused.exists():
        result = read(case)
        found += missing_place(case, result) if result.returncode == 1 else \
            [f'accepted, the reference says: {refused.read_text()}']
    if lenient.exists():
        found += differences(read(case, '--lenient'), lenient)
    return found


@pytest.mark.skipif(not CORPUS.is_dir(), reason='the corpus of Compose files is not beside the repository')
def test_the_corpus_is_whole():
    assert len(list_cases()) == 626
    assert set(DIFFERENCES) <= set(list_cases())


@pytest.mark.parametrize('case', list_cases())
def test_the_answer_is_that_of_docker_compose(case):
    found = check(case)
    if case in DIFFERENCES:
        assert found, f'no longer differs: take it out of differences.txt: {DIFFERENCES[case]}'
    else:
        assert not found, '\n'.join(found[:10])
