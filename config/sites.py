"""The staff admin's site. Operators have a console of their own, never this one."""

from importlib import import_module

from branding.admin_site import BrandedAdminSite

partner_admin = BrandedAdminSite(name="admin")

for _app in ("tenants.accounts", "branding", "mappings", "governance", "syncjobs"):
    import_module(f"{_app}.admin").register(partner_admin)
