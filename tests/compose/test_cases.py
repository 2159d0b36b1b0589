#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compose files of our own whose canonical form is known: together they have every key there is."""
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
CASES = HERE / 'cases'
TOOL = os.environ.get('COMPOSE_TOOL', str(TOP / 'build/tests/compose/compose_tool'))
# A row of a table: {"image", &shape_text, KEY_RUN}, and the name of the table before it.
ROW = re.compile(r'^\s*\{"([a-z0-9_-]+)",\s*&\w+, ', re.M)


def names():
    return sorted(path.stem for path in CASES.glob('*.yaml'))


@pytest.mark.parametrize('name', names())
def test_the_canonical_form_is_the_known_one(name):
    result = subprocess.run([TOOL, name, f'{name}.yaml'], cwd=CASES, capture_output=True, text=True, timeout=60,
                            env={'COMPOSE_PROFILES': 'debug'}, check=False)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == json.loads((CASES / f'{name}.json').read_text())


def test_every_key_of_the_schema_is_in_a_case():
    schema = (TOP / 'src/compose/schema.c').read_text()
    text = ''.join((CASES / f'{name}.yaml').read_text() for name in names())
    keys = set(ROW.findall(schema))
    assert len(keys) > 200
    missing = sorted(key for key in keys if not re.search(rf'(?<![\w.-]){re.escape(key)}:', text))
    assert not missing


def test_the_schema_is_that_of_the_specification():
    path = Path(os.environ.get('COMPOSE_CORPUS', TOP / '../shared/compose-corpus')) / 'compose-spec.schema.json'
    if not path.exists():
        pytest.skip('the schema of the specification is not beside the repository')
    schema = json.loads(path.read_text())
    ours = (TOP / 'src/compose/schema.c').read_text()
    tables = {'service_keys': schema['definitions']['service'],
              'deploy_keys': schema['definitions']['deployment'],
              'build_keys': schema['definitions']['service']['properties']['build']['oneOf'][1],
              'healthcheck_keys': schema['definitions']['healthcheck'],
              'network_keys': schema['definitions']['network'],
              'volume_keys': schema['definitions']['volume'],
              'secret_keys': schema['definitions']['secret'],
              'config_keys': schema['definitions']['config'],
              'model_keys': schema['definitions']['model'],
              'project_keys': schema}
    for table, definition in tables.items():
        rows = re.search(rf'shape_key {table}\[\] = \{{(.*?)END\}};', ours, re.S).group(1)
        assert set(ROW.findall(rows)) - {'x-seawall'} == set(definition['properties']), table


def test_every_key_of_a_service_is_in_the_documentation():
    rows = re.search(r'shape_key service_keys\[\] = \{(.*?)END\};', (TOP / 'src/compose/schema.c').read_text(), re.S)
    documentation = (TOP / 'docs/compose.md').read_text()
    missing = [key for key in ROW.findall(rows.group(1)) if not re.search(rf'(?<![\w-]){key}(?![\w-])', documentation)]
    assert not missing
