"""Routes that `config.api` joins."""

from syncjobs.api.connections import ConnectionViewSet
from syncjobs.api.deliveries import DeliveryViewSet, RecordViewSet
from syncjobs.api.endpoints import EndpointViewSet, MessageViewSet
from syncjobs.api.engagements import EngagementViewSet
from syncjobs.api.exceptions import ExceptionViewSet
from syncjobs.api.workflows import RunViewSet, WorkflowViewSet

routes = [
    ("connections", ConnectionViewSet, "connection"),
    ("workflows", WorkflowViewSet, "workflow"),
    ("runs", RunViewSet, "run"),
    ("engagements", EngagementViewSet, "engagement"),
    ("records", RecordViewSet, "record"),
    ("deliveries", DeliveryViewSet, "delivery"),
    ("exceptions", ExceptionViewSet, "exception"),
    ("webhook-endpoints", EndpointViewSet, "webhook-endpoint"),
    ("webhook-messages", MessageViewSet, "webhook-message"),
]
