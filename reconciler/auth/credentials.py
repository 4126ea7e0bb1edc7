"""Access tokens: one credential, chosen before the run and never silently replaced, behind one
cache with a lock.

azure-identity does the work and is imported only if a token from Entra is needed. The SDK calls
credentials for every request, without a lock and, for the Azure CLI, without a cache
(docs/graph.md §6.4).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING

from reconciler.auth.modes import choose_mode
from reconciler.auth.refusals import no_token
from reconciler.auth.sign_in import OnAssertion, SignIn
from reconciler.errors import AuthenticationError
from reconciler.model.identity import Assertion
from reconciler.model.secrets import learn_value
from reconciler.network.proxies import proxy_for
from reconciler.settings import Cloud, Settings

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, TokenCredential

RENEW_BEFORE_EXPIRY_S = 300


class LoopbackToken:
    """The fixed token of a Graph on loopback; no Azure credential is used there."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def token(self) -> str:
        """The token from the environment."""
        return self._token

    def forget(self, rejected: str, claims: str | None = None) -> None:
        """Does nothing: there is only this token."""


class CredentialTokens:
    """Tokens of one azure-identity credential, fetched one at a time and kept until shortly before
    expiry.

    `sign_in` makes the credential. After a rejected token it makes another of the same kind,
    because a credential caches its tokens and would return the rejected one again. `explain` turns
    a credential's error into ours.
    """

    def __init__(
        self,
        sign_in: Callable[[], TokenCredential],
        scope: str,
        *,
        explain: Callable[[Exception, str], AuthenticationError] = no_token,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._sign_in = sign_in
        self._credential = sign_in()
        self._scope = scope
        self._explain = explain
        self._now_s = now_s
        self._lock = asyncio.Lock()
        self._cached: AccessToken | None = None
        self._claims: str | None = None

    async def token(self) -> str:
        """A valid token, from the cache unless it expires soon or was rejected.

        Raises:
            AuthenticationError: the credential returned none, for the reason in the message.
        """
        async with self._lock:
            if self._cached and self._cached.expires_on - RENEW_BEFORE_EXPIRY_S > self._now_s():
                return self._cached.token
            self._cached = await _in_a_thread(lambda: self._fetch(self._claims))
            self._claims = None
            return self._cached.token

    def forget(self, rejected: str, claims: str | None = None) -> None:
        """Drops a rejected token; only once, however many requests were sent with it."""
        if self._cached and self._cached.token == rejected:
            self._cached, self._claims = None, claims
            self._credential = self._sign_in()

    def _fetch(self, claims: str | None) -> AccessToken:
        from azure.core.exceptions import AzureError

        try:
            token = self._credential.get_token(self._scope, claims=claims)
        except (AzureError, OSError, ValueError) as error:  # refused by Entra; the network, a file
            raise self._explain(error, self._scope) from error
        learn_value(token.token)
        return token


async def _in_a_thread(fetch: Callable[[], AccessToken]) -> AccessToken:
    """The result of `fetch`, in a thread of its own: an interrupted run would have to wait for
    asyncio's threads.
    """
    fetched: Future[AccessToken] = Future()
    fetched.set_running_or_notify_cancel()

    def run() -> None:
        """Runs in the thread."""
        try:
            fetched.set_result(fetch())
        except BaseException as error:  # noqa: BLE001 - raised again by the await below
            fetched.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return await asyncio.wrap_future(fetched)


def _ignore(_assertion: Assertion) -> None:
    """Does nothing."""


def open_tokens(
    settings: Settings, environment: Mapping[str, str], on_assertion: OnAssertion = _ignore
) -> CredentialTokens | LoopbackToken:
    """The source of tokens for the Graph of the settings; `on_assertion` is called with each
    assertion before Entra gets it.

    Raises:
        AuthenticationError: `auto` finds no way to sign in, or variables that the mode needs are
            not set.
        UsageError: the environment names a proxy that is not supported.
    """
    cloud = settings.cloud
    if cloud is None:
        return LoopbackToken(settings.loopback_token)
    sign_in = _sign_in(settings, cloud, environment, on_assertion)
    scope = f"https://{cloud.graph_host}/.default"
    return CredentialTokens(sign_in.credential, scope, explain=sign_in.explain)


def open_arm_tokens(
    settings: Settings, environment: Mapping[str, str]
) -> CredentialTokens | LoopbackToken:
    """The source of tokens for Azure Resource Manager: of another scope, and with a cache of its
    own, so that neither service ever gets the token of the other.

    Raises:
        AuthenticationError, UsageError: as for `open_tokens`.
    """
    cloud = settings.cloud
    if cloud is None or settings.arm_on_loopback is not None:
        return LoopbackToken(settings.loopback_token)
    sign_in = _sign_in(settings, cloud, environment, _ignore)
    return CredentialTokens(sign_in.credential, cloud.arm.scope, explain=sign_in.explain)


def _sign_in(
    settings: Settings, cloud: Cloud, environment: Mapping[str, str], on_assertion: OnAssertion
) -> SignIn:
    # Before the sign-in libraries fail with messages of their own.
    proxy_for(f"https://{cloud.graph_host}")
    mode = choose_mode(environment) if settings.auth == "auto" else settings.auth
    return SignIn(mode, cloud, settings, environment, on_assertion)
