"""Whatever a file holds, reading it ends soon, takes little memory, raises nothing and shows no
secret.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from documents import FORMAT
from tiers import sample

from reconciler.loader import load
from reconciler.loader.diagnostics import FAULTS
from reconciler.yaml import events
from reconciler.yaml.tree import PROPERTIES

MIB = 1024 * 1024
ROOT = Path(__file__).parents[2]


def names(count: int) -> str:
    return ", ".join(f"displayNme{i}: 1" for i in range(count))


BOMBS: dict[str, Callable[[], str]] = {
    "billion laughs": lambda: (
        "a0: &a0 [x, x]\n"
        + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 40))
    ),
    "long text repeated": lambda: (
        f"a: &a {'x' * (MIB // 2)}\nextensions: [{', '.join(['*a'] * 50_000)}]\n"
    ),
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
    "long number": lambda: (
        f"catalog: a\nextensions: [{{clientConfiguration: {{maximumRetries: {'9' * 900_000}}}}}]\n"
    ),
    "percent signs": lambda: (
        "catalog: a\nextensions: [{endpointConfiguration: {url:"
        f" 'https://a/{'%25' * 300_000}'}}}}]\n"
    ),
    "almost tokens": lambda: f"catalog: a{'-eyJ' * 250_000}\nextensions: 1\n",
    "almost bearers": lambda: f"catalog: 'a{'bearer ' * 140_000}'\nextensions: 1\n",
    "long line in a wrong place": lambda: f"catalog: [{'a' * (MIB - 100)}]\n",
    "long block text": lambda: "catalog: |\n" + " a\n" * (MIB // 3 - 10),
    "deep block mappings": lambda: "".join(f"{' ' * level}a:\n" for level in range(1_400)),
    "many anchors and aliases": lambda: "".join(f"- &a{i} b\n- *a{i}\n" for i in range(30_000)),
    "many aliases without anchor": lambda: "- *a\n" * 40_000,
    "many python tags": lambda: "- !!python/object/apply:os.system [id]\n" * 10_000,
    "many defaults for many extensions": lambda: (
        f"catalog: a\ndefaults: {{{names(1_500)}}}\nextensions: [{'{}, ' * 2_000}]\n"
    ),
    "many defaults in many configurations": lambda: (
        f"catalog: a\ndefaults: {{endpointConfiguration: {{{names(1_500)}}}}}\n"
        f"extensions: [{'{endpointConfiguration: {}}, ' * 2_000}]\n"
    ),
    "many defaults, but not too many": lambda: (
        f"catalog: a\ndefaults: {{{names(PROPERTIES)}}}\nextensions: [{'{}, ' * 20_000}]\n"
    ),
    "many misspelled names in one mapping": lambda: (
        f"catalog: a\nextensions: [{{{names(40_000)}}}]\n"
    ),
    "many extensions of one name": lambda: (
        "catalog: a\nextensions:\n" + "- {displayName: a}\n" * 15_000
    ),
    "many lines before a NUL byte": lambda: "\n" * (MIB - 1) + "\0",
    "many secrets that begin alike": lambda: (
        "".join(f"# sig={'x' * length}1\n" for length in range(11, 500)) + f"- {'x' * 300_000}\n"
    ),
    "a long secret, and a long text that begins alike": lambda: (
        f"# sig={'x' * 400_000}1\n- {'x' * 600_000}\n"
    ),
    "many secrets": lambda: "".join(f"- sig=abcdefg+/{i:06}z\n" for i in range(15_000)),
    "many percent signs": lambda: f"- {'%25' * 60_000}3dx\n- {'%3' * 60_000}\n",
    "many backslashes": lambda: "- " + "\\" * 120_000,
    "lines of which each has one escape": lambda: "- \\n\n" * 60_000,
    "many capitals": lambda: f"- {'A' * 300_000}\n- {'aB3' * 3}{'-AB3' * 90_000}\n",
    "tabs": lambda: "\t" * MIB,
    "many templates in one line": lambda: "[" + "{{a}}, " * 6_000 + "]",
    "a template in a line of open quotes": lambda: 'a: {{ x }} "' + r"\"" * 500_000,
    "many byte order marks": lambda: "a: 1\n" + "\ufeff# a\n" * 150_000 + "\ufeffb: 1\n",
    "many documents with byte order marks": lambda: "--- a\n" + "\ufeff--- a\n" * 15_000,
    "many surrogates": lambda: 'catalog: "' + r"\ud83d\ude80" * 40_000 + '"\n',
    "many halves of surrogate pairs": lambda: "[" + r'"\ud83d",' * 15_000 + "]",
}


QUICK = {
    "billion laughs",
    "long text repeated",
    "deep block lists",
    "deep flow mappings",
    "long number",
    "many defaults for many extensions",
    "many lines before a NUL byte",
    "many secrets that begin alike",
    "many surrogates",
}


@pytest.mark.parametrize("name", sample(BOMBS, QUICK.__contains__))
def test_a_bomb_is_bounded_in_time_and_memory(name: str, tmp_path: Path) -> None:
    file = tmp_path / "bomb.yaml"
    file.write_text(BOMBS[name]())
    started = time.process_time()
    state = load([file], FORMAT)
    assert time.process_time() - started < 20
    assert 0 < len(state.diagnostics) <= FAULTS + 1
    assert state.scopes == ()


@pytest.mark.parametrize("name", ["billion laughs", "long text repeated", "deep through aliases"])
def test_aliases_stop_at_the_limit(name: str, tmp_path: Path) -> None:
    file = tmp_path / "bomb.yaml"
    file.write_text(BOMBS[name]())
    tracemalloc.start()
    state = load([file], FORMAT)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [d.code for d in state.diagnostics] == ["R009"]
    assert peak < 64 * MIB


def test_a_mapping_holds_few_properties(tmp_path: Path) -> None:
    """So defaults and extensions do not multiply."""
    file = tmp_path / "wide.yaml"
    file.write_text(f"catalog: a\nextensions: []\ndefaults: {{{names(PROPERTIES)}}}\n")
    assert {d.code for d in load([file], FORMAT).diagnostics} == {"R101"}
    file.write_text(f"catalog: a\nextensions: []\ndefaults: {{{names(PROPERTIES + 1)}}}\n")
    [diagnostic] = load([file], FORMAT).diagnostics
    assert (diagnostic.code, diagnostic.message) == (
        "R009",
        f"The mapping has more than {PROPERTIES} properties.",
    )


def test_of_each_file_a_thousand_faults_are_told(tmp_path: Path) -> None:
    for name, faults in (("a.yaml", FAULTS), ("b.yaml", FAULTS + 2), ("c.yaml", 1)):
        (tmp_path / name).write_text("catalog: a\nextensions:\n" + "- 1\n" * faults)
    told = [
        (d.code, Path(d.place.file).name, d.place.line)
        for d in load([tmp_path], FORMAT).diagnostics
        if d.place
    ]
    expected = [
        ("R102", name, line) for name in ("a.yaml", "b.yaml") for line in range(3, FAULTS + 3)
    ]
    assert told == [*expected, ("R009", "b.yaml", FAULTS + 3), ("R102", "c.yaml", 3)]


def test_many_warnings_hide_no_error(tmp_path: Path) -> None:
    documents = "".join(f"--- {{catalog: c{i}, extensions: []}}\n" for i in range(FAULTS + 100))
    file = tmp_path / "many.yaml"
    file.write_text(documents)
    state = load([file], FORMAT)
    assert len(state.scopes) == FAULTS + 100
    assert {d.severity for d in state.diagnostics} == {"warning"} and len(
        state.diagnostics
    ) == FAULTS + 1
    url = "endpointConfiguration: {url: 'https://x.example/'}"
    named = "".join(f"  - {{displayName: e{i}, {url}}}\n" for i in range(FAULTS + 5))
    file.write_text(f"catalog: a\nextensions:\n{named}  - 1\n")
    state = load([file], FORMAT)
    assert state.faulty and state.scopes == ()
    assert {d.severity for d in state.diagnostics} == {"error"} and state.diagnostics[
        -1
    ].code == "R009"


LIMITED = """
import resource, sys
from reconciler.cli import run
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
sys.exit(run(["validate", sys.argv[1], "--format", "json"]))
"""


def test_a_hostile_folder_ends_with_exit_3_in_little_memory(tmp_path: Path) -> None:
    folder = tmp_path / "desired_state"
    folder.mkdir()
    for number, name in enumerate(
        ("billion laughs", "deep block lists", "many lines before a NUL byte", "many items")
    ):
        (folder / f"{number}.yaml").write_text(BOMBS[name]())
    (folder / "4.yaml").write_text(BOMBS["many defaults for many extensions"]())
    with (folder / "5.yaml").open("wb") as sparse:
        sparse.truncate(100 * MIB)
    (folder / "6.yaml").symlink_to("/dev/zero")
    (folder / "7.yaml").symlink_to("7.yaml")
    command = [sys.executable, "-c", LIMITED, str(folder)]
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert (ended.returncode, ended.stderr) == (3, "")
    told = [
        (Path(one["file"]).stem, one["code"]) for one in json.loads(ended.stdout)["diagnostics"]
    ]
    assert told == [
        ("0", "R009"),
        ("1", "R009"),
        ("2", "R006"),
        ("3", "R009"),
        ("4", "R009"),
        ("5", "R004"),
        ("6", "R003"),
        ("7", "R001"),
    ]


ODD: dict[str, tuple[bytes, list[tuple[str, int | None, int | None]]]] = {
    "NUL byte": (b"catalog: a\r\nextensions: [\x00]\n", [("R006", 2, 14)]),
    "UTF-16 without its mark": ("catalog: a\n".encode("utf-16-le"), [("R006", 1, 2)]),
    "UTF-32": ("catalog: a\n".encode("utf-32"), [("R005", None, None)]),
    "cut in a character": (b"catalog: a\xe2\x80", [("R005", 1, 11)]),
    "overlong encoding": (b"catalog: \xc0\xaf\n", [("R005", 1, 10)]),
    "bad byte after a carriage return": (b"catalog: a\r\xff", [("R005", 2, 1)]),
    "two byte order marks": (b"\xef\xbb\xbf\xef\xbb\xbfcatalog: a\n", [("R006", 1, 1)]),
    "byte order mark inside": ("catalog: a\n\ufeffextensions: []\n".encode(), [("R006", 2, 1)]),
    "noncharacter": ("catalog: a\ufffe\n".encode(), [("R006", 1, 11)]),
    "delete character": (b"catalog: a\x7f\n", [("R006", 1, 11)]),
    "lone surrogate as an escape": (b'catalog: a\nextensions: ["\\ud83d"]\n', [("R006", 2, 14)]),
    "escape past Unicode": (b'catalog: a\nextensions: ["\\UFFFFFFFF"]\n', [("R006", 2, 17)]),
    "control character as an escape": (b'catalog: "\\a"\nextensions: []\n', [("R105", 1, 10)]),
    "carriage returns alone": (b"catalog: a\rextensions: 1\r", [("R102", 2, 13)]),
    "line separators": ("catalog: a\u2028extensions: 1\u2029".encode(), [("R102", 2, 13)]),
    "line separator in a name": (
        "catalog: 'a\u2028b'\nextensions: []\n".encode(),
        [("R105", 1, 10)],
    ),
    "tab as indentation": (b"catalog: a\n\textensions: []\n", [("R006", 2, 1)]),
    "tabs between": (b"catalog:\ta\nextensions:\t[\t]\n", [("R312", 1, 1)]),
    "python tags": (
        b"catalog: !!python/name:os.system\nextensions: !!python/object/apply:os.system [id]\n",
        [("R008", 1, 10), ("R008", 2, 13)],
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_bytes_and_characters_have_a_place(name: str, tmp_path: Path) -> None:
    content, expected = ODD[name]
    file = tmp_path / "odd.yaml"
    file.write_bytes(content)
    assert [
        (d.code, d.place.line, d.place.column) for d in load([file], FORMAT).diagnostics if d.place
    ] == expected


@pytest.mark.parametrize("escape", ["\\U00110000", "\\UFFFFFFFF"])
def test_without_libyaml_an_impossible_escape_is_a_fault_too(
    escape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "LOADER", yaml.SafeLoader)
    file = tmp_path / "odd.yaml"
    file.write_text(f'catalog: "{escape}"\n')
    assert [d.code for d in load([file], FORMAT).diagnostics] == ["R006"]
