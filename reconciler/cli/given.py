"""Learns the secrets in arguments and environment variables before anything is printed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.model.secrets import learn, learn_value
from reconciler.settings import DEFAULT_LOOPBACK_TOKEN

_CREDENTIALS = (
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
    "AZURE_PASSWORD",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "IDENTITY_HEADER",
    "MSI_SECRET",
    "RECONCILER_LOOPBACK_TOKEN",
    "RECONCILER_SANDBOX_READ_ONLY_TOKEN",
)
"""Variables of ours, and those that azure-identity and the GitHub runner read."""
_PUBLIC = (DEFAULT_LOOPBACK_TOKEN, "loopback-read-only-token-not-secret")


def learn_given(arguments: Iterable[str], environment: Mapping[str, str]) -> None:
    """Learns the credentials among the variables, the passwords of proxies, and everything that
    looks like a secret.
    """
    learn("\n".join([*arguments, *environment.values()]))
    for name, value in environment.items():
        if name in _CREDENTIALS and value not in _PUBLIC:
            learn_value(value)
        elif name.casefold().endswith("_proxy"):
            user = value.rpartition("@")[0].rpartition("//")[2]
            learn_value(user)
            learn_value(user.partition(":")[2])
