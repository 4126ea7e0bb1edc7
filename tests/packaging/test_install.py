"""What `.github/scripts/install.py` does with pip, uv and a package index on loopback, on machines
of all kinds.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distribution
from pathlib import Path

import pytest

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).parents[2]
BACKEND = """
import zipfile
def build_wheel(folder, settings=None, metadata=None):
    with zipfile.ZipFile(folder + "/project-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("project.py", "import dependency")
        wheel.writestr(
            "project-1.dist-info/METADATA",
            "Metadata-Version: 2.1\\nName: project\\nVersion: 1\\n",
        )
        wheel.writestr(
            "project-1.dist-info/WHEEL",
            "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        )
        wheel.writestr("project-1.dist-info/RECORD", "")
    return "project-1-py3-none-any.whl"
build_editable = build_wheel
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "project"
version = "1"
"""


def write_wheel(folder: Path, name: str, version: str, files: dict[str, bytes]) -> str:
    """A wheel in the folder of the index for this package; its line for a lock file."""
    info = f"{name}-{version}.dist-info"
    file = folder / name / f"{name}-{version}-py3-none-any.whl"
    file.parent.mkdir(parents=True)
    described = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(file, "w") as wheel:
        for path, content in {**files, **described}.items():
            member = zipfile.ZipInfo(path)
            member.external_attr = 0o100755 << 16
            wheel.writestr(member, content)
        wheel.writestr(
            f"{info}/RECORD",
            "".join(f"{path},,\n" for path in [*files, *described, f"{info}/RECORD"]),
        )
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}\n"


@dataclass
class Machine:
    """A project with its lock files, an index, and what the machine adds to the environment."""

    project: Path
    index: Path
    downloads: list[tuple[str, str]] = field(default_factory=list)
    """The first word of the user agent, and the file."""
    environment: dict[str, str] = field(default_factory=dict)
    folder: Path = field(default_factory=Path)

    @property
    def python(self) -> Path:
        return self.project / "venv/bin/python"

    def install(
        self, *options: str, python: str = sys.executable
    ) -> subprocess.CompletedProcess[str]:
        """The script as make and the action start it, in the machine's working folder."""
        script = self.project / ".github/scripts/install.py"
        return subprocess.run(
            [python, "-I", script, self.project / "venv", "requirements.txt", *options],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )

    def imports(self, module: str) -> bool:
        command = [self.python, "-I", "-c", f"import {module}"]
        return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0


def uv_files() -> dict[str, bytes]:
    """The files of the uv of these tests, as its wheel has them."""
    installed = distribution("uv")
    files = {}
    for path in installed.files or []:
        content = Path(str(installed.locate_file(path)))
        if path.parts[0] == "uv" and content.suffix == ".py":
            files[path.as_posix()] = content.read_bytes()
        elif path.name in ("uv", "uv.exe") and path.parts[0] == "..":
            files[f"uv-{installed.version}.data/scripts/{path.name}"] = content.read_bytes()
    return files


@pytest.fixture(scope="module")
def empty_venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that has nothing in it yet, of which each test gets a copy."""
    made = tmp_path_factory.mktemp("venv") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", made], check=True, timeout=120)
    return made


@pytest.fixture(scope="module")
def uv_wheel(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of the index with the uv of these tests, and its line for a lock file."""
    folder = tmp_path_factory.mktemp("uv")
    line = write_wheel(folder, "uv", distribution("uv").version, uv_files())
    return folder / "uv", line


@pytest.fixture
def machine(tmp_path: Path, empty_venv: Path, uv_wheel: tuple[Path, str]) -> Iterator[Machine]:
    index = tmp_path / "index"
    made = Machine(tmp_path / "project", index, folder=tmp_path)
    scripts = made.project / ".github/scripts"
    scripts.mkdir(parents=True)
    (scripts / "install.py").write_bytes((ROOT / ".github/scripts/install.py").read_bytes())
    (made.project / "pyproject.toml").write_text(PYPROJECT)
    (made.project / "backend.py").write_text(BACKEND)
    shutil.copytree(empty_venv, made.project / "venv", symlinks=True)
    lock = write_wheel(index / "simple", "dependency", "2.0", {"dependency.py": b""})
    (made.project / "requirements.txt").write_text(lock)
    (index / "simple/uv").symlink_to(uv_wheel[0])
    (made.project / "requirements-uv.txt").write_text(uv_wheel[1])

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            agent = re.split(r"[/ ]", self.headers["User-Agent"])[0]
            if self.path.endswith(".whl") and self.command == "GET":
                made.downloads.append((agent, Path(self.path).name.split("-")[0]))

    with ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=str(index))
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        made.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path / "home"),
            "PIP_INDEX_URL": f"http://127.0.0.1:{server.server_port}/simple",
            "PIP_CONFIG_FILE": os.devnull,
        }
        yield made
        server.shutdown()


