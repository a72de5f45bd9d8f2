"""The staff's pages. All are our own (see `urls`); no table is edited by a generic form."""

from django.contrib.admin import AdminSite

from governance.admin import pages


def register(site: AdminSite) -> None:
    """Show our pages inside `site`. What is governed or audited has no generic form."""
    pages.use_site(site)
