"""The staff's pages of the brand and of commerce. All are our own; see the URL modules."""

from django.contrib.admin import AdminSite


def register(site: AdminSite) -> None:
    """Register nothing: the brand, prices and statements have no generic form."""
