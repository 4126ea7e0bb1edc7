"""What is masked, and what is refused where it is declared: two rules, each tried from
both sides.
"""

from __future__ import annotations

import base64
import json
import random
import uuid
from collections.abc import Callable
from itertools import product
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiers import examples

from reconciler.model.learned import declare_public, forget_learned
from reconciler.model.secrets import (
    carries_secret,
    is_refused,
    learn,
    learn_value,
    looks_like_keys,
    mask,
    may_be_written,
    stand_in,
)

ALPHABET = "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789"
KEY = "vN3/kQ8+Zt5Rw1Lx7Yb2Mc9Pd4Fg6Hj0Ks5Ua8Ei3O="
GUID = "38ab2ccc-3747-4567-b36b-9478f5602f0d"
LOGIC_APP = "https://prod-31.westeurope.logic.azure.com:443/workflows/8ccffea766ae48e680ad9a22d1549bbc/triggers/manual"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


def percent(text: str) -> str:
    return quote(text, safe="")


def in_json(text: str) -> str:
    return (
        json.dumps(text)[1:-1].replace("/", r"\/").replace("&", r"\u0026").replace("=", r"\u003d")
    )


LAYERS = [layers for depth in range(5) for layers in product((percent, in_json), repeat=depth)]


def encoded(text: str, layers: tuple[Callable[[str], str], ...]) -> str:
    for layer in layers:
        text = layer(text)
    return text


def layer_names(layers: tuple[Callable[[str], str], ...]) -> str:
    return "-".join(layer.__name__ for layer in layers) or "plain"


@pytest.mark.parametrize("layers", LAYERS, ids=layer_names)
@pytest.mark.parametrize(
    "before", ["x&sig=", "sig=", "https://f/api?code=", "code=", "Authorization: Bearer "]
)
def test_a_secret_is_masked_at_every_depth_and_known_by_its_value_from_then_on(
    before: str, layers: tuple[Callable[[str], str], ...]
) -> None:
    learn(encoded(f"{before}{ALPHABET} and more", layers))
    for text in (
        encoded(f"{before}{ALPHABET} and more", layers),
        encoded(f"the key {ALPHABET}", layers),
    ):
        assert "***" in mask(text)
        assert "CdEf" not in mask(text)
    forget_learned()
    assert "CdEf" not in mask(encoded(f"{before}{ALPHABET}", layers)), (
        "by what stands before it alone"
    )


@pytest.mark.parametrize("layers", LAYERS, ids=layer_names)
def test_a_credential_is_masked_at_every_depth(layers: tuple[Callable[[str], str], ...]) -> None:
    password = 'pä/ss "word"&\\=!'
    learn_value(password)
    assert mask(f"it is {encoded(password, layers)}, they say") == "it is ***, they say"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("code=V", "code=***"),
        ("see ?code=Abc.", "see ?code=***"),
        ("zipcode=12345 status_code=404 exit-code=1", "zipcode=12345 status_code=404 exit-code=1"),
        (f"x%2526sig%253D{ALPHABET}", "x%2526sig%253D***"),
        (f"the key {KEY} is new", "the key ***= is new"),
        (f"the key 0123456789{ALPHABET[:26]}", "the key ***"),
        (f"x%2520{percent(KEY)}", "x%2520***%3D"),
        ("client secret abc8Q~dRr.Ez3_Yx-Wv.Ut~Sr1Qp2On3Ml4Kj5Ih", "client secret ***"),
        (r"C:\new\sig=x\temp 100%", r"C:\new\sig=***\temp 100%"),
    ],
)
def test_what_is_masked_by_its_form(text: str, masked: str) -> None:
    assert (mask(text), carries_secret(text)) == (masked, masked != text)


