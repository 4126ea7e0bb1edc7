"""One way to sign in: which credential of azure-identity it takes, at which authority, and what it shows there.

azure-identity has no credential for GitHub (docs/graph.md §6.4). Its ClientAssertionCredential takes any assertion, and
asks for a fresh one at each exchange; so the one in a file goes the same way, and is never an old copy of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.errors import AuthenticationError
from reconciler.graph.github_oidc import MOST_BYTES_OF_AN_ASSERTION, github_assertion
from reconciler.graph.identity import assertion_of
from reconciler.graph.refusals import hint_for, reason_of
from reconciler.model.identity import Assertion
from reconciler.model.secrets import learn_value
from reconciler.settings import AuthMode, Cloud, Settings

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

Witness = Callable[[Assertion], None]
"""Hears which assertion is about to be shown."""


@dataclass(slots=True)
class SignIn:
    """One way to sign in, chosen before the run: makes its credentials, and explains why one gives no token."""

    mode: AuthMode
    cloud: Cloud
    settings: Settings
    environment: Mapping[str, str]
    witness: Witness
    _shown: Assertion | None = field(default=None, init=False)

    def credential(self) -> TokenCredential:
        """A new credential; it keeps tokens of its own and has none yet.

        Raises:
            AuthenticationError: a variable that the mode needs is missing, or names what cannot be used.
        """
        import azure.identity as entra

        try:
            match self.mode:
                case "github-oidc" | "workload-identity":
                    tenant_id, client_id = self._needed("AZURE_TENANT_ID"), self._needed("AZURE_CLIENT_ID")
                    assertion = self._assertion_source()
                    return entra.ClientAssertionCredential(
                        tenant_id, client_id, lambda: self._show(assertion()), **self._ways_to_the_authority()
                    )
                case "environment":
                    return self._application()
                case "managed-identity":
                    return entra.ManagedIdentityCredential(client_id=self.environment.get("AZURE_CLIENT_ID") or None)
                case _:
                    return entra.AzureCliCredential(tenant_id=self.environment.get("AZURE_TENANT_ID", ""))
        except (ValueError, OSError) as error:
            raise AuthenticationError(
                f"--auth {self.mode} cannot be used: {reason_of(error)}", hint="Set what it names."
            ) from error

    def _application(self) -> TokenCredential:
        """An application with a secret or a certificate, from the variables that EnvironmentCredential reads too.

        That one would read them from the process alone, and not what an environment of `reconciler.yaml` says.
        """
        import azure.identity as entra

        tenant_id, client_id = self._needed("AZURE_TENANT_ID"), self._needed("AZURE_CLIENT_ID")
        secret = self.environment.get("AZURE_CLIENT_SECRET")
        if secret:
            return entra.ClientSecretCredential(tenant_id, client_id, secret, **self._ways_to_the_authority())
        return entra.CertificateCredential(
            tenant_id,
            client_id,
            self._needed("AZURE_CLIENT_CERTIFICATE_PATH"),
            password=self.environment.get("AZURE_CLIENT_CERTIFICATE_PASSWORD") or None,
            send_certificate_chain=bool(self.environment.get("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN")),
            **self._ways_to_the_authority(),
        )

    def hint(self, error: Exception) -> str:
        """What the operator can do about a credential's failure."""
        return hint_for(error, self.mode, self._shown)

    def _show(self, assertion: str) -> str:
        """The assertion, once its claims are told."""
        self._shown = assertion_of(assertion)
        self.witness(self._shown)
        return assertion

    def _assertion_source(self) -> Callable[[], str]:
        if self.mode == "github-oidc":
            return lambda: github_assertion(self.environment, self.cloud.token_exchange_audience)
        file = Path(self._needed("AZURE_FEDERATED_TOKEN_FILE"))
        return lambda: _assertion_in(file)

    def _ways_to_the_authority(self) -> dict[str, Any]:
        """What every credential takes that speaks to the authority itself: which one, and how.

        The requests library does not know SSL_CERT_FILE; without it, its own REQUESTS_CA_BUNDLE stays in force.
        """
        authority = self.settings.loopback_authority
        ways = {
            "authority": authority or self.cloud.authority_host,
            "connection_verify": self.environment.get("SSL_CERT_FILE") or self.environment.get("SSL_CERT_DIR") or True,
            "connection_timeout": self.settings.timeout_s,
            "read_timeout": self.settings.timeout_s,
            "retry_total": self.settings.max_retries,
        }
        if authority is None:
            return ways
        # Else Microsoft's own authority would be asked whether this one is known, and loopback through a proxy.
        return ways | {"disable_instance_discovery": True, "use_env_settings": False}

    def _needed(self, name: str) -> str:
        value = self.environment.get(name)
        if not value:
            raise AuthenticationError(
                f"--auth {self.mode} needs the variable {name}.", hint=f"Set {name} and try again."
            )
        return value


def _assertion_in(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as opened:
            assertion = opened.read(MOST_BYTES_OF_AN_ASSERTION + 1).strip()
        if not 0 < len(assertion) <= MOST_BYTES_OF_AN_ASSERTION:
            raise ValueError  # noqa: TRY301 - as useless as one that is not text, which raises the same
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no assertion is in it"
        raise AuthenticationError(
            f"No token: the file that AZURE_FEDERATED_TOKEN_FILE names cannot be used ({reason}).",
            hint="Name the file that holds the assertion, and let whatever writes it run first.",
        ) from error
    learn_value(assertion)
    return assertion
