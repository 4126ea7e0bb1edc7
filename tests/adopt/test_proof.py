"""The proof of an update: whatever an edit loses, adds or changes beside what it reports is seen,
live or not.
"""

from __future__ import annotations

import pytest
from documents import FORMAT
from harness import ASSIGNMENT, REQUEST, SUBSCRIPTION

from reconciler.adopt.adoption import Adoption, NewObject
from reconciler.adopt.proof import only_adopted
from reconciler.adopt.sources import documents_of
from reconciler.kinds.extension import EXTENSION
from reconciler.loader import load_texts
from reconciler.model.diagnostic import SourceLocation
from reconciler.model.export import Edit
from reconciler.model.json_values import JsonValue
from reconciler.model.objects import DesiredScope, ObjectRef, Properties

PIN, OTHER = (f"00000000-0000-4000-8000-00000000000{n}" for n in (1, 2))
BEFORE = f"""\
catalog: Marketing
defaults:
  endpointConfiguration: {{subscriptionId: {SUBSCRIPTION}, resourceGroupName: rg, \
logicAppWorkflowName: la}}
  authenticationConfiguration: {{"@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"}}
extensions:
  - "@odata.type": "{REQUEST}"
    displayName: a
    id: {PIN}
    description: old
    clientConfiguration: {{timeoutInMilliseconds: 200, maximumRetries: 1}}
    callbackConfiguration: {{timeoutDuration: PT1H}}
  - "@odata.type": "{REQUEST}"
    displayName: b
    description: null
---
catalog: Finance
extensions: []
"""
NEW = f"""\
  - "@odata.type": "{ASSIGNMENT}"
    displayName: c
    description: of c
---
"""
RETRIES = ("clientConfiguration", "maximumRetries")
CALLBACK = ("callbackConfiguration", "timeoutDuration")


MARKETING = ObjectRef("catalog", None, "Marketing")


def declared(text: str) -> tuple[DesiredScope, ...]:
    loaded = load_texts([("a.yaml", text)], FORMAT)
    assert loaded.errors == ()
    return loaded.scopes


def edit(path: tuple[str, ...], after: JsonValue) -> Adoption:
    """An edit of the extension a, in line 6."""
    ref, place = ObjectRef("extension", PIN, "a", REQUEST), SourceLocation("a.yaml", 6, 5)
    return Adoption("a.yaml", (Edit(place, ref, (MARKETING,), path, 0, after),))


def new(**properties: JsonValue) -> Adoption:
    document = next(documents_of({"a.yaml": BEFORE}, FORMAT, None))
    endpoint = {
        path: value
        for path, value in document.defaults_of(EXTENSION).items()
        if path[0] == "endpointConfiguration"
    }
    declares: Properties = {
        ("@odata.type",): EXTENSION.fields.short_type(ASSIGNMENT),
        ("displayName",): "c",
        ("authenticationConfiguration", "@odata.type"): "azureAdPopTokenAuthentication",
        **endpoint,
        **EXTENSION.fields.canonical(properties),
    }
    if "id" in properties:
        declares[("id",)] = properties["id"]
    ref = ObjectRef("extension", OTHER, "c", ASSIGNMENT)
    whole = NewObject(document, EXTENSION, OTHER, declares, {})
    return Adoption("a.yaml", (Edit(SourceLocation("a.yaml", 1), ref, (MARKETING,)),), new=whole)


