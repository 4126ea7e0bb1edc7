"""Whatever was changed live: after `export --update` the plan is empty but for what was reported;
the rest stays.
"""

from __future__ import annotations

import copy
import difflib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from documents import FORMAT
from harness import Json
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from tenants import (
    SIG,
    Place,
    live_extensions,
    place,
    sound_extensions,
    sound_tenants,
    switches,
    tenants,
)
from tiers import examples

from reconciler.kinds.extension import EXTENSION
from reconciler.loader import load
from reconciler.model.fields import value_at
from reconciler.model.objects import Desired

STYLES = ["export", "files", "json", "indented json", "block", "flow", "long flow"]

CHANGES = st.sampled_from(["pins", "nulls"])

kinds = st.sampled_from([sound_extensions, sound_extensions, sound_extensions, live_extensions])


def in_style(style: str, documents: list[Json], exported: str) -> str:
    """The documents as one of several authors would have written them."""
    if style in ("export", "files"):
        return exported
    if style.endswith("json"):
        indent = 2 if style != "json" else None
        return "".join(
            f"---\n{yaml_json(json.dumps(one, indent=indent, ensure_ascii=False))}\n"
            for one in documents
        )
    flow = {"block": False, "flow": None, "long flow": True}[style]
    return yaml.safe_dump_all(
        documents,
        sort_keys=False,
        default_flow_style=flow,
        width=40 if style == "flow" else 10_000,
        allow_unicode=True,
    )


def yaml_json(text: str) -> str:
    """JSON that is YAML too: no pair of escapes for one character, and nothing raw that YAML does
    not allow.
    """
    return "".join(
        one if one.isprintable() or one == "\n" else f"\\U{ord(one):08x}" for one in text
    )


def commented(text: str, every: int) -> str:
    """The text with comments of somebody: on lines of their own, behind the head of a block, inside
    flow mappings.
    """
    places = list(comment_places(text))[::every]
    for number, (start, comment) in reversed(list(enumerate(places))):
        text = text[:start] + comment.format(number) + text[start:]
    return text


def comment_places(text: str) -> Iterator[tuple[int, str]]:
    """Where a comment can stand, and what it then looks like, in the order of the text."""
    collections: list[
        list[Any]
    ] = []  # each with whether it is a flow mapping, and the number of its events so far
    for met in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(met, yaml.CollectionEndEvent):
            collections.pop()
        if not isinstance(met, yaml.NodeEvent):
            continue
        start, column = met.start_mark.index, met.start_mark.column
        in_flow, seen = collections[-1] if collections else (False, 0)
        if in_flow and seen % 2 == 0:
            yield (
                start,
                (
                    f"# kept {{}}\n{' ' * (column + 2)}"
                    if seen
                    else f" # kept {{}}\n{' ' * (column + 2)}"
                ),
            )
        elif isinstance(met, yaml.ScalarEvent) and met.style in ("|", ">"):
            yield text.index("\n", start), " # kept {}"
        elif isinstance(met, yaml.ScalarEvent) and met.value == "extensions" and not column:
            yield start, "# kept {}\n"
        if collections:
            collections[-1][1] += 1
        if isinstance(met, yaml.CollectionStartEvent):
            collections.append(
                [isinstance(met, yaml.MappingStartEvent) and bool(met.flow_style), 0]
            )


def with_nulls(documents: list[Json]) -> list[Json]:
    """The documents with a default of null for each configuration that no extension there has."""
    for one in documents:
        for name in ("clientConfiguration", "callbackConfiguration"):
            if not any(name in part for part in (*one["extensions"], one.get("defaults", {}))):
                one.setdefault("defaults", {})[name] = None
    return documents


@st.composite
def edited(draw: st.DrawFn, held: list[Json]) -> list[Json]:
    """The same catalogs after somebody worked in them by hand."""
    after = copy.deepcopy(held)
    for number, catalog in enumerate(after):
        for one in catalog["inside"]:
            fresh = draw(draw(kinds)(one["id"]))
            fresh["@odata.type"] = one["@odata.type"]
            for name in draw(
                st.lists(st.sampled_from(sorted(set(fresh) - {"id", "@odata.type"})), max_size=3)
            ):
                one[name] = fresh[name]
        if draw(st.booleans()):
            catalog["inside"].append(draw(draw(kinds)(f"f{number:07}-0000-4000-8000-000000000000")))
        if catalog["inside"] and draw(st.integers(0, 5)) == 0:
            catalog["inside"].pop(0)
    return after


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[Json], list[Json]]:
    held = draw(tenants(catalogs=2) if draw(st.integers(0, 3)) == 0 else sound_tenants())
    return held, draw(edited(held))


