"""Policies as v1.0 answers them with everything expanded: what its metadata allows, and what a
service may add to it.

`policies` draws those that the product changes; `refused` has those that it must not write.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.policies.json_text import COMPACT, STYLES, Tree, parsed, written
from tests.policies.metadata import FILES, GRAPH, POLICY_TYPE
from tests.policies.values import ANY_NUMBER, TEXT, Draw, Values

Object = dict[str, Any]

CATALOG = "32efb28c-9a7a-446c-986b-ca6528c6669d"
PACKAGE = "9d4e1c7a-2b6f-4e3a-8c5d-1a2b3c4d5e06"
POLICY = "4c1f0a52-7e0b-4d55-9b9e-0f6f2f6f7a21"
REQUEST_TYPE = f"{GRAPH}accessPackageAssignmentRequestWorkflowExtension"
EXPIRY_TYPE = f"{GRAPH}accessPackageAssignmentWorkflowExtension"
TYPES = {
    "assignmentRequestCreated": REQUEST_TYPE,
    "assignmentRequestApproved": REQUEST_TYPE,
    "assignmentRequestGranted": REQUEST_TYPE,
    "assignmentRequestRemoved": REQUEST_TYPE,
    "assignmentFourteenDaysBeforeExpiration": EXPIRY_TYPE,
    "assignmentOneDayBeforeExpiration": EXPIRY_TYPE,
}
"""The stages, and the type of extension that each calls."""
SETTINGS = "customExtensionStageSettings"
TIMES = ("createdDateTime", "modifiedDateTime")

_NAMES = ("newMember", "isBackup", "überraschung", "a/b~c", "", "a.b", "1", "ID", "__proto__")
_LEAVES: st.SearchStrategy[Any] = (
    ANY_NUMBER | TEXT | st.booleans() | st.none() | st.builds(list) | st.builds(dict)
)
_UNDECLARED = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=2)
    ),
    max_leaves=4,
)
_ADDRESS = "https://graph.microsoft.com/v1.0/$metadata#policies/$entity"
_ANNOTATIONS = (
    ("@odata.context", _ADDRESS),
    ("newMember@odata.context", _ADDRESS),
    (f"{SETTINGS}@odata.context", _ADDRESS),
    ("@microsoft.graph.tips", "Use $select to choose only the properties your app needs"),
)
_MEMBER = (
    st.tuples(st.sampled_from(_NAMES), ANY_NUMBER)
    | st.tuples(st.sampled_from(_NAMES), _UNDECLARED)
    | st.sampled_from(_ANNOTATIONS)
)
_PLACE = st.integers(0, 1_000)
_ADDED = st.lists(st.tuples(_PLACE, _PLACE, _MEMBER), max_size=8)


@dataclass(frozen=True)
class Policy:
    """A policy as the text of an answer, and the tree of which it is the text."""

    text: str
    tree: Object

    @property
    def called(self) -> dict[str, list[str]]:
        """The ids of the extensions at each stage; an extension that is repeated, once."""
        stages: dict[str, list[str]] = {}
        for setting in self.tree[SETTINGS]:
            ids = stages.setdefault(setting["stage"], [])
            extension_id = (setting.get("customExtension") or {}).get("id")
            if extension_id is not None and extension_id not in ids:
                ids.append(extension_id)
        return stages


@st.composite
def policies(draw: Draw, *, additions: bool = True) -> Policy:
    """Policies that the product may change, with members and annotations that are not declared.

    With `additions` also enum values and derived types that are not.
    """
    return as_text(draw, declared(draw, additions=additions))


def as_text(draw: Draw, policy: Object) -> Policy:
    """The policy with undeclared members at any of its objects, in any style of writing JSON."""
    objects = list(objects_in(policy))
    for place, position, (name, value) in draw(_ADDED):
        _insert(objects[place % len(objects)], position, name, deepcopy(value))
    return Policy(written(policy, draw(st.sampled_from(STYLES))), policy)


def declared(draw: Draw, *, additions: bool = False) -> Object:
    """A policy with declared members in any order, everything expanded; `catalog` not always."""
    values = Values(draw, additions=additions)
    parts: Object = {
        "accessPackage": values.object(
            f"{GRAPH}accessPackage", id=PACKAGE, displayName="Campaign tools"
        ),
        "questions": values.array(f"{GRAPH}accessPackageQuestion", "id"),
        SETTINGS: _settings(draw, values),
    }
    if draw(st.booleans()):
        named = {"id": CATALOG, "displayName": "Marketing"}
        parts["catalog"] = values.object(f"{GRAPH}accessPackageCatalog", **named)
    policy = values.object(POLICY_TYPE, *TIMES, id=POLICY, displayName="Initial policy", **parts)
    return {name: policy[name] for name in draw(st.permutations(list(policy)))}


def setting(number: int, stage: str, extension: Object | None) -> Object:
    """One stage setting as it is read."""
    setting_id = f"60000000-0000-4000-8000-{number:012}"
    return {"id": setting_id, "stage": stage, "customExtension": deepcopy(extension)}


def extension_id(type_name: str, number: int) -> str:
    """The id of one of the extensions of this type that the policies call."""
    return f"5{int(type_name == EXPIRY_TYPE)}000000-0000-4000-8000-{number:012}"


def _settings(draw: Draw, values: Values) -> list[Object]:
    """Settings in any order; some are repeated, and a stage has one extension."""
    extensions: dict[str, Object] = {}
    for stage in draw(st.lists(st.sampled_from(list(TYPES)), max_size=3, unique=True)):
        extensions[stage] = _extension(draw, values, TYPES[stage])
    repeated = draw(st.lists(st.sampled_from(list(extensions)), max_size=2)) if extensions else []
    stages = [*extensions, *repeated]
    return [setting(number, stage, extensions[stage]) for number, stage in enumerate(stages)]


def _extension(draw: Draw, values: Values, type_name: str) -> Object:
    number = draw(st.integers(1, 2))
    named = {"id": extension_id(type_name, number), "displayName": f"{type_name[-30:]} {number}"}
    return values.object(type_name, "@odata.type", **named)


def objects_in(tree: Tree) -> Iterator[Object]:
    """Every object in the tree, outer ones first."""
    if isinstance(tree, dict):
        yield tree
    held = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    for value in held:
        yield from objects_in(value)


def _insert(holder: Object, position: int, name: str, value: Tree) -> None:
    """Adds a member at a position; a holder that has one of this name stays as it is."""
    if name in holder:
        return
    members = list(holder.items())
    members.insert(position % (len(members) + 1), (name, value))
    holder.clear()
    holder.update(members)


def policy_files() -> list[Path]:
    """The policies that were collected as examples; none where they are missing."""
    return sorted(FILES.glob("*.json"))


def policy_in(file: Path) -> Policy:
    """The policy of a file as a GET answers it: under the ids used here, with everything
    expanded.
    """
    body = parsed(file.read_bytes())
    answered = {
        "id": POLICY,
        **dict.fromkeys(TIMES, "2030-01-07T08:00:00.1234567Z"),
        **{name: value for name, value in body.items() if name != "id"},
        "accessPackage": {"id": PACKAGE, "displayName": "Campaign tools"},
    }
    for name in ("questions", SETTINGS):
        answered.setdefault(name, [])
    return Policy(written(answered, COMPACT), answered)
