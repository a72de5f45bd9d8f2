"""The audit trail: what an entry costs, how fast it is sealed and checked, and the explorer.

The entry's cost is that of one business transaction (one INSERT through a service's usual way)
with and without its entry, in turns. Then the trail is filled by the database
itself up to 5,000,000 entries, of which the first million is sealed and checked.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.http import QueryDict
from django.test import Client as Browser
from django.utils import timezone
from django_tenants.utils import tenant_context

from bench import machine, partners
from bench.figures import Figure, at_most, reported
from governance import correlation
from governance.actions import CHANGE_PROPOSED
from governance.actors import Actor, command_actor
from governance.append_only import MAINTENANCE_SETTING
from governance.models import AuditEntry, AuditSeal
from governance.services import audit
from governance.services.proofs import Span, write_proof
from governance.services.seals import seal_trail
from governance.services.trail import trail_page
from governance.services.verifying import verify_trail
from governance.trail_filters import TrailForm
from syncjobs.models import Blueprint
from tenants.accounts.models import User
from tenants.models import Partner
from tenants.postgres import roles

SLUG: Final = "bench-audit"
TURNS: Final = 4_000
WARM_UP: Final = 200
_BLOCK: Final = 1_000
SEALED: Final = 100_000
CHECKED: Final = 1_000_000
ALL: Final = int(os.environ.get("BENCH_AUDIT_ENTRIES", "5000000"))
PAGES: Final = 9
_FILL: Final = 250_000


@contextmanager
def _partner() -> Iterator[Partner]:
    call_command("migrate", verbosity=0, interactive=False)
    partners.take_away([SLUG])
    try:
        with correlation.scope(actor=command_actor("bench"), door="command"):
            partners.provision(SLUG, "Bench Audit")
        yield Partner.objects.get(slug=SLUG)
    finally:
        partners.take_away([SLUG])


# --- what an entry costs -----------------------------------------------------------------


def _business(number: int, *, audited: bool) -> None:
    """One transaction that makes one row, and says so or not."""
    with transaction.atomic():
        row = Blueprint.objects.create(
            slug=f"bench-{number}", name="Bench", definition={"steps": [], "reads": []}
        )
        if audited:
            audit.record(
                CHANGE_PROPOSED,
                object_kind="blueprint",
                object_id=row.pk,
                object_label=row.name,
                after={"name": row.name, "slug": row.slug},
            )


def _entry_cost() -> list[Figure]:
    user = User.objects.get()
    actor = Actor("person", user.pk, f"{user.name} <{user.email}>")
    plain: list[float] = []
    with_entry: list[float] = []
    with correlation.scope(actor=actor, door="admin", address="192.0.2.7"):
        for number in range(TURNS):
            audited = number % 4 in (1, 2)  # in turns, so that a busy machine is so for both
            begin = time.perf_counter()
            _business(number, audited=audited)
            took = 1000 * (time.perf_counter() - begin)
            if number >= WARM_UP:
                (with_entry if audited else plain).append(took)
    base, more = statistics.median(plain), statistics.median(with_entry)
    limit = "the row with its six index entries; it travels with the COMMIT"
    return [
        reported("audit.load", machine.load(), "per core", "whatever else runs on this machine"),
        reported(
            "audit.fdatasync", machine.fdatasync_ms(settings.STATE_DIR), "ms", "the disk under it"
        ),
        reported("audit.transaction_plain", base, "ms", "commit to disk"),
        reported("audit.transaction_audited", more, "ms", "commit to disk"),
        at_most("audit.entry_cost", 100 * (more / base - 1), "%", 15, limit),
        *_entry_cpu(actor),
    ]


def _entry_cpu(actor: Actor) -> list[Figure]:
    """Return what an entry takes of the processors, which a busy machine blurs less."""
    connection.ensure_connection()
    backend = int(connection.connection.info.backend_pid)
    taken = {False: [0.0, 0.0], True: [0.0, 0.0]}
    with correlation.scope(actor=actor, door="admin", address="192.0.2.7"):
        for block in range(8):
            audited = block % 4 in (1, 2)
            database, own = machine.process_seconds(backend), time.process_time()
            for number in range(_BLOCK):
                _business(TURNS + _BLOCK * block + number, audited=audited)
            taken[audited][0] += time.process_time() - own
            taken[audited][1] += machine.process_seconds(backend) - database
    own, database = (
        250 * (more - base) / _BLOCK  # ms for each, of four blocks
        for base, more in zip(taken[False], taken[True], strict=True)
    )
    return [
        reported("audit.entry_cpu", own, "ms", "the client's side: words and one more answer"),
        reported("audit.entry_database_cpu", database, "ms", "six indexes"),
    ]


# --- sealing and checking ----------------------------------------------------------------


def _fill(upto: int, schema: str) -> None:
    """Let the database write entries until there are so many: of 200 people, over 200 days."""
    there = AuditEntry.objects.count()
    with roles.owner_connection(autocommit=True) as owner:
        owner.execute(f'SET search_path = "{schema}"'.encode())
        owner.execute(f"SET {MAINTENANCE_SETTING} = 'on'".encode())
        while there < upto:
            count = min(_FILL, upto - there)
            owner.execute(_MAKE, {"count": count, "from": there, "all": ALL})
            there += count
        owner.execute(b"ANALYZE governance_auditentry")


_MAKE: Final = """
    INSERT INTO governance_auditentry (at, actor_kind, actor_id, actor_label, door, address,
        action, object_kind, object_id, object_label, client_id, before, after, reason,
        correlation_id)
    SELECT statement_timestamp() - (%(all)s - %(from)s - n) * interval '3 seconds', 'person',
        1 + n %% 200, 'Person ' || n %% 200 || ' <p' || n %% 200 || '@partner.example>', 'admin',
        '192.0.2.7', 'bench.action_' || chr(97 + (n %% 20)::int), 'lamp', (n %% 50000)::text,
        'Lamp ' || n %% 50000, 1 + n %% 20, jsonb_build_object('rate', n),
        jsonb_build_object('rate', n + 1), '', md5(n::text)
    FROM generate_series(%(from)s + 1, %(from)s + %(count)s) n
