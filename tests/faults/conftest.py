"""The matrix is printed by `--fault-table`, and written anew by `RENEW_GOLDEN=1`, both from what
really happened.
"""

import os
from pathlib import Path

import pytest
from fault_plots import PLOTS
from fault_table import EXPECTED, Cells, Matrix, as_text, reviewed
from policy_plot import POLICIES

CELLS = pytest.StashKey[Cells]()
MATRICES: tuple[Matrix, ...] = (*PLOTS, POLICIES)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fault-table", action="store_true", help="print the fault matrix at the end")


@pytest.fixture
def cells(request: pytest.FixtureRequest) -> Cells:
    """The cells filled so far in this run; a test adds its own."""
    return request.config.stash.setdefault(CELLS, {})


@pytest.fixture(autouse=True)
def no_certificates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing here speaks TLS, and reading 150 certificates for every cell takes as long as some
    cells.
    """
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    cells = config.stash.get(CELLS, {})
    for plot in MATRICES:
        if config.getoption("--fault-table", False):
            terminalreporter.write_line(as_text(cells, plot))
        if os.environ.get("RENEW_GOLDEN") == "1":
            EXPECTED[plot.name].write_text(as_text(reviewed(plot) | cells, plot))
