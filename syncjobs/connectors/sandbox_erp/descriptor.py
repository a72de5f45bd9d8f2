"""Ledgerline ERP's REST interface: OAuth 2, OData-like lists, idempotency keys, ETags."""

from collections.abc import Mapping
from typing import Final

from syncjobs.connectors.auth import ClientCredentials
from syncjobs.connectors.base import ConnectionField
from syncjobs.connectors.descriptor import (
    BatchShape,
    Changes,
    ErrorShape,
    ObjectSpec,
    Operation,
    Paging,
    RestDescriptor,
)
from syncjobs.connectors.dialects import ODataDialect
from syncjobs.connectors.sandbox_erp import fields


def _object(
    name: str,
    label: str,
    canonical: str,
    read: tuple[str, ...],
    target: tuple[str, ...] = (),
    *,
    look_up: tuple[str, ...] = (),
    actions: Mapping[str, Operation] | None = None,
    batch: int = 0,
) -> ObjectSpec:
    """With `target` fields it can be written, without them only read."""
    path = f"/erp/v1/{name}"
    create = Operation(method="POST", path=path, reference="externalReference", keyed=True)
    update = Operation(method="PATCH", path=f"{path}/{{id}}", keyed=True, guard="if_match")
    return ObjectSpec(
        name=name,
        label=label,
        canonical=canonical,
        path=path,
        rows="value",
        version="etag",
        modified="lastModified",
        deletes="compare",
        changes=Changes(field="lastModified", overlap=5),
        fields=read,
        target_fields=target,
        create=create if target else None,
        update=update if target else None,
        actions=actions or {},
        look_up=look_up,
        batch=BatchShape(path=f"{path}/batch", most=batch) if batch else None,
    )


_BY_REFERENCE: Final = ("externalReference",)
_BY_NUMBER: Final = ("externalReference", "number")
_REMOVE: Final = Operation(method="DELETE", path="/erp/v1/invoiceLines/{id}")

SYSTEM: Final = RestDescriptor(
    key="sandbox_erp",
    label="Ledgerline ERP",
    kind="erp",
    summary="Customers with contacts, contracts, tax codes, invoices with lines, and payments.",
    auth=ClientCredentials(path="/oauth/token"),
    writes_idempotent=True,
    config_fields=(
        ConnectionField(
            name="base_url",
            label="Address",
            kind="url",
            help="Where the ERP answers, for example https://erp.example.com.",
        ),
        ConnectionField(
            name="client_id",
            label="Client id",
            help="Of the application registered for this integration.",
            default="integration",
        ),
    ),
    secret_fields=(
        ConnectionField(
            name="client_secret",
            label="Client secret",
            kind="secret",
            help="Shown once, when the application is registered.",
        ),
    ),
    paging=Paging(style="link", size_param="$top", link_path="@nextLink", max_size=500),
    errors=ErrorShape(
        message="error.message",
        code="error.code",
        parts="error.details",
        part_field="target",
        part_message="message",
        existing_id="error.existingId",
    ),
    dialect=ODataDialect(),
    objects=(
        _object(
            "customers",
            "Customers",
            "customer",
            fields.CUSTOMER,
            fields.CUSTOMER_TARGET,
            look_up=_BY_NUMBER,
        ),
        _object(
            "contacts",
            "Contacts",
            "contact",
            fields.CONTACT,
            fields.CONTACT_TARGET,
            look_up=("externalReference", "email"),
        ),
        _object(
            "contracts",
            "Contracts",
            "contract",
            fields.CONTRACT,
            fields.CONTRACT_TARGET,
            look_up=_BY_NUMBER,
        ),
        _object("taxCodes", "Tax codes", "", fields.TAX_CODE),
        _object("serviceItems", "Service items", "service_item", fields.SERVICE_ITEM),
        _object(
            "invoices",
            "Invoices",
            "invoice",
            fields.INVOICE,
            fields.INVOICE_TARGET,
            look_up=_BY_REFERENCE,
        ),
        _object(
            "invoiceLines",
            "Invoice lines",
            "",
            fields.LINE,
            fields.LINE_TARGET,
            look_up=_BY_REFERENCE,
            actions={"remove": _REMOVE},
            batch=200,
        ),
        _object(
            "jobAssignments",
            "Job assignments",
            "",
            fields.JOB,
            fields.JOB_TARGET,
            look_up=_BY_NUMBER,
        ),
        _object("payments", "Payments", "payment", fields.PAYMENT),
    ),
)
