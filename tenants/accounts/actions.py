"""Audit actions of people, clients and tokens."""

from governance.actions import register_action

SIGNED_IN = register_action("account.signed_in", "Signed in")
SIGN_IN_FAILED = register_action("account.sign_in_failed", "Sign-in refused")
SIGNED_OUT = register_action("account.signed_out", "Signed out")
PASSWORD_ASKED = register_action("account.password_asked", "Asked for a new password")
PASSWORD_SET = register_action("account.password_set", "Set a password")
USER_INVITED = register_action("account.invited", "Invited a person")
USER_CHANGED = register_action("account.changed", "Changed a person")
ROLES_CHANGED = register_action("account.roles_changed", "Changed a person's roles")
CLIENT_ADDED = register_action("client.added", "Added a client")
CLIENT_CHANGED = register_action("client.changed", "Changed a client")
TOKEN_MADE = register_action("token.made", "Made an API token")
TOKEN_REVOKED = register_action("token.revoked", "Revoked an API token")
