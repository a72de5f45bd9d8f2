"""Taking a mapping out as YAML, bringing one in, and comparing two of its versions."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError

from governance.actors import Actor
from mappings.diff import RuleChange, compare
from mappings.documents import MappingError, plain_document
from mappings.models import Mapping, MappingVersion
from mappings.overlays import own_rules
from mappings.services.versions import save_draft
from mappings.yaml_text import BadYaml, read_yaml, write_yaml

_KIND = ("direction", "canonical", "makes")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions side by side. own: rules of the newer one that a client changed, and how."""

    before: MappingVersion
    after: MappingVersion
    changes: list[RuleChange]
    own: dict[str, str]


def exported(version: MappingVersion) -> str:
    """Return a version as YAML."""
    mapping = version.mapping
    header = {
        "mapping": mapping.slug,
        "name": mapping.name,
        "direction": mapping.direction,
        "connector": mapping.connector,
        "object": mapping.object,
        "canonical": mapping.canonical,
        "makes": mapping.makes,
    }
    return write_yaml(version.document, header)


def read_import(mapping: Mapping, text: str) -> dict[str, object]:
    """Return the document of a YAML text that is for this kind of mapping.

    Raises ValidationError: it must map the same objects the same way round.
    """
    try:
        header, found = read_yaml(text)
        document = plain_document(found)
    except BadYaml as error:
        raise ValidationError(str(error)) from error
    except MappingError as error:
        raise ValidationError([str(one) for one in error.problems]) from error
    wrong = [
        f"The file is for another mapping: its {name} is {header[name][:60] or 'none'}, "
        f"this one's is {getattr(mapping, name) or 'none'}."
        for name in _KIND
        if name in header and header[name] != getattr(mapping, name)
    ]
    if wrong:
        raise ValidationError(wrong)
    return document


def import_draft(actor: Actor, mapping: Mapping, text: str, *, note: str = "") -> MappingVersion:
    """Keep a YAML text as a draft. Raises NotPermitted, ValidationError."""
    actor.require("mappings.edit", mapping.client_id)
    return save_draft(actor, mapping, read_import(mapping, text), note=note or "Imported")


def compared(before: MappingVersion, after: MappingVersion) -> Comparison:
    """Return what differs between two versions, rule by rule."""
    changes = compare(before.document, after.document)
    return Comparison(before, after, changes, own_rules(after.overlay))
