"""Whatever a name holds, the usage shows it and nothing else happens, in each format."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from render_samples import HOSTILE_TEXT, because
from test_render_hostile import skeleton
from tiers import examples

from reconciler.model.objects import ObjectRef
from reconciler.model.plan import Use
from reconciler.model.usage import ScopeUsage, Usage, UsedObject
from reconciler.render.escape import mermaid_text, visible
from reconciler.render.formats import rendered_usage
from reconciler.render.mermaid import usage_mermaid
from reconciler.render.sentences import SENTENCES
from reconciler.render.titles import label
from reconciler.render.usage_markdown import TOO_LARGE, usage_markdown

WORDS = {**SENTENCES, "quoted": "{text}"}
quick = settings(max_examples=examples(60))

NAMES = [
    'a"b',
    "a]b",
    "a)b}c>d",
    "a`b``c",
    "```",
    "`markdown`",
    "a --> b",
    "a\n  end\n  evil --> x",
    "end",
    "subgraph",
    "style x fill:#f00;",
    "classDef x fill:#f00;",
    "click n1 href",
    "%% comment",
    "%%{init: {'securityLevel': 'loose'}}%%",
    "---\nconfig:\n---",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "&lt;b&gt; &#35; #35; #quot;",
    "\ufb02\u00b0\u00b060\u00b6\u00df",
    "\ufb02\u00b0lt\u00b6\u00dfimg src=x onerror=alert(1)\ufb02\u00b0gt\u00b6\u00df",
    "fa:fa-car",
    "$$x^2$$",
    "1. list",
    "- list",
    "# heading",
    "*bold* _it_ __b__ ~~s~~",
    "[x](javascript:alert(1))",
    "www.example.com https://example.com a@example.com",
    "a | b || c",
    "\u202eevil\u2066\u200f",
    "\x1b[31mred\x07\x00\r\t",
    "\u2028\u2029\x85\ufeff",
    "\ud800",
    "   ",
    " a  b ",
    "::error::x",
    "##[add-mask]x",
    "@octocat #1",
    "Zürich 日本語 🎉",
]


def usage_with(text: str) -> Usage:
    """A usage that has the text in every place where Graph can put one."""
    catalog = ObjectRef("catalog", "c", text)
    inside = (catalog, ObjectRef("access_package", "p", text))
    use = Use(ObjectRef("policy", "q", text), inside, ("settings", text))
    called = UsedObject(ObjectRef("extension", "1", text, text), text, (use,))
    uncalled = UsedObject(ObjectRef("extension", "2", text, text), text, ())
    unknown = UsedObject(ObjectRef("extension", "3", text, text), None, None, listed=False)
    return Usage(
        "extension",
        "catalog",
        (
            ScopeUsage(catalog, "complete", (called, uncalled)),
            ScopeUsage(catalog, "complete", (called, unknown), incomplete=text),
            ScopeUsage(ObjectRef("catalog", None, text), "absent", reason=because(text)),
        ),
    )


def rendered(text: str, form: str) -> str:
    return rendered_usage(usage_with(text), form, WORDS)


def hostile(test: Callable[[str], None]) -> Callable[[str], None]:
    """The test with every hostile name, and with more that Hypothesis makes of their parts."""
    given_any = given(HOSTILE_TEXT | st.lists(st.sampled_from(NAMES)).map("".join).filter(bool))
    wrapped = quick(given_any(test))
    for name in NAMES:
        wrapped = example(name)(wrapped)
    return wrapped


def decoded(label_text: str) -> str:
    """The label as Mermaid shows it: its codes are character references of HTML."""
    return html.unescape(re.sub(r"#(\d+);", r"&#\1;", label_text))


def drawn(picture: str) -> tuple[list[str], list[str]]:
    """The lines of the picture without their labels, and the labels."""
    lines = [re.sub(r'"[^"]*"', '""', line) for line in picture.split("\n")]
    return lines, re.findall(r'"([^"]*)"', picture)


@hostile
def test_a_name_does_not_change_the_picture(text: str) -> None:
    lines, _ = drawn(rendered(text, "mermaid"))
    assert lines == drawn(rendered("x", "mermaid"))[0]
    for line in lines:
        assert re.fullmatch(
            r'flowchart LR|  subgraph s\d+\[""\]|  end|'
            r'    n\d+(\[""\]|\[\[""\]\]|\(""\)|\(\[""\]\))|'
            r'    n\d+ (-->|-\.->|-->\|""\|) n\d+|',
            line,
        )


@hostile
def test_a_label_is_inert_and_is_read_as_the_name(text: str) -> None:
    shown = mermaid_text(text, 10_000)
    assert re.fullmatch(r"(?:[^\W_]|[ _/-]|#\d+;)*", shown)
    assert re.search(r"(?<![^\W_])[_/-]|[_/-](?![^\W_])|^ | $|  ", shown.replace(";", "a")) is None
    assert "\ufb02" not in shown
    assert decoded(shown) == visible(text).replace("\ufb02", "fl")


@hostile
def test_every_label_of_the_picture_is_the_name_or_ours(text: str) -> None:
    _, labels = drawn(rendered(text, "mermaid"))
    name = visible(label(text))
    short = name if len(name) <= 200 else f"{name[:200]}…"
    assert [decoded(each) for each in labels].count(short.replace("\ufb02", "fl")) >= 10


@hostile
def test_a_name_does_not_change_the_markdown(text: str) -> None:
    assert skeleton(rendered(text, "markdown")) == skeleton(rendered("x", "markdown"))
    assert [
        token.info
        for token in MarkdownIt("commonmark").parse(rendered(text, "markdown"))
        if token.type == "fence"
    ] == ["mermaid"]


@hostile
def test_a_name_adds_no_line_and_nothing_invisible(text: str) -> None:
    for form in ("text", "markdown", "json", "mermaid"):
        output = rendered(text, form)
        assert all(line.isprintable() for line in output.split("\n"))
        assert "##[" not in output
        assert not [line for line in output.split("\n") if line.lstrip().startswith("::")]
        assert output.count("\n") == rendered("x", form).count("\n")


@hostile
def test_json_means_what_was_said(text: str) -> None:
    said = json.loads(json.dumps(text))
    scope, *_ = json.loads(rendered(text, "json"))["catalogs"]
    used, *_ = scope["extensions"]
    assert (scope["display_name"], used["display_name"], used["target"]) == (said,) * 3
    (use,) = used["used_by"]
    if not text.isdecimal():
        assert (use["access_package"]["display_name"], use["stage"]) == (said, said)


def test_a_long_name_is_truncated_before_it_is_coded() -> None:
    assert mermaid_text('"' * 9, 3) == "#34;#34;#34;#8230;"


def test_a_secret_in_a_name_is_masked_in_the_picture() -> None:
    key = "aB3dE5gH7jK9mN1pQ3sT5vW7xY9z"
    picture = usage_mermaid(usage_with(f"https://x.logic.azure.com/?sig={key}"))
    assert key not in decoded(picture)
    assert "sig=***" in decoded(picture)


@pytest.mark.parametrize("count", [10, 300])
def test_a_picture_that_mermaid_would_not_draw_is_replaced_by_what_to_do(count: int) -> None:
    objects = [UsedObject(ObjectRef("extension", f"{n}", "x"), "y", ()) for n in range(count)]
    scope = ScopeUsage(ObjectRef("catalog", "c", "Big"), "complete", tuple(objects))
    shown = usage_markdown(Usage("extension", "catalog", (scope,)))
    assert (TOO_LARGE in shown) == ("```mermaid" not in shown) == (count == 300)
