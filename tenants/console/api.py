"""The operators' API: setting up, listing, suspending and resuming partners."""

from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import exceptions, serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.api.bodies import KnownFields
from governance.requests import actor_of
from tenants.models import Partner
from tenants.services.provisioning import ProvisioningError, provision_partner
from tenants.services.suspension import resume_partner, suspend_partner


class NotSetUp(exceptions.APIException):
    """The set-up failed and left nothing; the same call may be sent again."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "not_set_up"


class PartnerSerializer(serializers.ModelSerializer[Partner]):
    """A partner as operators see it: nothing of what is inside."""

    hosts = serializers.SerializerMethodField()

    class Meta:
        model = Partner
        fields = ("id", "slug", "name", "status", "suspended_reason", "created_at", "hosts")

    def get_hosts(self, partner: Partner) -> list[dict[str, str]]:
        """Return the partner's hosts with what they serve and their state."""
        return [
            {"host": domain.domain, "kind": domain.kind, "state": domain.state}
            for domain in partner.domains.all()
        ]


class NewPartnerSerializer(KnownFields[Any]):
    """What a set-up needs. The service checks it."""

    name = serializers.CharField(max_length=120)
    slug = serializers.CharField(max_length=40)
    owner_email = serializers.EmailField()
    owner_name = serializers.CharField(max_length=120)


class ReasonSerializer(KnownFields[Any]):
    """Why."""

    reason = serializers.CharField(max_length=300)


class PartnerListView(ListAPIView[Partner]):
    """All partners, or a new one."""

    serializer_class = PartnerSerializer
    queryset = Partner.objects.prefetch_related("domains").order_by("pk")
    required = {"get": "partners.view", "post": "partners.manage"}

    def post(self, request: Request) -> Response:
        """Set up a partner; 201 with the owner's link, which is never shown again."""
        asked = NewPartnerSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        try:
            made = provision_partner(actor_of(request._request), **asked.validated_data)
        except ProvisioningError as error:
            raise NotSetUp(str(error)) from error
        body = {
            **PartnerSerializer(made.partner).data,
            "owner_email": made.owner_email,
            "invitation_link": made.invitation_link,
        }
        return Response(body, status=status.HTTP_201_CREATED)


class PartnerView(APIView):
    """One partner."""

    required = {"get": "partners.view"}

    def get(self, request: Request, pk: int) -> Response:
        """Return a partner."""
        return Response(PartnerSerializer(get_object_or_404(Partner, pk=pk)).data)


class _StatusView(APIView):
    required = {"post": "partners.manage"}

    @staticmethod
    def change(*args: Any) -> Partner:
        """Change the status; a service."""
        raise NotImplementedError

    def post(self, request: Request, pk: int) -> Response:
        """Change the partner's status, with a reason for the audit trail."""
        asked = ReasonSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        partner = get_object_or_404(Partner, pk=pk)
        changed = self.change(actor_of(request._request), partner, asked.validated_data["reason"])
        return Response(PartnerSerializer(changed).data)


class SuspendView(_StatusView):
    """Pause a partner's hosts and work."""

    change = staticmethod(suspend_partner)


class ResumeView(_StatusView):
    """Let a partner's hosts and work go on."""

    change = staticmethod(resume_partner)
