#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tidy.py finds what it is there to find, names the place and the replacement."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
import tidy  # noqa: E402

C_HEAD = '/* SPDX-License-Identifier: Apache-2.0 */\n'
HASH_HEAD = '# SPDX-License-Identifier: Apache-2.0\n'


def build_tree(top, files):
    """A small tree; every C file of src/ is registered in its folder."""
    for path, text in files.items():
        target = top / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        if path.startswith('src/') and path.endswith('.c'):
            with open(target.parent / 'meson.build', 'a') as stream:
                stream.write(f"{HASH_HEAD}sources += files('{target.name}')\n")


def findings(capsys, top):
    report = tidy.Report()
    tidy.check_tree(report, str(top))
    return report, capsys.readouterr().out


BAD_C = [
    # path, code, words of the finding
    ('src/plan/x.c', '#include "net/http.h"\n', 'plan/ may not include net/, only: base model'),
    ('src/base/x.c', '#include "model/app.h"\n', 'base/ may not include model/'),
    ('src/driver/x.c', '#include "net/http_client.h"\n', 'driver/ may not include net/'),
    ('src/plan/x.c', '#include <sys/socket.h>\n', 'plan/ only decides'),
    ('src/plan/x.c', '#include "base/log.h"\n', 'only server/, nameserver/ and cli/ log'),
    ('src/cli/x.c', '#include <curl/curl.h>\n', 'belongs to net/'),
    ('src/plan/x.c', '#include "topology.h"\n', 'include with the folder: "plan/topology.h"'),
    ('src/plan/x.c', '#include "nowhere/x.h"\n', 'is in no folder'),
    ('src/newfolder/x.c', '', 'has no row in the layers'),
    ('src/plan/x.h', '', '#pragma once'),
    ('src/cli/x.c', 'int f(char *d) { strcpy(d, "x"); }\n', 'strcpy is banned; use snprintf'),
    ('src/cli/x.c', 'int f(char *d) { return\n  atoi (d); }\n', 'x.c:3: atoi is banned'),
    ('src/cli/x.c', 'void f(void) { exit(1); }\n', 'only main.c ends the process'),
    ('src/plan/x.c', 'void f(void) { printf("x"); }\n', 'printf is banned'),
    ('tests/unit/test_x.c', '', "add 'x' to unit_tests"),
    ('tests/fuzz/fuzz_x.c', '', "add 'x' to fuzz_targets"),
    ('src/plan/x.c', '/* TO' 'DO: later */\n', 'unfinished work'),
    ('src/plan/x.c', '/* see /ro' 'ot/x */\n', 'a path of one machine'),
    ('src/plan/x.c', '/* na\u00efve */\n', 'U+00EF is not ASCII'),
    ('src/plan/x.c', 'int x; \n', 'blanks at the end'),
    ('src/plan/x.c', 'int x;', 'no newline at the end'),
    ('src/plan/x.c', 'int f(void)\n{\n' + ';\n' * 99 + '}\n', 'f has 101 lines'),
    ('src/plan/x.c', '\n' * 1500, '1501 lines; split it'),
]


@pytest.mark.parametrize('path, code, words', BAD_C, ids=[case[2] for case in BAD_C])
def test_bad_c_is_found(tmp_path, capsys, path, code, words):
    build_tree(tmp_path, {path: C_HEAD + code})
    report, out = findings(capsys, tmp_path)
    assert report.failures == 1, out
    assert out.startswith(path + ':')
    assert words in out


