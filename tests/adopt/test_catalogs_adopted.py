"""export --update and catalogs: the text of a mapping stays, but for a managed member that
drifted.
"""

from pathlib import Path

import pytest
from harness import FINANCE, MARKETING, CommandLine, Json, catalog, extension

FILE = Path("desired_state/a.yaml")
TEXT = """\
# Managed here.
catalog:   # by name
  displayName: Marketing
  description: old   # why
  isExternallyVisible: false
extensions: []
"""


def updated(reconciler: CommandLine, *texts: str, **members: object) -> tuple[list[str], str, str]:
    """The texts after an update to this state of the catalog, and what the command says."""
    whole = {**catalog(), "description": "old", "isExternallyVisible": False, **members}
    reconciler.seed(whole, {**catalog("General", FINANCE), "catalogType": "serviceDefault"})
    FILE.parent.mkdir()
    files = [FILE.with_name(f"{name}.yaml") for name, _ in zip("abc", texts, strict=False)]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text)
    ran = reconciler("export", "--update", "--sandbox")
    assert ran.code in (0, 4), ran.err
    return [file.read_text() for file in files], ran.out, ran.err


def test_what_is_as_declared_stays_as_it_is(reconciler: CommandLine) -> None:
    others = {"state": "unpublished"}  # which is not managed
    (text,), out, err = updated(reconciler, TEXT, **others)
    assert (text, err) == (TEXT, "")
    assert out == "Update: 0 added, 0 changed, 0 left as they are, 0 not live.\n"


@pytest.mark.parametrize(
    ("members", "edited"),
    [
        ({"description": "by hand"}, ("description: old", "description: by hand")),
        ({"description": None}, ("description: old", "description: null")),
        ({"isExternallyVisible": True}, ("Visible: false", "Visible: true")),
    ],
)
def test_a_member_that_drifted_is_edited_in_place(
    members: Json, edited: tuple[str, str], reconciler: CommandLine
) -> None:
    (text,), out, err = updated(reconciler, TEXT, **members)
    assert (text, err) == (TEXT.replace(*edited), "")
    assert "~ desired_state/a.yaml:" in out
    assert reconciler("plan", "--sandbox", "--detailed-exitcode").code == 0


def test_of_several_documents_the_one_that_declares_the_member_is_edited(
    reconciler: CommandLine,
) -> None:
    other = f"catalog: {{id: {MARKETING}, displayName: Marketing, state: published}}\n"
    texts, out, err = updated(reconciler, TEXT, other, state="unpublished")
    assert texts == [TEXT, other.replace("published", "unpublished")]
    assert (out.splitlines()[0], err) == (
        '~ desired_state/b.yaml:1: Marketing state: "published" -> "unpublished"',
        "",
    )


def test_of_the_chosen_catalog_alone_the_file_is_edited(reconciler: CommandLine) -> None:
    others = "catalog: {displayName: New, description: x}\n---\ncatalog: {displayName: General}\n"
    updated(reconciler, TEXT, others, description="by hand")
    FILE.write_text(TEXT)
    ran = reconciler("export", "--update", "--sandbox", "--catalog", "Marketing")
    assert FILE.read_text() == TEXT.replace("old", "by hand")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.endswith("Update: 0 added, 1 changed, 0 left as they are, 0 not live.\n")


def test_a_member_that_two_documents_declare_is_reported(reconciler: CommandLine) -> None:
    texts, out, err = updated(reconciler, TEXT, TEXT, description="by hand")
    assert texts == [TEXT, TEXT]
    assert "R308 warning" in err
    assert out.endswith("Update: 0 added, 0 changed, 1 left as they are, 0 not live.\n")


def test_a_pinned_catalog_gets_its_live_name(reconciler: CommandLine) -> None:
    pinned = f"catalog:\n  id: {MARKETING}\n  displayName: Campaigns # mine\n"
    (text,), out, err = updated(reconciler, pinned)
    assert (text, err) == (pinned.replace("Campaigns", "Marketing"), "")
    assert '"Campaigns" -> "Marketing"' in out


def test_a_catalog_that_is_not_live_stays_and_is_reported_once(reconciler: CommandLine) -> None:
    new = "catalog: {displayName: Campaigns}\nextensions: []\n"
    (text,), out, err = updated(reconciler, new)
    assert (text, err) == (new, "")
    assert out.splitlines()[0].startswith("! Campaigns (catalog) is declared and not live")
    assert out.endswith("0 left as they are, 1 not live.\n")


def test_the_built_in_catalog_is_reported(reconciler: CommandLine) -> None:
    built_in = "catalog: {displayName: General, description: mine}\n"
    (text,), _, err = updated(reconciler, built_in)
    assert text == built_in
    assert "the built-in catalog cannot be changed (description)" in err


def test_what_is_unmanaged_goes_to_a_document_of_its_catalog_by_the_new_name(
    reconciler: CommandLine,
) -> None:
    pinned = f"catalog: {{id: {MARKETING}, displayName: Campaigns}}\n"
    by_name = "catalog: Campaigns\nextensions: []\n"
    inside = [extension("by hand")]
    texts, out, err = updated(reconciler, pinned, by_name, customWorkflowExtensions=inside)
    assert texts[0] == pinned
    assert "displayName: by hand" in texts[1]
    assert "Update: 1 added, 0 changed, 1 left as they are, 0 not live." in out
    assert '"Campaigns": displayName is not updated in the file' in err
