"""Staff's pages of commerce, under /commercial/."""

from django.urls import URLPattern, path

from branding.admin import commercial_agreements as agreements
from branding.admin import commercial_fees as fees
from branding.admin import commercial_subscriptions as subscriptions
from branding.admin import commercial_tiers as tiers
from branding.admin import commercial_usage as usage
from tenants.doors import staff_page

_see, _manage = staff_page("prices.view"), staff_page("prices.manage")
_usage, _statements = staff_page("usage.view"), staff_page("statements.view")

urlpatterns: list[URLPattern] = [
    path("tiers/", _see(tiers.tier_list), name="tier_list"),
    path("tiers/add/", _manage(tiers.tier_add), name="tier_add"),
    path("tiers/<int:pk>/", _see(tiers.tier_detail), name="tier_detail"),
    path("tiers/<int:pk>/prices/", _manage(tiers.tier_terms), name="tier_terms"),
    path("tiers/<int:pk>/costs/", _manage(tiers.tier_costs), name="tier_costs"),
    path("tiers/<int:pk>/retire/", _manage(tiers.tier_retire), name="tier_retire"),
    path("tiers/clients/", _see(subscriptions.subscription_list), name="subscription_list"),
    path("tiers/clients/add/", _manage(subscriptions.subscription_add), name="subscription_add"),
    path(
        "tiers/clients/<int:pk>/end/",
        _manage(subscriptions.subscription_end),
        name="subscription_end",
    ),
    path(
        "tiers/clients/<int:pk>/cancel/",
        _manage(subscriptions.subscription_cancel),
        name="subscription_cancel",
    ),
    # Its form proposes, which the view asks `prices.manage` for.
    path(
        "tiers/clients/<int:pk>/agreed/",
        _see(agreements.subscription_agreed),
        name="subscription_agreed",
    ),
    path(
        "tiers/clients/<int:pk>/agreed/<str:key>/end/",
        _manage(agreements.agreement_end),
        name="agreement_end",
    ),
    path("usage/", _usage(usage.usage_overview), name="usage_overview"),
    path("usage/<int:pk>/", _usage(usage.usage_detail), name="usage_detail"),
    path("statements/", _statements(usage.statement_list), name="statement_list"),
    path(
        "statements/<int:pk>/<str:month>/",
        _statements(usage.statement_draft),
        name="statement_draft",
    ),
    path(
        "statements/<int:pk>/<str:month>/issue/",
        _manage(usage.statement_issue),
        name="statement_issue",
    ),
    path("statements/<int:pk>/<str:month>/fees/add/", _manage(fees.fee_add), name="fee_add"),
    path(
        "statements/<int:pk>/<str:month>/fees/<str:key>/take-back/",
        _manage(fees.fee_take_back),
        name="fee_take_back",
    ),
    path(
        "statements/issued/<int:number>/",
        _statements(usage.statement_issued),
        name="statement_issued",
    ),
    path(
        "statements/issued/<int:number>/statement.pdf",
        _statements(usage.statement_file),
        name="statement_pdf",
    ),
    path(
        "statements/issued/<int:number>/statement.csv",
        _statements(usage.statement_table),
        name="statement_csv",
    ),
    path(
        "statements/<int:pk>/<str:month>/draft.csv",
        _statements(usage.statement_draft_table),
        name="statement_draft_csv",
    ),
]
