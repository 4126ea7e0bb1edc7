"""`reconciler init`: what it writes is sound and works; it overwrites nothing and writes all or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness import CommandLine

from reconciler import __version__

ROOT = Path(__file__).parents[2]
ACTION = f"contoso/entra-reconciler@{'0123456789' * 4}"
WORKFLOWS = [f".github/workflows/reconciler-{name}.yml" for name in ("validate", "plan", "apply", "drift")]
FILES = [*WORKFLOWS, "desired_state/example.yaml"]


def written(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*"))


def test_it_writes_the_files_and_says_which_and_what_next(reconciler: CommandLine) -> None:
    ran = reconciler("init", "new", "--action", ACTION)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[: len(FILES)] == [f"Wrote new/{name}" for name in FILES]
    assert f"https://github.com/{ACTION.replace('@', '/blob/')}/docs/github.md" in ran.out
    assert all((reconciler.folder / "new" / name).is_file() for name in FILES)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_its_workflows_are_ours_with_the_action_pinned(reconciler: CommandLine, name: str) -> None:
    reconciler("init", ".", "--action", ACTION)
    ours = (ROOT / name).read_text("utf-8")
    assert "uses: ./\n" in ours
    new = (reconciler.folder / name).read_text("utf-8")
    assert new == ours.replace("uses: ./\n", f"uses: {ACTION} # v{__version__}\n")


def test_its_example_declares_nothing_until_it_is_uncommented(reconciler: CommandLine) -> None:
    reconciler("init", ".", "--action", ACTION)
    validated = reconciler("validate")
    assert validated.code == 0
    assert validated.out.startswith("desired_state/example.yaml: R312 warning: The file declares nothing")
    assert validated.out.endswith("Found 1 warning in 1 file.\nValid: 1 file, 0 extensions.\n")
    assert "No changes." in reconciler("plan", "--sandbox").out


def test_its_example_is_valid_once_it_is_uncommented(reconciler: CommandLine) -> None:
    reconciler("init", ".", "--action", ACTION)
    file = reconciler.folder / FILES[-1]
    lines = file.read_text("utf-8").splitlines()
    assert all(line.startswith("#") for line in lines)
    file.write_text("\n".join(line[2:] for line in lines[3:]))
    assert reconciler("validate").out == "Valid: 1 file, 1 extension.\n"
    planned = reconciler("plan", "--sandbox")
    assert "+ create my-extension" in planned.out and "R301" not in planned.out


@pytest.mark.parametrize(
    "action",
    [
        "contoso/entra-reconciler@main",
        "contoso/entra-reconciler@v1.0.0",
        "contoso/entra-reconciler@0123456",
        f"contoso/entra-reconciler@{'A' * 40}",
        f"contoso/entra-reconciler@{'a' * 41}",
        f"contoso/entra-reconciler@{'a' * 40}\n",
        f"contoso/entra-reconciler@{'a' * 40}\n        run: x",
        f"contoso@{'a' * 40}",
        f"contoso/a/b@{'a' * 40}",
        f"./@{'a' * 40}",
        f"contoso/ä@{'a' * 40}",
        "contoso/entra-reconciler",
        "",
    ],
)
def test_an_action_that_is_not_pinned_is_refused(reconciler: CommandLine, action: str) -> None:
    ran = reconciler("init", ".", "--action", action)
    assert ran.code == 1
    assert "is not OWNER/REPO@SHA." in ran.err and "40 hexadecimal digits" in ran.err
    assert written(reconciler.folder) == []


@pytest.mark.parametrize("name", FILES)
def test_an_existing_file_is_never_overwritten(reconciler: CommandLine, name: str) -> None:
    file = reconciler.folder / name
    file.parent.mkdir(parents=True)
    file.write_text("mine")
    before = written(reconciler.folder)
    ran = reconciler("init", ".", "--action", ACTION)
    assert ran.code == 1
    assert f"{name} exists in . already. Nothing was written." in ran.err
    assert written(reconciler.folder) == before
    assert file.read_text() == "mine"


def test_all_existing_files_are_named_at_once(reconciler: CommandLine) -> None:
    reconciler("init", ".", "--action", ACTION)
    ran = reconciler("init", ".", "--action", ACTION)
    assert f"{', '.join(FILES[:-1])} and {FILES[-1]} exist in . already." in ran.err


def test_a_link_that_leads_nowhere_exists_too(reconciler: CommandLine) -> None:
    target = reconciler.folder / "elsewhere.yaml"
    (reconciler.folder / "desired_state").mkdir()
    (reconciler.folder / FILES[-1]).symlink_to(target)
    assert reconciler("init", ".", "--action", ACTION).code == 1
    assert not target.exists()


def test_what_was_written_before_a_failure_is_taken_back(reconciler: CommandLine) -> None:
    (reconciler.folder / "desired_state").write_text("no folder")
    (reconciler.folder / ".github").mkdir()
    ran = reconciler("init", ".", "--action", ACTION)
    assert ran.code == 1
    assert "desired_state/example.yaml cannot be written: Not a directory. Nothing was written." in ran.err
    assert written(reconciler.folder) == [".github", "desired_state"]


def test_other_files_of_the_repository_stay(reconciler: CommandLine) -> None:
    other = reconciler.folder / ".github/workflows/build.yml"
    other.parent.mkdir(parents=True)
    other.write_text("mine")
    assert reconciler("init", ".", "--action", ACTION).code == 0
    assert other.read_text() == "mine"
