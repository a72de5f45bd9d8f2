"""Routes that `config.api` joins."""

from rest_framework.viewsets import ViewSetMixin

routes: list[tuple[str, type[ViewSetMixin], str]] = []
