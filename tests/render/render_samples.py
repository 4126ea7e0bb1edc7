"""A rich plan, an empty one, and Hypothesis strategies for any other."""

from dataclasses import replace

from hypothesis import strategies as st

from reconciler.kinds.extension.fields import ASSIGNMENT_TYPE, REQUEST_TYPE
from reconciler.model.diagnostic import Diagnostic, SourceLocation
from reconciler.model.environment import ENVIRONMENT_NAME
from reconciler.model.json_values import JsonValue
from reconciler.model.objects import ObjectRef
from reconciler.model.plan import (
    ACTIONS,
    Change,
    FieldChange,
    Outcome,
    Plan,
    PlannedScope,
    Precondition,
    Unmanaged,
)
from reconciler.model.reason import Reason, reason
from reconciler.model.secrets import mask
from reconciler.render.sentences import SENTENCES
from reconciler.render.wording import Wording

TENANT = "00000000-0000-0000-0000-000000000000"
GRAPH = "http://127.0.0.1:8484/v1.0"
DIGEST = "sha256:" + "5f" * 32
TIMEOUT = ("callbackConfiguration", "timeoutDuration")

MARKETING = ObjectRef("catalog", "32efb28c-0a1b-4c3d-8e4f-000000000001", "Marketing")
HOSTILE = ObjectRef(
    "catalog", "32efb28c-0a1b-4c3d-8e4f-000000000002", "</summary>|`x` @octocat\u202e #1"
)
ABSENT = ObjectRef("catalog", None, "Sales")
UNREADABLE = ObjectRef("catalog", "32efb28c-0a1b-4c3d-8e4f-000000000004", "Finance")


WORDING = Wording(sentences={**SENTENCES, "quoted": "{text}"})
"""With a code for any text, as a kind may bring codes of its own."""
DRIFT = replace(WORDING, drift=True)


def because(text: str) -> Reason:
    return reason("quoted", text=text)


def ref(name: str, number: int | None = None, type_name: str = REQUEST_TYPE) -> ObjectRef:
    identity = None if number is None else f"90a31e24-0000-0000-0000-{number:012d}"
    return ObjectRef("extension", identity, name, type_name)


