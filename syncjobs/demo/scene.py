"""Which partners and systems a demo shows: the sandbox's firms, or real servers."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from governance import correlation
from governance.actors import command_actor
from syncjobs.demo.cast import OPERATOR, PARTNERS, DemoPartner
from syncjobs.demo.clients import ClientSystems
from syncjobs.demo.setting import Setting
from syncjobs.demo.systems import SandboxSystems
from syncjobs.demo.telling import Teller
from syncjobs.sandbox.process import StartError
from tenants.accounts.models import User
from tenants.context import public_scope
from tenants.services.operators import add_operator

SANDBOX, REAL = "sandbox", "real"
CHOICES = (SANDBOX, REAL)
FAILURES = (StartError,)


@dataclass(frozen=True)
class Scene:
    """The partners on stage and every client's systems by firm."""

    partners: Sequence[DemoPartner]
    systems: Mapping[str, ClientSystems]


def open_scene(stack: ExitStack, setting: Setting, systems: str, tell: Teller) -> Scene:
    """Start the systems; they end with the stack."""
    slugs = [client.firm for partner in PARTNERS for client in partner.clients]
    sandboxes = stack.enter_context(SandboxSystems(setting, slugs))
    return Scene(PARTNERS, dict(sandboxes.by_firm))


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
