"""Where clients' systems send webhooks: the same neutral address on each of a partner's hosts."""

from django.urls import path

from syncjobs.pages.webhooks import hook

urlpatterns = [path("hooks/<str:key>", hook, name="hook")]
