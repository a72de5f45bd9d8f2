"""A partner's own fields on canonical objects: added, changed and retired."""

import re
from collections.abc import Mapping as Record
from collections.abc import Sequence
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction

from governance.actions import Action
from governance.actors import Actor
from governance.services import audit
from governance.twins import refusing_twins
from mappings import actions
from mappings.canonical.custom import TYPES, CustomFields
from mappings.canonical.fields import Field
from mappings.canonical.registry import SCHEMAS
from mappings.documents import is_storable, rules_of
from mappings.known_paths import read_by
from mappings.models import CustomField, Mapping
from mappings.paths import split
from tenants.rows import read

MAX_FIELDS: Final = 40
NAME_TAKEN: Final = "There is, or was, a field of this name. Choose another one."
MAX_CHOICES: Final = 100
MAX_CHOICE: Final = 80
_FIELDS: Final = """
    (%(object)s = '' OR object = %(object)s) AND (%(retired)s OR NOT retired)
    ORDER BY object, label
"""
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


def custom_fields(object_type: str = "", *, retired: bool = False) -> CustomFields:
    """Return the partner's own fields by object, of one object alone if it is named.

    retired: those too that only records of earlier days have.
    """
    params = {"object": object_type, "retired": retired}
    made: dict[str, tuple[Field, ...]] = {}
    for row in read(CustomField, _FIELDS, params):
        made[row.object] = (*made.get(row.object, ()), row.field)
    return made


@transaction.atomic
def add_field(
    actor: Actor,
    *,
    object_type: str,
    name: str,
    type: str,  # noqa: A002  the model's word
    label: str,
    help: str = "",  # noqa: A002  the model's word
    required: bool = False,
    choices: Sequence[str] = (),
) -> CustomField:
    """Add a field to a canonical object. Raises NotPermitted, ValidationError.

    It can't be required from the start: nothing fills it yet.
    """
    actor.require("mappings.edit", None)
    field = CustomField(object=object_type, name=name.strip(), type=type)
    wrong = _identity_faults(field)
    if required:
        wrong.append("Add the field, fill it in the mappings, and require it then.")
    if wrong:
        raise ValidationError(wrong)
    _set(field, label, help, choices, required=False)
    field.full_clean()
    with refusing_twins(ValidationError([NAME_TAKEN])):
        field.save()
    _record(actions.CUSTOM_FIELD_ADDED, field, None)
    return field


@transaction.atomic
def change_field(
    actor: Actor,
    field: CustomField,
    *,
    label: str,
    help: str = "",  # noqa: A002  the model's word
    required: bool = False,
    choices: Sequence[str] = (),
) -> CustomField:
    """Change what a field is called and asks for. Raises NotPermitted, ValidationError."""
    actor.require("mappings.edit", None)
    locked = CustomField.objects.select_for_update().get(pk=field.pk)
    before = _content(locked)
    if locked.retired:
        raise ValidationError("A retired field stays as it is.")
    if required and not locked.required:
        _require_filled(locked)
    gone = [one for one in locked.choices if one not in _cleaned(choices)]
    if gone:
        raise ValidationError(f"Records may hold {gone[0]!r}: choices are only added.")
    _set(locked, label, help, choices, required=required)
    locked.full_clean()
    if _content(locked) == before:
        return locked
    locked.save()
    _record(actions.CUSTOM_FIELD_CHANGED, locked, before)
    return locked


@transaction.atomic
def retire_field(actor: Actor, field: CustomField) -> CustomField:
    """Take a field out of use. Raises NotPermitted; ValidationError while a live rule has it."""
    actor.require("mappings.edit", None)
    locked = CustomField.objects.select_for_update().get(pk=field.pk)
    if locked.retired:
        return locked
    if using := used_by(locked):
        names = ", ".join(one.name for one in using[:5])
        raise ValidationError(f"Live rules use it: {names}. Take it out there first.")
    before = _content(locked)
    locked.retired, locked.required = True, False
    locked.save()
    _record(actions.CUSTOM_FIELD_RETIRED, locked, before)
    return locked


def used_by(field: CustomField) -> list[Mapping]:
    """Return the mappings whose live rules fill or read the field."""
    rows = Mapping.objects.exclude(live=None).select_related("live", "client")
    return [one for one in rows if one.live and _names(one.live.document, field.target)]


def _names(document: Record[str, object], name: str) -> bool:
    for rule in rules_of(document):
        paths = [str(rule.get("target") or ""), *read_by(rule)]
        if any(name in split(path) for path in paths if path):
            return True
    return False


def _require_filled(field: CustomField) -> None:
    """Raise ValidationError naming the live mappings that would refuse every record."""
    rows = Mapping.objects.exclude(live=None).select_related("live", "client")
    makers = [one for one in rows if one.object_type == field.object and one.live]
    without = [
        one.name
        for one in makers
        if one.live
        and all(rule.get("target") != field.target for rule in rules_of(one.live.document))
    ]
    if without:
        names = ", ".join(without[:5])
        raise ValidationError(f"These mappings don't fill it yet: {names}. Fill it there first.")


def _identity_faults(field: CustomField) -> list[str]:
    if field.object not in SCHEMAS:
        return ["Choose the object that has the field."]
    wrong = []
    if _NAME.fullmatch(field.name) is None:
        wrong.append("The name has small letters, digits and _, and begins with a letter.")
    elif CustomField.objects.filter(object=field.object, name=field.name).exists():
        wrong.append(NAME_TAKEN)
    if field.type not in TYPES:
        wrong.append(f"The type is one of {', '.join(TYPES)}.")
    if CustomField.objects.filter(object=field.object, retired=False).count() >= MAX_FIELDS:
        wrong.append(f"An object takes at most {MAX_FIELDS} fields of your own.")
    return wrong


def _set(
    field: CustomField, label: str, words: str, choices: Sequence[str], *, required: bool
) -> None:
    """Set what may change. Raises ValidationError."""
    wrong = []
    field.label, field.help = label.strip(), words.strip()
    field.required = required
    field.choices = _cleaned(choices)
    if not field.label:
        wrong.append("Give it a label.")
    if not all(is_storable(text) for text in (field.label, field.help, *field.choices)):
        wrong.append("A text holds a sign that can't be stored.")
    if field.type == "enum" and not 1 <= len(field.choices) <= MAX_CHOICES:
        wrong.append(f"A choice needs 1 to {MAX_CHOICES} values.")
    if field.type != "enum" and field.choices:
        wrong.append("Only a choice has values: make it a choice, or take them out.")
    if any(len(one) > MAX_CHOICE for one in field.choices):
        wrong.append(f"A value has at most {MAX_CHOICE} signs.")
    if wrong:
        raise ValidationError(wrong)


def _cleaned(choices: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(one.strip() for one in choices if one.strip()))


def _content(field: CustomField) -> dict[str, object]:
    return {
        "label": field.label,
        "help": field.help,
        "required": field.required,
        "choices": list(field.choices),
        "retired": field.retired,
    }


def _record(action: Action, field: CustomField, before: Record[str, object] | None) -> None:
    audit.record(
        action,
        object_kind="custom_field",
        object_id=field.pk,
        object_label=f"{SCHEMAS[field.object].label}: {field.label}",
        before=before,
        after={"object": field.object, "name": field.target, "type": field.type, **_content(field)},
    )
