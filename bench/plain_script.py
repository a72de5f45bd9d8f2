"""What the engine is measured against: the script that somebody writes in an afternoon.

It reads pages, maps, and writes one call per record with `requests`. It remembers nothing: a
crash in the middle starts over and doubles what was written, and nobody sees what it did.
"""

from typing import Any

import requests

from bench.systems import TOKEN


def copy_customers(address: str) -> int:
    """Copy every CRM account to the ERP; return how many."""
    copied = 0
    with requests.Session() as session:
        grant = session.post(f"{address}/oauth/token", data={"grant_type": "client_credentials"})
        token = grant.json()["access_token"]
        query = {"limit": "200", "archived": "true"}
        while True:
            page = session.get(
                f"{address}/v2/accounts",
                params=query,
                headers={"Authorization": f"Bearer {TOKEN}"},
                timeout=30,
            ).json()
            for record in page["results"]:
                answer = session.post(
                    f"{address}/erp/v1/customers",
                    json=_mapped(record),
                    headers={"Authorization": f"Bearer {token}"},
                    timeout=30,
                )
                answer.raise_for_status()
                assert answer.json()["id"]
                copied += 1
            if "paging" not in page:
                return copied
            query["cursor"] = page["paging"]["next"]["after"]


def _mapped(record: dict[str, Any]) -> dict[str, Any]:
    place = record["address"]
    return {
        "number": record["number"],
        "name": record["name"].strip(),
        "legalName": record["legalName"],
        "email": record["email"].lower(),
        "phone": record["phone"],
        "taxRegistrationNumber": record["vatNumber"],
        "currency": record["currency"],
        "paymentTerms": record["paymentTerms"],
        "address": {
            "line1": place["street"],
            "city": place["city"],
            "postCode": place["postalCode"],
            "countryCode": place["country"],
        },
        "externalReference": record["number"],
    }
