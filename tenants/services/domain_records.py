"""The DNS records that a domain needs, written out for whoever must enter them."""

from dataclasses import dataclass

from django.conf import settings

from tenants.models import Domain


@dataclass(frozen=True)
class Record:
    """One record: at which name, of which type, with which value, and what it is for."""

    host: str
    type: str
    value: str
    purpose: str


def records_of(domain: Domain) -> list[Record]:
    """Return the records of a name of the partner's own: the proof, then where it points.

    Addresses are offered beside the CNAME where the operator has named them: a name at the
    top of a zone cannot have a CNAME.
    """
    if not domain.is_own:
        return []
    found = []
    if domain.is_checked:
        found.append(Record(domain.record_name, "TXT", domain.token, "Proves that it is yours"))
    found.append(Record(domain.domain, "CNAME", settings.DOMAIN_TARGET, "Points it here"))
    for address in settings.DOMAIN_ADDRESSES:
        kind = "AAAA" if ":" in address else "A"
        found.append(Record(domain.domain, kind, address, "Instead of CNAME, at the top of a zone"))
    return found
