"""What the lists of the editor's form offer."""

from itertools import groupby
from typing import Any

from django.http import HttpRequest

from mappings.canonical.registry import SCHEMAS
from mappings.editor.rows import EXTENSIONS, MISSES, ORIGINS, POLICIES
from mappings.models import Mapping, ValueMap
from mappings.pages.frame import visible
from mappings.parts import EACH
from mappings.services.checking import sources_of, targets_of
from mappings.structure import SEVERITIES, TYPES
from mappings.transforms import TRANSFORMS
from tenants.nouns import in_words


def choices(
    request: HttpRequest, mapping: Mapping, sample: dict[str, object], document: dict[str, object]
) -> dict[str, Any]:
    """Return what the form's lists offer."""
    value_maps = visible(request, ValueMap.objects.exclude(live=None).order_by("label"))
    steps_by_family = sorted(TRANSFORMS.values(), key=lambda one: one.family)
    families = groupby(steps_by_family, key=lambda one: one.family)
    return {
        "targets": [*targets_of(mapping), *([EACH] if mapping.object_type else [])],
        "sources": sources_of(mapping, sample, document),
        "origins": ORIGINS,
        "policies": POLICIES,
        "misses": MISSES,
        "types": TYPES,
        "extensions": [(value, in_words(label)) for value, label in EXTENSIONS],
        "severities": SEVERITIES,
        "families": [(name.capitalize(), list(steps)) for name, steps in families],
        "references": [(f"reference {name}", one.label) for name, one in SCHEMAS.items()],
        "value_maps": [(f"values {one.name}", one.label) for one in value_maps],
        "known_lookups": {f"values {one.name}" for one in value_maps},
    }
