"""One way to sign in: which credential of azure-identity it uses, with which authority and which
assertion.

azure-identity has no credential for GitHub (docs/graph.md §6.4). Its ClientAssertionCredential
accepts any assertion and asks for a new one at each exchange; the assertion in a file is read the
same way, so it is never an old copy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.auth.github_oidc import MAX_ASSERTION_BYTES, github_assertion, no_job_token
from reconciler.auth.identity import assertion_of
from reconciler.auth.modes import alternatives, missing_variables
from reconciler.auth.refusals import hint_for, no_token, reason_of, unavailable
from reconciler.errors import AuthenticationError
from reconciler.model.identity import Assertion
from reconciler.model.secrets import learn_value
from reconciler.model.wording import enumerated
from reconciler.settings import AuthMode, Cloud, Settings

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

OnAssertion = Callable[[Assertion], None]
"""Called with each assertion before Entra gets it."""


@dataclass(slots=True)
class SignIn:
    """One way to sign in, chosen before the run: makes its credentials, and explains why one
    returns no token.
    """

    mode: AuthMode
    cloud: Cloud
    settings: Settings
    environment: Mapping[str, str]
    on_assertion: OnAssertion
    _assertion: Assertion | None = field(default=None, init=False)

    def credential(self) -> TokenCredential:
        """A new credential, with an empty token cache of its own.

        Raises:
            AuthenticationError: variables that the mode needs are not set, or name something
                unusable.
        """
        import azure.identity as entra

        self._require_variables()
        try:
            match self.mode:
                case "github-oidc" | "workload-identity":
                    return entra.ClientAssertionCredential(
                        *self._application(), self._next_assertion, **self._authority_options()
                    )
                case "environment":
                    return self._secret_or_certificate()
                case "managed-identity":
                    return entra.ManagedIdentityCredential(
                        client_id=self.environment.get("AZURE_CLIENT_ID") or None
                    )
                case _:
                    return entra.AzureCliCredential(
                        tenant_id=self.environment.get("AZURE_TENANT_ID", "")
                    )
        except (ValueError, OSError) as error:
            raise AuthenticationError(
                f"Not signed in. {self._chosen}, which cannot be used: {reason_of(error)}",
                hint=f"Correct the variable or the file that it names, {alternatives(self.mode)}",
            ) from error

    def explain(self, error: Exception, scope: str) -> AuthenticationError:
        """The error to raise when a credential failed, with what to do about it."""
        hint = hint_for(error, self.mode, self.environment.get("AZURE_TENANT_ID"), self._assertion)
        reason = unavailable(error, self.mode)
        if reason is None:
            return no_token(error, scope, hint)
        return AuthenticationError(f"Not signed in. {self._chosen}, and {reason}", hint=hint)

    @property
    def _chosen(self) -> str:
        """The mode, and whether the operator or `auto` chose it."""
        return (
            f"--auth auto chose {self.mode}"
            if self.settings.auth == "auto"
            else f"--auth is {self.mode}"
        )

    def _require_variables(self) -> None:
        """Raises if variables that the mode needs are not set, and names all of them."""
        missing = (
            []
            if self.mode == "managed-identity"
            else missing_variables(self.mode, self.environment)
        )
        if not missing:
            return
        if any(name.startswith("ACTIONS_") for name in missing):
            raise no_job_token(
                self.environment, [name for name in missing if name.startswith("AZURE_")]
            )
        raise AuthenticationError(
            f"Not signed in. --auth {self.mode} needs environment variables that are not set:"
            f" {enumerated(missing)}.",
            hint=f"Set them, {alternatives(self.mode)}",
        )

    def _application(self) -> tuple[str, str]:
        """The ids of the tenant and of the application."""
        return self.environment["AZURE_TENANT_ID"], self.environment["AZURE_CLIENT_ID"]

    def _secret_or_certificate(self) -> TokenCredential:
        """An application with a secret or a certificate, from the variables of azure-identity's
        EnvironmentCredential.

        That class reads the process's variables only, and not those of an environment in
        `reconciler.yaml`.
        """
        import azure.identity as entra

        secret = self.environment.get("AZURE_CLIENT_SECRET")
        if secret:
            return entra.ClientSecretCredential(
                *self._application(), secret, **self._authority_options()
            )
        return entra.CertificateCredential(
            *self._application(),
            self.environment["AZURE_CLIENT_CERTIFICATE_PATH"],
            password=self.environment.get("AZURE_CLIENT_CERTIFICATE_PASSWORD") or None,
            send_certificate_chain=bool(
                self.environment.get("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN")
            ),
            **self._authority_options(),
        )

    def _next_assertion(self) -> str:
        """A new assertion, after its claims were reported; azure-identity calls this at each
        exchange.
        """
        if self.mode == "github-oidc":
            assertion = github_assertion(self.environment, self.cloud.token_exchange_audience)
        else:
            assertion = _assertion_in(Path(self.environment["AZURE_FEDERATED_TOKEN_FILE"]))
        self._assertion = assertion_of(assertion)
        self.on_assertion(self._assertion)
        return assertion

    def _authority_options(self) -> dict[str, Any]:
        """Options of the credentials that call the authority: its URL, its certificates, time-outs
        and retries.

        The requests library does not read SSL_CERT_FILE; if that is not set, its own
        REQUESTS_CA_BUNDLE applies.
        """
        authority = self.settings.loopback_authority
        options = {
            "authority": authority or self.cloud.authority_host,
            "connection_verify": (
                self.environment.get("SSL_CERT_FILE")
                or self.environment.get("SSL_CERT_DIR")
                or True
            ),
            "connection_timeout": self.settings.timeout_s,
            "read_timeout": self.settings.timeout_s,
            "retry_total": self.settings.max_retries,
        }
        if authority is None:
            return options
        # Otherwise azure-identity asks Microsoft's authority about this one, and uses a proxy for
        # loopback.
        return options | {"disable_instance_discovery": True, "use_env_settings": False}


def _assertion_in(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as opened:
            assertion = opened.read(MAX_ASSERTION_BYTES + 1).strip()
        if not 0 < len(assertion) <= MAX_ASSERTION_BYTES:
            raise ValueError  # noqa: TRY301 - handled like a file that is not text
    except (OSError, ValueError) as error:
        reason = (
            error.strerror if isinstance(error, OSError) else "it does not contain an assertion"
        )
        raise AuthenticationError(
            f"Not signed in. The file in AZURE_FEDERATED_TOKEN_FILE cannot be used: {reason}.",
            hint=(
                "Set AZURE_FEDERATED_TOKEN_FILE to the file with the assertion, and check the"
                " program that writes it."
            ),
        ) from error
    learn_value(assertion)
    return assertion
