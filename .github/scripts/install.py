"""Installs the locked requirements and this project into a virtual environment.

Called by the Makefile and by action.yml: `python -I install.py VENV LOCK [--editable]
[--no-cache]`.

uv does the work. It is one locked wheel, which pip installs first. Where there is no such wheel, or
where uv fails, pip does the work from the same lock file. Both refuse a package whose hash is not
in the lock file.
"""

from __future__ import (
    annotations,
)  # so that an older Python gets as far as being told what is needed

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]
MINIMUM = (3, 11)
SIZE_MB = {"requirements.txt": 270, "requirements-dev.txt": 530}
"""Size of the virtual environment with each lock file, on Linux; `tests/packaging/` measures it
again.
"""

UV_SETTINGS = {
    "UV_CACHE_DIR",
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
    "UV_HTTP_TIMEOUT",
    "UV_NATIVE_TLS",
    "UV_SYSTEM_CERTS",
}
TRUE = ("y", "yes", "t", "true", "on", "1")
"""How pip's settings say yes."""
PIP_SETTINGS = {
    "PIP_" + name
    for name in (
        "CACHE_DIR",
        "CERT",
        "CLIENT_CERT",
        "CONFIG_FILE",
        "DEFAULT_TIMEOUT",
        "EXTRA_INDEX_URL",
        "FIND_LINKS",
        "INDEX_URL",
        "KEYRING_PROVIDER",
        "NO_CACHE_DIR",
        "NO_INDEX",
        "PROXY",
        "RETRIES",
        "TIMEOUT",
        "TRUSTED_HOST",
    )
}
"""What the machine may decide: where packages come from, how to reach that, and where the cache is.
Nothing else.
"""


def environment() -> dict[str, str]:
    """The variables for pip and uv: those that could change what is installed, or where, are
    removed.
    """
    kept = UV_SETTINGS | PIP_SETTINGS
    other = ("UV", "PIP_", "UV_", "PYTHON", "VIRTUAL_ENV", "CONDA_")
    return {
        name: value
        for name, value in os.environ.items()
        if name in kept or not name.startswith(other)
    }


def fail(message: str) -> NoReturn:
    """Ends with exit code 1."""
    sys.exit(f"install: {message}")


