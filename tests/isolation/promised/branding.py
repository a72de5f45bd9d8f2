"""Of branding: the look, mail, prices, statements, evidence."""

from tests.isolation.rule import ACT, FORM, PUBLIC, SIGNED_IN, Rule, rules

_MONTH = (("month", "2026-10"),)

SHARED: dict[str, Rule] = {
    **rules("theme brand_icon brand_social favicon manifest robots", Rule(PUBLIC)),
    "brand_icon_sized": Rule(PUBLIC, values=(("side", 180),)),
    # The client's logo is found by who asks: nobody's is a 404.
    **rules("brand_logo brand_client_logo", Rule(PUBLIC, absent=True)),
}
ADMIN: dict[str, Rule] = {
    "brand_edit": Rule("brand.manage", FORM),
    "brand_preview": Rule("brand.manage"),
    "brand_preview_logo": Rule("brand.manage", absent=True),
    "brand_preview_page": Rule("brand.manage", values=(("view", "portal"),)),
    **rules("brand_preview_theme brand_preview_paper brand_preview_pdf", Rule("brand.manage")),
    "brand_history": Rule("brand.manage"),
    "brand_revert": Rule("brand.manage", ACT, owned=True),
    "client_brand": Rule("brand.manage", FORM, owned=True),
    "client_brand_logo": Rule("brand.manage", owned=True, absent=True),
    **rules("brand_publish brand_discard", Rule("brand.manage", ACT)),
    "mail_list": Rule("brand.manage"),
    "mail_again": Rule("brand.manage", ACT, owned=True),
    "mail_previews": Rule("brand.manage"),
    "mail_preview": Rule("brand.manage"),
    "mail_sender": Rule("brand.manage", FORM),
    "mail_sender_test": Rule("brand.manage", ACT),
    "mail_choices": Rule(SIGNED_IN, FORM),
    "tier_list": Rule("prices.view"),
    "tier_add": Rule("prices.manage", FORM),
    # Its form renames the tier, which the view asks `prices.manage` for.
    "tier_detail": Rule("prices.view", owned=True, posts="prices.manage"),
    "tier_terms": Rule("prices.manage", FORM, owned=True),
    "tier_costs": Rule("prices.manage", FORM, owned=True),
    "tier_retire": Rule("prices.manage", ACT, owned=True),
    "subscription_list": Rule("prices.view"),
    "subscription_add": Rule("prices.manage", FORM),
    "subscription_end": Rule("prices.manage", FORM, owned=True),
    "subscription_cancel": Rule("prices.manage", ACT, owned=True),
    "subscription_agreed": Rule("prices.view", owned=True, posts="prices.manage"),
    # There is nothing agreed, so a 404 is right.
    "agreement_end": Rule(
        "prices.manage", FORM, owned=True, absent=True, values=(("key", "abcd"),)
    ),
    "usage_overview": Rule("usage.view"),
    "usage_detail": Rule("usage.view", owned=True),
    "statement_list": Rule("statements.view"),
    "statement_draft": Rule("statements.view", owned=True, values=_MONTH),
    "statement_issue": Rule("prices.manage", ACT, owned=True, values=_MONTH),
    "statement_issued": Rule("statements.view", owned=True),
    "fee_add": Rule("prices.manage", FORM, owned=True, values=_MONTH),
    # There is no such fee, so a 404 is right.
    "fee_take_back": Rule(
        "prices.manage", FORM, owned=True, absent=True, values=(*_MONTH, ("key", "1-2026-10-x"))
    ),
    **rules("statement_pdf statement_csv", Rule("statements.view", owned=True)),
    "statement_draft_csv": Rule("statements.view", owned=True, values=_MONTH),
    "anchor_mail": Rule("changes.propose", FORM),
    "evidence": Rule("audit.view"),
    "evidence_ask": Rule("audit.view", ACT),
    # No report is drawn yet.
    "evidence_file": Rule("audit.view", owned=True, absent=True),
}
PORTAL: dict[str, Rule] = {
    "mail_choices": Rule(SIGNED_IN, FORM),
    "usage": Rule("usage.view"),
    "statement_list": Rule("statements.view"),
    "statement_issued": Rule("statements.view", owned=True),
    **rules("statement_pdf statement_csv", Rule("statements.view", owned=True)),
    **rules("statement_draft statement_draft_csv", Rule("statements.view", values=_MONTH)),
}
API: dict[str, dict[str, str]] = {
    "tier-list": {"GET": "prices.view"},
    "tier-detail": {"GET": "prices.view"},
    "usage-list": {"GET": "usage.view"},
    "statement-list": {"GET": "statements.view"},
    "statement-draft": {"GET": "statements.view"},
    "statement-draft-table": {"GET": "statements.view"},
    "statement-table": {"GET": "statements.view"},
    "statement-detail": {"GET": "statements.view"},
}
TASKS: dict[str, str] = {
    "branding.tasks.draw_preview": "enters one schema; draws a sample in a brand that is edited",
    "branding.tasks.draw_queued": "draws what is rung for, in a worker without a cluster",
    "branding.tasks.draw_statement": "enters one schema and draws a statement",
}
