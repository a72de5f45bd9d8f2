"""Pages that stand at the staff host's own addresses: the overview and one client."""

from django.urls import path
from django.views.decorators.http import require_POST

from syncjobs.pages import home
from syncjobs.pages.urls import reading
from tenants.doors import staff_page

_overview = reading(staff_page, None)

urlpatterns = [
    path("", _overview(home.overview), name="overview"),
    path(
        "overview/checklist/dismiss/",
        staff_page("brand.manage")(require_POST(home.onboarding_dismiss)),
        name="onboarding_dismiss",
    ),
    path(
        "overview/money/",
        reading(staff_page, "records.view")(home.overview_money),
        name="overview_money",
    ),
    path(
        "overview/activity/",
        reading(staff_page, "workflows.view")(home.overview_activity),
        name="overview_activity",
    ),
    path(
        "clients/<int:pk>/",
        reading(staff_page, "clients.view")(home.client_detail),
        name="client_detail",
    ),
]
