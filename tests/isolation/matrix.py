"""Who may do what, declared for every route of every door. An undeclared route fails CI.

A rule is written here by hand and is not read from the views: it is what the product
promises, and the views have to agree.

  needs   permission, or several of which one is enough; SIGNED_IN for anybody who may sign in
          at that door; PUBLIC for anybody; NOBODY for what a library brings along and the
          product keeps shut
  methods what the route takes; any other method is refused
  owned   the address names an object of one client: somebody else's is a 404
"""

from dataclasses import dataclass, replace

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


_BLUEPRINT = (("slug", "time_to_billing"),)


def _rules(names: str, rule: Rule) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), rule)


_ENTRY = {
    **_rules("sign_in password_forgotten", Rule(PUBLIC, FORM)),
    "sign_in_second": Rule(PUBLIC, FORM),
    # Without a provider there is nothing to go to.
    "saml_back": Rule(PUBLIC, ACT, absent=True),
    **_rules("single_sign_on single_sign_on_back", Rule(PUBLIC, absent=True)),
    **_rules("sign_in_passkey passkey_options", Rule(PUBLIC, ACT)),
    # The console has no provider.
    "saml_metadata": Rule(PUBLIC, absent=True),
    "sign_out": Rule(PUBLIC, ACT),
    "welcome": Rule(PUBLIC, FORM, values=(("uid", "MQ"), ("token", "x-y"))),
}
_OWN = {
    **_rules("own_account own_password own_confirm own_app own_passkey", Rule(SIGNED_IN, FORM)),
    "own_factors": Rule(SIGNED_IN),
    "preferences": Rule(SIGNED_IN, FORM),
    "api_docs": Rule(SIGNED_IN),
    **_rules("own_codes own_sessions_end", Rule(SIGNED_IN, ACT)),
    # Nothing of these keys is one's own, so a 404 is right.
    **_rules("own_session_end own_factor_remove", Rule(SIGNED_IN, ACT, absent=True)),
}
_BRAND = {
    **_rules("theme brand_icon brand_social favicon manifest robots", Rule(PUBLIC)),
    "brand_icon_sized": Rule(PUBLIC, values=(("side", 180),)),
    # The client's logo is found by who asks: nobody's is a 404.
    **_rules("brand_logo brand_client_logo", Rule(PUBLIC, absent=True)),
    "api_schema": Rule(PUBLIC),
    # Signed messages of clients' systems; an address that nobody was given is not there.
    "hook": Rule(PUBLIC, ACT, absent=True, values=(("key", "nobody-was-given-this"),)),
}
_WORK = {
    **_rules("search search_suggest", Rule(SIGNED_IN)),
    "filter_save": Rule(SIGNED_IN, ACT),
    # Whose it is decides; there is none of that number for most.
    "filter_delete": Rule(SIGNED_IN, ACT, absent=True),
    "exception_list": Rule("exceptions.view"),
    "exception_detail": Rule("exceptions.view", owned=True),
    **_rules(
        "exception_retry exception_release exception_resolve exception_take exception_comment "
        "exception_make_again exception_skip",
        Rule("exceptions.work", ACT, owned=True),
    ),
    "exceptions_selected": Rule("exceptions.work"),
    **_rules(
        "exceptions_selected_retry exceptions_selected_assign exceptions_selected_resolve "
        "exceptions_selected_make_again exceptions_selected_skip",
        Rule("exceptions.work", ACT),
    ),
    "hold_list": Rule("exceptions.view"),
    "hold_release": Rule("exceptions.work", ACT, owned=True),
    "run_list": Rule("workflows.view"),
    "run_detail": Rule("workflows.view", owned=True),
    "run_export": Rule("workflows.view", owned=True),
    "run_cancel": Rule("workflows.operate", ACT, owned=True),
    "engagement_list": Rule("records.view"),
    "engagement_export": Rule("records.view"),
    "engagement_detail": Rule("records.view", owned=True),
    "record_list": Rule("records.view"),
    "record_detail": Rule("records.view", owned=True),
    "delivery_detail": Rule("records.view", owned=True),
    **_rules(
        "delivery_retry delivery_cancel delivery_skip delivery_make_again record_correct",
        Rule("exceptions.work", ACT, owned=True),
    ),
    "workflow_list": Rule("workflows.view"),
    "workflow_detail": Rule("workflows.view", owned=True),
    **_rules(
        "workflow_run workflow_pause workflow_resume", Rule("workflows.operate", ACT, owned=True)
    ),
}
_TOLD = {
    "endpoint_list": Rule("webhooks.manage"),
    "endpoint_add": Rule("webhooks.manage", FORM),
    **_rules("endpoint_detail message_detail", Rule("webhooks.manage", owned=True)),
    "endpoint_edit": Rule("webhooks.manage", FORM, owned=True),
    **_rules(
        "endpoint_secret endpoint_test endpoint_switch endpoint_again endpoint_remove "
        "message_again",
        Rule("webhooks.manage", ACT, owned=True),
    ),
}
_MONTH = (("month", "2026-10"),)