GOOD = {
    "nothing": ((), ()),
    "a text": ((("old", "new"),), (edit(("description",), "new"),)),
    "a text to null": ((("old", "null"),), (edit(("description",), None),)),
    "a member to null": ((("Retries: 1", "Retries: null"),), (edit(RETRIES, None),)),
    "a member goes": (((", maximumRetries: 1", ""),), (edit(RETRIES, None),)),
    "a configuration to null": ((("{timeoutDuration: PT1H}", "null"),), (edit(CALLBACK, None),)),
    "a name": ((("Name: a", "Name: z"),), (edit(("displayName",), "z"),)),
    "another spelling": (
        (("PT1H", "PT30M"),),
        (edit(("callbackConfiguration",), {"durationBeforeTimeout": "PT1800S"}),),
    ),
    "a new one": ((("---\n", NEW),), (new(description="of c"),)),
    "a new one that is pinned": (
        (("---\n", NEW.replace("Name: c", f"Name: c\n    id: {OTHER}")),),
        (new(description="of c", id=OTHER.upper()),),
    ),
    "both": (
        (("---\n", NEW), ("old", "new")),
        (new(description="of c"), edit(("description",), "new")),
    ),
}
TO_NEW = ("old", "new")
BAD = {
    "nothing happened": ((), (edit(("description",), "new"),)),
    "another value": ((("old", "newer"),), (edit(("description",), "new"),)),
    "another property too": (
        (TO_NEW, ("Retries: 1", "Retries: 0")),
        (edit(("description",), "new"),),
    ),
    "another property goes": (
        (TO_NEW, (", maximumRetries: 1", "")),
        (edit(("description",), "new"),),
    ),
    "a whole configuration goes": (
        (TO_NEW, ("    callbackConfiguration: {timeoutDuration: PT1H}\n", "")),
        (edit(("description",), "new"),),
    ),
    "a configuration that is not null any more": (
        (("{timeoutDuration: PT1H}", "{}"),),
        (edit(("clientConfiguration", "maximumRetries"), 1),),
    ),
    "more than the member": (
        (("{timeoutInMilliseconds: 200, maximumRetries: 1}", "null"),),
        (edit(RETRIES, None),),
    ),
    "a null goes": ((TO_NEW, ("    description: null\n", "")), (edit(("description",), "new"),)),
    "a null comes": (
        (TO_NEW, ("Name: b\n", "Name: b\n    clientConfiguration: null\n")),
        (edit(("description",), "new"),),
    ),
    "a pin goes": ((TO_NEW, (f"    id: {PIN}\n", "")), (edit(("description",), "new"),)),
    "a pin changes": ((TO_NEW, (PIN, OTHER)), (edit(("description",), "new"),)),
    "a type changes": (
        (TO_NEW, (f'"{REQUEST}"\n    displayName: b', f'"{ASSIGNMENT}"\n    displayName: b')),
        (edit(("description",), "new"),),
    ),
    "an extension goes": (
        (
            TO_NEW,
            (f'  - "@odata.type": "{REQUEST}"\n    displayName: b\n    description: null\n', ""),
        ),
        (edit(("description",), "new"),),
    ),
    "a catalog goes": (
        (TO_NEW, ("---\ncatalog: Finance\nextensions: []\n", "")),
        (edit(("description",), "new"),),
    ),
    "a catalog has another name": (
        (TO_NEW, ("Finance", "Finances")),
        (edit(("description",), "new"),),
    ),
    "a new one that nobody meant": ((TO_NEW, ("---\n", NEW)), (edit(("description",), "new"),)),
    "a new one is missing": ((), (new(description="of c"),)),
    "a new one lacks something": (
        (("---\n", NEW),),
        (new(description="of c", clientConfiguration={"maximumRetries": 1}),),
    ),
    "a new one has something more": ((("---\n", NEW),), (new(),)),
    "a new one is of another type": (
        (("---\n", NEW.replace(ASSIGNMENT, REQUEST)),),
        (new(description="of c"),),
    ),
    "a new one is pinned": (
        (("---\n", NEW.replace("Name: c", f"Name: c\n    id: {OTHER}")),),
        (new(description="of c"),),
    ),
    "a new one in another catalog": (
        (
            (
                "extensions: []\n",
                "extensions:\n"
                + NEW.removesuffix("---\n").replace(
                    "description: of c",
                    "description: of c\n    endpointConfiguration: {subscriptionId:"
                    f" {SUBSCRIPTION}, resourceGroupName: rg, logicAppWorkflowName: la}}\n   "
                    ' authenticationConfiguration: {"@odata.type":'
                    ' "microsoft.graph.azureAdPopTokenAuthentication"}',
                ),
            ),
        ),
        (new(description="of c"),),
    ),
}
Story = tuple[tuple[tuple[str, str], ...], tuple[Adoption, ...]]


def proven(story: Story) -> bool:
    changes, adopted = story
    text = BEFORE
    for old, fresh in changes:
        assert old in text
        text = text.replace(old, fresh, 1)
    return only_adopted(declared(BEFORE), declared(text), adopted, FORMAT.kinds)


@pytest.mark.parametrize("story", GOOD.values(), ids=GOOD.keys())
def test_what_was_adopted_and_nothing_else_is_proven(story: Story) -> None:
    assert proven(story)


@pytest.mark.parametrize("story", BAD.values(), ids=BAD.keys())
def test_anything_else_is_seen(story: Story) -> None:
    assert not proven(story)


@pytest.mark.parametrize("number", [0, 1])
def test_of_two_that_are_pinned_under_one_name_each_is_looked_at(number: int) -> None:
    second = (
        f'  - "@odata.type": "{ASSIGNMENT}"\n    displayName: a\n    id: {OTHER}\n    description:'
        " old\n---\n"
    )
    before = BEFORE.replace("---\n", second)
    parts = before.split("old")
    after = f"{'old'.join(parts[: number + 1])}new{'old'.join(parts[number + 1 :])}"
    assert not only_adopted(declared(before), declared(after), [], FORMAT.kinds)
