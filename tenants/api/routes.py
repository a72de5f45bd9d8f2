"""Routes that `config.api` joins."""

from rest_framework.viewsets import ViewSetMixin

from tenants.api.domains import DomainViewSet

routes: list[tuple[str, type[ViewSetMixin], str]] = [("domains", DomainViewSet, "domain")]
