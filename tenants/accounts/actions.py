"""Audit actions of people, clients and tokens."""

from governance.actions import register_action

SIGNED_IN = register_action("account.signed_in", "Signed in")
SIGN_IN_FAILED = register_action("account.sign_in_failed", "Sign-in refused")
SIGNED_OUT = register_action("account.signed_out", "Signed out")
PASSWORD_SET = register_action("account.password_set", "Set a password")
USER_INVITED = register_action("account.invited", "Invited a person")
USER_CHANGED = register_action("account.changed", "Changed a person")
ROLES_CHANGED = register_action("account.roles_changed", "Changed a person's roles")
FACTOR_ADDED = register_action("account.factor_added", "Added a second factor")
FACTOR_REMOVED = register_action("account.factor_removed", "Removed a second factor")
FACTORS_RESET = register_action("account.factors_reset", "Reset a person's second factors")
FACTOR_REFUSED = register_action("account.factor_refused", "Second step refused")
RECOVERY_CODES_MADE = register_action("account.recovery_codes_made", "Made recovery codes")
SESSIONS_ENDED = register_action("account.sessions_ended", "Signed out elsewhere")
SIGN_IN_RULES_CHANGED = register_action("account.rules_changed", "Changed the sign-in rules")
PROVIDER_CHANGED = register_action("account.provider_changed", "Changed single sign-on")
IDENTITY_LINKED = register_action("account.identity_linked", "Linked a person to single sign-on")
CLIENT_ADDED = register_action("client.added", "Added a client")
CLIENT_CHANGED = register_action("client.changed", "Changed a client")
TOKEN_MADE = register_action("token.made", "Made an API token")
TOKEN_REVOKED = register_action("token.revoked", "Revoked an API token")
