"""Mail, on the staff's host, under /brand/mail/."""

from django.urls import path

from branding.admin import mail_pages as pages
from branding.services.brand import PERMISSION
from tenants.doors import staff_page

_page = staff_page(PERMISSION)

urlpatterns = [
    path("", _page(pages.mail_list), name="mail_list"),
    path("<int:pk>/again/", _page(pages.mail_again), name="mail_again"),
    path("sender/", _page(pages.sender), name="mail_sender"),
    path("sender/test/", _page(pages.sender_test), name="mail_sender_test"),
    path("previews/", _page(pages.previews), name="mail_previews"),
    path("previews/frame/", _page(pages.preview), name="mail_preview"),
]
