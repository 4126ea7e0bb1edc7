"""The sentence of every reason code. docs/reference.md lists the same table; a test compares them.

A sentence names the parameters of its reason in braces, and what `render.reasons` adds: `{kind}` is
the kind of the object, `{parent}` that of what contains it, `{scope}` that of the outermost parent.
Lists are joined by commas. The codes that only one kind has come from its record.
"""

from __future__ import annotations

from collections.abc import Mapping

Sentences = Mapping[str, str]

PLANNED: Sentences = {
    "not_live": "no {kind} of this {parent} has this name",
    "properties_differ": "{differ} of {declared} declared properties {verb}",
    "renamed_by_id": 'it is pinned by id and its live name is "{live_name}"{also}',
    "type_replaced": (
        "its type changes from {live_type} to {type}: a new {kind} is created, then the old one is"
        " deleted"
    ),
    "unmanaged": "no declaration names it, and the document of its {parent} has unmanaged: delete",
    "declared_absent": "it is declared with ensure: absent",
    "respelled": 'its name differs only in spelling from the live name "{live_name}"{also}',
}
"""Why a change is planned."""

BLOCKED: Sentences = {
    "parent_absent": "no {scope} has this {by}; {way_out}",
    "parent_ambiguous": (
        "{count} {scopes} have this name ({ids}); select one with {scope}: {{id: …}}"
    ),
    "parent_unreadable": "the {scope} could not be read: {error}",
    "object_unreadable": "the {kind} could not be read: {error}",
    "parent_blocked": "the change of its {parent} is blocked",
    "depends_on_blocked": 'it refers to the {other_kind} "{name}", whose change is blocked',
    "reference_absent": (
        'it refers to the {other_kind} "{name}", which is neither declared nor live; {correction}'
    ),
    "reference_by_former_name": (
        'it refers to the {other_kind} "{name}", which is to be renamed to "{new_name}"; write the'
        " new name"
    ),
    "not_there": 'the {other_kind} "{name}" does not exist in {inside_kind} {inside}; {correction}',
    "member_declared_twice": (
        "{members} must be declared once, not at {places}; keep only one of the declarations"
    ),
    "pinned_under_other_name": (
        'the live {kind} {id} is named "{live_name}"; correct the name, or remove it: {kinds} are'
        " not renamed"
    ),
    "reference_ambiguous": (
        'it refers to the {other_kind} "{name}", and {count} have this name ({ids})'
    ),
    "declared_twice": "it is also declared at {places}; keep only one of the declarations",
    "name_ambiguous": (
        "{count} live {kinds} have this name; add the id: of the one to manage ({ids})"
    ),
    "name_pinned_elsewhere": (
        "the live {kind} of this name is pinned at {place}; apply that declaration first, then plan"
        " again"
    ),
    "pinned_id_absent": (
        "no {kind} of this {parent} has the pinned id {id}; correct the id or remove it"
    ),
    "new_name_taken": (
        "the new name is already used by {ids}; choose another name, rename that {kind} first, or"
        " declare it too, with its id"
    ),
    "former_name_declared": (
        '"{former_name}" is to be renamed to "{new_name}", but {place} still uses the former name;'
        " write the new name or the id there"
    ),
    "type_changed": (
        "the live {kind} {id} is of type {live_type}, which cannot be changed to {type}; declare"
        " another name, or delete the live {kind} in the admin center once no policy uses it"
    ),
    "absent_under_other_name": (
        'the live {kind} {id} is named "{live_name}"; correct the name, or remove it to delete the'
        " {kind} whatever its name is"
    ),
    "absent_of_other_type": (
        "the live {kind} {id} is of type {live_type}; correct @odata.type, or remove it to delete"
        " the {kind} whatever its type is"
    ),
    "type_changed_pinned": (
        "the live {kind} {id} is of type {live_type}, and {a_kind} of type {type} gets a new id;"
        " remove the id: from the declaration to replace it"
    ),
    "replace_unfinished": (
        "two {kinds} have this name, and one is of the declared type: a replacement was not"
        " finished; add id: {new_id} to this declaration, and declare the old one absent with"
        " {{id: {old_id}, ensure: absent}}"
    ),
    "type_unknown": (
        'the live {kind} {id} is of the unknown type "{live_type}", which reconciler never changes;'
        " delete it in the Microsoft Entra admin center"
    ),
    "renames_in_a_circle": (
        "these {kinds} exchange their names ({ids}), and none can be renamed first; give one of"
        " them a third name, apply, then declare the final names"
    ),
    "name_freed_by_delete": (
        "the name belongs to the {kind} {id}, which is declared absent at {place}; apply the"
        " deletion first, then plan again"
    ),
    "reference_to_absent": (
        'it refers to the {other_kind} "{name}", which is declared with ensure: absent'
    ),
    "create_not_offered": "no {kind} has this name, and reconciler does not create {kinds}",
    "update_not_offered": "it differs from the live {kind}, and reconciler does not change {kinds}",
    "delete_not_offered": (
        "{kinds} are not deleted by reconciler; remove the declaration, or delete it in the"
        " Microsoft Entra admin center"
    ),
    "in_use": "it is in use: {uses}; remove it there first, then plan again",
    "two_documents": (
        "unmanaged: delete needs one document for the {parent}, and there are several ({places});"
        " move all declarations into one"
    ),
    "partial_path": (
        "unmanaged: delete needs all files, and a PATH names a single file; give the folder"
    ),
    "catalog_not_settled": (
        "no unmanaged {kind} is deleted while another change of the {scope} is blocked; resolve"
        " that first"
    ),
    "use_unknown": (
        "it may be in use, which could not be read completely: {error} Plan again with an identity"
        " that can read it, or declare another name"
    ),
    "unsettled_write": (
        "an earlier run sent its {write} at {sent_at}, and whether that was applied could not be"
        " found out ({search_error}); run apply again: it searches again"
    ),
    "writes_secret": (
        "{paths} contains a secret (a signature, a token or a key); remove it from the file"
    ),
}
"""Why a change cannot be applied, with the way out."""

