"""Values of the types in the metadata, as trees: every member present, null where it may be, or
absent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from tests.policies.json_text import Number, Tree
from tests.policies.metadata import GRAPH, Schema, concrete, is_nullable, members, referred, types

DYNAMIC_STAGE = f"{GRAPH}accessPackageDynamicApprovalStage"
NEW_ENUM_VALUE = "aValueOfNextYear"
NEW_TYPE = f"#{GRAPH}aTypeOfNextYear"

TEXTS = (
    "", "a", "All users", "é", "E\u0301", "日本語", "👩‍👩‍👧", "a\u2028b", 'a "b"', "a\\b", "a/b",
    "a\nb\t", "\x00", "\x7f", "\ud800", "</script>", "null", "1.0", "PT24H", "P1D", " a ",
    "x" * 300,
)  # fmt: skip
IDS = (
    "1d2c3b4a-0000-4000-8000-000000000011",
    "1D2C3B4A-0000-4000-8000-00000000001A",
    "an-id.of_another:form",
)
DURATIONS = (
    "PT24H", "P1D", "PT1440M", "PT86400S", "PT86400.0S", "P0D", "PT0S", "P1DT0H", "P365D", "PT36H",
    "P1DT12H", "PT0.5S", "-P1D", "P90D",
)  # fmt: skip
TIMES = (
    "2030-01-07T09:34:49.4485321Z",
    "2030-01-07T09:34:49Z",
    "2030-01-07T09:34:49.000Z",
    "2030-01-07T10:34:49+01:00",
    "0001-01-01T00:00:00Z",
)
DATES = ("2030-01-07", "0001-01-01")
NUMBERS = ("0", "1", "12", "-0", "1.0", "1e2", "1E+2", "0.10", "-7", "2147483647")
BEYOND_INT32 = ("12345678901234567890", "1.000000000000000000001", "1e-7", "-0.0", "1.5E300")

_BY_FORMAT = {
    "duration": st.sampled_from(DURATIONS),
    "date-time": st.sampled_from(TIMES),
    "date": st.sampled_from(DATES),
    "uuid": st.sampled_from(IDS[:2]),
}
TEXT = st.sampled_from(TEXTS) | st.text(max_size=5)
_ID = st.sampled_from(IDS)
NUMBER = st.sampled_from(NUMBERS).map(Number)
ANY_NUMBER = (st.sampled_from(NUMBERS) | st.sampled_from(BEYOND_INT32)).map(Number)
_SIZE = st.sampled_from((1, 0, 2))
_ONE_IN_SIXTEEN = st.sampled_from([False] * 15 + [True])
ABSENT, NULL = 0, 1
"""What the byte of a member says; any other: it has a value."""

Draw = Callable[[st.SearchStrategy[Any]], Any]


class Values:
    """Draws values of declared types; with `additions` also enum values and derived types that the
    metadata does not have.
    """

    def __init__(self, draw: Draw, *, additions: bool = False) -> None:
        self.draw = draw
        self.additions = additions

    def object(self, declared: str, *always: str, **fixed: Tree) -> dict[str, Tree]:
        """An object that is declared as this type, or as one derived from it.

        The members in `always` are there, those in `fixed` have that value. What it refers to is
        left out as an answer without `$expand` does, except in `fixed`.
        """
        type_name = self._type(declared)
        listed = {
            name: schema
            for name, schema in members(type_name).items()
            if name != "@odata.type" and not schema.get("x-ms-navigationProperty")
        }
        marks = self.draw(st.binary(min_size=len(listed), max_size=len(listed)))
        value = self._named(type_name, declared, always)
        for mark, (name, schema) in zip(marks, listed.items(), strict=True):
            if name in fixed:
                value[name] = fixed[name]
            elif mark % 6 == NULL and is_nullable(schema):
                value[name] = None
            elif mark % 6 != ABSENT or name in always:
                value[name] = self._value(name, schema)
        return value | fixed

    def array(self, declared: str, *always: str) -> list[Tree]:
        """None, one or two objects that are declared as this type."""
        return [self.object(declared, *always) for _ in range(self.draw(_SIZE))]

    def _type(self, declared: str) -> str:
        choices = [name for name in concrete(declared) if name != DYNAMIC_STAGE]
        return str(self.draw(st.sampled_from(choices)))

    def _named(self, type_name: str, declared: str, always: tuple[str, ...]) -> dict[str, Tree]:
        """The member that names the type: a derived one needs it, others have it sometimes."""
        if type_name != declared:
            is_new = self.additions and self.draw(_ONE_IN_SIXTEEN)
            return {"@odata.type": NEW_TYPE if is_new else f"#{type_name}"}
        if "@odata.type" in always or self.draw(_ONE_IN_SIXTEEN):
            return {"@odata.type": f"#{type_name}"}
        return {}

    def _value(self, name: str, schema: Schema) -> Tree:
        type_name = referred(schema)
        if type_name is not None:
            enum = types()[type_name].get("enum")
            return self._enum(enum) if enum else self.object(type_name)
        if schema["type"] == "array":
            return [self._value(name, schema["items"]) for _ in range(self.draw(_SIZE))]
        return self._scalar(name, schema)

    def _enum(self, values: list[str]) -> str:
        known = [value for value in values if value != "unknownFutureValue"]
        return str(self.draw(st.sampled_from(known + [NEW_ENUM_VALUE] * self.additions)))

    def _scalar(self, name: str, schema: Schema) -> Tree:
        if schema["type"] == "boolean":
            return bool(self.draw(st.booleans()))
        if schema["type"] in ("number", "integer"):
            return Number(self.draw(NUMBER).digits)
        if name == "id" or name.endswith("Id"):
            return str(self.draw(_ID))
        return str(self.draw(_BY_FORMAT.get(schema.get("format", ""), TEXT)))
