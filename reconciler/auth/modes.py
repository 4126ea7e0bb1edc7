"""The ways to sign in: which environment variables each needs, and which one `--auth
auto` chooses.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.errors import AuthenticationError
from reconciler.model.wording import enumerated
from reconciler.settings import AUTH_MODES, AuthMode

_APPLICATION = (("AZURE_TENANT_ID",), ("AZURE_CLIENT_ID",))
_REQUIRED: dict[AuthMode, tuple[tuple[str, ...], ...]] = {
    "github-oidc": (
        *_APPLICATION,
        ("ACTIONS_ID_TOKEN_REQUEST_URL",),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN",),
    ),
    "workload-identity": (*_APPLICATION, ("AZURE_FEDERATED_TOKEN_FILE",)),
    "environment": (*_APPLICATION, ("AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH")),
    "managed-identity": (("IDENTITY_ENDPOINT", "MSI_ENDPOINT"),),
}
"""In the order of `auto`; one name of each tuple is enough. An explicit `managed-identity` needs
none of its two.
"""
_CI_VARIABLES = ("CI", "GITHUB_ACTIONS", "TF_BUILD")
"""Any of them marks a CI run; the last one is set by Azure Pipelines, which does not set CI."""
_WITHOUT_TENANT = "To try without a tenant, use --sandbox."


def alternatives(mode: AuthMode) -> str:
    """The end of a hint: the other ways to sign in."""
    others = [other for other in AUTH_MODES if other not in ("auto", mode)]
    choice = enumerated(others, "or")
    return f"or choose another --auth: {choice} (docs/reference.md, Signing in). {_WITHOUT_TENANT}"


def missing_variables(mode: AuthMode, environment: Mapping[str, str]) -> list[str]:
    """The variables that the mode needs and that are unset or empty; alternatives as `A or B`."""
    required = _REQUIRED.get(mode, ())
    return [" or ".join(names) for names in required if not any(map(environment.get, names))]


def choose_mode(environment: Mapping[str, str]) -> AuthMode:
    """The first mode whose variables are all set, else `azure-cli`; in a CI run never a guess.

    Raises:
        AuthenticationError: a CI run in which no mode has all its variables; it names those that
            are missing.
    """
    missing = {mode: missing_variables(mode, environment) for mode in _REQUIRED}
    complete = next((mode for mode, names in missing.items() if not names), None)
    if complete is not None:
        return complete
    in_ci = next((name for name in _CI_VARIABLES if environment.get(name)), None)
    if in_ci is None:
        return "azure-cli"
    looked_for = "".join(f"\n  {mode} needs {enumerated(names)}" for mode, names in missing.items())
    raise AuthenticationError(
        f"Not signed in. In a CI run ({in_ci} is set) --auth auto does not use the Azure CLI, and"
        f" these environment variables are not set:{looked_for}",
        hint=(
            "In a GitHub job add `permissions: id-token: write` and set AZURE_TENANT_ID and"
            f" AZURE_CLIENT_ID. Elsewhere set the variables of one of these ways. {_WITHOUT_TENANT}"
        ),
    )
