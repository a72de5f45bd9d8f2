"""Tryton's REST interface: what is read of each model, and under which names."""

from typing import Final

from syncjobs.connectors.auth import Bearer
from syncjobs.connectors.base import ConnectionField
from syncjobs.connectors.descriptor import (
    Changes,
    ErrorShape,
    FromConfig,
    Join,
    ObjectSpec,
    Operation,
    Paging,
    RestDescriptor,
)
from syncjobs.connectors.tryton.bodies import target_fields
from syncjobs.connectors.tryton.dialect import TrytonDialect

CHANGED: Final = "last_modified_at"
_COMPANY: Final = ("company", "=", FromConfig(name="company", integer=True))
_BUTTONS: Final = ("post",)


def _object(
    name: str,
    label: str,
    model: str,
    fields: tuple[str, ...],
    *,
    canonical: str = "",
    where: tuple[tuple[str, str, str | FromConfig], ...] = (),
    reference: str = "",
    joins: tuple[Join, ...] = (),
    actions: tuple[str, ...] = (),
    removable: bool = False,
) -> ObjectSpec:
    path = f"/{model}"
    pressed = {
        action: Operation(method="POST", path=f"{path}/{{id}}/{action}") for action in actions
    }
    if removable:
        pressed["remove"] = Operation(method="DELETE", path=f"{path}/{{id}}")
    return ObjectSpec(
        name=name,
        label=label,
        canonical=canonical,
        path=path,
        modified=CHANGED,
        version=CHANGED,
        fields=(*fields, CHANGED),
        target_fields=target_fields(name),
        where=where,
        # Tryton stamps a change with the start of its transaction.
        changes=Changes(field=CHANGED, overlap=120),
        joins=joins,
        create=Operation(method="POST", path=path, reference=reference) if reference else None,
        update=Operation(method="PUT", path=f"{path}/{{id}}", guard="compare")
        if reference
        else None,
        actions=pressed,
        look_up=(reference,) if reference else (),
    )


_WORK_FIELDS: Final = (
    "number", "name", "type", "list_price", "currency.code", "parent.number", "parent.name",
    "parent.list_price", "parent.type", "party.code",
)  # fmt: skip

OBJECTS: Final = (
    _object(
        "parties",
        "Parties",
        "party.party",
        (
            "code", "name", "email", "phone", "active", "addresses.street", "addresses.city",
            "addresses.postal_code", "addresses.country.code", "addresses.invoice",
            "identifiers.type", "identifiers.code", "customer_payment_term.name",
        ),
        canonical="customer",
        where=(
            ("code", "like", FromConfig(name="party_prefix", suffix="%", only_reads=True)),
        ),
        reference="code",
    ),
    _object(
        "employees",
        "Employees",
        "company.employee",
        ("party.code", "party.name", "party.email", "active", "start_date", "end_date"),
        canonical="resource",
        where=(_COMPANY,),
    ),
    _object(
        "opportunities",
        "Opportunities",
        "sale.opportunity",
        (
            "number", "reference", "description", "state", "amount", "currency.code",
            "party.code", "party.name", "start_date", "end_date", "employee.party.name",
            "payment_term.name", "comment", "lost_reason",
        ),
        canonical="opportunity",
        where=(_COMPANY,),
        reference="reference",
    ),
    _object(
        "projects",
        "Projects",
        "project.work",
        (
            "number", "name", "party.code", "party.name", "list_price", "currency.code",
            "status.name", "status.progress", "effort_duration", "timesheet_available",
            "children", "comment",
        ),
        canonical="project",
        where=(_COMPANY, ("type", "=", "project")),
        reference="comment",
    ),
    _object(
        "tasks",
        "Tasks",
        "project.work",
        (
            "number", "name", "parent.number", "parent.name", "list_price", "status.name",
            "effort_duration", "progress", "comment",
        ),
        canonical="task",
        where=(_COMPANY, ("type", "=", "task")),
        reference="comment",
    ),
    _object(
        "timesheetLines",
        "Time entries",
        "timesheet.line",
        (
            "date", "duration", "description", "uuid", "employee.party.code",
            "employee.party.name", "work.origin", "work.name",
        ),
        canonical="time_entry",
        where=(_COMPANY,),
        joins=(
            Join(
                source="work.origin",
                prefix="project.work,",
                path="/project.work",
                into="project_work",
                fields=_WORK_FIELDS,
            ),
        ),
    ),
    _object(
        "invoices",
        "Invoices",
        "account.invoice",
        (
            "number", "reference", "description", "state", "party.code", "party.name",
            "invoice_date", "payment_term_date", "currency.code", "untaxed_amount", "tax_amount",
            "total_amount", "amount_to_pay", "reconciled", "lines",
        ),
        canonical="invoice",
        where=(_COMPANY, ("type", "=", "out")),
        reference="reference",
        actions=_BUTTONS,
    ),
    _object(
        "invoiceLines",
        "Invoice lines",
        "account.invoice.line",
        (
            "invoice.reference", "invoice.number", "invoice.state", "description", "note",
            "quantity", "unit.symbol", "unit_price", "amount", "currency.code", "product.code",
        ),
        where=(_COMPANY, ("type", "=", "line"), ("invoice.type", "=", "out")),
        reference="note",
        removable=True,
    ),
    _object(
        "payments",
        "Payments",
        "account.invoice-account.move.line",
        (
            "invoice.reference", "invoice.number", "invoice.currency.code", "invoice.party.code",
            "line.date", "line.credit", "line.debit", "line.move.number", "line.description",
        ),
        canonical="payment",
        where=(("invoice.type", "=", "out"),),
    ),
)  # fmt: skip

SYSTEM: Final = RestDescriptor(
    key="tryton",
    label="Tryton",
    kind="erp",
    kinds=("erp", "crm", "psa", "time"),
    summary="Parties, opportunities, projects with time sheets, invoices and payments.",
    auth=Bearer(secret="api_key"),  # noqa: S106  the name of a field
    config_fields=(
        ConnectionField(
            name="base_url",
            label="Address",
            kind="url",
            help="Where the server answers, without the database: https://erp.example.com.",
        ),
        ConnectionField(name="database", label="Database", help="Its name on the server."),
        ConnectionField(
            name="company",
            label="Company number",
            kind="integer",
            help="The number of the company record; 1 when there is only one.",
            default="1",
        ),
        ConnectionField(
            name="party_prefix",
            label="Customer codes begin with",
            help="Reads only parties whose code begins like this. Empty reads all.",
            required=False,
        ),
    ),
    secret_fields=(
        ConnectionField(
            name="api_key",
            label="Application key",
            kind="secret",
            help="Of a user application of the kind REST, validated in the user's preferences.",
        ),
    ),
    root="/{database}/rest/model",
    paging=Paging(style="range", max_size=1000),
    errors=ErrorShape(message="message"),
    dialect=TrytonDialect(),
    objects=OBJECTS,
)
