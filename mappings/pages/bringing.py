"""What somebody brings to the editor: a file of records, and the rules that it suggests."""

from dataclasses import replace

from django.core.files.uploadedfile import UploadedFile

from mappings.canonical.registry import schema
from mappings.editor.form import Form, document_of, with_suggestions
from mappings.models import Mapping
from mappings.pages.editing import Editing, samples_in
from mappings.sample_files import MAX_FILE, sample_of_file
from mappings.sample_rows import BadSample, read_samples
from mappings.services.custom_fields import custom_fields
from mappings.services.suggesting import suggestions_for


def with_file(editing: Editing, file: UploadedFile | None) -> Editing:
    """Return the editor with a file's records in its sample box; a form without rules gets
    those that they suggest. What is wrong with the file is said, and the box stays as it is."""
    if file is None:
        return replace(editing, wrong="Choose a file first.")
    try:
        text, notes = sample_of_file(file.read(MAX_FILE + 1))
        read_samples(text)
    except BadSample as error:
        return replace(editing, wrong=f"{(file.name or 'The file')[:80]}: {error}")
    brought = replace(editing, text=text, notes=notes, chosen="", at=0)
    is_new = all(row.is_empty for row in editing.form.rows)
    return with_suggested(brought) if is_new else brought


def with_suggested(editing: Editing) -> Editing:
    """Return the editor with a rule more for each target that the sample suggests one for."""
    samples, wrong = samples_in(editing)
    if wrong:
        return replace(editing, wrong=wrong)
    form, mapping = editing.form, editing.mapping
    document, _ = document_of(form, editing.base_document)
    found = suggestions_for(mapping, samples, _filled(form), _read(form), document)
    made = with_suggestions(form, found, _required(mapping), mapping.slug)
    said = f"{len(found)} rules are suggested. Look at each; nothing is kept before you say so."
    if not found:
        said = "Nothing more is suggested: no other name or value of the sample fits a field."
    return replace(editing, form=made, notes=[*editing.notes, said])


def _filled(form: Form) -> set[str]:
    return {row.target.strip().partition(".")[0] for row in form.rows}


def _read(form: Form) -> set[str]:
    return {row.value.strip() for row in form.rows if row.origin == "source"}


def _required(mapping: Mapping) -> set[str]:
    if not mapping.object_type:
        return set()
    fields = schema(mapping.object_type, custom_fields()).fields
    return {one.name for one in fields if one.required}
