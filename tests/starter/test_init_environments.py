"""`reconciler init --environment`: workflows for each environment, and a `reconciler.yaml` that
names them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from harness import CommandLine

from reconciler.starter.environments import in_environment

ROOT = Path(__file__).parents[2]
INIT = ("init", ".", "--action", f"contoso/entra-reconciler@{'0123456789' * 4}")
BOTH = ("--environment", "staging", "--environment", "production")
TENANT = "0f6f2f6f-3c8e-4f07-9a3d-5b8f6a527a10"
NAMES = ("staging", "production")
FILES = [
    ".github/workflows/reconciler-validate.yml",
    *(
        f".github/workflows/reconciler-{kind}-{name}.yml"
        for name in NAMES
        for kind in ("plan", "apply", "drift")
    ),
    "desired_state/example.yaml",
    "reconciler.yaml",
    "schemas/desired-state.schema.json",
    "schemas/environments.schema.json",
    ".vscode/settings.json",
    ".vscode/extensions.json",
    ".gitignore",
]
NEW = FILES[: FILES.index("reconciler.yaml")]


def test_it_writes_validate_once_and_the_others_for_each(reconciler: CommandLine) -> None:
    ran = reconciler(*INIT, *BOTH)
    assert ran.code == 0
    assert ran.out.splitlines() == [f"Wrote {name}" for name in FILES]
    found = {
        str(one.relative_to(reconciler.folder))
        for one in reconciler.folder.rglob("*")
        if one.is_file()
    }
    assert found == set(FILES)


def test_it_says_what_each_of_them_needs_next(reconciler: CommandLine) -> None:
    printed = reconciler(*INIT, *BOTH).err
    for name in NAMES:
        assert {f"reconciler-plan-{name}", f"reconciler-apply-{name}", f"plan-gate-{name}"} <= set(
            re.findall(r"[\w-]+", printed)
        )


def test_validate_is_that_of_one_tenant(reconciler: CommandLine) -> None:
    reconciler("init", "one", *INIT[2:])
    reconciler(*INIT, *BOTH)
    assert (reconciler.folder / FILES[0]).read_text() == (
        reconciler.folder / "one" / FILES[0]
    ).read_text()


class TestReconcilerYaml:
    def test_it_is_valid_and_names_them_in_order(self, reconciler: CommandLine) -> None:
        reconciler(*INIT, *BOTH)
        validated = reconciler("validate")
        assert (validated.code, validated.last) == (
            0,
            "Valid: 2 files, 0 extensions, in 2 environments.",
        )
        assert validated.out.count(" warning: ") == validated.out.count("R312") == 1
        assert (
            "It names: staging, production."
            in reconciler("plan", "--sandbox", "--environment", "dev").err
        )

    def test_every_environment_of_it_can_be_planned(self, reconciler: CommandLine) -> None:
        reconciler(*INIT, *BOTH)
        for name in NAMES:
            assert "No changes." in reconciler("plan", "--sandbox", "--environment", name).out

    def test_it_names_no_tenant_until_its_user_does(self, reconciler: CommandLine) -> None:
        reconciler(*INIT, *BOTH)
        lines = (reconciler.folder / "reconciler.yaml").read_text("utf-8").splitlines()
        assert not [
            line for line in lines if "tenant_id:" in line and not line.lstrip().startswith("#")
        ]

    def test_it_is_valid_once_it_is_uncommented(self, reconciler: CommandLine) -> None:
        reconciler(*INIT, *BOTH)
        file = reconciler.folder / "reconciler.yaml"
        uncommented = re.sub(r"^    # ", "    ", file.read_text("utf-8"), flags=re.MULTILINE)
        assert (
            uncommented.count("    tenant_id: ") == uncommented.count("      resource_group: ") == 2
        )
        file.write_text(uncommented)
        assert reconciler("validate").code == 0

    @pytest.mark.parametrize(
        "name", ["1", "007", "1e3", "0x1F", "true", "no", "null", "a" * 64, "A-_"]
    )
    def test_a_name_that_yaml_could_misread_stays_text(
        self, reconciler: CommandLine, name: str
    ) -> None:
        assert reconciler(*INIT, "--environment", name).code == 0
        assert "No changes." in reconciler("plan", "--sandbox", "--environment", name).out

    def test_one_that_names_them_is_kept(self, reconciler: CommandLine) -> None:
        file = reconciler.folder / "reconciler.yaml"
        mine = f"environments: {{dev: {{}}, production: {{tenant_id: {TENANT}}}, staging: {{}}}}\n"
        file.write_text(mine)
        ran = reconciler(*INIT, *BOTH)
        assert ran.code == 0
        assert "Kept reconciler.yaml (already exists)\n" in ran.out
        assert "Wrote reconciler.yaml" not in ran.out
        assert file.read_text() == mine

    @pytest.mark.parametrize(
        ("mine", "wrong"),
        [
            ("environments: {staging: {}, Production: {}}\n", "No environment named production"),
            ("environments: {}\n", "No environment named staging"),
            (
                "environments: [staging, production]\n",
                "reconciler.yaml is invalid. Nothing was written.",
            ),
            ("", "reconciler.yaml is invalid. Nothing was written."),
        ],
    )
    def test_with_another_one_nothing_is_written(
        self, reconciler: CommandLine, mine: str, wrong: str
    ) -> None:
        (reconciler.folder / "reconciler.yaml").write_text(mine)
        ran = reconciler(*INIT, *BOTH)
        assert ran.code == 1 and wrong in ran.err
        assert [one.name for one in reconciler.folder.iterdir()] == ["reconciler.yaml"]

    def test_that_of_the_target_folder_counts(self, reconciler: CommandLine) -> None:
        (reconciler.folder / "reconciler.yaml").write_text("environments: {dev: {}}\n")
        ran = reconciler("init", "new", *INIT[2:], *BOTH)
        assert ran.code == 0 and "Wrote new/reconciler.yaml" in ran.out

    @pytest.mark.parametrize("mine", ["environments: {dev: {}}\n", "at fault: ["])
    def test_without_environments_it_is_nobodys_business(
        self, reconciler: CommandLine, mine: str
    ) -> None:
        (reconciler.folder / "reconciler.yaml").write_text(mine)
        ran = reconciler(*INIT)
        assert ran.code == 0 and "Kept" not in ran.out


@pytest.mark.parametrize(
    "name", ["", "-a", "a b", "ä", "a.b", "a/b", "../a", "a\n", "a" * 65, "${{ x }}", '"']
)
def test_what_cannot_be_a_name_is_refused(reconciler: CommandLine, name: str) -> None:
    ran = reconciler(*INIT, "--environment", "staging", "--environment", name)
    assert ran.code == 1 and "is not a valid name of an environment." in ran.err
    assert list(reconciler.folder.iterdir()) == []


@pytest.mark.parametrize("again", ["staging", "Staging", "STAGING"])
def test_a_name_given_twice_is_refused(reconciler: CommandLine, again: str) -> None:
    ran = reconciler(*INIT, *BOTH, "--environment", again)
    assert ran.code == 1 and f"--environment {again} was given twice." in ran.err
    assert list(reconciler.folder.iterdir()) == []


@pytest.mark.parametrize("name", [*NEW, "reconciler.yaml"])
def test_an_existing_file_is_never_overwritten(reconciler: CommandLine, name: str) -> None:
    file = reconciler.folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("environments: {staging: {}, production: {}}\n")
    assert reconciler(*INIT, *BOTH).code == (0 if name == "reconciler.yaml" else 1)
    assert file.read_text() == "environments: {staging: {}, production: {}}\n"


@pytest.mark.parametrize(
    ("kind", "lost", "instead"),
    [
        ("plan", "reconciler plan", "a plan"),
        ("plan", "reconciler-plan", "a-plan"),
        ("plan", "plan-gate", "gate"),
        ("apply", "reconciler-tenant", "a-tenant"),
        ("apply", "    name: ", "    name:  "),
        ("apply", "          command: apply\n", ""),
        ("apply", "reconciler-journal", "journal"),
        ("drift", "reconciler-drift", "seen"),
        ("drift", "uses: ./\n", "uses: ../\n"),
    ],
)
def test_a_workflow_that_has_lost_what_to_replace_is_no_workflow_to_write(
    kind: str, lost: str, instead: str
) -> None:
    name = f"reconciler-{kind}.yml"
    text = (ROOT / ".github/workflows" / name).read_text("utf-8")
    assert lost in text
    with pytest.raises(AssertionError, match="is not found in it"):
        in_environment(name, text.replace(lost, instead), "staging")
