#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the mechanical half of STYLE.md: who includes whom, banned calls, sizes, registration.

usage: tools/tidy.py [FOLDER]

Prints `file:line: what is wrong; what would be right`, one finding a line. Warnings are printed
and do not fail.
"""

import ast
import os
import re
import subprocess
import sys

# The layers: a folder of src/ may include itself and these.
LAYERS = {
    'base': '',
    'net': 'base',
    'model': 'base',
    'yaml': 'base model',
    'compose': 'base model yaml',
    'fleet': 'base model yaml',
    'plan': 'base model',
    'control': 'base model plan',
    'driver': 'base model net/http_message.h',
    'health': 'base model net',
    'steer': 'base model',
    'dns': 'base model net steer',
    'store': 'base net',
    'api': 'base model net',
    'server': 'base net model compose fleet plan control driver health steer dns store api cli',
    'nameserver': 'base net model health steer dns cli api/feed.h api/route.h',
    'sim': 'base model compose fleet plan control driver health steer',
    'cli': 'base model net yaml compose fleet plan sim driver/keys.h',
    'main.c': 'base cli server nameserver',
}
# Folders that only decide: values in, values out.
PURE = 'base model yaml compose fleet plan control driver steer sim'.split()
ACTING_HEADER = re.compile(r'<(uv|curl/.*|microhttpd|sqlite3|sys/socket|netdb|poll|pthread|threads'
                           r'|sys/epoll|sys/timerfd|signal)\.h>')
# Which folder a library belongs to; the others go through that folder's headers.
LIBRARY = {'curl/curl.h': 'net', 'microhttpd.h': 'net', 'sqlite3.h': 'store',
           'libfyaml.h': 'yaml', 'cmocka.h': ''}
GENERATED = ('seawall_version.h', 'driver_list.h', 'unit.h')

# Banned calls: what to use instead, and the files that own them.
NUMBER = 'number_read of base/number.h, which checks all of it'
BOUNDED = 'snprintf or buf_printf with a limit'
WAIT = 'wait for the event, or a timer of the loop'
BANNED = {
    'strcpy': (BOUNDED, ''), 'strcat': (BOUNDED, ''), 'sprintf': (BOUNDED, ''),
    'vsprintf': (BOUNDED, ''), 'stpcpy': (BOUNDED, ''), 'strncpy': (BOUNDED, ''),
    'strncat': (BOUNDED, ''), 'gets': ('getline', ''), 'alloca': ('an arena', ''),
    'strtok': ('strcspn and strspn', ''), 'strtok_r': ('strcspn and strspn', ''),
    'strerror': ('err_sys, or strerror_r', ''),
    'atoi': (NUMBER, ''), 'atol': (NUMBER, ''), 'atoll': (NUMBER, ''),
    'strtol': (NUMBER, ''), 'strtoul': (NUMBER, ''), 'strtoll': (NUMBER, ''),
    'strtoull': (NUMBER, ''), 'sscanf': ('a parser that says where it stopped', ''),
    'atof': ('strtod with its end checked', ''),
    'system': ('an API, or posix_spawn without a shell', ''),
    'popen': ('an API, or posix_spawn without a shell', ''),
    'rand': ('random_below of base/random.h', ''), 'srand': ('random_init', ''),
    'random': ('random_below of base/random.h', ''),
    'sleep': (WAIT, ''), 'usleep': (WAIT, ''), 'nanosleep': (WAIT, ''),
    'exit': ('return the failure; only main.c ends the process', 'src/main.c tests/'),
    '_exit': ('return the failure; only main.c ends the process', 'src/main.c tests/'),
    'abort': ('return the failure; an impossible case is an assert, or says why on its line',
              'src/base/ tests/'),
    'perror': ('log_error, in server/ or cli/', ''),
    'printf': ('return text; only cli/ writes to the terminal', 'src/cli/ tests/ bench/'),
    'puts': ('return text; only cli/ writes to the terminal', 'src/cli/ tests/ bench/'),
}
LOGGERS = ('server', 'nameserver', 'cli', 'main.c')

FILE_WARN, FILE_FAIL = 800, 1500
FUNCTION_WARN, FUNCTION_FAIL = 70, 100

# Written so that this file does not find itself.
UNFINISHED = re.compile(r'\b(TO' r'DO|FIX' r'ME|XX' r'X|HA' r'CK)\b')
MACHINE_PATH = re.compile(r'(?<![\w.$}/:-])/(wo' r'rk|ro' r'ot|ho' r'me)/\w')
SPDX = 'SPDX-License-Identifier: Apache-2.0'
SPDX_NAMES = re.compile(r'(\.(c|h|h\.in|py|sh|service)|(^|/)meson\.build|(^|/)meson_options\.txt)$')
# Inputs of tests are what they are: not ASCII, full of strange paths.
DATA = re.compile(r'(^|/)(corpus|data|cases)/|^LICENSE$|\.(der|pem|bin|png)$')


class Report:
    def __init__(self):
        self.failures = 0
        self.warnings = 0

    def fail(self, path, line, text):
        self.failures += 1
        print(f'{path}:{line}: {text}')

    def warn(self, path, line, text):
        self.warnings += 1
        print(f'{path}:{line}: warning: {text}')


def list_files(top):
    """All files that are in git or could be added to it; without git, all files."""
    git = subprocess.run(['git', '-C', top, 'ls-files', '-co', '--exclude-standard', '-z'],
                         capture_output=True, text=True)
    if git.returncode == 0:
        names = {name for name in git.stdout.split('\0') if name}
    else:
        names = {os.path.relpath(os.path.join(folder, name), top)
                 for folder, _, files in os.walk(top) for name in files}
        names = {name for name in names if not name.startswith(('.git/', 'build', 'out/'))}
    return sorted(name for name in names
                  if os.path.isfile(os.path.join(top, name)) and '__pycache__' not in name)


def blank(match):
    """Spaces instead of what matched, lines kept."""
    return re.sub(r'[^\n]', ' ', match.group(0))


def strip_comments(text):
    """C without comments, with strings and characters emptied: what is left is code."""
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''

    def replace(match):
        found = match.group(0)
        return blank(match) if found.startswith('/') else found[0] + \
            ' ' * (len(found) - 2) + found[-1]

    # An include's path is not a string.
    includes = re.sub(r'^[ \t]*#[ \t]*include[^\n]*', blank, text, flags=re.M)
    return re.sub(pattern, replace, includes, flags=re.S)


def functions(code):
    """Yields (line, lines, name) of each function of stripped C, by its braces."""
    code = re.sub(r'^[ \t]*#(?:\\\n|[^\n])*', blank, code, flags=re.M)
    depth, start, name = 0, None, ''
    for match in re.finditer(r'[{}]', code):
        line = code.count('\n', 0, match.start()) + 1
        if match.group(0) == '{':
            if depth == 0:
                head = re.split(r'[;}]', code[:match.start()])[-1]
                called = re.search(r'(\w+)\s*\(', re.sub(r'__attribute__\s*\(\(.*?\)\)|\b(PRINTF|'
                                   r'SCOPED)\([^)]*\)', '', head, flags=re.S))
                is_function = head.rstrip().endswith(')') and called
                start, name = (line, called.group(1)) if is_function else (None, '')
            depth += 1
        else:
            depth -= 1
            if depth == 0 and start is not None:
                yield start, line - start + 1, name


def line_of(text, offset):
    return text.count('\n', 0, offset) + 1


def check_text(report, path, text):
    for number, line in enumerate(text.splitlines(), 1):
        if not line.isascii():
            odd = next(c for c in line if ord(c) > 127)
            report.fail(path, number, f'U+{ord(odd):04X} is not ASCII; spell it in ASCII')
        if UNFINISHED.search(line):
            report.fail(path, number, 'unfinished work; finish it, or write an issue and say '
                                      'what holds today')
        if MACHINE_PATH.search(line):
            report.fail(path, number, 'a path of one machine; make it relative, or use $HOME')
        if line != line.rstrip() and not path.endswith('.md'):
            report.fail(path, number, 'blanks at the end of the line; remove them')
    if text and not text.endswith('\n'):
        report.fail(path, len(text.splitlines()), 'no newline at the end; add it')


def check_head(report, top, path, text):
    lines = text.splitlines() + ['', '']
    shebang = lines[0].startswith('#!')
    is_executable = os.access(os.path.join(top, path), os.X_OK)

    if is_executable and not shebang:
        report.fail(path, 1, 'executable without a shebang; add one, or chmod -x')
    if shebang and not is_executable:
        report.fail(path, 1, 'a shebang, but not executable; chmod +x')
    if shebang and 'python' in lines[0] and lines[0] != '#!/usr/bin/python3':
        report.fail(path, 1, "not Debian's Python; use #!/usr/bin/python3")
    if shebang or SPDX_NAMES.search(path):
        first = 2 if shebang else 1
        if SPDX not in lines[first - 1]:
            style = f'/* {SPDX} */' if re.search(r'\.[ch](\.in)?$', path) else f'# {SPDX}'
            report.fail(path, first, f'no licence here; write: {style}')


def check_size(report, path, text):
    count = text.count('\n')
    if count > FILE_FAIL:
        report.fail(path, FILE_FAIL, f'{count} lines; split it, {FILE_FAIL} is the limit')
    elif count > FILE_WARN:
        report.warn(path, FILE_WARN, f'{count} lines; more than {FILE_WARN} asks for a reason')


def check_include(report, path, folder, line, name, system):
    if system:
        owner = LIBRARY.get(name)
        if owner is not None and folder is not None and folder not in owner.split():
            report.fail(path, line, f'<{name}> belongs to {owner}/; use what that folder offers')
        if folder in PURE and folder != 'base' and ACTING_HEADER.match(f'<{name}>'):
            report.fail(path, line, f'{folder}/ only decides, <{name}> acts; take the value as a '
                                    'parameter, act in server/, net/, health/ or dns/')
        return
    if os.path.basename(name) in GENERATED:
        return
    if '/' not in name:
        if folder is not None:
            report.fail(path, line, f'include with the folder: "{folder}/{name}"')
        return
    wanted = name.split('/')[0]
    allowed = LAYERS.get(folder, '').split() + [folder]
    if folder is None:
        return
    if wanted not in LAYERS:
        report.fail(path, line, f'"{name}" is in no folder of src/')
    elif folder not in LOGGERS and name == 'base/log.h' and not path.startswith('src/base/log'):
        report.fail(path, line, 'only server/, nameserver/ and cli/ log; return the failure in '
                                'struct err')
    elif wanted not in allowed and name not in allowed:
        may = ' '.join(allowed[:-1]) or 'nothing else'
        report.fail(path, line, f'{folder}/ may not include {wanted}/, only: {may}; move the code '
                                'to the side that may, or pass the value in')


def check_c(report, top, path, text):
    parts = path.split('/')
    folder = parts[1] if parts[0] == 'src' else None
    code = strip_comments(text)

    if folder is not None and folder not in LAYERS:
        report.fail(path, 1, f'src/{folder} has no row in the layers; add it to tools/tidy.py')
    for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]+([<"])([^>"]+)', text, re.M):
        check_include(report, path, folder, line_of(text, match.start()), match.group(2),
                      match.group(1) == '<')
    own = re.sub(r'\.c$', '.h', '/'.join(parts[1:]))
    first = re.search(r'^#include (.*)$', text, re.M)
    if folder is not None and path.endswith('.c') and first and \
            os.path.exists(os.path.join(top, 'src', own)) and first.group(1) != f'"{own}"':
        report.fail(path, line_of(text, first.start()), f'include "{own}" first, so that it is '
                                                        'proved to stand alone')
    if path.endswith('.h') and '#pragma once' not in text:
        report.fail(path, 1, 'no include guard; write: #pragma once')
    for match in re.finditer(r'(?<![\w.>])(\w+)\s*\(', code):
        use, owners = BANNED.get(match.group(1), (None, ''))
        line = line_of(code, match.start())
        if match.group(1) == 'abort' and '/*' in text.splitlines()[line - 1]:
            continue
        if use and not any(path.startswith(owner) for owner in owners.split()):
            report.fail(path, line, f'{match.group(1)} is banned; use {use}')
    for start, lines, name in functions(code):
        if lines > FUNCTION_FAIL:
            report.fail(path, start, f'{name} has {lines} lines, {FUNCTION_FAIL} is the limit; '
                                     'split it')
        elif lines > FUNCTION_WARN:
            report.warn(path, start, f'{name} has {lines} lines; more than {FUNCTION_WARN} asks '
                                     'why')


def check_links(report, top, path, text):
    for match in re.finditer(r'\]\(([^)#\s]+)[^)]*\)', text):
        target = match.group(1)
        if '://' in target or target.startswith('mailto:'):
            continue
        if not os.path.exists(os.path.join(top, os.path.dirname(path), target)):
            report.fail(path, line_of(text, match.start()), f'link to {target}, which is not there')


def check_registered(report, top, files):
    """A test, a fuzz target or a source that meson does not know would never run."""
    named = {}
    for path in files:
        if os.path.basename(path) == 'meson.build':
            with open(os.path.join(top, path), encoding='utf-8') as stream:
                named[os.path.dirname(path)] = re.findall(r"'([^'\n]+)'", stream.read())
    everywhere = {name for names in named.values() for name in names}
    for path in files:
        folder, base = os.path.split(path)
        stem = os.path.splitext(base)[0]
        if folder == 'tests/unit' and base.startswith('test_') and base.endswith('.c'):
            if stem[len('test_'):] not in everywhere and base not in everywhere:
                report.fail(path, 1, f"not registered; add '{stem[5:]}' to unit_tests in the "
                                     "meson.build of its folder")
        elif folder == 'tests/fuzz' and base.startswith('fuzz_') and base.endswith('.c'):
            if stem[len('fuzz_'):] not in everywhere:
                report.fail(path, 1, f"not registered; add '{stem[5:]}' to fuzz_targets in the "
                                     "meson.build of its folder")
        elif path.startswith('src/') and base.endswith('.c'):
            # A folder below (driver/docker/) may be listed by the folder above it.
            known = {os.path.basename(name) for above, names in named.items() for name in names
                     if above == '' or folder == above or folder.startswith(above + '/')}
            if base not in known and stem not in known:
                report.fail(path, 1, f"not built; add '{base}' to {folder}/meson.build")


def check_python(report, path, text):
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        report.fail(path, error.lineno or 1, f'not Python: {error.msg}')
        return
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines = node.end_lineno - node.lineno + 1
            if lines > FUNCTION_FAIL:
                report.fail(path, node.lineno, f'{node.name} has {lines} lines, {FUNCTION_FAIL} '
                                               'is the limit; split it')


def check_tree(report, top):
    files = list_files(top)
    for path in files:
        if DATA.search(path):
            continue
        with open(os.path.join(top, path), 'rb') as stream:
            text = stream.read().decode('utf-8', errors='replace')
        check_text(report, path, text)
        check_head(report, top, path, text)
        if re.search(r'\.[ch]$', path):
            check_c(report, top, path, text)
        if path.endswith('.py') or text.startswith('#!/usr/bin/python3'):
            check_python(report, path, text)
        if re.search(r'\.([ch]|py)$|^script/', path):
            check_size(report, path, text)
        if path.endswith('.md'):
            check_links(report, top, path, text)
    check_registered(report, top, files)


def main():
    top = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), '..')
    report = Report()

    check_tree(report, os.path.abspath(top))
    print(f'{report.failures} failures, {report.warnings} warnings')
    return 1 if report.failures else 0


if __name__ == '__main__':
    sys.exit(main())
