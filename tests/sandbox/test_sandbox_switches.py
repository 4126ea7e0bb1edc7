"""Every switch under each of its values."""

import itertools
import time
from dataclasses import fields

import pytest

from reconciler.sandbox.store import Store
from reconciler.sandbox.switches import SwitchError, Switches, parse_switches

NAMES = ("timeoutDuration", "durationBeforeTimeout")


def ids(extensions):
    return {extension["id"] for extension in extensions}


def test_pairs_become_switches():
    parsed = parse_switches(["page_size=3", "put=merge", "extra_properties=true", "page_size=4"])
    assert parsed == Switches(page_size=4, put="merge", extra_properties=True)
    assert parse_switches(["put=replace"], base=parsed).page_size == 4
    assert all(item.metadata["meaning"] for item in fields(Switches))


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("page_size", ["NAME=VALUE"]),
        ("nothing=1", ["nothing", "page_size"]),
        ("page_size=0", ["page_size", "'0'", "from 1"]),
        ("page_size=-1", ["page_size", "'-1'"]),
        ("page_size=many", ["page_size", "'many'"]),
        ("lag_reads=²", ["lag_reads"]),
        ("put=patch", ["put", "'patch'", "merge, replace"]),
        ("extra_properties=yes", ["extra_properties", "'yes'", "true, false"]),
        ("in_use_status=200", ["in_use_status", "409"]),
    ],
)
def test_a_bad_switch_is_refused_by_name(pair, words):
    with pytest.raises(SwitchError) as caught:
        parse_switches([pair])
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize(
    ("accept", "other", "sent"),
    list(itertools.product((*NAMES, "both"), ("reject", "ignore"), NAMES)),
)
def test_timeout_names_in_bodies(start, request_body, accept, other, sent):
    graph = start(f"timeout_accept={accept}", f"timeout_other={other}")
    request_body["callbackConfiguration"] = {sent: "PT2H"}
    answer = graph.send("POST", graph.extensions(), request_body)
    if accept in (sent, "both"):
        assert answer.json()["callbackConfiguration"]["timeoutDuration"] == "PT2H"
    elif other == "reject":
        assert answer.status_code == 400
    else:
        assert answer.status_code == 201
        assert not set(NAMES) & set(answer.json()["callbackConfiguration"])


@pytest.mark.parametrize(
    ("value", "expected"), [*((name, {name}) for name in NAMES), ("both", set(NAMES))]
)
def test_timeout_names_in_answers(start, value, expected):
    graph = start(f"timeout_answer={value}")
    shown = graph.get(graph.extensions(graph.FINANCE, graph.NOTIFY)).json()["callbackConfiguration"]
    assert {name for name in NAMES if shown.get(name) == "PT30M"} == expected
    with Store(graph.database) as store:
        stored = next(one for one in store.extensions() if one["id"] == graph.NOTIFY)
    assert stored["callbackConfiguration"]["timeoutDuration"] == "PT30M"


def test_two_equal_timeouts_are_one(start, request_body):
    graph = start()
    request_body["callbackConfiguration"] = {
        "timeoutDuration": "PT60M",
        "durationBeforeTimeout": "PT1H",
    }
    assert graph.create(request_body)["callbackConfiguration"]["timeoutDuration"] == "PT1H"


def test_an_application_without_url(start, request_body):
    graph = start("app_only_without_url=refuse")
    answer = graph.send("POST", graph.extensions(), request_body)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "UnauthorizedClientAppOnBehalfOfUnsupported"
    endpoint = request_body["endpointConfiguration"]
    created = graph.create(
        {**request_body, "endpointConfiguration": {**endpoint, "url": "https://own.example/x"}}
    )
    item = graph.extensions(extension=created["id"])
    assert graph.send("PUT", item, request_body).status_code == 200
    endpoint["logicAppWorkflowName"] = "la-other"
    assert graph.send("PUT", item, request_body).status_code == 403


