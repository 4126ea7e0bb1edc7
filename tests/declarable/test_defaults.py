"""`defaults` of a document: what objects share, and what an object declares besides."""

from __future__ import annotations

import pytest

from reconciler.declarable.defaults import beside, shared
from reconciler.kinds.extension import EXTENSION
from reconciler.model.fields import Field, Fields
from reconciler.model.objects import Properties

POP, TOKEN = "azureAdPopTokenAuthentication", "azureAdTokenAuthentication"
TYPE, RESOURCE = (
    ("authenticationConfiguration", "@odata.type"),
    ("authenticationConfiguration", "resourceId"),
)
RETRIES = ("clientConfiguration", "maximumRetries")
CLIENT_TIMEOUT = ("clientConfiguration", "timeoutInMilliseconds")
CALLBACK, CALLBACK_TIMEOUT = (
    ("callbackConfiguration",),
    ("callbackConfiguration", "timeoutDuration"),
)
TEXT = ("description",)


@pytest.mark.parametrize(
    ("defaults", "body", "own"),
    [
        ({}, {TEXT: "a"}, {TEXT: "a"}),
        ({TEXT: "a"}, {TEXT: "a"}, {}),
        ({TEXT: "a"}, {TEXT: "b"}, {TEXT: "b"}),
        ({TEXT: "a"}, {}, {TEXT: None}),
        ({TEXT: None}, {}, {}),
        ({CLIENT_TIMEOUT: 1, RETRIES: 2}, {CLIENT_TIMEOUT: 1}, {RETRIES: None}),
        ({CLIENT_TIMEOUT: 1, RETRIES: None}, {CLIENT_TIMEOUT: 1}, {}),
        ({RETRIES: 2}, {}, {("clientConfiguration",): None}),
        ({("clientConfiguration",): None}, {RETRIES: 2}, {RETRIES: 2}),
        ({CALLBACK_TIMEOUT: "PT1H"}, {CALLBACK_TIMEOUT: "PT1H"}, {}),
        ({CALLBACK_TIMEOUT: "PT1H"}, {CALLBACK: {}}, {CALLBACK_TIMEOUT: None}),
        ({CALLBACK: {}}, {CALLBACK_TIMEOUT: "PT1H"}, {CALLBACK_TIMEOUT: "PT1H"}),
        ({CALLBACK: {}}, {CALLBACK: {}}, {}),
        ({CALLBACK: None}, {CALLBACK: {}}, {CALLBACK: {}}),
        ({TYPE: TOKEN, RESOURCE: "r"}, {TYPE: TOKEN, RESOURCE: "s"}, {RESOURCE: "s"}),
        ({TYPE: TOKEN, RESOURCE: "r"}, {TYPE: POP}, {TYPE: POP}),
        ({("@odata.type",): POP}, {("@odata.type",): POP}, {}),
    ],
)
def test_an_object_declares_what_the_defaults_do_not(
    defaults: Properties, body: Properties, own: Properties
) -> None:
    assert beside(defaults, body) == own


def test_what_is_shared_are_equal_members_of_objects() -> None:
    bodies: list[Properties] = [
        {TEXT: "same", RETRIES: 1, CLIENT_TIMEOUT: 5, CALLBACK_TIMEOUT: "PT1H"},
        {TEXT: "same", RETRIES: 1, CLIENT_TIMEOUT: 6},
    ]
    assert shared([(EXTENSION.fields, body) for body in bodies]) == {RETRIES: 1}
    assert shared([(EXTENSION.fields, bodies[0])]) == {}, "one object shares nothing"


def test_kinds_share_what_they_have_in_common() -> None:
    """A kind without a member neither prevents its default nor counts for it."""
    other = Fields({("displayName",): Field(own=True)})
    extension: Properties = {RETRIES: 1}
    assert shared([(EXTENSION.fields, extension), (other, {})]) == {}
    assert shared([(EXTENSION.fields, extension)] * 2 + [(other, {})]) == {RETRIES: 1}
