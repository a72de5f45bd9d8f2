"""What the queue runs for documents. A lost or doubled task costs nothing."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from django_q.models import OrmQ

from branding.admin.brand_samples import paper as sample
from branding.models import Brand, Statement
from branding.pdf import paper_of, statement_pdf
from branding.services.identity import current_identity, identity_of
from branding.services.papers import (
    PREVIEW_TASK,
    STATEMENT_TASK,
    draw,
    preview_order,
    statement_order,
)
from governance import correlation
from governance.actors import task_actor
from tenants.context import public_scope, schema_scope
from tenants.models import Partner


def draw_statement(schema: str, number: int) -> str:
    """Draw an issued statement of one partner and keep it."""
    with _at_work(schema) as active:
        if not active:
            return f"{schema}: no active partner"
        statement = Statement.objects.select_related("client").filter(number=number).first()
        if statement is None:
            return f"{schema}: no statement {number}"
        paper = paper_of(statement, current_identity())
        client = statement.client_id
        came = draw(statement_order(statement), lambda: statement_pdf(paper, client))
        return f"{schema}: statement {number} {came}"


def draw_preview(schema: str, values: Mapping[str, object]) -> str:
    """Draw the sample statement in a brand of these values, for the brand editor."""
    with _at_work(schema) as active:
        if not active:
            return f"{schema}: no active partner"
        identity = identity_of(Brand(**values))
        paper = replace(sample(identity), logo_url="given:logo.png" if identity.logo else "")
        return f"{schema}: preview {draw(preview_order(values), lambda: statement_pdf(paper))}"


def draw_queued() -> int:
    """Draw what is rung for in this process, newest first: for a worker without a cluster."""
    tasks: dict[str, Callable[..., str]] = {
        STATEMENT_TASK: draw_statement,
        PREVIEW_TASK: draw_preview,
    }
    with public_scope():
        rows = [row for row in OrmQ.objects.order_by("-pk")[:100] if row.func() in tasks]
    for row in rows:
        tasks[row.func()](*row.args())
        with public_scope():
            row.delete()
    return len(rows)


@contextmanager
def _at_work(schema: str) -> Iterator[bool]:
    """Work in a partner's schema; says whether the partner is active, else nothing is entered."""
    with public_scope():
        active = Partner.objects.filter(schema_name=schema, status=Partner.Status.ACTIVE).exists()
    if not active:
        yield False
        return
    with schema_scope(schema), correlation.scope(actor=task_actor("worker"), door="task"):
        yield True
