"""A program that imports the package and calls it keeps the state of its own process.

Left out: the log, which is what the command line is there for, and the warnings that urllib3
filters.
"""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import gc, locale, os, signal, sys

def state():
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    return {
        "garbage collector": (gc.get_threshold(), gc.isenabled(), gc.get_freeze_count()),
        "signals": handlers,
        "modules that cannot be imported": [n for n, m in sys.modules.items() if m is None],
        "environment": dict(os.environ),
        "limits": (sys.getrecursionlimit(), sys.get_int_max_str_digits()),
        "locale": locale.setlocale(locale.LC_ALL),
        "hooks": (sys.excepthook, sys.meta_path[:], sys.path[:]),
    }

before = state()
import reconciler.app, reconciler.graph.client, reconciler.loader
from reconciler.cli import run
code = run(sys.argv[1:])
changed = [name for name, value in state().items() if value != before[name]]
print("code", code, "changed", changed, file=sys.stderr)
"""


@pytest.mark.parametrize("command", [["--version"], ["plan", "--sandbox"]], ids=lambda c: c[0])
def test_a_program_that_imports_the_package_keeps_its_state(
    command: list[str], tmp_path: Path
) -> None:
    desired = tmp_path / "desired_state"
    desired.mkdir()
    (desired / "marketing.yaml").write_text("catalog: Marketing\nextensions: []\n", "utf-8")
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, *command],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
    assert ended.stderr.splitlines()[-1] == "code 0 changed []"
