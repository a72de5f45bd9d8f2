"""What change control adds to the API."""

from rest_framework.viewsets import ViewSetMixin

from governance.api.changes import ChangeRequestViewSet
from governance.api.trail import AuditEntryViewSet

routes: list[tuple[str, type[ViewSetMixin], str]] = [
    ("change-requests", ChangeRequestViewSet, "change-request"),
    ("audit-entries", AuditEntryViewSet, "audit-entry"),
]
