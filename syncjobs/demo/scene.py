"""Which partners and systems a demo shows: the sandbox's firms, or real servers."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from django.conf import settings

from governance import correlation
from governance.actors import command_actor
from syncjobs.demo.cast import (
    NORTHGATE,
    OPERATOR,
    PARTNERS,
    REAL_CLIENT,
    REAL_PEOPLE,
    DemoPartner,
)
from syncjobs.demo.clients import ClientSystems
from syncjobs.demo.real import RealFirm
from syncjobs.demo.setting import Setting
from syncjobs.demo.systems import SandboxSystems
from syncjobs.demo.telling import Teller
from syncjobs.sandbox.process import StartError
from syncjobs.sandbox.tryton.daemon import ServerError
from syncjobs.sandbox.tryton.install import InstallError
from syncjobs.sandbox.tryton.pair import start_pair, stop_pair
from syncjobs.sandbox.tryton.wire import TrytonError
from tenants.accounts.models import User
from tenants.context import public_scope
from tenants.services.operators import add_operator

SANDBOX, REAL = "sandbox", "real"
CHOICES = (SANDBOX, REAL)
FAILURES = (StartError, InstallError, ServerError, TrytonError)


@dataclass(frozen=True)
class Scene:
    """The partners on stage and every client's systems by firm."""

    partners: Sequence[DemoPartner]
    systems: Mapping[str, ClientSystems]


def open_scene(stack: ExitStack, setting: Setting, systems: str, tell: Teller) -> Scene:
    """Start the systems; they end with the stack.

    Real servers come on top of the sandboxes, when they are asked for and ever after: a client
    that was set up once must not find its systems gone.
    """
    slugs = [client.firm for partner in PARTNERS for client in partner.clients]
    sandboxes = stack.enter_context(SandboxSystems(setting, slugs))
    home = settings.STATE_DIR / "tryton"
    if systems == SANDBOX and not home.exists():
        return Scene(PARTNERS, dict(sandboxes.by_firm))
    stack.callback(stop_pair, home)
    facts = start_pair(home, month=setting.month, say=tell.progress)
    real = RealFirm(facts, home, setting.month)
    host = replace(
        NORTHGATE,
        clients=(*NORTHGATE.clients, REAL_CLIENT),
        people=(*NORTHGATE.people, *REAL_PEOPLE),
    )
    partners = [host if one is NORTHGATE else one for one in PARTNERS]
    return Scene(partners, {**sandboxes.by_firm, real.slug: real})


def ensure_operator(setting: Setting) -> str:
    """The operator's address; made on the first run, with the demo's password."""
    with public_scope(), correlation.scope(actor=command_actor("demo"), door="command"):
        if not User.objects.filter(email=OPERATOR.email).exists():
            add_operator(
                command_actor("demo"),
                email=OPERATOR.email,
                name=OPERATOR.name,
                password=setting.password,
            )
    return OPERATOR.email
