"""Staff's pages of clients, people and tokens, under /clients/."""

from django.urls import URLPattern, path

from tenants.accounts.pages import clients, identity_provider, sign_in_rules
from tenants.accounts.pages.urls import shared
from tenants.doors import staff_page

_manage = staff_page("clients.manage")

urlpatterns: list[URLPattern] = [
    path("", staff_page("clients.view")(clients.client_list), name="client_list"),
    path("add/", _manage(clients.client_add), name="client_add"),
    path("<int:pk>/edit/", _manage(clients.client_edit), name="client_edit"),
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
]
