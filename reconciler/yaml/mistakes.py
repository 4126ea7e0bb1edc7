"""A syntax error of libyaml → which mistake in the text causes it, with its place and its fix."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from reconciler.model.fault import Fault, quoted

LINE_BREAK = "\r\n|[\r\n\x85\u2028\u2029]"

# Patterns as text: `re` compiles them when a file is faulty, and not for every run.
_NO_SPACE_AFTER_COLON = r"[ ]*(?:- +)?(?P<name>\"@[A-Za-z.]+\"|[A-Za-z][\w.]*):(?![ \t/]|$)"
_NO_SPACE_AFTER_DASH = r"[ ]*-(?=[A-Za-z\"'@])"
_WIDE_BLANK = r"[ ]*([^\S \t])"
_COLON = r": |:$"
_NAME_WITH_AT_SIGN = r"@[A-Za-z.]+"
_VARIABLE = r"\$\{[A-Za-z_]"

_QUOTE_TEXT = "Put the text in quotes."
_INDENT = "Indent it like the other properties of the same mapping or list; use spaces."
_OPENING = {"]": "[", "}": "{"}
_LIST_INDENT = "Indent it like the other items of its list, below the name of the list."


@dataclass(frozen=True, slots=True)
class Mistake:
    """What libyaml reports about a text, at `line` and `column`, which count from 0.

    `began` is the line and column where the value begins that the parser was reading.
    """

    problem: str
    lines: Sequence[str]
    line: int
    column: int
    began: tuple[int, int]

    @property
    def text(self) -> str:
        """The line of the mistake."""
        return self.lines[self.line] if self.line < len(self.lines) else ""

    @property
    def before(self) -> str:
        """The line up to the place of the mistake."""
        return self.text[: self.column]

    @property
    def rest(self) -> str:
        """The line from the place of the mistake on; libyaml does not count a byte order mark as a
        column.
        """
        return self.text[self.column :].lstrip("\ufeff")

    @property
    def begins_line(self) -> bool:
        """True when only blanks are before it in its line."""
        return not self.before.strip()

    def at(self, line: int, column: int) -> Mistake:
        """The same mistake, at another place."""
        return replace(self, line=line, column=column)

    def at_beginning(self) -> Mistake:
        """The same mistake, where the value begins that the parser was reading."""
        return self.at(*self.began)

    def fault(self, message: str, hint: str) -> Fault:
        """R006 at its place."""
        return Fault("R006", self.line + 1, self.column + 1, message, hint)


def syntax_fault(error: Exception, text: str) -> Fault:
    """R006 for an error of the parser, at the place of the mistake, with a fix."""
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
    context = getattr(error, "context", None)
    began = getattr(error, "context_mark", None)
    mark = getattr(error, "problem_mark", None) or began
    line, column = (mark.line, mark.column) if mark else (0, 0)
    began_at = (began.line, began.column) if began else (line, column)
    mistake = Mistake(problem, re.split(LINE_BREAK, text), line, column, began_at)
    for words, explain in _EXPLANATIONS:
        if words in problem:
            return explain(mistake)
    message = f"The YAML is invalid: {context + ', ' if context else ''}{problem}."
    return mistake.fault(
        message, "Compare this line with the lines above: indentation, quotes, brackets."
    )


def _first_character(mistake: Mistake) -> Fault:
    """A character with which no text without quotes can begin."""
    character = mistake.rest[:1]
    if mistake.before[-1:] in ("'", '"'):
        return mistake.fault(
            "A text in quotes has ended before this character; possibly a quote above is not"
            " closed.",
            "Check the quotes in this line and the lines above.",
        )
    if character == "\t":
        return _tab(mistake)
    name = re.match(_NAME_WITH_AT_SIGN, mistake.rest)
    if name and mistake.rest[name.end() :].startswith(":"):
        return mistake.fault(
            f"{quoted(name[0])} must be quoted: a name cannot begin with `@` in YAML.",
            f"Write {quoted(name[0])}, with the quotes.",
        )
    return mistake.fault(f"A text cannot begin with {_shown(character)} in YAML.", _QUOTE_TEXT)


def _no_value(mistake: Mistake) -> Fault:
    if mistake.rest.strip():
        return _first_character(mistake)
    return mistake.fault(
        "A value or a closing bracket is missing here.", "Add the value, or close each `[` and `{`."
    )


def _shown(character: str) -> str:
    return "a backtick" if character == "`" else f"`{quoted(character)[1:-1]}`"


def _tab(mistake: Mistake) -> Fault:
    if mistake.begins_line:
        hint = "Replace the tab at the start of this line with spaces."
        return mistake.fault("Tabs cannot indent YAML; use spaces.", hint)
    return mistake.fault(
        "A tab cannot separate `-` from its item in YAML; use a space.",
        "Replace the tab with a space.",
    )


def _unexpected_property(mistake: Mistake) -> Fault:
    """A `: ` where the line or the lines above do not allow a property."""
    above = _line_above(mistake)
    if above is not None and (
        fault := _missing_space(mistake, above) or _wide_blank(mistake, above)
    ):
        return fault
    earlier = re.search(_COLON, mistake.before)
    if earlier:
        return mistake.fault(
            'A text without quotes must not contain ": ".', 'Put the text in quotes: "name: text".'
        )
    if above is not None and ":" not in mistake.lines[above]:
        return mistake.at(above, _indentation(mistake.lines[above])).fault(
            "This line is not a property: it has no colon.", "Write `name: value`."
        )
    place = mistake.at(mistake.line, _indentation(mistake.text))
    return place.fault(
        "The line is indented more than the property above, which already has a value.", _INDENT
    )


def _missing_space(mistake: Mistake, line: int) -> Fault | None:
    """The fault of a line in which no space follows a colon or a dash."""
    text = mistake.lines[line]
    dash = re.match(_NO_SPACE_AFTER_DASH, text)
    if dash:
        return mistake.at(line, dash.end()).fault(
            "A space is missing after `-`.", "Write `- name: value`, with a space after the dash."
        )
    colon = re.match(_NO_SPACE_AFTER_COLON, text)
    if colon:
        name = quoted(colon["name"])[1:-1]
        return mistake.at(line, colon.end()).fault(
            f"A space is missing after `{name}:`.", f"Write `{name}: value`."
        )
    return None


def _wide_blank(mistake: Mistake, line: int) -> Fault | None:
    """The fault of a line that begins with a blank other than a space, as copied from a
    web page.
    """
    blank = re.match(_WIDE_BLANK, mistake.lines[line])
    if blank is None:
        return None
    message = (
        f"Only spaces can indent YAML; this line begins with the character U+{ord(blank[1]):04X}."
    )
    return mistake.at(line, blank.start(1)).fault(message, "Replace it with a space.")


def _line_above(mistake: Mistake) -> int | None:
    """The next line above with more than a comment."""
    lines = range(min(mistake.line, len(mistake.lines)) - 1, -1, -1)
    return next((at for at in lines if mistake.lines[at].split("#")[0].strip()), None)


def _indentation(text: str) -> int:
    return len(text) - len(text.lstrip())


def _no_colon(mistake: Mistake) -> Fault:
    place = mistake.at_beginning()
    missing_space = _missing_space(place, place.line)
    return missing_space or place.fault(
        "This line is not a property: it has no colon.", "Write `name: value`."
    )


def _end_expected(mistake: Mistake) -> Fault:
    """Something that fits neither into the mapping or list that is open nor ends it."""
    if mistake.rest[:1] in ("]", "}"):
        bracket = mistake.rest[0]
        opening = _OPENING[bracket]
        return mistake.fault(
            f"Unmatched `{bracket}`: no `{opening}` is open.", f"Remove it, or add the `{opening}`."
        )
    if not mistake.begins_line:
        return _text_after_value(mistake)
    if re.match(r"-(?: |$)", mistake.rest):
        return mistake.fault(
            "A list item is not allowed here: the lines above are properties.", _LIST_INDENT
        )
    return mistake.fault("The indentation of this line does not match the lines above.", _INDENT)


def _text_after_value(mistake: Mistake) -> Fault:
    missing_space = _missing_space(mistake, mistake.line) if mistake.rest.startswith(":") else None
    return missing_space or mistake.fault(
        "Text follows a value that has ended with a quote or bracket.",
        "Put the whole text in quotes; inside single quotes, write a single quote twice.",
    )


def _item_expected(mistake: Mistake) -> Fault:
    if not mistake.begins_line:
        return _text_after_value(mistake)
    return mistake.fault(
        "The indentation of this line does not match the list above.",
        "Begin a list item with `- `, or indent a property of the item like its first property.",
    )


def _open_quote(mistake: Mistake) -> Fault:
    return mistake.at_beginning().fault(
        "This quote is not closed.", "Add the closing quote at the end of the text."
    )


def _open_bracket(mistake: Mistake) -> Fault:
    place = mistake.at_beginning()
    bracket, closing = ("[", "]") if "]" in mistake.problem else ("{", "}")
    if re.search(_VARIABLE, "".join(mistake.lines[place.line : mistake.line + 1])):
        return mistake.fault(
            f"A variable between `{bracket}` and `{closing}` must be quoted.",
            'Write "${name}", with the quotes.',
        )
    if place.line != mistake.line:
        return place.fault(f"This `{bracket}` is not closed.", f"Add the `{closing}`.")
    return mistake.fault(
        f"A comma or `{closing}` is missing before this character.",
        f"Write a comma between two values, `{closing}` at the end.",
    )


def _anchor_or_alias(mistake: Mistake) -> Fault:
    place = mistake.at_beginning()
    what = "an alias" if place.rest.startswith("*") else "an anchor"
    message = (
        f"{_shown(place.rest[:1])} at the beginning of a text begins {what} in YAML, and no name"
        " follows it."
    )
    return place.fault(message, _QUOTE_TEXT)


def _block_text(mistake: Mistake) -> Fault:
    place = mistake.at_beginning()
    message = (
        f"After {_shown(place.rest[:1])}, which begins a text of several lines, the line must end."
    )
    return place.fault(message, "Write the text on the next lines, indented, or put it in quotes.")


def _directive(mistake: Mistake) -> Fault:
    message = (
        "`%` at the beginning of a line begins a directive in YAML, and this directive is not"
        " defined."
    )
    return mistake.at_beginning().fault(message, "Remove the line, or put the text in quotes.")


def _says(message: str, hint: str) -> Callable[[Mistake], Fault]:
    return lambda mistake: mistake.fault(message, hint)


AFTER_THE_END = "The document has ended, but more text follows."

_EXPLANATIONS: tuple[tuple[str, Callable[[Mistake], Fault]], ...] = (
    ("cannot start any token", _first_character),
    ("tab character", _tab),
    ("mapping values are not allowed", _unexpected_property),
    ("unexpected end of stream", _open_quote),
    ("unexpected document indicator", _open_quote),
    ("did not find expected ',' or", _open_bracket),
    ("did not find expected key", _end_expected),
    ("did not find expected '-' indicator", _item_expected),
    ("could not find expected ':'", _no_colon),
    ("alphabetic or numeric character", _anchor_or_alias),
    ("expected comment or line break", _block_text),
    ("did not find expected node content", _no_value),
    (
        "invalid Unicode character escape code",
        _says(
            "An escape in double quotes is not a Unicode character.",
            "Write the character itself, or an escape up to `\\U0010ffff`.",
        ),
    ),
    (
        "unknown escape character",
        _says(
            "A backslash in double quotes must begin an escape that YAML defines.",
            "Use single quotes, or write the backslash twice.",
        ),
    ),
    (
        "undefined tag handle",
        _says(
            "`!` at the beginning of a text begins a tag in YAML, and this tag is not defined.",
            _QUOTE_TEXT,
        ),
    ),
    (
        "block sequence entries are not allowed",
        _says("A list item is not allowed here.", _LIST_INDENT),
    ),
    ("unknown directive name", _directive),
    (
        "did not find expected <document start>",
        _says(AFTER_THE_END, "Remove the text, or add `---` above it."),
    ),
    (
        "incompatible YAML document",
        _says("The file requires a YAML version other than 1.1 or 1.2.", "Remove the %YAML line."),
    ),
)
"""Words of libyaml's message → the function that explains it."""
