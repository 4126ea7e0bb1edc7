"""The token that GitHub gives a job about itself, which Entra accepts in place of a secret.

Source: docs/graph.md §6.4; azure-identity has no credential of its own for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from reconciler.errors import AuthenticationError
from reconciler.graph.body import ACCEPTED, Body
from reconciler.model.secrets import learn_value
from reconciler.model.strict_json import parsed
from reconciler.settings import LOOPBACK_HOSTS

MOST_BYTES_OF_AN_ASSERTION = 64 * 1024
"""Of an answer or a file that holds one; a token has one or two KiB."""
_NO_ANSWER_HINT = "Run the job again; if that does not help, check HTTPS_PROXY, ALL_PROXY, NO_PROXY and SSL_CERT_FILE."


def github_assertion(environment: Mapping[str, str], audience: str) -> str:
    """A fresh token of the running job for `audience`; called by azure-identity at every exchange.

    Raises:
        AuthenticationError: not a GitHub job with `id-token: write`, or GitHub refuses. Never holds a token.
    """
    url = environment.get("ACTIONS_ID_TOKEN_REQUEST_URL")
    bearer = environment.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    if not url or not bearer:
        raise AuthenticationError(
            "This job may not ask GitHub for an identity token.",
            hint="Add `permissions: id-token: write` to the job; runs for forks never get it.",
        )
    address = _address(url)
    if address is None:
        raise AuthenticationError("ACTIONS_ID_TOKEN_REQUEST_URL is not an https address; nothing was sent to it.")
    try:
        token = _answer(address.copy_merge_params({"audience": audience}), bearer)["value"]
    except httpx.HTTPStatusError as error:
        raise AuthenticationError(
            f"GitHub refused an identity token (HTTP {error.response.status_code}).",
            hint="Check that the job has `id-token: write`.",
        ) from None
    except (httpx.HTTPError, OSError, ValueError, KeyError, TypeError, ImportError):  # the last of a SOCKS proxy
        token = None
    if not isinstance(token, str) or not token:
        raise AuthenticationError("GitHub gave no usable identity token.", hint=_NO_ANSWER_HINT)
    learn_value(token)
    return token


def _answer(address: httpx.URL, bearer: str) -> Any:
    """What GitHub answers, as JSON; no more of it is read than a token needs."""
    headers = {"Authorization": f"Bearer {bearer}", "Accept-Encoding": ACCEPTED}
    with httpx.stream("GET", address, headers=headers, follow_redirects=False, timeout=30) as answer:
        answer.raise_for_status()
        body = Body(answer.headers, MOST_BYTES_OF_AN_ASSERTION)
        for piece in answer.iter_raw():
            body.add(piece)
    return parsed(body.content())


def _address(url: str) -> httpx.URL | None:
    """The address as a URL; None unless it is https, or on loopback."""
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        return None
    trusted = address.scheme == "https" or (address.scheme == "http" and address.host in LOOPBACK_HOSTS)
    return address if trusted else None
