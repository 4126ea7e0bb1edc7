"""Options and environment variables, read once into a frozen `Settings`; contradictions are usage
errors.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import SplitResult, urlsplit

from reconciler.errors import AuthenticationError, UsageError
from reconciler.model.arm_cloud import ArmCloud
from reconciler.model.environment import Environment
from reconciler.model.identity import Identity
from reconciler.model.target import SANDBOX

AuthMode = Literal[
    "auto", "github-oidc", "workload-identity", "environment", "managed-identity", "azure-cli"
]
AUTH_MODES: tuple[AuthMode, ...] = get_args(AuthMode)


@dataclass(frozen=True, slots=True)
class Cloud:
    """One national cloud: host names of Graph and of the sign-in authority, the audience of a
    GitHub token, and its Azure Resource Manager.
    """

    graph_host: str
    authority_host: str
    token_exchange_audience: str
    arm: ArmCloud


_GLOBAL_ARM = ArmCloud("management.azure.com", documented=True)
_USGOV_ARM = ArmCloud(
    "management.usgovcloudapi.net", audience_host="management.core.usgovcloudapi.net"
)
_CHINA_ARM = ArmCloud(
    "management.chinacloudapi.cn", issuer_hosts=("sts.chinacloudapi.cn", "sts.windows.net")
)

CLOUDS: dict[str, Cloud] = {
    "global": Cloud(
        "graph.microsoft.com",
        "login.microsoftonline.com",
        "api://AzureADTokenExchange",
        _GLOBAL_ARM,
    ),
    "usgov": Cloud(
        "graph.microsoft.us",
        "login.microsoftonline.us",
        "api://AzureADTokenExchangeUSGov",
        _USGOV_ARM,
    ),
    "usgov-dod": Cloud(
        "dod-graph.microsoft.us",
        "login.microsoftonline.us",
        "api://AzureADTokenExchangeUSGov",
        _USGOV_ARM,
    ),
    "china": Cloud(
        "microsoftgraph.chinacloudapi.cn",
        "login.chinacloudapi.cn",
        "api://AzureADTokenExchangeChina",
        _CHINA_ARM,
    ),
}
"""Source: docs/graph.md §4, §9.4."""

DEFAULT_PATH = Path("desired_state")
"""The files that a command reads if it is given no path."""
DEFAULT_MAX_DELETES = 5
"""How many objects a run may delete or replace, unless it is told otherwise."""
DEFAULT_JOURNAL = Path(".reconciler/journal.jsonl")
"""The journal of an apply that is given none."""
DEFAULT_LIVE_JOURNAL = Path(".reconciler/live-check.jsonl")
"""The journal of a live check that is given none."""
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
LOOPBACK_TENANT = "00000000-0000-0000-0000-000000000000"
DEFAULT_LOOPBACK_TOKEN = "loopback-token-not-secret"  # noqa: S105 - public by design, accepted by the sandbox only


@dataclass(frozen=True, slots=True)
class Settings:
    """Which Graph, which sign-in and which limits. `cloud` is None on loopback, where no Azure
    credential is used.

    `loopback_authority`: an https origin on loopback that replaces the cloud's authority, for
        tests. `arm_on_loopback`: an Azure Resource Manager on loopback, beside any Graph.
    """

    graph_url: str
    cloud: Cloud | None
    sandbox_db: Path | None
    auth: AuthMode
    loopback_token: str
    catalogs: tuple[str, ...]
    concurrency: int
    timeout_s: float
    max_retries: int
    loopback_authority: str | None = None
    environment: Environment | None = None
    arm_on_loopback: str | None = None

    @property
    def arm_url(self) -> str:
        """The origin of Azure Resource Manager: the one given, else that of the cloud, else that of
        the Graph on loopback, as the sandbox answers for both.
        """
        if self.arm_on_loopback is not None:
            return self.arm_on_loopback
        return f"https://{self.cloud.arm.host}" if self.cloud else arm_beside(self.graph_url)

    @property
    def arm_cloud(self) -> ArmCloud:
        """The cloud that the claims of a Logic App must fit; on loopback the global one."""
        return (self.cloud or CLOUDS["global"]).arm

    @property
    def environment_name(self) -> str | None:
        """The name of the chosen environment; None if none was chosen."""
        return self.environment.name if self.environment else None

    @property
    def uses_sandbox(self) -> bool:
        """True if this command starts the embedded Graph."""
        return self.sandbox_db is not None


@dataclass(frozen=True, slots=True)
class TargetOptions:
    """The target options as given; `None` means not given."""

    sandbox: bool = False
    sandbox_db: Path | None = None
    graph_url: str | None = None
    cloud: str | None = None
    auth: AuthMode = "auto"
    catalogs: tuple[str, ...] = ()
    concurrency: int = 8
    timeout_s: float = 30.0
    max_retries: int = 5
    arm_url: str | None = None


def resolve_settings(
    options: TargetOptions, variables: Mapping[str, str], environment: Environment | None = None
) -> Settings:
    """The settings that options, variables and the chosen environment of `reconciler.yaml` ask for.

    Raises:
        UsageError: two of them contradict each other, or the Graph URL is not one that a token may
            be sent to.
    """
    options = _in_environment(options, environment)
    if options.sandbox and (options.graph_url is not None or options.cloud is not None):
        raise UsageError(
            "--sandbox, --graph-url and --cloud are mutually exclusive.", hint="Keep one of them."
        )
    if options.graph_url is not None and options.cloud is not None:
        raise UsageError(
            "--sandbox, --graph-url and --cloud are mutually exclusive.",
            hint="Keep --graph-url; it implies the cloud.",
        )
    if options.sandbox_db is not None and not options.sandbox and options.graph_url is None:
        # Otherwise a forgotten --sandbox would send requests to the tenant.
        raise UsageError(
            "--sandbox-db was given without --sandbox.", hint="Add --sandbox, or omit --sandbox-db."
        )
    if not math.isfinite(options.timeout_s):
        raise UsageError("--timeout is not a number of seconds.", hint="For example --timeout 30.")
    graph_url, cloud = _graph(options)
    return Settings(
        graph_url=graph_url,
        cloud=cloud,
        sandbox_db=(
            (options.sandbox_db or Path(".reconciler/sandbox.sqlite3")) if options.sandbox else None
        ),
        auth=options.auth,
        loopback_token=_loopback_token(variables),
        catalogs=options.catalogs,
        concurrency=options.concurrency,
        timeout_s=options.timeout_s,
        max_retries=options.max_retries,
        loopback_authority=_loopback_authority(variables),
        environment=environment,
        arm_on_loopback=None if options.arm_url is None else _checked_arm_url(options.arm_url),
    )


def arm_beside(graph_url: str) -> str:
    """The origin of a Graph on loopback, where the sandbox also answers for Azure Resource
    Manager.
    """
    return graph_url.removesuffix("/v1.0")


def _in_environment(options: TargetOptions, environment: Environment | None) -> TargetOptions:
    """The options, with the environment's cloud if they do not select a Graph themselves."""
    if (
        environment is None
        or environment.cloud is None
        or options.sandbox
        or options.graph_url is not None
    ):
        return options
    if options.cloud not in (None, environment.cloud):
        raise UsageError(
            f"--cloud {options.cloud} was given, but environment {environment.name} is in"
            f" {environment.cloud}.",
            hint="Omit --cloud, or correct reconciler.yaml.",
        )
    return replace(options, cloud=environment.cloud)