GOOD_C = [
    ('src/main.c', '#include "cli/cli.h"\nvoid f(void) { exit(1); }\n'),
    ('src/driver/x.c', '#include "net/http_message.h"\n#include "driver_list.h"\n'),
    ('src/server/x.c', '#include "base/log.h"\n#include "dns/x.h"\n#include <uv.h>\n'),
    ('src/plan/x.c', '/* atoi(s) would accept "1x" */\nconst char *s = "atoi(x)";\n'),
    ('src/plan/x.c', 'int f(struct x *p) { return p->printf(1) + p->v.exit(2); }\n'),
    ('src/plan/x.c', 'int f(void)\n{\n' + ';\n' * 68 + '}\n'),
    ('src/plan/x.c', 'static const int table[] = {\n' + '1,\n' * 200 + '};\n'),
    ('src/plan/x.c', "char a = '{', b = '\\'', *c = \"\\\"{\";\nint f(void) { return 1; }\n"),
    ('src/plan/x.c', 'const char *s = "http://x/work/1 and $HOME/root/x";\n'),
]


@pytest.mark.parametrize('path, code', GOOD_C, ids=range(len(GOOD_C)))
def test_good_c_passes(tmp_path, capsys, path, code):
    build_tree(tmp_path, {path: C_HEAD + code})
    report, out = findings(capsys, tmp_path)
    assert report.failures == 0, out
    assert report.warnings == 0, out


def test_a_source_that_nobody_builds_is_found(tmp_path, capsys):
    build_tree(tmp_path, {'src/plan/x.c': C_HEAD})
    (tmp_path / 'src/plan/meson.build').write_text(HASH_HEAD)
    report, out = findings(capsys, tmp_path)
    assert report.failures == 1
    assert "add 'x.c' to src/plan/meson.build" in out


def test_a_source_includes_its_own_header_first(tmp_path, capsys):
    build_tree(tmp_path, {'src/plan/x.h': C_HEAD + '#pragma once\n',
                          'src/plan/x.c': C_HEAD + '#include "base/err.h"\n'})
    report, out = findings(capsys, tmp_path)
    assert report.failures == 1
    assert 'include "plan/x.h" first' in out


def test_a_missing_licence_is_found_with_the_line_to_write(tmp_path, capsys):
    build_tree(tmp_path, {'src/plan/x.c': 'int x;\n', 'script/x.sh': 'echo\n'})
    report, out = findings(capsys, tmp_path)
    assert report.failures == 2
    assert 'write: /* SPDX-License-Identifier: Apache-2.0 */' in out
    assert 'write: # SPDX-License-Identifier: Apache-2.0' in out


def test_scripts_and_their_mode_agree(tmp_path, capsys):
    build_tree(tmp_path, {'script/a': f'#!/bin/sh\n{HASH_HEAD}', 'script/b': 'x\n',
                          'script/c': f'#!/usr/bin/env python3\n{HASH_HEAD}'})
    for name in 'bc':
        (tmp_path / 'script' / name).chmod(0o755)
    report, out = findings(capsys, tmp_path)
    assert report.failures == 3
    assert 'script/a:1: a shebang, but not executable' in out
    assert 'script/b:1: executable without a shebang' in out
    assert "script/c:1: not Debian's Python" in out


def test_long_files_and_functions_are_warned_of_before_they_fail(tmp_path, capsys):
    body = 'int f(void)\n{\n' + ';\n' * 98 + '}\n'
    build_tree(tmp_path, {'src/plan/x.c': C_HEAD + body + '\n' * 800})
    report, out = findings(capsys, tmp_path)
    assert (report.failures, report.warnings) == (0, 2)
    assert 'f has 100 lines; more than 70' in out


def test_a_dead_link_is_found(tmp_path, capsys):
    build_tree(tmp_path, {'docs/a.md': 'see [b](b.md#part) and [c](../c.md) and '
                                       '[w](https://example.org/x)\n', 'docs/b.md': 'x\n'})
    report, out = findings(capsys, tmp_path)
    assert report.failures == 1
    assert 'docs/a.md:1: link to ../c.md' in out


def test_inputs_of_tests_are_left_alone(tmp_path, capsys):
    build_tree(tmp_path, {'tests/fuzz/corpus/x/1': 'na\u00efve TO' 'DO \n'})
    report, out = findings(capsys, tmp_path)
    assert report.failures == 0, out


if __name__ == '__main__':
    sys.exit(pytest.main([__file__, '-q', '-p', 'no:cacheprovider']))
