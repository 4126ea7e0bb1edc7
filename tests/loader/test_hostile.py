"""Whatever a file holds, reading it ends soon, takes little memory, raises nothing and shows no secret."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.loader import load
from reconciler.loader.fault import printable, quoted

MIB = 1024 * 1024
ROOMY = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
BOMBS: dict[str, Callable[[], str]] = {
    "billion laughs": lambda: (
        "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 40))
    ),
    "long text repeated": lambda: f"a: &a {'x' * (MIB // 2)}\nextensions: [{', '.join(['*a'] * 50_000)}]\n",
    "deep flow lists": lambda: "catalog: " + "[" * 10_000,
    "deep block lists": lambda: "- " * 10_000,
    "deep flow mappings": lambda: "{a: " * 10_000,
    "deep through aliases": lambda: "".join(
        f"a{i}: &a{i} {'[' * 40}{f'*a{i - 1}' if i else ''}{']' * 40}\n" for i in range(60)
    ),
    "brackets only": lambda: "[" * MIB,
    "question marks": lambda: "? " * (MIB // 2),
    "many items": lambda: "[" + "a," * (MIB // 2 - 1) + "]",
    "many keys": lambda: "".join(f"k{i}: \n" for i in range(90_000)),
    "one key many times": lambda: "a: 1\n" * 49_000,
    "many tags": lambda: "- !x y\n" * 49_000,
    "many wrong extensions": lambda: "catalog: a\nextensions:\n" + "- {k: 1}\n" * 10_000,
    "many misspelled names": lambda: (
        "catalog: a\nextensions:\n" + "".join(f"- {{displayNme{i}: 1}}\n" for i in range(8_000))
    ),
    "many documents": lambda: "--- a\n" * 30_000,
    "long key": lambda: "? " + "k" * (MIB - 10) + "\n",
    "long name": lambda: f'catalog: "{"a" * (MIB - 100)}\\u0007"\nextensions: []\n',
    "long number": lambda: f"catalog: a\nextensions: [{{clientConfiguration: {{maximumRetries: {'9' * 900_000}}}}}]\n",
    "percent signs": lambda: (
        f"catalog: a\nextensions: [{{endpointConfiguration: {{url: 'https://a/{'%25' * 300_000}'}}}}]\n"
    ),
    "almost tokens": lambda: f"catalog: a{'-eyJ' * 250_000}\nextensions: 1\n",
    "almost bearers": lambda: f"catalog: 'a{'bearer ' * 140_000}'\nextensions: 1\n",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_bounded_in_time_and_memory(name: str, tmp_path: Path) -> None:
    file = tmp_path / "bomb.yaml"
    file.write_text(BOMBS[name]())
    started = time.process_time()
    state = load([file])
    assert time.process_time() - started < 6
    assert state.diagnostics
    assert state.catalogs == ()


@pytest.mark.parametrize("name", ["billion laughs", "long text repeated", "deep through aliases"])
def test_aliases_stop_at_the_limit(name: str, tmp_path: Path) -> None:
    file = tmp_path / "bomb.yaml"
    file.write_text(BOMBS[name]())
    tracemalloc.start()
    state = load([file])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [d.code for d in state.diagnostics] == ["R009"]
    assert peak < 64 * MIB


def test_a_nul_byte_has_a_place(tmp_path: Path) -> None:
    file = tmp_path / "nul.yaml"
    file.write_bytes(b"catalog: a\r\nextensions: [\x00]\n")
    [diagnostic] = load([file]).diagnostics
    assert diagnostic.place is not None
    assert (diagnostic.code, diagnostic.place.line, diagnostic.place.column) == ("R006", 2, 14)


@ROOMY
@given(content=st.binary(max_size=200))
def test_any_bytes_are_diagnosed_not_raised(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "any.yaml"
    file.write_bytes(content)
    load([file])


@ROOMY
@given(content=st.text(alphabet="ab:-?[]{}&*!|>'\"%@#, \n\t\\<~0", max_size=80))
def test_any_yaml_like_text_is_diagnosed_not_raised(content: str, tmp_path: Path) -> None:
    file = tmp_path / "any.yaml"
    file.write_text(content)
    load([file])


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
    st.sampled_from(
        ["#microsoft.graph.accessPackageAssignmentWorkflowExtension", "PT1H", "P1W", "https://[x", "https://a?sig=1"]
    ),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=5)),
    max_leaves=25,
)


@ROOMY
@given(tree=TREES, extensions=st.lists(TREES, max_size=3), defaults=TREES)
def test_any_tree_is_diagnosed_not_raised(
    tree: object, extensions: list[object], defaults: object, tmp_path: Path
) -> None:
    file = tmp_path / "any.yaml"
    documents = [tree, {"catalog": "a", "defaults": defaults, "extensions": extensions}]
    file.write_text(yaml.safe_dump_all(documents, allow_unicode=True), "utf-8")
    load([file])


SECRET = "q7Xh2mT9vL0aPz"
SECRETS = (
    f"https://h.example/x?sp=%2Ftriggers&sv=1.0&sig={SECRET}",
    f"sig={SECRET}",
    f"Bearer {SECRET}",
    f"eyJhbGciOiJ9.{SECRET}.{SECRET}",
)


@settings(ROOMY, max_examples=40)
@given(secret=st.sampled_from(SECRETS), name=NAMES, inner=NAMES, as_key=st.booleans(), padding=st.integers(0, 60))
def test_no_message_ever_shows_a_secret(
    secret: str, name: str, inner: str, as_key: bool, padding: int, tmp_path: Path
) -> None:
    file = tmp_path / "secret.yaml"
    text = "p" * padding + " " + secret
    extension = {
        "displayName": secret,
        name: {inner: text, "other": [text]} if not as_key else {text: inner},
        inner: text,
    }
    file.write_text(yaml.safe_dump({"catalog": text, "extensions": [extension, text], "defaults": {name: text}}))
    state = load([file])
    assert {"R205", "R208"} & {d.code for d in state.diagnostics}
    assert SECRET not in str(state)


@given(text=st.text())
def test_quoted_text_is_short_and_printable(text: str) -> None:
    shown = quoted(text)
    assert shown.isprintable()
    assert len(shown) <= 63
    assert printable(text).isprintable()
