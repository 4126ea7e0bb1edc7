"""Tokens: one credential, chosen before the run and never silently replaced by another, behind one cache with a lock.

azure-identity does the work and is imported only when a token of Entra is really needed. The SDK calls credentials for
every request, without a lock and, for the Azure CLI, without a cache (sdk-facts §1).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Protocol

from reconciler.errors import AuthenticationError
from reconciler.model.secrets import learn_value, mask
from reconciler.settings import AuthMode, Cloud, Settings

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, TokenCredential

RENEW_BEFORE_EXPIRY_S = 300


class TokenSource(Protocol):
    """Where the bearer token comes from."""

    async def token(self) -> str:
        """The token to send now."""

    def forget(self, refused: str, claims: str | None = None) -> None:
        """The next `token` is another one than that which was refused, with the claims that the 401 asked for."""


class LoopbackToken:
    """The fixed token of a Graph on loopback; no Azure credential is asked for or sent there."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def token(self) -> str:
        """The token from the environment."""
        return self._token

    def forget(self, refused: str, claims: str | None = None) -> None:
        """Nothing: there is only this one token."""


class CredentialTokens:
    """Tokens of one azure-identity credential, fetched one at a time and kept until shortly before expiry.

    `sign_in` makes the credential. A refused token makes another of the same kind: each keeps tokens of its own, and
    would give the refused one again.
    """

    def __init__(
        self, sign_in: Callable[[], TokenCredential], scope: str, *, now_s: Callable[[], float] = time.time
    ) -> None:
        self._sign_in = sign_in
        self._credential = sign_in()
        self._scope = scope
        self._now_s = now_s
        self._lock = asyncio.Lock()
        self._cached: AccessToken | None = None
        self._claims: str | None = None

    async def token(self) -> str:
        """A valid token, from the cache unless it expires soon or was refused.

        Raises:
            AuthenticationError: the credential gives none; the message is azure-identity's, shortened.
        """
        async with self._lock:
            if self._cached and self._cached.expires_on - RENEW_BEFORE_EXPIRY_S > self._now_s():
                return self._cached.token
            self._cached = await _in_a_thread(lambda: self._fetch(self._claims))
            self._claims = None
            return self._cached.token

    def forget(self, refused: str, claims: str | None = None) -> None:
        """The next `token` asks a credential again; once only, however many requests had the refused one."""
        if self._cached and self._cached.token == refused:
            self._cached, self._claims = None, claims
            self._credential = self._sign_in()

    def _fetch(self, claims: str | None) -> AccessToken:
        from azure.core.exceptions import AzureError

        try:
            token = self._credential.get_token(self._scope, claims=claims)
        except (AzureError, OSError, ValueError) as error:  # refused; or the network, a token file, a certificate
            raise AuthenticationError(
                f"No token for {self._scope}: {_first_line(error)}",
                hint="Sign in that way first, or choose another with --auth; docs/reference.md says what each needs.",
            ) from error
        learn_value(token.token)
        return token


async def _in_a_thread(fetch: Callable[[], AccessToken]) -> AccessToken:
    """What `fetch` gives, in a thread of its own: for asyncio's threads a run that is to end would have to wait."""
    fetched: Future[AccessToken] = Future()
    fetched.set_running_or_notify_cancel()

    def run() -> None:
        """In the thread."""
        try:
            fetched.set_result(fetch())
        except BaseException as error:  # noqa: BLE001 - raised again where it is awaited
            fetched.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return await asyncio.wrap_future(fetched)


def open_tokens(settings: Settings, environment: Mapping[str, str]) -> TokenSource:
    """The token source that the settings ask for.

    Raises:
        AuthenticationError: `auto` finds nothing to sign in with, or a variable that the mode needs is missing.
    """
    if settings.cloud is None:
        return LoopbackToken(settings.loopback_token)
    mode = choose_mode(environment) if settings.auth == "auto" else settings.auth
    cloud = settings.cloud
    return CredentialTokens(lambda: _credential(mode, cloud, environment), f"https://{cloud.graph_host}/.default")


def choose_mode(environment: Mapping[str, str]) -> AuthMode:
    """The one way to sign in that the environment is set up for; in CI never a guess.

    Raises:
        AuthenticationError: a CI run without any of the variables of a sign-in.
    """
    present = {name for name, value in environment.items() if value}
    application = {"AZURE_CLIENT_ID", "AZURE_TENANT_ID"}
    if present >= application | {"ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"}:
        return "github-oidc"
    if present >= application | {"AZURE_FEDERATED_TOKEN_FILE"}:
        return "workload-identity"
    if present >= application and present & {"AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH"}:
        return "environment"
    if present & {"IDENTITY_ENDPOINT", "MSI_ENDPOINT"}:
        return "managed-identity"
    if present & {"CI", "GITHUB_ACTIONS", "TF_BUILD"}:  # the last one is Azure Pipelines, which sets no CI
        raise AuthenticationError(
            "This CI run has nothing to sign in with, and no other identity is tried in its place.",
            hint="On GitHub give the job `id-token: write` and set AZURE_CLIENT_ID and AZURE_TENANT_ID; "
            "elsewhere choose with --auth.",
        )
    return "azure-cli"


def _credential(mode: AuthMode, cloud: Cloud, environment: Mapping[str, str]) -> TokenCredential:
    import azure.identity as entra

    authority = cloud.authority_host
    tenant_id = environment.get("AZURE_TENANT_ID") or None
    client_id = environment.get("AZURE_CLIENT_ID") or None
    try:
        match mode:
            case "github-oidc":
                from reconciler.graph.github_oidc import github_assertion

                return entra.ClientAssertionCredential(
                    _required("AZURE_TENANT_ID", tenant_id, mode),
                    _required("AZURE_CLIENT_ID", client_id, mode),
                    lambda: github_assertion(environment, cloud.token_exchange_audience),
                    authority=authority,
                )
            case "workload-identity":
                return entra.WorkloadIdentityCredential(authority=authority)
            case "environment":
                return entra.EnvironmentCredential(authority=authority)
            case "managed-identity":
                return entra.ManagedIdentityCredential(client_id=client_id)
            case _:
                return entra.AzureCliCredential(tenant_id=tenant_id or "")
    except (ValueError, OSError) as error:
        raise AuthenticationError(
            f"--auth {mode} cannot be used: {_first_line(error)}", hint="Set what it names."
        ) from error


def _first_line(error: Exception) -> str:
    """What the library says, without the trace ids and links on the lines after it, and without secrets."""
    return mask(next((line.strip() for line in str(error).splitlines() if line.strip()), "no reason given"))


def _required(name: str, value: str | None, mode: AuthMode) -> str:
    if value is None:
        raise AuthenticationError(f"--auth {mode} needs the variable {name}.", hint=f"Set {name} and try again.")
    return value
