"""A repository with a pull request in it, and what a checkout takes of it: the one part of GitHub
that is real git.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

MERGE_RESULT = "refs/pull/7/merge"
FORMER_BASE = "3fa8ef696b88d93ff63679d2b66dadf20a87fbb4"
"""The base branch when the pull request was made, with nothing in it: what the event may still say.
"""


def make_origin(folder: Path, base: Path, merged: Path) -> None:
    """The repository: its base branch holds one folder, the merge of the pull request into it
    another.
    """
    _git(folder.parent, "init", "--quiet", str(folder))
    _git(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
    former = _commit(folder, None)
    assert former == FORMER_BASE, former
    current = _commit(folder, base, former)
    head = _commit(folder, merged, former)
    _git(folder, "update-ref", MERGE_RESULT, _commit(folder, merged, current, head))


def check_out(origin: Path, target: Path, ref: str, depth: str) -> None:
    """The files of the ref, with so much history.

    Raises:
        FileNotFoundError: the repository has no such ref.
    """
    _git(origin, "init", "--quiet", str(target))
    try:
        _git(target, "fetch", "--quiet", "--depth", depth, f"file://{origin}", ref)
    except subprocess.CalledProcessError as error:
        raise FileNotFoundError(f"no ref {ref}") from error
    _git(target, "checkout", "--quiet", "--detach", "FETCH_HEAD")


def _commit(repository: Path, content: Path | None, *parents: str) -> str:
    _git(repository, "read-tree", "--empty")
    if content is not None:
        _git(repository, f"--work-tree={content}", "add", "--force", "--all", cwd=content)
    given = [word for parent in parents for word in ("-p", parent)]
    return _git(repository, "commit-tree", _git(repository, "write-tree"), *given, "-m", "commit")


def _git(repository: Path, *arguments: str, cwd: Path | None = None) -> str:
    """What it printed; nothing of this machine's configuration counts, and a commit of the same is
    the same.
    """
    person = {
        f"GIT_{who}_{what}": "octocat"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    dates = {f"GIT_{who}_DATE": "2026-01-01T00:00:00Z" for who in ("AUTHOR", "COMMITTER")}
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    command = (
        ["git", f"--git-dir={repository / '.git'}", *arguments] if cwd else ["git", *arguments]
    )
    ended = subprocess.run(
        command,
        cwd=cwd or repository,
        env={**environment, **person, **dates},
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout.strip()
