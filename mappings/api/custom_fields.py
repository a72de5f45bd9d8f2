"""Custom fields in the API."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.actors import Actor
from governance.api.bodies import KnownFields
from governance.api.choices import OneOf
from governance.api.filters import FilteredViewSet
from governance.requests import actor_of
from mappings.canonical.custom import TYPES
from mappings.canonical.registry import SCHEMAS
from mappings.models import CustomField
from mappings.services.custom_fields import add_field, change_field, retire_field


class CustomFieldSerializer(KnownFields[CustomField], serializers.ModelSerializer[CustomField]):
    """A field that the partner added to a canonical object. `target`: what rules call it."""

    object = OneOf(choices=sorted(SCHEMAS))
    type = OneOf(choices=TYPES)
    choices = serializers.ListField(child=serializers.CharField(max_length=80), required=False)

    class Meta:
        model = CustomField
        fields = (
            "id", "object", "name", "target", "type", "label", "help", "required", "choices",
            "retired",
        )  # fmt: skip
        read_only_fields = ("id", "target", "retired")


class CustomFieldChangeSerializer(
    KnownFields[CustomField], serializers.ModelSerializer[CustomField]
):
    """What may change of a custom field."""

    choices = serializers.ListField(child=serializers.CharField(max_length=80), required=False)

    class Meta:
        model = CustomField
        fields = ("label", "help", "required", "choices")


class CustomFieldViewSet(mixins.ListModelMixin, FilteredViewSet[CustomField]):
    """The partner's own fields; they hold for all clients. A client's token sees none."""

    serializer_class = CustomFieldSerializer
    queryset = CustomField.objects.all()
    lookup_value_regex = "[0-9]{1,18}"
    required = {
        "list": "mappings.view",
        "create": "mappings.edit",
        "partial_update": "mappings.edit",
        "retire": "mappings.edit",
    }

    @property
    def actor(self) -> Actor:
        """Who asks."""
        return actor_of(self.request._request)

    def get_queryset(self) -> QuerySet[CustomField]:
        rows = super().get_queryset()
        return rows if self.actor.client_id is None else rows.none()

    @extend_schema(request=CustomFieldSerializer, responses={201: CustomFieldSerializer})
    def create(self, request: Request) -> Response:
        """Add a field to a canonical object."""
        asked = CustomFieldSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        values = dict(asked.validated_data)
        made = add_field(self.actor, object_type=values.pop("object"), **values)
        return Response(CustomFieldSerializer(made).data, status=201)

    @extend_schema(request=CustomFieldChangeSerializer, responses=CustomFieldSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what a field is called and asks for."""
        field = self.get_object()
        asked = CustomFieldChangeSerializer(field, data=request.data, partial=True)
        asked.is_valid(raise_exception=True)
        now = {name: getattr(field, name) for name in ("label", "help", "required", "choices")}
        changed = change_field(self.actor, field, **{**now, **asked.validated_data})
        return Response(CustomFieldSerializer(changed).data)

    @extend_schema(request=None, responses=CustomFieldSerializer)
    @action(detail=True, methods=["post"])
    def retire(self, request: Request, pk: str) -> Response:
        """Take a field out of use; records that have a value keep it."""
        return Response(CustomFieldSerializer(retire_field(self.actor, self.get_object())).data)
