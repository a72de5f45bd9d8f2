"""A new partner's first brand: the name that the operator wrote, in neutral colours."""

from __future__ import annotations

from branding.models import Brand
from branding.palette import DEFAULT_PRIMARY
from branding.services.brand import BrandValues
from branding.services.brand_changes import set_up_brand
from governance.actors import Actor
from tenants.models import Partner


def first_brand(actor: Actor, partner: Partner) -> None:
    """Publish a brand unless there is one."""
    if Brand.objects.exists():
        return
    set_up_brand(actor, BrandValues(name=partner.name, primary=DEFAULT_PRIMARY))
