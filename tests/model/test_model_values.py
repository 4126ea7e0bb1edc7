"""Durations, types, canonical forms and secrets, as pure values."""

import string
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.kinds.extension.fields import FIELDS
from reconciler.model.durations import canonical_duration, duration_s
from reconciler.model.json_values import sha256
from reconciler.model.learned import declare_public
from reconciler.model.odata import odata_type, short_type
from reconciler.model.secrets import (
    carries_secret,
    learn,
    learn_value,
    mask,
    masked,
    stand_in,
    without_secrets,
)


@pytest.mark.parametrize(
    ("text", "expected", "seconds"),
    [
        ("PT60M", "PT1H", 3600),
        ("PT3600S", "PT1H", 3600),
        ("PT24H", "P1D", 86400),
        ("P1DT0S", "P1D", 86400),
        ("PT90M", "PT1H30M", 5400),
        ("P14D", "P14D", 1209600),
        ("PT0S", "PT0S", 0),
        ("P0D", "PT0S", 0),
        ("PT1.50S", "PT1.5S", Decimal("1.5")),
        ("PT300.000S", "PT5M", 300),
        ("P1DT1H1M1S", "P1DT1H1M1S", 90061),
    ],
)
def test_a_duration_has_one_spelling(text: str, expected: str, seconds: int) -> None:
    assert (canonical_duration(text), duration_s(text)) == (expected, Decimal(seconds))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "P1W",
        "P1M",
        "P1Y",
        "1:00:00",
        "-PT5M",
        "PT1H30",
        "pt1h",
        "PT1,5S",
        "P1DT",
        "PT٣M",
    ],
)
def test_what_is_no_duration_stays_as_it_is(text: str) -> None:
    assert (duration_s(text), canonical_duration(text)) == (None, text)


@given(*[st.integers(0, 10**6)] * 4, st.integers(0, 10**9))
def test_canonical_durations_keep_their_length(
    days: int, hours: int, minutes: int, seconds: int, nanos: int
) -> None:
    text = f"P{days}DT{hours}H{minutes}M{seconds}.{nanos:09d}S"
    once = canonical_duration(text)
    assert duration_s(once) == duration_s(text)
    assert canonical_duration(once) == once


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *[(f"{mark}microsoft.graph.{name}", name) for name in FIELDS.types for mark in ("", "#")],
        ("#Microsoft.Graph.AzureADPopTokenAuthentication", "azureAdPopTokenAuthentication"),
        ("#microsoft.graph.identityGovernance.customTask", "identityGovernance.customTask"),
        ("#contoso.example.type", "#contoso.example.type"),
        ("bare", "bare"),
        (None, ""),
        (7, ""),
    ],
)
def test_types_are_named_short(text: object, expected: str) -> None:
    assert FIELDS.short_type(text) == expected


@given(
    st.sampled_from(["microsoft.graph.a.b", "contoso.example.type", "microsoft.graph.x"]),
    st.sampled_from(["", "#"]),
)
def test_a_type_survives_the_way_there_and_back(name: str, mark: str) -> None:
    assert odata_type(short_type(mark + name, {})) == f"#{name}"


def test_only_writable_properties_are_canonical() -> None:
    body = {
        "id": "x",
        "@odata.context": "c",
        "createdBy": "somebody",
        "displayName": "a",
        "endpointConfiguration": {
            "url": "u",
            "unknown": 1,
            "subscriptionId": "38AB2CCC-3747-4567-B36B-9478F5602F0D",
        },
        "authenticationConfiguration": {
            "@odata.type": "#microsoft.graph.newer",
            "secretName": "kept",
            "a@b": 1,
        },
        "clientConfiguration": {"timeoutInMilliseconds": 900.0},
        "callbackConfiguration": {"durationBeforeTimeout": "PT60M", "timeoutDuration": None},
    }
    assert FIELDS.canonical(body) == {
        ("displayName",): "a",
        ("endpointConfiguration", "@odata.type"): "logicAppTriggerEndpointConfiguration",
        ("endpointConfiguration", "url"): "u",
        ("endpointConfiguration", "subscriptionId"): "38ab2ccc-3747-4567-b36b-9478f5602f0d",
        ("authenticationConfiguration", "@odata.type"): "newer",
        ("authenticationConfiguration", "secretName"): "kept",
        ("clientConfiguration", "timeoutInMilliseconds"): 900,
        ("callbackConfiguration", "timeoutDuration"): "PT1H",
    }


def test_nulls_vanish_from_what_is_observed() -> None:
    body = {
        "displayName": "a",
        "endpointConfiguration": {"url": None, "logicAppWorkflowName": "la"},
        "clientConfiguration": {"maximumRetries": None, "timeoutInMilliseconds": 0},
    }
    observed = FIELDS.observed(body)
    assert {path for path, value in observed.items() if value is None} == set()
    assert observed["clientConfiguration", "timeoutInMilliseconds"] == 0


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none()))
def test_the_hash_does_not_depend_on_order(value: dict[str, object]) -> None:
    assert sha256(value) == sha256(dict(reversed(value.items())))


