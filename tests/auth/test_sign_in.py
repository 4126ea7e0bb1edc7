"""Signing in with the real azure-identity, over TLS, at an authority on loopback: nothing of ours
is replaced.
"""

import asyncio
import os
import socket

import pytest
from clock import TIMEOUT_S

from reconciler.auth.credentials import open_tokens
from reconciler.errors import AuthenticationError
from reconciler.model.secrets import mask
from reconciler.settings import CLOUDS, TargetOptions, resolve_settings
from tests.auth.entra import (
    ACCESS_TOKEN,
    APPLICATION,
    AUDIENCE,
    FEDERATED,
    ISSUER,
    RUN_TOKEN,
    SECRET,
    SUBJECT,
    TENANT,
    assertion,
    entra,
    github,
    refusal,
)
from tests.graph.scripted import Reply, closed_port

pytestmark = pytest.mark.usefixtures("sockets_closed")

IDS = {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": APPLICATION}
CI = {"CI": "true", "GITHUB_ACTIONS": "true"}


@pytest.fixture
def asked_for(monkeypatch):
    """The hosts whose addresses were asked for, in order; none but loopback has one."""
    hosts = []
    real = socket.getaddrinfo

    def ask(host, *arguments, **more):
        hosts.append(host)
        if host != "127.0.0.1":
            raise socket.gaierror(f"{host} is not on loopback")
        return real(host, *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", ask)
    return hosts


@pytest.fixture
def sign_in(monkeypatch, tls, asked_for):
    """Signs in `times` times, with a token rejected in between: the tokens or the error, and what
    Entra got.
    """

    def sign_in(
        auth,
        variables,
        *,
        times=1,
        cloud=None,
        job=None,
        before=lambda _nth: None,
        timeout_s=TIMEOUT_S,
        **known,
    ):
        async def run():
            async with entra(tls, **known) as authority, github(**(job or {})) as of_github:
                named = {"AZURE_AUTHORITY_HOST": authority.origin}
                for name, value in (
                    IDS | named | (of_github if job is not None else {}) | variables
                ).items():
                    monkeypatch.setenv(name, value)
                options = TargetOptions(auth=auth, cloud=cloud, timeout_s=timeout_s, max_retries=0)
                tokens = open_tokens(resolve_settings(options, os.environ), os.environ)
                given = []
                for nth in range(times):
                    before(nth)
                    try:
                        given.append(await tokens.token())
                    except AuthenticationError as error:
                        return error, authority
                    tokens.forget(given[-1])
                return given, authority

        outcome = asyncio.run(run())
        assert set(asked_for) <= {"127.0.0.1"} or "AZURE_AUTHORITY_HOST" in variables
        return outcome

    return sign_in


@pytest.fixture
def token_file(tmp_path):
    """Writes an assertion to a file, and gives the variable that names it."""

    def write(content):
        file = tmp_path / "assertion"
        file.write_text(content)
        return {"AZURE_FEDERATED_TOKEN_FILE": str(file)}

    return write


def test_a_client_secret_is_exchanged_for_a_token(sign_in, asked_for):
    given, authority = sign_in("environment", {"AZURE_CLIENT_SECRET": SECRET})
    assert given == [ACCESS_TOKEN]
    assert authority.forms[0]["client_secret"] == SECRET
    assert [seen.method for seen in authority.served.seen] == ["GET", "POST"]
    assert asked_for


def test_the_assertion_of_a_file_is_exchanged_and_read_anew_each_time(sign_in, token_file):
    written = [assertion(jti=1), assertion(jti=2)]
    given, authority = sign_in(
        "workload-identity",
        token_file(""),
        times=2,
        before=lambda nth: token_file(f"{written[nth]}\n"),
    )
    assert given == [ACCESS_TOKEN] * 2
    assert authority.shown == written
    assert mask(f"it was {written[1]}") == "it was ***"


def test_a_token_of_github_is_exchanged_and_every_exchange_shows_a_fresh_one(sign_in):
    given, authority = sign_in("github-oidc", CI, times=3, job={})
    assert given == [ACCESS_TOKEN] * 3
    assert len(set(authority.shown)) == 3
    form = {
        "grant_type": "client_credentials",
        "client_id": APPLICATION,
        "client_assertion_type": FEDERATED,
    }
    scope = {"scope": "https://graph.microsoft.com/.default"}
    assert [one.items() >= (form | scope).items() for one in authority.forms] == [True] * 3
    assert [seen.method for seen in authority.served.seen] == ["POST"] * 3


@pytest.mark.parametrize("cloud", CLOUDS)
def test_each_cloud_has_its_audience_and_its_scope(sign_in, cloud):
    given, authority = sign_in(
        "github-oidc", CI, cloud=cloud, job={}, audience=CLOUDS[cloud].token_exchange_audience
    )
    assert given == [ACCESS_TOKEN]
    assert authority.forms[0]["scope"] == f"https://{CLOUDS[cloud].graph_host}/.default"


def test_the_audience_of_another_cloud_is_refused(sign_in):
    error, _ = sign_in("github-oidc", CI, cloud="china", job={})
    assert "AADSTS700212" in str(error)
    assert "'api://AzureADTokenExchangeChina'" in str(error.hint)
    assert "--cloud" in str(error.hint)


EXACTLY = f"exactly issuer '{ISSUER}', subject '{{}}' and audience '{AUDIENCE}'"
FEATURE = "repo:Contoso/Identity:environment:feature"
REFUSALS = {
    "700213": ("github-oidc", {}, {"sub": FEATURE}, EXACTLY.format(FEATURE)),
    "7002138": ("github-oidc", {}, {"sub": SUBJECT.lower()}, EXACTLY.format(SUBJECT.lower())),
    "700211": ("github-oidc", {}, {"iss": f"{ISSUER}/contoso"}, f"issuer '{ISSUER}/contoso'"),
    "700212": (
        "github-oidc", {}, {"aud": ["https://github.com/contoso"]},
        "audience 'https://github.com/contoso'",
    ),
    "700024": ("github-oidc", {}, {"exp": 1}, "the clock of this runner"),
    "700024, a file": (
        "workload-identity", {}, {"exp": 1}, "the program that writes it must renew it",
    ),
    "700016": ("github-oidc", {"AZURE_CLIENT_ID": TENANT}, {}, "AZURE_CLIENT_ID"),
    "700016, a secret": (
        "environment", {"AZURE_CLIENT_ID": TENANT, "AZURE_CLIENT_SECRET": SECRET}, {}, "--cloud",
    ),
    "90002": ("github-oidc", {"AZURE_TENANT_ID": APPLICATION}, {}, "AZURE_TENANT_ID"),
    "90002, a secret": (
        "environment", {"AZURE_TENANT_ID": APPLICATION, "AZURE_CLIENT_SECRET": SECRET}, {},
        "--cloud",
    ),
    "7000215": (
        "environment", {"AZURE_CLIENT_SECRET": "1d-of-the-secret"}, {},
        "the value of the secret, not its id",
    ),
    "7000222": (
        "environment", {"AZURE_CLIENT_SECRET": SECRET}, {}, "has expired: create a new one",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_is_one_line_with_its_code_a_hint_and_no_secret_and_no_other_identity_is_tried(
    sign_in, token_file, case
):
    auth, variables, claims, hint = REFUSALS[case]
    code = case.partition(",")[0]
    others = {"AZURE_CLIENT_SECRET": SECRET} | token_file(assertion(**claims)) | CI
    error, authority = sign_in(
        auth, others | variables, job=claims, secret_has_expired=code == "7000222"
    )
    assert str(error).startswith(
        f"No token for https://graph.microsoft.com/.default: AADSTS{code}: "
    )
    assert hint in str(error.hint)
    said = f"{error} {error.hint}"
    assert "\n" not in said
    assert not [left for left in ("Trace ID", "\\r") if left in said]
    assert not [
        secret for secret in ("eyJ", SECRET, "1d-of-the-secret", RUN_TOKEN) if secret in said
    ]
    assert len(authority.forms) == (
        0 if code == "90002" and auth == "environment" else 1 - (code == "90002")
    )
    assert {"client_secret" in form for form in authority.forms} <= {auth == "environment"}


def test_a_code_without_a_hint_of_its_own_has_the_general_one_and_what_entra_echoes_is_masked(
    sign_in, token_file
):
    def echoes(form):
        return refusal(
            400,
            "invalid_request",
            f"AADSTS50027: JWT token {form['client_assertion']} is {{invalid}}.",
        )

    error, _ = sign_in("workload-identity", token_file("opaque-but.secret-assertion"), says=echoes)
    assert str(error).endswith("AADSTS50027: JWT token *** is {invalid}.")
    assert "docs/reference.md" in str(error.hint)


@pytest.mark.parametrize("content", [None, "", " \n", b"\xff\xfe", "x" * 65_537])
def test_a_file_without_an_assertion_is_named_by_its_variable(sign_in, tmp_path, content):
    file = tmp_path / "assertion"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    error, authority = sign_in("workload-identity", {"AZURE_FEDERATED_TOKEN_FILE": str(file)})
    assert "AZURE_FEDERATED_TOKEN_FILE" in str(error)
    assert authority.forms == []


@pytest.mark.parametrize(
    ("auth", "more"), [("environment", {"AZURE_CLIENT_SECRET": SECRET}), ("workload-identity", {})]
)
class TestTheWay:
    """To the authority: whom it trusts, how long it waits, which way it takes."""

    @pytest.fixture
    def variables(self, token_file, more):
        return token_file(assertion()) | more

    @pytest.mark.parametrize(
        ("name", "value"),
        [("SSL_CERT_FILE", ""), ("SSL_CERT_FILE", "absent"), ("SSL_CERT_DIR", "absent")],
    )
    def test_a_certificate_of_an_unknown_authority_gets_nothing(
        self, sign_in, monkeypatch, auth, variables, name, value
    ):
        monkeypatch.delenv("SSL_CERT_FILE")
        error, authority = sign_in(auth, variables | {name: value})
        assert ("CERTIFICATE_VERIFY_FAILED" if value == "" else "invalid path: absent") in str(
            error
        )
        assert "\n" not in str(error)
        assert "SSL_CERT_FILE" in error.hint
        assert authority.served.seen == []

    def test_an_authority_that_nobody_serves_is_one_line(self, sign_in, auth, variables):
        nobody = {"AZURE_AUTHORITY_HOST": f"https://127.0.0.1:{closed_port()}"}
        error, authority = sign_in(auth, variables | nobody)
        assert "\n" not in str(error)
        assert "HTTPS_PROXY" in error.hint
        assert authority.served.seen == []

    def test_loopback_is_not_reached_through_a_proxy(self, sign_in, auth, variables):
        given, _ = sign_in(auth, variables | {"HTTPS_PROXY": f"http://127.0.0.1:{closed_port()}"})
        assert given == [ACCESS_TOKEN]

    @pytest.mark.parametrize(
        "answer", [Reply(503, "busy", {}), Reply(way="hang"), Reply(way="drop")]
    )
    def test_the_options_for_requests_hold_for_it_too(self, sign_in, auth, variables, answer):
        # A thread of the library waits for it, not the event loop.
        timeout_s = 0.5 if answer.way == "hang" else TIMEOUT_S
        error, authority = sign_in(auth, variables, timeout_s=timeout_s, says=lambda _form: answer)
        assert "read timeout=0.5" in str(error) or answer.way != "hang"
        assert isinstance(error, AuthenticationError)
        assert len(authority.forms) == 1

    @pytest.mark.parametrize(
        "named",
        ["https://login.evil.example", "http://127.0.0.1:1", "https://127.0.0.1@evil.example"],
    )
    def test_any_other_authority_is_left_alone_and_the_cloud_is_asked(
        self, sign_in, asked_for, auth, variables, named
    ):
        error, authority = sign_in(auth, variables | {"AZURE_AUTHORITY_HOST": named}, cloud="usgov")
        assert set(asked_for) == {"login.microsoftonline.us"}
        assert isinstance(error, AuthenticationError)
        assert authority.served.seen == []
