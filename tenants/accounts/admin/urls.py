"""Staff's pages of clients, people and tokens, under /clients/."""

from django.urls import URLPattern, path

from tenants.accounts.pages import clients, identity_provider, roles, sign_in_rules, tables
from tenants.accounts.pages.urls import shared
from tenants.doors import staff_page

_manage = staff_page("clients.manage")
_users = staff_page("users.manage")

urlpatterns: list[URLPattern] = [
    path("", staff_page("clients.view")(clients.client_list), name="client_list"),
    path("add/", _manage(clients.client_add), name="client_add"),
    path("<int:pk>/edit/", _manage(clients.client_edit), name="client_edit"),
    path("import/", _manage(tables.client_import), name="client_import"),
    path("import/template/", _manage(tables.client_template), name="client_template"),
    path("export/", staff_page("clients.view")(tables.client_export), name="client_export"),
    path("people/import/", _users(tables.person_import), name="person_import"),
    path("people/import/template/", _users(tables.person_template), name="person_template"),
    path("people/export/", _users(tables.person_export), name="person_export"),
    path(
        "people/sign-in/",
        staff_page("users.manage")(sign_in_rules.sign_in_rules),
        name="sign_in_rules",
    ),
    path(
        "people/sign-in/<str:kind>/",
        staff_page("users.manage")(identity_provider.identity_provider),
        name="identity_provider",
    ),
    *shared(staff_page, "people/"),
    path("people/roles/add/", _users(roles.role_add), name="role_add"),
    path("people/roles/<int:pk>/", _users(roles.role_edit), name="role_edit"),
    path("people/roles/<int:pk>/remove/", _users(roles.role_remove), name="role_remove"),
]