"""


def _timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _seal_all() -> None:
    while seal_trail().more:
        pass


def _sealing(schema: str) -> list[Figure]:
    _seal_all()
    _fill(AuditEntry.objects.count() + SEALED, schema)
    took = _timed(_seal_all)
    figures = [
        at_most(
            f"audit.seal_{SEALED}", took, "s", 5, "hashing in the database, one pass by an index"
        )
    ]
    _fill(CHECKED, schema)
    _seal_all()
    begin, own = time.perf_counter(), time.process_time()
    backend = int(connection.connection.info.backend_pid)
    database = machine.process_seconds(backend)
    report = verify_trail()
    took, own = time.perf_counter() - begin, time.process_time() - own
    database = machine.process_seconds(backend) - database
    if not report.holds or report.entries < CHECKED:
        raise RuntimeError(f"The trail should hold: {report.findings[:3]}, {report.entries}")
    figures.append(
        at_most(
            f"audit.verify_{CHECKED}",
            took * CHECKED / report.entries,
            "s",
            10,
            "hashing each entry in the database, then a tree of hashes here",
        )
    )
    cpu = (own + database) * CHECKED / report.entries
    figures.append(
        reported(f"audit.verify_cpu_{CHECKED}", cpu, "s", "of both processes, one after the other")
    )
    return [*figures, *_offline()]


def _offline() -> list[Figure]:
    """Take the proof of everything and check it with the program in it."""
    last = AuditSeal.objects.order_by("-number").values_list("number", flat=True)[0]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "proof.zip"
        with place.open("wb") as file:
            took = _timed(lambda: write_proof(command_actor("bench"), file, Span(1, last)))
        with zipfile.ZipFile(place) as archive:
            program = archive.extract("verify_audit.py", folder)
        begin = time.perf_counter()
        subprocess.run(
            [sys.executable, "-I", program, str(place)], check=True, stdout=subprocess.DEVNULL
        )
        checked = time.perf_counter() - begin
        size = place.stat().st_size / 1e6
    return [
        reported(f"audit.proof_{CHECKED}", took, "s", "writing and packing the lines"),
        reported(f"audit.proof_size_{CHECKED}", size, "MB", "the hash of each entry"),
        reported(f"audit.offline_{CHECKED}", checked, "s", "one hash for each line, in Python"),
    ]


# --- the explorer ------------------------------------------------------------------------


def _queries() -> dict[str, str]:
    day = timezone.localdate() - timedelta(days=60)
    return {
        "all": "",
        "actor": "who=person:1",
        "action": "action=change.proposed",
        "object": "kind=lamp&target=77",
        "time": f"since={day}&until={day + timedelta(days=7)}",
        "actor_action_time": f"who=person:1&action=change.proposed&since={day}",
        "nothing": "kind=lamp&target=no-such-lamp",
    }


def _searched() -> list[Figure]:
    """Return what each filter takes of the database alone, with the planning of its statement."""
    actor, figures = command_actor("bench"), []
    for name, query in _queries().items():
        form = TrailForm(QueryDict(query))
        assert form.is_valid(), form.errors
        filters, taken = form.filters(), []
        for _ in range(PAGES):
            begin = time.perf_counter()
            trail_page(actor, filters)
            taken.append(1000 * (time.perf_counter() - begin))
        figures.append(
            at_most(f"audit.search_{name}", statistics.median(taken), "ms", 50, "an index")
        )
    return figures


def _explorer(partner: Partner) -> list[Figure]:
    browser = Browser(headers={"host": f"admin.{SLUG}.localhost"})
    with tenant_context(partner):
        browser.force_login(User.objects.get())
    limit = "the page's rendering; each filter has an index in the order of the page"
    figures = []
    for name, query in _queries().items():
        taken, own = [], time.process_time()
        for _ in range(PAGES):
            begin = time.perf_counter()
            answer = browser.get(f"/changes/audit/?{query}")
            assert answer.status_code == 200, f"{query} answered {answer.status_code}"
            taken.append(1000 * (time.perf_counter() - begin))
        figures.append(
            at_most(f"audit.explorer_{name}", statistics.median(taken), "ms", 200, limit)
        )
        cpu = 1000 * (time.process_time() - own) / PAGES
        figures.append(reported(f"audit.explorer_{name}_cpu", cpu, "ms", "rendering"))
    return figures


def measure() -> list[Figure]:
    """Measure the trail of one partner."""
    with _partner() as partner:
        with tenant_context(partner):
            figures = [*_entry_cost(), *_sealing(partner.schema_name)]
            print(f"  filling up to {ALL} entries", file=sys.stderr, flush=True)
            _fill(ALL, partner.schema_name)
            figures += _searched()
        figures.append(reported("audit.entries", ALL, "entries", "what the explorer searched"))
        return [*figures, *_explorer(partner)]
