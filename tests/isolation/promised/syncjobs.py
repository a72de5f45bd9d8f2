"""Of syncjobs: records, runs, workflows, connections, webhooks."""

from tests.isolation.rule import ACT, FORM, PUBLIC, SIGNED_IN, Rule, rules

_BLUEPRINT = (("slug", "time_to_billing"),)

SHARED: dict[str, Rule] = {
    # Signed messages of clients' systems; an address that nobody was given is not there.
    "hook": Rule(PUBLIC, ACT, absent=True, values=(("key", "nobody-was-given-this"),)),
    **rules("search search_suggest", Rule(SIGNED_IN)),
    "exception_list": Rule("exceptions.view"),
    "exception_detail": Rule("exceptions.view", owned=True),
    **rules(
        "exception_retry exception_release exception_resolve exception_take exception_comment "
        "exception_make_again exception_skip",
        Rule("exceptions.work", ACT, owned=True),
    ),
    "exceptions_selected": Rule("exceptions.work"),
    **rules(
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
    **rules(
        "delivery_retry delivery_cancel delivery_skip delivery_make_again record_correct",
        Rule("exceptions.work", ACT, owned=True),
    ),
    "workflow_list": Rule("workflows.view"),
    "workflow_detail": Rule("workflows.view", owned=True),
    **rules(
        "workflow_run workflow_pause workflow_resume", Rule("workflows.operate", ACT, owned=True)
    ),
    "endpoint_list": Rule("webhooks.manage"),
    "endpoint_add": Rule("webhooks.manage", FORM),
    **rules("endpoint_detail message_detail", Rule("webhooks.manage", owned=True)),
    "endpoint_edit": Rule("webhooks.manage", FORM, owned=True),
    **rules(
        "endpoint_secret endpoint_test endpoint_switch endpoint_again endpoint_remove "
        "message_again",
        Rule("webhooks.manage", ACT, owned=True),
    ),
}
ADMIN: dict[str, Rule] = {
    "overview": Rule(SIGNED_IN),
    "overview_money": Rule("records.view"),
    "overview_activity": Rule("workflows.view"),
    "onboarding_dismiss": Rule("brand.manage", ACT),
    "record_erase": Rule("users.manage", ACT, owned=True),
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
    **rules(
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
    **rules(
        "blueprint_upgrade blueprint_mappings blueprint_decide",
        Rule("workflows.manage", ACT, values=_BLUEPRINT),
    ),
}
PORTAL: dict[str, Rule] = {
    "portal_home": Rule(SIGNED_IN),
}
API: dict[str, dict[str, str]] = {
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
    "record-lineage": {"GET": "records.view"},
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
COMMANDS: dict[str, str] = {
    "after_restore": "sets what follows a restored backup, in every schema or one; audited",
    "demo": "provisions the demo partners and runs the story",
    "ship_blueprints": "brings newer shipped blueprints to every schema that lacks them; audited",
    "worker": "runs the tasks",
}
TASKS: dict[str, str] = {
    "syncjobs.tasks.anchor_outside": "enters schemas in turn, brings anchors to further places",
    "syncjobs.tasks.run": "enters one schema and drains its due work",
    "syncjobs.tasks.seal_trails": "enters schemas in turn, seals and anchors their audit trails",
    "syncjobs.tasks.send_mail": "enters one schema, sends its due mails and outgoing webhooks",
}