CERTAIN = {
    "a JSON Web Token": f"see {TOKEN}",
    "a bearer token": "Authorization: Bearer abc123def456ghi789",
    "a signature of a Logic App": f"{LOGIC_APP}?api-version=1&sig=short",
    "one in another cloud": "https://prod-1.usgovvirginia.logic.azure.us/w?sig=x1",
    "a function key": "POST to https://contoso.azurewebsites.net/api/f?code=mine",
    "a signature of a storage account": (
        "https://contoso.blob.core.windows.net/c/b?sv=2024-11-04&sig=x1"
    ),
    "an encoded address": f"see {percent(percent(f'{LOGIC_APP}?sig=short'))}",
}
KEYS_BY_LOOK = {
    "a long signature": f"sig={ALPHABET}",
    "a short one, of any host": "https://apim.contoso.com/x?sig=aB3dE5gH7jK9mN1p",
    "one encoded twice": f"x%2526sig%253D{ALPHABET}",
    "a key alone": f"the key is {KEY}",
    "a key alone, encoded": f"the key is {percent(percent(KEY))}",
    "a key at the end of a path": (
        f"https://hooks.contoso.com/services/governance/onboarding/approvals/{KEY}"
    ),
    "a client secret": "abc8Q~dRr.Ez3_Yx-Wv.Ut~Sr1Qp2On3Ml4Kj5Ih",
    "a connection string": f"Endpoint=sb://c.servicebus.windows.net/;SharedAccessKey={KEY}",
}


@pytest.mark.parametrize(
    "text", [*CERTAIN.values(), *KEYS_BY_LOOK.values()], ids=[*CERTAIN, *KEYS_BY_LOOK]
)
def test_what_is_a_secret_by_itself_is_refused_and_masked(text: str) -> None:
    assert is_refused(text)
    assert not may_be_written(text)
    assert carries_secret(text)
    assert is_refused(text, looks_like_keys(text) | {text}) is (text in CERTAIN.values())


