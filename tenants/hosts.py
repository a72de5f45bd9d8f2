"""Absolute addresses of a partner's hosts, built from the Domain table alone."""

from django.conf import settings

from tenants.context import public_scope
from tenants.models import Domain


def base_url(schema_name: str, kind: str) -> str:
    """Return `scheme://host[:port]` of a partner's primary host of `kind`.

    In the public schema it is the operators' first host. Raises LookupError when the
    partner has no host of that kind.
    """
    port = f":{settings.PUBLIC_PORT}" if settings.PUBLIC_PORT else ""
    if schema_name == "public":
        return f"{settings.PUBLIC_SCHEME}://{settings.OPERATOR_HOSTS[0]}{port}"
    with public_scope():
        host = (
            Domain.objects.filter(
                tenant__schema_name=schema_name, kind=kind, state=Domain.State.ACTIVE
            )
            .order_by("-is_primary", "pk")
            .values_list("domain", flat=True)
            .first()
        )
    if host is None:
        raise LookupError(f"{schema_name} has no active {kind} host.")
    return f"{settings.PUBLIC_SCHEME}://{host}{port}"
