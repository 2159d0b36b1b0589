#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the completion of one shell from the command tables.

usage: tools/make_completion.py bash|zsh|fish HELP.json OUTPUT

Names of apps, clusters and services are asked of seawall when they are wanted; without a server there are none.
"""

import sys

import help_tables

# The first column of a table up to its first empty line; services come one a line.
NAMES = {kind: f"seawall {words} 2>/dev/null" + ("" if kind == 'services' else " | awk 'NR > 1 { if (!NF) exit; print $1 }'")
         for kind, words in help_tables.NAME_SOURCES.items()}


def quote(text):
    return "'" + text.replace("'", "'\\''") + "'"


def spellings(option):
    return ([f"-{option['letter']}"] if option['letter'] else []) + [f"--{option['name']}"]


def subcommands(command):
    return ' '.join(sub['name'] for sub in command['commands'])


# bash


def bash_value(option):
    """What lists the values of an option, as a line of shell."""
    kind = help_tables.option_kind(option)
    if option['choices']:
        return f"COMPREPLY=($(compgen -W {quote(' '.join(option['choices']))} -- \"$current\"))"
    if kind == 'files':
        return 'COMPREPLY=($(compgen -f -- "$current")); compopt -o filenames 2>/dev/null'
    if kind:
        return f'COMPREPLY=($(compgen -W "$({NAMES[kind]})" -- "$current"))'
    return ':'


def bash_case(name, command):
    options = command['options']
    words = subcommands(command)
    kind = help_tables.argument_kind(name, command)
    lines = [f'    {quote(name)})', '        case $previous in']
    for option in options:
        if option['value'] is not None:
            lines.append(f"        {'|'.join(spellings(option))}) {bash_value(option)}; return ;;")
    lines += ['        esac',
              f"        words={quote(' '.join(s for option in options for s in spellings(option)))}"]
    if words:
        lines.append(f"        [[ $current == -* ]] || words={quote(words)}")
    elif kind == 'commands':
        lines.append('        [[ $current == -* ]] || words=$commands')
    elif kind:
        lines.append(f'        [[ $current == -* ]] || words=$({NAMES[kind]})')
    else:
        lines.append('        [[ $current == -* ]] || words=')
    return lines + ['        ;;']


def bash(tables):
    groups = [command['name'] for command in tables['commands'] if command['commands']]
    names = ' '.join(command['name'] for command in tables['commands'])
    lines = ['# SPDX-License-Identifier: Apache-2.0', '# bash completion of seawall; made from its command tables.', '',
             '_seawall()', '{', '    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}',
             f"    local command='' words='' i commands={quote(names)}", '',
             '    for ((i = 1; i < COMP_CWORD; i++)); do',
             '        [[ ${COMP_WORDS[i]} == -* ]] && continue',
             '        if [[ -z $command ]]; then', '            command=${COMP_WORDS[i]}']
    if groups:
        lines += [f"        elif [[ $command == @({'|'.join(groups)}) ]]; then",
                  '            command="$command ${COMP_WORDS[i]}"', '            break']
    lines += ['        fi', '    done', '    case $command in',
              "    '') words=\"$commands --help --version\" ;;"]
    for name, command in help_tables.walk(tables['commands']):
        lines += bash_case(name, command)
    return lines + ['    esac', '    COMPREPLY=($(compgen -W "$words" -- "$current"))', '}', '',
                    'complete -F _seawall seawall']


# zsh


def zsh_escape(text):
    return ''.join('\\' + c if c in ':[]\\' else c for c in text)


def zsh_action(kind, choices):
    if choices:
        return f"({' '.join(choices)})"
    return {'files': '_files', '': ' '}.get(kind) or f'_seawall_{kind}'


def zsh_option(option):
    several = '*' if option['value'] is not None else ''
    tail = f"[{zsh_escape(option['help'])}]"
    if option['value'] is not None:
        value = zsh_escape(option['value']).replace('|', ' or ')
        tail = f"{tail}:{value}:{zsh_action(help_tables.option_kind(option), option['choices'])}"
    return [quote(f"{several}{spelling}{'=' if tail.count(':') and spelling[1] == '-' else ''}{tail}")
            for spelling in spellings(option)]


def zsh_arguments(name, command):
    words = [word for option in command['options'] for word in zsh_option(option)]
    kind = help_tables.argument_kind(name, command)
    if kind:
        words.append(quote(f"*:{zsh_escape(command['arguments'])}:{zsh_action(kind, [])}"))
    return ['_arguments -s \\'] + [f'    {word} \\' for word in words[:-1]] + [f'    {words[-1]}']


def zsh_describe(function, commands):
    lines = [f'{function}()', '{', '    local -a list=(']
    for command in commands:
        lines.append(f"        {quote(command['name'] + ':' + command['summary'].replace(':', chr(92) + ':'))}")
    return lines + ['    )', "    _describe -t commands 'seawall command' list", '}', '']


def zsh_command(name, command):
    function = f"_seawall-{name.replace(' ', '-')}"
    lines = []
    if not command['commands']:
        lines += [f'{function}()', '{']
        lines += ['    ' + line for line in zsh_arguments(name, command)]
        return lines + ['}', '']
    lines += zsh_describe(function + '-list', command['commands'])
    lines += [f'{function}()', '{', '    local context state state_descr line', '    typeset -A opt_args',
              "    _arguments -C '1: :->command' '*:: :->rest'", '    case $state in',
              f'    command) {function}-list ;;', '    rest)', '        case $words[1] in']
    for sub in command['commands']:
        lines.append(f"        {sub['name']}) {function}-{sub['name']} ;;")
    return lines + ['        esac', '        ;;', '    esac', '}', '']


def zsh(tables):
    lines = ['#compdef seawall', '# SPDX-License-Identifier: Apache-2.0',
             '# zsh completion of seawall; made from its command tables.', '']
    for kind, source in NAMES.items():
        lines += [f'_seawall_{kind}()', '{', '    local -a names=(${(f)"$(' + source + ')"})',
                  f"    _describe -t {kind} {kind} names", '}', '']
    lines += zsh_describe('_seawall_commands', tables['commands'])
    for name, command in reversed(list(help_tables.walk(tables['commands']))):
        lines += zsh_command(name, command)
    lines += ['_seawall()', '{', '    local context state state_descr line', '    typeset -A opt_args',
              "    _arguments -C '(- *)--help[Show all commands]' '(- *)--version[Show the version]' \\",
              "        '1: :->command' '*:: :->rest'", '    case $state in', '    command) _seawall_commands ;;',
              '    rest)', '        case $words[1] in']
    for command in tables['commands']:
        lines.append(f"        {command['name']}) _seawall-{command['name']} ;;")
    return lines + ['        esac', '        ;;', '    esac', '}', '',
                    '# Autoloaded, the file is the function; sourced, it defines it.',
                    'if [[ $funcstack[1] == _seawall ]]; then', '    _seawall "$@"', 'else',
                    '    compdef _seawall seawall', 'fi']


# fish


def fish_condition(name):
    first, *rest = name.split()
    if rest:
        return f'__fish_seen_subcommand_from {first}; and __fish_seen_subcommand_from {rest[0]}'
    return f'__fish_seen_subcommand_from {first}'


def fish_option(condition, option):
    words = f"complete -c seawall -n {quote(condition)} -l {option['name']}"
    if option['letter']:
        words += f" -s {option['letter']}"
    kind = help_tables.option_kind(option)
    if option['choices']:
        words += f" -x -a {quote(' '.join(option['choices']))}"
    elif kind == 'files':
        words += ' -r -F'
    elif kind:
        words += f' -x -a {quote("(" + NAMES[kind] + ")")}'
    elif kind is not None:
        words += ' -x'
    return f"{words} -d {quote(option['help'])}"


def fish_command(name, command):
    condition = fish_condition(name)
    kind = help_tables.argument_kind(name, command)
    lines = [fish_option(condition, option) for option in command['options']] if not command['commands'] else []
    if command['commands']:
        none_yet = f"{condition}; and not __fish_seen_subcommand_from {subcommands(command)}"
        for sub in command['commands']:
            lines.append(f"complete -c seawall -n {quote(none_yet)} -a {sub['name']} -d {quote(sub['summary'])}")
    elif kind in NAMES:
        lines.append(f'complete -c seawall -n {quote(condition)} -a {quote("(" + NAMES[kind] + ")")}')
    elif kind == 'commands':
        lines.append(f'complete -c seawall -n {quote(condition)} -a "$commands"')
    return lines


def fish(tables):
    names = ' '.join(command['name'] for command in tables['commands'])
    lines = ['# SPDX-License-Identifier: Apache-2.0', '# fish completion of seawall; made from its command tables.', '',
             f'set -l commands {names}', 'complete -c seawall -f']
    for command in tables['commands']:
        lines.append(f"complete -c seawall -n \"not __fish_seen_subcommand_from $commands\" -a {command['name']} "
                     f"-d {quote(command['summary'])}")
    lines.append('complete -c seawall -n "not __fish_seen_subcommand_from $commands" -l version -d "Show the version"')
    for name, command in help_tables.walk(tables['commands']):
        lines += fish_command(name, command)
    return lines


def main():
    shell, source, output = sys.argv[1:]
    make = {'bash': bash, 'zsh': zsh, 'fish': fish}[shell]
    help_tables.write(output, '\n'.join(make(help_tables.load(source))) + '\n')


if __name__ == '__main__':
    main()
