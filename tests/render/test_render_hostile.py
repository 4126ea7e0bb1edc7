"""Whatever Graph or a file supplies, it is shown and does nothing."""

import json
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from render_samples import DRIFT, EMPTY, HOSTILE_TEXT, WORDING, outcomes_with, plan_with
from tiers import examples

from reconciler.model.plan_document import plan_document
from reconciler.model.secrets import mask
from reconciler.render.escape import code_span, fence_for, json_value, visible
from reconciler.render.github import diagnostics_github, outcomes_github, plan_github
from reconciler.render.json_document import apply_document, diagnostics_document, to_json
from reconciler.render.markdown import plan_markdown, summary_markdown
from reconciler.render.markdown_tables import diagnostics_markdown, outcomes_markdown
from reconciler.render.sarif import diagnostics_sarif
from reconciler.render.text import diagnostics_text, outcomes_text, plan_text, summary_text, wrapped

Render = Callable[[str], str]
CONCLUSION = ["Found 1 error."]

TEXT: dict[str, Render] = {
    "plan": lambda text: plan_text(plan_with(text), DRIFT),
    "wrapped": lambda text: wrapped(plan_text(plan_with(text), WORDING), 10_000_000),
    "summary": lambda text: summary_text(plan_with(text)),
    "apply": lambda text: outcomes_text(plan_with(text), outcomes_with(text), WORDING),
    "validate": lambda text: diagnostics_text(plan_with(text).diagnostics, CONCLUSION),
}
MARKDOWN: dict[str, Render] = {
    "plan": lambda text: plan_markdown(plan_with(text), wording=DRIFT),
    "summary": lambda text: summary_markdown(plan_with(text)),
    "apply": lambda text: outcomes_markdown(plan_with(text), outcomes_with(text), WORDING),
    "validate": lambda text: diagnostics_markdown(plan_with(text).diagnostics, CONCLUSION),
}
GITHUB: dict[str, Render] = {
    "plan": lambda text: plan_github(plan_with(text), DRIFT),
    "apply": lambda text: outcomes_github(plan_with(text), outcomes_with(text), WORDING),
    "validate": lambda text: diagnostics_github(plan_with(text).diagnostics, CONCLUSION),
}
JSON: dict[str, Render] = {
    "plan": lambda text: to_json(plan_document(plan_with(text))),
    "apply": lambda text: to_json(apply_document(plan_with(text), outcomes_with(text))),
    "validate": lambda text: to_json(diagnostics_document(plan_with(text).diagnostics)),
    "sarif": lambda text: diagnostics_sarif(plan_with(text).diagnostics, "0.1.0"),
}

parser = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")
quick = settings(max_examples=examples(60))


def all_renderings(text: str) -> Iterator[str]:
    for group in (TEXT, MARKDOWN, GITHUB, JSON):
        for render in group.values():
            yield render(text)


@settings(max_examples=examples(12))
@given(
    HOSTILE_TEXT,
    st.text("aBcDeFgHiJkLmNoPqRsTuVwXyZ", min_size=40, max_size=40),
    st.lists(st.sampled_from([quote, json.dumps]), max_size=3),
    st.sampled_from(["&sig=", "code=", " "]),
)
@example("x" * 50, "aB" * 20, [quote, quote, json.dumps], "&sig=")
def test_no_output_shows_a_key_at_any_depth_of_encoding(
    text: str, letters: str, layers: list[Callable[[str], str]], before: str
) -> None:
    key = "".join(
        f"{pair}{number % 10}"
        for number, pair in enumerate(map("".join, zip(letters, letters[::-1], strict=True)))
    )
    held = f"{before}x1Y2{key}"
    for layer in layers:
        held = layer(held)
    shown = "".join(
        map(mask, all_renderings(f"{text} {held} {text}"))
    )  # as everything that is printed or saved
    assert not any(piece in shown for piece in (key[:15], key[30:45], key[-15:]))


@quick
@given(HOSTILE_TEXT)
def test_no_output_holds_a_character_that_does_not_show(text: str) -> None:
    for output in all_renderings(text):
        assert all(line.isprintable() for line in output.split("\n"))
        assert output.endswith("\n")


@quick
@example(" ::error::x")
@example("###[add-mask]x")
@given(HOSTILE_TEXT)
def test_no_line_of_any_output_is_a_command_that_was_not_meant(text: str) -> None:
    for output in all_renderings(text):
        assert "##[" not in output
    for group in (TEXT, MARKDOWN, JSON):
        for render in group.values():
            assert not [line for line in render(text).split("\n") if line.lstrip().startswith("::")]


@quick
@given(HOSTILE_TEXT)
def test_a_text_adds_no_line(text: str) -> None:
    for group in (TEXT, GITHUB, JSON):
        for render in group.values():
            assert render(text).count("\n") == render("x").count("\n")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[object] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append((tag, attrs))

    def handle_endtag(self, tag: str) -> None:
        self.seen.append(f"/{tag}")

    def handle_comment(self, data: str) -> None:
        self.seen.append(f"<!--{data}")


def tags(block: str) -> list[object]:
    reader = _Tags()
    reader.feed(block)
    return reader.seen


def skeleton(markdown: str) -> list[object]:
    """What the Markdown is made of, without the words."""
    return [
        (
            (token.type, token.info, tags(token.content) if token.type == "html_block" else None)
            if token.children is None
            else [child.type for child in token.children]
        )
        for token in parser.parse(markdown)
    ]


