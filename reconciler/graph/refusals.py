"""Why there is no token, in one line, and what the operator can do about it: one hint for each of Entra's codes.

Source: learn.microsoft.com/entra/identity-platform/reference-error-codes; for the federated ones
learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations and, on upper and lower case,
learn.microsoft.com/entra/identity-platform/reference-breaking-changes#august-2024. Microsoft may change codes: here
they choose words, and nothing else depends on them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.model.identity import Assertion
from reconciler.model.secrets import mask
from reconciler.settings import AuthMode

_REGISTER = (
    "Register exactly {presented} in a federated credential of the application; upper and lower case count. "
    "A new one takes some minutes to count."
)
HINTS = {
    "70021": f"No federated credential of the application fits. {_REGISTER}",
    "700211": f"No federated credential of the application has this issuer. {_REGISTER}",
    "700212": f"No federated credential of the application has this audience; it follows --cloud. {_REGISTER}",
    "700213": f"No federated credential of the application has this subject. {_REGISTER}",
    "7002138": f"The registered subject differs in upper and lower case only. {_REGISTER}",
    "700024": "What proves the identity is too old: sign in again, and check the clock of this machine.",
    "700016": "The tenant AZURE_TENANT_ID has no application AZURE_CLIENT_ID: check both, and --cloud.",
    "90002": "This cloud has no tenant AZURE_TENANT_ID: check it, and --cloud.",
    "7000215": "AZURE_CLIENT_SECRET must hold the secret's value; often its id was pasted instead. "
    "Better sign in without one: --auth github-oidc or workload-identity.",
    "7000222": "The client secret has expired: make a new one, or sign in without one, "
    "with --auth github-oidc or workload-identity.",
}
"""By the digits of Entra's code."""
_HINTS_OF_A_MODE: dict[tuple[str, AuthMode], str] = {
    ("700024", "github-oidc"): "GitHub's token was fetched just before: check the clock of this runner, "
    "then run the job again.",
    ("700024", "workload-identity"): "AZURE_FEDERATED_TOKEN_FILE holds an old assertion: "
    "whatever writes the file must renew it. Check the clock of this machine too.",
}
_UNREACHABLE = (
    "Check the network, HTTPS_PROXY, ALL_PROXY and NO_PROXY; "
    "a certificate authority of your own is named by SSL_CERT_FILE."
)
OTHERWISE = "Sign in that way first, or choose another with --auth; docs/reference.md says what each needs."
_SPEAK_TO_ENTRA: frozenset[AuthMode] = frozenset({"github-oidc", "workload-identity", "environment"})
"""The others ask this machine for a token: the Azure CLI, or the host's own endpoint."""

_SAID_BY_ENTRA = re.compile(r"AADSTS(\d+):?.*?(?=\s*(?:Trace ID:|\\r|[\r\n\"]|$))")
"""Up to the trace ids, which stand on the lines after it, in the same line, or escaped in a quoted answer."""


def reason_of(error: Exception) -> str:
    """What Entra said, or else the first line of what the library says; without trace ids, links and secrets."""
    entra = _said_by_entra(error)
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "no reason given")
    return mask(entra[0] if entra else first)


def hint_for(error: Exception, mode: AuthMode, shown: Assertion | None) -> str:
    """What the operator can do, by Entra's code; `shown` is the assertion that was refused, if there was one."""
    entra = _said_by_entra(error)
    if entra is None:
        return _UNREACHABLE if mode in _SPEAK_TO_ENTRA and _is_unreachable(error) else OTHERWISE
    hint = _HINTS_OF_A_MODE.get((entra[1], mode)) or HINTS.get(entra[1], OTHERWISE)
    return hint.format(presented=_presented(shown))


def _said_by_entra(error: BaseException) -> re.Match[str] | None:
    """Where the chain of errors quotes Entra; MSAL drops what it said about an unknown tenant from its own message."""
    return next((found for one in _chain(error) if (found := _SAID_BY_ENTRA.search(str(one)))), None)


def _is_unreachable(error: BaseException) -> bool:
    """True when the authority gave no answer, was not trusted, or the file of those to trust cannot be read."""
    from azure.core.exceptions import ServiceRequestError, ServiceResponseError

    return any(isinstance(one, (ServiceRequestError, ServiceResponseError, OSError)) for one in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _presented(shown: Assertion | None) -> str:
    """The three, quoted as Entra quotes them, so that nothing in them can pass for words of ours."""
    if shown is None:
        return "the issuer, subject and audience of the assertion"
    return f"issuer {shown.issuer!r}, subject {shown.subject!r} and audience {shown.audience!r}"
