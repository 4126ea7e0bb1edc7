"""Commands that do not talk to Graph do not load what talks to Graph."""

import subprocess
import sys
from pathlib import Path

import pytest
from harness import declare, extension

SLOW = ["msgraph", "azure", "kiota_abstractions", "httpx", "aiohttp", "deepdiff", "rich", "tenacity"]


def loaded(folder: Path, *arguments: str) -> set[str]:
    """The modules in memory after a command line ran in a process of its own."""
    program = (
        f"import sys; from reconciler.cli import run; run({list(arguments)!r}); print(*sys.modules, file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True, timeout=60
    )
    return set(ended.stderr.splitlines()[-1].split())


@pytest.mark.parametrize(
    ("arguments", "but"),
    [
        (["--help"], ["yaml", "jsonschema"]),
        (["version"], ["yaml", "jsonschema"]),
        (["plan", "--help"], ["yaml", "jsonschema"]),
        (["export", "--help"], ["yaml", "jsonschema"]),
        (["schema", "plan"], ["jsonschema"]),
        (["validate"], []),
        (["validate", "--format", "sarif"], []),
        (["show", "plan.json"], []),
        (["apply", "--bogus"], ["yaml", "jsonschema"]),
    ],
)
def test_a_command_loads_only_what_it_needs(arguments: list[str], but: list[str], tmp_path: Path) -> None:
    declare(tmp_path / "desired_state", {"catalog": "Marketing", "extensions": [extension("a")]})
    if arguments[0] == "show":
        command = [sys.executable, "-m", "reconciler", "plan", "--sandbox", "--out", "plan.json"]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    assert loaded(tmp_path, *arguments).isdisjoint([*SLOW, *but])


def test_a_plan_on_loopback_loads_no_credentials_of_azure(tmp_path: Path) -> None:
    declare(tmp_path / "desired_state", {"catalog": "Marketing", "extensions": [extension("a")]})
    modules = loaded(tmp_path, "plan", "--sandbox")
    assert "msgraph" in modules
    assert "azure.identity" not in modules