@quick
@example("` | ``` </details> <!-- \\")
@example("\\| a")
@given(HOSTILE_TEXT)
def test_markdown_is_built_the_same_whatever_the_words(text: str) -> None:
    for render in MARKDOWN.values():
        assert skeleton(render(text)) == skeleton(render("x"))


@pytest.mark.parametrize("name", MARKDOWN)
@pytest.mark.parametrize(
    "text", ["@octocat", "#1", "GH-1", "https://evil.example", "a@b.example", "a" * 40]
)
def test_what_github_would_link_stands_in_code(name: str, text: str) -> None:
    plain = [
        child.content
        for token in parser.parse(MARKDOWN[name](text))
        for child in token.children or ()
        if child.type == "text"
    ]
    assert not [content for content in plain if text in content]


@quick
@example(" ")
@given(HOSTILE_TEXT)
def test_a_code_span_shows_exactly_the_visible_text(text: str) -> None:
    (inline,) = [token for token in parser.parse("at " + code_span(text)) if token.children]
    assert [child.content for child in inline.children or ()][1:] == [visible(text)]


@quick
@example("```")
@example("   ````")
@given(HOSTILE_TEXT)
def test_a_fence_ends_only_after_its_content(text: str) -> None:
    content = f"{visible('+ ' + text)}\n{visible(text)}"
    fence = fence_for(content)
    (token,) = parser.parse(f"{fence}diff\n{content}\n{fence}")
    assert (token.type, token.info) == ("fence", "diff")
    assert token.content == f"{content}\n"


def run_command(line: str) -> tuple[str, dict[str, str], str] | None:
    """What the runner makes of a line of the log (actions/runner, ActionCommand.TryParseV2)."""
    line = line.lstrip()
    end = line.find("::", 2)
    if not line.startswith("::") or end < 0:
        return None
    name, _, listed = line[2:end].partition(" ")
    properties = dict(pair.split("=", 1) for pair in listed.strip().split(",") if "=" in pair)
    return (
        name,
        {key: unescaped(value, ":,") for key, value in properties.items()},
        unescaped(line[end + 2 :], ""),
    )


def unescaped(text: str, more: str) -> str:
    for char in "\r\n" + more + "%":
        text = text.replace(f"%{ord(char):02X}", char)
    return text


@quick
@given(HOSTILE_TEXT)
def test_a_workflow_command_carries_the_words_and_obeys_none(text: str) -> None:
    for render in GITHUB.values():
        hostile, benign = (
            [run_command(line) for line in render(one).split("\n")] for one in (text, "x")
        )
        assert [one and (one[0], len(one[2].split("\n"))) for one in hostile] == [
            one and (one[0], len(one[2].split("\n"))) for one in benign
        ]
        for command in filter(None, hostile):
            assert command[0] in {"error", "warning", "notice"}
            assert set(command[1]) <= {"file", "line", "col", "title"}
            assert command[1].get("file", "").strip() in {"", visible(text).strip()}


def test_the_escapes_of_a_workflow_command_are_those_of_github() -> None:
    finding = plan_with("50%, a:b\r\nc").diagnostics
    line, *_ = diagnostics_github(finding, CONCLUSION).split("\n")
    assert (
        line
        == r"::warning file=50%25%2C a%3Ab\r\nc,line=3,col=1,title=R301::50%25, a:b\r\nc%0AHint:"
        r" 50%25, a:b\r\nc"
    )


@quick
@given(HOSTILE_TEXT)
def test_json_is_valid_and_means_what_was_said(text: str) -> None:
    for render in JSON.values():
        json.loads(render(text))
    # Two lone halves side by side become one character in JSON, whoever writes it.
    said = json.loads(json.dumps(text))
    assert json.loads(json_value(text)) == said
    assert json.loads(JSON["plan"](text))["changes"][0]["reason"]["text"] == said


@quick
@example("\x80\U00018cd6\U0001089f\U00018cd6")
@given(HOSTILE_TEXT)
def test_escaping_twice_changes_nothing(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\tc\rd", r"a\nb\tc\rd"),
        ("\x1b[31m\x7f\x9b", r"\x1b[31m\x7f\x9b"),
        ("\u202eevil\u2066\u200b\u2028\ufeff", r"\u202eevil\u2066\u200b\u2028\ufeff"),
        ("\ud800", r"\ud800"),
        ("\U000e0041\ue000\u3164\ufe0f", r"\U000e0041\ue000\u3164\ufe0f"),
        ("a\xa0b", r"a\xa0b"),
        ("a\u3164b\ufe0f", r"a\u3164b\ufe0f"),
        ("##[add-mask]x", r"\x23#[add-mask]x"),
        ("Grüße, 日本語 🎉 \\", "Grüße, 日本語 🎉 \\"),
    ],
)
def test_what_does_not_show_as_itself_is_escaped(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_sarif_locates_by_an_encoded_relative_address_and_has_no_links() -> None:
    document = json.loads(
        diagnostics_sarif(plan_with("a b/[x](http://evil)ö\ud800").diagnostics, "0.1.0")
    )
    (run,) = document["runs"]
    (result,) = run["results"]
    location = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", location["uri"])
    assert location["uri"].startswith("a%20b/%5Bx%5D%28http%3A//")
    assert "](" not in result["message"]["text"]
    assert result["ruleId"] in {rule["id"] for rule in run["tool"]["driver"]["rules"]}


def test_the_empty_plan_has_nothing_to_hide() -> None:
    assert plan_github(EMPTY).startswith("No changes.")
