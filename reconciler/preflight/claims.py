"""The claims of the authorization policy that lets entitlement management call a Logic App
(docs/graph.md §9.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.model.arm_cloud import ArmCloud
from reconciler.model.json_values import JsonValue, json_text
from reconciler.model.logic_app import LogicApp, Policy

TYPE = "AADPOP"
TEMPLATE_NAME = "AzureADEntitlementManagementPOPAuthPolicy"
"""The name of the policy in Microsoft's template; other names work too."""
ENTITLEMENT_MANAGEMENT = "810dcf14-1858-4bf2-8134-4c369fa3235b"
"""The application id of the caller."""
_IGNORE_CASE = "p"
_MAY_END_IN_SLASH = ("u", "aud")


@dataclass(frozen=True, slots=True)
class Claims:
    """What the claims of a policy must be for one Logic App: for each name the values that fit, the
    one to write first. `documented`: Microsoft names these values for the cloud.
    """

    values: Mapping[str, tuple[str, ...]]
    documented: bool = True

    @classmethod
    def of(cls, logic_app: LogicApp, cloud: ArmCloud, tenant_id: str) -> Claims:
        """The claims for this Logic App, in this cloud and tenant."""
        hosts = [host for host in (cloud.host, cloud.audience_host) if host]
        return cls(
            {
                "iss": tuple(f"https://{host}/{tenant_id}/" for host in cloud.issuer_hosts),
                "appid": (ENTITLEMENT_MANAGEMENT,),
                "m": ("POST",),
                "u": tuple(hosts),
                "p": (logic_app.path,),
                "aud": tuple(f"https://{host}" for host in hosts),
            },
            cloud.documented,
        )

    @property
    def policy(self) -> dict[str, JsonValue]:
        """A policy with these claims, as a template of Azure Resource Manager has it."""
        claims: list[JsonValue] = [
            {"name": name, "value": values[0]} for name, values in self.values.items()
        ]
        return {TEMPLATE_NAME: {"type": TYPE, "claims": claims}}

    @property
    def policy_text(self) -> str:
        """The same as JSON on one line, without the outer braces: ready to paste."""
        return json_text(self.policy)[1:-1]


@dataclass(frozen=True, slots=True)
class Misfit:
    """One claim that does not fit: its value (None: it is missing) and the right one.

    `only_slash`: it fits but for a trailing slash.
    """

    name: str
    value: str | None
    right: str
    only_slash: bool = False


@dataclass(frozen=True, slots=True)
class Nearest:
    """The policy whose claims fit best, and those that do not."""

    name: str
    misfits: tuple[Misfit, ...]

    @property
    def wrong(self) -> list[Misfit]:
        """The claims that are wrong or missing, not by a trailing slash alone."""
        return [misfit for misfit in self.misfits if not misfit.only_slash]


def nearest(policies: Mapping[str, Policy], claims: Claims) -> Nearest | None:
    """The policy of the right type that fits best; None if there is none of the type. One that fits
    is enough, whatever the others say.
    """
    candidates = [
        Nearest(name, tuple(_misfits(policy, claims)))
        for name, policy in policies.items()
        if policy.type.upper() == TYPE
    ]
    return min(candidates, key=lambda each: (len(each.wrong), len(each.misfits)), default=None)


def _misfits(policy: Policy, claims: Claims) -> Iterable[Misfit]:
    """The claims that do not fit; further ones are no harm."""
    for name, right in claims.values.items():
        values = policy.claims.get(name, ())
        if not values:
            yield Misfit(name, None, right[0])
        for value in values:  # a claim that is there twice must fit twice
            if not _fits(name, value, right):
                slash = name in _MAY_END_IN_SLASH and _fits(name, value.removesuffix("/"), right)
                yield Misfit(name, value, right[0], only_slash=slash)


def _fits(name: str, value: str, right: Iterable[str]) -> bool:
    if name == _IGNORE_CASE:
        return value.casefold() in {each.casefold() for each in right}
    return value in right
