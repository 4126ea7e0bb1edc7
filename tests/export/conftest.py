"""Nothing here speaks TLS, and reading 150 certificates for every command takes longer than some of
them.
"""

import pytest


@pytest.fixture(autouse=True)
def no_certificates(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path_factory.mktemp("certificates")))
