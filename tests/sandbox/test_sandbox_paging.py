"""Lists: pages, order, links, filters and the other query options (docs/graph.md §1.3, §1.4)."""

from urllib.parse import parse_qs, urlsplit

import pytest

from reconciler.sandbox.store import Store


def fill(graph, body, count):
    return [
        graph.create({**body, "displayName": f"n{number}"})["displayName"]
        for number in range(count)
    ]


def names(objects):
    return [one["displayName"] for one in objects]


@pytest.mark.parametrize("order", ["insertion", "reverse", "shuffle"])
@pytest.mark.parametrize("empty", ["false", "true"])
@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_every_object_comes_exactly_once(start, request_body, order, empty, size):
    graph = start(f"page_size={size}", f"list_order={order}", f"empty_pages={empty}")
    expected = fill(graph, request_body, 7)
    pages = graph.pages(graph.extensions())
    listed = [one for page in pages for one in names(page)]
    assert sorted(listed) == expected
    if order != "shuffle":
        assert listed == (expected if order == "insertion" else expected[::-1])
    filled = [page for page in pages if page]
    assert [len(page) for page in filled] == [size] * (7 // size) + [7 % size] * bool(7 % size)
    assert len(pages) == len(filled) * (2 if empty == "true" else 1)


def test_a_shuffle_is_another_one_each_time(start, request_body):
    graph = start("page_size=3")
    fill(graph, request_body, 7)
    assert len({tuple(names(graph.every(graph.extensions()))) for _ in range(8)}) > 1


def test_an_empty_collection_with_empty_pages_still_ends(start):
    graph = start("empty_pages=true")
    assert graph.pages(graph.extensions()) == [[], []]


def test_links_are_absolute_of_the_same_origin_and_keep_the_options(start, request_body):
    graph = start("page_size=1")
    for name in ("it's a+b&c=d", "IT'S A+B&C=D"):
        graph.create({**request_body, "displayName": name})
    params = {"$filter": "displayName eq 'it''s a+b&c=d'", "$select": "id,displayName"}
    link = graph.get(graph.extensions(), params=params).json()["@odata.nextLink"]
    assert link.startswith(graph.base + "/identityGovernance")
    kept = {name: value[0] for name, value in parse_qs(urlsplit(link).query).items()}
    assert kept.pop("$skiptoken") and kept == params
    assert len(graph.every(graph.extensions(), params=params)) == 2


def test_a_link_has_the_origin_by_which_it_was_asked_for(start):
    graph = start("page_size=1")
    localhost = graph.base.replace("127.0.0.1", "localhost")
    link = graph.get("/catalogs", headers={"Host": urlsplit(localhost).netloc}).json()[
        "@odata.nextLink"
    ]
    assert link.startswith(localhost)


def test_objects_that_come_and_go_between_pages_shift_nothing(start, request_body):
    graph = start("page_size=2", "list_order=insertion")
    made = [
        graph.create({**request_body, "displayName": f"n{number}"})["id"] for number in range(5)
    ]
    first = graph.get(graph.extensions()).json()
    graph.send("DELETE", graph.extensions(extension=made[0]))
    graph.create({**request_body, "displayName": "late"})
    rest = graph.every(first["@odata.nextLink"])
    assert names(rest) == ["n2", "n3", "n4", "late"]


@pytest.mark.parametrize("token", ["", "x", "AAAA", "é", "A" * 200])
def test_a_made_up_token_is_refused(start, token):
    assert start().get("/catalogs", params={"$skiptoken": token}).status_code == 400


def test_top_makes_pages_smaller_and_never_larger(start, request_body):
    graph = start("page_size=3")
    fill(graph, request_body, 5)
    assert [len(page) for page in graph.pages(graph.extensions(), params={"$top": "2"})] == [
        2,
        2,
        1,
    ]
    assert [len(page) for page in graph.pages(graph.extensions(), params={"$top": "50"})] == [3, 2]
    assert graph.pages(graph.extensions(), params={"$top": "0"}) == [[]]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("displayName eq 'Finance'", {"Finance"}),
        ("displayName eq 'fINANCE'", {"Finance"}),
        ("displayName eq 'Fin'", set()),
        ("displayName eq ''", set()),
        ("id eq '32EFB28C-9a7a-446c-986b-ca6528c6669d'", {"Marketing"}),
        ("contains(tolower(displayName),'mark')", {"Marketing"}),
        ("contains(tolower(displayName),'Mark')", set()),
        ("contains(displayName,'Mark')", {"Marketing"}),
        ("contains(tolower(displayName), 'an') or id eq 'x'", {"Finance"}),
        ("displayName eq 'General' or displayName eq 'Finance'", {"General", "Finance"}),
        ("contains(tolower(displayName),'e') and displayName eq 'Finance'", {"Finance"}),
        ("displayName eq 'General' or displayName eq 'Finance' and id eq 'x'", {"General"}),
        ("(displayName eq 'General' or displayName eq 'Finance') and id eq 'x'", set()),
    ],
)
def test_filters(start, expression, expected):
    assert set(names(start().every("/catalogs", params={"$filter": expression}))) == expected


