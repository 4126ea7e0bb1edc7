"""Sentences made of reasons: why a change is planned, blocked, skipped, failed or unknown."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.model.json_values import JsonValue
from reconciler.model.names import GUID
from reconciler.model.objects import Parents
from reconciler.model.plan import Change, Outcome
from reconciler.model.reason import Reason
from reconciler.render.escape import json_value
from reconciler.render.nouns import TENANT, noun, plural, with_article
from reconciler.render.sentences import (
    CHECK,
    SENTENCES,
    STALE,
    UNKNOWN_WITHOUT_CHECK,
    Sentences,
)

Parameters = Mapping[str, JsonValue]


def sentence(
    why: Reason, change: Change, sentences: Sentences = SENTENCES, error: str | None = None
) -> str:
    """The reason of a change in words; `error` is what Graph or the network said.

    A code that `sentences` does not have is shown with its parameters: a newer version may have
    saved the plan.
    """
    return _filled(why, _words(change.kind, change.parents), sentences, error)


def parent_sentence(why: Reason, kind: str, sentences: Sentences = SENTENCES) -> str:
    """Why an outermost parent of this kind is absent or could not be read."""
    return _filled(why, _words_of_kinds(kind, TENANT, kind), sentences)


def stale_clause(why: Reason, change: Change) -> str:
    """Why a change no longer matches the live object, for a list of such changes."""
    return sentence(why, change, STALE)


def outcome_sentence(outcome: Outcome, sentences: Sentences = SENTENCES) -> str:
    """Why a change was not applied, or why that is not known."""
    change, why = outcome.change, outcome.reason
    if why is None:
        return outcome.error or sentence(change.reason, change, sentences)
    text = sentence(why, change, sentences, outcome.error)
    if outcome.status != "unknown" or why.code in UNKNOWN_WITHOUT_CHECK:
        return text
    return f"{text} {CHECK.format(object=_to_check(change))}"


def outcome_note(outcome: Outcome, sentences: Sentences = SENTENCES) -> str:
    """What an operator should know beside the outcome: how else a change was applied; else "".

    The reason of a change that was applied is such a note; any reason may hold another one.
    """
    why = outcome.reason
    if why is not None and outcome.status != "done":
        why = _note_in(why)
    notes: list[str] = []
    while why is not None:
        notes.append(sentence(why, outcome.change, sentences, outcome.error))
        why = _note_in(why)
    return "; ".join(notes)


def _note_in(why: Reason) -> Reason | None:
    """The reason in the parameter `note`."""
    note = why.parameters.get("note")
    if not isinstance(note, dict):
        return None
    parameters = {name: value for name, value in note.items() if name != "code"}
    return Reason(str(note.get("code")), parameters)


def _to_check(change: Change) -> str:
    ref = change.object
    if ref.id:
        return ref.id
    if not change.parents:
        return f'the {noun(ref.kind)} "{ref.display_name}"'
    parent = change.parents[-1]
    return f'"{ref.display_name}" in {noun(parent.kind)} {parent}'


def _filled(
    why: Reason, words: dict[str, str], sentences: Sentences, error: str | None = None
) -> str:
    template = sentences.get(why.code)
    if template is None:
        return _unknown_code(why)
    texts = {name: _text(value) for name, value in why.parameters.items()}
    said = {} if error is None else {"error": error}
    return template.format_map(_Values({**words, **said, **texts, **_computed(why, words)}))


class _Values(dict[str, str]):
    """What a sentence may name; `?` for what a plan of another version does not give."""

    def __missing__(self, name: str) -> str:
        return "?"


def _unknown_code(why: Reason) -> str:
    parameters = ", ".join(f"{name}: {_text(value)}" for name, value in why.parameters.items())
    return f"{why.code} ({parameters})" if parameters else why.code


def _text(value: JsonValue) -> str:
    """A parameter as it stands in a sentence."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return "" if value is None else json_value(value)


def _words(kind: str, parents: Parents) -> dict[str, str]:
    kinds = [parent.kind for parent in parents] or [TENANT]
    return _words_of_kinds(kind, innermost=kinds[-1], outermost=kinds[0])