def sign_in_variables(settings: Settings, variables: Mapping[str, str]) -> Mapping[str, str]:
    """The variables to sign in with: the chosen environment sets the tenant, and the application if
    they do not.

    AZURE_CLIENT_ID wins: a tenant may have two applications, one for plan and one for apply.

    Raises:
        UsageError: AZURE_TENANT_ID is set to another tenant.
    """
    environment = settings.environment
    if environment is None or settings.cloud is None:
        return variables
    tenant_id, client_id = variables.get("AZURE_TENANT_ID"), variables.get("AZURE_CLIENT_ID")
    if tenant_id and environment.tenant_id and tenant_id.casefold() != environment.tenant_id:
        raise UsageError(
            f"AZURE_TENANT_ID is {tenant_id}, but environment {environment.name} is tenant"
            f" {environment.tenant_id}.",
            hint="Unset AZURE_TENANT_ID, choose another --environment, or correct reconciler.yaml.",
        )
    chosen = {
        "AZURE_TENANT_ID": environment.tenant_id or tenant_id or "",
        "AZURE_CLIENT_ID": client_id or environment.client_id or "",
    }
    return {**variables, **{name: value for name, value in chosen.items() if value}}


def refuse_token_of_another_tenant(settings: Settings, identity: Identity) -> None:
    """Returns if the token is for the tenant of the chosen environment, or if none was chosen.

    Raises:
        AuthenticationError: it is not.
    """
    environment = settings.environment
    if environment is None or environment.tenant_id is None or settings.cloud is None:
        return
    if (identity.tenant_id or "").casefold() != environment.tenant_id:
        raise AuthenticationError(
            f"The token is for tenant {identity.tenant_id or 'unknown'}, but environment"
            f" {environment.name} is tenant {environment.tenant_id}; the token was not sent.",
            hint="Sign in to that tenant, or choose another --environment.",
        )


