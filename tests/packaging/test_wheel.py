"""The wheel holds everything that the installed command needs, the JSON Schemas included."""

import json
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from harness import declare, extension

REPOSITORY = Path(__file__).parents[2]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """Stdout of a command that must succeed."""
    ended = subprocess.run(
        command, check=False, cwd=cwd, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    run(*PIP, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, REPOSITORY)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of an environment that holds the wheel; only its dependencies are borrowed
    from ours.
    """
    environment = tmp_path_factory.mktemp("empty")
    venv.create(environment)
    python = environment / "bin" / "python"
    run(*PIP, "--python", python, "install", "--no-deps", wheel)
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    assert run(
        python, "-c", "import reconciler; print(reconciler.__file__)", cwd=environment
    ).startswith(str(site))
    return environment / "bin"


@pytest.mark.thorough
def test_the_installed_command_finds_its_schemas_and_validates(
    installed: Path, tmp_path: Path
) -> None:
    for name in ("desired-state", "plan", "environments"):
        schema = json.loads(run(installed / "reconciler", "schema", name, cwd=tmp_path))
        assert schema == json.loads((REPOSITORY / "schemas" / f"{name}.schema.json").read_text())
    declare(tmp_path / "desired_state", {"catalog": "Marketing", "extensions": [extension("a")]})
    assert (
        run(installed / "reconciler", "validate", cwd=tmp_path) == "Valid: 1 file, 1 extension.\n"
    )


@pytest.mark.thorough
def test_the_installed_sandbox_finds_its_seed(installed: Path, tmp_path: Path) -> None:
    declare(tmp_path / "desired_state", {"catalog": "Finance", "extensions": []})
    assert "legacy-audit" in run(installed / "reconciler", "plan", "--sandbox", cwd=tmp_path)


@pytest.mark.thorough
def test_the_installed_command_finds_its_workflows(installed: Path, tmp_path: Path) -> None:
    run(
        installed / "reconciler", "init", ".", "--action", f"contoso/entra@{'0' * 40}", cwd=tmp_path
    )
    assert len(list((tmp_path / ".github/workflows").iterdir())) == 4
    validated = run(installed / "reconciler", "validate", cwd=tmp_path)
    assert validated.endswith("Found 1 warning in 1 file.\nValid: 1 file, 0 extensions.\n")
    assert "example.yaml: R312 warning" in validated


@pytest.mark.thorough
def test_the_installed_command_finds_its_starter_of_environments(
    installed: Path, tmp_path: Path
) -> None:
    arguments = ["--action", f"contoso/entra@{'0' * 40}", "--environment", "staging"]
    run(installed / "reconciler", "init", ".", *arguments, cwd=tmp_path)
    found = run(installed / "reconciler", "validate", cwd=tmp_path)
    assert found.endswith(
        "Found 1 warning in 2 files.\nValid: 2 files, 0 extensions, in 1 environment.\n"
    )
    assert "example.yaml: R312 warning" in found


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top.partition("-")[0] for top in tops} == {"reconciler", "entra_extension_reconciler"}
    assert not [name for name in names if "__pycache__" in name]
    assert {file.name for file in (REPOSITORY / "schemas").iterdir()} == files_in(
        names, "reconciler/schemas/"
    )
    assert len(files_in(names, "reconciler/workflows/")) == 4
    assert "seed.json" in files_in(names, "reconciler/sandbox/")


def files_in(names: list[str], folder: str) -> set[str]:
    return {name.removeprefix(folder) for name in names if name.startswith(folder)}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_the_locked_requirements_name_versions_and_hashes_only(name: str) -> None:
    lines = (REPOSITORY / name).read_text().splitlines()
    pinned = [line for line in lines if line and line[0].isalnum()]
    assert len(pinned) > 30
    assert all("==" in line and line.endswith("\\") for line in pinned), (
        "every version is pinned and has a hash"
    )
    assert not [line for line in lines if line.startswith("-") or "://" in line]
