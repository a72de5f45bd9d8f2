"""Who may do what, declared for every route of every door. An undeclared route fails CI.

A rule is written here by hand and is not read from the views: it is what the product
promises, and the views have to agree.

  needs   permission; SIGNED_IN for anybody who may sign in at that door; PUBLIC for anybody;
          NOBODY for what a library brings along and the product keeps shut
  methods what the route takes; any other method is refused
  owned   the address names an object of one client: somebody else's is a 404
"""

from dataclasses import dataclass

PUBLIC, SIGNED_IN, OPERATOR, NOBODY = "public", "signed in", "operator", "nobody"
READ = ("GET",)
ACT = ("POST",)
FORM = ("GET", "POST")


@dataclass(frozen=True)
class Rule:
    """What is promised of one route; `values` fill its parameters but the primary key."""

    needs: str
    methods: tuple[str, ...] = READ
    owned: bool = False
    posts: str = ""  # the permission for POST where it is another one than for GET
    absent: bool = False  # there may be nothing to show: a 404 is right, too
    values: tuple[tuple[str, object], ...] = ()


def _rules(names: str, rule: Rule) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), rule)


_ENTRY = {
    **_rules("sign_in password_forgotten", Rule(PUBLIC, FORM)),
    "sign_out": Rule(PUBLIC, ACT),
    "welcome": Rule(PUBLIC, FORM, values=(("uid", "MQ"), ("token", "x-y"))),
}
_BRAND = {
    **_rules("theme brand_icon favicon robots", Rule(PUBLIC)),
    "brand_logo": Rule(PUBLIC, absent=True),
    "api_schema": Rule(PUBLIC),
    # Signed messages of clients' systems; an address that nobody was given is not there.
    "hook": Rule(PUBLIC, ACT, absent=True, values=(("key", "nobody-was-given-this"),)),
}
_WORK = {
    "exception_list": Rule("exceptions.view"),
    "exception_detail": Rule("exceptions.view", owned=True),
    **_rules(
        "exception_retry exception_release exception_resolve exception_take exception_comment",
        Rule("exceptions.work", ACT, owned=True),
    ),
    "hold_list": Rule("exceptions.view"),
    "hold_release": Rule("exceptions.work", ACT, owned=True),
    "run_list": Rule("workflows.view"),
    "run_detail": Rule("workflows.view", owned=True),
    "record_list": Rule("records.view"),
    "record_detail": Rule("records.view", owned=True),
    "delivery_detail": Rule("records.view", owned=True),
    **_rules(
        "delivery_retry delivery_cancel delivery_skip", Rule("exceptions.work", ACT, owned=True)
    ),
    "workflow_list": Rule("workflows.view"),
    "workflow_detail": Rule("workflows.view", owned=True),
    **_rules(
        "workflow_run workflow_pause workflow_resume", Rule("workflows.operate", ACT, owned=True)
    ),
}
_MONTH = (("month", "2026-10"),)

