"""Audit actions of people, clients and tokens."""

from governance.actions import register_action
from governance.objects import register_objects

SIGNED_IN = register_action("account.signed_in", "Signed in")
SIGN_IN_FAILED = register_action("account.sign_in_failed", "Sign-in refused")
SIGNED_OUT = register_action("account.signed_out", "Signed out")
PASSWORD_ASKED = register_action("account.password_asked", "Asked for a new password")
PASSWORD_SET = register_action("account.password_set", "Set a password")
USER_INVITED = register_action("account.invited", "Invited a person")
USER_CHANGED = register_action("account.changed", "Changed a person")
ROLES_CHANGED = register_action("account.roles_changed", "Changed a person's roles")
ROLE_MADE = register_action("role.made", "Made a role")
ROLE_CHANGED = register_action("role.changed", "Changed a role")
ROLE_REMOVED = register_action("role.removed", "Removed a role")
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
TABLE_IMPORTED = register_action("table.imported", "Imported a table")
TABLE_EXPORTED = register_action("table.exported", "Exported a table")
FILTER_SAVED = register_action("filter.saved", "Saved a filter")
FILTER_DELETED = register_action("filter.deleted", "Deleted a saved filter")
TOKEN_MADE = register_action("token.made", "Made an API token")
TOKEN_REVOKED = register_action("token.revoked", "Revoked an API token")
SUPPORT_GRANTED = register_action("support.granted", "Granted support access")
SUPPORT_REVOKED = register_action("support.revoked", "Took support access back")
SUPPORT_ASKED = register_action("support.asked", "Support asked to come in")
SUPPORT_ENTERED = register_action("support.entered", "Support came in")
SUPPORT_LEFT = register_action("support.left", "Support left")
SUPPORT_ENDED = register_action("support.ended", "Support access ended")
SUPPORT_OPENED = register_action("support.opened", "Support opened a page")
register_objects(
    {
        "api_token": "API token",
        "identity_provider": "Identity provider",
        "page": "Page",
        "saved_filter": "Saved filter",
        "sign_in_rules": "Sign-in rules",
        "support_grant": "Support access",
        "user": "Person",
    }
)
