# SPDX-License-Identifier: Apache-2.0
"""The command tables of seawall, as `seawall help --format json` prints them, for the makers of pages and completions."""

import json
import sys

# What completes a value or an argument, by the word that usage has for it.
KINDS = {'FILE': 'files', 'PATH': 'files', 'SERVICE...': 'services', 'SERVICE=NUMBER...': 'services',
         'COMMAND...': 'commands'}
# The same, by name, where the word says too little.
OPTION_KINDS = {'project-name': 'apps', 'app': 'apps', 'cluster': 'clusters'}
ARGUMENT_KINDS = {'fleet rm': 'clusters', 'fleet drain': 'clusters'}
# What is asked for names: a command, whose table has them in its first column.
NAME_SOURCES = {'apps': 'ps --all', 'clusters': 'fleet ls', 'services': 'config --services'}


def load(path):
    with open(path, encoding='utf-8') as file:
        return json.load(file)


def walk(commands, before=''):
    """Every command and group as (its words, its table), groups first."""
    for command in commands:
        name = f"{before}{command['name']}"
        yield name, command
        yield from walk(command['commands'], name + ' ')


def option_kind(option):
    """files, apps, clusters, or '' for what cannot be listed; None: the option takes no value."""
    if option['value'] is None:
        return None
    return OPTION_KINDS.get(option['name']) or KINDS.get(option['value'], '')


def argument_kind(name, command):
    return ARGUMENT_KINDS.get(name) or KINDS.get((command['arguments'] or '').strip('[]'), '')


def write(path, text):
    try:
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
    except OSError as error:
        sys.exit(str(error))
