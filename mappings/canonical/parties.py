"""Customers and the people at them."""

from mappings.canonical.fields import Field, ObjectSchema

CUSTOMER = ObjectSchema(
    name="customer",
    label="Customer",
    version=1,
    natural_key=("number",),
    owner_kind="crm",
    help="An organisation that buys.",
    fields=(
        Field("number", "text", "Number", "The number that all systems know it by", required=True),
        Field("name", "text", "Name", required=True),
        Field("legal_name", "text", "Legal name", "As it must stand on an invoice"),
        Field("email", "text", "Billing e-mail", personal=True),
        Field("phone", "text", "Phone", personal=True),
        Field("tax_number", "text", "Tax number", "VAT or EIN", owner_kind="erp"),
        Field("tax_code", "text", "Tax code", "Which tax rule the ERP applies", owner_kind="erp"),
        Field("currency", "text", "Currency", "ISO 4217"),
        Field("payment_terms", "text", "Payment terms", owner_kind="erp"),
        Field("street", "text", "Street"),
        Field("city", "text", "City"),
        Field("postal_code", "text", "Postal code"),
        Field("country", "text", "Country", "ISO 3166, two letters"),
        Field("status", "enum", "Status", choices=("active", "inactive")),
    ),
)

CONTACT = ObjectSchema(
    name="contact",
    label="Contact",
    version=1,
    natural_key=("email",),
    owner_kind="crm",
    help="A person at a customer.",
    fields=(
        Field("email", "text", "E-mail", required=True, personal=True),
        Field("name", "text", "Name", required=True, personal=True),
        Field("first_name", "text", "First name", personal=True),
        Field("last_name", "text", "Last name", personal=True),
        Field("customer", "reference", "Customer", reference_to="customer"),
        Field("phone", "text", "Phone", personal=True),
        Field("job_title", "text", "Job title", personal=True),
    ),
)

OBJECTS = (CUSTOMER, CONTACT)
