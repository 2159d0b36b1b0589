#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Are all C files as clang-format 14 would write them?

usage: tools/check_format.py [--fix]

Exit 77 (skipped) where clang-format 14 is missing: another version formats differently.
"""

import os
import shutil
import subprocess
import sys

from tidy import DATA, list_files


def find_clang_format():
    for name in 'clang-format-14', 'clang-format':
        path = shutil.which(name)
        if path and 'version 14.' in subprocess.run([path, '--version'], capture_output=True,
                                                    text=True).stdout:
            return path
    return None


def main():
    top = os.path.abspath(os.path.join(os.path.dirname(__file__), '..'))
    tool = find_clang_format()
    files = [name for name in list_files(top)
             if name.endswith(('.c', '.h')) and not DATA.search(name)]

    if tool is None:
        print('no clang-format 14; apt-get install clang-format-14')
        return 77
    how = ['-i'] if '--fix' in sys.argv[1:] else ['--dry-run', '-Werror']
    return subprocess.run([tool, *how, *files], cwd=top).returncode


if __name__ == '__main__':
    sys.exit(main())
