"""No variable of the machine reaches a test that opens connections: no proxy, no token, no sign-in,
no CA but our own.
"""

import datetime as dt
import gc
import ipaddress
import os
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from reconciler.settings import CLOUDS

HOSTS = ("graph.invalid", *sorted({cloud.graph_host for cloud in CLOUDS.values()}),
    *sorted({cloud.arm.host for cloud in CLOUDS.values()}))  # fmt: skip


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the key and the self-signed certificate of 127.0.0.1, and of each of `HOSTS`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    addresses: list[x509.GeneralName] = [
        *(x509.DNSName(host) for host in HOSTS),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(addresses), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    plain = serialization.NoEncryption()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    """What a server with that certificate needs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, certificate: Path) -> None:
    ours = ("RECONCILER_", "AZURE_", "ACTIONS_", "GITHUB_", "SSL_CERT_")
    for name in list(os.environ):
        if name.upper().endswith("_PROXY") or name.startswith(ours):
            monkeypatch.delenv(name)
    monkeypatch.setenv(
        "SSL_CERT_FILE", str(certificate)
    )  # and not the 150 of certifi, for every single client


@pytest.fixture(scope="module")
def sockets_closed() -> Iterator[None]:
    """After a file's tests nothing is left unclosed: pytest reports that as an error."""
    yield
    gc.collect()
