"""The OIDC token that GitHub issues to a job, which Entra accepts instead of a secret.

Source: docs/graph.md §6.4; azure-identity has no credential of its own for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from reconciler.auth.modes import alternatives
from reconciler.errors import AuthenticationError
from reconciler.model.secrets import learn_value
from reconciler.model.strict_json import parsed
from reconciler.model.wording import enumerated
from reconciler.network.body import ACCEPTED, Body
from reconciler.settings import LOOPBACK_HOSTS

MAX_ASSERTION_BYTES = 64 * 1024
"""Of a response or a file that holds an assertion; a token has one or two KiB."""
_NO_ANSWER_HINT = (
    "Run the job again; if the error persists, check HTTPS_PROXY, ALL_PROXY, NO_PROXY and"
    " SSL_CERT_FILE."
)


def github_assertion(environment: Mapping[str, str], audience: str) -> str:
    """A new OIDC token of the running job for `audience`; azure-identity calls this at every
    exchange.

    Raises:
        AuthenticationError: not a GitHub job with `id-token: write`, or GitHub refuses. Never
            contains a token.
    """
    url = environment.get("ACTIONS_ID_TOKEN_REQUEST_URL")
    bearer = environment.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    if not url or not bearer:
        raise no_job_token(environment)
    address = _address(url)
    if address is None:
        raise AuthenticationError(
            "ACTIONS_ID_TOKEN_REQUEST_URL is not an https URL; nothing was sent to it."
        )
    try:
        token = _answer(address.copy_merge_params({"audience": audience}), bearer)["value"]
    except httpx.HTTPStatusError as error:
        raise AuthenticationError(
            f"GitHub refused to issue an OIDC token (HTTP {error.response.status_code}).",
            hint="Check that the job has `permissions: id-token: write`.",
        ) from None
    except (
        httpx.HTTPError,
        OSError,
        ValueError,
        KeyError,
        TypeError,
        ImportError,
    ):  # the last for a SOCKS proxy
        token = None
    if not isinstance(token, str) or not token:
        raise AuthenticationError("GitHub returned no usable OIDC token.", hint=_NO_ANSWER_HINT)
    learn_value(token)
    return token


def no_job_token(
    environment: Mapping[str, str], missing_ids: Sequence[str] = ()
) -> AuthenticationError:
    """The error for a process without the variables of a GitHub job that may request OIDC tokens.

    `missing_ids`: other variables that are not set either, to be named in the hint.
    """
    also = f" and set {enumerated(missing_ids)}" if missing_ids else ""
    if environment.get("GITHUB_ACTIONS"):
        return AuthenticationError(
            "This job is not allowed to request a GitHub OIDC token.",
            hint=(
                f"Add `permissions: id-token: write` to the job{also}; "
                "pull requests from forks never get this permission."
            ),
        )
    return AuthenticationError(
        "Not signed in. --auth github-oidc works only in a GitHub Actions job:"
        " ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN are not set.",
        hint=(
            f"Run it in a GitHub job with `permissions: id-token: write`{also},"
            f" {alternatives('github-oidc')}"
        ),
    )


def _answer(address: httpx.URL, bearer: str) -> Any:
    """GitHub's response as JSON; reads no more bytes than a token needs."""
    headers = {"Authorization": f"Bearer {bearer}", "Accept-Encoding": ACCEPTED}
    with httpx.stream(
        "GET", address, headers=headers, follow_redirects=False, timeout=30
    ) as answer:
        answer.raise_for_status()
        body = Body(answer.headers, MAX_ASSERTION_BYTES)
        for piece in answer.iter_raw():
            body.add(piece)
    return parsed(body.content())


def _address(url: str) -> httpx.URL | None:
    """The URL parsed; None unless it is https or on loopback."""
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        return None
    trusted = address.scheme == "https" or (
        address.scheme == "http" and address.host in LOOPBACK_HOSTS
    )
    return address if trusted else None