@pytest.mark.parametrize(
    "expression",
    ["", "displayName", "displayName eq", "displayName eq Finance", "displayName ne 'x'",
     "state eq 'published'", "startswith(displayName,'x')", "displayName eq 'x' displayName eq 'y'",
     "displayName eq 'x", "()", "'x' eq displayName", "displayName eq 'it's'",
     "(" * 500 + "id eq 'x'" + ")" * 500, "displayName eq 'x')"],
)  # fmt: skip
def test_filters_that_are_refused(start, expression):
    answer = start().get("/catalogs", params={"$filter": expression})
    assert answer.status_code == 400 and answer.json()["error"]["code"] == "BadRequest"


@pytest.mark.parametrize(
    "params",
    [{"$orderby": "displayName"}, {"$search": "x"}, {"$skip": "1"}, {"$count": "true"},
     {"$top": "-1"}, {"$top": "x"}, {"$top": "1" * 10}, {"$select": "nothing"},
     {"$expand": "nothing"}, {"$expand": "accessPackages("},
     {"$expand": "accessPackages($select=id)"},
     {"$expand": ""}, {"$expand": "accessPackages)"}],
)  # fmt: skip
def test_options_that_are_refused(start, params):
    assert start().get("/catalogs", params=params).status_code == 400


def test_select_keeps_the_type(start):
    graph = start()
    listed = graph.every(graph.extensions(graph.FINANCE), params={"$select": "displayName"})
    assert all(set(one) == {"@odata.type", "displayName"} for one in listed)
    item = graph.get(graph.extensions(graph.FINANCE, graph.NOTIFY), params={"$select": "id"}).json()
    assert set(item) == {"@odata.context", "@odata.type", "id"}


def test_extensions_expand_nothing(start):
    graph = start()
    assert (
        graph.get(graph.extensions(), params={"$expand": "callbackConfiguration"}).status_code
        == 400
    )


def test_count_takes_a_filter(start):
    graph = start()
    path = f"{graph.extensions(graph.FINANCE)}/$count"
    assert graph.get(path, params={"$filter": "displayName eq 'legacy-audit'"}).text == "1"


def test_a_catalog_made_after_a_look_up_is_found_by_the_next_one(start):
    graph = start()
    look_up = {"$filter": "displayName eq 'late' or displayName eq 'later'"}
    assert graph.every("/catalogs", params=look_up) == []
    graph.send("POST", "/catalogs", {"displayName": "Late"})
    assert names(graph.every("/catalogs", params=look_up)) == ["Late"]
    with Store(graph.database) as elsewhere:  # another process that serves the same file
        elsewhere.add(
            "catalog", {"id": "b0000000-0000-4000-8000-000000000001", "displayName": "LATER"}
        )
    assert sorted(names(graph.every("/catalogs", params=look_up))) == ["LATER", "Late"]
