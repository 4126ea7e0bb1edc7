"""Logic Apps: which one is declared, and what Azure Resource Manager says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from reconciler.errors import ServiceError
from reconciler.model.diagnostic import SourceLocation
from reconciler.model.names import folded

LOGIC_APP_HOSTS = (".logic.azure.com", ".logic.azure.us", ".logic.azure.cn")
"""How the hosts of Consumption workflows end, which entitlement management documents; a Standard
workflow has the host of an app.

Sources:
* https://learn.microsoft.com/entra/id-governance/entitlement-management-logic-apps-integration
* https://learn.microsoft.com/power-automate/ip-address-configuration (for the clouds)
"""


@dataclass(frozen=True, slots=True)
class LogicApp:
    """One Logic App, by the names that Azure Resource Manager knows it by."""

    subscription_id: str
    resource_group: str
    name: str

    @property
    def path(self) -> str:
        """The resource id of a Consumption workflow of this name."""
        return self.resource_of("Microsoft.Logic/workflows")

    @property
    def key(self) -> str:
        """Equal for two spellings of one Logic App: all three names ignore case (docs/graph.md
        §2.6).
        """
        return folded(self.path)

    def resource_of(self, resource_type: str) -> str:
        """The resource id of a resource of this name and another type."""
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
            f"/providers/{resource_type}/{self.name}"
        )


@dataclass(frozen=True, slots=True)
class Caller:
    """A declared extension: what it says about the Logic App that it calls.

    `logic_app` is None where too little is declared to tell which one. `bearer`: it is called with
    a bearer token, not with proof of possession.
    """

    name: str
    source: SourceLocation
    logic_app: LogicApp | None
    url: str | None = None
    bearer: bool = False


@dataclass(frozen=True, slots=True)
class Trigger:
    """One trigger of a workflow: its type, and whether its address has a path of its own."""

    type: str
    has_relative_path: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """One authorization policy: its type, and the values of its claims by name, in lower case."""

    type: str
    claims: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Workflow:
    """A Consumption Logic App as Azure Resource Manager describes it (docs/graph.md §9.1).

    None: the answer does not say so. `access_endpoint` is the beginning of its triggers' addresses.
    """

    state: str | None
    access_endpoint: str | None
    shared_access: str | None
    triggers: Mapping[str, Trigger] = field(default_factory=dict, hash=False)
    policies: Mapping[str, Policy] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class StandardApp:
    """A Standard Logic App: an app of another resource type, which entitlement management cannot
    call.
    """


Observation: TypeAlias = Workflow | StandardApp | ServiceError
"""What was read of one Logic App, or why nothing could be."""
