"""Of governance: changes, approvals, windows, the audit trail."""

from tests.isolation.rule import ACT, FORM, Rule, rules

ADMIN: dict[str, Rule] = {
    "change_list": Rule("changes.view"),
    **rules("change_detail change_impact", Rule("changes.view", owned=True)),
    # Whoever may propose or sign lets a preview be made anew; the service asks for either.
    "change_impact_again": Rule("changes.propose changes.approve", ACT, owned=True),
    **rules("change_approve change_reject", Rule("changes.approve", ACT, owned=True)),
    "change_withdraw": Rule("changes.propose", ACT, owned=True),
    **rules("change_apply change_schedule change_hold", Rule("changes.apply", ACT, owned=True)),
    **rules(
        "change_rush change_roll_back change_join change_entities",
        Rule("changes.propose", ACT, owned=True),
    ),
    "change_alone": Rule("changes.approve", ACT, owned=True),
    "change_replay": Rule("exceptions.work", ACT, owned=True),
    **rules("change_comment change_attach", Rule("changes.view", ACT, owned=True)),
    # Nothing is attached to it yet.
    "change_attachment": Rule("changes.view", owned=True, absent=True, values=(("number", 1),)),
    **rules("policy_list window_calendar", Rule("changes.view")),
    "policy_edit": Rule(
        "changes.propose", FORM, values=(("kind", "mapping_version"), ("risk", "heavy"))
    ),
    "window_add": Rule("changes.propose", FORM),
    "window_edit": Rule("changes.propose", FORM),
    "audit_list": Rule("audit.view"),
    **rules("audit_export audit_proof audit_proof_download", Rule("audit.view")),
    "audit_check": Rule("audit.view", ACT),
}
PORTAL: dict[str, Rule] = {
    "approval_list": Rule("changes.view"),
    **rules("approval_detail approval_impact", Rule("changes.view", owned=True)),
    **rules(
        "approval_approve approval_reject approval_impact_again",
        Rule("changes.approve", ACT, owned=True),
    ),
    **rules("approval_comment approval_attach", Rule("changes.view", ACT, owned=True)),
    "approval_attachment": Rule("changes.view", owned=True, absent=True, values=(("number", 1),)),
    **rules("audit_proof audit_proof_download", Rule("audit.view")),
}
API: dict[str, dict[str, str]] = {
    "change-request-list": {"GET": "changes.view"},
    "change-request-detail": {"GET": "changes.view"},
    "change-request-apply": {"POST": "changes.apply"},
    "change-request-approve": {"POST": "changes.approve"},
    "audit-entry-list": {"GET": "audit.view"},
    "audit-entry-detail": {"GET": "audit.view"},
}
