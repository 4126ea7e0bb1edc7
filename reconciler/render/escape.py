"""Text that Graph or a file supplied, made harmless for the place where it is shown.

Nothing invisible stays invisible (what the reviewer approves is what he sees), and nothing in a
value can act on the terminal, on Markdown or on the runner of GitHub Actions. Secrets are masked
before anything is escaped or cut: a backslash in the middle of a signature would hide it from
whoever looks for it later.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable

from reconciler.model.appearance import FILLER
from reconciler.model.json_values import JsonValue
from reconciler.model.secrets import mask, masked

_LEGACY_COMMAND = "##["
"""The runner's old command prefix, which it obeys anywhere in a line of the log
(`ActionCommand.TryParse`).
"""

_MERMAID_SYNTAX = re.compile(
    r"""
      [^\w /-]                            # whatever is neither a letter nor a digit
    | (?<![^\W_]) [_/-] | [_/-] (?![^\W_]) # these stay between letters and digits only
    | \A\x20 | \x20 (?=\x20|\Z)          # HTML drops such blanks
    """,
    re.VERBOSE,
)
"""Each character that stands as a code in a label."""
_MERMAID_MARK = "\ufb02"
"""The ligature fl: Mermaid puts it where it has read a code, and decodes what follows it again."""


def visible(text: str) -> str:
    r"""The text on one line, with every character that does not show as itself escaped (`\n`,
    `\x1b`, `\u202e`).

    Secrets are masked. Escaping twice changes nothing more. A backslash stays as it is.
    """
    return _replaced(mask(text), _python_escape).replace(_LEGACY_COMMAND, r"\x23#[")


def json_value(value: JsonValue, indent: int | None = None) -> str:
    r"""The value as JSON, secrets masked, with every character that does not show as itself as
    `\uNNNN`.

    It stands on one line, unless `indent` says by how many blanks a level is indented.
    """
    document = json.dumps(masked(value), ensure_ascii=False, allow_nan=False, indent=indent)
    # The line breaks are those of the indent, as `json.dumps` has escaped all others.
    lines = (_replaced(line, _json_escape) for line in document.split("\n"))
    return "\n".join(lines).replace(_LEGACY_COMMAND, r"\u0023#[")


def shows(text: str) -> bool:
    """True when every character of the text shows as itself, and no runner takes a part of it for a
    command.
    """
    return text.isprintable() and not FILLER.search(text) and _LEGACY_COMMAND not in text


def yaml_quoted(text: str) -> str:
    r"""The text in double quotes as YAML reads them, with every character that does not show as
    itself escaped.

    Nothing is masked: what is read back is the very text.
    """
    escaped = text.replace("\\", r"\\").replace('"', r"\"")
    return '"' + _replaced(escaped, _python_escape).replace(_LEGACY_COMMAND, r"\x23#[") + '"'


def _replaced(text: str, escape: Callable[[str], str]) -> str:
    if text.isprintable() and not FILLER.search(text):
        return text
    return "".join(
        char if char.isprintable() and not FILLER.match(char) else escape(char) for char in text
    )


def _python_escape(char: str) -> str:
    code = ord(char)
    if char in "\n\t\r":
        return {"\n": r"\n", "\t": r"\t", "\r": r"\r"}[char]
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _json_escape(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else json.dumps(char, allow_nan=False)[1:-1]


def code_span(text: str) -> str:
    """The text as an inline code span: no Markdown, HTML, mention, reference or link comes to life
    in one.

    Entities would not do: GitHub looks for `@name` and `#1` after it has decoded them, but never
    inside code.
    """
    content = visible(text)
    if not content:
        return '`""`'
    ticks = "`" * (_longest_run(content) + 1)
    # A reader strips one blank from either end unless there is nothing but blanks.
    padding = " " if content.strip() and (content[0] in "` " or content[-1] in "` ") else ""
    return f"{ticks}{padding}{content}{padding}{ticks}"


def table_row(cells: Iterable[str]) -> str:
    """One row of a Markdown table; the pipes inside the cells are escaped, which holds in code
    spans too.
    """
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def html_code(text: str) -> str:
    """The text as an HTML `<code>` element, for the places (a `<summary>`) where Markdown is not
    read.
    """
    import html

    return f"<code>{html.escape(visible(text))}</code>"


def fence_for(content: str) -> str:
    """A fence that no run of backticks in the content can end."""
    return "`" * max(3, _longest_run(content) + 1)


def _longest_run(content: str) -> int:
    return max((len(run) for run in re.findall("`+", content)), default=0)


def mermaid_text(text: str, length: int) -> str:
    """The text for a quoted label of Mermaid, truncated to `length` characters.

    Everything but letters, digits, single blanks and what joins them is a character code (`#35;`):
    quotes, brackets, comments and directives, of which Mermaid knows some in quotes too; entities,
    Markdown and HTML, which it reads in labels.
    """
    shown = visible(text)
    if len(shown) > length:
        shown = f"{shown[:length]}…"
    plain = shown.replace(_MERMAID_MARK, "fl")
    return _MERMAID_SYNTAX.sub(lambda match: f"#{ord(match[0])};", plain)


def workflow_command(
    kind: str, message: Iterable[str], properties: Iterable[tuple[str, str]]
) -> str:
    """A workflow command (`::error file=a.yaml,line=3::…`); each item of the message is a line of
    the annotation.
    """
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties if value)
    lines = "\n".join(visible(line) for line in message)
    return f"::{kind}{' ' if listed else ''}{listed}::{_data(lines)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(visible(text)).replace(":", "%3A").replace(",", "%2C")
