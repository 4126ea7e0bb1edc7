"""Whatever a file holds, it is diagnosed and not raised: known codes, places inside the file, short
printable texts.
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
from documents import FORMAT
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.loader import LoadedState, load
from reconciler.loader.diagnostics import FAULTS
from reconciler.model.diagnostic import CODES
from reconciler.model.fault import SHOWN_CHARACTERS, printable, quoted
from reconciler.model.learned import forget_learned

ROOT = Path(__file__).parents[2]
EXAMPLES = [
    file.read_text("utf-8")
    for folder in ("tests/schemas/valid", "desired_state")
    for file in sorted((ROOT / folder).glob("*.yaml"))
]
LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""What ends a line in YAML 1.1; for a file that is no text at all, only the first two count."""

NAMES = st.sampled_from(
    [
        "catalog",
        "defaults",
        "extensions",
        "value",
        "id",
        "displayName",
        "description",
        "@odata.type",
        "<<",
        "other",
        "endpointConfiguration",
        "url",
        "subscriptionId",
        "resourceGroupName",
        "authenticationConfiguration",
        "resourceId",
        "clientConfiguration",
        "maximumRetries",
        "timeoutInMilliseconds",
        "callbackConfiguration",
        "timeoutDuration",
        "durationBeforeTimeout",
    ]
)
LEAVES = st.one_of(
    st.none(),
    st.integers(),
    st.booleans(),
    st.floats(),
    st.text(max_size=8),
    st.dates(),
    st.sampled_from(
        [
            "#microsoft.graph.accessPackageAssignmentWorkflowExtension",
            "#microsoft.graph.azureAdTokenAuthentication",
            "PT1H",
            "P1W",
            "PT0.000000000001S",
            "https://[x",
            "https://a:99999999",
            "https://a?sig=1",
            "\u202e\x07",
        ]
    ),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=5)),
    max_leaves=25,
)
FRAGMENTS = st.one_of(
    st.text(alphabet="ab:-?[]{}&*!|>'\"%@#, \n\t\\<~0", max_size=6),
    st.sampled_from(
        [
            "&a ",
            "*a",
            "<<: *a",
            "!!python/object:os.system ",
            "!!binary ",
            "!secret ",
            "\n--- ",
            "\n... ",
            "\n%YAML 1.1\n",
            "[[[[",
            "? ",
            "|2-\n",
            "\r",
            "\u2028",
            "\x85",
            "\ufeff",
            "\x00",
            '"\\ud800"',
            '"\\ud83d\\ude80"',
            "\\ud83d",
            "\n\ufeff--- ",
            "\n---\n\ufeff",
            "{{ x }}",
            "{% x %}",
            "\n=======\n",
            '"\\x00"',
            "null",
            "  ",
            "value:\n  ",
        ]
    ),
)


OF_A_FILE = {"R005", "R312"}
"""Findings about a file as a whole, which have no line."""


def judged(content: bytes, folder: Path) -> LoadedState:
    """What `load` makes of a file with this content, after judging every diagnostic."""
    file = folder / "any.yaml"
    file.write_bytes(content)
    forget_learned()
    state = load([folder], FORMAT)
    forget_learned()
    assert load([folder], FORMAT) == state
    assert not (state.scopes and state.faulty)
    assert len(state.diagnostics) <= FAULTS + 1
    text = content.decode("utf-8-sig", "replace")
    for diagnostic in state.diagnostics:
        assert diagnostic.code in CODES
        for shown in (diagnostic.message, diagnostic.hint):
            assert shown.isprintable() and 0 < len(shown) < SHOWN_CHARACTERS + 200
        place = diagnostic.place
        assert place is not None and place.file.endswith("/any.yaml")
        if place.line is None:
            assert diagnostic.code in OF_A_FILE and place.column is None
            continue
        lines = (
            re.split("\r\n|[\r\n]", text) if diagnostic.code == "R005" else LINE_BREAK.split(text)
        )
        lines.append("")  # libyaml names the line after the last where the file ends too soon
        assert 1 <= place.line <= len(lines)
        assert place.column is not None and 1 <= place.column <= len(lines[place.line - 1]) + 1
    return state


@given(content=st.binary(max_size=300))
def test_any_bytes(content: bytes, tmp_path: Path) -> None:
    judged(content, tmp_path)


