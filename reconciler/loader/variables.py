"""`${name}` in the values of a document → what the environment says. No other templating, and none in names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from reconciler.loader.fault import Fault, fault_at, quoted
from reconciler.loader.names import nearest
from reconciler.loader.nodes import Broken, Entry, Mapping, Node, Scalar, Sequence
from reconciler.model.environment import VARIABLE_NAME, Environment

_REFERENCE = re.compile(r"\$\$\{|\$\{(?:(" + VARIABLE_NAME.pattern + r")\})?", re.ASCII)
CHARACTERS = 1_000_000
"""What variables may put into one document: a small file can name a long one many thousand times."""
_ITSELF = "write `$${` for the text `${` itself"


def may_hold_variables(text: str) -> bool:
    r"""False when no value of this YAML text can hold a `${`; in double quotes it may be spelled `\x24{`."""
    return "$" in text or "\\" in text


def substituted(document: Node, environment: Environment | None) -> tuple[Node, list[Fault]]:
    """The document with every variable in place, and R209 or R210 where that cannot be.

    A value with a variable is text, whatever it looks like then, but for a number that is a variable alone; `$${`
    becomes `${`. Aliases are written out nowhere:
    a node that several share is read once.
    """
    reading = _Substitution(environment)
    return reading.of(document), reading.faults


def escaped(text: str) -> str:
    """The text as it has to be written in a file, so that nothing in it is a variable."""
    return text.replace("${", "$${")


def _malformed(node: Scalar, text: str) -> Fault:
    """R210 for a text that begins like a variable."""
    if text.startswith("${{"):
        message = f"{quoted(text)} is a template expression, as in GitHub workflows, which is not rendered here."
        hint = f"Write `${{name}}` with a variable of reconciler.yaml, or {_ITSELF}."
        return fault_at(node, "R210", message, hint)
    message = f"{quoted(text)} is not a valid variable reference."
    return fault_at(node, "R210", message, f"Write `${{name}}` for a variable, or {_ITSELF}.")


@dataclass(slots=True)
class _Substitution:
    environment: Environment | None
    faults: list[Fault] = field(default_factory=list)
    done: dict[Node, Node] = field(default_factory=dict)
    characters: int = 0

    def of(self, node: Node) -> Node:
        """The node, or what stands for it; recursion is safe, since the tree builder admits few levels."""
        if node not in self.done:
            self.done[node] = self._read(node)
        return self.done[node]

    def _read(self, node: Node) -> Node:
        if isinstance(node, Scalar):
            return self._value(node) if "${" in node.text else node
        if isinstance(node, Mapping):
            entries = {name: Entry(one.line, one.column, self.of(one.value)) for name, one in node.entries.items()}
            return Mapping(node.line, node.column, entries)
        if isinstance(node, Sequence):
            return Sequence(node.line, node.column, tuple(self.of(item) for item in node.items))
        return node

    def _value(self, node: Scalar) -> Node:
        before = len(self.faults)
        text = _REFERENCE.sub(lambda match: self._meant(node, match), node.text)
        if len(self.faults) > before:
            return Broken(node.line, node.column)
        alone = _REFERENCE.fullmatch(node.text)
        given_by = f"the variable `{alone[1]}`{self._of_environment()}" if alone and alone[1] else ""
        return Scalar(node.line, node.column, text, plain=False, given_by=given_by)

    def _of_environment(self) -> str:
        return f" of environment {self.environment.name}" if self.environment else ""

    def _meant(self, node: Scalar, match: re.Match[str]) -> str:
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
        """The value; nothing once there is too much of them, which is told at the first place."""
        before, self.characters = self.characters, self.characters + len(value)
        if self.characters <= CHARACTERS:
            return value
        if before <= CHARACTERS:
            message = f"The variables of this document put more than {CHARACTERS:,} characters into it."
            self.faults.append(fault_at(node, "R009", message, "Split the file, or use shorter values."))
        return ""

    def _undefined(self, node: Scalar, name: str) -> Fault:
        if self.environment is None:
            message = f"The variable `{name}` has no value: no environment was chosen."
            hint = (
                "Define it in an environment of reconciler.yaml in this folder, and choose that with --environment "
                f"(validate takes all of them); or {_ITSELF}."
            )
            return fault_at(node, "R209", message, hint)
        known = tuple(self.environment.variables)
        meant = nearest(name, known)
        message = f"The variable `{name}` is not defined in environment {self.environment.name}."
        way_out = f"Did you mean `{meant}`? Otherwise" if meant else "There,"
        return fault_at(node, "R209", message, f"{way_out} add it under `variables` in reconciler.yaml, or {_ITSELF}.")
