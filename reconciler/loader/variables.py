"""`${name}` in the values of a document → the value from the environment. No other templating, and
none in names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from reconciler.model.environment import VARIABLE_NAME, Environment
from reconciler.model.fault import Fault, fault_at, quoted
from reconciler.model.nodes import Broken, Entry, Mapping, Node, Scalar, Sequence
from reconciler.model.wording import did_you_mean

_REFERENCE = re.compile(r"\$\$\{|\$\{(?:(" + VARIABLE_NAME.pattern + r")\})?", re.ASCII)
CHARACTERS = 1_000_000
"""How much text variables may add to one document: a small file can use a long variable many
thousand times.
"""
SUGGESTIONS = 1_000
"""How many undefined variables of a document get a "Did you mean": comparing names is slow, and no
more are shown.
"""
_LITERAL = "write `$${` for a literal `${`"


def may_hold_variables(text: str) -> bool:
    r"""False when no value of this YAML text can contain `${`; in double quotes it can be written
    `\x24{`.
    """
    return "$" in text or "\\" in text


def substituted(document: Node, environment: Environment | None) -> tuple[Node, list[Fault]]:
    """The document with the values of all variables, and R209 or R210 for each variable without a
    value.

    A value with a variable is text, except for a number or a boolean that is only a variable;
    `$${` becomes `${`. Aliases are not expanded: a node that several places share is read once.
    """
    reading = _Substitution(environment)
    return reading.of(document), reading.faults


def escaped(text: str) -> str:
    """The text as it must be written in a file, so that it contains no variable."""
    return text.replace("${", "$${")


def _malformed(node: Scalar, text: str) -> Fault:
    """R210 for a text with `${` that is not a variable reference."""
    if text.startswith("${{"):
        message = (
            f"{quoted(text)} is a template expression, as in GitHub workflows, which reconciler"
            " does not render."
        )
        hint = f"Write `${{name}}` with a variable of reconciler.yaml, or {_LITERAL}."
        return fault_at(node, "R210", message, hint)
    message = f"Malformed variable reference {quoted(text)}."
    return fault_at(node, "R210", message, f"Write `${{name}}` for a variable, or {_LITERAL}.")


@dataclass(slots=True)
class _Substitution:
    environment: Environment | None
    faults: list[Fault] = field(default_factory=list)
    done: dict[Node, Node] = field(default_factory=dict)
    characters: int = 0

    def of(self, node: Node) -> Node:
        """The node with the values of its variables; recursion is safe, since the tree builder
        allows few levels.
        """
        if node not in self.done:
            self.done[node] = self._read(node)
        return self.done[node]

    def _read(self, node: Node) -> Node:
        if isinstance(node, Scalar):
            return self._value(node) if "${" in node.text else node
        if isinstance(node, Mapping):
            entries = node.entries.items()
            values = {
                name: Entry(entry.line, entry.column, self.of(entry.value))
                for name, entry in entries
            }
            return Mapping(node.line, node.column, values)
        if isinstance(node, Sequence):
            return Sequence(node.line, node.column, tuple(self.of(each) for each in node.items))
        return node

    def _value(self, node: Scalar) -> Node:
        before = len(self.faults)
        text = _REFERENCE.sub(lambda match: self._replacement(node, match), node.text)
        if len(self.faults) > before:
            return Broken(node.line, node.column)
        alone = _REFERENCE.fullmatch(node.text)
        given_by = (
            f"the variable `{alone[1]}`{self._of_environment()}" if alone and alone[1] else ""
        )
        return Scalar(node.line, node.column, text, plain=False, given_by=given_by)

    def _of_environment(self) -> str:
        return f" of environment {self.environment.name}" if self.environment else ""

    def _replacement(self, node: Scalar, match: re.Match[str]) -> str:
        name = match[1]
        if match[0] == "$${":
            return "${"
        if name is None:
            self.faults.append(_malformed(node, node.text[match.start() :]))
            return ""
        if self.environment is None or name not in self.environment.variables:
            self.faults.append(self._undefined(node, name))
            return ""
        return self._within_limits(node, self.environment.variables[name])

    def _within_limits(self, node: Scalar, value: str) -> str:
        """The value; "" once the limit is exceeded, which is reported at the first place."""
        before, self.characters = self.characters, self.characters + len(value)
        if self.characters <= CHARACTERS:
            return value
        if before <= CHARACTERS:
            message = f"The variables add more than {CHARACTERS:,} characters to this document."
            self.faults.append(
                fault_at(node, "R009", message, "Split the file, or use shorter values.")
            )
        return ""

    def _undefined(self, node: Scalar, name: str) -> Fault:
        if self.environment is None:
            message = f"The variable `{name}` has no value: no environment is chosen."
            hint = (
                "Define it in reconciler.yaml in this folder, and choose the environment with"
                f" --environment (validate checks all environments); or {_LITERAL}."
            )
            return fault_at(node, "R209", message, hint)
        known = tuple(self.environment.variables) if len(self.faults) < SUGGESTIONS else ()
        question = did_you_mean(name, known)
        message = f"The variable `{name}` is not defined in environment {self.environment.name}."
        hint = f"{question} Otherwise define" if question else "Define"
        return fault_at(
            node, "R209", message, f"{hint} it under `variables` in reconciler.yaml, or {_LITERAL}."
        )
