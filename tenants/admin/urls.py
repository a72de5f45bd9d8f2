"""The partner's domains, under /domains/."""

from django.urls import URLPattern, path

from tenants.admin import domains
from tenants.doors import staff_page

_manage = staff_page("domains.manage")

urlpatterns: list[URLPattern] = [
    path("", _manage(domains.domain_list), name="domain_list"),
    path("add/", _manage(domains.domain_add), name="domain_add"),
    path("<int:pk>/", _manage(domains.domain_detail), name="domain_detail"),
    path("<int:pk>/check/", _manage(domains.domain_check), name="domain_check"),
    path("<int:pk>/activate/", _manage(domains.domain_activate), name="domain_activate"),
    path("<int:pk>/links/", _manage(domains.domain_primary), name="domain_primary"),
    path("<int:pk>/remove/", _manage(domains.domain_remove), name="domain_remove"),
]
