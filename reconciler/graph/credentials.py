"""Tokens: one credential, chosen before the run and never silently replaced by another, behind one cache with a lock.

azure-identity does the work and is imported only when a token of Entra is really needed. The SDK calls credentials for
every request, without a lock and, for the Azure CLI, without a cache (docs/graph.md §6.4).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Protocol

from reconciler.errors import AuthenticationError
from reconciler.graph.proxies import proxy_for
from reconciler.graph.refusals import OTHERWISE, reason_of
from reconciler.graph.sign_in import SignIn, Witness
from reconciler.model.identity import Assertion
from reconciler.model.secrets import learn_value
from reconciler.settings import AuthMode, Settings

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
    would give the refused one again. `hint` says what to do about a credential's failure.
    """

    def __init__(
        self,
        sign_in: Callable[[], TokenCredential],
        scope: str,
        *,
        hint: Callable[[Exception], str] = lambda _error: OTHERWISE,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._sign_in = sign_in
        self._credential = sign_in()
        self._scope = scope
        self._hint = hint
        self._now_s = now_s
        self._lock = asyncio.Lock()
        self._cached: AccessToken | None = None
        self._claims: str | None = None

    async def token(self) -> str:
        """A valid token, from the cache unless it expires soon or was refused.

        Raises:
            AuthenticationError: the credential gives none; the message is Entra's or azure-identity's, shortened.
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
            message = f"No token for {self._scope}: {reason_of(error)}"
            raise AuthenticationError(message, hint=self._hint(error)) from error
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


def _nobody(_assertion: Assertion) -> None:
    """Hears and does nothing."""


def open_tokens(settings: Settings, environment: Mapping[str, str], witness: Witness = _nobody) -> TokenSource:
    """The token source that the settings ask for; `witness` hears which assertion is about to be shown to Entra.

    Raises:
        AuthenticationError: `auto` finds nothing to sign in with, or a variable that the mode needs is missing.
        UsageError: the environment names a proxy that Graph could not be reached through.
    """
    if settings.cloud is None:
        return LoopbackToken(settings.loopback_token)
    proxy_for(f"https://{settings.cloud.graph_host}")  # before the libraries of the sign-in fail in their own words
    mode = choose_mode(environment) if settings.auth == "auto" else settings.auth
    sign_in = SignIn(mode, settings.cloud, settings, environment, witness)
    return CredentialTokens(sign_in.credential, f"https://{settings.cloud.graph_host}/.default", hint=sign_in.hint)


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
