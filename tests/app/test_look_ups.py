"""Several catalogs in one look-up: fewer requests, and the same answer whatever Graph makes of the
filter.
"""

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scopes import by_name, explained, observe_parents

from reconciler.errors import ServiceUnansweredError
from reconciler.kinds.catalog.api import MAX_FILTER_LENGTH, NAMES_PER_LOOK_UP
from reconciler.model.objects import ObservedScope
from tests.graph.graph_clients import graph_at
from tests.graph.scripted import Reply, Seen, listing, refused, scripted

pytestmark = pytest.mark.usefixtures("sockets_closed")

EACH = re.compile(r"displayName eq '((?:[^']|'')*)'(?: or |$)")


def wanted(seen: Seen) -> list[str]:
    """The names of a look-up; none for any other request."""
    return [name.replace("''", "'") for name in EACH.findall(seen.query.get("$filter", ""))]


def graph_with(*names: str, many=lambda _hits: None):
    """A script for a Graph with a catalog of each name; `many` may answer a look-up of several
    names in its own way.
    """
    held = [{"id": f"c-{number}", "displayName": name} for number, name in enumerate(names)]

    def reply(seen: Seen) -> Reply:
        if seen.path.endswith("customWorkflowExtensions"):
            return listing()
        asked = wanted(seen)
        folded = [name.casefold() for name in asked]
        hits = [one for one in held if not asked or one["displayName"].casefold() in folded]
        return (many(hits) if len(asked) > 1 else None) or listing(*hits)

    return reply


def found(script, *names: str) -> tuple[list[ObservedScope], list[list[str]]]:
    """What is found for the names, and the names of each look-up."""

    async def run():
        async with (
            scripted(script) as graph,
            graph_at(graph.base, retries=2) as client,
        ):
            observed = await observe_parents(client, *map(by_name, names))
            return observed, [wanted(seen) for seen in graph.seen if wanted(seen)]

    return asyncio.run(run())


def test_one_look_up_names_as_many_as_the_limit() -> None:
    names = [f"Catalog {number}" for number in range(2 * NAMES_PER_LOOK_UP + 1)]
    observed, look_ups = found(graph_with(*names), *names)
    assert [str(one.parent) for one in observed] == names
    assert [one.read for one in observed] == ["complete"] * len(names)
    assert sorted(map(len, look_ups)) == [1, NAMES_PER_LOOK_UP, NAMES_PER_LOOK_UP]


def test_one_catalog_is_asked_for_as_ever() -> None:
    assert found(graph_with("Marketing"), "Marketing")[1] == [["Marketing"]]


def test_long_names_make_short_look_ups() -> None:
    names = [f"{number}{'日' * 90}" for number in range(4)]
    observed, look_ups = found(graph_with(*names), *names)
    assert [one.read for one in observed] == ["complete"] * 4
    assert len(look_ups) == 4
    assert len(names[0]) * 9 > MAX_FILTER_LENGTH / 2


HOSTILE = [
    "O'Brien & Søn / 50% #1",
    "''",
    "x' or 'a' eq 'a",
    "100%24 %2e a.b",
    "a+b=c?d;e,f:g@h",
    "日本語 🎉",
    "a or b",
]


def test_names_that_look_like_filters_are_names() -> None:
    observed, look_ups = found(graph_with("a", *HOSTILE, "b"), *HOSTILE)
    assert [str(one.parent) for one in observed] == HOSTILE
    assert look_ups == [HOSTILE]


REFUSALS = {
    "refused": refused(400, "BadRequest", "Invalid filter clause"),
    "not implemented": refused(501),
    "forbidden by a gateway": refused(403),
    "broken": refused(500),
    "dropped": Reply(way="drop"),
    "reset": Reply(way="reset"),
    "silent": Reply(way="hang"),
    "no list": Reply(body={"value": None}),
    "no JSON": Reply(body="<html>"),
    "redirected": Reply(302, headers={"Location": "https://example.org"}),
    "nobody of that name": listing(),
    "a catalog without id": listing({"displayName": "Marketing"}),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_where_several_names_fail_each_is_asked_for_alone(refusal: str) -> None:
    names = ("Marketing", "Finance")
    observed, look_ups = found(graph_with(*names, many=lambda _: REFUSALS[refusal]), *names)
    assert [(one.read, str(one.parent)) for one in observed] == [
        ("complete", "Marketing"),
        ("complete", "Finance"),
    ]
    assert look_ups[0] == ["Marketing", "Finance"]
    assert sorted(look_ups[1:]) == [
        ["Finance"],
        ["Marketing"],
    ]  # and the first one was not repeated


def test_a_name_that_the_answer_leaves_out_is_asked_for_alone() -> None:
    names = ("Marketing", "Finance", "Legal")
    script = graph_with("Marketing", "Finance", many=lambda hits: listing(*hits[:1]))
    observed, look_ups = found(script, *names)
    assert [one.read for one in observed] == ["complete", "complete", "absent"]
    assert sorted(look_ups[1:]) == [["Finance"], ["Legal"]]


def test_a_filter_that_is_ignored_leads_to_no_other_catalog() -> None:
    script = graph_with(
        "Marketing", "Sales", "HR", many=lambda _: listing({"id": "c-1", "displayName": "Sales"})
    )
    observed, _ = found(script, "Marketing", "Finance")
    assert [one.read for one in observed] == ["complete", "absent"]
    assert str(observed[0].parent) == "Marketing"


def test_two_catalogs_of_one_name_are_not_counted_as_one() -> None:
    observed, look_ups = found(
        graph_with("Marketing", "marketing", "Finance"), "Marketing", "Finance"
    )
    assert [one.read for one in observed] == ["unreadable", "complete"]
    assert "c-0" in explained(observed[0])
    assert "c-1" in explained(observed[0])
    assert len(look_ups) == 1


def test_a_throttled_look_up_is_repeated_as_it_is() -> None:
    replies = iter([refused(429, Retry_After="1"), None])
    names = ("Marketing", "Finance")
    observed, look_ups = found(graph_with(*names, many=lambda _: next(replies)), *names)
    assert [one.read for one in observed] == ["complete", "complete"]
    assert look_ups == [list(names), list(names)]


def test_silence_to_every_look_up_is_no_answer_at_all() -> None:
    with pytest.raises(ServiceUnansweredError):
        found(lambda _seen: Reply(way="drop"), "Marketing", "Finance")


@given(
    st.sets(st.integers(0, 40)),
    st.sets(st.integers(0, 40)),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_together_or_alone_the_same_is_found(live, declared, takes_it, chance) -> None:
    """Whatever is live, whatever is declared, whether Graph takes `or` and however much of the
    answer is missing.
    """

    def many(hits):
        return (
            listing(*(hit for hit in hits if chance.random() < 0.7)) if takes_it else refused(400)
        )

    names = [f"Name {one}" for one in sorted(declared)]
    observed, _ = found(graph_with(*(f"NAME {one}" for one in sorted(live)), many=many), *names)
    assert [one.read for one in observed] == [
        "complete" if one in live else "absent" for one in sorted(declared)
    ]