ADMIN: dict[str, Rule] = {
    **_ENTRY,
    **_OWN,
    **_BRAND,
    **_WORK,
    **_TOLD,
    "overview": Rule(SIGNED_IN),
    "overview_money": Rule("records.view"),
    "overview_activity": Rule("workflows.view"),
    "onboarding_dismiss": Rule("brand.manage", ACT),
    "client_detail": Rule("clients.view", owned=True),
    "client_list": Rule("clients.view"),
    "client_add": Rule("clients.manage", FORM),
    "client_edit": Rule("clients.manage", FORM, owned=True),
    "client_import": Rule("clients.manage", FORM),
    "client_template": Rule("clients.manage"),
    "client_export": Rule("clients.view"),
    "person_import": Rule("users.manage", FORM),
    **_rules("person_template person_export", Rule("users.manage")),
    "person_list": Rule("users.manage"),
    "person_invite": Rule("users.manage", FORM),
    "person_detail": Rule("users.manage", FORM, owned=True),
    **_rules("person_active person_resend", Rule("users.manage", ACT, owned=True)),
    "record_erase": Rule("users.manage", ACT, owned=True),
    "role_matrix": Rule("users.manage audit.view"),
    "role_add": Rule("users.manage", FORM),
    "role_edit": Rule("users.manage", FORM),
    "role_remove": Rule("users.manage", ACT),
    "token_list": Rule("tokens.manage"),
    "token_make": Rule("tokens.manage", FORM),
    "token_revoke": Rule("tokens.manage", ACT, owned=True),
    "support_list": Rule("support.grant", FORM),
    "support_revoke": Rule("support.grant", ACT),
    "support_enter": Rule(PUBLIC, FORM, values=(("secret", "x-y"),)),
    "support_leave": Rule(SIGNED_IN, ACT, absent=True),
    "domain_list": Rule("domains.manage"),
    "domain_add": Rule("domains.manage", FORM),
    "domain_detail": Rule("domains.manage"),
    **_rules("domain_check domain_activate domain_primary", Rule("domains.manage", ACT)),
    "domain_remove": Rule("domains.manage", FORM),
    "person_factors_reset": Rule("users.manage", FORM, owned=True),
    "sign_in_rules": Rule("users.manage", FORM),
    "identity_provider": Rule("users.manage", FORM, values=(("kind", "staff"),)),
    "brand_edit": Rule("brand.manage", FORM),
    "brand_preview": Rule("brand.manage"),
    "brand_preview_logo": Rule("brand.manage", absent=True),
    "brand_preview_page": Rule("brand.manage", values=(("view", "portal"),)),
    **_rules("brand_preview_theme brand_preview_paper brand_preview_pdf", Rule("brand.manage")),
    "brand_history": Rule("brand.manage"),
    "brand_revert": Rule("brand.manage", ACT, owned=True),
    "client_brand": Rule("brand.manage", FORM, owned=True),
    "client_brand_logo": Rule("brand.manage", owned=True, absent=True),
    **_rules("brand_publish brand_discard", Rule("brand.manage", ACT)),
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
    **_rules("statement_pdf statement_csv", Rule("statements.view", owned=True)),
    "statement_draft_csv": Rule("statements.view", owned=True, values=_MONTH),
    "mapping_list": Rule("mappings.view"),
    "mapping_add": Rule("mappings.edit", FORM),
    "mapping_detail": Rule("mappings.view", owned=True),
    "mapping_preview": Rule("mappings.view", ACT, owned=True),
    "mapping_propose": Rule("mappings.edit", ACT, owned=True),
    "mapping_overlay": Rule("mappings.edit", ACT, owned=True),
    "mapping_export": Rule("mappings.view", owned=True),
    "mapping_compare": Rule("mappings.view", owned=True),
    "mapping_import": Rule("mappings.edit", ACT, owned=True),
    "value_map_list": Rule("mappings.view"),
    "value_map_detail": Rule("mappings.view", owned=True),
    "value_map_add": Rule("mappings.edit", ACT),
    "value_map_propose": Rule("mappings.edit", ACT, owned=True),
    "value_map_import": Rule("mappings.edit", FORM, owned=True),
    "value_map_template": Rule("mappings.edit", owned=True),
    "value_map_export": Rule("mappings.view", owned=True),
    "owner_matrix": Rule("mappings.view"),
    "owner_propose": Rule("mappings.edit", ACT),
    **_rules("custom_field_list custom_field_detail", Rule("mappings.view")),
    **_rules(
        "custom_field_add custom_field_change custom_field_retire", Rule("mappings.edit", ACT)
    ),
    "change_list": Rule("changes.view"),
    **_rules("change_detail change_impact", Rule("changes.view", owned=True)),
    # Whoever may propose or sign lets a preview be made anew; the service asks for either.
    "change_impact_again": Rule("changes.propose changes.approve", ACT, owned=True),
    **_rules("change_approve change_reject", Rule("changes.approve", ACT, owned=True)),
    "change_withdraw": Rule("changes.propose", ACT, owned=True),
    **_rules("change_apply change_schedule change_hold", Rule("changes.apply", ACT, owned=True)),
    **_rules(
        "change_rush change_roll_back change_join change_entities",
        Rule("changes.propose", ACT, owned=True),
    ),
    "change_alone": Rule("changes.approve", ACT, owned=True),
    "change_replay": Rule("exceptions.work", ACT, owned=True),
    **_rules("change_comment change_attach", Rule("changes.view", ACT, owned=True)),
    # Nothing is attached to it yet.
    "change_attachment": Rule("changes.view", owned=True, absent=True, values=(("number", 1),)),
    **_rules("policy_list window_calendar", Rule("changes.view")),
    "policy_edit": Rule(
        "changes.propose", FORM, values=(("kind", "mapping_version"), ("risk", "heavy"))
    ),
    "window_add": Rule("changes.propose", FORM),
    "window_edit": Rule("changes.propose", FORM),
    "audit_list": Rule("audit.view"),
    **_rules(
        "audit_export audit_proof audit_proof_download evidence",
        Rule("audit.view"),
    ),
    "anchor_mail": Rule("changes.propose", FORM),
    "evidence_ask": Rule("audit.view", ACT),
    # No report is drawn yet.
    "evidence_file": Rule("audit.view", owned=True, absent=True),
    "audit_check": Rule("audit.view", ACT),
    "workflow_dry_run": Rule("workflows.operate", ACT, owned=True),
    "connection_list": Rule("connections.view"),
    "connection_detail": Rule("connections.view", owned=True),
    "connection_catalogue": Rule("connections.manage"),
    "connection_add": Rule("connections.manage", FORM, values=(("key", "tryton"),)),
    "connection_test": Rule("connections.manage", ACT, owned=True),
    # Only a connection of files takes one: for another there is nothing here.
    "connection_file": Rule("connections.manage", FORM, owned=True, absent=True),
    "connection_credentials": Rule("connections.manage", FORM, owned=True),
    "connection_scope": Rule("connections.manage", FORM, owned=True),
    "retention": Rule("connections.manage", FORM),
    "connection_switch": Rule("connections.manage", ACT, owned=True),
    **_rules(
        "connection_hook connection_hook_close connection_compare connection_deletions "
        "connection_read_again connection_stop_asking",
        Rule("connections.manage", ACT, owned=True),
    ),
    "workflow_schedule": Rule("workflows.manage", ACT, owned=True),
    "workflow_backfill": Rule("workflows.operate", FORM, owned=True),
    "workflow_backfill_cancel": Rule("workflows.operate", ACT, owned=True),
    "workflow_replay": Rule("workflows.operate", FORM, owned=True),
    "workflow_install": Rule("workflows.manage", FORM),
    "workflow_upgrade": Rule("workflows.manage", FORM, owned=True),
    "blueprint_list": Rule("workflows.view"),
    "blueprint_detail": Rule("workflows.view", values=_BLUEPRINT),
    **_rules(
        "blueprint_upgrade blueprint_mappings blueprint_decide",
        Rule("workflows.manage", ACT, values=_BLUEPRINT),
    ),
    "admin:index": Rule(SIGNED_IN),
    "admin:autocomplete": Rule(NOBODY),
    "admin:jsi18n": Rule(SIGNED_IN),
}

