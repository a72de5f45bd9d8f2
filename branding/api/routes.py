"""Routes that `config.api` joins."""

from rest_framework.viewsets import ViewSetMixin

from branding.api.statements import StatementViewSet
from branding.api.tiers import TierViewSet
from branding.api.usage import UsageViewSet

routes: list[tuple[str, type[ViewSetMixin], str]] = [
    ("tiers", TierViewSet, "tier"),
    ("usage", UsageViewSet, "usage"),
    ("statements", StatementViewSet, "statement"),
]