HARMLESS = [
    "See https://wiki.contoso.com/page?code=en",
    "Mail sig=short",
    "https://wiki.contoso.com/page?code=Finance2026Onboarding",
    "https://wiki.contoso.com/display/IAM/Access+Packages?sig=Approve-2026-Q1",
    "sig=onboarding_of_externals_v2",
    f"code={GUID.upper()}",
    f"sig=32EFb28c-9a7A-446c-986b-ca6528c6669d {GUID}",
    "bearer authentication is used",
    "sha256:0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9",
    "commit 484EAE9B1c2d3e4f5061728394a5b6c7d8e9f001",
    f"/subscriptions/{GUID}/resourceGroups/RG-IAM-Prod01/providers/Microsoft.Logic/workflows/elm-Ext-Email2",
    f"{LOGIC_APP}/paths/invoke?api-version=2016-10-01",
    f"{LOGIC_APP}?sig=*** {LOGIC_APP}?sig=<signature>",
    "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension2",
    "IAM-EL-L3-CWE01-GoLive-2026Q1-v2",
    "AccPkg-ITSec-L2-P01-DE-Ext-V2-Prod",
    "/Store/k8j4dy2z9qp7w1hl6s1pjc0a3br5kj8lm3d0v2x-Python-3.11/share/Onboarding",
    "HrItSecOpsAppPkgReqExtWfVaForAll-Governance-Onboarding2026",
    "Ext01Email02Mfa03Approve04Onboard05Leave06",
    "https://prod-31.westeurope.logic.azure.com.example.org/page?sig=short",
    "prod-31.westeurope.logic.azure.com and https://contoso.azurewebsites.net/?lang=en",
    "Zugriff, 承認 %E4%B8%AD%E6%96%87 100 % sicher",
    "/home/runner/work/Entra-Extensions/Entra-Extensions/desired_state/Marketing2026.yaml",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_may_be_declared_and_is_then_shown_as_it_is(text: str) -> None:
    learn(f"by somebody else: sig=Finance2026Onboarding {text} code=Finance2026Onboarding")
    assert not is_refused(text)
    declare_public(text)
    assert (mask(text), mask(f"“{text}”, now")) == (text, f"“{text}”, now")
    assert may_be_written({"a": [text]})
    assert mask(json.dumps({"a": text}, ensure_ascii=False)) == json.dumps(
        {"a": text}, ensure_ascii=False
    )


@pytest.mark.parametrize("before", range(5))
def test_a_part_of_a_declared_text_is_shown_and_nothing_more(before: int) -> None:
    declare_public(f"{'x' * before} https://wiki.contoso.com/page?code=en")
    assert mask("at ?code=en") == "at ?code=en"
    assert mask("live: ?code=english, code=e") == "live: ?code=***, code=e"


def test_a_value_that_only_begins_like_a_declared_one_hides_neither_it_nor_what_follows() -> None:
    name = "a-declared-resource-group-of-finance-2026"
    declare_public(name)
    learn(f"sig={name}{'x1' * 200}")
    assert (
        mask(f"group {name}, and all that follows {'.' * 500}")
        == f"group {name}, and all that follows {'.' * 500}"
    )
    assert mask(f"live {name}{'x1' * 9} follows") == "live *** follows"


def test_others_can_hide_a_value_but_not_refuse_it() -> None:
    learn("sig=Finance2026Onboarding")
    assert mask("live: Finance2026Onboarding") == "live: ***"
    assert not is_refused("the page Finance2026Onboarding")
    assert may_be_written("the page Finance2026Onboarding")


def test_a_credential_is_refused_and_masked_wherever_it_stands_and_whatever_is_declared() -> None:
    declare_public("the horse is correct-horse today")
    learn_value("correct-horse")
    for text in (
        "the horse is correct-horse today",
        f"https://h/x?y={percent(percent('correct-horse'))}",
    ):
        assert is_refused(text, [text, "correct-horse"])
        assert not may_be_written(text, [text])
        assert "horse today" not in mask(text).replace("*** today", "")


def test_what_stands_for_a_secret_may_not_be_written() -> None:
    shown = stand_in("x", tenant_id="t", object_id="e", path=("p",))
    assert not may_be_written({"a": [shown]})
    assert may_be_written({"a": [1, None, "b"]})


def test_a_named_text_is_none_and_the_rest_is_looked_at() -> None:
    document = "https://docs.example/document/d/1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms/edit"
    named = ["1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms"]
    assert is_refused(document)
    assert not is_refused(document, named)
    assert not is_refused(document, [percent(named[0])])
    assert not is_refused(document, looks_like_keys(document))
    assert is_refused(f"{document} {KEY}", named)
    assert is_refused(document, ["", KEY])
    assert is_refused(
        "https://h.contoso.com/x?sig=aB3dE5gH7jK9mN1p", ["https://h.contoso.com/x?sig="]
    )
    assert not is_refused("https://h.contoso.com/x?sig=aB3dE5gH7jK9mN1p", ["aB3dE5gH7jK9mN1p"])


def key_of(seed: int) -> str:
    return base64.b64encode(random.Random(seed).randbytes(32)).decode()


KEYS = st.integers(0, 2**32).map(key_of).filter(looks_like_keys)


@given(KEYS, st.sampled_from(LAYERS), st.text(max_size=9), st.booleans())
@settings(max_examples=examples(60))
def test_a_random_key_shows_at_no_depth(
    key: str, layers: tuple[Callable[[str], str], ...], around: str, placed: bool
) -> None:
    text = encoded(f"{around} {'sig=' if placed else ''}{key} {around}", layers)
    for shown in (
        mask(text),
        mask(json.dumps({"a": text})),
        mask(quote(text, errors="surrogatepass")),
    ):
        assert key[:12] not in shown and key[-13:-1] not in shown
        assert percent(key)[:12] not in shown


WORDS = st.sampled_from(
    [
        "Access",
        "package",
        "Genehmigung",
        "für",
        "externe",
        "IT",
        "HR",
        "rg",
        "prod",
        "WestEurope",
        "v2",
        "01",
        "2026",
    ]
)
NAMES = st.builds(
    lambda words, joint: joint.join(words),
    st.lists(WORDS, min_size=1, max_size=9),
    st.sampled_from([" ", "-", "_", "/"]),
)
ORDINARY = st.one_of(
    NAMES,
    st.uuids().map(str),
    st.uuids().map(lambda guid: str(guid).upper()),
    st.binary(min_size=16, max_size=32).map(bytes.hex),
    st.builds(
        "https://wiki.contoso.com/{}?code={}&sig={}".format,
        NAMES,
        st.sampled_from(["en", "de-DE"]),
        NAMES,
    ),
    st.builds(
        "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Logic/workflows/{}".format,
        st.uuids(),
        NAMES,
        NAMES,
    ),
)


@given(st.lists(ORDINARY, min_size=1, max_size=4).map(", ".join))
def test_ordinary_texts_are_never_refused(text: str) -> None:
    assert not is_refused(text)


def test_most_random_keys_are_known_by_their_look() -> None:
    seen = [is_refused(key_of(seed)) for seed in range(2_000)]
    assert seen.count(False) <= 10
    assert not any(
        is_refused(str(uuid.UUID(int=random.Random(seed).getrandbits(128))))
        for seed in range(2_000)
    )