ADMIN: dict[str, Rule] = {
    **_ENTRY,
    **_BRAND,
    **_WORK,
    "overview": Rule(SIGNED_IN),
    "client_detail": Rule("clients.view", owned=True),
    "client_list": Rule("clients.view"),
    "client_add": Rule("clients.manage", FORM),
    "client_edit": Rule("clients.manage", FORM, owned=True),
    "person_list": Rule("users.manage"),
    "person_invite": Rule("users.manage", FORM),
    "person_detail": Rule("users.manage", FORM, owned=True),
    **_rules("person_active person_resend", Rule("users.manage", ACT, owned=True)),
    "role_matrix": Rule("users.manage"),
    "token_list": Rule("tokens.manage"),
    "token_make": Rule("tokens.manage", FORM),
    "token_revoke": Rule("tokens.manage", ACT, owned=True),
    "brand_edit": Rule("brand.manage", FORM),
    "brand_preview": Rule("brand.manage"),
    "brand_preview_logo": Rule("brand.manage", absent=True),
    **_rules("brand_publish brand_discard", Rule("brand.manage", ACT)),
    "tier_list": Rule("prices.view"),
    "tier_add": Rule("prices.manage", FORM),
    # Its form renames the tier, which the view asks `prices.manage` for.
    "tier_detail": Rule("prices.view", owned=True, posts="prices.manage"),
    "tier_terms": Rule("prices.manage", FORM, owned=True),
    "tier_retire": Rule("prices.manage", ACT, owned=True),
    "subscription_list": Rule("prices.view"),
    "subscription_add": Rule("prices.manage", FORM),
    "subscription_end": Rule("prices.manage", FORM, owned=True),
    "subscription_cancel": Rule("prices.manage", ACT, owned=True),
    "usage_overview": Rule("usage.view"),
    "usage_detail": Rule("usage.view", owned=True),
    "statement_list": Rule("statements.view"),
    "statement_draft": Rule("statements.view", owned=True, values=_MONTH),
    "statement_issue": Rule("prices.manage", ACT, owned=True, values=_MONTH),
    "statement_issued": Rule("statements.view", owned=True),
    "mapping_list": Rule("mappings.view"),
    "mapping_detail": Rule("mappings.view", owned=True),
    "mapping_preview": Rule("mappings.view", ACT, owned=True),
    "mapping_propose": Rule("mappings.edit", ACT, owned=True),
    "value_map_list": Rule("mappings.view"),
    "value_map_detail": Rule("mappings.view", owned=True),
    "value_map_add": Rule("mappings.edit", ACT),
    "value_map_propose": Rule("mappings.edit", ACT, owned=True),
    "change_list": Rule("changes.view"),
    "change_detail": Rule("changes.view", owned=True),
    **_rules("change_approve change_reject", Rule("changes.approve", ACT, owned=True)),
    "change_withdraw": Rule("changes.propose", ACT, owned=True),
    "change_apply": Rule("changes.apply", ACT, owned=True),
    "audit_list": Rule("audit.view"),
    "audit_export": Rule("audit.view"),
    "workflow_dry_run": Rule("workflows.operate", ACT, owned=True),
    "connection_list": Rule("connections.view"),
    "connection_detail": Rule("connections.view", owned=True),
    "connection_catalogue": Rule("connections.manage"),
    "connection_add": Rule("connections.manage", FORM, values=(("key", "tryton"),)),
    "connection_test": Rule("connections.manage", ACT, owned=True),
    "connection_credentials": Rule("connections.manage", FORM, owned=True),
    "connection_switch": Rule("connections.manage", ACT, owned=True),
    **_rules(
        "connection_hook connection_hook_close connection_compare connection_deletions",
        Rule("connections.manage", ACT, owned=True),
    ),
    "workflow_install": Rule("workflows.manage", FORM),
    "admin:index": Rule(SIGNED_IN),
    "admin:autocomplete": Rule(NOBODY),
    "admin:jsi18n": Rule(SIGNED_IN),
}

PORTAL: dict[str, Rule] = {
    **_ENTRY,
    **_BRAND,
    **_WORK,
    "portal_home": Rule(SIGNED_IN),
    "approval_list": Rule("changes.view"),
    "approval_detail": Rule("changes.view", owned=True),
    **_rules("approval_approve approval_reject", Rule("changes.approve", ACT, owned=True)),
    "usage": Rule("usage.view"),
    "statement_list": Rule("statements.view"),
    "statement_issued": Rule("statements.view", owned=True),
    "statement_draft": Rule("statements.view", values=_MONTH),
    "mapping_list": Rule("mappings.view"),
    "mapping_detail": Rule("mappings.view", owned=True),
    "person_list": Rule("users.manage"),
    "person_invite": Rule("users.manage", FORM),
    "person_detail": Rule("users.manage", FORM, owned=True),
    **_rules("person_active person_resend", Rule("users.manage", ACT, owned=True)),
    "role_matrix": Rule("users.manage"),
    "token_list": Rule("tokens.manage"),
    "token_make": Rule("tokens.manage", FORM),
    "token_revoke": Rule("tokens.manage", ACT, owned=True),
}

