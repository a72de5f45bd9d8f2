"""Recovery codes: kept as hashes, so that they work when no sealed secret opens any more.

A row's data is `{"salt": hex, "hashes": [hex, …]}`. A code has twelve digits (40 bits), and
its hash takes a good part of a second's tenth: who has the table guesses none of them. Rows
of before hold a sealed seed; they work until new codes are made.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.conf import settings
from django.utils.crypto import constant_time_compare

from tenants.accounts.adapters import of_person
from tenants.context import current_schema
from tenants.sealing import SealError

COUNT: Final = 10
DIGITS: Final = 12


def new_codes(person: int) -> tuple[list[str], dict[str, object]]:
    """Return fresh codes of a person of this schema, and what is kept of them."""
    salt = secrets.token_bytes(16)
    codes = [f"{secrets.randbelow(10**DIGITS):0{DIGITS}}" for _ in range(COUNT)]
    return codes, {"salt": salt.hex(), "hashes": [_hash(code, salt, person) for code in codes]}


def left(row: Authenticator) -> int:
    """Return how many of a person's codes are left; of a sealed row that does not open, none."""
    if "hashes" in row.data:
        return len(row.data["hashes"])
    try:
        with of_person(row.user_id):
            return len(RecoveryCodes(row).get_unused_codes())
    except SealError:
        return 0


def use(row: Authenticator, code: str) -> bool:
    """Say whether it is one of the codes, and use it up. Raises SealError for a sealed row."""
    if "hashes" not in row.data:
        return bool(RecoveryCodes(row).validate_code(code))
    plain = "".join(code.split())
    if len(plain) != DIGITS:
        return False
    wanted = _hash(plain, bytes.fromhex(row.data["salt"]), row.user_id)
    kept = [one for one in row.data["hashes"] if not constant_time_compare(one, wanted)]
    if len(kept) == len(row.data["hashes"]):
        return False
    row.data["hashes"] = kept
    row.save(update_fields=["data"])
    return True


def _hash(code: str, salt: bytes, person: int) -> str:
    """Bound to schema and person: a row that is copied to somebody else opens nothing there."""
    place, cost = f"{current_schema()}/{person}/".encode(), settings.RECOVERY_CODE_COST
    return hashlib.scrypt(code.encode(), salt=place + salt, n=cost, r=8, p=1, dklen=32).hex()