class Installation:
    """One installation into a virtual environment."""

    def __init__(self, venv: Path, lock: Path, editable: bool, no_cache: bool) -> None:
        self.venv, self.lock, self.editable, self.no_cache = venv, lock, editable, no_cache
        programs = venv / ("Scripts" if os.name == "nt" else "bin")
        suffix = ".exe" if os.name == "nt" else ""
        self.python, self.uv = programs / f"python{suffix}", programs / f"uv{suffix}"
        self.pip_command: list[object] = [self.python, "-I", "-m", "pip"]
        self.environment = environment()

    def run(self, *command: object) -> bool:
        """Whether the command succeeded. It runs in the project's folder, where nobody else's files
        are.
        """
        ended = subprocess.run(
            [str(part) for part in command], cwd=ROOT, env=self.environment, check=False
        )
        return ended.returncode == 0

    def answer(self, *command: object) -> str:
        """The stdout of a command; empty if it failed."""
        ended = subprocess.run(
            [str(part) for part in command], cwd=ROOT, env=self.environment, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8", errors="replace",
        )  # fmt: skip
        return ended.stdout.strip() if ended.returncode == 0 else ""

    def create_venv(self) -> None:
        """Creates the virtual environment, unless there is one of this Python already.

        A copy of pip in it would take longer to make than uv takes for everything, so the pip of
        this Python is used.
        """
        identity = "import sys; print(sys.prefix, sys.base_prefix, sys.version)"
        expected = f"{self.venv.resolve()} {sys.base_prefix} {sys.version}"
        exists = self.python.exists() and self.answer(self.python, "-I", "-c", identity) == expected
        has_pip = bool(self.answer(sys.executable, "-I", "-m", "pip", "--version"))
        if has_pip:
            self.pip_command = [sys.executable, "-I", "-m", "pip", "--python", self.python]
        if exists and self.answer(*self.pip_command, "--version"):
            return
        options = ["--without-pip"] if has_pip else []
        if not self.run(sys.executable, "-I", "-m", "venv", "--clear", *options, self.venv):
            fail(
                "Python could not create a virtual environment. On Debian or Ubuntu: apt-get"
                " install python3-venv"
            )

    def pip(self, *arguments: object) -> bool:
        """Whether pip installed this. It compiles nothing: most of Microsoft's SDK is never
        imported.
        """
        options = ["--disable-pip-version-check", "--quiet"]
        return self.run(
            *self.pip_command, *options, "install", "--no-deps", "--no-compile", *arguments
        )

    def uv_pip(self, *arguments: object) -> bool:
        """Whether uv installed this."""
        options = [
            "--no-config",
            "--no-python-downloads",
            "--quiet",
            *(["--no-cache"] if self.no_cache else []),
        ]
        return self.run(
            self.uv, *options, "pip", "install", "--python", self.python, "--no-deps", *arguments
        )

    def setting_of_pip(self, name: str) -> str:
        """What pip is configured with, in the variables or else in its files; empty if
        nothing is.
        """
        lines = self.answer(*self.pip_command, "config", "list").splitlines()
        settings = dict(line.partition("=")[::2] for line in lines)
        values = (
            settings.get(place + name, "").strip("'") for place in (":env:.", "install.", "global.")
        )
        return next(filter(None, values), "")

    def use_index_of_pip(self) -> None:
        """Makes uv download from the index that pip is configured for."""
        index = self.setting_of_pip("index-url")
        if index and not {"UV_DEFAULT_INDEX", "UV_INDEX_URL"} & set(self.environment):
            self.environment["UV_DEFAULT_INDEX"] = index

    def packages(self) -> list[object]:
        """The arguments that install the locked packages."""
        return ["--require-hashes", "-r", self.lock]

    def project(self) -> list[object]:
        """The arguments that install this project; the lock file has what builds it."""
        return ["--no-build-isolation", *(["-e"] if self.editable else []), ROOT]

    def install_with_uv(self) -> str:
        """Installs everything with uv; why that was not possible, or nothing."""
        if self.setting_of_pip("no-index").lower() in TRUE:
            return "pip is configured to use no index, which uv would use"
        if not self.pip("--require-hashes", "-r", ROOT / "requirements-uv.txt"):
            return "uv cannot be installed here"
        self.use_index_of_pip()
        # Without isolation the build needs the packages, so the project comes second.
        return "" if self.uv_pip(*self.packages()) and self.uv_pip(*self.project()) else "uv failed"

    def install(self) -> None:
        """Everything, by uv or else by pip."""
        self.create_venv()
        reason = self.install_with_uv()
        if not reason:
            return
        print(f"{reason}, so pip installs the packages. This takes a minute.", flush=True)
        if not (self.pip(*self.packages()) and self.pip(*self.project())):
            fail(f"pip could not install {self.lock.name}; its message is above.")


def main() -> None:
    """Reads the arguments, installs, and says what happens."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("venv", type=Path, help="the virtual environment; created if there is none")
    parser.add_argument("lock", help="requirements.txt or requirements-dev.txt")
    parser.add_argument(
        "--editable", action="store_true", help="install the project so that edits take effect"
    )
    parser.add_argument(
        "--no-cache",
        action="store_true",
        help="use no package that an earlier job left in uv's cache",
    )
    given = parser.parse_args()
    if sys.version_info < MINIMUM:
        found = f"{sys.executable} is {sys.version.split()[0]}"
        fail(
            f"Python 3.11 or newer is required, and {found}. To choose another: make"
            " PYTHON=/path/to/python3"
        )
    lock = ROOT / given.lock
    count = sum("==" in line for line in lock.read_text("utf-8").splitlines())
    print(
        f"Installing {count} locked packages (about {SIZE_MB[lock.name]} MB) into {given.venv} ...",
        flush=True,
    )
    started_s = time.monotonic()
    Installation(Path.cwd() / given.venv, lock, given.editable, given.no_cache).install()
    print(f"Installed in {time.monotonic() - started_s:.0f} s.", flush=True)


if __name__ == "__main__":
    main()
