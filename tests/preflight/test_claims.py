"""R406: the claims of the authorization policy, in each cloud."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from reconciler.arm.workflows import workflow_of
from reconciler.model.preflight import Preflight
from reconciler.preflight.claims import Claims
from reconciler.render.formats import rendered_preflight
from reconciler.settings import CLOUDS
from tests.preflight.workflows import (
    GLOBAL_CLAIMS,
    LA,
    LIFECYCLE,
    POLICY,
    TENANT,
    body,
    calling,
    found,
    found_in,
    policy,
    said,
)

GOV = {
    **GLOBAL_CLAIMS,
    "u": "management.usgovcloudapi.net",
    "aud": "https://management.usgovcloudapi.net",
}
CHINA = {
    **GLOBAL_CLAIMS,
    "iss": f"https://sts.chinacloudapi.cn/{TENANT}/",
    "u": "management.chinacloudapi.cn",
    "aud": "https://management.chinacloudapi.cn",
}
RIGHT = {"global": GLOBAL_CLAIMS, "usgov": GOV, "usgov-dod": GOV, "china": CHINA}
OTHER_SPELLINGS = [
    ("usgov", "u", "management.core.usgovcloudapi.net"),
    ("usgov", "aud", "https://management.core.usgovcloudapi.net"),
    ("usgov-dod", "aud", "https://management.core.usgovcloudapi.net"),
    ("china", "iss", f"https://sts.windows.net/{TENANT}/"),
]


@pytest.mark.parametrize("cloud", RIGHT)
def test_the_right_claims_of_each_cloud_are_silent(cloud: str) -> None:
    arm = CLOUDS[cloud].arm
    assert found(body(x=policy(**RIGHT[cloud])), cloud=arm) == []
    for name, value in RIGHT[cloud].items():
        assert Claims.of(LA, arm, TENANT).values[name][0] == value


@pytest.mark.parametrize(("cloud", "name", "value"), OTHER_SPELLINGS)
def test_a_cloud_may_have_a_second_value(cloud: str, name: str, value: str) -> None:
    arm = CLOUDS[cloud].arm
    assert found(body(x=policy(**{**RIGHT[cloud], name: value})), cloud=arm) == []


@pytest.mark.parametrize("cloud", RIGHT)
@pytest.mark.parametrize("other", RIGHT)
def test_the_claims_of_another_cloud_do_not_fit(cloud: str, other: str) -> None:
    diagnostics = found(body(x=policy(**RIGHT[other])), cloud=CLOUDS[cloud].arm)
    wrong = {name for name, value in RIGHT[other].items() if RIGHT[cloud][name] != value}
    if cloud == "china":
        wrong -= {"iss"}  # the issuer of the other clouds can be that of China too
    assert {name for each in diagnostics for name in named(each)} == wrong
    assert said(diagnostics) == ([("R406", "error")] if wrong else [])


def named(finding: Any) -> list[str]:
    """The claims that a finding names."""
    return list(finding.parameters.get("claims", []))


@pytest.mark.parametrize("name", GLOBAL_CLAIMS)
@pytest.mark.parametrize("value", ["wrong", "", None, 1, [], {}])
def test_a_wrong_claim_is_named_with_the_right_value(name: str, value: Any) -> None:
    [finding] = found(body(x=policy(**{**GLOBAL_CLAIMS, name: value})))
    assert (finding.code, finding.severity, named(finding)) == ("R406", "error", [name])
    assert f'must be "{GLOBAL_CLAIMS[name]}"' in finding.message
    others = {f"`{other}` is" for other in GLOBAL_CLAIMS if other != name}
    assert not any(other in finding.message for other in others)


@pytest.mark.parametrize("name", GLOBAL_CLAIMS)
def test_a_missing_claim_is_named_with_the_right_value(name: str) -> None:
    kept = {other: value for other, value in GLOBAL_CLAIMS.items() if other != name}
    [finding] = found(body(x=policy(**kept)))
    assert (finding.code, finding.severity, named(finding)) == ("R406", "error", [name])
    assert f'`{name}` is missing, must be "{GLOBAL_CLAIMS[name]}"' in finding.message


@pytest.mark.parametrize("fold", [str.upper, str.title])
def test_names_of_claims_and_the_type_ignore_case(fold: Any) -> None:
    claims = {fold(name): value for name, value in GLOBAL_CLAIMS.items()}
    assert found(body(x=policy("aadPop", **claims))) == []


@pytest.mark.parametrize("name", GLOBAL_CLAIMS)
def test_only_p_ignores_the_case_of_its_value(name: str) -> None:
    other = GLOBAL_CLAIMS[name].swapcase()
    expected = [] if name == "p" or other == GLOBAL_CLAIMS[name] else [("R406", "error")]
    assert said(found(body(x=policy(**{**GLOBAL_CLAIMS, name: other})))) == expected


@pytest.mark.parametrize("name", GLOBAL_CLAIMS)
def test_a_trailing_slash_is_a_warning_where_its_effect_is_not_known(name: str) -> None:
    value = GLOBAL_CLAIMS[name]
    changed = value.removesuffix("/") if name == "iss" else f"{value}/"
    [finding] = found(body(x=policy(**{**GLOBAL_CLAIMS, name: changed})))
    severity = "warning" if name in ("u", "aud") else "error"
    assert (finding.code, finding.severity, named(finding)) == ("R406", severity, [name])


def test_a_slash_beside_a_wrong_claim_is_part_of_the_error() -> None:
    claims = {**GLOBAL_CLAIMS, "u": "management.azure.com/", "m": "GET"}
    [finding] = found(body(x=policy(**claims)))
    assert (finding.severity, named(finding)) == ("error", ["m", "u"])


def test_two_slashes_are_wrong() -> None:
    claims = {**GLOBAL_CLAIMS, "u": "management.azure.com//"}
    assert said(found(body(x=policy(**claims)))) == [("R406", "error")]


def test_further_claims_and_policies_are_no_harm() -> None:
    more = policy(**GLOBAL_CLAIMS, tid=TENANT, scp="x")
    others = {"a": policy("AAD"), "b": policy(appid=LIFECYCLE), "c": None, "d": {"type": 3}}
    assert found(body(**others, z=more)) == []
    assert found(body(z=more, **others)) == []


def test_the_policy_for_lifecycle_workflows_is_not_the_right_one() -> None:
    name = "AzureADLifecycleWorkflowsAuthPOPAuthPolicy"
    [finding] = found(body(**{name: policy(**{**GLOBAL_CLAIMS, "appid": LIFECYCLE})}))
    assert (finding.severity, named(finding)) == ("error", ["appid"])
    assert f'policy "{name}"' in finding.message


def test_the_nearest_policy_is_explained() -> None:
    far, near = policy(iss="x"), policy(**{**GLOBAL_CLAIMS, "m": "GET"})
    slash = policy(**{**GLOBAL_CLAIMS, "u": "management.azure.com/"})
    [finding] = found(body(far=far, near=near))
    assert ('policy "near"' in finding.message, named(finding)) == (True, ["m"])
    [finding] = found(body(near=near, slash=slash, far=far))
    assert (finding.severity, named(finding)) == ("warning", ["u"])
    assert found(body(slash=slash, fitting=policy())) == []


@pytest.mark.parametrize("kind", ["AAD", "", None, 4, [], "AADPOPS"])
def test_a_policy_of_another_type_does_not_count(kind: Any) -> None:
    [finding] = found(body(x=policy(kind)))
    assert (finding.code, finding.severity, named(finding)) == ("R406", "error", [])
    assert "no authorization policy of type AADPOP" in finding.message


@pytest.mark.parametrize("cloud", RIGHT)
def test_the_policy_to_paste_is_silent_once_it_is_there(cloud: str) -> None:
    """What the hint says, read as JSON, is the policy that fits."""
    arm = CLOUDS[cloud].arm
    [finding] = found(body(x=policy("AAD")), cloud=arm)
    derived, _, pasted = finding.hint.partition("The policy to have: ")
    assert ("global cloud only" in derived) == (cloud != "global")
    policies = json.loads(f"{{{pasted}}}")
    assert list(policies) == [POLICY]
    assert policies == finding.parameters["policy"]
    assert found(body(**policies), calling(), cloud=arm) == []


@pytest.mark.parametrize("format_name", ["text", "markdown", "json", "github", "sarif"])
@pytest.mark.parametrize("cloud", RIGHT)
def test_the_policy_to_paste_is_whole_in_every_format(cloud: str, format_name: str) -> None:
    longest = replace(LA, resource_group="g" * 20, name="n" * 26)
    caller = replace(calling(None), logic_app=longest)
    workflow = workflow_of(body(x=policy("AAD")))
    arm = CLOUDS[cloud].arm
    [finding] = found_in(workflow, caller, cloud=arm, logic_app=longest)
    checked = Preflight({longest: ("notify",)}, 0, (finding,))
    shown = rendered_preflight(checked, format_name, tool_version="1")
    pasted = Claims.of(longest, arm, TENANT).policy_text
    in_json = json.dumps(pasted)[1:-1]
    assert (in_json if format_name in ("json", "sarif") else pasted) in shown


def test_a_claim_that_is_there_twice_must_fit_twice() -> None:
    claims = [*policy()["claims"], {"name": "appid", "value": "another"}]
    [finding] = found(body(x={"type": "AADPOP", "claims": claims}))
    assert (finding.code, finding.severity) == ("R406", "error")
    assert '`appid` is "another", must be' in finding.message