def _words_of_kinds(kind: str, innermost: str, outermost: str) -> dict[str, str]:
    """`{kind}` of the object, `{parent}`: what contains it, `{scope}`: what contains that."""
    return {
        "kind": noun(kind),
        "kinds": plural(noun(kind)),
        "a_kind": with_article(noun(kind)),
        "parent": noun(innermost),
        "scope": noun(outermost),
        "scopes": plural(noun(outermost)),
    }


def _computed(why: Reason, words: dict[str, str]) -> dict[str, str]:
    """The parts of a sentence that depend on the parameters."""
    parameters = why.parameters
    return {
        "verb": _verb(parameters),
        "also": _also(parameters),
        "way_out": _way_out(parameters, words["scope"]),
        "stale": _stale(parameters, words),
        "other_kind": noun(_text(parameters.get("other_kind"))),
        "inside_kind": noun(_text(parameters.get("inside_kind"))),
        "correction": _did_you_mean(parameters) or _correction(parameters),
        "uses": _uses(parameters),
        "former": _former(parameters, words["kind"]),
    }


def _verb(parameters: Parameters) -> str:
    return "differs" if parameters.get("differ") == 1 else "differ"


def _correction(parameters: Parameters) -> str:
    """What to do about a reference to what does not exist, where no name is similar."""
    if parameters.get("by") == "id":
        return "correct the id"
    if GUID.fullmatch(_text(parameters.get("name"))):
        return "it looks like an id: write {id: …}, or correct the name"
    return "correct the name"


def _former(parameters: Parameters, kind: str) -> str:
    """What an object of others can be compared with after a write."""
    if parameters.get("recorded"):
        return f'compare it with the {kind} as it was before, which the journal has under "before"'
    return f"without a journal the {kind} as it was before is not kept: check it with its owner"


def _uses(parameters: Parameters) -> str:
    """Where an object is used: `access package A, policy B, stage C`."""
    uses = parameters.get("used_by")
    places = [use for use in uses if isinstance(use, dict)] if isinstance(uses, list) else []
    return "; ".join(map(use_text, places))


def use_text(use: Mapping[str, JsonValue]) -> str:
    """One place that refers to an object: `access package A, policy B, stage C`."""
    return ", ".join(f"{noun(kind)} {_text(name)}" for kind, name in use.items())


def _also(parameters: Parameters) -> str:
    """What differs beside the name."""
    differ, declared = parameters.get("differ"), parameters.get("declared")
    if not differ:
        return ""
    return f"; {differ} of {declared} declared properties {_verb(parameters)}"


def _way_out(parameters: Parameters, scope: str) -> str:
    """What to do about a parent that does not exist."""
    if parameters.get("by") == "id":
        return f"correct it, or use the {scope}'s name"
    like_id = f"it looks like an id: write {scope}: {{id: …}}; "
    hint = _did_you_mean(parameters) or f"{_creation(parameters, scope)}, or correct the name"
    unreadable = parameters.get("names_unreadable")
    return (
        (like_id if parameters.get("looks_like_id") else "")
        + hint
        + (f" (the existing names could not be listed: {_text(unreadable)})" if unreadable else "")
    )


def _did_you_mean(parameters: Parameters) -> str:
    """The question for the most similar names; "" if there are none."""
    nearest = parameters.get("nearest")
    names = ", ".join(f'"{_text(name)}"' for name in nearest) if isinstance(nearest, list) else ""
    return f"did you mean {names}?" if names else ""


def _creation(parameters: Parameters, scope: str) -> str:
    if parameters.get("can_be_declared"):
        return f"create it with {scope}: {{displayName: …}}"
    return "create it first"


def _stale(parameters: Parameters, words: dict[str, str]) -> str:
    """The clause of the code in the parameter `why`."""
    code = parameters.get("why")
    if not isinstance(code, str) or code not in STALE:
        return _text(code)
    return STALE[code].format_map(_Values(words | {"id": _text(parameters.get("id"))}))