CONSOLE: dict[str, Rule] = {
    **_ENTRY,
    **_rules("partner_list health_overview", Rule(OPERATOR)),
    "partner_add": Rule(OPERATOR, FORM),
    "partner_detail": Rule(OPERATOR),
    **_rules("partner_suspend partner_resume partner_invite host_add", Rule(OPERATOR, ACT)),
    **_rules("host_activate host_remove", Rule(OPERATOR, ACT)),
    "operator_partners": Rule(OPERATOR, FORM),
    "operator_partner": Rule(OPERATOR),
    **_rules("operator_suspend operator_resume", Rule(OPERATOR, ACT)),
}

# The API's routes: each method needs its scope. The same on both of a partner's hosts.
API: dict[str, dict[str, str]] = {
    "client-list": {"GET": "clients.view", "POST": "clients.manage"},
    "client-detail": {"GET": "clients.view", "PATCH": "clients.manage"},
    "tier-list": {"GET": "prices.view"},
    "tier-detail": {"GET": "prices.view"},
    "usage-list": {"GET": "usage.view"},
    "statement-list": {"GET": "statements.view"},
    "statement-draft": {"GET": "statements.view"},
    "statement-detail": {"GET": "statements.view"},
    "mapping-list": {"GET": "mappings.view"},
    "mapping-detail": {"GET": "mappings.view"},
    "mapping-preview": {"POST": "mappings.view"},
    "mapping-versions": {"GET": "mappings.view"},
    "change-request-list": {"GET": "changes.view"},
    "change-request-detail": {"GET": "changes.view"},
    "change-request-apply": {"POST": "changes.apply"},
    "change-request-approve": {"POST": "changes.approve"},
    "audit-entry-list": {"GET": "audit.view"},
    "audit-entry-detail": {"GET": "audit.view"},
    "connection-list": {"GET": "connections.view"},
    "connection-detail": {"GET": "connections.view"},
    "workflow-list": {"GET": "workflows.view"},
    "workflow-detail": {"GET": "workflows.view"},
    "workflow-pause": {"POST": "workflows.operate"},
    "workflow-resume": {"POST": "workflows.operate"},
    "workflow-run": {"POST": "workflows.operate"},
    "run-list": {"GET": "workflows.view"},
    "run-detail": {"GET": "workflows.view"},
    "record-list": {"GET": "records.view"},
    "record-detail": {"GET": "records.view"},
    "delivery-list": {"GET": "records.view"},
    "delivery-detail": {"GET": "records.view"},
    "delivery-cancel": {"POST": "exceptions.work"},
    "delivery-retry": {"POST": "exceptions.work"},
    "exception-list": {"GET": "exceptions.view"},
    "exception-detail": {"GET": "exceptions.view"},
    "exception-resolve": {"POST": "exceptions.work"},
    "exception-retry": {"POST": "exceptions.work"},
}
PAGES = {"admin": ADMIN, "portal": PORTAL, "console": CONSOLE}

# Commands run on the server by its operator; tasks by the worker. Both are declared so that
# a new one is noticed: what it may touch, and whose permission it acts with.
COMMANDS = {
    "create_operator": "makes an operator; public schema",
    "create_operator_token": "makes an operator's token; public schema",
    "database": "starts and stops the embedded server",
    "demo": "provisions the demo partners and runs the story",
    "doctor": "reads only",
    "mapping_preview": "reads only",
    "migrate": "changes tables; as the owner role",
    "migrate_partners": "changes tables; as the owner role",
    "migrate_schemas": "changes tables; as the owner role",
    "provision_partner": "makes a partner; audited",
    "worker": "runs the tasks",
}
TASKS = {
    "syncjobs.tasks.run": "enters one schema and drains its due work",
}