PORTAL: dict[str, Rule] = {
    **_ENTRY,
    **_OWN,
    **_BRAND,
    **_WORK,
    **_TOLD,
    "portal_home": Rule(SIGNED_IN),
    "mail_choices": Rule(SIGNED_IN, FORM),
    "approval_list": Rule("changes.view"),
    **_rules("approval_detail approval_impact", Rule("changes.view", owned=True)),
    **_rules(
        "approval_approve approval_reject approval_impact_again",
        Rule("changes.approve", ACT, owned=True),
    ),
    **_rules("approval_comment approval_attach", Rule("changes.view", ACT, owned=True)),
    "approval_attachment": Rule("changes.view", owned=True, absent=True, values=(("number", 1),)),
    **_rules("audit_proof audit_proof_download", Rule("audit.view")),
    "usage": Rule("usage.view"),
    "statement_list": Rule("statements.view"),
    "statement_issued": Rule("statements.view", owned=True),
    **_rules("statement_pdf statement_csv", Rule("statements.view", owned=True)),
    **_rules("statement_draft statement_draft_csv", Rule("statements.view", values=_MONTH)),
    "mapping_list": Rule("mappings.view"),
    "mapping_detail": Rule("mappings.view", owned=True),
    "person_list": Rule("users.manage"),
    "person_invite": Rule("users.manage", FORM),
    "person_detail": Rule("users.manage", FORM, owned=True),
    **_rules("person_active person_resend", Rule("users.manage", ACT, owned=True)),
    "person_factors_reset": Rule("users.manage", FORM, owned=True),
    "role_matrix": Rule("users.manage audit.view"),
    "token_list": Rule("tokens.manage"),
    "token_make": Rule("tokens.manage", FORM),
    "token_revoke": Rule("tokens.manage", ACT, owned=True),
}

