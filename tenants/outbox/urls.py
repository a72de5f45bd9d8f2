"""Which mails one gets, on both of a partner's hosts, under /mail/."""

from django.urls import path

from tenants.doors import client_page
from tenants.outbox import pages

urlpatterns = [path("", client_page(None)(pages.choices), name="mail_choices")]