RICH = Plan(
    tool_version="0.1.0",
    tenant_id=TENANT,
    graph_url=GRAPH,
    digest=DIGEST,
    scopes=(
        PlannedScope(UNREADABLE, "unreadable"),
        PlannedScope(HOSTILE, "complete"),
        PlannedScope(MARKETING, "complete"),
        PlannedScope(ABSENT, "absent"),
    ),
    changes=(
        Change(
            "update",
            ref("@everyone | <!-- \x1b[31m```\n::error::x ##[add-mask]y", 1),
            (HOSTILE,),
            because("the live value differs | `a`"),
            (
                FieldChange(
                    ("description",), "a```\nb\u200b", "[x](http://evil) | </details>\u2028"
                ),
            ),
            Precondition(True, "sha256:" + "0a" * 32),
            SourceLocation("desired_state/odd,name:%.yaml", 3),
            "2022-11-02T19:57:41Z",
            "owner@contoso.com",
        ),
        Change(
            "create",
            ref("notify-finance"),
            (MARKETING,),
            because("declared, and no live extension has this name"),
            (
                FieldChange(("displayName",), None, "notify-finance"),
                FieldChange(("clientConfiguration", "maximumRetries"), None, 2),
                FieldChange(("endpointConfiguration", "url"), None, "(sensitive, hmac-sha256:0b)"),
            ),
            Precondition(False),
            SourceLocation("desired_state/marketing.yaml", 4),
        ),
        Change(
            "update",
            ref("notify-approvers", 2),
            (MARKETING,),
            because("the live values differ from the declared ones"),
            (
                FieldChange(TIMEOUT, "PT30M", "PT1H"),
                FieldChange(("description",), "Überholt", None),
            ),
            Precondition(True, "sha256:" + "0c" * 32),
            SourceLocation("desired_state/marketing.yaml", 14),
            "2022-11-02T19:57:41Z",
            "owner@contoso.com",
        ),
        Change(
            "rename",
            ref("new-name", 3, ASSIGNMENT_TYPE),
            (MARKETING,),
            because("its pinned id is live under another name"),
            (
                FieldChange(("displayName",), "old-name", "new-name"),
                FieldChange(("a/b~c",), True, False),
            ),
            Precondition(True, "sha256:" + "0d" * 32),
            SourceLocation("desired_state/marketing.yaml", 24),
            "2022-11-02T19:57:41Z",
        ),
        Change(
            "blocked",
            ref("two-of-them"),
            (MARKETING,),
            because("two live extensions have this name: 1, 2"),
            (FieldChange(("description",), None, "x"),),
            source=SourceLocation("desired_state/marketing.yaml", 34),
        ),
        Change(
            "blocked",
            ref("greet"),
            (ABSENT,),
            because("catalog Sales does not exist"),
            source=SourceLocation("desired_state/sales.yaml", 4),
        ),
    ),
    unmanaged=(
        Unmanaged(ref("by-hand", 7), (MARKETING,)),
        Unmanaged(ref("::set-output name=a::b", 8), (HOSTILE,)),
    ),
    diagnostics=(
        Diagnostic(
            "R301",
            "warning",
            "notify-finance has no url",
            "give `url`, or apply as a user",
            SourceLocation("desired_state/marketing.yaml", 4, 5),
        ),
        Diagnostic(
            "R302", "warning", "an extension of type odd\x00 is left alone", "nothing to do"
        ),
    ),
    unchanged={"catalog": 0, "extension": 3},
)

BASED = replace(
    RICH,
    environment="production",
    changes=(
        replace(RICH.changes[0], already_pending=True),
        RICH.changes[1],
        replace(RICH.changes[2], already_pending=True),
        *RICH.changes[3:],
    ),
)
"""The same with an environment, and with what was pending before marked."""

LEAVES = (
    FieldChange(("description",), "Called by nobody", None),
    FieldChange(("displayName",), "old-audit", None),
    FieldChange(("endpointConfiguration", "logicAppWorkflowName"), "audit", None),
)
USES: list[JsonValue] = [
    {
        "access_package": "Ledger",
        "policy": "Employees | `all`",
        "stage": "assignmentRequestCreated",
    }
]
REMOVING = replace(
    RICH,
    scopes=RICH.scopes[2:3],
    changes=(
        RICH.changes[1],
        Change(
            "replace",
            ref("notify-approvers", 2, ASSIGNMENT_TYPE),
            (MARKETING,),
            reason("type_replaced", live_type=REQUEST_TYPE, type=ASSIGNMENT_TYPE),
            (
                FieldChange(TIMEOUT, "PT30M", None),
                FieldChange(("description",), "before", "after"),
                FieldChange(("displayName",), "notify-approvers", "notify-approvers"),
            ),
            Precondition(True, "sha256:" + "0e" * 32),
            SourceLocation("desired_state/marketing.yaml", 14),
            used_by=(),
        ),
        Change(
            "delete",
            ref("old-audit", 5),
            (MARKETING,),
            reason("declared_absent"),
            LEAVES,
            Precondition(True, "sha256:" + "0f" * 32),
            SourceLocation("desired_state/marketing.yaml", 40),
            "2022-11-02T19:57:41Z",
            "owner@contoso.com",
            already_pending=True,
            used_by=(),
        ),
        Change(
            "delete",
            ref("older-audit", 6),
            (MARKETING,),
            reason("unmanaged"),
            LEAVES[:1],
            Precondition(True, "sha256:" + "1f" * 32),
            SourceLocation("desired_state/marketing.yaml", 2),
        ),
        Change(
            "blocked",
            ref("in-use", 7),
            (MARKETING,),
            reason("in_use", count=1, used_by=USES),
            source=SourceLocation("desired_state/marketing.yaml", 44),
        ),
    ),
    diagnostics=(
        Diagnostic("R309", "warning", '"by-hand" is unmanaged now', "declare it"),
        Diagnostic("R316", "warning", "The plan deletes too much.", "Review the deletions."),
    ),
    unmanaged=RICH.unmanaged[:1],
)
"""Deletes, one of them with unknown uses, a replacement, and what is in use."""