@pytest.mark.parametrize(
    ("kept", "of_empty", "of_null"),
    [("as_sent", "", None), ("null", None, None), ("empty", "", "")],
)
def test_what_is_kept_of_an_empty_text(start, request_body, kept, of_empty, of_null):
    graph = start(f"empty_text={kept}")
    for sent, expected in ("", of_empty), (None, of_null), ("text", "text"):
        created = graph.create({**request_body, "description": sent})
        assert created["description"] == expected
        item = graph.extensions(extension=created["id"])
        assert (
            graph.send("PUT", item, {**request_body, "description": sent}).json()["description"]
            == expected
        )


@pytest.mark.parametrize("put", ["merge", "replace"])
def test_put_merges_or_replaces(start, request_body, put):
    graph = start(f"put={put}")
    request_body["clientConfiguration"] = {"timeoutInMilliseconds": 500, "maximumRetries": 1}
    created = graph.create(request_body)
    body = {"@odata.type": request_body["@odata.type"], "displayName": "renamed"}
    answer = graph.send("PUT", graph.extensions(extension=created["id"]), body).json()
    assert answer["displayName"] == "renamed"
    assert answer["endpointConfiguration"] == created["endpointConfiguration"]
    for name in ("description", "callbackConfiguration", "clientConfiguration"):
        assert answer[name] == (created[name] if put == "merge" else None)
    cleared = {**body, "description": None, "callbackConfiguration": None}
    answer = graph.send("PUT", graph.extensions(extension=created["id"]), cleared).json()
    assert answer["description"] is answer["callbackConfiguration"] is None


@pytest.mark.parametrize("put", ["merge", "replace"])
def test_nested_objects_are_replaced_whole(start, request_body, put):
    graph = start(f"put={put}")
    request_body["clientConfiguration"] = {"timeoutInMilliseconds": 500, "maximumRetries": 1}
    created = graph.create(request_body)
    body = {
        "@odata.type": request_body["@odata.type"],
        "clientConfiguration": {"maximumRetries": 0},
    }
    answer = graph.send("PUT", graph.extensions(extension=created["id"]), body).json()
    assert answer["clientConfiguration"] == {"timeoutInMilliseconds": 1000, "maximumRetries": 0}


def test_extra_properties_are_answered_and_never_accepted(start, request_body):
    graph = start("extra_properties=true")
    plain = set(
        start(database=graph.database).get(graph.extensions(graph.FINANCE, graph.NOTIFY)).json()
    )
    shown = graph.get(graph.extensions(graph.FINANCE, graph.NOTIFY)).json()
    extra = set(shown) - plain
    assert any("@" in name for name in extra) and any("@" not in name for name in extra)
    assert "region" in shown["endpointConfiguration"] and "region" in shown["callbackConfiguration"]
    assert extra <= set(graph.every("/catalogs")[0])
    for name in extra:
        assert (
            graph.send("POST", graph.extensions(), {**request_body, name: shown[name]}).status_code
            == 400
        )


def test_a_created_object_lags(start, request_body):
    graph = start("lag_reads=2")
    item = graph.extensions(extension=graph.create(request_body)["id"])
    count = f"{graph.extensions()}/$count"
    assert graph.get(item).status_code == 404
    assert graph.get(count).text == "0"
    assert graph.every(graph.extensions()) == []
    assert graph.get(item).status_code == 200
    assert graph.get(count).text == "1"


def test_an_updated_object_shows_its_earlier_state(start):
    graph = start("lag_reads=2")
    item = graph.extensions(graph.FINANCE, graph.LEGACY)
    kind = graph.get(item).json()["@odata.type"]
    for name in ("once", "twice"):
        answer = graph.send("PUT", item, {"@odata.type": kind, "displayName": name})
        assert answer.json()["displayName"] == name
    filtered = {"$filter": "displayName eq 'twice'"}
    assert graph.get(item).json()["displayName"] == "legacy-audit"
    assert graph.every(graph.extensions(graph.FINANCE), params=filtered) == []
    assert graph.get(item).json()["displayName"] == "twice"