CONSOLE: dict[str, Rule] = {
    **_ENTRY,
    **{
        name: replace(rule, needs=OPERATOR)
        for name, rule in _OWN.items()
        if name not in {"preferences", "api_docs"}
    },
    **_rules("partner_list domain_overview health_overview", Rule(OPERATOR)),
    "partner_add": Rule(OPERATOR, FORM),
    "partner_detail": Rule(OPERATOR),
    **_rules("partner_suspend partner_resume partner_invite host_add", Rule(OPERATOR, ACT)),
    "support_ask": Rule(OPERATOR, ACT),
    **_rules("host_activate host_remove", Rule(OPERATOR, ACT)),
    "operator_partners": Rule(OPERATOR, FORM),
    "operator_partner": Rule(OPERATOR),
    **_rules("operator_suspend operator_resume", Rule(OPERATOR, ACT)),
}

# The API's routes: each method needs its scope. The same on both of a partner's hosts.
API: dict[str, dict[str, str]] = {
    "client-list": {"GET": "clients.view", "POST": "clients.manage"},
    "client-detail": {"GET": "clients.view", "PATCH": "clients.manage"},
    "person-list": {"GET": "users.manage", "POST": "users.manage"},
    "person-detail": {"GET": "users.manage", "PATCH": "users.manage"},
    "role-list": {"GET": "users.manage", "POST": "users.manage"},
    "role-detail": dict.fromkeys(("GET", "PATCH", "DELETE"), "users.manage"),
    "domain-list": {"GET": "domains.manage", "POST": "domains.manage"},
    "domain-detail": {"GET": "domains.manage", "DELETE": "domains.manage"},
    "domain-check": {"POST": "domains.manage"},
    "domain-activate": {"POST": "domains.manage"},
    "domain-primary": {"POST": "domains.manage"},
    "tier-list": {"GET": "prices.view"},
    "tier-detail": {"GET": "prices.view"},
    "usage-list": {"GET": "usage.view"},
    "statement-list": {"GET": "statements.view"},
    "statement-draft": {"GET": "statements.view"},
    "statement-draft-table": {"GET": "statements.view"},
    "statement-table": {"GET": "statements.view"},
    "statement-detail": {"GET": "statements.view"},
    "mapping-list": {"GET": "mappings.view"},
    "mapping-detail": {"GET": "mappings.view"},
    "mapping-preview": {"POST": "mappings.view"},
    "mapping-versions": {"GET": "mappings.view"},
    "mapping-compare": {"GET": "mappings.view"},
    "mapping-export": {"GET": "mappings.view"},
    "mapping-draft": {"POST": "mappings.edit"},
    "mapping-overlay": {"POST": "mappings.edit"},
    "custom-field-list": {"GET": "mappings.view", "POST": "mappings.edit"},
    "custom-field-detail": {"PATCH": "mappings.edit"},
    "custom-field-retire": {"POST": "mappings.edit"},
    "change-request-list": {"GET": "changes.view"},
    "change-request-detail": {"GET": "changes.view"},
    "change-request-apply": {"POST": "changes.apply"},
    "change-request-approve": {"POST": "changes.approve"},
    "audit-entry-list": {"GET": "audit.view"},
    "audit-entry-detail": {"GET": "audit.view"},
    "connection-list": {"GET": "connections.view"},
    "connection-detail": {"GET": "connections.view"},
    "connection-read-again": {"POST": "connections.manage"},
    "connection-compare": {"POST": "connections.manage"},
    "connection-confirm-deletions": {"POST": "connections.manage"},
    "connection-files": {"POST": "connections.manage"},
    "connection-records": {"POST": "connections.manage"},
    "workflow-list": {"GET": "workflows.view"},
    "workflow-detail": {"GET": "workflows.view"},
    "workflow-pause": {"POST": "workflows.operate"},
    "workflow-resume": {"POST": "workflows.operate"},
    "workflow-run": {"POST": "workflows.operate"},
    "workflow-replay": {"POST": "workflows.operate"},
    "workflow-backfill": {"POST": "workflows.operate"},
    "workflow-dry-run": {"POST": "workflows.operate"},
    "workflow-upgrade": {"GET": "workflows.view", "POST": "workflows.manage"},
    "workflow-schedule": {"POST": "workflows.manage"},
    "run-list": {"GET": "workflows.view"},
    "run-detail": {"GET": "workflows.view"},
    "run-cancel": {"POST": "workflows.operate"},
    "engagement-list": {"GET": "records.view"},
    "engagement-detail": {"GET": "records.view"},
    "record-list": {"GET": "records.view"},
    "record-detail": {"GET": "records.view"},
    "record-correct": {"POST": "exceptions.work"},
    "delivery-list": {"GET": "records.view"},
    "delivery-detail": {"GET": "records.view"},
    "delivery-cancel": {"POST": "exceptions.work"},
    "delivery-make-again": {"POST": "exceptions.work"},
    "delivery-release": {"POST": "exceptions.work"},
    "delivery-retry": {"POST": "exceptions.work"},
    "delivery-skip": {"POST": "exceptions.work"},
    "exception-list": {"GET": "exceptions.view"},
    "exception-detail": {"GET": "exceptions.view"},
    "exception-assign": {"POST": "exceptions.work"},
    "exception-comment": {"POST": "exceptions.work"},
    "exception-make-again": {"POST": "exceptions.work"},
    "exception-resolve": {"POST": "exceptions.work"},
    "exception-retry": {"POST": "exceptions.work"},
    "exception-skip": {"POST": "exceptions.work"},
    "webhook-endpoint-list": dict.fromkeys(("GET", "POST"), "webhooks.manage"),
    "webhook-endpoint-detail": dict.fromkeys(("GET", "PATCH", "DELETE"), "webhooks.manage"),
    "webhook-endpoint-secret": {"POST": "webhooks.manage"},
    "webhook-endpoint-test": {"POST": "webhooks.manage"},
    "webhook-endpoint-again": {"POST": "webhooks.manage"},
    "webhook-message-again": {"POST": "webhooks.manage"},
    "webhook-message-list": {"GET": "webhooks.manage"},
    "webhook-message-detail": {"GET": "webhooks.manage"},
}
# Objects of the partner as a whole: for a client's token they are not there.
PARTNERS_OWN = {"role-detail"}
PAGES = {"admin": ADMIN, "portal": PORTAL, "console": CONSOLE}

