"""However a file is written: after `with_given` the intended values differ, and no other byte."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from typing import Any

import yaml
from harness import REQUEST, SUBSCRIPTION, URL
from hypothesis import given, settings
from hypothesis import strategies as st
from tiers import examples

from reconciler.adopt.files import Files
from reconciler.adopt.given import Given, with_given
from reconciler.kinds.extension.fields import URL_PATH
from reconciler.model.environment import Environment
from tests.documents import FORMAT

HEAD = f"""\
defaults:
  authenticationConfiguration:
    "@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"
  endpointConfiguration: {{subscriptionId: {SUBSCRIPTION}, resourceGroupName: rg}}
extensions:
"""
OLD = URL.replace("0123", "9999")
URLS = (
    f"url: '{OLD}'",
    f'"url": "{OLD}"',
    f"url:   '{OLD}'",
    f"url: !!str '{OLD}'",
    f"url: '{URL}'",
    f"url: &u '{OLD}'",
    "url: '${url}'",
    f"url: !!str '{OLD}${{more}}'",
)
BLOCK_URLS = (
    f"url: {OLD}",
    f"url: {URL}",
    f"url: >-\n        {OLD}",
    f"url: |-\n        {OLD}",
    f"url:\n        {OLD}",
    f"url:  # why\n        '{OLD}'",
)
FIXED = ("&u", "${url}", "${more}")
"""An anchor and variables, which are never edited."""
COMMENTS = ("", "  # 😀 é", "  # url: https://x, }", "   ")


@st.composite
def endpoints(draw: st.DrawFn, number: int) -> str:
    """An endpointConfiguration in one of many styles, indented by 4."""
    name, comment = f"logicAppWorkflowName: la{number}", draw(st.sampled_from(COMMENTS))
    style = draw(st.sampled_from(("block", "flow", "long flow")))
    urls = URLS + (BLOCK_URLS if style == "block" else ())
    entries = [name, *draw(st.lists(st.sampled_from(urls), max_size=1))]
    entries = [each.replace("&u", f"&u{number}") for each in draw(st.permutations(entries))]
    if style == "block":
        lines = [f"      {entry}{comment if entry == name else ''}\n" for entry in entries]
        return f"    endpointConfiguration:{comment}\n{''.join(lines)}"
    if style == "flow":
        return f"    endpointConfiguration: {{{', '.join(entries)}}}{comment}\n"
    inside = ",\n".join(f"        {entry}" for entry in entries)
    end = draw(st.sampled_from((",\n      }", "\n      }", "}")))
    return f"    endpointConfiguration: {{{comment}\n{inside}{end}\n"


@st.composite
def declarations(draw: st.DrawFn, number: int) -> str:
    """An extension with comments."""
    end = draw(st.sampled_from(("", "    description: x  # end", "    # end")))
    return (
        f'  - "@odata.type": "{REQUEST}"{draw(st.sampled_from(COMMENTS))}\n'
        f"    displayName: '😀 {number}'\n{draw(endpoints(number))}{end}\n"
    )


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A file with one or two documents."""
    documents = []
    for number in range(draw(st.integers(1, 2))):
        items = [draw(declarations(each)) for each in range(draw(st.integers(1, 3)))]
        documents.append(f"catalog: Catalog {number}  # ü\n{HEAD}{''.join(items)}")
    start = draw(st.sampled_from(("", "---\n", "%YAML 1.1\n---\n", "# 😀\n\n")))
    text = start + draw(st.sampled_from(("---\n", "...\n---\n", "\n--- # next\n"))).join(documents)
    text = text.rstrip("\n") if draw(st.booleans()) else text + draw(st.sampled_from(("", "...\n")))
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


Span = tuple[int, int, int]
"""The start of the name `url`, and the start and end of its value."""


def spans(text: str) -> list[Span | None]:
    """Where the url of each declaration is, in their order; None without one."""
    documents = [node for node in yaml.compose_all(text, Loader=yaml.SafeLoader) if node.value]
    lists = [member(document, "extensions")[1] for document in documents]
    endpoints = [member(each, "endpointConfiguration")[1] for of in lists for each in of.value]
    return [url_span(text, member(each, "url")) for each in endpoints]


def member(node: yaml.Node, name: str) -> Any:
    """The name and the value of a member of a mapping."""
    return next((pair for pair in node.value if pair[0].value == name), None)


def url_span(text: str, pair: Any) -> Span | None:
    """The span of a member; the end of a block scalar is without its last line break."""
    if pair is None:
        return None
    name, value = pair
    start, end = value.start_mark.index, value.end_mark.index
    return name.start_mark.index, start, start + len(text[start:end].rstrip())


def without_values(text: str, before: Sequence[Span | None]) -> str:
    """The text without the values of the urls, and without the urls that were not there before."""
    for now, then in reversed(list(zip(spans(text), before, strict=True))):
        if now is not None and then is not None:
            text = text[: now[1]] + text[now[2] :]
        elif now is not None:
            line_break = "\r\n" if "\r\n" in text else "(?<!\r)\n"
            separator = re.search(rf"(?:{line_break} *|, )\Z", text[: now[0]])
            assert separator is not None, text
            text = text[: separator.start()] + text[now[2] :]
    return text


def with_urls(text: str, urls: Sequence[str | None]) -> Any:
    """The documents of a text with these urls, in their order; None leaves it as it is."""
    documents = [copy.deepcopy(each) for each in yaml.safe_load_all(text) if each]
    declared = [each for document in documents for each in document["extensions"]]
    for each, url in zip(declared, urls, strict=True):
        if url is not None:
            each["endpointConfiguration"]["url"] = url
    return documents


PROD = Environment("prod", variables={"url": OLD, "more": ""})
TEST = Environment("test", variables={"url": URL, "more": ""})


@settings(max_examples=examples(60))
@given(texts(), st.data())
def test_only_the_given_values_change(text: str, data: st.DataObject) -> None:
    files = Files({"a.yaml": text}, FORMAT, PROD, others=(TEST,))
    loaded = files.loaded(files.texts, PROD)
    assert loaded.errors == (), (text, loaded.errors)
    declared = [each for scope in files.declared(files.texts) for each in scope.objects]
    wanted = [data.draw(st.sampled_from((URL, URL.replace("manual", "a-b")))) for _ in declared]
    pairs = list(zip(declared, wanted, strict=True))
    values = [Given(each.source, URL_PATH, url) for each, url in pairs]
    result = with_given(files, values)
    new = result.texts.get("a.yaml", text)
    by_line = sorted(pairs, key=lambda pair: pair[0].source.line)
    left = {finding.place.line for finding in result.diagnostics if finding.place}
    urls = [None if each.source.line in left else url for each, url in by_line]
    assert with_urls(new, [None] * len(urls)) == with_urls(text, urls), (text, new)
    fixed = [text.count(each) for each in FIXED]
    assert [new.count(each) for each in FIXED] == fixed
    assert len(result.diagnostics) <= sum(fixed)
    before = spans(text)
    assert without_values(new, before) == without_values(text, before), (text, new)
