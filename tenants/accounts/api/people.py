"""People and roles in the API."""

from typing import Any, ClassVar

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.bodies import KnownFields
from governance.api.filters import FilteredViewSet
from governance.models import ChangeRequest
from governance.requests import actor_of
from tenants.accounts.api.scope import ClientScopedViewSet
from tenants.accounts.models import Client, Role, User
from tenants.accounts.services.inviting import invite_person
from tenants.accounts.services.people import set_active, set_roles
from tenants.accounts.services.role_changes import change_or_propose
from tenants.accounts.services.roles import (
    KnownRole,
    known_roles,
    make_role,
    remove_role,
)

EDITABLE = ("name", "note", "permissions")


class PersonSerializer(KnownFields[User], serializers.ModelSerializer[User]):
    """A person. `roles` are keys, as the list of roles gives them."""

    roles = serializers.ListField(child=serializers.CharField(max_length=24), allow_empty=False)

    class Meta:
        model = User
        fields = ("id", "name", "email", "kind", "client", "roles", "is_active", "created_at")
        read_only_fields = ("id", "kind", "is_active", "created_at")
        # The service answers for an address that is taken, by the same field.
        extra_kwargs: ClassVar[dict[str, Any]] = {"email": {"validators": []}}


class ProposedSerializer(serializers.Serializer[Any]):
    """What was not done but asked for: a change request that needs signatures."""

    change_request = serializers.IntegerField()
    status = serializers.CharField()


class PersonChangeSerializer(KnownFields[Any]):
    """What can be changed of a person."""

    roles = serializers.ListField(
        child=serializers.CharField(max_length=24), allow_empty=False, required=False
    )
    is_active = serializers.BooleanField(required=False)


class PersonViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    ClientScopedViewSet[User],
):
    """People: staff and clients' people; a client's own token sees that client's alone."""

    serializer_class = PersonSerializer
    queryset = User.objects.prefetch_related("role_grants")
    client_path = "client_id"
    http_method_names = ["get", "post", "patch", "head", "options"]
    required = dict.fromkeys(("list", "retrieve", "create", "partial_update"), "users.manage")

    def perform_create(self, serializer: serializers.BaseSerializer[User]) -> None:
        """Invite; a client's token invites to its own client."""
        data = serializer.validated_data
        own = self.actor.client_id
        client = Client.objects.get(pk=own) if own is not None else data.get("client")
        invited = invite_person(
            self.actor,
            email=data["email"],
            name=data["name"],
            roles=data["roles"],
            client=client,
        )
        serializer.instance = invited.user

    @extend_schema(request=PersonChangeSerializer, responses=PersonSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Give roles, close or open the account: all of it, or nothing.

        Closing it ends its sessions and revokes its tokens for good.
        """
        person = self.get_object()
        asked = PersonChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        with transaction.atomic():
            if "roles" in asked.validated_data:
                set_roles(self.actor, person, asked.validated_data["roles"])
            if "is_active" in asked.validated_data:
                set_active(self.actor, person, active=asked.validated_data["is_active"])
        return Response(PersonSerializer(self.get_object()).data)


class RoleSerializer(serializers.Serializer[Any]):
    """A role that can be given. `id` is null for a built-in one, which can't be changed."""

    id = serializers.IntegerField(source="own.pk", allow_null=True, default=None, read_only=True)
    key = serializers.CharField(read_only=True)
    name = serializers.CharField()
    note = serializers.CharField()
    for_clients = serializers.BooleanField(source="of_client")
    permissions = serializers.SerializerMethodField()

    def get_permissions(self, role: KnownRole) -> list[str]:
        """Return the permission strings, in order."""
        return sorted(role.permissions)


class RoleWriteSerializer(KnownFields[Any]):
    """What a role of the partner's own is made of."""

    name = serializers.CharField(max_length=60)
    note = serializers.CharField(max_length=160, required=False, allow_blank=True, default="")
    for_clients = serializers.BooleanField(default=False)
    permissions = serializers.ListField(child=serializers.CharField(max_length=40))


def _known(role: Role) -> KnownRole:
    of_client = role.kind == Role.Kind.CLIENT
    return KnownRole(role.key, role.name, role.note, role.held, of_client, role)


class RoleViewSet(FilteredViewSet[Role]):
    """Roles: all that can be given, and the partner's own by id."""

    queryset = Role.objects.all()
    serializer_class = RoleSerializer
    pagination_class = None
    lookup_value_regex = "[0-9]{1,18}"
    required = dict.fromkeys(
        ("list", "retrieve", "create", "partial_update", "destroy"), "users.manage"
    )

    def get_queryset(self) -> Any:
        """Return the partner's own roles; for a client's token there are none to change."""
        found = super().get_queryset()
        return found if self._of_partner() else found.none()

    def _of_partner(self) -> bool:
        return actor_of(self.request._request).client_id is None

    @extend_schema(responses=RoleSerializer(many=True))
    def list(self, request: Request) -> Response:
        """List the roles, built-in ones first."""
        roles = known_roles(of_client=False) if self._of_partner() else []
        roles += known_roles(of_client=True)
        return Response(RoleSerializer(roles, many=True).data)

    def retrieve(self, request: Request, pk: str) -> Response:
        """Return one of the partner's own roles."""
        return Response(RoleSerializer(_known(self.get_object())).data)

    @extend_schema(request=RoleWriteSerializer, responses={201: RoleSerializer})
    def create(self, request: Request) -> Response:
        """Make a role of the partner's own."""
        asked = RoleWriteSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        values = dict(asked.validated_data)
        kind = Role.Kind.CLIENT if values.pop("for_clients") else Role.Kind.STAFF
        made = make_role(actor_of(request._request), kind=kind, **values)
        return Response(RoleSerializer(_known(made)).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        request=RoleWriteSerializer, responses={200: RoleSerializer, 202: ProposedSerializer}
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change a role's name, note or permissions.

        A role that somebody has goes through change control: 202 with the request that asks.
        """
        role = self.get_object()
        asked = RoleWriteSerializer(data=request.data, partial=True)
        asked.is_valid(raise_exception=True)
        values: dict[str, Any] = {
            "name": role.name,
            "note": role.note,
            "permissions": role.permissions,
        }
        values.update((name, asked.validated_data[name]) for name in values if name in request.data)
        changed = change_or_propose(actor_of(request._request), role, **values)
        if isinstance(changed, ChangeRequest):
            asked_for = {"change_request": changed.pk, "status": changed.status}
            return Response(asked_for, status=status.HTTP_202_ACCEPTED)
        return Response(RoleSerializer(_known(changed)).data)

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Remove a role that nobody has."""
        remove_role(actor_of(request._request), self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)
