"""What Windows does not have: the commands run without it. They were not run on Windows itself."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WITHOUT = """
import asyncio, os, signal, subprocess, sys, tempfile
import aiohttp, anyio, httpx  # these choose by the operating system what they use
for module, names in {
    os: "chown fchown lchown fchmod O_NONBLOCK O_NOCTTY O_CLOEXEC O_NOFOLLOW O_DIRECTORY O_SYNC "
        "getuid geteuid getgid killpg fork uname pread pwrite ttyname",
    signal: "SIGHUP SIGKILL SIGPIPE SIGALRM SIGUSR1 SIGUSR2 pthread_sigmask sigwait",
}.items():
    for name in names.split():
        vars(module).pop(name, None)
for name in ("fcntl", "termios", "pwd", "grp", "resource", "tty", "pty"):
    sys.modules[name] = None
os.O_BINARY = 0
from reconciler.__main__ import main
main()
"""


@pytest.mark.thorough
def test_the_commands_need_nothing_that_windows_lacks(tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        ended = subprocess.run(
            [sys.executable, "-c", WITHOUT, *arguments],
            cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    assert "Wrote .gitignore" in run("init", ".", "--ci", "none")
    shutil.copy(ROOT / "desired_state/finance.yaml", tmp_path / "desired_state")
    assert "Valid: 2 files" in run("validate")
    assert "Plan: " in run("plan", "--sandbox", "--out", "plan.json")
    assert "Plan: " in run("show", "plan.json")
    assert "1 created, 2 updated" in run(
        "apply", "--sandbox", "--plan", "plan.json", "--journal", "journal.jsonl"
    )
    assert "+ out" in run("export", "--sandbox", "--out", "out")
    assert "Update: 1 added" in run("export", "--sandbox", "--update")
    assert run("sandbox", "reset") == "Reset sandbox database .reconciler/sandbox.sqlite3.\n"
