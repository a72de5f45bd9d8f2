"""Ledgerline ERP's REST interface: OAuth 2, OData-like lists, idempotency keys, ETags."""

from collections.abc import Mapping
from typing import Final

from syncjobs.connectors.auth import ClientCredentials
from syncjobs.connectors.base import ConnectionField
from syncjobs.connectors.descriptor import (
    Changes,
    ErrorShape,
    ObjectSpec,
    Operation,
    Paging,
    RestDescriptor,
)
from syncjobs.connectors.dialects import ODataDialect


def _object(
    name: str,
    label: str,
    canonical: str = "",
    *,
    creates: bool = False,
    updates: bool = False,
    look_up: tuple[str, ...] = (),
    actions: Mapping[str, Operation] | None = None,
) -> ObjectSpec:
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
        changes=Changes(field="lastModified", overlap=5),
        create=create if creates else None,
        update=update if updates else None,
        actions=actions or {},
        look_up=look_up,
    )


_BY_REFERENCE: Final = ("externalReference",)
_BY_NUMBER: Final = ("externalReference", "number")
_REMOVE: Final = Operation(method="DELETE", path="/erp/v1/invoiceLines/{id}")

SYSTEM: Final = RestDescriptor(
    key="sandbox_erp",
    label="Ledgerline ERP",
    kind="erp",
    summary="Customers, contracts, tax codes, invoices with lines, and payments.",
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
            "customers", "Customers", "customer", creates=True, updates=True, look_up=_BY_NUMBER
        ),
        _object(
            "contracts", "Contracts", "contract", creates=True, updates=True, look_up=_BY_NUMBER
        ),
        _object("taxCodes", "Tax codes"),
        _object("serviceItems", "Service items"),
        _object(
            "invoices", "Invoices", "invoice", creates=True, updates=True, look_up=_BY_REFERENCE
        ),
        _object(
            "invoiceLines",
            "Invoice lines",
            creates=True,
            updates=True,
            look_up=_BY_REFERENCE,
            actions={"remove": _REMOVE},
        ),
        _object("payments", "Payments", "payment"),
    ),
)
