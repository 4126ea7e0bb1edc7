"""Tokens of Entra: fetched once, renewed in time, never a silent other identity, never a secret in
a message.
"""

import asyncio
import threading
import time

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceRequestError
from azure.identity import CredentialUnavailableError
from clock import LIMIT_S

from reconciler.auth.credentials import CredentialTokens, LoopbackToken, open_tokens
from reconciler.auth.modes import choose_mode
from reconciler.errors import AuthenticationError
from reconciler.model.secrets import mask
from reconciler.settings import AUTH_MODES, CLOUDS, TargetOptions, resolve_settings
from tests.graph.scripted import Reply, scripted

pytestmark = pytest.mark.usefixtures("sockets_closed")

JWT = "eyJhbGciOiJub25lIn0.eyJ0aWQiOiJ4In0xxxxx.c2lnbmF0dXJl"
APPLICATION = {
    "AZURE_CLIENT_ID": "11111111-1111-1111-1111-111111111111",
    "AZURE_TENANT_ID": "contoso.example",
}
GITHUB = {
    "ACTIONS_ID_TOKEN_REQUEST_URL": "https://x.example/?a=b",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer",
}


class Credential:
    """In the shape of azure-identity: synchronous, slow, not made for several threads at once."""

    def __init__(self, *, lives_s=3600, fails=None, clock=lambda: 0.0, name="t"):
        self.calls = []
        self.threads = set()
        self.busy = False
        self._lives_s, self._fails, self._clock, self._name = lives_s, fails, clock, name

    def get_token(self, *scopes, claims=None, **_more):
        assert not self.busy
        self.busy = True
        time.sleep(0.02)
        self.busy = False
        self.calls.append((scopes, claims))
        self.threads.add(threading.current_thread())
        if self._fails:
            raise self._fails
        return AccessToken(f"{self._name}-{len(self.calls)}", int(self._clock() + self._lives_s))


def test_twenty_concurrent_requests_fetch_one_token_beside_the_event_loop():
    credential = Credential()

    async def run():
        tokens = CredentialTokens(
            lambda: credential, "https://graph.microsoft.com/.default", now_s=lambda: 0.0
        )
        return await asyncio.gather(*(tokens.token() for _ in range(20)))

    assert set(asyncio.run(run())) == {"t-1"}
    assert credential.calls == [(("https://graph.microsoft.com/.default",), None)]
    assert threading.main_thread() not in credential.threads


@pytest.mark.parametrize(
    ("now_s", "token"), [(0, "t-1"), (3299, "t-1"), (3300, "t-2"), (9000, "t-2")]
)
def test_a_token_is_renewed_five_minutes_before_it_expires(now_s, token):
    clock = [0.0]

    async def run():
        tokens = CredentialTokens(
            lambda: Credential(clock=lambda: clock[0]), "s", now_s=lambda: clock[0]
        )
        await tokens.token()
        clock[0] = now_s
        return await tokens.token()

    assert asyncio.run(run()) == token


def test_a_refused_token_is_asked_for_from_another_credential_and_no_other_token_is():
    class Keeps:
        """As azure-identity does: the token that it fetched once, until it expires."""

        def __init__(self):
            made.append(self)
            self._token = AccessToken(f"t-{len(made)}", 3600)

        def get_token(self, *_scopes, **_more):
            return self._token

    made = []

    async def run():
        tokens = CredentialTokens(Keeps, "s", now_s=lambda: 0.0)
        tokens.forget("t-1")
        given = [await tokens.token()]
        for refused in ("t-1", "t-1", "t-0", "t-2"):
            tokens.forget(refused)
            given.append(await tokens.token())
        return given

    assert asyncio.run(run()) == ["t-1", "t-2", "t-2", "t-2", "t-3"]


def test_in_ci_every_missing_variable_is_named_and_none_that_is_set():
    with pytest.raises(AuthenticationError) as caught:
        choose_mode(APPLICATION | {"CI": "true", "GITHUB_ACTIONS": "true"})
    assert str(caught.value).splitlines() == [
        (
            "Not signed in. In a CI run (CI is set) --auth auto does not use the Azure CLI, and"
            " these environment variables are not set:"
        ),
        "  github-oidc needs ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "  workload-identity needs AZURE_FEDERATED_TOKEN_FILE",
        "  environment needs AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH",
        "  managed-identity needs IDENTITY_ENDPOINT or MSI_ENDPOINT",
    ]


def test_the_claims_of_a_refusal_go_into_the_next_token_alone():
    credential = Credential()

    async def run():
        tokens = CredentialTokens(lambda: credential, "s", now_s=lambda: 0.0)
        given = [await tokens.token()]
        for refused, claims in (("t-1", '{"a":1}'), ("t-2", None)):
            tokens.forget(refused, claims)
            given += [await tokens.token(), await tokens.token()]
        return given

    assert asyncio.run(run()) == ["t-1", "t-2", "t-2", "t-3", "t-3"]
    assert [claims for _, claims in credential.calls] == [None, '{"a":1}', None]