EMPTY = Plan(
    "0.1.0",
    TENANT,
    GRAPH,
    DIGEST,
    (PlannedScope(MARKETING, "complete"),),
    (),
    (),
    (),
    {"extension": 2},
)

OUTCOMES = (
    Outcome(RICH.changes[1], "done", "11111111-2222", because("Graph took durationBeforeTimeout")),
    Outcome(
        RICH.changes[2],
        "failed",
        "11111111-3333",
        reason("refused", status=409),
        "Graph answered 409 | conflict",
    ),
    Outcome(RICH.changes[3], "unknown", error="no answer came"),
    Outcome(RICH.changes[4], "skipped", reason=RICH.changes[4].reason),
    Outcome(RICH.changes[0], "done"),
)

FINDINGS = (
    Diagnostic(
        "R102", "error", "expected text", "quote it", SourceLocation("desired_state/a b.yaml", 3, 7)
    ),
    Diagnostic(
        "R105",
        "error",
        "[x](http://evil)\nhas the wrong form",
        "see `R105`",
        SourceLocation("::error::.yaml"),
    ),
    Diagnostic(
        "R208",
        "warning",
        "100% secret, surely: yes",
        "remove it",
        SourceLocation("ö,:%.yaml", 2, 1),
    ),
    Diagnostic("R002", "error", "no YAML file was found", ""),
)

NASTY = st.sampled_from(
    [
        "`",
        "```",
        "|",
        "\n",
        "\r\n",
        "::error::",
        "##[add-mask]",
        "<!--",
        "</details>",
        "@a",
        "#1",
        "](http://x)",
        "\\",
        "\x1b[2J",
        "\x7f",
        "\x9b",
        "\u202e",
        "\u200b",
        "\u2028",
        "\ud800",
        "%0A",
        ",",
        "~~~",
        "<b>",
        "&amp;",
        "x",
        " ",
        "\u3164",
        "\ufe0f",
        "\U000e0041",
        "*",
        "_",
        "$",
        "https://x.y",
        "\t",
    ]
)
HOSTILE_TEXT = (
    st.lists(NASTY | st.text(max_size=4), min_size=1, max_size=8).map("".join).filter(bool)
)


def plan_with(text: str) -> Plan:
    """A plan that has the text in every place where Graph or a file can put one."""
    catalog = ObjectRef("catalog", "id " + text, text)
    extension = ObjectRef("extension", "id " + text, text, "type " + text)
    source = SourceLocation(text, 3)
    row = FieldChange((text, "b" + text), text, {text: [text]})
    reference = FieldChange((text,), replace(extension, id=text), extension)
    return Plan(
        "0.1.0",
        TENANT,
        GRAPH,
        DIGEST,
        (PlannedScope(catalog, "unreadable"),),
        tuple(
            Change(action, extension, (catalog,), why, (row, reference), None, source, text, text)
            for action, why in (
                ("create", because(text)),
                ("update", because(text)),
                ("rename", reason("renamed_by_id", live_name=text, differ=1, declared=2)),
                ("replace", reason("type_replaced", live_type=text, type=text)),
                ("delete", reason("declared_absent")),
                ("blocked", reason("in_use", used_by=[{text: text}])),
                ("blocked", Reason("a_new_code", {text: [text, {text: text}]})),
            )
        ),
        (Unmanaged(extension, (catalog,)),),
        (Diagnostic("R301", "warning", text, text, source, {text: text}),),
        {"extension": 1},
    )


