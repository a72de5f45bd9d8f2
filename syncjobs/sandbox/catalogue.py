"""The systems by kind."""

from collections.abc import Callable
from typing import Final

from syncjobs.sandbox.contracts.system import Contracts
from syncjobs.sandbox.crm.system import Crm
from syncjobs.sandbox.erp.system import Erp
from syncjobs.sandbox.psa.system import Psa
from syncjobs.sandbox.revenue.system import Revenue
from syncjobs.sandbox.staffing.system import Staffing
from syncjobs.sandbox.store import Store
from syncjobs.sandbox.support.system import Support
from syncjobs.sandbox.system import System

# Every firm has the first three; the others come on top of them.
CORE: Final = ("crm", "psa", "erp")
MORE: Final = ("staffing", "contracts", "revenue", "support")
KINDS: Final = (*CORE, *MORE)
_PLAIN: Final[dict[str, Callable[[Store, str], System]]] = {
    "crm": Crm,
    "psa": Psa,
    "staffing": Staffing,
    "contracts": Contracts,
    "revenue": Revenue,
    "support": Support,
}


def make_system(kind: str, store: Store, token: str, token_ttl: float) -> System:
    """A system over a store; `token_ttl` is for the ERP, the others' tokens do not expire."""
    if kind == "erp":
        return Erp(store, token, token_ttl)
    if kind in _PLAIN:
        return _PLAIN[kind](store, token)
    raise ValueError(f"unknown system {kind!r}; there are {', '.join(KINDS)}")
