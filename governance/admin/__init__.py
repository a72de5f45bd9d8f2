"""The staff's pages. All are our own (see `urls`); no table is edited by a generic form."""

from django.contrib.admin import AdminSite


def register(site: AdminSite) -> None:
    """Register nothing: what is governed or audited has no generic form."""
