"""Completion in bash, which splits words at `=` and inserts what it is given without quotes."""

from __future__ import annotations

import os
import re
import shlex
from typing import Any

from click.shell_completion import BashComplete, CompletionItem, add_completion_class

_SPECIAL = re.compile(r"[^\w./:=,@%+-]")


class QuotingBash(BashComplete):
    """As click's, but `NAME=VALUE` is one word, and a value with spaces is inserted as one
    argument.
    """

    before_equals = ""

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the cursor, and the beginning of the word at the cursor."""
        args, incomplete = super().get_completion_args()
        if incomplete == "=":
            args, incomplete = [*args, "="], ""
        if args[-1:] == ["="]:
            args = args[:-1]
            if args and not args[-1].startswith("-"):
                self.before_equals = f"{args.pop()}="
        return args, self.before_equals + incomplete

    def format_completion(self, completion: CompletionItem[Any]) -> str:
        """The line for the script that click prints, whose `read` removes one level of
        backslashes.
        """
        if completion.type != "plain":
            return super().format_completion(completion)
        value = completion.value.removeprefix(self.before_equals)
        escaped = value if _in_quotes() else _SPECIAL.sub(r"\\\g<0>", value)
        return "plain," + escaped.replace("\\", r"\\")


def _in_quotes() -> bool:
    """True if the word at the cursor begins with a quote, which bash keeps."""
    try:
        shlex.split(os.environ["COMP_WORDS"])
    except ValueError:
        return True
    return False


def register() -> None:
    """Lets click use it for the shell named bash."""
    add_completion_class(QuotingBash)