# Commands run on the server by its operator; tasks by the worker. Both are declared so that
# a new one is noticed: what it may touch, and whose permission it acts with.
COMMANDS = {
    "after_restore": "sets what follows a restored backup, in every schema or one; audited",
    "create_operator": "makes an operator; public schema",
    "create_operator_token": "makes an operator's token; public schema",
    "database": "starts and stops the embedded server",
    "demo": "provisions the demo partners and runs the story",
    "doctor": "reads only",
    "erase_person": "erases a person whose account is closed; audited",
    "mapping_preview": "reads only",
    "migrate": "changes tables; as the owner role",
    "migrate_partners": "changes tables; as the owner role",
    "migrate_schemas": "changes tables; as the owner role",
    "provision_partner": "makes a partner; audited",
    "reset_operator_factors": "takes an operator's second factors away; public schema, audited",
    "seal_audit": "seals and anchors the audit trails of every schema or one",
    "send_mail": "sends the mails that are due, in every schema or one",
    "ship_blueprints": "brings newer shipped blueprints to every schema that lacks them; audited",
    "verify_audit": "reads only",
    "worker": "runs the tasks",
}
TASKS = {
    "tenants.tasks.check_domain": "asks DNS about one domain; enters its partner's schema for mail",
    "tenants.tasks.ring_due_domains": "sends a task for each domain that is due",
    "branding.tasks.draw_preview": "enters one schema; draws a sample in a brand that is edited",
    "branding.tasks.draw_queued": "draws what is rung for, in a worker without a cluster",
    "branding.tasks.draw_statement": "enters one schema and draws a statement",
    "syncjobs.tasks.anchor_outside": "enters schemas in turn, brings anchors to further places",
    "syncjobs.tasks.run": "enters one schema and drains its due work",
    "syncjobs.tasks.seal_trails": "enters schemas in turn, seals and anchors their audit trails",
    "syncjobs.tasks.send_mail": "enters one schema, sends its due mails and outgoing webhooks",
}
