"""The systems by kind."""

from syncjobs.sandbox.crm.system import Crm
from syncjobs.sandbox.erp.system import Erp
from syncjobs.sandbox.psa.system import Psa
from syncjobs.sandbox.store import Store
from syncjobs.sandbox.system import System

KINDS = ("crm", "psa", "erp")


def make_system(kind: str, store: Store, token: str, token_ttl: float) -> System:
    """A system over a store; `token_ttl` is for the ERP, the others' tokens do not expire."""
    match kind:
        case "crm":
            return Crm(store, token)
        case "psa":
            return Psa(store, token)
        case "erp":
            return Erp(store, token, token_ttl)
    raise ValueError(f"unknown system {kind!r}; there are {', '.join(KINDS)}")
