"""Addresses of one's own account, the same at both doors of a partner."""

from django.urls import path

from tenants.accounts.pages import own_account, own_factors
from tenants.doors import own_page

urlpatterns = [
    path("", own_page(own_account.own_account_page), name="own_account"),
    path("password/", own_page(own_account.own_password), name="own_password"),
    path("confirm/", own_page(own_account.own_confirm), name="own_confirm"),
    path("sessions/end/", own_page(own_account.own_sessions_end), name="own_sessions_end"),
    path("sessions/<int:pk>/end/", own_page(own_account.own_session_end), name="own_session_end"),
    path("factors/", own_page(own_factors.own_factors), name="own_factors"),
    path("factors/app/", own_page(own_factors.own_app), name="own_app"),
    path("factors/passkey/", own_page(own_factors.own_passkey), name="own_passkey"),
    path("factors/codes/", own_page(own_factors.own_codes), name="own_codes"),
    path(
        "factors/<int:pk>/remove/",
        own_page(own_factors.own_factor_remove),
        name="own_factor_remove",
    ),
]
