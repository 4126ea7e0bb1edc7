"""Neither service ever gets the other's token: the command line as in a tenant, with the real
azure-identity, in every cloud.
"""

from __future__ import annotations

import ssl
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import pytest
from harness import CommandLine, declare, extension
from tiers import sample

from reconciler.settings import CLOUDS, DEFAULT_LOOPBACK_TOKEN, LOOPBACK_TENANT
from tests.arm.arm_clients import refused
from tests.arm.clouds import Cloud, cloud_on_loopback
from tests.auth.entra import SECRET, TENANT
from tests.graph.scripted import Reply, Seen
from tests.preflight.workflows import LA, body, policy

STATE = Path("desired_state")


class Serve(Protocol):
    """Starts the servers of a cloud."""

    def __call__(self, name: str = "global", **more: Any) -> AbstractContextManager[Cloud]: ...


@pytest.fixture
def served(tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, reconciler: CommandLine) -> Serve:
    """Starts the servers of a cloud, after one extension was declared in the empty folder."""
    assert reconciler.folder.samefile(Path.cwd())
    declare(STATE, {"catalog": "Marketing", "extensions": [declared()]})

    def serve(name: str = "global", **more: Any) -> AbstractContextManager[Cloud]:
        return cloud_on_loopback(Cloud(name, **more), tls, monkeypatch)

    return serve


def declared() -> dict[str, Any]:
    """An extension that calls the Logic App of these tests."""
    properties = extension("notify")
    properties["endpointConfiguration"].update(
        resourceGroupName=LA.resource_group, logicAppWorkflowName=LA.name
    )
    return properties


def scopes(name: str) -> tuple[str, str]:
    """The scopes of a cloud: of Graph, and of Azure Resource Manager."""
    cloud = CLOUDS[name]
    arm = "management.core.usgovcloudapi.net" if name.startswith("usgov") else cloud.arm.host
    return f"https://{cloud.graph_host}/.default", f"https://{arm}/.default"


@pytest.mark.parametrize("name", sample(CLOUDS, "usgov".__eq__))
def test_each_service_gets_its_own_token_only(
    name: str, served: Serve, reconciler: CommandLine
) -> None:
    with served(name) as cloud:
        ran = reconciler("plan", "--preflight", "--cloud", name, "--auth", "environment", "-v")
    assert ran.code == 0, ran
    of_graph, of_arm = scopes(name)
    assert set(cloud.issued) == {of_graph, of_arm}
    assert cloud.sent_to(cloud.graph) == set(cloud.issued[of_graph])
    assert cloud.sent_to(cloud.arm) == set(cloud.issued[of_arm])
    for scope, other in ((of_graph, cloud.arm), (of_arm, cloud.graph)):
        [token] = cloud.issued[scope]
        assert not any(token in str(seen) for seen in other.seen)
        assert token not in ran.out + ran.err
    assert SECRET not in ran.out + ran.err
    assert set(cloud.arm.methods) == set(cloud.graph.methods) == {"GET"}
    known = CLOUDS[name]
    assert set(cloud.hosts) == {f"{known.graph_host}:443", f"{known.arm.host}:443"}


def test_preflight_alone_asks_graph_for_nothing(served: Serve, reconciler: CommandLine) -> None:
    with served() as cloud:
        ran = reconciler("preflight", "--cloud", "global", "--auth", "environment")
    assert ran.code == 0, ran
    assert cloud.graph.connections == 0
    assert set(cloud.issued) == {scopes("global")[1]}
    assert cloud.arm.methods == ["GET"]


def test_the_tenant_of_the_token_is_the_issuer(served: Serve, reconciler: CommandLine) -> None:
    with served(arm_says=lambda _seen: Reply(body=body(x=policy(iss="?")))):
        ran = reconciler("preflight", "--cloud", "global", "--auth", "environment")
    assert f'must be "https://sts.windows.net/{TENANT}/"' in ran.out


def test_a_token_of_another_tenant_is_not_sent(served: Serve, reconciler: CommandLine) -> None:
    """Of another one than the chosen environment's."""
    other = TENANT.replace("1", "9")
    with served() as cloud:
        cloud.tenant = other
        text = f"environments:\n  prod:\n    tenant_id: {TENANT}\n    cloud: global\n"
        Path("reconciler.yaml").write_text(text)
        ran = reconciler("preflight", "--environment", "prod", "--auth", "environment")
    assert (ran.code, cloud.arm.connections) == (1, 0)
    assert f"The token is for tenant {other}" in ran.err
    assert "; the token was not sent." in ran.err


def test_a_rejected_token_is_renewed_for_its_own_service_only(
    served: Serve, reconciler: CommandLine
) -> None:
    left = [refused(401, "InvalidAuthenticationToken")]

    def says(_seen: Seen) -> Reply:
        return left.pop() if left else Reply(body=body())

    with served(arm_says=says) as cloud:
        ran = reconciler("plan", "--preflight", "--cloud", "global", "--auth", "environment")
    assert ran.code == 0, ran
    of_graph, of_arm = scopes("global")
    assert (len(cloud.issued[of_graph]), len(cloud.issued[of_arm])) == (1, 2)
    assert cloud.sent_to(cloud.graph) == set(cloud.issued[of_graph])
    assert cloud.sent_to(cloud.arm) == set(cloud.issued[of_arm])


def test_a_redirect_to_graph_brings_it_nothing(served: Serve, reconciler: CommandLine) -> None:
    to_graph = Reply(307, headers={"Location": "https://graph.microsoft.com/v1.0/me"})
    with served(arm_says=lambda _seen: to_graph) as cloud:
        ran = reconciler(
            "preflight", "--cloud", "global", "--auth", "environment", "--max-retries", "0"
        )
    assert (ran.code, cloud.graph.connections) == (4, 0)
    assert "redirects are not followed" in ran.out


def test_on_loopback_no_credential_is_used(served: Serve, reconciler: CommandLine) -> None:
    """--arm-url keeps the claims of the cloud, and only the token of loopback is sent."""
    with served("china") as cloud:
        ran = reconciler("preflight", "--cloud", "china", "--arm-url", cloud.arm.origin)
    assert (cloud.issued, cloud.entra.forms, cloud.hosts) == ({}, [], [])
    assert cloud.sent_to(cloud.arm) == {DEFAULT_LOOPBACK_TOKEN}
    assert 'must be "management.chinacloudapi.cn"' in ran.out
    assert f'must be "https://sts.chinacloudapi.cn/{LOOPBACK_TENANT}/"' in ran.out


def test_arm_on_loopback_does_not_get_the_token_of_graph(
    served: Serve, reconciler: CommandLine
) -> None:
    with served() as cloud:
        target = ["--cloud", "global", "--auth", "environment", "--arm-url", cloud.arm.origin]
        ran = reconciler("plan", "--preflight", *target)
    assert ran.code == 0, ran
    assert set(cloud.issued) == {scopes("global")[0]}
    assert cloud.sent_to(cloud.graph) == set(cloud.issued[scopes("global")[0]])
    assert cloud.sent_to(cloud.arm) == {DEFAULT_LOOPBACK_TOKEN}
