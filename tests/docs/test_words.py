"""Everything a person reads uses the standard words of the field: in code, pages, schemas,
workflows.
"""

from __future__ import annotations

import io
import re
import subprocess
import tokenize
from functools import cache
from pathlib import Path

import pytest
from doc_pages import ROOT, section, text_of

AVOIDED = {
    r"patience": "throttled, Retry-After, back off",
    r"for want of": "to fit the limit",
    r"whom the token": "the identity",
    r"by now\b": "already, now",
    r"any more\b": "no longer",
    r"\banew\b": "again, new",
    r"\bat fault\b|\ba fault of this tool": "invalid; error, bug",
    r"mistake of ours": "bug",
    r"\bis meant\b|\bwhat .{0,20}\bmeant\b": "desired, matched, resolved",
    r"\bmend(s|ed)?\b": "fix",
    r"\btook it\b|\btakes it\b": "accept, reject",
    r"\blooks? again\b|\banother look\b": "pre-check, read-back, poll",
    r"\bgoes round\b": "bypass",
    r"\bstands? twice\b": "duplicate",
    r"\bone a line\b": "one per line",
    r"carr(y|ies|ied|ying) (it |them )?out\b": "apply",
    r"\b(did|does|do) not stick\b|\bsticks\b": "kept, dropped",
    r"\bcannot be told\b|\bis told all the same\b": "is unknown; is reported",
    r"held? for true": "assume",
    r"a sound (set|file)": "valid",
    r"\b(is|are) no (text|list|number|object|file|name|plan|value|JSON|GUID|date|mapping)s?\b": (
        "is not a X"
    ),
    r"\bmay not\b": "must not, is not allowed to; possibly not, not always",
    r"[\u201c\u201d\u2018\u2019]": "straight quotes",
}

PAGES = {
    "docs/safety.md": ("Throttling", "Retry-After", "Back-off", "read-back", "pre-check", "retry"),
    "docs/troubleshooting.md": ("429", "401", "403", "Throttled", "outcome unknown"),
    "README.md": ("Install", "Authenticate", "Plan", "Apply", "Delete", "Troubleshoot"),
}
GLOSSARY = (
    "desired",
    "observed",
    "pre-check",
    "read-back",
    "poll",
    "throttled",
    "matched",
    "identity",
    "omitted",
)


@cache
def shown() -> dict[Path, str]:
    """What a person reads of each file that ships: of Python its strings, docstrings and comments,
    of others all.
    """
    listed = subprocess.run(
        [
            "git",
            "ls-files",
            "reconciler",
            "schemas",
            "docs",
            ".github",
            "README.md",
            "action.yml",
            "Makefile",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [ROOT / name for name in listed.stdout.splitlines()]
    return {path: words_of(path) for path in paths if path.suffix not in (".lock", ".sqlite3")}


def words_of(path: Path) -> str:
    text = text_of(path)
    if path.suffix != ".py":
        return text
    lines = [""] * (text.count("\n") + 2)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.STRING, tokenize.COMMENT):
            for offset, part in enumerate(token.string.split("\n")):
                lines[token.start[0] - 1 + offset] += part + " "
    return "\n".join(lines)


@pytest.mark.parametrize(("phrase", "instead"), AVOIDED.items(), ids=AVOIDED)
def test_no_phrase_of_the_old_dialect_is_left(phrase: str, instead: str) -> None:
    pattern = re.compile(phrase, re.IGNORECASE)
    lines = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path, text in shown().items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert not lines, f"say {instead}:\n" + "\n".join(lines)


@pytest.mark.parametrize(("page", "words"), PAGES.items())
def test_a_page_has_the_words_that_people_search_for(page: str, words: tuple[str, ...]) -> None:
    text = text_of(ROOT / page)
    assert not [word for word in words if word not in text]


def test_the_glossary_explains_the_words_that_messages_use() -> None:
    glossary = section(ROOT / "docs/architecture.md", "Glossary").lower()
    assert not [word for word in GLOSSARY if word not in glossary]
