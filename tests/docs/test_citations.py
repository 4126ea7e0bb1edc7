"""What code and pages cite is in the repository: sections of pages, decisions, and no document that
readers lack.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from doc_pages import ADRS, ROOT, headings, plain, rows, section

FOLDERS = ("reconciler", "docs", ".github", "tests", "benchmarks")
CITING = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *(
        file
        for folder in FOLDERS
        for kind in ("*.py", "*.md")
        for file in sorted((ROOT / folder).rglob(kind))
    ),
]
CITING = [file for file in CITING if file not in (Path(__file__), ROOT / "tests/docs/test_docs.py")]

NUMBERS = r"§\d+(?:\.\d+)*(?:(?:,| and|, and)\s+§\d+(?:\.\d+)*)*"
OWN = re.compile(rf"(docs/[\w/-]+\.md)\s+({NUMBERS})")
STANDARD = re.compile(rf"(?:RFC \d+|YAML 1\.2\.2|SARIF 2\.1\.0)\s+({NUMBERS})")
PAGE = re.compile(r"\bdocs/[\w/-]+\.md\b")
NUMBER = re.compile(r"§(\d+(?:\.\d+)*)")
ELSEWHERE = re.compile(
    r"\bcontract\b|\bsdk[- ]facts|graph-growth|gitops\.md|\b(?:house|interface|language)\.md"
)


def citations(text: str, own_page: str | None = None) -> Iterator[tuple[str | None, str]]:
    """Page and number of every `§` in the text; the page is None for a `§` without one."""
    text = STANDARD.sub("", text)
    for match in OWN.finditer(text):
        yield from ((match[1], number) for number in NUMBER.findall(match[2]))
    yield from ((own_page, number) for number in NUMBER.findall(OWN.sub("", text)))


def section_numbers(page: Path) -> list[str]:
    """The numbers with which the headings of a page begin, in their order."""
    return [
        match[1] for heading in headings(page) if (match := re.match(r"(\d+(?:\.\d+)*) ", heading))
    ]


def wrong_citations(text: str, own_page: str | None = None) -> list[str]:
    """Each citation of the text that leads nowhere, in words."""
    wrong = [
        f"§{number} without a page" if page is None else f"{page} has no §{number}"
        for page, number in citations(text, own_page)
        if page is None or not (ROOT / page).exists() or number not in section_numbers(ROOT / page)
    ]
    wrong += [f"there is no {page}" for page in PAGE.findall(text) if not (ROOT / page).exists()]
    decisions = {page.name[:4] for page in ADRS}
    wrong += [
        f"there is no ADR {number}"
        for number in re.findall(r"\bADR (\d{4})", text)
        if number not in decisions
    ]
    return wrong + [
        f"names {name}, which is not in the repository" for name in ELSEWHERE.findall(text)
    ]


@pytest.mark.parametrize("file", CITING, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_citation_leads_somewhere(file: Path) -> None:
    path = str(file.relative_to(ROOT))
    numbered = path if file.suffix == ".md" and section_numbers(file) else None
    assert wrong_citations(file.read_text("utf-8"), numbered) == []


def test_the_sections_about_graph_are_numbered_without_a_gap() -> None:
    expected, chapter, part = [], 0, 0
    for number in section_numbers(ROOT / "docs/graph.md"):
        chapter, part = (chapter, part + 1) if "." in number else (chapter + 1, 0)
        expected.append(f"{chapter}.{part}" if part else f"{chapter}")
    assert section_numbers(ROOT / "docs/graph.md") == expected
    assert len(expected) > 1


@pytest.mark.parametrize(
    "text",
    [
        "see docs/graph.md §99",
        "see docs/graph.md §1.1, §1.99",
        "see docs/nowhere.md §1",
        "see docs/nowhere.md",
        "see §1.1",
        "RFC 9110 §5.3 and docs/graph.md §1; also §2",
        "see ADR 9999",
        "the contract shows it",
        "graph-contract §3",
        "measured (sdk-facts)",
    ],
)
def test_a_citation_that_leads_nowhere_is_found(text: str) -> None:
    assert wrong_citations(text) != []


@pytest.mark.parametrize(
    "text",
    [
        "see docs/graph.md §1.1, §1.2 and §5.3",
        "see docs/graph.md\n    §1",
        "RFC 9110 §5.3, YAML 1.2.2 §5.2 and §9.2",
        "ADR 0001",
    ],
)
def test_a_citation_that_leads_somewhere_passes(text: str) -> None:
    assert wrong_citations(text) == []


def test_the_page_about_the_architecture_shows_the_layers_that_are_enforced() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    [enforced] = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    shown: dict[str, set[str]] = {}
    for layer, room, _ in rows(section(ROOT / "docs/architecture.md", "Layers")):
        shown.setdefault(layer, set()).add(plain(room))
    assert list(shown) == [str(number) for number in range(1, len(enforced) + 1)]
    assert list(shown.values()) == [set(layer.split(" | ")) for layer in enforced]
