"""Inkwell Contracts's REST interface, version 1."""

from typing import Final

from syncjobs.connectors.plain_rest import plain_object, plain_system
from syncjobs.connectors.sandbox_contracts import fields

SYSTEM: Final = plain_system(
    key="sandbox_contracts",
    label="Inkwell Contracts",
    kind="contracts",
    summary="Agreements with their agreed value, budget, amendments and renewals.",
    objects=(plain_object("/v1/agreements", "Agreements", "contract", fields.AGREEMENT),),
)
