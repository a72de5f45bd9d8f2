"""What the books sort by: the services that are sold, and codes, entities and tax settings."""

from mappings.canonical.fields import Field, ObjectSchema

_STATUS = Field("status", "enum", "Status", choices=("active", "inactive"))

SERVICE_ITEM = ObjectSchema(
    name="service_item",
    label="Service item",
    version=1,
    natural_key=("number",),
    owner_kind="erp",
    help="What an invoice line sells.",
    fields=(
        Field("number", "text", "Number", required=True),
        Field("name", "text", "Name", required=True),
        Field("unit", "enum", "Unit", choices=("hour", "day", "piece", "flat")),
        Field("price", "money", "Price", unit="currency"),
        Field("currency", "text", "Currency", "ISO 4217"),
        Field("tax_code", "text", "Tax code"),
        Field("revenue_account", "text", "Revenue account"),
        Field("cost_account", "text", "Cost account"),
        _STATUS,
    ),
)

FINANCIAL_DIMENSION = ObjectSchema(
    name="financial_dimension",
    label="Financial dimension",
    version=1,
    natural_key=("kind", "code"),
    owner_kind="erp",
    help="A code that the books sort by: billing code, account, entity, cost centre, tax setting.",
    fields=(
        Field(
            "kind",
            "enum",
            "Kind",
            required=True,
            choices=("billing_code", "gl_code", "entity", "cost_center", "tax_setting"),
        ),
        Field("code", "text", "Code", required=True),
        Field("name", "text", "Name", required=True),
        Field("parent", "text", "Parent", "Code of the dimension above it"),
        Field("entity", "text", "Entity", "The legal entity that it belongs to"),
        Field("country", "text", "Country", "ISO 3166, two letters"),
        Field("rate", "decimal", "Tax rate", "From 0 to 100", unit="%"),
        Field("valid_from", "date", "Valid from"),
        Field("valid_until", "date", "Valid until"),
        _STATUS,
    ),
)

OBJECTS = (SERVICE_ITEM, FINANCIAL_DIMENSION)
