"""Whom a token speaks for, read from its claims; any text whatever gives an answer."""

import base64
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.auth.identity import identity_of
from reconciler.model.identity import Identity


def token(claims, *, pad=False):
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    middle = base64.urlsafe_b64encode(payload).decode()
    return f"h.{middle if pad else middle.rstrip('=')}.s"


def test_a_token_of_an_application():
    claims = {"tid": "t", "appid": "a", "idtyp": "app", "roles": ["B.Read", "A.Write"]}
    assert identity_of(token(claims)) == Identity("app", "t", "a", None, ("A.Write", "B.Read"))


@pytest.mark.parametrize("pad", [True, False])
def test_a_token_of_a_signed_in_user(pad):
    claims = {"tid": "t", "azp": "a", "scp": "B A", "upn": "zoë@x"}
    assert identity_of(token(claims, pad=pad)) == Identity("user", "t", "a", "zoë@x", ("A", "B"))


@pytest.mark.parametrize(
    ("claims", "kind"),
    [
        ({"roles": ["R"]}, "app"),
        ({"scp": "S"}, "user"),
        ({"upn": "u"}, "user"),
        ({"scp": "S", "idtyp": "user"}, "user"),
        ({"scp": "S", "idtyp": "app"}, "app"),
    ],
)
def test_which_kind_it_is(claims, kind):
    assert identity_of(token(claims)).kind == kind


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "a.b", "a.b.c.d", "loopback-token-not-secret", "a.!!!.c", "a.é.c",
     token(b"not JSON"), token(b"[]"), token(b"null"), token(b"5"), token(b"{}"),
     token(b"\xff\xfe"), token(b"[" * 200_000), token(b'{"a":' * 50_000),
     token(b'{"exp": ' + b"9" * (sys.get_int_max_str_digits() + 1) + b"}"),
     "x" * 1_000_000, "." * 1_000_000],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_what_is_no_readable_token_is_unknown(text):
    assert identity_of(text) == Identity("unknown")


@pytest.mark.parametrize(
    "claims",
    [
        {
            "tid": 5,
            "appid": {},
            "azp": [],
            "upn": [],
            "preferred_username": None,
            "scp": 7,
            "roles": "R",
            "exp": "soon",
        },
        {"tid": "", "roles": [None, 5, {}], "exp": True},
        {"exp": 1.5, "scp": ["a"], "roles": {"a": 1}},
    ],
)
def test_claims_of_other_types_than_documented_break_nothing(claims):
    found = identity_of(token(claims))
    assert found.tenant_id is None
    assert found.app_id is None
    assert found.user is None
    assert all(isinstance(one, str) for one in found.permissions)


def test_a_huge_token_is_read():
    claims = {"tid": "t", "roles": [f"R{number}" for number in range(20_000)]}
    assert len(identity_of(token(claims)).permissions) == 20_000


@given(st.text())
def test_no_text_raises(text):
    identity_of(text)
    identity_of(f"a.{text}.c")


@given(st.binary())
def test_no_payload_raises(payload):
    identity_of(token(payload))


NAMES = st.sampled_from(
    ["tid", "appid", "azp", "upn", "preferred_username", "scp", "roles", "exp", "idtyp"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(st.dictionaries(NAMES, VALUES))
def test_no_claims_raise(claims):
    identity_of(token(claims))
