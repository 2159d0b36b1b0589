#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the manual pages from the command tables: seawall.1 and seawall-COMMAND.1.

usage: tools/make_man.py HELP.json FOLDER PAGE...

PAGE... are the files that the build expects; others than those that the tables need are an error.
"""

import os
import re
import sys

import help_tables


def plain(text):
    """Text of ours as roff takes it: nothing in it is a request."""
    text = text.replace('\\', '\\e').replace("'", '\\(aq').replace('-', '\\-')
    return re.sub(r'^\.', r'\\&.', text, flags=re.M)


def paragraphs(text):
    lines = []
    for part in text.split('\n'):
        if part.startswith(' '):
            lines += ['.PP', '.nf', plain(part), '.fi']
        elif part:
            lines += ['.PP', plain(part)]
    return lines


def option_words(option):
    words = f"\\fB\\-\\-{plain(option['name'])}\\fR"
    if option['letter']:
        words = f"\\fB\\-{option['letter']}\\fR, {words}"
    return f"{words} \\fI{plain(option['value'])}\\fR" if option['value'] else words


def synopsis(name, command):
    words = f'\\fBseawall {plain(name)}\\fR'
    if command['commands']:
        words += ' \\fICOMMAND\\fR'
    if command['arguments']:
        words += f" {plain(command['arguments'])}"
    return ['.PP', words + ' [\\fIOPTIONS\\fR]']


def options(command):
    lines = []
    for option in command['options']:
        lines += ['.TP', option_words(option), plain(option['help']) + '.']
    return lines


def examples(command):
    lines = []
    for example in command['examples']:
        lines += ['.PP', plain(example['what'][0].upper() + example['what'][1:]) + ':', '.PP', '.RS 4', '.nf',
                  plain(example['line']), '.fi', '.RE']
    return lines


def closing(tables, others):
    lines = ['.SH EXIT STATUS']
    for code in tables['exit']:
        lines += ['.TP', f"\\fB{code['code']}\\fR", plain(code['meaning']) + '.']
    lines.append('.SH ENVIRONMENT')
    for variable in tables['environment']:
        lines += ['.TP', f"\\fB{plain(variable['name'])}\\fR", plain(variable['meaning']) + '.']
    lines += ['.SH SEE ALSO', ', '.join(f'\\fB{plain(other)}\\fR(1)' for other in others)]
    return lines


def without_idle_breaks(lines):
    """A heading begins a paragraph by itself."""
    return [line for i, line in enumerate(lines)
            if not (line == '.PP' and i and lines[i - 1].startswith(('.SH', '.SS')))]


def heading(tables, page, summary):
    return ['.\\" SPDX-License-Identifier: Apache-2.0',
            f".TH {plain(page.upper())} 1 \"\" \"seawall {plain(tables['version'])}\" \"Seawall\"",
            '.nh', '.ad l', '.SH NAME', f'{plain(page)} \\- {plain(summary[0].lower() + summary[1:])}']


def command_page(tables, command):
    name = command['name']
    lines = heading(tables, f'seawall-{name}', command['summary']) + ['.SH SYNOPSIS'] + synopsis(name, command)
    lines += ['.SH DESCRIPTION', plain(command['summary']) + '.'] + paragraphs(command['text'] or '')
    if command['commands']:
        lines.append('.SH COMMANDS')
    for sub in command['commands']:
        lines += [f".SS seawall {plain(name)} {plain(sub['name'])}"] + synopsis(f"{name} {sub['name']}", sub)
        lines += ['.PP', plain(sub['summary']) + '.'] + paragraphs(sub['text'] or '')
        lines += options(sub) + examples(sub)
    if not command['commands']:
        lines += ['.SH OPTIONS'] + options(command)
    if command['examples']:
        lines += ['.SH EXAMPLES'] + examples(command)
    return lines + closing(tables, ['seawall'])


def overview(tables):
    lines = heading(tables, 'seawall', tables['summary'])
    lines += ['.SH SYNOPSIS', '\\fBseawall\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR]', '.SH DESCRIPTION',
              plain(tables['summary']) + '.', '.PP',
              'Every command explains itself with \\fB\\-\\-help\\fR, and has a page of its own.', '.SH COMMANDS']
    for command in tables['commands']:
        lines += ['.TP', f"\\fBseawall\\-{plain(command['name'])}\\fR(1)", plain(command['summary']) + '.']
    return lines + closing(tables, [f"seawall-{command['name']}" for command in tables['commands']])


def main():
    tables, folder, expected = help_tables.load(sys.argv[1]), sys.argv[2], set(sys.argv[3:])
    pages = {'seawall.1': overview(tables)}
    for command in tables['commands']:
        pages[f"seawall-{command['name']}.1"] = command_page(tables, command)
    if set(pages) != expected:
        sys.exit(f'tools/meson.build names other pages than the commands need: '
                 f'{" ".join(sorted(set(pages) ^ expected))}')
    for name, lines in pages.items():
        help_tables.write(os.path.join(folder, name), '\n'.join(without_idle_breaks(lines)) + '\n')


if __name__ == '__main__':
    main()