def pinned(documents: list[Json], exported: str) -> list[Json]:
    """The documents with every extension pinned to its live id, so that a changed name
    is a rename.
    """
    ids = [line.split()[2] for line in exported.split("\n") if line.startswith("  # id ")]
    bodies = [body for one in documents for body in one["extensions"]]
    for body, live_id in zip(bodies, ids, strict=True):
        body["id"] = live_id
    return documents


def pending(reconciler: Place) -> tuple[list[Json], Json]:
    planned = reconciler("plan", "desired", "--format", "json")
    assert planned.code in (0, 4), planned.out + planned.err
    changes = planned.document["changes"]
    return [one for one in changes if one["action"] in ("update", "rename")], planned.document


@settings(max_examples=examples(40))
@given(
    stories(),
    switches(),
    st.sampled_from(STYLES),
    st.booleans(),
    st.sets(CHANGES),
    st.integers(1, 3),
)
def test_after_an_update_only_what_was_reported_differs(
    story: tuple[list[Json], list[Json]],
    chosen: list[str],
    style: str,
    windows: bool,
    changed: set[str],
    every: int,
) -> None:
    held, after = story
    with place(held, chosen) as reconciler:
        documents = reconciler("export", "--format", "json").document["documents"]
        exported = reconciler("export").out
        if not documents:
            return
        if changed and style in ("export", "files"):
            style = "block"
        documents = pinned(documents, exported) if "pins" in changed else documents
        documents = with_nulls(documents) if "nulls" in changed else documents
        text = commented(in_style(style, documents, exported), every)
        text = "\ufeff" + text.replace("\n", "\r\n") if windows else text
        file = reconciler.write("desired/all.yaml", text)
        differing, document = pending(reconciler)
        faithful = (differing, document["summary"]["blocked"]) == ([], 0)
        assert faithful or style not in ("export", "files"), "what was exported is what is live"
        assume(faithful)  # PyYAML and Windows do not agree on every line break
        reconciler.live(after)
        _, before = pending(reconciler)
        updated = reconciler("export", "--update", "desired", "--format", "json")
        edits, left_alone = updated.document["edits"], str(updated.document["diagnostics"])
        assert updated.code == (0 if before["complete"] else 4), updated.err
        new = file.read_bytes().decode()
        left, now = pending(reconciler)
        event(f"{style}: edits {bool(edits)}, left {bool(left)}")
        assert SIG not in updated.out + updated.err + new
        for change in left:
            for row in change["fields"]:
                if row["path"] == "/endpointConfiguration/url" and row["after"] is None:
                    # that of the former Logic App: no file declares it, and it goes with the names
                    continue
                assert f"{row['path'][1:]} is not updated in the file" in left_alone, (
                    row,
                    left_alone,
                )
        assert now["summary"]["blocked"] <= before["summary"]["blocked"]
        assert now["summary"]["create"] == before["summary"]["create"]
        kept_lines(text, new, gone=any(one["path"] and one["after"] is None for one in edits))
        as_reported(edits)
        again = reconciler("export", "--update", "desired")
        assert "0 added, 0 changed" in again.out
        assert file.read_bytes().decode() == new


def as_reported(edits: list[Json]) -> None:
    """The files declare now what the edits report."""
    loaded = load([Path("desired")], FORMAT)
    assert loaded.errors == ()
    names = {edit["extension"]["id"]: edit["extension"]["display_name"] for edit in edits}
    names |= {
        edit["extension"]["id"]: edit["after"] for edit in edits if edit["path"] == "/displayName"
    }
    for edit in edits:
        if edit["path"]:
            live_id, path = edit["extension"]["id"], tuple(edit["path"][1:].split("/"))
            [declared] = [
                desired
                for scope in loaded.scopes
                for desired in scope.objects
                if str(scope.parent) in edit["catalog"].values()
                and desired.ref.display_name == names[live_id]
                and desired.ref.id in (None, live_id)
            ]
            assert_declares(declared, path, edit["after"])


def assert_declares(declared: Desired, path: tuple[str, ...], after: Any) -> None:
    """The value of a leaf; of an object all of it, in canonical form."""
    if isinstance(after, dict):
        expected = EXTENSION.fields.canonical({path[0]: after})
        actual = {at: value for at, value in declared.properties.items() if at[0] == path[0]}
        assert actual == expected
    else:
        assert value_at(declared.properties, path) == after


def kept_lines(old: str, new: str, *, gone: bool) -> None:
    """Every comment is still there, but for what stood inside of what is gone; so are the mark and
    the line breaks.
    """
    comments, now = (re.findall("# kept [0-9]+", text) for text in (old, new))
    assert now == ([one for one in comments if one in now] if gone else comments)
    assert new.startswith("\ufeff") == old.startswith("\ufeff")
    assert ("\r\n" in new) == ("\r\n" in old)
    removed = [
        line for line in difflib.ndiff(old.split("\n"), new.split("\n")) if line.startswith("- #")
    ]
    assert removed == []