def test_a_deleted_object_shows_until_reads_catch_up(start, expiry_body):
    graph = start("lag_reads=3")
    item = graph.extensions(graph.FINANCE, graph.EXPIRY)
    count = f"{graph.extensions(graph.FINANCE)}/$count"
    before = graph.get(item).json()
    assert graph.send("DELETE", item).status_code == 204
    assert graph.send("DELETE", item).status_code == 404
    assert graph.send("PUT", item, expiry_body).status_code == 404
    assert graph.get(item).json() == before
    assert graph.EXPIRY in ids(graph.every(graph.extensions(graph.FINANCE)))
    assert graph.get(count).text == "3"
    assert graph.get(item).status_code == 200
    assert graph.get(item).status_code == 404
    assert graph.EXPIRY not in ids(graph.every(graph.extensions(graph.FINANCE)))
    assert graph.get(count).text == "2"


def test_a_deleted_object_shows_what_was_visible_of_it(start, request_body):
    graph = start("lag_reads=2")
    item = graph.extensions(graph.FINANCE, graph.EXPIRY)
    kind = graph.get(item).json()["@odata.type"]
    graph.send("PUT", item, {"@odata.type": kind, "displayName": "renamed"})
    never_seen = graph.extensions(extension=graph.create(request_body)["id"])
    for path in (item, never_seen):
        assert graph.send("DELETE", path).status_code == 204
    assert graph.get(item).json()["displayName"] == "expiry-reminder"
    assert graph.get(never_seen).status_code == 404


def test_the_name_of_a_deleted_object_is_free_at_once(start, expiry_body):
    graph = start("lag_reads=2", "unique_extension_names=true")
    graph.send("DELETE", graph.extensions(graph.FINANCE, graph.EXPIRY))
    graph.create({**expiry_body, "displayName": "expiry-reminder"}, graph.FINANCE)


def test_a_deleted_object_is_forgotten_once_reads_have_caught_up(start):
    graph = start("lag_reads=1")
    item = graph.extensions(graph.FINANCE, graph.EXPIRY)
    graph.send("DELETE", item)
    with Store(graph.database) as store:
        assert graph.EXPIRY not in ids(store.extensions(graph.FINANCE))
        assert graph.EXPIRY in {row.id for row in store.rows("extension")}
        graph.get(item)
        assert graph.EXPIRY not in {row.id for row in store.rows("extension")}


def test_lag_can_be_ended_for_every_object(start, request_body):
    graph = start("lag_reads=9", "views=2")
    created = graph.create(request_body)["id"]
    graph.send("PATCH", f"/catalogs/{graph.FINANCE}", {"displayName": "Treasury"})
    graph.send("DELETE", graph.extensions(graph.FINANCE, graph.EXPIRY))
    with Store(graph.database) as store:
        store.end_lag()
        assert graph.EXPIRY not in {row.id for row in store.rows("extension")}
    assert graph.get(graph.extensions(extension=created)).is_success
    assert graph.get(f"/catalogs/{graph.FINANCE}").json()["displayName"] == "Treasury"
    assert graph.get(graph.extensions(graph.FINANCE, graph.EXPIRY)).status_code == 404


def test_the_lag_of_a_delete_survives_a_restart_and_is_shared_by_two_servers(start):
    graph = start("lag_reads=2")
    item = graph.extensions(graph.FINANCE, graph.EXPIRY)
    graph.send("DELETE", item)
    statuses = [
        start("lag_reads=2", database=graph.database).get(item).status_code for _ in range(3)
    ]
    assert statuses == [200, 200, 404]


def shows(graph, catalog, extension, reads):
    """For each of so many reads, of the object and of the list in turn: S if it shows, else -."""
    seen = ""
    for read in range(reads):
        if read % 2:
            is_there = extension in ids(graph.every(graph.extensions(catalog)))
        else:
            is_there = graph.get(graph.extensions(catalog, extension)).is_success
        seen += "S" if is_there else "-"
    return seen


