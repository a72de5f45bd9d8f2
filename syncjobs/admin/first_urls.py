"""Pages that stand at the staff host's own addresses: the overview and one client."""

from django.urls import path

from syncjobs.pages import home
from syncjobs.pages.urls import reading
from tenants.doors import staff_page

urlpatterns = [
    path("", reading(staff_page, None)(home.overview), name="overview"),
    path(
        "clients/<int:pk>/",
        reading(staff_page, "clients.view")(home.client_detail),
        name="client_detail",
    ),
]