def test_pip_installs_uv_and_uv_installs_the_rest(machine: Machine) -> None:
    installed = machine.install()
    assert installed.returncode == 0, installed.stdout
    first, last = installed.stdout.splitlines()
    assert re.fullmatch(
        rf"Installing 1 locked packages \(about \d+ MB\) into {machine.project}/venv \.\.\.", first
    )
    assert re.fullmatch(r"Installed in \d+ s\.", last)
    assert machine.downloads == [("pip", "uv"), ("uv", "dependency")]
    assert machine.imports("project")


def test_settings_of_the_machine_change_nothing(machine: Machine) -> None:
    """Variables and files that would send packages elsewhere, stop uv, or run code of the working
    folder.
    """
    elsewhere = str(machine.folder / "elsewhere")
    (machine.folder / "uv.toml").write_text("offline = true\n")
    (machine.folder / "pyproject.toml").write_text("[tool.uv]\noffline = true\n")
    (machine.folder / "bin").mkdir()
    own_uv = machine.folder / "bin/uv"
    own_uv.write_text("#!/bin/sh\nexit 1\n")
    own_uv.chmod(0o755)
    for name in ("json", "venv", "pip", "backend"):
        (machine.folder / f"{name}.py").write_text(
            "raise SystemExit('imported from the working folder')\n"
        )
    machine.environment |= dict.fromkeys(
        (
            "VIRTUAL_ENV",
            "CONDA_PREFIX",
            "UV_TARGET",
            "UV_PREFIX",
            "PIP_TARGET",
            "PIP_PREFIX",
            "UV_PYTHON",
        ),
        elsewhere,
    )
    machine.environment |= {
        "PATH": f"{own_uv.parent}:{machine.environment['PATH']}",
        "PYTHONPATH": str(machine.folder),
        "PIP_USER": "1",
        "UV_OFFLINE": "1",
        "UV_NO_BINARY": "1",
        "UV_COMPILE_BYTECODE": "1",
        "UV_CONFIG_FILE": str(machine.folder / "uv.toml"),
    }
    del machine.environment["HOME"]
    installed = machine.install("--no-cache")
    assert installed.returncode == 0, installed.stdout
    assert machine.downloads == [("pip", "uv"), ("uv", "dependency")]
    assert not list((machine.project / "venv").rglob("dependency*.pyc")), "nothing is compiled"
    assert machine.imports("project") and not Path(elsewhere).exists()


def test_a_changed_hash_is_refused_by_uv_and_by_pip(machine: Machine) -> None:
    lock = machine.project / "requirements.txt"
    lock.write_text(re.sub(r"sha256:.{8}", "sha256:00000000", lock.read_text()))
    installed = machine.install()
    assert installed.returncode == 1
    assert "Hash mismatch for `dependency==2.0`" in installed.stdout
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in installed.stdout
    assert "uv failed, so pip installs the packages." in installed.stdout
    assert not machine.imports("dependency")


def test_a_changed_hash_of_uv_is_refused(machine: Machine) -> None:
    lock = machine.project / "requirements-uv.txt"
    lock.write_text(re.sub(r"sha256:.{8}", "sha256:00000000", lock.read_text()))
    installed = machine.install()
    assert "uv cannot be installed here, so pip installs the packages." in installed.stdout
    assert not (machine.project / "venv/bin/uv").exists()


