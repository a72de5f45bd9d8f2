"""Who is in the demo, as data: partners with their looks and prices, clients, people."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class DemoPerson:
    """Somebody who can sign in; `client` is a firm's slug for a client's own people."""

    name: str
    email: str
    role: str
    client: str = ""


@dataclass(frozen=True)
class DemoTier:
    """A line of the partner's price list: base fee, included deliveries, price beyond."""

    name: str
    currency: str
    base_fee: Decimal
    included: int
    beyond: Decimal
    sla_hours: int


@dataclass(frozen=True)
class DemoClient:
    """A client: a firm of the story (or of the real systems) on a tier."""

    firm: str
    tier: str
    locale: str = "en-gb"


@dataclass(frozen=True)
class DemoPartner:
    """A partner and the product that its clients know."""

    slug: str
    name: str
    product: str
    primary: str
    accent: str
    mark: str  # the shape of its logo: rings or bars
    support_email: str
    sign_in_text: str
    locale: str
    time_zone: str
    tiers: tuple[DemoTier, ...]
    clients: tuple[DemoClient, ...]
    people: tuple[DemoPerson, ...]


REAL_CLIENT = DemoClient("vermeer-duyn", "Growth", "nl-nl")
REAL_PEOPLE = (
    DemoPerson("Anouk Vermeer", "anouk@vermeerduyn.example", "client_admin", "vermeer-duyn"),
    DemoPerson("Daan Mulder", "daan@vermeerduyn.example", "client_approver", "vermeer-duyn"),
)

NORTHGATE = DemoPartner(
    slug="northgate",
    name="Northgate ERP Partners",
    product="Northgate Connect",
    primary="#0f5f5c",
    accent="#e0773c",
    mark="rings",
    support_email="support@northgate.example",
    sign_in_text="Your projects, time and invoices in step. Call +44 20 7946 0900 for help.",
    locale="en-gb",
    time_zone="Europe/London",
    tiers=(
        DemoTier("Essential", "GBP", Decimal("390.00"), 400, Decimal("0.42"), 24),
        DemoTier("Growth", "GBP", Decimal("940.00"), 1500, Decimal("0.29"), 8),
    ),
    clients=(DemoClient("ashdown-mercer", "Growth"), DemoClient("calder", "Essential", "en-ie")),
    people=(
        DemoPerson("Helena Strand", "helena@northgate.example", "owner"),
        DemoPerson("Ivo Petrak", "ivo@northgate.example", "integration_engineer"),
        DemoPerson("Ama Boateng", "ama@northgate.example", "approver"),
        DemoPerson("Tess Gallimore", "tess@northgate.example", "support_agent"),
        DemoPerson("Rupert Lyle", "rupert@northgate.example", "finance"),
        DemoPerson("Noor Haddad", "noor@northgate.example", "auditor"),
        DemoPerson(
            "Eleanor Langley",
            "eleanor.langley@ashdownmercer.example",
            "client_admin",
            "ashdown-mercer",
        ),
        DemoPerson(
            "Marcus Jessop",
            "marcus.jessop@ashdownmercer.example",
            "client_approver",
            "ashdown-mercer",
        ),
        DemoPerson(
            "Zara Menon", "zara.menon@ashdownmercer.example", "client_viewer", "ashdown-mercer"
        ),
        DemoPerson("Sinead Tierney", "sinead.tierney@calder-it.example", "client_admin", "calder"),
        DemoPerson("Conor Whelan", "conor.whelan@calder-it.example", "client_approver", "calder"),
    ),
)

KESTREL = DemoPartner(
    slug="kestrel",
    name="Kestrel Cloud Group",
    product="Kestrel Flow",
    primary="#5b2d8e",
    accent="#f0b429",
    mark="bars",
    support_email="help@kestrel.example",
    sign_in_text="Time in, invoices out. Write to help@kestrel.example at any hour.",
    locale="en-us",
    time_zone="America/New_York",
    tiers=(
        DemoTier("Starter", "USD", Decimal("490.00"), 300, Decimal("0.55"), 24),
        DemoTier("Scale", "USD", Decimal("1250.00"), 2000, Decimal("0.34"), 4),
    ),
    clients=(
        DemoClient("brightwater", "Scale", "en-us"),
        DemoClient("studio-linden", "Starter", "de-de"),
    ),
    people=(
        DemoPerson("Dana Whitfield", "dana@kestrel.example", "owner"),
        DemoPerson("Miguel Ibarra", "miguel@kestrel.example", "integration_engineer"),
        DemoPerson("Joy Okafor", "joy@kestrel.example", "approver"),
        DemoPerson("Sam Pruitt", "sam@kestrel.example", "support_agent"),
        DemoPerson("Lena Hargrove", "lena@kestrel.example", "finance"),
        DemoPerson("Vic Tanaka", "vic@kestrel.example", "auditor"),
        DemoPerson(
            "Heather Stanton",
            "heather.stanton@brightwater-eng.example",
            "client_admin",
            "brightwater",
        ),
        DemoPerson(
            "Andres Vargas",
            "andres.vargas@brightwater-eng.example",
            "client_approver",
            "brightwater",
        ),
        DemoPerson(
            "Greta Winkler", "greta.winkler@studiolinden.example", "client_admin", "studio-linden"
        ),
        DemoPerson(
            "Jonas Falk", "jonas.falk@studiolinden.example", "client_viewer", "studio-linden"
        ),
    ),
)

PARTNERS = (NORTHGATE, KESTREL)
OPERATOR = DemoPerson("Olive Operator", "operator@example.com", "operator")