@pytest.mark.parametrize(
    ("lag_reads", "views", "seen"),
    [
        (0, 2, "SSSS"),
        (1, 1, "-SSS"),
        (1, 2, "-S-SSS"),
        (2, 2, "--S-S-SSS"),
        (3, 2, "---S-S-S-SSS"),
    ],
)
def test_with_two_views_an_object_shows_vanishes_and_shows_again(
    start, request_body, lag_reads, views, seen
):
    graph = start(f"lag_reads={lag_reads}", f"views={views}")
    created = graph.create(request_body)["id"]
    assert shows(graph, graph.MARKETING, created, len(seen)) == seen
    graph.send("DELETE", graph.extensions(extension=created))
    vanishes = seen.translate(str.maketrans("S-", "-S"))
    assert shows(graph, graph.MARKETING, created, len(seen)) == vanishes


def test_with_two_views_an_update_shows_its_earlier_state_again(start):
    graph = start("lag_reads=1", "views=2")
    graph.send("PATCH", f"/catalogs/{graph.FINANCE}", {"displayName": "Treasury"})
    names = [graph.get(f"/catalogs/{graph.FINANCE}").json()["displayName"] for _ in range(5)]
    assert names == ["Finance", "Treasury", "Finance", "Treasury", "Treasury"]


def test_the_turns_of_two_views_survive_a_restart_and_are_shared_by_two_servers(
    start, request_body
):
    graph = start("lag_reads=1", "views=2")
    created = graph.create(request_body)["id"]
    servers = (start("lag_reads=1", "views=2", database=graph.database) for _ in range(5))
    seen = [shows(server, graph.MARKETING, created, 1) for server in servers]
    assert "".join(seen) == "-S-SS"


@pytest.mark.parametrize("wrap", ["false", "true"])
def test_single_extensions_may_be_wrapped(start, request_body, wrap):
    graph = start(f"wrap_answers={wrap}")
    created = graph.send("POST", graph.extensions(), request_body).json()
    found = created["value"] if wrap == "true" else created
    item = graph.extensions(extension=found["id"])
    for answer in (graph.get(item), graph.send("PUT", item, request_body)):
        body = answer.json()
        assert (body["value"] if wrap == "true" else body)["id"] == found["id"]
    assert graph.every(graph.extensions())[0]["id"] == found["id"]


def test_latency_delays_answers(start):
    graph = start("latency_ms=60")
    began = time.monotonic()
    graph.get("/catalogs")
    assert time.monotonic() - began >= 0.06


@pytest.mark.parametrize(
    ("expression", "status"),
    [
        ("displayName eq 'a' or displayName eq 'b'", 400),
        ("(displayName eq 'a' or displayName eq 'b') and id eq 'x'", 400),
        ("displayName eq 'a or b'", 200),
        ("displayName eq 'a' and id eq 'x'", 200),
    ],
)
def test_or_in_a_filter_may_be_refused(start, expression, status):
    graph = start("filter_or=refuse")
    assert graph.get("/catalogs", params={"$filter": expression}).status_code == status


def test_the_rate_limit_answers_429(start):
    graph = start("rate_limit=3")
    answers = [graph.get("/catalogs") for _ in range(6)]
    assert [answer.status_code for answer in answers][:3] == [200] * 3
    refused = answers[-1]
    assert refused.status_code == 429 and refused.headers["Retry-After"] == "1"
    assert refused.json()["error"]["code"] == "TooManyRequests"


@pytest.mark.parametrize("status", [400, 403, 409, 412])
def test_the_status_of_an_extension_in_use(start, status):
    graph = start(f"in_use_status={status}")
    assert graph.send("DELETE", graph.extensions(graph.FINANCE, graph.LEGACY)).status_code == status
