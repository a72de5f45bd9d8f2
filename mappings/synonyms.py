"""What exports call the fields of canonical objects, in the languages that they come in. Pure.

Only for suggestions: a person looks at each before anything is kept.
"""

from collections.abc import Mapping
from typing import Final

# Field → headings, normalised as `suggestions.normal` does it.
SYNONYMS: Final[Mapping[str, tuple[str, ...]]] = {
    "number": (
        "id", "nr", "no", "nummer", "numero", "reference", "ref", "entry id", "entry no", "code",
        "beleg", "belegnummer", "buchungsnummer", "eintrag", "external id",
    ),
    "code": ("id", "nr", "no", "number", "nummer", "key", "kurzel"),
    "name": ("title", "bezeichnung", "titel", "nom", "label"),
    "customer": (
        "client", "account", "kunde", "kundennummer", "kunden nr", "debitor", "customer no",
        "customer number", "cliente",
    ),
    "project": (
        "project code", "project no", "project number", "project id", "job", "engagement", "matter",
        "projekt", "projektnummer", "projekt nr", "projektcode", "auftrag", "projet", "proyecto",
    ),
    "resource": (
        "employee", "employee no", "employee number", "consultant", "user", "person", "staff",
        "worker", "who", "mitarbeiter", "mitarbeiternummer", "personalnummer", "personal nr",
        "mitarbeiter nr", "berater", "collaborateur", "employe", "empleado", "e mail", "email",
    ),
    "task": ("activity", "work type", "service", "tatigkeit", "aufgabe", "tache", "leistung"),
    "date": (
        "day", "work date", "entry date", "booked on", "datum", "tag", "buchungsdatum",
        "leistungsdatum", "jour", "fecha", "data",
    ),
    "hours": (
        "duration", "time", "quantity", "qty", "units", "stunden", "std", "dauer", "zeit", "menge",
        "heures", "horas", "ore",
    ),
    "rate": (
        "hourly rate", "price", "unit price", "bill rate", "satz", "stundensatz", "preis", "tarif",
        "taux", "tarifa",
    ),
    "amount": ("total", "value", "sum", "betrag", "summe", "gesamt", "montant", "importe"),
    "currency": (
        "currency code", "ccy", "cur", "curr", "wahrung", "whg", "devise", "moneda", "valuta",
    ),
    "billable": (
        "chargeable", "is billable", "invoiceable", "abrechenbar", "fakturierbar", "verrechenbar",
        "facturable",
    ),
    "status": ("state", "stage", "zustand", "statut", "estado", "stato", "freigabe"),
    "description": (
        "notes", "note", "comment", "text", "memo", "details", "beschreibung", "bemerkung",
        "kommentar", "descripcion", "commentaire", "libelle",
    ),
    "entity": (
        "legal entity", "company", "subsidiary", "firma", "gesellschaft", "mandant", "societe",
        "entite", "empresa",
    ),
    "engagement": ("engagement id", "engagement no", "mandat"),
    "approved_at": ("approved on", "approval date", "approved", "freigegeben am", "genehmigt am"),
    "start_date": ("start", "from", "begin", "beginn", "von", "debut"),
    "end_date": ("end", "until", "to", "ende", "bis", "fin"),
    "due_date": ("due", "due on", "fallig", "falligkeit", "echeance"),
    "email": ("e mail", "mail", "email address", "e mail adresse", "courriel"),
    "phone": ("telephone", "tel", "mobile", "telefon", "handy"),
    "city": ("town", "ort", "stadt", "ville"),
    "postal_code": ("zip", "postcode", "plz", "code postal"),
    "country": ("land", "country code", "pays", "pais"),
    "street": ("address", "strasse", "adresse", "rue"),
    "payment_terms": ("terms", "zahlungsziel", "zahlungsbedingung"),
}  # fmt: skip
