"""Clover CRM's REST interface, version 2: bearer token, cursor in the body, camelCase."""

from typing import Final

from syncjobs.connectors.auth import Bearer
from syncjobs.connectors.base import ConnectionField
from syncjobs.connectors.descriptor import (
    Changes,
    ErrorShape,
    ObjectSpec,
    Operation,
    Paging,
    PushShape,
    RestDescriptor,
)
from syncjobs.connectors.dialects import PlainDialect
from syncjobs.connectors.sandbox_crm import fields


def _object(
    name: str,
    label: str,
    canonical: str,
    read: tuple[str, ...],
    target: tuple[str, ...],
    natural: str = "number",
) -> ObjectSpec:
    path = f"/v2/{name}"
    return ObjectSpec(
        name=name,
        label=label,
        canonical=canonical,
        path=path,
        rows="results",
        version="updatedAt",
        modified="updatedAt",
        deleted="archived",
        deletes="flag",
        params=(("archived", "true"),),
        fields=read,
        target_fields=target,
        changes=Changes(field="updated_after", overlap=5),
        create=Operation(method="POST", path=path, reference="externalReference"),
        update=Operation(method="PATCH", path=f"{path}/{{id}}"),
        look_up=("externalReference", natural),
    )


SYSTEM: Final = RestDescriptor(
    key="sandbox_crm",
    label="Clover CRM",
    kind="crm",
    summary="Accounts, contacts and opportunities, with project and invoice status written back.",
    auth=Bearer(),
    config_fields=(
        ConnectionField(
            name="base_url",
            label="Address",
            kind="url",
            help="Where the CRM answers, for example https://crm.example.com.",
        ),
    ),
    secret_fields=(
        ConnectionField(
            name="token",
            label="Access token",
            kind="secret",
            help="Made in the CRM under Settings, Private apps.",
        ),
    ),
    paging=Paging(
        style="token",
        size_param="limit",
        token_param="cursor",  # noqa: S106  the name of a query parameter
        token_path="paging.next.after",  # noqa: S106  a path in the answer
        max_size=200,
    ),
    errors=ErrorShape(
        message="message",
        code="category",
        parts="errors",
        part_field="in",
        part_message="message",
    ),
    dialect=PlainDialect(),
    pushes=PushShape(),
    objects=(
        _object("accounts", "Accounts", "customer", fields.ACCOUNT, fields.ACCOUNT_TARGET),
        _object("contacts", "Contacts", "contact", fields.CONTACT, fields.CONTACT_TARGET, "email"),
        _object(
            "opportunities",
            "Opportunities",
            "opportunity",
            fields.OPPORTUNITY,
            fields.OPPORTUNITY_TARGET,
        ),
    ),
)
