"""Why there is no token, in one line, with a hint: for each of Entra's error codes, and for each
way to sign in.

Source: learn.microsoft.com/entra/identity-platform/reference-error-codes; for the federated ones
learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations and, on upper and
lower case, learn.microsoft.com/entra/identity-platform/reference-breaking-changes#august-2024.
Microsoft may change codes: they only select a hint here.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

from reconciler.auth.modes import alternatives
from reconciler.errors import AuthenticationError
from reconciler.model.identity import Assertion
from reconciler.model.secrets import mask
from reconciler.settings import AuthMode

_REGISTER = (
    "Register exactly {presented} in a federated credential of the application. The comparison is"
    " case-sensitive. A new credential can take a few minutes to take effect."
)
HINTS = {
    "70021": f"No federated credential of the application matches. {_REGISTER}",
    "700211": f"No federated credential of the application has this issuer. {_REGISTER}",
    "700212": (
        "No federated credential of the application has this audience, which depends on --cloud."
        f" {_REGISTER}"
    ),
    "700213": f"No federated credential of the application has this subject. {_REGISTER}",
    "7002138": f"The registered subject differs only in upper and lower case. {_REGISTER}",
    "700024": "The assertion has expired: sign in again, and check the clock of this machine.",
    "700016": (
        "The tenant AZURE_TENANT_ID has no application with the id AZURE_CLIENT_ID: check both, and"
        " --cloud."
    ),
    "90002": "This cloud has no tenant with the id in AZURE_TENANT_ID: check it, and --cloud.",
    "7000215": (
        "AZURE_CLIENT_SECRET must hold the value of the secret, not its id. "
        "To sign in without a secret, use --auth github-oidc or workload-identity."
    ),
    "7000222": (
        "The client secret has expired: create a new one, or sign in without a secret, "
        "with --auth github-oidc or workload-identity."
    ),
}
"""By the digits of Entra's error code."""
_HINTS_OF_A_MODE: dict[tuple[str, AuthMode], str] = {
    (
        "700024",
        "github-oidc",
    ): (
        "The GitHub OIDC token was issued just before: check the clock of this runner, "
        "then run the job again."
    ),
    ("700024", "workload-identity"): (
        "The file in AZURE_FEDERATED_TOKEN_FILE holds an expired "
        "assertion: the program that writes it must renew it. Check the clock of this machine too."
    ),
}
_UNREACHABLE = (
    "Check the network, HTTPS_PROXY, ALL_PROXY and NO_PROXY; for a private certificate authority"
    " set SSL_CERT_FILE."
)
_WAYS_OUT: dict[AuthMode, str] = {
    "azure-cli": "Sign in with `az login --tenant {tenant}`",
    "managed-identity": (
        "Run on an Azure host with a managed identity, for a user-assigned one with AZURE_CLIENT_ID"
    ),
}
_OTHER_WAY_OUT = "Check the variables of this way to sign in"
_CALL_ENTRA: frozenset[AuthMode] = frozenset({"github-oidc", "workload-identity", "environment"})
"""The others get their token on this machine: from the Azure CLI, or from the host's endpoint."""

_ENTRA_ERROR = re.compile(r"AADSTS(\d+):?.*?(?=\s*(?:Trace ID:|\\r|[\r\n\"]|$))")
"""Up to the trace ids, which follow on the next lines, in the same line, or escaped in a quoted
answer.
"""


def reason_of(error: Exception) -> str:
    """Entra's message, else the first line of the library's; without trace ids, links
    and secrets.
    """
    entra = _entra_error(error)
    first = next(
        (line.strip() for line in str(error).splitlines() if line.strip()), "no reason given"
    )
    return mask(entra[0] if entra else first)


def no_token(error: Exception, scope: str, hint: str = f"{_OTHER_WAY_OUT}.") -> AuthenticationError:
    """The error to raise when a credential failed: Entra refused, or could not be reached."""
    return AuthenticationError(f"No token for {scope}: {reason_of(error)}", hint=hint)


def unavailable(error: Exception, mode: AuthMode) -> str | None:
    """Why this machine cannot sign in with the Azure CLI or a managed identity; None for Entra's
    own errors.
    """
    if mode in _CALL_ENTRA or _entra_error(error):
        return None
    reason = reason_of(error)
    if mode == "managed-identity":
        return f"no managed identity is available on this machine: {reason}"
    if not (shutil.which("az") or shutil.which("az.cmd")):
        return "the Azure CLI (az) is not installed or not on PATH."
    if reason.startswith("Please run 'az login'"):
        return "the Azure CLI (az) is not signed in."
    return f"the Azure CLI (az) returned no token: {reason}"


def hint_for(
    error: Exception, mode: AuthMode, tenant_id: str | None, assertion: Assertion | None
) -> str:
    """What to do, by Entra's error code, else by mode; `assertion` is the one that was refused, if
    there was one.
    """
    entra = _entra_error(error)
    if entra is None and mode in _CALL_ENTRA and _is_unreachable(error):
        return _UNREACHABLE
    code = entra[1] if entra else ""
    general = f"{_WAYS_OUT.get(mode, _OTHER_WAY_OUT)}, {alternatives(mode)}"
    hint = _HINTS_OF_A_MODE.get((code, mode)) or HINTS.get(code) or general
    return hint.format(presented=_presented(assertion), tenant=tenant_id or "<tenant>")


def _entra_error(error: BaseException) -> re.Match[str] | None:
    """Entra's message in the chain of errors; MSAL's own message omits the one about an unknown
    tenant.
    """
    return next(
        (match for cause in _chain(error) if (match := _ENTRA_ERROR.search(str(cause)))), None
    )


def _is_unreachable(error: BaseException) -> bool:
    """True if Entra did not answer, its certificate is not trusted, or the CA file
    cannot be read.
    """
    from azure.core.exceptions import ServiceRequestError, ServiceResponseError

    return any(
        isinstance(cause, (ServiceRequestError, ServiceResponseError, OSError))
        for cause in _chain(error)
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _presented(assertion: Assertion | None) -> str:
    """Issuer, subject and audience, quoted as Entra quotes them, so that they cannot be mistaken
    for our text.
    """
    if assertion is None:
        return "the issuer, subject and audience of the assertion"
    return (
        f"issuer {assertion.issuer!r}, subject {assertion.subject!r} and audience"
        f" {assertion.audience!r}"
    )
