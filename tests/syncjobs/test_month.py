"""A firm's month through the sandbox systems, against the story's own control totals."""

import datetime as dt
import time
from collections import Counter
from decimal import Decimal

from django.db.models import Count

from syncjobs.blueprints import BLUEPRINTS
from syncjobs.engine.drain import drain_until_idle
from syncjobs.models import *
from syncjobs.sandbox.story import FIRMS, build, expect, feed, story_month
from tenants.accounts.models import Client
from tests.syncjobs.sandboxes import three_systems


def test_dev(alder: Client) -> None:
    firm = FIRMS[0] if not isinstance(FIRMS, dict) else next(iter(FIRMS.values()))
    month = build(firm, story_month(dt.date(2026, 11, 21)))
    with three_systems(alder, tuple(BLUEPRINTS)) as s:
        feed(s.crm, s.psa, s.erp, month)
        t = time.time()
        d = drain_until_idle(patience=3)
        print("seconds", time.time() - t, d)
        print(
            list(
                Delivery.objects.order_by()
                .values_list("workflow__name", "step", "state")
                .annotate(n=Count("id"))
            )
        )
        print(
            list(
                Delivery.objects.filter(state="waiting", step="invoice").values_list(
                    "record__type", "outcome", "watch"
                )[:5]
            )
        )
        for i in Issue.objects.all():
            print(i.state, i.kind, i.title, i.count, i.detail.get("reason"))
        for r in Run.objects.filter(kind="intake"):
            print(r.stream, r.state, r.message, r.read)
        exp = expect(month)
        lines = Counter()
        for l in s.erp.pages("invoiceLines"):
            lines[(l["projectCode"], l["kind"])] += Decimal(l["lineAmount"])
        print(
            "lines total",
            sum(lines.values()),
            "expected",
            exp.delivered,
            exp.held_projects,
            exp.new_projects,
        )
        print(exp.time("refused"), exp.milestones(held=True))
        t = time.time()
        s.poll_soon()
        d = drain_until_idle(patience=3)
        print("2nd", time.time() - t, d)
        print(list(Delivery.objects.order_by().values_list("state").annotate(n=Count("id"))))
