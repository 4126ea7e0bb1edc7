"""The pages of the documentation, taken apart: sections, tables, code blocks, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
REFERENCE = ROOT / "docs/reference.md"
SANDBOX = ROOT / "docs/sandbox.md"
CONTRIBUTING = ROOT / ".github/CONTRIBUTING.md"
ADRS = sorted((ROOT / "docs/adr").glob("*.md"))
PAGES = [
    README,
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / ".github").glob("*.md")),
]

_MARKDOWN = MarkdownIt("commonmark").enable("table")
_HEADING = re.compile(r"^(#+) +(.+?) *$")
_FENCE = re.compile(r"^ *```")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, the line it begins in."""

    language: str
    text: str
    line: int


def text_of(page: Path) -> str:
    return page.read_text("utf-8")


def blocks(page: Path, *languages: str) -> list[Block]:
    """The fenced blocks in one of the languages."""
    fences = (token for token in _MARKDOWN.parse(text_of(page)) if token.type == "fence")
    found = (
        Block(token.info.strip(), token.content, (token.map or [0])[0] + 1) for token in fences
    )
    return [block for block in found if block.language in languages]


def headings(page: Path) -> list[str]:
    """The headings as they are written, without their `#`."""
    return [match[2] for _, match in _heading_lines(page)]


def section(page: Path, title: str) -> str:
    """The text under the heading of this title, subsections included."""
    lines = text_of(page).splitlines()
    found = list(_heading_lines(page))
    for index, (line, match) in enumerate(found):
        if match[2] == title:
            ends = (at for at, other in found[index + 1 :] if len(other[1]) <= len(match[1]))
            return "\n".join(lines[line + 1 : next(ends, len(lines))])
    raise AssertionError(f"{page.name} has no section “{title}”")


def _heading_lines(page: Path) -> Iterator[tuple[int, re.Match[str]]]:
    fenced = False
    for number, line in enumerate(text_of(page).splitlines()):
        if _FENCE.match(line):
            fenced = not fenced
        match = None if fenced else _HEADING.match(line)
        if match:
            yield number, match


def rows(markdown: str) -> list[list[str]]:
    """The body rows of every table in the text, as cells."""
    found = []
    for line in markdown.splitlines():
        if line.strip().startswith("|") and not re.fullmatch(r"[\s|:-]+", line):
            found.append(
                [
                    cell.strip().replace("\\|", "|")
                    for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))
                ]
            )
        elif found and line.strip().startswith("|"):
            found.pop()  # the rule under the head: the row before it was the head
    return found


def plain(cell: str) -> str:
    """A cell without backticks."""
    return cell.replace("`", "")


def anchor(heading: str) -> str:
    """The fragment by which GitHub links to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def links(page: Path) -> list[str]:
    """The targets of all links."""
    return [str(token.attrs["href"]) for token in _inline(page) if token.type == "link_open"]


def inline_code(page: Path) -> list[str]:
    """The texts in backticks outside of fenced blocks."""
    return [token.content for token in _inline(page) if token.type == "code_inline"]


def _inline(page: Path) -> Iterator[Token]:
    for token in _MARKDOWN.parse(text_of(page)):
        yield from token.children or []