SKIPPED: Sentences = {
    "interrupted": "the run was interrupted before this change",
    "token_rejected": "the access token was rejected earlier in this run",
    "journal_failed": "the journal could not be written earlier in this run",
    "parent_failed": (
        "the {parent} that contains it is not known to have been created as planned; see its"
        " outcome"
    ),
    "name_not_freed": (
        "the {kind} {id} may still have the new name: its rename is not known to be applied"
    ),
    "depends_on_failed": (
        'the change of the {other_kind} "{name}", which must come first, is not known to be applied'
    ),
}
"""Why a change was not attempted."""

STALE: Sentences = {
    "name_taken": "{a_kind} with this name already exists ({id})",
    "new_name_in_use": "the new name is now in use ({id})",
    "gone": "the {kind} {id} no longer exists",
    "changed_since": "the {kind} {id} was changed after the plan was made",
    "already_applied": (
        "already in the desired state ({id}); the plan may have been applied before"
    ),
}
"""Why a change no longer matches the live object; the outcome of such a change adds what follows.
"""
NOTHING_WRITTEN = "; nothing was written, run plan again"

FAILED: Sentences = {
    **{code: clause + NOTHING_WRITTEN for code, clause in STALE.items()},
    "refused": "{error}",
    "refused_forbidden": "{error} {permission}",
    "parent_not_shown_yet": (
        "{error} The {parent} was created in this run, and reads do not return it yet (replication"
        " delay); wait a minute, then run apply again."
    ),
    "not_sent": "{error}",
    "conflict": (
        "{error} The create was sent twice, and no {kind} with this name can be read; choose"
        " another name, or find out with what it conflicts"
    ),
    "conflict_with": (
        "{error} It conflicts with {ids}, which has this name and is not as declared; nothing was"
        " written, run plan again"
    ),
    "check_failed": "The pre-check before the write failed: {error}",
    "value_dropped": (
        "Graph accepted the request but dropped {paths}: the stored value differs from the one"
        " sent; run plan to see the difference"
    ),
    "twin_created": (
        "Graph accepted the write, but another {kind} with the same name was created meanwhile"
        " ({ids}); keep one and delete the other"
    ),
    "old_remains": (
        "the new {kind} has the id {id}, but the old one, {old_id}, was not deleted; run plan: it"
        " shows how to finish the replacement"
    ),
    "unknown_removed": (
        "the write removed {paths}, which reconciler does not manage; set it again in the Microsoft"
        " Entra admin center"
    ),
    "altered_by_write": (
        "altered by this write, or by someone at the same moment: {paths}; {former}"
    ),
}
"""Why a change failed."""

UNKNOWN: Sentences = {
    "answer_lost": "{error}",
    "search_failed": "{error} Searching for the {kind} failed too: {search_error}",
    "others_found": "{error} The {kinds} found under that name do not match what was sent ({ids}).",
    "never_appeared": (
        "{error} The create was sent twice and the {kind} never appeared in the {parent}."
    ),
    "read_back_failed": "Graph accepted the write, but reading it back failed: {error}",
    "answer_lost_unreadable": "{error} Reading it back failed too: {read_error}",
    "old_values_shown": (
        "Graph accepted the update, but reads still return the old values (replication delay, or"
        " the update was dropped)."
    ),
    "still_shown": (
        "Graph accepted the delete, but reads still return the {kind} (replication delay)."
    ),
    "stale_before_retry": "Before the retry: {stale}.",
    "interrupted_unconfirmed": "The run was interrupted before this change was confirmed.",
}
"""Why it is not known whether a change was applied; what to check follows."""

UNKNOWN_WITHOUT_CHECK: Sentences = {
    "not_shown_yet": (
        "Graph accepted the request and gave the id {id}, but reads do not return it yet"
        " (replication delay); wait a minute, then run plan before any other change"
    ),
    "internal_error": "internal error ({type}) while applying this change; please report it",
}
"""The same, with what to do in the sentence itself."""

DONE: Sentences = {
    "accepted_spelling": "Graph accepted {member} as {spelling}, not as {other_spelling}",
    "no_spelling_kept": "Graph dropped {member} under both of its names",
    "other_spelling_failed": "Graph dropped {member}; sending it as {spelling} failed too: {error}",
    "found_after_lost_create": (
        "no usable answer to the create ({error}); the {kind} was found in the {parent} with id"
        " {id}"
    ),
    "applied_despite_lost_answer": (
        "no usable answer to the {write} ({error}); a read-back shows that Graph applied it"
    ),
    "already_gone": "it no longer existed",
}
"""What an operator should know about a change that was applied."""

SENTENCES: Sentences = {
    **PLANNED,
    **BLOCKED,
    **SKIPPED,
    **FAILED,
    **UNKNOWN,
    **UNKNOWN_WITHOUT_CHECK,
    **DONE,
}
CHECK = "Could not verify the result. Check {object} in the admin center, then run plan."