def test_pip_installs_where_there_is_no_wheel_of_uv(machine: Machine) -> None:
    (machine.index / "simple/uv").unlink()
    installed = machine.install()
    assert installed.returncode == 0, installed.stdout
    assert (
        "\nuv cannot be installed here, so pip installs the packages. This takes a minute.\n"
        in installed.stdout
    )
    assert machine.downloads == [("pip", "dependency")]
    assert machine.imports("project")


def test_pip_installs_where_uv_cannot_write_its_cache(machine: Machine) -> None:
    machine.environment["UV_CACHE_DIR"] = os.devnull
    installed = machine.install()
    assert installed.returncode == 0, installed.stdout
    assert "\nuv failed, so pip installs the packages. This takes a minute.\n" in installed.stdout
    assert machine.imports("project")


def test_uv_uses_the_index_of_the_variable_before_that_of_a_file(machine: Machine) -> None:
    """Also with the pip that Python brings: older ones list the variables before the files, newer
    ones after them.
    """
    bundled = machine.folder / "bundled"
    subprocess.run([sys.executable, "-m", "venv", bundled], check=True, timeout=120)
    configured = machine.folder / "pip.conf"
    configured.write_text(
        "[global]\nindex-url = http://127.0.0.1:9/simple\n[install]\nretries = 0\n"
    )
    machine.environment["PIP_CONFIG_FILE"] = str(configured)
    installed = machine.install(python=str(bundled / "bin/python"))
    assert installed.returncode == 0, installed.stdout
    assert machine.downloads == [("pip", "uv"), ("uv", "dependency")]


def test_pip_installs_where_it_must_use_no_index(machine: Machine) -> None:
    """uv would use the public one."""
    configured = machine.folder / "pip.conf"
    configured.write_text(
        f"[install]\nno-index = True\nfind-links = {machine.index}/simple/dependency\n"
    )
    machine.environment["PIP_CONFIG_FILE"] = str(configured)
    installed = machine.install()
    assert installed.returncode == 0, installed.stdout
    assert (
        "\npip is configured to use no index, which uv would use, so pip installs the packages."
        in installed.stdout
    )
    assert machine.downloads == [] and not (machine.project / "venv/bin/uv").exists()
    assert machine.imports("project")


@pytest.mark.parametrize("state", ["missing", "broken", "of another Python"])
def test_a_missing_or_unusable_environment_is_made(machine: Machine, state: str) -> None:
    if state == "missing":
        shutil.rmtree(machine.project / "venv")
    else:
        machine.python.unlink()
        machine.python.symlink_to(
            machine.folder / "removed" if state == "broken" else "/usr/bin/env"
        )
    installed = machine.install()
    assert installed.returncode == 0, installed.stdout
    assert machine.imports("project")


def test_a_python_without_pip_gets_one_in_the_environment(machine: Machine) -> None:
    """As Debian's, whose pip is a package of its own."""
    bare = machine.folder / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True, timeout=60)
    shutil.rmtree(machine.project / "venv")
    installed = machine.install(python=str(bare / "bin/python"))
    assert installed.returncode == 0, installed.stdout
    assert machine.downloads == [("pip", "uv"), ("uv", "dependency")]
    assert machine.imports("project") and machine.imports("pip")


def test_a_second_installation_keeps_the_environment(machine: Machine) -> None:
    assert machine.install().returncode == 0
    (machine.project / "venv/kept").touch()
    assert machine.install().returncode == 0
    assert (machine.project / "venv/kept").exists()
    assert machine.downloads == [("pip", "uv"), ("uv", "dependency")]


def test_the_announced_size_is_true() -> None:
    """Measured where these tests run, which is an environment of the lock file for development."""
    script = (ROOT / ".github/scripts/install.py").read_text("utf-8")
    (announced_mb,) = re.findall(r'"requirements-dev.txt": (\d+)', script)
    assert 0.75 < installed_mb(Path(sys.prefix)) / int(announced_mb) < 1.25


def installed_mb(venv: Path) -> float:
    """The size of the files that were installed, without what Python compiled since."""
    files = [
        file
        for file in venv.rglob("*")
        if file.is_file() and not file.is_symlink() and file.suffix != ".pyc"
    ]
    return sum(file.stat().st_size for file in files) / 1e6
