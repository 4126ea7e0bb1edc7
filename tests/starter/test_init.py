"""`reconciler init`: what it writes is valid and works; it overwrites nothing and writes all or
nothing.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from harness import CommandLine, catalog, extension

from reconciler import __version__

ROOT = Path(__file__).parents[2]
ACTION = f"contoso/entra-reconciler@{'0123456789' * 4}"
WORKFLOWS = [
    f".github/workflows/reconciler-{name}.yml" for name in ("validate", "plan", "apply", "drift")
]
EXAMPLE = "desired_state/example.yaml"
SCHEMAS = ["schemas/desired-state.schema.json", "schemas/environments.schema.json"]
EDITOR = [".vscode/settings.json", ".vscode/extensions.json"]
WITHOUT_CI = [EXAMPLE, *SCHEMAS, *EDITOR, ".gitignore"]
FILES = [*WORKFLOWS, *WITHOUT_CI]
NEW = [*WORKFLOWS, EXAMPLE]
"""Those that must not exist already."""


def written(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*"))


def test_it_writes_the_files_and_says_which_and_what_next(reconciler: CommandLine) -> None:
    ran = reconciler("init", "new", "--action", ACTION)
    assert ran.code == 0
    assert ran.out.splitlines() == [f"Wrote new/{name}" for name in FILES]
    assert ran.err.startswith("Next steps:\n  1. Change to the folder: cd new\n  2. ")
    assert f"https://github.com/{ACTION.replace('@', '/blob/')}/docs/github.md" in ran.err
    assert all((reconciler.folder / "new" / name).is_file() for name in FILES)
    assert "cd 'a folder'\n" in reconciler("init", "a folder", "--ci", "none").err


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
    assert validated.out.startswith(
        "desired_state/example.yaml: R312 warning: The file declares nothing"
    )
    assert validated.out.endswith("Found 1 warning in 1 file.\nValid: 1 file, 0 extensions.\n")
    assert "No changes." in reconciler("plan", "--sandbox").out


def test_its_example_is_valid_once_it_is_uncommented(reconciler: CommandLine) -> None:
    reconciler("init", ".", "--action", ACTION)
    file = reconciler.folder / EXAMPLE
    lines = file.read_text("utf-8").splitlines()
    assert all(line.startswith("#") for line in lines)
    file.write_text("\n".join(line[2:] for line in lines[4:]))
    assert reconciler("validate").out == "Valid: 1 file, 1 extension.\n"
    planned = reconciler("plan", "--sandbox")
    assert "+ create my-extension" in planned.out and "R301" not in planned.out


def test_its_example_shows_how_to_delete(reconciler: CommandLine) -> None:
    """Removing the marks once declares no deletion; the two lines are valid in the example's
    place.
    """
    reconciler("init", ".", "--ci", "none")
    file = reconciler.folder / EXAMPLE
    lines = [line[2:] for line in file.read_text("utf-8").splitlines()[4:]]
    start = lines.index("extensions:")
    shown = [line.replace("# ", "", 1) for line in lines if line.startswith("  # ")][-2:]
    reconciler.seed(catalog(extensions=[extension("my-extension")]))
    file.write_text("\n".join([lines[0], lines[start], *shown]))
    assert reconciler("validate").out == "Valid: 1 file, 1 extension.\n"
    assert "- delete my-extension" in reconciler("plan", "--sandbox").out


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


@pytest.mark.parametrize("name", NEW)
def test_an_existing_file_is_never_overwritten(reconciler: CommandLine, name: str) -> None:
    file = reconciler.folder / name
    file.parent.mkdir(parents=True)
    file.write_text("mine")
    before = written(reconciler.folder)
    ran = reconciler("init", ".", "--action", ACTION)
    assert ran.code == 1
    assert (
        f"Error: {name} already exists. Nothing was written.\nHint: Move the existing files"
        " elsewhere" in ran.err
    )
    assert written(reconciler.folder) == before
    assert file.read_text() == "mine"


def test_all_existing_files_are_named_at_once(reconciler: CommandLine) -> None:
    reconciler("init", ".", "--action", ACTION)
    ran = reconciler("init", ".", "--action", ACTION)
    assert (
        f"Error: {', '.join(NEW[:-1])} and {NEW[-1]} already exist. Nothing was written." in ran.err
    )


def test_a_link_that_leads_nowhere_exists_too(reconciler: CommandLine) -> None:
    target = reconciler.folder / "elsewhere.yaml"
    (reconciler.folder / "desired_state").mkdir()
    (reconciler.folder / EXAMPLE).symlink_to(target)
    assert reconciler("init", ".", "--action", ACTION).code == 1
    assert not target.exists()


def test_what_was_written_before_a_failure_is_taken_back(reconciler: CommandLine) -> None:
    (reconciler.folder / "desired_state").write_text("no folder")
    (reconciler.folder / ".github").mkdir()
    ran = reconciler("init", ".", "--action", ACTION)
    assert ran.code == 1
    assert (
        "desired_state/example.yaml cannot be written: Not a directory. Nothing was written."
        in ran.err
    )
    assert written(reconciler.folder) == [".github", "desired_state"]


def test_other_files_of_the_repository_stay(reconciler: CommandLine) -> None:
    other = reconciler.folder / ".github/workflows/build.yml"
    other.parent.mkdir(parents=True)
    other.write_text("mine")
    assert reconciler("init", ".", "--action", ACTION).code == 0
    assert other.read_text() == "mine"


class TestWithoutWorkflows:
    def test_it_writes_everything_else(self, reconciler: CommandLine) -> None:
        ran = reconciler("init", ".", "--ci", "none")
        assert ran.code == 0
        assert ran.out.splitlines() == [f"Wrote {name}" for name in WITHOUT_CI]
        assert "reconciler plan --sandbox\n" in ran.err and "reconciler apply\n" in ran.err
        assert "GitHub" not in ran.err and "cd " not in ran.err
        assert not (reconciler.folder / ".github").exists()

    def test_its_next_steps_work(self, reconciler: CommandLine) -> None:
        reconciler("init", ".", "--ci", "none")
        assert reconciler("validate").code == reconciler("plan", "--sandbox").code == 0

    def test_without_an_action_the_error_names_both_ways(self, reconciler: CommandLine) -> None:
        for arguments in ([], ["--ci", "github"]):
            ran = reconciler("init", ".", *arguments)
            assert (ran.code, ran.out) == (1, "")
            assert (
                ran.err == "Error: --action is missing: the GitHub workflows call it.\n"
                "Hint: Add --action OWNER/REPO@SHA, or add --ci none to write no workflows.\n"
            )
        assert written(reconciler.folder) == []

    def test_an_action_without_workflows_is_refused(self, reconciler: CommandLine) -> None:
        ran = reconciler("init", ".", "--ci", "none", "--action", ACTION)
        assert ran.code == 1 and "--action cannot be combined with --ci none." in ran.err
        assert written(reconciler.folder) == []


class TestEditor:
    def test_its_files_name_schemas_that_exist(self, reconciler: CommandLine) -> None:
        reconciler("init", ".", "--ci", "none", "--environment", "staging")
        for name in (EXAMPLE, "reconciler.yaml"):
            file = reconciler.folder / name
            first = file.read_text("utf-8").splitlines()[0]
            schema = file.parent / first.removeprefix("# yaml-language-server: $schema=")
            kind = "environments" if name == "reconciler.yaml" else "desired-state"
            assert schema.read_text("utf-8") == reconciler("schema", kind).out

    def test_its_settings_name_every_yaml_file_and_the_extension_that_reads_them(
        self, reconciler: CommandLine
    ) -> None:
        reconciler("init", ".", "--ci", "none", "--environment", "staging")
        settings, extensions = (
            json.loads((reconciler.folder / name).read_text("utf-8")) for name in EDITOR
        )
        named = {}
        for schema, patterns in settings["yaml.schemas"].items():
            assert (reconciler.folder / schema).is_file()
            named |= {
                file.name: schema
                for pattern in patterns
                for file in reconciler.folder.glob(pattern)
            }
        assert named == {
            "example.yaml": "./schemas/desired-state.schema.json",
            "reconciler.yaml": "./schemas/environments.schema.json",
        }
        assert extensions == {"recommendations": ["redhat.vscode-yaml"]}

    @pytest.mark.parametrize("name", [*SCHEMAS, *EDITOR])
    def test_those_that_exist_are_kept(self, reconciler: CommandLine, name: str) -> None:
        file = reconciler.folder / name
        file.parent.mkdir()
        file.write_text("mine")
        ran = reconciler("init", ".", "--ci", "none")
        assert ran.code == 0
        assert f"Kept {name} (already exists)\n" in ran.out
        assert file.read_text() == "mine"


OURS = b".reconciler/\nlive-facts.json\n"


class TestGitignore:
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            (b"", OURS),
            (b"dist/\n", b"dist/\n" + OURS),
            (b"dist/", b"dist/\n" + OURS),
            (b"dist/\r\n", b"dist/\r\n" + OURS.replace(b"\n", b"\r\n")),
            (b"\xff\n", b"\xff\n" + OURS),
            (b"# .reconciler/\n!.reconciler/\n", b"# .reconciler/\n!.reconciler/\n" + OURS),
            (b".reconciler/\n", OURS),
            (b"/live-facts.json", b"/live-facts.json\n.reconciler/\n"),
        ],
    )
    def test_the_missing_lines_are_added_to_an_existing_one(
        self, reconciler: CommandLine, before: bytes, after: bytes
    ) -> None:
        file = reconciler.folder / ".gitignore"
        file.write_bytes(before)
        assert (
            "Updated .gitignore (added the missing lines)\n"
            in reconciler("init", ".", "--ci", "none").out
        )
        assert file.read_bytes() == after

    @pytest.mark.parametrize(
        "before",
        [
            OURS,
            b"a\r\n/.reconciler/\r\n/live-facts.json\r\nb",
            b"live-facts.json\n.reconciler",
            b"/.reconciler \nlive-facts.json ",
        ],
    )
    def test_one_that_has_the_lines_is_kept(self, reconciler: CommandLine, before: bytes) -> None:
        file = reconciler.folder / ".gitignore"
        file.write_bytes(before)
        assert "Kept .gitignore (already exists)\n" in reconciler("init", ".", "--ci", "none").out
        assert file.read_bytes() == before

    def test_one_that_cannot_be_changed_stops_everything(self, reconciler: CommandLine) -> None:
        file = reconciler.folder / ".gitignore"
        file.write_text("dist/\n")
        file.chmod(0o444)
        ran = reconciler("init", ".", "--ci", "none")
        assert ran.code == 1 and ".gitignore is read-only. Nothing was written." in ran.err
        assert written(reconciler.folder) == [".gitignore"]

    def test_a_folder_of_that_name_stops_everything(self, reconciler: CommandLine) -> None:
        (reconciler.folder / ".gitignore").mkdir()
        ran = reconciler("init", ".", "--ci", "none")
        assert (
            ran.code == 1
            and ".gitignore cannot be written: Is a directory. Nothing was written." in ran.err
        )
        assert written(reconciler.folder) == [".gitignore"]
