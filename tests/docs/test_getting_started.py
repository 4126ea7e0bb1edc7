"""The page for beginners runs from its first to its last command; only what Azure alone can answer
is passed over.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from doc_pages import ROOT, blocks, text_of

PAGE = ROOT / "docs/getting-started.md"
COMMIT = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "newcomer"), ("EMAIL", "newcomer@contoso.example"))
}


def script() -> str:
    """All commands of the page as one script."""
    return "\n".join(block.text for block in blocks(PAGE, "bash"))


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of the new repository and what all commands said, run in a clone of this one."""
    folder = tmp_path_factory.mktemp("newcomer")
    clone, programs = folder / "reconciler", folder / "bin"
    programs.mkdir()
    program = programs / "reconciler"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m reconciler "$@"\n')
    program.chmod(0o755)
    environment = {
        **{
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("RECONCILER_", "GITHUB_", "GIT_"))
        },
        **COMMIT,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "NO_COLOR": "1",
    }
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True, timeout=60)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script()],
        cwd=clone,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return folder / "access-packages", done.stdout


@pytest.mark.thorough
def test_it_ends_with_an_applied_extension_and_nothing_to_do(ran: tuple[Path, str]) -> None:
    _, said = ran
    assert "Apply: 1 created, 0 updated" in said
    assert "- delete notify-approvers (" in said
    assert "0 replaced, 1 deleted, 0 failed" in said
    assert said.rstrip().endswith("0 blocked, 2 unchanged.")


@pytest.mark.thorough
def test_it_shows_the_plan_that_really_comes(ran: tuple[Path, str]) -> None:
    _, said = ran
    for block in blocks(PAGE, "diff"):
        assert block.text in said


@pytest.mark.thorough
def test_the_new_repository_is_committed_and_valid(ran: tuple[Path, str]) -> None:
    repository, _ = ran
    status = subprocess.run(
        ["git", "status", "--porcelain"],
        cwd=repository,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert status.stdout == "", "what was tried on the sandbox is no part of the repository"


def test_the_page_is_short_and_every_command_is_run_or_for_azure_alone() -> None:
    assert len(text_of(PAGE).splitlines()) <= 185
    assert {
        block.language for block in blocks(PAGE, "bash", "sh", "console", "shell", "azurecli", "")
    } == {
        "bash",
        "azurecli",
    }
    for block in blocks(PAGE, "azurecli"):
        commands = re.sub(r"\\\n|\n(?=  )", " ", block.text).splitlines()
        assert all(re.match(r"(\w+=\$\()?az ", command) for command in commands)
