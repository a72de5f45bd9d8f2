"""Of tenants and accounts: signing in, people, clients, domains, support, the console."""

from tests.isolation.rule import ACT, FORM, OPERATOR, PUBLIC, SIGNED_IN, Rule, rules

ENTRY: dict[str, Rule] = {
    **rules("sign_in password_forgotten", Rule(PUBLIC, FORM)),
    "sign_in_second": Rule(PUBLIC, FORM),
    # Without a provider there is nothing to go to.
    "saml_back": Rule(PUBLIC, ACT, absent=True),
    **rules("single_sign_on single_sign_on_back", Rule(PUBLIC, absent=True)),
    **rules("sign_in_passkey passkey_options", Rule(PUBLIC, ACT)),
    # The console has no provider.
    "saml_metadata": Rule(PUBLIC, absent=True),
    "sign_out": Rule(PUBLIC, ACT),
    "welcome": Rule(PUBLIC, FORM, values=(("uid", "MQ"), ("token", "x-y"))),
}
OWN: dict[str, Rule] = {
    **rules("own_account own_password own_confirm own_app own_passkey", Rule(SIGNED_IN, FORM)),
    "own_factors": Rule(SIGNED_IN),
    **rules("own_codes own_sessions_end", Rule(SIGNED_IN, ACT)),
    # Nothing of these keys is one's own, so a 404 is right.
    **rules("own_session_end own_factor_remove", Rule(SIGNED_IN, ACT, absent=True)),
}
SHARED: dict[str, Rule] = {
    "filter_save": Rule(SIGNED_IN, ACT),
    # Whose it is decides; there is none of that number for most.
    "filter_delete": Rule(SIGNED_IN, ACT, absent=True),
}
ADMIN: dict[str, Rule] = {
    "client_detail": Rule("clients.view", owned=True),
    "client_list": Rule("clients.view"),
    "client_add": Rule("clients.manage", FORM),
    "client_edit": Rule("clients.manage", FORM, owned=True),
    "client_import": Rule("clients.manage", FORM),
    "client_template": Rule("clients.manage"),
    "client_export": Rule("clients.view"),
    "person_import": Rule("users.manage", FORM),
    **rules("person_template person_export", Rule("users.manage")),
    "person_list": Rule("users.manage"),
    "person_invite": Rule("users.manage", FORM),
    "person_detail": Rule("users.manage", FORM, owned=True),
    **rules("person_active person_resend", Rule("users.manage", ACT, owned=True)),
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
    **rules("domain_check domain_activate domain_primary", Rule("domains.manage", ACT)),
    "domain_remove": Rule("domains.manage", FORM),
    "person_factors_reset": Rule("users.manage", FORM, owned=True),
    "sign_in_rules": Rule("users.manage", FORM),
    "identity_provider": Rule("users.manage", FORM, values=(("kind", "staff"),)),
}
PORTAL: dict[str, Rule] = {
    "person_list": Rule("users.manage"),
    "person_invite": Rule("users.manage", FORM),
    "person_detail": Rule("users.manage", FORM, owned=True),
    **rules("person_active person_resend", Rule("users.manage", ACT, owned=True)),
    "person_factors_reset": Rule("users.manage", FORM, owned=True),
    "role_matrix": Rule("users.manage audit.view"),
    "token_list": Rule("tokens.manage"),
    "token_make": Rule("tokens.manage", FORM),
    "token_revoke": Rule("tokens.manage", ACT, owned=True),
}
CONSOLE: dict[str, Rule] = {
    **rules("partner_list domain_overview health_overview", Rule(OPERATOR)),
    "partner_add": Rule(OPERATOR, FORM),
    "partner_detail": Rule(OPERATOR),
    **rules("partner_suspend partner_resume partner_invite host_add", Rule(OPERATOR, ACT)),
    "support_ask": Rule(OPERATOR, ACT),
    **rules("host_activate host_remove", Rule(OPERATOR, ACT)),
    "operator_partners": Rule(OPERATOR, FORM),
    "operator_partner": Rule(OPERATOR),
    **rules("operator_suspend operator_resume", Rule(OPERATOR, ACT)),
}
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
}
COMMANDS: dict[str, str] = {
    "create_operator": "makes an operator; public schema",
    "create_operator_token": "makes an operator's token; public schema",
    "database": "starts and stops the embedded server",
    "doctor": "reads only",
    "erase_person": "erases a person whose account is closed; audited",
    "migrate": "changes tables; as the owner role",
    "migrate_partners": "changes tables; as the owner role",
    "migrate_schemas": "changes tables; as the owner role",
    "provision_partner": "makes a partner; audited",
    "reset_operator_factors": "takes an operator's second factors away; public schema, audited",
    "seal_audit": "seals and anchors the audit trails of every schema or one",
    "send_mail": "sends the mails that are due, in every schema or one",
    "verify_audit": "reads only",
}
TASKS: dict[str, str] = {
    "tenants.tasks.check_domain": "asks DNS about one domain; enters its partner's schema for mail",
    "tenants.tasks.ring_due_domains": "sends a task for each domain that is due",
}
