# SPDX-License-Identifier: Apache-2.0
"""Manual pages and completions: made from the command tables, and used as their users use them."""

import glob
import json
import os
import pty
import select
import subprocess
import time

import pytest

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
SEAWALL = os.path.join(TOP, "build", "seawall")
PAGES = os.path.join(TOP, "build", "tools")


def run(*argv, **options):
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, **options)


def tables():
    return json.loads(run(SEAWALL, "help", "--format", "json").stdout)["commands"]


def environment(tmp_path, **more):
    """Nothing of the user's own configuration, and our seawall first."""
    return {"PATH": f"{os.path.dirname(SEAWALL)}:/usr/bin:/bin", "HOME": str(tmp_path), "TERM": "xterm",
            "LANG": "C.UTF-8", "SEAWALL_SOCKET": str(tmp_path / "none.sock"), **more}


def manual_pages():
    return sorted(glob.glob(f"{PAGES}/*.1"))


def test_every_command_has_a_page_that_tells_all_of_its_options():
    assert len(manual_pages()) == len(tables()) + 1
    for command in tables():
        page = run("groff", "-man", "-Tascii", "-P-cbou", f"{PAGES}/seawall-{command['name']}.1").stdout
        for sub in command["commands"] or [command]:
            for option in sub["options"]:
                assert f"--{option['name']}" in page, (command["name"], sub["name"], option["name"])


@pytest.mark.parametrize("page", manual_pages(), ids=os.path.basename)
def test_groff_and_mandoc_find_nothing_wrong(page):
    checked = run("groff", "-man", "-ww", "-z", "-Tutf8", page)
    assert (checked.returncode, checked.stderr) == (0, "")
    # A date would make two builds of the same source differ.
    findings = [line for line in run("mandoc", "-T", "lint", "-W", "warning", page).stdout.splitlines()
                if "missing date" not in line]
    assert findings == []


@pytest.mark.parametrize("shell, name", [("bash", "seawall"), ("zsh", "_seawall"), ("fish", "seawall.fish")])
def test_shells_can_read_their_completion(shell, name):
    checked = run(shell, "-n", f"{PAGES}/{name}")
    assert (checked.returncode, checked.stderr) == (0, "")


def bash(line, tmp_path):
    """What bash offers for the last word of the line."""
    words = line.split(" ")
    script = (f". {PAGES}/seawall; COMP_WORDS=({' '.join(repr(word) for word in words)}); "
              f"COMP_CWORD={len(words) - 1}; _seawall; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
    done = run("bash", "--norc", "-c", script, env=environment(tmp_path), cwd=tmp_path)
    assert done.stderr == ""
    return done.stdout.split()


def fish(line, tmp_path):
    done = run("fish", "--no-config", "-c", f"source {PAGES}/seawall.fish; complete -C {line!r}",
               env=environment(tmp_path), cwd=tmp_path)
    assert done.stderr == ""
    return [offer.split("\t")[0] for offer in done.stdout.splitlines()]


@pytest.mark.parametrize("ask", [bash, fish])
def test_offers_are_those_of_the_tables(ask, tmp_path):
    (tmp_path / "fleet.yaml").touch()
    assert set(ask("seawall ", tmp_path)) >= {command["name"] for command in tables()}
    assert ask("seawall fl", tmp_path) == ["fleet"]
    assert set(ask("seawall fleet ", tmp_path)) == {"apply", "ls", "rm", "drain"}
    assert ask("seawall fleet apply --fo", tmp_path) in (["--format"], ["--format="])
    assert ask("seawall fleet apply -f fl", tmp_path) == ["fleet.yaml"]
    assert set(ask("seawall ps --format ", tmp_path)) == {"table", "json"}
    assert ask("seawall logs --tai", tmp_path) in (["--tail"], ["--tail="])
    assert "up" in ask("seawall help ", tmp_path)


@pytest.mark.parametrize("ask", [bash, fish])
def test_names_are_asked_of_seawall_and_none_is_no_error(ask, tmp_path):
    assert ask("seawall fleet drain ", tmp_path) == []


def zsh_types(keys, wanted, tmp_path):
    """Types into an interactive zsh, and waits until it shows what is wanted."""
    (tmp_path / ".zshrc").write_text(f"PS1='ready> '\nautoload -Uz compinit\ncompinit -u -D\n. {PAGES}/_seawall\n"
                                     "zstyle ':completion:*' list-prompt ''\nLISTMAX=0\n")
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        os.execve("/usr/bin/zsh", ["zsh", "-d", "-i"], environment(tmp_path, ZDOTDIR=str(tmp_path), COLUMNS="200"))
    shown, deadline, is_typed = "", time.monotonic() + 30, False
    try:
        while time.monotonic() < deadline and wanted not in shown:
            if select.select([fd], [], [], 1)[0]:
                shown += os.read(fd, 65536).decode(errors="replace")
            if "ready> " in shown and not is_typed:
                os.write(fd, keys.encode())
                shown, is_typed = "", True
        return shown
    finally:
        os.close(fd)
        os.waitpid(pid, 0)


@pytest.mark.parametrize("keys, wanted", [
    ("seawall fl\t", "seawall fleet"),
    ("seawall fleet dr\t", "seawall fleet drain"),
    ("seawall logs --tai\t", "seawall logs --tail"),
    ("seawall ps --format js\t", "--format json"),
    ("seawall fleet apply -f fl\t", "fleet.yaml"),
    ("seawall sc\t", "scale"),
    ("seawall fleet \t", "Empty a cluster, and run nothing new there"),
])
def test_zsh_completes(keys, wanted, tmp_path):
    (tmp_path / "fleet.yaml").touch()
    assert wanted in zsh_types(keys, wanted, tmp_path)
