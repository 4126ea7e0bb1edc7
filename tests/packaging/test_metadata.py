"""What an index page, a type checker and pre-commit read of the built distributions and of the
repository.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path

import click
import pytest
import yaml

from reconciler import __version__
from reconciler.cli import cli

ROOT = Path(__file__).parents[2]
URL = "https://github.example/owner/repository"
TOOLS = Path(sys.executable).parent


def build(folder: Path, source: Path = ROOT, url: str = URL, form: str = "--wheel") -> Path:
    """A distribution of the source, built as the release workflow builds it."""
    command = [
        TOOLS / "uv",
        "--no-config",
        "--quiet",
        "build",
        "--no-build-isolation",
        "--python",
        sys.executable,
    ]
    subprocess.run(
        [*command, form, "--out-dir", folder, source],
        check=True,
        timeout=120,
        env={"PROJECT_URL": url, "HOME": str(folder)},
    )
    (built,) = folder.glob("*.whl" if form == "--wheel" else "*.tar.gz")
    return built


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return HeaderParser().parsestr(archive.read(name).decode())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("release"))


def test_every_link_of_the_description_is_absolute_and_leads_to_a_file(wheel: Path) -> None:
    description = metadata(wheel).get_payload()
    assert isinstance(description, str)
    links = re.findall(r"\]\(([^)\s]+)\)", description)
    assert [link for link in links if not link.startswith(("https://", "#"))] == []
    ours = [
        link.removeprefix(f"{URL}/blob/v{__version__}/") for link in links if link.startswith(URL)
    ]
    assert len(ours) > 10
    assert [path for path in ours if not (ROOT / path.partition("#")[0]).exists()] == []


def test_the_urls_lead_to_files_of_the_release(wheel: Path) -> None:
    urls = dict(entry.split(", ") for entry in metadata(wheel).get_all("Project-URL", []))
    assert urls.pop("Homepage") == URL and urls.pop("Issues") == f"{URL}/issues"
    assert sorted(urls) == ["Changelog", "Documentation"]
    for url in urls.values():
        assert (ROOT / url.removeprefix(f"{URL}/blob/v{__version__}/")).is_file()


def test_the_metadata_names_no_address_without_a_release(tmp_path: Path) -> None:
    local = metadata(build(tmp_path, url=""))
    assert local.get_all("Project-URL") is None
    assert (
        local["Author"] == "The maintainers of this project"
        and local["License-Expression"] == "MIT"
    )
    assert local["Description-Content-Type"] == "text/markdown"


@pytest.mark.thorough
def test_a_wheel_from_the_source_distribution_is_the_same(wheel: Path, tmp_path: Path) -> None:
    """Whoever installs from source knows no PROJECT_URL; the source distribution has it."""
    sdist = build(tmp_path / "sdist", form="--sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    again = build(tmp_path / "wheel", source, url="")
    assert metadata(again).as_string() == metadata(wheel).as_string()
    assert zipfile.ZipFile(again).namelist() == zipfile.ZipFile(wheel).namelist()


@pytest.mark.thorough
def test_an_index_accepts_the_distributions(wheel: Path, tmp_path: Path) -> None:
    sdist = build(tmp_path, form="--sdist")
    checked = subprocess.run(
        [TOOLS / "twine", "--no-color", "check", "--strict", wheel, sdist],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout
    assert checked.stdout.count("PASSED") == 2


TYPED = """
from pathlib import Path
from reconciler.app.kinds import document_format
from reconciler.loader import load
from reconciler.model.diagnostic import Diagnostic
loaded = load([Path("desired_state")], document_format())
found: tuple[Diagnostic, ...] = loaded.diagnostics
wrong: int = loaded.diagnostics
"""


@pytest.mark.thorough
def test_another_project_checks_its_types_against_ours(tmp_path: Path) -> None:
    """Strictly, against the installed package: `Typing :: Typed` is true, and what does not fit is
    an error.
    """
    (tmp_path / "outside.py").write_text(TYPED)
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--no-incremental",
        "--config-file=",
        "outside.py",
    ]
    checked = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    errors = [line for line in checked.stdout.splitlines() if ": error:" in line]
    assert len(errors) == 1 and errors[0].startswith("outside.py:8: error: Incompatible types"), (
        checked.stdout
    )
    assert "tuple[Diagnostic, ...]" in errors[0]


def test_the_wheel_says_that_it_is_typed(wheel: Path) -> None:
    assert "reconciler/py.typed" in zipfile.ZipFile(wheel).namelist()
    assert "Typing :: Typed" in metadata(wheel).get_all("Classifier", [])


def test_the_hook_of_pre_commit_is_a_command_that_there_is() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert (hook["id"], hook["language"], hook["pass_filenames"]) == ("validate", "python", False)
    program, command, *arguments = shlex.split(hook["entry"])
    assert program == "reconciler"
    cli.commands[command].make_context(command, arguments, **cli.context_settings)
    assert re.search(hook["files"], "desired_state/a.yaml") and re.search(
        hook["files"], "reconciler.yml"
    )
    assert not re.search(hook["files"], "README.md")
    assert isinstance(cli, click.Group)
