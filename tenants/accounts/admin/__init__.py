"""The staff's pages of clients, people and tokens. All are our own; see `urls`."""

from django.contrib.admin import AdminSite


def register(site: AdminSite) -> None:
    """Register nothing: clients, people and tokens have no generic form."""
