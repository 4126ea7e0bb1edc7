"""Whatever was changed live: after `export --update` the plan is empty but for what was reported; the rest stays."""

from __future__ import annotations

import copy
import difflib
import json

import yaml
from harness import Json
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from tenants import SIG, Place, live_extensions, place, sound_extensions, sound_tenants, switches, tenants

STYLES = ["export", "files", "json", "indented json", "block", "flow", "long flow"]

kinds = st.sampled_from([sound_extensions, sound_extensions, sound_extensions, live_extensions])


def in_style(style: str, documents: list[Json], exported: str) -> str:
    """The documents as one of several authors would have written them."""
    if style in ("export", "files"):
        return exported
    if style.endswith("json"):
        indent = 2 if style != "json" else None
        return "".join(f"---\n{yaml_json(json.dumps(one, indent=indent, ensure_ascii=False))}\n" for one in documents)
    flow = {"block": False, "flow": None, "long flow": True}[style]
    return yaml.safe_dump_all(
        documents, sort_keys=False, default_flow_style=flow, width=40 if style == "flow" else 10_000, allow_unicode=True
    )


def yaml_json(text: str) -> str:
    """JSON that is YAML too: no pair of escapes for one character, and nothing raw that YAML does not allow."""
    return "".join(one if one.isprintable() or one == "\n" else f"\\U{ord(one):08x}" for one in text)


def commented(text: str, every: int) -> str:
    """The text with comments of somebody on lines of their own, where no text of several lines can be."""
    lines = []
    for number, line in enumerate(text.splitlines(keepends=True)):
        if number % every == 0 and line.lstrip().startswith(("- ", "catalog:", "extensions:")) and '"' not in line:
            lines.append(f"# kept {number}\n")
        lines.append(line)
    return "".join(lines)


@st.composite
def edited(draw: st.DrawFn, held: list[Json]) -> list[Json]:
    """The same catalogs after somebody worked in them by hand."""
    after = copy.deepcopy(held)
    for number, catalog in enumerate(after):
        for one in catalog["inside"]:
            fresh = draw(draw(kinds)(one["id"]))
            fresh["@odata.type"] = one["@odata.type"]
            for name in draw(st.lists(st.sampled_from(sorted(set(fresh) - {"id", "@odata.type"})), max_size=3)):
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
    """The documents with every extension pinned to its live id, so that a changed name is a rename."""
    ids = [line.split()[2] for line in exported.split("\n") if line.startswith("  # id ")]
    bodies = [body for one in documents for body in one["extensions"]]
    for body, live_id in zip(bodies, ids, strict=True):
        body["id"] = live_id
    return documents


def pending(reconciler: Place, before: bool = False) -> tuple[list[Json], Json]:
    planned = reconciler("plan", "desired", "--format", "json")
    assert planned.code in (0, 4), planned.out + planned.err
    changes = planned.document["changes"]
    return [one for one in changes if one["action"] in ("update", "rename")], planned.document


@settings(max_examples=60)
@given(stories(), switches(), st.sampled_from(STYLES), st.booleans(), st.booleans(), st.integers(1, 3))
def test_after_an_update_only_what_was_reported_differs(
    story: tuple[list[Json], list[Json]], chosen: list[str], style: str, windows: bool, pins: bool, every: int
) -> None:
    held, after = story
    with place(held, chosen) as reconciler:
        documents = reconciler("export", "--format", "json").document["documents"]
        exported = reconciler("export").out
        if not documents:
            return
        if pins:
            documents, style = pinned(documents, exported), style if style not in ("export", "files") else "block"
        text = commented(in_style(style, documents, exported), every)
        text = "\ufeff" + text.replace("\n", "\r\n") if windows else text
        file = reconciler.write("desired/all.yaml", text)
        differing, document = pending(reconciler)
        faithful = (differing, document["summary"]["blocked"]) == ([], 0)
        assert faithful or style not in ("export", "files"), "what was exported is what is live"
        assume(faithful)  # PyYAML and Windows do not agree on every line break
        reconciler.live(after)
        _, before = pending(reconciler)
        updated = reconciler("export", "--update", "desired")
        assert updated.code == (0 if before["complete"] else 4), updated.err
        new = file.read_bytes().decode()
        left, now = pending(reconciler)
        event(f"{style}: edits {'~ ' in updated.out}, left {bool(left)}")
        assert SIG not in updated.out + updated.err + new
        for change in left:
            for row in change["fields"]:
                assert f"{row['path'][1:]} stays as it is in the file" in updated.err, (row, updated.err)
        assert now["summary"]["blocked"] <= before["summary"]["blocked"]
        assert now["summary"]["create"] == before["summary"]["create"]
        kept_lines(text, new)
        again = reconciler("export", "--update", "desired")
        assert "0 added, 0 changed" in again.out
        assert file.read_bytes().decode() == new


def kept_lines(old: str, new: str) -> None:
    """Every comment is still there, and so are the mark and the line breaks."""
    comments = [line for line in old.split("\n") if line.startswith("# kept")]
    assert [line for line in new.split("\n") if line.startswith("# kept")] == comments
    assert new.startswith("\ufeff") == old.startswith("\ufeff")
    assert ("\r\n" in new) == ("\r\n" in old)
    removed = [line for line in difflib.ndiff(old.split("\n"), new.split("\n")) if line.startswith("- #")]
    assert removed == []