def test_a_token_request_that_hangs_does_not_delay_the_end_of_the_run():
    release = threading.Event()

    class Hangs:
        def get_token(self, *_scopes, **_more):
            release.wait(30)
            ended.append("late")
            return AccessToken("late", 3600)

    async def run():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await CredentialTokens(Hangs, "s", now_s=lambda: 0.0).token()

    ended: list[str] = []
    asyncio.run(run())
    assert ended == []  # the run did not wait for the thread
    release.set()


@pytest.mark.parametrize(
    "failure",
    [
        ClientAuthenticationError(
            message=f"\n  AADSTS700213: refused {JWT}\r\nTrace ID: 1\nCorrelation ID: 2"
        ),
        CredentialUnavailableError(message=f"AADSTS700213: refused {JWT}\nVisit https://aka.ms/x"),
        ServiceRequestError(f"AADSTS700213: refused {JWT}\nno network"),
        HttpResponseError(f"AADSTS700213: refused {JWT}\n"),
        FileNotFoundError(2, f"AADSTS700213: refused {JWT}"),
        ValueError(f"AADSTS700213: refused {JWT}\nsecond line"),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_whatever_a_credential_fails_with_is_one_clear_line_without_secrets(failure):
    with pytest.raises(AuthenticationError) as caught:
        asyncio.run(
            CredentialTokens(lambda: Credential(fails=failure), "https://graph/.default").token()
        )
    message = str(caught.value)
    assert "AADSTS700213: refused ***" in message
    assert "https://graph/.default" in message
    assert "\n" not in message
    assert "eyJ" not in message
    assert caught.value.exit_code == 1
    assert caught.value.hint


def test_a_token_once_fetched_is_masked_wherever_it_turns_up():
    token = asyncio.run(CredentialTokens(lambda: Credential(name="opaque.token"), "s").token())
    assert (token, mask(f"the header held {token}!")) == ("opaque.token-1", "the header held ***!")


@pytest.mark.parametrize(
    "failure", [ClientAuthenticationError(message=""), CredentialUnavailableError(message="\n \n")]
)
def test_a_failure_without_words_is_one_too(failure):
    with pytest.raises(AuthenticationError, match="No token for s"):
        asyncio.run(CredentialTokens(lambda: Credential(fails=failure), "s").token())


def test_a_failed_fetch_leaves_nothing_behind_and_a_bug_in_a_credential_is_not_hidden():
    failing = Credential(fails=ZeroDivisionError())

    async def run():
        tokens = CredentialTokens(lambda: failing, "s", now_s=lambda: 0.0)
        with pytest.raises(ZeroDivisionError):
            await tokens.token()
        failing._fails = None
        return await asyncio.wait_for(tokens.token(), LIMIT_S)

    assert asyncio.run(run()) == "t-2"


TABLE = {
    "bare": ({}, "azure-cli"),
    "github": (APPLICATION | GITHUB | {"CI": "true"}, "github-oidc"),
    "github with a secret": (APPLICATION | GITHUB | {"AZURE_CLIENT_SECRET": "s"}, "github-oidc"),
    "workload": (APPLICATION | {"AZURE_FEDERATED_TOKEN_FILE": "/f"}, "workload-identity"),
    "secret": (APPLICATION | {"AZURE_CLIENT_SECRET": "s", "CI": "1"}, "environment"),
    "certificate": (APPLICATION | {"AZURE_CLIENT_CERTIFICATE_PATH": "/c"}, "environment"),
    "managed": ({"IDENTITY_ENDPOINT": "http://x"}, "managed-identity"),
    "managed, old": ({"MSI_ENDPOINT": "http://x"}, "managed-identity"),
    "only ids": (APPLICATION, "azure-cli"),
    "a secret alone": ({"AZURE_CLIENT_SECRET": "s"}, "azure-cli"),
    "empty is unset": (
        APPLICATION | {"AZURE_TENANT_ID": "", "AZURE_CLIENT_SECRET": "s", "CI": ""}, "azure-cli",
    ),
    "CI": ({"CI": "true"}, None),
    "GitHub": ({"GITHUB_ACTIONS": "true"}, None),
    "Azure Pipelines": ({"TF_BUILD": "True"}, None),
    "GitHub without ids": (GITHUB | {"GITHUB_ACTIONS": "true"}, None),
    "GitHub without id-token": (APPLICATION | {"GITHUB_ACTIONS": "true", "CI": "true"}, None),
    "CI with a secret alone": ({"CI": "true", "AZURE_CLIENT_SECRET": "s"}, None),
    "CI with one id": ({"CI": "true", "AZURE_CLIENT_ID": "x", "AZURE_CLIENT_SECRET": "s"}, None),
    "CI with an empty secret": (APPLICATION | {"CI": "true", "AZURE_CLIENT_SECRET": ""}, None),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_how_to_sign_in_follows_from_the_environment_and_is_never_guessed_in_ci(case):
    environment, mode = TABLE[case]
    if mode is None:
        with pytest.raises(AuthenticationError, match=r"Not signed in\. In a CI run") as caught:
            choose_mode(environment)
        assert "\n  environment needs " in str(caught.value)
        assert "id-token: write" in str(caught.value.hint)
    else:
        assert choose_mode(environment) == mode


def settings(auth="auto", **more):
    return resolve_settings(TargetOptions(auth=auth, **more), {})


@pytest.mark.parametrize("mode", AUTH_MODES)
def test_on_loopback_no_credential_of_azure_is_asked_for(mode):
    environment = (
        APPLICATION | GITHUB | {"AZURE_CLIENT_SECRET": "s", "RECONCILER_LOOPBACK_TOKEN": "mine"}
    )
    options = TargetOptions(auth=mode, graph_url="http://127.0.0.1:1/v1.0")
    tokens = open_tokens(resolve_settings(options, environment), environment)
    assert isinstance(tokens, LoopbackToken)
    assert asyncio.run(tokens.token()) == "mine"
    tokens.forget("mine", "claims")
    assert asyncio.run(tokens.token()) == "mine"


MISSING = {
    "github-oidc, here": (
        "github-oidc",
        {},
        "works only in a GitHub Actions job",
        "write` and set AZURE_TENANT_ID and AZURE_CLIENT_ID, or choose another --auth: ",
    ),
    "github-oidc, a job": (
        "github-oidc",
        {"GITHUB_ACTIONS": "true"},
        "not allowed to request a GitHub OIDC token",
        "id-",
    ),
    "github-oidc, no ids": (
        "github-oidc",
        GITHUB,
        "not set: AZURE_TENANT_ID and AZURE_CLIENT_ID.",
        "Set them, or choose another --auth: ",
    ),
    "workload-identity": (
        "workload-identity",
        {},
        "not set: AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE.",
        "Set them, or choose another --auth: ",
    ),
    "environment": (
        "environment",
        {},
        (
            "not set: AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET or"
            " AZURE_CLIENT_CERTIFICATE_PATH."
        ),
        "Set them, or choose another --auth: ",
    ),
    "environment, ids": (
        "environment",
        APPLICATION | {"AZURE_CLIENT_SECRET": ""},
        "not set: AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH.",
        "--sandbox",
    ),
}


@pytest.mark.parametrize("case", MISSING)
def test_all_missing_variables_of_a_chosen_mode_are_named_at_once(case):
    mode, environment, message, hint = MISSING[case]
    with pytest.raises(AuthenticationError) as caught:
        open_tokens(settings(mode), environment)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert hint in str(caught.value.hint)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_certificate_that_cannot_be_read_is_an_authentication_error(
    monkeypatch, tmp_path, content
):
    file = tmp_path / "app.pem"
    if content is not None:
        file.write_text(content)
    environment = APPLICATION | {"AZURE_CLIENT_CERTIFICATE_PATH": str(file)}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(
        AuthenticationError, match="--auth auto chose environment, which cannot be used"
    ):
        open_tokens(settings(), environment)


def test_a_token_file_that_is_not_there_is_an_authentication_error(monkeypatch, tmp_path):
    environment = APPLICATION | {"AZURE_FEDERATED_TOKEN_FILE": str(tmp_path / "absent")}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(
        AuthenticationError, match="AZURE_FEDERATED_TOKEN_FILE cannot be used: No such file"
    ):
        asyncio.run(open_tokens(settings(), environment).token())


@pytest.mark.parametrize("cloud", CLOUDS)
def test_github_oidc_asks_github_with_the_audience_of_the_cloud_and_reports_its_refusal(cloud):
    async def run():
        async with scripted(Reply(403, "no"), token="run-token") as github:
            url = f"{github.origin}/token?api-version=2.0"
            environment = APPLICATION | {
                "ACTIONS_ID_TOKEN_REQUEST_URL": url,
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "run-token",
            }
            with pytest.raises(AuthenticationError, match="HTTP 403") as caught:
                await open_tokens(settings(cloud=cloud), environment).token()
            return github.seen, caught.value

    seen, error = asyncio.run(run())
    assert [one.query["audience"] for one in seen] == [CLOUDS[cloud].token_exchange_audience]
    assert "id-token: write" in str(error.hint)