def outcomes_with(text: str) -> tuple[Outcome, ...]:
    change = plan_with(text).changes[1]
    note = {"code": "found_after_lost_create", "error": text, "id": text}
    return (
        Outcome(change, "done", text, because(text)),
        Outcome(change, "failed", text, reason("twin_created", ids=[text], note=note), text),
        Outcome(change, "skipped", text, because(text)),
        Outcome(change, "unknown", text, reason("answer_lost"), text),
    )


TEXTS = st.text(max_size=12)
JSON: st.SearchStrategy[JsonValue] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
KINDS = ("access_package", "catalog", "extension")
NAMES = st.none() | TEXTS
OBJECTS = st.builds(ObjectRef, st.sampled_from(KINDS), NAMES, NAMES, NAMES)
PARENTS = st.builds(ObjectRef, st.sampled_from(KINDS), NAMES, NAMES)
REASONS = st.builds(
    Reason,
    st.sampled_from(sorted(SENTENCES)),
    st.dictionaries(st.sampled_from(["id", "ids", "error", "differ", "note"]), JSON, max_size=2),
)
REFERENCES = st.builds(ObjectRef, st.just("extension"), NAMES, NAMES, NAMES)
FIELDS = st.builds(
    FieldChange,
    st.lists(TEXTS, max_size=3).map(tuple),
    JSON | REFERENCES,
    JSON | REFERENCES,
    st.booleans(),
)
READS = ["complete", "to_create", "unreadable", "absent"]
LINES = st.integers(min_value=1, max_value=10**6)
DIAGNOSTICS = st.builds(
    Diagnostic,
    st.sampled_from(["R101", "R301"]),
    st.sampled_from(["error", "warning"]),
    TEXTS,
    TEXTS,
    st.none() | st.builds(SourceLocation, TEXTS, LINES, LINES),
    st.dictionaries(TEXTS, JSON, max_size=2),
)
CHANGES = st.builds(
    Change,
    action=st.sampled_from(ACTIONS),
    object=OBJECTS,
    parents=st.lists(PARENTS, max_size=2).map(tuple),
    reason=REASONS,
    fields=st.lists(FIELDS, max_size=2).map(tuple),
    precondition=st.none()
    | st.builds(
        Precondition, st.booleans(), st.none() | TEXTS, st.lists(TEXTS, max_size=2).map(tuple)
    ),
    source=st.none() | st.builds(SourceLocation, TEXTS, LINES),
    last_modified_at=st.none() | TEXTS,
    last_modified_by=st.none() | TEXTS,
    already_pending=st.booleans(),
)
ENVIRONMENTS = st.from_regex(ENVIRONMENT_NAME, fullmatch=True).filter(
    lambda name: mask(name) == name
)
"""Without names that look like a key, which are masked in every document."""
PLANS = st.builds(
    Plan,
    tool_version=TEXTS,
    tenant_id=TEXTS,
    graph_url=TEXTS,
    digest=st.binary(min_size=32, max_size=32).map(lambda raw: f"sha256:{raw.hex()}"),
    scopes=st.lists(st.builds(PlannedScope, PARENTS, st.sampled_from(READS)), max_size=2).map(
        tuple
    ),
    changes=st.lists(CHANGES, max_size=3).map(tuple),
    unmanaged=st.lists(
        st.builds(Unmanaged, OBJECTS, st.lists(PARENTS, max_size=2).map(tuple)), max_size=2
    ).map(tuple),
    diagnostics=st.lists(DIAGNOSTICS, max_size=2).map(tuple),
    unchanged=st.fixed_dictionaries(dict.fromkeys(KINDS, st.integers(min_value=0, max_value=9))),
    environment=st.none() | ENVIRONMENTS,
)