SIGNED = "https://h.logic.azure.com/x?api-version=1&sp=%2Fa&sv=1.0&sig=AbC-_%2B%3D"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (SIGNED, SIGNED.partition("sig=")[0] + "sig=***"),
        ("sig=x and more", "sig=*** and more"),
        ("u%26sig%3dAbC", "u%26sig%3d***"),
        ("Authorization: Bearer abc123def456ghi789", "Authorization: Bearer ***"),
        ("eyJhbGciOiJub25lIn0.eyJ0aWQiOiJ4In0.c2ln", "***"),
        ("bearer authentication is used", "bearer authentication is used"),
        ("design=modern", "design=modern"),
    ],
)
def test_secrets_are_masked_by_value(text: str, masked: str) -> None:
    assert (mask(text), carries_secret(text)) == (masked, masked != text)
    assert mask(masked) == masked


SEEN = "aB3_dE~fG-hI9+jK/lM7"


@pytest.mark.parametrize(
    "form",
    [
        "https://h/x?sp=a&sig=aB3_dE~fG-hI9%2BjK%2FlM7%3D",
        "u%3Fsv%3D1%26sig%3DaB3_dE~fG-hI9%252BjK%252FlM7%26next%3D1",
        r'{"url": "https://h/x?a=1\u0026sig=aB3_dE~fG-hI9\u002BjK\/lM7"}',
        "Authorization: Bearer aB3_dE~fG-hI9+jK/lM7==",
        "https://f/api?code=aB3_dE~fG-hI9+jK/lM7. Next sentence",
    ],
)
@pytest.mark.parametrize(
    "spelling",
    [SEEN, "aB3_dE~fG-hI9%2BjK%2FlM7", "aB3_dE~fG-hI9%2bjK%2flM7", "aB3_dE~fG-hI9%2BjK/lM7",
     "aB3_dE~fG-hI9%252BjK%252FlM7", r"aB3_dE~fG-hI9+jK\/lM7", r"aB3_dE~fG-hI9\u002BjK/lM7"],
)  # fmt: skip
def test_a_value_seen_once_is_masked_in_every_spelling(form: str, spelling: str) -> None:
    assert mask(spelling) == spelling
    learn(form)
    assert mask(f"x{spelling}y {spelling}") == "x***y ***"
    assert carries_secret(f"x{spelling}")
    assert masked({"a": [spelling, 1, None], spelling: True}) == {
        "a": ["***", 1, None],
        spelling: True,
    }
    hidden = without_secrets({"a": spelling}, tenant_id="t", object_id="e")
    assert hidden == {"a": stand_in(spelling, tenant_id="t", object_id="e", path=("a",))}


@pytest.mark.parametrize("others", [0, 40])
def test_a_value_is_found_wherever_it_stands(others: int) -> None:
    for number in range(others):
        learn_value(f"{number:02}other-value")
    learn_value("abcdefgh")
    assert [
        mask(f"{'x' * before}abcdefgh{'y' * after}") for before in range(12) for after in range(6)
    ] == [f"{'x' * before}***{'y' * after}" for before in range(12) for after in range(6)]


def test_a_long_value_is_known_by_its_beginning_and_hidden_whole() -> None:
    value = string.ascii_letters + string.digits + string.ascii_lowercase
    learn_value(value[:60])
    learn_value(value)
    assert mask(f"it was {value}, they say") == "it was ***, they say"
    assert mask(f"cut off: {value[:40]}") == "cut off: ***"
    assert mask(f"another: {value[:31]}") == f"another: {value[:31]}"


def test_overlapping_values_leave_nothing_of_either() -> None:
    for value in ("abcdefgh1234", "1234ijklmnop", "abcdefgh"):
        learn_value(value)
    assert (
        mask("<abcdefgh1234ijklmnop> <abcdefgh12> <1234ijklmno>") == "<***> <***12> <1234ijklmno>"
    )


@pytest.mark.parametrize(
    "value",
    [
        "Short1Value",
        "onlyletterswithoutany",
        "123456789012345",
        "32efb28c-9a7a-446c-986b-ca6528c6669d",
        "x/32efb28c-9a7a-446c-986b-ca6528c6669d",
        "9a7a-446c-986b-ca6528c6669d",
        "0123456789abcdefABCDEF",
        "prod-31.westeurope.logic",
        "sha256%3A0123456789abcdefghijkl",
        "declared-name-1",
    ],
)
def test_what_is_no_secret_by_its_looks_is_not_remembered(value: str) -> None:
    declare_public("a declared-name-12 of ours")
    learn(f"https://h/x?sig={value}&y=1")
    assert mask(f"the {value} as a word") == f"the {value} as a word"


def test_a_known_credential_is_remembered_whatever_it_looks_like_unless_too_short() -> None:
    for value in (" pass word \n", "32efb28c-9a7a-446c-986b-ca6528c6669d", "sevench", ""):
        learn_value(value)
    assert mask("pass word, 32efb28c-9a7a-446c-986b-ca6528c6669d, sevench") == "***, ***, sevench"


def test_a_stand_in_tells_changes_and_nothing_else() -> None:
    def of(
        value: str, extension_id: str = "e", tenant_id: str = "t", path: tuple[str, ...] = ("p",)
    ) -> str:
        return stand_in(value, tenant_id=tenant_id, object_id=extension_id, path=path)

    assert of(SIGNED) == of(SIGNED)
    others = [of(SIGNED + "x"), of(SIGNED, "f"), of(SIGNED, tenant_id="u"), of(SIGNED, path=("q",))]
    assert len({of(SIGNED), *others}) == 5
    assert "AbC" not in of(SIGNED)
    replaced = without_secrets({"a": SIGNED, "b": {"c": "plain"}}, tenant_id="t", object_id="e")
    assert replaced == {
        "a": stand_in(SIGNED, tenant_id="t", object_id="e", path=("a",)),
        "b": {"c": "plain"},
    }