def _loopback_token(variables: Mapping[str, str]) -> str:
    """The token in the variable; the default if that is unset or empty."""
    token = variables.get("RECONCILER_LOOPBACK_TOKEN") or DEFAULT_LOOPBACK_TOKEN
    if not re.fullmatch(r"[!-~]+", token):
        raise UsageError(
            "RECONCILER_LOOPBACK_TOKEN contains spaces, line breaks or characters that are not"
            " ASCII."
        )
    return token


def _loopback_authority(environment: Mapping[str, str]) -> str | None:
    """The origin in AZURE_AUTHORITY_HOST if it is https on loopback; None means the cloud's
    authority.
    """
    try:
        parts = urlsplit(environment.get("AZURE_AUTHORITY_HOST", ""))
        more = parts.username is not None or parts.path.strip("/") or parts.query or parts.fragment
        named = _origin(parts)
    except ValueError:
        return None
    return (
        named if parts.scheme == "https" and parts.hostname in LOOPBACK_HOSTS and not more else None
    )


def _graph(options: TargetOptions) -> tuple[str, Cloud | None]:
    if options.sandbox:
        return SANDBOX, None
    if options.graph_url is not None:
        return _checked_url(options.graph_url)
    cloud = CLOUDS[options.cloud or "global"]
    return f"https://{cloud.graph_host}/v1.0", cloud


def _checked_arm_url(arm_url: str) -> str:
    """The origin, rebuilt from its checked parts: on loopback only, as each cloud has its own."""
    example = "for example http://127.0.0.1:8484"
    try:
        parts = _split(arm_url)
    except ValueError as error:
        raise UsageError("--arm-url is not a URL.", hint=f"Give {example}.") from error
    if parts.scheme not in ("http", "https") or parts.hostname not in LOOPBACK_HOSTS:
        raise UsageError(
            "--arm-url is not an address on loopback; no token will be sent to it.",
            hint=f"Give {example}; the Azure Resource Manager of a cloud follows from --cloud.",
        )
    if parts.username is not None or parts.path.strip("/") or parts.query or parts.fragment:
        raise UsageError("--arm-url has more than scheme, host and port.", hint=f"Give {example}.")
    return _origin(parts)


def _checked_url(graph_url: str) -> tuple[str, Cloud | None]:
    """The URL, rebuilt from its checked parts, with its cloud (None on loopback)."""
    try:
        parts = _split(graph_url)
    except ValueError as error:
        raise UsageError(
            "--graph-url is not a URL.", hint="Give for example http://127.0.0.1:8484/v1.0."
        ) from error
    host = parts.hostname or ""
    if (
        parts.username is not None
        or parts.query
        or parts.fragment
        or parts.path.rstrip("/") != "/v1.0"
    ):
        raise UsageError(
            "--graph-url is not the base URL of a Graph.",
            hint="Give only scheme, host and version, for example http://127.0.0.1:8484/v1.0.",
        )
    if host in LOOPBACK_HOSTS and parts.scheme in ("http", "https"):
        return f"{_origin(parts)}/v1.0", None
    clouds = {cloud.graph_host: cloud for cloud in CLOUDS.values()}
    if parts.scheme == "https" and host in clouds and parts.port in (None, 443):
        return f"https://{host}/v1.0", clouds[host]
    raise UsageError(
        f"--graph-url names {parts.scheme}://{host}, to which no token will be sent.",
        hint="Allowed are loopback addresses, and https with " + ", ".join(sorted(clouds)) + ".",
    )


def _origin(parts: SplitResult) -> str:
    """Scheme, host and port, rebuilt from the parts."""
    host = parts.hostname or ""
    port = "" if parts.port is None else f":{parts.port}"
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def _split(url: str) -> SplitResult:
    """The parts of a URL.

    Raises:
        ValueError: it is not one, or its port is not between 1 and 65535.
    """
    parts = urlsplit(url)
    if parts.port == 0:
        raise ValueError("port 0")
    return parts
