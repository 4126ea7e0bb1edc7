"""One document → its faults and the objects that it declares."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from reconciler.loader.ensure import ENSURE, identity_faults, is_absent
from reconciler.loader.format import DEFAULTS, DocumentFormat
from reconciler.loader.headers import header_faults, header_of, own_declaration, valid_text
from reconciler.loader.merging import defaults_for, inherited_paths, merged
from reconciler.loader.schema_faults import is_wrapped, schema_faults
from reconciler.loader.unmanaged import deletes_unmanaged, unmanaged_faults
from reconciler.loader.value_rules import blank_fault, not_secret_texts, secret_faults
from reconciler.model.diagnostic import SourceLocation
from reconciler.model.fault import Fault
from reconciler.model.kind import Declaration, Kind
from reconciler.model.nodes import Entry, Mapping, Node, Sequence, member
from reconciler.model.objects import Inherited, ObjectRef, Parents


@dataclass(frozen=True, slots=True)
class DeclaredDocument:
    """What one document declares. `header` is the object that it belongs to; None if that is
    missing or invalid. `kinds` are those that the document can declare, `lists` the names of the
    lists that it has. `deletes_unmanaged` is the place of `unmanaged: delete`. `by_new_name`: the
    header's id is from another document, which gives it together with this name.
    """

    header: ObjectRef | None
    declarations: tuple[Declaration, ...]
    source: SourceLocation
    kinds: tuple[Kind, ...] = ()
    lists: tuple[str, ...] = ()
    deletes_unmanaged: SourceLocation | None = None
    by_new_name: bool = False


def declared(
    document: Node,
    file: str,
    document_format: DocumentFormat,
    not_secret: Collection[str] = (),
) -> tuple[DeclaredDocument, list[Fault]]:
    """The document and all its faults: of the schema, of single values, of declarations merged with
    defaults.

    A fault in one declaration does not stop the checks of others; a value in `defaults` is checked
    once, at its place. `not_secret` adds to what the document itself lists.
    """
    # First, so that no other message shows them.
    exceptions = (*not_secret, *not_secret_texts(document))
    secrets = secret_faults(document, document_format.kinds, exceptions)
    reported = {node for node, fault in secrets.items() if fault.code == "R208"}
    faults, invalid = schema_faults(document, document_format, reported)
    faults.extend(secrets.values())
    source = SourceLocation(file, document.line, document.column)
    if is_wrapped(document, document_format):
        return DeclaredDocument(None, (), source), faults
    header = header_of(document, document_format, invalid)
    faults.extend(header_faults(document, document_format, header, invalid))
    kinds = document_format.declarable(header.kind if header else None)
    ref = header.ref if header else None
    context = _Context(file, document, (ref,) if ref else (), invalid)
    own = own_declaration(header, file) if header else None
    declarations = (*([own] if own else []), *_in_lists(kinds, context, document_format))
    faults.extend(_rule_faults(declarations, kinds, context, document_format))
    faults.extend(unmanaged_faults(document, kinds))
    place = deletes_unmanaged(document, file)
    plurals = [kind.plural for kind in kinds if kind.parents]
    lists = tuple(plural for plural in plurals if member(document, plural) is not None)
    return DeclaredDocument(ref, declarations, source, kinds, lists, place), faults


@dataclass(frozen=True, slots=True)
class _Context:
    """What the declarations of a document have in common."""

    file: str
    document: Node
    parents: Parents
    invalid: set[Node]

    @property
    def defaults(self) -> Entry | None:
        """The defaults with their place."""
        document = self.document
        return document.entries.get(DEFAULTS) if isinstance(document, Mapping) else None


def _in_lists(
    kinds: Collection[Kind], context: _Context, document_format: DocumentFormat
) -> Iterator[Declaration]:
    """What the lists declare; an entry that is not a mapping, or is wrapped, is left out."""
    default = context.defaults.value if context.defaults else None
    lists = [kind for kind in kinds if kind.parents]
    for kind in lists:
        listed = member(context.document, kind.plural)
        defaults = defaults_for(kind, default, lists)
        for written in listed.items if isinstance(listed, Sequence) else ():
            if isinstance(written, Mapping) and not is_wrapped(written, document_format):
                yield _declaration(kind, written, defaults, context)


def _declaration(
    kind: Kind, written: Mapping, defaults: Node | None, context: _Context
) -> Declaration:
    absent = kind.api.delete is not None and is_absent(written)
    defaults = None if absent else defaults
    whole = merged(defaults, written, kind.fields)
    pinned_id = valid_text(member(written, "id"), context.invalid)
    inherited = None
    if context.defaults is not None and not absent:
        place = SourceLocation(context.file, context.defaults.line, context.defaults.column)
        inherited = Inherited(place, inherited_paths(defaults, whole, kind.fields))
    return Declaration(
        kind=kind.name,
        written=written,
        merged=whole,
        defaults=defaults,
        parents=context.parents,
        source=SourceLocation(context.file, written.line, written.column),
        display_name=valid_text(member(written, "displayName"), context.invalid),
        pinned_id=pinned_id.lower() if pinned_id else None,
        inherited=inherited,
        absent=absent,
    )


def _rule_faults(
    declarations: Iterable[Declaration],
    kinds: Iterable[Kind],
    context: _Context,
    document_format: DocumentFormat,
) -> Iterator[Fault]:
    """What the rules of the kinds say: of single values as written, and of whole declarations."""
    defaults = context.defaults.value if context.defaults else None
    for kind in kinds:
        yield from kind.value_rules(defaults, context.invalid)
    # What a declaration lacks is unknown while its defaults are not a mapping.
    complete = defaults is None or isinstance(defaults, Mapping)
    for declaration in declarations:
        kind = document_format.kinds.named(declaration.kind)
        name = member(declaration.written, "displayName")
        yield from blank_fault("displayName", name, context.invalid)
        if kind.parents:
            yield from identity_faults(declaration, kind)
        ensure = member(declaration.written, ENSURE)
        if declaration.absent or ensure in context.invalid:
            continue
        yield from kind.value_rules(declaration.written, context.invalid)
        if complete:
            yield from kind.rules(declaration, context.invalid)