@settings(max_examples=200)
@given(content=st.text(alphabet="ab:-?[]{}&*!|>'\"%@#, \n\t\\<~0\r\x85\u2028\ufeff", max_size=80))
@example(content="\x85\ufeff*")
def test_any_yaml_like_text(content: str, tmp_path: Path) -> None:
    judged(content.encode(), tmp_path)


@settings(max_examples=80)
@given(tree=TREES, extensions=st.lists(TREES, max_size=3), defaults=TREES)
def test_any_tree(tree: object, extensions: list[object], defaults: object, tmp_path: Path) -> None:
    documents = [tree, {"catalog": "a", "defaults": defaults, "extensions": extensions}]
    judged(yaml.safe_dump_all(documents, allow_unicode=True).encode(), tmp_path)


@settings(max_examples=150)
@given(data=st.data(), example=st.sampled_from(EXAMPLES))
def test_examples_with_other_text_spliced_in(
    data: st.DataObject, example: str, tmp_path: Path
) -> None:
    places = sorted(
        data.draw(st.lists(st.integers(0, len(example)), min_size=2, max_size=8), "places")
    )
    spliced = example[: places[0]]
    for number, (start, end) in enumerate(pairwise([*places, len(example)])):
        kept = example[start:end] if number % 2 else example[start : start + (end - start) // 2]
        spliced += data.draw(FRAGMENTS, "fragment") + kept
    judged(spliced.encode(), tmp_path)


@settings(max_examples=150)
@given(data=st.data(), example=st.sampled_from(EXAMPLES))
def test_examples_with_other_values_put_in(
    data: st.DataObject, example: str, tmp_path: Path
) -> None:
    """A value put in twice is dumped as an anchor and an alias."""
    documents = list(yaml.safe_load_all(example)) or [{}]
    odd = data.draw(TREES, "odd")
    for holder, place in data.draw(
        st.lists(st.sampled_from(_places(documents)), min_size=1, max_size=3), "places"
    ):
        if isinstance(holder, dict) and data.draw(st.booleans(), "remove"):
            holder.pop(place, None)
        else:
            holder[place] = odd
    judged(yaml.safe_dump_all(documents, allow_unicode=True, sort_keys=False).encode(), tmp_path)


def _places(holder: Any) -> list[tuple[Any, Any]]:
    """Every list and mapping with each of its indices or names."""
    found = []
    for place, value in enumerate(holder) if isinstance(holder, list) else holder.items():
        found.append((holder, place))
        if isinstance(value, list | dict):
            found += _places(value)
    return found


def test_the_examples_are_free_of_faults(tmp_path: Path) -> None:
    assert len(EXAMPLES) > 10
    for text in EXAMPLES:
        assert judged(text.encode(), tmp_path).errors == ()


SECRET = "q7Xh2mT9vL0aPz"
SECRETS = (
    f"https://h.example/x?sp=%2Ftriggers&sv=1.0&sig={SECRET}",
    f"sig={SECRET}",
    f"Bearer {SECRET}",
    f"eyJhbGciOiJ9.{SECRET}.{SECRET}",
)


@settings(max_examples=40)
@given(
    secret=st.sampled_from(SECRETS),
    name=NAMES,
    inner=NAMES,
    as_key=st.booleans(),
    padding=st.integers(0, 60),
)
def test_no_message_ever_shows_a_secret(
    secret: str, name: str, inner: str, as_key: bool, padding: int, tmp_path: Path
) -> None:
    text = "p" * padding + " " + secret
    extension = {
        "displayName": secret,
        name: {inner: text, "other": [text]} if not as_key else {text: inner},
        inner: text,
    }
    document = {"catalog": text, "extensions": [extension, text], "defaults": {name: text}}
    state = judged(yaml.safe_dump(document).encode(), tmp_path)
    assert {"R205", "R208"} & {d.code for d in state.diagnostics}
    assert SECRET not in str(state)


@given(text=st.text())
def test_quoted_text_is_short_and_printable(text: str) -> None:
    shown = quoted(text)
    assert shown.isprintable()
    assert len(shown) <= SHOWN_CHARACTERS + 3
    assert printable(text).isprintable()
